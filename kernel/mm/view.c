/* SPDX-License-Identifier: MIT
 * Views of sections: in the current process, page by page as they are touched (physical memory at once), and in system space.
 */
#include "space.h"

#define MI_VIEW_ALIGNMENT (MI_GRANULARITY_PAGES << PAGE_SHIFT)

/* What a view of the section may be: at most the section's rights, copies in place of writes included. */
static BOOLEAN MiMayView(const MI_SEGMENT *Segment, ULONG Protection)
{
    if ((Protection & MI_COPY_ON_WRITE) && Segment->Physical)
        return FALSE;
    return !(Protection & (MI_MAY_WRITE | MI_MAY_EXECUTE) & ~Segment->Protection);
}

static NTSTATUS MiCheckView(const MI_SEGMENT *Segment, const MM_VIEW *View, PULONG Protection, PULONG64 Cache)
{
    ULONG64 alignment = Segment->Physical ? PAGE_SIZE : MI_VIEW_ALIGNMENT;

    if (!MiProtectionOf(View->Protect, Protection, Cache))
        return STATUS_INVALID_PAGE_PROTECTION;
    if (!MiMayView(Segment, *Protection))
        return STATUS_SECTION_PROTECTION;
    if (View->AllocationType & ~(ULONG)(MEM_TOP_DOWN | MEM_RESERVE | MEM_COMMIT))
        return STATUS_INVALID_PARAMETER_9;
    if ((ULONG64)View->Base > (ULONG64)MmHighestUserAddress)
        return STATUS_INVALID_PARAMETER_3;
    if (View->ZeroBits > 21 && View->ZeroBits < 32)
        return STATUS_INVALID_PARAMETER_4;
    if (((ULONG64)View->Base & (MI_VIEW_ALIGNMENT - 1)) != 0 || (View->Offset & (alignment - 1)) != 0)
        return STATUS_MAPPED_ALIGNMENT;
    if (View->Offset >= Segment->Bytes || View->Size > Segment->Bytes - View->Offset + PAGE_SIZE - 1)
        return STATUS_INVALID_VIEW_SIZE;
    if (View->Size > (ULONG64)MmHighestUserAddress + 1 - (ULONG64)View->Base)
        return STATUS_INVALID_PARAMETER_3;
    return STATUS_SUCCESS;
}

/* Devices are not cached, whatever the caller forgot to say. */
static ULONG64 MiCacheOfFrame(PFN_NUMBER Frame, ULONG64 Cache)
{
    return Cache != 0 || MiIsRam(Frame) ? Cache : MI_PTE_NO_CACHE | MI_PTE_WRITE_THROUGH;
}

static NTSTATUS MiFillPhysicalView(const MI_VAD *Vad)
{
    ULONG64 page;

    for (page = Vad->First; page <= Vad->Last; page++) {
        PFN_NUMBER frame = Vad->SegmentPage + page - Vad->First;
        if (!MiEnsureTables(page << PAGE_SHIFT))
            return STATUS_INSUFFICIENT_RESOURCES;
        __atomic_store_n(MiAddressToPte(page << PAGE_SHIFT),
                         MiUserEntry(frame, Vad->Protection, MiCacheOfFrame(frame, Vad->Cache)),
                         __ATOMIC_RELEASE);
    }
    return STATUS_SUCCESS;
}

static NTSTATUS MiMapViewLocked(MI_ADDRESS_SPACE *Space, MI_VAD *Vad, const MM_VIEW *View, ULONG64 Pages)
{
    NTSTATUS status = MiPlaceVad(Space, Vad, (ULONG64)View->Base, Pages, View->ZeroBits, View->AllocationType);
    MI_VAD *vad;

    if (NT_SUCCESS(status) && View->CommitSize != 0 && !Vad->Segment->Committed)
        status = MiCommitSegment(Vad->Segment, Vad->SegmentPage, min((View->CommitSize + PAGE_SIZE - 1) >> PAGE_SHIFT, Pages));
    if (!NT_SUCCESS(status))
        return status;
    InterlockedIncrement(&Vad->Segment->References);
    vad = MiInsertVad(Space, Vad);
    if (vad == NULL) {
        MiReleaseSegment(Vad->Segment);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    if (!Vad->Segment->Physical)
        return STATUS_SUCCESS;
    status = MiFillPhysicalView(vad);
    if (!NT_SUCCESS(status)) {
        MiReleaseUserPages(vad, vad->First, vad->Last, 0);
        MiRemoveVad(Space, vad);
    }
    return status;
}

NTSTATUS MmMapView(MI_SEGMENT *Segment, MM_VIEW *View)
{
    PEPROCESS process = MiCurrentProcess();
    MI_VAD vad = { .Kind = Segment->Physical ? MiVadPhysical : MiVadView, .Segment = Segment, .Committed = TRUE };
    NTSTATUS status = MiCheckView(Segment, View, &vad.Protection, &vad.Cache);
    ULONG64 pages;

    if (!NT_SUCCESS(status))
        return status;
    pages = View->Size != 0 ? (View->Size + PAGE_SIZE - 1) >> PAGE_SHIFT : Segment->Pages - (View->Offset >> PAGE_SHIFT);
    if (pages > MI_HIGHEST_USER_PAGE)
        return STATUS_INVALID_VIEW_SIZE;
    vad.SegmentPage = View->Offset >> PAGE_SHIFT;
    MiLockAddressSpace(process);
    status = MiMapViewLocked(MiSpaceOf(process), &vad, View, pages);
    MiUnlockAddressSpace(process);
    if (!NT_SUCCESS(status))
        return status;
    View->Base = (PVOID)(vad.First << PAGE_SHIFT);
    View->Size = pages << PAGE_SHIFT;
    return STATUS_SUCCESS;
}

NTSTATUS MmUnmapView(PVOID Address)
{
    PEPROCESS process = MiCurrentProcess();
    NTSTATUS status = STATUS_NOT_MAPPED_VIEW;
    MI_VAD *vad;

    if (Address > MmHighestUserAddress)
        return STATUS_NOT_MAPPED_VIEW;
    MiLockAddressSpace(process);
    vad = MiFindVad(MiSpaceOf(process), (ULONG64)Address >> PAGE_SHIFT);
    if (vad != NULL && vad->Secured != 0 && vad->Segment != NULL) {
        status = STATUS_INVALID_PAGE_PROTECTION;
    } else if (vad != NULL && vad->Segment != NULL) {
        MiReleaseUserPages(vad, vad->First, vad->Last, 0);
        MiRemoveVad(MiSpaceOf(process), vad);
        status = STATUS_SUCCESS;
    }
    MiUnlockAddressSpace(process);
    return status;
}

/* ---- System space: all pages at once, since nothing faults there ---- */
typedef struct MI_SYSTEM_VIEW {
    LIST_ENTRY Link;                 /* MiSystemViewLock */
    ULONG64 Address;
    ULONG Pages;
    MI_SEGMENT *Segment;             /* referenced */
} MI_SYSTEM_VIEW;

#define TAG_SYSTEM_VIEW 'wVmM'
static EX_PUSH_LOCK MiSystemViewLock;
static LIST_ENTRY MiSystemViews = { &MiSystemViews, &MiSystemViews };

/* Unmaps what was mapped; each mapped page of RAM that a section owns had a reference. */
static VOID MiEmptySystemView(const MI_SYSTEM_VIEW *View, ULONG Mapped)
{
    ULONG i;

    for (i = 0; i < Mapped; i++) {
        ULONG64 *pte = MiAddressToPte(View->Address + ((ULONG64)i << PAGE_SHIFT)), entry = *pte;
        __atomic_store_n(pte, 0, __ATOMIC_RELEASE);
        KeFlushTb(View->Address + ((ULONG64)i << PAGE_SHIFT), 1);
        if (!View->Segment->Physical)
            MiReleasePage((entry & MI_PTE_FRAME) >> PAGE_SHIFT);
    }
    MiReleaseAddresses(&MiSystemRegion, View->Address, View->Pages);
}

static NTSTATUS MiFillSystemView(const MI_SYSTEM_VIEW *View, ULONG64 FirstPage)
{
    ULONG64 bits = View->Segment->Protection & MI_MAY_WRITE ? MI_KERNEL_DATA : MI_KERNEL_DATA & ~MI_PTE_WRITE & ~MI_PTE_DIRTY;
    ULONG i;

    for (i = 0; i < View->Pages; i++) {
        ULONG64 at = View->Address + ((ULONG64)i << PAGE_SHIFT);
        PFN_NUMBER frame = View->Segment->Physical ? FirstPage + i : MiSegmentPage(View->Segment, FirstPage + i);
        if (frame == MI_NO_PAGE || !MiEnsureTables(at)) {
            if (frame != MI_NO_PAGE && !View->Segment->Physical)
                MiReleasePage(frame);
            MiEmptySystemView(View, i);
            return STATUS_NO_MEMORY;
        }
        MiWritePte(at, frame, bits | MiCacheOfFrame(frame, 0));
    }
    return STATUS_SUCCESS;
}

NTSTATUS MmMapSystemView(MI_SEGMENT *Segment, PVOID *Base, ULONG64 Offset, PSIZE_T Size)
{
    ULONG64 first = Offset >> PAGE_SHIFT, pages;
    MI_SYSTEM_VIEW *view;
    NTSTATUS status;

    if (Offset & (PAGE_SIZE - 1) || Offset >= Segment->Bytes || *Size > Segment->Bytes - Offset + PAGE_SIZE - 1)
        return STATUS_INVALID_VIEW_SIZE;
    pages = *Size != 0 ? (*Size + PAGE_SIZE - 1) >> PAGE_SHIFT : Segment->Pages - first;
    if (pages > MI_SYSTEM_PTES_SIZE >> PAGE_SHIFT)
        return STATUS_NO_MEMORY;
    view = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*view), TAG_SYSTEM_VIEW);
    if (view == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    *view = (MI_SYSTEM_VIEW){ .Address = MiReserveAddresses(&MiSystemRegion, (ULONG)pages), .Pages = (ULONG)pages,
                              .Segment = Segment };
    status = view->Address == 0 ? STATUS_NO_MEMORY
             : Segment->Committed || NT_SUCCESS(MiCommitSegment(Segment, first, pages)) ? MiFillSystemView(view, first)
                                                                                        : STATUS_COMMITMENT_LIMIT;
    if (!NT_SUCCESS(status)) {
        ExFreePoolWithTag(view, TAG_SYSTEM_VIEW);
        return status;
    }
    InterlockedIncrement(&Segment->References);
    ExLockExclusive(&MiSystemViewLock);
    InsertTailList(&MiSystemViews, &view->Link);
    ExUnlockExclusive(&MiSystemViewLock);
    *Base = (PVOID)view->Address;
    *Size = pages << PAGE_SHIFT;
    return STATUS_SUCCESS;
}

NTSTATUS MmUnmapSystemView(PVOID Base)
{
    MI_SYSTEM_VIEW *view = NULL;
    PLIST_ENTRY entry;

    ExLockExclusive(&MiSystemViewLock);
    for (entry = MiSystemViews.Flink; entry != &MiSystemViews && view == NULL; entry = entry->Flink)
        if (CONTAINING_RECORD(entry, MI_SYSTEM_VIEW, Link)->Address == (ULONG64)Base)
            view = CONTAINING_RECORD(entry, MI_SYSTEM_VIEW, Link);
    if (view != NULL)
        RemoveEntryList(&view->Link);
    ExUnlockExclusive(&MiSystemViewLock);
    if (view == NULL)
        return STATUS_NOT_MAPPED_VIEW;
    MiEmptySystemView(view, view->Pages);
    MiReleaseSegment(view->Segment);
    ExFreePoolWithTag(view, TAG_SYSTEM_VIEW);
    return STATUS_SUCCESS;
}

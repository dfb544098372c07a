/* SPDX-License-Identifier: MIT
 * Views of sections in the current process: page by page as they are touched, physical memory at once.
 */
#include "file.h"

#define MI_VIEW_ALIGNMENT (MI_GRANULARITY_PAGES << PAGE_SHIFT)

/* What a view of the section may be: at most the section's rights, copies in place of writes included. */
static BOOLEAN MiMayView(const MM_SECTION *Section, ULONG Protection)
{
    if ((Protection & MI_COPY_ON_WRITE) && Section->Segment->Physical)
        return FALSE;
    return !(Protection & (MI_MAY_WRITE | MI_MAY_EXECUTE) & ~Section->Protection);
}

static NTSTATUS MiCheckView(const MM_SECTION *Section, const MM_VIEW *View, PULONG Protection, PULONG64 Cache)
{
    ULONG64 alignment = Section->Segment->Physical ? PAGE_SIZE : MI_VIEW_ALIGNMENT;

    if (!MiProtectionOf(View->Protect, Protection, Cache))
        return STATUS_INVALID_PAGE_PROTECTION;
    if (Section->Segment->Image == NULL && !MiMayView(Section, *Protection))
        return STATUS_SECTION_PROTECTION;
    if (View->AllocationType & ~(ULONG)(MEM_TOP_DOWN | MEM_RESERVE | MEM_COMMIT))
        return STATUS_INVALID_PARAMETER_9;
    if ((ULONG64)View->Base > (ULONG64)MmHighestUserAddress)
        return STATUS_INVALID_PARAMETER_3;
    if (View->ZeroBits > 21 && View->ZeroBits < 32)
        return STATUS_INVALID_PARAMETER_4;
    if (((ULONG64)View->Base & (MI_VIEW_ALIGNMENT - 1)) != 0 || (View->Offset & (alignment - 1)) != 0)
        return STATUS_MAPPED_ALIGNMENT;
    if (View->Offset >= Section->Bytes || View->Size > Section->Bytes - View->Offset + PAGE_SIZE - 1)
        return STATUS_INVALID_VIEW_SIZE;
    if (View->Size > (ULONG64)MmHighestUserAddress + 1 - (ULONG64)View->Base)
        return STATUS_INVALID_PARAMETER_3;
    return STATUS_SUCCESS;
}

/* Devices are not cached, whatever the caller forgot to say. */
ULONG64 MiCacheOfFrame(PFN_NUMBER Frame, ULONG64 Cache)
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

/* An image goes where it was relocated for, if that is free and nobody wants it elsewhere. */
static NTSTATUS MiPlaceView(MI_ADDRESS_SPACE *Space, MI_VAD *Vad, const MM_VIEW *View, ULONG64 Pages)
{
    const MI_IMAGE *image = Vad->Segment->Image;
    ULONG64 home = image != NULL ? image->Base + (Vad->SegmentPage << PAGE_SHIFT) : 0;
    NTSTATUS status = STATUS_CONFLICTING_ADDRESSES;

    if (home != 0 && home <= (ULONG64)MmHighestUserAddress && Pages << PAGE_SHIFT <= (ULONG64)MmHighestUserAddress + 1 - home &&
        View->Base == NULL && View->ZeroBits == 0)
        status = MiPlaceVad(Space, Vad, home, Pages, 0, 0);
    if (status == STATUS_CONFLICTING_ADDRESSES)
        status = MiPlaceVad(Space, Vad, (ULONG64)View->Base, Pages, View->ZeroBits, View->AllocationType);
    return NT_SUCCESS(status) && home != 0 && Vad->First != home >> PAGE_SHIFT ? STATUS_IMAGE_NOT_AT_BASE : status;
}

/* The VAD, used by nobody yet, in the tree, with what it needs. */
static NTSTATUS MiInsertView(MI_ADDRESS_SPACE *Space, MI_VAD *Vad)
{
    MI_VAD *vad;

    if (Vad->Segment->File != NULL && (Vad->Allowed & MI_MAY_WRITE)) {
        Vad->Writer = MiMakeWriter(Vad->Segment, MiTopTable(), Vad->First << PAGE_SHIFT, Vad->Last + 1 - Vad->First, Vad->SegmentPage);
        if (Vad->Writer == NULL)
            return STATUS_INSUFFICIENT_RESOURCES;
    }
    vad = MiInsertVad(Space, Vad);
    if (vad == NULL) {
        if (Vad->Writer != NULL)
            MiRemoveWriter(Vad->Segment, Vad->Writer);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    if (!Vad->Segment->Physical || NT_SUCCESS(MiFillPhysicalView(vad)))
        return STATUS_SUCCESS;
    MiUnmapVad(Space, vad);
    return STATUS_INSUFFICIENT_RESOURCES;
}

static NTSTATUS MiMapViewLocked(MI_ADDRESS_SPACE *Space, MI_VAD *Vad, const MM_VIEW *View, ULONG64 Pages)
{
    NTSTATUS placed = MiPlaceView(Space, Vad, View, Pages), status = placed;

    if (NT_SUCCESS(status) && View->CommitSize != 0 && !Vad->Segment->Committed)
        status = MiCommitSegment(Vad->Segment, Vad->SegmentPage, min((View->CommitSize + PAGE_SIZE - 1) >> PAGE_SHIFT, Pages));
    if (NT_SUCCESS(status))
        status = MiInsertView(Space, Vad);
    return NT_SUCCESS(status) ? placed : status;
}

static MI_VAD MiVadOfView(const MM_SECTION *Section, const MM_VIEW *View)
{
    MI_SEGMENT *segment = Section->Segment;
    MI_VAD vad = { .Kind = segment->Physical ? MiVadPhysical : segment->Image != NULL ? MiVadImage : MiVadView, .Segment = segment,
                   .SegmentPage = View->Offset >> PAGE_SHIFT, .Allowed = Section->Protection, .Committed = TRUE };
    return vad;
}

NTSTATUS MmMapView(const MM_SECTION *Section, MM_VIEW *View)
{
    PEPROCESS process = MiCurrentProcess();
    MI_VAD vad = MiVadOfView(Section, View);
    NTSTATUS status = MiCheckView(Section, View, &vad.Protection, &vad.Cache);
    ULONG64 pages;

    if (!NT_SUCCESS(status))
        return status;
    pages = ((View->Size != 0 ? View->Size : Section->Bytes - View->Offset) + PAGE_SIZE - 1) >> PAGE_SHIFT;
    if (pages > MI_HIGHEST_USER_PAGE)
        return STATUS_INVALID_VIEW_SIZE;
    if (vad.Kind == MiVadImage) {
        vad.Protection = MI_MAY_READ | MI_MAY_EXECUTE | MI_COPY_ON_WRITE;
        vad.Allowed = MI_MAY_READ | MI_MAY_EXECUTE;
        vad.Cache = 0;
    }
    MiUseSegment(vad.Segment, Section->Bytes);
    MiLockAddressSpace(process);
    status = MiMapViewLocked(MiSpaceOf(process), &vad, View, pages);
    MiUnlockAddressSpace(process);
    if (!NT_SUCCESS(status)) {
        MiLeaveSegment(vad.Segment);
        return status;
    }
    View->Base = (PVOID)(vad.First << PAGE_SHIFT);
    View->Size = pages << PAGE_SHIFT;
    return status;
}

NTSTATUS MmUnmapView(PVOID Address)
{
    PEPROCESS process = MiCurrentProcess();
    NTSTATUS status = STATUS_NOT_MAPPED_VIEW;
    MI_SEGMENT *left = NULL;
    MI_VAD *vad;

    if (Address > MmHighestUserAddress)
        return STATUS_NOT_MAPPED_VIEW;
    MiLockAddressSpace(process);
    vad = MiFindVad(MiSpaceOf(process), (ULONG64)Address >> PAGE_SHIFT);
    if (vad != NULL && vad->Secured != 0 && vad->Segment != NULL) {
        status = STATUS_INVALID_PAGE_PROTECTION;
    } else if (vad != NULL && vad->Segment != NULL) {
        left = MiUnmapVad(MiSpaceOf(process), vad);
        status = STATUS_SUCCESS;
    }
    MiUnlockAddressSpace(process);
    if (left != NULL)
        MiLeaveSegment(left);
    return status;
}

/* ---- Flushing ---- */
/* The pages of a file that a view shows from Address on; Segment referenced. */
static NTSTATUS MiFindFlushed(ULONG64 Address, SIZE_T Size, MI_FAULT *Range)
{
    MI_VAD *vad = MiFindVad(MiSpaceOf(MiCurrentProcess()), Address >> PAGE_SHIFT);
    ULONG64 first = Address >> PAGE_SHIFT, last;

    if (vad == NULL || vad->Segment == NULL)
        return STATUS_NOT_MAPPED_VIEW;
    if (vad->Kind != MiVadView || vad->Segment->File == NULL)
        return STATUS_NOT_MAPPED_DATA;
    last = Size != 0 ? (Address + Size - 1) >> PAGE_SHIFT : vad->Last;
    if (last > vad->Last)
        return STATUS_INVALID_PARAMETER_2;
    InterlockedIncrement(&vad->Segment->References);
    *Range = (MI_FAULT){ .Segment = vad->Segment, .First = vad->SegmentPage + first - vad->First, .Count = (ULONG)(last + 1 - first) };
    return STATUS_SUCCESS;
}

NTSTATUS MmFlushView(PVOID *Address, PSIZE_T Size, PIO_STATUS_BLOCK Result)
{
    ULONG64 address = (ULONG64)*Address;
    PEPROCESS process = MiCurrentProcess();
    MI_FAULT range;
    NTSTATUS status;

    if (address > (ULONG64)MmHighestUserAddress || *Size > (ULONG64)MmHighestUserAddress + 1 - address)
        return STATUS_INVALID_PARAMETER_2;
    MiLockAddressSpace(process);
    status = MiFindFlushed(address, *Size, &range);
    MiUnlockAddressSpace(process);
    if (!NT_SUCCESS(status))
        return status;
    status = MmFlushFilePages(range.Segment, range.First, range.Count);
    MmDeleteSegment(range.Segment);
    *Address = (PVOID)(address & ~(PAGE_SIZE - 1ull));
    *Size = (SIZE_T)range.Count << PAGE_SHIFT;
    *Result = (IO_STATUS_BLOCK){ { status }, NT_SUCCESS(status) ? *Size : 0 };
    return status;
}

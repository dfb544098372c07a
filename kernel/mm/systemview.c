/* SPDX-License-Identifier: MIT
 * Views of sections in system space: all pages at once, since nothing faults there.
 */
#include "file.h"

typedef struct MI_SYSTEM_VIEW {
    LIST_ENTRY Link;                 /* MiSystemViewLock */
    ULONG64 Address;
    ULONG Pages;
    MI_SEGMENT *Segment;             /* used */
    struct MI_WRITER *Writer;        /* of a file that may be written */
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

static NTSTATUS MiBringInForView(MI_SEGMENT *Segment, ULONG64 Index)
{
    if (Segment->File != NULL)
        return MmMakeFilePagesResident(Segment, Index, 1, FALSE);
    if (MiIsPagedOut(Segment, Index))
        return MiBringInSegmentPage(Segment, Index);
    return MiAwaitPages(1) ? STATUS_SUCCESS : STATUS_NO_MEMORY;
}

static PFN_NUMBER MiPageOfView(MI_SEGMENT *Segment, ULONG64 Index)
{
    PFN_NUMBER frame = Segment->Physical ? Index : MiSegmentPage(Segment, Index);

    while (frame == MI_NO_PAGE && NT_SUCCESS(MiBringInForView(Segment, Index)))
        frame = MiSegmentPage(Segment, Index);
    return frame;
}

static NTSTATUS MiFillSystemView(const MI_SYSTEM_VIEW *View, ULONG64 FirstPage, ULONG64 Bits)
{
    ULONG i;

    for (i = 0; i < View->Pages; i++) {
        ULONG64 at = View->Address + ((ULONG64)i << PAGE_SHIFT);
        PFN_NUMBER frame = MiPageOfView(View->Segment, FirstPage + i);
        if (frame == MI_NO_PAGE || !MiEnsureTables(at)) {
            if (frame != MI_NO_PAGE && !View->Segment->Physical)
                MiReleasePage(frame);
            MiEmptySystemView(View, i);
            return STATUS_NO_MEMORY;
        }
        MiWritePte(at, frame, Bits | MiCacheOfFrame(frame, 0));
    }
    return STATUS_SUCCESS;
}

/* Only what may be written is; a file's pages are clean until then. */
static ULONG64 MiBitsOfView(const MM_SECTION *Section)
{
    if (!(Section->Protection & MI_MAY_WRITE) || Section->Segment->Image != NULL)
        return MI_KERNEL_DATA & ~MI_PTE_WRITE & ~MI_PTE_DIRTY;
    return Section->Segment->File != NULL ? MI_KERNEL_DATA & ~MI_PTE_DIRTY : MI_KERNEL_DATA;
}

static NTSTATUS MiMakeSystemView(const MM_SECTION *Section, MI_SYSTEM_VIEW *View, ULONG64 First)
{
    MI_SEGMENT *segment = Section->Segment;
    ULONG64 bits = MiBitsOfView(Section);
    NTSTATUS status;

    View->Address = MiReserveAddresses(&MiSystemRegion, View->Pages);
    if (View->Address == 0)
        return STATUS_NO_MEMORY;
    status = segment->Committed ? STATUS_SUCCESS : MiCommitSegment(segment, First, View->Pages);
    if (!NT_SUCCESS(status)) {
        MiReleaseAddresses(&MiSystemRegion, View->Address, View->Pages);
        return status;
    }
    status = MiFillSystemView(View, First, bits);
    if (!NT_SUCCESS(status) || segment->File == NULL || !(bits & MI_PTE_WRITE))
        return status;
    View->Writer = MiMakeWriter(segment, MiSystemTopTable, View->Address, View->Pages, First);
    if (View->Writer != NULL)
        return STATUS_SUCCESS;
    MiEmptySystemView(View, View->Pages);
    return STATUS_INSUFFICIENT_RESOURCES;
}

NTSTATUS MmMapSystemView(const MM_SECTION *Section, PVOID *Base, ULONG64 Offset, PSIZE_T Size)
{
    ULONG64 pages;
    MI_SYSTEM_VIEW *view;
    NTSTATUS status;

    if (Offset & (PAGE_SIZE - 1) || Offset >= Section->Bytes || *Size > Section->Bytes - Offset + PAGE_SIZE - 1)
        return STATUS_INVALID_VIEW_SIZE;
    pages = ((*Size != 0 ? *Size : Section->Bytes - Offset) + PAGE_SIZE - 1) >> PAGE_SHIFT;
    if (pages > MI_SYSTEM_PTES_SIZE >> PAGE_SHIFT)
        return STATUS_NO_MEMORY;
    view = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*view), TAG_SYSTEM_VIEW);
    if (view == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    *view = (MI_SYSTEM_VIEW){ .Pages = (ULONG)pages, .Segment = Section->Segment };
    status = MiMakeSystemView(Section, view, Offset >> PAGE_SHIFT);
    if (!NT_SUCCESS(status)) {
        ExFreePoolWithTag(view, TAG_SYSTEM_VIEW);
        return status;
    }
    MiUseSegment(view->Segment, Section->Bytes);
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
    if (view->Writer != NULL) {
        MiHarvestWriters(view->Segment, 0, MAXLONGLONG);
        MiRemoveWriter(view->Segment, view->Writer);
    }
    MiEmptySystemView(view, view->Pages);
    MiLeaveSegment(view->Segment);
    ExFreePoolWithTag(view, TAG_SYSTEM_VIEW);
    return STATUS_SUCCESS;
}

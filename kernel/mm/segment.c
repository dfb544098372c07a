/* SPDX-License-Identifier: MIT
 * The pages behind a section: made zeroed when somebody first wants one, shared by all views, gone with the last of them.
 */
#include "pagefile.h"

#define MI_LARGEST_SEGMENT (1ull << 26)          /* pages: 256 GiB */

MI_SEGMENT *MiAllocateSegment(ULONG64 Pages)
{
    MI_SEGMENT *segment = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*segment), TAG_SEGMENT);

    if (segment == NULL)
        return NULL;
    RtlZeroMemory(segment, sizeof(*segment));
    segment->References = 1;
    segment->Pages = Pages;
    InitializeListHead(&segment->Waiters);
    InitializeListHead(&segment->Link);
    return segment;
}

ULONG64 MiChunkCount(const MI_SEGMENT *Segment) { return (Segment->Pages + MI_SEGMENT_CHUNK - 1) / MI_SEGMENT_CHUNK; }

NTSTATUS MiGiveChunks(MI_SEGMENT *Segment)
{
    SIZE_T bytes = MiChunkCount(Segment) * sizeof(ULONG64 *);

    Segment->Chunks = ExAllocatePoolWithTag(NonPagedPoolNx, bytes, TAG_SEGMENT);
    if (Segment->Chunks == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(Segment->Chunks, bytes);
    if (!Segment->Committed)
        return STATUS_SUCCESS;
    if (!MiChargeCommit(Segment->Pages))
        return STATUS_COMMITMENT_LIMIT;
    Segment->Charged = (LONG64)Segment->Pages;
    return STATUS_SUCCESS;
}

NTSTATUS MiCreateSegment(ULONG64 Bytes, BOOLEAN Committed, MI_SEGMENT **Segment)
{
    ULONG64 pages = (Bytes >> PAGE_SHIFT) + ((Bytes & (PAGE_SIZE - 1)) != 0);
    MI_SEGMENT *segment;
    NTSTATUS status;

    if (Bytes == 0)
        return STATUS_INVALID_PARAMETER_4;
    if (pages > MI_LARGEST_SEGMENT)
        return STATUS_SECTION_TOO_BIG;
    segment = MiAllocateSegment(pages);
    if (segment == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    segment->Bytes = Bytes;
    segment->Committed = Committed;
    status = MiGiveChunks(segment);
    if (!NT_SUCCESS(status)) {
        MiReleaseSegment(segment);
        return status;
    }
    MiListSegment(segment);
    *Segment = segment;
    return STATUS_SUCCESS;
}

/* Beyond these a page-table entry would break a rule of the processor's. */
static ULONG MiPhysicalAddressBits(VOID)
{
    int registers[4];
    __cpuid(registers, (int)0x80000008);
    return min((ULONG)registers[0] & 0xFF, 48);
}

NTSTATUS MiCreatePhysicalSegment(MI_SEGMENT **Segment)
{
    MI_SEGMENT *segment = MiAllocateSegment(1ull << (MiPhysicalAddressBits() - PAGE_SHIFT));

    if (segment == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    segment->Bytes = segment->Pages << PAGE_SHIFT;
    segment->Committed = TRUE;
    segment->Physical = TRUE;
    *Segment = segment;
    return STATUS_SUCCESS;
}

/* ---- The end ---- */
static VOID MiFreeChunk(ULONG64 *Chunk)
{
    ULONG i;
    for (i = 0; i < MI_SEGMENT_CHUNK; i++) {
        if (Chunk[i] & MI_SLOT_PAGED)
            MiFreeSlot(Chunk[i] & ~MI_SLOT_PAGED);
        else if (Chunk[i] > MI_PAGE_COMMITTED)
            MiReleasePage(MiSlotFrame(Chunk[i]));
    }
    ExFreePoolWithTag(Chunk, TAG_SEGMENT);
}

/* TRUE: that was the last reference. The trimmer takes none of a segment that has none. */
static BOOLEAN MiDropSegment(MI_SEGMENT *Segment)
{
    if (Segment->File != NULL)
        return MiDropFileSegment(Segment);
    return InterlockedDecrement(&Segment->References) == 0;
}

VOID MiReleaseSegment(MI_SEGMENT *Segment)
{
    ULONG64 i;

    if (!MiDropSegment(Segment))
        return;
    if (Segment->File == NULL)
        MiUnlistSegment(Segment);
    for (i = 0; Segment->Chunks != NULL && i < MiChunkCount(Segment); i++)
        if (Segment->Chunks[i] != NULL)
            MiFreeChunk(Segment->Chunks[i]);
    if (Segment->Chunks != NULL)
        ExFreePoolWithTag(Segment->Chunks, TAG_SEGMENT);
    MiReturnCommit((ULONG64)Segment->Charged);
    if (Segment->File != NULL)
        MmUpcalls.HoldFile(Segment->File, FALSE);
    if (Segment->Image != NULL)
        MiDeleteImage(Segment->Image);
    ExFreePoolWithTag(Segment, TAG_SEGMENT);
}

VOID MmDeleteSegment(MI_SEGMENT *Segment) { MiReleaseSegment(Segment); }

/* ---- Pages ---- */
ULONG64 *MiSlotLocked(MI_SEGMENT *Segment, ULONG64 Index, BOOLEAN Make)
{
    ULONG64 **chunk = &Segment->Chunks[Index / MI_SEGMENT_CHUNK];

    if (*chunk == NULL && Make) {
        *chunk = ExAllocatePoolWithTag(NonPagedPoolNx, MI_SEGMENT_CHUNK * sizeof(ULONG64), TAG_SEGMENT);
        if (*chunk != NULL)
            RtlZeroMemory(*chunk, MI_SEGMENT_CHUNK * sizeof(ULONG64));
    }
    return *chunk != NULL ? *chunk + Index % MI_SEGMENT_CHUNK : NULL;
}

PFN_NUMBER MiSegmentPage(MI_SEGMENT *Segment, ULONG64 Index)
{
    PFN_NUMBER page = MI_NO_PAGE;
    ULONG64 *slot;

    if (Segment->File != NULL)
        return MiPageOfFile(Segment, Index);
    if (Index >= Segment->Pages)
        return MI_NO_PAGE;
    ExLockExclusive(&Segment->Lock);
    slot = MiSlotLocked(Segment, Index, Segment->Committed);
    if (slot != NULL && (*slot != MI_PAGE_NONE || Segment->Committed)) {
        if (*slot <= MI_PAGE_COMMITTED && (page = MiAllocateUserPage(TRUE)) != MI_NO_PAGE)
            *slot = page;
        *slot &= ~MI_SLOT_WRITING;               /* it stays after all */
        page = *slot > MI_PAGE_COMMITTED && !(*slot & (MI_SLOT_PAGED | MI_SLOT_READING)) ? *slot : MI_NO_PAGE;
        if (page != MI_NO_PAGE)
            MiReferencePage(page);               /* the caller's */
    }
    ExUnlockExclusive(&Segment->Lock);
    return page;
}

BOOLEAN MiSegmentIsCommitted(MI_SEGMENT *Segment, ULONG64 Index)
{
    ULONG64 *slot;
    BOOLEAN committed;

    if (Segment->Committed)
        return TRUE;
    ExLockShared(&Segment->Lock);
    slot = MiSlotLocked(Segment, Index, FALSE);
    committed = slot != NULL && *slot != MI_PAGE_NONE;
    ExUnlockShared(&Segment->Lock);
    return committed;
}

NTSTATUS MiCommitSegment(MI_SEGMENT *Segment, ULONG64 First, ULONG64 Count)
{
    NTSTATUS status = STATUS_SUCCESS;
    ULONG64 i;

    ExLockExclusive(&Segment->Lock);
    for (i = First; NT_SUCCESS(status) && i < First + Count; i++) {
        ULONG64 *slot = MiSlotLocked(Segment, i, TRUE);
        if (slot == NULL) {
            status = STATUS_INSUFFICIENT_RESOURCES;
        } else if (*slot == MI_PAGE_NONE) {
            if (MiChargeCommit(1)) {
                Segment->Charged++;
                *slot = MI_PAGE_COMMITTED;
            } else {
                status = STATUS_COMMITMENT_LIMIT;
            }
        }
    }
    ExUnlockExclusive(&Segment->Lock);
    return status;
}

/* SPDX-License-Identifier: MIT
 * Dirty pages of files: marked, written, dropped.
 */
#include "file.h"

static volatile LONG64 MiAllDirtyPages;

/* Lock held. */
static VOID MiCountDirtyLocked(MI_SEGMENT *Segment, LONG Step)
{
    __atomic_store_n(&Segment->DirtyPages, Segment->DirtyPages + (ULONG64)(LONG64)Step, __ATOMIC_RELEASE);
    InterlockedExchangeAdd64(&MiAllDirtyPages, Step);
}

ULONG64 MmCountAllDirtyPages(VOID) { return (ULONG64)MiAllDirtyPages; }

VOID MmDirtyFilePages(MI_SEGMENT *Segment, ULONG64 First, ULONG Count)
{
    ULONG i;

    ExLockExclusive(&Segment->Lock);
    for (i = 0; i < Count; i++) {
        ULONG64 *slot = MiSlotLocked(Segment, First + i, FALSE);
        ASSERT(slot != NULL && *slot != MI_PAGE_NONE);
        if (slot == NULL || (*slot & MI_SLOT_DIRTY))
            continue;
        *slot |= MI_SLOT_DIRTY;
        MiCountDirtyLocked(Segment, 1);
    }
    ExUnlockExclusive(&Segment->Lock);
}

ULONG64 MmCountDirtyPages(MI_SEGMENT *Segment) { return __atomic_load_n(&Segment->DirtyPages, __ATOMIC_ACQUIRE); }

/* ---- Writing ---- */
/* The first page at or after Index, before End, whose chunk exists; End: none. */
static ULONG64 MiSkipEmptyChunks(const MI_SEGMENT *Segment, ULONG64 Index, ULONG64 End)
{
    while (Index < End && Segment->Chunks[Index / MI_SEGMENT_CHUNK] == NULL)
        Index = (Index / MI_SEGMENT_CHUNK + 1) * MI_SEGMENT_CHUNK;
    return min(Index, End);
}

/* A page that an MDL was written through is dirty. */
static VOID MiNoteModifiedLocked(MI_SEGMENT *Segment, ULONG64 *Slot)
{
    PFN_NUMBER frame = MiSlotFrame(*Slot);

    if (frame == 0 || !(__atomic_load_n(&MiPfn(frame)->Flags, __ATOMIC_RELAXED) & MI_PFN_MODIFIED))
        return;
    __atomic_fetch_and(&MiPfn(frame)->Flags, (UCHAR)~MI_PFN_MODIFIED, __ATOMIC_RELAXED);
    if (*Slot & (MI_SLOT_DIRTY | MI_SLOT_READING))
        return;
    *Slot |= MI_SLOT_DIRTY;
    MiCountDirtyLocked(Segment, 1);
}

/* Takes the first run of dirty pages. Returns whether a page of the range is being written by somebody. */
static BOOLEAN MiTakeDirtyLocked(MI_SEGMENT *Segment, ULONG64 First, ULONG64 End, MI_TRANSFER *Transfer)
{
    BOOLEAN writing = FALSE;
    ULONG64 at, *slot;

    Transfer->Count = 0;
    for (at = MiSkipEmptyChunks(Segment, First, End); at < End; at = MiSkipEmptyChunks(Segment, at + 1, End)) {
        slot = MiSlotLocked(Segment, at, FALSE);
        MiNoteModifiedLocked(Segment, slot);
        if (*slot & MI_SLOT_WRITING)
            writing = TRUE;
        if ((*slot & (MI_SLOT_DIRTY | MI_SLOT_WRITING)) != MI_SLOT_DIRTY || (Transfer->Count != 0 && at != Transfer->First + Transfer->Count)) {
            if (Transfer->Count != 0)
                break;
            continue;
        }
        if (Transfer->Count == 0)
            Transfer->First = at;
        Transfer->Frames[Transfer->Count++] = MiSlotFrame(*slot);
        *slot = (*slot & ~MI_SLOT_DIRTY) | MI_SLOT_WRITING;
        MiCountDirtyLocked(Segment, -1);
        if (Transfer->Count == MI_TRANSFER_PAGES)
            break;
    }
    return writing;
}

static VOID MiFinishWrite(const MI_TRANSFER *Transfer, NTSTATUS Status)
{
    MI_SEGMENT *segment = Transfer->Segment;
    ULONG i;

    ExLockExclusive(&segment->Lock);
    for (i = 0; i < Transfer->Count; i++) {
        ULONG64 *slot = MiSlotLocked(segment, Transfer->First + i, FALSE);
        *slot &= ~MI_SLOT_WRITING;
        if (NT_SUCCESS(Status) || (*slot & MI_SLOT_DIRTY))
            continue;
        *slot |= MI_SLOT_DIRTY;                  /* to be tried again */
        MiCountDirtyLocked(segment, 1);
    }
    MiWakeWaitersLocked(segment);
    ExUnlockExclusive(&segment->Lock);
}

static NTSTATUS MiWriteTaken(MI_TRANSFER *Transfer)
{
    ULONG_PTR bytes;
    NTSTATUS status = MiTransfer(Transfer, TRUE, &bytes);

    if (status == STATUS_END_OF_FILE)            /* cut off meanwhile: there is nothing to keep */
        status = STATUS_SUCCESS;
    MiFinishWrite(Transfer, status);
    return status;
}

/* Goes through the range once; where somebody else was writing a page, once more from its beginning, and waits when nothing but such
 * pages is left. */
NTSTATUS MmFlushFilePages(MI_SEGMENT *Segment, ULONG64 First, ULONG64 Count)
{
    MI_TRANSFER transfer = { .Segment = Segment };
    BOOLEAN writing, others = FALSE;
    ULONG64 at = First;
    NTSTATUS status;

    MiHarvestWriters(Segment, First, Count);
    for (;;) {
        ExLockExclusive(&Segment->Lock);
        writing = MiTakeDirtyLocked(Segment, at, min(First + Count, Segment->Pages), &transfer);
        if (transfer.Count == 0 && writing && at == First)
            MiAwaitPageLocked(Segment);
        ExUnlockExclusive(&Segment->Lock);
        others = others || writing;
        if (transfer.Count == 0 && !others)
            return STATUS_SUCCESS;
        if (transfer.Count == 0) {
            at = First;
            others = FALSE;
            continue;
        }
        status = MiWriteTaken(&transfer);
        if (!NT_SUCCESS(status))
            return status;
        at = transfer.First + transfer.Count;
    }
}

/* ---- Dropping ---- */
static BOOLEAN MiPurgeSlotLocked(MI_SEGMENT *Segment, ULONG64 *Slot, BOOLEAN Dirty)
{
    if (*Slot == MI_PAGE_NONE)
        return TRUE;
    if ((*Slot & MI_SLOT_MOVING) || ((*Slot & MI_SLOT_DIRTY) && !Dirty) || MiPageReferences(MiSlotFrame(*Slot)) != 1)
        return FALSE;
    if (*Slot & MI_SLOT_DIRTY)
        MiCountDirtyLocked(Segment, -1);
    MiReleasePage(MiSlotFrame(*Slot));
    *Slot = MI_PAGE_NONE;
    return TRUE;
}

BOOLEAN MmPurgeFilePages(MI_SEGMENT *Segment, ULONG64 First, ULONG64 Count, BOOLEAN Dirty)
{
    BOOLEAN all = TRUE;
    ULONG64 at, end;

    ExLockExclusive(&Segment->Lock);
    end = min(First + Count, Segment->Pages);
    for (at = MiSkipEmptyChunks(Segment, First, end); at < end; at = MiSkipEmptyChunks(Segment, at + 1, end))
        all = MiPurgeSlotLocked(Segment, MiSlotLocked(Segment, at, FALSE), Dirty) && all;
    ExUnlockExclusive(&Segment->Lock);
    return all;
}

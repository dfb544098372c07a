/* SPDX-License-Identifier: MIT
 * Pages of files. A file has one segment for its data, found through SECTION_OBJECT_POINTERS.DataSectionObject; the cache and every
 * section of the file share it. A slot of its chunks holds the page's frame and these bits, all under the segment's Lock:
 *
 *   63 dirty   62 being read   61 being written   60..0 frame, 0: not in memory
 *
 * The segment has one reference to each frame; each mapping has another. Lock is not held while pages are on their way: who needs one
 * that is waits in Waiters.
 */
#pragma once
#include "space.h"

#define MI_SLOT_DIRTY (1ull << 63)
#define MI_SLOT_READING (1ull << 62)
#define MI_SLOT_WRITING (1ull << 61)
#define MI_SLOT_MOVING (MI_SLOT_READING | MI_SLOT_WRITING)
static inline PFN_NUMBER MiSlotFrame(ULONG64 Slot) { return Slot & (MI_SLOT_WRITING - 1); }

#define MI_TRANSFER_PAGES 64u                    /* at most in one request */

/* Pages on their way between memory and the file. */
typedef struct MI_TRANSFER {
    MI_SEGMENT *Segment;
    ULONG64 First;
    ULONG Count;
    PFN_NUMBER Frames[MI_TRANSFER_PAGES];
} MI_TRANSFER;
/* The slots' pages have arrived, or not: everybody who waits looks again. Lock held. */
VOID MiWakeWaitersLocked(MI_SEGMENT *Segment);
/* Gives Lock up, waits until some page of the segment has moved, and takes it again. */
VOID MiAwaitPageLocked(MI_SEGMENT *Segment);
/* Sends the request and waits. Bytes: transferred. */
NTSTATUS MiTransfer(MI_TRANSFER *Transfer, BOOLEAN Write, PULONG_PTR Bytes);
/* A page in memory with a reference for the caller, or MI_NO_PAGE. */
PFN_NUMBER MiPageOfFile(MI_SEGMENT *Segment, ULONG64 Index);
/* Gives a reference back. TRUE: that was the last, nobody finds the segment any more, and its dirty pages are written. */
BOOLEAN MiDropFileSegment(MI_SEGMENT *Segment);

/* ---- Of all segments (segment.c) ---- */
#define TAG_SEGMENT 'tgmS'
NTSTATUS MiAllocateSegment(ULONG64 Pages, ULONG Protect, MI_SEGMENT **Segment);
ULONG64 MiChunkCount(const MI_SEGMENT *Segment);
/* A slot, with Make a chunk for it; NULL: there is none. Lock held. */
ULONG64 *MiSlotLocked(MI_SEGMENT *Segment, ULONG64 Index, BOOLEAN Make);

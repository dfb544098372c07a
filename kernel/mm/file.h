/* SPDX-License-Identifier: MIT
 * Pages of files. A file has one segment for its data, found through SECTION_OBJECT_POINTERS.DataSectionObject; the cache and every
 * section of the file share it. A slot of its chunks holds the page's frame and these bits, all under the segment's Lock:
 *
 *   63 dirty   62 being read   61 being written   60 in a page file   59..0 frame, 0: not in memory; or the page file's slot
 *
 * The segment has one reference to each frame; each mapping has another. Lock is not held while pages are on their way: who needs one
 * that is waits in Waiters.
 */
#pragma once
#include "space.h"

#define MI_SLOT_DIRTY (1ull << 63)
#define MI_SLOT_READING (1ull << 62)
#define MI_SLOT_WRITING (1ull << 61)
#define MI_SLOT_PAGED (1ull << 60)               /* of segments without a file, and of images */
#define MI_SLOT_MOVING (MI_SLOT_READING | MI_SLOT_WRITING)
static inline PFN_NUMBER MiSlotFrame(ULONG64 Slot) { return Slot & (MI_SLOT_PAGED - 1); }

#define MI_TRANSFER_PAGES 64u                    /* at most in one request */

/* Pages on their way between memory and the file. */
typedef struct MI_TRANSFER {
    MI_SEGMENT *Segment;
    ULONG64 First;
    ULONG Count;
    PFN_NUMBER Frames[MI_TRANSFER_PAGES];
} MI_TRANSFER;
/* A list that describes frames, on its user's stack; what was mapped by it is given back. */
typedef struct MI_PAGE_MDL {
    MDL Mdl;
    PFN_NUMBER Frames[MI_TRANSFER_PAGES];
} MI_PAGE_MDL;
VOID MiDescribeFrames(MI_PAGE_MDL *List, const PFN_NUMBER *Frames, ULONG Count, BOOLEAN Write);
VOID MiForgetFrames(MI_PAGE_MDL *List);
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
extern EX_PUSH_LOCK MiFileSegmentLock;           /* filesegment.c says of what */

/* ---- Views through which a file can be written (writers.c) ---- */
/* Begins or ends with the view; the address space's lock, or that of system views, is held. MiMakeWriter: NULL, no memory. */
struct MI_WRITER *MiMakeWriter(MI_SEGMENT *Segment, ULONG64 TopTable, ULONG64 Address, ULONG64 Pages, ULONG64 SegmentPage);
VOID MiRemoveWriter(MI_SEGMENT *Segment, struct MI_WRITER *Writer);
/* What was written through views of [First, First + Count) is dirty from then on. No lock held. */
VOID MiHarvestWriters(MI_SEGMENT *Segment, ULONG64 First, ULONG64 Count);

/* Something is mapped for writing: it will be flushed from time to time (modifiedwriter.c). */
VOID MiWakeModifiedWriter(VOID);
/* Memory is short: all of them at once. */
VOID MiFlushSoon(VOID);

/* ---- Images of programs (imagesegment.c, imagecache.c) ---- */
typedef struct MI_IMAGE {
    PFILE_OBJECT File;                           /* I held */
    WORK_QUEUE_ITEM Work;                        /* to let go of it */
    LIST_ENTRY Unused;                           /* MiFileSegmentLock: while the segment has no users */
    MI_SEGMENT *Segment;                         /* MiFileSegmentLock: then whose image it is */
    ULONG64 Base;                                /* I what the pages are relocated for */
    MM_SECTION_IMAGE Facts;                      /* I */
    UCHAR Protections[];                         /* I MI_MAY_... of each page */
} MI_IMAGE;
/* The image in a file, in memory as it is mapped. STATUS_INVALID_IMAGE_NOT_MZ, STATUS_INVALID_IMAGE_FORMAT,
 * STATUS_INVALID_IMAGE_WIN_32, STATUS_NO_MEMORY, or why the file cannot be read. */
NTSTATUS MiLoadImageSegment(PFILE_OBJECT File, MI_SEGMENT **Segment);
/* Where an image is to go: its own base, or one by chance when it can move (imagebase.c). */
ULONG64 MiChooseImageBase(const PE_IMAGE *Pe);
/* The file's image, made when there is none, with a user more. */
NTSTATUS MiUseImageSegment(PFILE_OBJECT File, MI_SEGMENT **Segment);
/* The last user is gone: the image stays for the next, unless there are too many such. MiFileSegmentLock held; what goes is put in Gone. */
VOID MiKeepImageLocked(MI_SEGMENT *Segment, PLIST_ENTRY Gone);
VOID MiReleaseImages(PLIST_ENTRY Gone);
VOID MiDeleteImage(MI_IMAGE *Image);

/* ---- Of all segments (segment.c) ---- */
#define TAG_SEGMENT 'tgmS'
MI_SEGMENT *MiAllocateSegment(ULONG64 Pages);
/* The array of its chunks, and its commit. */
NTSTATUS MiGiveChunks(MI_SEGMENT *Segment);
/* Zero pages on demand. */
NTSTATUS MiCreateSegment(ULONG64 Bytes, BOOLEAN Committed, MI_SEGMENT **Segment);
NTSTATUS MiCreatePhysicalSegment(MI_SEGMENT **Segment);
ULONG64 MiChunkCount(const MI_SEGMENT *Segment);
/* Whether the page of a segment without a file is in a page file, or on its way back; and bringing it in: STATUS_NO_MEMORY, or why it
 * cannot be read. */
BOOLEAN MiIsPagedOut(MI_SEGMENT *Segment, ULONG64 Index);
NTSTATUS MiBringInSegmentPage(MI_SEGMENT *Segment, ULONG64 Index);
/* Segments whose pages can go to a page file: in the trimmer's list from when they can be found there. */
VOID MiListSegment(MI_SEGMENT *Segment);
VOID MiUnlistSegment(MI_SEGMENT *Segment);
/* Drops what is clean and nobody uses, of all files; unused images. */
VOID MiPurgeAllFiles(VOID);
VOID MiPurgeUnusedImages(VOID);
/* The page of a file was written, as its former entry says. */
VOID MiNoteDirty(const MI_VAD *Vad, ULONG64 Page, ULONG64 Entry);
/* A slot, with Make a chunk for it; NULL: there is none. Lock held. */
ULONG64 *MiSlotLocked(MI_SEGMENT *Segment, ULONG64 Index, BOOLEAN Make);

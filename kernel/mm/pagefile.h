/* SPDX-License-Identifier: MIT
 * Page files: where pages of private memory and of sections without a file go when memory is short (docs/adr/0009-page-files.md).
 *
 * A slot is the place of a page there: the number of the file in bits 32-35, the page of the file below. What refers to it owns it: a
 * page-table entry (space.h), a slot of a segment with MI_SLOT_PAGED, or, while the page is being read, MMPFN.OriginalPte of its frame.
 */
#pragma once
#include "file.h"

#define MI_PAGE_FILES 16u
#define MI_PAGE_CLUSTER 64u                      /* pages at most that are written together */
C_ASSERT(MI_PAGE_CLUSTER <= MI_TRANSFER_PAGES);
#define MI_NO_SLOT (~0ull)

typedef struct MI_PAGE_FILE {
    /* Of tests their own. Bytes: how many were. */
    NTSTATUS (*Transfer)(struct MI_PAGE_FILE *File, PMDL Mdl, ULONG64 Offset, BOOLEAN Write, PULONG_PTR Bytes);
    PFILE_OBJECT Object;                         /* I held for good; NULL: a test's */
    UNICODE_STRING Name;                         /* I */
    RTL_BITMAP Slots;                            /* MiPageFileLock those in use */
    ULONG Pages;                                 /* I */
    ULONG Used, Peak;                            /* MiPageFileLock */
    ULONG Hint;                                  /* MiPageFileLock where a free run is looked for first */
    BOOLEAN Closed;                              /* MiPageFileLock a test's: nothing is put there any more */
} MI_PAGE_FILE;

extern volatile LONG64 MiPageFilePages, MiPageFileFree;        /* a of all files */

/* The file's pages can be used from now on; it stays where it is. STATUS_TOO_MANY_PAGING_FILES, STATUS_INSUFFICIENT_RESOURCES. */
NTSTATUS MiAddPageFile(MI_PAGE_FILE *File);
/* Tests: nothing more is put there. The file goes, TRUE, when it is empty. */
BOOLEAN MiRemovePageFile(MI_PAGE_FILE *File);
/* A run of up to Wanted slots from *First on; 0: there are none. IRQL <= APC_LEVEL, like all here. */
ULONG MiTakeSlots(ULONG Wanted, PULONG64 First);
VOID MiFreeSlot(ULONG64 Slot);
/* Count pages from or to the slots from First on, which lie in one file. What is not whole is an error. */
NTSTATUS MiTransferSlots(ULONG64 First, const PFN_NUMBER *Frames, ULONG Count, BOOLEAN Write);

/* ---- Going out (pageout.c) ---- */
typedef struct MI_PAGE_OUT {
    ULONG Count;
    ULONG64 Pages[MI_PAGE_CLUSTER];              /* page numbers of the address space, or of the segment */
    PFN_NUMBER Frames[MI_PAGE_CLUSTER];          /* each with a reference */
    ULONG64 Slots[MI_PAGE_CLUSTER];              /* where it was written to; MI_NO_SLOT: nowhere */
} MI_PAGE_OUT;
/* Writes them. No lock held. */
VOID MiWritePages(MI_PAGE_OUT *Out);
/* Those that nobody wanted meanwhile are free now; returns how many. The address space's lock is held, or that of the segment. */
ULONG MiFinishPagesLocked(MI_ADDRESS_SPACE *Space, const MI_PAGE_OUT *Out);
ULONG MiFinishSegmentLocked(MI_SEGMENT *Segment, const MI_PAGE_OUT *Out);

/* ---- Coming back (pagein.c) ---- */
/* The page and what lies behind it there are claimed by the fault, or it has to wait for who has. STATUS_RETRY, STATUS_NO_MEMORY. */
NTSTATUS MiClaimPagesLocked(MI_ADDRESS_SPACE *Space, const MI_VAD *Vad, ULONG64 Page, MI_FAULT *Fault);
NTSTATUS MiReadClaimedPages(MI_FAULT *Fault);
NTSTATUS MiAwaitReader(MI_FAULT *Fault);

/* ---- Trimming (trim.c) ---- */
/* One look at the address space from its hand on, with what it finds written; TRUE: that was the last of it. Gained: pages that are free now. */
BOOLEAN MiSweepSpace(MI_ADDRESS_SPACE *Space, PULONG Gained);
/* The same with pages of a segment, from *At on, that no view shows any more. */
BOOLEAN MiSweepSegment(MI_SEGMENT *Segment, PULONG64 At, PULONG Gained);
extern EX_PUSH_LOCK MiTrimLock;                  /* one trims at a time: the first of all locks here, held over transfers */

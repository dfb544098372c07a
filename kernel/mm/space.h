/* SPDX-License-Identifier: MIT
 * User address spaces: which ranges of addresses are taken (VADs), and what each page of them is.
 *
 * EPROCESS.AddressCreationLock (push lock, in a guarded region) guards the tree of VADs, their fields and the user half of the page
 * tables. Nothing touches user memory while it is held: a fault would want it too. Every function here works on the address space of
 * the current process: who wants another attaches first.
 *
 * A page-table entry of the user half is
 *   valid                   frame, rights, and its protection in bits 52-56
 *   MI_SOFT_STATE           a state of its own: protection in bits 5-9, and its frame when MI_SOFT_FRAME is set
 *                           both: MI_OWN_COPY when the page of a view is a copy that was made on a write
 *   0                       as the VAD says: committed with the VAD's protection, or reserved
 */
#pragma once
#include "mi.h"
#include "exsync.h"

/* ---- Protection of a page, from PAGE_... ---- */
#define MI_MAY_READ 0x01u
#define MI_MAY_WRITE 0x02u
#define MI_MAY_EXECUTE 0x04u
#define MI_COPY_ON_WRITE 0x08u
#define MI_GUARD 0x10u
#define MI_DECOMMITTED 0x1Fu
/* FALSE when Protect is not exactly one kind with its modifiers. Cache gets the cache bits of PAGE_NOCACHE, PAGE_WRITECOMBINE. */
BOOLEAN MiProtectionOf(ULONG Protect, PULONG Protection, PULONG64 Cache);
ULONG MiProtectOf(ULONG Protection);

#define MI_SOFT_STATE 0x400ull
#define MI_SOFT_FRAME 0x800ull
#define MI_OWN_COPY (1ull << 57)
static inline ULONG64 MiSoftEntry(ULONG Protection) { return MI_SOFT_STATE | (ULONG64)Protection << 5; }
static inline ULONG MiProtectionOfEntry(ULONG64 Entry)
{
    return (ULONG)(Entry & MI_PTE_VALID ? Entry >> 52 : Entry >> 5) & 0x1F;
}
static inline BOOLEAN MiEntryHasFrame(ULONG64 Entry) { return (Entry & MI_PTE_VALID) || (Entry & MI_SOFT_FRAME); }
/* The entry of a page that is there. */
ULONG64 MiUserEntry(PFN_NUMBER Page, ULONG Protection, ULONG64 Cache);

/* ---- Sections' pages ---- */
#define MI_SEGMENT_CHUNK 512u
typedef struct MI_SEGMENT {
    volatile LONG References;        /* a section objects and VADs */
    EX_PUSH_LOCK Lock;               /* the chunks */
    ULONG64 Pages;                   /* I; of a file Lock: it grows */
    ULONG64 Bytes;                   /* I as asked for; of a file Lock: its size */
    BOOLEAN Committed;               /* I pages need no commit of their own */
    BOOLEAN Physical;                /* I \Device\PhysicalMemory: page n is frame n */
    volatile LONG64 Charged;         /* a pages of commit */
    ULONG64 **Chunks;                /* Lock: MI_PAGE_NONE, MI_PAGE_COMMITTED or a frame for each page; of a file see file.h */
    struct MI_IMAGE *Image;          /* I image.h's; NULL: no image */
    LONG Users;                      /* MiFileSegmentLock of files and images: section objects and views */
    ULONG64 UserBytes;               /* MiFileSegmentLock of a file: the largest section while there are users */
    PFILE_OBJECT File;               /* I of a file's data, held */
    LIST_ENTRY Link;                 /* MiFileSegmentLock of a file's data: MiFileSegments */
    ULONG64 DirtyPages;              /* Lock of a file: slots that are dirty */
    EX_PUSH_LOCK ViewLock;           /* of a file */
    LIST_ENTRY Writers;              /* ViewLock: MI_WRITER, views through which the file can be written */
    LIST_ENTRY Waiters;              /* Lock of a file: MI_PAGE_WAIT */
    WORK_QUEUE_ITEM Work;            /* of a file: the last user left dirty pages */
} MI_SEGMENT;
#define MI_PAGE_NONE 0ull
#define MI_PAGE_COMMITTED 1ull       /* never a frame: the first megabyte is not given out */

VOID MiReleaseSegment(MI_SEGMENT *Segment);
/* A reference of a section object, or a view of one, with that size. Not given back with an address space's lock held: the file may be closed. */
VOID MiUseSegment(MI_SEGMENT *Segment, ULONG64 Bytes);
VOID MiLeaveSegment(MI_SEGMENT *Segment);
/* The frame of a page, made when there is none, with a reference for the caller. MI_NO_PAGE: not committed, or no memory. */
PFN_NUMBER MiSegmentPage(MI_SEGMENT *Segment, ULONG64 Index);
BOOLEAN MiSegmentIsCommitted(MI_SEGMENT *Segment, ULONG64 Index);
NTSTATUS MiCommitSegment(MI_SEGMENT *Segment, ULONG64 First, ULONG64 Count);

/* ---- VADs ---- */
typedef enum MI_VAD_KIND { MiVadPrivate, MiVadView, MiVadImage, MiVadPhysical, MiVadLockedPages, MiVadSharedData } MI_VAD_KIND;

typedef struct MI_VAD {
    ULONG64 First, Last;             /* page numbers */
    ULONG64 Start;                   /* where the allocation it is a part of began: a page number */
    MI_VAD_KIND Kind;
    ULONG Protection;                /* when it was made */
    BOOLEAN Committed;               /* pages without a state of their own are committed */
    LONG Secured;                    /* MmSecureVirtualMemory: no freeing, no less access */
    ULONG64 Cache;                   /* cache bits */
    MI_SEGMENT *Segment;             /* views: used */
    ULONG64 SegmentPage;             /* what First is there */
    ULONG Allowed;                   /* views: what the section allows */
    struct MI_WRITER *Writer;        /* views of files that may be written */
    ULONG64 Charged;                 /* private: pages of commit */
} MI_VAD;

typedef struct MI_ADDRESS_SPACE {
    RTL_AVL_TABLE Vads;
    BOOLEAN Gone;                    /* the process is ending: nothing can be added */
} MI_ADDRESS_SPACE;

#define MI_LOWEST_USER_PAGE 0x10ull
#define MI_HIGHEST_USER_PAGE 0x7FFFFFFEFull                /* of MmHighestUserAddress */
#define MI_GRANULARITY_PAGES 16ull
#define MI_USER_SHARED_DATA 0x7FFE0000ull

VOID MiLockAddressSpace(PEPROCESS Process);
VOID MiUnlockAddressSpace(PEPROCESS Process);
static inline PEPROCESS MiCurrentProcess(VOID) { return (PEPROCESS)KeCurrentThread()->ApcState.Process; }
static inline MI_ADDRESS_SPACE *MiSpaceOf(PEPROCESS Process) { return Process->VadHint; }

VOID MiInitializeVads(MI_ADDRESS_SPACE *Space);
MI_VAD *MiFindVad(MI_ADDRESS_SPACE *Space, ULONG64 Page);
/* The first VAD that overlaps the range, or NULL. */
MI_VAD *MiFindOverlap(MI_ADDRESS_SPACE *Space, ULONG64 First, ULONG64 Last);
/* A copy of Vad in the tree, or NULL: no memory, or the range is taken. */
MI_VAD *MiInsertVad(MI_ADDRESS_SPACE *Space, const MI_VAD *Vad);
/* Returns the segment that the VAD used, for the caller to leave once the lock is given up, or NULL. */
MI_SEGMENT *MiRemoveVad(MI_ADDRESS_SPACE *Space, MI_VAD *Vad);
/* The same, with its pages. */
MI_SEGMENT *MiUnmapVad(MI_ADDRESS_SPACE *Space, MI_VAD *Vad);
MI_VAD *MiFirstVad(MI_ADDRESS_SPACE *Space);
/* Count free pages that start at a multiple of the granularity, up to Highest: the lowest such, or the highest; 0 if none. */
ULONG64 MiFindFreePages(MI_ADDRESS_SPACE *Space, ULONG64 Count, ULONG64 Highest, BOOLEAN TopDown);
/* The range that a caller asked for: its base or a free one. Vad->First and Last are set. */
NTSTATUS MiPlaceVad(MI_ADDRESS_SPACE *Space, MI_VAD *Vad, ULONG64 Base, ULONG64 Pages, ULONG64 ZeroBits, ULONG AllocationType);

/* Devices are not cached, whatever a caller forgot to say. */
ULONG64 MiCacheOfFrame(PFN_NUMBER Frame, ULONG64 Cache);

/* ---- Pages of a VAD ---- */
/* The state of one page, what a zero entry stands for included. */
ULONG64 MiPageState(const MI_VAD *Vad, ULONG64 Page);
ULONG64 MiCountCommitted(const MI_VAD *Vad, ULONG64 First, ULONG64 Last);
BOOLEAN MiPageIsCommitted(const MI_VAD *Vad, ULONG64 Page);
/* Every touched entry of the range becomes NewEntry; pages that were there are released. */
VOID MiReleaseUserPages(const MI_VAD *Vad, ULONG64 First, ULONG64 Last, ULONG64 NewEntry);
/* The first page in [Page, End) whose page table exists, or End. */
ULONG64 MiSkipHoles(ULONG64 Page, ULONG64 End);
/* One entry changes, atomically with what the processors write there. A view's page that was written is dirty from then on. */
VOID MiReplaceEntry(const MI_VAD *Vad, ULONG64 Page, ULONG64 NewEntry);

/* ---- Faults ---- */
typedef struct MI_FAULT {
    ULONG64 Address, ErrorCode;
    MI_SEGMENT *Segment;             /* with STATUS_RETRY: where pages have to be brought in from, referenced */
    ULONG64 Page;                    /* the page wanted there, and a cluster around it */
    ULONG64 First;
    ULONG Count;
} MI_FAULT;
/* STATUS_RETRY: after MiBringIn, without the lock. */
NTSTATUS MiResolveFaultLocked(MI_ADDRESS_SPACE *Space, MI_FAULT *Fault);
/* Waits for the pages of the file. STATUS_RETRY: they are there, or were; else why they cannot be. */
NTSTATUS MiBringIn(MI_FAULT *Fault);
/* Takes the range out of the VAD, which shrinks, splits or goes. */
NTSTATUS MiCarveVad(MI_ADDRESS_SPACE *Space, MI_VAD *Vad, ULONG64 First, ULONG64 Last);

/* ---- Commit: a promise of memory, of which there is as much as RAM ---- */
BOOLEAN MiChargeCommit(ULONG64 Pages);
VOID MiReturnCommit(ULONG64 Pages);

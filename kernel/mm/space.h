/* SPDX-License-Identifier: MIT
 * User address spaces: which ranges of addresses are taken (VADs), and what each page of them is.
 *
 * EPROCESS.AddressCreationLock (push lock, in a guarded region) guards the tree of VADs, their fields and the user half of the page
 * tables. Nothing touches user memory while it is held: a fault would want it too. Every function here works on the address space of
 * the current process: who wants another attaches first.
 *
 * A page-table entry of the user half is
 *   valid                   frame, rights, and its protection in bits 52-56
 *   MI_SOFT_STATE           a state of its own: protection in bits 5-9, and
 *     MI_SOFT_FRAME           its frame in bits 12-47; with MI_SOFT_WRITING it is on its way to a page file, with MI_SOFT_READING on its
 *                             way back (then nobody but the reader may touch it)
 *     MI_SOFT_PAGED           in place of a frame: its slot in a page file in bits 12-47
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
#define MI_SOFT_PAGED 0x002ull
#define MI_SOFT_READING 0x004ull
#define MI_SOFT_WRITING 0x008ull
#define MI_SOFT_OLD 0x010ull         /* the trimmer has seen the page without anybody touching it since */
#define MI_OWN_COPY (1ull << 57)
static inline ULONG64 MiSoftEntry(ULONG Protection) { return MI_SOFT_STATE | (ULONG64)Protection << 5; }
static inline ULONG MiProtectionOfEntry(ULONG64 Entry)
{
    return (ULONG)(Entry & MI_PTE_VALID ? Entry >> 52 : Entry >> 5) & 0x1F;
}
static inline BOOLEAN MiEntryHasFrame(ULONG64 Entry) { return (Entry & MI_PTE_VALID) || (Entry & MI_SOFT_FRAME); }
/* The entry of a page that is there. */
ULONG64 MiUserEntry(PFN_NUMBER Page, ULONG Protection, ULONG64 Cache);
/* An entry of the VAD with another protection; where the page is stays, and one that is being written is not any more. */
struct MI_VAD;
ULONG64 MiProtectedEntry(const struct MI_VAD *Vad, ULONG64 Entry, ULONG Protection);

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
    LIST_ENTRY Link;                 /* MiFileSegmentLock of a file's data: MiFileSegments; of others MiPagedSegmentsLock: MiPagedSegments */
    ULONG64 DirtyPages;              /* Lock of a file: slots that are dirty */
    EX_PUSH_LOCK ViewLock;           /* of a file */
    LIST_ENTRY Writers;              /* ViewLock: MI_WRITER, views through which the file can be written */
    LIST_ENTRY Waiters;              /* Lock: MI_PAGE_WAIT */
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
    BOOLEAN Committed;               /* pages without a state of their own are committed, */
    ULONG64 CommittedFrom;           /* from this one on: a page number */
    LONG Secured;                    /* MmSecureVirtualMemory: no freeing, no less access */
    ULONG64 Cache;                   /* cache bits */
    MI_SEGMENT *Segment;             /* views: used */
    ULONG64 SegmentPage;             /* what First is there */
    ULONG Allowed;                   /* views: what the section allows */
    struct MI_WRITER *Writer;        /* views of files that may be written */
    struct MI_WATCH *Watch;          /* private: which pages were written, shared by the parts of an allocation; NULL: nobody asks */
    ULONG64 Charged;                 /* pages of commit: private ones, and a view's own copies */
} MI_VAD;

typedef struct MI_ADDRESS_SPACE {
    RTL_AVL_TABLE Vads;
    BOOLEAN Gone;                    /* the process is ending: nothing can be added */
    ULONG64 Resident, PeakResident;  /* entries with a frame: the working set */
    ULONG64 Charged, PeakCharged;    /* pages of commit, of all VADs */
    ULONG64 Virtual, PeakVirtual;    /* pages of addresses, of all VADs */
    ULONG64 Faults;
    ULONG64 Hand;                    /* the page that the trimmer looks at next */
    LIST_ENTRY Waiters;              /* who waits for pages that somebody else reads (pagein.c) */
    PEPROCESS Process;               /* I */
    LIST_ENTRY Link;                 /* MiSpacesLock */
    ULONG64 Number;                  /* I ascending in the list */
    EX_RUNDOWN_REF Rundown;          /* the trimmer's, while it is here */
} MI_ADDRESS_SPACE;

/* Whether the pages of its entries are the address space's to give back, and to trim. */
static inline BOOLEAN MiVadHasPages(const MI_VAD *Vad)
{
    return Vad->Kind == MiVadPrivate || Vad->Kind == MiVadView || Vad->Kind == MiVadImage;
}

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
/* A committed page gets that protection; its table exists, and the caller flushes the TLBs. */
VOID MiProtectPage(const MI_VAD *Vad, ULONG64 Page, ULONG Protection);
/* The first page in [Page, End) whose page table exists, or End. */
ULONG64 MiSkipHoles(ULONG64 Page, ULONG64 End);
/* One entry changes, atomically with what the processors write there. A view's page that was written is dirty from then on. */
VOID MiReplaceEntry(const MI_VAD *Vad, ULONG64 Page, ULONG64 NewEntry);

/* ---- Write watch (writewatch.c); an address space's lock is held ---- */
typedef struct MI_WATCH {
    ULONG References;                /* VADs */
    ULONG64 First;                   /* I the page of the first bit */
    ULONG64 Written[];
} MI_WATCH;
/* NULL: no memory. */
MI_WATCH *MiMakeWatch(ULONG64 First, ULONG64 Pages);
VOID MiLeaveWatch(MI_WATCH *Watch);
VOID MiNoteWritten(const MI_VAD *Vad, ULONG64 Page);
/* An entry of the VAD that lets the processor write only what was written before, if that is watched. */
ULONG64 MiWatchedEntry(const MI_VAD *Vad, ULONG64 Page, ULONG64 Entry);

/* Pages of commit for the VAD, which is the current process's, or is going to be. FALSE: there are none. */
BOOLEAN MiChargeVad(MI_VAD *Vad, ULONG64 Pages);
VOID MiReturnVad(MI_VAD *Vad, ULONG64 Pages);
/* Pages that have come into the address space, or gone. Lock held. */
static inline VOID MiCountResident(MI_ADDRESS_SPACE *Space, LONG64 Step)
{
    Space->Resident += (ULONG64)Step;
    if (Space->Resident > Space->PeakResident)
        Space->PeakResident = Space->Resident;
}
/* In the list that the trimmer goes through; out of it, and the trimmer out of the address space. */
VOID MiListSpace(MI_ADDRESS_SPACE *Space, PEPROCESS Process);
VOID MiUnlistSpace(MI_ADDRESS_SPACE *Space);

/* ---- Faults ---- */
#define MI_FAULT_PAGES 8u            /* brought in together */
typedef struct MI_FAULT {
    ULONG64 Address, ErrorCode;
    NTSTATUS (*BringIn)(struct MI_FAULT *Fault);   /* with STATUS_RETRY: brings pages in, without the lock */
    MI_SEGMENT *Segment;             /* where from, referenced; of no segment: a page file */
    ULONG64 Page;                    /* the page wanted there, and a cluster around it; of a page file: in the address space */
    ULONG64 First;
    ULONG Count;
    ULONG64 Slot;                    /* of a page file: its first slot, */
    PFN_NUMBER Frames[MI_FAULT_PAGES];           /* and where it is read to */
    ULONG64 Wait[6];                 /* pagein.c's */
    ULONG64 GrownTo;                 /* the page that the thread's stack grew for: once only */
} MI_FAULT;
/* STATUS_RETRY: after MiContinueFault, without the lock. */
NTSTATUS MiResolveFaultLocked(MI_ADDRESS_SPACE *Space, MI_FAULT *Fault);
/* What remains to be done without the lock after that status: pages are waited for, or memory. STATUS_RETRY: then all over again. */
NTSTATUS MiContinueFault(MI_FAULT *Fault, NTSTATUS Status);
/* A guard page was touched, which is plain now. STATUS_RETRY: of the thread's own stack, which grew. STATUS_STACK_OVERFLOW: it could not.
 * Without the lock. */
NTSTATUS MiGrowStack(MI_FAULT *Fault);
/* For counts of what has happened since the boot. */
VOID MiCountPageIn(ULONG Pages);
VOID MiCountPageOut(ULONG Pages);
VOID MiCountFault(VOID);
/* Takes the range out of the VAD, which shrinks, splits or goes. */
NTSTATUS MiCarveVad(MI_ADDRESS_SPACE *Space, MI_VAD *Vad, ULONG64 First, ULONG64 Last);

/* ---- Commit (commit.c): a promise of memory, of which there is as much as pages that can leave, free ones, and page files ---- */
BOOLEAN MiChargeCommit(ULONG64 Pages);
VOID MiReturnCommit(ULONG64 Pages);

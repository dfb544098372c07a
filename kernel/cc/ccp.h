/* SPDX-License-Identifier: MIT
 * Private to cc/. The cache of a file is its segment's pages (mm) seen through views: windows of system space of 256 KiB. Nothing
 * faults in a view: pages are brought into memory and mapped before they are touched, and stay there while the view is in use.
 *
 *   CC_MAP (SECTION_OBJECT_POINTERS.SharedCacheMap), one for each cached file
 *     -> CC_PRIVATE (FILE_OBJECT.PrivateCacheMap), one for each file object that has it cached
 *     -> CC_VIEW, those of the file's views that have a window now
 *     -> CC_BCB, ranges that a file system has pinned or mapped
 *
 * Push locks, in the order in which they are taken; none is held over a transfer, a callback or a copy:
 *   CcpMapLock     the list of maps, their counts, SharedCacheMap and PrivateCacheMap pointers
 *   CC_MAP.Lock    sizes, the list of BCBs
 *   CcpViewLock    which view has which window, its users, the order of their last use
 *   CC_VIEW.Fill   mapping pages into the window
 */
#pragma once
#include "cc.h"
#include "mm.h"
#include "io.h"
#include "ex.h"
#include "exsync.h"
#include "ke.h"

#define CC_TAG ' pcC'
#define CC_VIEW_PAGES 64u
#define CC_VIEW_SIZE ((ULONG64)VACB_MAPPING_GRANULARITY)
C_ASSERT(CC_VIEW_SIZE == (ULONG64)CC_VIEW_PAGES << PAGE_SHIFT);
#define CC_NODE_MAP 0x2FF
#define CC_NODE_PRIVATE 0x2FE
#define CC_NODE_BCB 0x2FD

struct CC_MAP;
typedef struct CC_VIEW {
    LIST_ENTRY Link;                             /* CcpViewLock: idle or unused */
    PVOID Base;                                  /* I the window; NULL: not reserved yet */
    struct CC_MAP *Map;                          /* CcpViewLock NULL: unused */
    ULONG Index;                                 /* CcpViewLock of the file's views */
    LONG Users;                                  /* CcpViewLock */
    EX_PUSH_LOCK Fill;
    volatile ULONG64 Mapped;                     /* a, set under Fill: pages that can be touched */
} CC_VIEW;

typedef struct CC_MAP {
    CSHORT NodeTypeCode, NodeByteSize;           /* I */
    LONG OpenCount;                              /* CcpMapLock private maps */
    LONG References;                             /* CcpMapLock operations under way */
    LIST_ENTRY Link;                             /* CcpMapLock */
    PFILE_OBJECT FileObject;                     /* I held by the segment */
    PSECTION_OBJECT_POINTERS Pointers;           /* I */
    struct MI_SEGMENT *Segment;                  /* I referenced */
    PCACHE_MANAGER_CALLBACKS Callbacks;          /* I */
    PVOID Context;                               /* I for the callbacks */
    BOOLEAN PinAccess;                           /* I */
    BOOLEAN NoWriteBehind, NoReadAhead;          /* a CcSetAdditionalCacheAttributes */
    BOOLEAN Spilled;                             /* a a view went while its pages were dirty */
    ULONG Failures;                              /* the lazy writer's: writes that failed in a row */
    EX_PUSH_LOCK Lock;
    ULONG64 FileSize;                            /* Lock */
    ULONG64 ValidDataGoal;                       /* Lock up to here the cache has the file's data; MAXLONGLONG: not kept */
    ULONG64 ValidDataLength;                     /* Lock what the file system was last told of */
    LIST_ENTRY Bcbs;                             /* Lock */
    CC_VIEW **Views;                             /* CcpViewLock by index, NULL: no window */
    ULONG ViewCount;                             /* CcpViewLock */
    PCACHE_UNINITIALIZE_EVENT Gone;              /* CcpMapLock to be set when the map goes */
} CC_MAP;

typedef struct CC_PRIVATE {
    CSHORT NodeTypeCode, NodeByteSize;           /* I */
    PFILE_OBJECT FileObject;                     /* I */
    volatile ULONG64 NextOffset;                 /* a where the last read ended */
    ULONG ReadAheadGranularity;                  /* a bytes */
} CC_PRIVATE;

typedef struct CC_BCB {
    PUBLIC_BCB Public;                           /* I first: file systems read it */
    LIST_ENTRY Link;                             /* Map->Lock, of pinned ones */
    CC_MAP *Map;                                 /* I */
    CC_VIEW *View;                               /* I in use */
    LONG References;                             /* Map->Lock */
    BOOLEAN Pinned;                              /* Map->Lock or who made it */
    ERESOURCE Resource;                          /* of pinned ones */
} CC_BCB;

extern EX_PUSH_LOCK CcpMapLock;
extern LIST_ENTRY CcpMaps;                       /* CcpMapLock */

/* ---- Maps (cachemap.c) ---- */
static inline CC_MAP *CcpMapOf(PFILE_OBJECT File) { return File->SectionObjectPointer->SharedCacheMap; }
/* An operation begins or ends; the end of the last may delete a map that nobody has open (TRUE). */
VOID CcpReferenceMap(CC_MAP *Map);
BOOLEAN CcpReleaseMap(CC_MAP *Map);

/* ---- Views (view.c) ---- */
VOID CcpInitializeViews(VOID);
/* The view at Index with a user more; raises STATUS_INSUFFICIENT_RESOURCES when every window is in use. */
CC_VIEW *CcpUseView(CC_MAP *Map, ULONG Index);
VOID CcpLeaveView(CC_VIEW *View);
/* Makes pages of a used view touchable; Fresh: those not in memory come zeroed instead of read. STATUS_CANT_WAIT: they are not in
 * memory, and Wait is FALSE. */
NTSTATUS CcpLoadView(CC_VIEW *View, ULONG First, ULONG Count, BOOLEAN Fresh, BOOLEAN Wait);
/* As many windows as that, if nobody uses them, go. */
VOID CcpTrimViews(ULONG Windows);
/* Takes their windows from the views of [First, Last]. FALSE: one is in use. */
BOOLEAN CcpDropViews(CC_MAP *Map, ULONG First, ULONG Last);

/* A piece of a range that lies in one view. */
typedef struct CC_PIECE {
    ULONG Index;                                 /* of the view */
    ULONG Offset, Length;                        /* bytes in it */
    ULONG FirstPage, PageCount;                  /* that hold them */
} CC_PIECE;
CC_PIECE CcpPieceAt(ULONG64 Offset, ULONG64 Length);
static inline PUCHAR CcpAddressOf(const CC_VIEW *View, const CC_PIECE *Piece) { return (PUCHAR)View->Base + Piece->Offset; }

/* ---- Writing (flush.c, lazywriter.c) ---- */
NTSTATUS CcpFlushMap(CC_MAP *Map);
VOID CcpInitializeLazyWriter(VOID);
/* There is something to do for the lazy writer; soon: now rather than within a second. */
VOID CcpWakeLazyWriter(BOOLEAN Soon);
/* Copies with the caller's memory on one side, which may be bad: the exception's status then. */
NTSTATUS CcpCopyGuarded(PVOID To, const VOID *From, SIZE_T Length);

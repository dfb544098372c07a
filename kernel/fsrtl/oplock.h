/* SPDX-License-Identifier: MIT
 * Private to fsrtl: opportunistic locks. What OPLOCK points to once one has been asked for is the list of those that are granted and of
 * the requests that wait until one is given up. FsRtlListLock guards all of it; requests are completed, and routines of the file system
 * called, after it is released.
 *
 * A grant's life: held (its request pends) -> breaking (the request is complete, the owner is to acknowledge) -> gone, or held again at
 * the lower level, by the request that acknowledged. Level 2 and Read need no acknowledgement: held -> gone.
 */
#pragma once
#include "fsrtlp.h"

#define FSRTL_TAG_OPLOCK 'oRsF'

typedef enum FSRTL_OPLOCK_KIND {
    FsRtlLevelOne, FsRtlLevelTwo, FsRtlBatch, FsRtlFilter, FsRtlRead, FsRtlReadHandle, FsRtlReadWrite, FsRtlReadWriteHandle,
    FsRtlReserved,                               /* by an open; what for is not said yet */
    FsRtlOplockKinds
} FSRTL_OPLOCK_KIND;

/* Statuses that the DDK's list lacks. */
#define FSRTL_SWITCHED_TO_NEW_HANDLE ((NTSTATUS)0x00000215)      /* STATUS_OPLOCK_SWITCHED_TO_NEW_HANDLE */
#define FSRTL_HANDLE_CLOSED ((NTSTATUS)0x00000216)               /* STATUS_OPLOCK_HANDLE_CLOSED */
#define FSRTL_CANNOT_GRANT ((NTSTATUS)0xC000042E)                /* STATUS_CANNOT_GRANT_REQUESTED_OPLOCK */

#define FSRTL_READ OPLOCK_LEVEL_CACHE_READ
#define FSRTL_HANDLE OPLOCK_LEVEL_CACHE_HANDLE
#define FSRTL_WRITE OPLOCK_LEVEL_CACHE_WRITE

static inline BOOLEAN FsRtlIsGranular(FSRTL_OPLOCK_KIND Kind) { return Kind >= FsRtlRead && Kind <= FsRtlReadWriteHandle; }
static inline BOOLEAN FsRtlIsShared(FSRTL_OPLOCK_KIND Kind) { return Kind == FsRtlLevelTwo || Kind == FsRtlRead || Kind == FsRtlReadHandle; }
/* What its owner may keep to itself: FSRTL_READ ... */
ULONG FsRtlLevelOf(FSRTL_OPLOCK_KIND Kind);
/* The granular one of a level; FsRtlOplockKinds: there is none. */
FSRTL_OPLOCK_KIND FsRtlKindOfLevel(ULONG Level);

typedef enum FSRTL_GRANT_STATE {
    FsRtlHeld,                                   /* Irp pends, or it is reserved and there is none yet */
    FsRtlBreaking,                               /* the owner is to acknowledge */
    FsRtlClosing                                 /* it has, by saying that it will close its handle */
} FSRTL_GRANT_STATE;

/* All FsRtlListLock. */
typedef struct FSRTL_GRANT {
    LIST_ENTRY Links;
    PIRP Irp;                                    /* what pends while it is held */
    PFILE_OBJECT File;                           /* the owner; compared only */
    FSRTL_OPLOCK_KIND Kind;
    FSRTL_GRANT_STATE State;
    ULONG Told;                                  /* breaking: the level its owner was told of */
    ULONG Level;                                 /* breaking: what may be left of it; less than Told, when more was broken meanwhile */
} FSRTL_GRANT;

/* What OPLOCK points to. */
typedef struct FSRTL_OPLOCK {
    LIST_ENTRY Grants;                           /* FsRtlListLock */
    LIST_ENTRY Waiters;                          /* FsRtlListLock oldest first */
} FSRTL_OPLOCK;

static inline FSRTL_OPLOCK *FsRtlOplockOf(const OPLOCK *Oplock)
{
    return Oplock == NULL ? NULL : __atomic_load_n((FSRTL_OPLOCK *const *)Oplock, __ATOMIC_ACQUIRE);
}

/* ---- What breaks what (oplockrule.c) ---- */
typedef enum FSRTL_OPERATION_KIND {
    FsRtlOpNone, FsRtlOpRead, FsRtlOpWrite, FsRtlOpLock, FsRtlOpRename, FsRtlOpDelete, FsRtlOpCreate, FsRtlOpOverwrite, FsRtlOpShare,
    FsRtlOpAll, FsRtlOpNotify, FsRtlOperationKinds
} FSRTL_OPERATION_KIND;

typedef struct FSRTL_OPERATION {                 /* what is about to be done to the file */
    FSRTL_OPERATION_KIND Kind;
    PFILE_OBJECT File;                           /* through which */
    BOOLEAN IgnoreKeys;                          /* its owner's own operations break an oplock, too */
    BOOLEAN BreaksFilter;                        /* of an open */
    BOOLEAN MustNotBreak;                        /* of an open that requires an oplock itself */
    BOOLEAN DoesNotWait;                         /* of an open that completes if the file is oplocked */
    ULONG Access;                                /* of an open */
    USHORT Share;
} FSRTL_OPERATION;

typedef struct FSRTL_RULE {
    UCHAR Breaks, Waits, Keep;                   /* Waits: for the acknowledgement; Keep: what is left of the level */
} FSRTL_RULE;

FSRTL_OPERATION FsRtlDescribeOperation(PIRP Irp);
/* What the operation does to a grant. */
FSRTL_RULE FsRtlRuleFor(const FSRTL_OPERATION *Operation, const FSRTL_GRANT *Grant);

/* ---- Grants (oplockgrant.c) ---- */
FSRTL_OPLOCK *FsRtlMakeOplock(POPLOCK Oplock);
/* Lets the request pend as the grant's. STATUS_CANCELLED: it has been cancelled; the grant is gone. */
NTSTATUS FsRtlHoldLocked(FSRTL_GRANT *Grant, PIRP Irp) REQUIRES_LOCK(FsRtlListLock);
/* Unlinks and frees it; its request, if one pends, goes to Done with that status, as of a break to nothing. */
VOID FsRtlDropLocked(FSRTL_GRANT *Grant, NTSTATUS Status, PLIST_ENTRY Done) REQUIRES_LOCK(FsRtlListLock);
/* Breaks it to at most Keep. Operation, which may be NULL, is what its owner may hear of. */
VOID FsRtlBreakLocked(FSRTL_GRANT *Grant, ULONG Keep, const FSRTL_OPERATION *Operation, PLIST_ENTRY Done) REQUIRES_LOCK(FsRtlListLock);
/* Says in a granular request, which has the room, what became of the level. */
VOID FsRtlDescribeBreak(PIRP Irp, ULONG Original, ULONG Level, BOOLEAN MustAcknowledge, const FSRTL_OPERATION *Operation);
NTSTATUS FsRtlRequestOplock(POPLOCK Oplock, PIRP Irp, FSRTL_OPLOCK_KIND Kind, ULONG OpenCount, BOOLEAN AllKeysMatch);
/* For an IRP_MJ_CREATE. */
NTSTATUS FsRtlReserveOplock(POPLOCK Oplock, PIRP Irp, ULONG OpenCount);

/* ---- Waiting (oplockwait.c) ---- */
typedef struct FSRTL_WAIT {                      /* how the file system wants to wait */
    PVOID Context;
    POPLOCK_WAIT_COMPLETE_ROUTINE Complete;      /* NULL: in FsRtlAwaitBreak */
    POPLOCK_FS_PREPOST_IRP PrePost;
} FSRTL_WAIT;

BOOLEAN FsRtlMustWaitLocked(const FSRTL_OPLOCK *Oplock, const FSRTL_OPERATION *Operation) REQUIRES_LOCK(FsRtlListLock);
/* Returns when nothing stands against the operation any more; STATUS_CANCELLED: or the request was cancelled. STATUS_PENDING: the
 * completion routine is or will be called with the request. */
NTSTATUS FsRtlAwaitBreak(FSRTL_OPLOCK *Oplock, PIRP Irp, const FSRTL_OPERATION *Operation, const FSRTL_WAIT *Wait);
/* The request is completed when no break is under way: STATUS_PENDING. STATUS_SUCCESS: none is. */
NTSTATUS FsRtlNotifyBreak(FSRTL_OPLOCK *Oplock, PIRP Irp);
/* Collects who need not wait any more; All: everybody. */
VOID FsRtlReleaseWaitersLocked(FSRTL_OPLOCK *Oplock, BOOLEAN All, PLIST_ENTRY Released) REQUIRES_LOCK(FsRtlListLock);
/* Lets them go. No locks held. */
VOID FsRtlResumeWaiters(PLIST_ENTRY Released);

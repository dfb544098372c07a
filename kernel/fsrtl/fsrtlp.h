/* SPDX-License-Identifier: MIT
 * Private to fsrtl: byte-range locks and notification of changes.
 *
 * One spin lock, FsRtlListLock, guards every list that a cancel routine may have to take a request from. A request whose cancel routine
 * has been taken by IoCancelIrp stays in its list for that routine; who empties the list first leaves its links pointing to themselves.
 */
#pragma once
#include "fsrtl.h"
#include "ke.h"

#define FSRTL_TAG 'nRsF'
#define FSRTL_TAG_LOCK 'lRsF'
#define FSRTL_TAG_NOTIFY 'cRsF'

extern KE_LOCK FsRtlListLock;

/* Takes the request back from cancellation. FALSE: its cancel routine is running or about to, and will complete it. */
BOOLEAN FsRtlTakeFromCancel(PIRP Irp) REQUIRES_LOCK(FsRtlListLock);
/* Makes the request cancellable. FALSE: it has been cancelled already, and is the caller's to complete. */
BOOLEAN FsRtlGiveToCancel(PIRP Irp, PDRIVER_CANCEL Routine) REQUIRES_LOCK(FsRtlListLock);

/* ---- Byte-range locks ---- */

/* What FILE_LOCK.LockInformation points to once there has been a lock. All FsRtlListLock. */
typedef struct FSRTL_LOCKS {
    LIST_ENTRY Granted;                          /* of FSRTL_LOCK, oldest first */
    LIST_ENTRY Waiting;                          /* the same, each with a request */
    ULONG64 Sequence;                            /* of the newest granted */
} FSRTL_LOCKS;

typedef struct FSRTL_LOCK {
    LIST_ENTRY Links;                            /* FsRtlListLock */
    ULONG64 Sequence;                            /* FsRtlListLock order of granting, never used twice */
    FILE_LOCK_INFO Info;                         /* I */
    PIRP Irp;                                    /* I what waits for it */
    PVOID Context;                               /* I for Complete */
    PCOMPLETE_LOCK_IRP_ROUTINE Complete;         /* I NULL: IoCompleteRequest */
} FSRTL_LOCK;

/* Whether two ranges share a byte. A range of no bytes lies between two; it meets a range that has both of them. */
static inline BOOLEAN FsRtlRangesMeet(const FILE_LOCK_INFO *Lock, ULONG64 Offset, ULONG64 Length)
{
    ULONG64 first = (ULONG64)Lock->StartingByte.QuadPart, size = (ULONG64)Lock->Length.QuadPart;

    if ((Offset == 0 && Length == 0) || (first == 0 && size == 0))
        return FALSE;
    return Offset <= first + size - 1 && Offset + Length - 1 >= first;
}

static inline BOOLEAN FsRtlOwnsLock(const FILE_LOCK_INFO *Lock, const FILE_OBJECT *File, const VOID *Process, ULONG Key)
{
    return Lock->FileObject == File && Lock->ProcessId == Process && Lock->Key == Key;
}

static inline FSRTL_LOCKS *FsRtlLocksOf(const FILE_LOCK *FileLock)
{
    return __atomic_load_n((FSRTL_LOCKS *const *)&FileLock->LockInformation, __ATOMIC_ACQUIRE);
}

/* Completes a request of a lock as its file system wants it done; returns what the file system says. No locks held. */
NTSTATUS FsRtlCompleteLock(PCOMPLETE_LOCK_IRP_ROUTINE Routine, PVOID Context, PIRP Irp, NTSTATUS Status);
/* Whether the lock may be granted beside those that are. */
BOOLEAN FsRtlLockFitsLocked(const FSRTL_LOCKS *Locks, const FILE_LOCK_INFO *Wanted) REQUIRES_LOCK(FsRtlListLock);
VOID FsRtlGrantLocked(PFILE_LOCK FileLock, FSRTL_LOCKS *Locks, FSRTL_LOCK *Lock) REQUIRES_LOCK(FsRtlListLock);
/* Removes what a file system refused to have been granted, and grants what that allows. */
VOID FsRtlWithdrawLock(PFILE_LOCK FileLock, ULONG64 Sequence);
/* Grants all that can be, and completes their requests. */
VOID FsRtlGrantWaiting(PFILE_LOCK FileLock);

/* ---- Notification ---- */

/* What PNOTIFY_SYNC points to. */
typedef struct FSRTL_NOTIFY_SYNC {
    KMUTEX Mutex;                                /* guards the list of the volume; recursive, for callbacks are called with it */
    ULONG Walkers;                               /* Mutex: who is in the list; what is removed under them goes when the last leaves */
} FSRTL_NOTIFY_SYNC;

/* The DDK's declaration says BOOLEAN; the reference, and what file systems return, is a status. */
typedef NTSTATUS NTAPI FSRTL_TRAVERSE(PVOID NotifyContext, PVOID TargetContext, PSECURITY_SUBJECT_CONTEXT SubjectContext);

/* One watcher of a directory: all requests of one FsContext. Fields without a mark: Mutex. */
typedef struct FSRTL_NOTIFY {
    LIST_ENTRY Links;
    LIST_ENTRY Irps;                             /* FsRtlListLock */
    PVOID FsContext;                             /* I */
    PVOID Stream;                                /* I FsContext of the file object, to know it when it is deleted */
    PSTRING Directory;                           /* I the file system's own, which it may rename; NULL: everything is meant */
    FSRTL_TRAVERSE *Traverse;                    /* I */
    PFILTER_REPORT_CHANGE Filter;                /* I */
    PSECURITY_SUBJECT_CONTEXT Subject;           /* I ours to free */
    ULONG Completion;                            /* I FILE_NOTIFY_CHANGE_... */
    BOOLEAN Tree, NoBuffer;                      /* I */
    BOOLEAN Removed, Deleted, Overflow;
    PUCHAR Buffer;                               /* records that nobody has taken yet, or NULL */
    ULONG Size;                                  /* I of the first request's buffer */
    ULONG Used, Last;                            /* bytes of Buffer; where its last record begins */
} FSRTL_NOTIFY;

/* What has changed, as the file system reports it. */
typedef struct FSRTL_CHANGE {
    STRING Parent, Normalized, Name, Stream;     /* without the separators between them; Buffer NULL: none */
    ULONG Character;                             /* bytes of one in all of them */
    ULONG Match, Action;
    PVOID TargetContext, FilterContext;
} FSRTL_CHANGE;

/* Whether the watcher is to be told; calls its callbacks. Mutex held. */
BOOLEAN FsRtlChangeConcerns(const FSRTL_NOTIFY *Notify, const FSRTL_CHANGE *Change);
/* Puts the change behind those that wait to be taken; what does not fit makes it an overflow. Mutex held. */
VOID FsRtlRecordChange(FSRTL_NOTIFY *Notify, const FSRTL_CHANGE *Change);
/* Gives what has been recorded, which there must be, to a request: its final status and length. Mutex held. */
VOID FsRtlDeliverChanges(FSRTL_NOTIFY *Notify, PIRP Irp);
static inline BOOLEAN FsRtlHasChanges(const FSRTL_NOTIFY *Notify) { return Notify->Overflow || Notify->Used != 0; }

VOID FsRtlEnterNotify(FSRTL_NOTIFY_SYNC *Sync);
/* And frees what was removed meanwhile. */
VOID FsRtlLeaveNotify(FSRTL_NOTIFY_SYNC *Sync, PLIST_ENTRY NotifyList);
/* The watcher's oldest request, taken from cancellation; NULL: there is none. */
PIRP FsRtlTakeNotifyIrp(FSRTL_NOTIFY *Notify) EXCLUDES_LOCK(FsRtlListLock);
/* Takes all, to be completed with Status. */
VOID FsRtlEndNotifyIrps(FSRTL_NOTIFY *Notify, NTSTATUS Status, PLIST_ENTRY Done);
/* Completes what was collected, statuses set. No locks held. */
VOID FsRtlCompleteList(PLIST_ENTRY Done);

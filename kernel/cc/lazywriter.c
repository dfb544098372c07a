/* SPDX-License-Identifier: MIT
 * The lazy writer: within a second of a write a system thread goes through the maps with dirty pages, under the file systems' own
 * locks (AcquireForLazyWrite), writes them, and deletes maps that nobody has open any more. It also lets writers wait that make pages
 * dirty faster than they can be written.
 */
#include "ccp.h"

#define CC_LAZY_INTERVAL (-10000000ll)           /* a second */
#define CC_MAXIMUM_FAILURES 3u                   /* then what nobody has open is given up */

static KTIMER CcpTimer;
static KDPC CcpTimerDpc;
static WORK_QUEUE_ITEM CcpLazyWork;
static volatile LONG CcpState;                   /* a CC_LAZY_... */
#define CC_LAZY_IDLE 0
#define CC_LAZY_TIMED 1                          /* the timer is set */
#define CC_LAZY_QUEUED 2                         /* the work item is queued */
#define CC_LAZY_RUNNING 3
#define CC_LAZY_AGAIN 4                          /* runs, and somebody wants it to run again at once */
static KEVENT CcpScanned;                        /* set after each pass */
static ULONG64 CcpDirtyLimit;                    /* I pages */

typedef struct CC_DEFERRED {
    LIST_ENTRY Link;                             /* CcpMapLock */
    PCC_POST_DEFERRED_WRITE Post;
    PVOID Context1, Context2;
    ULONG Bytes;
} CC_DEFERRED;
static LIST_ENTRY CcpDeferred = { &CcpDeferred, &CcpDeferred };

/* ---- One file ---- */
static VOID CcpGiveUp(CC_MAP *Map)
{
    DbgPrintEx(DPFLTR_DEFAULT_ID, DPFLTR_ERROR_LEVEL, "Cc: lost delayed write: %wZ\n", &Map->FileObject->FileName);
    CcpDropViews(Map, 0, MAXULONG - 1);
    MmPurgeFilePages(Map->Segment, 0, MAXLONGLONG, TRUE);
}

static VOID CcpWriteMap(CC_MAP *Map)
{
    NTSTATUS status;

    if (!Map->Callbacks->AcquireForLazyWrite(Map->Context, TRUE))
        return;
    status = CcpFlushMap(Map);
    Map->Callbacks->ReleaseFromLazyWrite(Map->Context);
    if (NT_SUCCESS(status) && Map->Spilled) {
        Map->Spilled = FALSE;
        MmPurgeFilePages(Map->Segment, 0, MAXLONGLONG, FALSE);
    }
    Map->Failures = NT_SUCCESS(status) ? 0 : Map->Failures + 1;
    if (Map->Failures >= CC_MAXIMUM_FAILURES && Map->OpenCount == 0)
        CcpGiveUp(Map);
}

/* ---- All ---- */
/* The next map after Previous (which loses its reference) that has something to write, or that only a reference keeps; referenced. */
static CC_MAP *CcpNextDirty(CC_MAP *Previous)
{
    CC_MAP *found = NULL;
    PLIST_ENTRY entry;

    ExLockExclusive(&CcpMapLock);
    for (entry = Previous != NULL ? Previous->Link.Flink : CcpMaps.Flink; entry != &CcpMaps && found == NULL; entry = entry->Flink) {
        CC_MAP *map = CONTAINING_RECORD(entry, CC_MAP, Link);
        if (map->OpenCount == 0 || (MmCountDirtyPages(map->Segment) != 0 && !map->NoWriteBehind))
            found = map;
    }
    if (found != NULL)
        found->References++;
    ExUnlockExclusive(&CcpMapLock);
    if (Previous != NULL)
        CcpReleaseMap(Previous);
    return found;
}

static BOOLEAN CcpMayWrite(ULONG Bytes)
{
    return MmCountAllDirtyPages() + (Bytes >> PAGE_SHIFT) <= CcpDirtyLimit || MmCountAllDirtyPages() == 0;
}

static VOID CcpPostDeferred(VOID)
{
    CC_DEFERRED *deferred;

    do {
        deferred = NULL;
        ExLockExclusive(&CcpMapLock);
        if (!IsListEmpty(&CcpDeferred) && CcpMayWrite(CONTAINING_RECORD(CcpDeferred.Flink, CC_DEFERRED, Link)->Bytes))
            deferred = CONTAINING_RECORD(RemoveHeadList(&CcpDeferred), CC_DEFERRED, Link);
        ExUnlockExclusive(&CcpMapLock);
        if (deferred == NULL)
            return;
        deferred->Post(deferred->Context1, deferred->Context2);
        ExFreePoolWithTag(deferred, CC_TAG);
    } while (TRUE);
}

/* One step of the state, or none when there is nothing to do. FALSE: somebody else was faster. */
static BOOLEAN CcpStep(LONG From, LONG To)
{
    LARGE_INTEGER interval = { .QuadPart = CC_LAZY_INTERVAL };

    if (InterlockedCompareExchange(&CcpState, To, From) != From)
        return FALSE;
    if (To == CC_LAZY_TIMED)
        KeSetTimer(&CcpTimer, interval, &CcpTimerDpc);
    if (From == CC_LAZY_TIMED)
        KeCancelTimer(&CcpTimer);
    if (To == CC_LAZY_QUEUED)
        ExQueueWorkItem(&CcpLazyWork, DelayedWorkQueue);
    return TRUE;
}

static VOID NTAPI CcpLazyWrite(PVOID Context)
{
    CC_MAP *map;

    InterlockedExchange(&CcpState, CC_LAZY_RUNNING);
    for (map = CcpNextDirty(NULL); map != NULL; map = CcpNextDirty(map))
        CcpWriteMap(map);
    KeSetEvent(&CcpScanned, 0, FALSE);
    CcpPostDeferred();
    if (InterlockedCompareExchange(&CcpState, CC_LAZY_IDLE, CC_LAZY_RUNNING) == CC_LAZY_AGAIN) {
        CcpStep(CC_LAZY_AGAIN, CC_LAZY_QUEUED);
    } else if (MmCountAllDirtyPages() != 0 || !IsListEmpty(&CcpDeferred)) {
        CcpWakeLazyWriter(FALSE);
    }
}

static VOID NTAPI CcpTimerFired(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    CcpStep(CC_LAZY_TIMED, CC_LAZY_QUEUED);
}

VOID CcpWakeLazyWriter(BOOLEAN Soon)
{
    BOOLEAN done;

    do {
        switch (__atomic_load_n(&CcpState, __ATOMIC_ACQUIRE)) {
        case CC_LAZY_IDLE: done = CcpStep(CC_LAZY_IDLE, Soon ? CC_LAZY_QUEUED : CC_LAZY_TIMED); break;
        case CC_LAZY_TIMED: done = !Soon || CcpStep(CC_LAZY_TIMED, CC_LAZY_QUEUED); break;
        case CC_LAZY_RUNNING: done = !Soon || CcpStep(CC_LAZY_RUNNING, CC_LAZY_AGAIN); break;    /* else it looks at its end */
        default: done = TRUE; break;             /* it will run */
        }
    } while (!done);
}

VOID CcpInitializeLazyWriter(VOID)
{
    MM_STATISTICS statistics;

    MmQueryStatistics(&statistics);
    CcpDirtyLimit = statistics.TotalPages / 8;
    KeInitializeTimer(&CcpTimer);
    KeInitializeDpc(&CcpTimerDpc, CcpTimerFired, NULL);
    KeInitializeEvent(&CcpScanned, NotificationEvent, FALSE);
    ExInitializeWorkItem(&CcpLazyWork, CcpLazyWrite, NULL);
}

/* ---- Waiting for it ---- */
static VOID CcpAwaitPass(VOID)
{
    KeClearEvent(&CcpScanned);
    CcpWakeLazyWriter(TRUE);
    KeWaitForSingleObject(&CcpScanned, Executive, KernelMode, FALSE, NULL);
}

/* Everything that was dirty is written, or could not be. */
NTSTATUS NTAPI CcWaitForCurrentLazyWriterActivity(VOID)
{
    CcpAwaitPass();
    CcpAwaitPass();                              /* the first may have been under way */
    return STATUS_SUCCESS;
}

/* Before a file system takes its locks for a write. FALSE: too much is dirty, and Wait is FALSE. */
BOOLEAN NTAPI CcCanIWrite(PFILE_OBJECT FileObject, ULONG BytesToWrite, BOOLEAN Wait, BOOLEAN Retrying)
{
    while (!CcpMayWrite(BytesToWrite)) {
        if (!Wait)
            return FALSE;
        CcpAwaitPass();
    }
    return TRUE;
}

/* Calls PostRoutine when CcCanIWrite would say yes; at once when there is no memory to remember it. */
VOID NTAPI CcDeferWrite(PFILE_OBJECT FileObject, PCC_POST_DEFERRED_WRITE PostRoutine, PVOID Context1, PVOID Context2, ULONG BytesToWrite,
                        BOOLEAN Retrying)
{
    CC_DEFERRED *deferred = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*deferred), CC_TAG);

    if (deferred == NULL) {
        PostRoutine(Context1, Context2);
        return;
    }
    *deferred = (CC_DEFERRED){ .Post = PostRoutine, .Context1 = Context1, .Context2 = Context2, .Bytes = BytesToWrite };
    ExLockExclusive(&CcpMapLock);
    if (Retrying)
        InsertHeadList(&CcpDeferred, &deferred->Link);
    else
        InsertTailList(&CcpDeferred, &deferred->Link);
    ExUnlockExclusive(&CcpMapLock);
    CcpWakeLazyWriter(TRUE);
}

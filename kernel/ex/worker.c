/* SPDX-License-Identifier: MIT
 * System worker threads: three queues, each served by threads of one priority. A routine may block for as long as it likes, so a
 * queue whose threads are all busy gets another one, up to a limit, from the balance thread. Such a thread ends when it was idle for
 * EXP_IDLE.
 */
#include "exp.h"

#define EXP_FIRST_WORKERS 2
#define EXP_MOST_WORKERS 24
#define EXP_IDLE (-10000000ll)                   /* a second */

typedef struct EXP_QUEUE {
    LIST_ENTRY Items;                /* ExpWorkLock */
    KSEMAPHORE Available;            /* counts Items */
    LONG Idle, Threads;              /* ExpWorkLock */
    KPRIORITY Increment;             /* I over the System process's base priority */
} EXP_QUEUE;

static KE_LOCK ExpWorkLock = KE_LOCK_OF_RANK(KeRankWorkQueue);
static EXP_QUEUE ExpQueues[MaximumWorkQueue];
static KEVENT ExpBalance;            /* some queue has items and no idle thread */

static EXP_QUEUE *ExpQueueOf(WORK_QUEUE_TYPE Type)
{
    /* Everything but the three classic queues is a priority between them: served as delayed work. */
    return &ExpQueues[Type == CriticalWorkQueue || Type == HyperCriticalWorkQueue ? Type : DelayedWorkQueue];
}

VOID NTAPI ExQueueWorkItem(PWORK_QUEUE_ITEM WorkItem, WORK_QUEUE_TYPE QueueType)
{
    EXP_QUEUE *queue = ExpQueueOf(QueueType);
    KIRQL irql = KeLockAcquire(&ExpWorkLock);
    BOOLEAN starved;

    InsertTailList(&queue->Items, &WorkItem->List);
    starved = queue->Idle == 0;
    KeLockRelease(&ExpWorkLock, irql);
    KeReleaseSemaphore(&queue->Available, 0, 1, FALSE);
    if (starved)
        KeSetEvent(&ExpBalance, 0, FALSE);
}

/* Idle, for as long as that may be. */
static NTSTATUS ExpAwaitItem(EXP_QUEUE *Queue)
{
    LARGE_INTEGER idle = { .QuadPart = EXP_IDLE };
    BOOLEAN extra;
    KIRQL irql = KeLockAcquire(&ExpWorkLock);

    Queue->Idle++;
    extra = Queue->Threads > EXP_FIRST_WORKERS;
    KeLockRelease(&ExpWorkLock, irql);
    return KeWaitForSingleObject(&Queue->Available, WrQueue, KernelMode, FALSE, extra ? &idle : NULL);
}

/* Whoever queues something from now on sees one idle thread less. */
static BOOLEAN ExpRetire(EXP_QUEUE *Queue)
{
    KIRQL irql = KeLockAcquire(&ExpWorkLock);
    BOOLEAN retire = Queue->Threads > EXP_FIRST_WORKERS && IsListEmpty(&Queue->Items);

    Queue->Idle--;
    Queue->Threads -= retire;
    KeLockRelease(&ExpWorkLock, irql);
    return retire;
}

static PWORK_QUEUE_ITEM ExpTakeFirst(EXP_QUEUE *Queue)
{
    PWORK_QUEUE_ITEM item;
    BOOLEAN starved;
    KIRQL irql = KeLockAcquire(&ExpWorkLock);

    Queue->Idle--;
    item = CONTAINING_RECORD(RemoveHeadList(&Queue->Items), WORK_QUEUE_ITEM, List);
    item->List.Flink = NULL;
    starved = Queue->Idle == 0 && !IsListEmpty(&Queue->Items);
    KeLockRelease(&ExpWorkLock, irql);
    if (starved)                                 /* this thread may be about to block for long */
        KeSetEvent(&ExpBalance, 0, FALSE);
    return item;
}

/* NULL: the thread is not needed any more. */
static PWORK_QUEUE_ITEM ExpTakeItem(EXP_QUEUE *Queue)
{
    while (ExpAwaitItem(Queue) == STATUS_TIMEOUT)
        if (ExpRetire(Queue))
            return NULL;
    return ExpTakeFirst(Queue);
}

/* A routine must leave the thread as it found it: the next one would inherit what it did not undo. */
static VOID ExpCheckAfter(PWORKER_THREAD_ROUTINE Routine, PVOID Parameter, ULONG ApcDisable)
{
    if (KeIrql() != PASSIVE_LEVEL)
        KeBugCheckEx(WORKER_THREAD_RETURNED_AT_BAD_IRQL, (ULONG_PTR)Routine, KeIrql(), (ULONG_PTR)Parameter, 0);
    if (KeCurrentThread()->CombinedApcDisable != ApcDisable)
        KeBugCheckEx(KERNEL_APC_PENDING_DURING_EXIT, (ULONG_PTR)Routine, KeCurrentThread()->CombinedApcDisable, 0,
                     (ULONG_PTR)Parameter);
}

static VOID NTAPI ExpWorkerThread(PVOID Context)
{
    EXP_QUEUE *queue = Context;
    ULONG apcDisable = KeCurrentThread()->CombinedApcDisable;
    PWORK_QUEUE_ITEM item;

    KeSetBasePriorityThread(KeCurrentThread(), queue->Increment);
    while ((item = ExpTakeItem(queue)) != NULL) {
        PWORKER_THREAD_ROUTINE routine = item->WorkerRoutine;
        PVOID parameter = item->Parameter;       /* the item belongs to the routine from here */
        routine(parameter);
        ExpCheckAfter(routine, parameter, apcDisable);
    }
}

static BOOLEAN ExpStartWorker(EXP_QUEUE *Queue)
{
    HANDLE handle;
    if (!NT_SUCCESS(PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, ExpWorkerThread, Queue)))
        return FALSE;
    ZwClose(handle);
    return TRUE;
}

static BOOLEAN ExpNeedsWorker(EXP_QUEUE *Queue)
{
    KIRQL irql = KeLockAcquire(&ExpWorkLock);
    BOOLEAN needed = !IsListEmpty(&Queue->Items) && Queue->Idle == 0 && Queue->Threads < EXP_MOST_WORKERS;
    Queue->Threads += needed;
    KeLockRelease(&ExpWorkLock, irql);
    return needed;
}

static VOID NTAPI ExpBalanceThread(PVOID Context)
{
    ULONG i;

    KeSetBasePriorityThread(KeCurrentThread(), 8);       /* above those it is to relieve */
    for (;;) {
        KeWaitForSingleObject(&ExpBalance, Executive, KernelMode, FALSE, NULL);
        for (i = CriticalWorkQueue; i <= HyperCriticalWorkQueue; i++)
            if (ExpNeedsWorker(&ExpQueues[i]) && !ExpStartWorker(&ExpQueues[i]))
                InterlockedDecrement(&ExpQueues[i].Threads);
    }
}

VOID ExpInitializeWorkers(VOID)
{
    static const KPRIORITY increments[] = { [CriticalWorkQueue] = 5, [DelayedWorkQueue] = 4, [HyperCriticalWorkQueue] = 7 };
    HANDLE handle;
    ULONG i, j;

    KeInitializeEvent(&ExpBalance, SynchronizationEvent, FALSE);
    for (i = CriticalWorkQueue; i <= HyperCriticalWorkQueue; i++) {
        InitializeListHead(&ExpQueues[i].Items);
        KeInitializeSemaphore(&ExpQueues[i].Available, 0, MAXLONG);
        ExpQueues[i].Increment = increments[i];
        ExpQueues[i].Threads = EXP_FIRST_WORKERS;
        for (j = 0; j < EXP_FIRST_WORKERS; j++)
            if (!ExpStartWorker(&ExpQueues[i]))
                KeBugCheckEx(PHASE1_INITIALIZATION_FAILED, i, j, 0, 0);
    }
    if (!NT_SUCCESS(PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, ExpBalanceThread, NULL)))
        KeBugCheckEx(PHASE1_INITIALIZATION_FAILED, i, 0, 0, 0);
    ZwClose(handle);
}

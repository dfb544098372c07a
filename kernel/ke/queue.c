/* SPDX-License-Identifier: MIT
 * Queues (KQUEUE): entries that threads wait for, last waiter first, and no more than MaximumCount of the threads that took an entry
 * running at once. KTHREAD.Queue says which queue a thread belongs to. All under KiDispatcherLock.
 *
 * Header.SignalState is the number of entries. A thread that belongs to a queue and blocks elsewhere lets another one in
 * (KiQueueThreadBlocks), and counts again when its wait ends (KiUnwaitThreadLocked).
 */
#include "ki.h"
#include "kequeue.h"

VOID NTAPI KeInitializeQueue(PRKQUEUE Queue, ULONG Count)
{
    Queue->Header.Lock = 0;
    Queue->Header.Type = QueueObject;
    Queue->Header.Size = sizeof(KQUEUE) / sizeof(LONG);
    Queue->Header.SignalState = 0;
    InitializeListHead(&Queue->Header.WaitListHead);
    InitializeListHead(&Queue->EntryListHead);
    InitializeListHead(&Queue->ThreadListHead);
    Queue->CurrentCount = 0;
    Queue->MaximumCount = Count != 0 ? Count : (ULONG)KeNumberProcessors;
}

static PKQUEUE KiQueueOf(PKTHREAD Thread) { return (PKQUEUE)(PVOID)Thread->Queue; }

static VOID KiAssociateLocked(PKTHREAD Thread, PKQUEUE Queue)
{
    if (Thread->Queue != NULL)
        RemoveEntryList(&Thread->QueueListEntry);
    Thread->Queue = &Queue->Header;
    InsertTailList(&Queue->ThreadListHead, &Thread->QueueListEntry);
}

static PLIST_ENTRY KiTakeEntryLocked(PKQUEUE Queue)
{
    PLIST_ENTRY entry = RemoveHeadList(&Queue->EntryListHead);
    entry->Flink = NULL;
    Queue->Header.SignalState--;
    return entry;
}

/* Gives entries to waiters, the last one first, as long as more threads may run. */
static VOID KiServeQueueLocked(PKQUEUE Queue, KPRIORITY Increment) REQUIRES_LOCK(KiDispatcherLock)
{
    while (Queue->CurrentCount < Queue->MaximumCount && !IsListEmpty(&Queue->EntryListHead) &&
           !IsListEmpty(&Queue->Header.WaitListHead)) {
        PKWAIT_BLOCK block = CONTAINING_RECORD(Queue->Header.WaitListHead.Blink, KWAIT_BLOCK, WaitListEntry);
        KiUnwaitThreadLocked(block->Thread, (LONG64)KiTakeEntryLocked(Queue), Increment);
    }
}

VOID KiQueueThreadBlocks(PKTHREAD Thread)
{
    PKQUEUE queue = KiQueueOf(Thread);
    queue->CurrentCount--;
    KiServeQueueLocked(queue, 0);
}

static LONG KiInsertQueue(PKQUEUE Queue, PLIST_ENTRY Entry, BOOLEAN AtHead)
{
    KIRQL irql = KiLockDispatcher();
    LONG old = Queue->Header.SignalState;

    if (AtHead)
        InsertHeadList(&Queue->EntryListHead, Entry);
    else
        InsertTailList(&Queue->EntryListHead, Entry);
    Queue->Header.SignalState++;
    KiServeQueueLocked(Queue, 0);
    KiExitDispatcher(irql);
    return old;
}

LONG NTAPI KeInsertQueue(PRKQUEUE Queue, PLIST_ENTRY Entry) { return KiInsertQueue(Queue, Entry, FALSE); }
LONG NTAPI KeInsertHeadQueue(PRKQUEUE Queue, PLIST_ENTRY Entry) { return KiInsertQueue(Queue, Entry, TRUE); }
LONG NTAPI KeReadStateQueue(PRKQUEUE Queue) { return __atomic_load_n(&Queue->Header.SignalState, __ATOMIC_ACQUIRE); }

typedef struct KI_REMOVAL {
    KPROCESSOR_MODE Mode;
    BOOLEAN Alertable;
    const ULONG64 *DueTime;                      /* NULL: waits without end */
} KI_REMOVAL;

/* The thread is no longer counted among those that run. */
static LONG64 KiTakeOrBlockLocked(PKQUEUE Queue, const KI_REMOVAL *Removal, PKTHREAD Thread, KIRQL OldIrql) REQUIRES_LOCK(KiDispatcherLock)
{
    LONG64 status = STATUS_TIMEOUT;

    if (Queue->CurrentCount < Queue->MaximumCount && !IsListEmpty(&Queue->EntryListHead)) {
        Queue->CurrentCount++;
        return (LONG64)KiTakeEntryLocked(Queue);
    }
    if ((Removal->DueTime != NULL && *Removal->DueTime <= KiQueryInterruptTime()) ||
        KiWaitIsAlertedLocked(Thread, Removal->Mode, Removal->Alertable, &status)) {
        Queue->CurrentCount++;
        return status;
    }
    return KiBlockOnObjectLocked(Queue, WrQueue, Removal->Mode, Removal->Alertable, Removal->DueTime, OldIrql);
}

/* One attempt: an entry, a status such as STATUS_TIMEOUT in place of one, or STATUS_KERNEL_APC to try again. */
static LONG64 KiRemoveOnce(PKQUEUE Queue, const KI_REMOVAL *Removal)
{
    PKTHREAD thread = KeCurrentThread();
    KIRQL old = KiLockDispatcher();
    LONG64 result;

    if (old < APC_LEVEL && KiKernelApcIsDeliverable(thread)) {
        KiExitDispatcher(old);
        return STATUS_KERNEL_APC;
    }
    if (KiQueueOf(thread) != Queue) {
        if (thread->Queue != NULL)
            KiQueueThreadBlocks(thread);
        KiAssociateLocked(thread, Queue);
    } else {
        Queue->CurrentCount--;                   /* done with the entry it had */
    }
    result = KiTakeOrBlockLocked(Queue, Removal, thread, old);
    KiExitDispatcher(old);
    return result;
}

PLIST_ENTRY KeRemoveQueueAlertable(PRKQUEUE Queue, KPROCESSOR_MODE WaitMode, BOOLEAN Alertable, PLARGE_INTEGER Timeout)
{
    ULONG64 due = Timeout == NULL || Timeout->QuadPart == 0 ? 0 : KiDueTimeFromInterval(*Timeout);
    KI_REMOVAL removal = { WaitMode, Alertable, Timeout != NULL ? &due : NULL };
    LONG64 result;

    do {
        result = KiRemoveOnce(Queue, &removal);
    } while (result == STATUS_KERNEL_APC);
    return (PLIST_ENTRY)result;
}

PLIST_ENTRY NTAPI KeRemoveQueue(PRKQUEUE Queue, KPROCESSOR_MODE WaitMode, PLARGE_INTEGER Timeout)
{
    return KeRemoveQueueAlertable(Queue, WaitMode, FALSE, Timeout);
}

/* Detaches every thread and returns the entries as a list without a head, or NULL. No thread may wait. */
PLIST_ENTRY NTAPI KeRundownQueue(PRKQUEUE Queue)
{
    KIRQL irql = KiLockDispatcher();
    PLIST_ENTRY first = IsListEmpty(&Queue->EntryListHead) ? NULL : Queue->EntryListHead.Flink;

    ASSERT(IsListEmpty(&Queue->Header.WaitListHead));
    if (first != NULL)
        RemoveEntryList(&Queue->EntryListHead);
    InitializeListHead(&Queue->EntryListHead);
    Queue->Header.SignalState = 0;
    while (!IsListEmpty(&Queue->ThreadListHead))
        CONTAINING_RECORD(RemoveHeadList(&Queue->ThreadListHead), KTHREAD, QueueListEntry)->Queue = NULL;
    KiExitDispatcher(irql);
    return first;
}

/* SPDX-License-Identifier: MIT
 * Waiting for dispatcher objects. Everything here is under KiDispatcherLock: a thread's wait blocks hang in the lists of the
 * objects it waits for, and whoever signals an object walks its list in order and wakes whose condition holds.
 *
 * A wait ends with an object index, a timeout, an alert or user APC, or KI_STATUS_KERNEL_APC: a kernel APC has to run first, and
 * the wait starts over with the time that is left.
 */
#include "ki.h"

#define KI_STATUS_KERNEL_APC STATUS_KERNEL_APC

typedef struct KI_WAIT {
    ULONG Count;
    PVOID *Objects;
    WAIT_TYPE Type;
    KWAIT_REASON Reason;
    KPROCESSOR_MODE Mode;
    BOOLEAN Alertable;
    BOOLEAN HasTimeout;
    BOOLEAN Absolute;                /* DueTime follows changes of system time */
    BOOLEAN ById;                    /* KeAlertThreadById ends it */
    ULONG64 DueTime;                 /* interrupt time */
    PKWAIT_BLOCK Blocks;
} KI_WAIT;

BOOLEAN KiIsSignalledLocked(PVOID Object, PKTHREAD Thread)
{
    DISPATCHER_HEADER *header = Object;
    if (header->Type == MutantObject)
        return header->SignalState > 0 || ((PKMUTANT)Object)->OwnerThread == Thread;
    return header->SignalState > 0;
}

static VOID KiTakeMutant(PKMUTANT Mutant, PKTHREAD Thread)
{
    if (--Mutant->Header.SignalState != 0)
        return;
    Mutant->OwnerThread = Thread;
    Thread->KernelApcDisable -= Mutant->ApcDisable;
    InsertHeadList(&Thread->MutantListHead, &Mutant->MutantListEntry);
}

VOID KiSatisfyWaitLocked(PVOID Object, PKTHREAD Thread)
{
    DISPATCHER_HEADER *header = Object;
    switch (header->Type) {
    case EventSynchronizationObject:
    case TimerSynchronizationObject:
        header->SignalState = 0;
        break;
    case SemaphoreObject:
        header->SignalState--;
        break;
    case MutantObject:
        KiTakeMutant(Object, Thread);
        break;
    default:
        break;
    }
}

/* STATUS_ABANDONED_WAIT_0 once for a mutant whose owner died. */
static LONG64 KiAbandonedLocked(PVOID Object)
{
    PKMUTANT mutant = Object;
    if (mutant->Header.Type != MutantObject || !mutant->Abandoned)
        return 0;
    mutant->Abandoned = FALSE;
    return STATUS_ABANDONED_WAIT_0;
}

static BOOLEAN KiAllSignalledLocked(PKTHREAD Thread) REQUIRES_LOCK(KiDispatcherLock)
{
    PKWAIT_BLOCK block = Thread->WaitBlockList;
    ULONG i;
    for (i = 0; i < Thread->WaitBlockCount; i++)
        if (!KiIsSignalledLocked(block[i].Object, Thread))
            return FALSE;
    return TRUE;
}

static LONG64 KiSatisfyAllLocked(PKTHREAD Thread) REQUIRES_LOCK(KiDispatcherLock)
{
    PKWAIT_BLOCK block = Thread->WaitBlockList;
    LONG64 status = STATUS_WAIT_0;
    ULONG i;
    for (i = 0; i < Thread->WaitBlockCount; i++) {
        status |= KiAbandonedLocked(block[i].Object);
        KiSatisfyWaitLocked(block[i].Object, Thread);
    }
    return status;
}

VOID KiUnwaitThreadLocked(PKTHREAD Thread, LONG64 Status, KPRIORITY Increment)
{
    PKWAIT_BLOCK block = Thread->WaitBlockList;
    ULONG i;

    for (i = 0; i < Thread->WaitBlockCount; i++)
        RemoveEntryList(&block[i].WaitListEntry);
    if (Thread->Timer.Header.Inserted)
        KiRemoveTimerLocked(&Thread->Timer);
    Thread->WaitStatus = Status;
    Thread->WaitBlockCount = 0;
    if (Thread->Queue != NULL)
        ((PKQUEUE)(PVOID)Thread->Queue)->CurrentCount++;
    if (Thread->BasePriority < LOW_REALTIME_PRIORITY_ && Increment > 0 && !Thread->DisableBoost) {
        KPRIORITY boosted = min(Thread->BasePriority + Increment, LOW_REALTIME_PRIORITY_ - 1);
        if (boosted > Thread->Priority)
            Thread->Priority = (SCHAR)boosted;
    }
    KiReadyThreadLocked(Thread);
}

VOID KiWaitTestLocked(PVOID Object, KPRIORITY Increment)
{
    DISPATCHER_HEADER *header = Object;
    PLIST_ENTRY entry = header->WaitListHead.Flink, next;

    for (; entry != &header->WaitListHead && header->SignalState > 0; entry = next) {
        PKWAIT_BLOCK block = CONTAINING_RECORD(entry, KWAIT_BLOCK, WaitListEntry);
        PKTHREAD thread = block->Thread;
        LONG64 status = block->WaitKey;
        next = entry->Flink;
        if (block->WaitType == WaitAny) {
            status += KiAbandonedLocked(Object);
            KiSatisfyWaitLocked(Object, thread);
        } else if (KiAllSignalledLocked(thread)) {
            status = KiSatisfyAllLocked(thread);
        } else {
            continue;
        }
        KiUnwaitThreadLocked(thread, status, Increment);
        next = header->WaitListHead.Flink;       /* the thread may have had more blocks in this list */
    }
}

static VOID KiFillBlocks(const KI_WAIT *Wait, PKTHREAD Thread)
{
    ULONG i;
    for (i = 0; i < Wait->Count; i++) {
        PKWAIT_BLOCK block = &Wait->Blocks[i];
        block->WaitType = (UCHAR)Wait->Type;
        block->WaitKey = (USHORT)(Wait->Type == WaitAny ? i : 0);
        block->Thread = Thread;
        block->Object = Wait->Objects[i];
    }
    Thread->WaitBlockList = Wait->Blocks;
    Thread->WaitBlockCount = (UCHAR)Wait->Count;
}

/* Takes what is signalled already. TRUE: the wait is over with *Status. */
static BOOLEAN KiTryWaitLocked(const KI_WAIT *Wait, PKTHREAD Thread, LONG64 *Status) REQUIRES_LOCK(KiDispatcherLock)
{
    ULONG i;

    if (Wait->Type == WaitAll) {
        if (!KiAllSignalledLocked(Thread))
            return FALSE;
        *Status = KiSatisfyAllLocked(Thread);
        return TRUE;
    }
    for (i = 0; i < Wait->Count; i++) {
        if (!KiIsSignalledLocked(Wait->Objects[i], Thread))
            continue;
        *Status = (LONG64)i + KiAbandonedLocked(Wait->Objects[i]);
        KiSatisfyWaitLocked(Wait->Objects[i], Thread);
        return TRUE;
    }
    return FALSE;
}

/* Alerts and user APCs end an alertable wait. */
static BOOLEAN KiTestAlertLocked(const KI_WAIT *Wait, PKTHREAD Thread, LONG64 *Status)
{
    if (Wait->Alertable && Thread->Alerted[(UCHAR)Wait->Mode]) {
        Thread->Alerted[(UCHAR)Wait->Mode] = FALSE;
        *Status = STATUS_ALERTED;
        return TRUE;
    }
    if (Wait->Alertable && Wait->Mode == UserMode && !IsListEmpty(&Thread->ApcState.ApcListHead[UserMode]))
        Thread->ApcState.UserApcPending = TRUE;
    if (Wait->ById && Thread->AlertedByThreadId) {
        Thread->AlertedByThreadId = FALSE;
        *Status = STATUS_ALERTED;
        return TRUE;
    }
    if (Wait->Mode == UserMode && Thread->ApcState.UserApcPending) {
        *Status = STATUS_USER_APC;
        return TRUE;
    }
    return FALSE;
}

static VOID KiBlockLocked(const KI_WAIT *Wait, PKTHREAD Thread, KIRQL OldIrql) REQUIRES_LOCK(KiDispatcherLock)
{
    ULONG i;

    for (i = 0; i < Wait->Count; i++)
        InsertTailList(&KiHeader(Wait->Objects[i])->WaitListHead, &Wait->Blocks[i].WaitListEntry);
    if (Wait->HasTimeout) {
        Thread->Timer.Header.Absolute = Wait->Absolute;
        KiInsertTimerLocked(&Thread->Timer, Wait->DueTime);
    }
    Thread->Alertable = Wait->Alertable;
    Thread->WaitMode = Wait->Mode;
    Thread->WaitReason = (UCHAR)Wait->Reason;
    Thread->WaitIrql = OldIrql;
    Thread->State = Waiting;
    if (Thread->Queue != NULL && Wait->Reason != WrQueue)
        KiQueueThreadBlocks(Thread);
    KiSwapThreadLocked();
}

BOOLEAN KiWaitIsAlertedLocked(PKTHREAD Thread, KPROCESSOR_MODE Mode, BOOLEAN Alertable, LONG64 *Status)
{
    const KI_WAIT wait = { .Mode = Mode, .Alertable = Alertable };
    return KiTestAlertLocked(&wait, Thread, Status);
}

LONG64 KiBlockOnObjectLocked(PVOID Object, KWAIT_REASON Reason, KPROCESSOR_MODE Mode, BOOLEAN Alertable, const ULONG64 *DueTime,
                             KIRQL OldIrql)
{
    PKTHREAD thread = KeCurrentThread();
    KI_WAIT wait = { .Count = 1, .Objects = &Object, .Type = WaitAny, .Reason = Reason, .Mode = Mode, .Alertable = Alertable,
                     .HasTimeout = DueTime != NULL, .DueTime = DueTime != NULL ? *DueTime : 0, .Blocks = thread->WaitBlock };

    KiFillBlocks(&wait, thread);
    KiBlockLocked(&wait, thread, OldIrql);
    thread->WaitBlockCount = 0;
    return thread->WaitStatus;
}

/* One attempt. KI_STATUS_KERNEL_APC: try again after the APC ran. */
static LONG64 KiWaitOnce(const KI_WAIT *Wait)
{
    PKTHREAD thread = KeCurrentThread();
    KIRQL old = KiLockDispatcher();
    LONG64 status;

    if (old < APC_LEVEL && KiKernelApcIsDeliverable(thread)) {
        KiExitDispatcher(old);
        return KI_STATUS_KERNEL_APC;
    }
    KiFillBlocks(Wait, thread);
    if (!KiTryWaitLocked(Wait, thread, &status) && !KiTestAlertLocked(Wait, thread, &status)) {
        if (Wait->HasTimeout && Wait->DueTime <= KiQueryInterruptTime()) {
            status = STATUS_TIMEOUT;
        } else {
            KiBlockLocked(Wait, thread, old);
            status = thread->WaitStatus;
        }
    }
    thread->WaitBlockCount = 0;
    KiExitDispatcher(old);
    return status;
}

static NTSTATUS KiWait(KI_WAIT *Wait, PLARGE_INTEGER Timeout)
{
    LONG64 status;

    ASSERT(KeIrql() < DISPATCH_LEVEL || (Timeout != NULL && Timeout->QuadPart == 0 && KeIrql() == DISPATCH_LEVEL));
    Wait->HasTimeout = Timeout != NULL;
    if (Timeout != NULL) {
        Wait->DueTime = Timeout->QuadPart == 0 ? 0 : KiDueTimeFromInterval(*Timeout);
        Wait->Absolute = Timeout->QuadPart > 0;
    }
    do {
        status = KiWaitOnce(Wait);
    } while (status == KI_STATUS_KERNEL_APC);
    return (NTSTATUS)status;
}

NTSTATUS NTAPI KeWaitForSingleObject(PVOID Object, KWAIT_REASON WaitReason, KPROCESSOR_MODE WaitMode, BOOLEAN Alertable,
                                     PLARGE_INTEGER Timeout)
{
    KI_WAIT wait = { .Count = 1, .Objects = &Object, .Type = WaitAny, .Reason = WaitReason, .Mode = WaitMode,
                     .Alertable = Alertable, .Blocks = KeCurrentThread()->WaitBlock };
    return KiWait(&wait, Timeout);
}

NTSTATUS NTAPI KeWaitForMultipleObjects(ULONG Count, PVOID Object[], WAIT_TYPE WaitType, KWAIT_REASON WaitReason,
                                        KPROCESSOR_MODE WaitMode, BOOLEAN Alertable, PLARGE_INTEGER Timeout,
                                        PRKWAIT_BLOCK_DDK WaitBlockArray)
{
    KI_WAIT wait = { .Count = Count, .Objects = Object, .Type = WaitType, .Reason = WaitReason, .Mode = WaitMode,
                     .Alertable = Alertable, .Blocks = (PKWAIT_BLOCK)WaitBlockArray };

    if (Count == 0 || Count > MAXIMUM_WAIT_OBJECTS || (WaitBlockArray == NULL && Count > THREAD_WAIT_OBJECTS))
        KeBugCheckEx(MAXIMUM_WAIT_OBJECTS_EXCEEDED, Count, 0, 0, 0);
    if (WaitBlockArray == NULL)
        wait.Blocks = KeCurrentThread()->WaitBlock;
    return KiWait(&wait, Timeout);
}

NTSTATUS NTAPI KeDelayExecutionThread(KPROCESSOR_MODE WaitMode, BOOLEAN Alertable, PLARGE_INTEGER Interval)
{
    KI_WAIT wait = { .Count = 0, .Objects = NULL, .Type = WaitAny, .Reason = DelayExecution, .Mode = WaitMode,
                     .Alertable = Alertable, .Blocks = KeCurrentThread()->WaitBlock };
    NTSTATUS status, yielded = STATUS_SUCCESS;

    if (Interval->QuadPart == 0)
        yielded = KeYieldExecution();
    if (Interval->QuadPart == 0 && !Alertable)
        return yielded;
    status = KiWait(&wait, Interval);
    return status == STATUS_TIMEOUT ? yielded : status;
}

NTSTATUS KeWaitForAlertById(KPROCESSOR_MODE WaitMode, PLARGE_INTEGER Timeout)
{
    KI_WAIT wait = { .Count = 0, .Objects = NULL, .Type = WaitAny, .Reason = WrAlertByThreadId, .Mode = WaitMode, .ById = TRUE,
                     .Blocks = KeCurrentThread()->WaitBlock };
    return KiWait(&wait, Timeout);
}

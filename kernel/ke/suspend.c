/* SPDX-License-Identifier: MIT
 * Suspending threads. A suspended thread sits in its SchedulerApc, a normal kernel APC, and waits for its SuspendEvent; special kernel
 * APCs still run there. SuspendCount is under KiDispatcherLock.
 */
#include "ki.h"

#define KI_MAXIMUM_SUSPEND_COUNT 127

static VOID NTAPI KiPrepareSuspension(PRKAPC Apc, PKNORMAL_ROUTINE *NormalRoutine, PVOID *NormalContext, PVOID *SystemArgument1,
                                      PVOID *SystemArgument2)
{
    (void)Apc, (void)NormalRoutine, (void)NormalContext, (void)SystemArgument1, (void)SystemArgument2;
}

static VOID NTAPI KiStaySuspended(PVOID NormalContext, PVOID SystemArgument1, PVOID SystemArgument2)
{
    PKTHREAD thread = KeCurrentThread();

    (void)NormalContext, (void)SystemArgument1, (void)SystemArgument2;
    KeWaitForSingleObject(&thread->SuspendEvent, Suspended, KernelMode, FALSE, NULL);
}

VOID KiInitializeSuspension(PKTHREAD Thread)
{
    KeInitializeEvent(&Thread->SuspendEvent, NotificationEvent, TRUE);
    KeInitializeApc(&Thread->SchedulerApc, Thread, OriginalApcEnvironment, KiPrepareSuspension, NULL, KiStaySuspended, KernelMode, NULL);
}

NTSTATUS KeSuspendThread(PKTHREAD Thread, PULONG PreviousCount)
{
    NTSTATUS status = STATUS_SUCCESS;
    KIRQL irql = KiLockDispatcher();
    BOOLEAN first = FALSE;

    if (!Thread->ApcQueueable) {
        status = STATUS_THREAD_IS_TERMINATING;
    } else if (Thread->SuspendCount == KI_MAXIMUM_SUSPEND_COUNT) {
        status = STATUS_SUSPEND_COUNT_EXCEEDED;
    } else {
        *PreviousCount = (ULONG)Thread->SuspendCount++;
        first = *PreviousCount == 0;
        if (first)
            Thread->SuspendEvent.Header.SignalState = 0;
    }
    KiExitDispatcher(irql);
    if (first)
        KeInsertQueueApc(&Thread->SchedulerApc, NULL, NULL, 0);      /* or it is still on its way from the last time */
    return status;
}

static ULONG KiResumeLocked(PKTHREAD Thread, LONG Count) REQUIRES_LOCK(KiDispatcherLock)
{
    ULONG old = (ULONG)Thread->SuspendCount;

    if (old != 0) {
        Thread->SuspendCount = (CHAR)Count;
        if (Count == 0)
            KiSetEventLocked(&Thread->SuspendEvent, 0);
    }
    return old;
}

ULONG KeResumeThread(PKTHREAD Thread)
{
    KIRQL irql = KiLockDispatcher();
    ULONG old = KiResumeLocked(Thread, Thread->SuspendCount - 1);

    KiExitDispatcher(irql);
    return old;
}

VOID KeForceResumeThread(PKTHREAD Thread)
{
    KIRQL irql = KiLockDispatcher();
    KiResumeLocked(Thread, 0);
    KiExitDispatcher(irql);
}

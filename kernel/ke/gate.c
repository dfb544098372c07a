/* SPDX-License-Identifier: MIT
 * Gates: what a lock's waiter stands at. A signal lets one thread through, the one that waits longest or else the next that comes; a
 * wait has no timeout, and no alert and no user APC ends it. State under KiDispatcherLock, waits as everywhere (wait.c).
 */
#include "ki.h"

VOID KeInitializeGate(PKGATE Gate)
{
    Gate->Header.Lock = 0;
    Gate->Header.Type = GateObject;
    Gate->Header.Size = sizeof(KGATE) / sizeof(LONG);
    Gate->Header.SignalState = 0;
    InitializeListHead(&Gate->Header.WaitListHead);
}

/* One attempt: STATUS_KERNEL_APC to try again. */
static LONG64 KiWaitForGateOnce(PKGATE Gate, KWAIT_REASON Reason, KPROCESSOR_MODE Mode)
{
    KIRQL old = KiLockDispatcher();
    LONG64 status = STATUS_SUCCESS;

    if (old < APC_LEVEL && KiKernelApcIsDeliverable(KeCurrentThread()))
        status = STATUS_KERNEL_APC;
    else if (Gate->Header.SignalState != 0)
        Gate->Header.SignalState = 0;
    else
        status = KiBlockOnObjectLocked(Gate, Reason, Mode, FALSE, NULL, old);
    KiExitDispatcher(old);
    return status;
}

VOID KeWaitForGate(PKGATE Gate, KWAIT_REASON Reason, KPROCESSOR_MODE Mode)
{
    ASSERT(KeIrql() < DISPATCH_LEVEL);
    while (KiWaitForGateOnce(Gate, Reason, Mode) == STATUS_KERNEL_APC)
        continue;
}

/* What lifts Thread to the priority of the thread that lets it through; in a DPC that thread has nothing to do with it. */
static KPRIORITY KiGateIncrement(PKTHREAD Thread)
{
    return KeGetCurrentPrcb()->DpcRoutineActive ? 0 : max(KeCurrentThread()->Priority - Thread->BasePriority, 0);
}

VOID KeSignalGateBoostPriority(PKGATE Gate)
{
    KIRQL old = KiLockDispatcher();

    if (IsListEmpty(&Gate->Header.WaitListHead)) {
        Gate->Header.SignalState = 1;
    } else {
        PKTHREAD thread = CONTAINING_RECORD(Gate->Header.WaitListHead.Flink, KWAIT_BLOCK, WaitListEntry)->Thread;
        KiUnwaitThreadLocked(thread, STATUS_SUCCESS, KiGateIncrement(thread));
    }
    KiExitDispatcher(old);
}

/* SPDX-License-Identifier: MIT
 * Threaded DPCs: run at PASSIVE_LEVEL by a thread of each processor that no other thread preempts, priority 31, so that ordinary DPCs
 * and interrupts come in between. Their queue is the processor's second one; who puts the first entry in it asks for the dispatch
 * interrupt, whose DPC loop opens the gate at which the thread waits. On a processor without such a thread they are ordinary DPCs.
 */
#include "ki.h"

VOID NTAPI KeInitializeThreadedDpc(PRKDPC Dpc, PKDEFERRED_ROUTINE DeferredRoutine, PVOID DeferredContext)
{
    KeInitializeDpc(Dpc, DeferredRoutine, DeferredContext);
    Dpc->Type = KI_THREADED_DPC_OBJECT;
}

VOID KiWakeDpcThread(PKPRCB Prcb)
{
    if (Prcb->ThreadDpcState == 0)
        return;
    __atomic_store_n(&Prcb->ThreadDpcState, 0, __ATOMIC_SEQ_CST);
    KeSignalGateBoostPriority(&Prcb->DpcGate);
}

/* Where a routine may have left the thread elsewhere, or less urgent, this undoes it. */
static VOID KiSettleDpcThread(ULONG Number)
{
    KeSetSystemAffinityThreadEx(1ull << Number);
    KeSetPriorityThread(KeCurrentThread(), HIGH_PRIORITY);
}

VOID KeRunThreadedDpcs(PVOID Number)
{
    PKPRCB prcb = &KiProcessors[(ULONG_PTR)Number]->Pcr.Prcb;

    KeInitializeGate(&prcb->DpcGate);
    KiSettleDpcThread(prcb->Number);
    __atomic_store_n(&prcb->ThreadDpcEnable, TRUE, __ATOMIC_RELEASE);
    for (;;) {
        KeWaitForGate(&prcb->DpcGate, Executive, KernelMode);
        while (KiRunNextDpc(&prcb->DpcData[1], PASSIVE_LEVEL))
            KiSettleDpcThread(prcb->Number);
    }
}

/* ---- Locks for routines that run at either level ---- */
KIRQL NTAPI KeAcquireSpinLockForDpc(PKSPIN_LOCK SpinLock) { return KeAcquireSpinLockRaiseToDpc(SpinLock); }
VOID NTAPI KeReleaseSpinLockForDpc(PKSPIN_LOCK SpinLock, KIRQL OldIrql) { KeReleaseSpinLock(SpinLock, OldIrql); }

VOID NTAPI KeAcquireInStackQueuedSpinLockForDpc(PKSPIN_LOCK SpinLock, PKLOCK_QUEUE_HANDLE LockHandle)
{
    KeAcquireInStackQueuedSpinLock(SpinLock, LockHandle);
}

VOID NTAPI KeReleaseInStackQueuedSpinLockForDpc(PKLOCK_QUEUE_HANDLE LockHandle) { KeReleaseInStackQueuedSpinLock(LockHandle); }

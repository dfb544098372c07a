/* SPDX-License-Identifier: MIT
 * Semaphores. State under KiDispatcherLock.
 */
#include "ki.h"

VOID NTAPI KeInitializeSemaphore(PRKSEMAPHORE Semaphore, LONG Count, LONG Limit)
{
    Semaphore->Header.Lock = 0;
    Semaphore->Header.Type = SemaphoreObject;
    Semaphore->Header.Size = sizeof(KSEMAPHORE) / sizeof(LONG);
    Semaphore->Header.SignalState = Count;
    InitializeListHead(&Semaphore->Header.WaitListHead);
    Semaphore->Limit = Limit;
}

/* Past the limit nothing is changed and STATUS_SEMAPHORE_LIMIT_EXCEEDED is raised, as documented. */
LONG NTAPI KeReleaseSemaphore(PRKSEMAPHORE Semaphore, KPRIORITY Increment, LONG Adjustment, BOOLEAN Wait)
{
    KIRQL irql = KiLockDispatcher();
    LONG old = Semaphore->Header.SignalState;

    (void)Wait;
    if (Adjustment < 0 || Adjustment > Semaphore->Limit - old) {
        KiExitDispatcher(irql);
        ExRaiseStatus(STATUS_SEMAPHORE_LIMIT_EXCEEDED);
    }
    Semaphore->Header.SignalState = old + Adjustment;
    if (old == 0)
        KiWaitTestLocked(Semaphore, Increment);
    KiExitDispatcher(irql);
    return old;
}

LONG NTAPI KeReadStateSemaphore(PRKSEMAPHORE Semaphore)
{
    return __atomic_load_n(&Semaphore->Header.SignalState, __ATOMIC_ACQUIRE);
}

/* SPDX-License-Identifier: MIT
 * Mutexes (NT: mutants). SignalState 1 is free; the owner counts it down once for each acquisition. Under KiDispatcherLock.
 */
#include "ki.h"

static VOID KiInitializeMutant(PRKMUTANT Mutant, PKTHREAD Owner, UCHAR ApcDisable)
{
    KIRQL irql;

    Mutant->Header.Lock = 0;
    Mutant->Header.Type = MutantObject;
    Mutant->Header.Size = sizeof(KMUTANT) / sizeof(LONG);
    Mutant->Header.SignalState = Owner == NULL ? 1 : 0;
    InitializeListHead(&Mutant->Header.WaitListHead);
    Mutant->OwnerThread = Owner;
    Mutant->Abandoned = FALSE;
    Mutant->ApcDisable = ApcDisable;
    if (Owner == NULL)
        return;
    irql = KiLockDispatcher();
    InsertHeadList(&Owner->MutantListHead, &Mutant->MutantListEntry);
    KiExitDispatcher(irql);
}

VOID NTAPI KeInitializeMutex(PRKMUTEX Mutex, ULONG Level)
{
    (void)Level;
    KiInitializeMutant(Mutex, NULL, 1);
}

VOID NTAPI KeInitializeMutant(PRKMUTANT Mutant, BOOLEAN InitialOwner)
{
    KiInitializeMutant(Mutant, InitialOwner ? KeCurrentThread() : NULL, 0);
}

/* STATUS_MUTANT_NOT_OWNED is raised when the caller does not own it. Abandoned: whoever owned it is dying. */
LONG NTAPI KeReleaseMutant(PRKMUTANT Mutant, KPRIORITY Increment, BOOLEAN Abandoned, BOOLEAN Wait)
{
    PKTHREAD thread = KeCurrentThread();
    KIRQL irql = KiLockDispatcher();
    LONG old = Mutant->Header.SignalState;

    (void)Wait;
    if (!Abandoned && Mutant->OwnerThread != thread) {
        KiExitDispatcher(irql);
        ExRaiseStatus(Mutant->Abandoned ? STATUS_ABANDONED : STATUS_MUTANT_NOT_OWNED);
    }
    if (Abandoned) {
        Mutant->Header.SignalState = 1;
        Mutant->Abandoned = TRUE;
    } else {
        Mutant->Header.SignalState = old + 1;
    }
    if (Mutant->Header.SignalState == 1) {
        if (old <= 0) {
            RemoveEntryList(&Mutant->MutantListEntry);
            thread->KernelApcDisable += Mutant->ApcDisable;
        }
        Mutant->OwnerThread = NULL;
        KiWaitTestLocked(Mutant, Increment);
    }
    KiExitDispatcher(irql);
    return old;
}

LONG NTAPI KeReleaseMutex(PRKMUTEX Mutex, BOOLEAN Wait) { return KeReleaseMutant(Mutex, 1, FALSE, Wait); }
LONG NTAPI KeReadStateMutex(PRKMUTEX Mutex) { return __atomic_load_n(&Mutex->Header.SignalState, __ATOMIC_ACQUIRE); }

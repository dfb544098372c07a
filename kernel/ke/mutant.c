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

LONG KiReleaseMutantLocked(PRKMUTANT Mutant, KPRIORITY Increment, BOOLEAN Abandoned)
{
    PKTHREAD owner = Mutant->OwnerThread;
    LONG old = Mutant->Header.SignalState;

    Mutant->Header.SignalState = Abandoned ? 1 : old + 1;
    if (Abandoned)
        Mutant->Abandoned = TRUE;
    if (Mutant->Header.SignalState != 1)
        return old;
    if (old <= 0) {
        RemoveEntryList(&Mutant->MutantListEntry);
        if (Mutant->ApcDisable)                  /* then it is the owner who releases it */
            owner->KernelApcDisable++;
    }
    Mutant->OwnerThread = NULL;
    KiWaitTestLocked(Mutant, Increment);
    return old;
}

/* STATUS_MUTANT_NOT_OWNED is raised when the caller does not own it. Abandoned: whoever owned it is dying. */
LONG NTAPI KeReleaseMutant(PRKMUTANT Mutant, KPRIORITY Increment, BOOLEAN Abandoned, BOOLEAN Wait)
{
    PKTHREAD thread = KeCurrentThread();
    KIRQL irql = KiLockDispatcher();
    LONG old;

    (void)Wait;
    if (!Abandoned && Mutant->OwnerThread != thread) {
        KiExitDispatcher(irql);
        ExRaiseStatus(Mutant->Abandoned ? STATUS_ABANDONED : STATUS_MUTANT_NOT_OWNED);
    }
    old = KiReleaseMutantLocked(Mutant, Increment, Abandoned);
    KiExitDispatcher(irql);
    return old;
}

LONG NTAPI KeReleaseMutex(PRKMUTEX Mutex, BOOLEAN Wait) { return KeReleaseMutant(Mutex, 1, FALSE, Wait); }
LONG NTAPI KeReadStateMutex(PRKMUTEX Mutex) { return __atomic_load_n(&Mutex->Header.SignalState, __ATOMIC_ACQUIRE); }

VOID KeQueryMutant(PRKMUTANT Mutant, PLONG Count, PBOOLEAN Abandoned, PBOOLEAN OwnedByCaller, PCLIENT_ID Owner)
{
    KIRQL irql = KiLockDispatcher();

    *Count = Mutant->Header.SignalState;
    *Abandoned = Mutant->Abandoned;
    *OwnedByCaller = Mutant->OwnerThread == KeCurrentThread();
    if (Mutant->OwnerThread != NULL)
        *Owner = ((PETHREAD)Mutant->OwnerThread)->Cid;
    KiExitDispatcher(irql);
}

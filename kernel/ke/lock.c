/* SPDX-License-Identifier: MIT
 * Spin locks: the kernel's own, with ranks, and the drivers' KSPIN_LOCK. Both are one word, 0 free and 1 held; a waiter reads
 * until it is free before it tries again, and interrupts above DISPATCH_LEVEL stay on meanwhile.
 *
 * Raising IRQL is the capability KiAtDispatch for the compiler's lock analysis; the bodies here are what it rests on.
 */
#include "ki.h"

static inline VOID KiSpinAcquire(PKSPIN_LOCK Lock)
{
    while (__atomic_exchange_n(Lock, 1, __ATOMIC_ACQUIRE) != 0)
        while (__atomic_load_n(Lock, __ATOMIC_RELAXED) != 0)
            KiPause();
}

static inline VOID KiSpinRelease(PKSPIN_LOCK Lock)
{
    __atomic_store_n(Lock, 0, __ATOMIC_RELEASE);
}

#if DBG
static VOID KiCheckRank(const KE_LOCK *Lock)
{
    KI_PROCESSOR *processor = KeCurrentProcessor();
    if (processor->HeldRanks >> Lock->Rank != 0)
        KeBugCheckEx(SPIN_LOCK_INIT_FAILURE, (ULONG_PTR)Lock, Lock->Rank, processor->HeldRanks, 0);
    processor->HeldRanks |= 1ull << Lock->Rank;
}

static VOID KiForgetRank(const KE_LOCK *Lock)
{
    KI_PROCESSOR *processor = KeCurrentProcessor();
    ASSERT(processor->HeldRanks & 1ull << Lock->Rank);
    processor->HeldRanks &= ~(1ull << Lock->Rank);
}
#else
static inline VOID KiCheckRank(const KE_LOCK *Lock) { (void)Lock; }
static inline VOID KiForgetRank(const KE_LOCK *Lock) { (void)Lock; }
#endif

VOID KeLockAcquireAtDispatch(KE_LOCK *Lock) UNCHECKED_LOCKS
{
    KiCheckRank(Lock);
    KiSpinAcquire(&Lock->Lock);
    Lock->OwnerProcessor = KeProcessorNumber() + 1;
}

VOID KeLockReleaseFromDispatch(KE_LOCK *Lock) UNCHECKED_LOCKS
{
    ASSERT(KeLockIsHeld(Lock));
    KiForgetRank(Lock);
    Lock->OwnerProcessor = 0;
    KiSpinRelease(&Lock->Lock);
}

KIRQL KeLockAcquire(KE_LOCK *Lock) UNCHECKED_LOCKS
{
    KIRQL old = KeIrql();
    if (old < DISPATCH_LEVEL)
        KiWriteCr8(DISPATCH_LEVEL);
    KeLockAcquireAtDispatch(Lock);
    return old;
}

VOID KeLockRelease(KE_LOCK *Lock, KIRQL OldIrql) UNCHECKED_LOCKS
{
    KeLockReleaseFromDispatch(Lock);
    if (OldIrql < DISPATCH_LEVEL)
        KiWriteCr8(OldIrql);
}

BOOLEAN KeLockIsHeld(const KE_LOCK *Lock)
{
    return Lock->OwnerProcessor == KeProcessorNumber() + 1;
}

/* ---- Drivers' locks ---- */
#undef KeInitializeSpinLock
VOID NTAPI KeInitializeSpinLock(PKSPIN_LOCK SpinLock) { *SpinLock = 0; }

KIRQL NTAPI KeAcquireSpinLockRaiseToDpc(PKSPIN_LOCK SpinLock)
{
    KIRQL old = KeIrql();
    KiWriteCr8(DISPATCH_LEVEL);
    KiSpinAcquire(SpinLock);
    return old;
}

KIRQL NTAPI KeAcquireSpinLockRaiseToSynch(PKSPIN_LOCK SpinLock)
{
    KIRQL old = KfRaiseIrql(SYNCH_LEVEL);
    KiSpinAcquire(SpinLock);
    return old;
}

VOID NTAPI KeReleaseSpinLock(PKSPIN_LOCK SpinLock, KIRQL NewIrql)
{
    KiSpinRelease(SpinLock);
    KiWriteCr8(NewIrql);
}

VOID NTAPI KeAcquireSpinLockAtDpcLevel(PKSPIN_LOCK SpinLock) { KiSpinAcquire(SpinLock); }
VOID NTAPI KeReleaseSpinLockFromDpcLevel(PKSPIN_LOCK SpinLock) { KiSpinRelease(SpinLock); }

BOOLEAN NTAPI KeTryToAcquireSpinLockAtDpcLevel(PKSPIN_LOCK SpinLock)
{
    return __atomic_load_n(SpinLock, __ATOMIC_RELAXED) == 0 && __atomic_exchange_n(SpinLock, 1, __ATOMIC_ACQUIRE) == 0;
}

BOOLEAN NTAPI KeTestSpinLock(PKSPIN_LOCK SpinLock)
{
    return __atomic_load_n(SpinLock, __ATOMIC_RELAXED) == 0;
}

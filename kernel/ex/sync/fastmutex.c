/* SPDX-License-Identifier: MIT
 * Fast mutexes: one owner, not recursive, held at APC_LEVEL (the plain functions) or with APCs off by other means (...Unsafe).
 * Count is 1 when free and counts down once for the owner and each waiter, so a release knows whether to hand over; the gate
 * carries the lock to one waiter. Drivers initialize the structure inline: its layout is ABI, and the gate is what they initialize as a
 * synchronization event that is not signalled.
 */
#include "exsync.h"
#include "ke.h"

C_ASSERT(sizeof(KGATE) == sizeof(KEVENT));
static inline PKGATE ExpGateOf(PFAST_MUTEX Mutex) { return (PKGATE)&Mutex->Event; }

static VOID ExpWaitForFastMutex(PFAST_MUTEX Mutex)
{
    InterlockedIncrement((volatile LONG *)&Mutex->Contention);
    KeWaitForGate(ExpGateOf(Mutex), WrFastMutex, KernelMode);
}

static VOID ExpAcquireFastMutex(PFAST_MUTEX Mutex)
{
    ASSERT(Mutex->Owner != KeCurrentThread());
    if (InterlockedDecrement(&Mutex->Count) != 0)
        ExpWaitForFastMutex(Mutex);
    Mutex->Owner = KeCurrentThread();
}

static VOID ExpReleaseFastMutex(PFAST_MUTEX Mutex)
{
    ASSERT(Mutex->Owner == KeCurrentThread());
    Mutex->Owner = NULL;
    if (InterlockedIncrement(&Mutex->Count) <= 0)
        KeSignalGateBoostPriority(ExpGateOf(Mutex));
}

VOID FASTCALL ExAcquireFastMutexUnsafe(PFAST_MUTEX Mutex) { ExpAcquireFastMutex(Mutex); }
VOID FASTCALL ExReleaseFastMutexUnsafe(PFAST_MUTEX Mutex) { ExpReleaseFastMutex(Mutex); }

VOID FASTCALL ExAcquireFastMutex(PFAST_MUTEX Mutex)
{
    KIRQL irql;
    ASSERT(KeIrql() <= APC_LEVEL);
    irql = KfRaiseIrql(APC_LEVEL);
    ExpAcquireFastMutex(Mutex);
    Mutex->OldIrql = irql;
}

VOID FASTCALL ExReleaseFastMutex(PFAST_MUTEX Mutex)
{
    KIRQL irql = (KIRQL)Mutex->OldIrql;
    ExpReleaseFastMutex(Mutex);
    KeLowerIrql(irql);
}

BOOLEAN FASTCALL ExTryToAcquireFastMutex(PFAST_MUTEX Mutex)
{
    KIRQL irql;
    ASSERT(KeIrql() <= APC_LEVEL);
    irql = KfRaiseIrql(APC_LEVEL);
    if (InterlockedCompareExchange(&Mutex->Count, 0, 1) != 1) {
        KeLowerIrql(irql);
        return FALSE;
    }
    Mutex->Owner = KeCurrentThread();
    Mutex->OldIrql = irql;
    return TRUE;
}

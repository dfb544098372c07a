/* SPDX-License-Identifier: MIT
 * In-stack queued spin locks: the lock word is the tail of a queue of waiters, each spinning on its own handle; first come, first
 * served. Bit 0 of a handle's Lock says that it still waits. A lock is used either this way or as a plain spin lock, never both.
 */
#include "ki.h"

#define WAITING 1ull

static PKSPIN_LOCK_QUEUE KiSwapTail(PKSPIN_LOCK Lock, PKSPIN_LOCK_QUEUE Queue)
{
    return (PKSPIN_LOCK_QUEUE)__atomic_exchange_n(Lock, (KSPIN_LOCK)Queue, __ATOMIC_ACQ_REL);
}

static VOID KiQueueForLock(PKSPIN_LOCK Lock, PKSPIN_LOCK_QUEUE Queue)
{
    PKSPIN_LOCK_QUEUE before;

    Queue->Next = NULL;
    Queue->Lock = (PKSPIN_LOCK)((ULONG64)Lock | WAITING);
    before = KiSwapTail(Lock, Queue);
    if (before == NULL) {
        Queue->Lock = Lock;
        return;
    }
    __atomic_store_n((PKSPIN_LOCK_QUEUE *)&before->Next, Queue, __ATOMIC_RELEASE);
    while ((ULONG64)__atomic_load_n((PKSPIN_LOCK *)&Queue->Lock, __ATOMIC_ACQUIRE) & WAITING)
        KiPause();
}

static VOID KiPassLock(PKSPIN_LOCK_QUEUE Queue)
{
    PKSPIN_LOCK lock = (PKSPIN_LOCK)Queue->Lock;
    KSPIN_LOCK expected = (KSPIN_LOCK)Queue;
    PKSPIN_LOCK_QUEUE next = __atomic_load_n((PKSPIN_LOCK_QUEUE *)&Queue->Next, __ATOMIC_ACQUIRE);

    if (next == NULL && __atomic_compare_exchange_n(lock, &expected, 0, FALSE, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
        return;
    while (next == NULL) {                       /* somebody swapped the tail and is about to link itself */
        KiPause();
        next = __atomic_load_n((PKSPIN_LOCK_QUEUE *)&Queue->Next, __ATOMIC_ACQUIRE);
    }
    __atomic_store_n((PKSPIN_LOCK *)&next->Lock, lock, __ATOMIC_RELEASE);
}

VOID NTAPI KeAcquireInStackQueuedSpinLock(PKSPIN_LOCK SpinLock, PKLOCK_QUEUE_HANDLE LockHandle)
{
    LockHandle->OldIrql = KeIrql();
    KiWriteCr8(DISPATCH_LEVEL);
    KiQueueForLock(SpinLock, &LockHandle->LockQueue);
}

VOID NTAPI KeReleaseInStackQueuedSpinLock(PKLOCK_QUEUE_HANDLE LockHandle)
{
    KiPassLock(&LockHandle->LockQueue);
    KiWriteCr8(LockHandle->OldIrql);
}

VOID NTAPI KeAcquireInStackQueuedSpinLockAtDpcLevel(PKSPIN_LOCK SpinLock, PKLOCK_QUEUE_HANDLE LockHandle)
{
    KiQueueForLock(SpinLock, &LockHandle->LockQueue);
}

VOID NTAPI KeReleaseInStackQueuedSpinLockFromDpcLevel(PKLOCK_QUEUE_HANDLE LockHandle) { KiPassLock(&LockHandle->LockQueue); }

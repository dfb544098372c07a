/* SPDX-License-Identifier: MIT
 * Stress on locks. Each guards two counters that only its owner changes, without interlocked operations: they stay equal, and in
 * the end they are as many as the times the lock was held.
 */
#include "stress.h"

#define SEMAPHORE_COUNT 3

typedef struct GUARDED {
    volatile LONG First, Second;
    volatile LONG Inside;                   /* who is between, exclusively */
    volatile LONG Taken;                    /* interlocked: what First must be in the end */
} GUARDED;

static KSPIN_LOCK SpinLock;
static FAST_MUTEX FastMutex;
static KMUTEX Mutex;
static ERESOURCE Resource;
static IO_REMOVE_LOCK RemoveLock;
static KSEMAPHORE Semaphore;
static GUARDED Spun, Fast, Slow, Shared;
static volatile LONG Readers, Admitted, Removing;

/* What an exclusive owner does. */
static VOID Change(GUARDED *Guarded, STRESS_THREAD *Thread, BOOLEAN Pause)
{
    StressCheck(InterlockedIncrement(&Guarded->Inside) == 1, "one owner at a time");
    Guarded->First += 1;
    if (Pause)
        StressPause(Thread);
    Guarded->Second += 1;
    StressCheck(Guarded->First == Guarded->Second, "what a lock guards is whole");
    InterlockedIncrement(&Guarded->Taken);
    InterlockedDecrement(&Guarded->Inside);
}

VOID StressSpinLock(STRESS_THREAD *Thread)
{
    ULONG kind = StressRandom(Thread, 3);
    BOOLEAN taken = TRUE;
    KIRQL irql;

    if (kind == 0) {
        KeAcquireSpinLock(&SpinLock, &irql);
        Change(&Spun, Thread, FALSE);
        KeReleaseSpinLock(&SpinLock, irql);
        return;
    }
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    if (kind == 1)
        KeAcquireSpinLockAtDpcLevel(&SpinLock);
    else
        taken = KeTryToAcquireSpinLockAtDpcLevel(&SpinLock);
    if (taken) {
        Change(&Spun, Thread, FALSE);
        KeReleaseSpinLockFromDpcLevel(&SpinLock);
    }
    KeLowerIrql(irql);
}

VOID StressFastMutex(STRESS_THREAD *Thread)
{
    if (StressRandom(Thread, 3) != 0)
        ExAcquireFastMutex(&FastMutex);
    else if (!ExTryToAcquireFastMutex(&FastMutex))
        return;
    StressCheck(KeGetCurrentIrql() == APC_LEVEL, "a fast mutex is held at APC_LEVEL");
    Change(&Fast, Thread, TRUE);
    ExReleaseFastMutex(&FastMutex);
}

/* Held once or twice, and waited for with and without a limit. */
VOID StressMutex(STRESS_THREAD *Thread)
{
    BOOLEAN twice = StressRandom(Thread, 2) != 0;
    LARGE_INTEGER limit;

    limit.QuadPart = -(LONGLONG)StressRandom(Thread, 3) * MILLISECOND;
    if (KeWaitForSingleObject(&Mutex, Executive, KernelMode, FALSE, StressRandom(Thread, 3) == 0 ? &limit : NULL) == STATUS_TIMEOUT)
        return;
    if (twice)
        StressCheck(KeWaitForSingleObject(&Mutex, Executive, KernelMode, FALSE, NULL) == STATUS_SUCCESS, "a mutex is recursive");
    Change(&Slow, Thread, TRUE);
    if (twice)
        StressCheck(KeReleaseMutex(&Mutex, FALSE) < 0, "a mutex held twice is not free");
    KeReleaseMutex(&Mutex, FALSE);
}

/* ---- Resource ---- */

static VOID Read(STRESS_THREAD *Thread)
{
    LONG seen;

    InterlockedIncrement(&Readers);
    seen = Shared.First;
    StressCheck(Shared.Inside == 0, "no writer beside a reader");
    StressPause(Thread);
    StressCheck(Shared.First == seen && Shared.Second == seen, "nothing changes under a reader");
    InterlockedDecrement(&Readers);
}

static VOID Write(STRESS_THREAD *Thread)
{
    StressCheck(ExIsResourceAcquiredExclusiveLite(&Resource) && Readers == 0, "no reader beside a writer");
    Change(&Shared, Thread, TRUE);
    StressCheck(Readers == 0, "no reader comes while a writer is there");
}

/* Exclusive, sometimes twice, sometimes shared from then on. */
static VOID UseExclusive(STRESS_THREAD *Thread)
{
    if (!ExAcquireResourceExclusiveLite(&Resource, StressRandom(Thread, 4) != 0))
        return;
    Write(Thread);
    if (StressRandom(Thread, 3) == 0) {
        StressCheck(ExAcquireResourceExclusiveLite(&Resource, FALSE), "a resource is recursive");
        Write(Thread);
        ExReleaseResourceLite(&Resource);
        Write(Thread);
    }
    if (StressRandom(Thread, 3) == 0) {
        ExConvertExclusiveToSharedLite(&Resource);
        Read(Thread);
    }
    ExReleaseResourceLite(&Resource);
}

static VOID UseShared(STRESS_THREAD *Thread)
{
    BOOLEAN starve = StressRandom(Thread, 4) == 0;

    if (!(starve ? ExAcquireSharedStarveExclusive(&Resource, TRUE) : ExAcquireResourceSharedLite(&Resource, StressRandom(Thread, 4) != 0)))
        return;
    Read(Thread);
    ExReleaseResourceLite(&Resource);
}

VOID StressResource(STRESS_THREAD *Thread)
{
    KeEnterCriticalRegion();
    InterlockedIncrement(&Thread->Critical);
    if (StressRandom(Thread, 3) == 0)
        UseExclusive(Thread);
    else
        UseShared(Thread);
    InterlockedDecrement(&Thread->Critical);
    KeLeaveCriticalRegion();
}

/* ---- Remove lock and semaphore ---- */

VOID StressRemoveLock(STRESS_THREAD *Thread)
{
    if (!StressCheck(IoAcquireRemoveLock(&RemoveLock, Thread) == STATUS_SUCCESS, "a remove lock"))
        return;
    StressPause(Thread);
    StressCheck(Removing == 0, "nobody removes what is held");
    IoReleaseRemoveLock(&RemoveLock, Thread);
}

VOID StressSemaphore(STRESS_THREAD *Thread)
{
    KeWaitForSingleObject(&Semaphore, Executive, KernelMode, FALSE, NULL);
    StressCheck(InterlockedIncrement(&Admitted) <= SEMAPHORE_COUNT, "a semaphore admits no more than its count");
    StressPause(Thread);
    InterlockedDecrement(&Admitted);
    KeReleaseSemaphore(&Semaphore, IO_NO_INCREMENT, 1, FALSE);
}

VOID StressLocksStart(VOID)
{
    KeInitializeSpinLock(&SpinLock);
    ExInitializeFastMutex(&FastMutex);
    KeInitializeMutex(&Mutex, 0);
    ExInitializeResourceLite(&Resource);
    KeInitializeSemaphore(&Semaphore, SEMAPHORE_COUNT, SEMAPHORE_COUNT);
    IoInitializeRemoveLock(&RemoveLock, STRESS_TAG, 0, 0);
    IoAcquireRemoveLock(&RemoveLock, &RemoveLock);
}

static VOID CheckGuarded(GUARDED *Guarded, PCSTR What)
{
    StressCheck(Guarded->First == Guarded->Taken && Guarded->Second == Guarded->Taken, What);
}

VOID StressLocksFinish(VOID)
{
    CheckGuarded(&Spun, "every change under the spin lock counts");
    CheckGuarded(&Fast, "every change under the fast mutex counts");
    CheckGuarded(&Slow, "every change under the mutex counts");
    CheckGuarded(&Shared, "every change under the resource counts");
    StressCheck(KeReadStateMutex(&Mutex) == 1, "the mutex is free");
    StressCheck(KeReadStateSemaphore(&Semaphore) == SEMAPHORE_COUNT, "the semaphore's count is back");
    StressCheck(NT_SUCCESS(ExDeleteResourceLite(&Resource)), "the resource goes");
    IoReleaseRemoveLockAndWait(&RemoveLock, &RemoveLock);
    Removing = 1;
}

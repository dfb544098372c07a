/* SPDX-License-Identifier: MIT
 * Fast mutexes and rundown protection.
 */
#include "exsync.h"
#include "ke.h"
#include "test.h"

/* ---- Fast mutexes ---- */
typedef struct CONTEST {
    FAST_MUTEX Mutex;
    ULONG64 Count;
    volatile LONG Inside;
} CONTEST;

static VOID Exclusion(VOID)
{
    FAST_MUTEX mutex;

    ExInitializeFastMutex(&mutex);
    ExAcquireFastMutex(&mutex);
    CHECK(KeIrql() == APC_LEVEL && mutex.Owner == KeCurrentThread() && mutex.Count == 0);
    ExReleaseFastMutex(&mutex);
    CHECK(KeIrql() == PASSIVE_LEVEL && mutex.Owner == NULL && mutex.Count == 1);
}

static VOID Unsafe(VOID)
{
    FAST_MUTEX mutex;

    ExInitializeFastMutex(&mutex);
    KeEnterGuardedRegion();
    ExAcquireFastMutexUnsafe(&mutex);
    CHECK(KeIrql() == PASSIVE_LEVEL && mutex.Owner == KeCurrentThread());
    ExReleaseFastMutexUnsafe(&mutex);
    KeLeaveGuardedRegion();
    CHECK(mutex.Count == 1);
}

static VOID TryElsewhere(PVOID Context, ULONG Index)
{
    CHECK(!ExTryToAcquireFastMutex(Context) && KeIrql() == PASSIVE_LEVEL);
}

static VOID Try(VOID)
{
    FAST_MUTEX mutex;

    ExInitializeFastMutex(&mutex);
    CHECK(ExTryToAcquireFastMutex(&mutex) && KeIrql() == APC_LEVEL);
    ExReleaseFastMutex(&mutex);
    KeEnterCriticalRegion();
    ExAcquireFastMutexUnsafe(&mutex);
    TestRunThreads(1, TryElsewhere, &mutex);
    ExReleaseFastMutexUnsafe(&mutex);
    KeLeaveCriticalRegion();
}

static VOID Contend(PVOID Context, ULONG Index)
{
    CONTEST *contest = Context;
    ULONG i;
    for (i = 0; i < 1000; i++) {
        if (i % 8 == 7 && !ExTryToAcquireFastMutex(&contest->Mutex))
            continue;
        if (i % 8 != 7)
            ExAcquireFastMutex(&contest->Mutex);
        CHECK(InterlockedIncrement(&contest->Inside) == 1);
        contest->Count++;
        InterlockedDecrement(&contest->Inside);
        ExReleaseFastMutex(&contest->Mutex);
    }
}

static VOID Contention(VOID)
{
    CONTEST contest = { .Count = 0 };

    ExInitializeFastMutex(&contest.Mutex);
    TestRunThreads(8, Contend, &contest);
    CHECK(contest.Count >= 8 * 875 && contest.Count <= 8 * 1000);
    CHECK(contest.Mutex.Count == 1 && contest.Mutex.Owner == NULL);
}

/* ---- Rundown protection ---- */
typedef struct RUNDOWN {
    EX_RUNDOWN_REF Ref;
    volatile LONG Users, Gone, Entered;
    KEVENT Go;
} RUNDOWN;

static VOID Refuses(VOID)
{
    EX_RUNDOWN_REF ref;

    ExInitializeRundownProtection(&ref);
    CHECK(ExAcquireRundownProtection(&ref) && ref.Count == 2);
    ExReleaseRundownProtection(&ref);
    ExWaitForRundownProtectionRelease(&ref);
    CHECK(!ExAcquireRundownProtection(&ref));
    ExWaitForRundownProtectionRelease(&ref);     /* again: returns at once */
}

static VOID Counts(VOID)
{
    EX_RUNDOWN_REF ref;

    ExInitializeRundownProtection(&ref);
    CHECK(ExAcquireRundownProtectionEx(&ref, 3) && ref.Count == 6);
    ExReleaseRundownProtectionEx(&ref, 2);
    CHECK(ref.Count == 2);
    ExReleaseRundownProtection(&ref);
    CHECK(ref.Count == 0);
}

static VOID Again(VOID)
{
    EX_RUNDOWN_REF ref;

    ExInitializeRundownProtection(&ref);
    ExWaitForRundownProtectionRelease(&ref);
    ExRundownCompleted(&ref);
    CHECK(!ExAcquireRundownProtection(&ref));
    ExReInitializeRundownProtection(&ref);
    CHECK(ExAcquireRundownProtection(&ref));
    ExReleaseRundownProtection(&ref);
}

static VOID UseOrRunDown(PVOID Context, ULONG Index)
{
    RUNDOWN *rundown = Context;

    if (Index == 0) {
        while (rundown->Entered < 3)
            KeYieldExecution();
        ExWaitForRundownProtectionRelease(&rundown->Ref);
        CHECK(rundown->Users == 0);
        rundown->Gone = 1;
        return;
    }
    while (ExAcquireRundownProtection(&rundown->Ref)) {
        InterlockedIncrement(&rundown->Users);
        InterlockedIncrement(&rundown->Entered);
        CHECK(rundown->Gone == 0);
        KeYieldExecution();
        InterlockedDecrement(&rundown->Users);
        ExReleaseRundownProtection(&rundown->Ref);
    }
}

static VOID Waits(VOID)
{
    ULONG round;
    for (round = 0; round < 200; round++) {
        RUNDOWN rundown = { .Users = 0 };
        ExInitializeRundownProtection(&rundown.Ref);
        TestRunThreads(4, UseOrRunDown, &rundown);
        CHECK(rundown.Gone == 1 && rundown.Ref.Count == 1);
    }
}

static const KE_TEST tests[] = {
    { "exsync.fastmutex.exclusion", Exclusion, 0 }, { "exsync.fastmutex.unsafe", Unsafe, 0 },
    { "exsync.fastmutex.try", Try, 0 },             { "exsync.fastmutex.contention", Contention, 0 },
    { "exsync.rundown.refuses", Refuses, 0 },       { "exsync.rundown.counts", Counts, 0 },
    { "exsync.rundown.again", Again, 0 },           { "exsync.rundown.waits", Waits, 0 },
};
const KE_TEST_GROUP ExFastMutexTests = { tests, RTL_NUMBER_OF(tests) };

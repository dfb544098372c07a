/* SPDX-License-Identifier: MIT
 * Guarded mutexes.
 */
#include "exsync.h"
#include "ke.h"
#include "test.h"

typedef struct CONTEST {
    KGUARDED_MUTEX Mutex;
    ULONG64 Count;
    volatile LONG Inside;
} CONTEST;

static VOID Exclusion(VOID)
{
    KGUARDED_MUTEX mutex;

    KeInitializeGuardedMutex(&mutex);
    KeAcquireGuardedMutex(&mutex);
    CHECK(KeIrql() == PASSIVE_LEVEL && KeAreAllApcsDisabled() && ((PFAST_MUTEX)&mutex)->Owner == KeCurrentThread());
    KeReleaseGuardedMutex(&mutex);
    CHECK(!KeAreAllApcsDisabled());
    KeEnterGuardedRegion();
    KeAcquireGuardedMutexUnsafe(&mutex);
    KeReleaseGuardedMutexUnsafe(&mutex);
    KeLeaveGuardedRegion();
    CHECK(((PFAST_MUTEX)&mutex)->Count == 1);
}

static VOID TryElsewhere(PVOID Context, ULONG Index)
{
    CHECK(!KeTryToAcquireGuardedMutex(Context) && !KeAreAllApcsDisabled());
}

static VOID Try(VOID)
{
    KGUARDED_MUTEX mutex;

    KeInitializeGuardedMutex(&mutex);
    CHECK(KeTryToAcquireGuardedMutex(&mutex) && KeAreAllApcsDisabled());
    KeReleaseGuardedMutex(&mutex);
    KeEnterCriticalRegion();
    KeEnterGuardedRegion();
    KeAcquireGuardedMutexUnsafe(&mutex);
    KeLeaveGuardedRegion();
    TestRunThreads(1, TryElsewhere, &mutex);
    KeReleaseGuardedMutexUnsafe(&mutex);
    KeLeaveCriticalRegion();
}

static VOID Contend(PVOID Context, ULONG Index)
{
    CONTEST *contest = Context;
    ULONG i;
    for (i = 0; i < 1000; i++) {
        KeAcquireGuardedMutex(&contest->Mutex);
        CHECK(InterlockedIncrement(&contest->Inside) == 1);
        contest->Count++;
        InterlockedDecrement(&contest->Inside);
        KeReleaseGuardedMutex(&contest->Mutex);
    }
}

static VOID Contention(VOID)
{
    CONTEST contest = { .Count = 0 };

    KeInitializeGuardedMutex(&contest.Mutex);
    TestRunThreads(8, Contend, &contest);
    CHECK(contest.Count == 8 * 1000);
}

static const KE_TEST tests[] = {
    { "exsync.guardedmutex.exclusion", Exclusion, 0 },
    { "exsync.guardedmutex.try", Try, 0 },
    { "exsync.guardedmutex.contention", Contention, 0 },
};
const KE_TEST_GROUP ExGuardedMutexTests = { tests, RTL_NUMBER_OF(tests) };

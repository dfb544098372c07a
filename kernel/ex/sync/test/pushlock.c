/* SPDX-License-Identifier: MIT
 * Push locks alone and under contention.
 */
#include "exsync.h"
#include "ke.h"
#include "test.h"

typedef struct CONTEST {
    EX_PUSH_LOCK Lock;
    volatile LONG Writers, Readers;              /* inside now */
    volatile LONG MostReaders;
    ULONG64 Count;                               /* written under the lock only */
} CONTEST;

static VOID Exclusion(VOID)
{
    EX_PUSH_LOCK lock = { 0 };

    ExLockExclusive(&lock);
    CHECK(lock.Value == 1);
    CHECK(!ExfTryAcquirePushLockExclusive(&lock));
    ExUnlockExclusive(&lock);
    CHECK(lock.Value == 0);
}

static VOID Readers(VOID)
{
    EX_PUSH_LOCK lock = { 0 };

    ExLockShared(&lock);
    ExLockShared(&lock);
    CHECK(lock.Value == 0x21);
    CHECK(!ExfTryAcquirePushLockExclusive(&lock));
    ExUnlockShared(&lock);
    CHECK(lock.Value == 0x11);
    ExUnlockShared(&lock);
    CHECK(lock.Value == 0);
}

static VOID Try(VOID)
{
    EX_PUSH_LOCK lock = { 0 };

    KeEnterCriticalRegion();
    CHECK(ExfTryAcquirePushLockExclusive(&lock));
    CHECK(!ExfTryAcquirePushLockExclusive(&lock));
    ExfReleasePushLockExclusive(&lock);
    KeLeaveCriticalRegion();
    CHECK(lock.Value == 0);
}

static VOID Either(VOID)
{
    EX_PUSH_LOCK lock = { 0 };

    ExLockShared(&lock);
    ExfReleasePushLock(&lock);
    KeLeaveCriticalRegion();
    ExLockExclusive(&lock);
    ExfReleasePushLock(&lock);
    KeLeaveCriticalRegion();
    CHECK(lock.Value == 0);
}

static VOID Documented(VOID)
{
    ULONG_PTR word = 5;
    PEX_PUSH_LOCK lock = (PEX_PUSH_LOCK)&word;

    ExInitializePushLock(&word);
    CHECK(word == 0);
    KeEnterCriticalRegion();
    ExAcquirePushLockExclusiveEx(lock, 0);
    CHECK(word == 1);
    ExReleasePushLockExclusiveEx(lock, 0);
    ExAcquirePushLockSharedEx(lock, 0);
    CHECK(word == 0x11);
    ExReleasePushLockSharedEx(lock, 0);
    ExAcquirePushLockExclusiveEx(lock, 0);
    ExReleasePushLockEx(lock, 0);
    KeLeaveCriticalRegion();
    CHECK(word == 0);
}

static VOID Write(CONTEST *Contest)
{
    ExLockExclusive(&Contest->Lock);
    CHECK(InterlockedIncrement(&Contest->Writers) == 1 && Contest->Readers == 0);
    Contest->Count++;
    InterlockedDecrement(&Contest->Writers);
    ExUnlockExclusive(&Contest->Lock);
}

static VOID Read(CONTEST *Contest, BOOLEAN Linger)
{
    ULONG64 before;
    LONG inside;

    ExLockShared(&Contest->Lock);
    inside = InterlockedIncrement(&Contest->Readers);
    if (inside > Contest->MostReaders)
        Contest->MostReaders = inside;
    CHECK(Contest->Writers == 0);
    before = *(volatile ULONG64 *)&Contest->Count;
    if (Linger)
        KeYieldExecution();
    CHECK(before == *(volatile ULONG64 *)&Contest->Count);
    InterlockedDecrement(&Contest->Readers);
    ExUnlockShared(&Contest->Lock);
}

static VOID Contend(PVOID Context, ULONG Index)
{
    CONTEST *contest = Context;
    ULONG i;
    for (i = 0; i < 1000; i++) {
        if ((i + Index) % 4 == 0)
            Write(contest);
        else
            Read(contest, i % 64 == 0);
    }
}

static VOID Contention(VOID)
{
    CONTEST contest = { 0 };
    TestRunThreads(8, Contend, &contest);
    CHECK(contest.Count == 8 * 250);
    CHECK(contest.Lock.Value == 0 && contest.Readers == 0 && contest.Writers == 0);
}

/* A waiting writer is not passed by readers that come later, and the lock arrives in the order of the queue. */
typedef struct QUEUE {
    EX_PUSH_LOCK Lock;
    volatile LONG Waiting, Order[3], Next;
} QUEUE;

static VOID Stand(PVOID Context, ULONG Index)
{
    QUEUE *queue = Context;

    while (queue->Waiting != (LONG)Index)
        KeYieldExecution();
    if (Index == 0) {                            /* holds the lock until everybody stands in the queue */
        ExLockShared(&queue->Lock);
        InterlockedIncrement(&queue->Waiting);
        while (queue->Waiting != 3)
            KeYieldExecution();
        while ((*(volatile ULONG64 *)&queue->Lock.Value & 2) == 0)
            KeYieldExecution();
        ExUnlockShared(&queue->Lock);
        return;
    }
    InterlockedIncrement(&queue->Waiting);
    if (Index == 1) {
        ExLockExclusive(&queue->Lock);
        queue->Order[queue->Next++] = 1;
        ExUnlockExclusive(&queue->Lock);
        return;
    }
    while ((*(volatile ULONG64 *)&queue->Lock.Value & 2) == 0 && queue->Next == 0)
        KeYieldExecution();
    ExLockShared(&queue->Lock);
    queue->Order[queue->Next++] = 2;
    ExUnlockShared(&queue->Lock);
}

static VOID Fair(VOID)
{
    QUEUE queue = { 0 };
    TestRunThreads(3, Stand, &queue);
    CHECK(queue.Next == 2 && queue.Order[0] == 1 && queue.Order[1] == 2);
    CHECK(queue.Lock.Value == 0);
}

static const KE_TEST tests[] = {
    { "exsync.pushlock.exclusion", Exclusion, 0 },   { "exsync.pushlock.readers", Readers, 0 },
    { "exsync.pushlock.try", Try, 0 },               { "exsync.pushlock.either", Either, 0 },
    { "exsync.pushlock.documented", Documented, 0 }, { "exsync.pushlock.fair", Fair, 0 },
    { "exsync.pushlock.contention", Contention, 0 },
};
const KE_TEST_GROUP ExPushLockTests = { tests, RTL_NUMBER_OF(tests) };

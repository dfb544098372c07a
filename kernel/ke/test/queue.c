/* SPDX-License-Identifier: MIT
 * Queues and reader-writer spin locks.
 */
#include "test.h"
#include "ke.h"

typedef struct TEST_ENTRY {
    LIST_ENTRY Link;
    ULONG Number;
} TEST_ENTRY;

static ULONG TestNumberOf(PLIST_ENTRY Entry) { return CONTAINING_RECORD(Entry, TEST_ENTRY, Link)->Number; }

static VOID TestQueueOrder(VOID)
{
    KQUEUE queue;
    TEST_ENTRY entries[3] = { { .Number = 0 }, { .Number = 1 }, { .Number = 2 } };
    LARGE_INTEGER zero = { .QuadPart = 0 };

    KeInitializeQueue(&queue, 1);
    CHECK(KeRemoveQueue(&queue, KernelMode, &zero) == (PLIST_ENTRY)STATUS_TIMEOUT);
    CHECK(KeInsertQueue(&queue, &entries[0].Link) == 0);
    CHECK(KeInsertQueue(&queue, &entries[1].Link) == 1);
    CHECK(KeInsertHeadQueue(&queue, &entries[2].Link) == 2);
    CHECK(KeReadStateQueue(&queue) == 3);
    CHECK(TestNumberOf(KeRemoveQueue(&queue, KernelMode, NULL)) == 2);
    CHECK(TestNumberOf(KeRemoveQueue(&queue, KernelMode, NULL)) == 0);
    CHECK(queue.CurrentCount == 1);
    CHECK(KeRundownQueue(&queue) == &entries[1].Link);
    CHECK(KeCurrentThread()->Queue == NULL);
}

#define TEST_WORKERS 4u
#define TEST_ITEMS 400u

typedef struct TEST_POOL {
    KQUEUE Queue;
    TEST_ENTRY Entries[TEST_ITEMS];
    volatile LONG Done, Running, MostRunning;
} TEST_POOL;

/* Thread 0 feeds; the others work until the entry that says stop. */
static VOID TestQueueThread(PVOID Context, ULONG Index)
{
    TEST_POOL *pool = Context;
    ULONG i;

    if (Index == 0) {
        for (i = 0; i < TEST_ITEMS; i++)
            KeInsertQueue(&pool->Queue, &pool->Entries[i].Link);
        return;
    }
    for (;;) {
        ULONG number = TestNumberOf(KeRemoveQueue(&pool->Queue, KernelMode, NULL));
        LONG running = InterlockedIncrement(&pool->Running), most = pool->MostRunning;
        while (running > most && InterlockedCompareExchange(&pool->MostRunning, running, most) != most)
            most = pool->MostRunning;
        InterlockedIncrement(&pool->Done);
        InterlockedDecrement(&pool->Running);
        if (number == MAXULONG)
            return;
    }
}

static VOID TestQueueWorkers(VOID)
{
    static TEST_POOL pool;
    ULONG i;

    RtlZeroMemory(&pool, sizeof(pool));
    KeInitializeQueue(&pool.Queue, 2);
    for (i = 0; i < TEST_ITEMS; i++)
        pool.Entries[i].Number = i < TEST_ITEMS - TEST_WORKERS ? i : MAXULONG;
    TestRunThreads(TEST_WORKERS + 1, TestQueueThread, &pool);
    CHECK(pool.Done == TEST_ITEMS);
    CHECK(pool.MostRunning <= 2);
    KeRundownQueue(&pool.Queue);                 /* threads that have not quite ended still belong to it */
    CHECK(IsListEmpty(&pool.Queue.ThreadListHead));
}

/* ---- Reader-writer spin locks ---- */
static VOID TestRwStates(VOID)
{
    EX_SPIN_LOCK lock = 0;
    KIRQL irql = ExAcquireSpinLockShared(&lock);

    CHECK(irql == PASSIVE_LEVEL && KeGetCurrentIrql() == DISPATCH_LEVEL);
    ExAcquireSpinLockSharedAtDpcLevel(&lock);
    CHECK(!ExTryConvertSharedSpinLockExclusive(&lock));
    ExReleaseSpinLockSharedFromDpcLevel(&lock);
    CHECK(ExTryConvertSharedSpinLockExclusive(&lock));
    ExReleaseSpinLockExclusive(&lock, irql);
    CHECK(lock == 0 && KeGetCurrentIrql() == PASSIVE_LEVEL);
    irql = ExAcquireSpinLockExclusive(&lock);
    ExReleaseSpinLockExclusiveFromDpcLevel(&lock);
    ExAcquireSpinLockExclusiveAtDpcLevel(&lock);
    ExReleaseSpinLockExclusive(&lock, irql);
    irql = ExAcquireSpinLockShared(&lock);
    ExReleaseSpinLockShared(&lock, irql);
    CHECK(lock == 0);
}

typedef struct TEST_RW {
    EX_SPIN_LOCK Lock;
    ULONG64 Pair[2];                 /* Lock: always equal */
} TEST_RW;

static VOID TestRwThread(PVOID Context, ULONG Index)
{
    TEST_RW *rw = Context;
    ULONG i;

    for (i = 0; i < 1500; i++) {
        KIRQL irql;
        if (Index == 0) {
            irql = ExAcquireSpinLockExclusive(&rw->Lock);
            rw->Pair[0]++;
            rw->Pair[1]++;
            ExReleaseSpinLockExclusive(&rw->Lock, irql);
        } else {
            irql = ExAcquireSpinLockShared(&rw->Lock);
            CHECK(((volatile TEST_RW *)rw)->Pair[0] == ((volatile TEST_RW *)rw)->Pair[1]);
            ExReleaseSpinLockShared(&rw->Lock, irql);
        }
    }
}

static VOID TestRwContention(VOID)
{
    static TEST_RW rw;

    RtlZeroMemory(&rw, sizeof(rw));
    TestRunThreads(4, TestRwThread, &rw);
    CHECK(rw.Pair[0] == 1500 && rw.Lock == 0);
}

static const KE_TEST KiQueueTable[] = {
    { "ke.queue.order", TestQueueOrder, 0 },
    { "ke.queue.workers", TestQueueWorkers, 0 },
    { "ke.rwlock.states", TestRwStates, 0 },
    { "ke.rwlock.contention", TestRwContention, 0 },
};
const KE_TEST_GROUP KiQueueTests = { KiQueueTable, RTL_NUMBER_OF(KiQueueTable) };

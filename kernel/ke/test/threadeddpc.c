/* SPDX-License-Identifier: MIT
 * Threaded DPCs: where they run, what comes in between, and the locks for routines that run at either level.
 */
#include "test.h"
#include "../ki.h"

typedef struct TEST_THREADED {
    KDPC Dpc, Ordinary;
    KEVENT Ran;
    volatile LONG Runs, OrdinaryRuns;
    KIRQL Irql;
    KPRIORITY Priority;
    ULONG Processor;
    PVOID Arguments[2];
} TEST_THREADED;

static VOID NTAPI TestThreadedRoutine(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    TEST_THREADED *test = Context;

    test->Irql = KeGetCurrentIrql();
    test->Priority = KeQueryPriorityThread(KeGetCurrentThread());
    test->Processor = KeProcessorNumber();
    test->Arguments[0] = Argument1;
    test->Arguments[1] = Argument2;
    InterlockedIncrement(&test->Runs);
    KeSetEvent(&test->Ran, 0, FALSE);
}

static VOID TestInitThreaded(TEST_THREADED *Test, PKDEFERRED_ROUTINE Routine, ULONG Processor)
{
    RtlZeroMemory(Test, sizeof(*Test));
    KeInitializeEvent(&Test->Ran, SynchronizationEvent, FALSE);
    KeInitializeThreadedDpc(&Test->Dpc, Routine, Test);
    KeSetTargetProcessorDpc(&Test->Dpc, (CCHAR)Processor);
}

static VOID TestThreadedLevel(VOID)
{
    ULONG i, count = KeQueryActiveProcessorCount(NULL);

    for (i = 0; i < count; i++) {
        TEST_THREADED test;
        TestInitThreaded(&test, TestThreadedRoutine, i);
        CHECK(KeInsertQueueDpc(&test.Dpc, (PVOID)1, (PVOID)2));
        KeWaitForSingleObject(&test.Ran, Executive, KernelMode, FALSE, NULL);
        CHECK(test.Irql == PASSIVE_LEVEL && test.Priority == HIGH_PRIORITY && test.Processor == i);
        CHECK(test.Arguments[0] == (PVOID)1 && test.Arguments[1] == (PVOID)2);
    }
}

/* An ordinary DPC of the same processor runs in the middle of a threaded one. */
static VOID NTAPI TestOrdinaryRoutine(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    TEST_THREADED *test = Context;
    CHECK(KeIsExecutingDpc() && KeGetCurrentIrql() == DISPATCH_LEVEL);
    InterlockedIncrement(&test->OrdinaryRuns);
}

static VOID NTAPI TestInterruptedRoutine(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    TEST_THREADED *test = Context;

    KeInitializeDpc(&test->Ordinary, TestOrdinaryRoutine, test);
    KeInsertQueueDpc(&test->Ordinary, NULL, NULL);
    while (InterlockedOr(&test->OrdinaryRuns, 0) == 0)
        KiPause();
    CHECK(!KeIsExecutingDpc());
    KeSetEvent(&test->Ran, 0, FALSE);
}

static VOID TestThreadedInterrupted(VOID)
{
    TEST_THREADED test;

    TestInitThreaded(&test, TestInterruptedRoutine, 0);
    KeInsertQueueDpc(&test.Dpc, NULL, NULL);
    KeWaitForSingleObject(&test.Ran, Executive, KernelMode, FALSE, NULL);
    CHECK(test.OrdinaryRuns == 1);
}

/* On a processor without the thread it is an ordinary DPC. */
static VOID TestThreadedDisabled(VOID)
{
    TEST_THREADED test;
    KIRQL irql;

    KeSetSystemAffinityThreadEx(1);
    KeFlushQueuedDpcs();
    TestInitThreaded(&test, TestThreadedRoutine, 0);
    irql = KfRaiseIrql(DISPATCH_LEVEL);
    CHECK(KeGetCurrentPrcb()->ThreadDpcEnable);
    KeGetCurrentPrcb()->ThreadDpcEnable = FALSE;
    KeInsertQueueDpc(&test.Dpc, NULL, NULL);
    KeGetCurrentPrcb()->ThreadDpcEnable = TRUE;
    KeLowerIrql(irql);
    KeWaitForSingleObject(&test.Ran, Executive, KernelMode, FALSE, NULL);
    CHECK(test.Irql == DISPATCH_LEVEL && test.Runs == 1);
    KeRevertToUserAffinityThreadEx(0);
}

static VOID TestThreadedRemove(VOID)
{
    TEST_THREADED test;
    KIRQL irql;

    irql = KfRaiseIrql(DISPATCH_LEVEL);
    TestInitThreaded(&test, TestThreadedRoutine, KeProcessorNumber());
    CHECK(KeInsertQueueDpc(&test.Dpc, NULL, NULL) && !KeInsertQueueDpc(&test.Dpc, NULL, NULL));
    CHECK(KeRemoveQueueDpc(&test.Dpc) && !KeRemoveQueueDpc(&test.Dpc));
    KeLowerIrql(irql);
    KeFlushQueuedDpcs();
    CHECK(test.Runs == 0);
}

/* A threaded DPC that leaves its thread on another processor and less urgent does not harm the next one. */
static VOID NTAPI TestStrayingRoutine(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    KeSetSystemAffinityThreadEx(2);
    KeSetPriorityThread(KeGetCurrentThread(), 1);
}

static VOID TestThreadedStrays(VOID)
{
    TEST_THREADED straying, next;

    TestInitThreaded(&straying, TestStrayingRoutine, 0);
    TestInitThreaded(&next, TestThreadedRoutine, 0);
    KeInsertQueueDpc(&straying.Dpc, NULL, NULL);
    KeInsertQueueDpc(&next.Dpc, NULL, NULL);
    KeFlushQueuedDpcs();
    CHECK(next.Runs == 1 && next.Processor == 0 && next.Priority == HIGH_PRIORITY);
}

/* Threaded and ordinary DPCs of all processors count under the two locks; every insertion that said yes ran. */
typedef struct TEST_THREADED_STORM {
    KSPIN_LOCK Lock, Queued;
    ULONG64 Count, QueuedCount;                  /* Lock, Queued */
    volatile LONG Inserted;
    KDPC Dpcs[8];
} TEST_THREADED_STORM;

static VOID NTAPI TestCountingRoutine(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    TEST_THREADED_STORM *storm = Context;
    KLOCK_QUEUE_HANDLE handle;
    KIRQL before = KeGetCurrentIrql(), old = KeAcquireSpinLockForDpc(&storm->Lock);

    CHECK(old == before && KeGetCurrentIrql() == DISPATCH_LEVEL);
    storm->Count++;
    KeReleaseSpinLockForDpc(&storm->Lock, old);
    KeAcquireInStackQueuedSpinLockForDpc(&storm->Queued, &handle);
    CHECK(KeGetCurrentIrql() == DISPATCH_LEVEL);
    storm->QueuedCount++;
    KeReleaseInStackQueuedSpinLockForDpc(&handle);
    CHECK(KeGetCurrentIrql() == before);
}

static VOID TestThreadedStormThread(PVOID Context, ULONG Index)
{
    TEST_THREADED_STORM *storm = Context;
    ULONG i;

    for (i = 0; i < 1000; i++)
        if (KeInsertQueueDpc(&storm->Dpcs[(Index + i) % 8], NULL, NULL))
            InterlockedIncrement(&storm->Inserted);
}

static VOID TestThreadedContention(VOID)
{
    static TEST_THREADED_STORM storm;
    ULONG i;

    RtlZeroMemory(&storm, sizeof(storm));
    for (i = 0; i < 8; i++) {
        if (i % 2 == 0)
            KeInitializeThreadedDpc(&storm.Dpcs[i], TestCountingRoutine, &storm);
        else
            KeInitializeDpc(&storm.Dpcs[i], TestCountingRoutine, &storm);
    }
    TestRunThreads(4, TestThreadedStormThread, &storm);
    KeFlushQueuedDpcs();
    CHECK(storm.Count == (ULONG64)storm.Inserted && storm.QueuedCount == storm.Count && storm.Count >= 8);
}

static const KE_TEST KiThreadedDpcTable[] = {
    { "ke.threadeddpc.level", TestThreadedLevel, 0 },
    { "ke.threadeddpc.interrupted", TestThreadedInterrupted, 0 },
    { "ke.threadeddpc.disabled", TestThreadedDisabled, 0 },
    { "ke.threadeddpc.remove", TestThreadedRemove, 0 },
    { "ke.threadeddpc.strays", TestThreadedStrays, 2 },
    { "ke.threadeddpc.contention", TestThreadedContention, 0 },
};
const KE_TEST_GROUP KiThreadedDpcTests = { KiThreadedDpcTable, RTL_NUMBER_OF(KiThreadedDpcTable) };

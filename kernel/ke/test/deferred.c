/* SPDX-License-Identifier: MIT
 * DPCs, timers, APCs.
 */
#include "test.h"
#include "../ki.h"

typedef struct TEST_DPC {
    KDPC Dpc;
    KEVENT Ran;
    volatile LONG Runs;
    KIRQL Irql;
    ULONG Processor;
    PVOID Arguments[2];
    volatile LONG *Order;            /* shared counter, or NULL */
    LONG Place;
} TEST_DPC;

static VOID NTAPI TestDpcRoutine(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    TEST_DPC *test = Context;

    (void)Dpc;
    test->Irql = KeGetCurrentIrql();
    test->Processor = KeProcessorNumber();
    test->Arguments[0] = Argument1;
    test->Arguments[1] = Argument2;
    if (test->Order != NULL)
        test->Place = InterlockedIncrement(test->Order);
    InterlockedIncrement(&test->Runs);
    KeSetEvent(&test->Ran, 0, FALSE);
}

static VOID TestInitDpc(TEST_DPC *Test)
{
    RtlZeroMemory(Test, sizeof(*Test));
    KeInitializeEvent(&Test->Ran, SynchronizationEvent, FALSE);
    KeInitializeDpc(&Test->Dpc, TestDpcRoutine, Test);
}

static VOID TestWaitFor(TEST_DPC *Test)
{
    KeWaitForSingleObject(&Test->Ran, Executive, KernelMode, FALSE, NULL);
}

static VOID TestDpcRun(VOID)
{
    TEST_DPC test;
    KIRQL irql;

    TestInitDpc(&test);
    irql = KfRaiseIrql(DISPATCH_LEVEL);
    CHECK(KeInsertQueueDpc(&test.Dpc, (PVOID)1, (PVOID)2));
    CHECK(!KeInsertQueueDpc(&test.Dpc, (PVOID)3, (PVOID)4));
    CHECK(test.Runs == 0);
    KeLowerIrql(irql);
    TestWaitFor(&test);
    CHECK(test.Runs == 1 && test.Irql == DISPATCH_LEVEL);
    CHECK(test.Arguments[0] == (PVOID)1 && test.Arguments[1] == (PVOID)2);
}

static VOID TestDpcRemove(VOID)
{
    TEST_DPC test;
    KIRQL irql;

    TestInitDpc(&test);
    CHECK(!KeRemoveQueueDpc(&test.Dpc));
    irql = KfRaiseIrql(DISPATCH_LEVEL);
    KeInsertQueueDpc(&test.Dpc, NULL, NULL);
    CHECK(KeRemoveQueueDpc(&test.Dpc));
    KeLowerIrql(irql);
    KeFlushQueuedDpcs();
    CHECK(test.Runs == 0);
}

static VOID TestDpcImportance(VOID)
{
    TEST_DPC first, urgent;
    volatile LONG order = 0;
    KIRQL irql;

    TestInitDpc(&first);
    TestInitDpc(&urgent);
    first.Order = urgent.Order = &order;
    KeSetImportanceDpc(&urgent.Dpc, HighImportance);
    irql = KfRaiseIrql(DISPATCH_LEVEL);
    KeInsertQueueDpc(&first.Dpc, NULL, NULL);
    KeInsertQueueDpc(&urgent.Dpc, NULL, NULL);
    KeLowerIrql(irql);
    TestWaitFor(&first);
    CHECK(urgent.Place == 1 && first.Place == 2);
}

static VOID TestDpcTarget(VOID)
{
    ULONG count = KeQueryActiveProcessorCount(NULL), i;

    for (i = 0; i < count; i++) {
        TEST_DPC test;
        TestInitDpc(&test);
        KeSetTargetProcessorDpc(&test.Dpc, (CCHAR)i);
        KeInsertQueueDpc(&test.Dpc, NULL, NULL);
        TestWaitFor(&test);
        CHECK(test.Processor == i);
    }
}

static VOID TestDpcFlush(VOID)
{
    TEST_DPC tests[4];
    ULONG i, count = KeQueryActiveProcessorCount(NULL);

    for (i = 0; i < 4; i++) {
        TestInitDpc(&tests[i]);
        KeSetTargetProcessorDpc(&tests[i].Dpc, (CCHAR)(i % count));
        KeInsertQueueDpc(&tests[i].Dpc, NULL, NULL);
    }
    KeFlushQueuedDpcs();
    for (i = 0; i < 4; i++)
        CHECK(tests[i].Runs == 1);
}

/* A handler on the DPC stack: exceptions of DPCs are caught like any other. */
static VOID NTAPI TestCatchingDpc(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    TEST_DPC *test = Context;

    (void)Dpc, (void)Argument1, (void)Argument2;
    __try {
        ExRaiseStatus(STATUS_DISK_FULL);
    } __except (GetExceptionCode() == STATUS_DISK_FULL) {
        InterlockedIncrement(&test->Runs);
    }
    KeSetEvent(&test->Ran, 0, FALSE);
}

static VOID TestDpcException(VOID)
{
    ULONG i, count = KeQueryActiveProcessorCount(NULL);

    for (i = 0; i < count; i++) {
        TEST_DPC test;
        TestInitDpc(&test);
        test.Dpc.DeferredRoutine = TestCatchingDpc;
        KeSetTargetProcessorDpc(&test.Dpc, (CCHAR)i);
        KeInsertQueueDpc(&test.Dpc, NULL, NULL);
        TestWaitFor(&test);
        CHECK(test.Runs == 1);
    }
}

/* Every processor queues one DPC over and over; insertions that said yes and runs must agree. */
typedef struct TEST_DPC_STORM {
    TEST_DPC Test;
    volatile LONG Queued;
} TEST_DPC_STORM;

static VOID TestDpcStormThread(PVOID Context, ULONG Index)
{
    TEST_DPC_STORM *storm = Context;
    ULONG i;

    (void)Index;
    for (i = 0; i < 2000; i++)
        if (KeInsertQueueDpc(&storm->Test.Dpc, NULL, NULL))
            InterlockedIncrement(&storm->Queued);
}

static VOID TestDpcContention(VOID)
{
    static TEST_DPC_STORM storm;

    TestInitDpc(&storm.Test);
    storm.Queued = 0;
    TestRunThreads(4, TestDpcStormThread, &storm);
    KeFlushQueuedDpcs();
    CHECK(storm.Queued == storm.Test.Runs);
    CHECK(storm.Queued > 0);
}

/* ---- Timers ---- */
static VOID TestTimerRelative(VOID)
{
    KTIMER timer;
    TEST_DPC test;

    TestInitDpc(&test);
    KeInitializeTimer(&timer);
    CHECK(!KeReadStateTimer(&timer));
    CHECK(!KeSetTimer(&timer, (LARGE_INTEGER){ .QuadPart = -20000 }, &test.Dpc));
    KeWaitForSingleObject(&timer, Executive, KernelMode, FALSE, NULL);
    CHECK(KeReadStateTimer(&timer));
    TestWaitFor(&test);
    CHECK(test.Runs == 1);
}

static VOID TestTimerCancel(VOID)
{
    KTIMER timer;

    KeInitializeTimer(&timer);
    CHECK(!KeCancelTimer(&timer));
    KeSetTimer(&timer, (LARGE_INTEGER){ .QuadPart = -600000000 }, NULL);
    CHECK(KeSetTimer(&timer, (LARGE_INTEGER){ .QuadPart = -900000000 }, NULL));
    CHECK(KeCancelTimer(&timer));
    CHECK(!KeReadStateTimer(&timer));
}

static VOID TestTimerPeriodic(VOID)
{
    KTIMER timer;
    ULONG i;

    KeInitializeTimerEx(&timer, SynchronizationTimer);
    KeSetTimerEx(&timer, (LARGE_INTEGER){ .QuadPart = -10000 }, 2, NULL);
    for (i = 0; i < 4; i++)
        CHECK(KeWaitForSingleObject(&timer, Executive, KernelMode, FALSE, NULL) == STATUS_SUCCESS);
    CHECK(KeCancelTimer(&timer));
}

static VOID TestTimerPast(VOID)
{
    KTIMER timer;

    KeInitializeTimerEx(&timer, NotificationTimer);
    CHECK(!KeSetTimer(&timer, (LARGE_INTEGER){ .QuadPart = 1 }, NULL));
    CHECK(KeReadStateTimer(&timer));
}

/* A timer that goes into a list which the clock has left behind is found at the next look, not when the list comes up again. */
static VOID TestTimerLeftBehind(VOID)
{
    KTIMER timer;
    ULONG i;

    KeInitializeTimer(&timer);
    for (i = 0; i < 16; i++) {
        KIRQL irql = KiLockDispatcher();
        ULONG64 now = KiQueryInterruptTime();
        if (!KiTimersAreDue(now)) {
            KiInsertTimerLocked(&timer, now - 2 * HAL_CLOCK_INCREMENT);
            CHECK(KiTimersAreDue(now));
            KiRemoveTimerLocked(&timer);
        }
        KiExitDispatcher(irql);
        while (KiQueryInterruptTime() / HAL_CLOCK_INCREMENT == now / HAL_CLOCK_INCREMENT)
            KiPause();
    }
}

static VOID TestTimerDpcOnProcessor(VOID)
{
    KTIMER timer;
    TEST_DPC test;

    TestInitDpc(&test);
    KeSetTargetProcessorDpc(&test.Dpc, 1);
    KeInitializeTimer(&timer);
    KeSetTimer(&timer, (LARGE_INTEGER){ .QuadPart = -10000 }, &test.Dpc);
    TestWaitFor(&test);
    CHECK(test.Processor == 1);
}

/* ---- APCs ---- */
typedef struct TEST_APC {
    KAPC Apc;
    KEVENT Done;
    volatile LONG Kernel, Normal;
    KIRQL KernelIrql, NormalIrql;
    PKTHREAD Thread;
} TEST_APC;

static VOID NTAPI TestKernelRoutine(PKAPC Apc, PKNORMAL_ROUTINE *NormalRoutine, PVOID *NormalContext, PVOID *Argument1,
                                    PVOID *Argument2)
{
    TEST_APC *test = CONTAINING_RECORD(Apc, TEST_APC, Apc);

    (void)NormalContext, (void)Argument1, (void)Argument2;
    test->KernelIrql = KeGetCurrentIrql();
    test->Thread = KeCurrentThread();
    InterlockedIncrement(&test->Kernel);
    if (*NormalRoutine == NULL)
        KeSetEvent(&test->Done, 0, FALSE);
}

static VOID NTAPI TestNormalRoutine(PVOID Context, PVOID Argument1, PVOID Argument2)
{
    TEST_APC *test = Context;

    (void)Argument1, (void)Argument2;
    test->NormalIrql = KeGetCurrentIrql();
    InterlockedIncrement(&test->Normal);
    KeSetEvent(&test->Done, 0, FALSE);
}

static VOID TestApcSpecial(VOID)
{
    TEST_APC test = { .Kernel = 0 };

    KeInitializeEvent(&test.Done, NotificationEvent, FALSE);
    KeInitializeApc(&test.Apc, KeCurrentThread(), OriginalApcEnvironment, TestKernelRoutine, NULL, NULL, KernelMode, NULL);
    KeEnterCriticalRegion();                     /* does not stop a special one */
    CHECK(KeInsertQueueApc(&test.Apc, NULL, NULL, 0));
    CHECK(test.Kernel == 1 && test.KernelIrql == APC_LEVEL && test.Thread == KeCurrentThread());
    KeLeaveCriticalRegion();
}

static VOID TestApcNormal(VOID)
{
    TEST_APC test = { .Kernel = 0 };

    KeInitializeEvent(&test.Done, NotificationEvent, FALSE);
    KeInitializeApc(&test.Apc, KeCurrentThread(), OriginalApcEnvironment, TestKernelRoutine, NULL, TestNormalRoutine, KernelMode,
                    &test);
    KeEnterCriticalRegion();
    CHECK(KeInsertQueueApc(&test.Apc, NULL, NULL, 0));
    CHECK(!KeInsertQueueApc(&test.Apc, NULL, NULL, 0));
    CHECK(test.Kernel == 0);
    KeLeaveCriticalRegion();
    CHECK(test.Kernel == 1 && test.Normal == 1 && test.NormalIrql == PASSIVE_LEVEL);
}

static VOID TestApcRegions(VOID)
{
    TEST_APC test = { .Kernel = 0 };

    KeInitializeEvent(&test.Done, NotificationEvent, FALSE);
    KeInitializeApc(&test.Apc, KeCurrentThread(), OriginalApcEnvironment, TestKernelRoutine, NULL, NULL, KernelMode, NULL);
    KeEnterGuardedRegion();
    CHECK(KeAreAllApcsDisabled() && KeAreApcsDisabled());
    KeInsertQueueApc(&test.Apc, NULL, NULL, 0);
    CHECK(test.Kernel == 0);
    KeLeaveGuardedRegion();
    CHECK(test.Kernel == 1);
    CHECK(!KeAreApcsDisabled());
}

/* Queued or let through at APC_LEVEL, it arrives when the level is lowered. */
static VOID TestApcLevel(VOID)
{
    TEST_APC test = { .Kernel = 0 };
    KIRQL old;

    KeInitializeEvent(&test.Done, NotificationEvent, FALSE);
    KeInitializeApc(&test.Apc, KeCurrentThread(), OriginalApcEnvironment, TestKernelRoutine, NULL, NULL, KernelMode, NULL);
    old = KfRaiseIrql(APC_LEVEL);
    KeInsertQueueApc(&test.Apc, NULL, NULL, 0);
    CHECK(test.Kernel == 0);
    KeLowerIrql(old);
    CHECK(test.Kernel == 1);
    KeEnterGuardedRegion();
    KeInsertQueueApc(&test.Apc, NULL, NULL, 0);
    old = KfRaiseIrql(APC_LEVEL);
    KeLeaveGuardedRegion();
    CHECK(test.Kernel == 1);
    KeLowerIrql(old);
    CHECK(test.Kernel == 2);
}

/* An APC to a thread that waits: it runs there, and the wait goes on. */
typedef struct TEST_APC_TARGET {
    TEST_APC Apc;
    KEVENT Ready, Release;
    PKTHREAD Thread;
    NTSTATUS Status;
} TEST_APC_TARGET;

static VOID TestApcTargetThread(PVOID Context, ULONG Index)
{
    TEST_APC_TARGET *target = Context;

    if (Index == 0) {
        target->Thread = KeCurrentThread();
        KeSetEvent(&target->Ready, 0, FALSE);
        target->Status = KeWaitForSingleObject(&target->Release, Executive, KernelMode, FALSE, NULL);
        return;
    }
    KeWaitForSingleObject(&target->Ready, Executive, KernelMode, FALSE, NULL);
    KeInitializeApc(&target->Apc.Apc, target->Thread, OriginalApcEnvironment, TestKernelRoutine, NULL, NULL, KernelMode, NULL);
    KeInsertQueueApc(&target->Apc.Apc, NULL, NULL, 0);
    KeWaitForSingleObject(&target->Apc.Done, Executive, KernelMode, FALSE, NULL);
    KeSetEvent(&target->Release, 0, FALSE);
}

static VOID TestApcToWaiter(VOID)
{
    static TEST_APC_TARGET target;

    RtlZeroMemory(&target, sizeof(target));
    KeInitializeEvent(&target.Ready, NotificationEvent, FALSE);
    KeInitializeEvent(&target.Release, NotificationEvent, FALSE);
    KeInitializeEvent(&target.Apc.Done, NotificationEvent, FALSE);
    TestRunThreads(2, TestApcTargetThread, &target);
    CHECK(target.Apc.Kernel == 1);
    CHECK(target.Apc.Thread == target.Thread);
    CHECK(target.Status == STATUS_SUCCESS);
}

static const KE_TEST KiDeferredTable[] = {
    { "ke.dpc.run", TestDpcRun, 0 },
    { "ke.dpc.remove", TestDpcRemove, 0 },
    { "ke.dpc.importance", TestDpcImportance, 0 },
    { "ke.dpc.target", TestDpcTarget, 0 },
    { "ke.dpc.flush", TestDpcFlush, 0 },
    { "ke.dpc.exception", TestDpcException, 0 },
    { "ke.dpc.contention", TestDpcContention, 0 },
    { "ke.timer.relative", TestTimerRelative, 0 },
    { "ke.timer.cancel", TestTimerCancel, 0 },
    { "ke.timer.periodic", TestTimerPeriodic, 0 },
    { "ke.timer.past", TestTimerPast, 0 },
    { "ke.timer.left_behind", TestTimerLeftBehind, 0 },
    { "ke.timer.dpc_on_processor", TestTimerDpcOnProcessor, 2 },
    { "ke.apc.special", TestApcSpecial, 0 },
    { "ke.apc.normal", TestApcNormal, 0 },
    { "ke.apc.regions", TestApcRegions, 0 },
    { "ke.apc.level", TestApcLevel, 0 },
    { "ke.apc.to_waiter", TestApcToWaiter, 0 },
};
const KE_TEST_GROUP KiDeferredTests = { KiDeferredTable, RTL_NUMBER_OF(KiDeferredTable) };

/* SPDX-License-Identifier: MIT
 * Gates: state, order, boost, a kernel APC in between, contention.
 */
#include "test.h"
#include "ke.h"

static BOOLEAN TestWaiters(PKGATE Gate)
{
    return *(PLIST_ENTRY volatile *)&Gate->Header.WaitListHead.Flink != &Gate->Header.WaitListHead;
}

static VOID TestGateState(VOID)
{
    KGATE gate;

    KeInitializeGate(&gate);
    CHECK(gate.Header.Type == GateObject && gate.Header.Size == 6 && gate.Header.SignalState == 0);
    KeSignalGateBoostPriority(&gate);
    KeSignalGateBoostPriority(&gate);            /* two signals open it once */
    CHECK(gate.Header.SignalState == 1);
    KeWaitForGate(&gate, Executive, KernelMode);
    CHECK(gate.Header.SignalState == 0 && !TestWaiters(&gate));
}

/* A signal lets exactly one of two waiters through, lifted to the signaller's priority, and leaves the gate closed. */
typedef struct TEST_GATE {
    KGATE Gate;
    volatile LONG Ready, Through;
    volatile KPRIORITY Priority;
} TEST_GATE;

static VOID TestGateThread(PVOID Context, ULONG Index)
{
    TEST_GATE *test = Context;
    KPRIORITY base;

    if (Index != 0) {
        InterlockedIncrement(&test->Ready);
        KeWaitForGate(&test->Gate, Executive, UserMode);
        test->Priority = KeQueryPriorityThread(KeGetCurrentThread());
        InterlockedIncrement(&test->Through);
        return;
    }
    while (test->Gate.Header.WaitListHead.Flink == test->Gate.Header.WaitListHead.Blink)       /* until both wait */
        KeYieldExecution();
    base = KeSetPriorityThread(KeGetCurrentThread(), 14);
    KeSignalGateBoostPriority(&test->Gate);
    KeSetPriorityThread(KeGetCurrentThread(), base);
    while (InterlockedOr(&test->Through, 0) == 0)
        KeYieldExecution();
    CHECK(test->Through == 1 && TestWaiters(&test->Gate) && test->Gate.Header.SignalState == 0);
    CHECK(test->Priority > base);                /* 14, less what quanta took since */
    KeSignalGateBoostPriority(&test->Gate);
}

static VOID TestGateLetsOneThrough(VOID)
{
    TEST_GATE test = { .Through = 0 };

    KeInitializeGate(&test.Gate);
    TestRunThreads(3, TestGateThread, &test);
    CHECK(test.Through == 2 && test.Gate.Header.SignalState == 0 && !TestWaiters(&test.Gate));
}

/* A kernel APC runs while its thread stands at the gate, and does not let it through. */
typedef struct TEST_GATE_APC {
    KGATE Gate;
    PKTHREAD volatile Waiter;
    volatile LONG Ran, Through;
} TEST_GATE_APC;

static VOID NTAPI TestGateKernelRoutine(PKAPC Apc, PKNORMAL_ROUTINE *Normal, PVOID *Context, PVOID *Argument1, PVOID *Argument2)
{
    InterlockedIncrement(&((TEST_GATE_APC *)*Argument1)->Ran);
}

static VOID TestGateApcThread(PVOID Context, ULONG Index)
{
    TEST_GATE_APC *test = Context;
    KAPC apc;

    if (Index == 0) {
        test->Waiter = KeGetCurrentThread();
        KeWaitForGate(&test->Gate, Executive, KernelMode);
        test->Through = 1;
        return;
    }
    while (!TestWaiters(&test->Gate))
        KeYieldExecution();
    KeInitializeApc(&apc, test->Waiter, OriginalApcEnvironment, TestGateKernelRoutine, NULL, NULL, KernelMode, NULL);
    CHECK(KeInsertQueueApc(&apc, test, NULL, 0));
    while (InterlockedOr(&test->Ran, 0) == 0 || !TestWaiters(&test->Gate))
        KeYieldExecution();
    CHECK(test->Through == 0);
    KeSignalGateBoostPriority(&test->Gate);
}

static VOID TestGateApc(VOID)
{
    TEST_GATE_APC test = { .Ran = 0 };

    KeInitializeGate(&test.Gate);
    TestRunThreads(2, TestGateApcThread, &test);
    CHECK(test.Ran == 1 && test.Through == 1);
}

/* Four threads pass one permission round through a gate: never two inside, none lost. */
typedef struct TEST_PASS {
    KGATE Gate;
    volatile LONG Inside;
    ULONG64 Count;                               /* whoever is inside */
} TEST_PASS;

static VOID TestPassThread(PVOID Context, ULONG Index)
{
    TEST_PASS *pass = Context;
    ULONG i;

    for (i = 0; i < 1000; i++) {
        KeWaitForGate(&pass->Gate, Executive, KernelMode);
        CHECK(InterlockedIncrement(&pass->Inside) == 1);
        pass->Count++;
        if (i % 32 == Index)
            KeYieldExecution();
        InterlockedDecrement(&pass->Inside);
        KeSignalGateBoostPriority(&pass->Gate);
    }
}

static VOID TestGateContention(VOID)
{
    TEST_PASS pass = { .Count = 0 };

    KeInitializeGate(&pass.Gate);
    KeSignalGateBoostPriority(&pass.Gate);
    TestRunThreads(8, TestPassThread, &pass);
    CHECK(pass.Count == 8000 && pass.Gate.Header.SignalState == 1 && !TestWaiters(&pass.Gate));
}

static const KE_TEST KiGateTable[] = {
    { "ke.gate.state", TestGateState, 0 },
    { "ke.gate.one", TestGateLetsOneThrough, 0 },
    { "ke.gate.apc", TestGateApc, 0 },
    { "ke.gate.contention", TestGateContention, 0 },
};
const KE_TEST_GROUP KiGateTests = { KiGateTable, RTL_NUMBER_OF(KiGateTable) };

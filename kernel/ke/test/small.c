/* SPDX-License-Identifier: MIT
 * Routines of one line each: times, fences, flags of a thread.
 */
#include "test.h"
#include "ke.h"

static VOID TestPreciseTime(VOID)
{
    ULONG64 stamps[2] = { 0, 0 }, times[2], other = 5, published = KeQueryInterruptTime();
    LARGE_INTEGER frequency, before = KeQueryPerformanceCounter(&frequency);

    times[0] = KeQueryInterruptTimePrecise(&stamps[0]);
    times[1] = KeQueryInterruptTimePrecise(&stamps[1]);
    CHECK(stamps[0] >= (ULONG64)before.QuadPart && stamps[1] >= stamps[0] && times[1] >= times[0]);
    CHECK(times[0] >= published);
    CHECK((times[0] + 1) * (ULONG64)frequency.QuadPart / 10000000 + (ULONG64)frequency.QuadPart / 1000 >= stamps[0]);
    CHECK(KeConvertAuxiliaryCounterToPerformanceCounter(1, &other, NULL) == STATUS_NOT_SUPPORTED);
    CHECK(KeConvertPerformanceCounterToAuxiliaryCounter(1, &other, NULL) == STATUS_NOT_SUPPORTED && other == 5);
    CHECK(KeQueryAuxiliaryCounterFrequency(&other) == STATUS_NOT_SUPPORTED && other == 5);
}

static VOID TestSynchLock(VOID)
{
    KSPIN_LOCK lock;
    KIRQL old;

    KeInitializeSpinLock(&lock);
    old = KeAcquireSpinLockRaiseToSynch(&lock);
    CHECK(old == PASSIVE_LEVEL && KeGetCurrentIrql() == SYNCH_LEVEL && !KeTestSpinLock(&lock));
    KeReleaseSpinLock(&lock, old);
    CHECK(KeGetCurrentIrql() == PASSIVE_LEVEL && KeTestSpinLock(&lock));
}

static VOID TestWatchdog(VOID)
{
    KDPC_WATCHDOG_INFORMATION information = { 1, 1, 1, 1, 1 };
    KIRQL old;

    CHECK(KeQueryDpcWatchdogInformation(&information) == STATUS_UNSUCCESSFUL && information.DpcTimeLimit == 1);
    old = KfRaiseIrql(DISPATCH_LEVEL);
    CHECK(KeQueryDpcWatchdogInformation(&information) == STATUS_SUCCESS);
    KeLowerIrql(old);
    CHECK(information.DpcTimeLimit == 0 && information.DpcWatchdogLimit == 0);
}

static VOID TestStackSwap(VOID)
{
    CHECK(KeSetKernelStackSwapEnable(FALSE) && !KeSetKernelStackSwapEnable(FALSE) && !KeSetKernelStackSwapEnable(TRUE));
    CHECK(KeSetKernelStackSwapEnable(TRUE) && KeGetCurrentThread() == KeCurrentThread());
}

/* Each of two threads writes its own word and then reads the other's: with a fence between, not both can miss. */
typedef struct TEST_FENCE {
    volatile LONG Word[2], Seen[2], Arrived;
    BOOLEAN Io;
} TEST_FENCE;

static VOID TestFenceThread(PVOID Context, ULONG Index)
{
    TEST_FENCE *fence = Context;
    LONG round;

    for (round = 1; round <= 500; round++) {
        fence->Word[Index] = round;
        if (fence->Io)
            KeFlushIoBuffers(NULL, FALSE, TRUE);
        else
            KeFlushWriteBuffer();
        fence->Seen[Index] = fence->Word[1 - Index];
        InterlockedIncrement(&fence->Arrived);
        while (InterlockedOr(&fence->Arrived, 0) < round * 4 - 2)
            KeYieldExecution();
        CHECK(fence->Seen[0] == round || fence->Seen[1] == round);
        InterlockedIncrement(&fence->Arrived);
        while (InterlockedOr(&fence->Arrived, 0) < round * 4)
            KeYieldExecution();
    }
}

static VOID TestFences(VOID)
{
    TEST_FENCE fence;
    ULONG i;

    for (i = 0; i < 2; i++) {
        RtlZeroMemory(&fence, sizeof(fence));
        fence.Io = i != 0;
        TestRunThreads(2, TestFenceThread, &fence);
        CHECK(fence.Arrived == 2000);
    }
}

static const KE_TEST KiSmallTable[] = {
    { "ke.clock.precise", TestPreciseTime, 0 }, { "ke.lock.synch", TestSynchLock, 0 }, { "ke.dpc.watchdog", TestWatchdog, 0 },
    { "ke.thread.stackswap", TestStackSwap, 0 }, { "ke.fences", TestFences, 0 },
};
const KE_TEST_GROUP KiSmallTests = { KiSmallTable, RTL_NUMBER_OF(KiSmallTable) };

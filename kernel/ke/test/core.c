/* SPDX-License-Identifier: MIT
 * IRQL, spin locks, processors, clocks, threads, exceptions raised by software.
 */
#include "test.h"
#include "ke.h"
#include "kd.h"

static VOID TestIrql(VOID)
{
    KIRQL old = KfRaiseIrql(APC_LEVEL);

    CHECK(old == PASSIVE_LEVEL && KeGetCurrentIrql() == APC_LEVEL);
    CHECK(KeRaiseIrqlToDpcLevel() == APC_LEVEL && KiReadCr8() == DISPATCH_LEVEL);
    KeLowerIrql(APC_LEVEL);
    KeLowerIrql(old);
    CHECK(KeGetCurrentIrql() == PASSIVE_LEVEL);
}

static VOID TestDriverLock(VOID)
{
    KSPIN_LOCK lock = 1;
    KIRQL irql;

    KeInitializeSpinLock(&lock);
    CHECK(KeTestSpinLock(&lock));
    irql = KeAcquireSpinLockRaiseToDpc(&lock);
    CHECK(irql == PASSIVE_LEVEL && KeGetCurrentIrql() == DISPATCH_LEVEL);
    CHECK(!KeTestSpinLock(&lock) && !KeTryToAcquireSpinLockAtDpcLevel(&lock));
    KeReleaseSpinLockFromDpcLevel(&lock);
    KeAcquireSpinLockAtDpcLevel(&lock);
    KeReleaseSpinLock(&lock, irql);
    CHECK(KeGetCurrentIrql() == PASSIVE_LEVEL && KeTestSpinLock(&lock));
}

typedef struct TEST_LOCKED {
    KSPIN_LOCK Driver;
    KE_LOCK Ranked;
    LONG Values[2];                  /* Driver, Ranked */
} TEST_LOCKED;

static VOID TestLockThread(PVOID Context, ULONG Index) UNCHECKED_LOCKS
{
    TEST_LOCKED *locked = Context;
    ULONG i;

    (void)Index;
    for (i = 0; i < 3000; i++) {
        KIRQL irql = KeAcquireSpinLockRaiseToDpc(&locked->Driver);
        locked->Values[0]++;
        KeReleaseSpinLock(&locked->Driver, irql);
        irql = KeLockAcquire(&locked->Ranked);
        locked->Values[1]++;
        KeLockRelease(&locked->Ranked, irql);
    }
}

static VOID TestLockContention(VOID)
{
    static TEST_LOCKED locked;

    RtlZeroMemory(&locked, sizeof(locked));
    locked.Ranked.Rank = KeRankVerifier;
    TestRunThreads(4, TestLockThread, &locked);
    CHECK(locked.Values[0] == 12000 && locked.Values[1] == 12000);
}

typedef struct TEST_QUEUED {
    KSPIN_LOCK Lock;
    LONG Value;                      /* Lock */
} TEST_QUEUED;

static VOID TestQueuedThread(PVOID Context, ULONG Index)
{
    TEST_QUEUED *queued = Context;
    ULONG i;

    for (i = 0; i < 2000; i++) {
        KLOCK_QUEUE_HANDLE handle;
        KeAcquireInStackQueuedSpinLock(&queued->Lock, &handle);
        queued->Value++;
        KeReleaseInStackQueuedSpinLock(&handle);
        if (Index & 1) {
            KIRQL irql = KfRaiseIrql(DISPATCH_LEVEL);
            KeAcquireInStackQueuedSpinLockAtDpcLevel(&queued->Lock, &handle);
            queued->Value++;
            KeReleaseInStackQueuedSpinLockFromDpcLevel(&handle);
            KeLowerIrql(irql);
        }
    }
}

static VOID TestQueuedLock(VOID)
{
    static TEST_QUEUED queued;
    KLOCK_QUEUE_HANDLE handle;

    RtlZeroMemory(&queued, sizeof(queued));
    KeAcquireInStackQueuedSpinLock(&queued.Lock, &handle);
    CHECK(KeGetCurrentIrql() == DISPATCH_LEVEL && queued.Lock != 0);
    KeReleaseInStackQueuedSpinLock(&handle);
    CHECK(KeGetCurrentIrql() == PASSIVE_LEVEL && queued.Lock == 0);
    TestRunThreads(4, TestQueuedThread, &queued);
    CHECK(queued.Value == 12000 && queued.Lock == 0);
}

static NTSTATUS TestBreakStatus(BOOLEAN Assert)
{
    __try {
        if (Assert)
            RtlAssert("1 == 2", "somewhere.c", 3, NULL);
        else
            DbgBreakPoint();
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    return STATUS_SUCCESS;
}

static VOID TestBreakpoint(VOID)
{
    CHECK(TestBreakStatus(FALSE) == STATUS_BREAKPOINT);
    CHECK(TestBreakStatus(TRUE) == STATUS_BREAKPOINT);
}

static VOID TestProcessorNumber(VOID)
{
    KAFFINITY active = 0;
    PROCESSOR_NUMBER number = { 9, 9, 9 };
    ULONG count = KeQueryActiveProcessorCount(&active);

    CHECK(count >= 1 && count == (ULONG)KeNumberProcessors && active == (1ull << count) - 1);
    CHECK(KeQueryActiveProcessors() == active && KeQueryActiveProcessorCountEx(0) == count);
    CHECK(KeQueryActiveProcessorCountEx(1) == 0);
    KeSetSystemAffinityThreadEx(1ull << (count - 1));
    CHECK(KeGetCurrentProcessorNumberEx(&number) == count - 1 && number.Number == count - 1 && number.Group == 0);
    CHECK(KeGetCurrentProcessorNumber() == count - 1);
    KeRevertToUserAffinityThreadEx(0);
}

static VOID TestClockAdvances(VOID)
{
    LARGE_INTEGER ticks, system, precise, frequency, counter = KeQueryPerformanceCounter(&frequency);
    LARGE_INTEGER interval = { .QuadPart = -50000 }, later;

    KeQueryTickCount(&ticks);
    KeQuerySystemTime(&system);
    KeQuerySystemTimePrecise(&precise);
    CHECK(frequency.QuadPart > 1000000 && KeQueryTimeIncrement() == 10000);
    CHECK(precise.QuadPart >= system.QuadPart);
    CHECK(system.QuadPart > 130000000000000000);           /* after 2012: somebody told us the time */
    KeDelayExecutionThread(KernelMode, FALSE, &interval);
    KeQueryTickCount(&later);
    CHECK(later.QuadPart >= ticks.QuadPart + 4);
    KeQuerySystemTime(&later);
    CHECK(later.QuadPart >= system.QuadPart + 40000);
    CHECK(KeQueryPerformanceCounter(NULL).QuadPart > counter.QuadPart);
}

static VOID TestClockStall(VOID)
{
    LARGE_INTEGER frequency, before = KeQueryPerformanceCounter(&frequency);

    KeStallExecutionProcessor(200);
    CHECK((KeQueryPerformanceCounter(NULL).QuadPart - before.QuadPart) * 1000000 >= frequency.QuadPart * 200);
}

static VOID TestThreadPriority(VOID)
{
    PKTHREAD thread = KeCurrentThread();
    KPRIORITY old = KeSetPriorityThread(thread, 12);

    CHECK(KeQueryPriorityThread(thread) == 12);
    CHECK(KeSetPriorityThread(thread, old) == 12);
    CHECK(KeSetBasePriorityThread(thread, 2) == 0);
    CHECK(KeQueryPriorityThread(thread) == thread->Process->BasePriority + 2);
    CHECK(KeSetBasePriorityThread(thread, 0) == 2);
}

/* The higher priority runs first, on one processor. */
typedef struct TEST_RACE {
    volatile LONG Finished;
    LONG Places[2];
    KEVENT Go;
} TEST_RACE;

static VOID TestRaceThread(PVOID Context, ULONG Index)
{
    TEST_RACE *race = Context;

    KeSetSystemAffinityThreadEx(1);
    KeSetPriorityThread(KeCurrentThread(), Index == 0 ? 9 : 14);
    KeWaitForSingleObject(&race->Go, Executive, KernelMode, FALSE, NULL);
    race->Places[Index] = InterlockedIncrement(&race->Finished);
}

static VOID TestRaceStarter(PVOID Context, ULONG Index)
{
    TEST_RACE *race = Context;

    if (Index < 2) {
        TestRaceThread(Context, Index);
        return;
    }
    KeSetSystemAffinityThreadEx(1);
    KeSetPriorityThread(KeCurrentThread(), 20);  /* above both: they become ready together, and run when this thread ends */
    while (IsListEmpty(&race->Go.Header.WaitListHead) || race->Go.Header.WaitListHead.Flink == race->Go.Header.WaitListHead.Blink) {
        LARGE_INTEGER tick = { .QuadPart = -10000 };
        KeDelayExecutionThread(KernelMode, FALSE, &tick);
    }
    KeSetEvent(&race->Go, 0, FALSE);
}

static VOID TestThreadOrder(VOID)
{
    static TEST_RACE race;

    RtlZeroMemory(&race, sizeof(race));
    KeInitializeEvent(&race.Go, NotificationEvent, FALSE);
    TestRunThreads(3, TestRaceStarter, &race);
    CHECK(race.Places[1] == 1 && race.Places[0] == 2);
}

static VOID TestThreadAffinity(VOID)
{
    ULONG i, count = KeQueryActiveProcessorCount(NULL);

    for (i = 0; i < 3 * count; i++) {
        KeSetSystemAffinityThread(1ull << i % count);
        CHECK(KeProcessorNumber() == i % count);
    }
    KeRevertToUserAffinityThread();
    CHECK(KeSetSystemAffinityThreadEx(1) == 0);
    CHECK(KeSetSystemAffinityThreadEx(1) == 1);
    KeRevertToUserAffinityThreadEx(0);
}

static VOID TestIpiRoutine(PVOID Context) { InterlockedIncrement((volatile LONG *)Context); }

static VOID TestIpiThread(PVOID Context, ULONG Index)
{
    ULONG i;
    (void)Index;
    for (i = 0; i < 100; i++)
        KeIpiGenericCallOthers(TestIpiRoutine, Context);
}

static VOID TestIpiContention(VOID)
{
    volatile LONG count = 0;
    TestRunThreads(4, TestIpiThread, (PVOID)&count);
    CHECK(count == 400 * (LONG)(KeQueryActiveProcessorCount(NULL) - 1));
}

static NTSTATUS TestCatch(VOID (*Raise)(VOID))
{
    __try {
        Raise();
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    return STATUS_SUCCESS;
}

static VOID TestRaiseStatus(VOID) { ExRaiseStatus(STATUS_DISK_FULL); }
static VOID TestRaiseViolation(VOID) { ExRaiseAccessViolation(); }
static VOID TestRaiseMisalignment(VOID) { ExRaiseDatatypeMisalignment(); }
static VOID TestRaiseRtl(VOID) { RtlRaiseStatus(STATUS_NO_MEMORY); }
static VOID TestRaiseRecord(VOID)
{
    EXCEPTION_RECORD record = { .ExceptionCode = 0xE0000001 };
    RtlRaiseException(&record);
}

static VOID TestExceptionRaise(VOID)
{
    CHECK(TestCatch(TestRaiseStatus) == STATUS_DISK_FULL);
    CHECK(TestCatch(TestRaiseViolation) == STATUS_ACCESS_VIOLATION);
    CHECK(TestCatch(TestRaiseMisalignment) == STATUS_DATATYPE_MISALIGNMENT);
    CHECK(TestCatch(TestRaiseRtl) == STATUS_NO_MEMORY);
    CHECK(TestCatch(TestRaiseRecord) == (NTSTATUS)0xE0000001);
}

static VOID TestKdFilter(VOID)
{
    CHECK(DbgQueryDebugFilterState(DPFLTR_IHVDRIVER_ID, 5) == TRUE);       /* the default mask lets everything pass */
    CHECK(DbgSetDebugFilterState(DPFLTR_IHVDRIVER_ID, 5, TRUE) == STATUS_SUCCESS);
    CHECK(DbgSetDebugFilterState(0xFFFFFF, 5, TRUE) == STATUS_INVALID_PARAMETER_1);
    CHECK(DbgQueryDebugFilterState(0xFFFFFF, 5) == STATUS_INVALID_PARAMETER_1);
}

static const KE_TEST KiCoreTable[] = {
    { "ke.irql", TestIrql, 0 },
    { "ke.lock.driver", TestDriverLock, 0 },
    { "ke.lock.contention", TestLockContention, 0 },
    { "ke.lock.queued", TestQueuedLock, 0 },
    { "kd.breakpoint", TestBreakpoint, 0 },
    { "ke.processor.number", TestProcessorNumber, 0 },
    { "ke.clock.advances", TestClockAdvances, 0 },
    { "ke.clock.stall", TestClockStall, 0 },
    { "ke.thread.priority", TestThreadPriority, 0 },
    { "ke.thread.order", TestThreadOrder, 0 },
    { "ke.thread.affinity", TestThreadAffinity, 0 },
    { "ke.ipi.contention", TestIpiContention, 0 },
    { "ke.exception.raise", TestExceptionRaise, 0 },
    { "kd.filter", TestKdFilter, 0 },
};
const KE_TEST_GROUP KiCoreTests = { KiCoreTable, RTL_NUMBER_OF(KiCoreTable) };

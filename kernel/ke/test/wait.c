/* SPDX-License-Identifier: MIT
 * Waits: timeouts, many objects at once, wait-all, contention.
 */
#include "test.h"
#include "ke.h"

static LARGE_INTEGER TestMilliseconds(LONG64 Count) { return (LARGE_INTEGER){ .QuadPart = -Count * 10000 }; }

static VOID TestWaitTimeout(VOID)
{
    KEVENT event;
    LARGE_INTEGER soon = TestMilliseconds(5);
    ULONG64 before = KeQueryInterruptTime();

    KeInitializeEvent(&event, SynchronizationEvent, FALSE);
    CHECK(KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, &soon) == STATUS_TIMEOUT);
    CHECK(KeQueryInterruptTime() - before >= 40000);       /* a tick less than asked: interrupt time is published by ticks */
    KeSetEvent(&event, 0, FALSE);
    CHECK(KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, &soon) == STATUS_SUCCESS);
}

static VOID TestWaitAbsolute(VOID)
{
    KEVENT event;
    LARGE_INTEGER past, now, later;

    KeInitializeEvent(&event, NotificationEvent, FALSE);
    past.QuadPart = 1;
    CHECK(KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, &past) == STATUS_TIMEOUT);
    KeQuerySystemTime(&now);
    later.QuadPart = now.QuadPart + 30000;
    CHECK(KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, &later) == STATUS_TIMEOUT);
    KeQuerySystemTimePrecise(&now);
    CHECK(now.QuadPart >= later.QuadPart);
}

static VOID TestWaitDelay(VOID)
{
    LARGE_INTEGER interval = TestMilliseconds(3), zero = { .QuadPart = 0 };
    ULONG64 before = KeQueryPerformanceCounter(NULL).QuadPart, frequency;
    LARGE_INTEGER rate;

    CHECK(KeDelayExecutionThread(KernelMode, FALSE, &interval) == STATUS_SUCCESS);
    KeQueryPerformanceCounter(&rate);
    frequency = (ULONG64)rate.QuadPart;
    CHECK(((ULONG64)KeQueryPerformanceCounter(NULL).QuadPart - before) * 1000 >= frequency * 3);
    CHECK(NT_SUCCESS(KeDelayExecutionThread(KernelMode, FALSE, &zero)));
}

static VOID TestWaitAny(VOID)
{
    KEVENT events[3];
    PVOID objects[3] = { &events[0], &events[1], &events[2] };
    LARGE_INTEGER zero = { .QuadPart = 0 };
    ULONG i;

    for (i = 0; i < 3; i++)
        KeInitializeEvent(&events[i], SynchronizationEvent, FALSE);
    CHECK(KeWaitForMultipleObjects(3, objects, WaitAny, Executive, KernelMode, FALSE, &zero, NULL) == STATUS_TIMEOUT);
    KeSetEvent(&events[2], 0, FALSE);
    KeSetEvent(&events[1], 0, FALSE);
    CHECK(KeWaitForMultipleObjects(3, objects, WaitAny, Executive, KernelMode, FALSE, &zero, NULL) == STATUS_WAIT_1);
    CHECK(KeReadStateEvent(&events[1]) == 0);
    CHECK(KeReadStateEvent(&events[2]) == 1);
}

static VOID TestWaitAllTakesNothingEarly(VOID)
{
    KEVENT events[2];
    PVOID objects[2] = { &events[0], &events[1] };
    LARGE_INTEGER zero = { .QuadPart = 0 };

    KeInitializeEvent(&events[0], SynchronizationEvent, TRUE);
    KeInitializeEvent(&events[1], SynchronizationEvent, FALSE);
    CHECK(KeWaitForMultipleObjects(2, objects, WaitAll, Executive, KernelMode, FALSE, &zero, NULL) == STATUS_TIMEOUT);
    CHECK(KeReadStateEvent(&events[0]) == 1);
    KeSetEvent(&events[1], 0, FALSE);
    CHECK(KeWaitForMultipleObjects(2, objects, WaitAll, Executive, KernelMode, FALSE, &zero, NULL) == STATUS_SUCCESS);
    CHECK(KeReadStateEvent(&events[0]) == 0 && KeReadStateEvent(&events[1]) == 0);
}

/* A thread that waits for both stays asleep, and the first event signalled, until the second is signalled, too. */
typedef struct TEST_PAIR {
    KEVENT Events[2];
    volatile LONG Woken;
} TEST_PAIR;

static VOID TestPairThread(PVOID Context, ULONG Index)
{
    TEST_PAIR *pair = Context;
    PVOID objects[2] = { &pair->Events[0], &pair->Events[1] };

    if (Index == 0) {
        CHECK(KeWaitForMultipleObjects(2, objects, WaitAll, Executive, KernelMode, FALSE, NULL, NULL) == STATUS_SUCCESS);
        pair->Woken = 1;
        return;
    }
    while (*(PLIST_ENTRY volatile *)&pair->Events[1].Header.WaitListHead.Flink == &pair->Events[1].Header.WaitListHead)
        KeYieldExecution();
    KeSetEvent(&pair->Events[0], 0, FALSE);
    KeYieldExecution();
    CHECK(KeReadStateEvent(&pair->Events[0]) == 1 && pair->Woken == 0);
    KeSetEvent(&pair->Events[1], 0, FALSE);
}

static VOID TestWaitAllSleepsOn(VOID)
{
    TEST_PAIR pair = { .Woken = 0 };

    KeInitializeEvent(&pair.Events[0], SynchronizationEvent, FALSE);
    KeInitializeEvent(&pair.Events[1], SynchronizationEvent, FALSE);
    TestRunThreads(2, TestPairThread, &pair);
    CHECK(pair.Woken == 1 && KeReadStateEvent(&pair.Events[0]) == 0 && KeReadStateEvent(&pair.Events[1]) == 0);
}

/* Five philosophers take both forks with one wait-all: nobody starves, no fork is held twice. */
typedef struct TEST_TABLE {
    KEVENT Forks[5];
    volatile LONG Eating[5], Meals;
} TEST_TABLE;

static VOID TestPhilosopher(PVOID Context, ULONG Index)
{
    TEST_TABLE *table = Context;
    PVOID forks[2] = { &table->Forks[Index], &table->Forks[(Index + 1) % 5] };
    ULONG i;

    for (i = 0; i < 200; i++) {
        KeWaitForMultipleObjects(2, forks, WaitAll, Executive, KernelMode, FALSE, NULL, NULL);
        CHECK(InterlockedIncrement(&table->Eating[Index]) == 1);
        CHECK(InterlockedIncrement(&table->Eating[(Index + 1) % 5]) == 1);
        InterlockedIncrement(&table->Meals);
        KeYieldExecution();                      /* the neighbours come while the forks are in use */
        InterlockedDecrement(&table->Eating[Index]);
        InterlockedDecrement(&table->Eating[(Index + 1) % 5]);
        KeSetEvent(forks[0], 0, FALSE);
        KeSetEvent(forks[1], 0, FALSE);
    }
}

static VOID TestWaitAllUnderContention(VOID)
{
    static TEST_TABLE table;
    ULONG i;

    RtlZeroMemory(&table, sizeof(table));
    for (i = 0; i < 5; i++)
        KeInitializeEvent(&table.Forks[i], SynchronizationEvent, TRUE);
    TestRunThreads(5, TestPhilosopher, &table);
    CHECK(table.Meals == 1000);
}

static VOID TestSemaphoreCount(VOID)
{
    KSEMAPHORE semaphore;
    LARGE_INTEGER zero = { .QuadPart = 0 };

    KeInitializeSemaphore(&semaphore, 1, 3);
    CHECK(KeReleaseSemaphore(&semaphore, 0, 2, FALSE) == 1);
    CHECK(KeReadStateSemaphore(&semaphore) == 3);
    CHECK(KeWaitForSingleObject(&semaphore, Executive, KernelMode, FALSE, &zero) == STATUS_SUCCESS);
    CHECK(KeWaitForSingleObject(&semaphore, Executive, KernelMode, FALSE, &zero) == STATUS_SUCCESS);
    CHECK(KeWaitForSingleObject(&semaphore, Executive, KernelMode, FALSE, &zero) == STATUS_SUCCESS);
    CHECK(KeWaitForSingleObject(&semaphore, Executive, KernelMode, FALSE, &zero) == STATUS_TIMEOUT);
}

static VOID TestSemaphoreLimit(VOID)
{
    KSEMAPHORE semaphore;
    NTSTATUS status = STATUS_SUCCESS;

    KeInitializeSemaphore(&semaphore, 2, 2);
    __try {
        KeReleaseSemaphore(&semaphore, 0, 1, FALSE);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        status = GetExceptionCode();
    }
    CHECK(status == STATUS_SEMAPHORE_LIMIT_EXCEEDED);
    CHECK(KeReadStateSemaphore(&semaphore) == 2);
}

static VOID TestMutantRecursive(VOID)
{
    KMUTEX mutex;
    LARGE_INTEGER zero = { .QuadPart = 0 };

    KeInitializeMutex(&mutex, 0);
    CHECK(KeReadStateMutex(&mutex) == 1);
    CHECK(KeWaitForSingleObject(&mutex, Executive, KernelMode, FALSE, &zero) == STATUS_SUCCESS);
    CHECK(KeAreApcsDisabled());
    CHECK(KeWaitForSingleObject(&mutex, Executive, KernelMode, FALSE, &zero) == STATUS_SUCCESS);
    CHECK(KeReadStateMutex(&mutex) == -1);
    CHECK(KeReleaseMutex(&mutex, FALSE) == -1);
    CHECK(KeReleaseMutex(&mutex, FALSE) == 0);
    CHECK(KeReadStateMutex(&mutex) == 1);
    CHECK(!KeAreApcsDisabled());
}

static VOID TestMutantForeignRelease(VOID)
{
    KMUTEX mutex;
    NTSTATUS status = STATUS_SUCCESS;

    KeInitializeMutex(&mutex, 0);
    __try {
        KeReleaseMutex(&mutex, FALSE);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        status = GetExceptionCode();
    }
    CHECK(status == STATUS_MUTANT_NOT_OWNED);
}

typedef struct TEST_COUNTER {
    KMUTEX Mutex;
    LONG Value;                      /* Mutex */
} TEST_COUNTER;

static VOID TestMutantThread(PVOID Context, ULONG Index)
{
    TEST_COUNTER *counter = Context;
    ULONG i;

    (void)Index;
    for (i = 0; i < 500; i++) {
        LONG value;
        KeWaitForSingleObject(&counter->Mutex, Executive, KernelMode, FALSE, NULL);
        value = counter->Value;
        KeYieldExecution();
        counter->Value = value + 1;
        KeReleaseMutex(&counter->Mutex, FALSE);
    }
}

static VOID TestMutantContention(VOID)
{
    static TEST_COUNTER counter;

    KeInitializeMutex(&counter.Mutex, 0);
    counter.Value = 0;
    TestRunThreads(6, TestMutantThread, &counter);
    CHECK(counter.Value == 3000);
}

static const KE_TEST KiWaitTable[] = {
    { "ke.wait.timeout", TestWaitTimeout, 0 },
    { "ke.wait.absolute", TestWaitAbsolute, 0 },
    { "ke.wait.delay", TestWaitDelay, 0 },
    { "ke.wait.any", TestWaitAny, 0 },
    { "ke.wait.all", TestWaitAllTakesNothingEarly, 0 },
    { "ke.wait.all_sleeps", TestWaitAllSleepsOn, 0 },
    { "ke.wait.all_contention", TestWaitAllUnderContention, 0 },
    { "ke.semaphore.count", TestSemaphoreCount, 0 },
    { "ke.semaphore.limit", TestSemaphoreLimit, 0 },
    { "ke.mutant.recursive", TestMutantRecursive, 0 },
    { "ke.mutant.foreign_release", TestMutantForeignRelease, 0 },
    { "ke.mutant.contention", TestMutantContention, 0 },
};
const KE_TEST_GROUP KiWaitTests = { KiWaitTable, RTL_NUMBER_OF(KiWaitTable) };

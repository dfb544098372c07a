/* SPDX-License-Identifier: MIT
 * Dispatcher objects as they are documented: what a wait for all and for any takes, mutexes, semaphores, events, limits.
 */
#include "thread.h"

#define MANY 20
#define DINERS 5
#define MEALS 200

DRIVER_INITIALIZE DriverEntry;

static KEVENT First, Second, Go;
static KMUTEX Mutex;
static KSEMAPHORE Semaphore;
static KEVENT Forks[DINERS];
static volatile LONG InUse[DINERS], Eaten, Woken;

static NTSTATUS WaitNow(PVOID Object)
{
    LARGE_INTEGER now;

    now.QuadPart = 0;
    return KeWaitForSingleObject(Object, Executive, KernelMode, FALSE, &now);
}

static NTSTATUS WaitManyNow(ULONG Count, PVOID *Objects, WAIT_TYPE Type)
{
    LARGE_INTEGER now;

    now.QuadPart = 0;
    return KeWaitForMultipleObjects(Count, Objects, Type, Executive, KernelMode, FALSE, &now, NULL);
}

/* A wait for all takes nothing until it can take everything. */
static VOID CheckAll(VOID)
{
    PVOID objects[3] = { &First, &Mutex, &Semaphore };

    KeInitializeEvent(&First, SynchronizationEvent, TRUE);
    KeInitializeMutex(&Mutex, 0);
    KeInitializeSemaphore(&Semaphore, 0, 2);
    CheckStatus(WaitManyNow(3, objects, WaitAll), STATUS_TIMEOUT, "one of three is missing");
    Check(KeReadStateEvent(&First) != 0 && KeReadStateMutex(&Mutex) == 1, "the others are untouched");
    Check(KeReleaseSemaphore(&Semaphore, IO_NO_INCREMENT, 2, FALSE) == 0, "the semaphore's count before");
    CheckStatus(WaitManyNow(3, objects, WaitAll), STATUS_SUCCESS, "all three");
    Check(KeReadStateEvent(&First) == 0 && KeReadStateMutex(&Mutex) == 0 && KeReadStateSemaphore(&Semaphore) == 1, "each is taken once");
    KeReleaseMutex(&Mutex, FALSE);
}

/* Of several that are signalled a wait for any takes the first one only. */
static VOID CheckAny(VOID)
{
    PVOID objects[3] = { &First, &Second, &Semaphore };

    KeInitializeEvent(&First, SynchronizationEvent, FALSE);
    KeInitializeEvent(&Second, SynchronizationEvent, TRUE);
    KeInitializeSemaphore(&Semaphore, 1, 1);
    CheckStatus(WaitManyNow(3, objects, WaitAny), STATUS_WAIT_1, "the first signalled one");
    Check(KeReadStateEvent(&Second) == 0 && KeReadStateSemaphore(&Semaphore) == 1, "and only that one");
    CheckStatus(WaitManyNow(3, objects, WaitAny), STATUS_WAIT_2, "then the next");
    CheckStatus(WaitManyNow(3, objects, WaitAny), STATUS_TIMEOUT, "then none");
}

/* More than THREAD_WAIT_OBJECTS need the caller's own wait blocks. */
static VOID CheckMany(VOID)
{
    static KEVENT events[MANY];
    static KWAIT_BLOCK blocks[MANY];
    PVOID objects[MANY];
    LARGE_INTEGER now;
    ULONG i;

    now.QuadPart = 0;
    for (i = 0; i < MANY; i++) {
        KeInitializeEvent(&events[i], NotificationEvent, i != MANY - 1);
        objects[i] = &events[i];
    }
    CheckStatus(KeWaitForMultipleObjects(MANY, objects, WaitAll, Executive, KernelMode, FALSE, &now, blocks), STATUS_TIMEOUT,
                "the last of many is missing");
    KeSetEvent(&events[MANY - 1], IO_NO_INCREMENT, FALSE);
    CheckStatus(KeWaitForMultipleObjects(MANY, objects, WaitAll, Executive, KernelMode, FALSE, &now, blocks), STATUS_SUCCESS, "all of many");
    for (i = 0; i < MANY - 1; i++)
        Check(KeResetEvent(&events[i]) != 0, "a notification event stays signalled");
    CheckStatus(KeWaitForMultipleObjects(MANY, objects, WaitAny, Executive, KernelMode, FALSE, &now, blocks), STATUS_WAIT_0 + MANY - 1,
                "the last of many");
}

static VOID CheckMutex(VOID)
{
    BOOLEAN before = KeAreApcsDisabled();

    KeInitializeMutex(&Mutex, 0);
    CheckStatus(WaitNow(&Mutex), STATUS_SUCCESS, "a free mutex");
    Check(KeAreApcsDisabled(), "a mutex's owner has no normal APCs");
    CheckStatus(WaitNow(&Mutex), STATUS_SUCCESS, "its owner takes it again");
    Check(KeReadStateMutex(&Mutex) == -1, "held twice");
    Check(KeReleaseMutex(&Mutex, FALSE) == -1, "the state before one release");
    Check(KeReleaseMutex(&Mutex, FALSE) == 0 && KeReadStateMutex(&Mutex) == 1, "free");
    Check(KeAreApcsDisabled() == before, "its former owner has them again");
}

static VOID CheckEvent(VOID)
{
    LARGE_INTEGER past;

    KeInitializeEvent(&First, NotificationEvent, FALSE);
    Check(KeSetEvent(&First, IO_NO_INCREMENT, FALSE) == 0 && KeSetEvent(&First, IO_NO_INCREMENT, FALSE) != 0, "the state before");
    CheckStatus(WaitNow(&First), STATUS_SUCCESS, "a notification event, once");
    CheckStatus(WaitNow(&First), STATUS_SUCCESS, "and again");
    KeClearEvent(&First);
    Check(KeReadStateEvent(&First) == 0 && KeResetEvent(&First) == 0, "cleared");
    Check(KePulseEvent(&First, IO_NO_INCREMENT, FALSE) == 0 && KeReadStateEvent(&First) == 0, "a pulse does not last");
    past.QuadPart = 1;
    CheckStatus(KeWaitForSingleObject(&First, Executive, KernelMode, FALSE, &past), STATUS_TIMEOUT, "a limit in the past");
}

/* ---- Several threads ---- */

static VOID NTAPI SemaphoreWaiter(PVOID Context)
{
    KeWaitForSingleObject(&Semaphore, Executive, KernelMode, FALSE, NULL);
    InterlockedIncrement(&Woken);
    KeSetEvent(&Go, IO_NO_INCREMENT, FALSE);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

/* A count of two lets two go, whoever waits. */
static VOID CheckSemaphore(VOID)
{
    PVOID threads[3];
    ULONG i;

    KeInitializeEvent(&Go, SynchronizationEvent, FALSE);
    KeInitializeSemaphore(&Semaphore, 0, 3);
    for (i = 0; i < 3; i++)
        threads[i] = StartThread(SemaphoreWaiter, NULL);
    KeReleaseSemaphore(&Semaphore, IO_NO_INCREMENT, 2, FALSE);
    while (Woken < 2)
        KeWaitForSingleObject(&Go, Executive, KernelMode, FALSE, NULL);
    Check(Woken == 2 && KeReadStateSemaphore(&Semaphore) == 0, "two go, one waits");
    KeReleaseSemaphore(&Semaphore, IO_NO_INCREMENT, 1, FALSE);
    for (i = 0; i < 3; i++)
        JoinThread(threads[i]);
    Check(Woken == 3 && KeReadStateSemaphore(&Semaphore) == 0, "all are gone, none is left over");
}

static VOID NTAPI Diner(PVOID Context)
{
    ULONG left = (ULONG)(ULONG_PTR)Context, right = (left + 1) % DINERS, i;
    PVOID forks[2] = { &Forks[left], &Forks[right] };

    for (i = 0; i < MEALS; i++) {
        KeWaitForMultipleObjects(2, forks, WaitAll, Executive, KernelMode, FALSE, NULL, NULL);
        if (InterlockedIncrement(&InUse[left]) == 1 && InterlockedIncrement(&InUse[right]) == 1)
            InterlockedIncrement(&Eaten);
        InterlockedDecrement(&InUse[left]);
        InterlockedDecrement(&InUse[right]);
        KeSetEvent(&Forks[right], EVENT_INCREMENT, FALSE);
        KeSetEvent(&Forks[left], EVENT_INCREMENT, FALSE);
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

/* Philosophers who take both forks at once: nobody starves of a deadlock, and no fork serves two. */
static VOID CheckDiners(VOID)
{
    PVOID threads[DINERS];
    ULONG i;

    for (i = 0; i < DINERS; i++)
        KeInitializeEvent(&Forks[i], SynchronizationEvent, TRUE);
    for (i = 0; i < DINERS; i++)
        threads[i] = StartThread(Diner, (PVOID)(ULONG_PTR)i);
    for (i = 0; i < DINERS; i++)
        JoinThread(threads[i]);
    Check(Eaten == DINERS * MEALS, "a fork serves one at a time");
    for (i = 0; i < DINERS; i++)
        Check(KeReadStateEvent(&Forks[i]) != 0, "every fork is back");
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    CheckAll();
    CheckAny();
    CheckMany();
    CheckMutex();
    CheckEvent();
    CheckSemaphore();
    CheckDiners();
    return CheckResult();
}

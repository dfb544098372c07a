/* SPDX-License-Identifier: MIT
 * Stress on waits: forks on a table (synchronization events) of which a thread takes several at once or any one, timers with DPCs,
 * work items and APCs.
 */
#include "stress.h"
#include "apc.h"

#define FORKS 6
#define MOST_FORKS 3

typedef struct WORK {
    PIO_WORKITEM Item;
    STRESS_THREAD *Waiter;                  /* or NULL */
} WORK;

static KEVENT Forks[FORKS];
static volatile LONG Taken[FORKS];
static volatile LONG TimerSet, TimerCancelled;
static volatile LONG WorkQueued, WorkDone;
static volatile LONG ApcQueued, ApcKernel, ApcNormalWanted, ApcNormal;

/* ---- Several objects ---- */

static ULONG ChooseForks(STRESS_THREAD *Thread, PVOID *Objects, PULONG Numbers)
{
    ULONG count = 1 + StressRandom(Thread, MOST_FORKS), first = StressRandom(Thread, FORKS), i;

    for (i = 0; i < count; i++) {
        Numbers[i] = (first + (StressRandom(Thread, 2) != 0 ? i : FORKS - i)) % FORKS;
        Objects[i] = &Forks[Numbers[i]];
    }
    for (i = 1; i < count; i++) {
        if (Numbers[i] == Numbers[i - 1] || (i == 2 && Numbers[2] == Numbers[0]))
            return i;                       /* WaitAll takes no object twice */
    }
    return count;
}

static VOID UseFork(ULONG Number) { StressCheck(InterlockedExchange(&Taken[Number], 1) == 0, "a fork is one thread's"); }

static VOID PutBack(STRESS_THREAD *Thread, ULONG Number)
{
    InterlockedExchange(&Taken[Number], 0);
    if (StressRandom(Thread, 4) == 0)
        StressCheck(KeReadStateEvent(&Forks[Number]) == 0, "a fork in use is not on the table");
    KeSetEvent(&Forks[Number], StressRandom(Thread, 2) != 0 ? EVENT_INCREMENT : IO_NO_INCREMENT, FALSE);
}

static NTSTATUS Wait(STRESS_THREAD *Thread, ULONG Count, PVOID *Objects, WAIT_TYPE Type)
{
    LARGE_INTEGER limit;

    limit.QuadPart = -(LONGLONG)StressRandom(Thread, 3) * MILLISECOND;
    return KeWaitForMultipleObjects(Count, Objects, Type, Executive, KernelMode, FALSE, StressRandom(Thread, 4) == 0 ? &limit : NULL,
                                    NULL);
}

VOID StressWaitAll(STRESS_THREAD *Thread)
{
    ULONG numbers[MOST_FORKS], count, i;
    PVOID objects[MOST_FORKS];
    NTSTATUS status;

    count = ChooseForks(Thread, objects, numbers);
    status = Wait(Thread, count, objects, WaitAll);
    if (status == STATUS_TIMEOUT)
        return;
    StressCheck(status == STATUS_SUCCESS, "a wait for all");
    for (i = 0; i < count; i++)
        UseFork(numbers[i]);
    StressPause(Thread);
    for (i = 0; i < count; i++)
        PutBack(Thread, numbers[i]);
}

VOID StressWaitAny(STRESS_THREAD *Thread)
{
    ULONG numbers[MOST_FORKS], count;
    PVOID objects[MOST_FORKS];
    NTSTATUS status;

    count = ChooseForks(Thread, objects, numbers);
    status = Wait(Thread, count, objects, WaitAny);
    if (status == STATUS_TIMEOUT || !StressCheck((ULONG)status < count, "a wait for any"))
        return;
    UseFork(numbers[status]);
    StressPause(Thread);
    PutBack(Thread, numbers[status]);
}

/* ---- Timers ---- */

static VOID NTAPI TimerDpc(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    STRESS_THREAD *thread = Context;

    StressCheck(KeGetCurrentIrql() == DISPATCH_LEVEL && Dpc == &thread->TimerDpc, "a timer's DPC");
    InterlockedIncrement(&thread->TimerRuns);
    KeSetEvent(&thread->Event, IO_NO_INCREMENT, FALSE);
}

/* Set, and then either awaited or cancelled; its DPC runs unless it was cancelled in time. */
VOID StressTimer(STRESS_THREAD *Thread)
{
    LONG before = Thread->TimerRuns;
    LARGE_INTEGER due;

    due.QuadPart = -(LONGLONG)StressRandom(Thread, 3 * MILLISECOND) - 1;
    KeInitializeDpc(&Thread->TimerDpc, TimerDpc, Thread);
    if (StressRandom(Thread, 2) != 0)
        KeSetTargetProcessorDpc(&Thread->TimerDpc, (CCHAR)StressRandom(Thread, KeQueryActiveProcessorCount(NULL)));
    StressCheck(!KeSetTimer(&Thread->Timer, due, &Thread->TimerDpc), "the timer was not set");
    InterlockedIncrement(&TimerSet);
    StressPause(Thread);
    if (StressRandom(Thread, 2) != 0 && KeCancelTimer(&Thread->Timer)) {
        InterlockedIncrement(&TimerCancelled);
        StressCheck(Thread->TimerRuns == before, "a timer cancelled in time does not run");
        return;
    }
    KeWaitForSingleObject(&Thread->Event, Executive, KernelMode, FALSE, NULL);
    StressCheck(Thread->TimerRuns == before + 1, "a timer runs once");
}

/* ---- Work items ---- */

static VOID NTAPI WorkRoutine(PDEVICE_OBJECT DeviceObject, PVOID Context)
{
    WORK *work = Context;
    STRESS_THREAD *waiter = work->Waiter;

    StressCheck(KeGetCurrentIrql() == PASSIVE_LEVEL && DeviceObject == StressDevice, "a work item's surroundings");
    IoFreeWorkItem(work->Item);
    ExFreePoolWithTag(work, STRESS_TAG);
    InterlockedIncrement(&WorkDone);
    if (waiter != NULL)
        KeSetEvent(&waiter->Event, IO_NO_INCREMENT, FALSE);
}

VOID StressWorkItem(STRESS_THREAD *Thread)
{
    WORK *work = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*work), STRESS_TAG);
    BOOLEAN wait = StressRandom(Thread, 2) != 0;

    if (!StressCheck(work != NULL, "memory for work"))
        return;
    work->Item = IoAllocateWorkItem(StressDevice);
    work->Waiter = wait ? Thread : NULL;
    if (!StressCheck(work->Item != NULL, "a work item")) {
        ExFreePoolWithTag(work, STRESS_TAG);
        return;
    }
    InterlockedIncrement(&WorkQueued);
    IoQueueWorkItem(work->Item, WorkRoutine, StressRandom(Thread, 2) != 0 ? DelayedWorkQueue : CriticalWorkQueue, work);
    if (wait)
        KeWaitForSingleObject(&Thread->Event, Executive, KernelMode, FALSE, NULL);
}

/* ---- APCs ---- */

static VOID NTAPI ApcNormalRoutine(PVOID Context, PVOID Argument1, PVOID Argument2)
{
    STRESS_THREAD *target = Argument1;

    StressCheck(KeGetCurrentThread() == target->Object && KeGetCurrentIrql() == PASSIVE_LEVEL, "a normal APC's surroundings");
    StressCheck(target->Critical == 0 && target->Guarded == 0, "no normal APC in a critical region");
    InterlockedIncrement(&ApcNormal);
}

static VOID NTAPI ApcKernelRoutine(PKAPC Apc, PKNORMAL_ROUTINE *NormalRoutine, PVOID *Context, PVOID *Argument1, PVOID *Argument2)
{
    STRESS_THREAD *target = *Argument1;

    StressCheck(KeGetCurrentThread() == target->Object && KeGetCurrentIrql() == APC_LEVEL, "an APC's kernel routine's surroundings");
    StressCheck(target->Guarded == 0, "no APC in a guarded region");
    InterlockedIncrement(&ApcKernel);
    ExFreePoolWithTag(Apc, STRESS_TAG);
}

static VOID SendApc(STRESS_THREAD *Target, BOOLEAN Special)
{
    PKAPC apc = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*apc), STRESS_TAG);

    if (!StressCheck(apc != NULL, "memory for an APC"))
        return;
    KeInitializeApc(apc, Target->Object, OriginalApcEnvironment, ApcKernelRoutine, NULL, Special ? NULL : ApcNormalRoutine, KernelMode,
                    NULL);
    InterlockedIncrement(&ApcQueued);
    if (!Special)
        InterlockedIncrement(&ApcNormalWanted);
    StressCheck(KeInsertQueueApc(apc, Target, NULL, IO_NO_INCREMENT), "an APC to a thread that lives");
}

/* To a sibling or itself, sometimes from within a region that holds it back. */
VOID StressApc(STRESS_THREAD *Thread)
{
    STRESS_THREAD *target = &StressThreads[StressRandom(Thread, StressThreadCount)];
    BOOLEAN special = StressRandom(Thread, 2) != 0;
    ULONG region = StressRandom(Thread, 3);

    if (region == 1) {
        KeEnterCriticalRegion();
        InterlockedIncrement(&Thread->Critical);
    } else if (region == 2) {
        KeEnterGuardedRegion();
        InterlockedIncrement(&Thread->Guarded);
    }
    SendApc(target, special);
    StressPause(Thread);
    if (region == 1) {
        InterlockedDecrement(&Thread->Critical);
        KeLeaveCriticalRegion();
    } else if (region == 2) {
        InterlockedDecrement(&Thread->Guarded);
        KeLeaveGuardedRegion();
    }
}

/* To another processor and back. */
VOID StressHop(STRESS_THREAD *Thread)
{
    ULONG processor = StressRandom(Thread, KeQueryActiveProcessorCount(NULL));
    KAFFINITY old = KeSetSystemAffinityThreadEx((KAFFINITY)1 << processor);

    StressCheck(KeGetCurrentProcessorNumber() == processor, "a thread runs where it was told");
    StressPause(Thread);
    StressCheck(KeGetCurrentProcessorNumber() == processor, "a thread stays where it was told");
    KeRevertToUserAffinityThreadEx(old);
}

VOID StressWaitsStart(VOID)
{
    ULONG i;

    for (i = 0; i < FORKS; i++)
        KeInitializeEvent(&Forks[i], SynchronizationEvent, TRUE);
}

VOID StressWaitsFinish(VOID)
{
    LARGE_INTEGER shortly;
    LONG runs = 0;
    ULONG i;

    shortly.QuadPart = -MILLISECOND;
    while (WorkDone != WorkQueued)
        KeDelayExecutionThread(KernelMode, FALSE, &shortly);
    KeFlushQueuedDpcs();
    for (i = 0; i < FORKS; i++)
        StressCheck(KeReadStateEvent(&Forks[i]) != 0 && Taken[i] == 0, "every fork is back on the table");
    for (i = 0; i < StressThreadCount; i++)
        runs += StressThreads[i].TimerRuns;
    StressCheck(runs + TimerCancelled == TimerSet, "each timer ran or was cancelled");
    StressCheck(ApcKernel == ApcQueued && ApcNormal == ApcNormalWanted, "each APC arrived once");
    DbgPrint("stress: %ld timers (%ld cancelled), %ld work items, %ld APCs\n", TimerSet, TimerCancelled, WorkDone, ApcQueued);
}

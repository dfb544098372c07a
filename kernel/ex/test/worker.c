/* SPDX-License-Identifier: MIT
 * Worker threads and events by handle.
 */
#include "../exp.h"
#include "test.h"

typedef struct JOB {
    WORK_QUEUE_ITEM Item;
    KEVENT Done;
    volatile LONG *Count;
    KEVENT *WaitFor;
    KPRIORITY Priority;
} JOB;

static VOID NTAPI Work(PVOID Context)
{
    JOB *job = Context;
    CHECK(KeIrql() == PASSIVE_LEVEL && IoGetCurrentProcess() == PsInitialSystemProcess);
    job->Priority = KeCurrentThread()->BasePriority;
    if (job->WaitFor != NULL)
        KeWaitForSingleObject(job->WaitFor, Executive, KernelMode, FALSE, NULL);
    if (job->Count != NULL)
        InterlockedIncrement(job->Count);
    KeSetEvent(&job->Done, 0, FALSE);
}

static VOID Prepare(JOB *Job, volatile LONG *Count, KEVENT *WaitFor)
{
    RtlZeroMemory(Job, sizeof(*Job));
    KeInitializeEvent(&Job->Done, NotificationEvent, FALSE);
    Job->Count = Count;
    Job->WaitFor = WaitFor;
    ExInitializeWorkItem(&Job->Item, Work, Job);
}

static VOID Runs(VOID)
{
    static const WORK_QUEUE_TYPE types[] = { DelayedWorkQueue, CriticalWorkQueue, HyperCriticalWorkQueue, NormalWorkQueue };
    KPRIORITY priorities[4];
    ULONG i;

    for (i = 0; i < RTL_NUMBER_OF(types); i++) {
        JOB job;
        KIRQL irql;
        Prepare(&job, NULL, NULL);
        irql = KfRaiseIrql(DISPATCH_LEVEL);
        ExQueueWorkItem(&job.Item, types[i]);
        KeLowerIrql(irql);
        KeWaitForSingleObject(&job.Done, Executive, KernelMode, FALSE, NULL);
        priorities[i] = job.Priority;
    }
    CHECK(priorities[0] == 12 && priorities[1] == 13 && priorities[2] == 15 && priorities[3] == 12);
}

/* Ten routines that block: the eleventh, which lets them go, still gets a thread. */
static VOID Blocked(VOID)
{
    JOB *jobs = ExAllocatePoolWithTag(NonPagedPoolNx, 11 * sizeof(JOB), 'tseT');
    volatile LONG count = 0;
    ULONG i;

    if (!CHECK(jobs != NULL))
        return;
    for (i = 0; i < 11; i++)
        Prepare(&jobs[i], &count, i < 10 ? &jobs[10].Done : NULL);
    for (i = 0; i < 11; i++)
        ExQueueWorkItem(&jobs[i].Item, DelayedWorkQueue);
    for (i = 0; i < 11; i++)
        KeWaitForSingleObject(&jobs[i].Done, Executive, KernelMode, FALSE, NULL);
    CHECK(count == 11);
    ExFreePoolWithTag(jobs, 'tseT');
}

static VOID QueueMany(PVOID Context, ULONG Index)
{
    ULONG i;
    for (i = 0; i < 300; i++) {
        JOB job;
        Prepare(&job, Context, NULL);
        ExQueueWorkItem(&job.Item, i & 1 ? DelayedWorkQueue : CriticalWorkQueue);
        KeWaitForSingleObject(&job.Done, Executive, KernelMode, FALSE, NULL);
    }
}

static VOID Storm(VOID)
{
    volatile LONG count = 0;
    TestRunThreads(6, QueueMany, (PVOID)&count);
    CHECK(count == 1800);
}

static VOID Handles(VOID)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\BaseNamedObjects\\TestEvent");
    LARGE_INTEGER now = { .QuadPart = 0 };
    OBJECT_ATTRIBUTES attributes;
    HANDLE event = NULL, second = NULL;
    LONG previous = 7;

    CHECK(ExGetPreviousMode() == KernelMode);
    InitializeObjectAttributes(&attributes, &name, OBJ_KERNEL_HANDLE, NULL, NULL);
    CHECK(ZwCreateEvent(&event, EVENT_ALL_ACCESS, &attributes, 5, FALSE) == STATUS_INVALID_PARAMETER);
    CHECK(ZwCreateEvent(&event, EVENT_ALL_ACCESS, &attributes, SynchronizationEvent, FALSE) == STATUS_SUCCESS);
    CHECK(ZwOpenEvent(&second, EVENT_ALL_ACCESS, &attributes) == STATUS_SUCCESS);
    CHECK(ZwSetEvent(second, &previous) == STATUS_SUCCESS && previous == 0);
    CHECK(ZwWaitForSingleObject(event, FALSE, &now) == STATUS_SUCCESS);
    CHECK(ZwWaitForSingleObject(event, FALSE, &now) == STATUS_TIMEOUT);
    CHECK(ZwSetEvent(event, NULL) == STATUS_SUCCESS && ZwResetEvent(second, &previous) == STATUS_SUCCESS && previous == 1);
    CHECK(ZwSetEvent(event, NULL) == STATUS_SUCCESS && ZwClearEvent(event) == STATUS_SUCCESS);
    CHECK(ZwWaitForSingleObject(event, FALSE, &now) == STATUS_TIMEOUT);
    ZwClose(event);
    ZwClose(second);
    CHECK(ZwOpenEvent(&second, EVENT_ALL_ACCESS, &attributes) == STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK(ZwSetEvent(event, NULL) == STATUS_INVALID_HANDLE);
}

static const KE_TEST tests[] = {
    { "ex.worker.runs", Runs, 0 }, { "ex.worker.blocked", Blocked, 0 }, { "ex.worker.storm", Storm, 0 },
    { "ex.event.handles", Handles, 0 },
};
const KE_TEST_GROUP ExTests = { tests, RTL_NUMBER_OF(tests) };

/* SPDX-License-Identifier: MIT
 * Cancel-safe queues: a queue as a driver would make it, and a race of everything that takes requests from it.
 */
#include "fixture.h"

typedef struct QUEUE {
    IO_CSQ Csq;                                  /* first */
    LIST_ENTRY List;
    KSPIN_LOCK Lock;
    LONG Room;                                   /* for the Ex form: how many it takes */
    volatile LONG Cancelled;
} QUEUE;

static VOID NTAPI Insert(PIO_CSQ Csq, PIRP Irp) { InsertTailList(&((QUEUE *)Csq)->List, &Irp->Tail.Overlay.ListEntry); }
static NTSTATUS NTAPI InsertEx(PIO_CSQ Csq, PIRP Irp, PVOID InsertContext)
{
    if (InsertContext == NULL || ((QUEUE *)Csq)->Room-- <= 0)
        return STATUS_DEVICE_BUSY;
    Insert(Csq, Irp);
    return STATUS_WAIT_1;
}
static VOID NTAPI Remove(PIO_CSQ Csq, PIRP Irp) { RemoveEntryList(&Irp->Tail.Overlay.ListEntry); }
/* The context is a key to look for, or NULL for any. */
static PIRP NTAPI Peek(PIO_CSQ Csq, PIRP Irp, PVOID Context)
{
    PLIST_ENTRY head = &((QUEUE *)Csq)->List, entry = Irp == NULL ? head->Flink : Irp->Tail.Overlay.ListEntry.Flink;

    for (; entry != head; entry = entry->Flink) {
        PIRP irp = CONTAINING_RECORD(entry, IRP, Tail.Overlay.ListEntry);
        if (Context == NULL || irp->Tail.Overlay.DriverContext[0] == Context)
            return irp;
    }
    return NULL;
}
static VOID NTAPI Acquire(PIO_CSQ Csq, PKIRQL Irql) { *Irql = KeAcquireSpinLockRaiseToDpc(&((QUEUE *)Csq)->Lock); }
static VOID NTAPI Release(PIO_CSQ Csq, KIRQL Irql) { KeReleaseSpinLock(&((QUEUE *)Csq)->Lock, Irql); }
static VOID NTAPI CompleteCancelled(PIO_CSQ Csq, PIRP Irp)
{
    InterlockedIncrement(&((QUEUE *)Csq)->Cancelled);
    TestComplete(Irp, STATUS_CANCELLED, 0);
}

static VOID InitQueue(QUEUE *Queue, BOOLEAN Extended)
{
    RtlZeroMemory(Queue, sizeof(*Queue));
    InitializeListHead(&Queue->List);
    KeInitializeSpinLock(&Queue->Lock);
    if (Extended)
        CHECK(IoCsqInitializeEx(&Queue->Csq, InsertEx, Remove, Peek, Acquire, Release, CompleteCancelled) == STATUS_SUCCESS);
    else
        CHECK(IoCsqInitialize(&Queue->Csq, Insert, Remove, Peek, Acquire, Release, CompleteCancelled) == STATUS_SUCCESS);
}

static volatile LONG Completions;
static NTSTATUS NTAPI Keep(PDEVICE_OBJECT Device, PIRP Irp, PVOID Context)
{
    InterlockedIncrement(&Completions);
    return STATUS_MORE_PROCESSING_REQUIRED;
}

static PIRP MakeIrp(ULONG_PTR Key)
{
    PIRP irp = IoAllocateIrp(1, FALSE);
    IoSetCompletionRoutine(irp, Keep, NULL, TRUE, TRUE, TRUE);
    IoSetNextIrpStackLocation(irp);
    irp->Tail.Overlay.DriverContext[0] = (PVOID)Key;
    return irp;
}

static VOID Order(VOID)
{
    PIRP a = MakeIrp(1), b = MakeIrp(2), c = MakeIrp(1);
    IO_CSQ_IRP_CONTEXT context;
    QUEUE queue;

    InitQueue(&queue, FALSE);
    IoCsqInsertIrp(&queue.Csq, a, NULL);
    CHECK(IoCsqInsertIrpEx(&queue.Csq, b, &context, NULL) == STATUS_SUCCESS);
    IoCsqInsertIrp(&queue.Csq, c, NULL);
    CHECK((IoGetCurrentIrpStackLocation(a)->Control & SL_PENDING_RETURNED) && a->CancelRoutine != NULL && context.Irp == b);
    CHECK(IoCsqRemoveIrp(&queue.Csq, &context) == b && b->CancelRoutine == NULL && b->Tail.Overlay.DriverContext[3] == NULL);
    CHECK(IoCsqRemoveIrp(&queue.Csq, &context) == NULL && context.Irp == NULL);
    CHECK(IoCsqRemoveNextIrp(&queue.Csq, (PVOID)2) == NULL && IoCsqRemoveNextIrp(&queue.Csq, (PVOID)1) == a);
    CHECK(IoCsqRemoveNextIrp(&queue.Csq, NULL) == c && IoCsqRemoveNextIrp(&queue.Csq, NULL) == NULL);
    IoFreeIrp(a);
    IoFreeIrp(b);
    IoFreeIrp(c);
}

static VOID Cancel(VOID)
{
    PIRP a = MakeIrp(1), b = MakeIrp(2);
    IO_CSQ_IRP_CONTEXT context;
    QUEUE queue;

    InitQueue(&queue, FALSE);
    Completions = 0;
    IoCsqInsertIrp(&queue.Csq, a, &context);
    CHECK(IoCancelIrp(a) && Completions == 1 && a->IoStatus.Status == STATUS_CANCELLED && IsListEmpty(&queue.List));
    CHECK(context.Irp == NULL && IoCsqRemoveIrp(&queue.Csq, &context) == NULL);
    CHECK(!IoCancelIrp(b));                      /* before it is queued */
    IoCsqInsertIrp(&queue.Csq, b, &context);
    CHECK(Completions == 2 && IsListEmpty(&queue.List) && context.Irp == NULL);
    IoFreeIrp(a);
    IoFreeIrp(b);
}

static VOID Extended(VOID)
{
    PIRP a = MakeIrp(1), b = MakeIrp(2);
    IO_CSQ_IRP_CONTEXT context;
    QUEUE queue;

    InitQueue(&queue, TRUE);
    queue.Room = 1;
    CHECK(IoCsqInsertIrpEx(&queue.Csq, a, NULL, &queue) == STATUS_WAIT_1);
    CHECK(IoCsqInsertIrpEx(&queue.Csq, b, &context, &queue) == STATUS_DEVICE_BUSY && context.Irp == NULL);
    CHECK(b->CancelRoutine == NULL && !(IoGetCurrentIrpStackLocation(b)->Control & SL_PENDING_RETURNED));
    CHECK(IoCsqRemoveNextIrp(&queue.Csq, NULL) == a);
    IoFreeIrp(a);
    IoFreeIrp(b);
}

/* One cancels, one removes by context, one takes the next: each request ends once. */
#define ROUNDS 100u
typedef struct RACE {
    QUEUE Queue;
    PIRP Irp;
    IO_CSQ_IRP_CONTEXT Context;
    volatile LONG Arrived;
} RACE;

static VOID TakeOrCancel(PVOID Argument, ULONG Index)
{
    RACE *race = Argument;
    PIRP irp = NULL;

    InterlockedIncrement(&race->Arrived);
    while (race->Arrived != 4)
        KiPause();
    if (Index == 0)
        IoCsqInsertIrp(&race->Queue.Csq, race->Irp, &race->Context);
    else if (Index == 1)
        IoCancelIrp(race->Irp);
    else
        irp = Index == 2 ? IoCsqRemoveNextIrp(&race->Queue.Csq, NULL) : IoCsqRemoveIrp(&race->Queue.Csq, &race->Context);
    if (irp != NULL)
        TestComplete(irp, STATUS_SUCCESS, 0);
}

static VOID Race(VOID)
{
    RACE *race = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*race), 'tseT');
    ULONG round;

    for (round = 0; CHECK(race != NULL) && round < ROUNDS; round++) {
        RtlZeroMemory(race, sizeof(*race));
        InitQueue(&race->Queue, FALSE);
        race->Irp = MakeIrp(1);
        Completions = 0;
        TestRunThreads(4, TakeOrCancel, race);
        CHECK(Completions == 1 && IsListEmpty(&race->Queue.List) && race->Context.Irp == NULL);   /* cancelled, if by nobody else */
        IoFreeIrp(race->Irp);
    }
    if (race != NULL)
        ExFreePoolWithTag(race, 'tseT');
}

static const KE_TEST tests[] = {
    { "io.csq.order", Order, 0 }, { "io.csq.cancel", Cancel, 0 }, { "io.csq.extended", Extended, 0 }, { "io.csq.race", Race, 4 },
};
const KE_TEST_GROUP IoCancelQueueTests = { tests, RTL_NUMBER_OF(tests) };

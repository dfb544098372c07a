/* SPDX-License-Identifier: MIT
 * Stress on requests: a device of its own that answers at once, from a DPC, or when it is told to; the latter are cancelled by who
 * sent them while others take them out of the queue.
 */
#include "stress.h"

#define IOCTL_NOW CTL_CODE(FILE_DEVICE_UNKNOWN, 0x800, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define IOCTL_PEND CTL_CODE(FILE_DEVICE_UNKNOWN, 0x801, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define IOCTL_HOLD CTL_CODE(FILE_DEVICE_UNKNOWN, 0x802, METHOD_NEITHER, FILE_ANY_ACCESS)
#define WORDS 16

typedef struct MESSAGE {
    ULONGLONG Thread;                       /* whose DPC answers */
    ULONG Words[WORDS];
} MESSAGE;

static IO_CSQ Queue;
static LIST_ENTRY Held;
static KSPIN_LOCK HeldLock;
static volatile LONG Sent, Answered, Cancelled, Taken;

static NTSTATUS Complete(PIRP Irp, NTSTATUS Status, ULONG_PTR Information)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = Information;
    InterlockedIncrement(&Answered);
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

/* ---- The device ---- */

static VOID NTAPI Insert(PIO_CSQ Csq, PIRP Irp) { InsertTailList(&Held, &Irp->Tail.Overlay.ListEntry); }
static VOID NTAPI Remove(PIO_CSQ Csq, PIRP Irp) { RemoveEntryList(&Irp->Tail.Overlay.ListEntry); }
static PIRP NTAPI Peek(PIO_CSQ Csq, PIRP Irp, PVOID Context)
{
    PLIST_ENTRY next = Irp == NULL ? Held.Flink : Irp->Tail.Overlay.ListEntry.Flink;

    return next == &Held ? NULL : CONTAINING_RECORD(next, IRP, Tail.Overlay.ListEntry);
}
static VOID NTAPI Acquire(PIO_CSQ Csq, PKIRQL Irql) { KeAcquireSpinLock(&HeldLock, Irql); }
static VOID NTAPI Release(PIO_CSQ Csq, KIRQL Irql) { KeReleaseSpinLock(&HeldLock, Irql); }

static VOID NTAPI CompleteCancelled(PIO_CSQ Csq, PIRP Irp)
{
    InterlockedIncrement(&Cancelled);
    Complete(Irp, STATUS_CANCELLED, 0);
}

static NTSTATUS Transform(PIRP Irp)
{
    MESSAGE *message = Irp->AssociatedIrp.SystemBuffer;
    ULONG i;

    for (i = 0; i < WORDS; i++)
        message->Words[i] = ~message->Words[i];
    return Complete(Irp, STATUS_SUCCESS, sizeof(*message));
}

static VOID NTAPI AnswerDpc(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2) { Transform(Argument1); }

static NTSTATUS Pend(PIRP Irp)
{
    STRESS_THREAD *thread = (STRESS_THREAD *)((MESSAGE *)Irp->AssociatedIrp.SystemBuffer)->Thread;

    IoMarkIrpPending(Irp);
    KeInitializeDpc(&thread->IrpDpc, AnswerDpc, NULL);
    if (StressRandom(thread, 2) != 0)
        KeSetTargetProcessorDpc(&thread->IrpDpc, (CCHAR)StressRandom(thread, KeQueryActiveProcessorCount(NULL)));
    StressCheck(KeInsertQueueDpc(&thread->IrpDpc, Irp, NULL), "the DPC was not queued");
    return STATUS_PENDING;
}

static NTSTATUS NTAPI Control(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    switch (IoGetCurrentIrpStackLocation(Irp)->Parameters.DeviceIoControl.IoControlCode) {
    case IOCTL_NOW:
        return Transform(Irp);
    case IOCTL_PEND:
        return Pend(Irp);
    case IOCTL_HOLD:
        IoCsqInsertIrp(&Queue, Irp, NULL);
        return STATUS_PENDING;
    default:
        return Complete(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
    }
}

/* ---- Who sends ---- */

static VOID Ask(STRESS_THREAD *Thread, ULONG Code, NTSTATUS Wanted)
{
    MESSAGE question, answer;
    IO_STATUS_BLOCK block;
    NTSTATUS status;
    KEVENT event;
    PIRP irp;
    ULONG i;

    question.Thread = (ULONG_PTR)Thread;
    for (i = 0; i < WORDS; i++)
        question.Words[i] = StressRandom(Thread, 0x7FFFFFFF);
    RtlZeroMemory(&answer, sizeof(answer));
    KeInitializeEvent(&event, NotificationEvent, FALSE);
    irp = IoBuildDeviceIoControlRequest(Code, StressDevice, &question, sizeof(question), &answer, sizeof(answer), FALSE, &event, &block);
    if (!StressCheck(irp != NULL, "a request"))
        return;
    InterlockedIncrement(&Sent);
    status = IoCallDriver(StressDevice, irp);
    StressCheck(status == Wanted, "what the device answers at once");
    if (status == STATUS_PENDING)
        KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, NULL);
    StressCheck(block.Status == STATUS_SUCCESS && block.Information == sizeof(answer), "the request's status block");
    for (i = 0; i < WORDS; i++)
        StressCheck(answer.Words[i] == ~question.Words[i], "the answer arrives whole");
}

VOID StressIoctlNow(STRESS_THREAD *Thread) { Ask(Thread, IOCTL_NOW, STATUS_SUCCESS); }
VOID StressIoctlPended(STRESS_THREAD *Thread) { Ask(Thread, IOCTL_PEND, STATUS_PENDING); }

static NTSTATUS NTAPI Wake(PDEVICE_OBJECT DeviceObject, PIRP Irp, PVOID Context)
{
    KeSetEvent(Context, IO_NO_INCREMENT, FALSE);
    return STATUS_MORE_PROCESSING_REQUIRED;
}

static VOID TakeOne(VOID)
{
    PIRP irp = IoCsqRemoveNextIrp(&Queue, NULL);

    if (irp == NULL)
        return;
    InterlockedIncrement(&Taken);
    Complete(irp, STATUS_SUCCESS, 0);
}

VOID StressIoctlCancelled(STRESS_THREAD *Thread)
{
    PIRP irp = IoAllocateIrp(StressDevice->StackSize, FALSE);
    PIO_STACK_LOCATION next;

    if (!StressCheck(irp != NULL, "a packet"))
        return;
    next = IoGetNextIrpStackLocation(irp);
    next->MajorFunction = IRP_MJ_DEVICE_CONTROL;
    next->Parameters.DeviceIoControl.IoControlCode = IOCTL_HOLD;
    IoSetCompletionRoutine(irp, Wake, &Thread->Event, TRUE, TRUE, TRUE);
    InterlockedIncrement(&Sent);
    if (StressRandom(Thread, 8) == 0)
        IoCancelIrp(irp);                   /* before the device sees it */
    StressCheck(IoCallDriver(StressDevice, irp) == STATUS_PENDING, "a request that is held");
    StressPause(Thread);
    if (StressRandom(Thread, 2) != 0)
        TakeOne();
    IoCancelIrp(irp);
    KeWaitForSingleObject(&Thread->Event, Executive, KernelMode, FALSE, NULL);
    StressCheck(irp->IoStatus.Status == STATUS_SUCCESS || irp->IoStatus.Status == STATUS_CANCELLED, "taken or cancelled");
    IoFreeIrp(irp);
}

NTSTATUS StressIrpsStart(PDRIVER_OBJECT DriverObject)
{
    NTSTATUS status = IoCreateDevice(DriverObject, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &StressDevice);

    if (!NT_SUCCESS(status))
        return status;
    StressDevice->Flags &= ~DO_DEVICE_INITIALIZING;
    DriverObject->MajorFunction[IRP_MJ_DEVICE_CONTROL] = Control;
    InitializeListHead(&Held);
    KeInitializeSpinLock(&HeldLock);
    return IoCsqInitialize(&Queue, Insert, Remove, Peek, Acquire, Release, CompleteCancelled);
}

VOID StressIrpsFinish(VOID)
{
    StressCheck(IsListEmpty(&Held), "the device holds nothing");
    StressCheck(Answered == Sent, "each request was answered once");
    DbgPrint("stress: %ld requests (%ld cancelled, %ld taken)\n", Sent, Cancelled, Taken);
    IoDeleteDevice(StressDevice);
}

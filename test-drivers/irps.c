/* SPDX-License-Identifier: MIT
 * The ways of a request: through a stack of two devices, passed on with and without a completion routine, answered at once and
 * later, by every transfer method, failed, split into associated ones, built by every routine that builds.
 */
#include "check.h"

DRIVER_INITIALIZE DriverEntry;

#define SIZE 6000
#define AT_ONCE 0
#define LATER 1
#define IOCTL(Number, Method) CTL_CODE(FILE_DEVICE_UNKNOWN, 0x900 + (Number), Method, FILE_ANY_ACCESS)
#define IOCTL_BUFFERED IOCTL(0, METHOD_BUFFERED)
#define IOCTL_IN IOCTL(1, METHOD_IN_DIRECT)
#define IOCTL_OUT IOCTL(2, METHOD_OUT_DIRECT)
#define IOCTL_NEITHER IOCTL(3, METHOD_NEITHER)
#define IOCTL_FAIL_TOLD IOCTL(4, METHOD_BUFFERED)
#define IOCTL_FAIL_UNTOLD IOCTL(5, METHOD_BUFFERED)

static PDEVICE_OBJECT Upper, Lower;
static PIO_WORKITEM WorkItem;
static UCHAR Data[SIZE];
static volatile LONG Passed, Flushed, Finished;
static KEVENT Done;

static NTSTATUS Complete(PIRP Irp, NTSTATUS Status, ULONG_PTR Information)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = Information;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

/* ---- The lower device: answers ---- */

static VOID NTAPI Later(PDEVICE_OBJECT DeviceObject, PVOID Context)
{
    PIRP irp = Context;

    Complete(irp, STATUS_SUCCESS, irp->IoStatus.Information);
}

static NTSTATUS Answer(PIRP Irp, ULONG_PTR Information, BOOLEAN Wait)
{
    if (!Wait)
        return Complete(Irp, STATUS_SUCCESS, Information);
    Irp->IoStatus.Information = Information;
    IoMarkIrpPending(Irp);
    IoQueueWorkItem(WorkItem, Later, DelayedWorkQueue, Irp);
    return STATUS_PENDING;
}

static PUCHAR TransferBuffer(PIRP Irp)
{
    if (Lower->Flags & DO_BUFFERED_IO)
        return Irp->AssociatedIrp.SystemBuffer;
    if (Lower->Flags & DO_DIRECT_IO)
        return MmGetSystemAddressForMdlSafe(Irp->MdlAddress, NormalPagePriority);
    return Irp->UserBuffer;
}

static BOOLEAN IsRow(const UCHAR *Buffer, ULONG Length)
{
    ULONG i;

    for (i = 0; i < Length; i++) {
        if (Buffer[i] != (UCHAR)(i * 7))
            return FALSE;
    }
    return TRUE;
}

static VOID MakeRow(PUCHAR Buffer, ULONG Length)
{
    ULONG i;

    for (i = 0; i < Length; i++)
        Buffer[i] = (UCHAR)(i * 7);
}

static NTSTATUS Transfer(PIRP Irp, PIO_STACK_LOCATION Stack)
{
    PUCHAR buffer = TransferBuffer(Irp);
    ULONG length = Stack->Parameters.Read.Length;

    if (!Check(buffer != NULL, "a transfer's buffer"))
        return Complete(Irp, STATUS_INSUFFICIENT_RESOURCES, 0);
    if (Stack->MajorFunction == IRP_MJ_READ)
        MakeRow(buffer, length);
    else if (!Check(IsRow(buffer, length), "what is written arrives"))
        return Complete(Irp, STATUS_DATA_ERROR, 0);
    return Answer(Irp, length, Stack->Parameters.Read.ByteOffset.LowPart == LATER);
}

/* The input is a row, and so becomes the output. */
static NTSTATUS Control(PIRP Irp, PIO_STACK_LOCATION Stack)
{
    ULONG input = Stack->Parameters.DeviceIoControl.InputBufferLength, output = Stack->Parameters.DeviceIoControl.OutputBufferLength;
    ULONG code = Stack->Parameters.DeviceIoControl.IoControlCode;
    PUCHAR from = Irp->AssociatedIrp.SystemBuffer, to = from;

    if (code == IOCTL_FAIL_TOLD || code == IOCTL_FAIL_UNTOLD)
        return Complete(Irp, STATUS_DEVICE_NOT_READY, 0);
    if (code == IOCTL_NEITHER) {
        from = Stack->Parameters.DeviceIoControl.Type3InputBuffer;
        to = Irp->UserBuffer;
    } else if (code != IOCTL_BUFFERED) {
        to = MmGetSystemAddressForMdlSafe(Irp->MdlAddress, NormalPagePriority);
    }
    if (!Check(from != NULL && to != NULL && IsRow(from, input), "a control's input"))
        return Complete(Irp, STATUS_INVALID_PARAMETER, 0);
    if (code == IOCTL_IN) {
        Check(IsRow(to, output), "its second input");
        return Complete(Irp, STATUS_SUCCESS, output);
    }
    MakeRow(to, output);
    return Complete(Irp, STATUS_SUCCESS, output);
}

static NTSTATUS LowerDispatch(PIRP Irp, PIO_STACK_LOCATION Stack)
{
    switch (Stack->MajorFunction) {
    case IRP_MJ_READ:
    case IRP_MJ_WRITE:
        return Transfer(Irp, Stack);
    case IRP_MJ_DEVICE_CONTROL:
        return Control(Irp, Stack);
    case IRP_MJ_FLUSH_BUFFERS:
        return Answer(Irp, 0, InterlockedIncrement(&Flushed) == 1);
    default:
        return Complete(Irp, STATUS_SUCCESS, 0);
    }
}

/* ---- The upper device: passes on ---- */

static NTSTATUS NTAPI OnWayBack(PDEVICE_OBJECT DeviceObject, PIRP Irp, PVOID Context)
{
    Check(DeviceObject == Upper && Context == &Passed, "a completion routine's arguments");
    InterlockedIncrement(&Passed);
    if (Irp->PendingReturned)
        IoMarkIrpPending(Irp);
    return STATUS_CONTINUE_COMPLETION;
}

/* In two: the request is complete when both are. */
static NTSTATUS Split(PIRP Irp)
{
    PIRP parts[2];
    ULONG i;

    Irp->AssociatedIrp.IrpCount = 2;
    Irp->IoStatus.Status = STATUS_SUCCESS;
    Irp->IoStatus.Information = 4711;
    for (i = 0; i < 2; i++) {
        parts[i] = IoMakeAssociatedIrp(Irp, Lower->StackSize);
        if (!Check(parts[i] != NULL, "an associated request"))
            return Complete(Irp, STATUS_INSUFFICIENT_RESOURCES, 0);
        IoGetNextIrpStackLocation(parts[i])->MajorFunction = IRP_MJ_FLUSH_BUFFERS;
    }
    IoMarkIrpPending(Irp);
    for (i = 0; i < 2; i++)
        IoCallDriver(Lower, parts[i]);
    return STATUS_PENDING;
}

static NTSTATUS UpperDispatch(PIRP Irp, PIO_STACK_LOCATION Stack)
{
    BOOLEAN told;

    if (Stack->MajorFunction == IRP_MJ_FLUSH_BUFFERS)
        return Split(Irp);
    if (Stack->MajorFunction == IRP_MJ_WRITE) {
        IoSkipCurrentIrpStackLocation(Irp);
        return IoCallDriver(Lower, Irp);
    }
    told = Stack->MajorFunction != IRP_MJ_DEVICE_CONTROL || Stack->Parameters.DeviceIoControl.IoControlCode != IOCTL_FAIL_UNTOLD;
    IoCopyCurrentIrpStackLocationToNext(Irp);
    IoSetCompletionRoutine(Irp, OnWayBack, (PVOID)&Passed, TRUE, told, TRUE);
    return IoCallDriver(Lower, Irp);
}

static NTSTATUS NTAPI Dispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(Irp);

    Check(stack->DeviceObject == DeviceObject, "a location's device");
    return DeviceObject == Upper ? UpperDispatch(Irp, stack) : LowerDispatch(Irp, stack);
}

/* ---- Sending ---- */

static NTSTATUS Send(PIRP Irp, PIO_STATUS_BLOCK Block)
{
    NTSTATUS status = IoCallDriver(Upper, Irp);

    if (status == STATUS_PENDING) {
        KeWaitForSingleObject(&Done, Executive, KernelMode, FALSE, NULL);
        status = Block->Status;
    }
    KeClearEvent(&Done);
    return status;
}

static VOID SendTransfer(UCHAR Major, ULONG When)
{
    IO_STATUS_BLOCK block = { 0 };
    LARGE_INTEGER offset;
    PIRP irp;

    offset.QuadPart = When;
    if (Major == IRP_MJ_WRITE)
        MakeRow(Data, SIZE);
    else
        RtlZeroMemory(Data, SIZE);
    irp = IoBuildSynchronousFsdRequest(Major, Upper, Data, SIZE, &offset, &Done, &block);
    if (!Check(irp != NULL, "IoBuildSynchronousFsdRequest"))
        return;
    CheckStatus(Send(irp, &block), STATUS_SUCCESS, "a transfer");
    Check(block.Information == SIZE && IsRow(Data, SIZE), "its data");
}

static VOID CheckTransfers(ULONG Flags)
{
    Upper->Flags = (Upper->Flags & ~(ULONG)(DO_BUFFERED_IO | DO_DIRECT_IO)) | Flags;
    Lower->Flags = (Lower->Flags & ~(ULONG)(DO_BUFFERED_IO | DO_DIRECT_IO)) | Flags;
    Passed = 0;
    SendTransfer(IRP_MJ_READ, AT_ONCE);
    SendTransfer(IRP_MJ_READ, LATER);
    Check(Passed == 2, "a completion routine for each");
    SendTransfer(IRP_MJ_WRITE, AT_ONCE);
    SendTransfer(IRP_MJ_WRITE, LATER);
    Check(Passed == 2, "none where the location was skipped");
}

static NTSTATUS SendControl(ULONG Code, ULONG_PTR Wanted)
{
    IO_STATUS_BLOCK block = { 0 };
    NTSTATUS status;
    UCHAR input[100];
    PIRP irp;

    MakeRow(input, sizeof(input));
    if (Code == IOCTL_IN)
        MakeRow(Data, SIZE);
    else
        RtlZeroMemory(Data, SIZE);
    irp = IoBuildDeviceIoControlRequest(Code, Upper, input, sizeof(input), Data, SIZE, FALSE, &Done, &block);
    if (!Check(irp != NULL, "IoBuildDeviceIoControlRequest"))
        return STATUS_INSUFFICIENT_RESOURCES;
    status = Send(irp, &block);
    if (NT_SUCCESS(status))
        Check(block.Information == Wanted && IsRow(Data, SIZE), "a control's output");
    return status;
}

static VOID CheckControls(VOID)
{
    CheckStatus(SendControl(IOCTL_BUFFERED, SIZE), STATUS_SUCCESS, "buffered");
    CheckStatus(SendControl(IOCTL_IN, SIZE), STATUS_SUCCESS, "direct, in");
    CheckStatus(SendControl(IOCTL_OUT, SIZE), STATUS_SUCCESS, "direct, out");
    CheckStatus(SendControl(IOCTL_NEITHER, SIZE), STATUS_SUCCESS, "neither");
    Passed = 0;
    CheckStatus(SendControl(IOCTL_FAIL_TOLD, 0), STATUS_DEVICE_NOT_READY, "a failure");
    Check(Passed == 1, "of which the completion routine is told");
    CheckStatus(SendControl(IOCTL_FAIL_UNTOLD, 0), STATUS_DEVICE_NOT_READY, "another failure");
    Check(Passed == 1, "of which it is not");
}

static VOID CheckAssociated(VOID)
{
    IO_STATUS_BLOCK block = { 0 };
    PIRP irp = IoBuildSynchronousFsdRequest(IRP_MJ_FLUSH_BUFFERS, Upper, NULL, 0, NULL, &Done, &block);

    if (!Check(irp != NULL, "a request to split"))
        return;
    CheckStatus(Send(irp, &block), STATUS_SUCCESS, "a request in two parts");
    Check(Flushed == 2 && block.Information == 4711, "both were there, the answer is the whole one's");
}

/* ---- Requests that the sender frees ---- */

static NTSTATUS NTAPI FreeRequest(PDEVICE_OBJECT DeviceObject, PIRP Irp, PVOID Context)
{
    Check(NT_SUCCESS(Irp->IoStatus.Status) && Irp->MdlAddress != NULL, "an asynchronous request");
    MmUnlockPages(Irp->MdlAddress);
    IoFreeMdl(Irp->MdlAddress);
    IoFreeIrp(Irp);
    InterlockedIncrement(&Finished);
    KeSetEvent(Context, IO_NO_INCREMENT, FALSE);
    return STATUS_MORE_PROCESSING_REQUIRED;
}

static VOID CheckAsynchronous(VOID)
{
    LARGE_INTEGER offset;
    PIRP irp;

    offset.QuadPart = LATER;
    Upper->Flags = (Upper->Flags & ~(ULONG)DO_BUFFERED_IO) | DO_DIRECT_IO;
    Lower->Flags = (Lower->Flags & ~(ULONG)DO_BUFFERED_IO) | DO_DIRECT_IO;
    RtlZeroMemory(Data, SIZE);
    irp = IoBuildAsynchronousFsdRequest(IRP_MJ_READ, Upper, Data, SIZE, &offset, NULL);
    if (!Check(irp != NULL, "IoBuildAsynchronousFsdRequest"))
        return;
    IoSetCompletionRoutine(irp, FreeRequest, &Done, TRUE, TRUE, TRUE);
    CheckStatus(IoCallDriver(Upper, irp), STATUS_PENDING, "it is not waited for");
    KeWaitForSingleObject(&Done, Executive, KernelMode, FALSE, NULL);
    KeClearEvent(&Done);
    Check(Finished == 1 && IsRow(Data, SIZE), "its data");
}

static NTSTATUS NTAPI KeepRequest(PDEVICE_OBJECT DeviceObject, PIRP Irp, PVOID Context)
{
    InterlockedIncrement(&Finished);
    return STATUS_MORE_PROCESSING_REQUIRED;
}

static VOID CheckReuse(VOID)
{
    PIRP irp = IoAllocateIrp(Upper->StackSize, FALSE);
    ULONG i;

    if (!Check(irp != NULL, "a packet"))
        return;
    for (i = 0; i < 3; i++) {
        IoReuseIrp(irp, STATUS_UNSUCCESSFUL);
        Check(irp->IoStatus.Status == STATUS_UNSUCCESSFUL && irp->CurrentLocation == irp->StackCount + 1, "a packet as new");
        IoGetNextIrpStackLocation(irp)->MajorFunction = IRP_MJ_CREATE;
        IoSetCompletionRoutine(irp, KeepRequest, NULL, TRUE, TRUE, TRUE);
        CheckStatus(IoCallDriver(Upper, irp), STATUS_SUCCESS, "a packet sent again");
    }
    Check(Finished == 4, "the sender has it back each time");
    IoFreeIrp(irp);
}

static VOID Delete(VOID)
{
    IoFreeWorkItem(WorkItem);
    IoDetachDevice(Lower);
    IoDeleteDevice(Upper);
    IoDeleteDevice(Lower);
}

static BOOLEAN MakeStack(PDRIVER_OBJECT DriverObject)
{
    if (!CheckStatus(IoCreateDevice(DriverObject, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &Lower), STATUS_SUCCESS, "the lower device"))
        return FALSE;
    WorkItem = IoAllocateWorkItem(Lower);
    if (!CheckStatus(IoCreateDevice(DriverObject, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &Upper), STATUS_SUCCESS, "the upper device")
        || WorkItem == NULL) {
        IoDeleteDevice(Lower);
        return FALSE;
    }
    Lower->Flags &= ~(ULONG)DO_DEVICE_INITIALIZING;
    Check(IoAttachDeviceToDeviceStack(Upper, Lower) == Lower, "attached");
    Upper->Flags &= ~(ULONG)DO_DEVICE_INITIALIZING;
    return Check(Upper->StackSize == Lower->StackSize + 1 && Lower->AttachedDevice == Upper, "a stack of two");
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    ULONG i;

    for (i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++)
        DriverObject->MajorFunction[i] = Dispatch;
    KeInitializeEvent(&Done, NotificationEvent, FALSE);
    if (!MakeStack(DriverObject))
        return CheckResult();
    CheckTransfers(DO_BUFFERED_IO);
    CheckTransfers(DO_DIRECT_IO);
    CheckTransfers(0);
    CheckControls();
    CheckAssociated();
    CheckAsynchronous();
    CheckReuse();
    Delete();
    return CheckResult();
}

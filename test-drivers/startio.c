/* SPDX-License-Identifier: MIT
 * StartIo with a cancel routine, a device timer, and an entry in the error log.
 */
#include "check.h"

#define REQUESTS 8
#define ERROR_CODE ((NTSTATUS)0xC004000B)        /* IO_ERR_CONTROLLER_ERROR */

DRIVER_INITIALIZE DriverEntry;

static PDEVICE_OBJECT Device;
static PIRP Started[REQUESTS];
static ULONG StartCount;
static volatile LONG Completed, Cancelled;
static KEVENT Ticked;

static NTSTATUS NTAPI Keep(PDEVICE_OBJECT DeviceObject, PIRP Irp, PVOID Context)
{
    InterlockedIncrement(&Completed);
    return STATUS_MORE_PROCESSING_REQUIRED;
}

static PIRP MakeIrp(VOID)
{
    PIRP irp = IoAllocateIrp(1, FALSE);

    if (!Check(irp != NULL, "a packet"))
        return NULL;
    IoSetCompletionRoutine(irp, Keep, NULL, TRUE, TRUE, TRUE);
    IoSetNextIrpStackLocation(irp);
    IoGetCurrentIrpStackLocation(irp)->DeviceObject = Device;
    return irp;
}

static VOID Complete(PIRP Irp, NTSTATUS Status)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = 0;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
}

static VOID NTAPI StartIo(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    Check(KeGetCurrentIrql() == DISPATCH_LEVEL && DeviceObject->CurrentIrp == Irp, "StartIo's request is the current one");
    if (StartCount < REQUESTS)
        Started[StartCount] = Irp;
    StartCount += 1;
}

static VOID NTAPI CancelRoutine(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    if (Irp != DeviceObject->CurrentIrp)
        KeRemoveEntryDeviceQueue(&DeviceObject->DeviceQueue, &Irp->Tail.Overlay.DeviceQueueEntry);
    IoReleaseCancelSpinLock(Irp->CancelIrql);
    InterlockedIncrement(&Cancelled);
    Complete(Irp, STATUS_CANCELLED);
}

/* What an interrupt's DPC would do. */
static VOID FinishCurrent(VOID)
{
    KIRQL irql;
    PIRP irp;

    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    irp = Device->CurrentIrp;
    if (irp != NULL && IoSetCancelRoutine(irp, NULL) != NULL)
        Complete(irp, STATUS_SUCCESS);
    IoStartNextPacket(Device, TRUE);
    KeLowerIrql(irql);
}

static VOID CheckStartIo(VOID)
{
    PIRP irps[REQUESTS];
    ULONG i;

    for (i = 0; i < REQUESTS; i++) {
        irps[i] = MakeIrp();
        IoMarkIrpPending(irps[i]);
        IoStartPacket(Device, irps[i], NULL, CancelRoutine);
    }
    Check(StartCount == 1 && Started[0] == irps[0], "one request at a time");
    Check(IoCancelIrp(irps[3]) && Cancelled == 1, "a queued request is cancelled");
    for (i = 0; i < REQUESTS; i++)
        FinishCurrent();
    Check(StartCount == REQUESTS - 1 && Started[2] == irps[2] && Started[3] == irps[4], "the others in order");
    Check(Completed == REQUESTS && Device->CurrentIrp == NULL, "all are done");
    for (i = 0; i < REQUESTS; i++)
        IoFreeIrp(irps[i]);
}

static VOID NTAPI Tick(PDEVICE_OBJECT DeviceObject, PVOID Context) { KeSetEvent(Context, IO_NO_INCREMENT, FALSE); }

static VOID CheckTimer(VOID)
{
    KeInitializeEvent(&Ticked, SynchronizationEvent, FALSE);
    CheckStatus(IoInitializeTimer(Device, Tick, &Ticked), STATUS_SUCCESS, "a device timer");
    IoStartTimer(Device);
    CheckStatus(KeWaitForSingleObject(&Ticked, Executive, KernelMode, FALSE, NULL), STATUS_SUCCESS, "it ticks");
    IoStopTimer(Device);
}

static VOID LogError(VOID)
{
    static const WCHAR text[] = L"no disk";
    UCHAR size = (UCHAR)(sizeof(IO_ERROR_LOG_PACKET) + sizeof(text));
    PIO_ERROR_LOG_PACKET packet = IoAllocateErrorLogEntry(Device, size);
    ULONG i;

    if (!Check(packet != NULL, "an error log entry"))
        return;
    packet->ErrorCode = ERROR_CODE;
    packet->FinalStatus = STATUS_DEVICE_NOT_READY;
    packet->UniqueErrorValue = 7;
    packet->MajorFunctionCode = IRP_MJ_READ;
    packet->DumpDataSize = sizeof(ULONG);
    packet->DumpData[0] = 0x1234;
    packet->NumberOfStrings = 1;
    packet->StringOffset = sizeof(IO_ERROR_LOG_PACKET);
    for (i = 0; i < sizeof(text) / sizeof(WCHAR); i++)
        ((PWCHAR)(packet + 1))[i] = text[i];
    IoWriteErrorLogEntry(packet);
}

static VOID NTAPI Unload(PDRIVER_OBJECT DriverObject) { IoDeleteDevice(Device); }

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    NTSTATUS status = IoCreateDevice(DriverObject, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &Device);

    if (!NT_SUCCESS(status))
        return status;
    DriverObject->DriverStartIo = StartIo;
    DriverObject->DriverUnload = Unload;
    CheckStartIo();
    CheckTimer();
    LogError();
    if (!NT_SUCCESS(CheckResult()))
        IoDeleteDevice(Device);
    return CheckResult();
}

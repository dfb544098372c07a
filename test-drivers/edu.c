/* SPDX-License-Identifier: MIT
 * A function driver for QEMU's `edu` device (1234:11e8): finds its registers among the translated resources, connects to its
 * message-signalled interrupt, has it compute factorials and raise interrupts, and goes.
 */
#include "check.h"

#define EDU_IDENTITY 0x00u
#define EDU_LIVENESS 0x04u
#define EDU_FACTORIAL 0x08u
#define EDU_STATUS 0x20u
#define EDU_CAUSE 0x24u
#define EDU_RAISE 0x60u
#define EDU_ACKNOWLEDGE 0x64u
#define EDU_STATUS_INTERRUPT 0x80u       /* of a finished factorial */
#define EDU_CAUSE_FACTORIAL 0x1u

typedef struct EDU_DEVICE {
    PDEVICE_OBJECT Pdo, Lower;
    volatile ULONG *Registers;
    ULONG Length;
    PIO_INTERRUPT_MESSAGE_INFO Messages;
    KDPC Dpc;
    KEVENT Heard;
    volatile LONG Cause;
    volatile LONG Interrupts;
} EDU_DEVICE;

DRIVER_INITIALIZE DriverEntry;
DRIVER_UNLOAD Unload;
DRIVER_ADD_DEVICE AddDevice;
DRIVER_DISPATCH Pnp, Pass, Open;

static ULONG Read(EDU_DEVICE *Edu, ULONG Register)
{
    return READ_REGISTER_ULONG((PULONG)&Edu->Registers[Register / 4]);
}
static VOID Write(EDU_DEVICE *Edu, ULONG Register, ULONG Value)
{
    WRITE_REGISTER_ULONG((PULONG)&Edu->Registers[Register / 4], Value);
}

/* ---- The interrupt ---- */
static VOID NTAPI Deferred(PKDPC Dpc, PVOID Context, PVOID First, PVOID Second)
{
    EDU_DEVICE *edu = Context;
    KeSetEvent(&edu->Heard, IO_NO_INCREMENT, FALSE);
}

static BOOLEAN NTAPI Service(PKINTERRUPT Interrupt, PVOID Context, ULONG Message)
{
    EDU_DEVICE *edu = Context;
    ULONG cause = Read(edu, EDU_CAUSE);

    if (cause == 0 || Message != 0)
        return FALSE;
    Write(edu, EDU_ACKNOWLEDGE, cause);
    edu->Cause = (LONG)cause;
    InterlockedIncrement(&edu->Interrupts);
    KeInsertQueueDpc(&edu->Dpc, NULL, NULL);
    return TRUE;
}

static NTSTATUS Connect(EDU_DEVICE *Edu)
{
    IO_CONNECT_INTERRUPT_PARAMETERS parameters;
    NTSTATUS status;

    RtlZeroMemory(&parameters, sizeof(parameters));
    parameters.Version = CONNECT_MESSAGE_BASED;
    parameters.MessageBased.PhysicalDeviceObject = Edu->Pdo;
    parameters.MessageBased.MessageServiceRoutine = Service;
    parameters.MessageBased.ServiceContext = Edu;
    parameters.MessageBased.ConnectionContext.InterruptMessageTable = &Edu->Messages;
    status = IoConnectInterruptEx(&parameters);
    if (NT_SUCCESS(status)) {
        Check(parameters.Version == CONNECT_MESSAGE_BASED && Edu->Messages->MessageCount == 1, "one message");
        Check(Edu->Messages->UnifiedIrql > DISPATCH_LEVEL && Edu->Messages->MessageInfo[0].Irql == Edu->Messages->UnifiedIrql,
              "the message's IRQL");
    }
    return status;
}

static VOID Disconnect(EDU_DEVICE *Edu)
{
    IO_DISCONNECT_INTERRUPT_PARAMETERS parameters;

    if (Edu->Messages == NULL)
        return;
    parameters.Version = CONNECT_MESSAGE_BASED;
    parameters.ConnectionContext.InterruptMessageTable = Edu->Messages;
    IoDisconnectInterruptEx(&parameters);
    Edu->Messages = NULL;
}

/* ---- Start ---- */
/* The first range of memory, and an interrupt that is a message. */
static NTSTATUS MapRegisters(EDU_DEVICE *Edu, PCM_RESOURCE_LIST Raw, PCM_RESOURCE_LIST Translated)
{
    PCM_PARTIAL_RESOURCE_DESCRIPTOR part;
    BOOLEAN message = FALSE;
    ULONG left;

    if (Raw == NULL || Translated == NULL || Translated->Count != 1)
        return STATUS_DEVICE_CONFIGURATION_ERROR;
    Check(Raw->List[0].InterfaceType == PCIBus, "Raw->List[0].InterfaceType == PCIBus");
    Check(Raw->List[0].PartialResourceList.Count == Translated->List[0].PartialResourceList.Count, "both lists are as long");
    part = Translated->List[0].PartialResourceList.PartialDescriptors;   /* GCC takes an index into an array of one for zero */
    for (left = Translated->List[0].PartialResourceList.Count; left != 0; left--, part++) {
        if (part->Type == CmResourceTypeMemory && Edu->Registers == NULL) {
            Edu->Length = part->u.Memory.Length;
            Edu->Registers = MmMapIoSpace(part->u.Memory.Start, Edu->Length, MmNonCached);
        }
        if (part->Type == CmResourceTypeInterrupt)
            message = part->Flags == (CM_RESOURCE_INTERRUPT_LATCHED | CM_RESOURCE_INTERRUPT_MESSAGE);
    }
    Check(message && Edu->Length == 0x100000, "message && Edu->Length == 0x100000");
    return Edu->Registers != NULL ? STATUS_SUCCESS : STATUS_DEVICE_CONFIGURATION_ERROR;
}

static VOID Work(EDU_DEVICE *Edu)
{
    ULONG round;

    Check(Read(Edu, EDU_IDENTITY) == 0x010000EDu, "Read(Edu, EDU_IDENTITY) == 0x010000EDu");
    Write(Edu, EDU_LIVENESS, 0x12345678);
    Check(Read(Edu, EDU_LIVENESS) == ~0x12345678u, "Read(Edu, EDU_LIVENESS) == ~0x12345678u");
    Write(Edu, EDU_STATUS, EDU_STATUS_INTERRUPT);
    Write(Edu, EDU_FACTORIAL, 10);
    KeWaitForSingleObject(&Edu->Heard, Executive, KernelMode, FALSE, NULL);
    Check(Edu->Cause == EDU_CAUSE_FACTORIAL && Read(Edu, EDU_FACTORIAL) == 3628800, "10!");
    Write(Edu, EDU_STATUS, 0);
    for (round = 0; round < 100; round++) {
        Write(Edu, EDU_RAISE, 0x100u + round);
        KeWaitForSingleObject(&Edu->Heard, Executive, KernelMode, FALSE, NULL);
        Check(Edu->Cause == (LONG)(0x100u + round), "Edu->Cause == (LONG)(0x100u + round)");
    }
    Check(Edu->Interrupts == 101, "Edu->Interrupts == 101");
}

static VOID Release(EDU_DEVICE *Edu)
{
    Disconnect(Edu);
    KeFlushQueuedDpcs();
    if (Edu->Registers != NULL)
        MmUnmapIoSpace((PVOID)Edu->Registers, Edu->Length);
    Edu->Registers = NULL;
}

static NTSTATUS Start(EDU_DEVICE *Edu, PIRP Irp)
{
    PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(Irp);
    NTSTATUS status = STATUS_UNSUCCESSFUL;

    if (IoForwardIrpSynchronously(Edu->Lower, Irp))
        status = Irp->IoStatus.Status;
    if (NT_SUCCESS(status))
        status = MapRegisters(Edu, location->Parameters.StartDevice.AllocatedResources,
                              location->Parameters.StartDevice.AllocatedResourcesTranslated);
    if (NT_SUCCESS(status))
        status = Connect(Edu);
    if (NT_SUCCESS(status)) {
        Work(Edu);
        status = CheckResult();
    }
    if (!NT_SUCCESS(status))
        Release(Edu);
    Irp->IoStatus.Status = status;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return status;
}

/* ---- The stack ---- */
static NTSTATUS Remove(PDEVICE_OBJECT Device, EDU_DEVICE *Edu, PIRP Irp)
{
    PDEVICE_OBJECT lower = Edu->Lower;
    NTSTATUS status;

    Release(Edu);
    Irp->IoStatus.Status = STATUS_SUCCESS;
    IoSkipCurrentIrpStackLocation(Irp);
    status = IoCallDriver(lower, Irp);
    IoDetachDevice(lower);
    IoDeleteDevice(Device);
    return status;
}

NTSTATUS NTAPI Pnp(PDEVICE_OBJECT Device, PIRP Irp)
{
    EDU_DEVICE *edu = Device->DeviceExtension;

    switch (IoGetCurrentIrpStackLocation(Irp)->MinorFunction) {
    case IRP_MN_START_DEVICE:
        return Start(edu, Irp);
    case IRP_MN_REMOVE_DEVICE:
        return Remove(Device, edu, Irp);
    case IRP_MN_QUERY_REMOVE_DEVICE:
    case IRP_MN_CANCEL_REMOVE_DEVICE:
    case IRP_MN_SURPRISE_REMOVAL:
        Irp->IoStatus.Status = STATUS_SUCCESS;
        break;
    default:
        break;
    }
    return Pass(Device, Irp);
}

NTSTATUS NTAPI Pass(PDEVICE_OBJECT Device, PIRP Irp)
{
    IoSkipCurrentIrpStackLocation(Irp);
    return IoCallDriver(((EDU_DEVICE *)Device->DeviceExtension)->Lower, Irp);
}

NTSTATUS NTAPI Open(PDEVICE_OBJECT Device, PIRP Irp)
{
    Irp->IoStatus.Status = STATUS_SUCCESS;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI AddDevice(PDRIVER_OBJECT Driver, PDEVICE_OBJECT Pdo)
{
    PDEVICE_OBJECT device;
    EDU_DEVICE *edu;
    NTSTATUS status = IoCreateDevice(Driver, sizeof(*edu), NULL, FILE_DEVICE_UNKNOWN, FILE_DEVICE_SECURE_OPEN, FALSE, &device);

    if (!NT_SUCCESS(status))
        return status;
    edu = device->DeviceExtension;
    edu->Pdo = Pdo;
    KeInitializeDpc(&edu->Dpc, Deferred, edu);
    KeInitializeEvent(&edu->Heard, SynchronizationEvent, FALSE);
    edu->Lower = IoAttachDeviceToDeviceStack(device, Pdo);
    if (edu->Lower == NULL) {
        IoDeleteDevice(device);
        return STATUS_NO_SUCH_DEVICE;
    }
    device->Flags &= ~DO_DEVICE_INITIALIZING;
    return STATUS_SUCCESS;
}

VOID NTAPI Unload(PDRIVER_OBJECT Driver)
{
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING Path)
{
    Driver->MajorFunction[IRP_MJ_CREATE] = Driver->MajorFunction[IRP_MJ_CLEANUP] = Driver->MajorFunction[IRP_MJ_CLOSE] = Open;
    Driver->MajorFunction[IRP_MJ_PNP] = Pnp;
    Driver->MajorFunction[IRP_MJ_POWER] = Driver->MajorFunction[IRP_MJ_SYSTEM_CONTROL] = Pass;
    Driver->DriverExtension->AddDevice = AddDevice;
    Driver->DriverUnload = Unload;
    return STATUS_SUCCESS;
}

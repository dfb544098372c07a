/* SPDX-License-Identifier: MIT
 * A function driver: AddDevice, an interface that it enables when its device is started, notification of it, power, removal.
 */
#include "check.h"

DRIVER_INITIALIZE DriverEntry;

typedef struct EXTENSION {
    PDEVICE_OBJECT Pdo, Lower;
    UNICODE_STRING Interface;
    IO_REMOVE_LOCK Lock;
} EXTENSION;

static const GUID InterfaceClass = { 0x7b1f6d10, 0x4a3c, 0x4d58, { 0x9d, 0x11, 0x70, 0x65, 0x74, 0x72, 0x65, 0x6c } };
static PVOID Notification;
static KEVENT Arrived;

static NTSTATUS NTAPI Notified(PVOID Structure, PVOID Context)
{
    KeSetEvent(&Arrived, IO_NO_INCREMENT, FALSE);
    return STATUS_SUCCESS;
}

static NTSTATUS Complete(PIRP Irp, NTSTATUS Status)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = 0;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

static NTSTATUS NTAPI CreateClose(PDEVICE_OBJECT DeviceObject, PIRP Irp) { return Complete(Irp, STATUS_SUCCESS); }

/* ---- Start: after everybody below ---- */
static NTSTATUS NTAPI Wake(PDEVICE_OBJECT DeviceObject, PIRP Irp, PVOID Context)
{
    KeSetEvent(Context, IO_NO_INCREMENT, FALSE);
    return STATUS_MORE_PROCESSING_REQUIRED;
}

static NTSTATUS SendDown(EXTENSION *Extension, PIRP Irp)
{
    KEVENT done;

    KeInitializeEvent(&done, NotificationEvent, FALSE);
    IoCopyCurrentIrpStackLocationToNext(Irp);
    IoSetCompletionRoutine(Irp, Wake, &done, TRUE, TRUE, TRUE);
    if (IoCallDriver(Extension->Lower, Irp) == STATUS_PENDING)
        KeWaitForSingleObject(&done, Executive, KernelMode, FALSE, NULL);
    return Irp->IoStatus.Status;
}

static NTSTATUS Start(EXTENSION *Extension, PIRP Irp)
{
    NTSTATUS status = SendDown(Extension, Irp);

    if (NT_SUCCESS(status))
        status = IoSetDeviceInterfaceState(&Extension->Interface, TRUE);
    return Complete(Irp, status);
}

static NTSTATUS Remove(PDEVICE_OBJECT DeviceObject, EXTENSION *Extension, PIRP Irp)
{
    NTSTATUS status;

    IoSetDeviceInterfaceState(&Extension->Interface, FALSE);
    Irp->IoStatus.Status = STATUS_SUCCESS;
    IoSkipCurrentIrpStackLocation(Irp);
    status = IoCallDriver(Extension->Lower, Irp);
    IoReleaseRemoveLockAndWait(&Extension->Lock, Irp);
    IoDetachDevice(Extension->Lower);
    RtlFreeUnicodeString(&Extension->Interface);
    IoDeleteDevice(DeviceObject);
    return status;
}

static NTSTATUS NTAPI Pnp(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    EXTENSION *extension = DeviceObject->DeviceExtension;
    UCHAR minor = IoGetCurrentIrpStackLocation(Irp)->MinorFunction;
    NTSTATUS status = IoAcquireRemoveLock(&extension->Lock, Irp);

    if (!NT_SUCCESS(status))
        return Complete(Irp, status);
    if (minor == IRP_MN_REMOVE_DEVICE)
        return Remove(DeviceObject, extension, Irp);
    if (minor == IRP_MN_START_DEVICE) {
        status = Start(extension, Irp);
    } else {
        if (minor == IRP_MN_QUERY_REMOVE_DEVICE)
            Irp->IoStatus.Status = STATUS_SUCCESS;
        IoSkipCurrentIrpStackLocation(Irp);
        status = IoCallDriver(extension->Lower, Irp);
    }
    IoReleaseRemoveLock(&extension->Lock, Irp);
    return status;
}

static NTSTATUS NTAPI PassOn(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    IoSkipCurrentIrpStackLocation(Irp);
    return IoCallDriver(((EXTENSION *)DeviceObject->DeviceExtension)->Lower, Irp);
}

/* What an installed driver asks about its device. */
static VOID CheckDevice(PDEVICE_OBJECT Pdo)
{
    WCHAR text[80];
    HANDLE key;
    ULONG length;

    CheckStatus(IoGetDeviceProperty(Pdo, DevicePropertyHardwareID, sizeof(text), text, &length), STATUS_SUCCESS, "the hardware ID");
    CheckStatus(IoOpenDeviceRegistryKey(Pdo, PLUGPLAY_REGKEY_DRIVER, KEY_READ, &key), STATUS_SUCCESS, "the driver's key");
    CheckStatus(ZwClose(key), STATUS_SUCCESS, "closing it");
}

static NTSTATUS NTAPI AddDevice(PDRIVER_OBJECT DriverObject, PDEVICE_OBJECT Pdo)
{
    PDEVICE_OBJECT device;
    EXTENSION *extension;
    NTSTATUS status = IoCreateDevice(DriverObject, sizeof(EXTENSION), NULL, FILE_DEVICE_UNKNOWN, FILE_DEVICE_SECURE_OPEN, FALSE, &device);

    if (!NT_SUCCESS(status))
        return status;
    extension = device->DeviceExtension;
    extension->Pdo = Pdo;
    IoInitializeRemoveLock(&extension->Lock, TEST_TAG, 0, 0);
    status = IoRegisterDeviceInterface(Pdo, &InterfaceClass, NULL, &extension->Interface);
    if (!NT_SUCCESS(status)) {
        IoDeleteDevice(device);
        return status;
    }
    extension->Lower = IoAttachDeviceToDeviceStack(device, Pdo);
    CheckDevice(Pdo);
    device->Flags |= DO_POWER_PAGABLE;
    device->Flags &= ~DO_DEVICE_INITIALIZING;
    return CheckResult();
}

static VOID NTAPI Unload(PDRIVER_OBJECT DriverObject)
{
    KeWaitForSingleObject(&Arrived, Executive, KernelMode, FALSE, NULL);
    IoUnregisterPlugPlayNotification(Notification);
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    ULONG i;

    KeInitializeEvent(&Arrived, NotificationEvent, FALSE);
    for (i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++)
        DriverObject->MajorFunction[i] = PassOn;
    DriverObject->MajorFunction[IRP_MJ_CREATE] = CreateClose;
    DriverObject->MajorFunction[IRP_MJ_CLEANUP] = CreateClose;
    DriverObject->MajorFunction[IRP_MJ_CLOSE] = CreateClose;
    DriverObject->MajorFunction[IRP_MJ_PNP] = Pnp;
    DriverObject->DriverExtension->AddDevice = AddDevice;
    DriverObject->DriverUnload = Unload;
    return IoRegisterPlugPlayNotification(EventCategoryDeviceInterfaceChange, 0, (PVOID)&InterfaceClass, DriverObject, Notified, NULL,
                                          &Notification);
}

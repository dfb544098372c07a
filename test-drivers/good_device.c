/* SPDX-License-Identifier: MIT
 * A device with a symbolic link that answers create, cleanup, close, read, write and device control of all methods.
 * The memory behind it is one buffer: what is written is read again. Its control codes answer the complement of their input.
 */
#include "good_device.h"

DRIVER_INITIALIZE DriverEntry;

static UCHAR Store[STORE_SIZE];
static ULONG StoredLength;
static LONG OpenHandles;

static NTSTATUS Complete(PIRP Irp, NTSTATUS Status, ULONG_PTR Information)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = Information;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

static VOID Copy(PUCHAR To, const UCHAR *From, ULONG Length, UCHAR Mask)
{
    ULONG i;
    for (i = 0; i < Length; i++)
        To[i] = From[i] ^ Mask;
}

static NTSTATUS NTAPI CreateCloseCleanup(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    UCHAR major = IoGetCurrentIrpStackLocation(Irp)->MajorFunction;

    if (major == IRP_MJ_CREATE)
        InterlockedIncrement(&OpenHandles);
    else if (major == IRP_MJ_CLEANUP)
        InterlockedDecrement(&OpenHandles);
    return Complete(Irp, STATUS_SUCCESS, 0);
}

static NTSTATUS NTAPI Read(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    ULONG length = IoGetCurrentIrpStackLocation(Irp)->Parameters.Read.Length;

    if (StoredLength == 0)
        return Complete(Irp, STATUS_END_OF_FILE, 0);
    if (length > StoredLength)
        length = StoredLength;
    Copy(Irp->AssociatedIrp.SystemBuffer, Store, length, 0);
    return Complete(Irp, STATUS_SUCCESS, length);
}

static NTSTATUS NTAPI Write(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    ULONG length = IoGetCurrentIrpStackLocation(Irp)->Parameters.Write.Length;

    if (length > STORE_SIZE)
        return Complete(Irp, STATUS_DISK_FULL, 0);
    Copy(Store, Irp->AssociatedIrp.SystemBuffer, length, 0);
    StoredLength = length;
    return Complete(Irp, STATUS_SUCCESS, length);
}

/* METHOD_OUT_DIRECT: the input is buffered, the output an MDL. */
static PUCHAR DirectBuffer(PIRP Irp)
{
    return Irp->MdlAddress == NULL ? NULL : MmGetSystemAddressForMdlSafe(Irp->MdlAddress, NormalPagePriority);
}

/* The addresses of METHOD_NEITHER are the caller's own and must be probed when the caller is a program; this driver's only
 * caller is the kernel. */
static NTSTATUS ControlNeither(PIRP Irp, PIO_STACK_LOCATION Location, ULONG Length)
{
    if (Irp->RequestorMode != KernelMode)
        return Complete(Irp, STATUS_ACCESS_DENIED, 0);
    Copy(Irp->UserBuffer, Location->Parameters.DeviceIoControl.Type3InputBuffer, Length, 0xFF);
    return Complete(Irp, STATUS_SUCCESS, Length);
}

static NTSTATUS NTAPI DeviceControl(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(Irp);
    ULONG length = location->Parameters.DeviceIoControl.InputBufferLength;
    PUCHAR buffer = Irp->AssociatedIrp.SystemBuffer;

    if (length > location->Parameters.DeviceIoControl.OutputBufferLength)
        return Complete(Irp, STATUS_BUFFER_TOO_SMALL, 0);
    switch (location->Parameters.DeviceIoControl.IoControlCode) {
    case IOCTL_COMPLEMENT_BUFFERED:
        Copy(buffer, buffer, length, 0xFF);
        return Complete(Irp, STATUS_SUCCESS, length);
    case IOCTL_COMPLEMENT_DIRECT:
        if (length != 0 && DirectBuffer(Irp) == NULL)
            return Complete(Irp, STATUS_INSUFFICIENT_RESOURCES, 0);
        Copy(DirectBuffer(Irp), buffer, length, 0xFF);
        return Complete(Irp, STATUS_SUCCESS, length);
    case IOCTL_COMPLEMENT_NEITHER:
        return ControlNeither(Irp, location, length);
    default:
        return Complete(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
    }
}

static VOID NTAPI Unload(PDRIVER_OBJECT DriverObject)
{
    UNICODE_STRING link = RTL_CONSTANT_STRING(LINK_NAME);

    DbgPrint("good_device: unload with %ld open handles\n", OpenHandles);
    IoDeleteSymbolicLink(&link);
    IoDeleteDevice(DriverObject->DeviceObject);
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(DEVICE_NAME), link = RTL_CONSTANT_STRING(LINK_NAME);
    PDEVICE_OBJECT device;
    NTSTATUS status;

    DriverObject->MajorFunction[IRP_MJ_CREATE] = CreateCloseCleanup;
    DriverObject->MajorFunction[IRP_MJ_CLEANUP] = CreateCloseCleanup;
    DriverObject->MajorFunction[IRP_MJ_CLOSE] = CreateCloseCleanup;
    DriverObject->MajorFunction[IRP_MJ_READ] = Read;
    DriverObject->MajorFunction[IRP_MJ_WRITE] = Write;
    DriverObject->MajorFunction[IRP_MJ_DEVICE_CONTROL] = DeviceControl;
    DriverObject->DriverUnload = Unload;
    status = IoCreateDevice(DriverObject, 0, &name, FILE_DEVICE_UNKNOWN, FILE_DEVICE_SECURE_OPEN, FALSE, &device);
    if (!NT_SUCCESS(status))
        return status;
    device->Flags |= DO_BUFFERED_IO;
    status = IoCreateSymbolicLink(&link, &name);
    if (!NT_SUCCESS(status))
        IoDeleteDevice(device);
    return status;
}

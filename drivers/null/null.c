/* SPDX-License-Identifier: MIT
 * \Device\Null, which programs call NUL: reads are at the end of the file, writes take everything and keep nothing. IOCTL_NULL_NOTHING does nothing, too: the
 * benchmarks send it.
 */
#include <ntddk.h>

#define IOCTL_NULL_NOTHING CTL_CODE(FILE_DEVICE_NULL, 0, METHOD_BUFFERED, FILE_ANY_ACCESS)

DRIVER_INITIALIZE DriverEntry;

static NTSTATUS Complete(PIRP Irp, NTSTATUS Status, ULONG_PTR Information)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = Information;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

static NTSTATUS NTAPI NullCreateClose(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    return Complete(Irp, STATUS_SUCCESS, 0);
}

static NTSTATUS NTAPI NullRead(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    return Complete(Irp, STATUS_END_OF_FILE, 0);
}

static NTSTATUS NTAPI NullWrite(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    return Complete(Irp, STATUS_SUCCESS, IoGetCurrentIrpStackLocation(Irp)->Parameters.Write.Length);
}

static NTSTATUS NTAPI NullControl(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    ULONG code = IoGetCurrentIrpStackLocation(Irp)->Parameters.DeviceIoControl.IoControlCode;
    return Complete(Irp, code == IOCTL_NULL_NOTHING ? STATUS_SUCCESS : STATUS_INVALID_DEVICE_REQUEST, 0);
}

static const UNICODE_STRING NullLink = RTL_CONSTANT_STRING(L"\\?\?\\NUL");

static VOID NTAPI NullUnload(PDRIVER_OBJECT DriverObject)
{
    IoDeleteSymbolicLink((PUNICODE_STRING)&NullLink);
    IoDeleteDevice(DriverObject->DeviceObject);
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\Null");
    PDEVICE_OBJECT device;
    NTSTATUS status;

    DriverObject->MajorFunction[IRP_MJ_CREATE] = NullCreateClose;
    DriverObject->MajorFunction[IRP_MJ_CLEANUP] = NullCreateClose;
    DriverObject->MajorFunction[IRP_MJ_CLOSE] = NullCreateClose;
    DriverObject->MajorFunction[IRP_MJ_READ] = NullRead;
    DriverObject->MajorFunction[IRP_MJ_WRITE] = NullWrite;
    DriverObject->MajorFunction[IRP_MJ_DEVICE_CONTROL] = NullControl;
    DriverObject->DriverUnload = NullUnload;
    status = IoCreateDevice(DriverObject, 0, &name, FILE_DEVICE_NULL, FILE_DEVICE_SECURE_OPEN, FALSE, &device);
    if (!NT_SUCCESS(status))
        return status;
    status = IoCreateSymbolicLink((PUNICODE_STRING)&NullLink, &name);
    if (!NT_SUCCESS(status))
        IoDeleteDevice(device);
    return status;
}

/* SPDX-License-Identifier: MIT
 * The driver's entry: \Device\ConDrv, and the names that programs know it by.
 */
#include "condrv.h"

DRIVER_INITIALIZE DriverEntry;

static CD_HANDLER *const Handlers[IRP_MJ_MAXIMUM_FUNCTION + 1] = {
    [IRP_MJ_CREATE] = CdCreate,
    [IRP_MJ_CLEANUP] = CdCleanup,
    [IRP_MJ_CLOSE] = CdClose,
    [IRP_MJ_READ] = CdRead,
    [IRP_MJ_WRITE] = CdWrite,
    [IRP_MJ_FLUSH_BUFFERS] = CdFlush,
    [IRP_MJ_DEVICE_CONTROL] = CdControl,
    [IRP_MJ_QUERY_INFORMATION] = CdQueryInformation,
};

static const struct CD_LINK {
    UNICODE_STRING Name, Target;
} Links[] = {
    { RTL_CONSTANT_STRING(L"\\??\\CONIN$"), RTL_CONSTANT_STRING(L"\\Device\\ConDrv\\CurrentIn") },
    { RTL_CONSTANT_STRING(L"\\??\\CONOUT$"), RTL_CONSTANT_STRING(L"\\Device\\ConDrv\\CurrentOut") },
    { RTL_CONSTANT_STRING(L"\\??\\CON"), RTL_CONSTANT_STRING(L"\\Device\\ConDrv\\Console") },
};

static NTSTATUS NTAPI CdDispatch(PDEVICE_OBJECT Device, PIRP Irp)
{
    PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(Irp);
    NTSTATUS status;

    Irp->IoStatus.Information = 0;
    status = Handlers[location->MajorFunction](Irp, location);
    if (status != STATUS_PENDING) {
        Irp->IoStatus.Status = status;
        IoCompleteRequest(Irp, IO_NO_INCREMENT);
    }
    return status;
}

static NTSTATUS CdMakeDevice(PDRIVER_OBJECT DriverObject)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\ConDrv");
    PDEVICE_OBJECT device;
    ULONG i;
    NTSTATUS status = IoCreateDevice(DriverObject, 0, &name, CD_DEVICE_TYPE, 0, FALSE, &device);

    if (!NT_SUCCESS(status))
        return status;
    device->Flags |= DO_BUFFERED_IO;
    for (i = 0; i < RTL_NUMBER_OF(Links) && NT_SUCCESS(status); i++)
        status = IoCreateSymbolicLink((PUNICODE_STRING)&Links[i].Name, (PUNICODE_STRING)&Links[i].Target);
    if (NT_SUCCESS(status)) {
        device->Flags &= ~DO_DEVICE_INITIALIZING;
        return STATUS_SUCCESS;
    }
    while (--i != 0)                             /* the last one was not made */
        IoDeleteSymbolicLink((PUNICODE_STRING)&Links[i - 1].Name);
    IoDeleteDevice(device);
    return status;
}

static VOID NTAPI CdUnload(PDRIVER_OBJECT DriverObject)
{
    ULONG i;

    CdStopKeys();
    CdStopSerial();
    CdStopPicture();
    for (i = 0; i < RTL_NUMBER_OF(Links); i++)
        IoDeleteSymbolicLink((PUNICODE_STRING)&Links[i].Name);
    IoDeleteDevice(DriverObject->DeviceObject);
    CdDeleteConsole();
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    NTSTATUS status = CdCreateConsole();
    ULONG i;

    if (!NT_SUCCESS(status))
        return status;
    for (i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++)
        if (Handlers[i] != NULL)
            DriverObject->MajorFunction[i] = CdDispatch;
    DriverObject->DriverUnload = CdUnload;
    status = CdMakeDevice(DriverObject);
    if (!NT_SUCCESS(status))
        CdDeleteConsole();
    return status;
}

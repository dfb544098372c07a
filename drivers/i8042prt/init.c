/* SPDX-License-Identifier: MIT
 * The driver's entry, and what can be asked of the keyboard. Where the status register says that there is no controller there is no
 * device; its ports and its interrupt are touched only while somebody has it open.
 */
#include "i8042prt.h"

DRIVER_INITIALIZE DriverEntry;

/* Only the kernel reads keys here: a program that could would hear what is typed for others. */
static NTSTATUS I8Create(I8_KEYBOARD *Keyboard, PIRP Irp)
{
    NTSTATUS status;

    if (Irp->RequestorMode != KernelMode)
        return STATUS_ACCESS_DENIED;
    status = I8StartController();
    if (!NT_SUCCESS(status))
        return status;
    I8ForgetKeys(Keyboard);
    return I8Connect(Keyboard);
}

static NTSTATUS I8Answer(I8_KEYBOARD *Keyboard, PIRP Irp)
{
    switch (IoGetCurrentIrpStackLocation(Irp)->MajorFunction) {
    case IRP_MJ_CREATE: return I8Create(Keyboard, Irp);
    case IRP_MJ_READ: return I8Read(Keyboard, Irp);
    case IRP_MJ_CLEANUP: I8CancelReads(Keyboard); return STATUS_SUCCESS;
    case IRP_MJ_CLOSE: I8Disconnect(Keyboard); return STATUS_SUCCESS;
    default: return STATUS_INVALID_DEVICE_REQUEST;
    }
}

static NTSTATUS NTAPI I8Dispatch(PDEVICE_OBJECT Device, PIRP Irp)
{
    NTSTATUS status;

    Irp->IoStatus.Information = 0;
    status = I8Answer(Device->DeviceExtension, Irp);
    if (status != STATUS_PENDING) {              /* a read that waits may be gone by now */
        Irp->IoStatus.Status = status;
        IoCompleteRequest(Irp, IO_NO_INCREMENT);
    }
    return status;
}

static VOID NTAPI I8Unload(PDRIVER_OBJECT DriverObject)
{
    if (DriverObject->DeviceObject != NULL)
        IoDeleteDevice(DriverObject->DeviceObject);
}

static NTSTATUS I8MakeDevice(PDRIVER_OBJECT DriverObject)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\KeyboardClass0");
    PDEVICE_OBJECT device;
    NTSTATUS status = IoCreateDevice(DriverObject, sizeof(I8_KEYBOARD), &name, FILE_DEVICE_KEYBOARD, 0, TRUE, &device);

    if (!NT_SUCCESS(status))
        return status;
    I8InitializeReaders(device->DeviceExtension);
    device->Flags |= DO_BUFFERED_IO;
    device->Flags &= ~DO_DEVICE_INITIALIZING;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    static const UCHAR functions[] = { IRP_MJ_CREATE, IRP_MJ_READ, IRP_MJ_CLEANUP, IRP_MJ_CLOSE };
    ULONG i;

    for (i = 0; i < RTL_NUMBER_OF(functions); i++)
        DriverObject->MajorFunction[functions[i]] = I8Dispatch;
    DriverObject->DriverUnload = I8Unload;
    return I8IsThere() ? I8MakeDevice(DriverObject) : STATUS_SUCCESS;
}

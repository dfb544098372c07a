/* SPDX-License-Identifier: MIT
 * Two devices that wait for the system's shutdown, the second for its last chance.
 */
#pragma once
#include <ntddk.h>

typedef struct SHUTDOWN_DEVICES {
    PDEVICE_OBJECT Early, Late;
} SHUTDOWN_DEVICES;

static SHUTDOWN_DEVICES Devices;

static NTSTATUS Complete(PIRP Irp, NTSTATUS Status)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = 0;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

/* There is no DriverUnload: the driver stays until the end. */
static NTSTATUS MakeDevices(PDRIVER_OBJECT DriverObject, PDRIVER_DISPATCH Shutdown)
{
    NTSTATUS status = IoCreateDevice(DriverObject, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &Devices.Early);

    if (NT_SUCCESS(status))
        status = IoCreateDevice(DriverObject, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &Devices.Late);
    if (NT_SUCCESS(status))
        status = IoRegisterLastChanceShutdownNotification(Devices.Late);
    if (NT_SUCCESS(status))
        status = IoRegisterShutdownNotification(Devices.Early);
    DriverObject->MajorFunction[IRP_MJ_SHUTDOWN] = Shutdown;
    return status;
}

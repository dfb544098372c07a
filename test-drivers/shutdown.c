/* SPDX-License-Identifier: MIT
 * Hears of the system's shutdown: only the last chance, and only after the other, is a success.
 */
#include "shutdown.h"

DRIVER_INITIALIZE DriverEntry;
static BOOLEAN Early;

static NTSTATUS NTAPI Shutdown(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    DbgPrint("shutdown: %s\n", DeviceObject == Devices.Late ? "last chance" : "early");
    if (DeviceObject == Devices.Late)
        return Complete(Irp, Early ? STATUS_SUCCESS : STATUS_INVALID_DEVICE_STATE);
    Early = TRUE;
    return Complete(Irp, STATUS_UNSUCCESSFUL);
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    return MakeDevices(DriverObject, Shutdown);
}

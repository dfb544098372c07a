/* SPDX-License-Identifier: MIT
 * Switches the machine off on its last chance.
 */
#include "shutdown.h"

DRIVER_INITIALIZE DriverEntry;
NTHALAPI VOID NTAPI HalReturnToFirmware(ULONG Routine);

static NTSTATUS NTAPI Shutdown(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    if (DeviceObject == Devices.Late)
        HalReturnToFirmware(1);                  /* HalPowerDownRoutine */
    return Complete(Irp, STATUS_SUCCESS);
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    return MakeDevices(DriverObject, Shutdown);
}

/* SPDX-License-Identifier: MIT
 * Fails as a good driver does: creates a device, deletes it again and returns the failure.
 */
#include <ntddk.h>

DRIVER_INITIALIZE DriverEntry;

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\PetrelFailEntry");
    PDEVICE_OBJECT device;
    NTSTATUS status = IoCreateDevice(DriverObject, 0, &name, FILE_DEVICE_UNKNOWN, 0, FALSE, &device);

    if (!NT_SUCCESS(status))
        return status;
    IoDeleteDevice(device);
    DbgPrint("fail_entry: giving up\n");
    return STATUS_INSUFFICIENT_RESOURCES;
}

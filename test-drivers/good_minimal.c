/* SPDX-License-Identifier: MIT
 * The smallest good driver: it loads and unloads. Also built as good_after, for tests of what comes after another driver.
 */
#include <ntddk.h>

static VOID NTAPI Unload(PDRIVER_OBJECT DriverObject)
{
    DbgPrint("good_minimal: unload of %wZ\n", &DriverObject->DriverName);
}

DRIVER_INITIALIZE DriverEntry;

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    DbgPrint("good_minimal: %wZ, registry path %wZ\n", &DriverObject->DriverName, RegistryPath);
    DriverObject->DriverUnload = Unload;
    return STATUS_SUCCESS;
}

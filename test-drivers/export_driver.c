/* SPDX-License-Identifier: MIT
 * A kernel-mode library: functions and a variable for other drivers, DllInitialize before any of them runs.
 */
#define EXPORT_DRIVER
#include "export_driver.h"

DRIVER_INITIALIZE DriverEntry;
NTSTATUS NTAPI DllInitialize(PUNICODE_STRING RegistryPath);
NTSTATUS NTAPI DllUnload(VOID);

ULONG ExportedCounter;
static volatile LONG Initialized;

ULONG NTAPI ExportedAdd(ULONG First, ULONG Second)
{
    ExportedCounter += 1;
    return First + Second;
}

BOOLEAN NTAPI ExportedWasInitialized(VOID)
{
    return Initialized == 1;
}

NTSTATUS NTAPI DllInitialize(PUNICODE_STRING RegistryPath)
{
    InterlockedIncrement(&Initialized);
    DbgPrint("export_driver: DllInitialize, %wZ\n", RegistryPath);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI DllUnload(VOID)
{
    DbgPrint("export_driver: DllUnload\n");
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    DbgPrint("export_driver: DriverEntry\n");
    return STATUS_SUCCESS;
}

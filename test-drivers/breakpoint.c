/* SPDX-License-Identifier: MIT
 * Stops at a breakpoint where there is no debugger.
 */
#include <ntddk.h>

DRIVER_INITIALIZE DriverEntry;

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    DbgPrint("breakpoint: DbgBreakPoint\n");
    DbgBreakPoint();
    DbgPrint("breakpoint: went on\n");
    return STATUS_SUCCESS;
}

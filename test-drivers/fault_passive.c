/* SPDX-License-Identifier: MIT
 * Dereferences null in DriverEntry at PASSIVE_LEVEL: an access violation that nobody handles.
 */
#include <ntddk.h>

DRIVER_INITIALIZE DriverEntry;

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    volatile ULONG *volatile nowhere = NULL;

    DbgPrint("fault_passive: reading address 0\n");
    return (NTSTATUS)*nowhere;
}

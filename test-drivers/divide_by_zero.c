/* SPDX-License-Identifier: MIT
 * Divides by zero in DriverEntry.
 */
#include <ntddk.h>

DRIVER_INITIALIZE DriverEntry;

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    volatile ULONG divisor = 0;

    DbgPrint("divide_by_zero: dividing\n");
    return (NTSTATUS)(1000u / divisor);
}

/* SPDX-License-Identifier: MIT
 * Ends the machine itself, with parameters that must come out as they went in.
 */
#include <ntddk.h>

DRIVER_INITIALIZE DriverEntry;

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    DbgPrint("bugcheck: MANUALLY_INITIATED_CRASH\n");
    KeBugCheckEx(0xE2, 1, 2, 3, 4);
}

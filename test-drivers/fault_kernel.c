/* SPDX-License-Identifier: MIT
 * Reads an unmapped address of the kernel half at PASSIVE_LEVEL: fatal at once, whoever would handle it.
 */
#include <ntddk.h>

DRIVER_INITIALIZE DriverEntry;

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    volatile ULONG *volatile freed;

    /* Past the highest system image, below the last 4 GiB: nothing is ever mapped here. */
    freed = (volatile ULONG *)0xFFFFFEFFDEAD0000ull;
    DbgPrint("fault_kernel: reading an address that is not mapped\n");
    return (NTSTATUS)*freed;
}

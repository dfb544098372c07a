/* SPDX-License-Identifier: MIT
 * Writes to a null address at DISPATCH_LEVEL, where no page fault is allowed.
 */
#include <ntddk.h>

DRIVER_INITIALIZE DriverEntry;

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    volatile ULONG *volatile nowhere = (volatile ULONG *)8;
    KIRQL old;

    DbgPrint("fault_dispatch: writing to address 8 at DISPATCH_LEVEL\n");
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    *nowhere = 1;
    KeLowerIrql(old);
    return STATUS_SUCCESS;
}

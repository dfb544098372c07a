/* SPDX-License-Identifier: MIT
 * Spins for ever at DISPATCH_LEVEL: only the time limit's NMI finds it.
 */
#include <ntddk.h>

DRIVER_INITIALIZE DriverEntry;

static volatile ULONG Released;

static DECLSPEC_NOINLINE VOID SpinForEver(VOID)
{
    while (Released == 0)
        YieldProcessor();
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    KIRQL old;

    DbgPrint("loop_dispatch: spinning\n");
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    SpinForEver();
    KeLowerIrql(old);
    return STATUS_SUCCESS;
}

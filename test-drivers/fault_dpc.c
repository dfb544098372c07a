/* SPDX-License-Identifier: MIT
 * Faults in a DPC that DriverEntry has queued and waits for.
 */
#include <ntddk.h>

DRIVER_INITIALIZE DriverEntry;

static KDPC Dpc;
static KEVENT Done;

static VOID NTAPI FaultingDpc(PKDPC Self, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    volatile ULONG *volatile nowhere = Argument1;

    *nowhere = 1;
    KeSetEvent(&Done, IO_NO_INCREMENT, FALSE);
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    KeInitializeEvent(&Done, NotificationEvent, FALSE);
    KeInitializeDpc(&Dpc, FaultingDpc, NULL);
    DbgPrint("fault_dpc: queueing the DPC\n");
    KeInsertQueueDpc(&Dpc, (PVOID)16, NULL);
    KeWaitForSingleObject(&Done, Executive, KernelMode, FALSE, NULL);
    return STATUS_SUCCESS;
}

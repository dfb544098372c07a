/* SPDX-License-Identifier: MIT
 * Calls a routine that no NT exports (missing.def).
 */
#include <ntddk.h>

DRIVER_INITIALIZE DriverEntry;

NTSYSAPI ULONG NTAPI PetrelNoSuchRoutine(ULONG Value);

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    DbgPrint("missing_call: calling\n");
    return PetrelNoSuchRoutine(1) == 1 ? STATUS_SUCCESS : STATUS_UNSUCCESSFUL;
}

/* SPDX-License-Identifier: MIT
 * Imports a routine that no NT exports (missing.def), and never calls it: a good driver.
 */
#include <ntddk.h>

DRIVER_INITIALIZE DriverEntry;

NTSYSAPI ULONG NTAPI PetrelNoSuchRoutine(ULONG Value);

static volatile ULONG Wanted;

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    DbgPrint("missing_unused: not calling\n");
    return Wanted == 0 ? STATUS_SUCCESS : (NTSTATUS)PetrelNoSuchRoutine(1);
}

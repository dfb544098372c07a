/* SPDX-License-Identifier: MIT
 * Reads a variable that no NT exports (missing.def).
 */
#include <ntddk.h>

DRIVER_INITIALIZE DriverEntry;

extern DECLSPEC_IMPORT ULONG PetrelNoSuchVariable;

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    DbgPrint("missing_data: reading\n");
    return PetrelNoSuchVariable == 1 ? STATUS_SUCCESS : STATUS_UNSUCCESSFUL;
}

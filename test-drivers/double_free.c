/* SPDX-License-Identifier: MIT
 * Frees the same pool block twice.
 */
#include "check.h"

DRIVER_INITIALIZE DriverEntry;

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    PVOID volatile block = ExAllocatePoolWithTag(NonPagedPool, 64, TEST_TAG);

    if (!Check(block != NULL, "allocation"))
        return STATUS_INSUFFICIENT_RESOURCES;
    ExFreePoolWithTag(block, TEST_TAG);
    DbgPrint("double_free: freeing again\n");
    ExFreePoolWithTag(block, TEST_TAG);
    return STATUS_SUCCESS;
}

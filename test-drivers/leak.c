/* SPDX-License-Identifier: MIT
 * Allocates pool of both kinds and forgets it. Not in expected.toml until the lab looks for leaks.
 */
#include "check.h"

DRIVER_INITIALIZE DriverEntry;

static VOID NTAPI Unload(PDRIVER_OBJECT DriverObject)
{
    DbgPrint("leak: unload, freeing nothing\n");
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    DriverObject->DriverUnload = Unload;
    Check(ExAllocatePoolWithTag(NonPagedPool, 100, TEST_TAG) != NULL, "nonpaged pool");
    Check(ExAllocatePoolWithTag(PagedPool, 3 * PAGE_SIZE, TEST_TAG) != NULL, "paged pool");
    return CheckResult();
}

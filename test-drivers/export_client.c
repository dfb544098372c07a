/* SPDX-License-Identifier: MIT
 * Uses export_driver.sys: calls its functions and shares its variable.
 */
#include "check.h"
#include "export_driver.h"

DRIVER_INITIALIZE DriverEntry;

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    ULONG before = ExportedCounter;

    Check(ExportedWasInitialized(), "DllInitialize has run, once");
    Check(ExportedAdd(40, 2) == 42, "a call");
    Check(ExportedCounter == before + 1, "the variable is the library's own");
    ExportedCounter = 100;
    ExportedAdd(0, 0);
    Check(ExportedCounter == 101, "a write to the variable");
    return CheckResult();
}

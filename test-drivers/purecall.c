/* SPDX-License-Identifier: MIT
 * Does what a C++ driver does when it calls a pure virtual function.
 */
#include <ntddk.h>

DRIVER_INITIALIZE DriverEntry;

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"_purecall");
    VOID (*purecall)(VOID) = (VOID (*)(VOID))MmGetSystemRoutineAddress(&name);

    if (purecall == NULL)
        return STATUS_NOT_FOUND;
    purecall();
    return STATUS_SUCCESS;
}

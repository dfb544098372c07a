/* SPDX-License-Identifier: MIT
 * The firmware's variables. Nobody calls the firmware's runtime services once the kernel runs, which for a driver is a machine
 * whose firmware has no variables.
 */
#include "iop.h"

NTSTATUS NTAPI ExGetFirmwareEnvironmentVariable(PUNICODE_STRING VariableName, LPGUID VendorGuid, PVOID Value, PULONG ValueLength,
                                                PULONG Attributes)
{
    if (VariableName == NULL || VendorGuid == NULL || ValueLength == NULL)
        return STATUS_INVALID_PARAMETER;
    return STATUS_NOT_IMPLEMENTED;
}

NTSTATUS NTAPI ExSetFirmwareEnvironmentVariable(PUNICODE_STRING VariableName, LPGUID VendorGuid, PVOID Value, ULONG ValueLength,
                                                ULONG Attributes)
{
    if (VariableName == NULL || VendorGuid == NULL || (Value == NULL && ValueLength != 0))
        return STATUS_INVALID_PARAMETER;
    return STATUS_NOT_IMPLEMENTED;
}

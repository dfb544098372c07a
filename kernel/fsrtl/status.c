/* SPDX-License-Identifier: MIT
 * Which exceptions file systems expect: all but those that a fault of their own raises.
 */
#include "fsrtlp.h"

BOOLEAN NTAPI FsRtlIsNtstatusExpected(NTSTATUS Ntstatus)
{
    switch (Ntstatus) {
    case STATUS_DATATYPE_MISALIGNMENT:
    case STATUS_ACCESS_VIOLATION:
    case STATUS_ILLEGAL_INSTRUCTION:
    case STATUS_INSTRUCTION_MISALIGNMENT:
        return FALSE;
    default:
        return TRUE;
    }
}

NTSTATUS NTAPI FsRtlNormalizeNtstatus(NTSTATUS Exception, NTSTATUS GenericException)
{
    return FsRtlIsNtstatusExpected(Exception) ? Exception : GenericException;
}

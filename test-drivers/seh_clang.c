/* SPDX-License-Identifier: MIT
 * The guarded calls of seh.h by the compiler's __try.
 */
#include "seh.h"

NTSTATUS NTAPI SehGuardedCall(SEH_ROUTINE *Routine, PVOID Context)
{
    __try {
        Routine(Context);
    } __except (SehFilter(_exception_info())) {
        return (NTSTATUS)_exception_code();
    }
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI SehOuterGuardedCall(SEH_ROUTINE *Routine, PVOID Context)
{
    __try {
        Routine(Context);
    } __except (SehOuterFilter(_exception_info())) {
        return (NTSTATUS)_exception_code();
    }
    return STATUS_SUCCESS;
}

VOID NTAPI SehFinallyCall(SEH_ROUTINE *Routine, PVOID Context)
{
    __try {
        Routine(Context);
    } __finally {
        SehFinally((BOOLEAN)_abnormal_termination(), Context);
    }
}

NTSTATUS NTAPI SehNestedScopes(SEH_ROUTINE *Routine, PVOID Context)
{
    NTSTATUS status = STATUS_SUCCESS;

    __try {
        __try {
            __try {
                Routine(Context);
            } __finally {
                SehFinally((BOOLEAN)_abnormal_termination(), Context);
            }
        } __except (SehFilter(_exception_info())) {
            status = (NTSTATUS)_exception_code();
        }
    } __except (SehOuterFilter(_exception_info())) {
        status = (NTSTATUS)_exception_code() | SEH_OUTER;
    }
    return status;
}

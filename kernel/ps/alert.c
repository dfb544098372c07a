/* SPDX-License-Identifier: MIT
 * NtAlertThread, NtTestAlert, NtYieldExecution.
 */
#include "psp.h"

NTSTATUS NTAPI NtAlertThread(HANDLE ThreadHandle)
{
    PVOID thread;
    NTSTATUS status = ObReferenceObjectByHandle(ThreadHandle, THREAD_ALERT, PspThreadType, ObPreviousMode(), &thread, NULL);

    if (!NT_SUCCESS(status))
        return status;
    KeAlertThread(thread, ObPreviousMode());
    ObfDereferenceObject(thread);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI NtTestAlert(VOID) { return KeTestAlertThread(ObPreviousMode()) ? STATUS_ALERTED : STATUS_SUCCESS; }

NTSTATUS NTAPI ZwAlertThread(HANDLE ThreadHandle)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtAlertThread(ThreadHandle));
}

NTSTATUS NTAPI NtYieldExecution(VOID) { return KeYieldExecution(); }
NTSTATUS NTAPI ZwYieldExecution(VOID) { return KeYieldExecution(); }

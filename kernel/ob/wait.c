/* SPDX-License-Identifier: MIT
 * Waiting for what a handle stands for.
 */
#include "obp.h"

NTSTATUS NTAPI NtWaitForSingleObject(HANDLE Handle, BOOLEAN Alertable, PLARGE_INTEGER Timeout)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    PVOID object;
    NTSTATUS status;

    if (mode != KernelMode && Timeout != NULL && (LONG64)Timeout >= 0)
        return STATUS_NOT_IMPLEMENTED;           /* a guarded copy comes with user mode */
    status = ObReferenceObjectByHandle(Handle, SYNCHRONIZE, NULL, mode, &object, NULL);
    if (!NT_SUCCESS(status))
        return status;
    status = KeWaitForSingleObject(ObWaitableObject(object), UserRequest, mode, Alertable, Timeout);
    ObfDereferenceObject(object);
    return status;
}

NTSTATUS NTAPI ZwWaitForSingleObject(HANDLE Handle, BOOLEAN Alertable, PLARGE_INTEGER Timeout)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtWaitForSingleObject(Handle, Alertable, Timeout));
}

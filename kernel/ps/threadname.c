/* SPDX-License-Identifier: MIT
 * The name that a thread was given: a UNICODE_STRING in pool with its text behind it, replaced as a whole under ThreadLock.
 */
#include "psp.h"

#define PSP_NAME_TAG 'mNhT'

static NTSTATUS PspCaptureThreadName(PCUNICODE_STRING Name, PUNICODE_STRING Captured)
{
    __try {
        *Captured = *(const volatile UNICODE_STRING *)Name;
        if (ObPreviousMode() != KernelMode)
            ProbeForRead(Captured->Buffer, Captured->Length, sizeof(WCHAR));
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    return Captured->Length % sizeof(WCHAR) == 0 && Captured->Length <= Captured->MaximumLength ? STATUS_SUCCESS
                                                                                              : STATUS_INVALID_PARAMETER;
}

static NTSTATUS PspCopyText(PUNICODE_STRING To, PCUNICODE_STRING Name)
{
    *To = (UNICODE_STRING){ Name->Length, Name->Length, (PWCHAR)(To + 1) };
    __try {
        RtlCopyMemory(To + 1, Name->Buffer, Name->Length);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    return STATUS_SUCCESS;
}

/* A copy of what the caller shows; *Copy is NULL for an empty name. */
static NTSTATUS PspCopyThreadName(PCUNICODE_STRING Name, PUNICODE_STRING *Copy)
{
    UNICODE_STRING captured;
    PUNICODE_STRING copy = NULL;
    NTSTATUS status = PspCaptureThreadName(Name, &captured);

    if (!NT_SUCCESS(status))
        return status;
    if (captured.Length != 0) {
        copy = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*copy) + captured.Length, PSP_NAME_TAG);
        if (copy == NULL)
            return STATUS_INSUFFICIENT_RESOURCES;
        status = PspCopyText(copy, &captured);
        if (!NT_SUCCESS(status)) {
            ExFreePoolWithTag(copy, PSP_NAME_TAG);
            return status;
        }
    }
    *Copy = copy;
    return STATUS_SUCCESS;
}

NTSTATUS PspSetThreadName(PETHREAD Thread, PCUNICODE_STRING Name)
{
    PUNICODE_STRING name, old;
    NTSTATUS status = PspCopyThreadName(Name, &name);

    if (!NT_SUCCESS(status))
        return status;
    ExLockExclusive(&Thread->ThreadLock);
    old = Thread->ThreadName;
    Thread->ThreadName = name;
    ExUnlockExclusive(&Thread->ThreadLock);
    if (old != NULL)
        ExFreePoolWithTag(old, PSP_NAME_TAG);
    return STATUS_SUCCESS;
}

VOID PspFreeThreadName(PETHREAD Thread)
{
    if (Thread->ThreadName != NULL)
        ExFreePoolWithTag(Thread->ThreadName, PSP_NAME_TAG);
}

/* A copy of the name as it is now, in pool, for who may not hold the lock. */
static NTSTATUS PspReadThreadName(PETHREAD Thread, PUNICODE_STRING Copy)
{
    NTSTATUS status = STATUS_SUCCESS;

    *Copy = (UNICODE_STRING){ 0, 0, NULL };
    ExLockShared(&Thread->ThreadLock);
    if (Thread->ThreadName != NULL) {
        Copy->Buffer = ExAllocatePoolWithTag(PagedPool, Thread->ThreadName->Length, PSP_NAME_TAG);
        if (Copy->Buffer != NULL) {
            Copy->Length = Copy->MaximumLength = Thread->ThreadName->Length;
            RtlCopyMemory(Copy->Buffer, Thread->ThreadName->Buffer, Copy->Length);
        } else {
            status = STATUS_INSUFFICIENT_RESOURCES;
        }
    }
    ExUnlockShared(&Thread->ThreadLock);
    return status;
}

NTSTATUS PspReturnThreadName(PETHREAD Thread, PVOID Information, ULONG Length, PULONG ReturnLength)
{
    UNICODE_STRING name;
    ULONG size;
    NTSTATUS status = PspReadThreadName(Thread, &name), told;

    if (!NT_SUCCESS(status))
        return status;
    size = sizeof(name) + name.Length;
    status = Length >= size ? PspReturnText(Information, &name, 0) : STATUS_BUFFER_TOO_SMALL;
    told = MmWriteOptional(ObPreviousMode(), ReturnLength, &size, sizeof(size));
    if (name.Buffer != NULL)
        ExFreePoolWithTag(name.Buffer, PSP_NAME_TAG);
    return NT_SUCCESS(told) ? status : told;
}

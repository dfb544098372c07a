/* SPDX-License-Identifier: MIT
 * Semaphores by handle.
 */
#include "exp.h"

#define EXP_SEMAPHORE_MODIFY_STATE 0x0002u

NTSTATUS NTAPI NtCreateSemaphore(PHANDLE SemaphoreHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                                 LONG InitialCount, LONG MaximumCount)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    PVOID semaphore;
    NTSTATUS status;

    if (MaximumCount <= 0 || InitialCount < 0 || InitialCount > MaximumCount)
        return STATUS_INVALID_PARAMETER;
    status = ObCreateObject(mode, ExpSemaphoreObjectType, ObjectAttributes, mode, NULL, sizeof(KSEMAPHORE), 0, 0, &semaphore);
    if (!NT_SUCCESS(status))
        return status;
    KeInitializeSemaphore(semaphore, InitialCount, MaximumCount);
    return ObInsertAndReturn(semaphore, DesiredAccess, SemaphoreHandle);
}

NTSTATUS NTAPI NtOpenSemaphore(PHANDLE SemaphoreHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes)
{
    return ObOpenAndReturn(ObjectAttributes, ExpSemaphoreObjectType, DesiredAccess, SemaphoreHandle);
}

static NTSTATUS ExpReleaseSemaphore(PRKSEMAPHORE Semaphore, LONG Count, PLONG Old)
{
    __try {
        *Old = KeReleaseSemaphore(Semaphore, SEMAPHORE_INCREMENT, Count, FALSE);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI NtReleaseSemaphore(HANDLE SemaphoreHandle, LONG ReleaseCount, PLONG PreviousCount)
{
    PVOID semaphore;
    LONG old = 0;
    NTSTATUS status;

    if (ReleaseCount <= 0)
        return STATUS_INVALID_PARAMETER;
    status = ExpProbeOptional(PreviousCount, sizeof(LONG));
    if (NT_SUCCESS(status))
        status = ObReferenceObjectByHandle(SemaphoreHandle, EXP_SEMAPHORE_MODIFY_STATE, ExpSemaphoreObjectType, ObPreviousMode(),
                                           &semaphore, NULL);
    if (!NT_SUCCESS(status))
        return status;
    status = ExpReleaseSemaphore(semaphore, ReleaseCount, &old);
    ObfDereferenceObject(semaphore);
    return NT_SUCCESS(status) ? ExpTell(PreviousCount, &old, sizeof(old)) : status;
}

NTSTATUS NTAPI NtQuerySemaphore(HANDLE SemaphoreHandle, ULONG SemaphoreInformationClass, PVOID SemaphoreInformation,
                                ULONG SemaphoreInformationLength, PULONG ReturnLength)
{
    struct { LONG Current, Maximum; } basic;
    PVOID object;
    NTSTATUS status;

    if (SemaphoreInformationClass != 0)
        return STATUS_INVALID_INFO_CLASS;
    if (SemaphoreInformationLength != sizeof(basic))
        return STATUS_INFO_LENGTH_MISMATCH;
    status = ObReferenceObjectByHandle(SemaphoreHandle, SEMAPHORE_QUERY_STATE, ExpSemaphoreObjectType, ObPreviousMode(), &object, NULL);
    if (!NT_SUCCESS(status))
        return status;
    basic.Current = KeReadStateSemaphore(object);
    basic.Maximum = ((PRKSEMAPHORE)object)->Limit;
    ObfDereferenceObject(object);
    return ExpTellInformation(SemaphoreInformation, ReturnLength, &basic, sizeof(basic));
}

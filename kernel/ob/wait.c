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

/* ---- Several ---- */
#define OBP_TAG_WAIT 'tWbO'

static VOID ObpDereferenceAll(PVOID *Objects, ULONG Count)
{
    while (Count-- > 0)
        ObfDereferenceObject(Objects[Count]);
}

/* References what all the handles stand for, or nothing. An object twice could never be waited for as a whole. */
static NTSTATUS ObpReferenceAll(ULONG Count, HANDLE *Handles, WAIT_TYPE Type, KPROCESSOR_MODE Mode, PVOID *Objects)
{
    NTSTATUS status;
    ULONG i, j;

    for (i = 0; i < Count; i++) {
        status = ObReferenceObjectByHandle(Handles[i], SYNCHRONIZE, NULL, Mode, &Objects[i], NULL);
        for (j = 0; NT_SUCCESS(status) && Type == WaitAll && j < i; j++)
            if (Objects[j] == Objects[i]) {
                ObfDereferenceObject(Objects[i]);
                status = STATUS_INVALID_PARAMETER_MIX;
            }
        if (!NT_SUCCESS(status)) {
            ObpDereferenceAll(Objects, i);
            return status;
        }
    }
    return STATUS_SUCCESS;
}

/* More objects than a thread's own wait blocks serve need some from pool. */
static NTSTATUS ObpWaitForAll(ULONG Count, PVOID *Waitable, WAIT_TYPE Type, KPROCESSOR_MODE Mode, BOOLEAN Alertable,
                              PLARGE_INTEGER Timeout)
{
    PRKWAIT_BLOCK_DDK blocks = NULL;
    NTSTATUS status;

    if (Count > THREAD_WAIT_OBJECTS) {
        blocks = ExAllocatePoolWithTag(NonPagedPoolNx, Count * sizeof(*blocks), OBP_TAG_WAIT);
        if (blocks == NULL)
            return STATUS_INSUFFICIENT_RESOURCES;
    }
    status = KeWaitForMultipleObjects(Count, Waitable, Type, UserRequest, Mode, Alertable, Timeout, blocks);
    if (blocks != NULL)
        ExFreePoolWithTag(blocks, OBP_TAG_WAIT);
    return status;
}

NTSTATUS NTAPI NtWaitForMultipleObjects(ULONG Count, HANDLE Handles[], WAIT_TYPE WaitType, BOOLEAN Alertable, PLARGE_INTEGER Timeout)
{
    PVOID objects[MAXIMUM_WAIT_OBJECTS], waitable[MAXIMUM_WAIT_OBJECTS];
    KPROCESSOR_MODE mode = ObPreviousMode();
    NTSTATUS status;
    ULONG i;

    if (Count == 0 || Count > MAXIMUM_WAIT_OBJECTS)
        return STATUS_INVALID_PARAMETER_1;
    if (WaitType != WaitAll && WaitType != WaitAny)
        return STATUS_INVALID_PARAMETER_3;
    if (mode != KernelMode && ((LONG64)Handles >= 0 || (Timeout != NULL && (LONG64)Timeout >= 0)))
        return STATUS_NOT_IMPLEMENTED;           /* guarded copies come with user mode */
    status = ObpReferenceAll(Count, Handles, WaitType, mode, objects);
    if (!NT_SUCCESS(status))
        return status;
    for (i = 0; i < Count; i++)
        waitable[i] = ObWaitableObject(objects[i]);
    status = ObpWaitForAll(Count, waitable, WaitType, mode, Alertable, Timeout);
    ObpDereferenceAll(objects, Count);
    return status;
}

NTSTATUS NTAPI ZwWaitForMultipleObjects(ULONG Count, HANDLE Handles[], WAIT_TYPE WaitType, BOOLEAN Alertable, PLARGE_INTEGER Timeout)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtWaitForMultipleObjects(Count, Handles, WaitType, Alertable, Timeout));
}

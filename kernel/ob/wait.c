/* SPDX-License-Identifier: MIT
 * Waiting for what a handle stands for.
 */
#include "obp.h"
#include "ke.h"

#define OBP_SIGNAL_INCREMENT 1
#define OBP_SEMAPHORE_MODIFY_STATE 0x0002u

/* The caller's timeout as a copy; *Timeout stays NULL when there is none. */
static NTSTATUS ObpCaptureTimeout(PLARGE_INTEGER *Timeout, PLARGE_INTEGER Copy)
{
    NTSTATUS status = STATUS_SUCCESS;

    if (*Timeout != NULL) {
        status = MmReadCaller(ObPreviousMode(), Copy, *Timeout, sizeof(*Copy));
        *Timeout = Copy;
    }
    return status;
}

NTSTATUS NTAPI NtWaitForSingleObject(HANDLE Handle, BOOLEAN Alertable, PLARGE_INTEGER Timeout)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    LARGE_INTEGER timeout;
    PVOID object;
    NTSTATUS status = ObpCaptureTimeout(&Timeout, &timeout);

    if (!NT_SUCCESS(status))
        return status;
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
    HANDLE handles[MAXIMUM_WAIT_OBJECTS];
    KPROCESSOR_MODE mode = ObPreviousMode();
    LARGE_INTEGER timeout;
    NTSTATUS status;
    ULONG i;

    if (Count == 0 || Count > MAXIMUM_WAIT_OBJECTS)
        return STATUS_INVALID_PARAMETER_1;
    if (WaitType != WaitAll && WaitType != WaitAny)
        return STATUS_INVALID_PARAMETER_3;
    status = ObpCaptureTimeout(&Timeout, &timeout);
    if (NT_SUCCESS(status))
        status = MmReadCaller(mode, handles, Handles, Count * sizeof(HANDLE));
    if (NT_SUCCESS(status))
        status = ObpReferenceAll(Count, handles, WaitType, mode, objects);
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

/* ---- One signalled, another waited for ---- */
/* Signals an event, a mutant or a semaphore as its own service would. Raises what those raise. */
static NTSTATUS ObpSignal(PVOID Object, ACCESS_MASK Has, KPROCESSOR_MODE Mode)
{
    DISPATCHER_HEADER *header = Object;

    switch (header->Type) {
    case EventNotificationObject:
    case EventSynchronizationObject:
        if (Mode != KernelMode && !(Has & EVENT_MODIFY_STATE))
            return STATUS_ACCESS_DENIED;
        KeSetEvent(Object, OBP_SIGNAL_INCREMENT, FALSE);
        return STATUS_SUCCESS;
    case MutantObject:
        KeReleaseMutant(Object, OBP_SIGNAL_INCREMENT, FALSE, FALSE);
        return STATUS_SUCCESS;
    case SemaphoreObject:
        if (Mode != KernelMode && !(Has & OBP_SEMAPHORE_MODIFY_STATE))
            return STATUS_ACCESS_DENIED;
        KeReleaseSemaphore(Object, OBP_SIGNAL_INCREMENT, 1, FALSE);
        return STATUS_SUCCESS;
    default:
        return STATUS_OBJECT_TYPE_MISMATCH;
    }
}

static NTSTATUS ObpTrySignal(PVOID Object, ACCESS_MASK Has, KPROCESSOR_MODE Mode)
{
    __try {
        return ObpSignal(Object, Has, Mode);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
}

/* The object by a handle whose body is an event, a mutant or a semaphore: a type's default object must be the object itself. */
static NTSTATUS ObpReferenceSignal(HANDLE Handle, KPROCESSOR_MODE Mode, PVOID *Object, ACCESS_MASK *Has)
{
    OBJECT_HANDLE_INFORMATION information;
    NTSTATUS status = ObReferenceObjectByHandle(Handle, 0, NULL, Mode, Object, &information);

    if (!NT_SUCCESS(status))
        return status;
    *Has = information.GrantedAccess;
    if (ObWaitableObject(*Object) == *Object)
        return STATUS_SUCCESS;
    ObfDereferenceObject(*Object);
    return STATUS_OBJECT_TYPE_MISMATCH;
}

NTSTATUS NTAPI NtSignalAndWaitForSingleObject(HANDLE SignalHandle, HANDLE WaitHandle, BOOLEAN Alertable, PLARGE_INTEGER Timeout)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    LARGE_INTEGER timeout;
    PVOID signal, wait;
    ACCESS_MASK has;
    NTSTATUS status = ObpCaptureTimeout(&Timeout, &timeout);

    if (NT_SUCCESS(status))
        status = ObpReferenceSignal(SignalHandle, mode, &signal, &has);
    if (!NT_SUCCESS(status))
        return status;
    status = ObReferenceObjectByHandle(WaitHandle, SYNCHRONIZE, NULL, mode, &wait, NULL);
    if (NT_SUCCESS(status)) {
        status = ObpTrySignal(signal, has, mode);
        if (NT_SUCCESS(status))
            status = KeWaitForSingleObject(ObWaitableObject(wait), UserRequest, mode, Alertable, Timeout);
        ObfDereferenceObject(wait);
    }
    ObfDereferenceObject(signal);
    return status;
}

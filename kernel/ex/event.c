/* SPDX-License-Identifier: MIT
 * Events by handle, and the types of the other dispatcher objects that handles can stand for.
 */
#include "exp.h"

#ifndef MUTANT_QUERY_STATE
#define MUTANT_QUERY_STATE 1
#endif
#define EXP_MUTANT_ALL_ACCESS (STANDARD_RIGHTS_REQUIRED | SYNCHRONIZE | MUTANT_QUERY_STATE)

POBJECT_TYPE ExpEventObjectType, ExpSemaphoreObjectType, ExpMutantObjectType;

VOID ExpInitializeTypes(VOID)
{
    static const OB_TYPE_TEMPLATE event = {
        .Name = L"Event", .ValidAccess = EVENT_ALL_ACCESS, .PoolType = NonPagedPoolNx, .DefaultOffset = 0,
        .Mapping = { STANDARD_RIGHTS_READ | EVENT_QUERY_STATE, STANDARD_RIGHTS_WRITE | EVENT_MODIFY_STATE,
                     STANDARD_RIGHTS_EXECUTE | SYNCHRONIZE, EVENT_ALL_ACCESS },
    };
    static const OB_TYPE_TEMPLATE semaphore = {
        .Name = L"Semaphore", .ValidAccess = SEMAPHORE_ALL_ACCESS, .PoolType = NonPagedPoolNx, .DefaultOffset = 0,
        .Mapping = { STANDARD_RIGHTS_READ | 1, STANDARD_RIGHTS_WRITE | 2, STANDARD_RIGHTS_EXECUTE | SYNCHRONIZE,
                     SEMAPHORE_ALL_ACCESS },
    };
    static const OB_TYPE_TEMPLATE mutant = {
        .Name = L"Mutant", .ValidAccess = EXP_MUTANT_ALL_ACCESS, .PoolType = NonPagedPoolNx, .DefaultOffset = 0,
        .Mapping = { STANDARD_RIGHTS_READ | MUTANT_QUERY_STATE, STANDARD_RIGHTS_WRITE, STANDARD_RIGHTS_EXECUTE | SYNCHRONIZE,
                     EXP_MUTANT_ALL_ACCESS },
    };

    ExpEventObjectType = ObCreateSystemType(&event);
    ExpMutantObjectType = ObCreateSystemType(&mutant);
    ExpSemaphoreObjectType = ObCreateSystemType(&semaphore);
}

NTSTATUS NTAPI NtCreateEvent(PHANDLE EventHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                             EVENT_TYPE EventType, BOOLEAN InitialState)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    HANDLE handle;
    PVOID event;
    NTSTATUS status;

    if (EventType != NotificationEvent && EventType != SynchronizationEvent)
        return STATUS_INVALID_PARAMETER;
    status = ObCreateObject(mode, ExpEventObjectType, ObjectAttributes, mode, NULL, sizeof(KEVENT), 0, 0, &event);
    if (!NT_SUCCESS(status))
        return status;
    KeInitializeEvent(event, EventType, InitialState);
    status = ObInsertObject(event, NULL, DesiredAccess, 0, NULL, &handle);
    if (NT_SUCCESS(status))
        *EventHandle = handle;
    return status;
}

NTSTATUS NTAPI NtOpenEvent(PHANDLE EventHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes)
{
    HANDLE handle;
    NTSTATUS status = ObOpenObjectByName(ObjectAttributes, ExpEventObjectType, ObPreviousMode(), NULL, DesiredAccess, NULL, &handle);
    if (NT_SUCCESS(status))
        *EventHandle = handle;
    return status;
}

static NTSTATUS ExpReferenceEvent(HANDLE Handle, PRKEVENT *Event)
{
    PVOID object;
    NTSTATUS status = ObReferenceObjectByHandle(Handle, EVENT_MODIFY_STATE, ExpEventObjectType, ObPreviousMode(), &object, NULL);
    *Event = object;
    return status;
}

NTSTATUS NTAPI NtSetEvent(HANDLE EventHandle, PLONG PreviousState)
{
    PRKEVENT event;
    LONG old;
    NTSTATUS status = ExpReferenceEvent(EventHandle, &event);

    if (!NT_SUCCESS(status))
        return status;
    old = KeSetEvent(event, 1, FALSE);
    ObfDereferenceObject(event);
    if (PreviousState != NULL)
        *PreviousState = old;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI NtResetEvent(HANDLE EventHandle, PLONG PreviousState)
{
    PRKEVENT event;
    LONG old;
    NTSTATUS status = ExpReferenceEvent(EventHandle, &event);

    if (!NT_SUCCESS(status))
        return status;
    old = KeResetEvent(event);
    ObfDereferenceObject(event);
    if (PreviousState != NULL)
        *PreviousState = old;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI NtClearEvent(HANDLE EventHandle) { return NtResetEvent(EventHandle, NULL); }

NTSTATUS NTAPI ZwCreateEvent(PHANDLE EventHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                             EVENT_TYPE EventType, BOOLEAN InitialState)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtCreateEvent(EventHandle, DesiredAccess, ObjectAttributes, EventType, InitialState));
}

NTSTATUS NTAPI ZwOpenEvent(PHANDLE EventHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtOpenEvent(EventHandle, DesiredAccess, ObjectAttributes));
}

NTSTATUS NTAPI ZwSetEvent(HANDLE EventHandle, PLONG PreviousState)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtSetEvent(EventHandle, PreviousState));
}

NTSTATUS NTAPI ZwResetEvent(HANDLE EventHandle, PLONG PreviousState)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtResetEvent(EventHandle, PreviousState));
}

NTSTATUS NTAPI ZwClearEvent(HANDLE EventHandle)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtClearEvent(EventHandle));
}

/* SPDX-License-Identifier: MIT
 * Events by handle, and the types of the dispatcher objects that handles can stand for.
 */
#include "exp.h"

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
        .Name = L"Mutant", .ValidAccess = MUTANT_ALL_ACCESS, .PoolType = NonPagedPoolNx, .DefaultOffset = 0,
        .Mapping = { STANDARD_RIGHTS_READ | MUTANT_QUERY_STATE, STANDARD_RIGHTS_WRITE, STANDARD_RIGHTS_EXECUTE | SYNCHRONIZE,
                     MUTANT_ALL_ACCESS },
        .Delete = ExpDeleteMutant,
    };

    ExpEventObjectType = ObCreateSystemType(&event);
    ExpMutantObjectType = ObCreateSystemType(&mutant);
    ExpSemaphoreObjectType = ObCreateSystemType(&semaphore);
}

NTSTATUS ExpTellInformation(PVOID To, PULONG ReturnLength, const VOID *From, ULONG Size)
{
    NTSTATUS status = MmWriteCaller(ObPreviousMode(), To, From, Size);
    return NT_SUCCESS(status) ? ExpTell(ReturnLength, &Size, sizeof(Size)) : status;
}

NTSTATUS NTAPI NtCreateEvent(PHANDLE EventHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                             EVENT_TYPE EventType, BOOLEAN InitialState)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    PVOID event;
    NTSTATUS status;

    if (EventType != NotificationEvent && EventType != SynchronizationEvent)
        return STATUS_INVALID_PARAMETER;
    status = ObCreateObject(mode, ExpEventObjectType, ObjectAttributes, mode, NULL, sizeof(KEVENT), 0, 0, &event);
    if (!NT_SUCCESS(status))
        return status;
    KeInitializeEvent(event, EventType, InitialState);
    return ObInsertAndReturn(event, DesiredAccess, EventHandle);
}

NTSTATUS NTAPI NtOpenEvent(PHANDLE EventHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes)
{
    return ObOpenAndReturn(ObjectAttributes, ExpEventObjectType, DesiredAccess, EventHandle);
}

/* ---- Changes ---- */
static LONG ExpSetEvent(PRKEVENT Event) { return KeSetEvent(Event, EVENT_INCREMENT, FALSE); }
static LONG ExpPulseEvent(PRKEVENT Event) { return KePulseEvent(Event, EVENT_INCREMENT, FALSE); }
static LONG ExpResetEvent(PRKEVENT Event) { return KeResetEvent(Event); }

static NTSTATUS ExpChangeEvent(HANDLE Handle, LONG (*Change)(PRKEVENT Event), PLONG PreviousState)
{
    PVOID event;
    LONG old;
    NTSTATUS status = ExpProbeOptional(PreviousState, sizeof(LONG));

    if (NT_SUCCESS(status))
        status = ObReferenceObjectByHandle(Handle, EVENT_MODIFY_STATE, ExpEventObjectType, ObPreviousMode(), &event, NULL);
    if (!NT_SUCCESS(status))
        return status;
    old = Change(event);
    ObfDereferenceObject(event);
    return ExpTell(PreviousState, &old, sizeof(old));
}

NTSTATUS NTAPI NtSetEvent(HANDLE EventHandle, PLONG PreviousState) { return ExpChangeEvent(EventHandle, ExpSetEvent, PreviousState); }
NTSTATUS NTAPI NtResetEvent(HANDLE EventHandle, PLONG PreviousState) { return ExpChangeEvent(EventHandle, ExpResetEvent, PreviousState); }
NTSTATUS NTAPI NtPulseEvent(HANDLE EventHandle, PLONG PreviousState) { return ExpChangeEvent(EventHandle, ExpPulseEvent, PreviousState); }
NTSTATUS NTAPI NtClearEvent(HANDLE EventHandle) { return ExpChangeEvent(EventHandle, ExpResetEvent, NULL); }

NTSTATUS NTAPI NtQueryEvent(HANDLE EventHandle, ULONG EventInformationClass, PVOID EventInformation, ULONG EventInformationLength,
                            PULONG ReturnLength)
{
    struct { EVENT_TYPE Type; LONG State; } basic;
    PVOID object;
    NTSTATUS status;

    if (EventInformationClass != 0)
        return STATUS_INVALID_INFO_CLASS;
    if (EventInformationLength != sizeof(basic))
        return STATUS_INFO_LENGTH_MISMATCH;
    status = ObReferenceObjectByHandle(EventHandle, EVENT_QUERY_STATE, ExpEventObjectType, ObPreviousMode(), &object, NULL);
    if (!NT_SUCCESS(status))
        return status;
    basic.Type = ((PRKEVENT)object)->Header.Type == EventNotificationObject ? NotificationEvent : SynchronizationEvent;
    basic.State = KeReadStateEvent(object);
    ObfDereferenceObject(object);
    return ExpTellInformation(EventInformation, ReturnLength, &basic, sizeof(basic));
}

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

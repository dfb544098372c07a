/* SPDX-License-Identifier: MIT
 * Named events for drivers: created signalled, or opened when there is one. The handle keeps the event.
 */
#include "iop.h"

static PKEVENT IopCreateNamedEvent(PUNICODE_STRING Name, EVENT_TYPE Type, PHANDLE EventHandle)
{
    OBJECT_ATTRIBUTES attributes;
    HANDLE handle;
    PVOID event;
    NTSTATUS status;

    InitializeObjectAttributes(&attributes, Name, OBJ_OPENIF | OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, NULL, NULL);
    status = ZwCreateEvent(&handle, EVENT_ALL_ACCESS, &attributes, Type, TRUE);
    if (!NT_SUCCESS(status))
        return NULL;
    status = ObReferenceObjectByHandle(handle, 0, ExpEventObjectType, KernelMode, &event, NULL);
    if (!NT_SUCCESS(status)) {
        ZwClose(handle);
        return NULL;
    }
    ObfDereferenceObject(event);
    *EventHandle = handle;
    return event;
}

PKEVENT NTAPI IoCreateNotificationEvent(PUNICODE_STRING EventName, PHANDLE EventHandle)
{
    return IopCreateNamedEvent(EventName, NotificationEvent, EventHandle);
}

PKEVENT NTAPI IoCreateSynchronizationEvent(PUNICODE_STRING EventName, PHANDLE EventHandle)
{
    return IopCreateNamedEvent(EventName, SynchronizationEvent, EventHandle);
}

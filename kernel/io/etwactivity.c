/* SPDX-License-Identifier: MIT
 * A thread's activity: the identifier that its events have in common. Nobody but the thread touches ETHREAD.ActivityId, whose
 * memory goes with the thread (ps). New identifiers count upwards from where the boot began, so that they can be made at any IRQL.
 */
#include "iop.h"
#include <evntprov.h>

#define ETW_TAG 'AwtE'

typedef union ETW_ACTIVITY {
    GUID Guid;
    LONG64 Parts[2];
} ETW_ACTIVITY;

static GUID EtwCreateActivity(VOID)
{
    static volatile LONG64 boot, last;           /* a */
    ETW_ACTIVITY activity;

    if (boot == 0)
        InterlockedCompareExchange64(&boot, KeQueryPerformanceCounter(NULL).QuadPart | 1, 0);
    activity.Parts[0] = InterlockedIncrement64(&last);
    activity.Parts[1] = boot;
    return activity.Guid;
}

static GUID EtwCurrentActivity(VOID)
{
    const GUID *activity = PsGetCurrentThread()->ActivityId;
    return activity != NULL ? *activity : (GUID){ 0 };
}

static NTSTATUS EtwSetActivity(GUID Activity)
{
    PETHREAD thread = PsGetCurrentThread();

    if (thread->ActivityId == NULL)
        thread->ActivityId = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(GUID), ETW_TAG);
    if (thread->ActivityId == NULL)
        return STATUS_NO_MEMORY;
    *thread->ActivityId = Activity;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI EtwActivityIdControl(ULONG ControlCode, LPGUID ActivityId)
{
    GUID before;
    NTSTATUS status;

    if (ActivityId == NULL)
        return STATUS_INVALID_PARAMETER;
    if (ControlCode == EVENT_ACTIVITY_CTRL_CREATE_ID) {
        *ActivityId = EtwCreateActivity();
        return STATUS_SUCCESS;
    }
    before = EtwCurrentActivity();
    switch (ControlCode) {
    case EVENT_ACTIVITY_CTRL_SET_ID:
        return EtwSetActivity(*ActivityId);
    case EVENT_ACTIVITY_CTRL_GET_ID:
        status = STATUS_SUCCESS;
        break;
    case EVENT_ACTIVITY_CTRL_GET_SET_ID:
        status = EtwSetActivity(*ActivityId);
        break;
    case EVENT_ACTIVITY_CTRL_CREATE_SET_ID:
        status = EtwSetActivity(EtwCreateActivity());
        break;
    default:
        return STATUS_INVALID_PARAMETER;
    }
    if (NT_SUCCESS(status))
        *ActivityId = before;
    return status;
}

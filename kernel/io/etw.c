/* SPDX-License-Identifier: MIT
 * Event tracing's providers. There are no trace sessions, so that no provider is ever enabled: events of a registered provider are
 * not logged, which is what the documentation says of one that no session enables.
 *
 * A registration is a slot of a fixed table: EtwWrite may come at any IRQL and takes no lock. A handle holds the slot and how often
 * it was given out, so that an old handle is known. Slot.Generation is odd while the slot is in use; compare-and-swap claims it.
 */
#include "iop.h"
#include <evntprov.h>

#define ETW_SLOTS 1024u
#define ETW_MAXIMUM_DATA 128u                    /* EVENT_DATA_DESCRIPTORs of an event */

static volatile LONG EtwSlots[ETW_SLOTS];        /* a: generations */

static REGHANDLE EtwHandle(ULONG Slot, ULONG Generation) { return (REGHANDLE)Generation << 32 | (Slot + 1); }

static BOOLEAN EtwIsRegistered(REGHANDLE Handle)
{
    ULONG slot = (ULONG)Handle - 1, generation = (ULONG)(Handle >> 32);
    return slot < ETW_SLOTS && (generation & 1) && (ULONG)__atomic_load_n(&EtwSlots[slot], __ATOMIC_ACQUIRE) == generation;
}

NTSTATUS NTAPI EtwRegister(LPCGUID ProviderId, PETWENABLECALLBACK EnableCallback, PVOID CallbackContext, PREGHANDLE RegHandle)
{
    ULONG slot;

    if (ProviderId == NULL || RegHandle == NULL)
        return STATUS_INVALID_PARAMETER;
    for (slot = 0; slot < ETW_SLOTS; slot++) {
        LONG generation = EtwSlots[slot];
        if (!(generation & 1) && InterlockedCompareExchange(&EtwSlots[slot], generation + 1, generation) == generation) {
            *RegHandle = EtwHandle(slot, (ULONG)generation + 1);
            return STATUS_SUCCESS;
        }
    }
    return STATUS_INSUFFICIENT_RESOURCES;
}

NTSTATUS NTAPI EtwUnregister(REGHANDLE RegHandle)
{
    LONG generation = (LONG)(RegHandle >> 32);

    if (!EtwIsRegistered(RegHandle) ||
        InterlockedCompareExchange(&EtwSlots[(ULONG)RegHandle - 1], generation + 1, generation) != generation)
        return STATUS_INVALID_HANDLE;
    return STATUS_SUCCESS;
}

BOOLEAN NTAPI EtwEventEnabled(REGHANDLE RegHandle, PCEVENT_DESCRIPTOR EventDescriptor) { return FALSE; }
BOOLEAN NTAPI EtwProviderEnabled(REGHANDLE RegHandle, UCHAR Level, ULONGLONG Keyword) { return FALSE; }

static NTSTATUS EtwCheckEvent(REGHANDLE Handle, PCEVENT_DESCRIPTOR Descriptor, ULONG Count, PEVENT_DATA_DESCRIPTOR Data)
{
    if (!EtwIsRegistered(Handle))
        return STATUS_INVALID_HANDLE;
    if (Descriptor == NULL || Count > ETW_MAXIMUM_DATA || (Count != 0 && Data == NULL))
        return STATUS_INVALID_PARAMETER;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI EtwWrite(REGHANDLE RegHandle, PCEVENT_DESCRIPTOR EventDescriptor, LPCGUID ActivityId, ULONG UserDataCount,
                        PEVENT_DATA_DESCRIPTOR UserData)
{
    return EtwCheckEvent(RegHandle, EventDescriptor, UserDataCount, UserData);
}

NTSTATUS NTAPI EtwWriteTransfer(REGHANDLE RegHandle, PCEVENT_DESCRIPTOR EventDescriptor, LPCGUID ActivityId, LPCGUID RelatedActivityId,
                                ULONG UserDataCount, PEVENT_DATA_DESCRIPTOR UserData)
{
    return EtwCheckEvent(RegHandle, EventDescriptor, UserDataCount, UserData);
}

NTSTATUS NTAPI EtwWriteEx(REGHANDLE RegHandle, PCEVENT_DESCRIPTOR EventDescriptor, ULONG64 Filter, ULONG Flags, LPCGUID ActivityId,
                          LPCGUID RelatedActivityId, ULONG UserDataCount, PEVENT_DATA_DESCRIPTOR UserData)
{
    return EtwCheckEvent(RegHandle, EventDescriptor, UserDataCount, UserData);
}

NTSTATUS NTAPI EtwWriteString(REGHANDLE RegHandle, UCHAR Level, ULONGLONG Keyword, LPCGUID ActivityId, PCWSTR String)
{
    if (!EtwIsRegistered(RegHandle))
        return STATUS_INVALID_HANDLE;
    return String != NULL ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}

/* Classes of EVENT_INFO_CLASS that exist; what they set is for sessions to see. */
NTSTATUS NTAPI EtwSetInformation(REGHANDLE RegHandle, EVENT_INFO_CLASS InformationClass, PVOID EventInformation,
                                 ULONG InformationLength)
{
    if (!EtwIsRegistered(RegHandle))
        return STATUS_INVALID_HANDLE;
    if (InformationClass != EventProviderSetTraits)
        return STATUS_INVALID_DEVICE_REQUEST;
    /* Traits begin with their own size and hold at least the provider's empty name. */
    if (EventInformation == NULL || InformationLength < sizeof(USHORT) + 1 || *(PUSHORT)EventInformation != InformationLength)
        return STATUS_INVALID_PARAMETER;
    return STATUS_SUCCESS;
}

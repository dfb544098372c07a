/* SPDX-License-Identifier: MIT
 * Power settings: who wants to hear of which, and what the few are that this machine has. None of them ever changes: the machine runs
 * on mains power, its display is on, and nobody chooses another plan.
 */
#include "po.h"
#include "exsync.h"

#define PO_TAG 'woPP'

typedef struct PO_LISTENER {
    LIST_ENTRY Link;                             /* PoSettingLock */
    GUID Setting;                                /* I */
    PPOWER_SETTING_CALLBACK Callback;            /* I */
    PVOID Context;                               /* I */
} PO_LISTENER;

static EX_PUSH_LOCK PoSettingLock;
static LIST_ENTRY PoListeners = { &PoListeners, &PoListeners };

/* GUID_TYPICAL_POWER_SAVINGS: the balanced plan. */
static const GUID PoTypicalSavings = { 0x381b4222, 0xf694, 0x41f0, { 0x96, 0x85, 0xff, 0x5b, 0xb2, 0x60, 0xdf, 0x2e } };
static const ULONG PoZero = 0, PoOne = 1;

static const struct PO_SETTING {
    GUID Guid;
    const VOID *Value;
    ULONG Length;
} PoSettings[] = {
    /* GUID_ACDC_POWER_SOURCE: PoAc */
    { { 0x5d3e9a59, 0xe9d5, 0x4b00, { 0xa6, 0xbd, 0xff, 0x34, 0xff, 0x51, 0x65, 0x48 } }, &PoZero, sizeof(PoZero) },
    /* GUID_MONITOR_POWER_ON: 1 */
    { { 0x02731015, 0x4510, 0x4526, { 0x99, 0xe6, 0xe5, 0xa1, 0x7e, 0xbd, 0x1a, 0xea } }, &PoOne, sizeof(PoOne) },
    /* GUID_CONSOLE_DISPLAY_STATE: PowerMonitorOn */
    { { 0x6fe69556, 0x704a, 0x47a0, { 0x8f, 0x24, 0xc2, 0x8d, 0x93, 0x6f, 0xda, 0x47 } }, &PoOne, sizeof(PoOne) },
    /* GUID_POWERSCHEME_PERSONALITY */
    { { 0x245d8541, 0x3943, 0x4422, { 0xb0, 0x25, 0x13, 0xa7, 0x84, 0xf6, 0x79, 0xb7 } }, &PoTypicalSavings, sizeof(GUID) },
};

/* The value now, from a copy: the routine is the driver's. */
static VOID PoTellSetting(PO_LISTENER *Listener)
{
    GUID value;
    ULONG i;

    for (i = 0; i < RTL_NUMBER_OF(PoSettings); i++)
        if (IsEqualGUID(&PoSettings[i].Guid, &Listener->Setting)) {
            RtlCopyMemory(&value, PoSettings[i].Value, PoSettings[i].Length);
            Listener->Callback(&Listener->Setting, &value, PoSettings[i].Length, Listener->Context);
            return;
        }
}

NTSTATUS NTAPI PoRegisterPowerSettingCallback(PDEVICE_OBJECT DeviceObject, LPCGUID SettingGuid, PPOWER_SETTING_CALLBACK Callback,
                                              PVOID Context, PVOID *Handle)
{
    PO_LISTENER *listener;

    if (SettingGuid == NULL || Callback == NULL)
        return STATUS_INVALID_PARAMETER;
    listener = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*listener), PO_TAG);
    if (listener == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    listener->Setting = *SettingGuid;
    listener->Callback = Callback;
    listener->Context = Context;
    if (Handle != NULL)
        *Handle = listener;
    PoTellSetting(listener);                     /* before it can be unregistered */
    ExLockExclusive(&PoSettingLock);
    InsertTailList(&PoListeners, &listener->Link);
    ExUnlockExclusive(&PoSettingLock);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI PoUnregisterPowerSettingCallback(PVOID Handle)
{
    PO_LISTENER *found = NULL;
    PLIST_ENTRY entry;

    ExLockExclusive(&PoSettingLock);
    for (entry = PoListeners.Flink; entry != &PoListeners && found == NULL; entry = entry->Flink)
        if (CONTAINING_RECORD(entry, PO_LISTENER, Link) == Handle)
            found = Handle;
    if (found != NULL)
        RemoveEntryList(&found->Link);
    ExUnlockExclusive(&PoSettingLock);
    if (found == NULL)
        return STATUS_INVALID_PARAMETER;
    ExFreePoolWithTag(found, PO_TAG);
    return STATUS_SUCCESS;
}

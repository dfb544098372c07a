/* SPDX-License-Identifier: MIT
 * WMI providers: devices whose drivers answer IRP_MJ_SYSTEM_CONTROL. Registering asks the driver for its GUIDs, from a system thread
 * as NT does; deregistering waits until no request to the device is under way. WmiLock guards the list and what it says; it is not
 * held over a request.
 */
#include "wmi.h"

#define WMI_REGINFO_LIMIT 0x10000u               /* what a driver's answer may take */

static EX_PUSH_LOCK WmiLock;
static LIST_ENTRY WmiProviders = { &WmiProviders, &WmiProviders };

NTSTATUS WmiSend(WMI_PROVIDER *Provider, UCHAR Minor, PVOID DataPath, PVOID Buffer, ULONG Size, PULONG Information)
{
    PDEVICE_OBJECT top = IoGetAttachedDeviceReference(Provider->Device);
    IO_STATUS_BLOCK result = { .Status = STATUS_NOT_SUPPORTED };
    IO_STACK_LOCATION location = { .MajorFunction = IRP_MJ_SYSTEM_CONTROL, .MinorFunction = Minor };
    NTSTATUS status;

    location.Parameters.WMI.ProviderId = (ULONG_PTR)Provider->Device;
    location.Parameters.WMI.DataPath = DataPath;
    location.Parameters.WMI.BufferSize = Size;
    location.Parameters.WMI.Buffer = Buffer;
    status = IoSendLocationAndWait(top, &location, &result);
    ObfDereferenceObject(top);
    *Information = (ULONG)min(result.Information, Size);
    return status;
}

/* ---- What the driver provides ---- */
/* The answer's array, if it lies within the answer. */
static BOOLEAN WmiIsAnswer(const WMIREGINFOW *Answer, ULONG Size)
{
    return Size >= sizeof(*Answer) && Answer->GuidCount <= (Size - sizeof(*Answer)) / sizeof(WMIREGGUIDW);
}

static WMIREGGUIDW *WmiFindGuid(WMIREGGUIDW *Guids, ULONG Count, const GUID *Guid)
{
    ULONG i;
    for (i = 0; i < Count; i++)
        if (IsEqualGUID(&Guids[i].Guid, Guid))
            return &Guids[i];
    return NULL;
}

/* Old entries that the answer does not name (an update only) and the answer's own that are not removals. */
static ULONG WmiMerge(WMIREGGUIDW *Target, WMI_PROVIDER *Provider, WMIREGINFOW *Answer, BOOLEAN Update)
{
    ULONG count = 0, i;

    for (i = 0; Update && i < Provider->GuidCount; i++)
        if (WmiFindGuid(Answer->WmiRegGuid, Answer->GuidCount, &Provider->Guids[i].Guid) == NULL)
            Target[count++] = Provider->Guids[i];
    for (i = 0; i < Answer->GuidCount; i++) {
        if (Answer->WmiRegGuid[i].Flags & WMIREG_FLAG_REMOVE_GUID)
            continue;
        if (Answer->WmiRegGuid[i].Flags & WMIREG_FLAG_INSTANCE_PDO)
            Answer->WmiRegGuid[i].Pdo = 0;       /* its reference is given back by the caller */
        Target[count++] = Answer->WmiRegGuid[i];
    }
    return count;
}

/* The driver references the device it names for WMI; nobody here keeps it. */
static VOID WmiReleaseDevices(const WMIREGINFOW *Answer)
{
    ULONG i;
    for (i = 0; i < Answer->GuidCount; i++)
        if ((Answer->WmiRegGuid[i].Flags & WMIREG_FLAG_INSTANCE_PDO) && Answer->WmiRegGuid[i].Pdo != 0)
            ObfDereferenceObject((PVOID)Answer->WmiRegGuid[i].Pdo);
}

static VOID WmiTakeAnswer(WMI_PROVIDER *Provider, WMIREGINFOW *Answer, BOOLEAN Update)
{
    WMIREGGUIDW *merged, *old = NULL;
    ULONG count;

    ExLockExclusive(&WmiLock);
    count = Answer->GuidCount + Provider->GuidCount;
    merged = ExAllocatePoolWithTag(PagedPool, max(count, 1) * sizeof(*merged), WMI_TAG);
    if (merged != NULL) {
        count = WmiMerge(merged, Provider, Answer, Update);
        old = Provider->Guids;
        Provider->Guids = merged;
        Provider->GuidCount = count;
    }
    ExUnlockExclusive(&WmiLock);
    if (old != NULL)
        ExFreePoolWithTag(old, WMI_TAG);
}

/* Asks until the buffer is large enough, or the driver refuses: then it provides what it did before. */
static VOID WmiAsk(WMI_PROVIDER *Provider, BOOLEAN Update)
{
    ULONG size = PAGE_SIZE, needed = 0;
    NTSTATUS status = STATUS_BUFFER_TOO_SMALL;
    PVOID path = (PVOID)(ULONG_PTR)(Update ? WMIUPDATE : WMIREGISTER);

    while (status == STATUS_BUFFER_TOO_SMALL && size <= WMI_REGINFO_LIMIT) {
        WMIREGINFOW *answer = ExAllocatePoolWithTag(NonPagedPoolNx, size, WMI_TAG);
        if (answer == NULL)
            return;
        RtlZeroMemory(answer, size);
        status = WmiSend(Provider, IRP_MN_REGINFO_EX, path, answer, size, &needed);
        if (NT_SUCCESS(status) && WmiIsAnswer(answer, needed)) {
            WmiReleaseDevices(answer);
            WmiTakeAnswer(Provider, answer, Update);
        }
        size = max(2 * size, *(PULONG)answer);
        ExFreePoolWithTag(answer, WMI_TAG);
    }
}

static VOID NTAPI WmiAskWorker(PVOID Context)
{
    WMI_PROVIDER *provider = Context;
    BOOLEAN update, again;

    do {
        ExLockExclusive(&WmiLock);
        update = provider->Update;
        provider->AskAgain = FALSE;
        ExUnlockExclusive(&WmiLock);
        WmiAsk(provider, update);
        ExLockExclusive(&WmiLock);
        again = provider->AskAgain;
        provider->Asking = again;
        ExUnlockExclusive(&WmiLock);
    } while (again);
    ExReleaseRundownProtection(&provider->Requests);
}

/* ---- Registration ---- */
static WMI_PROVIDER *WmiFindLocked(PDEVICE_OBJECT Device)
{
    PLIST_ENTRY entry;

    for (entry = WmiProviders.Flink; entry != &WmiProviders; entry = entry->Flink)
        if (CONTAINING_RECORD(entry, WMI_PROVIDER, Link)->Device == Device)
            return CONTAINING_RECORD(entry, WMI_PROVIDER, Link);
    return NULL;
}

static VOID WmiQuestionLocked(WMI_PROVIDER *Provider, BOOLEAN Update)
{
    Provider->Update = Update;
    Provider->AskAgain = TRUE;
    if (Provider->Asking || !ExAcquireRundownProtection(&Provider->Requests))
        return;
    Provider->Asking = TRUE;
    ExQueueWorkItem(&Provider->Work, DelayedWorkQueue);
}

static NTSTATUS WmiRegister(PDEVICE_OBJECT Device)
{
    WMI_PROVIDER *provider = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*provider), WMI_TAG);
    NTSTATUS status = STATUS_SUCCESS;

    if (provider == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(provider, sizeof(*provider));
    ExInitializeRundownProtection(&provider->Requests);
    ExInitializeWorkItem(&provider->Work, WmiAskWorker, provider);
    provider->Device = Device;
    ExLockExclusive(&WmiLock);
    if (WmiFindLocked(Device) != NULL) {
        status = STATUS_OBJECT_NAME_COLLISION;
    } else {
        ObfReferenceObject(Device);
        InsertTailList(&WmiProviders, &provider->Link);
        WmiQuestionLocked(provider, FALSE);
    }
    ExUnlockExclusive(&WmiLock);
    if (!NT_SUCCESS(status))
        ExFreePoolWithTag(provider, WMI_TAG);
    return status;
}

/* Waits for every request under way: from one of them this never returns, as documented. */
static NTSTATUS WmiDeregister(PDEVICE_OBJECT Device)
{
    WMI_PROVIDER *provider;

    ExLockExclusive(&WmiLock);
    provider = WmiFindLocked(Device);
    if (provider != NULL)
        RemoveEntryList(&provider->Link);
    ExUnlockExclusive(&WmiLock);
    if (provider == NULL)
        return STATUS_INVALID_PARAMETER;
    ExWaitForRundownProtectionRelease(&provider->Requests);
    if (provider->Guids != NULL)
        ExFreePoolWithTag(provider->Guids, WMI_TAG);
    ExFreePoolWithTag(provider, WMI_TAG);
    ObfDereferenceObject(Device);
    return STATUS_SUCCESS;
}

static NTSTATUS WmiUpdate(PDEVICE_OBJECT Device)
{
    WMI_PROVIDER *provider;

    ExLockExclusive(&WmiLock);
    provider = WmiFindLocked(Device);
    if (provider != NULL)
        WmiQuestionLocked(provider, TRUE);
    ExUnlockExclusive(&WmiLock);
    return provider != NULL ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}

NTSTATUS NTAPI IoWMIRegistrationControl(PDEVICE_OBJECT DeviceObject, ULONG Action)
{
    NTSTATUS status;

    switch (Action) {
    case WMIREG_ACTION_REGISTER:
        return WmiRegister(DeviceObject);
    case WMIREG_ACTION_DEREGISTER:
        return WmiDeregister(DeviceObject);
    case WMIREG_ACTION_REREGISTER:
        status = WmiDeregister(DeviceObject);
        return NT_SUCCESS(status) ? WmiRegister(DeviceObject) : status;
    case WMIREG_ACTION_UPDATE_GUIDS:
        return WmiUpdate(DeviceObject);
    default:
        return STATUS_INVALID_PARAMETER;
    }
}

WMI_PROVIDER *WmiNextProvider(const GUID *Guid, WMI_PROVIDER *Previous)
{
    WMI_PROVIDER *found = NULL;
    PLIST_ENTRY entry;

    ExLockShared(&WmiLock);
    entry = WmiProviders.Flink;
    if (Previous != NULL) {                      /* it may have left the list: then the end is reached */
        while (entry != &WmiProviders && entry != &Previous->Link)
            entry = entry->Flink;
        if (entry != &WmiProviders)
            entry = entry->Flink;
    }
    for (; entry != &WmiProviders && found == NULL; entry = entry->Flink) {
        WMI_PROVIDER *provider = CONTAINING_RECORD(entry, WMI_PROVIDER, Link);
        if (WmiFindGuid(provider->Guids, provider->GuidCount, Guid) != NULL && ExAcquireRundownProtection(&provider->Requests))
            found = provider;
    }
    ExUnlockShared(&WmiLock);
    if (Previous != NULL)
        ExReleaseRundownProtection(&Previous->Requests);
    return found;
}


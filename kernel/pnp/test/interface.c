/* SPDX-License-Identifier: MIT
 * Device interfaces, and who hears of them and of their devices.
 */
#include "fixture.h"

static const GUID first = { 0xA1, 1, 1, { 1 } }, second = { 0xA2, 1, 1, { 1 } };

static NTSTATUS Open(PCUNICODE_STRING Name, PFILE_OBJECT *File)
{
    UNICODE_STRING name = *Name;
    PDEVICE_OBJECT device;
    return IoGetDeviceObjectPointer(&name, FILE_READ_DATA, File, &device);
}

static ULONG CountInterfaces(const GUID *Class, PDEVICE_OBJECT Pdo, ULONG Flags)
{
    ULONG count = 0;
    PWSTR list, name;

    if (!CHECK(IoGetDeviceInterfaces(Class, Pdo, Flags, &list) == STATUS_SUCCESS))
        return 99;
    for (name = list; *name != L'\0'; name += wcslen(name) + 1)
        count++;
    ExFreePool(list);
    return count;
}

static VOID Enable(VOID)
{
    UNICODE_STRING bad = RTL_CONSTANT_STRING(L"a\\b"), reference = RTL_CONSTANT_STRING(L"ref"), name, again, other;
    PDEVICE_OBJECT pdo = TestPnpStart(L"TestPnpEnable");
    PFILE_OBJECT file;

    if (pdo == NULL)
        return;
    CHECK(IoRegisterDeviceInterface(pdo->AttachedDevice, &first, NULL, &name) == STATUS_INVALID_DEVICE_REQUEST);
    CHECK(IoRegisterDeviceInterface(pdo, &first, &bad, &name) == STATUS_INVALID_DEVICE_REQUEST);
    CHECK(IoRegisterDeviceInterface(pdo, &first, NULL, &name) == STATUS_SUCCESS);
    CHECK(IoRegisterDeviceInterface(pdo, &first, NULL, &again) == STATUS_OBJECT_NAME_EXISTS);
    CHECK(RtlEqualUnicodeString(&name, &again, FALSE));
    CHECK(IoRegisterDeviceInterface(pdo, &first, &reference, &other) == STATUS_SUCCESS && other.Length == name.Length + 8);
    CHECK(Open(&name, &file) == STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK(IoSetDeviceInterfaceState(&name, FALSE) == STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK(IoSetDeviceInterfaceState(&name, TRUE) == STATUS_SUCCESS);
    CHECK(IoSetDeviceInterfaceState(&name, TRUE) == STATUS_OBJECT_NAME_EXISTS);
    CHECK(IoSetDeviceInterfaceState(&other, TRUE) == STATUS_SUCCESS);
    CHECK(CountInterfaces(&first, NULL, 0) == 2 && CountInterfaces(&first, pdo, 0) == 2 && CountInterfaces(&second, NULL, 0) == 0);
    if (CHECK(Open(&other, &file) == STATUS_SUCCESS)) {
        UNICODE_STRING behind = RTL_CONSTANT_STRING(L"\\ref");
        CHECK(RtlEqualUnicodeString(&file->FileName, &behind, FALSE) && IoGetRelatedDeviceObject(file) == pdo->AttachedDevice);
        ObfDereferenceObject(file);
    }
    CHECK(IoSetDeviceInterfaceState(&name, FALSE) == STATUS_SUCCESS);
    CHECK(Open(&other, &file) == STATUS_SUCCESS);        /* the link is still needed */
    ObfDereferenceObject(file);
    CHECK(CountInterfaces(&first, pdo, 0) == 1 && CountInterfaces(&first, pdo, DEVICE_INTERFACE_INCLUDE_NONACTIVE) == 2);
    TestPnpStop(pdo);                            /* disables what is left */
    CHECK(Open(&other, &file) == STATUS_OBJECT_PATH_NOT_FOUND && CountInterfaces(&first, NULL, 0) == 0);
    CHECK(IoSetDeviceInterfaceState(&name, TRUE) == STATUS_OBJECT_NAME_NOT_FOUND);
    RtlFreeUnicodeString(&name);
    RtlFreeUnicodeString(&again);
    RtlFreeUnicodeString(&other);
}

static VOID Around(VOID)
{
    static const DEVPROPKEY key = { { 0x98, 1, 2, { 3 } }, 5 };
    UNICODE_STRING name, alias, found = { 0, 0, NULL }, nobody = RTL_CONSTANT_STRING(L"\\??\\nobody");
    PDEVICE_OBJECT pdo = TestPnpStart(L"TestPnpAround");
    ULONG value = 9, needed, got = 0;
    DEVPROPTYPE type;
    HANDLE handle;

    if (pdo == NULL)
        return;
    CHECK(IoRegisterDeviceInterface(pdo, &first, NULL, &name) == STATUS_SUCCESS);
    CHECK(IoGetDeviceInterfaceAlias(&name, &second, &found) == STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK(IoRegisterDeviceInterface(pdo, &second, NULL, &alias) == STATUS_SUCCESS);
    CHECK(IoGetDeviceInterfaceAlias(&nobody, &second, &found) == STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK(IoGetDeviceInterfaceAlias(&name, &second, &found) == STATUS_SUCCESS && RtlEqualUnicodeString(&found, &alias, FALSE));
    CHECK(IoOpenDeviceInterfaceRegistryKey(&nobody, KEY_READ, &handle) == STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK(IoOpenDeviceInterfaceRegistryKey(&name, KEY_ALL_ACCESS, &handle) == STATUS_SUCCESS);
    CHECK(ZwSetValueKey(handle, &nobody, 0, REG_DWORD, &value, sizeof(value)) == STATUS_SUCCESS);
    ZwClose(handle);
    CHECK(IoSetDeviceInterfacePropertyData(&name, &key, 0, 0, DEVPROP_TYPE_UINT32, sizeof(value), &value) == STATUS_SUCCESS);
    CHECK(IoGetDeviceInterfacePropertyData(&name, &key, 0, 0, sizeof(got), &got, &needed, &type) == STATUS_SUCCESS && got == 9);
    CHECK(IoGetDeviceInterfacePropertyData(&alias, &key, 0, 0, 4, &got, &needed, &type) == STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK(IoSetDeviceInterfacePropertyData(&nobody, &key, 0, 0, 7, 4, &value) == STATUS_OBJECT_NAME_NOT_FOUND);
    RtlFreeUnicodeString(&name);
    RtlFreeUnicodeString(&alias);
    RtlFreeUnicodeString(&found);
    TestPnpStop(pdo);
}

/* ---- Notification ---- */
static KEVENT Heard;
static volatile LONG Arrivals, Removals, Customs, Queries, Completed, Cancelled;
static NTSTATUS Verdict;
static PVOID Entry;
static BOOLEAN LeaveAtOnce, JoinAtOnce;
static PVOID Joined;

static NTSTATUS NTAPI Hear(PVOID Structure, PVOID Context)
{
    const GUID *event = &((PLUGPLAY_NOTIFICATION_HEADER *)Structure)->Event;
    NTSTATUS status = STATUS_SUCCESS;

    CHECK(KeIrql() == PASSIVE_LEVEL && Context == &Heard);
    if (IsEqualGUID(event, &PnpGuidArrival))
        InterlockedIncrement(&Arrivals);
    else if (IsEqualGUID(event, &PnpGuidRemoval))
        InterlockedIncrement(&Removals);
    else if (IsEqualGUID(event, &PnpGuidRemoveComplete))
        InterlockedIncrement(&Completed);
    else if (IsEqualGUID(event, &PnpGuidRemoveCancelled))
        InterlockedIncrement(&Cancelled);
    else if (IsEqualGUID(event, &PnpGuidQueryRemove)) {
        InterlockedIncrement(&Queries);
        status = Verdict;
    } else
        InterlockedIncrement(&Customs);
    if (JoinAtOnce) {                            /* another joins while this event is still being told */
        JoinAtOnce = FALSE;
        CHECK(IoRegisterPlugPlayNotification(EventCategoryDeviceInterfaceChange, PNPNOTIFY_DEVICE_INTERFACE_INCLUDE_EXISTING_INTERFACES,
                                             (PVOID)&first, TestPnpDriver, Hear, &Heard, &Joined) == STATUS_SUCCESS);
    }
    if (LeaveAtOnce)
        CHECK(IoUnregisterPlugPlayNotificationEx(Entry) == STATUS_SUCCESS);
    KeSetEvent(&Heard, 0, FALSE);
    return status;
}

static VOID Begin(VOID)
{
    KeInitializeEvent(&Heard, SynchronizationEvent, FALSE);
    Arrivals = Removals = Customs = Queries = Completed = Cancelled = 0;
    Verdict = STATUS_SUCCESS;
    LeaveAtOnce = JoinAtOnce = FALSE;
}

static VOID Wait(VOID) { KeWaitForSingleObject(&Heard, Executive, KernelMode, FALSE, NULL); }

/* The registrations' references to the driver, which a worker may still hold. */
static VOID AwaitWorkers(VOID)
{
    while (ObHeader(TestPnpDriver)->PointerCount > 2) {
        LARGE_INTEGER shortly = { .QuadPart = -10000 };
        KeDelayExecutionThread(KernelMode, FALSE, &shortly);
    }
}

static VOID Changes(VOID)
{
    PDEVICE_OBJECT pdo = TestPnpStart(L"TestPnpChange");
    UNICODE_STRING name;
    PVOID again;

    if (pdo == NULL)
        return;
    Begin();
    CHECK(IoRegisterDeviceInterface(pdo, &first, NULL, &name) == STATUS_SUCCESS);
    CHECK(IoRegisterPlugPlayNotification(EventCategoryDeviceInterfaceChange, 0, NULL, TestPnpDriver, Hear, &Heard, &Entry) ==
          STATUS_INVALID_PARAMETER);
    CHECK(IoRegisterPlugPlayNotification(EventCategoryDeviceInterfaceChange, 0, (PVOID)&first, TestPnpDriver, Hear, &Heard, &Entry) ==
          STATUS_SUCCESS);
    CHECK(IoSetDeviceInterfaceState(&name, TRUE) == STATUS_SUCCESS);
    PnpAwaitEvents();
    CHECK(Arrivals == 1);
    Wait();
    CHECK(IoRegisterPlugPlayNotification(EventCategoryDeviceInterfaceChange,
                                         PNPNOTIFY_DEVICE_INTERFACE_INCLUDE_EXISTING_INTERFACES, (PVOID)&first, TestPnpDriver, Hear,
                                         &Heard, &again) == STATUS_SUCCESS);
    CHECK(Arrivals == 2);                        /* it was there already, told at once */
    KeClearEvent(&Heard);
    CHECK(IoUnregisterPlugPlayNotification(again) == STATUS_SUCCESS);
    CHECK(IoUnregisterPlugPlayNotificationEx(again) == STATUS_INVALID_PARAMETER);
    LeaveAtOnce = TRUE;                          /* from within the callback */
    CHECK(IoSetDeviceInterfaceState(&name, FALSE) == STATUS_SUCCESS);
    Wait();
    CHECK(Removals == 1 && IoUnregisterPlugPlayNotificationEx(Entry) == STATUS_INVALID_PARAMETER);
    CHECK(IoSetDeviceInterfaceState(&name, TRUE) == STATUS_SUCCESS && Arrivals == 2);
    RtlFreeUnicodeString(&name);
    AwaitWorkers();
    TestPnpStop(pdo);
}

/* Who registers while an arrival is being told, and asks for what is there, hears of it once. */
static VOID Once(VOID)
{
    PDEVICE_OBJECT pdo = TestPnpStart(L"TestPnpOnce");
    UNICODE_STRING name;

    if (pdo == NULL)
        return;
    Begin();
    JoinAtOnce = TRUE;
    CHECK(IoRegisterDeviceInterface(pdo, &first, NULL, &name) == STATUS_SUCCESS);
    CHECK(IoRegisterPlugPlayNotification(EventCategoryDeviceInterfaceChange, 0, (PVOID)&first, TestPnpDriver, Hear, &Heard, &Entry) ==
          STATUS_SUCCESS);
    CHECK(IoSetDeviceInterfaceState(&name, TRUE) == STATUS_SUCCESS);
    while (Joined == NULL)
        Wait();
    CHECK(IoSetDeviceInterfaceState(&name, FALSE) == STATUS_SUCCESS);
    while (Removals < 2)                         /* both hear of the end, after the arrival */
        Wait();
    CHECK(IoUnregisterPlugPlayNotificationEx(Entry) == STATUS_SUCCESS);
    CHECK(IoUnregisterPlugPlayNotificationEx(Joined) == STATUS_SUCCESS);
    AwaitWorkers();
    CHECK(Arrivals == 2);
    RtlFreeUnicodeString(&name);
    TestPnpStop(pdo);
}

/* Arrivals wait until the device has started. */
static VOID Starting(VOID)
{
    PDEVICE_OBJECT pdo = TestPnpCreate(L"TestPnpStarting");
    UNICODE_STRING name;

    if (pdo == NULL || !CHECK(PnpAddDevice(TestPnpDriver, pdo) == STATUS_SUCCESS))
        return;
    Begin();
    CHECK(IoRegisterPlugPlayNotification(EventCategoryDeviceInterfaceChange, 0, (PVOID)&first, TestPnpDriver, Hear, &Heard, &Entry) ==
          STATUS_SUCCESS);
    CHECK(IoRegisterDeviceInterface(pdo, &first, NULL, &name) == STATUS_SUCCESS);
    CHECK(IoSetDeviceInterfaceState(&name, TRUE) == STATUS_SUCCESS && !PnpFindInterface(&name)->Announced);
    CHECK(PnpStartDevice(pdo, NULL, NULL) == STATUS_SUCCESS);
    Wait();
    CHECK(Arrivals == 1);
    CHECK(PnpRemoveDevice(pdo, NULL, NULL) == STATUS_SUCCESS);
    Wait();
    CHECK(Removals == 1);
    CHECK(IoUnregisterPlugPlayNotificationEx(Entry) == STATUS_SUCCESS);
    while (ObHeader(TestPnpDriver)->PointerCount > 1) {
        LARGE_INTEGER shortly = { .QuadPart = -10000 };
        KeDelayExecutionThread(KernelMode, FALSE, &shortly);
    }
    RtlFreeUnicodeString(&name);
    TestPnpUnload();
}

static VOID NTAPI CustomDone(PVOID Context) { KeSetEvent(Context, 0, FALSE); }

static VOID Targets(VOID)
{
    TARGET_DEVICE_CUSTOM_NOTIFICATION custom = { .Version = 1, .Size = sizeof(custom), .Event = { 0x77, 1, 1, { 1 } } };
    PDEVICE_OBJECT pdo = TestPnpStart(L"TestPnpTarget");
    UNICODE_STRING name;
    PFILE_OBJECT file;
    KEVENT done;

    if (pdo == NULL)
        return;
    Begin();
    KeInitializeEvent(&done, NotificationEvent, FALSE);
    CHECK(IoRegisterDeviceInterface(pdo, &first, NULL, &name) == STATUS_SUCCESS);
    CHECK(IoSetDeviceInterfaceState(&name, TRUE) == STATUS_SUCCESS);
    if (!CHECK(Open(&name, &file) == STATUS_SUCCESS))
        return;
    CHECK(IoRegisterPlugPlayNotification(EventCategoryTargetDeviceChange, 0, file, TestPnpDriver, Hear, &Heard, &Entry) ==
          STATUS_SUCCESS);
    CHECK(IoReportTargetDeviceChange(pdo, &custom) == STATUS_SUCCESS && Customs == 1);
    CHECK(IoReportTargetDeviceChange(pdo->AttachedDevice, &custom) == STATUS_INVALID_DEVICE_REQUEST);
    CHECK(IoReportTargetDeviceChangeAsynchronous(pdo, &custom, CustomDone, &done) == STATUS_SUCCESS);
    KeWaitForSingleObject(&done, Executive, KernelMode, FALSE, NULL);
    CHECK(Customs == 2);
    custom.Event = PnpGuidQueryRemove;
    CHECK(IoReportTargetDeviceChange(pdo, &custom) == STATUS_INVALID_DEVICE_REQUEST);
    Verdict = STATUS_UNSUCCESSFUL;
    CHECK(PnpRemoveDevice(pdo, NULL, NULL) == STATUS_PLUGPLAY_QUERY_VETOED && Queries == 1 && Cancelled == 1 && Completed == 0);
    Verdict = STATUS_SUCCESS;
    ObfDereferenceObject(file);
    CHECK(PnpRemoveDevice(pdo, NULL, NULL) == STATUS_SUCCESS && Queries == 2 && Completed == 1);
    CHECK(IoUnregisterPlugPlayNotificationEx(Entry) == STATUS_SUCCESS);
    RtlFreeUnicodeString(&name);
    TestPnpUnload();
}

static const KE_TEST tests[] = {
    { "pnp.interface.enable", Enable, 0 }, { "pnp.interface.around", Around, 0 }, { "pnp.notify.interface", Changes, 0 },
    { "pnp.notify.starting", Starting, 0 }, { "pnp.notify.target", Targets, 0 }, { "pnp.notify.once", Once, 0 },
};
const KE_TEST_GROUP PnpInterfaceTests = { tests, RTL_NUMBER_OF(tests) };

/* SPDX-License-Identifier: MIT
 * Questions about the system, named events, what hangs in a driver object, tracing's providers.
 */
#include "fixture.h"
#include "rtl.h"
#include <evntprov.h>

extern ULONG InitSafeBootMode;

static VOID Versions(VOID)
{
    RTL_VERSION before = RtlVersion, other = { 6, 1, 7601 };
    MM_IMAGE *kernel = MmFindImage("ntoskrnl.exe");
    const BOOLEAN *enabled = (const BOOLEAN *)MmFindExport(kernel, "KdDebuggerEnabled", 0);
    const BOOLEAN *absent = (const BOOLEAN *)MmFindExport(kernel, "KdDebuggerNotPresent", 0);
    ULONG major, minor, build;

    RtlSetVersion(&other);
    CHECK(!PsGetVersion(&major, &minor, &build, NULL) && major == 6 && minor == 1 && build == 7601);
    CHECK(NtBuildNumber == (0xF0000000u | 7601));
    RtlSetVersion(&before);
    CHECK(enabled != NULL && absent != NULL && !*enabled && *absent);
    CHECK(IoIsWdmVersionAvailable(1, 0x30) && IoIsWdmVersionAvailable(6, 0));
    CHECK(!IoIsWdmVersionAvailable(6, 1) && !IoIsWdmVersionAvailable(7, 0));
    CHECK(!IoIs32bitProcess(NULL));
    CHECK(InitSafeBootMode == 0);
    CHECK(IoGetConfigurationInformation()->Version == sizeof(CONFIGURATION_INFORMATION));
    IoGetConfigurationInformation()->DiskCount++;
    CHECK(IoGetConfigurationInformation()->DiskCount == 1);
    IoGetConfigurationInformation()->DiskCount--;
}

static VOID NamedEvents(VOID)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\KernelObjects\\IoTestEvent"), bad = RTL_CONSTANT_STRING(L"\\NoSuch\\Event");
    HANDLE first, second, third = NULL;
    PKEVENT event = IoCreateNotificationEvent(&name, &first), again;

    if (!CHECK(event != NULL))
        return;
    CHECK(KeReadStateEvent(event) != 0 && event->Header.Type == NotificationEvent);
    KeClearEvent(event);
    again = IoCreateSynchronizationEvent(&name, &second);        /* opens it */
    CHECK(again == event && second != first && KeReadStateEvent(event) == 0);
    CHECK((LONG_PTR)first < 0);                  /* a kernel handle */
    ZwClose(first);
    ZwClose(second);
    again = IoCreateSynchronizationEvent(&name, &first);
    CHECK(again != NULL && again->Header.Type == SynchronizationEvent && KeReadStateEvent(again) != 0);
    ZwClose(first);
    CHECK(IoCreateNotificationEvent(&bad, &third) == NULL && third == NULL);
}

static VOID DriverList(VOID)
{
    PDRIVER_OBJECT driver = TestStartDriver(L"TestList", NULL);
    PDEVICE_OBJECT devices[3] = { NULL };
    PVOID area = NULL, other = NULL;
    ULONG count = 0;

    if (driver == NULL)
        return;
    TestMakeDevice(driver, NULL, 0);
    TestMakeDevice(driver, NULL, 0);
    CHECK(IoEnumerateDeviceObjectList(driver, NULL, 0, &count) == STATUS_BUFFER_TOO_SMALL && count == 2);
    CHECK(IoEnumerateDeviceObjectList(driver, devices, sizeof(PVOID) + 4, &count) == STATUS_BUFFER_TOO_SMALL && count == 2);
    CHECK(devices[0] == driver->DeviceObject && devices[1] == NULL && ObHeader(devices[0])->PointerCount == 2);
    ObfDereferenceObject(devices[0]);
    CHECK(IoEnumerateDeviceObjectList(driver, devices, sizeof(devices), &count) == STATUS_SUCCESS && count == 2);
    ObfDereferenceObject(devices[0]);
    ObfDereferenceObject(devices[1]);
    CHECK(IoGetDriverObjectExtension(driver, &area) == NULL);
    CHECK(IoAllocateDriverObjectExtension(driver, &area, 100, &area) == STATUS_SUCCESS && area != NULL);
    CHECK(IoAllocateDriverObjectExtension(driver, &other, 100, &other) == STATUS_SUCCESS && other != area);
    CHECK(IoGetDriverObjectExtension(driver, &area) == area && *(PULONG)area == 0);
    CHECK(IoAllocateDriverObjectExtension(driver, &area, 8, &other) == STATUS_OBJECT_NAME_COLLISION);
    CHECK(IoAllocateDriverObjectExtension(driver, &count, 0xFFFFFFFF, &other) == STATUS_INSUFFICIENT_RESOURCES);
    TestStopDriver(driver);
}

/* ---- Locks, modes, reinitialization ---- */
static VOID Modes(VOID)
{
    KIRQL irql;

    IoAcquireVpbSpinLock(&irql);
    CHECK(irql == PASSIVE_LEVEL && KeIrql() == DISPATCH_LEVEL);
    IoReleaseVpbSpinLock(irql);
    CHECK(KeIrql() == PASSIVE_LEVEL);
    CHECK(IoSetThreadHardErrorMode(FALSE) && !IoSetThreadHardErrorMode(FALSE));
    CHECK((PsCurrentThread()->CrossThreadFlags & 0x10) && !IoSetThreadHardErrorMode(TRUE) && IoSetThreadHardErrorMode(TRUE));
}

static ULONG Rounds, LastCount;
static VOID NTAPI Again(PDRIVER_OBJECT Driver, PVOID Context, ULONG Count)
{
    CHECK(Context == &Rounds && (Driver->Flags & DRVO_INITIALIZED));
    LastCount = Count;
    if (++Rounds < 3)
        IoRegisterDriverReinitialization(Driver, Again, Context);
}
static VOID NTAPI Endless(PDRIVER_OBJECT Driver, PVOID Context, ULONG Count)
{
    Rounds++;
    if (Rounds < 1000)
        IoRegisterBootDriverReinitialization(Driver, Endless, Context);
}
static NTSTATUS NTAPI AgainEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    IoRegisterDriverReinitialization(Driver, Again, &Rounds);
    return STATUS_SUCCESS;
}
static NTSTATUS NTAPI EndlessEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    IoRegisterBootDriverReinitialization(Driver, Endless, &Rounds);
    return STATUS_SUCCESS;
}

static VOID Reinitialize(VOID)
{
    PDRIVER_OBJECT driver;

    Rounds = LastCount = 0;
    driver = TestStartDriver(L"TestAgain", AgainEntry);
    if (driver == NULL)
        return;
    CHECK(Rounds == 3 && LastCount == 3);
    TestStopDriver(driver);
    Rounds = 0;
    driver = TestStartDriver(L"TestEndless", EndlessEntry);
    if (driver == NULL)
        return;
    CHECK(Rounds == 64);                         /* and no more */
    TestStopDriver(driver);
}

/* ---- Forwarding ---- */
static PIRP Held;
static NTSTATUS NTAPI Hold(PDEVICE_OBJECT Device, PIRP Irp)
{
    IoMarkIrpPending(Irp);
    Held = Irp;
    return STATUS_PENDING;
}
static VOID CompleteHeld(PVOID Context, ULONG Index)
{
    if (Index == 1) {
        while (*(PIRP volatile *)&Held == NULL)
            KiPause();
        TestComplete(Held, STATUS_DEVICE_BUSY, 7);
    } else {
        PIRP irp = Context;
        CHECK(IoForwardIrpSynchronously(IoGetCurrentIrpStackLocation(irp)->DeviceObject, irp));
    }
}

static VOID Forward(VOID)
{
    PDRIVER_OBJECT driver = TestStartDriver(L"TestForward", NULL);
    PDEVICE_OBJECT device;
    PIRP irp;

    if (driver == NULL)
        return;
    driver->MajorFunction[IRP_MJ_READ] = TestSucceed;
    driver->MajorFunction[IRP_MJ_WRITE] = Hold;
    device = TestMakeDevice(driver, NULL, 0);
    irp = IoAllocateIrp(2, FALSE);
    IoSetNextIrpStackLocation(irp);
    IoGetCurrentIrpStackLocation(irp)->MajorFunction = IRP_MJ_READ;
    IoGetCurrentIrpStackLocation(irp)->DeviceObject = device;
    irp->IoStatus.Status = STATUS_NOT_SUPPORTED;
    CHECK(IoForwardIrpSynchronously(device, irp) && irp->IoStatus.Status == STATUS_SUCCESS && irp->CurrentLocation == 2);
    IoGetCurrentIrpStackLocation(irp)->MajorFunction = IRP_MJ_WRITE;
    Held = NULL;
    TestRunThreads(2, CompleteHeld, irp);
    CHECK(irp->IoStatus.Status == STATUS_DEVICE_BUSY && irp->IoStatus.Information == 7);
    IoSetNextIrpStackLocation(irp);
    CHECK(!IoForwardIrpSynchronously(device, irp));
    IoFreeIrp(irp);
    TestStopDriver(driver);
}

/* ---- Tracing ---- */
static const GUID provider = { 1, 2, 3, { 4 } };
static const EVENT_DESCRIPTOR descriptor = { .Id = 1 };

static VOID Etw(VOID)
{
    EVENT_DATA_DESCRIPTOR data = { 0 };
    UCHAR traits[] = { 3, 0, 0 };
    REGHANDLE handle = 0, other = 0;

    CHECK(EtwRegister(NULL, NULL, NULL, &handle) == STATUS_INVALID_PARAMETER && handle == 0);
    CHECK(EtwWrite(0, &descriptor, NULL, 0, NULL) == STATUS_INVALID_HANDLE);
    CHECK(EtwRegister(&provider, NULL, NULL, &handle) == STATUS_SUCCESS && handle != 0);
    CHECK(EtwRegister(&provider, NULL, NULL, &other) == STATUS_SUCCESS && other != handle);
    CHECK(!EtwProviderEnabled(handle, 0, 0) && !EtwEventEnabled(handle, &descriptor));
    CHECK(EtwWrite(handle, &descriptor, NULL, 1, &data) == STATUS_SUCCESS);
    CHECK(EtwWrite(handle, &descriptor, NULL, 129, &data) == STATUS_INVALID_PARAMETER);
    CHECK(EtwWriteTransfer(handle, &descriptor, &provider, &provider, 0, NULL) == STATUS_SUCCESS);
    CHECK(EtwWriteString(handle, 0, 0, NULL, L"x") == STATUS_SUCCESS);
    CHECK(EtwWriteEx(handle, &descriptor, 0, 0, NULL, NULL, 0, NULL) == STATUS_SUCCESS);
    CHECK(EtwSetInformation(handle, EventProviderSetTraits, traits, sizeof(traits)) == STATUS_SUCCESS);
    CHECK(EtwSetInformation(handle, EventProviderSetTraits, traits, 2) == STATUS_INVALID_PARAMETER);
    CHECK(EtwSetInformation(handle, 99, traits, sizeof(traits)) == STATUS_INVALID_DEVICE_REQUEST);
    CHECK(EtwUnregister(handle) == STATUS_SUCCESS && EtwUnregister(handle) == STATUS_INVALID_HANDLE);
    CHECK(EtwWrite(handle, &descriptor, NULL, 0, NULL) == STATUS_INVALID_HANDLE);
    CHECK(EtwRegister(&provider, NULL, NULL, &handle) == STATUS_SUCCESS);
    CHECK(EtwUnregister(handle) == STATUS_SUCCESS && EtwUnregister(other) == STATUS_SUCCESS);
}

static BOOLEAN ActivityIs(const GUID *Wanted)
{
    GUID now = { 1 };
    return EtwActivityIdControl(EVENT_ACTIVITY_CTRL_GET_ID, &now) == STATUS_SUCCESS && RtlEqualMemory(&now, Wanted, sizeof(now));
}

static VOID Activity(PVOID Context, ULONG Index)
{
    static const GUID none;
    GUID own = { 7, (USHORT)Index, 0, { 0 } }, changed = own, other, third;

    CHECK(ActivityIs(&none));                    /* a new thread has none */
    CHECK(EtwActivityIdControl(EVENT_ACTIVITY_CTRL_SET_ID, &own) == STATUS_SUCCESS && ActivityIs(&own));
    CHECK(EtwActivityIdControl(EVENT_ACTIVITY_CTRL_CREATE_ID, &other) == STATUS_SUCCESS && ActivityIs(&own));
    CHECK(EtwActivityIdControl(EVENT_ACTIVITY_CTRL_CREATE_ID, &third) == STATUS_SUCCESS &&
          !RtlEqualMemory(&other, &third, sizeof(other)));
    changed = other;
    CHECK(EtwActivityIdControl(EVENT_ACTIVITY_CTRL_GET_SET_ID, &changed) == STATUS_SUCCESS);
    CHECK(RtlEqualMemory(&changed, &own, sizeof(own)) && ActivityIs(&other));
    CHECK(EtwActivityIdControl(EVENT_ACTIVITY_CTRL_CREATE_SET_ID, &changed) == STATUS_SUCCESS);
    CHECK(RtlEqualMemory(&changed, &other, sizeof(other)) && !ActivityIs(&other) && !ActivityIs(&third) && !ActivityIs(&none));
    CHECK(EtwActivityIdControl(9, &changed) == STATUS_INVALID_PARAMETER);
    CHECK(EtwActivityIdControl(EVENT_ACTIVITY_CTRL_GET_ID, NULL) == STATUS_INVALID_PARAMETER);
}

static VOID Activities(VOID) { TestRunThreads(4, Activity, NULL); }

static VOID RegisterMany(PVOID Context, ULONG Index)
{
    REGHANDLE handles[32];
    ULONG round, i;

    for (round = 0; round < 20; round++) {
        for (i = 0; i < 32; i++)
            CHECK(EtwRegister(&provider, NULL, NULL, &handles[i]) == STATUS_SUCCESS);
        for (i = 0; i < 32; i++)
            CHECK(EtwWrite(handles[i], &descriptor, NULL, 0, NULL) == STATUS_SUCCESS &&
                  EtwUnregister(handles[i]) == STATUS_SUCCESS);
    }
}

static VOID EtwContention(VOID) { TestRunThreads(8, RegisterMany, NULL); }

/* ---- Names that programs know ---- */
static PFILE_OBJECT OpenFile(PCWSTR Path)
{
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING name;
    IO_STATUS_BLOCK result;
    PVOID file = NULL;
    HANDLE handle;

    RtlInitUnicodeString(&name, Path);
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    if (!CHECK(NT_SUCCESS(ZwOpenFile(&handle, FILE_READ_ATTRIBUTES, &attributes, &result, FILE_SHARE_READ, 0))))
        return NULL;
    CHECK(NT_SUCCESS(ObReferenceObjectByHandle(handle, 0, IopFileObjectType, KernelMode, &file, NULL)));
    ZwClose(handle);
    return file;
}

static VOID DosNames(VOID)
{
    UNICODE_STRING letter, expected = RTL_CONSTANT_STRING(L"C:\\Windows");
    PFILE_OBJECT file = OpenFile(L"\\SystemRoot"), device = OpenFile(L"\\Device\\Null");
    POBJECT_NAME_INFORMATION name;

    if (file != NULL && device != NULL) {
        if (CHECK(IoVolumeDeviceToDosName(file->DeviceObject, &letter) == STATUS_SUCCESS)) {
            CHECK(letter.Length == 4 && letter.MaximumLength == 6 && RtlEqualMemory(letter.Buffer, L"C:", 6));
            ExFreePool(letter.Buffer);
        }
        if (CHECK(RtlVolumeDeviceToDosName(file->DeviceObject, &letter) == STATUS_SUCCESS))
            ExFreePool(letter.Buffer);
        if (CHECK(IoQueryFileDosDeviceName(file, &name) == STATUS_SUCCESS)) {
            CHECK(RtlEqualUnicodeString(&name->Name, &expected, TRUE) && name->Name.Buffer[expected.Length / sizeof(WCHAR)] == 0);
            ExFreePool(name);
        }
        CHECK(IoVolumeDeviceToDosName(device->DeviceObject, &letter) == STATUS_INVALID_PARAMETER);
        CHECK(IoQueryFileDosDeviceName(device, &name) == STATUS_INVALID_PARAMETER);
    }
    if (file != NULL)
        ObfDereferenceObject(file);
    if (device != NULL)
        ObfDereferenceObject(device);
}

/* ---- Drivers without an image ---- */
static PDRIVER_OBJECT made;
static NTSTATUS madeStatus;

static NTSTATUS NTAPI MadeEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    CHECK(RegistryPath == NULL && DriverObject->DriverExtension->DriverObject == DriverObject);
    CHECK(IoIsDefaultDispatch(DriverObject->MajorFunction[IRP_MJ_CREATE]) && (DriverObject->Flags & DRVO_BUILTIN_DRIVER));
    made = DriverObject;
    return madeStatus;
}

static VOID MadeDriver(VOID)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Driver\\TestMade");
    PVOID found = NULL;

    madeStatus = STATUS_SUCCESS;
    CHECK(IoCreateDriver(&name, MadeEntry) == STATUS_SUCCESS && RtlEqualUnicodeString(&made->DriverName, &name, FALSE));
    CHECK(made->Flags & DRVO_INITIALIZED);
    CHECK(ObReferenceObjectByName(&name, OBJ_CASE_INSENSITIVE, NULL, 0, IopDriverObjectType, KernelMode, NULL, &found) == STATUS_SUCCESS);
    CHECK(found == made);
    CHECK(IoCreateDriver(&name, MadeEntry) == STATUS_OBJECT_NAME_COLLISION);
    IoDeleteDriver(made);
    ObfDereferenceObject(found);
    CHECK(ObReferenceObjectByName(&name, OBJ_CASE_INSENSITIVE, NULL, 0, IopDriverObjectType, KernelMode, NULL, &found) ==
          STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK(IoCreateDriver(NULL, MadeEntry) == STATUS_SUCCESS && made->DriverName.Length > name.Length - 16);
    IoDeleteDriver(made);
    madeStatus = STATUS_NO_SUCH_DEVICE;
    CHECK(IoCreateDriver(&name, MadeEntry) == STATUS_NO_SUCH_DEVICE);
    CHECK(ObReferenceObjectByName(&name, OBJ_CASE_INSENSITIVE, NULL, 0, IopDriverObjectType, KernelMode, NULL, &found) ==
          STATUS_OBJECT_NAME_NOT_FOUND);
}

static VOID NoDebugger(VOID)
{
    CHECK(KdDisableDebugger() == STATUS_DEBUGGER_INACTIVE && KdEnableDebugger() == STATUS_DEBUGGER_INACTIVE);
    CHECK(KdChangeOption(KD_OPTION_SET_BLOCK_ENABLE, 0, NULL, 0, NULL, NULL) == STATUS_DEBUGGER_INACTIVE);
}

static const KE_TEST tests[] = {
    { "io.system.version", Versions, 0 }, { "io.system.event", NamedEvents, 0 }, { "io.driver.list", DriverList, 0 },
    { "io.system.modes", Modes, 0 },      { "io.driver.again", Reinitialize, 0 },
    { "io.irp.forward", Forward, 2 },     { "io.etw.provider", Etw, 0 },         { "io.etw.contention", EtwContention, 4 },
    { "io.etw.activity", Activities, 0 }, { "io.dosname", DosNames, 0 },         { "io.driver.made", MadeDriver, 0 },
    { "kd.debugger", NoDebugger, 0 },
};
const KE_TEST_GROUP IoSystemTests = { tests, RTL_NUMBER_OF(tests) };

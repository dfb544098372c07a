/* SPDX-License-Identifier: MIT
 * Power requests, idle detection, settings, states.
 */
#include "po.h"
#include "io.h"
#include "ke.h"
#include "test.h"

/* ---- A device that answers power requests ---- */
static UCHAR Minors[8];
static DEVICE_POWER_STATE States[8];
static volatile LONG Requests;
static KIRQL SeenIrql;
static PIRP WakeIrp;
static KEVENT Came;

static NTSTATUS NTAPI Power(PDEVICE_OBJECT Device, PIRP Irp)
{
    PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(Irp);
    LONG index = InterlockedIncrement(&Requests) - 1;

    Minors[index & 7] = location->MinorFunction;
    SeenIrql = KeIrql();
    if (location->MinorFunction == IRP_MN_WAIT_WAKE) {
        IoMarkIrpPending(Irp);
        WakeIrp = Irp;
        return STATUS_PENDING;
    }
    CHECK(location->Parameters.Power.Type == DevicePowerState && Irp->IoStatus.Status == STATUS_NOT_SUPPORTED);
    States[index & 7] = location->Parameters.Power.State.DeviceState;
    Irp->IoStatus.Status = location->MinorFunction == IRP_MN_QUERY_POWER ? STATUS_DEVICE_BUSY : STATUS_SUCCESS;
    IofCompleteRequest(Irp, IO_NO_INCREMENT);
    KeSetEvent(&Came, 0, FALSE);
    return STATUS_SUCCESS;
}

static VOID NTAPI Unload(PDRIVER_OBJECT Driver)
{
    while (Driver->DeviceObject != NULL)
        IoDeleteDevice(Driver->DeviceObject);
}

static NTSTATUS NTAPI Entry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    Driver->MajorFunction[IRP_MJ_POWER] = Power;
    Driver->DriverUnload = Unload;
    return STATUS_SUCCESS;
}

static PDRIVER_OBJECT Start(PDEVICE_OBJECT *Device)
{
    static MM_IMAGE image;
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"TestPo");
    PDRIVER_OBJECT driver;

    image.Entry.EntryPoint = Entry;
    Requests = 0;
    KeInitializeEvent(&Came, SynchronizationEvent, FALSE);
    if (!CHECK(IoCreateDriverForImage(&image, &name, &driver) == STATUS_SUCCESS) ||
        !CHECK(IoInitializeDriver(driver) == STATUS_SUCCESS) ||
        !CHECK(IoCreateDevice(driver, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, Device) == STATUS_SUCCESS))
        return NULL;
    (*Device)->Flags &= ~DO_DEVICE_INITIALIZING;
    return driver;
}

static volatile LONG Completions;
static NTSTATUS CompletionStatus;
static VOID NTAPI Completed(PDEVICE_OBJECT Device, UCHAR Minor, POWER_STATE State, PVOID Context, PIO_STATUS_BLOCK Result)
{
    CHECK(Context == &Completions && Device != NULL);
    CompletionStatus = Result->Status;
    InterlockedIncrement(&Completions);
}

static VOID Request(VOID)
{
    POWER_STATE state = { .DeviceState = PowerDeviceD2 };
    PDEVICE_OBJECT device;
    PDRIVER_OBJECT driver = Start(&device);
    PIRP irp = NULL;
    KIRQL irql;

    if (driver == NULL)
        return;
    Completions = 0;
    CHECK(PoRequestPowerIrp(device, IRP_MN_POWER_SEQUENCE, state, NULL, NULL, NULL) == STATUS_INVALID_PARAMETER_2 && Requests == 0);
    CHECK(PoRequestPowerIrp(device, IRP_MN_SET_POWER, state, Completed, (PVOID)&Completions, NULL) == STATUS_PENDING);
    CHECK(Requests == 1 && Minors[0] == IRP_MN_SET_POWER && States[0] == PowerDeviceD2 && Completions == 1);
    CHECK(CompletionStatus == STATUS_SUCCESS);
    CHECK(PoRequestPowerIrp(device, IRP_MN_QUERY_POWER, state, Completed, (PVOID)&Completions, NULL) == STATUS_PENDING);
    CHECK(Completions == 2 && CompletionStatus == STATUS_DEVICE_BUSY);
    CHECK(PoRequestPowerIrp(device, IRP_MN_SET_POWER, state, NULL, NULL, NULL) == STATUS_PENDING && Requests == 3);
    state.SystemState = PowerSystemSleeping3;
    CHECK(PoRequestPowerIrp(device, IRP_MN_WAIT_WAKE, state, Completed, (PVOID)&Completions, &irp) == STATUS_PENDING);
    CHECK(irp != NULL && irp == WakeIrp && Completions == 2);
    WakeIrp->IoStatus.Status = STATUS_CANCELLED;
    IofCompleteRequest(WakeIrp, IO_NO_INCREMENT);
    CHECK(Completions == 3 && CompletionStatus == STATUS_CANCELLED);
    KeClearEvent(&Came);
    device->Flags |= DO_POWER_PAGABLE;
    irql = KeRaiseIrqlToDpcLevel();
    CHECK(PoRequestPowerIrp(device, IRP_MN_SET_POWER, state, NULL, NULL, NULL) == STATUS_PENDING);
    KeLowerIrql(irql);
    KeWaitForSingleObject(&Came, Executive, KernelMode, FALSE, NULL);
    CHECK(SeenIrql == PASSIVE_LEVEL);            /* not where the caller was */
    CHECK(IoUnloadDriver(driver) == STATUS_SUCCESS);
}

static VOID Idle(VOID)
{
    PDEVICE_OBJECT device;
    PDRIVER_OBJECT driver = Start(&device);
    PULONG counter, again;

    if (driver == NULL)
        return;
    CHECK(PoRegisterDeviceForIdleDetection(device, 0, 0, PowerDeviceD3) == NULL);
    CHECK(PoRegisterDeviceForIdleDetection(device, 0xFFFFFFFF, 0xFFFFFFFF, PowerDeviceD3) == NULL);
    counter = PoRegisterDeviceForIdleDetection(device, 1000, 1000, PowerDeviceD3);
    again = PoRegisterDeviceForIdleDetection(device, 1, 1, PowerDeviceD1);
    CHECK(counter != NULL && again == counter);
    KeWaitForSingleObject(&Came, Executive, KernelMode, FALSE, NULL);
    CHECK(Requests == 1 && Minors[0] == IRP_MN_SET_POWER && States[0] == PowerDeviceD1 && *counter >= 1);
    CHECK(PoRegisterDeviceForIdleDetection(device, 0, 0, PowerDeviceD1) == NULL);
    CHECK(PoRegisterDeviceForIdleDetection(device, 5, 5, PowerDeviceD1) != NULL);        /* goes with the device */
    CHECK(IoUnloadDriver(driver) == STATUS_SUCCESS);
}

static volatile LONG Calls;
static ULONG Value;
static NTSTATUS NTAPI Setting(LPCGUID Guid, PVOID Data, ULONG Length, PVOID Context)
{
    CHECK(Length == sizeof(ULONG) && Context == &Calls && KeIrql() == PASSIVE_LEVEL);
    Value = *(PULONG)Data;
    InterlockedIncrement(&Calls);
    return STATUS_SUCCESS;
}

static VOID Settings(VOID)
{
    static const GUID source = { 0x5d3e9a59, 0xe9d5, 0x4b00, { 0xa6, 0xbd, 0xff, 0x34, 0xff, 0x51, 0x65, 0x48 } };
    static const GUID unknown = { 1, 2, 3, { 4 } };
    PVOID handle = NULL, other = NULL;

    Calls = 0;
    Value = 77;
    CHECK(PoRegisterPowerSettingCallback(NULL, &source, NULL, NULL, &handle) == STATUS_INVALID_PARAMETER);
    CHECK(PoRegisterPowerSettingCallback(NULL, &source, Setting, (PVOID)&Calls, &handle) == STATUS_SUCCESS);
    CHECK(Calls == 1 && Value == 0);             /* at once: mains power */
    CHECK(PoRegisterPowerSettingCallback(NULL, &unknown, Setting, (PVOID)&Calls, &other) == STATUS_SUCCESS && Calls == 1);
    CHECK(PoUnregisterPowerSettingCallback(handle) == STATUS_SUCCESS);
    CHECK(PoUnregisterPowerSettingCallback(handle) == STATUS_INVALID_PARAMETER);
    CHECK(PoUnregisterPowerSettingCallback(other) == STATUS_SUCCESS);
}

static ULONG ExecutionState(VOID)
{
    ULONG state = 99;
    CHECK(ZwPowerInformation(SystemExecutionState, NULL, 0, &state, sizeof(state)) == STATUS_SUCCESS);
    return state;
}

static VOID SystemStates(VOID)
{
    PVOID first, second;

    CHECK(ExecutionState() == 0);
    first = PoRegisterSystemState(NULL, ES_SYSTEM_REQUIRED);
    second = PoRegisterSystemState(NULL, ES_SYSTEM_REQUIRED | ES_DISPLAY_REQUIRED);
    CHECK(first != NULL && second != NULL && ExecutionState() == (ES_SYSTEM_REQUIRED | ES_DISPLAY_REQUIRED));
    CHECK(PoRegisterSystemState(second, ES_DISPLAY_REQUIRED) == second);         /* changes it */
    PoUnregisterSystemState(first);
    CHECK(ExecutionState() == ES_DISPLAY_REQUIRED);
    PoUnregisterSystemState(second);
    CHECK(ExecutionState() == 0);
}

/* Activity of a moment leaves nothing behind but its time. */
static VOID Active(VOID)
{
    LONG64 now = (LONG64)KeQueryInterruptTime(), display = PoQueryLastActive(1);

    PoSetSystemState(ES_SYSTEM_REQUIRED | ES_USER_PRESENT);
    CHECK(PoQueryLastActive(0) >= now && PoQueryLastActive(2) >= now && PoQueryLastActive(1) == display && ExecutionState() == 0);
}

static VOID Information(VOID)
{
    ULONG buffer[6 * KE_MAXIMUM_PROCESSORS] = { 0 };
    BOOLEAN platform = 7;

    CHECK(ZwPowerInformation(PlatformInformation, NULL, 0, &platform, sizeof(platform)) == STATUS_SUCCESS && !platform);
    CHECK(ZwPowerInformation(PlatformInformation, buffer, 4, &platform, sizeof(platform)) == STATUS_INVALID_PARAMETER);
    CHECK(ZwPowerInformation(PlatformInformation, NULL, 0, NULL, 0) == STATUS_INVALID_PARAMETER);
    CHECK(ZwPowerInformation(ProcessorInformation, NULL, 0, buffer, 8) == STATUS_BUFFER_TOO_SMALL);
    CHECK(ZwPowerInformation(ProcessorInformation, NULL, 0, buffer, sizeof(buffer)) == STATUS_SUCCESS && buffer[1] != 0);
    CHECK(ZwPowerInformation(SystemBatteryState, NULL, 0, buffer, sizeof(buffer)) == STATUS_SUCCESS && *(PUCHAR)buffer == 1);
    CHECK(ZwPowerInformation(MonitorInvocation, NULL, 0, buffer, sizeof(buffer)) == STATUS_NOT_IMPLEMENTED);
}

static const KE_TEST tests[] = {
    { "po.request", Request, 0 }, { "po.idle", Idle, 0 },           { "po.setting", Settings, 0 },
    { "po.state", SystemStates, 0 },   { "po.state.active", Active, 0 },
       { "po.information", Information, 0 },
};
const KE_TEST_GROUP PoPowerTests = { tests, RTL_NUMBER_OF(tests) };

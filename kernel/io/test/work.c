/* SPDX-License-Identifier: MIT
 * Work items, shutdown notification, and (of po/, which has no device of its own) power requests.
 */
#include "fixture.h"

typedef struct WORK {
    PIO_WORKITEM Item;
    PDEVICE_OBJECT Device;
    KEVENT Done;
    volatile LONG Calls;
    LONG64 References;
} WORK;

static VOID NTAPI Plain(PDEVICE_OBJECT Device, PVOID Context)
{
    WORK *work = Context;
    CHECK(Device == work->Device && KeIrql() == PASSIVE_LEVEL);
    work->References = ObHeader(Device)->PointerCount;
    IoFreeWorkItem(work->Item);
    work->Calls++;
    KeSetEvent(&work->Done, 0, FALSE);
}

static VOID NTAPI Extended(PVOID Object, PVOID Context, PIO_WORKITEM Item)
{
    WORK *work = Context;
    CHECK(Object == work->Device && Item == work->Item);
    if (++work->Calls < 3)
        IoQueueWorkItemEx(Item, Extended, CriticalWorkQueue, Context);
    else
        KeSetEvent(&work->Done, 0, FALSE);
}

static VOID PlainItem(VOID)
{
    PDRIVER_OBJECT driver = TestStartDriver(L"TestWork", NULL);
    LARGE_INTEGER shortly = { .QuadPart = -10000 };
    WORK work = { 0 };

    if (driver == NULL)
        return;
    KeInitializeEvent(&work.Done, NotificationEvent, FALSE);
    work.Device = TestMakeDevice(driver, NULL, 0);
    work.Item = IoAllocateWorkItem(work.Device);
    IoQueueWorkItem(work.Item, Plain, DelayedWorkQueue, &work);
    KeWaitForSingleObject(&work.Done, Executive, KernelMode, FALSE, NULL);
    CHECK(work.Calls == 1 && work.References == 2);
    while (ObHeader(work.Device)->PointerCount != 1)             /* given back after the routine */
        KeDelayExecutionThread(KernelMode, FALSE, &shortly);
    TestStopDriver(driver);
}

static VOID ExtendedItem(VOID)
{
    PDRIVER_OBJECT driver = TestStartDriver(L"TestWorkEx", NULL);
    LARGE_INTEGER shortly = { .QuadPart = -10000 };
    WORK work = { 0 };

    if (driver == NULL)
        return;
    KeInitializeEvent(&work.Done, NotificationEvent, FALSE);
    work.Device = TestMakeDevice(driver, NULL, 0);
    work.Item = ExAllocatePoolWithTag(NonPagedPoolNx, IoSizeofWorkItem(), 'tseT');
    IoInitializeWorkItem(work.Device, work.Item);
    IoQueueWorkItemEx(work.Item, Extended, DelayedWorkQueue, &work);
    KeWaitForSingleObject(&work.Done, Executive, KernelMode, FALSE, NULL);
    CHECK(work.Calls == 3);
    while (ObHeader(work.Device)->PointerCount != 1)
        KeDelayExecutionThread(KernelMode, FALSE, &shortly);
    IoUninitializeWorkItem(work.Item);
    ExFreePoolWithTag(work.Item, 'tseT');
    TestStopDriver(driver);
}

static volatile LONG Shutdowns;
static PDEVICE_OBJECT ShutdownOrder[4];
static NTSTATUS NTAPI SeeShutdown(PDEVICE_OBJECT Device, PIRP Irp)
{
    ShutdownOrder[InterlockedIncrement(&Shutdowns) - 1] = Device;
    return TestComplete(Irp, STATUS_SUCCESS, 0);
}

static LONG Reported;
static VOID ReportShutdown(PDEVICE_OBJECT Device, NTSTATUS Status)
{
    CHECK(Device == ShutdownOrder[Reported] && Status == STATUS_SUCCESS);
    Reported++;
}

static VOID Shutdown(VOID)
{
    PDRIVER_OBJECT driver = TestStartDriver(L"TestShutdown", NULL);
    PDEVICE_OBJECT a, b, c, d;

    if (driver == NULL)
        return;
    driver->MajorFunction[IRP_MJ_SHUTDOWN] = SeeShutdown;
    a = TestMakeDevice(driver, NULL, 0);
    b = TestMakeDevice(driver, NULL, 0);
    c = TestMakeDevice(driver, NULL, 0);
    d = TestMakeDevice(driver, NULL, 0);
    Shutdowns = 0;
    CHECK(IoRegisterShutdownNotification(a) == STATUS_SUCCESS && (a->Flags & DO_SHUTDOWN_REGISTERED));
    CHECK(IoRegisterShutdownNotification(b) == STATUS_SUCCESS && IoRegisterShutdownNotification(c) == STATUS_SUCCESS);
    CHECK(IoRegisterShutdownNotification(d) == STATUS_SUCCESS);
    IoUnregisterShutdownNotification(b);
    CHECK(!(b->Flags & DO_SHUTDOWN_REGISTERED));
    IoDeleteDevice(d);                           /* takes its registration along */
    IoShutdownSystem(NULL);
    CHECK(Shutdowns == 2 && ShutdownOrder[0] == c && ShutdownOrder[1] == a);
    TestStopDriver(driver);
}

/* Those of the last chance come last; who registers while it goes on is not heard. */
static NTSTATUS NTAPI Again(PDEVICE_OBJECT Device, PIRP Irp)
{
    CHECK(IoRegisterShutdownNotification(Device) == STATUS_SUCCESS);
    return SeeShutdown(Device, Irp);
}

static VOID LastChance(VOID)
{
    PDRIVER_OBJECT driver = TestStartDriver(L"TestLastChance", NULL);
    PDEVICE_OBJECT a, b, c;

    if (driver == NULL)
        return;
    driver->MajorFunction[IRP_MJ_SHUTDOWN] = Again;
    a = TestMakeDevice(driver, NULL, 0);
    b = TestMakeDevice(driver, NULL, 0);
    c = TestMakeDevice(driver, NULL, 0);
    Shutdowns = Reported = 0;
    CHECK(IoRegisterShutdownNotification(a) == STATUS_SUCCESS);
    CHECK(IoRegisterLastChanceShutdownNotification(b) == STATUS_SUCCESS && (b->Flags & DO_SHUTDOWN_REGISTERED));
    CHECK(IoRegisterLastChanceShutdownNotification(c) == STATUS_SUCCESS);
    IoUnregisterShutdownNotification(c);
    IoShutdownSystem(ReportShutdown);
    CHECK(Shutdowns == 2 && ShutdownOrder[0] == a && ShutdownOrder[1] == b && Reported == 2);
    IoUnregisterShutdownNotification(a);
    IoUnregisterShutdownNotification(b);
    TestStopDriver(driver);
}

static NTSTATUS NTAPI Keep(PDEVICE_OBJECT Device, PIRP Irp, PVOID Context) { return STATUS_MORE_PROCESSING_REQUIRED; }

static VOID Power(VOID)
{
    PDRIVER_OBJECT driver = TestStartDriver(L"TestPower", NULL);
    POWER_STATE state = { .DeviceState = PowerDeviceD2 };
    PDEVICE_OBJECT device;
    PIRP irp;

    if (driver == NULL)
        return;
    driver->MajorFunction[IRP_MJ_POWER] = TestSucceed;
    device = TestMakeDevice(driver, NULL, 0);
    CHECK(PoSetPowerState(device, DevicePowerState, state).DeviceState == PowerDeviceUnspecified);
    CHECK(IoDeviceExtension(device)->PowerFlags == (ULONG)PowerDeviceD2 << 4);
    state.SystemState = PowerSystemWorking;
    CHECK(PoSetPowerState(device, SystemPowerState, state).SystemState == PowerSystemUnspecified);
    state.DeviceState = PowerDeviceD0;
    CHECK(PoSetPowerState(device, DevicePowerState, state).DeviceState == PowerDeviceD2);
    irp = IoAllocateIrp(device->StackSize, FALSE);
    IoGetNextIrpStackLocation(irp)->MajorFunction = IRP_MJ_POWER;
    IoSetCompletionRoutine(irp, Keep, NULL, TRUE, TRUE, TRUE);
    PoStartNextPowerIrp(irp);
    CHECK(PoCallDriver(device, irp) == STATUS_SUCCESS);
    IoFreeIrp(irp);
    TestStopDriver(driver);
}

static const KE_TEST tests[] = {
    { "io.work.plain", PlainItem, 0 }, { "io.work.ex", ExtendedItem, 0 }, { "io.work.shutdown", Shutdown, 0 },
    { "io.work.lastchance", LastChance, 0 },
    { "io.work.power", Power, 0 },
};
const KE_TEST_GROUP IoWorkTests = { tests, RTL_NUMBER_OF(tests) };

/* SPDX-License-Identifier: MIT
 * StartIo, its cancellation, and device timers.
 */
#include "fixture.h"

#define REQUESTS 40u

/* ---- A device that serves one request at a time ---- */
static PDEVICE_OBJECT Device;
static volatile LONG Started, Inside, Deepest, Together, Completions, Cancelled;
static PIRP Order[8 * REQUESTS];
static BOOLEAN Manual;                           /* the test completes, not StartIo */

static VOID Finish(PIRP Irp)
{
    TestComplete(Irp, STATUS_SUCCESS, 0);
    IoStartNextPacket(Device, TRUE);
}

static VOID NTAPI StartIo(PDEVICE_OBJECT Target, PIRP Irp)
{
    LONG depth = InterlockedIncrement(&Inside);

    Deepest = max(Deepest, depth);
    CHECK(KeIrql() == DISPATCH_LEVEL);
    Order[InterlockedIncrement(&Started) - 1] = Irp;
    if (!Manual && IoSetCancelRoutine(Irp, NULL) != NULL) {
        if (Target->CurrentIrp != Irp)
            InterlockedIncrement(&Together);
        Finish(Irp);
    } else if (!Manual) {
        IoStartNextPacket(Target, TRUE);         /* its cancel routine has it */
    }
    InterlockedDecrement(&Inside);
}

/* As the guide says: current or queued, both under the cancel lock. */
static VOID NTAPI CancelPacket(PDEVICE_OBJECT Target, PIRP Irp)
{
    if (Target->CurrentIrp != Irp)
        KeRemoveEntryDeviceQueue(&Target->DeviceQueue, &Irp->Tail.Overlay.DeviceQueueEntry);
    IoReleaseCancelSpinLock(Irp->CancelIrql);
    InterlockedIncrement(&Cancelled);
    TestComplete(Irp, STATUS_CANCELLED, 0);
}

static NTSTATUS NTAPI Keep(PDEVICE_OBJECT Ignored, PIRP Irp, PVOID Context)
{
    InterlockedIncrement(&Completions);
    return STATUS_MORE_PROCESSING_REQUIRED;
}

static PIRP MakeIrp(VOID)
{
    PIRP irp = IoAllocateIrp(1, FALSE);
    IoSetCompletionRoutine(irp, Keep, NULL, TRUE, TRUE, TRUE);
    IoSetNextIrpStackLocation(irp);
    IoGetCurrentIrpStackLocation(irp)->DeviceObject = Device;
    return irp;
}

static PDRIVER_OBJECT Setup(BOOLEAN ByHand)
{
    PDRIVER_OBJECT driver = TestStartDriver(L"TestStartIo", NULL);

    if (driver == NULL)
        return NULL;
    driver->DriverStartIo = StartIo;
    Device = TestMakeDevice(driver, NULL, 0);
    Started = Inside = Deepest = Together = Completions = Cancelled = 0;
    Manual = ByHand;
    return driver;
}

static VOID Next(BOOLEAN ByKey, ULONG Key)
{
    KIRQL irql = KeRaiseIrqlToDpcLevel();
    PIRP done = Device->CurrentIrp;

    if (done != NULL)
        TestComplete(done, STATUS_SUCCESS, 0);
    if (ByKey)
        IoStartNextPacketByKey(Device, TRUE, Key);
    else
        IoStartNextPacket(Device, TRUE);
    KeLowerIrql(irql);
}

static VOID Packets(VOID)
{
    PDRIVER_OBJECT driver = Setup(TRUE);
    ULONG keys[] = { 5, 30, 10 }, i;
    PIRP irps[6];

    if (driver == NULL)
        return;
    for (i = 0; i < 6; i++)
        irps[i] = MakeIrp();
    IoStartPacket(Device, irps[0], NULL, CancelPacket);
    CHECK(Started == 1 && Device->CurrentIrp == irps[0] && KeIrql() == PASSIVE_LEVEL);
    for (i = 1; i < 4; i++)
        IoStartPacket(Device, irps[i], &keys[i - 1], CancelPacket);
    IoStartPacket(Device, irps[4], NULL, CancelPacket);
    CHECK(Started == 1 && IoCancelIrp(irps[4]) && Cancelled == 1);
    CHECK(!IoCancelIrp(irps[5]));
    IoStartPacket(Device, irps[5], NULL, CancelPacket);          /* cancelled before it came */
    CHECK(Cancelled == 2 && Started == 1);
    Next(TRUE, 20);
    CHECK(Started == 2 && Order[1] == irps[2]);
    Next(FALSE, 0);
    CHECK(Started == 3 && Order[2] == irps[1]);
    Next(FALSE, 0);
    CHECK(Started == 4 && Order[3] == irps[3] && irps[3]->CancelRoutine == CancelPacket);
    Next(FALSE, 0);
    CHECK(Started == 4 && Device->CurrentIrp == NULL && !Device->DeviceQueue.Busy && Completions == 6);
    Next(FALSE, 0);                              /* a driver that asks too often */
    CHECK(Started == 4 && !Device->DeviceQueue.Busy);
    for (i = 0; i < 6; i++)
        IoFreeIrp(irps[i]);
    TestStopDriver(driver);
}

static VOID Attributes(VOID)
{
    PDRIVER_OBJECT driver = Setup(TRUE);
    PIRP irps[REQUESTS];
    ULONG i;

    if (driver == NULL)
        return;
    for (i = 0; i < REQUESTS; i++)
        irps[i] = MakeIrp();
    IoSetStartIoAttributes(Device, TRUE, TRUE);
    IoStartPacket(Device, irps[0], NULL, CancelPacket);
    CHECK(irps[0]->CancelRoutine == NULL);       /* out of the queue: not cancelable */
    for (i = 1; i < REQUESTS; i++)
        IoStartPacket(Device, irps[i], NULL, CancelPacket);
    CHECK(irps[1]->CancelRoutine == CancelPacket);
    Next(FALSE, 0);
    CHECK(Started == 2 && irps[1]->CancelRoutine == NULL && !IoCancelIrp(irps[1]));
    Manual = FALSE;                              /* from here StartIo asks for the next itself */
    Next(FALSE, 0);
    CHECK(Started == REQUESTS && Deepest == 1);
    for (i = 0; i < REQUESTS; i++) {
        CHECK(Order[i] == irps[i]);
        IoFreeIrp(irps[i]);
    }
    TestStopDriver(driver);
}

/* Threads start packets, some of which others cancel; each ends once, one at a time. */
typedef struct LOAD {
    PIRP Irps[8][REQUESTS];
} LOAD;

static VOID StartOrCancel(PVOID Context, ULONG Index)
{
    LOAD *load = Context;
    ULONG i;

    for (i = 0; i < REQUESTS; i++) {
        IoStartPacket(Device, load->Irps[Index][i], NULL, CancelPacket);
        IoCancelIrp(load->Irps[(Index + 1) % 8][i]);
    }
}

static VOID Contention(VOID)
{
    LOAD *load = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*load), 'tseT');
    PDRIVER_OBJECT driver;
    ULONG round, i, k;

    for (round = 0; CHECK(load != NULL) && round < 2; round++) {
        if ((driver = Setup(FALSE)) == NULL)
            break;
        IoSetStartIoAttributes(Device, round == 1, FALSE);
        for (i = 0; i < 8; i++)
            for (k = 0; k < REQUESTS; k++)
                load->Irps[i][k] = MakeIrp();
        TestRunThreads(8, StartOrCancel, load);
        CHECK(Completions == 8 * REQUESTS && Together == 0 && !Device->DeviceQueue.Busy && Inside == 0);
        CHECK(round == 0 || Deepest == 1);
        for (i = 0; i < 8; i++)
            for (k = 0; k < REQUESTS; k++)
                IoFreeIrp(load->Irps[i][k]);
        TestStopDriver(driver);
    }
    if (load != NULL)
        ExFreePoolWithTag(load, 'tseT');
}

/* ---- Timers ---- */
static KEVENT Ticked;
static volatile LONG Ticks, Foreign;

static VOID NTAPI Tick(PDEVICE_OBJECT Target, PVOID Context)
{
    CHECK(KeIrql() == DISPATCH_LEVEL && Context == &Ticked);
    if (Target != Device)
        InterlockedIncrement(&Foreign);
    InterlockedIncrement(&Ticks);
    KeSetEvent(&Ticked, 0, FALSE);
}

static VOID Timer(VOID)
{
    PDRIVER_OBJECT driver = Setup(FALSE);
    PDEVICE_OBJECT silent;

    if (driver == NULL)
        return;
    KeInitializeEvent(&Ticked, SynchronizationEvent, FALSE);
    Ticks = Foreign = 0;
    silent = TestMakeDevice(driver, NULL, 0);
    IoStartTimer(silent);                        /* has none: nothing happens */
    CHECK(IoInitializeTimer(silent, Tick, &Ticked) == STATUS_SUCCESS && silent->Timer != NULL);
    CHECK(IoInitializeTimer(silent, Tick, &Ticked) == STATUS_INVALID_PARAMETER);
    CHECK(IoInitializeTimer(Device, Tick, &Ticked) == STATUS_SUCCESS);
    IoStartTimer(silent);
    IoStopTimer(silent);
    IoStartTimer(Device);
    KeWaitForSingleObject(&Ticked, Executive, KernelMode, FALSE, NULL);
    CHECK(Ticks >= 1 && Foreign == 0);
    TestStopDriver(driver);                      /* deletes both devices with their timers */
}

static const KE_TEST tests[] = {
    { "io.startio.packets", Packets, 0 }, { "io.startio.attributes", Attributes, 0 }, { "io.startio.contention", Contention, 4 },
    { "io.timer", Timer, 0 },
};
const KE_TEST_GROUP IoStartIoTests = { tests, RTL_NUMBER_OF(tests) };

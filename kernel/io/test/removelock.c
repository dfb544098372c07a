/* SPDX-License-Identifier: MIT
 * Remove locks, in the sizes of free and of checked drivers, and completion routines that hold their driver.
 */
#include "fixture.h"

#define FREE_SIZE 0x20u
#define CHECKED_SIZE 0x78u

typedef struct LOCKED_DEVICE {
    DECLSPEC_ALIGN(16) UCHAR Lock[CHECKED_SIZE];
    ULONG64 Guard;                               /* what follows the lock in a device extension */
    ULONG Size;
    volatile LONG Holders, Gone, Used, Late, Refused;
} LOCKED_DEVICE;

static PIO_REMOVE_LOCK LockOf(LOCKED_DEVICE *Device) { return (PIO_REMOVE_LOCK)Device->Lock; }
static IO_REMOVE_LOCK_COMMON_BLOCK *CommonOf(LOCKED_DEVICE *Device) { return (IO_REMOVE_LOCK_COMMON_BLOCK *)Device->Lock; }

static VOID InitLocked(LOCKED_DEVICE *Device, ULONG Size)
{
    RtlZeroMemory(Device, sizeof(*Device));
    RtlFillMemory(Device->Lock, sizeof(Device->Lock), 0xA5);
    Device->Size = Size;
    IoInitializeRemoveLockEx(LockOf(Device), 'tseT', 1, 100, Size);
}

static VOID Sizes(VOID)
{
    LOCKED_DEVICE device;
    ULONG i;

    InitLocked(&device, FREE_SIZE);
    for (i = FREE_SIZE; i < CHECKED_SIZE; i++)
        CHECK(device.Lock[i] == 0xA5);           /* a free driver's memory behind its lock is not ours */
    CHECK(IoAcquireRemoveLockEx(LockOf(&device), &i, "", 1, FREE_SIZE) == STATUS_SUCCESS && CommonOf(&device)->IoCount == 2);
    IoReleaseRemoveLockEx(LockOf(&device), &i, FREE_SIZE);
    CHECK(CommonOf(&device)->IoCount == 1);
    InitLocked(&device, CHECKED_SIZE);
    CHECK(IoAcquireRemoveLockEx(LockOf(&device), &i, __FILE__, 1, CHECKED_SIZE) == STATUS_SUCCESS);
    CHECK(IoAcquireRemoveLockEx(LockOf(&device), &device, __FILE__, 1, CHECKED_SIZE) == STATUS_SUCCESS);
    IoReleaseRemoveLockEx(LockOf(&device), &i, CHECKED_SIZE);
    IoReleaseRemoveLockAndWaitEx(LockOf(&device), &device, CHECKED_SIZE);
    CHECK(CommonOf(&device)->Removed && CommonOf(&device)->IoCount == 0);
    CHECK(IoAcquireRemoveLockEx(LockOf(&device), NULL, __FILE__, 1, CHECKED_SIZE) == STATUS_DELETE_PENDING);
}

static VOID UseOrRemove(PVOID Context, ULONG Index)
{
    LOCKED_DEVICE *device = Context;
    ULONG i;

    for (i = 0; IoAcquireRemoveLockEx(LockOf(device), &i, "", 1, device->Size) == STATUS_SUCCESS; i++) {
        InterlockedIncrement(&device->Holders);
        if (device->Gone)
            InterlockedIncrement(&device->Late);
        InterlockedIncrement(&device->Used);
        InterlockedDecrement(&device->Holders);
        if (Index == 0 && device->Used > 2000) {
            IoReleaseRemoveLockAndWaitEx(LockOf(device), &i, device->Size);
            CHECK(device->Holders == 0);
            device->Gone = TRUE;
        } else {
            IoReleaseRemoveLockEx(LockOf(device), &i, device->Size);
        }
    }
    InterlockedIncrement(&device->Refused);
}

static VOID Contention(VOID)
{
    LOCKED_DEVICE device;
    ULONG round;

    for (round = 0; round < 4; round++) {
        InitLocked(&device, round & 1 ? CHECKED_SIZE : FREE_SIZE);
        TestRunThreads(8, UseOrRemove, &device);
        CHECK(device.Gone && device.Late == 0 && device.Refused == 8 && device.Guard == 0);
    }
}

/* ---- IoSetCompletionRoutineEx ---- */
static LONG References;
static NTSTATUS NTAPI SeeReferences(PDEVICE_OBJECT Device, PIRP Irp, PVOID Context)
{
    References = (LONG)ObHeader(Context)->PointerCount;
    return STATUS_MORE_PROCESSING_REQUIRED;
}
static NTSTATUS NTAPI Keep(PDEVICE_OBJECT Device, PIRP Irp, PVOID Context) { return STATUS_MORE_PROCESSING_REQUIRED; }

static VOID SafeCompletion(VOID)
{
    PDRIVER_OBJECT driver = TestStartDriver(L"TestSafe", NULL);
    ULONG flags, outcome;
    PDEVICE_OBJECT device;

    if (driver == NULL)
        return;
    device = TestMakeDevice(driver, NULL, 0);
    for (outcome = 0; outcome < 3; outcome++)
        for (flags = 0; flags < 8; flags++) {
            PIRP irp = IoAllocateIrp(2, FALSE);
            BOOLEAN expected = (outcome == 0 && (flags & 1)) || (outcome != 0 && (flags & 2)) || (outcome == 2 && (flags & 4));
            References = 0;
            IoSetCompletionRoutine(irp, Keep, NULL, TRUE, TRUE, TRUE);
            IoSetNextIrpStackLocation(irp);
            CHECK(IoSetCompletionRoutineEx(device, irp, SeeReferences, device, flags & 1, (flags >> 1) & 1, (flags >> 2) & 1) ==
                  STATUS_SUCCESS);
            CHECK(ObHeader(device)->PointerCount == 2);
            IoSetNextIrpStackLocation(irp);
            irp->Cancel = outcome == 2;
            TestComplete(irp, outcome == 0 ? STATUS_SUCCESS : STATUS_CANCELLED, 0);
            CHECK(References == (expected ? 2 : 0) && ObHeader(device)->PointerCount == 1);
            IoFreeIrp(irp);
        }
    TestStopDriver(driver);
}

static const KE_TEST tests[] = {
    { "io.removelock.sizes", Sizes, 0 },
    { "io.removelock.contention", Contention, 4 },
    { "io.irp.safecompletion", SafeCompletion, 0 },
};
const KE_TEST_GROUP IoRemoveLockTests = { tests, RTL_NUMBER_OF(tests) };

/* SPDX-License-Identifier: MIT
 * Idle detection: a counter for a device that its driver sets to zero whenever the device is used; each second it grows by one, and
 * when it reaches the driver's limit the device is asked into the state the driver chose. The machine runs on mains power, for
 * which the limit for performance is meant. The counter hangs in NT's Dope and goes with the device.
 */
#include "iop.h"

#define IOP_IDLE_STANDARD 0xFFFFFFFFu            /* the policy's own limit for disks: never */

typedef struct IOP_IDLE {
    volatile ULONG Counter;                      /* a: the driver's to reset; first, it is what the driver holds */
    LIST_ENTRY Link;                             /* IopIdleLock */
    PDEVICE_OBJECT Device;                       /* I */
    ULONG Limit;                                 /* IopIdleLock seconds; 0: none at the moment */
    DEVICE_POWER_STATE State;                    /* IopIdleLock */
} IOP_IDLE;

static KE_LOCK IopIdleLock = KE_LOCK_OF_RANK(KeRankIoTimer);
static LIST_ENTRY IopIdleDevices = { &IopIdleDevices, &IopIdleDevices };

/* Counts one device further than Tick says. Returns it, referenced, when it has just become idle. *More: there are others. */
static PDEVICE_OBJECT IopCountIdle(ULONG Position, DEVICE_POWER_STATE *State, PBOOLEAN More)
{
    KIRQL irql = KeLockAcquire(&IopIdleLock);
    PLIST_ENTRY entry = IopIdleDevices.Flink;
    PDEVICE_OBJECT idle = NULL;

    while (entry != &IopIdleDevices && Position-- != 0)
        entry = entry->Flink;
    *More = entry != &IopIdleDevices;
    if (*More) {
        IOP_IDLE *record = CONTAINING_RECORD(entry, IOP_IDLE, Link);
        ULONG count = (ULONG)InterlockedIncrement((volatile LONG *)&record->Counter);
        if (record->Limit != 0 && count == record->Limit && ObReferenceObjectSafe(record->Device))
            idle = record->Device;
        *State = record->State;
    }
    KeLockRelease(&IopIdleLock, irql);
    return idle;
}

/* Once a second, DISPATCH_LEVEL. */
VOID IopScanIdleDevices(VOID)
{
    DEVICE_POWER_STATE state;
    BOOLEAN more = TRUE;
    ULONG position;

    for (position = 0; more; position++) {
        PDEVICE_OBJECT device = IopCountIdle(position, &state, &more);
        if (device == NULL)
            continue;
        PoRequestPowerIrp(device, IRP_MN_SET_POWER, (POWER_STATE){ .DeviceState = state }, NULL, NULL, NULL);
        ObfDereferenceObject(device);
    }
}

VOID IopForgetIdle(PDEVICE_OBJECT Device)
{
    IOP_IDLE *record;
    KIRQL irql = KeLockAcquire(&IopIdleLock);

    record = IoDeviceExtension(Device)->Dope;
    IoDeviceExtension(Device)->Dope = NULL;
    if (record != NULL)
        RemoveEntryList(&record->Link);
    KeLockRelease(&IopIdleLock, irql);
    if (record != NULL)
        ExFreePoolWithTag(record, 'dIoI');
}

/* The device's record: the one it has, or Made, which is used up then. */
static IOP_IDLE *IopSetIdle(PDEVICE_OBJECT Device, IOP_IDLE *Made, ULONG Limit, DEVICE_POWER_STATE State)
{
    KIRQL irql = KeLockAcquire(&IopIdleLock);
    IOP_IDLE *record = IoDeviceExtension(Device)->Dope;

    if (record == NULL) {
        record = Made;
        IoDeviceExtension(Device)->Dope = record;
        InsertTailList(&IopIdleDevices, &record->Link);
    }
    record->Limit = Limit;
    record->State = State;
    record->Counter = 0;
    KeLockRelease(&IopIdleLock, irql);
    return record;
}

PULONG NTAPI PoRegisterDeviceForIdleDetection(PDEVICE_OBJECT DeviceObject, ULONG ConservationIdleTime, ULONG PerformanceIdleTime,
                                              DEVICE_POWER_STATE State)
{
    BOOLEAN standard = ConservationIdleTime == IOP_IDLE_STANDARD || PerformanceIdleTime == IOP_IDLE_STANDARD;
    IOP_IDLE *made, *record;

    if (ConservationIdleTime == 0 && PerformanceIdleTime == 0) {
        IopForgetIdle(DeviceObject);
        return NULL;
    }
    if (standard && DeviceObject->DeviceType != FILE_DEVICE_DISK && DeviceObject->DeviceType != FILE_DEVICE_MASS_STORAGE)
        return NULL;
    if (State < PowerDeviceD0 || State > PowerDeviceD3)
        return NULL;
    made = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*made), 'dIoI');
    if (made == NULL)
        return NULL;
    RtlZeroMemory(made, sizeof(*made));
    made->Device = DeviceObject;
    record = IopSetIdle(DeviceObject, made, PerformanceIdleTime == IOP_IDLE_STANDARD ? 0 : PerformanceIdleTime, State);
    if (record != made)
        ExFreePoolWithTag(made, 'dIoI');
    IopStartTicking();
    return (PULONG)&record->Counter;
}

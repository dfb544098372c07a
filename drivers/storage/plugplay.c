/* SPDX-License-Identifier: MIT
 * Starting, stopping and removing a disk, and power.
 */
#include "storage.h"

static VOID StorageSetState(STORAGE_DISK *Disk, STORAGE_STATE State)
{
    KIRQL irql;

    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    StorageEnter(Disk);
    Disk->State = State;
    if (State == StorageGone)
        StorageFailAll(Disk, STATUS_NO_SUCH_DEVICE);
    StorageLeave(Disk);
    KeLowerIrql(irql);
}

static STORAGE_STATE StorageGetState(STORAGE_DISK *Disk) { return *(volatile STORAGE_STATE *)&Disk->State; }

/* What the driver says of the device must be something to work with. */
static BOOLEAN StorageIsSane(const STORAGE_DISK *Disk)
{
    return Disk->BlockSize >= 512 && Disk->BlockSize <= PAGE_SIZE && (Disk->BlockSize & (Disk->BlockSize - 1)) == 0 &&
           Disk->Length % Disk->BlockSize == 0 && Disk->Length <= MAXLONGLONG && Disk->SlotCount >= 1 &&
           Disk->SlotCount <= STORAGE_MAXIMUM_SLOTS && Disk->MaximumSegments >= 2 && Disk->MaximumSegments <= STORAGE_MAXIMUM_SEGMENTS &&
           Disk->MaximumTransfer >= Disk->BlockSize && Disk->MaximumTransfer % Disk->BlockSize == 0;
}

static NTSTATUS StorageStart(STORAGE_DISK *Disk, PIRP Irp)
{
    PCM_RESOURCE_LIST resources = IoGetCurrentIrpStackLocation(Irp)->Parameters.StartDevice.AllocatedResourcesTranslated;
    BOOLEAN first = StorageGetState(Disk) == StorageNew;
    NTSTATUS status = IoForwardIrpSynchronously(Disk->Lower, Irp) ? Irp->IoStatus.Status : STATUS_UNSUCCESSFUL;

    if (!NT_SUCCESS(status))
        return status;
    status = Disk->Operations->Start(Disk, resources);
    if (NT_SUCCESS(status) && !StorageIsSane(Disk)) {
        Disk->Operations->Stop(Disk);
        status = STATUS_DEVICE_CONFIGURATION_ERROR;
    }
    if (!NT_SUCCESS(status))
        return status;
    Disk->Device->AlignmentRequirement = Disk->AlignmentMask;
    Disk->Device->SectorSize = (USHORT)Disk->BlockSize;
    Disk->Started = TRUE;
    StorageSetState(Disk, StorageRunning);
    IoStartTimer(Disk->Device);
    if (first) {
        IoRegisterLastChanceShutdownNotification(Disk->Device);
        IoSetDeviceInterfaceState(&Disk->Interface, TRUE);
    }
    return STATUS_SUCCESS;
}

/* The device is let go of; commands have ended. */
static VOID StorageStop(STORAGE_DISK *Disk)
{
    if (!Disk->Started)
        return;
    Disk->Started = FALSE;
    IoStopTimer(Disk->Device);
    Disk->Operations->Stop(Disk);
}

static VOID StorageReset(STORAGE_DISK *Disk)
{
    KIRQL irql;

    if (!Disk->Started)
        return;
    KeRaiseIrql(DISPATCH_LEVEL, &irql);
    StorageEnter(Disk);
    Disk->Operations->Reset(Disk);
    StorageLeave(Disk);
    KeLowerIrql(irql);
}

/* Requests end first, those that run at their own pace, or at once when the device is not there any more. */
static VOID StorageRetire(STORAGE_DISK *Disk, BOOLEAN DeviceIsGone)
{
    STORAGE_STATE state = StorageGetState(Disk);

    if (state == StorageNew || state == StorageGone)
        return;
    if (state == StorageRunning)
        StorageSetState(Disk, StorageHeld);
    if (!DeviceIsGone)
        StorageDrain(Disk);
    StorageReset(Disk);
    StorageSetState(Disk, StorageGone);
    StorageStop(Disk);
    IoUnregisterShutdownNotification(Disk->Device);
    IoSetDeviceInterfaceState(&Disk->Interface, FALSE);
}

static NTSTATUS StoragePassPlugPlay(STORAGE_DISK *Disk, PIRP Irp)
{
    NTSTATUS status;

    IoSkipCurrentIrpStackLocation(Irp);
    status = IoCallDriver(Disk->Lower, Irp);
    IoReleaseRemoveLock(&Disk->RemoveLock, Irp);
    return status;
}

static NTSTATUS StorageRemove(STORAGE_DISK *Disk, PIRP Irp)
{
    NTSTATUS status;

    StorageRetire(Disk, FALSE);
    IoReleaseRemoveLockAndWait(&Disk->RemoveLock, Irp);
    Irp->IoStatus.Status = STATUS_SUCCESS;
    IoSkipCurrentIrpStackLocation(Irp);
    status = IoCallDriver(Disk->Lower, Irp);
    StorageDelete(Disk);
    return status;
}

/* Until the device is stopped or the question taken back, requests wait. */
static VOID StorageHold(STORAGE_DISK *Disk, BOOLEAN Hold)
{
    if (StorageGetState(Disk) == (Hold ? StorageRunning : StorageHeld))
        StorageSetState(Disk, Hold ? StorageHeld : StorageRunning);
    if (Hold)
        StorageDrain(Disk);
}

NTSTATUS NTAPI StoragePlugPlay(PDEVICE_OBJECT Device, PIRP Irp)
{
    STORAGE_DISK *disk = StorageDisk(Device);
    NTSTATUS status = IoAcquireRemoveLock(&disk->RemoveLock, Irp);

    if (!NT_SUCCESS(status))
        return StorageFinish(Irp, status, 0);
    switch (IoGetCurrentIrpStackLocation(Irp)->MinorFunction) {
    case IRP_MN_START_DEVICE:
        status = StorageStart(disk, Irp);
        IoReleaseRemoveLock(&disk->RemoveLock, Irp);
        return StorageFinish(Irp, status, 0);
    case IRP_MN_QUERY_STOP_DEVICE:
        StorageHold(disk, TRUE);
        break;
    case IRP_MN_CANCEL_STOP_DEVICE:
        StorageHold(disk, FALSE);
        break;
    case IRP_MN_STOP_DEVICE:
        StorageStop(disk);
        break;
    case IRP_MN_QUERY_REMOVE_DEVICE:
    case IRP_MN_CANCEL_REMOVE_DEVICE:
        break;
    case IRP_MN_SURPRISE_REMOVAL:
        StorageRetire(disk, TRUE);
        break;
    case IRP_MN_REMOVE_DEVICE:
        return StorageRemove(disk, Irp);
    default:                                     /* not ours: its status stays as it came */
        return StoragePassPlugPlay(disk, Irp);
    }
    Irp->IoStatus.Status = STATUS_SUCCESS;
    return StoragePassPlugPlay(disk, Irp);
}

NTSTATUS NTAPI StoragePower(PDEVICE_OBJECT Device, PIRP Irp)
{
    STORAGE_DISK *disk = StorageDisk(Device);
    NTSTATUS status = IoAcquireRemoveLock(&disk->RemoveLock, Irp);

    PoStartNextPowerIrp(Irp);
    if (!NT_SUCCESS(status))
        return StorageFinish(Irp, status, 0);
    IoSkipCurrentIrpStackLocation(Irp);
    status = PoCallDriver(disk->Lower, Irp);
    IoReleaseRemoveLock(&disk->RemoveLock, Irp);
    return status;
}

/* SPDX-License-Identifier: MIT
 * IRP_MJ_FILE_SYSTEM_CONTROL, IRP_MJ_DEVICE_CONTROL, IRP_MJ_PNP: locking and dismounting a volume, what programs ask about one, oplocks.
 */
#include "fastfat.h"

/* ---- Locks ---- */
/* Nobody else has a file of the volume open, and nothing but our streams and what the caches keep refers to it. */
static NTSTATUS FatLockVolume(FAT_VCB *Vcb, PFILE_OBJECT File)
{
    KIRQL irql;
    NTSTATUS status;

    if (Vcb->Locker != NULL || Vcb->Handles != 1)
        return STATUS_ACCESS_DENIED;
    status = FatFlushVolume(Vcb, TRUE);
    if (!NT_SUCCESS(status))
        return status;
    Vcb->Locker = File;
    IoAcquireVpbSpinLock(&irql);
    Vcb->Vpb->Flags |= VPB_LOCKED;
    IoReleaseVpbSpinLock(irql);
    return STATUS_SUCCESS;
}

static NTSTATUS FatUnlockVolume(FAT_VCB *Vcb, PFILE_OBJECT File)
{
    KIRQL irql;

    if (Vcb->Locker != File)
        return STATUS_NOT_LOCKED;
    Vcb->Locker = NULL;
    IoAcquireVpbSpinLock(&irql);
    Vcb->Vpb->Flags &= ~VPB_LOCKED;
    IoReleaseVpbSpinLock(irql);
    return STATUS_SUCCESS;
}

/* Files that are open fail from now on; a volume that somebody else has locked stays. */
static NTSTATUS FatDismountVolume(FAT_VCB *Vcb, PFILE_OBJECT File)
{
    KIRQL irql;

    if (Vcb->Locker != NULL && Vcb->Locker != File)
        return STATUS_ACCESS_DENIED;
    FatFlushVolume(Vcb, TRUE);
    FatDismount(Vcb);
    IoAcquireVpbSpinLock(&irql);
    Vcb->Vpb->Flags &= ~(VPB_LOCKED | VPB_MOUNTED);
    IoReleaseVpbSpinLock(irql);
    return STATUS_SUCCESS;
}

/* ---- Questions ---- */
static NTSTATUS FatIsVolumeDirty(FAT_VCB *Vcb, PIRP Irp, PIO_STACK_LOCATION Location)
{
    bool dirty;
    NTSTATUS status;

    if (Location->Parameters.FileSystemControl.OutputBufferLength < sizeof(ULONG))
        return STATUS_INVALID_PARAMETER;
    status = FatToNtStatus(FatIsDirty(&Vcb->Volume, &dirty));
    if (!NT_SUCCESS(status))
        return status;
    *(PULONG)Irp->AssociatedIrp.SystemBuffer = Vcb->WasDirty ? VOLUME_IS_DIRTY : 0;
    Irp->IoStatus.Information = sizeof(ULONG);
    return STATUS_SUCCESS;
}

static NTSTATUS FatCheckPath(PIRP Irp, PIO_STACK_LOCATION Location)
{
    PPATHNAME_BUFFER path = Irp->AssociatedIrp.SystemBuffer;
    ULONG length = Location->Parameters.FileSystemControl.InputBufferLength, head = FIELD_OFFSET(PATHNAME_BUFFER, Name), at = 0;

    if (length < head || path->PathNameLength > length - head)
        return STATUS_INVALID_PARAMETER;
    while (at < path->PathNameLength / sizeof(WCHAR)) {
        uint32_t count = 0;
        while (at + count < path->PathNameLength / sizeof(WCHAR) && path->Name[at + count] != L'\\')
            count++;
        at += count + 1;
        if (count != 0 && FatCheckName(path->Name + at - count - 1, &count) != FatOk)
            return STATUS_OBJECT_NAME_INVALID;
    }
    return STATUS_SUCCESS;
}

static NTSTATUS FatQueryBootSector(FAT_VCB *Vcb, PIRP Irp, PIO_STACK_LOCATION Location)
{
    FAT_WINDOW window;
    uint8_t *bytes;

    if (Location->Parameters.FileSystemControl.OutputBufferLength < sizeof(FSCTL_QUERY_FAT_BPB_BUFFER))
        return STATUS_BUFFER_TOO_SMALL;
    FatOpenWindow(&window, &FatHost, Vcb->Stream.File, Vcb->Volume.RootOffset, false);
    bytes = FatWindowAt(&window, 0);
    if (bytes != NULL)
        RtlCopyMemory(Irp->AssociatedIrp.SystemBuffer, bytes, sizeof(FSCTL_QUERY_FAT_BPB_BUFFER));
    FatCloseWindow(&window);
    if (bytes == NULL)
        return STATUS_IO_DEVICE_ERROR;
    Irp->IoStatus.Information = sizeof(FSCTL_QUERY_FAT_BPB_BUFFER);
    return STATUS_SUCCESS;
}

/* ---- All ---- */
static NTSTATUS FatVolumeControl(FAT_VCB *Vcb, FAT_CCB *Ccb, PIRP Irp, PIO_STACK_LOCATION Location)
{
    PFILE_OBJECT file = Location->FileObject;
    BOOLEAN whole = Ccb->Fcb == NULL;

    switch (Location->Parameters.FileSystemControl.FsControlCode) {
    case FSCTL_IS_VOLUME_MOUNTED:
        return STATUS_SUCCESS;
    case FSCTL_LOCK_VOLUME:
        return whole ? FatLockVolume(Vcb, file) : STATUS_INVALID_PARAMETER;
    case FSCTL_UNLOCK_VOLUME:
        return whole ? FatUnlockVolume(Vcb, file) : STATUS_INVALID_PARAMETER;
    case FSCTL_DISMOUNT_VOLUME:
        return whole ? FatDismountVolume(Vcb, file) : STATUS_INVALID_PARAMETER;
    case FSCTL_IS_VOLUME_DIRTY:
        return whole ? FatIsVolumeDirty(Vcb, Irp, Location) : STATUS_INVALID_PARAMETER;
    case FSCTL_MARK_VOLUME_DIRTY:
        Vcb->WasDirty |= whole;
        return whole ? FatBeginChange(Vcb) : STATUS_INVALID_PARAMETER;
    case FSCTL_ALLOW_EXTENDED_DASD_IO:
        Ccb->IsDirect |= whole;
        return whole ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
    case FSCTL_IS_PATHNAME_VALID:
        return FatCheckPath(Irp, Location);
    case FSCTL_QUERY_FAT_BPB:
        return FatQueryBootSector(Vcb, Irp, Location);
    case FSCTL_GET_VOLUME_BITMAP:
        return whole ? FatGetBitmap(Vcb, Irp, Location) : STATUS_INVALID_PARAMETER;
    case FSCTL_GET_RETRIEVAL_POINTERS:
        return FatGetPointers(Vcb, Irp, Location);
    default:
        return STATUS_INVALID_DEVICE_REQUEST;
    }
}

/* FsRtl completes the request, with the file's handles counted under the lock, which also keeps a close from coming to the end; it does
 * not wait. */
static NTSTATUS FatOplockControl(FAT_VCB *Vcb, PIRP Irp, PIO_STACK_LOCATION Location)
{
    FAT_CCB *ccb = Location->FileObject->FsContext2;
    FAT_FCB *fcb = ccb == NULL ? NULL : ccb->Fcb;
    NTSTATUS status;
    ULONG count;

    if (fcb == NULL || FatIsFolder(fcb))
        return FatComplete(Irp, STATUS_INVALID_PARAMETER);
    ExAcquireResourceExclusiveLite(&Vcb->Resource, TRUE);
    count = FsRtlOplockIsSharedRequest(Irp) ? FsRtlAreThereCurrentFileLocks(&fcb->Lock) : fcb->Handles;
    status = FsRtlOplockFsctrl(&fcb->Oplock, Irp, count);
    fcb->Header.IsFastIoPossible = FatFastIoState(fcb);
    ExReleaseResourceLite(&Vcb->Resource);
    return status;
}

static NTSTATUS FatUserFsControl(FAT_VCB *Vcb, PIRP Irp, PIO_STACK_LOCATION Location)
{
    FAT_CCB *ccb = Location->FileObject->FsContext2;
    NTSTATUS status;

    if (ccb == NULL)
        return STATUS_INVALID_DEVICE_REQUEST;
    ExAcquireResourceExclusiveLite(&Vcb->Resource, TRUE);
    status = Vcb->Dismounted ? STATUS_VOLUME_DISMOUNTED : FatVolumeControl(Vcb, ccb, Irp, Location);
    ExReleaseResourceLite(&Vcb->Resource);
    return status;
}

static BOOLEAN FatIsOplockCode(ULONG Code)
{
    return Code == FSCTL_REQUEST_OPLOCK_LEVEL_1 || Code == FSCTL_REQUEST_OPLOCK_LEVEL_2 || Code == FSCTL_REQUEST_BATCH_OPLOCK ||
           Code == FSCTL_OPLOCK_BREAK_ACKNOWLEDGE || Code == FSCTL_OPBATCH_ACK_CLOSE_PENDING ||
           Code == FSCTL_OPLOCK_BREAK_NOTIFY || Code == FSCTL_OPLOCK_BREAK_ACK_NO_2 || Code == FSCTL_REQUEST_FILTER_OPLOCK ||
           Code == FSCTL_REQUEST_OPLOCK;
}

NTSTATUS FatFsControl(FAT_VCB *Vcb, PIRP Irp, PIO_STACK_LOCATION Location)
{
    switch (Location->MinorFunction) {
    case IRP_MN_VERIFY_VOLUME:
        return FatComplete(Irp, FatMountOrVerify(Vcb->Device, Irp, Location));
    case IRP_MN_USER_FS_REQUEST:
    case IRP_MN_KERNEL_CALL:
        if (FatIsOplockCode(Location->Parameters.FileSystemControl.FsControlCode))
            return FatOplockControl(Vcb, Irp, Location);
        return FatComplete(Irp, FatUserFsControl(Vcb, Irp, Location));
    default:
        return FatComplete(Irp, STATUS_INVALID_DEVICE_REQUEST);
    }
}

/* ---- To the disk ---- */
static NTSTATUS FatPassDown(FAT_VCB *Vcb, PIRP Irp)
{
    IoSkipCurrentIrpStackLocation(Irp);
    return IoCallDriver(Vcb->Target, Irp);
}

NTSTATUS FatDeviceControl(FAT_VCB *Vcb, PIRP Irp, PIO_STACK_LOCATION Location)
{
    FAT_CCB *ccb = Location->FileObject->FsContext2;
    return ccb == NULL || ccb->Fcb != NULL ? FatComplete(Irp, STATUS_INVALID_PARAMETER) : FatPassDown(Vcb, Irp);
}

NTSTATUS FatPnp(FAT_VCB *Vcb, PIRP Irp, PIO_STACK_LOCATION Location)
{
    return FatPassDown(Vcb, Irp);
}

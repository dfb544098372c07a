/* SPDX-License-Identifier: MIT
 * The file system of last resort, for a disk whose content nobody knows: its only file is the whole disk, without a name. Requests go
 * to the disk as they are.
 */
#include "filesystem.h"
#include "exsync.h"

typedef struct IOP_RAW_VOLUME {
    PVPB Vpb;                                    /* I NULL: the device that mounts are sent to */
    PDEVICE_OBJECT Target;                       /* I the top of the disk's stack when it was mounted */
    EX_PUSH_LOCK Lock;
    SHARE_ACCESS Share;                          /* Lock */
} IOP_RAW_VOLUME;

static PDEVICE_OBJECT IopRawDisk;

PDEVICE_OBJECT IopRawFileSystemFor(DEVICE_TYPE Type)
{
    return IopFileSystemsFor(Type) == IopFileSystemsFor(FILE_DEVICE_DISK) ? IopRawDisk : NULL;
}

static NTSTATUS IopEndRaw(PIRP Irp, NTSTATUS Status, ULONG_PTR Information)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = Information;
    IofCompleteRequest(Irp, IO_DISK_INCREMENT);
    return Status;
}

static NTSTATUS IopMountRaw(PDEVICE_OBJECT Device, PIO_STACK_LOCATION Location)
{
    PVPB vpb = Location->Parameters.MountVolume.Vpb;
    PDEVICE_OBJECT volume, target = Location->Parameters.MountVolume.DeviceObject;
    IOP_RAW_VOLUME *raw;
    NTSTATUS status = IoCreateDevice(Device->DriverObject, sizeof(*raw), NULL, FILE_DEVICE_DISK_FILE_SYSTEM, 0, FALSE, &volume);

    if (!NT_SUCCESS(status))
        return status;
    raw = volume->DeviceExtension;
    raw->Vpb = vpb;
    raw->Target = target;
    volume->StackSize = target->StackSize + 1;
    volume->AlignmentRequirement = target->AlignmentRequirement;
    volume->SectorSize = target->SectorSize;
    volume->Flags |= DO_DIRECT_IO;
    volume->Flags &= ~DO_DEVICE_INITIALIZING;
    vpb->DeviceObject = volume;
    vpb->Flags |= VPB_RAW_MOUNT;
    return STATUS_SUCCESS;
}

static NTSTATUS NTAPI IopRawFsControl(PDEVICE_OBJECT Device, PIRP Irp)
{
    PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(Irp);
    IOP_RAW_VOLUME *raw = Device->DeviceExtension;

    switch (location->MinorFunction) {
    case IRP_MN_MOUNT_VOLUME:
        return IopEndRaw(Irp, raw->Vpb == NULL ? IopMountRaw(Device, location) : STATUS_INVALID_DEVICE_REQUEST, 0);
    case IRP_MN_VERIFY_VOLUME:                   /* nothing is known about the content, so none is wrong */
        return IopEndRaw(Irp, STATUS_SUCCESS, 0);
    default:
        return IopEndRaw(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
    }
}

static NTSTATUS NTAPI IopRawCreate(PDEVICE_OBJECT Device, PIRP Irp)
{
    PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(Irp);
    IOP_RAW_VOLUME *raw = Device->DeviceExtension;
    ULONG options = location->Parameters.Create.Options;
    NTSTATUS status = STATUS_SUCCESS;

    if (raw->Vpb == NULL || location->FileObject->FileName.Length != 0 || (options & FILE_DIRECTORY_FILE) ||
        (options >> 24 != FILE_OPEN && options >> 24 != FILE_OPEN_IF))
        return IopEndRaw(Irp, STATUS_INVALID_PARAMETER, 0);
    ExLockExclusive(&raw->Lock);
    status = IoCheckShareAccess(location->Parameters.Create.SecurityContext->DesiredAccess, location->Parameters.Create.ShareAccess,
                                location->FileObject, &raw->Share, TRUE);
    ExUnlockExclusive(&raw->Lock);
    location->FileObject->Flags |= FO_NO_INTERMEDIATE_BUFFERING;
    return IopEndRaw(Irp, status, NT_SUCCESS(status) ? FILE_OPENED : 0);
}

static NTSTATUS NTAPI IopRawCleanup(PDEVICE_OBJECT Device, PIRP Irp)
{
    IOP_RAW_VOLUME *raw = Device->DeviceExtension;

    ExLockExclusive(&raw->Lock);
    IoRemoveShareAccess(IoGetCurrentIrpStackLocation(Irp)->FileObject, &raw->Share);
    ExUnlockExclusive(&raw->Lock);
    return IopEndRaw(Irp, STATUS_SUCCESS, 0);
}

static NTSTATUS NTAPI IopRawClose(PDEVICE_OBJECT Device, PIRP Irp) { return IopEndRaw(Irp, STATUS_SUCCESS, 0); }

/* The position of a synchronous file moves with what the disk transferred. */
static NTSTATUS NTAPI IopRawTransferred(PDEVICE_OBJECT Device, PIRP Irp, PVOID Context)
{
    PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(Irp);

    if (Irp->PendingReturned)
        IoMarkIrpPending(Irp);
    if (NT_SUCCESS(Irp->IoStatus.Status) && location->FileObject != NULL && (location->FileObject->Flags & FO_SYNCHRONOUS_IO))
        location->FileObject->CurrentByteOffset.QuadPart = location->Parameters.Read.ByteOffset.QuadPart +
                                                           (LONG64)Irp->IoStatus.Information;
    return STATUS_CONTINUE_COMPLETION;
}

static NTSTATUS NTAPI IopRawPass(PDEVICE_OBJECT Device, PIRP Irp)
{
    IOP_RAW_VOLUME *raw = Device->DeviceExtension;
    UCHAR major = IoGetCurrentIrpStackLocation(Irp)->MajorFunction;

    if (raw->Vpb == NULL)
        return IopEndRaw(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
    if (major != IRP_MJ_READ && major != IRP_MJ_WRITE) {
        IoSkipCurrentIrpStackLocation(Irp);
        return IofCallDriver(raw->Target, Irp);
    }
    IoCopyCurrentIrpStackLocationToNext(Irp);
    IoSetCompletionRoutine(Irp, IopRawTransferred, NULL, TRUE, TRUE, TRUE);
    return IofCallDriver(raw->Target, Irp);
}

static NTSTATUS NTAPI IopRawEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\RawDisk");

    Driver->MajorFunction[IRP_MJ_CREATE] = IopRawCreate;
    Driver->MajorFunction[IRP_MJ_CLEANUP] = IopRawCleanup;
    Driver->MajorFunction[IRP_MJ_CLOSE] = IopRawClose;
    Driver->MajorFunction[IRP_MJ_FILE_SYSTEM_CONTROL] = IopRawFsControl;
    Driver->MajorFunction[IRP_MJ_READ] = Driver->MajorFunction[IRP_MJ_WRITE] = IopRawPass;
    Driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = Driver->MajorFunction[IRP_MJ_FLUSH_BUFFERS] = IopRawPass;
    return IoCreateDevice(Driver, sizeof(IOP_RAW_VOLUME), &name, FILE_DEVICE_DISK_FILE_SYSTEM, 0, FALSE, &IopRawDisk);
}

VOID IoInitializeRawFileSystem(VOID)
{
    static MM_IMAGE image;
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"RAW");
    PDRIVER_OBJECT driver;
    NTSTATUS status = IoStartKernelDriver(&image, &name, IopRawEntry, &driver);

    if (!NT_SUCCESS(status))
        KeBugCheckEx(PHASE1_INITIALIZATION_FAILED, (ULONG_PTR)status, 1, 0, 0);
}

/* SPDX-License-Identifier: MIT
 * The driver's entry, and the way of every request: into the file system, to its handler, completed by what the handler answers.
 */
#include "fastfat.h"

DRIVER_INITIALIZE DriverEntry;

PDEVICE_OBJECT FatFileSystemDevice;

static FAT_HANDLER *const Handlers[IRP_MJ_MAXIMUM_FUNCTION + 1] = {
    [IRP_MJ_CREATE] = FatCreate,
    [IRP_MJ_CLEANUP] = FatCleanup,
    [IRP_MJ_READ] = FatRead,
    [IRP_MJ_WRITE] = FatWrite,
    [IRP_MJ_QUERY_INFORMATION] = FatQueryInformation,
    [IRP_MJ_SET_INFORMATION] = FatSetInformation,
    [IRP_MJ_QUERY_EA] = FatQueryEa,
    [IRP_MJ_SET_EA] = FatQueryEa,
    [IRP_MJ_FLUSH_BUFFERS] = FatFlush,
    [IRP_MJ_DIRECTORY_CONTROL] = FatDirectoryControl,
    [IRP_MJ_QUERY_VOLUME_INFORMATION] = FatQueryVolume,
    [IRP_MJ_SET_VOLUME_INFORMATION] = FatSetVolume,
};

/* Those that complete the request themselves, or let somebody else do it. */
static FAT_HANDLER *const Completers[IRP_MJ_MAXIMUM_FUNCTION + 1] = {
    [IRP_MJ_CLOSE] = FatClose,
    [IRP_MJ_FILE_SYSTEM_CONTROL] = FatFsControl,
    [IRP_MJ_LOCK_CONTROL] = FatLockControl,
    [IRP_MJ_DEVICE_CONTROL] = FatDeviceControl,
    [IRP_MJ_PNP] = FatPnp,
};

NTSTATUS FatToNtStatus(FAT_STATUS Status)
{
    switch (Status) {
    case FatOk:
        return STATUS_SUCCESS;
    case FatNotFat:
        return STATUS_UNRECOGNIZED_VOLUME;
    case FatNoMemory:
        return STATUS_INSUFFICIENT_RESOURCES;
    case FatIoError:
        return STATUS_IO_DEVICE_ERROR;
    case FatNotFound:
        return STATUS_OBJECT_NAME_NOT_FOUND;
    case FatDiskFull:
        return STATUS_DISK_FULL;
    case FatDirectoryFull:
        return STATUS_CANNOT_MAKE;
    case FatBadName:
        return STATUS_OBJECT_NAME_INVALID;
    default:
        return STATUS_FILE_CORRUPT_ERROR;
    }
}

NTSTATUS FatComplete(PIRP Irp, NTSTATUS Status)
{
    if (Status != STATUS_PENDING) {
        Irp->IoStatus.Status = Status;
        IoCompleteRequest(Irp, IO_DISK_INCREMENT);
    }
    return Status;
}

/* Of the file system's own device: it can be opened, and volumes are mounted by it. */
static NTSTATUS FatOwnDevice(PDEVICE_OBJECT Device, PIRP Irp, PIO_STACK_LOCATION Location)
{
    switch (Location->MajorFunction) {
    case IRP_MJ_CREATE:
        Irp->IoStatus.Information = FILE_OPENED;
        return Location->FileObject->FileName.Length == 0 ? STATUS_SUCCESS : STATUS_OBJECT_PATH_NOT_FOUND;
    case IRP_MJ_CLEANUP:
    case IRP_MJ_CLOSE:
        return STATUS_SUCCESS;
    case IRP_MJ_FILE_SYSTEM_CONTROL:
        return FatMountOrVerify(Device, Irp, Location);
    case IRP_MJ_SHUTDOWN:
        FatShutdown();
        return STATUS_SUCCESS;
    default:
        return STATUS_INVALID_DEVICE_REQUEST;
    }
}

static NTSTATUS FatVolumeRequest(FAT_VCB *Vcb, PIRP Irp, PIO_STACK_LOCATION Location)
{
    FAT_HANDLER *handler = Handlers[Location->MajorFunction], *completer = Completers[Location->MajorFunction];

    if (completer != NULL)
        return completer(Vcb, Irp, Location);
    return FatComplete(Irp, handler == NULL ? STATUS_INVALID_DEVICE_REQUEST : handler(Vcb, Irp, Location));
}

static NTSTATUS NTAPI FatDispatch(PDEVICE_OBJECT Device, PIRP Irp)
{
    PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(Irp);
    BOOLEAN top = IoGetTopLevelIrp() == NULL;
    NTSTATUS status;

    FsRtlEnterFileSystem();
    if (top)
        IoSetTopLevelIrp(Irp);
    Irp->IoStatus.Information = 0;
    if (Device == FatFileSystemDevice)
        status = FatComplete(Irp, FatOwnDevice(Device, Irp, location));
    else
        status = FatVolumeRequest(Device->DeviceExtension, Irp, location);
    if (top)
        IoSetTopLevelIrp(NULL);
    FsRtlExitFileSystem();
    return status;
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Fat");
    NTSTATUS status = IoCreateDevice(DriverObject, 0, &name, FILE_DEVICE_DISK_FILE_SYSTEM, 0, FALSE, &FatFileSystemDevice);
    ULONG i;

    if (!NT_SUCCESS(status))
        return status;
    for (i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++)
        if (Handlers[i] != NULL || Completers[i] != NULL || i == IRP_MJ_SHUTDOWN)
            DriverObject->MajorFunction[i] = FatDispatch;
    DriverObject->FastIoDispatch = &FatFastIo;
    InitializeListHead(&FatVolumes);
    ExInitializeResourceLite(&FatVolumesLock);
    status = IoRegisterLastChanceShutdownNotification(FatFileSystemDevice);    /* the registry is written before */
    if (!NT_SUCCESS(status)) {
        ExDeleteResourceLite(&FatVolumesLock);
        IoDeleteDevice(FatFileSystemDevice);
        return status;
    }
    FatFileSystemDevice->Flags &= ~DO_DEVICE_INITIALIZING;
    IoRegisterFileSystem(FatFileSystemDevice);
    return STATUS_SUCCESS;
}

/* SPDX-License-Identifier: MIT
 * Mounting: a device with a volume parameter block is offered to the file systems for its medium until one of them knows it. The
 * device's DeviceLock serializes mounts; IopFileSystemLock is shared while the list is walked.
 */
#include "filesystem.h"

typedef struct IOP_MOUNT {
    PDEVICE_OBJECT Device;                       /* with the block */
    PDEVICE_OBJECT Target;                       /* the top of its stack */
    BOOLEAN RawAllowed;
} IOP_MOUNT;

/* A request of the file system's own device, FSCTL by minor code. */
static NTSTATUS IopSendFsControl(PDEVICE_OBJECT FileSystem, UCHAR Minor, PVPB Vpb, PDEVICE_OBJECT Device, BOOLEAN RawAllowed)
{
    IO_STACK_LOCATION location = { .MajorFunction = IRP_MJ_FILE_SYSTEM_CONTROL, .MinorFunction = Minor };
    IO_STATUS_BLOCK result = { { STATUS_NOT_SUPPORTED }, 0 };

    location.Flags = RawAllowed ? SL_ALLOW_RAW_MOUNT : 0;
    location.Parameters.MountVolume.Vpb = Vpb;   /* VerifyVolume lies the same */
    location.Parameters.MountVolume.DeviceObject = Device;
    return IoSendLocationAndWait(IoGetAttachedDevice(FileSystem), &location, &result);
}

static NTSTATUS IopOfferTo(const IOP_MOUNT *Mount, PDEVICE_OBJECT FileSystem)
{
    PVPB vpb = Mount->Device->Vpb;
    NTSTATUS status = IopSendFsControl(FileSystem, IRP_MN_MOUNT_VOLUME, vpb, Mount->Target, Mount->RawAllowed);
    KIRQL irql;

    if (!NT_SUCCESS(status))
        return status;
    IoAcquireVpbSpinLock(&irql);
    Mount->Device->Vpb->Flags |= VPB_MOUNTED;    /* the file system may have put another block there */
    IoReleaseVpbSpinLock(irql);
    return STATUS_SUCCESS;
}

/* Most file systems say "not mine" about most media; anything else is an answer about this medium. */
static BOOLEAN IopGoesOn(NTSTATUS Status) { return Status == STATUS_UNRECOGNIZED_VOLUME || Status == STATUS_FS_DRIVER_REQUIRED; }

/* The recognizer loads its file system, which registers: the list is another then. */
static NTSTATUS IopLoadFileSystem(PDEVICE_OBJECT Recognizer)
{
    return IopSendFsControl(Recognizer, IRP_MN_LOAD_FILE_SYSTEM, NULL, NULL, FALSE);
}

/* The file system after Previous, referenced as a device in use; NULL at the end. A list that changed is begun anew. */
static PDEVICE_OBJECT IopNextFileSystem(PLIST_ENTRY List, ULONG Position)
{
    PDEVICE_OBJECT found = NULL;
    PLIST_ENTRY entry;

    KeEnterCriticalRegion();
    ExAcquireResourceSharedLite(&IopFileSystemLock, TRUE);
    for (entry = List->Flink; entry != List && Position != 0; entry = entry->Flink)
        Position--;
    if (entry != List) {
        found = CONTAINING_RECORD(entry, DEVICE_OBJECT, Queue.ListEntry);
        IopReferenceDevice(found);
    }
    ExReleaseResourceLite(&IopFileSystemLock);
    KeLeaveCriticalRegion();
    return found;
}

static NTSTATUS IopOfferToAll(const IOP_MOUNT *Mount)
{
    PLIST_ENTRY list = IopFileSystemsFor(Mount->Device->DeviceType);
    NTSTATUS status = STATUS_UNRECOGNIZED_VOLUME;
    PDEVICE_OBJECT fileSystem;
    ULONG position = 0, loads = 0;

    if (list == NULL)
        return STATUS_UNRECOGNIZED_VOLUME;
    while (IopGoesOn(status) && (fileSystem = IopNextFileSystem(list, position)) != NULL) {
        position++;
        status = IopOfferTo(Mount, fileSystem);
        if (status == STATUS_FS_DRIVER_REQUIRED && loads++ < IopMediaCount && NT_SUCCESS(IopLoadFileSystem(fileSystem)))
            position = 0;
        IopCloseDevice(fileSystem);
    }
    return status;
}

/* DeviceLock held. */
static NTSTATUS IopMountVolume(const IOP_MOUNT *Mount)
{
    PDEVICE_OBJECT raw = IopRawFileSystemFor(Mount->Device->DeviceType);
    NTSTATUS status = IopOfferToAll(Mount);

    if (IopGoesOn(status) && Mount->RawAllowed && raw != NULL)
        status = IopOfferTo(Mount, raw);
    return IopGoesOn(status) ? STATUS_UNRECOGNIZED_VOLUME : status;
}

/* STATUS_SUCCESS with the block referenced, STATUS_RETRY when nothing is mounted. */
static NTSTATUS IopReferenceMounted(PDEVICE_OBJECT Device, PVPB *Vpb)
{
    NTSTATUS status = STATUS_RETRY;
    KIRQL irql;

    IoAcquireVpbSpinLock(&irql);
    if (Device->Vpb->Flags & VPB_LOCKED) {
        status = STATUS_ACCESS_DENIED;
    } else if ((Device->Vpb->Flags & VPB_MOUNTED) && Device->Vpb->DeviceObject != NULL) {
        *Vpb = Device->Vpb;
        (*Vpb)->ReferenceCount++;
        status = STATUS_SUCCESS;
    }
    IoReleaseVpbSpinLock(irql);
    return status;
}

NTSTATUS IopReferenceVolume(PDEVICE_OBJECT Device, BOOLEAN RawAllowed, PVPB *Vpb)
{
    IOP_MOUNT mount = { Device, NULL, RawAllowed };
    NTSTATUS status = IopReferenceMounted(Device, Vpb);

    if (status != STATUS_RETRY)
        return status;
    KeEnterCriticalRegion();
    KeWaitForSingleObject(&Device->DeviceLock, Executive, KernelMode, FALSE, NULL);
    status = IopReferenceMounted(Device, Vpb);   /* another thread may have been faster */
    if (status == STATUS_RETRY) {
        mount.Target = IoGetAttachedDevice(Device);
        status = IopMountVolume(&mount);
        if (NT_SUCCESS(status))
            status = IopReferenceMounted(Device, Vpb);
    }
    KeSetEvent(&Device->DeviceLock, 0, FALSE);
    KeLeaveCriticalRegion();
    return status == STATUS_RETRY ? STATUS_UNRECOGNIZED_VOLUME : status;
}

/* The medium may have changed: the file system looks at it. STATUS_WRONG_VOLUME: it has, and whatever is there now was mounted. */
NTSTATUS NTAPI IoVerifyVolume(PDEVICE_OBJECT DeviceObject, BOOLEAN AllowRawMount)
{
    IOP_MOUNT mount = { DeviceObject, IoGetAttachedDevice(DeviceObject), AllowRawMount };
    NTSTATUS status = STATUS_WRONG_VOLUME;
    PVPB vpb = NULL;

    KeEnterCriticalRegion();
    KeWaitForSingleObject(&DeviceObject->DeviceLock, Executive, KernelMode, FALSE, NULL);
    if (IopReferenceMounted(DeviceObject, &vpb) == STATUS_SUCCESS) {
        status = IopSendFsControl(vpb->DeviceObject, IRP_MN_VERIFY_VOLUME, vpb, vpb->DeviceObject, AllowRawMount);
        IopReleaseVpb(vpb);
    }
    if (status == STATUS_WRONG_VOLUME && !(DeviceObject->Vpb->Flags & VPB_MOUNTED)) {
        NTSTATUS mounted = IopMountVolume(&mount);
        status = vpb == NULL || !NT_SUCCESS(mounted) ? mounted : STATUS_WRONG_VOLUME;
    }
    DeviceObject->Flags &= ~DO_VERIFY_VOLUME;
    KeSetEvent(&DeviceObject->DeviceLock, 0, FALSE);
    KeLeaveCriticalRegion();
    return status;
}

/* ---- What a thread's request found unverified ---- */
VOID NTAPI IoSetDeviceToVerify(PETHREAD Thread, PDEVICE_OBJECT DeviceObject) { Thread->DeviceToVerify = DeviceObject; }
PDEVICE_OBJECT NTAPI IoGetDeviceToVerify(PETHREAD Thread) { return Thread->DeviceToVerify; }
VOID NTAPI IoSetHardErrorOrVerifyDevice(PIRP Irp, PDEVICE_OBJECT DeviceObject)
{
    Irp->Tail.Overlay.Thread->DeviceToVerify = DeviceObject;
}

/* The lowest device of the file's file system. Only a file that was opened before its device was mounted needs the lock: the file's own
 * block stays while the file does. */
PDEVICE_OBJECT NTAPI IoGetBaseFileSystemDeviceObject(PFILE_OBJECT FileObject)
{
    PDEVICE_OBJECT device = FileObject->DeviceObject;
    PVPB vpb = FileObject->Vpb;
    KIRQL irql;

    if (vpb != NULL && vpb->DeviceObject != NULL)
        return vpb->DeviceObject;
    if (device->Vpb == NULL || (FileObject->Flags & FO_DIRECT_DEVICE_OPEN))
        return device;
    IoAcquireVpbSpinLock(&irql);
    if (device->Vpb->DeviceObject != NULL)
        device = device->Vpb->DeviceObject;
    IoReleaseVpbSpinLock(irql);
    return device;
}

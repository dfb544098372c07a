/* SPDX-License-Identifier: MIT
 * File objects that no create request stands behind: a file system makes them to cache its own structures by.
 */
#include "filesystem.h"

static PFILE_OBJECT IopMakeStreamFile(PFILE_OBJECT Related, PDEVICE_OBJECT Device)
{
    PDEVICE_OBJECT device = Related != NULL ? Related->DeviceObject : Device;
    PFILE_OBJECT file;
    PVOID object;
    NTSTATUS status = ObCreateUnnamedObject(IopFileObjectType, KernelMode, sizeof(FILE_OBJECT), &object);

    if (!NT_SUCCESS(status))
        ExRaiseStatus(status);
    file = object;
    file->Type = IO_TYPE_FILE;
    file->Size = sizeof(FILE_OBJECT);
    file->Flags = FO_STREAM_FILE;
    KeInitializeEvent(&file->Lock, SynchronizationEvent, FALSE);
    KeInitializeEvent(&file->Event, NotificationEvent, FALSE);
    KeInitializeSpinLock(&file->IrpListLock);
    InitializeListHead(&file->IrpList);
    IopReferenceDevice(device);
    file->DeviceObject = device;
    file->Vpb = device->Vpb;
    if (file->Vpb != NULL)
        IopReferenceVpb(file->Vpb);
    return file;
}

/* The driver sees IRP_MJ_CLEANUP at once, as of a file whose handle was closed. Raises when there is no memory. PASSIVE_LEVEL. */
PFILE_OBJECT NTAPI IoCreateStreamFileObject(PFILE_OBJECT FileObject, PDEVICE_OBJECT DeviceObject)
{
    PFILE_OBJECT file = IopMakeStreamFile(FileObject, DeviceObject);
    file->Flags |= FO_HANDLE_CREATED;
    IopSendAndWait(IoGetRelatedDeviceObject(file), file, IRP_MJ_CLEANUP, TRUE);
    file->Flags |= FO_CLEANUP_COMPLETE;
    return file;
}

/* The same, without IRP_MJ_CLEANUP. */
PFILE_OBJECT NTAPI IoCreateStreamFileObjectLite(PFILE_OBJECT FileObject, PDEVICE_OBJECT DeviceObject)
{
    PFILE_OBJECT file = IopMakeStreamFile(FileObject, DeviceObject);
    file->Flags |= FO_HANDLE_CREATED | FO_CLEANUP_COMPLETE;
    return file;
}

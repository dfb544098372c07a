/* SPDX-License-Identifier: MIT
 * Information about files and volumes for who has a file object instead of a handle: straight to the driver, in kernel buffers.
 */
#include "information.h"

static NTSTATUS IopAskObject(PFILE_OBJECT File, UCHAR Major, ULONG Class, PVOID Buffer, ULONG Length, PULONG Returned)
{
    PDEVICE_OBJECT device = IoGetRelatedDeviceObject(File);
    PIRP irp = IoAllocateIrp(device->StackSize, FALSE);
    IO_STATUS_BLOCK result;
    PIO_STACK_LOCATION location;

    if (irp == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    irp->Tail.Overlay.OriginalFileObject = File;
    irp->AssociatedIrp.SystemBuffer = Buffer;    /* not the packet's to free: IRP_BUFFERED_IO is not set */
    location = IoGetNextIrpStackLocation(irp);
    location->MajorFunction = Major;
    location->FileObject = File;
    location->Parameters.QueryFile.Length = Length;              /* SetFile and QueryVolume begin the same */
    location->Parameters.QueryFile.FileInformationClass = (FILE_INFORMATION_CLASS)Class;
    IopSendForWaiter(device, irp, &result);
    if (Returned != NULL)
        *Returned = (ULONG)result.Information;
    return result.Status;
}

NTSTATUS NTAPI IoQueryFileInformation(PFILE_OBJECT FileObject, FILE_INFORMATION_CLASS FileInformationClass, ULONG Length,
                                      PVOID FileInformation, PULONG ReturnedLength)
{
    return IopAskObject(FileObject, IRP_MJ_QUERY_INFORMATION, FileInformationClass, FileInformation, Length, ReturnedLength);
}

NTSTATUS NTAPI IoQueryVolumeInformation(PFILE_OBJECT FileObject, FS_INFORMATION_CLASS FsInformationClass, ULONG Length,
                                        PVOID FsInformation, PULONG ReturnedLength)
{
    return IopAskObject(FileObject, IRP_MJ_QUERY_VOLUME_INFORMATION, FsInformationClass, FsInformation, Length, ReturnedLength);
}

/* Not for renames, whose target is opened by handle. */
NTSTATUS NTAPI IoSetInformation(PFILE_OBJECT FileObject, FILE_INFORMATION_CLASS FileInformationClass, ULONG Length, PVOID FileInformation)
{
    if (FileInformationClass == FileRenameInformation || FileInformationClass == FileLinkInformation)
        return STATUS_NOT_IMPLEMENTED;
    return IopAskObject(FileObject, IRP_MJ_SET_INFORMATION, FileInformationClass, FileInformation, Length, NULL);
}

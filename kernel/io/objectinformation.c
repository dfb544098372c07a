/* SPDX-License-Identifier: MIT
 * Information about files and volumes for who has a file object instead of a handle: straight to the driver, in kernel buffers.
 */
#include "information.h"

typedef struct IOP_QUESTION {
    UCHAR Major;
    ULONG Class;
    PVOID Buffer;
    ULONG Length;
    BOOLEAN AdvanceOnly;                         /* of an end of file */
} IOP_QUESTION;

static NTSTATUS IopAskObject(PFILE_OBJECT File, const IOP_QUESTION *Question, PULONG Returned)
{
    PDEVICE_OBJECT device = IoGetRelatedDeviceObject(File);
    PIRP irp = IoAllocateIrp(device->StackSize, FALSE);
    IO_STATUS_BLOCK result;
    PIO_STACK_LOCATION location;

    if (irp == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    irp->Tail.Overlay.OriginalFileObject = File;
    irp->AssociatedIrp.SystemBuffer = Question->Buffer;  /* not the packet's to free: IRP_BUFFERED_IO is not set */
    location = IoGetNextIrpStackLocation(irp);
    location->MajorFunction = Question->Major;
    location->FileObject = File;
    location->Parameters.QueryFile.Length = Question->Length;    /* SetFile and QueryVolume begin the same */
    location->Parameters.QueryFile.FileInformationClass = (FILE_INFORMATION_CLASS)Question->Class;
    if (Question->AdvanceOnly)
        location->Parameters.SetFile.AdvanceOnly = TRUE;
    IopSendForWaiter(device, irp, &result);
    if (Returned != NULL)
        *Returned = (ULONG)result.Information;
    return result.Status;
}

NTSTATUS NTAPI IoQueryFileInformation(PFILE_OBJECT FileObject, FILE_INFORMATION_CLASS FileInformationClass, ULONG Length,
                                      PVOID FileInformation, PULONG ReturnedLength)
{
    IOP_QUESTION question = { IRP_MJ_QUERY_INFORMATION, FileInformationClass, FileInformation, Length, FALSE };
    return IopAskObject(FileObject, &question, ReturnedLength);
}

NTSTATUS NTAPI IoQueryVolumeInformation(PFILE_OBJECT FileObject, FS_INFORMATION_CLASS FsInformationClass, ULONG Length,
                                        PVOID FsInformation, PULONG ReturnedLength)
{
    IOP_QUESTION question = { IRP_MJ_QUERY_VOLUME_INFORMATION, FsInformationClass, FsInformation, Length, FALSE };
    return IopAskObject(FileObject, &question, ReturnedLength);
}

/* Not for renames, whose target is opened by handle. */
NTSTATUS NTAPI IoSetInformation(PFILE_OBJECT FileObject, FILE_INFORMATION_CLASS FileInformationClass, ULONG Length, PVOID FileInformation)
{
    IOP_QUESTION question = { IRP_MJ_SET_INFORMATION, FileInformationClass, FileInformation, Length, FALSE };

    if (FileInformationClass == FileRenameInformation || FileInformationClass == FileLinkInformation)
        return STATUS_NOT_IMPLEMENTED;
    return IopAskObject(FileObject, &question, NULL);
}

NTSTATUS IoAdvanceValidData(PFILE_OBJECT File, const FILE_END_OF_FILE_INFORMATION *Information)
{
    FILE_END_OF_FILE_INFORMATION copy = *Information;
    IOP_QUESTION question = { IRP_MJ_SET_INFORMATION, FileEndOfFileInformation, &copy, sizeof(copy), TRUE };
    return IopAskObject(File, &question, NULL);
}

/* SPDX-License-Identifier: MIT
 * IRP_MJ_SET_INFORMATION, but for renames.
 */
#include "fastfat.h"

static BOOLEAN FatIsGiven(LARGE_INTEGER Time)
{
    return Time.QuadPart != 0 && Time.QuadPart != -1;
}

/* 0: the time stays. -1: it stays, whatever this handle does from now on. */
static NTSTATUS FatSetBasic(FAT_FCB *Fcb, FAT_CCB *Ccb, const FILE_BASIC_INFORMATION *Information)
{
    BOOLEAN folder = FatIsFolder(Fcb);
    NTSTATUS status;

    if ((Information->FileAttributes & FILE_ATTRIBUTE_DIRECTORY) && !folder)
        return STATUS_INVALID_PARAMETER;
    if ((Information->FileAttributes & FILE_ATTRIBUTE_TEMPORARY) && folder)
        return STATUS_INVALID_PARAMETER;
    if (Fcb->Parent == NULL)
        return STATUS_INVALID_PARAMETER;         /* the root has no entry */
    if (FatIsGiven(Information->CreationTime))
        Fcb->Record.Created = FatFromSystemTime(Information->CreationTime);
    if (FatIsGiven(Information->LastAccessTime))
        Fcb->Record.Accessed = (FAT_TIME){ FatFromSystemTime(Information->LastAccessTime).Date, 0, 0 };
    if (FatIsGiven(Information->LastWriteTime)) {
        FAT_TIME time = FatFromSystemTime(Information->LastWriteTime);
        Fcb->Record.Written = (FAT_TIME){ time.Date, time.Time, 0 };
    }
    if (Information->LastWriteTime.QuadPart != 0)
        Ccb->TimesGiven = TRUE;
    if (Information->FileAttributes != 0)
        Fcb->Record.Attributes = (UCHAR)((Information->FileAttributes & FatSettable) | (folder ? FatDirectory : 0));
    Fcb->IsChanged = TRUE;
    status = FatUpdateEntry(Fcb);
    FatReport(Fcb, FILE_NOTIFY_CHANGE_ATTRIBUTES | FILE_NOTIFY_CHANGE_LAST_WRITE | FILE_NOTIFY_CHANGE_CREATION,
              FILE_ACTION_MODIFIED);
    return status;
}

static NTSTATUS FatSetDisposition(FAT_FCB *Fcb, const FILE_DISPOSITION_INFORMATION *Information)
{
    FAT_STATUS empty;

    if (!Information->DeleteFile) {
        Fcb->DeletePending = FALSE;
        return STATUS_SUCCESS;
    }
    if (Fcb->DeletePending)
        return STATUS_SUCCESS;
    if (Fcb->Parent == NULL || (Fcb->Record.Attributes & FatReadOnly))
        return STATUS_CANNOT_DELETE;
    if (Fcb->Section.ImageSectionObject != NULL && !MmFlushImageSection(&Fcb->Section, MmFlushForDelete))
        return STATUS_CANNOT_DELETE;
    if (FatIsFolder(Fcb)) {
        empty = FatIsEmpty(&Fcb->Folder);
        if (empty != FatOk)
            return empty == FatNotFound ? STATUS_DIRECTORY_NOT_EMPTY : FatToNtStatus(empty);
    }
    Fcb->DeletePending = TRUE;
    return STATUS_SUCCESS;
}

static NTSTATUS FatSetEndOfFile(FAT_FCB *Fcb, PFILE_OBJECT File, LONGLONG Bytes)
{
    ULONG64 old = (ULONG64)Fcb->Header.FileSize.QuadPart;
    NTSTATUS status;

    if (Bytes < 0)
        return STATUS_INVALID_PARAMETER;
    status = FatSetFileSize(Fcb, File, (ULONG64)Bytes);
    if (Fcb->IsPageFile && NT_SUCCESS(status)) { /* only what was written there before is ever read */
        Fcb->Header.ValidDataLength = Fcb->Header.FileSize;
        return status;
    }
    if (NT_SUCCESS(status) && (ULONG64)Bytes > old) {
        status = FatZeroTo(Fcb, File, (ULONG64)Bytes);
        if (!NT_SUCCESS(status))
            FatSetFileSize(Fcb, File, old);
    }
    return status;
}

/* Less than the file has cuts it off. */
static NTSTATUS FatSetAllocationSize(FAT_FCB *Fcb, PFILE_OBJECT File, LONGLONG Bytes)
{
    NTSTATUS status = STATUS_SUCCESS;

    if (Bytes < 0)
        return STATUS_INVALID_PARAMETER;
    if (Bytes > (LONGLONG)FAT_MAXIMUM_FILE)
        return STATUS_DISK_FULL;
    if (Bytes < Fcb->Header.FileSize.QuadPart)
        status = FatSetFileSize(Fcb, File, (ULONG64)Bytes);
    if (NT_SUCCESS(status))
        status = FatSetAllocation(Fcb, (ULONG64)Bytes);
    FatTellSizes(Fcb, File);
    return status;
}

static NTSTATUS FatSetSize(FAT_FCB *Fcb, FAT_CCB *Ccb, PIO_STACK_LOCATION Location, LONGLONG Bytes)
{
    PFILE_OBJECT file = Location->FileObject;
    NTSTATUS status;

    if (FatIsFolder(Fcb))
        return STATUS_INVALID_DEVICE_REQUEST;
    status = Location->Parameters.SetFile.FileInformationClass == FileEndOfFileInformation
                 ? FatSetEndOfFile(Fcb, file, Bytes)
                 : FatSetAllocationSize(Fcb, file, Bytes);
    if (!NT_SUCCESS(status))
        return status;
    file->Flags |= FO_FILE_MODIFIED;
    if (!Ccb->TimesGiven)
        Fcb->Record.Written = FatNow();
    Fcb->Record.Attributes |= FatArchive;
    Fcb->IsChanged = TRUE;
    status = FatUpdateEntry(Fcb);
    FatReport(Fcb, FILE_NOTIFY_CHANGE_SIZE | FILE_NOTIFY_CHANGE_LAST_WRITE, FILE_ACTION_MODIFIED);
    return status;
}

static NTSTATUS FatSetLocked(FAT_FCB *Fcb, FAT_CCB *Ccb, PIRP Irp, PIO_STACK_LOCATION Location)
{
    PVOID buffer = Irp->AssociatedIrp.SystemBuffer;

    if (Fcb->Vcb->Dismounted)
        return STATUS_VOLUME_DISMOUNTED;
    if (Fcb->IsRemoved)
        return STATUS_FILE_DELETED;
    switch (Location->Parameters.SetFile.FileInformationClass) {
    case FileBasicInformation:
        return FatSetBasic(Fcb, Ccb, buffer);
    case FileDispositionInformation:
        return FatSetDisposition(Fcb, buffer);
    case FileEndOfFileInformation:
    case FileAllocationInformation:
        return FatSetSize(Fcb, Ccb, Location, ((PFILE_END_OF_FILE_INFORMATION)buffer)->EndOfFile.QuadPart);
    case FileLinkInformation:                    /* a file has one name */
        return STATUS_INVALID_DEVICE_REQUEST;
    default:
        return STATUS_INVALID_PARAMETER;
    }
}

NTSTATUS FatSetInformation(FAT_VCB *Vcb, PIRP Irp, PIO_STACK_LOCATION Location)
{
    FILE_INFORMATION_CLASS class = Location->Parameters.SetFile.FileInformationClass;
    FAT_CCB *ccb = Location->FileObject->FsContext2;
    NTSTATUS status;

    if (class == FileEndOfFileInformation && Location->Parameters.SetFile.AdvanceOnly)
        return STATUS_SUCCESS;                   /* nothing on the disk says how far data are valid */
    if (ccb == NULL || ccb->Fcb == NULL)
        return STATUS_INVALID_PARAMETER;
    if (class == FilePositionInformation) {
        Location->FileObject->CurrentByteOffset =
            ((PFILE_POSITION_INFORMATION)Irp->AssociatedIrp.SystemBuffer)->CurrentByteOffset;
        return STATUS_SUCCESS;
    }
    if (Vcb->WriteProtected)
        return STATUS_MEDIA_WRITE_PROTECTED;
    if (!FatIsFolder(ccb->Fcb)) {
        status = FsRtlCheckOplock(&ccb->Fcb->Oplock, Irp, NULL, NULL, NULL);
        if (!NT_SUCCESS(status))
            return status;
    }
    ExAcquireResourceExclusiveLite(&Vcb->Resource, TRUE);
    if (class == FileRenameInformation) {
        status = FatRename(Vcb, Irp, Location);
    } else {
        ExAcquireResourceExclusiveLite(&ccb->Fcb->Resource, TRUE);
        status = FatSetLocked(ccb->Fcb, ccb, Irp, Location);
        ExReleaseResourceLite(&ccb->Fcb->Resource);
    }
    ExReleaseResourceLite(&Vcb->Resource);
    return status;
}

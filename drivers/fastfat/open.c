/* SPDX-License-Identifier: MIT
 * Opening what is there: what the caller may do with it, sharing, oplocks, overwriting; and the volume itself.
 */
#include "fastfat.h"

#define FAT_WRITES (FILE_WRITE_DATA | FILE_APPEND_DATA)
#define FAT_CHANGES (FAT_WRITES | FILE_WRITE_ATTRIBUTES | FILE_WRITE_EA | DELETE | WRITE_DAC | WRITE_OWNER | FILE_DELETE_CHILD)

static BOOLEAN FatOverwrites(const FAT_OPENING *Opening)
{
    return (1u << Opening->Disposition & (1u << FILE_SUPERSEDE | 1u << FILE_OVERWRITE | 1u << FILE_OVERWRITE_IF)) != 0;
}

NTSTATUS FatFinishOpen(FAT_OPENING *Opening, FAT_FCB *Fcb)
{
    FAT_CCB *ccb = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*ccb), FAT_TAG);
    PFILE_OBJECT file = Opening->File;
    PSHARE_ACCESS share = Fcb != NULL ? &Fcb->Share : &Opening->Vcb->Share;
    ULONG handles = Fcb != NULL ? Fcb->Handles : Opening->Vcb->Share.OpenCount;
    USHORT shared = Opening->Location->Parameters.Create.ShareAccess;
    NTSTATUS status = STATUS_SUCCESS;

    if (ccb == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(ccb, sizeof(*ccb));
    ccb->Vcb = Opening->Vcb;
    ccb->Fcb = Fcb;
    ccb->DeleteOnClose = FatIsSet(Opening->Options, FILE_DELETE_ON_CLOSE);
    if (handles == 0)
        IoSetShareAccess(Opening->Access, shared, file, share);
    else if (Opening->ShareNoted)
        IoUpdateShareAccess(file, share);
    else
        status = IoCheckShareAccess(Opening->Access, shared, file, share, TRUE);
    if (!NT_SUCCESS(status)) {
        ExFreePoolWithTag(ccb, FAT_TAG);
        return status;
    }
    file->FsContext2 = ccb;
    file->Vpb = Opening->Vcb->Vpb;
    if (Fcb != NULL) {
        file->FsContext = Fcb;
        file->SectionObjectPointer = &Fcb->Section;
        if (!FatIsFolder(Fcb) && !(Opening->Options & FILE_NO_INTERMEDIATE_BUFFERING))
            file->Flags |= FO_CACHE_SUPPORTED;
        Fcb->IsPageFile |= FatIsSet(Opening->Location->Flags, SL_OPEN_PAGING_FILE);
        Fcb->Opens++;
        Fcb->Handles++;
        if (handles == 0)
            Fcb->Header.IsFastIoPossible = FatFastIoState(Fcb);
    } else {
        file->FsContext = Opening->Vcb;
        file->SectionObjectPointer = NULL;
        file->Flags |= FO_NO_INTERMEDIATE_BUFFERING;
    }
    Opening->Vcb->Opens++;
    Opening->Vcb->Handles++;
    return STATUS_SUCCESS;
}

/* What the file's attributes and kind, and the medium, do not let be done. */
static NTSTATUS FatCheckKind(const FAT_OPENING *Opening, const FAT_FCB *Fcb)
{
    if (Opening->Disposition == FILE_CREATE)
        return STATUS_OBJECT_NAME_COLLISION;
    if (FatIsFolder(Fcb)) {
        if (Opening->Options & FILE_NON_DIRECTORY_FILE)
            return STATUS_FILE_IS_A_DIRECTORY;
        if (FatOverwrites(Opening))
            return STATUS_OBJECT_NAME_COLLISION;
        if (Fcb->Parent == NULL && FatIsSet(Opening->Options, FILE_DELETE_ON_CLOSE))
            return STATUS_CANNOT_DELETE;
        return STATUS_SUCCESS;
    }
    if ((Opening->Options & FILE_DIRECTORY_FILE) || Opening->MustBeFolder)
        return STATUS_NOT_A_DIRECTORY;
    return STATUS_SUCCESS;
}

static NTSTATUS FatCheckRights(const FAT_OPENING *Opening, const FAT_FCB *Fcb)
{
    ULONG wanted = Opening->Location->Parameters.Create.FileAttributes;

    if (Opening->Vcb->WriteProtected &&
        ((Opening->Access & FAT_CHANGES) || FatOverwrites(Opening) || (Opening->Options & FILE_DELETE_ON_CLOSE)))
        return STATUS_MEDIA_WRITE_PROTECTED;
    if (Fcb->Record.Attributes & FatReadOnly) {
        if (Opening->Options & FILE_DELETE_ON_CLOSE)
            return STATUS_CANNOT_DELETE;
        if (!FatIsFolder(Fcb) && ((Opening->Access & FAT_WRITES) || FatOverwrites(Opening)))
            return STATUS_ACCESS_DENIED;
    }
    if (FatOverwrites(Opening) && (Fcb->Record.Attributes & (FatHidden | FatSystem) & ~wanted))
        return STATUS_ACCESS_DENIED;
    return STATUS_SUCCESS;
}

/* Others have it open, or mapped. */
static NTSTATUS FatCheckSharing(FAT_OPENING *Opening, FAT_FCB *Fcb)
{
    ACCESS_MASK access =
        Opening->Access | (FatOverwrites(Opening) ? FILE_WRITE_DATA : 0) | (Opening->Options & FILE_DELETE_ON_CLOSE ? DELETE : 0);
    NTSTATUS status = STATUS_SUCCESS;

    if (Fcb->Handles != 0) {
        status = IoCheckShareAccess(access, Opening->Location->Parameters.Create.ShareAccess, Opening->File, &Fcb->Share, FALSE);
        Opening->ShareNoted = NT_SUCCESS(status) && access == Opening->Access;
        if (!FatIsFolder(Fcb) && !Opening->OplockPassed && FsRtlCurrentOplock(&Fcb->Oplock) &&
            (NT_SUCCESS(status) || FsRtlCurrentBatchOplock(&Fcb->Oplock))) {
            Opening->Busy = Fcb;                 /* an oplock is broken first; its owner may close the file then */
            return STATUS_SHARING_VIOLATION;
        }
    }
    if (!NT_SUCCESS(status) || Fcb->Section.ImageSectionObject == NULL)
        return status;
    if ((Opening->Options & FILE_DELETE_ON_CLOSE) && !MmFlushImageSection(&Fcb->Section, MmFlushForDelete))
        return STATUS_CANNOT_DELETE;
    if ((access & FILE_WRITE_DATA) && !MmFlushImageSection(&Fcb->Section, MmFlushForWrite))
        return STATUS_SHARING_VIOLATION;
    return STATUS_SUCCESS;
}

/* The file becomes empty, with the attributes of a new one. */
static NTSTATUS FatOverwrite(FAT_OPENING *Opening, FAT_FCB *Fcb)
{
    ULONG attributes = Opening->Location->Parameters.Create.FileAttributes & FatSettable;
    LONGLONG allocation = Opening->Irp->Overlay.AllocationSize.QuadPart;
    NTSTATUS status;

    ExAcquireResourceExclusiveLite(&Fcb->Resource, TRUE);
    status = FatSetFileSize(Fcb, Opening->File, 0);
    if (NT_SUCCESS(status)) {
        if (Opening->Disposition != FILE_SUPERSEDE)
            attributes |= Fcb->Record.Attributes & FatSettable;
        Fcb->Record.Attributes = (UCHAR)(attributes | FatArchive);
        Fcb->Record.Written = FatNow();
        Fcb->Record.Accessed = (FAT_TIME){ Fcb->Record.Written.Date, 0, 0 };
        Fcb->IsChanged = TRUE;
        if (allocation > 0)
            status = FatSetAllocation(Fcb, (ULONG64)allocation);
        if (NT_SUCCESS(status))
            status = FatUpdateEntry(Fcb);
    }
    ExReleaseResourceLite(&Fcb->Resource);
    FatReport(Fcb, FILE_NOTIFY_CHANGE_LAST_WRITE | FILE_NOTIFY_CHANGE_ATTRIBUTES | FILE_NOTIFY_CHANGE_SIZE, FILE_ACTION_MODIFIED);
    return status;
}

NTSTATUS FatOpenExisting(FAT_OPENING *Opening, FAT_FCB *Fcb)
{
    NTSTATUS status;

    if (Fcb->DeletePending)
        return STATUS_DELETE_PENDING;
    if (Fcb->IsPageFile)                         /* whatever it is wanted for */
        return STATUS_SHARING_VIOLATION;
    status = FatCheckKind(Opening, Fcb);
    if (NT_SUCCESS(status))
        status = FatCheckRights(Opening, Fcb);
    if (NT_SUCCESS(status))
        status = FatCheckSharing(Opening, Fcb);
    if (NT_SUCCESS(status) && FatOverwrites(Opening)) {
        Opening->File->SectionObjectPointer = &Fcb->Section;
        status = FatOverwrite(Opening, Fcb);
    }
    if (!NT_SUCCESS(status))
        return status;
    Opening->Irp->IoStatus.Information = Opening->Disposition == FILE_SUPERSEDE ? FILE_SUPERSEDED
                                         : FatOverwrites(Opening)               ? FILE_OVERWRITTEN
                                                                                : FILE_OPENED;
    return FatFinishOpen(Opening, Fcb);
}

/* For programs that read a disk as it is, check it or format it. */
NTSTATUS FatOpenVolumeItself(FAT_OPENING *Opening)
{
    FAT_VCB *vcb = Opening->Vcb;

    if (Opening->Disposition != FILE_OPEN && Opening->Disposition != FILE_OPEN_IF)
        return STATUS_ACCESS_DENIED;
    if (Opening->Options & (FILE_DIRECTORY_FILE | FILE_DELETE_ON_CLOSE))
        return Opening->Options & FILE_DIRECTORY_FILE ? STATUS_NOT_A_DIRECTORY : STATUS_CANNOT_DELETE;
    if (vcb->WriteProtected && (Opening->Access & FAT_WRITES))
        return STATUS_MEDIA_WRITE_PROTECTED;
    Opening->Irp->IoStatus.Information = FILE_OPENED;
    return FatFinishOpen(Opening, NULL);
}

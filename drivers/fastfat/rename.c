/* SPDX-License-Identifier: MIT
 * FileRenameInformation. The new entry is written before the old one goes: a cut between leaves a file with two names, never without one.
 */
#include "fastfat.h"

typedef struct FAT_RENAMING {
    FAT_FCB *Fcb;
    FAT_FCB *Folder;                             /* the new one */
    UNICODE_STRING Name;                         /* the new last name */
    BOOLEAN Replace;
    FAT_NEW_NAME Made;
    FAT_ENTRY Entry;
} FAT_RENAMING;

static BOOLEAN FatIsBelow(const FAT_FCB *Fcb, const FAT_FCB *Folder)
{
    for (; Fcb != NULL; Fcb = Fcb->Parent)
        if (Fcb == Folder)
            return TRUE;
    return FALSE;
}

static NTSTATUS FatFindTarget(FAT_RENAMING *Renaming, PIRP Irp, PIO_STACK_LOCATION Location)
{
    PFILE_RENAME_INFORMATION information = Irp->AssociatedIrp.SystemBuffer;
    PFILE_OBJECT target = Location->Parameters.SetFile.FileObject;
    uint32_t length;

    Renaming->Replace = Location->Parameters.SetFile.ReplaceIfExists;
    if (target == NULL) {
        Renaming->Folder = Renaming->Fcb->Parent;
        Renaming->Name.Buffer = information->FileName;
        Renaming->Name.Length = (USHORT)information->FileNameLength;
    } else {
        FAT_CCB *ccb = target->FsContext2;
        if (ccb == NULL || ccb->Fcb == NULL || ccb->Vcb != Renaming->Fcb->Vcb)
            return STATUS_NOT_SAME_DEVICE;
        Renaming->Folder = ccb->Fcb;
        Renaming->Name = target->FileName;
    }
    length = Renaming->Name.Length / sizeof(WCHAR);
    if (!FatIsFolder(Renaming->Folder) || FatCheckName(Renaming->Name.Buffer, &length) != FatOk)
        return STATUS_OBJECT_NAME_INVALID;
    Renaming->Name.Length = (USHORT)(length * sizeof(WCHAR));
    if (Renaming->Folder->DeletePending || Renaming->Folder->IsRemoved)
        return STATUS_DELETE_PENDING;
    return FatIsFolder(Renaming->Fcb) && FatIsBelow(Renaming->Folder, Renaming->Fcb) ? STATUS_INVALID_PARAMETER : STATUS_SUCCESS;
}

/* What has the name now makes room, if it may. */
static NTSTATUS FatMakeRoom(FAT_RENAMING *Renaming)
{
    FAT_FCB *there;
    NTSTATUS status = FatLookUp(Renaming->Folder, &Renaming->Name, &there);

    if (!NT_SUCCESS(status) || there == NULL || there == Renaming->Fcb)
        return status;
    if (!Renaming->Replace)
        status = STATUS_OBJECT_NAME_COLLISION;
    else if (FatIsFolder(there) || (there->Record.Attributes & FatReadOnly) || there->Handles != 0)
        status = STATUS_ACCESS_DENIED;
    else if (there->Section.ImageSectionObject != NULL && !MmFlushImageSection(&there->Section, MmFlushForDelete))
        status = STATUS_ACCESS_DENIED;
    if (NT_SUCCESS(status)) {
        ExAcquireResourceExclusiveLite(&there->Resource, TRUE);
        status = FatRemoveFile(there);
        ExReleaseResourceLite(&there->Resource);
    }
    FatForget(there);
    return status;
}

/* The second entry of a directory leads to the one it lies in. */
static NTSTATUS FatSetParent(FAT_FCB *Fcb, const FAT_FCB *Folder)
{
    FAT_RECORD record = Fcb->Record;

    record.Attributes = FatDirectory;
    record.Case = 0;
    record.Size = 0;
    return FatToNtStatus(FatWriteDots(&Fcb->Folder, FatFirstCluster(&Fcb->Runs),
                                      Folder->Parent == NULL ? 0 : FatFirstCluster(&Folder->Runs), &record));
}

static VOID FatMove(FAT_RENAMING *Renaming, ULONG First)
{
    FAT_FCB *fcb = Renaming->Fcb, *folder = Renaming->Folder;
    ULONG length = Renaming->Name.Length / sizeof(WCHAR);

    if (FatFindEntry(&folder->Folder, Renaming->Name.Buffer, length, &Renaming->Entry) == FatOk)
        FatSetName(fcb, &Renaming->Entry);
    fcb->First = First;
    fcb->Offset = First + (Renaming->Made.Entries - 1) * FAT_ENTRY_SIZE;
    RemoveEntryList(&fcb->Link);
    InsertTailList(&folder->Children, &fcb->Link);
    fcb->Parent = folder;
}

static NTSTATUS FatRenameLocked(FAT_RENAMING *Renaming)
{
    FAT_FCB *fcb = Renaming->Fcb, *from = fcb->Parent;
    uint32_t first;
    ULONG oldFirst = fcb->First, oldOffset = fcb->Offset;
    ULONG kind = FatIsFolder(fcb) ? FILE_NOTIFY_CHANGE_DIR_NAME : FILE_NOTIFY_CHANGE_FILE_NAME;
    BOOLEAN same = Renaming->Folder == from;
    NTSTATUS status = FatMakeRoom(Renaming);

    if (NT_SUCCESS(status))
        status = FatUpdateEntry(fcb);
    if (NT_SUCCESS(status))
        status = FatToNtStatus(FatMakeName(&Renaming->Folder->Folder, Renaming->Name.Buffer,
                                           Renaming->Name.Length / sizeof(WCHAR), same ? oldOffset : ~0u, &Renaming->Made));
    if (NT_SUCCESS(status))
        status = FatAddEntry(Renaming->Folder, &Renaming->Made, &fcb->Record, &first);
    if (!NT_SUCCESS(status))
        return status;
    status = FatFlushPath(Renaming->Folder);     /* else a crash could take both names away */
    if (!NT_SUCCESS(status)) {
        FatRemoveEntry(&Renaming->Folder->Folder, first, first + (Renaming->Made.Entries - 1) * FAT_ENTRY_SIZE);
        return status;
    }
    FatReport(fcb, kind, same ? FILE_ACTION_RENAMED_OLD_NAME : FILE_ACTION_REMOVED);
    status = FatToNtStatus(FatRemoveEntry(&from->Folder, oldFirst, oldOffset));
    FatMove(Renaming, first);
    if (NT_SUCCESS(status) && !same && FatIsFolder(fcb))
        status = FatSetParent(fcb, Renaming->Folder);
    FatReport(fcb, kind, same ? FILE_ACTION_RENAMED_NEW_NAME : FILE_ACTION_ADDED);
    return status;
}

NTSTATUS FatRename(FAT_VCB *Vcb, PIRP Irp, PIO_STACK_LOCATION Location)
{
    FAT_CCB *ccb = Location->FileObject->FsContext2;
    FAT_RENAMING *renaming;
    NTSTATUS status;

    if (Vcb->Dismounted)
        return STATUS_VOLUME_DISMOUNTED;
    if (ccb->Fcb->IsRemoved)
        return STATUS_FILE_DELETED;
    if (ccb->Fcb->Parent == NULL)
        return STATUS_INVALID_PARAMETER;
    if (FatIsFolder(ccb->Fcb)) {                 /* nothing below it may be open */
        ULONG own = ccb->Fcb->Handles;
        BOOLEAN used;
        ccb->Fcb->Handles = 0;
        used = FatIsInUse(ccb->Fcb);
        ccb->Fcb->Handles = own;
        if (used)
            return STATUS_ACCESS_DENIED;
    }
    renaming = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*renaming), FAT_TAG);
    if (renaming == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    renaming->Fcb = ccb->Fcb;
    status = FatFindTarget(renaming, Irp, Location);
    if (NT_SUCCESS(status)) {
        ExAcquireResourceExclusiveLite(&ccb->Fcb->Resource, TRUE);
        status = FatRenameLocked(renaming);
        ExReleaseResourceLite(&ccb->Fcb->Resource);
    }
    ExFreePoolWithTag(renaming, FAT_TAG);
    return status;
}

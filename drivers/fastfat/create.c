/* SPDX-License-Identifier: MIT
 * IRP_MJ_CREATE: from a name to what is opened or made. A file whose oplock must be broken is waited for without any lock, then the
 * name is looked up anew.
 */
#include "fastfat.h"

VOID FatForget(FAT_FCB *Fcb)
{
    if (Fcb->Opens == 0 && (!FatIsFolder(Fcb) || Fcb->IsRemoved) && IsListEmpty(&Fcb->Children))
        FatDeleteFcb(Fcb);
}

/* Reads the directory. */
static NTSTATUS FatFindOnDisk(FAT_FCB *Folder, PCUNICODE_STRING Name, FAT_FCB **Fcb)
{
    uint32_t length = Name->Length / sizeof(WCHAR);
    FAT_ENTRY *entry;
    FAT_STATUS found;
    NTSTATUS status;

    if (FatCheckName(Name->Buffer, &length) != FatOk)
        return STATUS_OBJECT_NAME_INVALID;
    entry = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*entry), FAT_TAG);
    if (entry == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    found = FatFindEntry(&Folder->Folder, Name->Buffer, length, entry);
    if (found == FatOk)
        *Fcb = FatFindChildAt(Folder, entry->Offset);
    if (found == FatOk && *Fcb == NULL)
        status = FatCreateFcb(Folder->Vcb, Folder, entry, Fcb);
    else
        status = found == FatNotFound ? STATUS_SUCCESS : FatToNtStatus(found);
    ExFreePoolWithTag(entry, FAT_TAG);
    return status;
}

NTSTATUS FatLookUp(FAT_FCB *Folder, PCUNICODE_STRING Name, FAT_FCB **Fcb)
{
    *Fcb = FatFindChild(Folder, Name);
    return *Fcb != NULL ? STATUS_SUCCESS : FatFindOnDisk(Folder, Name, Fcb);
}

/* Takes the first name off a path. STATUS_OBJECT_NAME_INVALID: nothing is left of it. Its characters are looked at when nothing open
 * has it. */
static NTSTATUS FatTakeName(PUNICODE_STRING Path, PUNICODE_STRING Name)
{
    PWCHAR begin = Path->Buffer, end = begin + Path->Length / sizeof(WCHAR), at = begin;
    uint32_t length;

    while (at != end && *at != L'\\')
        at++;
    length = (uint32_t)(at - begin);
    Name->Buffer = begin;
    Path->Buffer = at;
    Path->Length -= (USHORT)(length * sizeof(WCHAR));
    if (FatTrimName(Name->Buffer, &length) != FatOk)
        return STATUS_OBJECT_NAME_INVALID;
    Name->Length = Name->MaximumLength = (USHORT)(length * sizeof(WCHAR));
    return STATUS_SUCCESS;
}

/* Goes down to the directory of the last name. */
static NTSTATUS FatWalkPath(FAT_OPENING *Opening, UNICODE_STRING Path)
{
    NTSTATUS status;

    while (TRUE) {
        FAT_FCB *next;
        status = FatTakeName(&Path, &Opening->Name);
        if (!NT_SUCCESS(status))
            return status;
        if (Path.Length == sizeof(WCHAR))
            Opening->MustBeFolder = TRUE;
        if (Path.Length <= sizeof(WCHAR))
            return STATUS_SUCCESS;
        status = FatLookUp(Opening->Folder, &Opening->Name, &next);
        if (!NT_SUCCESS(status))
            return status;
        if (next == NULL)
            return STATUS_OBJECT_PATH_NOT_FOUND;
        if (!FatIsFolder(next)) {
            FatForget(next);
            return STATUS_OBJECT_PATH_NOT_FOUND;
        }
        if (next->DeletePending)
            return STATUS_DELETE_PENDING;
        Opening->Folder = next;
        Path.Buffer++;
        Path.Length -= sizeof(WCHAR);
    }
}

/* Where the path begins; *IsVolume: it is the volume itself. */
static NTSTATUS FatBeginPath(FAT_OPENING *Opening, PUNICODE_STRING Path, PBOOLEAN IsVolume)
{
    PFILE_OBJECT related = Opening->File->RelatedFileObject;
    FAT_CCB *ccb = related != NULL ? related->FsContext2 : NULL;
    BOOLEAN absolute;

    *IsVolume = FALSE;
    *Path = Opening->File->FileName;
    if (Path->Length > sizeof(WCHAR) && Path->Buffer[0] == L'\\' && Path->Buffer[1] == L'\\') {
        Path->Buffer++;                          /* Win32 leaves a second one now and then */
        Path->Length -= sizeof(WCHAR);
    }
    absolute = Path->Length != 0 && Path->Buffer[0] == L'\\';
    Opening->Folder = Opening->Vcb->Root;
    if (related == NULL || ccb == NULL || ccb->Fcb == NULL) {
        if (Path->Length == 0)
            *IsVolume = TRUE;
        else if (!absolute)
            return STATUS_OBJECT_NAME_INVALID;
    } else {
        if (absolute)
            return STATUS_OBJECT_NAME_INVALID;
        if (!FatIsFolder(ccb->Fcb) && Path->Length != 0)
            return STATUS_OBJECT_PATH_NOT_FOUND;
        if (ccb->Fcb->IsRemoved)
            return STATUS_DELETE_PENDING;
        Opening->Folder = ccb->Fcb;
    }
    if (absolute) {
        Path->Buffer++;
        Path->Length -= sizeof(WCHAR);
    }
    return STATUS_SUCCESS;
}

/* For a rename: the directory is opened, and the file object keeps the last name alone. */
static NTSTATUS FatOpenTarget(FAT_OPENING *Opening)
{
    PUNICODE_STRING own = &Opening->File->FileName;
    FAT_FCB *found;
    NTSTATUS status;

    if (Opening->Name.Length == 0)
        return STATUS_OBJECT_NAME_INVALID;
    status = FatLookUp(Opening->Folder, &Opening->Name, &found);
    if (!NT_SUCCESS(status))
        return status;
    RtlMoveMemory(own->Buffer, Opening->Name.Buffer, Opening->Name.Length);
    own->Length = Opening->Name.Length;
    Opening->Irp->IoStatus.Information = found == NULL ? FILE_DOES_NOT_EXIST : FILE_EXISTS;
    if (found != NULL)
        FatForget(found);
    return FatFinishOpen(Opening, Opening->Folder);
}

static NTSTATUS FatOpenByName(FAT_OPENING *Opening)
{
    UNICODE_STRING path;
    BOOLEAN isVolume;
    FAT_FCB *found;
    NTSTATUS status = FatBeginPath(Opening, &path, &isVolume);

    if (!NT_SUCCESS(status))
        return status;
    if (isVolume)
        return FatOpenVolumeItself(Opening);
    if (path.Length != 0)
        status = FatWalkPath(Opening, path);
    if (!NT_SUCCESS(status))
        return status;
    if (Opening->Location->Flags & SL_OPEN_TARGET_DIRECTORY)
        return FatOpenTarget(Opening);
    if (Opening->Name.Length == 0)
        return FatOpenExisting(Opening, Opening->Folder);
    status = FatLookUp(Opening->Folder, &Opening->Name, &found);
    if (!NT_SUCCESS(status))
        return status;
    if (found == NULL)
        return FatCreateNew(Opening);
    status = FatOpenExisting(Opening, found);
    if (!NT_SUCCESS(status) && found != Opening->Busy)
        FatForget(found);
    return status;
}

static NTSTATUS FatCreateLocked(FAT_OPENING *Opening)
{
    FAT_VCB *vcb = Opening->Vcb;

    if (vcb->Dismounted)
        return STATUS_VOLUME_DISMOUNTED;
    if (vcb->Locker != NULL)
        return STATUS_ACCESS_DENIED;
    if (Opening->Options & FILE_OPEN_BY_FILE_ID)
        return STATUS_NOT_IMPLEMENTED;
    if (Opening->Location->Parameters.Create.EaLength != 0)
        return STATUS_EAS_NOT_SUPPORTED;
    if ((Opening->Location->Flags & SL_OPEN_PAGING_FILE) && vcb->WriteProtected)
        return STATUS_MEDIA_WRITE_PROTECTED;
    if ((Opening->Options & (FILE_DIRECTORY_FILE | FILE_NON_DIRECTORY_FILE)) == (FILE_DIRECTORY_FILE | FILE_NON_DIRECTORY_FILE))
        return STATUS_INVALID_PARAMETER;
    return FatOpenByName(Opening);
}

/* The medium may have been changed. */
static NTSTATUS FatVerifyMedium(FAT_VCB *Vcb)
{
    PDEVICE_OBJECT disk = Vcb->Vpb->RealDevice;
    return disk->Flags & DO_VERIFY_VOLUME ? IoVerifyVolume(disk, FALSE) : STATUS_SUCCESS;
}

NTSTATUS FatCreate(FAT_VCB *Vcb, PIRP Irp, PIO_STACK_LOCATION Location)
{
    FAT_OPENING opening = { .Vcb = Vcb, .Irp = Irp, .Location = Location, .File = Location->FileObject };
    ULONG options = Location->Parameters.Create.Options;
    NTSTATUS status = FatVerifyMedium(Vcb), passed = STATUS_SUCCESS;

    opening.Access = Location->Parameters.Create.SecurityContext->DesiredAccess;
    opening.Options = options & FILE_VALID_OPTION_FLAGS;
    opening.Disposition = options >> 24;
    if (!NT_SUCCESS(status))
        return status;
    do {
        FAT_FCB *busy;
        opening.Busy = NULL;
        opening.Name.Length = 0;
        opening.MustBeFolder = opening.ShareNoted = FALSE;
        ExAcquireResourceExclusiveLite(&Vcb->Resource, TRUE);
        status = FatCreateLocked(&opening);
        busy = opening.Busy;
        if (busy != NULL)
            busy->Opens++;
        ExReleaseResourceLite(&Vcb->Resource);
        if (busy == NULL)
            return status == STATUS_SUCCESS ? passed : status;
        status = passed = FsRtlCheckOplock(&busy->Oplock, Irp, NULL, NULL, NULL);
        ExAcquireResourceExclusiveLite(&Vcb->Resource, TRUE);
        busy->Opens--;
        busy->Header.IsFastIoPossible = FatFastIoState(busy);
        FatForget(busy);
        ExReleaseResourceLite(&Vcb->Resource);
        opening.OplockPassed = TRUE;
    } while (NT_SUCCESS(status));
    return status;
}

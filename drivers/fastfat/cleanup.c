/* SPDX-License-Identifier: MIT
 * IRP_MJ_CLEANUP: the last handle of a file object is gone. What is to be deleted goes with the last handle of all.
 */
#include "fastfat.h"

/* The volume's own file object. */
static NTSTATUS FatCleanupVolume(FAT_VCB *Vcb, PFILE_OBJECT File)
{
    if (Vcb->Locker == File) {
        Vcb->Locker = NULL;
        Vcb->Vpb->Flags &= ~VPB_LOCKED;
    }
    IoRemoveShareAccess(File, &Vcb->Share);
    return STATUS_SUCCESS;
}

static VOID FatDeleteNow(FAT_FCB *Fcb)
{
    BOOLEAN folder = FatIsFolder(Fcb);

    if (folder && FatIsEmpty(&Fcb->Folder) != FatOk) {
        Fcb->DeletePending = FALSE;              /* delete on close of a directory that got something in it */
        return;
    }
    if (NT_SUCCESS(FatRemoveFile(Fcb)))
        FatReport(Fcb, folder ? FILE_NOTIFY_CHANGE_DIR_NAME : FILE_NOTIFY_CHANGE_FILE_NAME, FILE_ACTION_REMOVED);
}

/* Clusters beyond the end of the file, which were asked for and not used. */
static VOID FatTrim(FAT_FCB *Fcb, PFILE_OBJECT File)
{
    if (FatIsFolder(Fcb) || Fcb->IsRemoved)
        return;
    if (NT_SUCCESS(FatSetAllocation(Fcb, (ULONG64)Fcb->Header.FileSize.QuadPart)))
        FatTellSizes(Fcb, File);
}

static VOID FatCleanupFile(FAT_FCB *Fcb, FAT_CCB *Ccb, PIRP Irp, PFILE_OBJECT File)
{
    LARGE_INTEGER nothing = { .QuadPart = 0 };

    if (FatIsFolder(Fcb)) {
        FsRtlNotifyCleanup(Fcb->Vcb->NotifySync, &Fcb->Vcb->NotifyList, Ccb);
    } else {
        FsRtlCheckOplock(&Fcb->Oplock, Irp, NULL, NULL, NULL);
        if (FsRtlAreThereCurrentFileLocks(&Fcb->Lock))
            FsRtlFastUnlockAll(&Fcb->Lock, File, IoGetRequestorProcess(Irp), NULL);
    }
    ExAcquireResourceExclusiveLite(&Fcb->Resource, TRUE);
    if (Ccb->DeleteOnClose)
        Fcb->DeletePending = TRUE;
    Fcb->Handles--;
    if (Fcb->Handles == 0 && Fcb->DeletePending && !Fcb->IsRemoved && !Fcb->Vcb->Dismounted)
        FatDeleteNow(Fcb);
    if (Fcb->Handles == 0 && !Fcb->Vcb->Dismounted)
        FatTrim(Fcb, File);
    FatUpdateEntry(Fcb);
    IoRemoveShareAccess(File, &Fcb->Share);
    CcUninitializeCacheMap(File, Fcb->IsRemoved ? &nothing : NULL, NULL);
    Fcb->Header.IsFastIoPossible = FatFastIoState(Fcb);
    ExReleaseResourceLite(&Fcb->Resource);
}

NTSTATUS FatCleanup(FAT_VCB *Vcb, PIRP Irp, PIO_STACK_LOCATION Location)
{
    PFILE_OBJECT file = Location->FileObject;
    FAT_CCB *ccb = file->FsContext2;

    if (ccb == NULL)                             /* a stream of ours */
        return STATUS_SUCCESS;
    ExAcquireResourceExclusiveLite(&Vcb->Resource, TRUE);
    Vcb->Handles--;
    if (ccb->Fcb == NULL)
        FatCleanupVolume(Vcb, file);
    else
        FatCleanupFile(ccb->Fcb, ccb, Irp, file);
    file->Flags |= FO_CLEANUP_COMPLETE;
    ExReleaseResourceLite(&Vcb->Resource);
    return STATUS_SUCCESS;
}

/* SPDX-License-Identifier: MIT
 * What makes a volume's disk whole: the mark of a dirty volume before the first change, flushing everything, the mark taken away.
 */
#include "fastfat.h"

/* In the boot sector and in each FAT, of which nothing else waits to be written then. The disk itself has it before anything that
 * follows. */
static NTSTATUS FatWriteMark(FAT_VCB *Vcb, BOOLEAN Dirty)
{
    NTSTATUS status = FatToNtStatus(FatSetDirty(&Vcb->Volume, Dirty));

    if (NT_SUCCESS(status))
        status = FatFlushStream(&Vcb->Stream);
    return NT_SUCCESS(status) ? FatFlushDevice(Vcb->Target) : status;
}

NTSTATUS FatBeginChange(FAT_VCB *Vcb)
{
    NTSTATUS status = STATUS_SUCCESS;

    if (Vcb->WriteProtected)
        return STATUS_MEDIA_WRITE_PROTECTED;
    if (Vcb->Dismounted)
        return STATUS_VOLUME_DISMOUNTED;
    if (Vcb->IsMarked)
        return STATUS_SUCCESS;
    ExAcquireResourceExclusiveLite(&Vcb->FatLock, TRUE);
    if (!Vcb->IsMarked)
        status = FatWriteMark(Vcb, TRUE);
    if (NT_SUCCESS(status))
        Vcb->IsMarked = TRUE;
    ExReleaseResourceLite(&Vcb->FatLock);
    return status;
}

static VOID FatKeepFirst(NTSTATUS *Kept, NTSTATUS Status)
{
    if (NT_SUCCESS(*Kept))
        *Kept = Status;
}

typedef NTSTATUS FAT_ACTION(FAT_FCB *Fcb);

/* The first failure, after all of them. */
static NTSTATUS FatForAllOpen(FAT_VCB *Vcb, FAT_ACTION *Action)
{
    NTSTATUS status = STATUS_SUCCESS;
    FAT_FCB *fcb;

    for (fcb = FatFirstOpen(Vcb->Root); fcb != NULL; fcb = FatNextOpen(Vcb->Root, fcb))
        FatKeepFirst(&status, Action(fcb));
    return status;
}

static NTSTATUS FatFlushData(FAT_FCB *Fcb)
{
    NTSTATUS status = STATUS_SUCCESS;

    ExAcquireResourceExclusiveLite(&Fcb->Resource, TRUE);
    if (!Fcb->IsRemoved)
        status = FatFlushSection(&Fcb->Section, NULL, 0);
    ExReleaseResourceLite(&Fcb->Resource);
    return status;
}

static NTSTATUS FatFlushEntry(FAT_FCB *Fcb)
{
    NTSTATUS status;

    ExAcquireResourceExclusiveLite(&Fcb->Resource, TRUE);
    status = FatUpdateEntry(Fcb);
    ExReleaseResourceLite(&Fcb->Resource);
    return status;
}

static NTSTATUS FatFlushFolder(FAT_FCB *Fcb) { return FatFlushStream(&Fcb->Stream); }

/* All of them, not only those on the way to one file: entries that are gone must go on the disk, too. */
NTSTATUS FatFlushMetadata(FAT_VCB *Vcb)
{
    NTSTATUS status = STATUS_SUCCESS;
    ULONG frees;

    ExAcquireResourceSharedLite(&Vcb->FatLock, TRUE);
    frees = Vcb->Volume.Frees;
    ExReleaseResourceLite(&Vcb->FatLock);
    FatKeepFirst(&status, FatForAllOpen(Vcb, FatFlushEntry));
    FatKeepFirst(&status, FatFlushStream(&Vcb->Stream));
    FatKeepFirst(&status, FatForAllOpen(Vcb, FatFlushFolder));
    FatKeepFirst(&status, FatFlushDevice(Vcb->Target));
    if (!NT_SUCCESS(status))
        return status;
    ExAcquireResourceExclusiveLite(&Vcb->FatLock, TRUE);
    FatSettle(&Vcb->Volume, frees);
    ExReleaseResourceLite(&Vcb->FatLock);
    return STATUS_SUCCESS;
}

/* Data, then metadata; a clean volume's mark last, when the disk has everything else. */
NTSTATUS FatFlushVolume(FAT_VCB *Vcb, BOOLEAN Clean)
{
    NTSTATUS status = STATUS_SUCCESS;

    if (Vcb->WriteProtected)
        return STATUS_SUCCESS;
    FatKeepFirst(&status, FatForAllOpen(Vcb, FatFlushData));
    if (Clean && Vcb->IsMarked)
        FatKeepFirst(&status, FatToNtStatus(FatWriteInformation(&Vcb->Volume)));
    FatKeepFirst(&status, FatFlushMetadata(Vcb));
    if (!NT_SUCCESS(status) || !Clean || !Vcb->IsMarked || Vcb->WasDirty)
        return status;
    ExAcquireResourceExclusiveLite(&Vcb->FatLock, TRUE);
    status = FatWriteMark(Vcb, FALSE);
    if (NT_SUCCESS(status))
        Vcb->IsMarked = FALSE;
    ExReleaseResourceLite(&Vcb->FatLock);
    return status;
}

/* Everything is written while disks still work; volumes stay mounted, for what comes after. */
VOID FatShutdown(VOID)
{
    PLIST_ENTRY entry;

    ExAcquireResourceSharedLite(&FatVolumesLock, TRUE);
    for (entry = FatVolumes.Flink; entry != &FatVolumes; entry = entry->Flink) {
        FAT_VCB *vcb = CONTAINING_RECORD(entry, FAT_VCB, Link);
        ExAcquireResourceExclusiveLite(&vcb->Resource, TRUE);
        FatFlushVolume(vcb, TRUE);
        ExReleaseResourceLite(&vcb->Resource);
    }
    ExReleaseResourceLite(&FatVolumesLock);
}

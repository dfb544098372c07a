/* SPDX-License-Identifier: MIT
 * Changing directories: room for new entries. A directory's new cluster is zeroed on the disk before anything leads to it.
 */
#include "fastfat.h"

static NTSTATUS FatZeroClusters(FAT_FCB *Fcb, ULONG From)
{
    FAT_VOLUME *volume = &Fcb->Vcb->Volume;
    NTSTATUS status = STATUS_SUCCESS;

    while (From < Fcb->Runs.Clusters && NT_SUCCESS(status)) {
        const FAT_RUN *run = FatFindRun(&Fcb->Runs, From);
        ULONG skip = From - run->First, count = run->Count - skip;
        status = FatZeroDevice(Fcb->Vcb, FatClusterOffset(volume, run->Cluster + skip), (ULONG64)count << volume->ClusterShift);
        From += count;
    }
    return status;
}

static NTSTATUS FatExtendFolder(FAT_FCB *Folder, ULONG Bytes)
{
    ULONG before = Folder->Runs.Clusters;
    ULONG64 old = Folder->Folder.Bytes;
    NTSTATUS status = FatSetAllocation(Folder, Bytes);

    if (NT_SUCCESS(status)) {
        status = FatZeroClusters(Folder, before);
        if (!NT_SUCCESS(status))
            FatSetAllocation(Folder, old);
    }
    if (!NT_SUCCESS(status))
        return status;
    Folder->Header.FileSize = Folder->Header.ValidDataLength = Folder->Header.AllocationSize;
    Folder->Folder.Bytes = (ULONG)Folder->Header.FileSize.QuadPart;
    FatTellSizes(Folder, Folder->Stream.File);
    return STATUS_SUCCESS;
}

NTSTATUS FatGrowFolder(FAT_FCB *Folder, ULONG Entries, uint32_t *Offset)
{
    FAT_STATUS found = FatFindSlots(&Folder->Folder, Entries, Offset);
    ULONG64 wanted;
    NTSTATUS status;

    if (found != FatDirectoryFull)
        return FatToNtStatus(found);
    wanted = (ULONG64)*Offset + Entries * FAT_ENTRY_SIZE;
    if (wanted > FAT_MAXIMUM_DIRECTORY || (Folder->Parent == NULL && Folder->Vcb->Volume.RootBytes != 0))
        return STATUS_CANNOT_MAKE;
    status = FatExtendFolder(Folder, (ULONG)wanted);
    return NT_SUCCESS(status) ? FatToNtStatus(FatFindSlots(&Folder->Folder, Entries, Offset)) : status;
}

NTSTATUS FatAddEntry(FAT_FCB *Folder, const FAT_NEW_NAME *Name, const FAT_RECORD *Record, uint32_t *First)
{
    NTSTATUS status = FatBeginChange(Folder->Vcb);

    if (NT_SUCCESS(status))
        status = FatGrowFolder(Folder, Name->Entries, First);
    if (NT_SUCCESS(status))
        status = FatToNtStatus(FatWriteName(&Folder->Folder, *First, Name, Record));
    return status;
}

/* SPDX-License-Identifier: MIT
 * Changing directories: room for new entries. A directory's new cluster is zeroed on the disk before anything leads to it.
 */
#include "fastfat.h"

static NTSTATUS FatExtendFolder(FAT_FCB *Folder, ULONG Bytes)
{
    NTSTATUS status = FatSetAllocation(Folder, Bytes);

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

/* SPDX-License-Identifier: MIT
 * Files and directories that are open. They hang in a tree below the root. A directory stays in it until it is deleted or the volume
 * goes, so that paths are found without looking at the disk again; a file goes with its last file object.
 */
#include "fastfat.h"

static VOID FatInitializeFcb(FAT_FCB *Fcb, FAT_VCB *Vcb, FAT_FCB *Parent, BOOLEAN Folder)
{
    RtlZeroMemory(Fcb, sizeof(*Fcb));
    ExInitializeResourceLite(&Fcb->Resource);
    ExInitializeResourceLite(&Fcb->PagingIo);
    ExInitializeFastMutex(&Fcb->HeaderMutex);
    FsRtlSetupAdvancedHeader(&Fcb->Header, &Fcb->HeaderMutex);
    Fcb->Header.NodeTypeCode = Folder ? FAT_NODE_FOLDER : FAT_NODE_FILE;
    Fcb->Header.NodeByteSize = sizeof(*Fcb);
    Fcb->Header.Resource = &Fcb->Resource;
    Fcb->Header.PagingIoResource = &Fcb->PagingIo;
    Fcb->Vcb = Vcb;
    Fcb->Parent = Parent;
    InitializeListHead(&Fcb->Children);
    InitializeListHead(&Fcb->Link);
    Fcb->Name.Buffer = Fcb->NameBuffer;
    Fcb->Name.MaximumLength = sizeof(Fcb->NameBuffer);
    Fcb->ShortName.Buffer = Fcb->ShortBuffer;
    Fcb->ShortName.MaximumLength = sizeof(Fcb->ShortBuffer);
    FsRtlInitializeFileLock(&Fcb->Lock, NULL, NULL);
    FsRtlInitializeOplock(&Fcb->Oplock);
    Fcb->Header.IsFastIoPossible = FastIoIsQuestionable;
}

VOID FatSetName(FAT_FCB *Fcb, const FAT_ENTRY *Entry)
{
    Fcb->Name.Length = (USHORT)(Entry->Length * sizeof(WCHAR));
    RtlCopyMemory(Fcb->NameBuffer, Entry->Name, Fcb->Name.Length);
    Fcb->ShortName.Length = (USHORT)(Entry->ShortLength * sizeof(WCHAR));
    RtlCopyMemory(Fcb->ShortBuffer, Entry->ShortName, Fcb->ShortName.Length);
    Fcb->Record = Entry->Record;
    Fcb->Offset = Entry->Offset;
    Fcb->First = Entry->First;
}

/* A volume that was not shut down may have an entry that is newer than the FAT, or a FAT whose sectors are not all of one time: what a
 * flush left is there, and what came behind it may be torn. So a file has as many clusters as its size needs, of which there may be
 * fewer, and what its chain leads to behind them is not believed. Elsewhere a chain is whole, and may be longer than its file. */
static NTSTATUS FatLoadClusters(FAT_FCB *Fcb, ULONG First)
{
    FAT_VOLUME *volume = &Fcb->Vcb->Volume;
    ULONG64 bytes = FatIsFolder(Fcb) ? FAT_MAXIMUM_DIRECTORY : Fcb->Record.Size;

    if (!Fcb->Vcb->WasDirty)
        return FatToNtStatus(FatLoadChain(volume, First, &Fcb->Runs));
    return FatToNtStatus(
        FatLoadTornChain(volume, First, (ULONG)((bytes + volume->ClusterSize - 1) >> volume->ClusterShift), &Fcb->Runs));
}

/* A directory's entries are cached; a file has as many clusters as its size needs, or on a volume that was not shut down a size that
 * its clusters have room for. */
static NTSTATUS FatOpenClusters(FAT_FCB *Fcb)
{
    FAT_VOLUME *volume = &Fcb->Vcb->Volume;
    BOOLEAN fixed = Fcb->Parent == NULL && volume->RootBytes != 0;
    ULONG64 bytes = volume->RootBytes;
    NTSTATUS status = STATUS_SUCCESS;

    if (!fixed) {
        status = FatLoadClusters(Fcb, Fcb->Parent == NULL ? volume->RootCluster : Fcb->Record.Cluster);
        bytes = (ULONG64)Fcb->Runs.Clusters << volume->ClusterShift;
    }
    if (!NT_SUCCESS(status))
        return status;
    Fcb->Header.AllocationSize.QuadPart = (LONG64)bytes;
    Fcb->Header.FileSize.QuadPart = FatIsFolder(Fcb) ? (LONG64)bytes : (LONG64)min(Fcb->Record.Size, bytes);
    Fcb->Header.ValidDataLength = Fcb->Header.FileSize;
    if (!FatIsFolder(Fcb))
        return Fcb->Record.Size > bytes && (bytes == 0 || !Fcb->Vcb->WasDirty) ? STATUS_FILE_CORRUPT_ERROR : STATUS_SUCCESS;
    if (bytes == 0 || bytes > FAT_MAXIMUM_DIRECTORY)
        return STATUS_FILE_CORRUPT_ERROR;
    status = FatOpenStream(Fcb->Vcb, Fcb, &Fcb->Header, &Fcb->Stream);
    if (NT_SUCCESS(status))
        Fcb->Folder = (FAT_FOLDER){ volume, Fcb->Stream.File, (ULONG)bytes };
    return status;
}

/* A directory within itself would make an endless tree. */
static BOOLEAN FatIsAmongParents(FAT_FCB *Parent, ULONG Cluster)
{
    for (; Parent != NULL; Parent = Parent->Parent)
        if (FatFirstCluster(&Parent->Runs) == Cluster)
            return TRUE;
    return FALSE;
}

/* Entry NULL: the root. */
NTSTATUS FatCreateFcb(FAT_VCB *Vcb, FAT_FCB *Parent, const FAT_ENTRY *Entry, FAT_FCB **Fcb)
{
    BOOLEAN folder = Entry == NULL || (Entry->Record.Attributes & FatDirectory);
    FAT_FCB *fcb;
    NTSTATUS status = STATUS_FILE_CORRUPT_ERROR;

    if (Entry != NULL && folder && (Entry->Record.Cluster == 0 || FatIsAmongParents(Parent, Entry->Record.Cluster)))
        return STATUS_FILE_CORRUPT_ERROR;
    fcb = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*fcb), FAT_TAG);
    if (fcb == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    FatInitializeFcb(fcb, Vcb, Parent, folder);
    if (Entry != NULL)
        FatSetName(fcb, Entry);
    else
        fcb->Record.Attributes = FatDirectory;
    if (Parent != NULL)
        InsertTailList(&Parent->Children, &fcb->Link);
    status = FatOpenClusters(fcb);
    if (!NT_SUCCESS(status)) {
        FatDeleteFcb(fcb);
        return status;
    }
    *Fcb = fcb;
    return STATUS_SUCCESS;
}

FAT_FCB *FatFirstOpen(FAT_FCB *Top)
{
    while (!IsListEmpty(&Top->Children))
        Top = CONTAINING_RECORD(Top->Children.Flink, FAT_FCB, Link);
    return Top;
}

FAT_FCB *FatNextOpen(const FAT_FCB *Top, const FAT_FCB *Fcb)
{
    if (Fcb == Top)
        return NULL;
    if (Fcb->Link.Flink == &Fcb->Parent->Children)
        return Fcb->Parent;
    return FatFirstOpen(CONTAINING_RECORD(Fcb->Link.Flink, FAT_FCB, Link));
}

static VOID FatDeleteOne(FAT_FCB *Fcb)
{
    RemoveEntryList(&Fcb->Link);
    FatCloseStream(&Fcb->Stream);
    FatFreeRuns(&FatHost, &Fcb->Runs);
    FsRtlUninitializeOplock(&Fcb->Oplock);
    FsRtlUninitializeFileLock(&Fcb->Lock);
    ExDeleteResourceLite(&Fcb->PagingIo);
    ExDeleteResourceLite(&Fcb->Resource);
    ExFreePoolWithTag(Fcb, FAT_TAG);
}

/* Takes it out of the tree, with what is below it. */
VOID FatDeleteFcb(FAT_FCB *Fcb)
{
    FAT_FCB *gone;

    do {
        gone = FatFirstOpen(Fcb);
        FatDeleteOne(gone);
    } while (gone != Fcb);
}

static BOOLEAN FatHasName(PCUNICODE_STRING Own, PCUNICODE_STRING Name)
{
    return Own->Length == Name->Length && FatNamesEqual(&FatHost, Own->Buffer, Name->Buffer, Name->Length / sizeof(WCHAR));
}

/* What was looked for is looked for again. */
static VOID FatPutFirst(FAT_FCB *Folder, FAT_FCB *Child)
{
    if (Folder->Children.Flink == &Child->Link)
        return;
    RemoveEntryList(&Child->Link);
    InsertHeadList(&Folder->Children, &Child->Link);
}

FAT_FCB *FatFindChild(FAT_FCB *Folder, PCUNICODE_STRING Name)
{
    PLIST_ENTRY entry;

    for (entry = Folder->Children.Flink; entry != &Folder->Children; entry = entry->Flink) {
        FAT_FCB *child = CONTAINING_RECORD(entry, FAT_FCB, Link);
        if (!child->IsRemoved && (FatHasName(&child->Name, Name) || FatHasName(&child->ShortName, Name))) {
            FatPutFirst(Folder, child);
            return child;
        }
    }
    return NULL;
}

FAT_FCB *FatFindChildAt(FAT_FCB *Folder, ULONG Offset)
{
    PLIST_ENTRY entry;

    for (entry = Folder->Children.Flink; entry != &Folder->Children; entry = entry->Flink) {
        FAT_FCB *child = CONTAINING_RECORD(entry, FAT_FCB, Link);
        if (!child->IsRemoved && child->Offset == Offset)
            return child;
    }
    return NULL;
}

BOOLEAN FatIsInUse(FAT_FCB *Fcb)
{
    const FAT_FCB *open;

    for (open = FatFirstOpen(Fcb); open != NULL; open = FatNextOpen(Fcb, open))
        if (open->Handles != 0)
            return TRUE;
    return FALSE;
}

NTSTATUS FatGetPath(const FAT_FCB *Fcb, PUNICODE_STRING Path)
{
    const FAT_FCB *node;
    ULONG bytes = 0;

    for (node = Fcb; node->Parent != NULL; node = node->Parent)
        bytes += node->Name.Length + sizeof(WCHAR);
    if (bytes == 0)
        bytes = sizeof(WCHAR);
    if (bytes > MAXUSHORT)
        return STATUS_NAME_TOO_LONG;
    Path->Buffer = ExAllocatePoolWithTag(NonPagedPoolNx, bytes, FAT_TAG);
    if (Path->Buffer == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    Path->Length = Path->MaximumLength = (USHORT)bytes;
    Path->Buffer[0] = L'\\';
    for (node = Fcb; node->Parent != NULL; node = node->Parent) {
        bytes -= node->Name.Length;
        RtlCopyMemory((PUCHAR)Path->Buffer + bytes, node->NameBuffer, node->Name.Length);
        bytes -= sizeof(WCHAR);
        Path->Buffer[bytes / sizeof(WCHAR)] = L'\\';
    }
    return STATUS_SUCCESS;
}

NTSTATUS FatUpdateEntry(FAT_FCB *Fcb)
{
    FAT_RECORD record = Fcb->Record;
    NTSTATUS status;

    if (!Fcb->IsChanged || Fcb->Parent == NULL || Fcb->IsRemoved || Fcb->Vcb->Dismounted)
        return STATUS_SUCCESS;
    if (!FatIsFolder(Fcb)) {
        record.Size = (ULONG)Fcb->Header.FileSize.QuadPart;
        record.Cluster = FatFirstCluster(&Fcb->Runs);
    }
    status = FatBeginChange(Fcb->Vcb);
    if (NT_SUCCESS(status))
        status = FatToNtStatus(FatWriteRecord(&Fcb->Parent->Folder, Fcb->Offset, &record));
    if (NT_SUCCESS(status)) {
        Fcb->Record = record;
        Fcb->IsChanged = FALSE;
    }
    return status;
}

NTSTATUS FatRemoveFile(FAT_FCB *Fcb)
{
    FAT_VCB *vcb = Fcb->Vcb;
    NTSTATUS status = FatBeginChange(vcb);

    if (NT_SUCCESS(status))
        status = FatToNtStatus(FatRemoveEntry(&Fcb->Parent->Folder, Fcb->First, Fcb->Offset));
    if (!NT_SUCCESS(status))
        return status;
    Fcb->IsRemoved = TRUE;
    FatCloseStream(&Fcb->Stream);
    ExAcquireResourceExclusiveLite(&Fcb->PagingIo, TRUE);
    Fcb->Header.FileSize.QuadPart = Fcb->Header.ValidDataLength.QuadPart = 0;
    ExReleaseResourceLite(&Fcb->PagingIo);
    return FatSetAllocation(Fcb, 0);
}

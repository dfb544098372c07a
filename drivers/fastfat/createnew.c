/* SPDX-License-Identifier: MIT
 * Making files and directories. Clusters come first, then what is in them, then the entry.
 */
#include "fastfat.h"

static NTSTATUS FatCheckNew(const FAT_OPENING *Opening)
{
    if (Opening->Disposition == FILE_OPEN || Opening->Disposition == FILE_OVERWRITE)
        return STATUS_OBJECT_NAME_NOT_FOUND;
    if (Opening->MustBeFolder && !(Opening->Options & FILE_DIRECTORY_FILE))
        return STATUS_OBJECT_NAME_INVALID;
    if (Opening->Vcb->WriteProtected)
        return STATUS_MEDIA_WRITE_PROTECTED;
    if ((Opening->Location->Parameters.Create.FileAttributes & FILE_ATTRIBUTE_READONLY) &&
        (Opening->Options & FILE_DELETE_ON_CLOSE))
        return STATUS_CANNOT_DELETE;
    return Opening->Folder->DeletePending ? STATUS_DELETE_PENDING : STATUS_SUCCESS;
}

static VOID FatFillRecord(const FAT_OPENING *Opening, FAT_RECORD *Record)
{
    BOOLEAN folder = FatIsSet(Opening->Options, FILE_DIRECTORY_FILE);
    ULONG attributes = Opening->Location->Parameters.Create.FileAttributes & FatSettable;

    *Record = (FAT_RECORD){ .Created = FatNow() };
    Record->Written = (FAT_TIME){ Record->Created.Date, Record->Created.Time, 0 };
    Record->Accessed = (FAT_TIME){ Record->Created.Date, 0, 0 };
    Record->Attributes = (UCHAR)(attributes | (folder ? FatDirectory : FatArchive));
}

/* The entry in its directory, and what is in memory of it. */
static NTSTATUS FatEnter(FAT_OPENING *Opening, const FAT_RECORD *Record, FAT_FCB **Fcb)
{
    FAT_NEW_NAME *name = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*name), FAT_TAG);
    FAT_ENTRY *entry = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*entry), FAT_TAG);
    FAT_FCB *folder = Opening->Folder;
    uint32_t first = 0;
    NTSTATUS status = name == NULL || entry == NULL ? STATUS_INSUFFICIENT_RESOURCES : STATUS_SUCCESS;

    if (NT_SUCCESS(status))
        status =
            FatToNtStatus(FatMakeName(&folder->Folder, Opening->Name.Buffer, Opening->Name.Length / sizeof(WCHAR), ~0u, name));
    if (NT_SUCCESS(status))
        status = FatAddEntry(folder, name, Record, &first);
    if (NT_SUCCESS(status)) {
        status = FatToNtStatus(FatFindEntry(&folder->Folder, Opening->Name.Buffer, Opening->Name.Length / sizeof(WCHAR), entry));
        if (NT_SUCCESS(status))
            status = FatCreateFcb(Opening->Vcb, folder, entry, Fcb);
        if (!NT_SUCCESS(status))
            FatRemoveEntry(&folder->Folder, first, first + (name->Entries - 1) * FAT_ENTRY_SIZE);
    }
    if (name != NULL)
        ExFreePoolWithTag(name, FAT_TAG);
    if (entry != NULL)
        ExFreePoolWithTag(entry, FAT_TAG);
    return status;
}

static NTSTATUS FatMakeFolder(FAT_OPENING *Opening, FAT_RECORD *Record, FAT_FCB **Fcb)
{
    ULONG parent = Opening->Folder->Parent == NULL ? 0 : FatFirstCluster(&Opening->Folder->Runs);
    FAT_RUNS runs = { 0 };
    NTSTATUS status = FatGrowChain(Opening->Vcb, &runs, 1, TRUE);

    Record->Cluster = FatFirstCluster(&runs);
    if (NT_SUCCESS(status))
        status = FatEnter(Opening, Record, Fcb);
    if (NT_SUCCESS(status))
        status = FatToNtStatus(FatWriteDots(&(*Fcb)->Folder, Record->Cluster, parent, Record));
    else if (Record->Cluster != 0)
        FatCutChain(Opening->Vcb, &runs, 0);
    FatFreeRuns(&FatHost, &runs);
    return status;
}

static NTSTATUS FatMakeFile(FAT_OPENING *Opening, FAT_RECORD *Record, FAT_FCB **Fcb)
{
    LONGLONG allocation = Opening->Irp->Overlay.AllocationSize.QuadPart;
    NTSTATUS status = FatEnter(Opening, Record, Fcb);

    if (!NT_SUCCESS(status) || allocation <= 0)
        return status;
    ExAcquireResourceExclusiveLite(&(*Fcb)->Resource, TRUE);
    status = allocation > FAT_MAXIMUM_FILE ? STATUS_DISK_FULL : FatSetAllocation(*Fcb, (ULONG64)allocation);
    ExReleaseResourceLite(&(*Fcb)->Resource);
    return status;
}

NTSTATUS FatCreateNew(FAT_OPENING *Opening)
{
    BOOLEAN folder = FatIsSet(Opening->Options, FILE_DIRECTORY_FILE);
    FAT_FCB *fcb = NULL;
    FAT_RECORD record;
    NTSTATUS status = FatCheckNew(Opening);

    if (!NT_SUCCESS(status))
        return status;
    FatFillRecord(Opening, &record);
    status = folder ? FatMakeFolder(Opening, &record, &fcb) : FatMakeFile(Opening, &record, &fcb);
    if (NT_SUCCESS(status))
        status = FatFinishOpen(Opening, fcb);
    if (!NT_SUCCESS(status) && fcb != NULL) {    /* it is not left behind half made */
        FatRemoveFile(fcb);
        FatForget(fcb);
    }
    if (!NT_SUCCESS(status))
        return status;
    Opening->Irp->IoStatus.Information = FILE_CREATED;
    FatReport(fcb, folder ? FILE_NOTIFY_CHANGE_DIR_NAME : FILE_NOTIFY_CHANGE_FILE_NAME, FILE_ACTION_ADDED);
    return STATUS_SUCCESS;
}

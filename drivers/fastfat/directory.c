/* SPDX-License-Identifier: MIT
 * IRP_MJ_DIRECTORY_CONTROL: enumeration. The handle remembers the pattern of its first query and how far it has come.
 */
#include "fastfat.h"

/* Where a class has its parts; 0: it has none. All but the names' class begin as FILE_DIRECTORY_INFORMATION does. */
typedef struct FAT_CLASS {
    USHORT NameAt, NameLengthAt, ShortAt, IdAt;
} FAT_CLASS;

#define FAT_AT(Type, Field) (USHORT) FIELD_OFFSET(Type, Field)
static const FAT_CLASS Classes[] = {
    [FileDirectoryInformation] = { FAT_AT(FILE_DIRECTORY_INFORMATION, FileName),
                                   FAT_AT(FILE_DIRECTORY_INFORMATION, FileNameLength), 0, 0 },
    [FileFullDirectoryInformation] = { FAT_AT(FILE_FULL_DIR_INFORMATION, FileName),
                                       FAT_AT(FILE_FULL_DIR_INFORMATION, FileNameLength), 0, 0 },
    [FileBothDirectoryInformation] = { FAT_AT(FILE_BOTH_DIR_INFORMATION, FileName),
                                       FAT_AT(FILE_BOTH_DIR_INFORMATION, FileNameLength),
                                       FAT_AT(FILE_BOTH_DIR_INFORMATION, ShortNameLength), 0 },
    [FileNamesInformation] = { FAT_AT(FILE_NAMES_INFORMATION, FileName), FAT_AT(FILE_NAMES_INFORMATION, FileNameLength), 0, 0 },
    [FileIdBothDirectoryInformation] = { FAT_AT(FILE_ID_BOTH_DIR_INFORMATION, FileName),
                                         FAT_AT(FILE_ID_BOTH_DIR_INFORMATION, FileNameLength),
                                         FAT_AT(FILE_ID_BOTH_DIR_INFORMATION, ShortNameLength),
                                         FAT_AT(FILE_ID_BOTH_DIR_INFORMATION, FileId) },
    [FileIdFullDirectoryInformation] = { FAT_AT(FILE_ID_FULL_DIR_INFORMATION, FileName),
                                         FAT_AT(FILE_ID_FULL_DIR_INFORMATION, FileNameLength), 0,
                                         FAT_AT(FILE_ID_FULL_DIR_INFORMATION, FileId) },
};

typedef struct FAT_QUERY {
    FAT_FCB *Folder;
    FAT_CCB *Ccb;
    ULONG Class;
    PUCHAR Buffer;
    ULONG Length, Used;                          /* Used: where the next record begins */
    PULONG LastLink;                             /* of the record before */
    FAT_ENTRY Entry;
    WCHAR Upper[FAT_MAXIMUM_NAME];
} FAT_QUERY;

/* ---- The pattern ---- */
static NTSTATUS FatTakePattern(FAT_CCB *Ccb, PCUNICODE_STRING Pattern)
{
    USHORT i;

    Ccb->HasPattern = TRUE;
    Ccb->MatchesAll = Pattern == NULL || Pattern->Length == 0 || (Pattern->Length == sizeof(WCHAR) && Pattern->Buffer[0] == L'*');
    if (Ccb->MatchesAll)
        return STATUS_SUCCESS;
    Ccb->Pattern.Buffer = ExAllocatePoolWithTag(NonPagedPoolNx, Pattern->Length, FAT_TAG);
    if (Ccb->Pattern.Buffer == NULL) {
        Ccb->HasPattern = FALSE;
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Ccb->Pattern.Length = Ccb->Pattern.MaximumLength = Pattern->Length;
    for (i = 0; i < Pattern->Length / sizeof(WCHAR); i++)
        Ccb->Pattern.Buffer[i] = FatHost.Upcase(Pattern->Buffer[i]);
    return STATUS_SUCCESS;
}

static BOOLEAN FatNameMatches(FAT_QUERY *Query, const WCHAR *Name, ULONG Length)
{
    UNICODE_STRING name = { (USHORT)(Length * sizeof(WCHAR)), (USHORT)(Length * sizeof(WCHAR)), Query->Upper };
    ULONG i;

    for (i = 0; i < Length; i++)
        Query->Upper[i] = FatHost.Upcase(Name[i]);
    return FsRtlIsNameInExpression(&Query->Ccb->Pattern, &name, FALSE, NULL);
}

static BOOLEAN FatMatches(FAT_QUERY *Query)
{
    FAT_ENTRY *entry = &Query->Entry;

    if (entry->Record.Attributes & FatVolumeLabel)
        return FALSE;
    return Query->Ccb->MatchesAll || FatNameMatches(Query, entry->Name, entry->Length) ||
           (entry->HasLong && FatNameMatches(Query, entry->ShortName, entry->ShortLength));
}

/* ---- One record ---- */
static VOID FatFillCommon(FAT_QUERY *Query, PFILE_DIRECTORY_INFORMATION Record)
{
    FAT_FCB *open = FatFindChildAt(Query->Folder, Query->Entry.Offset);
    const FAT_RECORD *record = open != NULL ? &open->Record : &Query->Entry.Record;
    const FAT_VOLUME *volume = &Query->Folder->Vcb->Volume;

    Record->CreationTime = FatToSystemTime(record->Created);
    Record->LastAccessTime = FatToSystemTime(record->Accessed);
    Record->LastWriteTime = Record->ChangeTime = FatToSystemTime(record->Written);
    Record->FileAttributes = FatAttributesOf(record);
    if (record->Attributes & FatDirectory)
        return;
    Record->EndOfFile.QuadPart = record->Size;
    Record->AllocationSize.QuadPart =
        (LONG64)(((ULONG64)record->Size + volume->ClusterSize - 1) & ~(ULONG64)(volume->ClusterSize - 1));
    if (open != NULL) {
        Record->EndOfFile = open->Header.FileSize;
        Record->AllocationSize = open->Header.AllocationSize;
    }
}

/* STATUS_BUFFER_OVERFLOW: the name is cut off. */
static NTSTATUS FatPutRecord(FAT_QUERY *Query, ULONG Room)
{
    const FAT_CLASS *class = &Classes[Query->Class];
    PUCHAR record = Query->Buffer + Query->Used;
    ULONG nameBytes = Query->Entry.Length * sizeof(WCHAR), fits = min(nameBytes, Room - class->NameAt);

    RtlZeroMemory(record, class->NameAt);
    if (Query->Class != FileNamesInformation)
        FatFillCommon(Query, (PFILE_DIRECTORY_INFORMATION)record);
    ((PFILE_DIRECTORY_INFORMATION)record)->FileIndex = Query->Entry.Offset;
    *(PULONG)(record + class->NameLengthAt) = nameBytes;
    if (class->ShortAt != 0 && Query->Entry.HasLong) {
        record[class->ShortAt] = (UCHAR)(Query->Entry.ShortLength * sizeof(WCHAR));
        RtlCopyMemory(record + class->ShortAt + 2, Query->Entry.ShortName, Query->Entry.ShortLength * sizeof(WCHAR));
    }
    if (class->IdAt != 0)
        *(PULONG64)(record + class->IdAt) = (ULONG64)FatFirstCluster(&Query->Folder->Runs) << 32 | (Query->Entry.Offset + 1);
    RtlCopyMemory(record + class->NameAt, Query->Entry.Name, fits);
    if (Query->LastLink != NULL)
        *Query->LastLink = (ULONG)(record - (PUCHAR)Query->LastLink);
    Query->LastLink = (PULONG)record;
    Query->Used += class->NameAt + fits;
    return fits < nameBytes ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}

/* STATUS_NO_MORE_FILES: there is no room for it; it comes with the next query. */
static NTSTATUS FatAddRecord(FAT_QUERY *Query)
{
    ULONG start = Query->LastLink == NULL ? 0 : (Query->Used + 7) & ~7u;
    ULONG head = Classes[Query->Class].NameAt;

    if (start > Query->Length || Query->Length - start < head)
        return Query->LastLink == NULL ? STATUS_INFO_LENGTH_MISMATCH : STATUS_NO_MORE_FILES;
    if (Query->LastLink != NULL && Query->Length - start < head + Query->Entry.Length * sizeof(WCHAR))
        return STATUS_NO_MORE_FILES;
    Query->Used = start;
    return FatPutRecord(Query, Query->Length - start);
}

/* ---- All ---- */
static NTSTATUS FatEnumerate(FAT_QUERY *Query, BOOLEAN Single)
{
    FAT_STATUS found;
    NTSTATUS status = STATUS_SUCCESS;
    FAT_SCAN scan;

    FatOpenScan(&scan, &Query->Folder->Folder, Query->Ccb->Cursor);
    while ((found = FatNextEntry(&scan, &Query->Entry)) == FatOk) {
        if (FatMatches(Query)) {
            status = FatAddRecord(Query);
            if (status == STATUS_NO_MORE_FILES || status == STATUS_INFO_LENGTH_MISMATCH)
                break;
            Query->Ccb->Cursor = scan.Offset;
            if (Single || status == STATUS_BUFFER_OVERFLOW)
                break;
        }
    }
    FatCloseScan(&scan);
    if (found != FatOk && found != FatNotFound)
        return FatToNtStatus(found);
    if (Query->LastLink == NULL && NT_SUCCESS(status))
        return Query->Ccb->HasMatched ? STATUS_NO_MORE_FILES : STATUS_NO_SUCH_FILE;
    if (status == STATUS_NO_MORE_FILES)
        status = STATUS_SUCCESS;
    if (Query->LastLink != NULL)
        Query->Ccb->HasMatched = TRUE;
    return status;
}

static NTSTATUS FatPrepareQuery(FAT_QUERY *Query, PIRP Irp, PIO_STACK_LOCATION Location)
{
    FAT_CCB *ccb = Location->FileObject->FsContext2;
    NTSTATUS status = FatLockBuffer(Irp, Location->Parameters.QueryDirectory.Length, IoWriteAccess);

    if (!NT_SUCCESS(status))
        return status;
    Query->Ccb = ccb;
    Query->Folder = ccb->Fcb;
    Query->Class = (ULONG)Location->Parameters.QueryDirectory.FileInformationClass;
    Query->Buffer = FatGetBuffer(Irp);
    Query->Length = Location->Parameters.QueryDirectory.Length;
    Query->Used = 0;
    Query->LastLink = NULL;
    return Query->Buffer == NULL ? STATUS_INSUFFICIENT_RESOURCES : STATUS_SUCCESS;
}

static NTSTATUS FatQueryLocked(FAT_QUERY *Query, PIO_STACK_LOCATION Location)
{
    FAT_CCB *ccb = Query->Ccb;
    NTSTATUS status = STATUS_SUCCESS;

    if (Query->Folder->Vcb->Dismounted)
        return STATUS_VOLUME_DISMOUNTED;
    if (Query->Folder->IsRemoved)
        return STATUS_FILE_DELETED;
    if (!ccb->HasPattern)
        status = FatTakePattern(ccb, (PCUNICODE_STRING)Location->Parameters.QueryDirectory.FileName);
    if (Location->Flags & SL_RESTART_SCAN)
        ccb->Cursor = 0;
    else if (Location->Flags & SL_INDEX_SPECIFIED)
        ccb->Cursor = (Location->Parameters.QueryDirectory.FileIndex & ~(FAT_ENTRY_SIZE - 1)) + FAT_ENTRY_SIZE;
    return NT_SUCCESS(status) ? FatEnumerate(Query, FatIsSet(Location->Flags, SL_RETURN_SINGLE_ENTRY)) : status;
}

static NTSTATUS FatQueryDirectory(FAT_VCB *Vcb, PIRP Irp, PIO_STACK_LOCATION Location)
{
    FAT_CCB *ccb = Location->FileObject->FsContext2;
    ULONG class = (ULONG)Location->Parameters.QueryDirectory.FileInformationClass;
    FAT_QUERY *query;
    NTSTATUS status;

    if (ccb == NULL || ccb->Fcb == NULL || !FatIsFolder(ccb->Fcb))
        return STATUS_INVALID_PARAMETER;
    if (class >= RTL_NUMBER_OF(Classes) || Classes[class].NameAt == 0)
        return STATUS_INVALID_INFO_CLASS;
    query = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*query), FAT_TAG);
    if (query == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    status = FatPrepareQuery(query, Irp, Location);
    if (NT_SUCCESS(status)) {
        ExAcquireResourceExclusiveLite(&Vcb->Resource, TRUE);   /* the handle's cursor is guarded by it, too */
        status = FatQueryLocked(query, Location);
        ExReleaseResourceLite(&Vcb->Resource);
        Irp->IoStatus.Information = query->Used;
    }
    ExFreePoolWithTag(query, FAT_TAG);
    return status;
}

NTSTATUS FatDirectoryControl(FAT_VCB *Vcb, PIRP Irp, PIO_STACK_LOCATION Location)
{
    switch (Location->MinorFunction) {
    case IRP_MN_QUERY_DIRECTORY:
        return FatQueryDirectory(Vcb, Irp, Location);
    case IRP_MN_NOTIFY_CHANGE_DIRECTORY:
        return FatNotifyDirectory(Vcb, Irp, Location);
    default:
        return STATUS_INVALID_DEVICE_REQUEST;
    }
}

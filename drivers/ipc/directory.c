/* SPDX-License-Identifier: MIT
 * IRP_MN_QUERY_DIRECTORY of the one directory there is. An open directory remembers the pattern of its first query and the number of
 * the last object that it told of, so that objects may come and go meanwhile.
 */
#include "ipc.h"

/* Where a class has its parts. All but the names' class begin as FILE_DIRECTORY_INFORMATION does. */
typedef struct IPC_CLASS {
    USHORT NameAt, NameLengthAt;                 /* 0: not one of ours */
} IPC_CLASS;

#define IPC_PARTS(Type) { (USHORT)FIELD_OFFSET(Type, FileName), (USHORT)FIELD_OFFSET(Type, FileNameLength) }
static const IPC_CLASS Classes[] = {
    [FileDirectoryInformation] = IPC_PARTS(FILE_DIRECTORY_INFORMATION),
    [FileFullDirectoryInformation] = IPC_PARTS(FILE_FULL_DIR_INFORMATION),
    [FileBothDirectoryInformation] = IPC_PARTS(FILE_BOTH_DIR_INFORMATION),
    [FileNamesInformation] = IPC_PARTS(FILE_NAMES_INFORMATION),
};

typedef struct IPC_QUERY {
    IPC_DIRECTORY *Directory;
    ULONG Class;
    PUCHAR Buffer;
    ULONG Length, Used;                          /* Used: where the next record begins */
    PULONG LastLink;                             /* of the record before */
} IPC_QUERY;

static NTSTATUS IpcTakePattern(IPC_DIRECTORY *Directory, PUNICODE_STRING Pattern)
{
    NTSTATUS status = STATUS_SUCCESS;

    if (Pattern != NULL && Pattern->Length != 0 && !(Pattern->Length == sizeof(WCHAR) && Pattern->Buffer[0] == L'*'))
        status = RtlUpcaseUnicodeString(&Directory->Pattern, Pattern, TRUE);
    Directory->HasPattern = NT_SUCCESS(status);
    return status;
}

/* STATUS_BUFFER_OVERFLOW: the name is cut off. */
static NTSTATUS IpcPutRecord(IPC_QUERY *Query, IPC_OBJECT *Object, ULONG Room)
{
    const IPC_CLASS *class = &Classes[Query->Class];
    PUCHAR record = Query->Buffer + Query->Used;
    PFILE_DIRECTORY_INFORMATION common = (PFILE_DIRECTORY_INFORMATION)record;
    ULONG fits = min((ULONG)Object->Name.Length, Room - class->NameAt);

    RtlZeroMemory(record, class->NameAt);
    if (Query->Class != FileNamesInformation) {
        IpcDescribe(Object, &common->AllocationSize, &common->EndOfFile);
        common->FileAttributes = FILE_ATTRIBUTE_NORMAL;
    }
    *(PULONG)(record + class->NameLengthAt) = Object->Name.Length;
    RtlCopyMemory(record + class->NameAt, Object->Name.Buffer, fits);
    if (Query->LastLink != NULL)
        *Query->LastLink = (ULONG)(record - (PUCHAR)Query->LastLink);
    Query->LastLink = (PULONG)record;
    Query->Used += class->NameAt + fits;
    return fits < Object->Name.Length ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}

/* STATUS_NO_MORE_FILES: there is no room for it; it comes with the next query. */
static NTSTATUS IpcAddRecord(IPC_QUERY *Query, IPC_OBJECT *Object)
{
    ULONG start = Query->LastLink == NULL ? 0 : (Query->Used + 7) & ~7u;
    ULONG head = Classes[Query->Class].NameAt;

    if (start > Query->Length || Query->Length - start < head)
        return Query->LastLink == NULL ? STATUS_INFO_LENGTH_MISMATCH : STATUS_NO_MORE_FILES;
    if (Query->LastLink != NULL && Query->Length - start < head + Object->Name.Length)
        return STATUS_NO_MORE_FILES;
    Query->Used = start;
    return IpcPutRecord(Query, Object, Query->Length - start);
}

static BOOLEAN IpcMatches(IPC_DIRECTORY *Directory, IPC_OBJECT *Object)
{
    if (Object->Name.Length == 0 || Object->Number < Directory->Next)
        return FALSE;
    return Directory->Pattern.Length == 0 || FsRtlIsNameInExpression(&Directory->Pattern, &Object->Name, TRUE, NULL);
}

static NTSTATUS IpcEnumerate(IPC_QUERY *Query, BOOLEAN Single)
{
    IPC_DIRECTORY *directory = Query->Directory;
    NTSTATUS status = STATUS_SUCCESS;
    PLIST_ENTRY link;

    for (link = IpcObjects.Flink; link != &IpcObjects; link = link->Flink) {
        IPC_OBJECT *object = CONTAINING_RECORD(link, IPC_OBJECT, Link);
        if (!IpcMatches(directory, object))
            continue;
        status = IpcAddRecord(Query, object);
        if (status == STATUS_NO_MORE_FILES)
            return STATUS_SUCCESS;
        if (status == STATUS_INFO_LENGTH_MISMATCH)
            return status;
        directory->Next = object->Number + 1;
        if (Single || status == STATUS_BUFFER_OVERFLOW)
            break;
    }
    if (Query->LastLink == NULL)
        return directory->HasMatched ? STATUS_NO_MORE_FILES : STATUS_NO_SUCH_FILE;
    return status;
}

NTSTATUS IpcQueryDirectory(IPC_DIRECTORY *Directory, PIRP Irp, PIO_STACK_LOCATION Location)
{
    IPC_QUERY query = { Directory, (ULONG)Location->Parameters.QueryDirectory.FileInformationClass, Irp->AssociatedIrp.SystemBuffer,
                        Location->Parameters.QueryDirectory.Length, 0, NULL };
    NTSTATUS status = STATUS_SUCCESS;

    if (query.Class >= RTL_NUMBER_OF(Classes) || Classes[query.Class].NameAt == 0)
        return STATUS_INVALID_INFO_CLASS;
    ExAcquireResourceExclusiveLite(&IpcNames, TRUE);
    if (!Directory->HasPattern)
        status = IpcTakePattern(Directory, (PUNICODE_STRING)Location->Parameters.QueryDirectory.FileName);
    if (Location->Flags & SL_RESTART_SCAN)
        Directory->Next = 0;
    if (NT_SUCCESS(status))
        status = IpcEnumerate(&query, (Location->Flags & SL_RETURN_SINGLE_ENTRY) != 0);
    if (query.LastLink != NULL)
        Directory->HasMatched = TRUE;
    ExReleaseResourceLite(&IpcNames);
    Irp->IoStatus.Information = query.Used;
    return status;
}

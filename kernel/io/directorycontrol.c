/* SPDX-License-Identifier: MIT
 * Enumerating a directory, and waiting for it to change.
 */
#include "iop.h"

#define IOP_NOTIFY_ALL 0xFFFu                    /* every FILE_NOTIFY_CHANGE_... */

/* The part of an entry before the name; 0: not a class of a directory. */
static ULONG IopEntrySize(FILE_INFORMATION_CLASS Class)
{
    switch (Class) {
    case FileDirectoryInformation: return FIELD_OFFSET(FILE_DIRECTORY_INFORMATION, FileName);
    case FileFullDirectoryInformation: return FIELD_OFFSET(FILE_FULL_DIR_INFORMATION, FileName);
    case FileBothDirectoryInformation: return FIELD_OFFSET(FILE_BOTH_DIR_INFORMATION, FileName);
    case FileNamesInformation: return FIELD_OFFSET(FILE_NAMES_INFORMATION, FileName);
    case FileIdFullDirectoryInformation: return FIELD_OFFSET(FILE_ID_FULL_DIR_INFORMATION, FileName);
    case FileIdBothDirectoryInformation: return FIELD_OFFSET(FILE_ID_BOTH_DIR_INFORMATION, FileName);
    case FileObjectIdInformation: return sizeof(FILE_OBJECTID_INFORMATION);
    case FileQuotaInformation: return sizeof(FILE_QUOTA_INFORMATION);
    case FileReparsePointInformation: return sizeof(FILE_REPARSE_POINT_INFORMATION);
    default: return 0;
    }
}

/* The pattern goes with the packet: structure and characters in one block. */
static NTSTATUS IopAttachPattern(PIRP Irp, PCUNICODE_STRING Pattern, PUNICODE_STRING *Attached)
{
    UNICODE_STRING pattern = { 0, 0, NULL };
    PUNICODE_STRING copy;
    NTSTATUS status = Pattern != NULL ? MmReadCaller(Irp->RequestorMode, &pattern, Pattern, sizeof(pattern)) : STATUS_SUCCESS;

    if (!NT_SUCCESS(status) || pattern.Length == 0)
        return status;
    if (pattern.Length & 1)
        return STATUS_INVALID_PARAMETER;
    copy = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*copy) + pattern.Length, IOP_TAG_BUFFER);
    if (copy == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    *copy = (UNICODE_STRING){ pattern.Length, pattern.Length, (PWSTR)(copy + 1) };
    Irp->Tail.Overlay.AuxiliaryBuffer = (PCHAR)copy;
    *Attached = copy;
    return MmReadCaller(Irp->RequestorMode, copy->Buffer, pattern.Buffer, pattern.Length);
}

typedef struct IOP_ENUMERATION {
    PVOID Buffer;
    ULONG Length;
    FILE_INFORMATION_CLASS Class;
    PCUNICODE_STRING Pattern;
    UCHAR Flags;                                 /* SL_... */
} IOP_ENUMERATION;

static NTSTATUS IopEnumerate(IOP_REQUEST *Request, HANDLE File, HANDLE Event, const IOP_ENUMERATION *Enumeration)
{
    PIO_STACK_LOCATION location;
    ULONG entry = IopEntrySize(Enumeration->Class);
    NTSTATUS status;

    if (entry == 0)
        return STATUS_INVALID_INFO_CLASS;
    if (Enumeration->Length < entry)
        return STATUS_INFO_LENGTH_MISMATCH;
    status = IopProbeResult(Request->Mode, Request->Iosb);
    if (NT_SUCCESS(status))
        status = IopBeginRequest(Request, File, FILE_LIST_DIRECTORY, Event, IRP_MJ_DIRECTORY_CONTROL);
    if (status != STATUS_SUCCESS)
        return status;
    location = IoGetNextIrpStackLocation(Request->Irp);
    location->MinorFunction = IRP_MN_QUERY_DIRECTORY;
    location->Flags = Enumeration->Flags;
    location->Parameters.QueryDirectory.Length = Enumeration->Length;
    location->Parameters.QueryDirectory.FileInformationClass = Enumeration->Class;
    status = IopAttachPattern(Request->Irp, Enumeration->Pattern, &location->Parameters.QueryDirectory.FileName);
    if (NT_SUCCESS(status))
        status = IopDescribeBuffer(Request, FALSE, Enumeration->Buffer, Enumeration->Length);
    return NT_SUCCESS(status) ? IopSendRequest(Request) : IopAbandonRequest(Request, status);
}

NTSTATUS NTAPI NtQueryDirectoryFile(HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext,
                                    PIO_STATUS_BLOCK IoStatusBlock, PVOID FileInformation, ULONG Length,
                                    FILE_INFORMATION_CLASS FileInformationClass, BOOLEAN ReturnSingleEntry, PUNICODE_STRING FileName,
                                    BOOLEAN RestartScan)
{
    IOP_REQUEST request = { .Mode = ObPreviousMode(), .ApcRoutine = ApcRoutine, .ApcContext = ApcContext, .Iosb = IoStatusBlock };
    IOP_ENUMERATION enumeration = { FileInformation, Length, FileInformationClass, FileName,
                                    (RestartScan ? SL_RESTART_SCAN : 0) | (ReturnSingleEntry ? SL_RETURN_SINGLE_ENTRY : 0) };
    return IopEnumerate(&request, FileHandle, Event, &enumeration);
}

NTSTATUS NTAPI NtNotifyChangeDirectoryFile(HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext,
                                           PIO_STATUS_BLOCK IoStatusBlock, PVOID Buffer, ULONG Length, ULONG CompletionFilter,
                                           BOOLEAN WatchTree)
{
    IOP_REQUEST request = { .Mode = ObPreviousMode(), .ApcRoutine = ApcRoutine, .ApcContext = ApcContext, .Iosb = IoStatusBlock };
    PIO_STACK_LOCATION location;
    NTSTATUS status;

    if (CompletionFilter == 0 || (CompletionFilter & ~IOP_NOTIFY_ALL))
        return STATUS_INVALID_PARAMETER;
    status = IopProbeResult(request.Mode, IoStatusBlock);
    if (NT_SUCCESS(status))
        status = IopBeginRequest(&request, FileHandle, FILE_LIST_DIRECTORY, Event, IRP_MJ_DIRECTORY_CONTROL);
    if (status != STATUS_SUCCESS)
        return status;
    location = IoGetNextIrpStackLocation(request.Irp);
    location->MinorFunction = IRP_MN_NOTIFY_CHANGE_DIRECTORY;
    location->Flags = WatchTree ? SL_WATCH_TREE : 0;
    location->Parameters.NotifyDirectory.Length = Length;
    location->Parameters.NotifyDirectory.CompletionFilter = CompletionFilter;
    if (Length != 0)
        status = IopDescribeBuffer(&request, FALSE, Buffer, Length);
    return NT_SUCCESS(status) ? IopSendRequest(&request) : IopAbandonRequest(&request, status);
}

NTSTATUS NTAPI ZwQueryDirectoryFile(HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext,
                                    PIO_STATUS_BLOCK IoStatusBlock, PVOID FileInformation, ULONG Length,
                                    FILE_INFORMATION_CLASS FileInformationClass, BOOLEAN ReturnSingleEntry, PUNICODE_STRING FileName,
                                    BOOLEAN RestartScan)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtQueryDirectoryFile(FileHandle, Event, ApcRoutine, ApcContext, IoStatusBlock, FileInformation,
                                                        Length, FileInformationClass, ReturnSingleEntry, FileName, RestartScan));
}

NTSTATUS NTAPI ZwNotifyChangeDirectoryFile(HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext,
                                           PIO_STATUS_BLOCK IoStatusBlock, PVOID Buffer, ULONG Length, ULONG CompletionFilter,
                                           BOOLEAN WatchTree)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtNotifyChangeDirectoryFile(FileHandle, Event, ApcRoutine, ApcContext, IoStatusBlock, Buffer,
                                                               Length, CompletionFilter, WatchTree));
}

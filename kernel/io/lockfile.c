/* SPDX-License-Identifier: MIT
 * Locking ranges of files. The driver of the file keeps the locks; when a process closes its last handle they go.
 */
#include "iop.h"

typedef struct IOP_RANGE {
    LARGE_INTEGER ByteOffset, Length;
    ULONG Key;
} IOP_RANGE;

static NTSTATUS IopReadRange(KPROCESSOR_MODE Mode, PLARGE_INTEGER ByteOffset, PLARGE_INTEGER Length, IOP_RANGE *Range)
{
    NTSTATUS status = MmReadCaller(Mode, &Range->ByteOffset, ByteOffset, sizeof(*ByteOffset));
    return NT_SUCCESS(status) ? MmReadCaller(Mode, &Range->Length, Length, sizeof(*Length)) : status;
}

/* Locking needs the right to read or to write, whichever there is. */
static NTSTATUS IopBeginLock(IOP_REQUEST *Request, HANDLE File, HANDLE Event, UCHAR Minor, const IOP_RANGE *Range)
{
    PIO_STACK_LOCATION location;
    PVOID length;
    NTSTATUS status = IopBeginRequest(Request, File, FILE_READ_DATA, Event, IRP_MJ_LOCK_CONTROL);

    if (status == STATUS_ACCESS_DENIED)
        status = IopBeginRequest(Request, File, FILE_WRITE_DATA, Event, IRP_MJ_LOCK_CONTROL);
    if (status != STATUS_SUCCESS)
        return status;
    status = IopAttachAuxiliary(Request->Irp, &Range->Length, sizeof(LARGE_INTEGER), &length);
    if (!NT_SUCCESS(status))
        return IopAbandonRequest(Request, status);
    location = IoGetNextIrpStackLocation(Request->Irp);
    location->MinorFunction = Minor;
    location->Parameters.LockControl.Length = length;
    location->Parameters.LockControl.Key = Range->Key;
    location->Parameters.LockControl.ByteOffset = Range->ByteOffset;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI NtLockFile(HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext, PIO_STATUS_BLOCK IoStatusBlock,
                          PLARGE_INTEGER ByteOffset, PLARGE_INTEGER Length, ULONG Key, BOOLEAN FailImmediately, BOOLEAN ExclusiveLock)
{
    IOP_REQUEST request = { .Mode = ObPreviousMode(), .ApcRoutine = ApcRoutine, .ApcContext = ApcContext, .Iosb = IoStatusBlock };
    IOP_RANGE range = { .Key = Key };
    NTSTATUS status = IopProbeResult(request.Mode, IoStatusBlock);

    if (NT_SUCCESS(status))
        status = IopReadRange(request.Mode, ByteOffset, Length, &range);
    if (NT_SUCCESS(status))
        status = IopBeginLock(&request, FileHandle, Event, IRP_MN_LOCK, &range);
    if (status != STATUS_SUCCESS)
        return status;
    request.File->LockOperation = TRUE;
    IoGetNextIrpStackLocation(request.Irp)->Flags = (FailImmediately ? SL_FAIL_IMMEDIATELY : 0) | (ExclusiveLock ? SL_EXCLUSIVE_LOCK : 0);
    return IopSendRequest(&request);
}

NTSTATUS NTAPI NtUnlockFile(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock, PLARGE_INTEGER ByteOffset, PLARGE_INTEGER Length, ULONG Key)
{
    IOP_REQUEST request = { .Mode = ObPreviousMode() };
    IOP_RANGE range = { .Key = Key };
    IO_STATUS_BLOCK result = { .Information = 0 };
    NTSTATUS status = IopProbeResult(request.Mode, IoStatusBlock);

    if (NT_SUCCESS(status))
        status = IopReadRange(request.Mode, ByteOffset, Length, &range);
    if (NT_SUCCESS(status))
        status = IopBeginLock(&request, FileHandle, NULL, IRP_MN_UNLOCK_SINGLE, &range);
    if (status != STATUS_SUCCESS)
        return status;
    status = IopSendRequestAndWait(&request, &result);
    return IopTellResult(status, request.Mode, IoStatusBlock, &result);
}

NTSTATUS NTAPI ZwLockFile(HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext, PIO_STATUS_BLOCK IoStatusBlock,
                          PLARGE_INTEGER ByteOffset, PLARGE_INTEGER Length, ULONG Key, BOOLEAN FailImmediately, BOOLEAN ExclusiveLock)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtLockFile(FileHandle, Event, ApcRoutine, ApcContext, IoStatusBlock, ByteOffset, Length, Key,
                                              FailImmediately, ExclusiveLock));
}

NTSTATUS NTAPI ZwUnlockFile(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock, PLARGE_INTEGER ByteOffset, PLARGE_INTEGER Length, ULONG Key)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtUnlockFile(FileHandle, IoStatusBlock, ByteOffset, Length, Key));
}

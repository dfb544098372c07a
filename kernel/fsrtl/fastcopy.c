/* SPDX-License-Identifier: MIT
 * Fast I/O for file systems whose FsContext begins with the common header: reading and writing cached files without a request. FALSE
 * always means that a request must do it, nothing having been done.
 */
#include "fastio.h"

/* The main resource, shared. FALSE: somebody has it, and the caller cannot wait. */
static BOOLEAN FsRtlEnterFast(const FSRTL_FAST *Fast)
{
    FsRtlCount(Fast->Wait ? FsRtlCountWait : FsRtlCountNoWait, Fast->Mdl);
    KeEnterCriticalRegion();
    if (ExAcquireResourceSharedLite(FsRtlHeaderOf(Fast->File)->Resource, Fast->Wait))
        return TRUE;
    FsRtlCount(FsRtlCountResourceMiss, Fast->Mdl);
    KeLeaveCriticalRegion();
    return FALSE;
}

static VOID FsRtlLeaveFast(const FSRTL_FAST *Fast)
{
    ExReleaseResourceLite(FsRtlHeaderOf(Fast->File)->Resource);
    KeLeaveCriticalRegion();
}

/* Cached, and the file system has nothing against it. */
static BOOLEAN FsRtlMayGoFast(const FSRTL_FAST *Fast, PIO_STATUS_BLOCK Result)
{
    PFAST_IO_DISPATCH dispatch = Fast->Device != NULL ? Fast->Device->DriverObject->FastIoDispatch : NULL;
    LARGE_INTEGER offset = { .QuadPart = (LONG64)Fast->Offset };

    if (Fast->File->PrivateCacheMap == NULL)
        return FALSE;
    switch (FsRtlHeaderOf(Fast->File)->IsFastIoPossible) {
    case FastIoIsPossible:
        return TRUE;
    case FastIoIsQuestionable:
        return dispatch != NULL && dispatch->FastIoCheckIfPossible != NULL &&
               dispatch->FastIoCheckIfPossible(Fast->File, &offset, Fast->Length, Fast->Wait, Fast->Key, !Fast->Write, Result, Fast->Device);
    default:
        return FALSE;
    }
}

/* Whether the range can be transferred as it is; less of it, to the end of the file, for a read. What extends the file or its valid data
 * is the file system's own work. */
static BOOLEAN FsRtlFitSize(FSRTL_FAST *Fast)
{
    PFSRTL_COMMON_FCB_HEADER header = FsRtlHeaderOf(Fast->File);
    ULONG64 size = (ULONG64)header->FileSize.QuadPart, valid = (ULONG64)header->ValidDataLength.QuadPart;

    if (Fast->Write)
        return Fast->Offset + Fast->Length <= min(size, valid);
    if (Fast->Offset + Fast->Length > size)
        Fast->Length = Fast->Offset < size ? (ULONG)(size - Fast->Offset) : 0;
    return TRUE;
}

/* The transfer with the locks held. FALSE: it did not succeed. */
static BOOLEAN FsRtlTransferLocked(FSRTL_FAST *Fast, FSRTL_TRANSFER *Transfer, PVOID Target, PIO_STATUS_BLOCK Result)
{
    PIRP top = IoGetTopLevelIrp();
    BOOLEAN done = FALSE;

    if (!FsRtlMayGoFast(Fast, Result) || !FsRtlFitSize(Fast))
        return FALSE;
    if (Fast->Length == 0) {
        *Result = (IO_STATUS_BLOCK){ { STATUS_END_OF_FILE }, 0 };
        return TRUE;
    }
    IoSetTopLevelIrp((PIRP)FSRTL_FAST_IO_TOP_LEVEL_IRP);
    __try {
        done = Transfer(Fast, Target, Result);
    } __except (FsRtlIsNtstatusExpected(GetExceptionCode()) ? EXCEPTION_EXECUTE_HANDLER : EXCEPTION_CONTINUE_SEARCH) {
        done = FALSE;                            /* the request meets the error again, and says what it is */
    }
    IoSetTopLevelIrp(top);
    return done;
}

BOOLEAN FsRtlTryFast(FSRTL_FAST *Fast, FSRTL_TRANSFER *Transfer, PVOID Target, PIO_STATUS_BLOCK Result)
{
    BOOLEAN done;

    if (Fast->Length == 0) {
        *Result = (IO_STATUS_BLOCK){ { STATUS_SUCCESS }, 0 };
        return TRUE;
    }
    if ((LONG64)Fast->Offset < 0 || (LONG64)(Fast->Offset + Fast->Length) < 0 || FsRtlHeaderOf(Fast->File)->Resource == NULL ||
        (Fast->Write && !CcCanIWrite(Fast->File, Fast->Length, Fast->Wait, FALSE)) || !FsRtlEnterFast(Fast))
        return FALSE;
    done = FsRtlTransferLocked(Fast, Transfer, Target, Result);
    if (!done)
        FsRtlCount(FsRtlCountNotPossible, Fast->Mdl);
    FsRtlLeaveFast(Fast);
    if (done && NT_SUCCESS(Result->Status))
        Fast->File->Flags |= Fast->Write ? FO_FILE_MODIFIED : FO_FILE_FAST_IO_READ;
    return done;
}

/* ---- Copying ---- */
static VOID FsRtlAdvance(PFILE_OBJECT File, ULONG64 End)
{
    if (File->Flags & FO_SYNCHRONOUS_IO)
        File->CurrentByteOffset.QuadPart = (LONG64)End;
}

static BOOLEAN FsRtlCopyFromCache(const FSRTL_FAST *Fast, PVOID Target, PIO_STATUS_BLOCK Result)
{
    LARGE_INTEGER offset = { .QuadPart = (LONG64)Fast->Offset };
    return CcCopyRead(Fast->File, &offset, Fast->Length, Fast->Wait, Target, Result);
}

BOOLEAN NTAPI FsRtlCopyRead(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, ULONG Length, BOOLEAN Wait, ULONG LockKey, PVOID Buffer,
                            PIO_STATUS_BLOCK IoStatus, PDEVICE_OBJECT DeviceObject)
{
    FSRTL_FAST fast = { FileObject, (ULONG64)FileOffset->QuadPart, Length, LockKey, DeviceObject, Wait, FALSE, FALSE };
    BOOLEAN done = FsRtlTryFast(&fast, FsRtlCopyFromCache, Buffer, IoStatus);

    if (done && NT_SUCCESS(IoStatus->Status))
        FsRtlAdvance(FileObject, fast.Offset + IoStatus->Information);
    return done;
}

static BOOLEAN FsRtlCopyToCache(const FSRTL_FAST *Fast, PVOID Target, PIO_STATUS_BLOCK Result)
{
    LARGE_INTEGER offset = { .QuadPart = (LONG64)Fast->Offset };

    if (!CcCopyWrite(Fast->File, &offset, Fast->Length, Fast->Wait, Target))
        return FALSE;
    *Result = (IO_STATUS_BLOCK){ { STATUS_SUCCESS }, Fast->Length };
    return TRUE;
}

BOOLEAN NTAPI FsRtlCopyWrite(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, ULONG Length, BOOLEAN Wait, ULONG LockKey, PVOID Buffer,
                             PIO_STATUS_BLOCK IoStatus, PDEVICE_OBJECT DeviceObject)
{
    FSRTL_FAST fast = { FileObject, (ULONG64)FileOffset->QuadPart, Length, LockKey, DeviceObject, Wait, TRUE, FALSE };
    BOOLEAN done = !(FileObject->Flags & FO_WRITE_THROUGH) && FsRtlTryFast(&fast, FsRtlCopyToCache, Buffer, IoStatus);

    if (done)
        FsRtlAdvance(FileObject, fast.Offset + IoStatus->Information);
    return done;
}

/* SPDX-License-Identifier: MIT
 * Reading from the cache by copying. What is missing is read with what follows it: the rest of the view for a reader that goes on
 * where it ended, 64 KiB otherwise.
 */
#include "ccp.h"

#define CC_RANDOM_PAGES 16u

/* How many pages from First on to bring in at once: at least those of the piece, not behind the end of the file. */
static ULONG CcpReadCluster(const CC_MAP *Map, const CC_PIECE *Piece, BOOLEAN Sequential)
{
    ULONG64 start = (ULONG64)Piece->Index * CC_VIEW_SIZE, end = (Map->FileSize + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1ull);
    ULONG last = end > start ? (ULONG)min((end - start) >> PAGE_SHIFT, CC_VIEW_PAGES) : 0;
    ULONG wanted = Sequential ? CC_VIEW_PAGES : CC_RANDOM_PAGES;

    if (last <= Piece->FirstPage || Map->NoReadAhead)
        return Piece->PageCount;
    return max(Piece->PageCount, min(wanted, last - Piece->FirstPage));
}

/* One piece, of a view in use. */
static NTSTATUS CcpReadPiece(CC_VIEW *View, const CC_PIECE *Piece, PVOID Buffer, BOOLEAN Sequential, BOOLEAN Wait)
{
    ULONG cluster = CcpReadCluster(View->Map, Piece, Sequential);
    NTSTATUS status = CcpLoadView(View, Piece->FirstPage, Piece->PageCount, FALSE, FALSE);

    if (status == STATUS_CANT_WAIT && Wait) {
        status = CcpLoadView(View, Piece->FirstPage, cluster, FALSE, TRUE);
        if (!NT_SUCCESS(status) && cluster != Piece->PageCount)          /* what nobody asked for may have failed */
            status = CcpLoadView(View, Piece->FirstPage, Piece->PageCount, FALSE, TRUE);
    }
    return NT_SUCCESS(status) ? CcpCopyGuarded(Buffer, CcpAddressOf(View, Piece), Piece->Length) : status;
}

/* Copies until the end or the first failure. Done: bytes copied. */
static NTSTATUS CcpRead(CC_MAP *Map, ULONG64 Offset, ULONG Length, PUCHAR Buffer, BOOLEAN Sequential, BOOLEAN Wait, PULONG Done)
{
    NTSTATUS status = STATUS_SUCCESS;

    for (*Done = 0; *Done < Length && NT_SUCCESS(status);) {
        CC_PIECE piece = CcpPieceAt(Offset + *Done, Length - *Done);
        CC_VIEW *view = CcpUseView(Map, piece.Index);
        status = CcpReadPiece(view, &piece, Buffer + *Done, Sequential, Wait);
        CcpLeaveView(view);
        if (NT_SUCCESS(status))
            *Done += piece.Length;
    }
    return status;
}

/* FALSE: the data is not in memory, and Wait is FALSE. Raises what a read, or the buffer, gave. PASSIVE_LEVEL or APC_LEVEL. */
BOOLEAN NTAPI CcCopyRead(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, ULONG Length, BOOLEAN Wait, PVOID Buffer,
                         PIO_STATUS_BLOCK IoStatus)
{
    CC_PRIVATE *private = FileObject->PrivateCacheMap;
    ULONG64 offset = (ULONG64)FileOffset->QuadPart;
    BOOLEAN sequential = private != NULL && (private->NextOffset == offset || (FileObject->Flags & FO_SEQUENTIAL_ONLY));
    ULONG done;
    NTSTATUS status = CcpRead(CcpMapOf(FileObject), offset, Length, Buffer, sequential, Wait, &done);

    if (status == STATUS_CANT_WAIT)
        return FALSE;
    if (!NT_SUCCESS(status))
        ExRaiseStatus(status);
    if (private != NULL)
        private->NextOffset = offset + done;
    *IoStatus = (IO_STATUS_BLOCK){ { STATUS_SUCCESS }, done };
    return TRUE;
}

VOID NTAPI CcFastCopyRead(PFILE_OBJECT FileObject, ULONG FileOffset, ULONG Length, ULONG PageCount, PVOID Buffer, PIO_STATUS_BLOCK IoStatus)
{
    LARGE_INTEGER offset = { .QuadPart = FileOffset };
    CcCopyRead(FileObject, &offset, Length, TRUE, Buffer, IoStatus);
}

/* ---- Ahead of the reader ---- */
typedef struct CC_READ_AHEAD {
    WORK_QUEUE_ITEM Work;
    CC_MAP *Map;                                 /* referenced */
    PFILE_OBJECT File;                           /* referenced */
    ULONG64 Offset;
    ULONG Length;
} CC_READ_AHEAD;

/* A failure is the reader's to meet. */
static VOID CcpBringIn(CC_MAP *Map, ULONG64 Offset, ULONG Length)
{
    ULONG64 end = min(Offset + Length, Map->FileSize);
    if (Offset < end)
        MmMakeFilePagesResident(Map->Segment, Offset >> PAGE_SHIFT, (ULONG)(((end + PAGE_SIZE - 1) >> PAGE_SHIFT) - (Offset >> PAGE_SHIFT)),
                                FALSE);
}

static VOID NTAPI CcpReadAhead(PVOID Context)
{
    CC_READ_AHEAD *ahead = Context;
    PCACHE_MANAGER_CALLBACKS callbacks = ahead->Map->Callbacks;

    if (callbacks->AcquireForReadAhead(ahead->Map->Context, TRUE)) {
        CcpBringIn(ahead->Map, ahead->Offset, ahead->Length);
        callbacks->ReleaseFromReadAhead(ahead->Map->Context);
    }
    CcpReleaseMap(ahead->Map);
    ObfDereferenceObject(ahead->File);
    ExFreePoolWithTag(ahead, CC_TAG);
}

/* What follows the range that was just read is brought in by a system thread, in units of the granularity. */
VOID NTAPI CcScheduleReadAhead(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, ULONG Length)
{
    CC_PRIVATE *private = FileObject->PrivateCacheMap;
    CC_READ_AHEAD *ahead;

    if (private == NULL || CcpMapOf(FileObject)->NoReadAhead || (FileObject->Flags & FO_RANDOM_ACCESS))
        return;
    ahead = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*ahead), CC_TAG);
    if (ahead == NULL)
        return;
    ahead->Map = CcpMapOf(FileObject);
    ahead->File = FileObject;
    ahead->Offset = (ULONG64)FileOffset->QuadPart + Length;
    ahead->Length = max(Length, private->ReadAheadGranularity);
    CcpReferenceMap(ahead->Map);
    ObfReferenceObject(FileObject);
    ExInitializeWorkItem(&ahead->Work, CcpReadAhead, ahead);
    ExQueueWorkItem(&ahead->Work, DelayedWorkQueue);
}

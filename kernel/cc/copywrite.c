/* SPDX-License-Identifier: MIT
 * Writing into the cache by copying. A page that is written whole, or that lies behind all valid data, is not read first.
 */
#include "ccp.h"

static ULONG64 CcpGoalOf(CC_MAP *Map)
{
    ULONG64 goal;
    ExLockShared(&Map->Lock);
    goal = Map->ValidDataGoal;
    ExUnlockShared(&Map->Lock);
    return goal;
}

static VOID CcpRaiseGoal(CC_MAP *Map, ULONG64 End)
{
    ExLockExclusive(&Map->Lock);
    if (Map->ValidDataGoal != MAXLONGLONG)
        Map->ValidDataGoal = max(Map->ValidDataGoal, End);
    ExUnlockExclusive(&Map->Lock);
}

/* The pages of a piece: its first and last may be written in part only. */
static NTSTATUS CcpLoadForWrite(CC_VIEW *View, const CC_PIECE *Piece, ULONG64 Goal, BOOLEAN Wait)
{
    ULONG64 start = (ULONG64)View->Index * CC_VIEW_SIZE;
    ULONG page, end = Piece->FirstPage + Piece->PageCount;
    NTSTATUS status = STATUS_SUCCESS;

    for (page = Piece->FirstPage; page < end && NT_SUCCESS(status); page++) {
        ULONG at = page << PAGE_SHIFT, count = 1;
        BOOLEAN whole = Piece->Offset <= at && Piece->Offset + Piece->Length >= at + PAGE_SIZE;
        BOOLEAN fresh = whole || start + at >= Goal;
        while (whole && page + count < end && Piece->Offset + Piece->Length >= at + (count + 1) * PAGE_SIZE)
            count++;                             /* all in one go */
        status = CcpLoadView(View, page, count, fresh, Wait || fresh);
        page += count - 1;
    }
    return status;
}

static NTSTATUS CcpWritePiece(CC_VIEW *View, const CC_PIECE *Piece, const UCHAR *Buffer, BOOLEAN Wait)
{
    ULONG64 start = (ULONG64)View->Index * CC_VIEW_SIZE;
    NTSTATUS status = CcpLoadForWrite(View, Piece, CcpGoalOf(View->Map), Wait);

    if (!NT_SUCCESS(status))
        return status;
    if (Buffer != NULL)
        status = CcpCopyGuarded(CcpAddressOf(View, Piece), Buffer, Piece->Length);
    else
        RtlZeroMemory(CcpAddressOf(View, Piece), Piece->Length);
    /* A buffer that ends in a fault has changed what it has changed. */
    MmDirtyFilePages(View->Map->Segment, (start >> PAGE_SHIFT) + Piece->FirstPage, Piece->PageCount);
    CcpRaiseGoal(View->Map, start + Piece->Offset + Piece->Length);
    return status;
}

/* Buffer NULL: zeroes. */
static NTSTATUS CcpWrite(CC_MAP *Map, ULONG64 Offset, ULONG64 Length, const UCHAR *Buffer, BOOLEAN Wait)
{
    NTSTATUS status = STATUS_SUCCESS;
    ULONG64 done;

    for (done = 0; done < Length && NT_SUCCESS(status);) {
        CC_PIECE piece = CcpPieceAt(Offset + done, Length - done);
        CC_VIEW *view = CcpUseView(Map, piece.Index);
        status = CcpWritePiece(view, &piece, Buffer != NULL ? Buffer + done : NULL, Wait);
        CcpLeaveView(view);
        done += piece.Length;
    }
    CcpWakeLazyWriter(FALSE);
    return status;
}

static BOOLEAN CcpWriteOrRaise(PFILE_OBJECT File, ULONG64 Offset, ULONG64 Length, const UCHAR *Buffer, BOOLEAN Wait)
{
    LARGE_INTEGER offset = { .QuadPart = (LONG64)Offset };
    IO_STATUS_BLOCK result = { { STATUS_SUCCESS }, 0 };
    NTSTATUS status = CcpWrite(CcpMapOf(File), Offset, Length, Buffer, Wait);

    if (status == STATUS_CANT_WAIT)
        return FALSE;
    if (NT_SUCCESS(status) && (File->Flags & FO_WRITE_THROUGH)) {
        CcFlushCache(File->SectionObjectPointer, &offset, (ULONG)Length, &result);
        status = result.Status;
    }
    if (!NT_SUCCESS(status))
        ExRaiseStatus(status);
    return TRUE;
}

/* FALSE: a page that is written in part is not in memory, and Wait is FALSE; some of the data may be written then. Raises what a read,
 * or the buffer, gave. */
BOOLEAN NTAPI CcCopyWrite(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, ULONG Length, BOOLEAN Wait, PVOID Buffer)
{
    return CcpWriteOrRaise(FileObject, (ULONG64)FileOffset->QuadPart, Length, Buffer, Wait);
}

VOID NTAPI CcFastCopyWrite(PFILE_OBJECT FileObject, ULONG FileOffset, ULONG Length, PVOID Buffer)
{
    CcpWriteOrRaise(FileObject, FileOffset, Length, Buffer, TRUE);
}

/* ---- Zeroes ---- */
/* Of a file that is not cached: pages of zeroes, straight to the disk. */
static NTSTATUS CcpWriteZeroPage(PFILE_OBJECT File, PVOID Page, ULONG64 Offset, ULONG Length)
{
    PMDL mdl = IoAllocateMdl(Page, Length, FALSE, FALSE, NULL);
    ULONG_PTR bytes;
    NTSTATUS status;

    if (mdl == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    MmBuildMdlForNonPagedPool(mdl);
    status = MmUpcalls.TransferPages(File, mdl, Offset, TRUE, &bytes);
    IoFreeMdl(mdl);
    return status;
}

static NTSTATUS CcpZeroUncached(PFILE_OBJECT File, ULONG64 Start, ULONG64 End)
{
    PVOID page = ExAllocatePoolWithTag(NonPagedPoolNx, PAGE_SIZE, CC_TAG);
    NTSTATUS status = STATUS_SUCCESS;
    ULONG64 at;

    if (page == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(page, PAGE_SIZE);
    for (at = Start; at < End && NT_SUCCESS(status); at += PAGE_SIZE)
        status = CcpWriteZeroPage(File, page, at, (ULONG)min(PAGE_SIZE, End - at));
    ExFreePoolWithTag(page, CC_TAG);
    return status;
}

BOOLEAN NTAPI CcZeroData(PFILE_OBJECT FileObject, PLARGE_INTEGER StartOffset, PLARGE_INTEGER EndOffset, BOOLEAN Wait)
{
    ULONG64 start = (ULONG64)StartOffset->QuadPart, end = (ULONG64)EndOffset->QuadPart;
    NTSTATUS status;

    if (start >= end)
        return TRUE;
    if (CcIsFileCached(FileObject))
        return CcpWriteOrRaise(FileObject, start, end - start, NULL, Wait);
    if (!Wait)
        return FALSE;
    status = CcpZeroUncached(FileObject, start, end);
    if (!NT_SUCCESS(status))
        ExRaiseStatus(status);
    return TRUE;
}

/* SPDX-License-Identifier: MIT
 * The cache's pages themselves, as a chain of MDLs: for who sends or receives them without a copy.
 */
#include "ccp.h"

/* A locked MDL over one piece; its pages stay while it is locked. */
static NTSTATUS CcpDescribe(CC_MAP *Map, const CC_PIECE *Piece, BOOLEAN Write, PMDL *Mdl)
{
    CC_VIEW *view = CcpUseView(Map, Piece->Index);
    NTSTATUS status = CcpLoadView(view, Piece->FirstPage, Piece->PageCount, FALSE, TRUE);

    *Mdl = NT_SUCCESS(status) ? IoAllocateMdl(CcpAddressOf(view, Piece), Piece->Length, FALSE, FALSE, NULL) : NULL;
    if (NT_SUCCESS(status) && *Mdl == NULL)
        status = STATUS_INSUFFICIENT_RESOURCES;
    if (*Mdl != NULL)                            /* mapped and resident: this cannot raise */
        MmProbeAndLockPages(*Mdl, KernelMode, Write ? IoWriteAccess : IoReadAccess);
    CcpLeaveView(view);
    return status;
}

static VOID CcpFreeChain(PMDL Chain)
{
    while (Chain != NULL) {
        PMDL next = Chain->Next;
        MmUnlockPages(Chain);
        IoFreeMdl(Chain);
        Chain = next;
    }
}

/* Appends to a chain that the caller may have begun. */
static VOID CcpDescribeRange(PFILE_OBJECT File, ULONG64 Offset, ULONG Length, BOOLEAN Write, PMDL *Chain, PIO_STATUS_BLOCK Result)
{
    PMDL *end = Chain, *first;
    NTSTATUS status = STATUS_SUCCESS;
    ULONG done = 0;

    while (*end != NULL)
        end = &(*end)->Next;
    first = end;
    while (done < Length && NT_SUCCESS(status)) {
        CC_PIECE piece = CcpPieceAt(Offset + done, Length - done);
        status = CcpDescribe(CcpMapOf(File), &piece, Write, end);
        done += piece.Length;
        if (NT_SUCCESS(status))
            end = &(*end)->Next;
    }
    if (!NT_SUCCESS(status)) {
        CcpFreeChain(*first);
        *first = NULL;
        ExRaiseStatus(status);
    }
    *Result = (IO_STATUS_BLOCK){ { STATUS_SUCCESS }, Length };
}

VOID NTAPI CcMdlRead(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, ULONG Length, PMDL *MdlChain, PIO_STATUS_BLOCK IoStatus)
{
    CcpDescribeRange(FileObject, (ULONG64)FileOffset->QuadPart, Length, FALSE, MdlChain, IoStatus);
}

VOID NTAPI CcMdlReadComplete(PFILE_OBJECT FileObject, PMDL MdlChain) { CcpFreeChain(MdlChain); }

VOID NTAPI CcPrepareMdlWrite(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, ULONG Length, PMDL *MdlChain, PIO_STATUS_BLOCK IoStatus)
{
    CcpDescribeRange(FileObject, (ULONG64)FileOffset->QuadPart, Length, TRUE, MdlChain, IoStatus);
}

/* What the caller put into the pages is the file's data now. */
VOID NTAPI CcMdlWriteComplete(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, PMDL MdlChain)
{
    ULONG64 offset = (ULONG64)FileOffset->QuadPart;
    IO_STATUS_BLOCK result;
    LARGE_INTEGER at;
    PMDL mdl;

    for (mdl = MdlChain; mdl != NULL; mdl = mdl->Next) {
        ULONG length = MmGetMdlByteCount(mdl);
        MmDirtyFilePages(CcpMapOf(FileObject)->Segment, offset >> PAGE_SHIFT,
                         (ULONG)(((offset + length + PAGE_SIZE - 1) >> PAGE_SHIFT) - (offset >> PAGE_SHIFT)));
        if (FileObject->Flags & FO_WRITE_THROUGH) {
            at.QuadPart = (LONG64)offset;
            CcFlushCache(FileObject->SectionObjectPointer, &at, length, &result);
        }
        offset += length;
    }
    CcpFreeChain(MdlChain);
    CcpWakeLazyWriter(FALSE);
}

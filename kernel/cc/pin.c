/* SPDX-License-Identifier: MIT
 * Pinning and mapping: a file system works on its structures in the cache itself. Each range lies within one view. Pinned ranges that
 * lie within one another share a BCB, and its resource keeps their users apart; those that only overlap do not.
 */
#include "ccp.h"

/* Of a range that was entered. Raises, with the range left, when there is no memory. */
static CC_BCB *CcpMakeBcb(CC_MAP *Map, CC_VIEW *View, const CC_PIECE *Piece, BOOLEAN Pinned)
{
    CC_BCB *bcb = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*bcb), CC_TAG);

    if (bcb == NULL) {
        CcpLeaveView(View);
        CcpReleaseMap(Map);
        ExRaiseStatus(STATUS_INSUFFICIENT_RESOURCES);
    }
    RtlZeroMemory(bcb, sizeof(*bcb));
    bcb->Public.NodeTypeCode = CC_NODE_BCB;
    bcb->Public.NodeByteSize = sizeof(*bcb);
    bcb->Public.MappedLength = Piece->PageCount << PAGE_SHIFT;
    bcb->Public.MappedFileOffset.QuadPart = (LONG64)(Piece->Index * CC_VIEW_SIZE + ((ULONG64)Piece->FirstPage << PAGE_SHIFT));
    bcb->Map = Map;
    bcb->View = View;
    bcb->References = 1;
    bcb->Pinned = Pinned;
    ExInitializeResourceLite(&bcb->Resource);
    return bcb;
}

/* Nobody refers to it. */
static VOID CcpFreeBcb(CC_BCB *Bcb)
{
    CC_MAP *map = Bcb->Map;

    CcpLeaveView(Bcb->View);
    ExDeleteResourceLite(&Bcb->Resource);
    ExFreePoolWithTag(Bcb, CC_TAG);
    CcpReleaseMap(map);
}

static VOID CcpReleaseBcb(CC_BCB *Bcb)
{
    BOOLEAN last;

    ExLockExclusive(&Bcb->Map->Lock);
    last = --Bcb->References == 0;
    if (last && Bcb->Pinned)
        RemoveEntryList(&Bcb->Link);
    ExUnlockExclusive(&Bcb->Map->Lock);
    if (last)
        CcpFreeBcb(Bcb);
}

/* A view with the range in memory, and the map referenced; raises. */
static NTSTATUS CcpEnterRange(CC_MAP *Map, const CC_PIECE *Piece, ULONG Length, BOOLEAN Fresh, BOOLEAN Wait, CC_VIEW **View)
{
    NTSTATUS status;

    if (Length == 0 || Piece->Length != Length)
        return STATUS_INVALID_PARAMETER;         /* it crosses into another view */
    CcpReferenceMap(Map);
    *View = CcpUseView(Map, Piece->Index);
    status = CcpLoadView(*View, Piece->FirstPage, Piece->PageCount, Fresh, Wait);
    if (!NT_SUCCESS(status)) {
        CcpLeaveView(*View);
        CcpReleaseMap(Map);
    }
    return status;
}

/* FALSE for STATUS_CANT_WAIT; raises other failures. */
static BOOLEAN CcpSucceeded(NTSTATUS Status)
{
    if (!NT_SUCCESS(Status) && Status != STATUS_CANT_WAIT)
        ExRaiseStatus(Status);
    return NT_SUCCESS(Status);
}

/* ---- Mapping: to read ---- */
BOOLEAN NTAPI CcMapData(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, ULONG Length, ULONG Flags, PVOID *Bcb, PVOID *Buffer)
{
    CC_MAP *map = CcpMapOf(FileObject);
    CC_PIECE piece = CcpPieceAt((ULONG64)FileOffset->QuadPart, Length);
    CC_VIEW *view;
    CC_BCB *bcb;

    if (!CcpSucceeded(CcpEnterRange(map, &piece, Length, FALSE, (Flags & MAP_WAIT) != 0, &view)))
        return FALSE;
    bcb = CcpMakeBcb(map, view, &piece, FALSE);
    *Bcb = bcb;
    *Buffer = CcpAddressOf(view, &piece);
    return TRUE;
}

/* ---- Pinning: to change ---- */
static CC_BCB *CcpFindPinnedLocked(CC_MAP *Map, const CC_PIECE *Piece)
{
    LONG64 start = (LONG64)(Piece->Index * CC_VIEW_SIZE + Piece->Offset);
    PLIST_ENTRY entry;

    for (entry = Map->Bcbs.Flink; entry != &Map->Bcbs; entry = entry->Flink) {
        CC_BCB *bcb = CONTAINING_RECORD(entry, CC_BCB, Link);
        if (start >= bcb->Public.MappedFileOffset.QuadPart &&
            start + Piece->Length <= bcb->Public.MappedFileOffset.QuadPart + bcb->Public.MappedLength)
            return bcb;
    }
    return NULL;
}

/* Enters Fresh, unless the range is pinned already: then that BCB with a reference more, and Fresh is freed. */
static CC_BCB *CcpShareBcb(CC_MAP *Map, CC_BCB *Fresh, const CC_PIECE *Piece)
{
    CC_BCB *found;

    ExLockExclusive(&Map->Lock);
    found = CcpFindPinnedLocked(Map, Piece);
    if (found != NULL)
        found->References++;
    else
        InsertHeadList(&Map->Bcbs, &Fresh->Link);
    ExUnlockExclusive(&Map->Lock);
    if (found == NULL)
        return Fresh;
    CcpFreeBcb(Fresh);
    return found;
}

static BOOLEAN CcpAcquireBcb(CC_BCB *Bcb, ULONG Flags)
{
    BOOLEAN wait = (Flags & PIN_WAIT) != 0;

    if (Flags & PIN_NO_READ)                     /* the caller keeps users apart itself */
        return TRUE;
    return Flags & PIN_EXCLUSIVE ? ExAcquireResourceExclusiveLite(&Bcb->Resource, wait) : ExAcquireResourceSharedLite(&Bcb->Resource, wait);
}

static BOOLEAN CcpPin(PFILE_OBJECT File, ULONG64 Offset, ULONG Length, BOOLEAN Fresh, ULONG Flags, CC_BCB **Bcb, PVOID *Buffer)
{
    CC_MAP *map = CcpMapOf(File);
    CC_PIECE piece = CcpPieceAt(Offset, Length);
    CC_VIEW *view;
    CC_BCB *bcb;

    if (!CcpSucceeded(CcpEnterRange(map, &piece, Length, Fresh, (Flags & PIN_WAIT) != 0, &view)))
        return FALSE;
    bcb = CcpMakeBcb(map, view, &piece, TRUE);
    bcb = CcpShareBcb(map, bcb, &piece);
    if (!CcpAcquireBcb(bcb, Flags)) {
        CcpReleaseBcb(bcb);
        return FALSE;
    }
    *Bcb = bcb;
    *Buffer = CcpAddressOf(bcb->View, &piece);
    return TRUE;
}

BOOLEAN NTAPI CcPinRead(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, ULONG Length, ULONG Flags, PVOID *Bcb, PVOID *Buffer)
{
    return CcpPin(FileObject, (ULONG64)FileOffset->QuadPart, Length, FALSE, Flags & ~PIN_NO_READ, (CC_BCB **)Bcb, Buffer);
}

/* What was mapped becomes pinned; *Bcb is another then. */
BOOLEAN NTAPI CcPinMappedData(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, ULONG Length, ULONG Flags, PVOID *Bcb)
{
    CC_BCB *mapped = *Bcb, *pinned;
    PVOID buffer;

    if (mapped->Pinned)
        return TRUE;
    if (!CcpPin(FileObject, (ULONG64)FileOffset->QuadPart, Length, FALSE, Flags & ~PIN_NO_READ, &pinned, &buffer))
        return FALSE;
    CcpReleaseBcb(mapped);
    *Bcb = pinned;
    return TRUE;
}

/* The caller will write the whole range: whole pages of it are not read. */
BOOLEAN NTAPI CcPreparePinWrite(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, ULONG Length, BOOLEAN Zero, ULONG Flags, PVOID *Bcb,
                                PVOID *Buffer)
{
    BOOLEAN whole = ((FileOffset->LowPart | Length) & (PAGE_SIZE - 1)) == 0;

    if (!CcpPin(FileObject, (ULONG64)FileOffset->QuadPart, Length, whole, Flags & ~PIN_NO_READ, (CC_BCB **)Bcb, Buffer))
        return FALSE;
    if (Zero)
        RtlZeroMemory(*Buffer, Length);
    CcSetDirtyPinnedData(*Bcb, NULL);
    return TRUE;
}

VOID NTAPI CcSetDirtyPinnedData(PVOID BcbVoid, PLARGE_INTEGER Lsn)
{
    CC_BCB *bcb = BcbVoid;

    MmDirtyFilePages(bcb->Map->Segment, (ULONG64)bcb->Public.MappedFileOffset.QuadPart >> PAGE_SHIFT, bcb->Public.MappedLength >> PAGE_SHIFT);
    CcpWakeLazyWriter(FALSE);
}

/* ---- The end ---- */
VOID NTAPI CcUnpinDataForThread(PVOID Bcb, ERESOURCE_THREAD ResourceThreadId)
{
    CC_BCB *bcb = Bcb;
    if (bcb->Pinned)
        ExReleaseResourceForThreadLite(&bcb->Resource, ResourceThreadId);
    CcpReleaseBcb(bcb);
}

VOID NTAPI CcUnpinData(PVOID Bcb)
{
    CC_BCB *bcb = Bcb;
    if (bcb->Pinned)
        ExReleaseResourceLite(&bcb->Resource);
    CcpReleaseBcb(bcb);
}

VOID NTAPI CcSetBcbOwnerPointer(PVOID Bcb, PVOID OwnerPointer)
{
    CC_BCB *bcb = Bcb;
    if (bcb->Pinned)
        ExSetResourceOwnerPointer(&bcb->Resource, OwnerPointer);
}

/* It stays in memory until CcUnpinRepinnedBcb, whoever unpins it. */
VOID NTAPI CcRepinBcb(PVOID Bcb)
{
    CC_BCB *bcb = Bcb;
    ExLockExclusive(&bcb->Map->Lock);
    bcb->References++;
    ExUnlockExclusive(&bcb->Map->Lock);
}

VOID NTAPI CcUnpinRepinnedBcb(PVOID Bcb, BOOLEAN WriteThrough, PIO_STATUS_BLOCK IoStatus)
{
    CC_BCB *bcb = Bcb;
    ULONG64 first = (ULONG64)bcb->Public.MappedFileOffset.QuadPart >> PAGE_SHIFT;
    NTSTATUS status = WriteThrough ? MmFlushFilePages(bcb->Map->Segment, first, bcb->Public.MappedLength >> PAGE_SHIFT) : STATUS_SUCCESS;

    *IoStatus = (IO_STATUS_BLOCK){ { status }, 0 };
    CcpReleaseBcb(bcb);
}

PFILE_OBJECT NTAPI CcGetFileObjectFromBcb(PVOID Bcb) { return ((CC_BCB *)Bcb)->Map->FileObject; }

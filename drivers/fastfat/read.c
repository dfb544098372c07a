/* SPDX-License-Identifier: MIT
 * IRP_MJ_READ: through the cache, around it, of pages for the cache, and of the volume itself.
 */
#include "fastfat.h"

static BOOLEAN NTAPI FatAcquireForLazyWrite(PVOID Context, BOOLEAN Wait)
{
    return ExAcquireResourceSharedLite(&((FAT_FCB *)Context)->PagingIo, Wait);
}
static VOID NTAPI FatReleaseFromLazyWrite(PVOID Context)
{
    ExReleaseResourceLite(&((FAT_FCB *)Context)->PagingIo);
}
static BOOLEAN NTAPI FatAcquireForReadAhead(PVOID Context, BOOLEAN Wait)
{
    return ExAcquireResourceSharedLite(&((FAT_FCB *)Context)->Resource, Wait);
}
static VOID NTAPI FatReleaseFromReadAhead(PVOID Context)
{
    ExReleaseResourceLite(&((FAT_FCB *)Context)->Resource);
}

static CACHE_MANAGER_CALLBACKS FileCallbacks = { FatAcquireForLazyWrite, FatReleaseFromLazyWrite, FatAcquireForReadAhead,
                                                 FatReleaseFromReadAhead };

NTSTATUS FatInitializeCache(FAT_FCB *Fcb, PFILE_OBJECT File)
{
    CC_FILE_SIZES sizes = { Fcb->Header.AllocationSize, Fcb->Header.FileSize, Fcb->Header.ValidDataLength };
    NTSTATUS status = STATUS_SUCCESS;

    if (File->PrivateCacheMap != NULL)
        return STATUS_SUCCESS;
    __try {
        CcInitializeCacheMap(File, &sizes, FALSE, &FileCallbacks, Fcb);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        status = GetExceptionCode();
    }
    return status;
}

/* ---- Pages ---- */
static VOID FatZeroMdl(PMDL Mdl, ULONG From, ULONG To)
{
    PUCHAR bytes = From < To ? MmGetSystemAddressForMdlSafe(Mdl, HighPagePriority | MdlMappingNoExecute) : NULL;

    if (bytes != NULL)
        RtlZeroMemory(bytes + From, To - From);
}

/* What lies behind valid data reads zero. PagingIo is held, or it is a stream. */
static NTSTATUS FatReadPages(FAT_FCB *Fcb, PIRP Irp, ULONG64 Offset, ULONG Length)
{
    ULONG64 valid = (ULONG64)Fcb->Header.ValidDataLength.QuadPart, sector = Fcb->Vcb->Volume.SectorSize;
    ULONG wanted = Offset >= valid ? 0 : (ULONG)min(Length, valid - Offset),
          whole = (ULONG)min((wanted + sector - 1) & ~(sector - 1), Length);
    NTSTATUS status = STATUS_SUCCESS;

    if (Offset >= (ULONG64)Fcb->Header.FileSize.QuadPart)
        return STATUS_END_OF_FILE;
    if (whole != 0)
        status = FatTransferFile(Fcb, Irp->MdlAddress, Offset, whole, FALSE);
    if (NT_SUCCESS(status)) {
        FatZeroMdl(Irp->MdlAddress, wanted, Length);
        Irp->IoStatus.Information = Length;
    }
    return status;
}

/* Of what lies before the root: the disk's bytes at their own places. */
static NTSTATUS FatReadReserved(FAT_VCB *Vcb, PIRP Irp, ULONG64 Offset, ULONG Length)
{
    ULONG64 end = (ULONG64)Vcb->Header.FileSize.QuadPart;
    ULONG whole = Offset >= end ? 0 : (ULONG)min(Length, end - Offset);
    NTSTATUS status;

    if (whole == 0)
        return STATUS_END_OF_FILE;
    status = FatTransfer(Vcb->Target, Irp->MdlAddress, 0, Offset, whole, FALSE);
    if (NT_SUCCESS(status)) {
        FatZeroMdl(Irp->MdlAddress, whole, Length);
        Irp->IoStatus.Information = Length;
    }
    return status;
}

static NTSTATUS FatPagingRead(FAT_VCB *Vcb, PIRP Irp, PFILE_OBJECT File, ULONG64 Offset, ULONG Length)
{
    FAT_FCB *fcb = File->FsContext;
    NTSTATUS status;

    if (File->FsContext == Vcb)
        return FatReadReserved(Vcb, Irp, Offset, Length);
    ExAcquireResourceSharedLite(&fcb->PagingIo, TRUE);
    status = FatReadPages(fcb, Irp, Offset, Length);
    ExReleaseResourceLite(&fcb->PagingIo);
    return status;
}

/* ---- Callers ---- */
static NTSTATUS FatReadCached(FAT_FCB *Fcb, PIRP Irp, PIO_STACK_LOCATION Location, ULONG Length)
{
    LARGE_INTEGER offset = Location->Parameters.Read.ByteOffset;
    PFILE_OBJECT file = Location->FileObject;
    NTSTATUS status = FatInitializeCache(Fcb, file);

    if (!NT_SUCCESS(status))
        return status;
    __try {
        if (Location->MinorFunction & IRP_MN_MDL)
            CcMdlRead(file, &offset, Length, &Irp->MdlAddress, &Irp->IoStatus);
        else
            CcCopyRead(file, &offset, Length, TRUE, Irp->MdlAddress != NULL ? FatGetBuffer(Irp) : Irp->UserBuffer,
                       &Irp->IoStatus);
        status = Irp->IoStatus.Status;
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        status = GetExceptionCode();
    }
    if (status == STATUS_ACCESS_VIOLATION)
        status = STATUS_INVALID_USER_BUFFER;
    return status;
}

/* Whole sectors; what the cache has that the disk has not goes there first. */
static NTSTATUS FatReadUncached(FAT_FCB *Fcb, PIRP Irp, PIO_STACK_LOCATION Location, ULONG Length)
{
    LARGE_INTEGER offset = Location->Parameters.Read.ByteOffset;
    ULONG sector = Fcb->Vcb->Volume.SectorSize, asked = Location->Parameters.Read.Length;
    NTSTATUS status;

    if ((offset.LowPart | asked) & (sector - 1))
        return STATUS_INVALID_PARAMETER;
    status = FatFlushSection(&Fcb->Section, &offset, asked);
    if (NT_SUCCESS(status))
        status = FatLockBuffer(Irp, asked, IoWriteAccess);
    if (NT_SUCCESS(status))
        status = FatTransferFile(Fcb, Irp->MdlAddress, (ULONG64)offset.QuadPart, (Length + sector - 1) & ~(sector - 1), FALSE);
    if (NT_SUCCESS(status))
        Irp->IoStatus.Information = Length;
    return status;
}

static NTSTATUS FatReadFile(FAT_FCB *Fcb, PIRP Irp, PIO_STACK_LOCATION Location)
{
    LONGLONG offset = Location->Parameters.Read.ByteOffset.QuadPart, size;
    ULONG length = Location->Parameters.Read.Length;
    BOOLEAN cached = !(Irp->Flags & IRP_NOCACHE);
    NTSTATUS status = FsRtlCheckOplock(&Fcb->Oplock, Irp, NULL, NULL, NULL);

    if (!NT_SUCCESS(status))
        return status;
    ExAcquireResourceExclusiveLite(&Fcb->Resource, TRUE);
    if (Location->FileObject->PrivateCacheMap != NULL || !cached)
        ExConvertExclusiveToSharedLite(&Fcb->Resource);
    size = Fcb->Header.FileSize.QuadPart;
    if (Fcb->Vcb->Dismounted)
        status = STATUS_VOLUME_DISMOUNTED;
    else if (!FsRtlCheckLockForReadAccess(&Fcb->Lock, Irp))
        status = STATUS_FILE_LOCK_CONFLICT;
    else if (offset >= size)
        status = STATUS_END_OF_FILE;
    else if (cached)
        status = FatReadCached(Fcb, Irp, Location, (ULONG)min(length, size - offset));
    else
        status = FatReadUncached(Fcb, Irp, Location, (ULONG)min(length, size - offset));
    ExReleaseResourceLite(&Fcb->Resource);
    return status;
}

/* The disk itself, with what the caches have of it. */
static NTSTATUS FatReadVolume(FAT_VCB *Vcb, PIRP Irp, PIO_STACK_LOCATION Location)
{
    ULONG64 offset = (ULONG64)Location->Parameters.Read.ByteOffset.QuadPart;
    ULONG length = Location->Parameters.Read.Length;
    FAT_CCB *ccb = Location->FileObject->FsContext2;
    NTSTATUS status = STATUS_SUCCESS;

    if ((offset | length) & (Vcb->Volume.SectorSize - 1))
        return STATUS_INVALID_PARAMETER;
    if (!ccb->IsDirect) {
        if (offset >= Vcb->Volume.TotalBytes)
            return STATUS_END_OF_FILE;
        length = (ULONG)min(length, Vcb->Volume.TotalBytes - offset);
    }
    ExAcquireResourceExclusiveLite(&Vcb->Resource, TRUE);
    if (!Vcb->Dismounted)
        status = FatFlushVolume(Vcb, FALSE);
    ExReleaseResourceLite(&Vcb->Resource);
    if (NT_SUCCESS(status))
        status = FatLockBuffer(Irp, length, IoWriteAccess);
    if (NT_SUCCESS(status))
        status = FatTransfer(Vcb->Target, Irp->MdlAddress, 0, offset, length, FALSE);
    if (NT_SUCCESS(status))
        Irp->IoStatus.Information = length;
    return status;
}

static NTSTATUS FatReadForCaller(FAT_VCB *Vcb, PIRP Irp, PIO_STACK_LOCATION Location)
{
    PFILE_OBJECT file = Location->FileObject;
    FAT_CCB *ccb = file->FsContext2;
    NTSTATUS status;

    if (ccb == NULL)
        return STATUS_INVALID_DEVICE_REQUEST;
    if (ccb->Fcb != NULL && FatIsFolder(ccb->Fcb))
        return STATUS_INVALID_DEVICE_REQUEST;
    if (Location->Parameters.Read.ByteOffset.QuadPart < 0)
        return STATUS_INVALID_PARAMETER;
    if (Location->Parameters.Read.Length == 0)
        return STATUS_SUCCESS;
    status = ccb->Fcb == NULL ? FatReadVolume(Vcb, Irp, Location) : FatReadFile(ccb->Fcb, Irp, Location);
    if (NT_SUCCESS(status) && (file->Flags & FO_SYNCHRONOUS_IO))
        file->CurrentByteOffset.QuadPart = Location->Parameters.Read.ByteOffset.QuadPart + (LONG64)Irp->IoStatus.Information;
    if (NT_SUCCESS(status))
        file->Flags |= FO_FILE_FAST_IO_READ;
    return status;
}

NTSTATUS FatRead(FAT_VCB *Vcb, PIRP Irp, PIO_STACK_LOCATION Location)
{
    if (Location->MinorFunction & IRP_MN_COMPLETE) {
        CcMdlReadComplete(Location->FileObject, Irp->MdlAddress);
        Irp->MdlAddress = NULL;
        return STATUS_SUCCESS;
    }
    if (Irp->Flags & IRP_PAGING_IO)
        return FatPagingRead(Vcb, Irp, Location->FileObject, (ULONG64)Location->Parameters.Read.ByteOffset.QuadPart,
                             Location->Parameters.Read.Length);
    return FatReadForCaller(Vcb, Irp, Location);
}

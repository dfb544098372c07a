/* SPDX-License-Identifier: MIT
 * IRP_MJ_WRITE: through the cache, around it, of pages from the cache, and of the volume itself.
 */
#include "fastfat.h"

#define FAT_TO_END_OF_FILE 0xFFFFFFFFFFFFFFFFll

/* ---- Pages ---- */
/* Up to the end of the file; PagingIo is held. */
static NTSTATUS FatWritePages(FAT_FCB *Fcb, PIRP Irp, ULONG64 Offset, ULONG Length)
{
    ULONG64 size = (ULONG64)Fcb->Header.FileSize.QuadPart, sector = Fcb->Vcb->Volume.SectorSize;
    NTSTATUS status;

    if (Offset >= size)
        return STATUS_END_OF_FILE;
    status =
        FatTransferFile(Fcb, Irp->MdlAddress, Offset, (ULONG)min(Length, (size - Offset + sector - 1) & ~(sector - 1)), TRUE);
    if (NT_SUCCESS(status))
        Irp->IoStatus.Information = Length;
    return status;
}

static NTSTATUS FatPagingWrite(FAT_VCB *Vcb, PIRP Irp, PFILE_OBJECT File, ULONG64 Offset, ULONG Length)
{
    FAT_FCB *fcb = File->FsContext;
    ULONG64 end = (ULONG64)Vcb->Header.FileSize.QuadPart;
    NTSTATUS status;

    if (Vcb->WriteProtected)
        return STATUS_MEDIA_WRITE_PROTECTED;
    if (File->FsContext == Vcb) {
        if (Offset >= end)
            return STATUS_END_OF_FILE;
        status = FatTransfer(Vcb->Target, Irp->MdlAddress, 0, Offset, (ULONG)min(Length, end - Offset), TRUE);
        if (NT_SUCCESS(status))
            Irp->IoStatus.Information = Length;
        return status;
    }
    ExAcquireResourceSharedLite(&fcb->PagingIo, TRUE);
    status = FatWritePages(fcb, Irp, Offset, Length);
    ExReleaseResourceLite(&fcb->PagingIo);
    return status;
}

/* ---- Callers ---- */
static NTSTATUS FatWriteCached(FAT_FCB *Fcb, PIRP Irp, PIO_STACK_LOCATION Location, ULONG64 Offset, ULONG Length)
{
    LARGE_INTEGER offset = { .QuadPart = (LONG64)Offset };
    PFILE_OBJECT file = Location->FileObject;
    NTSTATUS status = STATUS_SUCCESS;

    __try {
        if (Location->MinorFunction & IRP_MN_MDL) {
            CcPrepareMdlWrite(file, &offset, Length, &Irp->MdlAddress, &Irp->IoStatus);
            status = Irp->IoStatus.Status;
        } else {
            CcCopyWrite(file, &offset, Length, TRUE, Irp->MdlAddress != NULL ? FatGetBuffer(Irp) : Irp->UserBuffer);
            Irp->IoStatus.Information = Length;
        }
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        status = GetExceptionCode();
    }
    return status == STATUS_ACCESS_VIOLATION ? STATUS_INVALID_USER_BUFFER : status;
}

static NTSTATUS FatWriteUncached(FAT_FCB *Fcb, PIRP Irp, ULONG64 Offset, ULONG Length)
{
    LARGE_INTEGER page = { .QuadPart = (LONG64)(Offset & ~(ULONG64)(PAGE_SIZE - 1)) };
    ULONG pages = (ULONG)(((Offset + Length + PAGE_SIZE - 1) & ~(ULONG64)(PAGE_SIZE - 1)) - (ULONG64)page.QuadPart);
    NTSTATUS status = FatLockBuffer(Irp, Length, IoReadAccess);

    if (NT_SUCCESS(status))
        status = FatFlushSection(&Fcb->Section, &page, pages);
    if (!NT_SUCCESS(status))
        return status;
    if (Fcb->Section.DataSectionObject != NULL)
        CcPurgeCacheSection(&Fcb->Section, &page, pages, 0);
    status = FatTransferFile(Fcb, Irp->MdlAddress, Offset, Length, TRUE);
    if (NT_SUCCESS(status))
        Irp->IoStatus.Information = Length;
    return status;
}

/* The file grows first, and shrinks again when the data cannot be written. Resource is held exclusively. */
static NTSTATUS FatWriteData(FAT_FCB *Fcb, PIRP Irp, PIO_STACK_LOCATION Location, ULONG64 Offset)
{
    PFILE_OBJECT file = Location->FileObject;
    ULONG length = Location->Parameters.Write.Length;
    ULONG64 end = Offset + length, old = (ULONG64)Fcb->Header.FileSize.QuadPart;
    BOOLEAN cached = !(Irp->Flags & IRP_NOCACHE);
    NTSTATUS status = STATUS_SUCCESS;

    if (end > FAT_MAXIMUM_FILE)
        return STATUS_DISK_FULL;
    if (cached)
        status = FatInitializeCache(Fcb, file);
    else if ((Offset | length) & (Fcb->Vcb->Volume.SectorSize - 1))
        status = STATUS_INVALID_PARAMETER;
    if (NT_SUCCESS(status) && end > old)
        status = FatSetFileSize(Fcb, file, end);
    if (!NT_SUCCESS(status))
        return status;
    status = FatZeroTo(Fcb, file, Offset);
    if (NT_SUCCESS(status))
        status = cached ? FatWriteCached(Fcb, Irp, Location, Offset, length) : FatWriteUncached(Fcb, Irp, Offset, length);
    if (!NT_SUCCESS(status)) {
        if (end > old)
            FatSetFileSize(Fcb, file, old);
        return status;
    }
    if (Fcb->Header.ValidDataLength.QuadPart < (LONG64)end)
        Fcb->Header.ValidDataLength.QuadPart = (LONG64)end;
    return STATUS_SUCCESS;
}

static VOID FatNoteWrite(FAT_FCB *Fcb, const FAT_CCB *Ccb)
{
    if (!Ccb->TimesGiven) {
        Fcb->Record.Written = FatNow();
        Fcb->Record.Accessed = (FAT_TIME){ Fcb->Record.Written.Date, 0, 0 };
    }
    Fcb->Record.Attributes |= FatArchive;
    Fcb->IsChanged = TRUE;
}

static NTSTATUS FatWriteFile(FAT_FCB *Fcb, PIRP Irp, PIO_STACK_LOCATION Location, FAT_CCB *Ccb, PULONG64 End)
{
    LONGLONG offset = Location->Parameters.Write.ByteOffset.QuadPart;
    NTSTATUS status = FsRtlCheckOplock(&Fcb->Oplock, Irp, NULL, NULL, NULL);

    if (!NT_SUCCESS(status))
        return status;
    if (!(Irp->Flags & IRP_NOCACHE) && !CcCanIWrite(Location->FileObject, Location->Parameters.Write.Length, TRUE, FALSE))
        return STATUS_INSUFFICIENT_RESOURCES;
    ExAcquireResourceExclusiveLite(&Fcb->Resource, TRUE);
    if (offset == (LONGLONG)FAT_TO_END_OF_FILE)
        offset = Location->Parameters.Write.ByteOffset.QuadPart = Fcb->Header.FileSize.QuadPart;
    if (offset < 0)
        status = STATUS_INVALID_PARAMETER;
    else if (Fcb->Vcb->Dismounted)
        status = STATUS_VOLUME_DISMOUNTED;
    else if (!FsRtlCheckLockForWriteAccess(&Fcb->Lock, Irp))
        status = STATUS_FILE_LOCK_CONFLICT;
    else
        status = FatWriteData(Fcb, Irp, Location, (ULONG64)offset);
    if (NT_SUCCESS(status))
        FatNoteWrite(Fcb, Ccb);
    ExReleaseResourceLite(&Fcb->Resource);
    *End = (ULONG64)offset + Irp->IoStatus.Information;
    return status;
}

/* The disk itself: only who has locked the volume, or finds it dismounted, writes where files may be. */
static NTSTATUS FatWriteVolume(FAT_VCB *Vcb, PIRP Irp, PIO_STACK_LOCATION Location)
{
    ULONG64 offset = (ULONG64)Location->Parameters.Write.ByteOffset.QuadPart;
    ULONG length = Location->Parameters.Write.Length;
    FAT_CCB *ccb = Location->FileObject->FsContext2;
    NTSTATUS status;

    if ((offset | length) & (Vcb->Volume.SectorSize - 1) || offset > MAXLONGLONG)
        return STATUS_INVALID_PARAMETER;
    if (!ccb->IsDirect && (offset >= Vcb->Volume.TotalBytes || length > Vcb->Volume.TotalBytes - offset))
        return STATUS_END_OF_FILE;
    if (Vcb->WriteProtected)
        return STATUS_MEDIA_WRITE_PROTECTED;
    if (!Vcb->Dismounted && Vcb->Locker != Location->FileObject)
        return STATUS_ACCESS_DENIED;
    status = FatLockBuffer(Irp, length, IoReadAccess);
    if (NT_SUCCESS(status))
        status = FatTransfer(Vcb->Target, Irp->MdlAddress, 0, offset, length, TRUE);
    if (NT_SUCCESS(status))
        Irp->IoStatus.Information = length;
    return status;
}

static NTSTATUS FatWriteForCaller(FAT_VCB *Vcb, PIRP Irp, PIO_STACK_LOCATION Location)
{
    PFILE_OBJECT file = Location->FileObject;
    FAT_CCB *ccb = file->FsContext2;
    ULONG64 end;
    NTSTATUS status;

    if (ccb == NULL || (ccb->Fcb != NULL && FatIsFolder(ccb->Fcb)))
        return STATUS_INVALID_DEVICE_REQUEST;
    if (Location->Parameters.Write.Length == 0)
        return STATUS_SUCCESS;
    end = (ULONG64)Location->Parameters.Write.ByteOffset.QuadPart + Location->Parameters.Write.Length;
    status = ccb->Fcb == NULL ? FatWriteVolume(Vcb, Irp, Location) : FatWriteFile(ccb->Fcb, Irp, Location, ccb, &end);
    if (!NT_SUCCESS(status))
        return status;
    if (file->Flags & FO_SYNCHRONOUS_IO)
        file->CurrentByteOffset.QuadPart = (LONG64)end;
    file->Flags |= FO_FILE_MODIFIED;
    return STATUS_SUCCESS;
}

NTSTATUS FatWrite(FAT_VCB *Vcb, PIRP Irp, PIO_STACK_LOCATION Location)
{
    if (Location->MinorFunction & IRP_MN_COMPLETE) {
        CcMdlWriteComplete(Location->FileObject, &Location->Parameters.Write.ByteOffset, Irp->MdlAddress);
        Irp->MdlAddress = NULL;
        return STATUS_SUCCESS;
    }
    if (Irp->Flags & IRP_PAGING_IO)
        return FatPagingWrite(Vcb, Irp, Location->FileObject, (ULONG64)Location->Parameters.Write.ByteOffset.QuadPart,
                              Location->Parameters.Write.Length);
    return FatWriteForCaller(Vcb, Irp, Location);
}

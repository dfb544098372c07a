/* SPDX-License-Identifier: MIT
 * Requests to the disk below, each waited for. A completion routine wakes the waiter, so they may be sent with APCs off.
 */
#include "fastfat.h"

#define FAT_ZERO_PIECE 0x10000u

static NTSTATUS NTAPI FatWake(PDEVICE_OBJECT Device, PIRP Irp, PVOID Event)
{
    KeSetEvent(Event, IO_DISK_INCREMENT, FALSE);
    return STATUS_MORE_PROCESSING_REQUIRED;
}

/* Sends the request with its next location filled, and frees it. */
static NTSTATUS FatSend(PDEVICE_OBJECT Target, PIRP Irp)
{
    KEVENT done;
    NTSTATUS status;

    KeInitializeEvent(&done, NotificationEvent, FALSE);
    IoSetCompletionRoutine(Irp, FatWake, &done, TRUE, TRUE, TRUE);
    if (IoCallDriver(Target, Irp) == STATUS_PENDING)
        KeWaitForSingleObject(&done, Executive, KernelMode, FALSE, NULL);
    status = Irp->IoStatus.Status;
    IoFreeIrp(Irp);
    return status;
}

static NTSTATUS FatSendTransfer(PDEVICE_OBJECT Target, PMDL Mdl, ULONG64 Offset, BOOLEAN Write)
{
    PIRP irp = IoAllocateIrp(Target->StackSize, FALSE);
    PIO_STACK_LOCATION location;

    if (irp == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    irp->MdlAddress = Mdl;
    irp->UserBuffer = MmGetMdlVirtualAddress(Mdl);
    irp->Flags = IRP_NOCACHE | (Write ? IRP_WRITE_OPERATION : IRP_READ_OPERATION);
    irp->Tail.Overlay.Thread = PsGetCurrentThread();
    location = IoGetNextIrpStackLocation(irp);
    location->MajorFunction = Write ? IRP_MJ_WRITE : IRP_MJ_READ;
    location->Flags = SL_OVERRIDE_VERIFY_VOLUME;
    location->Parameters.Read.Length = MmGetMdlByteCount(Mdl);          /* Write lies the same */
    location->Parameters.Read.ByteOffset.QuadPart = (LONG64)Offset;
    return FatSend(Target, irp);
}

NTSTATUS FatTransfer(PDEVICE_OBJECT Target, PMDL Mdl, ULONG Skip, ULONG64 Offset, ULONG Length, BOOLEAN Write)
{
    PVOID address = (PUCHAR)MmGetMdlVirtualAddress(Mdl) + Skip;
    NTSTATUS status;
    PMDL part;

    if (Skip == 0 && MmGetMdlByteCount(Mdl) == Length)
        return FatSendTransfer(Target, Mdl, Offset, Write);
    part = IoAllocateMdl(address, Length, FALSE, FALSE, NULL);
    if (part == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    IoBuildPartialMdl(Mdl, part, address, Length);
    status = FatSendTransfer(Target, part, Offset, Write);
    MmPrepareMdlForReuse(part);
    IoFreeMdl(part);
    return status;
}

/* A buffer in nonpaged pool. */
static NTSTATUS FatTransferBuffer(PDEVICE_OBJECT Target, ULONG64 Offset, ULONG Length, PVOID Buffer, BOOLEAN Write)
{
    PMDL mdl = IoAllocateMdl(Buffer, Length, FALSE, FALSE, NULL);
    NTSTATUS status;

    if (mdl == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    MmBuildMdlForNonPagedPool(mdl);
    status = FatSendTransfer(Target, mdl, Offset, Write);
    IoFreeMdl(mdl);
    return status;
}

NTSTATUS FatReadDevice(PDEVICE_OBJECT Target, ULONG64 Offset, ULONG Length, PVOID Buffer)
{
    return FatTransferBuffer(Target, Offset, Length, Buffer, FALSE);
}

NTSTATUS FatZeroDevice(FAT_VCB *Vcb, ULONG64 Offset, ULONG64 Length)
{
    ULONG piece = Length < FAT_ZERO_PIECE ? (ULONG)Length : FAT_ZERO_PIECE;
    NTSTATUS status = STATUS_SUCCESS;
    PVOID zeroes;

    if (Length == 0)
        return STATUS_SUCCESS;
    zeroes = ExAllocatePoolWithTag(NonPagedPoolNx, piece, FAT_TAG);
    if (zeroes == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(zeroes, piece);
    for (; Length != 0 && NT_SUCCESS(status); Offset += piece, Length -= piece) {
        if (Length < piece)
            piece = (ULONG)Length;
        status = FatTransferBuffer(Vcb->Target, Offset, piece, zeroes, TRUE);
    }
    ExFreePoolWithTag(zeroes, FAT_TAG);
    return status;
}

/* Where the byte lies and how many follow it there; 0: nowhere. */
static ULONG64 FatLocate(FAT_FCB *Fcb, ULONG64 Offset, PULONG64 Follow)
{
    const FAT_VOLUME *volume = &Fcb->Vcb->Volume;
    ULONG64 cluster = Offset >> volume->ClusterShift, inside = Offset & (volume->ClusterSize - 1);
    const FAT_RUN *run;

    if (Fcb->Parent == NULL && volume->RootBytes != 0) {
        *Follow = Offset < volume->RootBytes ? volume->RootBytes - Offset : 0;
        return *Follow == 0 ? 0 : volume->RootOffset + Offset;
    }
    run = cluster < Fcb->Runs.Clusters ? FatFindRun(&Fcb->Runs, (ULONG)cluster) : NULL;
    if (run == NULL)
        return 0;
    cluster -= run->First;
    *Follow = ((run->Count - cluster) << volume->ClusterShift) - inside;
    return FatClusterOffset(volume, run->Cluster + (ULONG)cluster) + inside;
}

NTSTATUS FatTransferFile(FAT_FCB *Fcb, PMDL Mdl, ULONG64 Offset, ULONG Length, BOOLEAN Write)
{
    NTSTATUS status = STATUS_SUCCESS;
    ULONG done, piece;

    for (done = 0; done < Length && NT_SUCCESS(status); done += piece) {
        ULONG64 follow = 0, place = FatLocate(Fcb, Offset + done, &follow);
        if (place == 0)
            return STATUS_FILE_CORRUPT_ERROR;
        piece = follow < Length - done ? (ULONG)follow : Length - done;
        status = FatTransfer(Fcb->Vcb->Target, Mdl, done, place, piece, Write);
    }
    return status;
}

NTSTATUS FatControlDevice(PDEVICE_OBJECT Target, ULONG Code, PVOID Output, ULONG Length)
{
    IO_STATUS_BLOCK result;
    NTSTATUS status;
    KEVENT done;
    PIRP irp;

    KeInitializeEvent(&done, NotificationEvent, FALSE);
    irp = IoBuildDeviceIoControlRequest(Code, Target, NULL, 0, Output, Length, FALSE, &done, &result);
    if (irp == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    IoGetNextIrpStackLocation(irp)->Flags |= SL_OVERRIDE_VERIFY_VOLUME;
    status = IoCallDriver(Target, irp);
    if (status == STATUS_PENDING) {
        KeWaitForSingleObject(&done, Executive, KernelMode, FALSE, NULL);
        status = result.Status;
    }
    return status;
}

/* A disk without a cache of its own need not know the request. */
NTSTATUS FatFlushDevice(PDEVICE_OBJECT Target)
{
    PIRP irp = IoAllocateIrp(Target->StackSize, FALSE);
    NTSTATUS status;

    if (irp == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    irp->Tail.Overlay.Thread = PsGetCurrentThread();
    IoGetNextIrpStackLocation(irp)->MajorFunction = IRP_MJ_FLUSH_BUFFERS;
    status = FatSend(Target, irp);
    return status == STATUS_INVALID_DEVICE_REQUEST || status == STATUS_NOT_IMPLEMENTED ? STATUS_SUCCESS : status;
}

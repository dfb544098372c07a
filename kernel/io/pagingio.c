/* SPDX-License-Identifier: MIT
 * Paging requests: pages of a file are read or written through the top of its file system's stack, around every cache. They are
 * completed to their waiter without a thread's APC, so they may be sent with APCs off.
 */
#include "iop.h"

typedef struct IOP_PAGING {
    PFILE_OBJECT File;
    PMDL Mdl;
    LARGE_INTEGER Offset;
    PKEVENT Event;                               /* set when Result is there */
    PIO_STATUS_BLOCK Result;
    BOOLEAN Write;
} IOP_PAGING;

/* STATUS_INSUFFICIENT_RESOURCES, with Sent FALSE: there was no packet, and the event will not be set. */
static NTSTATUS IopPage(const IOP_PAGING *Paging, PBOOLEAN Sent)
{
    PDEVICE_OBJECT device = IoGetRelatedDeviceObject(Paging->File);
    PIRP irp = IoAllocateIrp(device->StackSize, FALSE);
    PIO_STACK_LOCATION location;

    *Sent = irp != NULL;
    if (irp == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    irp->MdlAddress = Paging->Mdl;
    irp->Flags = IRP_PAGING_IO | IRP_NOCACHE | IRP_SYNCHRONOUS_PAGING_IO | (Paging->Write ? 0 : IRP_INPUT_OPERATION);
    irp->RequestorMode = KernelMode;
    irp->UserIosb = Paging->Result;
    irp->UserEvent = Paging->Event;
    irp->UserBuffer = MmGetMdlVirtualAddress(Paging->Mdl);
    irp->Tail.Overlay.OriginalFileObject = Paging->File;
    irp->Tail.Overlay.Thread = PsCurrentThread();
    location = IoGetNextIrpStackLocation(irp);
    location->MajorFunction = Paging->Write ? IRP_MJ_WRITE : IRP_MJ_READ;
    location->FileObject = Paging->File;
    location->Parameters.Read.Length = MmGetMdlByteCount(Paging->Mdl);   /* Write lies the same */
    location->Parameters.Read.ByteOffset = Paging->Offset;
    return IofCallDriver(device, irp);
}

NTSTATUS NTAPI IoPageRead(PFILE_OBJECT FileObject, PMDL Mdl, PLARGE_INTEGER Offset, PKEVENT Event, PIO_STATUS_BLOCK IoStatusBlock)
{
    IOP_PAGING paging = { FileObject, Mdl, *Offset, Event, IoStatusBlock, FALSE };
    BOOLEAN sent;
    return IopPage(&paging, &sent);
}

NTSTATUS NTAPI IoSynchronousPageWrite(PFILE_OBJECT FileObject, PMDL Mdl, PLARGE_INTEGER FileOffset, PKEVENT Event,
                                      PIO_STATUS_BLOCK IoStatusBlock)
{
    IOP_PAGING paging = { FileObject, Mdl, *FileOffset, Event, IoStatusBlock, TRUE };
    BOOLEAN sent;
    return IopPage(&paging, &sent);
}

NTSTATUS IopTransferPages(PFILE_OBJECT File, PMDL Mdl, ULONG64 Offset, BOOLEAN Write, PULONG_PTR Bytes)
{
    IO_STATUS_BLOCK result;
    KEVENT done;
    IOP_PAGING paging = { File, Mdl, { .QuadPart = (LONG64)Offset }, &done, &result, Write };
    BOOLEAN sent;
    NTSTATUS status;

    KeInitializeEvent(&done, NotificationEvent, FALSE);
    status = IopPage(&paging, &sent);
    if (!sent)
        return status;
    KeWaitForSingleObject(&done, WrPageIn, KernelMode, FALSE, NULL);
    *Bytes = result.Information;
    return result.Status;
}

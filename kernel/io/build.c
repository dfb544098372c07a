/* SPDX-License-Identifier: MIT
 * Packets that the I/O manager fills for drivers, and the buffers of any packet.
 */
#include "iop.h"

/* ---- Buffers ---- */
NTSTATUS IopMakeSystemBuffer(PIRP Irp, ULONG Length)
{
    Irp->Flags |= IRP_BUFFERED_IO;
    if (Length == 0)
        return STATUS_SUCCESS;
    Irp->AssociatedIrp.SystemBuffer = ExAllocatePoolWithTag(NonPagedPoolNx, Length, IOP_TAG_BUFFER);
    if (Irp->AssociatedIrp.SystemBuffer == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    Irp->Flags |= IRP_DEALLOCATE_BUFFER;
    return STATUS_SUCCESS;
}

NTSTATUS IopAttachAuxiliary(PIRP Irp, const VOID *Parameter, SIZE_T Size, PVOID *Copy)
{
    PVOID copy = ExAllocatePoolWithTag(NonPagedPoolNx, Size, IOP_TAG_BUFFER);

    if (copy == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlCopyMemory(copy, Parameter, Size);
    Irp->Tail.Overlay.AuxiliaryBuffer = copy;
    *Copy = copy;
    return STATUS_SUCCESS;
}

NTSTATUS IopMakeMdl(PIRP Irp, PVOID Buffer, ULONG Length, LOCK_OPERATION Operation, KPROCESSOR_MODE Mode)
{
    PMDL mdl;
    NTSTATUS status;

    if (Length == 0)
        return STATUS_SUCCESS;
    mdl = IoAllocateMdl(Buffer, Length, FALSE, FALSE, Irp);
    if (mdl == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    status = IopLockPages(mdl, Mode, Operation);
    if (!NT_SUCCESS(status)) {
        Irp->MdlAddress = NULL;
        IoFreeMdl(mdl);
    }
    return status;
}

/* Gives back what the two above made; the packet was not sent. */
static VOID IopDiscardIrp(PIRP Irp)
{
    if ((Irp->Flags & IRP_DEALLOCATE_BUFFER) && Irp->AssociatedIrp.SystemBuffer != NULL)
        ExFreePoolWithTag(Irp->AssociatedIrp.SystemBuffer, IOP_TAG_BUFFER);
    if (Irp->Tail.Overlay.AuxiliaryBuffer != NULL)
        ExFreePoolWithTag(Irp->Tail.Overlay.AuxiliaryBuffer, IOP_TAG_BUFFER);
    while (Irp->MdlAddress != NULL) {
        PMDL mdl = Irp->MdlAddress;
        Irp->MdlAddress = mdl->Next;
        if (mdl->MdlFlags & MDL_PAGES_LOCKED)
            MmUnlockPages(mdl);
        IoFreeMdl(mdl);
    }
    IoFreeIrp(Irp);
}

/* ---- Read and write for drivers ---- */
static NTSTATUS IopDescribeTransfer(PIRP Irp, PDEVICE_OBJECT Device, BOOLEAN Write, PVOID Buffer, ULONG Length)
{
    NTSTATUS status;

    if (Device->Flags & DO_BUFFERED_IO) {
        status = IopMakeSystemBuffer(Irp, Length);
        if (!NT_SUCCESS(status))
            return status;
        Irp->UserBuffer = Buffer;
        if (!Write)
            Irp->Flags |= IRP_INPUT_OPERATION;
        else if (Length != 0)
            RtlCopyMemory(Irp->AssociatedIrp.SystemBuffer, Buffer, Length);
        return STATUS_SUCCESS;
    }
    if (Device->Flags & DO_DIRECT_IO)
        return IopMakeMdl(Irp, Buffer, Length, Write ? IoReadAccess : IoWriteAccess, KernelMode);
    Irp->UserBuffer = Buffer;
    return STATUS_SUCCESS;
}

PIRP NTAPI IoBuildAsynchronousFsdRequest(ULONG MajorFunction, PDEVICE_OBJECT DeviceObject, PVOID Buffer, ULONG Length,
                                         PLARGE_INTEGER StartingOffset, PIO_STATUS_BLOCK IoStatusBlock)
{
    PIRP irp = IoAllocateIrp(DeviceObject->StackSize, FALSE);
    PIO_STACK_LOCATION location;

    if (irp == NULL)
        return NULL;
    irp->Tail.Overlay.Thread = PsCurrentThread();
    irp->UserIosb = IoStatusBlock;
    irp->RequestorMode = KernelMode;
    location = IoGetNextIrpStackLocation(irp);
    location->MajorFunction = (UCHAR)MajorFunction;
    if (MajorFunction != IRP_MJ_READ && MajorFunction != IRP_MJ_WRITE)
        return irp;
    if (!NT_SUCCESS(IopDescribeTransfer(irp, DeviceObject, MajorFunction == IRP_MJ_WRITE, Buffer, Length))) {
        IopDiscardIrp(irp);
        return NULL;
    }
    location->Parameters.Read.Length = Length;                   /* Write lies the same */
    if (StartingOffset != NULL)
        location->Parameters.Read.ByteOffset = *StartingOffset;
    return irp;
}

PIRP NTAPI IoBuildSynchronousFsdRequest(ULONG MajorFunction, PDEVICE_OBJECT DeviceObject, PVOID Buffer, ULONG Length,
                                        PLARGE_INTEGER StartingOffset, PKEVENT Event, PIO_STATUS_BLOCK IoStatusBlock)
{
    PIRP irp = IoBuildAsynchronousFsdRequest(MajorFunction, DeviceObject, Buffer, Length, StartingOffset, IoStatusBlock);

    if (irp == NULL)
        return NULL;
    irp->UserEvent = Event;
    IopQueueIrp(irp);
    return irp;
}

/* ---- Device control for drivers ---- */
static NTSTATUS IopDescribeBufferedControl(PIRP Irp, PVOID Input, ULONG InputLength, PVOID Output, ULONG OutputLength)
{
    NTSTATUS status = STATUS_SUCCESS;

    if (InputLength != 0 || OutputLength != 0)
        status = IopMakeSystemBuffer(Irp, max(InputLength, OutputLength));
    if (!NT_SUCCESS(status))
        return status;
    if (InputLength != 0 && Input != NULL)
        status = MmReadCaller(Irp->RequestorMode, Irp->AssociatedIrp.SystemBuffer, Input, InputLength);
    if (NT_SUCCESS(status) && Output != NULL && Irp->RequestorMode != KernelMode)
        status = MmProbeCaller(Irp->RequestorMode, Output, OutputLength);
    Irp->UserBuffer = Output;
    if (Output != NULL)
        Irp->Flags |= IRP_INPUT_OPERATION;
    return status;
}

static NTSTATUS IopDescribeDirectControl(PIRP Irp, ULONG Method, PVOID Input, ULONG InputLength, PVOID Output, ULONG OutputLength)
{
    NTSTATUS status = STATUS_SUCCESS;

    if (Input != NULL && InputLength != 0) {
        status = IopMakeSystemBuffer(Irp, InputLength);
        if (!NT_SUCCESS(status))
            return status;
        status = MmReadCaller(Irp->RequestorMode, Irp->AssociatedIrp.SystemBuffer, Input, InputLength);
    }
    if (Output != NULL && NT_SUCCESS(status))
        status = IopMakeMdl(Irp, Output, OutputLength, Method == METHOD_IN_DIRECT ? IoReadAccess : IoWriteAccess, Irp->RequestorMode);
    return status;
}

NTSTATUS IopDescribeControl(PIRP Irp, ULONG Code, PVOID Input, ULONG InputLength, PVOID Output, ULONG OutputLength)
{
    PIO_STACK_LOCATION location = IoGetNextIrpStackLocation(Irp);
    ULONG method = Code & 3;

    location->Parameters.DeviceIoControl.OutputBufferLength = OutputLength;
    location->Parameters.DeviceIoControl.InputBufferLength = InputLength;
    location->Parameters.DeviceIoControl.IoControlCode = Code;
    if (method == METHOD_BUFFERED)
        return IopDescribeBufferedControl(Irp, Input, InputLength, Output, OutputLength);
    if (method != METHOD_NEITHER)
        return IopDescribeDirectControl(Irp, method, Input, InputLength, Output, OutputLength);
    location->Parameters.DeviceIoControl.Type3InputBuffer = Input;
    Irp->UserBuffer = Output;
    return STATUS_SUCCESS;
}

PIRP NTAPI IoBuildDeviceIoControlRequest(ULONG IoControlCode, PDEVICE_OBJECT DeviceObject, PVOID InputBuffer,
                                         ULONG InputBufferLength, PVOID OutputBuffer, ULONG OutputBufferLength,
                                         BOOLEAN InternalDeviceIoControl, PKEVENT Event, PIO_STATUS_BLOCK IoStatusBlock)
{
    PIRP irp = IoAllocateIrp(DeviceObject->StackSize, FALSE);

    if (irp == NULL)
        return NULL;
    irp->Tail.Overlay.Thread = PsCurrentThread();
    irp->RequestorMode = KernelMode;
    irp->UserEvent = Event;
    irp->UserIosb = IoStatusBlock;
    IoGetNextIrpStackLocation(irp)->MajorFunction = InternalDeviceIoControl ? IRP_MJ_INTERNAL_DEVICE_CONTROL : IRP_MJ_DEVICE_CONTROL;
    if (!NT_SUCCESS(IopDescribeControl(irp, IoControlCode, InputBuffer, InputBufferLength, OutputBuffer, OutputBufferLength))) {
        IopDiscardIrp(irp);
        return NULL;
    }
    IopQueueIrp(irp);
    return irp;
}

/* ---- Abandoning a request by handle ---- */
NTSTATUS IopAbandonRequest(IOP_REQUEST *Request, NTSTATUS Status)
{
    if (Request->Irp != NULL)
        IopDiscardIrp(Request->Irp);
    if (Request->Synchronous)
        IopReleaseFileLock(Request->File);
    if (Request->Event != NULL)
        ObfDereferenceObject(Request->Event);
    ObfDereferenceObject(Request->File);
    return Status;
}

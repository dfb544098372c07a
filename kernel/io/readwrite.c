/* SPDX-License-Identifier: MIT
 * Reading, writing, and device control by handle.
 */
#include "iop.h"

#define IOP_USE_FILE_POINTER (-2ll)              /* FILE_USE_FILE_POINTER_POSITION as a whole offset */

/* Where to read or write: the caller's offset, or the position of a synchronous file. */
static NTSTATUS IopChooseOffset(const IOP_REQUEST *Request, PLARGE_INTEGER Given, PLARGE_INTEGER Offset)
{
    if (Given != NULL && !(Request->Synchronous && Given->QuadPart == IOP_USE_FILE_POINTER)) {
        *Offset = *Given;
        return STATUS_SUCCESS;
    }
    if (!Request->Synchronous && !(Request->File->Flags & (FO_NAMED_PIPE | FO_MAILSLOT)))
        return STATUS_INVALID_PARAMETER;
    *Offset = Request->File->CurrentByteOffset;
    return STATUS_SUCCESS;
}

NTSTATUS IopDescribeBuffer(IOP_REQUEST *Request, BOOLEAN Write, PVOID Buffer, ULONG Length)
{
    PIRP irp = Request->Irp;
    NTSTATUS status;

    if (!IopIsCallers(Request->Mode, Buffer, Length))
        return STATUS_ACCESS_VIOLATION;
    if (!Write && !(Request->Device->Flags & DO_DIRECT_IO)) {        /* of which it is known before the driver works, and not after */
        status = MmProbeCaller(Request->Mode, Buffer, Length);
        if (!NT_SUCCESS(status))
            return status;
    }
    if (Request->Device->Flags & DO_BUFFERED_IO) {
        status = IopMakeSystemBuffer(irp, Length);
        if (!NT_SUCCESS(status))
            return status;
        irp->UserBuffer = Buffer;
        if (Write && Length != 0)
            return MmReadCaller(Request->Mode, irp->AssociatedIrp.SystemBuffer, Buffer, Length);
        irp->Flags |= Write ? 0 : IRP_INPUT_OPERATION;
        return STATUS_SUCCESS;
    }
    if (Request->Device->Flags & DO_DIRECT_IO)
        return IopMakeMdl(irp, Buffer, Length, Write ? IoReadAccess : IoWriteAccess, Request->Mode);
    irp->UserBuffer = Buffer;
    return STATUS_SUCCESS;
}

static NTSTATUS IopSendTransfer(IOP_REQUEST *Request, const IOP_TRANSFER *Transfer, LARGE_INTEGER Offset)
{
    PIO_STACK_LOCATION location;
    NTSTATUS status = IopMakeRequest(Request, Transfer->Write ? IRP_MJ_WRITE : IRP_MJ_READ);

    if (!NT_SUCCESS(status))
        return status;
    location = IoGetNextIrpStackLocation(Request->Irp);
    location->Parameters.Read.Length = Transfer->Length;         /* Write lies the same */
    location->Parameters.Read.Key = Transfer->Key != NULL ? *Transfer->Key : 0;
    location->Parameters.Read.ByteOffset = Offset;
    status = IopDescribeBuffer(Request, Transfer->Write, Transfer->Buffer, Transfer->Length);
    if (!NT_SUCCESS(status))
        return IopAbandonRequest(Request, status);
    Request->Irp->Flags |= Transfer->Write ? IRP_WRITE_OPERATION : IRP_READ_OPERATION;
    if (Request->File->Flags & FO_NO_INTERMEDIATE_BUFFERING)
        Request->Irp->Flags |= IRP_NOCACHE;
    if (Transfer->Write && (Request->File->Flags & FO_WRITE_THROUGH))
        location->Flags = SL_WRITE_THROUGH;
    return IopSendRequest(Request);
}

/* Who may only append writes at the end, wherever it says. */
static NTSTATUS IopEnterTransfer(IOP_REQUEST *Request, const IOP_TRANSFER *Transfer, PBOOLEAN Append)
{
    NTSTATUS status = IopEnterRequest(Request, Transfer->File, Transfer->Write ? FILE_WRITE_DATA : FILE_READ_DATA, Transfer->Event);

    *Append = status == STATUS_ACCESS_DENIED && Transfer->Write;
    return *Append ? IopEnterRequest(Request, Transfer->File, FILE_APPEND_DATA, Transfer->Event) : status;
}

/* What user mode shows beside its buffer, read once. */
typedef struct IOP_POSITION {
    LARGE_INTEGER ByteOffset;
    ULONG Key;
} IOP_POSITION;

static NTSTATUS IopReadTransfer(const IOP_REQUEST *Request, IOP_TRANSFER *Transfer, IOP_POSITION *Position)
{
    NTSTATUS status = IopProbeResult(Request->Mode, Request->Iosb);

    if (!IopIsCallers(Request->Mode, Transfer->Buffer, Transfer->Length))        /* a fast routine may get it */
        return STATUS_ACCESS_VIOLATION;
    if (NT_SUCCESS(status) && Transfer->ByteOffset != NULL) {
        status = MmReadCaller(Request->Mode, &Position->ByteOffset, Transfer->ByteOffset, sizeof(Position->ByteOffset));
        Transfer->ByteOffset = &Position->ByteOffset;
    }
    if (NT_SUCCESS(status) && Transfer->Key != NULL) {
        status = MmReadCaller(Request->Mode, &Position->Key, Transfer->Key, sizeof(Position->Key));
        Transfer->Key = &Position->Key;
    }
    return status;
}

/* Transfer's pointers are the kernel's, but for the buffer. */
static NTSTATUS IopTransferCaptured(IOP_REQUEST *Request, const IOP_TRANSFER *Transfer)
{
    LARGE_INTEGER offset = { .LowPart = FILE_WRITE_TO_END_OF_FILE, .HighPart = -1 };
    IO_STATUS_BLOCK result;
    BOOLEAN append;
    NTSTATUS status = IopEnterTransfer(Request, Transfer, &append);

    if (status != STATUS_SUCCESS)
        return status;
    if (!append)
        status = IopChooseOffset(Request, Transfer->ByteOffset, &offset);
    if (!NT_SUCCESS(status))
        return IopAbandonRequest(Request, status);
    if (IopFastTable(Request->Device) != NULL && IopFastTransfer(Request, Transfer, offset, &result))
        return IopEndWithoutPacket(Request, &result);
    return IopSendTransfer(Request, Transfer, offset);
}

static NTSTATUS IopTransfer(IOP_REQUEST *Request, IOP_TRANSFER *Transfer)
{
    IOP_POSITION position;
    NTSTATUS status = Request->Mode != KernelMode ? IopReadTransfer(Request, Transfer, &position) : STATUS_SUCCESS;
    return NT_SUCCESS(status) ? IopTransferCaptured(Request, Transfer) : status;
}

NTSTATUS NTAPI NtReadFile(HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext,
                          PIO_STATUS_BLOCK IoStatusBlock, PVOID Buffer, ULONG Length, PLARGE_INTEGER ByteOffset, PULONG Key)
{
    IOP_REQUEST request = { .Mode = ObPreviousMode(), .ApcRoutine = ApcRoutine, .ApcContext = ApcContext, .Iosb = IoStatusBlock };
    IOP_TRANSFER transfer = { FileHandle, Event, Buffer, Length, ByteOffset, Key, FALSE };
    return IopTransfer(&request, &transfer);
}

NTSTATUS NTAPI NtWriteFile(HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext,
                           PIO_STATUS_BLOCK IoStatusBlock, PVOID Buffer, ULONG Length, PLARGE_INTEGER ByteOffset, PULONG Key)
{
    IOP_REQUEST request = { .Mode = ObPreviousMode(), .ApcRoutine = ApcRoutine, .ApcContext = ApcContext, .Iosb = IoStatusBlock };
    IOP_TRANSFER transfer = { FileHandle, Event, Buffer, Length, ByteOffset, Key, TRUE };
    return IopTransfer(&request, &transfer);
}

/* ---- Control ---- */
static NTSTATUS IopControl(IOP_REQUEST *Request, const IOP_CONTROL *Control)
{
    IO_STATUS_BLOCK result;
    NTSTATUS status = IopProbeResult(Request->Mode, Request->Iosb);

    if (NT_SUCCESS(status))
        status = IopEnterRequest(Request, Control->File, 0, Control->Event);
    if (status != STATUS_SUCCESS)
        return status;
    if (Control->Major == IRP_MJ_DEVICE_CONTROL && IopFastTable(Request->Device) != NULL && IopFastControl(Request, Control, &result))
        return IopEndWithoutPacket(Request, &result);
    status = IopMakeRequest(Request, Control->Major);
    if (!NT_SUCCESS(status))
        return status;
    status = IopDescribeControl(Request->Irp, Control->Code, Control->Input, Control->InputLength, Control->Output,
                                Control->OutputLength);
    if (!NT_SUCCESS(status))
        return IopAbandonRequest(Request, status);
    return IopSendRequest(Request);
}

NTSTATUS NTAPI NtDeviceIoControlFile(HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext,
                                     PIO_STATUS_BLOCK IoStatusBlock, ULONG IoControlCode, PVOID InputBuffer,
                                     ULONG InputBufferLength, PVOID OutputBuffer, ULONG OutputBufferLength)
{
    IOP_REQUEST request = { .Mode = ObPreviousMode(), .ApcRoutine = ApcRoutine, .ApcContext = ApcContext, .Iosb = IoStatusBlock };
    IOP_CONTROL control = { FileHandle, Event, IoControlCode, InputBuffer, InputBufferLength, OutputBuffer, OutputBufferLength,
                            IRP_MJ_DEVICE_CONTROL };
    return IopControl(&request, &control);
}

NTSTATUS NTAPI NtFsControlFile(HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext,
                               PIO_STATUS_BLOCK IoStatusBlock, ULONG FsControlCode, PVOID InputBuffer, ULONG InputBufferLength,
                               PVOID OutputBuffer, ULONG OutputBufferLength)
{
    IOP_REQUEST request = { .Mode = ObPreviousMode(), .ApcRoutine = ApcRoutine, .ApcContext = ApcContext, .Iosb = IoStatusBlock };
    IOP_CONTROL control = { FileHandle, Event, FsControlCode, InputBuffer, InputBufferLength, OutputBuffer, OutputBufferLength,
                            IRP_MJ_FILE_SYSTEM_CONTROL };
    return IopControl(&request, &control);
}

/* ---- From kernel mode ---- */
NTSTATUS NTAPI ZwReadFile(HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext,
                          PIO_STATUS_BLOCK IoStatusBlock, PVOID Buffer, ULONG Length, PLARGE_INTEGER ByteOffset, PULONG Key)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtReadFile(FileHandle, Event, ApcRoutine, ApcContext, IoStatusBlock, Buffer, Length, ByteOffset,
                                              Key));
}

NTSTATUS NTAPI ZwWriteFile(HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext,
                           PIO_STATUS_BLOCK IoStatusBlock, PVOID Buffer, ULONG Length, PLARGE_INTEGER ByteOffset, PULONG Key)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtWriteFile(FileHandle, Event, ApcRoutine, ApcContext, IoStatusBlock, Buffer, Length,
                                               ByteOffset, Key));
}

NTSTATUS NTAPI ZwDeviceIoControlFile(HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext,
                                     PIO_STATUS_BLOCK IoStatusBlock, ULONG IoControlCode, PVOID InputBuffer,
                                     ULONG InputBufferLength, PVOID OutputBuffer, ULONG OutputBufferLength)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtDeviceIoControlFile(FileHandle, Event, ApcRoutine, ApcContext, IoStatusBlock, IoControlCode,
                                                         InputBuffer, InputBufferLength, OutputBuffer, OutputBufferLength));
}

NTSTATUS NTAPI ZwFsControlFile(HANDLE FileHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext,
                               PIO_STATUS_BLOCK IoStatusBlock, ULONG FsControlCode, PVOID InputBuffer, ULONG InputBufferLength,
                               PVOID OutputBuffer, ULONG OutputBufferLength)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtFsControlFile(FileHandle, Event, ApcRoutine, ApcContext, IoStatusBlock, FsControlCode,
                                                   InputBuffer, InputBufferLength, OutputBuffer, OutputBufferLength));
}

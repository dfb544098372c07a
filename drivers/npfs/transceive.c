/* SPDX-License-Identifier: MIT
 * FSCTL_PIPE_TRANSCEIVE: a message, and the answer to it, in one request. Its buffers are the caller's; the answer goes into a system
 * buffer, which the I/O manager copies and frees.
 */
#include "npfs.h"

static NTSTATUS NpCaptureMessage(PIRP Irp, PIO_STACK_LOCATION Location, NP_ENTRY **Entry)
{
    ULONG length = Location->Parameters.FileSystemControl.InputBufferLength;
    PVOID input = Location->Parameters.FileSystemControl.Type3InputBuffer;
    NP_ENTRY *entry = NpCreateEntry(length, FALSE);
    NTSTATUS status = STATUS_SUCCESS;

    if (entry == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    __try {
        if (Irp->RequestorMode != KernelMode)
            ProbeForRead(input, length, 1);
        RtlCopyMemory(entry->Data, input, length);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        status = STATUS_INVALID_USER_BUFFER;
    }
    if (NT_SUCCESS(status))
        *Entry = entry;
    else
        ExFreePoolWithTag(entry, NP_TAG);
    return status;
}

static NTSTATUS NpMakeAnswerBuffer(PIRP Irp, ULONG Length)
{
    NTSTATUS status = STATUS_SUCCESS;

    if (Length == 0)
        return STATUS_SUCCESS;
    __try {
        if (Irp->RequestorMode != KernelMode)
            ProbeForWrite(Irp->UserBuffer, Length, 1);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        status = STATUS_INVALID_USER_BUFFER;
    }
    if (!NT_SUCCESS(status))
        return status;
    Irp->AssociatedIrp.SystemBuffer = ExAllocatePoolWithTag(NonPagedPoolNx, Length, NP_TAG);
    if (Irp->AssociatedIrp.SystemBuffer == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    Irp->Flags |= IRP_BUFFERED_IO | IRP_DEALLOCATE_BUFFER | IRP_INPUT_OPERATION;
    return STATUS_SUCCESS;
}

static NTSTATUS NpMayTransceiveLocked(NP_END *End)
{
    NTSTATUS status = NpCheckLocked(End, STATUS_PIPE_CLOSING);

    if (!NT_SUCCESS(status))
        return status;
    if (End->Instance->Pipe->Configuration != FILE_PIPE_FULL_DUPLEX)
        return STATUS_INVALID_PIPE_STATE;
    if (!End->ReadsMessages)
        return STATUS_INVALID_READ_MODE;
    return IsListEmpty(&NpStreamTo(End)->Entries) && IsListEmpty(&NpStreamTo(End)->Readers) ? STATUS_SUCCESS : STATUS_PIPE_BUSY;
}

/* The message is nobody's but the stream's, however long it is: who waits with it waits for the answer. */
static NTSTATUS NpTransceiveLocked(NP_END *End, PIRP Irp, NP_ENTRY *Entry, PLIST_ENTRY Done)
{
    ULONG_PTR written;

    NpPutLocked(End, NULL, Entry, &written, Done);
    Irp->Tail.Overlay.DriverContext[1] = NULL;
    return IpcWaitLocked(&End->Instance->Pipe->Head, &NpStreamTo(End)->Readers, Irp, NULL) ? STATUS_PENDING : STATUS_CANCELLED;
}

NTSTATUS NpTransceive(NP_END *End, PIRP Irp, PIO_STACK_LOCATION Location)
{
    NP_PIPE *pipe = End->Instance->Pipe;
    NP_ENTRY *entry;
    LIST_ENTRY done;
    NTSTATUS status = NpCaptureMessage(Irp, Location, &entry);
    KIRQL irql;

    if (!NT_SUCCESS(status))
        return status;
    status = NpMakeAnswerBuffer(Irp, Location->Parameters.FileSystemControl.OutputBufferLength);
    if (!NT_SUCCESS(status)) {
        ExFreePoolWithTag(entry, NP_TAG);
        return status;
    }
    InitializeListHead(&done);
    irql = NpLock(pipe);
    status = NpMayTransceiveLocked(End);
    if (NT_SUCCESS(status)) {
        status = NpTransceiveLocked(End, Irp, entry, &done);
        entry = NULL;
    }
    NpUnlockAndComplete(pipe, irql, &done);
    if (entry != NULL)
        ExFreePoolWithTag(entry, NP_TAG);
    return status;
}

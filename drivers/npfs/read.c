/* SPDX-License-Identifier: MIT
 * Reading.
 */
#include "npfs.h"

static BOOLEAN NpMayRead(const NP_END *End)
{
    return End->Instance->Pipe->Configuration !=
           (ULONG)(End->Side == FILE_PIPE_SERVER_END ? FILE_PIPE_OUTBOUND : FILE_PIPE_INBOUND);
}

static NTSTATUS NpReadLocked(NP_END *End, PIRP Irp, ULONG Length, PLIST_ENTRY Done)
{
    NP_STREAM *stream = NpStreamTo(End);
    NTSTATUS status = NpCheckLocked(End, STATUS_SUCCESS);
    ULONG taken;

    if (!NT_SUCCESS(status))
        return status;
    status = NpTakeLocked(stream, Irp->AssociatedIrp.SystemBuffer, Length, End->ReadsMessages, &taken, Done);
    if (status != STATUS_PIPE_EMPTY) {
        Irp->IoStatus.Information = taken;
        NpSignalLocked(End->Side == FILE_PIPE_SERVER_END ? End->Instance->Client : &End->Instance->Server);
        return status;
    }
    status = NpCheckLocked(End, STATUS_PIPE_BROKEN);
    if (!NT_SUCCESS(status))
        return status;
    if (End->IsNonBlocking)
        return STATUS_PIPE_EMPTY;
    Irp->Tail.Overlay.DriverContext[1] = NULL;
    return IpcWaitLocked(&End->Instance->Pipe->Head, &stream->Readers, Irp, NULL) ? STATUS_PENDING : STATUS_CANCELLED;
}

NTSTATUS NpRead(PIRP Irp, PIO_STACK_LOCATION Location)
{
    NP_END *end = NpEndOf(Location->FileObject);
    LIST_ENTRY done;
    NTSTATUS status;
    KIRQL irql;

    if (end == NULL || !NpMayRead(end))
        return STATUS_INVALID_PARAMETER;
    InitializeListHead(&done);
    irql = NpLock(end->Instance->Pipe);
    status = NpReadLocked(end, Irp, Location->Parameters.Read.Length, &done);
    NpUnlockAndComplete(end->Instance->Pipe, irql, &done);
    return status;
}

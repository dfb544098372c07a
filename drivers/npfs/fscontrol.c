/* SPDX-License-Identifier: MIT
 * IRP_MJ_FILE_SYSTEM_CONTROL: what is asked of an end, and of the file system.
 */
#include "npfs.h"

/* ---- Listening and disconnecting ---- */
static NTSTATUS NpListenOrWaitLocked(NP_END *End, PIRP Irp, PLIST_ENTRY Done)
{
    NP_INSTANCE *instance = End->Instance;
    BOOLEAN began = instance->State == FILE_PIPE_DISCONNECTED_STATE;

    if (began)
        NpListenLocked(instance, Done);
    if (End->IsNonBlocking)
        return began ? STATUS_SUCCESS : STATUS_PIPE_LISTENING;
    Irp->Tail.Overlay.DriverContext[1] = NULL;
    return IpcWaitLocked(&instance->Pipe->Head, &instance->Listeners, Irp, NULL) ? STATUS_PENDING : STATUS_CANCELLED;
}

static NTSTATUS NpListen(NP_END *End, PIRP Irp)
{
    LIST_ENTRY done;
    NTSTATUS status;
    KIRQL irql;

    if (End->Side != FILE_PIPE_SERVER_END)
        return STATUS_ILLEGAL_FUNCTION;
    InitializeListHead(&done);
    irql = NpLock(End->Instance->Pipe);
    if (!End->IsOpen)
        status = STATUS_FILE_CLOSED;
    else if (End->Instance->State == FILE_PIPE_CONNECTED_STATE)
        status = STATUS_PIPE_CONNECTED;
    else if (End->Instance->State == FILE_PIPE_CLOSING_STATE)
        status = STATUS_PIPE_CLOSING;
    else
        status = NpListenOrWaitLocked(End, Irp, &done);
    NpUnlockAndComplete(End->Instance->Pipe, irql, &done);
    return status;
}

static NTSTATUS NpDisconnect(NP_END *End)
{
    NTSTATUS status = STATUS_SUCCESS;
    LIST_ENTRY done;
    KIRQL irql;

    if (End->Side != FILE_PIPE_SERVER_END)
        return STATUS_ILLEGAL_FUNCTION;
    InitializeListHead(&done);
    irql = NpLock(End->Instance->Pipe);
    if (!End->IsOpen)
        status = STATUS_FILE_CLOSED;
    else if (End->Instance->State == FILE_PIPE_DISCONNECTED_STATE)
        status = STATUS_PIPE_DISCONNECTED;
    else
        NpDisconnectLocked(End->Instance, &done);
    NpUnlockAndComplete(End->Instance->Pipe, irql, &done);
    return status;
}

/* ---- Looking at what there is ---- */
static NTSTATUS NpFillPeekLocked(NP_END *End, PFILE_PIPE_PEEK_BUFFER Buffer, ULONG Room, PULONG Taken)
{
    const NP_STREAM *stream = NpStreamTo(End);
    BOOLEAN isMessage = End->Instance->Pipe->Type == FILE_PIPE_MESSAGE_TYPE, isEmpty = IsListEmpty(&stream->Entries);
    NTSTATUS status = NpCheckLocked(End, isEmpty ? STATUS_PIPE_BROKEN : STATUS_SUCCESS);

    if (status == STATUS_PIPE_DISCONNECTED || status == STATUS_PIPE_LISTENING)
        return STATUS_INVALID_PIPE_STATE;
    if (!NT_SUCCESS(status))
        return status;
    Buffer->NamedPipeState = NpStateLocked(End);
    Buffer->ReadDataAvailable = stream->Bytes;
    Buffer->NumberOfMessages = Buffer->MessageLength = 0;
    if (isMessage && !isEmpty) {
        const NP_ENTRY *first = CONTAINING_RECORD(stream->Entries.Flink, NP_ENTRY, Link);
        Buffer->NumberOfMessages = stream->Messages;
        Buffer->MessageLength = first->Length - first->Read;
    }
    return NpPeekLocked(stream, (PUCHAR)Buffer->Data, Room, isMessage, Taken);
}

static NTSTATUS NpPeek(NP_END *End, PIRP Irp, PIO_STACK_LOCATION Location)
{
    ULONG length = Location->Parameters.FileSystemControl.OutputBufferLength, head = FIELD_OFFSET(FILE_PIPE_PEEK_BUFFER, Data);
    ULONG taken = 0;
    NTSTATUS status;
    KIRQL irql;

    if (length < head)
        return STATUS_BUFFER_TOO_SMALL;
    irql = NpLock(End->Instance->Pipe);
    status = NpFillPeekLocked(End, Irp->AssociatedIrp.SystemBuffer, length - head, &taken);
    NpUnlock(End->Instance->Pipe, irql);
    if (!NT_ERROR(status))
        Irp->IoStatus.Information = head + taken;
    return status;
}

/* ---- All ---- */
static NTSTATUS NpControlEnd(NP_END *End, PIRP Irp, PIO_STACK_LOCATION Location)
{
    switch (Location->Parameters.FileSystemControl.FsControlCode) {
    case FSCTL_PIPE_LISTEN:
        return NpListen(End, Irp);
    case FSCTL_PIPE_DISCONNECT:
        return NpDisconnect(End);
    case FSCTL_PIPE_PEEK:
        return NpPeek(End, Irp, Location);
    case FSCTL_PIPE_TRANSCEIVE:
        return NpTransceive(End, Irp, Location);
    case FSCTL_PIPE_IMPERSONATE:
        return NpImpersonate(End);
    case FSCTL_PIPE_GET_PIPE_ATTRIBUTE:
        return NpGetAttribute(End, FALSE, Irp, Location);
    case FSCTL_PIPE_GET_CONNECTION_ATTRIBUTE:
        return NpGetAttribute(End, TRUE, Irp, Location);
    case FSCTL_PIPE_QUERY_CLIENT_PROCESS:
        return NpQueryClientProcess(End, Irp, Location);
    case FSCTL_PIPE_ASSIGN_EVENT:
        return NpAssignEvent(End, Irp, Location);
    case FSCTL_PIPE_FLUSH:
        return NpFlush(Irp, Location);
    default:
        return STATUS_NOT_SUPPORTED;
    }
}

NTSTATUS NpFsControl(PIRP Irp, PIO_STACK_LOCATION Location)
{
    NP_END *end = NpEndOf(Location->FileObject);

    if (Location->MinorFunction != IRP_MN_USER_FS_REQUEST && Location->MinorFunction != IRP_MN_KERNEL_CALL)
        return STATUS_INVALID_DEVICE_REQUEST;
    if (Location->Parameters.FileSystemControl.FsControlCode == FSCTL_PIPE_QUERY_EVENT)
        return NpQueryEvent(Irp, Location);
    if (end != NULL)
        return NpControlEnd(end, Irp, Location);
    if (Location->FileObject->FsContext2 != NULL && Location->Parameters.FileSystemControl.FsControlCode == FSCTL_PIPE_WAIT)
        return NpWaitForPipe(Irp, Location);
    return STATUS_NOT_SUPPORTED;
}

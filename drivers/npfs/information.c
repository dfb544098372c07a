/* SPDX-License-Identifier: MIT
 * Information about an end, the file system, and the directory of pipes.
 */
#include "npfs.h"

static VOID NpQueryLocalLocked(NP_END *End, PFILE_PIPE_LOCAL_INFORMATION Information)
{
    const NP_PIPE *pipe = End->Instance->Pipe;
    NP_STREAM *streams = End->Instance->Streams;

    *Information = (FILE_PIPE_LOCAL_INFORMATION){
        .NamedPipeType = pipe->Type, .NamedPipeConfiguration = pipe->Configuration, .MaximumInstances = pipe->MaximumInstances,
        .CurrentInstances = pipe->Count, .InboundQuota = streams[FILE_PIPE_SERVER_END].Quota,
        .OutboundQuota = streams[FILE_PIPE_CLIENT_END].Quota, .NamedPipeState = NpStateLocked(End), .NamedPipeEnd = End->Side };
    if (Information->NamedPipeState == FILE_PIPE_DISCONNECTED_STATE)
        return;
    Information->ReadDataAvailable = NpStreamTo(End)->Bytes;
    Information->WriteQuotaAvailable = NpSpaceLocked(NpStreamFrom(End));
}

static VOID NpQueryStandardLocked(NP_END *End, PFILE_STANDARD_INFORMATION Information)
{
    const NP_STREAM *streams = End->Instance->Streams;

    RtlZeroMemory(Information, sizeof(*Information));
    Information->AllocationSize.QuadPart = (LONGLONG)streams[0].Quota + streams[1].Quota;
    if (NpStateLocked(End) != FILE_PIPE_DISCONNECTED_STATE)
        Information->EndOfFile.QuadPart = NpStreamTo(End)->Bytes;
    Information->NumberOfLinks = 1;
}

static NTSTATUS NpQueryEndLocked(NP_END *End, PIO_STACK_LOCATION Location, PVOID Buffer, PULONG_PTR Used)
{
    switch ((ULONG)Location->Parameters.QueryFile.FileInformationClass) {
    case FilePipeInformation:
        ((PFILE_PIPE_INFORMATION)Buffer)->ReadMode = End->ReadsMessages ? FILE_PIPE_MESSAGE_MODE : FILE_PIPE_BYTE_STREAM_MODE;
        ((PFILE_PIPE_INFORMATION)Buffer)->CompletionMode = End->IsNonBlocking ? FILE_PIPE_COMPLETE_OPERATION : FILE_PIPE_QUEUE_OPERATION;
        *Used = sizeof(FILE_PIPE_INFORMATION);
        return STATUS_SUCCESS;
    case FilePipeLocalInformation:
        NpQueryLocalLocked(End, Buffer);
        *Used = sizeof(FILE_PIPE_LOCAL_INFORMATION);
        return STATUS_SUCCESS;
    case FileStandardInformation:
        NpQueryStandardLocked(End, Buffer);
        *Used = sizeof(FILE_STANDARD_INFORMATION);
        return STATUS_SUCCESS;
    default:
        return IpcQueryCommon(&End->Instance->Pipe->Head.Name, End->Instance->Pipe, Location, Buffer, Used);
    }
}

NTSTATUS NpQueryInformation(PIRP Irp, PIO_STACK_LOCATION Location)
{
    NP_END *end = NpEndOf(Location->FileObject);
    NTSTATUS status;
    KIRQL irql;

    if (end == NULL)
        return IpcQuerySystem(Irp, Location);
    irql = NpLock(end->Instance->Pipe);
    status = NpQueryEndLocked(end, Location, Irp->AssociatedIrp.SystemBuffer, &Irp->IoStatus.Information);
    NpUnlock(end->Instance->Pipe, irql);
    return status;
}

/* Who does not wait must not find requests that do. */
static NTSTATUS NpSetModeLocked(NP_END *End, const FILE_PIPE_INFORMATION *Mode)
{
    BOOLEAN isNonBlocking = Mode->CompletionMode == FILE_PIPE_COMPLETE_OPERATION;

    if (Mode->ReadMode == FILE_PIPE_MESSAGE_MODE && End->Instance->Pipe->Type != FILE_PIPE_MESSAGE_TYPE)
        return STATUS_INVALID_PARAMETER;
    if (NpStateLocked(End) == FILE_PIPE_DISCONNECTED_STATE && End->Side == FILE_PIPE_CLIENT_END)
        return STATUS_PIPE_DISCONNECTED;
    if (isNonBlocking && !End->IsNonBlocking &&
        (!IsListEmpty(&NpStreamTo(End)->Readers) || !IsListEmpty(&NpStreamFrom(End)->Writers)))
        return STATUS_PIPE_BUSY;
    End->ReadsMessages = Mode->ReadMode == FILE_PIPE_MESSAGE_MODE;
    End->IsNonBlocking = isNonBlocking;
    return STATUS_SUCCESS;
}

NTSTATUS NpSetInformation(PIRP Irp, PIO_STACK_LOCATION Location)
{
    NP_END *end = NpEndOf(Location->FileObject);
    const FILE_PIPE_INFORMATION *mode = Irp->AssociatedIrp.SystemBuffer;
    NTSTATUS status;
    KIRQL irql;

    if (end == NULL)
        return STATUS_INVALID_PARAMETER;
    if (Location->Parameters.SetFile.FileInformationClass != FilePipeInformation)
        return STATUS_INVALID_INFO_CLASS;
    if (mode->ReadMode > FILE_PIPE_MESSAGE_MODE || mode->CompletionMode > FILE_PIPE_COMPLETE_OPERATION)
        return STATUS_INVALID_PARAMETER;
    irql = NpLock(end->Instance->Pipe);
    status = NpSetModeLocked(end, mode);
    NpUnlock(end->Instance->Pipe, irql);
    return status;
}

NTSTATUS NpQueryVolume(PIRP Irp, PIO_STACK_LOCATION Location)
{
    static const UNICODE_STRING name = RTL_CONSTANT_STRING(L"NPFS");
    return IpcQueryVolume(&name, Location, Irp->AssociatedIrp.SystemBuffer, &Irp->IoStatus.Information);
}

/* ---- The directory: as sizes it tells how many instances there may be and are ---- */
VOID IpcDescribe(IPC_OBJECT *Object, PLARGE_INTEGER AllocationSize, PLARGE_INTEGER EndOfFile)
{
    AllocationSize->QuadPart = (LONG)NpPipeOf(Object)->MaximumInstances;
    EndOfFile->QuadPart = NpPipeOf(Object)->Count;
}

/* ---- Descriptors ---- */
NTSTATUS NpQuerySecurity(PIRP Irp, PIO_STACK_LOCATION Location)
{
    NP_END *end = NpEndOf(Location->FileObject);
    return end != NULL ? IpcQuerySecurity(&end->Instance->Pipe->Head, Irp, Location) : STATUS_INVALID_DEVICE_REQUEST;
}

NTSTATUS NpSetSecurity(PIRP Irp, PIO_STACK_LOCATION Location)
{
    NP_END *end = NpEndOf(Location->FileObject);
    return end != NULL ? IpcSetSecurity(&end->Instance->Pipe->Head, Location) : STATUS_INVALID_DEVICE_REQUEST;
}

/* SPDX-License-Identifier: MIT
 * IRP_MJ_CREATE: the client's end of a listening instance, the file system itself, or its root directory.
 */
#include "npfs.h"

typedef struct NP_OPENING {
    PIRP Irp;
    PIO_STACK_LOCATION Location;
    LIST_ENTRY Done;                             /* what ends by it */
} NP_OPENING;

static BOOLEAN NpDirectionAllows(const NP_PIPE *Pipe, PIO_STACK_LOCATION Location)
{
    ACCESS_MASK wanted = Location->Parameters.Create.SecurityContext->DesiredAccess;

    RtlMapGenericMask(&wanted, IoGetFileObjectGenericMapping());
    if (Pipe->Configuration == FILE_PIPE_INBOUND)
        return !(wanted & FILE_READ_DATA);
    return Pipe->Configuration != FILE_PIPE_OUTBOUND || !(wanted & FILE_WRITE_DATA);
}

static NP_END *NpCreateClientEnd(VOID)
{
    NP_END *end = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*end), NP_TAG);

    if (end == NULL)
        return NULL;
    RtlZeroMemory(end, sizeof(*end));
    end->File.Kind = IpcKindOwn;
    end->Side = FILE_PIPE_CLIENT_END;
    end->IsOpen = TRUE;
    return end;
}

/* Whichever listens; Only: none but this. Returns whether there was one. */
static BOOLEAN NpConnectOne(NP_PIPE *Pipe, NP_INSTANCE *Only, NP_END *End, PLIST_ENTRY Done)
{
    BOOLEAN found = FALSE;
    PLIST_ENTRY link;
    KIRQL irql;

    irql = NpLock(Pipe);
    for (link = Pipe->Instances.Flink; link != &Pipe->Instances && !found; link = link->Flink) {
        NP_INSTANCE *instance = CONTAINING_RECORD(link, NP_INSTANCE, Link);
        if (instance->State != FILE_PIPE_LISTENING_STATE || (Only != NULL && instance != Only))
            continue;
        InterlockedIncrement(&instance->References);
        End->Instance = instance;
        NpConnectLocked(instance, End, Done);
        found = TRUE;
    }
    NpUnlock(Pipe, irql);
    return found;
}

static NTSTATUS NpOpenClient(NP_PIPE *Pipe, NP_INSTANCE *Only, NP_OPENING *Opening)
{
    NTSTATUS status = IpcCheckAccess(&Pipe->Head, Opening->Irp, Opening->Location, 0);
    NP_CLIENT *client;
    NP_END *end;

    if (!NT_SUCCESS(status))
        return status;
    if (!NpDirectionAllows(Pipe, Opening->Location))
        return STATUS_ACCESS_DENIED;
    status = NpCaptureClient(Opening->Irp, Opening->Location->Parameters.Create.SecurityContext->SecurityQos, &client);
    if (!NT_SUCCESS(status))
        return status;
    end = NpCreateClientEnd();
    if (end == NULL || !NpConnectOne(Pipe, Only, end, &Opening->Done)) {
        NpDeleteClient(client);
        if (end == NULL)
            return STATUS_INSUFFICIENT_RESOURCES;
        ExFreePoolWithTag(end, NP_TAG);
        return STATUS_PIPE_NOT_AVAILABLE;
    }
    NpDeleteClient(end->Instance->Caller);       /* of the client before */
    end->Instance->Caller = client;
    Opening->Location->FileObject->FsContext = Pipe;
    Opening->Location->FileObject->FsContext2 = &end->File;
    Opening->Location->FileObject->Flags |= FO_NAMED_PIPE;
    Opening->Irp->IoStatus.Information = FILE_OPENED;
    return STATUS_SUCCESS;
}

static NTSTATUS NpOpenByName(PCUNICODE_STRING Name, NP_OPENING *Opening)
{
    IPC_OBJECT *object = IpcFind(Name);

    if (object == NULL)
        return STATUS_OBJECT_NAME_NOT_FOUND;
    if (Opening->Location->Parameters.Create.Options & FILE_DIRECTORY_FILE)
        return STATUS_NOT_A_DIRECTORY;
    if (Opening->Location->Parameters.Create.Options >> 24 == FILE_CREATE)
        return STATUS_OBJECT_NAME_COLLISION;
    return NpOpenClient(NpPipeOf(object), NULL, Opening);
}

/* The other end of the instance whose server's end is open: how unnamed pipes are connected. */
static NTSTATUS NpOpenOther(IPC_FILE *Server, NP_OPENING *Opening)
{
    NP_END *server = CONTAINING_RECORD(Server, NP_END, File);

    if (server->Side != FILE_PIPE_SERVER_END)
        return STATUS_INVALID_PARAMETER;
    if (!server->IsOpen || server->Instance->Pipe->Head.Security == NULL)
        return STATUS_PIPE_NOT_AVAILABLE;
    return NpOpenClient(server->Instance->Pipe, server->Instance, Opening);
}

static NTSTATUS NpOpenRelated(IPC_FILE *Related, PCUNICODE_STRING Name, NP_OPENING *Opening)
{
    if (Related == NULL || Related->Kind == IpcKindDevice)
        return STATUS_INVALID_PARAMETER;
    if (Related->Kind == IpcKindOwn)
        return Name->Length == 0 ? NpOpenOther(Related, Opening) : STATUS_OBJECT_NAME_INVALID;
    return Name->Length == 0 ? IpcOpenSystem(IpcKindRoot, Opening->Irp, Opening->Location) : NpOpenByName(Name, Opening);
}

NTSTATUS NpOpen(PIRP Irp, PIO_STACK_LOCATION Location)
{
    PFILE_OBJECT file = Location->FileObject;
    BOOLEAN backslash;
    UNICODE_STRING name;
    NP_OPENING opening = { Irp, Location };
    NTSTATUS status;

    if (!IpcTakeName(file, &name, &backslash))
        return STATUS_OBJECT_NAME_INVALID;
    InitializeListHead(&opening.Done);
    ExAcquireResourceExclusiveLite(&IpcNames, TRUE);
    if (file->RelatedFileObject != NULL)
        status = NpOpenRelated(file->RelatedFileObject->FsContext2, &name, &opening);
    else if (name.Length == 0)
        status = IpcOpenSystem(backslash ? IpcKindRoot : IpcKindDevice, Irp, Location);
    else
        status = NpOpenByName(&name, &opening);
    ExReleaseResourceLite(&IpcNames);
    IpcCompleteAll(&opening.Done);
    return status;
}

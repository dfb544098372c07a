/* SPDX-License-Identifier: MIT
 * IRP_MJ_CREATE_NAMED_PIPE: the server's end of a new instance. The share access says which ways data can go.
 */
#include "npfs.h"

#define NP_DEFAULT_TIMEOUT (-500000ll)           /* 50 ms, as CreateNamedPipe says */

typedef struct NP_CREATION {
    PIRP Irp;
    PIO_STACK_LOCATION Location;
    const NAMED_PIPE_CREATE_PARAMETERS *Parameters;
    UNICODE_STRING Name;                         /* empty: unnamed, for who has the root directory open */
    ULONG Disposition, Type, Configuration;
    LIST_ENTRY Done;                             /* what ends by it */
} NP_CREATION;

static NTSTATUS NpPrepareCreation(NP_CREATION *Creation)
{
    static const ULONG configurations[] = { 0, FILE_PIPE_OUTBOUND, FILE_PIPE_INBOUND, FILE_PIPE_FULL_DUPLEX };
    PIO_STACK_LOCATION location = Creation->Location;
    PFILE_OBJECT related = location->FileObject->RelatedFileObject;
    ULONG share = location->Parameters.CreatePipe.ShareAccess;
    BOOLEAN backslash;

    Creation->Parameters = location->Parameters.CreatePipe.Parameters;
    Creation->Disposition = location->Parameters.CreatePipe.Options >> 24;
    if (Creation->Parameters == NULL || share == 0 || (share & ~(ULONG)(FILE_SHARE_READ | FILE_SHARE_WRITE)))
        return STATUS_INVALID_PARAMETER;
    Creation->Configuration = configurations[share];
    Creation->Type = Creation->Parameters->NamedPipeType & FILE_PIPE_MESSAGE_TYPE;
    if (Creation->Type == FILE_PIPE_BYTE_STREAM_TYPE && Creation->Parameters->ReadMode == FILE_PIPE_MESSAGE_MODE)
        return STATUS_INVALID_PARAMETER;
    if (!IpcTakeName(location->FileObject, &Creation->Name, &backslash))
        return STATUS_OBJECT_NAME_INVALID;
    if (related != NULL)
        return related->FsContext2 != NULL && ((IPC_FILE *)related->FsContext2)->Kind == IpcKindRoot ? STATUS_SUCCESS
                                                                                                    : STATUS_INVALID_PARAMETER;
    return Creation->Name.Length != 0 ? STATUS_SUCCESS : STATUS_OBJECT_NAME_INVALID;
}

static NTSTATUS NpMakePipe(NP_CREATION *Creation, NP_INSTANCE **Instance)
{
    const NAMED_PIPE_CREATE_PARAMETERS *parameters = Creation->Parameters;
    IPC_OBJECT *object;
    NP_PIPE *pipe;
    NTSTATUS status = IpcCreateObject(sizeof(NP_PIPE), &Creation->Name,
                                      Creation->Location->Parameters.CreatePipe.SecurityContext->AccessState, &object);

    if (!NT_SUCCESS(status))
        return status;
    pipe = NpPipeOf(object);
    InitializeListHead(&pipe->Instances);
    InitializeListHead(&pipe->Waiters);
    pipe->MaximumInstances = parameters->MaximumInstances;
    pipe->Type = Creation->Type;
    pipe->Configuration = Creation->Configuration;
    pipe->DefaultTimeout.QuadPart = NP_DEFAULT_TIMEOUT;
    if (parameters->TimeoutSpecified)
        pipe->DefaultTimeout = parameters->DefaultTimeout;
    status = NpCreateInstance(pipe, Creation->Irp, parameters, Instance, &Creation->Done);
    if (NT_SUCCESS(status))
        IpcList(object);
    else
        IpcUnlist(object);
    IpcDereference(object);                      /* the instance has its own */
    return status;
}

/* One more instance of a pipe. */
static NTSTATUS NpJoinPipe(NP_CREATION *Creation, NP_PIPE *Pipe, NP_INSTANCE **Instance)
{
    NTSTATUS status;

    if (Creation->Disposition == FILE_CREATE)
        return STATUS_ACCESS_DENIED;             /* who asks to be the first must be */
    status = IpcCheckAccess(&Pipe->Head, Creation->Irp, Creation->Location, FILE_CREATE_PIPE_INSTANCE);
    if (!NT_SUCCESS(status))
        return status;
    if (Pipe->Type != Creation->Type || Pipe->Configuration != Creation->Configuration)
        return STATUS_ACCESS_DENIED;
    if (Pipe->Count >= Pipe->MaximumInstances)
        return STATUS_INSTANCE_NOT_AVAILABLE;
    return NpCreateInstance(Pipe, Creation->Irp, Creation->Parameters, Instance, &Creation->Done);
}

static NTSTATUS NpCreateLocked(NP_CREATION *Creation, NP_INSTANCE **Instance)
{
    IPC_OBJECT *object = Creation->Name.Length != 0 ? IpcFind(&Creation->Name) : NULL;

    if (object != NULL) {
        Creation->Irp->IoStatus.Information = FILE_OPENED;
        return NpJoinPipe(Creation, NpPipeOf(object), Instance);
    }
    if (Creation->Disposition == FILE_OPEN)
        return STATUS_OBJECT_NAME_NOT_FOUND;
    Creation->Irp->IoStatus.Information = FILE_CREATED;
    return NpMakePipe(Creation, Instance);
}

NTSTATUS NpCreatePipe(PIRP Irp, PIO_STACK_LOCATION Location)
{
    NP_CREATION creation = { Irp, Location };
    NP_INSTANCE *instance;
    NTSTATUS status = NpPrepareCreation(&creation);

    if (!NT_SUCCESS(status))
        return status;
    InitializeListHead(&creation.Done);
    ExAcquireResourceExclusiveLite(&IpcNames, TRUE);
    status = NpCreateLocked(&creation, &instance);
    if (NT_SUCCESS(status)) {
        Location->FileObject->FsContext = instance->Pipe;
        Location->FileObject->FsContext2 = &instance->Server.File;
        Location->FileObject->Flags |= FO_NAMED_PIPE;
    }
    ExReleaseResourceLite(&IpcNames);
    IpcCompleteAll(&creation.Done);
    return status;
}

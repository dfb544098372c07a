/* SPDX-License-Identifier: MIT
 * Pipes and their instances.
 */
#include "npfs.h"

NP_END *NpEndOf(PFILE_OBJECT File)
{
    IPC_FILE *file = File->FsContext2;
    return file != NULL && file->Kind == IpcKindOwn ? CONTAINING_RECORD(file, NP_END, File) : NULL;
}

KIRQL NpLock(NP_PIPE *Pipe)
{
    KIRQL irql;
    KeAcquireSpinLock(&Pipe->Head.Lock, &irql);
    return irql;
}

VOID NpUnlock(NP_PIPE *Pipe, KIRQL Irql)
{
    KeReleaseSpinLock(&Pipe->Head.Lock, Irql);
}

VOID NpUnlockAndComplete(NP_PIPE *Pipe, KIRQL Irql, PLIST_ENTRY Done)
{
    NpUnlock(Pipe, Irql);
    IpcCompleteAll(Done);
}

static VOID NpInitializeEnd(NP_END *Server, NP_INSTANCE *Instance, const NAMED_PIPE_CREATE_PARAMETERS *Parameters)
{
    Server->File.Kind = IpcKindOwn;
    Server->Instance = Instance;
    Server->Side = FILE_PIPE_SERVER_END;
    Server->IsOpen = TRUE;
    Server->ReadsMessages = Parameters->ReadMode == FILE_PIPE_MESSAGE_MODE;
    Server->IsNonBlocking = Parameters->CompletionMode == FILE_PIPE_COMPLETE_OPERATION;
}

NTSTATUS NpCreateInstance(NP_PIPE *Pipe, PIRP Irp, const NAMED_PIPE_CREATE_PARAMETERS *Parameters, NP_INSTANCE **Instance,
                          PLIST_ENTRY Done)
{
    NP_INSTANCE *instance = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*instance), NP_TAG);
    KIRQL irql;

    if (instance == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(instance, sizeof(*instance));
    instance->References = 1;                    /* the server's end */
    instance->Pipe = Pipe;
    IpcReference(&Pipe->Head);
    InitializeListHead(&instance->Listeners);
    NpInitializeStream(&instance->Streams[FILE_PIPE_SERVER_END], Parameters->InboundQuota);
    NpInitializeStream(&instance->Streams[FILE_PIPE_CLIENT_END], Parameters->OutboundQuota);
    NpInitializeEnd(&instance->Server, instance, Parameters);
    instance->ServerProcessId = (HANDLE)(ULONG_PTR)IoGetRequestorProcessId(Irp);
    if (!NT_SUCCESS(IoGetRequestorSessionId(Irp, &instance->ServerSessionId)))
        instance->ServerSessionId = 0;
    irql = NpLock(Pipe);
    InsertTailList(&Pipe->Instances, &instance->Link);
    Pipe->Count++;
    NpListenLocked(instance, Done);
    NpUnlock(Pipe, irql);
    *Instance = instance;
    return STATUS_SUCCESS;
}

VOID NpRetireInstanceLocked(NP_INSTANCE *Instance, PLIST_ENTRY Done)
{
    NP_PIPE *pipe = Instance->Pipe;

    NpDiscardLocked(&Instance->Streams[FILE_PIPE_SERVER_END], STATUS_PIPE_BROKEN, Done);
    NpDiscardLocked(&Instance->Streams[FILE_PIPE_CLIENT_END], STATUS_PIPE_BROKEN, Done);
    RemoveEntryList(&Instance->Link);
    if (--pipe->Count == 0)
        IpcEndAllLocked(&pipe->Waiters, NULL, STATUS_OBJECT_NAME_NOT_FOUND, Done);
}

VOID NpDereferenceInstance(NP_INSTANCE *Instance)
{
    if (InterlockedDecrement(&Instance->References) != 0)
        return;
    NpDeleteClient(Instance->Caller);
    IpcDereference(&Instance->Pipe->Head);
    ExFreePoolWithTag(Instance, NP_TAG);
}

/* SPDX-License-Identifier: MIT
 * IRP_MJ_CLEANUP, when the last handle goes, and IRP_MJ_CLOSE, when nothing refers to the file any more.
 */
#include "npfs.h"

static VOID NpCleanupEnd(NP_END *End)
{
    NP_INSTANCE *instance = End->Instance;
    NP_PIPE *pipe = instance->Pipe;
    LIST_ENTRY done;
    BOOLEAN isLast = FALSE;
    KIRQL irql;

    InitializeListHead(&done);
    ExAcquireResourceExclusiveLite(&IpcNames, TRUE);
    irql = NpLock(pipe);
    if (End->IsOpen) {
        BOOLEAN wasCastOff = End->Side == FILE_PIPE_CLIENT_END && instance->Client != End;
        NpCloseEndLocked(End, &done);
        if (!wasCastOff && !instance->Server.IsOpen && instance->Client == NULL)
            NpRetireInstanceLocked(instance, &done);
        isLast = pipe->Count == 0;
    }
    NpUnlock(pipe, irql);
    if (isLast)
        IpcUnlist(&pipe->Head);
    ExReleaseResourceLite(&IpcNames);
    IpcCompleteAll(&done);
}

/* Whoever waits for a pipe by this handle of the file system. */
static VOID NpCleanupSystem(PFILE_OBJECT File)
{
    LIST_ENTRY done;
    PLIST_ENTRY link;

    InitializeListHead(&done);
    ExAcquireResourceExclusiveLite(&IpcNames, TRUE);
    for (link = IpcObjects.Flink; link != &IpcObjects; link = link->Flink) {
        NP_PIPE *pipe = NpPipeOf(CONTAINING_RECORD(link, IPC_OBJECT, Link));
        KIRQL irql = NpLock(pipe);
        IpcEndAllLocked(&pipe->Waiters, File, STATUS_CANCELLED, &done);
        NpUnlock(pipe, irql);
    }
    ExReleaseResourceLite(&IpcNames);
    IpcCompleteAll(&done);
}

NTSTATUS NpCleanup(PIRP Irp, PIO_STACK_LOCATION Location)
{
    NP_END *end = NpEndOf(Location->FileObject);

    if (end != NULL)
        NpCleanupEnd(end);
    else if (Location->FileObject->FsContext2 != NULL)
        NpCleanupSystem(Location->FileObject);
    return STATUS_SUCCESS;
}

NTSTATUS NpClose(PIRP Irp, PIO_STACK_LOCATION Location)
{
    NP_END *end = NpEndOf(Location->FileObject);

    if (end == NULL) {
        IpcCloseSystem(Location->FileObject);
        return STATUS_SUCCESS;
    }
    Location->FileObject->FsContext2 = NULL;
    if (end->Event != NULL)
        ObDereferenceObject(end->Event);
    NpDereferenceInstance(end->Instance);
    if (end->Side == FILE_PIPE_CLIENT_END)
        ExFreePoolWithTag(end, NP_TAG);
    return STATUS_SUCCESS;
}

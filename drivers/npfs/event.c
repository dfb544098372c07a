/* SPDX-License-Identifier: MIT
 * FSCTL_PIPE_ASSIGN_EVENT: an event that is set whenever data or room come to an end, or its state changes.
 */
#include "npfs.h"

NTSTATUS NpAssignEvent(NP_END *End, PIRP Irp, PIO_STACK_LOCATION Location)
{
    PFILE_PIPE_ASSIGN_EVENT_BUFFER assign = Irp->AssociatedIrp.SystemBuffer;
    PVOID event = NULL, old;
    NTSTATUS status;
    KIRQL irql;

    if (Location->Parameters.FileSystemControl.InputBufferLength < sizeof(*assign))
        return STATUS_INVALID_PARAMETER;
    if (assign->EventHandle != NULL) {
        status = ObReferenceObjectByHandle(assign->EventHandle, EVENT_MODIFY_STATE, *ExEventObjectType, Irp->RequestorMode, &event, NULL);
        if (!NT_SUCCESS(status))
            return status;
    }
    irql = NpLock(End->Instance->Pipe);
    old = End->Event;
    End->Event = event;
    End->Key = assign->KeyValue;
    NpUnlock(End->Instance->Pipe, irql);
    if (old != NULL)
        ObDereferenceObject(old);
    return STATUS_SUCCESS;
}

typedef struct NP_EVENT_QUERY {
    PVOID Event;
    PFILE_PIPE_EVENT_BUFFER Next;
    ULONG Room;                                  /* records */
    BOOLEAN IsFull;
} NP_EVENT_QUERY;

static VOID NpTellEvent(NP_EVENT_QUERY *Query, const NP_END *End, ULONG Type, ULONG Bytes)
{
    if (Query->Room == 0) {
        Query->IsFull = TRUE;
        return;
    }
    *Query->Next++ = (FILE_PIPE_EVENT_BUFFER){ NpStateLocked(End), Type, Bytes, End->Key, 0 };
    Query->Room--;
}

static VOID NpTellEndLocked(NP_EVENT_QUERY *Query, NP_END *End)
{
    if (End == NULL || End->Event == NULL || End->Event != Query->Event)
        return;
    NpTellEvent(Query, End, FILE_PIPE_READ_DATA, NpStreamTo(End)->Bytes);
    NpTellEvent(Query, End, FILE_PIPE_WRITE_SPACE, NpSpaceLocked(NpStreamFrom(End)));
}

static VOID NpTellPipe(NP_EVENT_QUERY *Query, NP_PIPE *Pipe)
{
    KIRQL irql = NpLock(Pipe);
    PLIST_ENTRY link;

    for (link = Pipe->Instances.Flink; link != &Pipe->Instances; link = link->Flink) {
        NP_INSTANCE *instance = CONTAINING_RECORD(link, NP_INSTANCE, Link);
        NpTellEndLocked(Query, &instance->Server);
        NpTellEndLocked(Query, instance->Client);
    }
    NpUnlock(Pipe, irql);
}

/* The event's handle goes in, what there is for each end that it is assigned to comes out. */
NTSTATUS NpQueryEvent(PIRP Irp, PIO_STACK_LOCATION Location)
{
    PFILE_PIPE_EVENT_BUFFER first = Irp->AssociatedIrp.SystemBuffer;
    NP_EVENT_QUERY query = { NULL, first,
                             Location->Parameters.FileSystemControl.OutputBufferLength / (ULONG)sizeof(FILE_PIPE_EVENT_BUFFER), FALSE };
    PLIST_ENTRY link;
    NTSTATUS status;

    if (Location->Parameters.FileSystemControl.InputBufferLength < sizeof(HANDLE))
        return STATUS_INVALID_PARAMETER;
    status = ObReferenceObjectByHandle(*(PHANDLE)Irp->AssociatedIrp.SystemBuffer, EVENT_QUERY_STATE, *ExEventObjectType,
                                       Irp->RequestorMode, &query.Event, NULL);
    if (!NT_SUCCESS(status))
        return status;
    ExAcquireResourceSharedLite(&IpcNames, TRUE);
    for (link = IpcObjects.Flink; link != &IpcObjects; link = link->Flink)
        NpTellPipe(&query, NpPipeOf(CONTAINING_RECORD(link, IPC_OBJECT, Link)));
    ExReleaseResourceLite(&IpcNames);
    ObDereferenceObject(query.Event);
    Irp->IoStatus.Information = (ULONG_PTR)((PUCHAR)query.Next - (PUCHAR)first);
    return query.IsFull ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}

/* SPDX-License-Identifier: MIT
 * FSCTL_PIPE_WAIT on the file system or its root: until an instance of a pipe listens, for a while.
 */
#include "npfs.h"

static BOOLEAN NpSomebodyListensLocked(const NP_PIPE *Pipe)
{
    PLIST_ENTRY link;

    for (link = Pipe->Instances.Flink; link != &Pipe->Instances; link = link->Flink)
        if (CONTAINING_RECORD(link, NP_INSTANCE, Link)->State == FILE_PIPE_LISTENING_STATE)
            return TRUE;
    return FALSE;
}

static NTSTATUS NpWaitFor(NP_PIPE *Pipe, LARGE_INTEGER Timeout, PIRP Irp)
{
    IPC_TIMER *timer;
    NTSTATUS status = IpcCreateTimer(&Pipe->Head, Timeout, &timer);
    KIRQL irql;

    if (!NT_SUCCESS(status))
        return status;
    irql = NpLock(Pipe);
    if (NpSomebodyListensLocked(Pipe)) {
        status = STATUS_SUCCESS;
    } else {
        Irp->Tail.Overlay.DriverContext[1] = NULL;
        status = IpcWaitLocked(&Pipe->Head, &Pipe->Waiters, Irp, timer) ? STATUS_PENDING : STATUS_CANCELLED;
    }
    NpUnlock(Pipe, irql);
    if (status != STATUS_PENDING)
        IpcDeleteTimer(timer);
    return status;
}

NTSTATUS NpWaitForPipe(PIRP Irp, PIO_STACK_LOCATION Location)
{
    PFILE_PIPE_WAIT_FOR_BUFFER wait = Irp->AssociatedIrp.SystemBuffer;
    ULONG length = Location->Parameters.FileSystemControl.InputBufferLength, head = FIELD_OFFSET(FILE_PIPE_WAIT_FOR_BUFFER, Name);
    UNICODE_STRING name;
    IPC_OBJECT *object;
    NTSTATUS status;

    if (length < head || wait->NameLength == 0 || wait->NameLength > length - head || wait->NameLength > MAXUSHORT - 1u ||
        (wait->NameLength & 1))
        return STATUS_INVALID_PARAMETER;
    name = (UNICODE_STRING){ (USHORT)wait->NameLength, (USHORT)wait->NameLength, wait->Name };
    ExAcquireResourceSharedLite(&IpcNames, TRUE);
    object = IpcFind(&name);
    status = object == NULL ? STATUS_OBJECT_NAME_NOT_FOUND
                            : NpWaitFor(NpPipeOf(object), wait->TimeoutSpecified ? wait->Timeout : NpPipeOf(object)->DefaultTimeout, Irp);
    ExReleaseResourceLite(&IpcNames);
    return status;
}

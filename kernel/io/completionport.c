/* SPDX-License-Identifier: MIT
 * The completion port of a file, and what of it comes to pass when a request ends. FILE_OBJECT.CompletionContext is set once and stays
 * until the file goes.
 */
#include "completionport.h"

#define IOP_TAG_CONTEXT 'cCoI'
#define IOP_SKIP_PORT_ON_SUCCESS 1u              /* FILE_SKIP_COMPLETION_PORT_ON_SUCCESS */
#define IOP_SKIP_SET_EVENT 2u                    /* FILE_SKIP_SET_EVENT_ON_HANDLE */
#define IOP_SKIP_FAST_EVENT 4u                   /* FILE_SKIP_SET_USER_EVENT_ON_FAST_IO */

NTSTATUS IopSetNotificationModes(PFILE_OBJECT File, ULONG Modes)
{
    ULONG flags = (Modes & IOP_SKIP_PORT_ON_SUCCESS ? FO_SKIP_COMPLETION_PORT : 0) | (Modes & IOP_SKIP_SET_EVENT ? FO_SKIP_SET_EVENT : 0) |
                  (Modes & IOP_SKIP_FAST_EVENT ? FO_SKIP_SET_FAST_IO : 0);

    if (Modes & ~(IOP_SKIP_PORT_ON_SUCCESS | IOP_SKIP_SET_EVENT | IOP_SKIP_FAST_EVENT))
        return STATUS_INVALID_PARAMETER;
    if ((File->Flags & FO_SYNCHRONOUS_IO) && (Modes & IOP_SKIP_PORT_ON_SUCCESS))
        return STATUS_INVALID_PARAMETER;
    InterlockedOr((volatile LONG *)&File->Flags, (LONG)flags);
    return STATUS_SUCCESS;
}

ULONG IopNotificationModes(PFILE_OBJECT File)
{
    return (File->Flags & FO_SKIP_COMPLETION_PORT ? IOP_SKIP_PORT_ON_SUCCESS : 0) |
           (File->Flags & FO_SKIP_SET_EVENT ? IOP_SKIP_SET_EVENT : 0) | (File->Flags & FO_SKIP_SET_FAST_IO ? IOP_SKIP_FAST_EVENT : 0);
}

/* Asked for without a context, or answered at once where that is enough: nothing goes to the port. */
static PIO_COMPLETION_CONTEXT IopPortFor(PFILE_OBJECT File, PVOID ApcContext, NTSTATUS Status, BOOLEAN Pended)
{
    PIO_COMPLETION_CONTEXT context = File->CompletionContext;

    if (context == NULL || ApcContext == NULL)
        return NULL;
    return !Pended && Status == STATUS_SUCCESS && (File->Flags & FO_SKIP_COMPLETION_PORT) ? NULL : context;
}

BOOLEAN IopPostIrp(PIRP Irp, PFILE_OBJECT File)
{
    PIO_COMPLETION_CONTEXT context;

    if (Irp->Flags & (IRP_CREATE_OPERATION | IRP_SYNCHRONOUS_API))
        return FALSE;
    context = IopPortFor(File, Irp->Overlay.AsynchronousParameters.UserApcContext, Irp->IoStatus.Status, Irp->PendingReturned);
    if (context == NULL)
        return FALSE;
    Irp->Tail.CompletionKey = context->Key;
    Irp->Tail.Overlay.PacketType = IOP_PACKET_IRP;
    KeInsertQueue(context->Port, &Irp->Tail.Overlay.ListEntry);
    return TRUE;
}

NTSTATUS IopPostResult(PFILE_OBJECT File, PVOID ApcContext, const IO_STATUS_BLOCK *Result)
{
    PIO_COMPLETION_CONTEXT context = IopPortFor(File, ApcContext, Result->Status, FALSE);
    return context != NULL ? IoSetIoCompletion(context->Port, context->Key, ApcContext, Result->Status, Result->Information, FALSE)
                           : STATUS_SUCCESS;
}

VOID IopReleaseCompletionPort(PFILE_OBJECT File)
{
    PIO_COMPLETION_CONTEXT context = File->CompletionContext;

    if (context == NULL)
        return;
    ObfDereferenceObject(context->Port);
    ExFreePoolWithTag(context, IOP_TAG_CONTEXT);
}

NTSTATUS IopSetCompletionPort(PFILE_OBJECT File, const FILE_COMPLETION_INFORMATION *Information)
{
    PIO_COMPLETION_CONTEXT context;
    NTSTATUS status;

    if (File->Flags & FO_SYNCHRONOUS_IO)
        return STATUS_INVALID_PARAMETER;
    context = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*context), IOP_TAG_CONTEXT);
    if (context == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    context->Key = Information->Key;
    status = ObReferenceObjectByHandle(Information->Port, IOP_PORT_MODIFY_STATE, IopCompletionPortType, ObPreviousMode(), &context->Port,
                                       NULL);
    if (NT_SUCCESS(status) && InterlockedCompareExchangePointer((PVOID volatile *)&File->CompletionContext, context, NULL) == NULL)
        return STATUS_SUCCESS;
    if (NT_SUCCESS(status)) {
        ObfDereferenceObject(context->Port);
        status = STATUS_INVALID_PARAMETER;
    }
    ExFreePoolWithTag(context, IOP_TAG_CONTEXT);
    return status;
}

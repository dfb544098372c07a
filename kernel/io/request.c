/* SPDX-License-Identifier: MIT
 * A request by handle, from the handle to the result. A synchronous file (FO_SYNCHRONOUS_IO) is locked from the beginning of a
 * request to its end, so that its Event and FinalStatus speak of one request only.
 */
#include "iop.h"
#include "completionport.h"

/* ---- The lock of a synchronous file: Busy, with Lock for those who wait ---- */
NTSTATUS IopAcquireFileLock(PFILE_OBJECT File, KPROCESSOR_MODE Mode, BOOLEAN Alertable)
{
    NTSTATUS status = STATUS_SUCCESS;

    if (IopTryFileLock(File))
        return STATUS_SUCCESS;
    InterlockedIncrement((volatile LONG *)&File->Waiters);
    while (!IopTryFileLock(File)) {
        status = KeWaitForSingleObject(&File->Lock, Executive, Mode, Alertable, NULL);
        if (status != STATUS_SUCCESS)            /* alerted */
            break;
    }
    InterlockedDecrement((volatile LONG *)&File->Waiters);
    return status;
}

VOID IopReleaseFileLock(PFILE_OBJECT File)
{
    InterlockedExchange((volatile LONG *)&File->Busy, 0);
    if (File->Waiters != 0)
        KeSetEvent(&File->Lock, 0, FALSE);
}

/* ---- Begin ---- */
static NTSTATUS IopReferenceParts(IOP_REQUEST *Request, HANDLE File, ACCESS_MASK Access, HANDLE Event)
{
    PVOID object;
    NTSTATUS status = ObReferenceObjectByHandle(File, Access, IopFileObjectType, Request->Mode, &object, NULL);

    if (!NT_SUCCESS(status))
        return status;
    Request->File = object;
    if (Request->File->CompletionContext != NULL && Request->ApcRoutine != NULL) {       /* told in one way only */
        ObfDereferenceObject(object);
        return STATUS_INVALID_PARAMETER;
    }
    if (Event == NULL)
        return STATUS_SUCCESS;
    status = ObReferenceObjectByHandle(Event, EVENT_MODIFY_STATE, ExpEventObjectType, Request->Mode, &object, NULL);
    if (!NT_SUCCESS(status)) {
        ObfDereferenceObject(Request->File);
        return status;
    }
    Request->Event = object;
    return STATUS_SUCCESS;
}

static VOID IopFillIrp(IOP_REQUEST *Request, UCHAR Major)
{
    PIO_STACK_LOCATION location = IoGetNextIrpStackLocation(Request->Irp);

    Request->Irp->Tail.Overlay.OriginalFileObject = Request->File;
    Request->Irp->Tail.Overlay.Thread = PsCurrentThread();
    Request->Irp->RequestorMode = Request->Mode;
    Request->Irp->UserEvent = Request->Event;
    Request->Irp->UserIosb = Request->Iosb;
    Request->Irp->Overlay.AsynchronousParameters.UserApcRoutine = Request->ApcRoutine;
    Request->Irp->Overlay.AsynchronousParameters.UserApcContext = Request->ApcContext;
    location->MajorFunction = Major;
    location->FileObject = Request->File;
}

NTSTATUS IopEnterRequest(IOP_REQUEST *Request, HANDLE File, ACCESS_MASK Access, HANDLE Event)
{
    NTSTATUS status;

    status = IopReferenceParts(Request, File, Access, Event);
    if (!NT_SUCCESS(status))
        return status;
    Request->Device = IoGetRelatedDeviceObject(Request->File);
    if (Request->File->Flags & FO_SYNCHRONOUS_IO) {
        status = IopAcquireFileLock(Request->File, Request->Mode, (Request->File->Flags & FO_ALERTABLE_IO) != 0);
        if (status != STATUS_SUCCESS)
            return IopAbandonRequest(Request, status);
        Request->Synchronous = TRUE;
    }
    return STATUS_SUCCESS;
}

NTSTATUS IopMakeRequest(IOP_REQUEST *Request, UCHAR Major)
{
    if (Request->Event != NULL)
        KeClearEvent(Request->Event);
    KeClearEvent(&Request->File->Event);
    Request->Irp = IoAllocateIrp(Request->Device->StackSize, FALSE);
    if (Request->Irp == NULL)
        return IopAbandonRequest(Request, STATUS_INSUFFICIENT_RESOURCES);
    IopFillIrp(Request, Major);
    return STATUS_SUCCESS;
}

NTSTATUS IopBeginRequest(IOP_REQUEST *Request, HANDLE File, ACCESS_MASK Access, HANDLE Event, UCHAR Major)
{
    NTSTATUS status = IopEnterRequest(Request, File, Access, Event);
    return status == STATUS_SUCCESS ? IopMakeRequest(Request, Major) : status;
}

NTSTATUS IopEndWithoutPacket(IOP_REQUEST *Request, const IO_STATUS_BLOCK *Result)
{
    NTSTATUS status = Result->Status;

    if (!NT_ERROR(status)) {
        IopWriteResult(Request->Mode, Request->Iosb, Result);
        if (Request->Event != NULL && !(Request->File->Flags & FO_SKIP_SET_FAST_IO))
            KeSetEvent(Request->Event, 0, FALSE);
        if (!NT_SUCCESS(IopPostResult(Request->File, Request->ApcContext, Result)))
            status = STATUS_INSUFFICIENT_RESOURCES;
    }
    return IopAbandonRequest(Request, status);
}

/* ---- Send ---- */
/* An alert ends the wait: the request is cancelled, and its end awaited all the same. */
static VOID IopCancelAlerted(PFILE_OBJECT File)
{
    IopCancelIrps(File);
    KeWaitForSingleObject(&File->Event, Executive, KernelMode, FALSE, NULL);
}

static NTSTATUS IopAwaitFile(PFILE_OBJECT File, KPROCESSOR_MODE Mode)
{
    NTSTATUS status = KeWaitForSingleObject(&File->Event, Executive, Mode, (File->Flags & FO_ALERTABLE_IO) != 0, NULL);

    if (status == STATUS_ALERTED || status == STATUS_USER_APC)
        IopCancelAlerted(File);
    return File->FinalStatus;
}

NTSTATUS IopSendRequest(IOP_REQUEST *Request)
{
    PFILE_OBJECT file = Request->File;
    PIRP irp = Request->Irp;
    NTSTATUS status;
    KIRQL irql;

    if (Request->Synchronous)
        irp->AllocationFlags |= IOP_IRP_FILE_KEPT;
    irp->Flags |= IRP_DEFER_IO_COMPLETION;
    IopQueueIrp(irp);
    status = IofCallDriver(Request->Device, irp);
    if (status != STATUS_PENDING) {
        irql = KfRaiseIrql(APC_LEVEL);
        IopCompleteInThread(irp);
        KeLowerIrql(irql);
    } else if (Request->Synchronous) {
        status = IopAwaitFile(file, Request->Mode);
    }
    if (Request->Synchronous) {
        IopReleaseFileLock(file);
        ObfDereferenceObject(file);
    }
    return status;
}

NTSTATUS IopSendRequestAndWait(IOP_REQUEST *Request, PIO_STATUS_BLOCK Result)
{
    PIRP irp = Request->Irp;
    KEVENT done;
    NTSTATUS status;

    irp->AllocationFlags |= IOP_IRP_OWN_MEMORY;
    irp->UserIosb = Result;
    if (Request->Synchronous)
        return IopSendRequest(Request);
    KeInitializeEvent(&done, NotificationEvent, FALSE);
    irp->Flags |= IRP_SYNCHRONOUS_API;           /* the event is nobody's object */
    irp->UserEvent = &done;
    status = IopSendRequest(Request);
    if (status == STATUS_PENDING) {
        KeWaitForSingleObject(&done, Executive, KernelMode, FALSE, NULL);
        status = Result->Status;
    }
    return status;
}

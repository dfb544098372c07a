/* SPDX-License-Identifier: MIT
 * Cancel-safe queues: the queue and its lock are the driver's, behind callbacks; what is ours is the order in which a request is
 * queued, taken and cancelled. Irp->DriverContext[3] leads from the request to its IO_CSQ_IRP_CONTEXT, or to the queue when there
 * is none; the queue's lock guards it and Context->Irp.
 */
#include "iop.h"

/* Types other than a context's are the queue's own. */
static PIO_CSQ IopQueueOfIrp(PIRP Irp)
{
    PIO_CSQ_IRP_CONTEXT context = Irp->Tail.Overlay.DriverContext[3];
    return context->Type == IO_TYPE_CSQ_IRP_CONTEXT ? context->Csq : (PIO_CSQ)context;
}

/* Parts a request from its context; the queue's lock is held. */
static VOID IopForgetContext(PIRP Irp)
{
    PIO_CSQ_IRP_CONTEXT context = Irp->Tail.Overlay.DriverContext[3];

    if (context->Type == IO_TYPE_CSQ_IRP_CONTEXT)
        context->Irp = NULL;
    Irp->Tail.Overlay.DriverContext[3] = NULL;
}

/* The cancel lock is held on entry; it keeps the context alive until the queue is known (IoCsqRemoveIrp). */
static VOID NTAPI IopCancelQueuedIrp(PDEVICE_OBJECT Device, PIRP Irp)
{
    PIO_CSQ csq = IopQueueOfIrp(Irp);
    KIRQL irql;

    IoReleaseCancelSpinLock(Irp->CancelIrql);
    csq->CsqAcquireLock(csq, &irql);
    csq->CsqRemoveIrp(csq, Irp);
    IopForgetContext(Irp);
    csq->CsqReleaseLock(csq, irql);
    csq->CsqCompleteCanceledIrp(csq, Irp);
}

static VOID IopFillQueue(PIO_CSQ Csq, ULONG Type, PVOID Insert, PIO_CSQ_REMOVE_IRP Remove, PIO_CSQ_PEEK_NEXT_IRP Peek)
{
    RtlZeroMemory(Csq, sizeof(*Csq));
    Csq->Type = Type;
    Csq->CsqInsertIrp = (PIO_CSQ_INSERT_IRP)Insert;
    Csq->CsqRemoveIrp = Remove;
    Csq->CsqPeekNextIrp = Peek;
}

NTSTATUS NTAPI IoCsqInitialize(PIO_CSQ Csq, PIO_CSQ_INSERT_IRP CsqInsertIrp, PIO_CSQ_REMOVE_IRP CsqRemoveIrp,
                               PIO_CSQ_PEEK_NEXT_IRP CsqPeekNextIrp, PIO_CSQ_ACQUIRE_LOCK CsqAcquireLock,
                               PIO_CSQ_RELEASE_LOCK CsqReleaseLock, PIO_CSQ_COMPLETE_CANCELED_IRP CsqCompleteCanceledIrp)
{
    IopFillQueue(Csq, IO_TYPE_CSQ, (PVOID)CsqInsertIrp, CsqRemoveIrp, CsqPeekNextIrp);
    Csq->CsqAcquireLock = CsqAcquireLock;
    Csq->CsqReleaseLock = CsqReleaseLock;
    Csq->CsqCompleteCanceledIrp = CsqCompleteCanceledIrp;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI IoCsqInitializeEx(PIO_CSQ Csq, PIO_CSQ_INSERT_IRP_EX CsqInsertIrp, PIO_CSQ_REMOVE_IRP CsqRemoveIrp,
                                 PIO_CSQ_PEEK_NEXT_IRP CsqPeekNextIrp, PIO_CSQ_ACQUIRE_LOCK CsqAcquireLock,
                                 PIO_CSQ_RELEASE_LOCK CsqReleaseLock, PIO_CSQ_COMPLETE_CANCELED_IRP CsqCompleteCanceledIrp)
{
    IopFillQueue(Csq, IO_TYPE_CSQ_EX, (PVOID)CsqInsertIrp, CsqRemoveIrp, CsqPeekNextIrp);
    Csq->CsqAcquireLock = CsqAcquireLock;
    Csq->CsqReleaseLock = CsqReleaseLock;
    Csq->CsqCompleteCanceledIrp = CsqCompleteCanceledIrp;
    return STATUS_SUCCESS;
}

/* Makes a queued request cancellable. TRUE: it was cancelled meanwhile and is out of the queue again. The queue's lock is held. */
static BOOLEAN IopExposeToCancel(PIO_CSQ Csq, PIRP Irp)
{
    (void)IoSetCancelRoutine(Irp, IopCancelQueuedIrp);
    if (!__atomic_load_n(&Irp->Cancel, __ATOMIC_SEQ_CST) || IoSetCancelRoutine(Irp, NULL) == NULL)
        return FALSE;                            /* not cancelled, or the routine is on its way and will do it */
    Csq->CsqRemoveIrp(Csq, Irp);
    IopForgetContext(Irp);
    return TRUE;
}

NTSTATUS NTAPI IoCsqInsertIrpEx(PIO_CSQ Csq, PIRP Irp, PIO_CSQ_IRP_CONTEXT Context, PVOID InsertContext)
{
    NTSTATUS status = STATUS_SUCCESS;
    BOOLEAN cancelled = FALSE;
    KIRQL irql;

    Csq->CsqAcquireLock(Csq, &irql);
    if (Context != NULL) {
        Context->Type = IO_TYPE_CSQ_IRP_CONTEXT;
        Context->Irp = Irp;
        Context->Csq = Csq;
    }
    Irp->Tail.Overlay.DriverContext[3] = Context != NULL ? (PVOID)Context : Csq;
    if (__atomic_load_n(&Irp->Cancel, __ATOMIC_SEQ_CST)) {
        IopForgetContext(Irp);
        cancelled = TRUE;
    } else if (Csq->Type == IO_TYPE_CSQ_EX) {
        status = ((PIO_CSQ_INSERT_IRP_EX)(PVOID)Csq->CsqInsertIrp)(Csq, Irp, InsertContext);
    } else {
        Csq->CsqInsertIrp(Csq, Irp);
    }
    if (NT_SUCCESS(status)) {                    /* before anybody else can take it */
        IoMarkIrpPending(Irp);
        cancelled = cancelled || IopExposeToCancel(Csq, Irp);
    } else {
        IopForgetContext(Irp);
    }
    Csq->CsqReleaseLock(Csq, irql);
    if (cancelled)
        Csq->CsqCompleteCanceledIrp(Csq, Irp);
    return status;
}

VOID NTAPI IoCsqInsertIrp(PIO_CSQ Csq, PIRP Irp, PIO_CSQ_IRP_CONTEXT Context) { IoCsqInsertIrpEx(Csq, Irp, Context, NULL); }

PIRP NTAPI IoCsqRemoveNextIrp(PIO_CSQ Csq, PVOID PeekContext)
{
    PIRP irp = NULL;
    KIRQL irql;

    Csq->CsqAcquireLock(Csq, &irql);
    /* A request whose cancel routine is gone is being cancelled: it belongs to that routine, which waits for the lock. */
    while ((irp = Csq->CsqPeekNextIrp(Csq, irp, PeekContext)) != NULL)
        if (IoSetCancelRoutine(irp, NULL) != NULL)
            break;
    if (irp != NULL) {
        Csq->CsqRemoveIrp(Csq, irp);
        IopForgetContext(irp);
    }
    Csq->CsqReleaseLock(Csq, irql);
    return irp;
}

PIRP NTAPI IoCsqRemoveIrp(PIO_CSQ Csq, PIO_CSQ_IRP_CONTEXT Context)
{
    BOOLEAN lost = FALSE;
    PIRP irp;
    KIRQL irql;

    Csq->CsqAcquireLock(Csq, &irql);
    irp = Context->Irp;
    if (irp != NULL && IoSetCancelRoutine(irp, NULL) == NULL) {
        irp->Tail.Overlay.DriverContext[3] = Csq;            /* who cancels shall not touch the context again */
        Context->Irp = NULL;
        irp = NULL;
        lost = TRUE;
    }
    if (irp != NULL) {
        Csq->CsqRemoveIrp(Csq, irp);
        IopForgetContext(irp);
    }
    Csq->CsqReleaseLock(Csq, irql);
    if (lost) {                                  /* it may just be looking at it, under this lock */
        IoAcquireCancelSpinLock(&irql);
        IoReleaseCancelSpinLock(irql);
    }
    return irp;
}

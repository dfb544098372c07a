/* SPDX-License-Identifier: MIT
 * Completion. First half, anywhere up to DISPATCH_LEVEL: back up the stack, through the completion routines. Second half, in the
 * thread that asked: results into its memory, event, APC, and the packet is freed. Between the two lies a special kernel APC,
 * except for a request that its dispatch routine completed at once while the thread is about to look at the result anyway.
 */
#include "iop.h"
#include "completionport.h"

/* ---- The second half ---- */
static VOID IopReturnBytes(PIRP Irp)
{
    NTSTATUS status = MmWriteCaller(IopModeOfMemory(Irp), Irp->UserBuffer, Irp->AssociatedIrp.SystemBuffer, Irp->IoStatus.Information);
    if (!NT_SUCCESS(status))
        Irp->IoStatus.Status = status;
}

static VOID IopReturnBuffer(PIRP Irp)
{
    if (!(Irp->Flags & IRP_BUFFERED_IO))
        return;
    if ((Irp->Flags & IRP_INPUT_OPERATION) && !NT_ERROR(Irp->IoStatus.Status) && Irp->IoStatus.Information != 0 &&
        Irp->UserBuffer != NULL && Irp->AssociatedIrp.SystemBuffer != NULL)
        IopReturnBytes(Irp);
    if ((Irp->Flags & IRP_DEALLOCATE_BUFFER) && Irp->AssociatedIrp.SystemBuffer != NULL)
        ExFreePool(Irp->AssociatedIrp.SystemBuffer);         /* a driver's, perhaps */
    Irp->AssociatedIrp.SystemBuffer = NULL;
    Irp->Flags &= ~(IRP_BUFFERED_IO | IRP_DEALLOCATE_BUFFER);
}

static VOID IopFreeMdls(PIRP Irp)
{
    while (Irp->MdlAddress != NULL) {
        PMDL mdl = Irp->MdlAddress;
        Irp->MdlAddress = mdl->Next;
        IoFreeMdl(mdl);
    }
}

static VOID NTAPI IopFreeIrpOfApc(PKAPC Apc, PKNORMAL_ROUTINE *Normal, PVOID *Context, PVOID *Argument1, PVOID *Argument2)
{
    IoFreeIrp(CONTAINING_RECORD(Apc, IRP, Tail.Apc));
}

static VOID NTAPI IopRundownIrpOfApc(PKAPC Apc) { IoFreeIrp(CONTAINING_RECORD(Apc, IRP, Tail.Apc)); }

/* Hands the caller's APC over, which takes the packet along. FALSE: the thread takes no more. */
DECLSPEC_NOINLINE static BOOLEAN IopQueueUserApc(PIRP Irp, PIO_APC_ROUTINE Routine, PVOID Context)
{
    PKTHREAD thread = KeCurrentThread();
    PVOID iosb = Irp->UserIosb;

    KeInitializeApc(&Irp->Tail.Apc, thread, CurrentApcEnvironment, IopFreeIrpOfApc, IopRundownIrpOfApc, (PKNORMAL_ROUTINE)(PVOID)Routine,
                    Irp->RequestorMode, Context);
    return KeInsertQueueApc(&Irp->Tail.Apc, iosb, NULL, 2);
}

/* The packet goes to the port of a file that has one. */
static BOOLEAN IopGoesToPort(PIRP Irp, PFILE_OBJECT File)
{
    return File != NULL && File->CompletionContext != NULL && IopPostIrp(Irp, File);
}

/* Publishes the result. A caller that got an error from the call itself looks at nothing else: nothing is signalled for it. */
static VOID IopSignal(PIRP Irp, PFILE_OBJECT File)
{
    BOOLEAN synchronous = File != NULL && (File->Flags & FO_SYNCHRONOUS_IO) != 0;
    BOOLEAN fileWaits = File != NULL && (synchronous || (Irp->UserEvent == NULL && !(File->Flags & FO_SKIP_SET_EVENT)));

    if (Irp->UserIosb != NULL)
        IopWriteResult(IopModeOfMemory(Irp), Irp->UserIosb, &Irp->IoStatus);
    if (File != NULL && (fileWaits || (Irp->Flags & IRP_SYNCHRONOUS_API)))
        File->FinalStatus = Irp->IoStatus.Status;
    if (Irp->UserEvent != NULL)
        KeSetEvent(Irp->UserEvent, 0, FALSE);
    if (fileWaits)
        KeSetEvent(&File->Event, 0, FALSE);
}

VOID IopCompleteInThread(PIRP Irp)
{
    PFILE_OBJECT file = Irp->Tail.Overlay.OriginalFileObject;
    PIO_APC_ROUTINE routine = Irp->Flags & IRP_CREATE_OPERATION ? NULL : Irp->Overlay.AsynchronousParameters.UserApcRoutine;
    PVOID context = Irp->Overlay.AsynchronousParameters.UserApcContext;
    PKEVENT event = file != NULL && !(Irp->Flags & IRP_SYNCHRONOUS_API) ? Irp->UserEvent : NULL;
    BOOLEAN tell = !NT_ERROR(Irp->IoStatus.Status) || Irp->PendingReturned, kept;

    IopReturnBuffer(Irp);
    IopFreeMdls(Irp);
    IopDequeueIrp(Irp);
    if (tell)
        IopSignal(Irp, file);
    if (event != NULL)
        ObfDereferenceObject(event);             /* came from a handle */
    kept = (Irp->AllocationFlags & IOP_IRP_FILE_KEPT) != 0;
    if (!tell || !((routine != NULL && IopQueueUserApc(Irp, routine, context)) || IopGoesToPort(Irp, file)))
        IoFreeIrp(Irp);
    if (file != NULL && !kept)
        ObfDereferenceObject(file);
}

static VOID NTAPI IopCompletionApc(PKAPC Apc, PKNORMAL_ROUTINE *Normal, PVOID *Context, PVOID *Argument1, PVOID *Argument2)
{
    PIRP irp = CONTAINING_RECORD(Apc, IRP, Tail.Apc);
    irp->Tail.Overlay.OriginalFileObject = *Argument1;   /* the APC lay over it */
    IopCompleteInThread(irp);
}

DECLSPEC_NOINLINE static VOID IopQueueCompletion(PIRP Irp, CCHAR Boost)
{
    PETHREAD thread = Irp->Tail.Overlay.Thread;
    PFILE_OBJECT file = Irp->Tail.Overlay.OriginalFileObject;

    if (thread == NULL)                          /* nobody asked, and no completion routine kept it: not the I/O manager's to free */
        KeBugCheckEx(MULTIPLE_IRP_COMPLETE_REQUESTS, (ULONG_PTR)Irp, 3, 0, 0);
    KeInitializeApc(&Irp->Tail.Apc, &thread->Tcb, Irp->ApcEnvironment, IopCompletionApc, NULL, NULL, KernelMode, NULL);
    KeInsertQueueApc(&Irp->Tail.Apc, file, NULL, Boost);
}

/* ---- The first half ---- */
/* A parameter that did not fit into the packet. It goes before an APC may lie over the pointer. */
static VOID IopFreeAuxiliary(PIRP Irp)
{
    if (Irp->Tail.Overlay.AuxiliaryBuffer != NULL)
        ExFreePoolWithTag(Irp->Tail.Overlay.AuxiliaryBuffer, IOP_TAG_BUFFER);
    Irp->Tail.Overlay.AuxiliaryBuffer = NULL;
}

static VOID IopUnlockMdls(PIRP Irp)
{
    PMDL mdl;
    for (mdl = Irp->MdlAddress; mdl != NULL; mdl = mdl->Next)
        if (mdl->MdlFlags & MDL_PAGES_LOCKED)
            MmUnlockPages(mdl);
}

static BOOLEAN IopWantsCall(PIRP Irp, UCHAR Control)
{
    if (Irp->Cancel && (Control & SL_INVOKE_ON_CANCEL))
        return TRUE;
    return (Control & (NT_SUCCESS(Irp->IoStatus.Status) ? SL_INVOKE_ON_SUCCESS : SL_INVOKE_ON_ERROR)) != 0;
}

/* Leaves the current stack location. FALSE: its completion routine keeps the packet. */
static BOOLEAN IopLeaveLocation(PIRP Irp)
{
    PIO_STACK_LOCATION location = Irp->Tail.Overlay.CurrentStackLocation;
    PIO_COMPLETION_ROUTINE routine = location->CompletionRoutine;
    PVOID context = location->Context;
    UCHAR control = location->Control;
    PDEVICE_OBJECT device;

    Irp->PendingReturned = (control & SL_PENDING_RETURNED) != 0;
    Irp->CurrentLocation++;
    Irp->Tail.Overlay.CurrentStackLocation++;
    location->MinorFunction = location->Flags = location->Control = 0;
    RtlZeroMemory(&location->Parameters, sizeof(location->Parameters));
    location->FileObject = NULL;
    location->CompletionRoutine = NULL;
    if (IopWantsCall(Irp, control)) {
        device = Irp->CurrentLocation > Irp->StackCount ? NULL : Irp->Tail.Overlay.CurrentStackLocation->DeviceObject;
        return routine(device, Irp, context) != STATUS_MORE_PROCESSING_REQUIRED;
    }
    if (Irp->PendingReturned && Irp->CurrentLocation <= Irp->StackCount)
        IoMarkIrpPending(Irp);                   /* who has no routine to do it */
    return TRUE;
}

DECLSPEC_NOINLINE static VOID IopCompleteAssociated(PIRP Irp, CCHAR Boost)
{
    PIRP master = Irp->AssociatedIrp.MasterIrp;

    IopFreeMdls(Irp);
    IoFreeIrp(Irp);
    if (InterlockedDecrement(&master->AssociatedIrp.IrpCount) == 0)
        IofCompleteRequest(master, Boost);
}

/* We are on the stack of the thread that sent it: nobody waits for the event, and the sender looks before it does. */
static PBOOLEAN IopEndedInSender(PIRP Irp)
{
    return (Irp->AllocationFlags & IOP_IRP_TELLS_SENDER) && Irp->Tail.Overlay.Thread == PsCurrentThread() && KeIrql() < DISPATCH_LEVEL
               ? Irp->Overlay.AsynchronousParameters.UserApcContext
               : NULL;
}

/* Close, cleanup and paging requests: somebody waits for the event on his own stack, no thread context is needed. */
static VOID IopCompleteToWaiter(PIRP Irp, CCHAR Boost)
{
    PKEVENT event = Irp->UserEvent;
    PBOOLEAN ended = IopEndedInSender(Irp);

    *Irp->UserIosb = Irp->IoStatus;
    IoFreeIrp(Irp);
    if (ended == NULL) {
        KeSetEvent(event, Boost, FALSE);
        return;
    }
    event->Header.SignalState = 1;               /* for a sender that was interrupted by an APC while it waits */
    *ended = TRUE;
}

#undef IoCompleteRequest
VOID NTAPI IoCompleteRequest(PIRP Irp, CCHAR PriorityBoost);
VOID NTAPI IoCompleteRequest(PIRP Irp, CCHAR PriorityBoost) { IofCompleteRequest(Irp, PriorityBoost); }

VOID FASTCALL IofCompleteRequest(PIRP Irp, CCHAR PriorityBoost)
{
    if (Irp->Type != IO_TYPE_IRP || Irp->CurrentLocation > Irp->StackCount + 1)
        KeBugCheckEx(MULTIPLE_IRP_COMPLETE_REQUESTS, (ULONG_PTR)Irp, (ULONG_PTR)Irp->CurrentLocation, 0, 0);
    ASSERT(KeIrql() <= DISPATCH_LEVEL);
    while (Irp->CurrentLocation <= Irp->StackCount)
        if (!IopLeaveLocation(Irp))
            return;
    IopFreeAuxiliary(Irp);
    Irp->CurrentLocation = (CHAR)(Irp->StackCount + 2);          /* a second completion is caught while the packet lives */
    if (Irp->Flags & IRP_ASSOCIATED_IRP) {
        IopCompleteAssociated(Irp, PriorityBoost);
        return;
    }
    if (Irp->Flags & (IRP_CLOSE_OPERATION | IRP_PAGING_IO)) {
        IopCompleteToWaiter(Irp, PriorityBoost);
        return;
    }
    IopUnlockMdls(Irp);
    if ((Irp->Flags & IRP_DEFER_IO_COMPLETION) && !Irp->PendingReturned)
        return;                                  /* who sent it finishes it when the dispatch routine returns */
    IopQueueCompletion(Irp, PriorityBoost);
}

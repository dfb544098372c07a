/* SPDX-License-Identifier: MIT
 * Requests that wait: cancelled, timed out, or taken by who can serve them. While one waits, DriverContext[0] is its object and [3] its
 * timer; [1] and [2] are the driver's.
 */
#include "ipc.h"

struct IPC_TIMER {
    LONG References;                             /* a the request's or its owner's, and the clock's */
    IPC_OBJECT *Object;                          /* I referenced */
    PIRP Irp;                                    /* L NULL: nobody waits with it (any more) */
    LARGE_INTEGER Due;                           /* I */
    BOOLEAN IsSet;                               /* L */
    KTIMER Timer;
    KDPC Dpc;
};

static KDEFERRED_ROUTINE IpcTimedOut;
static DRIVER_CANCEL IpcCancel;

static IPC_OBJECT *IpcObjectOf(PIRP Irp)
{
    return Irp->Tail.Overlay.DriverContext[0];
}

/* ---- Timers ---- */
NTSTATUS IpcCreateTimer(IPC_OBJECT *Object, LARGE_INTEGER Timeout, IPC_TIMER **Timer)
{
    IPC_TIMER *timer;

    *Timer = NULL;
    if (Timeout.QuadPart == MINLONGLONG || Timeout.QuadPart == MAXLONGLONG)
        return STATUS_SUCCESS;
    timer = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*timer), IPC_TAG);
    if (timer == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(timer, sizeof(*timer));
    timer->References = 1;
    timer->Object = Object;
    timer->Due = Timeout;
    IpcReference(Object);
    KeInitializeTimer(&timer->Timer);
    KeInitializeDpc(&timer->Dpc, IpcTimedOut, timer);
    *Timer = timer;
    return STATUS_SUCCESS;
}

static VOID IpcDropTimer(IPC_TIMER *Timer)
{
    if (InterlockedDecrement(&Timer->References) != 0)
        return;
    IpcDereference(Timer->Object);
    ExFreePoolWithTag(Timer, IPC_TAG);
}

VOID IpcDeleteTimer(IPC_TIMER *Timer)
{
    if (Timer != NULL)
        IpcDropTimer(Timer);
}

/* The request waits no more. The object outlives it: the request has a reference of its own. */
static VOID IpcDetachTimerLocked(PIRP Irp)
{
    IPC_TIMER *timer = Irp->Tail.Overlay.DriverContext[3];

    Irp->Tail.Overlay.DriverContext[3] = NULL;
    if (timer == NULL)
        return;
    timer->Irp = NULL;
    if (timer->IsSet && KeCancelTimer(&timer->Timer))
        IpcDropTimer(timer);                     /* the clock's */
    IpcDropTimer(timer);
}

static VOID NTAPI IpcTimedOut(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    IPC_TIMER *timer = Context;
    IPC_OBJECT *object = timer->Object;
    LIST_ENTRY done;
    PIRP irp;

    InitializeListHead(&done);
    KeAcquireSpinLockAtDpcLevel(&object->Lock);
    timer->IsSet = FALSE;
    irp = timer->Irp;
    if (irp != NULL && IpcClaimLocked(irp))
        IpcEndLocked(irp, STATUS_IO_TIMEOUT, 0, &done);
    KeReleaseSpinLockFromDpcLevel(&object->Lock);
    IpcCompleteAll(&done);
    IpcDropTimer(timer);
}

/* ---- Waiting ---- */
static VOID NTAPI IpcCancel(PDEVICE_OBJECT Device, PIRP Irp)
{
    IPC_OBJECT *object = IpcObjectOf(Irp);
    LIST_ENTRY done;
    KIRQL irql;

    IoReleaseCancelSpinLock(Irp->CancelIrql);
    InitializeListHead(&done);
    KeAcquireSpinLock(&object->Lock, &irql);
    RemoveEntryList(&Irp->Tail.Overlay.ListEntry);
    IpcDetachTimerLocked(Irp);
    IpcCancelled(object, Irp, &done);
    IpcEndLocked(Irp, STATUS_CANCELLED, 0, &done);
    KeReleaseSpinLock(&object->Lock, irql);
    IpcCompleteAll(&done);
}

BOOLEAN IpcWaitLocked(IPC_OBJECT *Object, PLIST_ENTRY List, PIRP Irp, IPC_TIMER *Timer)
{
    Irp->Tail.Overlay.DriverContext[0] = Object;
    Irp->Tail.Overlay.DriverContext[3] = Timer;
    InsertTailList(List, &Irp->Tail.Overlay.ListEntry);
    IoSetCancelRoutine(Irp, IpcCancel);
    if (Irp->Cancel && IoSetCancelRoutine(Irp, NULL) != NULL) {
        RemoveEntryList(&Irp->Tail.Overlay.ListEntry);
        return FALSE;
    }
    IoMarkIrpPending(Irp);                       /* nobody completes it before the lock is released */
    IpcReference(Object);
    if (Timer != NULL) {
        Timer->Irp = Irp;
        Timer->IsSet = TRUE;
        InterlockedIncrement(&Timer->References);
        KeSetTimer(&Timer->Timer, Timer->Due, &Timer->Dpc);
    }
    return TRUE;
}

BOOLEAN IpcHoldLocked(PIRP Irp)
{
    return IoSetCancelRoutine(Irp, NULL) != NULL;
}

BOOLEAN IpcResumeLocked(PIRP Irp)
{
    IoSetCancelRoutine(Irp, IpcCancel);
    return !Irp->Cancel || IoSetCancelRoutine(Irp, NULL) == NULL;
}

VOID IpcTakeOutLocked(PIRP Irp)
{
    RemoveEntryList(&Irp->Tail.Overlay.ListEntry);
    IpcDetachTimerLocked(Irp);
}

BOOLEAN IpcClaimLocked(PIRP Irp)
{
    RemoveEntryList(&Irp->Tail.Overlay.ListEntry);
    InitializeListHead(&Irp->Tail.Overlay.ListEntry);    /* the cancel routine may take it out once more */
    if (IoSetCancelRoutine(Irp, NULL) == NULL)
        return FALSE;
    IpcDetachTimerLocked(Irp);
    return TRUE;
}

PIRP IpcTakeLocked(PLIST_ENTRY List)
{
    while (!IsListEmpty(List)) {
        PIRP irp = CONTAINING_RECORD(List->Flink, IRP, Tail.Overlay.ListEntry);
        if (IpcClaimLocked(irp))
            return irp;
    }
    return NULL;
}

/* ---- Ending ---- */
VOID IpcEndLocked(PIRP Irp, NTSTATUS Status, ULONG_PTR Information, PLIST_ENTRY Done)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = Information;
    InsertTailList(Done, &Irp->Tail.Overlay.ListEntry);
}

VOID IpcEndAllLocked(PLIST_ENTRY List, PFILE_OBJECT File, NTSTATUS Status, PLIST_ENTRY Done)
{
    PLIST_ENTRY link = List->Flink;

    while (link != List) {
        PIRP irp = CONTAINING_RECORD(link, IRP, Tail.Overlay.ListEntry);
        link = link->Flink;
        if ((File == NULL || IoGetCurrentIrpStackLocation(irp)->FileObject == File) && IpcClaimLocked(irp))
            IpcEndLocked(irp, Status, 0, Done);
    }
}

VOID IpcCompleteAll(PLIST_ENTRY Done)
{
    while (!IsListEmpty(Done)) {
        PIRP irp = CONTAINING_RECORD(RemoveHeadList(Done), IRP, Tail.Overlay.ListEntry);
        IPC_OBJECT *object = IpcObjectOf(irp);
        IoCompleteRequest(irp, IO_NAMED_PIPE_INCREMENT);
        IpcDereference(object);
    }
}

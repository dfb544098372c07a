/* SPDX-License-Identifier: MIT
 * Waiting until the owner of an oplock acknowledges that it is broken. There is no time limit; the request that waits can be cancelled.
 */
#include "oplock.h"

typedef struct FSRTL_WAITER {
    LIST_ENTRY Links;                            /* FsRtlListLock */
    PIRP Irp;                                    /* I */
    PVOID Saved;                                 /* I what its DriverContext had */
    FSRTL_OPERATION Operation;                   /* I */
    FSRTL_WAIT Wait;                             /* I */
    PKEVENT Event;                               /* I of a thread that waits; NULL: the rest is Wait's, or the request's completion */
    NTSTATUS Status;                             /* before Event is set */
} FSRTL_WAITER;

BOOLEAN FsRtlMustWaitLocked(const FSRTL_OPLOCK *Oplock, const FSRTL_OPERATION *Operation)
{
    PLIST_ENTRY entry;

    for (entry = Oplock->Grants.Flink; entry != &Oplock->Grants; entry = entry->Flink) {
        const FSRTL_GRANT *grant = CONTAINING_RECORD(entry, FSRTL_GRANT, Links);
        if (grant->State != FsRtlHeld && FsRtlRuleFor(Operation, grant).Waits)
            return TRUE;
    }
    return FALSE;
}

/* ---- The end of waiting ---- */

/* The waiter is in no list. A thread's is gone when its event is set. */
static VOID FsRtlEndWait(FSRTL_WAITER *Waiter, NTSTATUS Status)
{
    FSRTL_WAIT wait = Waiter->Wait;
    PIRP irp = Waiter->Irp;

    irp->Tail.Overlay.DriverContext[0] = Waiter->Saved;
    if (Waiter->Event != NULL) {
        Waiter->Status = Status;
        KeSetEvent(Waiter->Event, IO_NO_INCREMENT, FALSE);
        return;
    }
    ExFreePoolWithTag(Waiter, FSRTL_TAG_OPLOCK);
    irp->IoStatus.Status = Status;
    irp->IoStatus.Information = 0;
    if (wait.Complete != NULL)
        wait.Complete(wait.Context, irp);
    else
        IoCompleteRequest(irp, IO_NO_INCREMENT);
}

static VOID NTAPI FsRtlCancelWaiter(PDEVICE_OBJECT Device, PIRP Irp) UNCHECKED_LOCKS
{
    FSRTL_WAITER *waiter;
    KIRQL irql;

    IoReleaseCancelSpinLock(Irp->CancelIrql);
    irql = KeLockAcquire(&FsRtlListLock);
    waiter = Irp->Tail.Overlay.DriverContext[0];
    RemoveEntryList(&waiter->Links);
    KeLockRelease(&FsRtlListLock, irql);
    FsRtlEndWait(waiter, STATUS_CANCELLED);
}

VOID FsRtlReleaseWaitersLocked(FSRTL_OPLOCK *Oplock, BOOLEAN All, PLIST_ENTRY Released)
{
    PLIST_ENTRY entry, next;

    for (entry = Oplock->Waiters.Flink; entry != &Oplock->Waiters; entry = next) {
        FSRTL_WAITER *waiter = CONTAINING_RECORD(entry, FSRTL_WAITER, Links);
        next = entry->Flink;
        if (!All && FsRtlMustWaitLocked(Oplock, &waiter->Operation))
            continue;
        RemoveEntryList(entry);
        InitializeListHead(entry);               /* for a cancel routine that may be on its way to it */
        if (FsRtlTakeFromCancel(waiter->Irp))
            InsertTailList(Released, entry);
    }
}

VOID FsRtlResumeWaiters(PLIST_ENTRY Released)
{
    while (!IsListEmpty(Released))
        FsRtlEndWait(CONTAINING_RECORD(RemoveHeadList(Released), FSRTL_WAITER, Links), STATUS_SUCCESS);
}

/* ---- Waiting ---- */

/* STATUS_SUCCESS: there is nothing to wait for. STATUS_PENDING: somebody else ends it. */
static NTSTATUS FsRtlEnterWait(FSRTL_OPLOCK *Oplock, FSRTL_WAITER *Waiter)
{
    PVOID *place = &Waiter->Irp->Tail.Overlay.DriverContext[0];
    NTSTATUS status = STATUS_SUCCESS;
    KIRQL irql = KeLockAcquire(&FsRtlListLock);

    if (FsRtlMustWaitLocked(Oplock, &Waiter->Operation)) {
        Waiter->Saved = *place;
        *place = Waiter;
        InsertTailList(&Oplock->Waiters, &Waiter->Links);
        status = STATUS_PENDING;
        if (!FsRtlGiveToCancel(Waiter->Irp, FsRtlCancelWaiter)) {
            RemoveEntryList(&Waiter->Links);
            *place = Waiter->Saved;
            status = STATUS_CANCELLED;
        } else if (Waiter->Event == NULL) {
            IoMarkIrpPending(Waiter->Irp);
        }
    }
    KeLockRelease(&FsRtlListLock, irql);
    return status;
}

static FSRTL_WAITER *FsRtlMakeWaiter(PIRP Irp, const FSRTL_OPERATION *Operation, const FSRTL_WAIT *Wait)
{
    FSRTL_WAITER *waiter = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*waiter), FSRTL_TAG_OPLOCK);

    if (waiter != NULL)
        *waiter = (FSRTL_WAITER){ .Irp = Irp, .Operation = *Operation, .Wait = *Wait };
    return waiter;
}

static NTSTATUS FsRtlWaitHere(FSRTL_OPLOCK *Oplock, PIRP Irp, const FSRTL_OPERATION *Operation)
{
    FSRTL_WAITER waiter = { .Irp = Irp, .Operation = *Operation };
    KEVENT event;
    NTSTATUS status;

    KeInitializeEvent(&event, NotificationEvent, FALSE);
    waiter.Event = &event;
    status = FsRtlEnterWait(Oplock, &waiter);
    if (status != STATUS_PENDING)
        return status;
    KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, NULL);
    return waiter.Status;
}

/* From the file system's PrePost routine on the request is ours: it hears of its end by its completion routine, and in no other way. */
NTSTATUS FsRtlAwaitBreak(FSRTL_OPLOCK *Oplock, PIRP Irp, const FSRTL_OPERATION *Operation, const FSRTL_WAIT *Wait)
{
    FSRTL_WAITER *waiter;
    NTSTATUS status;

    if (Wait->Complete == NULL)
        return FsRtlWaitHere(Oplock, Irp, Operation);
    waiter = FsRtlMakeWaiter(Irp, Operation, Wait);
    if (waiter == NULL)
        ExRaiseStatus(STATUS_INSUFFICIENT_RESOURCES);
    if (Wait->PrePost != NULL)
        Wait->PrePost(Wait->Context, Irp);
    status = FsRtlEnterWait(Oplock, waiter);
    if (status != STATUS_PENDING) {
        waiter->Saved = Irp->Tail.Overlay.DriverContext[0];
        IoMarkIrpPending(Irp);
        FsRtlEndWait(waiter, status);
    }
    return STATUS_PENDING;
}

NTSTATUS FsRtlNotifyBreak(FSRTL_OPLOCK *Oplock, PIRP Irp)
{
    static const FSRTL_OPERATION operation = { .Kind = FsRtlOpNotify, .IgnoreKeys = TRUE };
    static const FSRTL_WAIT wait;
    FSRTL_WAITER *waiter;
    NTSTATUS status;

    if (Oplock == NULL)
        return STATUS_SUCCESS;
    waiter = FsRtlMakeWaiter(Irp, &operation, &wait);
    if (waiter == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    status = FsRtlEnterWait(Oplock, waiter);
    if (status != STATUS_PENDING)
        ExFreePoolWithTag(waiter, FSRTL_TAG_OPLOCK);
    return status;
}

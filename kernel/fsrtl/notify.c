/* SPDX-License-Identifier: MIT
 * Notification of changes in directories: the watchers of a volume and their requests. What happens is matched and recorded in
 * notifychange.c. Requests are completed when the volume's list has been left.
 */
#include "fsrtlp.h"

VOID NTAPI FsRtlNotifyInitializeSync(PNOTIFY_SYNC *NotifySync)
{
    FSRTL_NOTIFY_SYNC *sync = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*sync), FSRTL_TAG_NOTIFY);

    *NotifySync = NULL;
    if (sync == NULL)
        ExRaiseStatus(STATUS_INSUFFICIENT_RESOURCES);
    KeInitializeMutex(&sync->Mutex, 0);
    sync->Walkers = 0;
    *NotifySync = sync;
}

VOID NTAPI FsRtlNotifyUninitializeSync(PNOTIFY_SYNC *NotifySync)
{
    if (*NotifySync != NULL)
        ExFreePoolWithTag(*NotifySync, FSRTL_TAG_NOTIFY);
    *NotifySync = NULL;
}

/* ---- Entering and leaving the list ---- */
static VOID FsRtlFreeSubject(PSECURITY_SUBJECT_CONTEXT Subject)
{
    if (Subject == NULL)
        return;
    SeReleaseSubjectContext(Subject);
    ExFreePool(Subject);
}

VOID FsRtlEnterNotify(FSRTL_NOTIFY_SYNC *Sync)
{
    KeWaitForSingleObject(&Sync->Mutex, Executive, KernelMode, FALSE, NULL);
    Sync->Walkers++;
}

VOID FsRtlLeaveNotify(FSRTL_NOTIFY_SYNC *Sync, PLIST_ENTRY NotifyList)
{
    PLIST_ENTRY entry, next;

    if (--Sync->Walkers == 0) {
        for (entry = NotifyList->Flink; entry != NotifyList; entry = next) {
            FSRTL_NOTIFY *notify = CONTAINING_RECORD(entry, FSRTL_NOTIFY, Links);
            next = entry->Flink;
            if (!notify->Removed)
                continue;
            RemoveEntryList(entry);
            FsRtlFreeSubject(notify->Subject);
            if (notify->Buffer != NULL)
                ExFreePoolWithTag(notify->Buffer, FSRTL_TAG_NOTIFY);
            ExFreePoolWithTag(notify, FSRTL_TAG_NOTIFY);
        }
    }
    KeReleaseMutex(&Sync->Mutex, FALSE);
}

/* ---- Requests ---- */
static VOID NTAPI FsRtlCancelNotify(PDEVICE_OBJECT Device, PIRP Irp) UNCHECKED_LOCKS
{
    KIRQL irql;

    IoReleaseCancelSpinLock(Irp->CancelIrql);
    irql = KeLockAcquire(&FsRtlListLock);
    RemoveEntryList(&Irp->Tail.Overlay.ListEntry);
    KeLockRelease(&FsRtlListLock, irql);
    Irp->IoStatus.Status = STATUS_CANCELLED;
    Irp->IoStatus.Information = 0;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
}

/* FALSE: it has been cancelled. */
static BOOLEAN FsRtlQueueNotifyIrp(FSRTL_NOTIFY *Notify, PIRP Irp)
{
    KIRQL irql = KeLockAcquire(&FsRtlListLock);
    BOOLEAN queued;

    InsertTailList(&Notify->Irps, &Irp->Tail.Overlay.ListEntry);
    queued = FsRtlGiveToCancel(Irp, FsRtlCancelNotify);
    if (!queued)
        RemoveEntryList(&Irp->Tail.Overlay.ListEntry);
    KeLockRelease(&FsRtlListLock, irql);
    return queued;
}

PIRP FsRtlTakeNotifyIrp(FSRTL_NOTIFY *Notify)
{
    KIRQL irql = KeLockAcquire(&FsRtlListLock);
    PIRP taken = NULL;

    while (taken == NULL && !IsListEmpty(&Notify->Irps)) {
        PLIST_ENTRY entry = RemoveHeadList(&Notify->Irps);
        PIRP irp = CONTAINING_RECORD(entry, IRP, Tail.Overlay.ListEntry);
        InitializeListHead(entry);               /* for a cancel routine that may be on its way to it */
        if (FsRtlTakeFromCancel(irp))
            taken = irp;
    }
    KeLockRelease(&FsRtlListLock, irql);
    return taken;
}

VOID FsRtlEndNotifyIrps(FSRTL_NOTIFY *Notify, NTSTATUS Status, PLIST_ENTRY Done)
{
    PIRP irp;

    while ((irp = FsRtlTakeNotifyIrp(Notify)) != NULL) {
        irp->IoStatus.Status = Status;
        irp->IoStatus.Information = 0;
        InsertTailList(Done, &irp->Tail.Overlay.ListEntry);
    }
}

VOID FsRtlCompleteList(PLIST_ENTRY Done)
{
    while (!IsListEmpty(Done))
        IoCompleteRequest(CONTAINING_RECORD(RemoveHeadList(Done), IRP, Tail.Overlay.ListEntry), IO_DISK_INCREMENT);
}

/* ---- Watching ---- */

/* What a new watcher is made of. */
typedef struct FSRTL_WATCH {
    FSRTL_NOTIFY_SYNC *Sync;
    PLIST_ENTRY List;
    PIRP Irp;
    FSRTL_NOTIFY Notify;                         /* the model */
} FSRTL_WATCH;

static FSRTL_NOTIFY *FsRtlFindNotify(PLIST_ENTRY NotifyList, const VOID *FsContext)
{
    PLIST_ENTRY entry;

    for (entry = NotifyList->Flink; entry != NotifyList; entry = entry->Flink) {
        FSRTL_NOTIFY *notify = CONTAINING_RECORD(entry, FSRTL_NOTIFY, Links);
        if (!notify->Removed && notify->FsContext == FsContext)
            return notify;
    }
    return NULL;
}

/* Takes the model's subject context over. NULL: no memory. */
static FSRTL_NOTIFY *FsRtlMakeNotify(FSRTL_WATCH *Watch)
{
    FSRTL_NOTIFY *notify = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*notify), FSRTL_TAG_NOTIFY);

    if (notify == NULL)
        return NULL;
    *notify = Watch->Notify;
    Watch->Notify.Subject = NULL;
    InitializeListHead(&notify->Irps);
    InsertTailList(Watch->List, &notify->Links);
    return notify;
}

/* STATUS_PENDING: the request waits. Else its status is set and it is to be completed. */
static NTSTATUS FsRtlWatchLocked(FSRTL_WATCH *Watch, PFILE_OBJECT File)
{
    FSRTL_NOTIFY *notify;

    if (File->Flags & FO_CLEANUP_COMPLETE)
        return STATUS_NOTIFY_CLEANUP;
    notify = FsRtlFindNotify(Watch->List, Watch->Notify.FsContext);
    if (notify == NULL)
        notify = FsRtlMakeNotify(Watch);
    if (notify == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    if (notify->Deleted)
        return STATUS_DELETE_PENDING;
    if (FsRtlHasChanges(notify)) {
        FsRtlDeliverChanges(notify, Watch->Irp);
        return Watch->Irp->IoStatus.Status;
    }
    return FsRtlQueueNotifyIrp(notify, Watch->Irp) ? STATUS_PENDING : STATUS_CANCELLED;
}

static VOID FsRtlWatch(FSRTL_WATCH *Watch)
{
    NTSTATUS status;
    PIRP irp = Watch->Irp;

    irp->IoStatus.Information = 0;
    IoMarkIrpPending(irp);
    FsRtlEnterNotify(Watch->Sync);
    status = FsRtlWatchLocked(Watch, IoGetCurrentIrpStackLocation(irp)->FileObject);
    FsRtlLeaveNotify(Watch->Sync, Watch->List);
    FsRtlFreeSubject(Watch->Notify.Subject);
    if (status == STATUS_PENDING)
        return;
    irp->IoStatus.Status = status;
    IoCompleteRequest(irp, IO_DISK_INCREMENT);
}

/* A stream is being deleted: whoever watches through a file object of it hears so. */
static VOID FsRtlNotifyDeleted(FSRTL_NOTIFY_SYNC *Sync, PLIST_ENTRY NotifyList, const VOID *Stream)
{
    PLIST_ENTRY entry;
    LIST_ENTRY done;

    InitializeListHead(&done);
    FsRtlEnterNotify(Sync);
    for (entry = NotifyList->Flink; entry != NotifyList; entry = entry->Flink) {
        FSRTL_NOTIFY *notify = CONTAINING_RECORD(entry, FSRTL_NOTIFY, Links);
        if (notify->Removed || notify->Stream != Stream)
            continue;
        notify->Deleted = TRUE;
        FsRtlEndNotifyIrps(notify, STATUS_DELETE_PENDING, &done);
    }
    FsRtlLeaveNotify(Sync, NotifyList);
    FsRtlCompleteList(&done);
}

VOID NTAPI FsRtlNotifyFilterChangeDirectory(PNOTIFY_SYNC NotifySync, PLIST_ENTRY NotifyList, PVOID FsContext, PSTRING FullDirectoryName,
                                            BOOLEAN WatchTree, BOOLEAN IgnoreBuffer, ULONG CompletionFilter, PIRP NotifyIrp,
                                            PCHECK_FOR_TRAVERSE_ACCESS TraverseCallback, PSECURITY_SUBJECT_CONTEXT SubjectContext,
                                            PFILTER_REPORT_CHANGE FilterCallback)
{
    FSRTL_WATCH watch = { .Sync = NotifySync, .List = NotifyList, .Irp = NotifyIrp };
    PIO_STACK_LOCATION location;

    if (NotifyIrp == NULL) {
        FsRtlNotifyDeleted(NotifySync, NotifyList, FsContext);
        return;
    }
    location = IoGetCurrentIrpStackLocation(NotifyIrp);
    watch.Notify = (FSRTL_NOTIFY){ .FsContext = FsContext, .Stream = location->FileObject->FsContext, .Directory = FullDirectoryName,
                                   .Traverse = (FSRTL_TRAVERSE *)(PVOID)TraverseCallback, .Filter = FilterCallback, .Subject = SubjectContext,
                                   .Completion = CompletionFilter, .Tree = WatchTree, .NoBuffer = IgnoreBuffer,
                                   .Size = location->Parameters.NotifyDirectory.Length };
    FsRtlWatch(&watch);
}

VOID NTAPI FsRtlNotifyFullChangeDirectory(PNOTIFY_SYNC NotifySync, PLIST_ENTRY NotifyList, PVOID FsContext, PSTRING FullDirectoryName,
                                          BOOLEAN WatchTree, BOOLEAN IgnoreBuffer, ULONG CompletionFilter, PIRP NotifyIrp,
                                          PCHECK_FOR_TRAVERSE_ACCESS TraverseCallback, PSECURITY_SUBJECT_CONTEXT SubjectContext)
{
    FsRtlNotifyFilterChangeDirectory(NotifySync, NotifyList, FsContext, FullDirectoryName, WatchTree, IgnoreBuffer, CompletionFilter,
                                     NotifyIrp, TraverseCallback, SubjectContext, NULL);
}

/* ---- The end of watching ---- */
static VOID FsRtlEndWatchers(FSRTL_NOTIFY_SYNC *Sync, PLIST_ENTRY NotifyList, BOOLEAN All, const VOID *FsContext)
{
    PLIST_ENTRY entry;
    LIST_ENTRY done;

    InitializeListHead(&done);
    FsRtlEnterNotify(Sync);
    for (entry = NotifyList->Flink; entry != NotifyList; entry = entry->Flink) {
        FSRTL_NOTIFY *notify = CONTAINING_RECORD(entry, FSRTL_NOTIFY, Links);
        if (notify->Removed || (!All && notify->FsContext != FsContext))
            continue;
        notify->Removed = TRUE;
        FsRtlEndNotifyIrps(notify, STATUS_NOTIFY_CLEANUP, &done);
    }
    FsRtlLeaveNotify(Sync, NotifyList);
    FsRtlCompleteList(&done);
}

VOID NTAPI FsRtlNotifyCleanup(PNOTIFY_SYNC NotifySync, PLIST_ENTRY NotifyList, PVOID FsContext)
{
    FsRtlEndWatchers(NotifySync, NotifyList, FALSE, FsContext);
}

VOID NTAPI FsRtlNotifyCleanupAll(PNOTIFY_SYNC NotifySync, PLIST_ENTRY NotifyList)
{
    FsRtlEndWatchers(NotifySync, NotifyList, TRUE, NULL);
}

/* SPDX-License-Identifier: MIT
 * Waiting for a key to change. A request completes once: with STATUS_NOTIFY_ENUM_DIR when something changed, with
 * STATUS_NOTIFY_CLEANUP when the last handle of the key object it was made with is closed.
 *
 * Asynchronous requests come from kernel mode only, with an event and no work item: guarded status blocks come with user mode.
 */
#include "cmp.h"
#include "ex.h"

typedef struct CMP_NOTIFICATION {
    LIST_ENTRY Links;                            /* CmpNotifyLock, then the completer's */
    PCM_KEY_BODY Body;                           /* I compared only */
    PCMP_KCB Kcb;                                /* I referenced */
    ULONG Filter;                                /* I */
    BOOLEAN Tree;                                /* I */
    PKEVENT Event;                               /* I referenced, NULL: none */
    PIO_STATUS_BLOCK Status;                     /* I the caller's */
    PKEVENT Synchronous;                         /* I on the waiter's stack, or NULL */
} CMP_NOTIFICATION;

static EX_PUSH_LOCK CmpNotifyLock;
static LIST_ENTRY CmpNotifications = { &CmpNotifications, &CmpNotifications };   /* CmpNotifyLock */

static VOID CmpComplete(CMP_NOTIFICATION *Notification, NTSTATUS Status)
{
    PKEVENT event = Notification->Event, synchronous = Notification->Synchronous;

    Notification->Status->Status = Status;
    Notification->Status->Information = 0;
    CmpDereferenceKcb(Notification->Kcb);
    ExFreePoolWithTag(Notification, CMP_TAG);
    if (event != NULL) {
        KeSetEvent(event, 0, FALSE);
        ObfDereferenceObject(event);
    }
    if (synchronous != NULL)
        KeSetEvent(synchronous, 0, FALSE);
}

static VOID CmpCompleteAll(PLIST_ENTRY Ended, NTSTATUS Status)
{
    while (!IsListEmpty(Ended))
        CmpComplete(CONTAINING_RECORD(RemoveHeadList(Ended), CMP_NOTIFICATION, Links), Status);
}

VOID CmpPostChange(PCMP_KCB Kcb, ULONG Filter)
{
    LIST_ENTRY ended;
    PLIST_ENTRY link, next;

    if (IsListEmpty(&CmpNotifications))          /* who comes in between comes after the change */
        return;
    InitializeListHead(&ended);
    ExLockExclusive(&CmpNotifyLock);
    for (link = CmpNotifications.Flink; link != &CmpNotifications; link = next) {
        CMP_NOTIFICATION *there = CONTAINING_RECORD(link, CMP_NOTIFICATION, Links);
        next = link->Flink;
        if ((there->Filter & Filter) && (there->Kcb == Kcb || (there->Tree && CmpIsBelow(Kcb, there->Kcb)))) {
            RemoveEntryList(link);
            InsertTailList(&ended, link);
        }
    }
    ExUnlockExclusive(&CmpNotifyLock);
    CmpCompleteAll(&ended, STATUS_NOTIFY_ENUM_DIR);
}

VOID CmpEndNotifications(PCM_KEY_BODY Body)
{
    LIST_ENTRY ended;
    PLIST_ENTRY link, next;

    InitializeListHead(&ended);
    ExLockExclusive(&CmpNotifyLock);
    for (link = CmpNotifications.Flink; link != &CmpNotifications; link = next) {
        next = link->Flink;
        if (CONTAINING_RECORD(link, CMP_NOTIFICATION, Links)->Body == Body) {
            RemoveEntryList(link);
            InsertTailList(&ended, link);
        }
    }
    ExUnlockExclusive(&CmpNotifyLock);
    CmpCompleteAll(&ended, STATUS_NOTIFY_CLEANUP);
}

/* The key may be deleted at any time, but not between the check and the entry into the list. */
static NTSTATUS CmpEnterNotification(CMP_NOTIFICATION *Notification)
{
    NTSTATUS status = STATUS_KEY_DELETED;

    ExLockShared(&CmpRegistryLock);
    if (!Notification->Kcb->Discarded) {
        CmpReferenceKcb(Notification->Kcb);
        ExLockExclusive(&CmpNotifyLock);
        InsertTailList(&CmpNotifications, &Notification->Links);
        ExUnlockExclusive(&CmpNotifyLock);
        status = STATUS_PENDING;
    }
    ExUnlockShared(&CmpRegistryLock);
    return status;
}

static NTSTATUS CmpRequestNotification(PCM_KEY_BODY Body, PKEVENT Event, PIO_STATUS_BLOCK IoStatusBlock, ULONG Filter, BOOLEAN Tree,
                                       BOOLEAN Asynchronous)
{
    CMP_NOTIFICATION *notification = ExAllocatePoolWithTag(PagedPool, sizeof(*notification), CMP_TAG);
    IO_STATUS_BLOCK block;
    KEVENT done;
    NTSTATUS status;

    if (notification == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    KeInitializeEvent(&done, NotificationEvent, FALSE);
    *notification = (CMP_NOTIFICATION){ .Body = Body, .Kcb = Body->KeyControlBlock, .Filter = Filter, .Tree = Tree, .Event = Event,
                                        .Status = Asynchronous ? IoStatusBlock : &block,
                                        .Synchronous = Asynchronous ? NULL : &done };
    if (Event != NULL) {
        KeClearEvent(Event);
        ObfReferenceObject(Event);
    }
    status = CmpEnterNotification(notification);
    if (status != STATUS_PENDING) {
        if (Event != NULL)
            ObfDereferenceObject(Event);
        ExFreePoolWithTag(notification, CMP_TAG);
        return status;
    }
    if (Asynchronous)
        return STATUS_PENDING;
    KeWaitForSingleObject(&done, Executive, KernelMode, FALSE, NULL);
    *IoStatusBlock = block;
    return block.Status;
}

NTSTATUS NTAPI NtNotifyChangeKey(HANDLE KeyHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext,
                                 PIO_STATUS_BLOCK IoStatusBlock, ULONG CompletionFilter, BOOLEAN WatchTree, PVOID Buffer,
                                 ULONG BufferSize, BOOLEAN Asynchronous)
{
    PCM_KEY_BODY body;
    PVOID event = NULL;
    NTSTATUS status;

    if (CompletionFilter == 0 || (CompletionFilter & ~(ULONG)(REG_LEGAL_CHANGE_FILTER | 0x10000000)))
        return STATUS_INVALID_PARAMETER;         /* 0x10000000: REG_NOTIFY_THREAD_AGNOSTIC, as requests here always are */
    if (ObPreviousMode() != KernelMode)
        return STATUS_NOT_IMPLEMENTED;
    if (ApcRoutine != NULL)
        return STATUS_INVALID_PARAMETER;
    status = CmpReferenceHandle(KeyHandle, KEY_NOTIFY, &body);
    if (!NT_SUCCESS(status))
        return status;
    if (Event != NULL)
        status = ObReferenceObjectByHandle(Event, EVENT_MODIFY_STATE, ExpEventObjectType, KernelMode, &event, NULL);
    if (NT_SUCCESS(status))
        status = CmpRequestNotification(body, event, IoStatusBlock, CompletionFilter, WatchTree, Asynchronous);
    if (event != NULL)
        ObfDereferenceObject(event);
    ObfDereferenceObject(body);
    return status;
}

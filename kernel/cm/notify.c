/* SPDX-License-Identifier: MIT
 * Waiting for a key to change. A request completes once: with STATUS_NOTIFY_ENUM_DIR when something changed, with
 * STATUS_NOTIFY_CLEANUP when the last handle of the key object it was made with is closed.
 *
 * The result of an asynchronous request goes to the status block in its process, whoever completes it; then the event is set and the
 * caller's APC queued to the thread that asked. No request ends with its thread.
 */
#include "cmp.h"
#include "ex.h"
#include "ke.h"

typedef struct CMP_NOTIFICATION {
    LIST_ENTRY Links;                            /* CmpNotifyLock, then the completer's */
    PCM_KEY_BODY Body;                           /* I compared only */
    PCMP_KCB Kcb;                                /* I referenced */
    ULONG Filter;                                /* I */
    BOOLEAN Tree;                                /* I */
    PKEVENT Event;                               /* I referenced, NULL: none */
    PIO_STATUS_BLOCK Status;                     /* I the caller's, or on the waiter's stack */
    PKEVENT Synchronous;                         /* I on the waiter's stack, or NULL */
    PEPROCESS Process;                           /* I referenced: in whose memory Status lies; NULL: the kernel's */
    struct CMP_CALL *Call;                       /* I the caller's APC, or NULL */
} CMP_NOTIFICATION;

typedef struct CMP_CALL {
    KAPC Apc;
    PETHREAD Thread;                             /* I referenced */
} CMP_CALL;

/* What a caller asks for. */
typedef struct CMP_WISH {
    PCM_KEY_BODY Body;
    PKEVENT Event;
    PIO_APC_ROUTINE ApcRoutine;
    PVOID ApcContext;
    PIO_STATUS_BLOCK Iosb;
    ULONG Filter;
    BOOLEAN Tree, Asynchronous;
} CMP_WISH;

static EX_PUSH_LOCK CmpNotifyLock;
static LIST_ENTRY CmpNotifications = { &CmpNotifications, &CmpNotifications };   /* CmpNotifyLock */

/* ---- The caller's APC ---- */
static VOID CmpFreeCall(CMP_CALL *Call)
{
    if (Call == NULL)
        return;
    ObfDereferenceObject(Call->Thread);
    ExFreePoolWithTag(Call, CMP_TAG);
}

static VOID NTAPI CmpCallApc(PKAPC Apc, PKNORMAL_ROUTINE *Normal, PVOID *Context, PVOID *Argument1, PVOID *Argument2)
{
    CmpFreeCall(CONTAINING_RECORD(Apc, CMP_CALL, Apc));
}

static VOID NTAPI CmpDropApc(PKAPC Apc) { CmpFreeCall(CONTAINING_RECORD(Apc, CMP_CALL, Apc)); }

static CMP_CALL *CmpMakeCall(const CMP_WISH *Wish)
{
    CMP_CALL *call = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*call), CMP_TAG);

    if (call == NULL)
        return NULL;
    call->Thread = (PETHREAD)KeCurrentThread();
    ObfReferenceObject(call->Thread);
    KeInitializeApc(&call->Apc, KeCurrentThread(), OriginalApcEnvironment, CmpCallApc, CmpDropApc,
                    (PKNORMAL_ROUTINE)(PVOID)Wish->ApcRoutine, ObPreviousMode(), Wish->ApcContext);
    return call;
}

/* ---- The end of a request ---- */
/* Into the memory of the process that asked, if it is there still. */
static VOID CmpTellProcess(PEPROCESS Process, PIO_STATUS_BLOCK To, const IO_STATUS_BLOCK *Result)
{
    KAPC_STATE state;

    KeStackAttachProcess(&Process->Pcb, &state);
    if (NT_SUCCESS(MmWriteCaller(UserMode, &To->Information, &Result->Information, sizeof(Result->Information))))
        (VOID)MmWriteCaller(UserMode, &To->Status, &Result->Status, sizeof(Result->Status));
    KeUnstackDetachProcess(&state);
    ObfDereferenceObject(Process);
}

static VOID CmpComplete(CMP_NOTIFICATION *Notification, NTSTATUS Status)
{
    PKEVENT event = Notification->Event, synchronous = Notification->Synchronous;
    IO_STATUS_BLOCK result = { { Status }, 0 };
    PIO_STATUS_BLOCK to = Notification->Status;
    CMP_CALL *call = Notification->Call;

    if (Notification->Process != NULL)
        CmpTellProcess(Notification->Process, to, &result);
    else
        *to = result;
    CmpDereferenceKcb(Notification->Kcb);
    ExFreePoolWithTag(Notification, CMP_TAG);
    if (event != NULL) {
        KeSetEvent(event, 0, FALSE);
        ObfDereferenceObject(event);
    }
    if (call != NULL && !KeInsertQueueApc(&call->Apc, to, NULL, 0))
        CmpFreeCall(call);
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

/* Never entered, or taken out again. */
static VOID CmpFreeNotification(CMP_NOTIFICATION *Notification)
{
    if (Notification->Event != NULL)
        ObfDereferenceObject(Notification->Event);
    if (Notification->Process != NULL)
        ObfDereferenceObject(Notification->Process);
    CmpFreeCall(Notification->Call);
    ExFreePoolWithTag(Notification, CMP_TAG);
}

static CMP_NOTIFICATION *CmpMakeNotification(const CMP_WISH *Wish)
{
    CMP_NOTIFICATION *notification = ExAllocatePoolWithTag(PagedPool, sizeof(*notification), CMP_TAG);

    if (notification == NULL)
        return NULL;
    *notification = (CMP_NOTIFICATION){ .Body = Wish->Body, .Kcb = Wish->Body->KeyControlBlock, .Filter = Wish->Filter,
                                        .Tree = Wish->Tree, .Event = Wish->Event, .Status = Wish->Iosb };
    if (Wish->Event != NULL) {
        KeClearEvent(Wish->Event);
        ObfReferenceObject(Wish->Event);
    }
    if (Wish->ApcRoutine != NULL && (notification->Call = CmpMakeCall(Wish)) == NULL) {
        CmpFreeNotification(notification);
        return NULL;
    }
    if (Wish->Asynchronous && ObPreviousMode() != KernelMode) {
        notification->Process = IoGetCurrentProcess();
        ObfReferenceObject(notification->Process);
    }
    return notification;
}

/* The waiter gives up. FALSE: the request completes at this moment. */
static BOOLEAN CmpWithdraw(CMP_NOTIFICATION *Notification)
{
    PLIST_ENTRY link;
    BOOLEAN found = FALSE;

    ExLockExclusive(&CmpNotifyLock);
    for (link = CmpNotifications.Flink; link != &CmpNotifications && !found; link = link->Flink)
        found = link == &Notification->Links;
    if (found)
        RemoveEntryList(&Notification->Links);
    ExUnlockExclusive(&CmpNotifyLock);
    if (found) {
        CmpDereferenceKcb(Notification->Kcb);
        CmpFreeNotification(Notification);
    }
    return found;
}

static NTSTATUS CmpAwaitNotification(CMP_NOTIFICATION *Notification, PKEVENT Done)
{
    NTSTATUS status = KeWaitForSingleObject(Done, Executive, ObPreviousMode(), FALSE, NULL);

    if (status == STATUS_SUCCESS || CmpWithdraw(Notification))
        return status;
    KeWaitForSingleObject(Done, Executive, KernelMode, FALSE, NULL);
    return STATUS_SUCCESS;
}

static NTSTATUS CmpRequestNotification(const CMP_WISH *Wish)
{
    CMP_NOTIFICATION *notification = CmpMakeNotification(Wish);
    IO_STATUS_BLOCK block;
    KEVENT done;
    NTSTATUS status;

    if (notification == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    if (!Wish->Asynchronous) {
        KeInitializeEvent(&done, NotificationEvent, FALSE);
        notification->Status = &block;
        notification->Synchronous = &done;
    }
    status = CmpEnterNotification(notification);
    if (status != STATUS_PENDING)
        CmpFreeNotification(notification);
    if (status != STATUS_PENDING || Wish->Asynchronous)
        return status;
    status = CmpAwaitNotification(notification, &done);
    if (status != STATUS_SUCCESS)
        return status;
    status = MmWriteCaller(ObPreviousMode(), Wish->Iosb, &block, sizeof(block));
    return NT_SUCCESS(status) ? block.Status : status;
}

NTSTATUS NTAPI NtNotifyChangeKey(HANDLE KeyHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext,
                                 PIO_STATUS_BLOCK IoStatusBlock, ULONG CompletionFilter, BOOLEAN WatchTree, PVOID Buffer,
                                 ULONG BufferSize, BOOLEAN Asynchronous)
{
    CMP_WISH wish = { .ApcRoutine = ApcRoutine, .ApcContext = ApcContext, .Iosb = IoStatusBlock, .Filter = CompletionFilter,
                      .Tree = WatchTree, .Asynchronous = Asynchronous };
    KPROCESSOR_MODE mode = ObPreviousMode();
    PVOID event = NULL;
    NTSTATUS status;

    if (CompletionFilter == 0 || (CompletionFilter & ~(ULONG)(REG_LEGAL_CHANGE_FILTER | 0x10000000)))
        return STATUS_INVALID_PARAMETER;         /* 0x10000000: REG_NOTIFY_THREAD_AGNOSTIC, as requests here always are */
    if (mode == KernelMode && ApcRoutine != NULL)
        return STATUS_INVALID_PARAMETER;         /* a work item, which is not supported */
    status = MmProbeCaller(mode, IoStatusBlock, sizeof(*IoStatusBlock));
    if (NT_SUCCESS(status))
        status = CmpReferenceHandle(KeyHandle, KEY_NOTIFY, &wish.Body);
    if (!NT_SUCCESS(status))
        return status;
    if (Event != NULL)
        status = ObReferenceObjectByHandle(Event, EVENT_MODIFY_STATE, ExpEventObjectType, mode, &event, NULL);
    wish.Event = event;
    if (NT_SUCCESS(status))
        status = CmpRequestNotification(&wish);
    if (event != NULL)
        ObfDereferenceObject(event);
    ObfDereferenceObject(wish.Body);
    return status;
}

NTSTATUS NTAPI NtNotifyChangeMultipleKeys(HANDLE MasterKeyHandle, ULONG Count, POBJECT_ATTRIBUTES SubordinateObjects, HANDLE Event,
                                          PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext, PIO_STATUS_BLOCK IoStatusBlock,
                                          ULONG CompletionFilter, BOOLEAN WatchTree, PVOID Buffer, ULONG BufferSize, BOOLEAN Asynchronous)
{
    if (Count != 0)
        return Count == 1 ? STATUS_NOT_SUPPORTED : STATUS_INVALID_PARAMETER_2;
    return NtNotifyChangeKey(MasterKeyHandle, Event, ApcRoutine, ApcContext, IoStatusBlock, CompletionFilter, WatchTree, Buffer,
                             BufferSize, Asynchronous);
}

/* SPDX-License-Identifier: MIT
 * Deferred procedure calls. Each processor has a queue under its own DpcLock, which is taken at HIGH_LEVEL because any interrupt
 * may queue, and a second such queue for threaded DPCs (threadeddpc.c). KDPC.DpcData points at the queue while the DPC is in it: who
 * swings it from NULL owns the insertion.
 */
#include "ki.h"

#define KI_DPC_TARGETED 0x800u                   /* KDPC.Number: this plus the processor, or 0 for the current one */

static PSINGLE_LIST_ENTRY KiDpcLink(PKDPC Dpc) { return (PSINGLE_LIST_ENTRY)&Dpc->DpcListEntry; }

static VOID KiSpin(PKSPIN_LOCK Lock)
{
    while (__atomic_exchange_n(Lock, 1, __ATOMIC_ACQUIRE) != 0)
        KiPause();
}

static VOID KiUnspin(PKSPIN_LOCK Lock) { __atomic_store_n(Lock, 0, __ATOMIC_RELEASE); }

static VOID KiAppendDpc(PKDPC_DATA Queue, PKDPC Dpc)
{
    PSINGLE_LIST_ENTRY link = KiDpcLink(Dpc);
    if (Dpc->Importance == HighImportance) {
        link->Next = Queue->DpcList.ListHead.Next;
        Queue->DpcList.ListHead.Next = link;
        if (link->Next == NULL)
            Queue->DpcList.LastEntry = link;
    } else {
        link->Next = NULL;
        if (Queue->DpcList.ListHead.Next == NULL)
            Queue->DpcList.ListHead.Next = link;
        else
            Queue->DpcList.LastEntry->Next = link;
        Queue->DpcList.LastEntry = link;
    }
    Queue->DpcQueueDepth++;
}

static PKDPC KiPopDpc(PKDPC_DATA Queue)
{
    PSINGLE_LIST_ENTRY link = Queue->DpcList.ListHead.Next;
    PKDPC dpc;

    if (link == NULL)
        return NULL;
    dpc = CONTAINING_RECORD((PLIST_ENTRY)link, KDPC, DpcListEntry);
    Queue->DpcList.ListHead.Next = link->Next;
    if (link->Next == NULL)
        Queue->DpcList.LastEntry = NULL;
    Queue->DpcQueueDepth--;
    return dpc;
}

VOID NTAPI KeInitializeDpc(PRKDPC Dpc, PKDEFERRED_ROUTINE DeferredRoutine, PVOID DeferredContext)
{
    Dpc->Type = KI_DPC_OBJECT;
    Dpc->Importance = MediumImportance;
    Dpc->Number = 0;
    Dpc->DeferredRoutine = DeferredRoutine;
    Dpc->DeferredContext = DeferredContext;
    Dpc->DpcData = NULL;
}

VOID NTAPI KeSetImportanceDpc(PRKDPC Dpc, KDPC_IMPORTANCE Importance) { Dpc->Importance = (UCHAR)Importance; }
VOID NTAPI KeSetTargetProcessorDpc(PRKDPC Dpc, CCHAR Number) { Dpc->Number = (USHORT)(KI_DPC_TARGETED + (UCHAR)Number); }

static PKPRCB KiTargetOfDpc(PKDPC Dpc)
{
    ULONG number = Dpc->Number;
    if (number < KI_DPC_TARGETED)
        return KeGetCurrentPrcb();
    number -= KI_DPC_TARGETED;
    if (number >= KE_MAXIMUM_PROCESSORS || KiProcessors[number] == NULL || !KiProcessors[number]->ReadyToRun)
        return KeGetCurrentPrcb();
    return &KiProcessors[number]->Pcr.Prcb;
}

static VOID KiRequestDpcInterrupt(PKPRCB Prcb)
{
    if (Prcb->Number == KeProcessorNumber())
        HalRequestSoftwareInterrupt(DISPATCH_LEVEL);
    else
        HalSendInterrupt(HalProcessorApicId(Prcb->Number), HAL_VECTOR_DISPATCH);
}

BOOLEAN NTAPI KeInsertQueueDpc(PRKDPC Dpc, PVOID SystemArgument1, PVOID SystemArgument2)
{
    KIRQL old = KeIrql();
    PKDPC_DATA queue;
    PKPRCB prcb;
    PVOID expected = NULL;
    BOOLEAN first = FALSE, inserted;

    KiWriteCr8(HIGH_LEVEL);
    prcb = KiTargetOfDpc(Dpc);
    queue = KiDpcQueueOf(prcb, Dpc);
    KiSpin(&queue->DpcLock);
    inserted = __atomic_compare_exchange_n((PVOID *)&Dpc->DpcData, &expected, queue, FALSE, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
    if (inserted) {
        Dpc->SystemArgument1 = SystemArgument1;
        Dpc->SystemArgument2 = SystemArgument2;
        first = queue->DpcQueueDepth == 0;
        KiAppendDpc(queue, Dpc);
    }
    KiUnspin(&queue->DpcLock);
    if (first) {
        if (queue != &prcb->DpcData[0])
            KiRequestDpcThread(prcb);
        KiRequestDpcInterrupt(prcb);
    }
    KiWriteCr8(old);
    return inserted;
}

static BOOLEAN KiUnlinkDpc(PKDPC_DATA Queue, PKDPC Dpc)
{
    PSINGLE_LIST_ENTRY previous = &Queue->DpcList.ListHead, link = KiDpcLink(Dpc);

    while (previous->Next != NULL && previous->Next != link)
        previous = previous->Next;
    if (previous->Next == NULL)
        return FALSE;
    previous->Next = link->Next;
    if (Queue->DpcList.LastEntry == link)
        Queue->DpcList.LastEntry = previous == &Queue->DpcList.ListHead ? NULL : previous;
    Queue->DpcQueueDepth--;
    return TRUE;
}

BOOLEAN NTAPI KeRemoveQueueDpc(PRKDPC Dpc)
{
    KIRQL old = KeIrql();
    PKDPC_DATA queue;
    BOOLEAN removed = FALSE;

    KiWriteCr8(HIGH_LEVEL);
    queue = __atomic_load_n((PKDPC_DATA *)&Dpc->DpcData, __ATOMIC_ACQUIRE);
    if (queue != NULL) {
        KiSpin(&queue->DpcLock);
        if (Dpc->DpcData == queue && KiUnlinkDpc(queue, Dpc)) {
            Dpc->DpcData = NULL;
            removed = TRUE;
        }
        KiUnspin(&queue->DpcLock);
    }
    KiWriteCr8(old);
    return removed;
}

static VOID KiCallDpc(PKDPC_DATA Queue, PKDPC Dpc, const KDPC *Call, KIRQL Irql)
{
    Queue->ActiveDpc = Dpc;
    Queue->DpcCount++;
    Call->DeferredRoutine(Dpc, Call->DeferredContext, Call->SystemArgument1, Call->SystemArgument2);
    Queue->ActiveDpc = NULL;
    if (KeIrql() != Irql)
        KeBugCheckEx(IRQL_UNEXPECTED_VALUE, KeIrql(), Irql, (ULONG_PTR)Call->DeferredRoutine, (ULONG_PTR)Dpc);
}

BOOLEAN KiRunNextDpc(PKDPC_DATA Queue, KIRQL Irql)
{
    KDPC call;
    PKDPC dpc;

    KiWriteCr8(HIGH_LEVEL);
    KiSpin(&Queue->DpcLock);
    dpc = KiPopDpc(Queue);
    if (dpc != NULL) {                           /* copied before it is let go: the routine may requeue or free it */
        call = *dpc;
        __atomic_store_n((PVOID *)&dpc->DpcData, NULL, __ATOMIC_RELEASE);
    }
    KiUnspin(&Queue->DpcLock);
    KiWriteCr8(Irql);
    if (dpc == NULL)
        return FALSE;
    KiCallDpc(Queue, dpc, &call, Irql);
    return TRUE;
}

VOID KiRetireDpcs(PVOID Argument)
{
    PKPRCB prcb = Argument;

    prcb->DpcRoutineActive = TRUE;
    do {
        if (prcb->ClockOwner && KiTimersAreDue(KiQueryInterruptTime()))
            KiExpireTimers();
    } while (KiRunNextDpc(&prcb->DpcData[0], DISPATCH_LEVEL));
    KiWakeDpcThread(prcb);
    prcb->DpcRoutineActive = FALSE;
}

BOOLEAN NTAPI KeIsExecutingDpc(VOID) { return KeGetCurrentPrcb()->DpcRoutineActive; }

/* No limit is set for DPCs: the watchdog is disabled, which zeros say. */
NTSTATUS NTAPI KeQueryDpcWatchdogInformation(PKDPC_WATCHDOG_INFORMATION WatchdogInformation)
{
    if (KeIrql() < DISPATCH_LEVEL)
        return STATUS_UNSUCCESSFUL;
    RtlZeroMemory(WatchdogInformation, sizeof(*WatchdogInformation));
    return STATUS_SUCCESS;
}

typedef struct KI_FLUSH_DPC {
    KDPC Dpc;
    KEVENT Done;
} KI_FLUSH_DPC;

static VOID NTAPI KiFlushDpcRoutine(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    (void)Dpc, (void)Argument1, (void)Argument2;
    KeSetEvent(&((KI_FLUSH_DPC *)Context)->Done, 0, FALSE);
}

/* Behind a DPC at the end of a queue, everything queued before has run. */
static VOID KiFlushDpcs(ULONG Number, BOOLEAN Threaded)
{
    KI_FLUSH_DPC flush;

    KeInitializeEvent(&flush.Done, NotificationEvent, FALSE);
    if (Threaded)
        KeInitializeThreadedDpc(&flush.Dpc, KiFlushDpcRoutine, &flush);
    else
        KeInitializeDpc(&flush.Dpc, KiFlushDpcRoutine, &flush);
    KeSetTargetProcessorDpc(&flush.Dpc, (CCHAR)Number);
    KeInsertQueueDpc(&flush.Dpc, NULL, NULL);
    KeWaitForSingleObject(&flush.Done, Executive, KernelMode, FALSE, NULL);
}

VOID NTAPI KeFlushQueuedDpcs(VOID)
{
    ULONG i;
    for (i = 0; i < KE_MAXIMUM_PROCESSORS; i++) {
        if (KiProcessors[i] == NULL || !KiProcessors[i]->ReadyToRun)
            continue;
        KiFlushDpcs(i, FALSE);
        if (KiThreadedDpcsAreEnabled(&KiProcessors[i]->Pcr.Prcb))
            KiFlushDpcs(i, TRUE);
    }
}

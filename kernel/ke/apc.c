/* SPDX-License-Identifier: MIT
 * Asynchronous procedure calls in kernel mode. Queues and flags of a thread are under KiDispatcherLock; delivery happens on the
 * thread itself at APC_LEVEL, when the APC software interrupt gets through or a wait is about to begin.
 *
 * Special kernel APCs have no normal routine and are stopped only by IRQL and guarded regions; normal ones also by critical
 * regions and by another normal one in progress. User APCs are queued and made pending; user mode takes them from there.
 */
#include "ki.h"

VOID KiInitializeApcState(PKTHREAD Thread, PKPROCESS Process)
{
    InitializeListHead(&Thread->ApcState.ApcListHead[KernelMode]);
    InitializeListHead(&Thread->ApcState.ApcListHead[UserMode]);
    Thread->ApcState.Process = Process;
    InitializeListHead(&Thread->SavedApcState.ApcListHead[KernelMode]);
    InitializeListHead(&Thread->SavedApcState.ApcListHead[UserMode]);
    Thread->ApcStateIndex = 0;
    Thread->ApcQueueable = 1;
}

static PKAPC KiFirstApc(PKTHREAD Thread, KPROCESSOR_MODE Mode)
{
    PLIST_ENTRY head = &Thread->ApcState.ApcListHead[(UCHAR)Mode];
    return IsListEmpty(head) ? NULL : CONTAINING_RECORD(head->Flink, KAPC, ApcListEntry);
}

/* Special APCs come first in the queue, so the first entry decides. */
BOOLEAN KiKernelApcIsDeliverable(PKTHREAD Thread)
{
    PKAPC apc;
    if (!Thread->ApcState.KernelApcPending || Thread->SpecialApcDisable != 0)
        return FALSE;
    apc = KiFirstApc(Thread, KernelMode);
    if (apc == NULL)
        return FALSE;
    return apc->NormalRoutine == NULL || (Thread->KernelApcDisable == 0 && !Thread->ApcState.KernelApcInProgress);
}

VOID NTAPI KeInitializeApc(PRKAPC Apc, PRKTHREAD Thread, KAPC_ENVIRONMENT Environment, PKKERNEL_ROUTINE KernelRoutine,
                           PKRUNDOWN_ROUTINE RundownRoutine, PKNORMAL_ROUTINE NormalRoutine, KPROCESSOR_MODE Mode, PVOID Context)
{
    RtlZeroMemory(Apc, sizeof(*Apc));
    Apc->Type = 18;                              /* ApcObject */
    Apc->Size = sizeof(KAPC);
    Apc->ApcStateIndex = Environment == CurrentApcEnvironment ? (CCHAR)Thread->ApcStateIndex : (CCHAR)Environment;
    Apc->Thread = Thread;
    Apc->KernelRoutine = KernelRoutine;
    Apc->RundownRoutine = RundownRoutine;
    Apc->NormalRoutine = NormalRoutine;
    Apc->ApcMode = NormalRoutine != NULL ? Mode : KernelMode;
    Apc->NormalContext = NormalRoutine != NULL ? Context : NULL;
}

/* Where an APC for that environment waits: with the process the thread is attached to, or with the one it came from. */
static PKAPC_STATE KiApcStateLocked(PKTHREAD Thread, PKAPC Apc)
{
    if (Apc->ApcStateIndex == InsertApcEnvironment)
        Apc->ApcStateIndex = (CCHAR)Thread->ApcStateIndex;
    if (Thread->ApcStateIndex == AttachedApcEnvironment && Apc->ApcStateIndex == OriginalApcEnvironment)
        return (PKAPC_STATE)&Thread->SavedApcState;
    return (PKAPC_STATE)&Thread->ApcState;
}

static VOID KiLinkApcLocked(PKAPC_STATE State, PKAPC Apc)
{
    PLIST_ENTRY head = &State->ApcListHead[(UCHAR)Apc->ApcMode], entry;

    if (Apc->NormalRoutine != NULL) {
        InsertTailList(head, &Apc->ApcListEntry);
        return;
    }
    for (entry = head->Flink; entry != head; entry = entry->Flink)      /* behind the special ones, before the others */
        if (CONTAINING_RECORD(entry, KAPC, ApcListEntry)->NormalRoutine != NULL)
            break;
    InsertTailList(entry, &Apc->ApcListEntry);
}

/* Makes the thread notice: wakes it from a wait that the APC may interrupt, or sends its processor the APC interrupt. */
static VOID KiNotifyApcLocked(PKTHREAD Thread, PKAPC Apc, KPRIORITY Increment) REQUIRES_LOCK(KiDispatcherLock)
{
    if (Apc->ApcMode == UserMode) {
        if (Thread->State == Waiting && Thread->WaitMode == UserMode && Thread->Alertable) {
            Thread->ApcState.UserApcPending = TRUE;
            KiUnwaitThreadLocked(Thread, STATUS_USER_APC, Increment);
        }
        return;
    }
    Thread->ApcState.KernelApcPending = TRUE;
    if (Thread->State == Waiting && Thread->WaitIrql < APC_LEVEL && KiKernelApcIsDeliverable(Thread))
        KiUnwaitThreadLocked(Thread, STATUS_KERNEL_APC, Increment);
    else if (Thread->State == Running && Thread != KeCurrentThread())
        HalSendInterrupt(HalProcessorApicId(Thread->NextProcessor), HAL_VECTOR_APC);
    /* For the current thread KiExitDispatcher asks for the interrupt; a ready thread looks when it resumes. */
}

BOOLEAN NTAPI KeInsertQueueApc(PRKAPC Apc, PVOID SystemArgument1, PVOID SystemArgument2, KPRIORITY Increment)
{
    PKTHREAD thread = Apc->Thread;
    PKAPC_STATE state;
    KIRQL irql = KiLockDispatcher();

    if (Apc->Inserted || !thread->ApcQueueable) {
        KiExitDispatcher(irql);
        return FALSE;
    }
    Apc->SystemArgument1 = SystemArgument1;
    Apc->SystemArgument2 = SystemArgument2;
    Apc->Inserted = TRUE;
    state = KiApcStateLocked(thread, Apc);
    KiLinkApcLocked(state, Apc);
    if (state == (PKAPC_STATE)&thread->ApcState)
        KiNotifyApcLocked(thread, Apc, Increment);
    else
        state->KernelApcPending = state->KernelApcPending || Apc->ApcMode == KernelMode;
    KiExitDispatcher(irql);
    return TRUE;
}

VOID KeRequestUserApc(PKTHREAD Thread)
{
    KIRQL irql = KiLockDispatcher();

    Thread->ApcState.UserApcPending = TRUE;
    if (Thread->ApcStateIndex == AttachedApcEnvironment)
        ((PKAPC_STATE)&Thread->SavedApcState)->UserApcPending = TRUE;
    if (Thread->State == Waiting && Thread->WaitMode == UserMode)
        KiUnwaitThreadLocked(Thread, STATUS_USER_APC, 0);
    else if (Thread->State == Running && Thread != KeCurrentThread())
        HalSendInterrupt(HalProcessorApicId(Thread->NextProcessor), HAL_VECTOR_APC);
    KiExitDispatcher(irql);
}

static PKAPC KiTakeUserApcLocked(PKTHREAD Thread) REQUIRES_LOCK(KiDispatcherLock)
{
    PKAPC apc = KiFirstApc(Thread, UserMode);

    if (apc == NULL)
        return NULL;
    RemoveEntryList(&apc->ApcListEntry);
    apc->Inserted = FALSE;
    return apc;
}

PKAPC KiTakeUserApc(PKTHREAD Thread)
{
    KIRQL irql = KiLockDispatcher();
    PKAPC apc = KiTakeUserApcLocked(Thread);

    KeLockRelease(&KiDispatcherLock, irql);
    return apc;
}

/* Kernel APCs that were queued before have run when the dispatcher is left: what remains of them, somebody holds back, who may not. */
VOID KeFlushApcs(VOID)
{
    PKTHREAD thread = KeCurrentThread();
    KIRQL irql = KiLockDispatcher();
    PKAPC apc;

    thread->ApcQueueable = 0;
    KiExitDispatcher(irql);
    while ((apc = KiTakeUserApc(thread)) != NULL) {
        if (apc->RundownRoutine != NULL)
            apc->RundownRoutine(apc);
        else
            KeUpcalls.FreePool(apc, 0);
    }
}

BOOLEAN NTAPI KeRemoveQueueApc(PKAPC Apc)
{
    KIRQL irql = KiLockDispatcher();
    BOOLEAN inserted = Apc->Inserted;

    if (inserted) {
        Apc->Inserted = FALSE;
        RemoveEntryList(&Apc->ApcListEntry);
    }
    KiExitDispatcher(irql);
    return inserted;
}

static PKAPC KiTakeKernelApcLocked(PKTHREAD Thread)
{
    PKAPC apc;
    if (!KiKernelApcIsDeliverable(Thread)) {
        if (KiFirstApc(Thread, KernelMode) == NULL)
            Thread->ApcState.KernelApcPending = FALSE;
        return NULL;
    }
    apc = KiFirstApc(Thread, KernelMode);
    RemoveEntryList(&apc->ApcListEntry);
    apc->Inserted = FALSE;
    return apc;
}

static VOID KiRunKernelApc(PKTHREAD Thread, PKAPC Apc)
{
    PKNORMAL_ROUTINE normal = Apc->NormalRoutine;
    PVOID context = Apc->NormalContext, argument1 = Apc->SystemArgument1, argument2 = Apc->SystemArgument2;

    Apc->KernelRoutine(Apc, &normal, &context, &argument1, &argument2);      /* may free the APC */
    if (normal == NULL)
        return;
    Thread->ApcState.KernelApcInProgress = TRUE;
    KiWriteCr8(PASSIVE_LEVEL);
    normal(context, argument1, argument2);
    KiWriteCr8(APC_LEVEL);
    Thread->ApcState.KernelApcInProgress = FALSE;
}

VOID KiDeliverKernelApcs(VOID)
{
    PKTHREAD thread = KeCurrentThread();
    PKAPC apc;

    do {
        KIRQL irql = KiLockDispatcher();
        apc = KiTakeKernelApcLocked(thread);
        KeLockRelease(&KiDispatcherLock, irql);
        if (apc != NULL)
            KiRunKernelApc(thread, apc);
    } while (apc != NULL);
}

static VOID KiCheckForApcs(PKTHREAD Thread)
{
    if (KiKernelApcIsDeliverable(Thread))
        HalRequestSoftwareInterrupt(APC_LEVEL);
}

VOID NTAPI KeEnterCriticalRegion(VOID) { KeCurrentThread()->KernelApcDisable--; }
VOID NTAPI KeEnterGuardedRegion(VOID) { KeCurrentThread()->SpecialApcDisable--; }

VOID NTAPI KeLeaveCriticalRegion(VOID)
{
    PKTHREAD thread = KeCurrentThread();
    if (++thread->KernelApcDisable == 0)
        KiCheckForApcs(thread);
}

VOID NTAPI KeLeaveGuardedRegion(VOID)
{
    PKTHREAD thread = KeCurrentThread();
    if (++thread->SpecialApcDisable == 0)
        KiCheckForApcs(thread);
}

BOOLEAN NTAPI KeAreApcsDisabled(VOID) { return KeCurrentThread()->CombinedApcDisable != 0; }
BOOLEAN NTAPI KeAreAllApcsDisabled(VOID) { return KeCurrentThread()->SpecialApcDisable != 0 || KeIrql() >= APC_LEVEL; }

/* SPDX-License-Identifier: MIT
 * Who runs next. Each processor has 32 ready queues, a current thread and perhaps a standby thread (NextThread) that was chosen
 * to run as soon as the processor may switch. All of it, and every thread's state, is under KiDispatcherLock, which the switch
 * itself hands over: the thread that switches away holds it, the thread that arrives releases it.
 *
 * A processor that is to switch but stands at DISPATCH_LEVEL or above, or is another one, is sent the dispatch interrupt.
 */
#include "ki.h"

KE_LOCK KiDispatcherLock = KE_LOCK_OF_RANK(KeRankDispatcher);
static ULONG KiReadyThreads;                     /* D over all processors */

static PKPRCB KiPrcbOf(ULONG Number) { return &KiProcessors[Number]->Pcr.Prcb; }

static BOOLEAN KiIsAllowedOn(PKTHREAD Thread, ULONG Number) { return Thread->Affinity.Mask >> Number & 1; }

static BOOLEAN KiMayRunOn(PKTHREAD Thread, ULONG Number)
{
    return KiProcessors[Number] != NULL && KiProcessors[Number]->ReadyToRun && KiIsAllowedOn(Thread, Number);
}

static BOOLEAN KiIsIdle(PKPRCB Prcb) { return Prcb->CurrentThread == Prcb->IdleThread && Prcb->NextThread == NULL; }

static VOID KiEnqueueReady(PKPRCB Prcb, PKTHREAD Thread, BOOLEAN AtHead)
{
    PLIST_ENTRY list = &Prcb->DispatcherReadyListHead[(UCHAR)Thread->Priority];

    Thread->State = Ready;
    Thread->NextProcessor = Prcb->Number;
    Thread->WaitTime = KiTickCount();
    if (AtHead)
        InsertHeadList(list, &Thread->WaitListEntry);
    else
        InsertTailList(list, &Thread->WaitListEntry);
    Prcb->ReadySummary |= 1u << Thread->Priority;
    KiReadyThreads++;
}

static VOID KiDequeueReady(PKTHREAD Thread)
{
    PKPRCB prcb = KiPrcbOf(Thread->NextProcessor);

    if (RemoveEntryList(&Thread->WaitListEntry))
        prcb->ReadySummary &= ~(1u << Thread->Priority);
    KiReadyThreads--;
}

/* Tells a processor that its NextThread or quantum wants attention. */
static VOID KiRequestDispatch(PKPRCB Prcb)
{
    if (Prcb->Number == KeProcessorNumber())
        HalRequestSoftwareInterrupt(DISPATCH_LEVEL);
    else
        HalSendInterrupt(HalProcessorApicId(Prcb->Number), HAL_VECTOR_DISPATCH);
}

/* The best processor for a thread: its ideal one if idle, this one if idle, any idle one, else its ideal one if allowed, else
 * the first allowed. */
static PKPRCB KiChooseProcessor(PKTHREAD Thread)
{
    ULONG ideal = Thread->IdealProcessor, here = KeProcessorNumber(), i;

    if (KiMayRunOn(Thread, ideal) && KiIsIdle(KiPrcbOf(ideal)))
        return KiPrcbOf(ideal);
    if (KiMayRunOn(Thread, here) && KiIsIdle(KiPrcbOf(here)))
        return KiPrcbOf(here);
    for (i = 0; i < KE_MAXIMUM_PROCESSORS; i++)
        if (KiMayRunOn(Thread, i) && KiIsIdle(KiPrcbOf(i)))
            return KiPrcbOf(i);
    if (KiMayRunOn(Thread, ideal))
        return KiPrcbOf(ideal);
    for (i = 0; i < KE_MAXIMUM_PROCESSORS; i++)
        if (KiMayRunOn(Thread, i))
            return KiPrcbOf(i);
    return KeGetCurrentPrcb();
}

static VOID KiMakeStandby(PKPRCB Prcb, PKTHREAD Thread)
{
    PKTHREAD displaced = Prcb->NextThread;

    Thread->State = Standby;
    Thread->NextProcessor = Prcb->Number;
    Prcb->NextThread = Thread;
    if (displaced != NULL)
        KiEnqueueReady(Prcb, displaced, TRUE);
    else if (Prcb->Number != KeProcessorNumber())
        KiRequestDispatch(Prcb);
}

VOID KiReadyThreadLocked(PKTHREAD Thread)
{
    PKPRCB prcb = KiChooseProcessor(Thread);
    PKTHREAD rival = prcb->NextThread != NULL ? prcb->NextThread : prcb->CurrentThread;
    BOOLEAN preempted = Thread->Preempted;

    Thread->Preempted = FALSE;
    if (rival == prcb->IdleThread || Thread->Priority > rival->Priority)
        KiMakeStandby(prcb, Thread);
    else
        KiEnqueueReady(prcb, Thread, preempted);
}

/* The most urgent ready thread of one processor's queues that may run on Prcb, taken out of its queue; NULL if none. */
static PKTHREAD KiTakeReady(PKPRCB From, PKPRCB Prcb)
{
    ULONG summary = From->ReadySummary;

    while (summary != 0) {
        ULONG priority = 31 - (ULONG)__builtin_clz(summary);
        PLIST_ENTRY head = &From->DispatcherReadyListHead[priority], entry;
        for (entry = head->Flink; entry != head; entry = entry->Flink) {
            PKTHREAD thread = CONTAINING_RECORD(entry, KTHREAD, WaitListEntry);
            if (!KiMayRunOn(thread, Prcb->Number))
                continue;
            KiDequeueReady(thread);
            return thread;
        }
        summary &= ~(1u << priority);
    }
    return NULL;
}

static PKTHREAD KiStealReady(PKPRCB Prcb)
{
    ULONG i;
    for (i = 1; KiReadyThreads != 0 && i < KE_MAXIMUM_PROCESSORS; i++) {
        ULONG number = (Prcb->Number + i) % KE_MAXIMUM_PROCESSORS;
        PKTHREAD thread = KiProcessors[number] != NULL ? KiTakeReady(KiPrcbOf(number), Prcb) : NULL;
        if (thread != NULL)
            return thread;
    }
    return NULL;
}

static PKTHREAD KiSelectNext(PKPRCB Prcb)
{
    PKTHREAD thread = Prcb->NextThread;

    Prcb->NextThread = NULL;
    if (thread == NULL)
        thread = KiTakeReady(Prcb, Prcb);
    if (thread == NULL)
        thread = KiStealReady(Prcb);
    return thread != NULL ? thread : Prcb->IdleThread;
}

/* Where entries from user mode find the thread's kernel stack, and the kernel's exits its TEB. */
static VOID KiSetEntryStack(PKTHREAD Thread)
{
    KI_PROCESSOR *processor = KeCurrentProcessor();

    processor->Pcr.Prcb.RspBase = processor->Tss.Rsp0 = (ULONG64)Thread->InitialStack;
    if (Thread->StateSaveArea != NULL)
        KiWriteMsr(KI_MSR_USER_GS, (ULONG64)Thread->Teb);
}

VOID KiSwapThreadLocked(VOID)
{
    PKPRCB prcb = KeGetCurrentPrcb();
    PKTHREAD old = prcb->CurrentThread, new = KiSelectNext(prcb);

    new->State = Running;
    new->NextProcessor = prcb->Number;
    prcb->QuantumEnd = FALSE;
    if (new == old)
        return;
    ASSERT(!(KeCurrentProcessor()->HeldRanks & ~(1ull << KeRankDispatcher)));
    old->Running = FALSE;
    new->Running = TRUE;
    new->ContextSwitches++;
    prcb->KeContextSwitches++;
    if (new->ApcState.Process->DirectoryTableBase != old->ApcState.Process->DirectoryTableBase)
        KiWriteCr3(new->ApcState.Process->DirectoryTableBase);
    KiSetEntryStack(new);
    if (old->XStateSave != NULL)
        KiSaveSwitchState(old->XStateSave);
    if (old->StateSaveArea != NULL)
        KiSaveUserState(old->StateSaveArea);
    KiSwapContext(old, new);                     /* running again, perhaps on another processor; the lock came along */
    if (old->StateSaveArea != NULL)
        KiRestoreUserState(old->StateSaveArea);
    if (old->XStateSave != NULL)
        KiRestoreSwitchState(old->XStateSave);
}

/* The current thread stays runnable but yields to NextThread, or goes to a processor that it may be on. */
static VOID KiPreemptCurrentLocked(VOID) REQUIRES_LOCK(KiDispatcherLock)
{
    PKPRCB prcb = KeGetCurrentPrcb();
    PKTHREAD thread = prcb->CurrentThread;

    if (!KiIsAllowedOn(thread, prcb->Number)) {
        KiReadyThreadLocked(thread);
    } else if (thread != prcb->IdleThread) {
        thread->Preempted = TRUE;
        KiEnqueueReady(prcb, thread, !prcb->QuantumEnd);
        thread->Preempted = FALSE;
    }
    KiSwapThreadLocked();
}

VOID KiMoveThreadLocked(PKTHREAD Thread, KIRQL OldIrql)
{
    PKPRCB prcb = KiPrcbOf(Thread->NextProcessor);

    if (Thread->State == Ready) {
        KiDequeueReady(Thread);
        KiReadyThreadLocked(Thread);
    } else if ((Thread->State != Standby && Thread->State != Running) || KiIsAllowedOn(Thread, prcb->Number)) {
        return;
    } else if (Thread == KeGetCurrentPrcb()->CurrentThread && OldIrql < DISPATCH_LEVEL) {
        KiPreemptCurrentLocked();
    } else if (Thread->State == Running) {       /* KiDispatchInterrupt there sees that it must leave */
        prcb->QuantumEnd = TRUE;
        KiRequestDispatch(prcb);
    } else {
        prcb->NextThread = NULL;
        KiReadyThreadLocked(Thread);
        KiRequestDispatch(prcb);
    }
}

VOID KiExitDispatcher(KIRQL OldIrql) UNCHECKED_LOCKS
{
    PKPRCB prcb = KeGetCurrentPrcb();

    if (prcb->NextThread != NULL) {
        if (OldIrql < DISPATCH_LEVEL)
            KiPreemptCurrentLocked();
        else
            KiRequestDispatch(prcb);
    }
    if (KiKernelApcIsDeliverable(KeCurrentThread()))            /* at APC_LEVEL and above it waits for the level */
        HalRequestSoftwareInterrupt(APC_LEVEL);
    KeLockRelease(&KiDispatcherLock, OldIrql);
}

/* Decay of a boost, and round robin among equals. */
VOID KiQuantumEndLocked(VOID)
{
    PKPRCB prcb = KeGetCurrentPrcb();
    PKTHREAD thread = prcb->CurrentThread, next;

    thread->QuantumReset = KI_QUANTUM_TICKS;
    if (thread == prcb->IdleThread)
        return;
    if (thread->Priority < LOW_REALTIME_PRIORITY_ && thread->Priority > thread->BasePriority)
        thread->Priority--;
    if (prcb->NextThread != NULL)
        return;
    next = NULL;
    if (prcb->ReadySummary >> thread->Priority != 0)
        next = KiTakeReady(prcb, prcb);
    if (next != NULL && next->Priority >= thread->Priority)
        KiMakeStandby(prcb, next);
    else if (next != NULL)                       /* the equals may not run here */
        KiEnqueueReady(prcb, next, TRUE);
}

VOID KiSetPriorityLocked(PKTHREAD Thread, KPRIORITY Priority)
{
    PKPRCB prcb = KiPrcbOf(Thread->NextProcessor);
    KPRIORITY old = Thread->Priority;

    if (Priority == old)
        return;
    if (Thread->State == Ready) {
        KiDequeueReady(Thread);
        Thread->Priority = (SCHAR)Priority;
        KiReadyThreadLocked(Thread);
        return;
    }
    Thread->Priority = (SCHAR)Priority;
    if (Priority >= old || (Thread->State != Running && Thread->State != Standby))
        return;
    if (Thread->State == Standby) {              /* somebody else may deserve the place now */
        prcb->NextThread = NULL;
        KiReadyThreadLocked(Thread);
        KiRequestDispatch(prcb);
        return;
    }
    if (prcb->NextThread == NULL && prcb->ReadySummary >> (Priority + 1) != 0)
        KiMakeStandby(prcb, KiTakeReady(prcb, prcb));
}

/* The dispatch software interrupt: DPCs, expired timers, end of quantum, then a switch if one is due. */
VOID KiDispatchInterrupt(VOID)
{
    PKPRCB prcb = KeGetCurrentPrcb();
    KIRQL old;

    prcb->InterruptRequest = FALSE;
    if (!prcb->DpcRoutineActive)
        KiCallOnStack(prcb->DpcStack, KiRetireDpcs, prcb);
    if (prcb->NextThread == NULL && !prcb->QuantumEnd)
        return;
    old = KiLockDispatcher();
    prcb = KeGetCurrentPrcb();
    if (prcb->QuantumEnd)
        KiQuantumEndLocked();
    if (prcb->NextThread != NULL || !KiIsAllowedOn(prcb->CurrentThread, prcb->Number))
        KiPreemptCurrentLocked();
    else
        prcb->QuantumEnd = FALSE;
    if (KiKernelApcIsDeliverable(KeCurrentThread()))
        HalRequestSoftwareInterrupt(APC_LEVEL);
    KeLockRelease(&KiDispatcherLock, old);
}

NTSTATUS KeYieldExecution(VOID)
{
    KIRQL old = KiLockDispatcher();
    PKPRCB prcb = KeGetCurrentPrcb();
    PKTHREAD next = prcb->NextThread;

    if (next == NULL && prcb->ReadySummary != 0) {
        next = KiTakeReady(prcb, prcb);
        if (next != NULL)
            KiMakeStandby(prcb, next);
    }
    if (next == NULL) {
        KiExitDispatcher(old);
        return STATUS_NO_YIELD_PERFORMED;
    }
    prcb->QuantumEnd = TRUE;                     /* to the tail of its queue */
    prcb->CurrentThread->QuantumReset = KI_QUANTUM_TICKS;
    KiExitDispatcher(old);
    return STATUS_SUCCESS;
}

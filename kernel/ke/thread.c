/* SPDX-License-Identifier: MIT
 * Threads and processes as the dispatcher sees them: making one runnable, priorities, and the end. Objects, IDs and
 * memory are ps's.
 *
 * A dead thread cannot free the stack it stands on: it puts itself on KiTerminatedThreads (dispatcher lock) and switches away for
 * good; KiReaperEvent wakes the reaper, which takes it from there.
 */
#include "ki.h"

static LIST_ENTRY KiTerminatedThreads = { &KiTerminatedThreads, &KiTerminatedThreads };   /* D by QueueListEntry */
static KEVENT KiReaperEvent = { .Header = { .Type = EventSynchronizationObject, .Size = sizeof(KEVENT) / sizeof(LONG),
                                            .WaitListHead = { &KiReaperEvent.Header.WaitListHead,
                                                              &KiReaperEvent.Header.WaitListHead } } };

VOID KeInitProcess(PKPROCESS Process, KPRIORITY BasePriority, ULONG64 DirectoryTable)
{
    RtlZeroMemory(Process, sizeof(*Process));
    Process->Header.Type = ProcessObject;
    InitializeListHead(&Process->Header.WaitListHead);
    InitializeListHead(&Process->ThreadListHead);
    InitializeListHead(&Process->ProfileListHead);
    InitializeListHead(&Process->ReadyListHead);
    Process->BasePriority = (SCHAR)BasePriority;
    Process->QuantumReset = KI_QUANTUM_TICKS;
    Process->DirectoryTableBase = DirectoryTable;
    Process->Affinity.Count = 1;
    Process->Affinity.Size = 1;
    Process->Affinity.Bitmap[0] = (1ull << KE_MAXIMUM_PROCESSORS) - 1;
}

VOID KeSignalProcess(PKPROCESS Process)
{
    KIRQL irql = KiLockDispatcher();
    Process->Header.SignalState = 1;
    KiWaitTestLocked(Process, 0);
    KiExitDispatcher(irql);
}

static VOID KiInitThreadState(PKTHREAD Thread, PKPROCESS Process)
{
    static volatile LONG nextIdeal;

    Thread->Header.Type = ThreadObject;
    InitializeListHead(&Thread->Header.WaitListHead);
    InitializeListHead(&Thread->MutantListHead);
    KiInitializeApcState(Thread, Process);
    KeInitializeTimer(&Thread->Timer);
    Thread->Timer.Processor = KI_WAIT_TIMER << 16;
    KiInitializeSuspension(Thread);
    Thread->Process = Process;
    Thread->SystemThread = 1;
    Thread->EnableStackSwap = 1;
    Thread->BasePriority = Process->BasePriority;
    Thread->Priority = Process->BasePriority;
    Thread->QuantumReset = KI_QUANTUM_TICKS;
    Thread->Affinity.Mask = Thread->UserAffinity.Mask = Process->Affinity.Bitmap[0];
    Thread->IdealProcessor = (ULONG)InterlockedIncrement(&nextIdeal) % max(HalProcessorCount(), 1);
    Thread->PreviousMode = KernelMode;
    Thread->State = Initialized;
}

/* From the top: the frames of entries from user mode, 0 as the return address that ends stack walks, home space, then what
 * KiSwapContext pops. */
static VOID KiBuildFirstFrame(PKTHREAD Thread, KE_THREAD_ROUTINE *Routine, PVOID Context)
{
    ULONG64 top = (ULONG64)KiUserExceptionFrame(Thread) - 0x30;
    KI_SWITCH_FRAME *frame = (KI_SWITCH_FRAME *)top - 1;

    *(ULONG64 *)(top + 0x28) = 0;
    RtlZeroMemory(frame, sizeof(*frame));
    frame->MxCsr = 0x1F80;
    frame->Rbx = (ULONG64)Routine;
    frame->Rsi = (ULONG64)Context;
    frame->Return = (ULONG64)KiThreadStartup;
    Thread->KernelStack = frame;
}

VOID KeInitThread(PKTHREAD Thread, PKPROCESS Process, PVOID StackBase, KE_THREAD_ROUTINE *Routine, PVOID Context)
{
    RtlZeroMemory(Thread, sizeof(*Thread));
    KiInitThreadState(Thread, Process);
    Thread->StackBase = StackBase;
    Thread->InitialStack = StackBase;
    Thread->StackLimit = (PVOID)((ULONG64)StackBase - KE_KERNEL_STACK_SIZE);
    if (Routine != NULL)
        KiBuildFirstFrame(Thread, Routine, Context);
}

/* The first code of a new thread: releases the lock that the switch handed over. */
VOID KiThreadMain(KE_THREAD_ROUTINE *Routine, PVOID Context) UNCHECKED_LOCKS
{
    PKTHREAD thread = KeCurrentThread();

    if (thread->StateSaveArea != NULL)
        KiRestoreUserState(thread->StateSaveArea);
    KiExitDispatcher(PASSIVE_LEVEL);             /* and what was queued before the thread ran comes first */
    Routine(Context);
    KeTerminateThread(0);
}

VOID KeStartThread(PKTHREAD Thread)
{
    KIRQL irql = KiLockDispatcher();
    InsertTailList(&Thread->Process->ThreadListHead, &Thread->ThreadListEntry);
    KiReadyThreadLocked(Thread);
    KiExitDispatcher(irql);
}

/* One mutant at a time under the lock: whoever deletes one takes it off the list as well. */
static VOID KiAbandonMutants(PKTHREAD Thread)
{
    BOOLEAN more;

    do {
        KIRQL irql = KiLockDispatcher();
        more = !IsListEmpty(&Thread->MutantListHead);
        if (more) {
            PKMUTANT mutant = CONTAINING_RECORD(Thread->MutantListHead.Flink, KMUTANT, MutantListEntry);
            if (mutant->ApcDisable)              /* a kernel mutex: the thread that holds one may not end */
                KeBugCheckEx(THREAD_TERMINATE_HELD_MUTEX, (ULONG_PTR)Thread, (ULONG_PTR)mutant, 0, 0);
            KiReleaseMutantLocked(mutant, 0, TRUE);
        }
        KiExitDispatcher(irql);
    } while (more);
}

VOID KeTerminateThread(KPRIORITY Increment)
{
    PKTHREAD thread = KeCurrentThread();

    KiAbandonMutants(thread);
    KeFlushApcs();
    if (!thread->EnableStackSwap)
        KeBugCheckEx(KERNEL_STACK_LOCKED_AT_EXIT, (ULONG_PTR)thread, 0, 0, 0);
    KiLockDispatcher();
    if (thread->Queue != NULL) {
        KiQueueThreadBlocks(thread);
        RemoveEntryList(&thread->QueueListEntry);
        thread->Queue = NULL;
    }
    RemoveEntryList(&thread->ThreadListEntry);
    thread->Header.SignalState = 1;
    KiWaitTestLocked(thread, Increment);
    thread->State = Terminated;
    InsertTailList(&KiTerminatedThreads, &thread->QueueListEntry);
    KiSetEventLocked(&KiReaperEvent, 0);
    KiSwapThreadLocked();
    KeBugCheckEx(CRITICAL_STRUCTURE_CORRUPTION, (ULONG_PTR)thread, 0, 0, 0);
}

/* The reaper's body: never returns. ps starts a thread with it. */
VOID KeReapThreads(PVOID Context)
{
    (void)Context;
    for (;;) {
        KIRQL irql = KiLockDispatcher();
        PLIST_ENTRY entry = IsListEmpty(&KiTerminatedThreads) ? NULL : RemoveHeadList(&KiTerminatedThreads);
        KiExitDispatcher(irql);
        if (entry != NULL)
            KeUpcalls.ReapThread(CONTAINING_RECORD(entry, KTHREAD, QueueListEntry));
        else
            KeWaitForSingleObject(&KiReaperEvent, Executive, KernelMode, FALSE, NULL);
    }
}

/* ---- The documented interface ---- */
PKTHREAD NTAPI KeGetCurrentThread(VOID) { return KeCurrentThread(); }
KPRIORITY NTAPI KeQueryPriorityThread(PRKTHREAD Thread) { return Thread->Priority; }

KPRIORITY NTAPI KeSetPriorityThread(PKTHREAD Thread, KPRIORITY Priority)
{
    KIRQL irql = KiLockDispatcher();
    KPRIORITY old = Thread->Priority;

    ASSERT(Priority > LOW_PRIORITY && Priority <= HIGH_PRIORITY);
    KiSetPriorityLocked(Thread, Priority);
    KiExitDispatcher(irql);
    return old;
}

VOID KeLendPriority(PKTHREAD Thread, KPRIORITY Priority)
{
    KIRQL irql = KiLockDispatcher();
    if (Thread->Priority < Priority && Priority < LOW_REALTIME_PRIORITY_)
        KiSetPriorityLocked(Thread, Priority);
    KiExitDispatcher(irql);
}

LONG NTAPI KeSetBasePriorityThread(PKTHREAD Thread, LONG Increment)
{
    KIRQL irql = KiLockDispatcher();
    LONG old = Thread->BasePriority - Thread->Process->BasePriority;
    LONG lowest = Thread->Process->BasePriority >= LOW_REALTIME_PRIORITY_ ? LOW_REALTIME_PRIORITY_ : 1;
    LONG highest = lowest == 1 ? LOW_REALTIME_PRIORITY_ - 1 : HIGH_PRIORITY;
    LONG base = min(max(Thread->Process->BasePriority + Increment, lowest), highest);

    Thread->BasePriority = (SCHAR)base;
    KiSetPriorityLocked(Thread, base);
    KiExitDispatcher(irql);
    return old;
}

BOOLEAN KeSetDisableBoostThread(PKTHREAD Thread, BOOLEAN Disable)
{
    KIRQL irql = KiLockDispatcher();
    BOOLEAN old = (BOOLEAN)Thread->DisableBoost;

    Thread->DisableBoost = Disable != FALSE;
    KiExitDispatcher(irql);
    return old;
}

/* No stack is ever paged out: what was asked for is kept, and checked when the thread ends. */
BOOLEAN NTAPI KeSetKernelStackSwapEnable(BOOLEAN Enable)
{
    PKTHREAD thread = KeCurrentThread();
    KIRQL irql = KiLockDispatcher();
    BOOLEAN old = (BOOLEAN)thread->EnableStackSwap;

    thread->EnableStackSwap = Enable != FALSE;
    KiExitDispatcher(irql);
    return old;
}

VOID KeSetProcessPriority(PKPROCESS Process, KPRIORITY Priority)
{
    KIRQL irql = KiLockDispatcher();
    LONG lowest = Priority >= LOW_REALTIME_PRIORITY_ ? LOW_REALTIME_PRIORITY_ : 1;
    LONG highest = lowest == 1 ? LOW_REALTIME_PRIORITY_ - 1 : HIGH_PRIORITY, delta = Priority - Process->BasePriority;
    PLIST_ENTRY entry;

    Process->BasePriority = (SCHAR)Priority;
    for (entry = Process->ThreadListHead.Flink; entry != &Process->ThreadListHead; entry = entry->Flink) {
        PKTHREAD thread = CONTAINING_RECORD(entry, KTHREAD, ThreadListEntry);
        thread->BasePriority = (SCHAR)min(max(thread->BasePriority + delta, lowest), highest);
        KiSetPriorityLocked(thread, thread->BasePriority);
    }
    KiExitDispatcher(irql);
}

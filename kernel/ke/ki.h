/* SPDX-License-Identifier: MIT
 * Private to ke/.
 */
#pragma once
#include "ke.h"
#include "hal.h"

/* Selectors in NT's order; SYSCALL and SYSRET depend on it. */
#define KGDT_KERNEL_CODE 0x10
#define KGDT_KERNEL_DATA 0x18
#define KGDT_USER_CODE32 0x20
#define KGDT_USER_DATA 0x28
#define KGDT_USER_CODE 0x30
#define KGDT_TSS 0x40
#define KGDT_USER_TEB32 0x50

/* Interrupt stack table slots. */
#define KI_IST_DOUBLE_FAULT 1
#define KI_IST_NMI 2
#define KI_IST_MACHINE_CHECK 3

#define KI_MSR_USER_GS 0xC0000102u                /* KERNEL_GS_BASE: what SWAPGS exchanges GS with */

#define KI_QUANTUM_TICKS 20                       /* milliseconds */

/* What KiSwapContext leaves at KernelStack (switch.S). */
typedef struct KI_SWITCH_FRAME {
    ULONG MxCsr, Fill[3];
    M128A Xmm[10];
    ULONG64 Fill2;
    ULONG64 R15, R14, R13, R12, Rsi, Rdi, Rbx, Rbp, Return;
} KI_SWITCH_FRAME;
C_ASSERT(FIELD_OFFSET(KI_SWITCH_FRAME, R15) == 0xB8);

/* ---- Dispatcher database: all dispatcher objects, threads' scheduling state, timers ---- */
extern KE_LOCK KiDispatcherLock;
static inline KIRQL KiLockDispatcher(VOID) ACQUIRES_LOCK(KiDispatcherLock) { return KeLockAcquire(&KiDispatcherLock); }
/* Releases the lock, switches to a thread that became ready if this processor may, and lowers to OldIrql. */
VOID KiExitDispatcher(KIRQL OldIrql) RELEASES_LOCK(KiDispatcherLock);
VOID KiReadyThreadLocked(PKTHREAD Thread) REQUIRES_LOCK(KiDispatcherLock);
/* Gives the processor to another thread; the caller's state and lists are set. Returns when the caller was chosen again. */
VOID KiSwapThreadLocked(VOID) REQUIRES_LOCK(KiDispatcherLock);
/* The thread's affinity changed: it leaves a processor that it may not be on, the caller itself once it is below DISPATCH_LEVEL. */
VOID KiMoveThreadLocked(PKTHREAD Thread, KIRQL OldIrql) REQUIRES_LOCK(KiDispatcherLock);
VOID KiSetPriorityLocked(PKTHREAD Thread, KPRIORITY Priority) REQUIRES_LOCK(KiDispatcherLock);
VOID KiQuantumEndLocked(VOID) REQUIRES_LOCK(KiDispatcherLock);
VOID KiUnwaitThreadLocked(PKTHREAD Thread, LONG64 Status, KPRIORITY Increment) REQUIRES_LOCK(KiDispatcherLock);
/* Object is signalled: satisfies waits in order as long as it stays so. */
VOID KiWaitTestLocked(PVOID Object, KPRIORITY Increment) REQUIRES_LOCK(KiDispatcherLock);
BOOLEAN KiIsSignalledLocked(PVOID Object, PKTHREAD Thread) REQUIRES_LOCK(KiDispatcherLock);
VOID KiSatisfyWaitLocked(PVOID Object, PKTHREAD Thread) REQUIRES_LOCK(KiDispatcherLock);
/* A thread that belongs to a queue is about to block somewhere else. */
VOID KiQueueThreadBlocks(PKTHREAD Thread) REQUIRES_LOCK(KiDispatcherLock);
/* Blocks on one object whatever its state; DueTime NULL: without end. What the waker passed on (an entry of a queue, a status), or
 * STATUS_TIMEOUT, or STATUS_KERNEL_APC. For WrQueue, the queue must not count the thread any more. */
LONG64 KiBlockOnObjectLocked(PVOID Object, KWAIT_REASON Reason, KPROCESSOR_MODE Mode, BOOLEAN Alertable, const ULONG64 *DueTime,
                             KIRQL OldIrql) REQUIRES_LOCK(KiDispatcherLock);
/* Whether an alert or a user APC keeps such a wait from beginning. */
BOOLEAN KiWaitIsAlertedLocked(PKTHREAD Thread, KPROCESSOR_MODE Mode, BOOLEAN Alertable, LONG64 *Status) REQUIRES_LOCK(KiDispatcherLock);
/* The owner's release, or, Abandoned, the end of its owner or of the mutant. What SignalState was. */
LONG KiReleaseMutantLocked(PRKMUTANT Mutant, KPRIORITY Increment, BOOLEAN Abandoned) REQUIRES_LOCK(KiDispatcherLock);
LONG KiSetEventLocked(PKEVENT Event, KPRIORITY Increment) REQUIRES_LOCK(KiDispatcherLock);

/* ---- Timers ---- */
#define KI_WAIT_TIMER 0x5741                      /* upper half of a thread's own timer's Processor (NT's TimerType) */
VOID KiInitializeTimers(VOID);
VOID KiInsertTimerLocked(PKTIMER Timer, ULONG64 DueTime) REQUIRES_LOCK(KiDispatcherLock);
BOOLEAN KiRemoveTimerLocked(PKTIMER Timer) REQUIRES_LOCK(KiDispatcherLock);
/* Whether the timer was set to a system time, which it follows when that is changed. */
static inline VOID KiSetAbsolute(PKTIMER Timer, LARGE_INTEGER DueTime) { Timer->Header.Absolute = DueTime.QuadPart > 0; }
/* System time went forward by Change: absolute timers are due that much earlier. */
VOID KiShiftAbsoluteTimersLocked(LONG64 Change) REQUIRES_LOCK(KiDispatcherLock);
VOID KiExpireTimers(VOID);                        /* DISPATCH_LEVEL */
BOOLEAN KiTimersAreDue(ULONG64 Now);              /* any IRQL, may say yes too often, never no */
ULONG64 KiDueTimeFromInterval(LARGE_INTEGER Interval);     /* interrupt time at which a relative or absolute interval ends */
ULONG64 KiQueryInterruptTime(VOID);

/* ---- DPCs and APCs ---- */
VOID KiRetireDpcs(PVOID Prcb);                    /* DISPATCH_LEVEL, on the DPC stack */
/* Runs the first DPC of a queue at Irql, where the caller is. FALSE: there is none. */
BOOLEAN KiRunNextDpc(PKDPC_DATA Queue, KIRQL Irql);
#define KI_DPC_OBJECT 19                          /* KDPC.Type: DpcObject, ThreadedDpcObject */
#define KI_THREADED_DPC_OBJECT 24
#define KI_DPC_THREAD_REQUESTED 2                 /* KPRCB.ThreadDpcState (NT's DpcThreadRequested) */
static inline BOOLEAN KiThreadedDpcsAreEnabled(PKPRCB Prcb) { return __atomic_load_n(&Prcb->ThreadDpcEnable, __ATOMIC_ACQUIRE); }
/* The queue of a processor that a DPC belongs in. */
static inline PKDPC_DATA KiDpcQueueOf(PKPRCB Prcb, PKDPC Dpc)
{
    return &Prcb->DpcData[Dpc->Type == KI_THREADED_DPC_OBJECT && KiThreadedDpcsAreEnabled(Prcb)];
}
/* Any IRQL: that processor's next dispatch interrupt wakes its thread. */
static inline VOID KiRequestDpcThread(PKPRCB Prcb)
{
    __atomic_fetch_or(&Prcb->ThreadDpcState, KI_DPC_THREAD_REQUESTED, __ATOMIC_RELEASE);
}
VOID KiWakeDpcThread(PKPRCB Prcb);                /* DISPATCH_LEVEL, on the processor: if it was requested */
VOID KiDeliverKernelApcs(VOID);                   /* APC_LEVEL */
BOOLEAN KiKernelApcIsDeliverable(PKTHREAD Thread);
PKAPC KiTakeUserApc(PKTHREAD Thread);             /* the first one, or NULL */
VOID KiInitializeApcState(PKTHREAD Thread, PKPROCESS Process);

/* ---- Traps ---- */
VOID KiDispatchTrap(ULONG Vector, PKTRAP_FRAME Trap, PKEXCEPTION_FRAME Exception);
VOID KiDispatchInterruptVector(PKTRAP_FRAME Trap, ULONG Vector);
VOID KiDispatchException(PEXCEPTION_RECORD Record, PKTRAP_FRAME Trap, PKEXCEPTION_FRAME Exception);
VOID KiDispatchInterrupt(VOID);                   /* the dispatch software interrupt, at DISPATCH_LEVEL */
VOID KiClockInterrupt(PKTRAP_FRAME Trap);
VOID KiIpiInterrupt(VOID);
VOID KiNmi(PKTRAP_FRAME Trap, PKEXCEPTION_FRAME Exception);
VOID KiInitializeProcessor(KI_PROCESSOR *Processor, ULONG Number);     /* on the processor itself */
VOID KiSystemCall64(VOID);                        /* where SYSCALL enters */

/* ---- User mode ----
 * The frames that an entry from user mode leaves at the top of the kernel stack, and that the way back restores. */
C_ASSERT(FIELD_OFFSET(KAPC_STATE, UserApcPending) == 0x2A);      /* trap.S */
static inline PKTRAP_FRAME KiUserTrapFrame(PKTHREAD Thread) { return (PKTRAP_FRAME)Thread->InitialStack - 1; }
static inline PKEXCEPTION_FRAME KiUserExceptionFrame(PKTHREAD Thread)
{
    return (PKEXCEPTION_FRAME)KiUserTrapFrame(Thread) - 1;
}
/* The way back must restore the frames whole, rax included (KTRAP_FRAME.FaultIndicator, which NT has no other use for). */
static inline VOID KiMarkFrameChanged(PKTRAP_FRAME Trap) { Trap->FaultIndicator = 1; }
DECLSPEC_NORETURN VOID KiEnterUserMode(PKTRAP_FRAME Trap, PKEXCEPTION_FRAME Exception);
/* On the way to user mode, interrupts on: one user APC, or the end of the thread. */
VOID KiDeliverUserApcs(PKTRAP_FRAME Trap, PKEXCEPTION_FRAME Exception);
VOID KiDispatchUserException(PEXCEPTION_RECORD Record, PKTRAP_FRAME Trap, PKEXCEPTION_FRAME Exception);
VOID KiContextFromUser(PCONTEXT Context, const KTRAP_FRAME *Trap, const KEXCEPTION_FRAME *Exception);
/* Only what user mode may have. */
VOID KiContextToUser(const CONTEXT *Context, PKTRAP_FRAME Trap, PKEXCEPTION_FRAME Exception);
/* Parts of KeContextToFrames: the integer registers but RSP and RBP, and the XMM registers. */
VOID KiIntegersToFrames(const CONTEXT *Context, PKTRAP_FRAME Trap, PKEXCEPTION_FRAME Exception);
VOID KiVectorsToFrames(const CONTEXT *Context, PKTRAP_FRAME Trap, PKEXCEPTION_FRAME Exception);
VOID KiInitializeSuspension(PKTHREAD Thread);
extern const UCHAR KiInterruptStubs[];

/* ---- Assembly ---- */
VOID KiSwapContext(PKTHREAD Old, PKTHREAD New);
VOID KiThreadStartup(VOID);
VOID KiCallOnStack(PVOID StackBase, VOID (*Routine)(PVOID), PVOID Argument);
DECLSPEC_NORETURN VOID KiThreadMain(KE_THREAD_ROUTINE *Routine, PVOID Context);

static inline ULONG KiTickCount(VOID) { return (ULONG)*(volatile ULONG64 *)&SharedUserData->TickCount; }
static inline DISPATCHER_HEADER *KiHeader(PVOID Object) { return (DISPATCHER_HEADER *)Object; }

/* ---- Extended state of a thread that uses it, around a switch ---- */
VOID KiEnableExtendedState(VOID);
VOID KiPublishExtendedState(VOID);
VOID KiSaveSwitchState(const XSTATE_SAVE *Save);
VOID KiRestoreSwitchState(const XSTATE_SAVE *Save);
/* A user thread's own: what the kernel leaves alone (x87, the upper halves of AVX). */
VOID KiSaveUserState(PVOID Area);
VOID KiRestoreUserState(PVOID Area);
PVOID KiAllocateUserState(VOID);                  /* as a new thread has it; NULL: no memory */
VOID KiFreeUserState(PVOID Area);

/* Return addresses of a thread that does not run. Only while every other processor is halted. */
ULONG KiWalkWaitingThread(PKTHREAD Thread, ULONG64 *Frames, ULONG Maximum);

VOID KiInitializeGenericDpc(VOID);
/* Ready threads that never come to run: from now on, once a second; and at once. IRQL <= DISPATCH_LEVEL. */
VOID KiWatchForStarvation(VOID);
VOID KiRelieveStarvedThreads(VOID);
/* Registered routines, at a bug check, after the report. */
VOID KiCallBugcheckCallbacks(VOID);

/* ---- Interrupt objects: calls the service routines of a device vector, at its IRQL, interrupts on ---- */
VOID KiServiceVector(ULONG Vector);

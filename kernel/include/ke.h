/* SPDX-License-Identifier: MIT
 * The kernel core for the other components: processors, ranked locks, threads, the dispatcher, traps, bug checks.
 * What drivers may call as well is declared by the DDK; only what is Petrel's own stands here.
 */
#pragma once
#include "nt.h"
#include "intrinsics.h"
#include "../abi/loaderblock.h"

/* ---- Ranked spin locks ----
 * Every spin lock of the kernel itself has a rank from this list. A processor may acquire a lock only while all it holds rank
 * lower (stand earlier in the list); checked kernels stop at the first breach. Drivers' KSPIN_LOCKs have no rank.
 */
typedef enum KE_LOCK_RANK {
    KeRankNone,
    KeRankCancel,             /* io: the system-wide cancel lock */
    KeRankCallback,           /* ex: a callback object's registrations */
    KeRankVpb,                /* io: volume parameter blocks, a lock that drivers take */
    KeRankIoDatabase,         /* io: device and driver lists */
    KeRankFsRtl,              /* fsrtl: byte-range locks, requests that wait for a change */
    KeRankResourceList,       /* ex: all ERESOURCEs */
    KeRankIoTimer,            /* io: the list of device timers */
    KeRankLoadedModules,      /* mm: PsLoadedModuleList */
    KeRankWorkQueue,          /* ex */
    KeRankKeyedEvent,         /* ex: who waits at keyed events */
    KeRankTimerObject,        /* ex: which threads' APCs timer objects queue */
    KeRankVerifier,           /* vf: call counts, trap space */
    KeRankPool,               /* mm: pool descriptors */
    KeRankLookaside,          /* ex */
    KeRankShootdown,          /* ke: one TLB shootdown at a time */
    KeRankSystemPtes,         /* mm: system address allocator */
    KeRankPageTables,         /* mm: building kernel page tables */
    KeRankPfn,                /* mm: page frame lists */
    KeRankProcessList,        /* ps */
    KeRankBugcheckCallback,   /* ke: routines to call at a bug check */
    KeRankDispatcher,         /* ke: the dispatcher database */
    KeRankDpcQueue,           /* ke: one processor's DPC queue */
    KeRankInterrupt,          /* ke: interrupt objects */
    KeRankEvents,             /* kd: the event channel */
    KeRankDebugPort,          /* kd: DbgPrint */
    KeRankCount
} KE_LOCK_RANK;

typedef struct TSA_(capability("spin lock")) KE_LOCK {
    KSPIN_LOCK Lock;          /* a: 0 free, 1 held */
    ULONG Rank;               /* I */
    ULONG OwnerProcessor;     /* holder: processor number + 1, for checks */
} KE_LOCK;
#define KE_LOCK_OF_RANK(rank) { 0, rank, 0 }

KIRQL KeLockAcquire(KE_LOCK *Lock) ACQUIRES_LOCK(*Lock);
VOID KeLockRelease(KE_LOCK *Lock, KIRQL OldIrql) RELEASES_LOCK(*Lock);
VOID KeLockAcquireAtDispatch(KE_LOCK *Lock) TSA_(acquire_capability(*Lock)) TSA_(requires_capability(KiAtDispatch));
VOID KeLockReleaseFromDispatch(KE_LOCK *Lock) TSA_(release_capability(*Lock)) TSA_(requires_capability(KiAtDispatch));
BOOLEAN KeLockIsHeld(const KE_LOCK *Lock);       /* by this processor */

/* ---- Processors ---- */
#define KE_MAXIMUM_PROCESSORS 8u
#define KI_GDT_ENTRIES 16u
#define KI_IST_STACKS 4u

/* NT's KPCR with what Petrel keeps behind it. One per processor, at GS; found by number in KiProcessors. */
typedef struct KI_PROCESSOR {
    KPCR Pcr;
    ULONG64 Gdt[KI_GDT_ENTRIES];          /* I */
    KTSS64 Tss;                           /* I */
    ULONG64 HeldRanks;                    /* P bit per KE_LOCK_RANK held */
    volatile LONG ReadyToRun;             /* a: the processor is in its idle loop */
    volatile LONG IpiRequest;             /* a: KI_IPI_... bits asked of this processor */
    volatile LONG NmiReported;            /* a */
    ULONG64 ClockTicks;                   /* P */
    LONG IrqlOfInterrupt;                 /* P IRQL that the innermost interrupt interrupted */
    PVOID IstBases[KI_IST_STACKS];        /* I highest address of each */
    PKTHREAD DpcThread;                   /* P the thread a DPC interrupted, or NULL */
    ULONG64 LookasideHits;                /* P */
    PVOID PoolLists;                      /* I mm: this processor's free lists */
} KI_PROCESSOR;
extern KI_PROCESSOR *KiProcessors[KE_MAXIMUM_PROCESSORS];

static inline KI_PROCESSOR *KeCurrentProcessor(VOID)
{
    KI_PROCESSOR *p;
    __asm__ volatile("movq %%gs:%c1, %0" : "=r"(p) : "i"(__builtin_offsetof(KPCR, Self)));
    return p;
}
static inline PKPRCB KeGetCurrentPrcb(VOID) { return &KeCurrentProcessor()->Pcr.Prcb; }
static inline PKTHREAD KeCurrentThread(VOID) { return (PKTHREAD)__readgsqword(0x188); }
static inline ULONG KeProcessorNumber(VOID) { return __readgsdword(0x1A4); }
static inline KIRQL KeIrql(VOID) { return (KIRQL)KiReadCr8(); }

/* What a processor needs before it can run: zeroed page-aligned memory for itself, and stacks (their high ends). */
typedef struct KE_PROCESSOR_MEMORY {
    KI_PROCESSOR *Processor;
    PVOID Stacks[KI_IST_STACKS];          /* 0: DPCs, the others: interrupt stack table */
    PVOID IdleStack;
} KE_PROCESSOR_MEMORY;
/* Starts application processor Number; it idles when this returns. FALSE: it did not arrive. PASSIVE_LEVEL, one at a time. */
BOOLEAN KeStartProcessor(ULONG Number, const KE_PROCESSOR_MEMORY *Memory, ULONG64 TrampolinePage);
DECLSPEC_NORETURN VOID KiIdleLoop(VOID);

/* ---- Boot ---- */
DECLSPEC_NORETURN VOID KiSystemStartup(LOADER_BLOCK *Block);
extern LOADER_BLOCK *KeLoaderBlock;
extern ULONG64 KeBootTsc;                        /* TSC at the kernel's entry */
VOID KiInitializeFirstProcessor(VOID);           /* descriptors, GS, control registers of processor 0 */
VOID KiInitializeDispatcher(VOID);               /* idle thread and process, queues; then threads may be created */
VOID KiStartClock(VOID);

/* ---- Dispatcher objects ---- */
typedef enum KE_OBJECT_TYPE {
    EventNotificationObject, EventSynchronizationObject, MutantObject, ProcessObject, QueueObject, SemaphoreObject, ThreadObject,
    GateObject, TimerNotificationObject, TimerSynchronizationObject
} KE_OBJECT_TYPE;                                /* DISPATCHER_HEADER.Type */

/* ---- Gates: for a lock's waiters; see kernel/ke/gate.c ---- */
VOID KeInitializeGate(PKGATE Gate);              /* closed */
/* Returns when a signal let the caller through, which it takes for itself. IRQL <= APC_LEVEL, and kernel APCs run below APC_LEVEL. The
 * gate may be freed as soon as its last waiter has returned. */
VOID KeWaitForGate(PKGATE Gate, KWAIT_REASON Reason, KPROCESSOR_MODE Mode);
/* Lets one thread through, and leaves the gate open for the next when none waits; signals do not add up. The thread is lifted to the
 * caller's priority, below real time, which decays with its quanta. IRQL <= DISPATCH_LEVEL. */
VOID KeSignalGateBoostPriority(PKGATE Gate);

/* ---- Threads ---- */
typedef VOID KE_THREAD_ROUTINE(PVOID StartContext);
#define KE_KERNEL_STACK_SIZE 0x6000u
#define KE_LARGE_STACK_SIZE 0x12000u

/* Makes an initialized, not started thread of the caller's KTHREAD-sized memory and kernel stack (StackBase is its high end).
 * Routine NULL: the thread is running already, on that stack, which is left alone. */
VOID KeInitThread(PKTHREAD Thread, PKPROCESS Process, PVOID StackBase, KE_THREAD_ROUTINE *Routine, PVOID Context);
VOID KeStartThread(PKTHREAD Thread);
/* The body of the thread that frees dead threads (KeUpcalls.ReapThread for each); never returns. ps starts it. */
VOID KeReapThreads(PVOID Context);
/* The body of the thread that runs the threaded DPCs of processor Number; never returns. */
VOID KeRunThreadedDpcs(PVOID Number);
/* Ends the calling thread: signals it and never runs again. The memory may be freed by Reap, which runs at PASSIVE_LEVEL on
 * another thread once the stack is no longer in use. */
DECLSPEC_NORETURN VOID KeTerminateThread(KPRIORITY Increment);
VOID KeInitProcess(PKPROCESS Process, KPRIORITY BasePriority, ULONG64 DirectoryTable);
/* Signals a process object: it is over. */
VOID KeSignalProcess(PKPROCESS Process);
NTSTATUS KeYieldExecution(VOID);                 /* STATUS_NO_YIELD_PERFORMED when nobody else is ready */
ULONG KeQuantumTicks(VOID);
/* Raises a thread that holds something up to a waiter's Priority, below real time; the boost decays with its quanta. Relief for priority
 * inversion. IRQL <= DISPATCH_LEVEL. */
VOID KeLendPriority(PKTHREAD Thread, KPRIORITY Priority);

/* Whether the ends of its waits leave the thread's priority alone; what was said before. IRQL <= DISPATCH_LEVEL. */
BOOLEAN KeSetDisableBoostThread(PKTHREAD Thread, BOOLEAN Disable);
/* All threads of a process, those to come included: a mask within the active processors, and a base priority, from which each keeps its
 * distance. IRQL <= DISPATCH_LEVEL. */
VOID KeSetProcessAffinity(PKPROCESS Process, KAFFINITY Affinity);
VOID KeSetProcessPriority(PKPROCESS Process, KPRIORITY Priority);
/* The processor that the thread is run on when it is free; a number that is no processor's changes nothing. What it was. */
ULONG KeSetIdealProcessor(PKTHREAD Thread, ULONG Processor);

typedef enum KTHREAD_STATE { Initialized, Ready, Running, Standby, Terminated, Waiting, Transition, DeferredReady } KTHREAD_STATE;
#define LOW_REALTIME_PRIORITY_ 16

/* ---- Exported, but not declared by the DDK ---- */
BOOLEAN NTAPI KeIsAttachedProcess(VOID);
/* Where a thread may run, within its process's affinity, except while it has a system affinity; the mask before. Processors that the
 * process may not use, or none that runs: INVALID_AFFINITY_SET. IRQL <= DISPATCH_LEVEL. */
KAFFINITY NTAPI KeSetAffinityThread(PKTHREAD Thread, KAFFINITY Affinity);
/* Ends the alertable wait in that mode that the thread is in, or else the next one; TRUE: an alert was pending already. IRQL <=
 * DISPATCH_LEVEL. */
BOOLEAN NTAPI KeAlertThread(PKTHREAD Thread, KPROCESSOR_MODE AlertMode);
/* Takes an alert that is pending for the calling thread: TRUE. Else, for UserMode, lets queued user APCs run next. IRQL <=
 * DISPATCH_LEVEL. */
BOOLEAN NTAPI KeTestAlertThread(KPROCESSOR_MODE AlertMode);
/* A mutant as it is at one moment; Owner is left alone when nobody owns it. */
VOID KeQueryMutant(PRKMUTANT Mutant, PLONG Count, PBOOLEAN Abandoned, PBOOLEAN OwnedByCaller, PCLIENT_ID Owner);
/* Alerts by id: KeAlertThreadById ends the thread's KeWaitForAlertById, the one it is in or the next; alerts do not add up.
 * STATUS_ALERTED, STATUS_TIMEOUT, or STATUS_USER_APC for user mode. IRQL <= DISPATCH_LEVEL, the wait <= APC_LEVEL. */
VOID KeAlertThreadById(PKTHREAD Thread);
NTSTATUS KeWaitForAlertById(KPROCESSOR_MODE WaitMode, PLARGE_INTEGER Timeout);
/* TRUE: the APC was queued, and is its owner's again. FALSE: it was not, or runs. IRQL <= DISPATCH_LEVEL. */
BOOLEAN NTAPI KeRemoveQueueApc(PKAPC Apc);
/* System time from now on; timers and waits until a system time follow. IRQL <= DISPATCH_LEVEL. */
VOID KeSetSystemTime(LARGE_INTEGER NewTime, PLARGE_INTEGER OldTime);
/* There is no second hardware counter to convert from or to: STATUS_NOT_SUPPORTED. Any IRQL. */
NTSTATUS NTAPI KeQueryAuxiliaryCounterFrequency(PULONG64 AuxiliaryCounterFrequency);
NTSTATUS NTAPI KeConvertAuxiliaryCounterToPerformanceCounter(ULONG64 AuxiliaryCounterValue, PULONG64 PerformanceCounterValue,
                                                             PULONG64 ConversionError);
NTSTATUS NTAPI KeConvertPerformanceCounterToAuxiliaryCounter(ULONG64 PerformanceCounterValue, PULONG64 AuxiliaryCounterValue,
                                                             PULONG64 ConversionError);
/* Interrupt time now, and not as of the last clock interrupt, with the performance counter it was read from. Any IRQL. */
ULONG64 NTAPI KeQueryInterruptTimePrecise(PULONG64 QpcTimeStamp);
/* Whether the processor runs an ordinary DPC. IRQL DISPATCH_LEVEL or above for an answer that lasts. */
BOOLEAN NTAPI KeIsExecutingDpc(VOID);

/* ---- Upward calls: owned here, filled by the named component in its init (design, "Layers") ---- */
typedef struct KE_UPCALLS {
    /* mm: resolves a page fault. STATUS_SUCCESS: run the instruction again. */
    NTSTATUS (*AccessFault)(ULONG64 Address, ULONG64 ErrorCode, PKTRAP_FRAME Frame);
    /* mm: a guarded stack of KE_LARGE_STACK_SIZE, its high end, or NULL; and nonpaged pool. IRQL <= DISPATCH_LEVEL. */
    PVOID (*CreateLargeStack)(VOID);
    VOID (*DeleteLargeStack)(PVOID StackBase);
    PVOID (*AllocatePool)(SIZE_T Bytes, ULONG Tag);
    VOID (*FreePool)(PVOID Block, ULONG Tag);
    /* ps: frees a thread that has left its stack. PASSIVE_LEVEL. */
    VOID (*ReapThread)(PKTHREAD Thread);
    /* vf: a fault in the trap space, i.e. a missing import was used. Does not return when it is one. */
    VOID (*MissingImport)(ULONG64 Address, ULONG64 ErrorCode, PKTRAP_FRAME Frame);
    /* ex: where an S-list pop may read an entry that another processor has just taken and freed, and where it starts over. */
    ULONG64 SListFault, SListResume;
    /* ex: PsLoadedModuleResource, exclusively. NULL while there are no resources yet and one thread. PASSIVE_LEVEL. */
    VOID (*LockLoadedModules)(VOID);
    VOID (*UnlockLoadedModules)(VOID);
    /* init: the driver under test, for bug checks and hang reports; NULL when none. */
    PCSTR (*DriverUnderTest)(VOID);
    /* ps: every thread of every process. Only while nothing else runs: no lock is taken. */
    VOID (*VisitThreads)(VOID (*Visit)(PKTHREAD Thread, PCSTR Process));
    /* ps: ends the calling thread if somebody asked for it. PASSIVE_LEVEL, on the way to user mode. */
    VOID (*TestTermination)(VOID);
    /* ps: an exception of user mode that nobody can be told of any more ends the process. */
    VOID (*UnhandledException)(PEXCEPTION_RECORD Record);
    /* ps: where ntdll wants exceptions and APCs, the same in every process; 0 while there is no ntdll. */
    ULONG64 UserExceptionDispatcher, UserApcDispatcher;
    /* ps: the APC's dispatcher takes its arguments as a function does, not in the CONTEXT at rsp. */
    BOOLEAN UserApcInRegisters;
    /* init: the system's orderly end. Actions as of NtShutdownSystem. PASSIVE_LEVEL. Does not return. */
    VOID (*ShutDown)(ULONG Action);
    /* vf: last words of the trace at the end of the machine. Any IRQL. */
    VOID (*FlushTrace)(VOID);
} KE_UPCALLS;
extern KE_UPCALLS KeUpcalls;
/* svc: the service that the frame's registers ask for, at PASSIVE_LEVEL; what goes back in rax. SYSCALL's entry calls it itself. */
extern NTSTATUS (*KeSystemService)(PKTRAP_FRAME Trap);

/* ---- Exceptions ---- */
/* The DDK's CONTEXT from frames and back; Flags as in CONTEXT.ContextFlags. */
VOID KeContextFromFrames(PCONTEXT Context, const KTRAP_FRAME *Trap, const KEXCEPTION_FRAME *Exception);
VOID KeContextToFrames(const CONTEXT *Context, PKTRAP_FRAME Trap, PKEXCEPTION_FRAME Exception);
DECLSPEC_NORETURN VOID KiContinue(PCONTEXT Context);     /* loads a kernel-mode context */

/* ---- Threads in user mode ---- */
/* Option `trace-user`: every service and every exception of user mode is told on the debug port. */
extern BOOLEAN KeTraceUser;
/* Option `poison`: pool memory is filled with this byte when it is allocated and when it is freed, kernel stacks when a service begins,
 * so that what leaves the kernel unwritten is known when it is seen. */
#define KE_POISON 0xB5u
extern BOOLEAN KePoison;
/* Fills the calling thread's stack below the caller: nobody's, but for interrupts that are over when the next byte is written. */
VOID KePoisonStack(VOID);
/* Gives an initialized, not started thread what it needs to enter user mode. FALSE: no memory. */
BOOLEAN KeInitUserThread(PKTHREAD Thread, PVOID Teb);
VOID KeDeleteUserThread(PKTHREAD Thread);                /* what that allocated */
/* The calling thread, from its first routine, goes to user mode for good. */
DECLSPEC_NORETURN VOID KeEnterUserMode(const CONTEXT *Context);
/* The calling user thread's registers, as they were and will be in user mode. */
VOID KeGetUserContext(PCONTEXT Context);
VOID KeSetUserContext(const CONTEXT *Context);
/* An exception for the calling user thread's handlers, at Context. */
VOID KeRaiseUserException(PEXCEPTION_RECORD Record, const CONTEXT *Context);
/* A thread's registers, read or replaced while it is in the kernel; ContextFlags says which. STATUS_UNSUCCESSFUL: it ended, or has none.
 * PASSIVE_LEVEL. */
NTSTATUS KeGetThreadContext(PKTHREAD Thread, PCONTEXT Context);
NTSTATUS KeSetThreadContext(PKTHREAD Thread, const CONTEXT *Context);
/* The thread stops before it runs its next instruction of user mode, at a wait at the latest. STATUS_SUSPEND_COUNT_EXCEEDED,
 * STATUS_THREAD_IS_TERMINATING. IRQL <= DISPATCH_LEVEL. */
NTSTATUS KeSuspendThread(PKTHREAD Thread, PULONG PreviousCount);
ULONG KeResumeThread(PKTHREAD Thread);
VOID KeForceResumeThread(PKTHREAD Thread);
/* Something is pending for the thread's user mode: it will pass TestTermination soon, a wait for user mode ends. */
VOID KeRequestUserApc(PKTHREAD Thread);
/* Frees an ending thread's APCs, and queues no more. */
VOID KeFlushApcs(VOID);

/* ---- Stacks ---- */
typedef struct KE_FRAME { ULONG64 Address; } KE_FRAME;
/* Return addresses from Context outward (frame 0 is Context->Rip), at most Maximum; never faults. */
ULONG KeWalkStack(const CONTEXT *Context, ULONG64 *Frames, ULONG Maximum);
/* The calling function's own stack, Skip innermost frames left out. */
ULONG KeCaptureStack(ULONG Skip, ULONG64 *Frames, ULONG Maximum);
/* TRUE when [Address, Address + Length) lies in a kernel stack this processor may be on now. */
BOOLEAN KeIsOnStack(ULONG64 Address, ULONG Length);

/* ---- Interprocessor ---- */
/* Runs Routine(Context) at IPI_LEVEL on every other running processor and returns when all have. IRQL <= DISPATCH_LEVEL. */
VOID KeIpiGenericCallOthers(VOID (*Routine)(PVOID), PVOID Context);
/* Runs Routine(Context) at IPI_LEVEL here while every other processor waits for it, at IPI_LEVEL too. IRQL <= DISPATCH_LEVEL. */
VOID KeCallAlone(VOID (*Routine)(PVOID), PVOID Context);
/* Removes Count pages from every processor's TLB. */
VOID KeFlushTb(ULONG64 Address, ULONG Count);
/* Stops all other processors for good (NMI), for bug checks. */
VOID KeFreezeProcessors(VOID);

/* ---- Interrupt objects ---- */
typedef struct KE_INTERRUPT_PARAMETERS {
    PKSERVICE_ROUTINE Routine;            /* or NULL and ... */
    PKMESSAGE_SERVICE_ROUTINE MessageRoutine;
    ULONG MessageIndex;
    PVOID Context;
    PKSPIN_LOCK Lock;                     /* shared with other interrupts; NULL: one of its own */
    ULONG Vector;                         /* HAL_VECTOR_DEVICE_FIRST to _LAST */
    KIRQL SynchronizeIrql;                /* at least the vector's */
    KINTERRUPT_MODE Mode;
    BOOLEAN Share;
    ULONG Processor;                      /* that the line is routed to */
} KE_INTERRUPT_PARAMETERS;
VOID KeInitializeInterrupt(PKINTERRUPT Interrupt, const KE_INTERRUPT_PARAMETERS *Parameters);
/* Unmasks the line when it is the vector's first. FALSE: the vector is taken by somebody who does not share. */
BOOLEAN KeConnectInterrupt(PKINTERRUPT Interrupt);
/* Whether that is an interrupt object that is connected; it need not be one. Any IRQL. */
BOOLEAN KeIsInterruptConnected(const KINTERRUPT *Interrupt);
/* Whether any interrupt object is connected to the device vector. Any IRQL. */
BOOLEAN KeIsVectorConnected(ULONG Vector);
/* When it returns, the service routine runs nowhere and will not again. IRQL <= DISPATCH_LEVEL. */
VOID KeDisconnectInterrupt(PKINTERRUPT Interrupt);

/* ---- Verdicts ---- */
/* What the machine says when it stops because of a driver; see docs/protocol.md. Never returns. */
DECLSPEC_NORETURN VOID KeBugCheckFromFrame(ULONG Code, ULONG64 P1, ULONG64 P2, ULONG64 P3, ULONG64 P4, const CONTEXT *Context);

typedef volatile LONG EX_SPIN_LOCK, *PEX_SPIN_LOCK;

/* ---- Exported routines that the DDK of this version does not declare, or declares as macros ---- */
#undef KeGetCurrentIrql
#undef KeLowerIrql
#undef KeRaiseIrql
#undef KfRaiseIrql
#undef KeQuerySystemTime
#undef KeQueryTickCount
#undef KeQueryInterruptTime
#undef KeFlushIoBuffers
/* Caches are coherent with what devices read and write: what is left to order are the processor's own stores. Any IRQL. */
VOID NTAPI KeFlushIoBuffers(PMDL Mdl, BOOLEAN ReadOperation, BOOLEAN DmaOperation);
VOID NTAPI KeFlushWriteBuffer(VOID);
KIRQL NTAPI KeGetCurrentIrql(VOID);
VOID NTAPI KeLowerIrql(KIRQL NewIrql);
KIRQL NTAPI KfRaiseIrql(KIRQL NewIrql);
KIRQL NTAPI KeRaiseIrqlToDpcLevel(VOID);
KIRQL NTAPI KeRaiseIrqlToSynchLevel(VOID);
ULONG NTAPI KeGetCurrentProcessorNumber(VOID);
VOID NTAPI KeQuerySystemTime(PLARGE_INTEGER CurrentTime);
VOID NTAPI KeQuerySystemTimePrecise(PLARGE_INTEGER CurrentTime);
VOID NTAPI KeQueryTickCount(PLARGE_INTEGER CurrentCount);
ULONGLONG NTAPI KeQueryInterruptTime(VOID);
VOID NTAPI KeInitializeApc(PRKAPC Apc, PRKTHREAD Thread, KAPC_ENVIRONMENT Environment, PKKERNEL_ROUTINE KernelRoutine,
                           PKRUNDOWN_ROUTINE RundownRoutine, PKNORMAL_ROUTINE NormalRoutine, KPROCESSOR_MODE Mode, PVOID Context);
BOOLEAN NTAPI KeInsertQueueApc(PRKAPC Apc, PVOID SystemArgument1, PVOID SystemArgument2, KPRIORITY Increment);
VOID NTAPI KeInitializeMutant(PRKMUTANT Mutant, BOOLEAN InitialOwner);
LONG NTAPI KeReleaseMutant(PRKMUTANT Mutant, KPRIORITY Increment, BOOLEAN Abandoned, BOOLEAN Wait);
DECLSPEC_NORETURN VOID NTAPI RtlRaiseStatus(NTSTATUS Status);
VOID NTAPI RtlRaiseException(PEXCEPTION_RECORD ExceptionRecord);
DECLSPEC_NORETURN VOID NTAPI ExRaiseStatus(NTSTATUS Status);
DECLSPEC_NORETURN VOID NTAPI ExRaiseAccessViolation(VOID);
DECLSPEC_NORETURN VOID NTAPI ExRaiseDatatypeMisalignment(VOID);
VOID NTAPI ExAcquireSpinLockSharedAtDpcLevel(PEX_SPIN_LOCK SpinLock);
VOID NTAPI ExReleaseSpinLockSharedFromDpcLevel(PEX_SPIN_LOCK SpinLock);
VOID NTAPI ExAcquireSpinLockExclusiveAtDpcLevel(PEX_SPIN_LOCK SpinLock);
VOID NTAPI ExReleaseSpinLockExclusiveFromDpcLevel(PEX_SPIN_LOCK SpinLock);
BOOLEAN NTAPI ExTryConvertSharedSpinLockExclusive(PEX_SPIN_LOCK SpinLock);
KIRQL NTAPI ExAcquireSpinLockShared(PEX_SPIN_LOCK SpinLock);
VOID NTAPI ExReleaseSpinLockShared(PEX_SPIN_LOCK SpinLock, KIRQL OldIrql);
KIRQL NTAPI ExAcquireSpinLockExclusive(PEX_SPIN_LOCK SpinLock);
VOID NTAPI ExReleaseSpinLockExclusive(PEX_SPIN_LOCK SpinLock, KIRQL OldIrql);
VOID NTAPI KeGenericCallDpc(PKDEFERRED_ROUTINE Routine, PVOID Context);
VOID NTAPI KeSignalCallDpcDone(PVOID SystemArgument1);
LOGICAL NTAPI KeSignalCallDpcSynchronize(PVOID SystemArgument2);
NTSTATUS NTAPI KeExpandKernelStackAndCalloutEx(PEXPAND_STACK_CALLOUT Callout, PVOID Parameter, SIZE_T Size, BOOLEAN Wait,
                                               PVOID Context);

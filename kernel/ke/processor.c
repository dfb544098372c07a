/* SPDX-License-Identifier: MIT
 * Bringing processors into the dispatcher: idle threads, DPC stacks, and the start of the application processors.
 */
#include "ki.h"

KI_PROCESSOR *KiProcessors[KE_MAXIMUM_PROCESSORS];
LOADER_BLOCK *KeLoaderBlock;
KE_UPCALLS KeUpcalls;
volatile CCHAR KeNumberProcessors;

/* Processor 0 exists before there is memory to allocate it from. */
static DECLSPEC_ALIGN(4096) KI_PROCESSOR KiFirstProcessor;
static DECLSPEC_ALIGN(16) UCHAR KiFirstStacks[KI_IST_STACKS][KE_KERNEL_STACK_SIZE];     /* 0: DPCs, others: interrupt stack table */
static DECLSPEC_ALIGN(16) ETHREAD KiIdleThreads[KE_MAXIMUM_PROCESSORS];
static DECLSPEC_ALIGN(16) EPROCESS KiIdleProcess;

VOID KiInitializeFirstProcessor(VOID)
{
    ULONG i;
    for (i = 0; i < KI_IST_STACKS; i++)
        KiFirstProcessor.IstBases[i] = KiFirstStacks[i] + KE_KERNEL_STACK_SIZE;
    KiInitializeProcessor(&KiFirstProcessor, 0);
}

/* The code that runs now becomes the idle thread of its processor; StackBase is where its stack began. */
static VOID KiBecomeIdleThread(KI_PROCESSOR *Processor, PVOID StackBase)
{
    PKPRCB prcb = &Processor->Pcr.Prcb;
    PKTHREAD thread = &KiIdleThreads[prcb->Number].Tcb;
    ULONG i;

    for (i = 0; i < 32; i++)
        InitializeListHead(&prcb->DispatcherReadyListHead[i]);
    prcb->DpcStack = Processor->IstBases[0];
    KeInitThread(thread, &KiIdleProcess.Pcb, StackBase, NULL, NULL);
    thread->Priority = 0;
    thread->BasePriority = 0;
    thread->Affinity.Mask = 1ull << prcb->Number;
    thread->IdealProcessor = prcb->Number;
    thread->NextProcessor = prcb->Number;
    thread->State = Running;
    thread->Running = TRUE;
    prcb->IdleThread = thread;
    prcb->CurrentThread = thread;
}

static VOID KiJoinDispatcher(KI_PROCESSOR *Processor)
{
    KIRQL irql = KiLockDispatcher();
    Processor->ReadyToRun = TRUE;
    KeNumberProcessors++;
    SharedUserData->ActiveProcessorCount = (ULONG)KeNumberProcessors;
    KeLockRelease(&KiDispatcherLock, irql);
}

VOID KiInitializeDispatcher(VOID)
{
    KI_PROCESSOR *processor = KeCurrentProcessor();

    KiInitializeTimers();
    KiInitializeGenericDpc();
    KiPublishExtendedState();
    KeInitProcess(&KiIdleProcess.Pcb, 0, KiReadCr3());
    KiIdleProcess.Pcb.Affinity.Bitmap[0] = ~0ull;
    RtlCopyMemory(KiIdleProcess.ImageFileName, "Idle", 5);
    KiBecomeIdleThread(processor, (PVOID)KeLoaderBlock->BootStackBaseAddress);
    KiJoinDispatcher(processor);
    KiWatchForStarvation();
}

/* IRQL 0, interrupts on: every reason to do something arrives as an interrupt, which switches threads by itself. */
VOID KiIdleLoop(VOID)
{
    KiEnableInterrupts();
    KiWriteCr8(PASSIVE_LEVEL);
    for (;;)
        KiHaltUntilInterrupt();
}

/* ---- Application processors ---- */
typedef struct KI_START {
    KI_PROCESSOR *Processor;
    ULONG Number;
    PVOID StackBase;
    volatile LONG Done;
} KI_START;

static VOID KiApplicationProcessorMain(PVOID Context)
{
    KI_START *start = Context;
    KI_PROCESSOR *processor = start->Processor;

    KiInitializeProcessor(processor, start->Number);
    KiWriteCr8(DISPATCH_LEVEL);
    HalInitializeLocalApic();
    KiBecomeIdleThread(processor, start->StackBase);
    KiStartClock();
    KiJoinDispatcher(processor);
    InterlockedExchange(&start->Done, 1);
    KiIdleLoop();
}

BOOLEAN KeStartProcessor(ULONG Number, const KE_PROCESSOR_MEMORY *Memory, ULONG64 TrampolinePage)
{
    static KI_START start;
    ULONG i;

    start.Processor = Memory->Processor;
    start.StackBase = Memory->IdleStack;
    start.Number = Number;
    start.Done = 0;
    for (i = 0; i < KI_IST_STACKS; i++)
        start.Processor->IstBases[i] = Memory->Stacks[i];
    if (!HalStartProcessor(Number, TrampolinePage, KiReadCr3(), start.StackBase, KiApplicationProcessorMain, &start))
        return FALSE;
    while (InterlockedOr(&start.Done, 0) == 0)
        KiPause();
    return TRUE;
}

/* ---- The documented interface ---- */
ULONG NTAPI KeGetCurrentProcessorNumber(VOID) { return KeProcessorNumber(); }

ULONG NTAPI KeGetCurrentProcessorNumberEx(PPROCESSOR_NUMBER ProcNumber)
{
    if (ProcNumber != NULL) {
        ProcNumber->Group = 0;
        ProcNumber->Number = (UCHAR)KeProcessorNumber();
        ProcNumber->Reserved = 0;
    }
    return KeProcessorNumber();
}

KAFFINITY NTAPI KeQueryActiveProcessors(VOID) { return (1ull << KeNumberProcessors) - 1; }
ULONG NTAPI KeQueryActiveProcessorCount(PKAFFINITY ActiveProcessors)
{
    if (ActiveProcessors != NULL)
        *ActiveProcessors = KeQueryActiveProcessors();
    return (ULONG)KeNumberProcessors;
}
ULONG NTAPI KeQueryActiveProcessorCountEx(USHORT GroupNumber)
{
    return GroupNumber == 0 || GroupNumber == ALL_PROCESSOR_GROUPS ? (ULONG)KeNumberProcessors : 0;
}

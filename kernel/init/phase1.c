/* SPDX-License-Identifier: MIT
 * The first system thread: everything that may wait. Other processors, drivers, self-tests, the lab, and the end.
 */
#include "initp.h"
#include "program.h"
#include "bench.h"
#include "hal.h"
#include "kd.h"
#include "vf.h"
#include "ex.h"
#include "cm.h"
#include "cc.h"
#include "io.h"
#include "po.h"
#include "pnp.h"
#include "ps.h"
#include <generated/version.h>

static BOOLEAN InitAllocateProcessor(KE_PROCESSOR_MEMORY *Memory)
{
    ULONG i;

    Memory->Processor = MmAllocatePagesForKernel(sizeof(KI_PROCESSOR));
    Memory->IdleStack = MmCreateKernelStack();
    for (i = 0; i < KI_IST_STACKS; i++)
        Memory->Stacks[i] = MmCreateKernelStack();
    for (i = 0; i < KI_IST_STACKS; i++)
        if (Memory->Stacks[i] == NULL)
            return FALSE;
    return Memory->Processor != NULL && Memory->IdleStack != NULL;
}

static VOID InitStartProcessors(VOID)
{
    ULONG wanted = (ULONG)InitOptionNumber("cpus", HAL_MAXIMUM_PROCESSORS);
    ULONG count = min(HalProcessorCount(), max(wanted, 1)), number;
    ULONG64 trampoline = count > 1 ? MmReserveTrampolinePage() : 0;

    if (trampoline == 0)
        return;
    for (number = 1; number < count; number++) {
        KE_PROCESSOR_MEMORY memory;
        if (!InitAllocateProcessor(&memory) || !KeStartProcessor(number, &memory, trampoline)) {
            KdLogEvent("warning", "a processor did not start");
            break;
        }
    }
    MmReleaseTrampolinePage(trampoline);
}

static VOID InitStartTrimmer(VOID)
{
    if (!NT_SUCCESS(InitStartThread(MmBalanceSetManager, NULL)))
        KdLogEvent("warning", "nobody makes room when memory is short");
}

static VOID InitReportStart(const LOADER_BLOCK *Block)
{
    MM_STATISTICS memory;
    static const PCSTR sources[] = { "none", "firmware", "rdrand", "jitter" };
    ULONG64 loaderTicks = KeBootTsc - Block->TscAtStart;

    MmQueryStatistics(&memory);
    KdBeginEvent("start");
    KdEventText("version", PETREL_VERSION);
    KdEventText("commit", PETREL_COMMIT);
    KdEventText("build", DBG ? "debug" : "release");
    KdEventNumber("cpus", KeQueryActiveProcessorCount(NULL));
    KdEventNumber("memory_mib", (LONG64)(memory.TotalPages >> 8));
    KdEventText("abi", "10.0.19045");
    KdEventNumber("loader_ns", (LONG64)(loaderTicks * 1000 / (HalTscFrequency() / 1000000)));
    KdEventText("entropy", sources[min(Block->EntropySource, 3)]);
    KdEndEvent();
    KdPrintConsole("Petrel %s (%s, %s) on %lu processor(s), %llu MiB\r\n", PETREL_VERSION, PETREL_COMMIT, DBG ? "debug" : "release",
                   KeQueryActiveProcessorCount(NULL), memory.TotalPages >> 8);
}

DECLSPEC_NORETURN static VOID InitEnd(BOOLEAN Passed)
{
    PCSTR how = InitOption("end");

    KdBeginEvent("end");
    KdEventNumber("status", Passed ? 33 : 35);
    KdEndEvent();
    KdPrintConsole("Petrel is done: %s\r\n", Passed ? "all passed" : "something failed");
    if (how != NULL && how[0] == 'h')
        HalHalt();
    HalExit(Passed ? 33 : 35);
}

VOID InitPhase1(PVOID Context)
{
    LOADER_BLOCK *block = KeLoaderBlock;
    INIT_RESULTS results = { 0 };
    BOOLEAN passed = TRUE;

    (void)Context;
    InitReadOptions(block);
    InitSetVersion();
    MmAllowUnsignedCallbacks = InitOptionNumber("allow-unsigned-callbacks", 0) != 0;
    InitStartProcessors();
    MmReleaseLoaderMemory();
    PsInitializeSections();
    PsInitializeJobs();
    VfInitialize(InitOptionNumber("trace", 0) != 0);
    InitReportStart(block);
    ExInitialize();                    /* worker threads */
    CmInitialize(block);               /* the registry */
    InitStartDpcThreads();
    PoInitialize();
    IoInitialize();                    /* driver, device and file objects */
    CcInitialize();                    /* the cache */
    InitStartTrimmer();                /* what makes room when memory is short */
    IoInitializeRawFileSystem();       /* what volumes fall back on */
    PnpInitialize();                   /* the root bus */
    InitStartBootDrivers(block);
    PnpStartBuses();                   /* the devices of the PCI buses, with these drivers */
    PnpAwaitEvents();                  /* their disks have become volumes */
    InitLinkSystemRoot(&block->BootPartition);
    InitOpenHives();                   /* the registry's files */
    InitStartSystemDrivers();
    InitStartUserMode();               /* ntdll.dll, if there is one */
    InitPrepareEnding();
    if (InitOptionNumber("selftest", 0) != 0) {
        InitRunTests(InitOption("selftest-only"), &results);
        passed = results.Failed == 0;
    }
    if (InitOption("bench") != NULL)
        BenchRun(InitOption("bench"));
    passed = InitRunLab(block) && passed;
    InitEnd(passed);
}

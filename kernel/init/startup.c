/* SPDX-License-Identifier: MIT
 * The kernel's boot order, from the loader's jump to the first thread. Read this first.
 */
#include "initp.h"
#include "hal.h"
#include "kd.h"
#include "rtl.h"
#include "vf.h"
#include "exsync.h"
#include "ob.h"
#include "se.h"
#include "ps.h"
#include "ex.h"
#include "io.h"
#include "po.h"

static ULONG64 InitTime(VOID)
{
    ULONG64 frequency = HalTscFrequency();
    ULONG64 ticks = KiReadTsc() - KeBootTsc;
    return frequency == 0 ? 0 : ticks / frequency * 1000000000ull + ticks % frequency * 1000000000ull / frequency;
}

static VOID InitCheckBlock(const LOADER_BLOCK *Block)
{
    static const CHAR sentence[] = "petrel: cannot start: the loader is of another version than the kernel\r\n";
    if (Block->Signature == LOADER_BLOCK_SIGNATURE && Block->Version == LOADER_BLOCK_VERSION &&
        Block->Size == sizeof(LOADER_BLOCK))
        return;
    HalPortWrite(HalPortConsole, sentence, sizeof(sentence) - 1);
    HalExit(39);
}

static const LOADER_FILE *InitFindFile(const LOADER_BLOCK *Block, ULONG Kind)
{
    const LOADER_FILE *files = (const LOADER_FILE *)Block->FileAddress;
    ULONG i;
    for (i = 0; i < Block->FileCount; i++)
        if (files[i].Kind == Kind)
            return &files[i];
    return NULL;
}

static PVOID InitAllocate(SIZE_T Bytes) { return ExAllocatePoolWithTag(PagedPool, Bytes, 'ltRP'); }
static VOID InitFree(PVOID Block) { ExFreePool(Block); }

static VOID InitConnectRtl(const LOADER_BLOCK *Block)
{
    const LOADER_FILE *casing = InitFindFile(Block, LOADER_FILE_CASING_TABLE);

    RtlUpcalls.Allocate = InitAllocate;
    RtlUpcalls.Free = InitFree;
    RtlUpcalls.IsOnStack = KeIsOnStack;
    if (casing != NULL && casing->Size >= 4 * 65536)
        RtlInitializeCasing((const USHORT *)casing->DataAddress);
}

/* Interrupts are off until the idle loop lets them in; each line relies on those before it. */
VOID KiSystemStartup(LOADER_BLOCK *Block)
{
    KeBootTsc = KiReadTsc();
    KeLoaderBlock = Block;
    HalInitializePorts();
    InitCheckBlock(Block);
    KiInitializeFirstProcessor();      /* GDT, IDT, TSS, GS: from here faults have handlers */
    KiWriteCr8(DISPATCH_LEVEL);
    HalInitializePhase0(Block);        /* APIC, clocks, ACPI tables */
    KdTime = InitTime;
    MmInitialize(Block);               /* page frames, pools, KUSER_SHARED_DATA */
    InitConnectRtl(Block);
    MmAdoptLoaderImages(Block);        /* PsLoadedModuleList: from here stacks have names */
    KiInitializeDispatcher();          /* this code becomes the idle thread */
    KiStartClock();
    VfInitialize(FALSE);
    ObInitialize();                    /* object types and the root of the namespace */
    SeInitialize();
    PsInitialize();                    /* the System process */
    InitStartThread(InitPhase1, NULL);
    KiIdleLoop();
}

/* SPDX-License-Identifier: MIT
 * The classes of NtQuerySystemInformation whose answers are arrays, one element for each processor or just one: as many as fit are
 * returned.
 */
#include "systeminformation.h"

#define EXP_ENTROPY_BYTES 24u                    /* SYSTEM_INTERRUPT_INFORMATION's size: what programs take for randomness */
#define EXP_FIRMWARE_UEFI 2u

typedef struct EXP_PROCESSOR_TIMES {             /* SYSTEM_PROCESSOR_PERFORMANCE_INFORMATION */
    LARGE_INTEGER IdleTime, KernelTime, UserTime, DpcTime, InterruptTime;
    ULONG InterruptCount;
} EXP_PROCESSOR_TIMES;
C_ASSERT(sizeof(EXP_PROCESSOR_TIMES) == 0x30);

typedef struct EXP_PERFORMANCE {                 /* SYSTEM_PERFORMANCE_INFORMATION */
    LARGE_INTEGER IdleProcessTime, Transferred[3];
    ULONG Operations[3], AvailablePages, CommittedPages, CommitLimit, PeakCommitment;
    ULONG PageFaultCount, OtherFaults[4], PageReadCount, PageReadIoCount, CacheReads[2], PagesWritten, PageWriteIoCount;
    ULONG MappedWrites[2], PagedPoolPages, NonPagedPoolPages;
    ULONG PagedPoolBlocks, PagedPoolFrees, NonPagedPoolBlocks, NonPagedPoolFrees, FreeSystemPtes, CodePages[3], LookasideHits[2];
    ULONG AvailablePagedPoolPages, ResidentSystemCachePage, Counts[36];              /* what is not counted is 0 */
    ULONG64 CcTotalDirtyPages, CcDirtyPageThreshold, ResidentAvailablePages, SharedCommittedPages;
} EXP_PERFORMANCE;
C_ASSERT(sizeof(EXP_PERFORMANCE) == 0x158);

typedef struct EXP_BOOT_ENVIRONMENT {            /* SYSTEM_BOOT_ENVIRONMENT_INFORMATION */
    GUID BootIdentifier;
    ULONG FirmwareType;
    ULONG64 BootFlags;
} EXP_BOOT_ENVIRONMENT;
C_ASSERT(sizeof(EXP_BOOT_ENVIRONMENT) == 0x20);

typedef struct EXP_BOOT_GRAPHICS {               /* SYSTEM_BOOT_GRAPHICS_INFORMATION */
    LARGE_INTEGER FrameBuffer;                   /* physical */
    ULONG Width, Height, PixelStride, Flags, Format, DisplayRotation;
} EXP_BOOT_GRAPHICS;
C_ASSERT(sizeof(EXP_BOOT_GRAPHICS) == 0x20);
enum { ExpPixelR8G8B8X8 = 2, ExpPixelB8G8R8X8 = 4 };

static VOID ExpFillProcessorTimes(PVOID Element, ULONG Index)
{
    EXP_PROCESSOR_TIMES *times = Element;
    PKPRCB prcb = &KiProcessors[Index]->Pcr.Prcb;

    times->IdleTime.QuadPart = (LONG64)prcb->IdleThread->KernelTime * PS_TICK;
    times->KernelTime.QuadPart = (LONG64)prcb->KernelTime * PS_TICK;
    times->UserTime.QuadPart = (LONG64)prcb->UserTime * PS_TICK;
    times->DpcTime.QuadPart = (LONG64)prcb->DpcTime * PS_TICK;
    times->InterruptTime.QuadPart = (LONG64)prcb->InterruptTime * PS_TICK;
    times->InterruptCount = prcb->InterruptCount;
}

static VOID ExpFillPerformance(PVOID Element, ULONG Index)
{
    EXP_PERFORMANCE *performance = Element;
    EXP_PROCESSOR_TIMES times;
    MM_STATISTICS memory;
    MM_COMMIT commit;
    ULONG i;

    MmQueryStatistics(&memory);
    MmQueryCommit(&commit);
    for (i = 0; i < (ULONG)KeNumberProcessors; i++) {
        ExpFillProcessorTimes(&times, i);
        performance->IdleProcessTime.QuadPart += times.IdleTime.QuadPart;
    }
    performance->AvailablePages = (ULONG)memory.FreePages;
    performance->CommittedPages = (ULONG)commit.Committed;
    performance->CommitLimit = (ULONG)commit.Limit;
    performance->PeakCommitment = (ULONG)commit.Peak;
    performance->PageFaultCount = (ULONG)commit.Faults;
    performance->PageReadCount = (ULONG)commit.PagesIn;
    performance->PageReadIoCount = (ULONG)commit.InOperations;
    performance->PagedPoolPages = (ULONG)(memory.PoolBytes[2] >> PAGE_SHIFT);
    performance->NonPagedPoolPages = (ULONG)((memory.PoolBytes[0] + memory.PoolBytes[1]) >> PAGE_SHIFT);
    performance->ResidentSystemCachePage = (ULONG)commit.FilePages;
    performance->PagesWritten = (ULONG)commit.PagesOut;
    performance->PageWriteIoCount = (ULONG)commit.OutOperations;
    performance->PagedPoolBlocks = (ULONG)memory.PoolBlocks[2];      /* those in use, less none freed */
    performance->NonPagedPoolBlocks = (ULONG)(memory.PoolBlocks[0] + memory.PoolBlocks[1]);
    performance->CcTotalDirtyPages = MmCountAllDirtyPages();
    performance->ResidentAvailablePages = memory.FreePages;
}

static VOID ExpFillEntropy(PVOID Element, ULONG Index) { ExpRandomBytes(Element, EXP_ENTROPY_BYTES); }

static VOID ExpFillZone(PVOID Element, ULONG Index)
{
    EXP_TIME_ZONE zone;

    ExpReadTimeZone(&zone);
    RtlCopyMemory(Element, &zone, FIELD_OFFSET(EXP_TIME_ZONE, KeyName));
}

static VOID ExpFillDynamicZone(PVOID Element, ULONG Index) { ExpReadTimeZone(Element); }

/* Every processor is a core of its own in one package. */
static VOID ExpFillLogicalProcessor(PVOID Element, ULONG Index)
{
    SYSTEM_LOGICAL_PROCESSOR_INFORMATION *information = Element;

    if (Index == 0) {
        information->ProcessorMask = KeQueryActiveProcessors();
        information->Relationship = RelationProcessorPackage;
        return;
    }
    information->ProcessorMask = 1ull << (Index - 1);
    information->Relationship = RelationProcessorCore;
}

static VOID ExpFillBoot(PVOID Element, ULONG Index) { ((EXP_BOOT_ENVIRONMENT *)Element)->FirmwareType = EXP_FIRMWARE_UEFI; }

/* The frame buffer that the firmware has left: all zeroes where there is none. */
static VOID ExpFillBootGraphics(PVOID Element, ULONG Index)
{
    const LOADER_FRAMEBUFFER *from = &KeLoaderBlock->Framebuffer;
    EXP_BOOT_GRAPHICS *graphics = Element;

    if (from->BasePhysical == 0)
        return;
    graphics->FrameBuffer.QuadPart = (LONG64)from->BasePhysical;
    graphics->Width = from->Width;
    graphics->Height = from->Height;
    graphics->PixelStride = from->PixelsPerScanLine;
    graphics->Format = from->Format == 0 ? ExpPixelR8G8B8X8 : ExpPixelB8G8R8X8;
}

typedef struct EXP_ARRAY_CLASS {
    ULONG Class, ElementBytes;
    BOOLEAN PerProcessor;
    ULONG Others;                                /* elements besides */
    VOID (*Fill)(PVOID Element, ULONG Index);    /* Element is zeroed */
} EXP_ARRAY_CLASS;

static const EXP_ARRAY_CLASS ExpArrayClasses[] = {
    { 2, sizeof(EXP_PERFORMANCE), FALSE, 1, ExpFillPerformance },
    { 8, sizeof(EXP_PROCESSOR_TIMES), TRUE, 0, ExpFillProcessorTimes },
    { 23, EXP_ENTROPY_BYTES, TRUE, 0, ExpFillEntropy },
    { 44, FIELD_OFFSET(EXP_TIME_ZONE, KeyName), FALSE, 1, ExpFillZone },
    { 73, sizeof(SYSTEM_LOGICAL_PROCESSOR_INFORMATION), TRUE, 1, ExpFillLogicalProcessor },
    { 90, sizeof(EXP_BOOT_ENVIRONMENT), FALSE, 1, ExpFillBoot },
    { 102, sizeof(EXP_TIME_ZONE), FALSE, 1, ExpFillDynamicZone },
    { 126, sizeof(EXP_BOOT_GRAPHICS), FALSE, 1, ExpFillBootGraphics },
};

static NTSTATUS ExpFillArray(const EXP_ARRAY_CLASS *Row, PUCHAR Buffer, ULONG Length, PULONG Needed)
{
    ULONG count = (Row->PerProcessor ? (ULONG)KeNumberProcessors : 0) + Row->Others, i;

    *Needed = count * Row->ElementBytes;
    if (Length < Row->ElementBytes)
        return STATUS_INFO_LENGTH_MISMATCH;
    count = min(count, Length / Row->ElementBytes);
    *Needed = count * Row->ElementBytes;
    RtlZeroMemory(Buffer, *Needed);
    for (i = 0; i < count; i++)
        Row->Fill(Buffer + i * Row->ElementBytes, i);
    return STATUS_SUCCESS;
}

NTSTATUS ExpQueryArray(ULONG Class, PVOID Buffer, ULONG Length, PULONG Needed)
{
    ULONG i;

    for (i = 0; i < RTL_NUMBER_OF(ExpArrayClasses); i++)
        if (ExpArrayClasses[i].Class == Class)
            return ExpFillArray(&ExpArrayClasses[i], Buffer, Length, Needed);
    return STATUS_INVALID_INFO_CLASS;
}

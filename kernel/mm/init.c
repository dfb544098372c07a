/* SPDX-License-Identifier: MIT
 * Memory management's boot order.
 */
#include "mi.h"

#define MI_MINIMUM_PAGES 4096u                   /* 16 MiB free, or nothing useful runs */

static VOID MiInitializeSharedData(VOID)
{
    if (!MiMapFreshPages(MI_SHARED_USER_DATA, 1, MI_KERNEL_DATA))
        KeBugCheckEx(INSTALL_MORE_MEMORY, 6, 0, 0, 0);
}

static PVOID MiAllocateForKe(SIZE_T Bytes, ULONG Tag) { return ExAllocatePoolWithTag(NonPagedPoolNx, Bytes, Tag); }
static VOID MiFreeForKe(PVOID Block, ULONG Tag) { ExFreePoolWithTag(Block, Tag); }

VOID MmInitialize(LOADER_BLOCK *Block)
{
    MiInitializePfnDatabase(Block);
    if (MiAvailablePages < MI_MINIMUM_PAGES)
        KeBugCheckEx(INSTALL_MORE_MEMORY, (ULONG_PTR)MiTotalPages, (ULONG_PTR)MiAvailablePages, MI_MINIMUM_PAGES, 0);
    MiInitializeHyperSpace();
    MiInitializeSharedData();
    MiInitializeRegion(&MiSystemRegion, MI_SYSTEM_PTES, MI_SYSTEM_PTES_SIZE);
    MiInitializePools();
    MiCreateKernelHalf();
    MiInitializeDemand();
    KeUpcalls.AccessFault = MiAccessFault;
    KeUpcalls.CreateLargeStack = MiCreateLargeStack;
    KeUpcalls.DeleteLargeStack = MiDeleteLargeStack;
    KeUpcalls.AllocatePool = MiAllocateForKe;
    KeUpcalls.FreePool = MiFreeForKe;
}

/* The loader's identity mapping goes with the whole user half of the boot page tables. */
VOID MmReleaseLoaderMemory(VOID)
{
    ULONG i;
    for (i = 0; i < 256; i++)
        ((volatile ULONG64 *)MI_PXE_BASE)[i] = 0;
    KeFlushTb(0, ~0u);
    MiReclaimDescriptors(KeLoaderBlock);
}

VOID MmQueryStatistics(MM_STATISTICS *Statistics)
{
    RtlZeroMemory(Statistics, sizeof(*Statistics));
    Statistics->TotalPages = MiTotalPages;
    Statistics->FreePages = (ULONG64)MiAvailablePages;
    Statistics->SystemPages = MiSystemRegion.Used;
    MiQueryPools(Statistics);
}

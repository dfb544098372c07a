/* SPDX-License-Identifier: MIT
 * Whole pages of kernel memory, and kernel stacks, from the system region.
 */
#include "mi.h"

static ULONG MiPagesOf(SIZE_T Bytes) { return (ULONG)((Bytes + PAGE_SIZE - 1) >> PAGE_SHIFT); }

PVOID MmAllocatePagesForKernel(SIZE_T Bytes)
{
    ULONG pages = MiPagesOf(Bytes);
    ULONG64 address = Bytes > MI_SYSTEM_PTES_SIZE ? 0 : MiReserveAddresses(&MiSystemRegion, pages);

    if (address == 0)
        return NULL;
    MiAwaitPages(pages);
    if (!MiMapFreshPages(address, pages, MI_KERNEL_DATA)) {
        MiReleaseAddresses(&MiSystemRegion, address, pages);
        return NULL;
    }
    return (PVOID)address;
}

VOID MmFreePagesForKernel(PVOID Address, SIZE_T Bytes)
{
    MiUnmapAndFree((ULONG64)Address, MiPagesOf(Bytes));
    MiReleaseAddresses(&MiSystemRegion, (ULONG64)Address, MiPagesOf(Bytes));
}

/*      base          guard page, never mapped: an overflow faults there and ends as a double fault with its own stack
 *      base + 1000   the stack                                                                                          */
static PVOID MiCreateStack(ULONG Bytes)
{
    ULONG pages = Bytes / PAGE_SIZE;
    ULONG64 address = MiReserveAddresses(&MiSystemRegion, pages + 1);

    if (address == 0)
        return NULL;
    MiAwaitPages(pages);
    if (!MiMapFreshPages(address + PAGE_SIZE, pages, MI_KERNEL_DATA)) {
        MiReleaseAddresses(&MiSystemRegion, address, pages + 1);
        return NULL;
    }
    return (PVOID)(address + PAGE_SIZE + Bytes);
}

static VOID MiDeleteStack(PVOID StackBase, ULONG Bytes)
{
    ULONG64 address = (ULONG64)StackBase - Bytes - PAGE_SIZE;
    MiUnmapAndFree(address + PAGE_SIZE, Bytes / PAGE_SIZE);
    MiReleaseAddresses(&MiSystemRegion, address, Bytes / PAGE_SIZE + 1);
}

PVOID MmCreateKernelStack(VOID) { return MiCreateStack(KE_KERNEL_STACK_SIZE); }
VOID MmDeleteKernelStack(PVOID StackBase) { MiDeleteStack(StackBase, KE_KERNEL_STACK_SIZE); }
PVOID MiCreateLargeStack(VOID) { return MiCreateStack(KE_LARGE_STACK_SIZE); }
VOID MiDeleteLargeStack(PVOID StackBase) { MiDeleteStack(StackBase, KE_LARGE_STACK_SIZE); }

/* SPDX-License-Identifier: MIT
 * Windows of system space onto pages of files: addresses that the cache keeps and fills with one view after the other.
 */
#include "file.h"

#define MI_WINDOW_BATCH 64u

PVOID MmReserveWindow(ULONG Pages) { return (PVOID)MiReserveAddresses(&MiSystemRegion, Pages); }

NTSTATUS MmMapFilePages(MI_SEGMENT *Segment, ULONG64 First, ULONG Count, PVOID Address, PULONG Mapped)
{
    ULONG i;

    *Mapped = 0;
    for (i = 0; i < Count; i++) {
        ULONG64 at = (ULONG64)Address + ((ULONG64)i << PAGE_SHIFT);
        PFN_NUMBER frame;
        if (!MiEnsureTables(at))
            return STATUS_INSUFFICIENT_RESOURCES;
        if (*MiAddressToPte(at) & MI_PTE_VALID)
            continue;
        frame = MiPageOfFile(Segment, First + i);
        if (frame == MI_NO_PAGE)
            return STATUS_RETRY;
        MiWritePte(at, frame, MI_KERNEL_DATA);
        ++*Mapped;
    }
    return STATUS_SUCCESS;
}

/* Entries first, then every TLB, then the pages. */
static ULONG MiEmptyBatch(ULONG64 Address, ULONG Pages)
{
    PFN_NUMBER frames[MI_WINDOW_BATCH];
    ULONG used = 0, i;

    for (i = 0; i < Pages; i++) {
        ULONG64 at = Address + ((ULONG64)i << PAGE_SHIFT), *pte = MiAddressToPte(at);
        if (!MiIsMapped(at))
            continue;
        frames[used++] = (*pte & MI_PTE_FRAME) >> PAGE_SHIFT;
        __atomic_store_n(pte, 0, __ATOMIC_RELEASE);
    }
    if (used != 0)
        KeFlushTb(Address, Pages);
    for (i = 0; i < used; i++)
        MiReleasePage(frames[i]);
    return used;
}

ULONG MmEmptyWindow(PVOID Address, ULONG Pages)
{
    ULONG emptied = 0, i;
    for (i = 0; i < Pages; i += MI_WINDOW_BATCH)
        emptied += MiEmptyBatch((ULONG64)Address + ((ULONG64)i << PAGE_SHIFT), min(MI_WINDOW_BATCH, Pages - i));
    return emptied;
}

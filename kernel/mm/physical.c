/* SPDX-License-Identifier: MIT
 * Questions about physical memory, and copies of it.
 */
#include "mi.h"

/* ---- Ranges ---- */

/* The next run of RAM at or above Page, neighbouring runs joined; FALSE when there is none. */
static BOOLEAN MiNextRun(PFN_NUMBER *Page, PFN_NUMBER *Count)
{
    PFN_NUMBER page = *Page;

    while (page <= MmHighestPhysicalPage && !MiIsRam(page))
        page++;
    if (page > MmHighestPhysicalPage)
        return FALSE;
    *Page = page;
    while (page <= MmHighestPhysicalPage && MiIsRam(page))
        page++;
    *Count = page - *Page;
    return TRUE;
}

PPHYSICAL_MEMORY_RANGE NTAPI MmGetPhysicalMemoryRanges(VOID)
{
    PFN_NUMBER page, count;
    PPHYSICAL_MEMORY_RANGE ranges;
    ULONG runs = 0, i;

    for (page = 0; MiNextRun(&page, &count); page += count)
        runs++;
    ranges = ExAllocatePoolWithTag(NonPagedPoolNx, (runs + 1) * sizeof(*ranges), 'hPmM');
    if (ranges == NULL)
        return NULL;
    for (i = 0, page = 0; i < runs && MiNextRun(&page, &count); i++, page += count) {
        ranges[i].BaseAddress.QuadPart = (LONG64)(page << PAGE_SHIFT);
        ranges[i].NumberOfBytes.QuadPart = (LONG64)(count << PAGE_SHIFT);
    }
    RtlZeroMemory(&ranges[i], sizeof(*ranges));
    return ranges;
}

/* The address at which the page was mapped when it was allocated, or NULL when it has none. */
PVOID NTAPI MmGetVirtualForPhysical(PHYSICAL_ADDRESS PhysicalAddress)
{
    PFN_NUMBER page = (PFN_NUMBER)PhysicalAddress.QuadPart >> PAGE_SHIFT;
    ULONG64 *pte = MiIsRam(page) ? MiPfn(page)->PteAddress : NULL;
    ULONG64 address = (ULONG64)((LONG64)(((ULONG64)pte - MI_PTE_BASE) << 25) >> 16);

    if (pte == NULL || !MiIsMapped(address) || (*pte & MI_PTE_FRAME) >> PAGE_SHIFT != page)
        return NULL;
    return (PVOID)(address | ((ULONG64)PhysicalAddress.QuadPart & (PAGE_SIZE - 1)));
}

/* ---- MmCopyMemory ---- */
/* Bytes of one page of RAM, by way of hyperspace. Target is resident: nothing is paged out. */
static VOID MiCopyFromPage(PVOID Target, PFN_NUMBER Page, ULONG Offset, ULONG Bytes)
{
    KIRQL irql;
    PUCHAR mapping = MiMapInHyperSpace(Page, &irql);
    RtlCopyMemory(Target, mapping + Offset, Bytes);
    MiUnmapHyperSpace(irql);
}

/* The page behind a source address; a user address is made resident first. */
static PFN_NUMBER MiSourcePage(ULONG64 Address, BOOLEAN Physical)
{
    if (Physical)
        return Address >> PAGE_SHIFT;
    if ((LONG64)Address >= 0 && !MiIsMapped(Address) && !NT_SUCCESS(MiAccessFault(Address, 0, NULL)))
        return MI_NO_PAGE;
    if (!MiIsMapped(Address))
        return MI_NO_PAGE;
    return (PFN_NUMBER)MmGetPhysicalAddress((PVOID)Address).QuadPart >> PAGE_SHIFT;
}

NTSTATUS NTAPI MmCopyMemory(PVOID TargetAddress, MM_COPY_ADDRESS SourceAddress, SIZE_T NumberOfBytes, ULONG Flags,
                            PSIZE_T NumberOfBytesTransferred)
{
    ULONG64 at = (ULONG64)SourceAddress.PhysicalAddress.QuadPart;
    SIZE_T done = 0;

    *NumberOfBytesTransferred = 0;
    if (Flags != MM_COPY_MEMORY_PHYSICAL && Flags != MM_COPY_MEMORY_VIRTUAL)
        return STATUS_INVALID_PARAMETER_4;
    while (done < NumberOfBytes) {
        ULONG offset = (ULONG)(at & (PAGE_SIZE - 1));
        ULONG bytes = (ULONG)min(PAGE_SIZE - offset, NumberOfBytes - done);
        PFN_NUMBER page = MiSourcePage(at, Flags == MM_COPY_MEMORY_PHYSICAL);
        if (page == MI_NO_PAGE || !MiIsRam(page))
            return STATUS_INVALID_ADDRESS;
        MiCopyFromPage((PUCHAR)TargetAddress + done, page, offset, bytes);
        at += bytes;
        done += bytes;
        *NumberOfBytesTransferred = done;
    }
    return STATUS_SUCCESS;
}

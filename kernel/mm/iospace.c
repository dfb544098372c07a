/* SPDX-License-Identifier: MIT
 * Device memory, contiguous memory, and other mappings of physical pages into the system region.
 */
#include "pool.h"

static ULONG64 MiCacheBits(MEMORY_CACHING_TYPE Type)
{
    if (Type == MmCached)
        return 0;
    return Type == MmWriteCombined ? MI_PTE_WRITE_THROUGH : MI_PTE_NO_CACHE | MI_PTE_WRITE_THROUGH;
}

/* Maps physical pages at fresh system addresses; 0 when none are left. */
static ULONG64 MiMapPhysical(PFN_NUMBER First, ULONG Pages, ULONG64 Bits)
{
    ULONG64 address = MiReserveAddresses(&MiSystemRegion, Pages);
    ULONG i;

    if (address == 0)
        return 0;
    for (i = 0; i < Pages; i++) {
        ULONG64 at = address + ((ULONG64)i << PAGE_SHIFT);
        if (!MiEnsureTables(at)) {
            MiUnmapOnly(address, i);
            MiReleaseAddresses(&MiSystemRegion, address, Pages);
            return 0;
        }
        MiWritePte(at, First + i, Bits);
    }
    return address;
}

PVOID NTAPI MmMapIoSpace(PHYSICAL_ADDRESS PhysicalAddress, SIZE_T NumberOfBytes, MEMORY_CACHING_TYPE CacheType)
{
    ULONG64 offset = (ULONG64)PhysicalAddress.QuadPart & (PAGE_SIZE - 1);
    ULONG pages = (ULONG)((offset + NumberOfBytes + PAGE_SIZE - 1) >> PAGE_SHIFT);
    ULONG64 address;

    if (NumberOfBytes == 0 || CacheType >= MmMaximumCacheType)
        return NULL;
    address = MiMapPhysical((PFN_NUMBER)PhysicalAddress.QuadPart >> PAGE_SHIFT, pages, MI_KERNEL_DATA | MiCacheBits(CacheType));
    return address == 0 ? NULL : (PVOID)(address + offset);
}

PVOID NTAPI MmMapIoSpaceEx(PHYSICAL_ADDRESS PhysicalAddress, SIZE_T NumberOfBytes, ULONG Protect)
{
    MEMORY_CACHING_TYPE type = Protect & PAGE_NOCACHE ? MmNonCached : Protect & PAGE_WRITECOMBINE ? MmWriteCombined : MmCached;
    return MmMapIoSpace(PhysicalAddress, NumberOfBytes, type);
}

VOID NTAPI MmUnmapIoSpace(PVOID BaseAddress, SIZE_T NumberOfBytes)
{
    ULONG64 address = (ULONG64)BaseAddress & ~(PAGE_SIZE - 1ull);
    ULONG pages = (ULONG)((((ULONG64)BaseAddress & (PAGE_SIZE - 1)) + NumberOfBytes + PAGE_SIZE - 1) >> PAGE_SHIFT);

    MiUnmapOnly(address, pages);
    MiReleaseAddresses(&MiSystemRegion, address, pages);
}

/* ---- Contiguous memory: remembered like pool of whole pages, so that freeing needs only the address ---- */
#define TAG_CONTIGUOUS 'mCmM'

static PVOID MiAllocateContiguous(SIZE_T Bytes, PHYSICAL_ADDRESS Low, PHYSICAL_ADDRESS High, PHYSICAL_ADDRESS Boundary,
                                  ULONG64 Bits)
{
    ULONG pages = (ULONG)((Bytes + PAGE_SIZE - 1) >> PAGE_SHIFT), i;
    PFN_NUMBER first = MiAllocateContiguousPages(pages, ((ULONG64)Low.QuadPart + PAGE_SIZE - 1) >> PAGE_SHIFT,
                                                 (ULONG64)High.QuadPart >> PAGE_SHIFT,
                                                 (ULONG64)Boundary.QuadPart >> PAGE_SHIFT);
    ULONG64 address;

    if (first == MI_NO_PAGE)
        return NULL;
    address = MiMapPhysical(first, pages, Bits);
    if (address != 0 && MiRecordBigPages(address, Bytes, TAG_CONTIGUOUS))
        return (PVOID)address;
    if (address != 0) {
        MiUnmapOnly(address, pages);
        MiReleaseAddresses(&MiSystemRegion, address, pages);
    }
    for (i = 0; i < pages; i++)
        MiFreePage(first + i);
    return NULL;
}

PVOID NTAPI MmAllocateContiguousMemorySpecifyCache(SIZE_T NumberOfBytes, PHYSICAL_ADDRESS LowestAcceptableAddress,
                                                   PHYSICAL_ADDRESS HighestAcceptableAddress,
                                                   PHYSICAL_ADDRESS BoundaryAddressMultiple, MEMORY_CACHING_TYPE CacheType)
{
    return MiAllocateContiguous(NumberOfBytes, LowestAcceptableAddress, HighestAcceptableAddress, BoundaryAddressMultiple,
                                MI_KERNEL_DATA | MiCacheBits(CacheType));
}

/* There is one node, whichever is preferred. */
PVOID NTAPI MmAllocateContiguousMemorySpecifyCacheNode(SIZE_T NumberOfBytes, PHYSICAL_ADDRESS LowestAcceptableAddress,
                                                       PHYSICAL_ADDRESS HighestAcceptableAddress,
                                                       PHYSICAL_ADDRESS BoundaryAddressMultiple, MEMORY_CACHING_TYPE CacheType,
                                                       NODE_REQUIREMENT PreferredNode)
{
    return MmAllocateContiguousMemorySpecifyCache(NumberOfBytes, LowestAcceptableAddress, HighestAcceptableAddress,
                                                  BoundaryAddressMultiple, CacheType);
}

PVOID NTAPI MmAllocateContiguousMemory(SIZE_T NumberOfBytes, PHYSICAL_ADDRESS HighestAcceptableAddress)
{
    PHYSICAL_ADDRESS zero = { .QuadPart = 0 };
    return MiAllocateContiguous(NumberOfBytes, zero, HighestAcceptableAddress, zero, MI_KERNEL_CODE_DATA);
}

VOID NTAPI MmFreeContiguousMemory(PVOID BaseAddress)
{
    SIZE_T bytes = MiForgetBigPages((ULONG64)BaseAddress, NULL);
    ULONG pages = (ULONG)((bytes + PAGE_SIZE - 1) >> PAGE_SHIFT);

    if (bytes == 0)
        KeBugCheckEx(BAD_POOL_CALLER, 0x60, (ULONG_PTR)BaseAddress, 0, 0);
    MiUnmapAndFree((ULONG64)BaseAddress, pages);
    MiReleaseAddresses(&MiSystemRegion, (ULONG64)BaseAddress, pages);
}

VOID NTAPI MmFreeContiguousMemorySpecifyCache(PVOID BaseAddress, SIZE_T NumberOfBytes, MEMORY_CACHING_TYPE CacheType)
{
    (void)NumberOfBytes, (void)CacheType;
    MmFreeContiguousMemory(BaseAddress);
}

/* ---- Noncached memory: whole pages, the caller remembers how many ---- */
PVOID NTAPI MmAllocateNonCachedMemory(SIZE_T NumberOfBytes)
{
    ULONG64 bits = MI_KERNEL_DATA | MiCacheBits(MmNonCached), address;
    ULONG pages = (ULONG)((NumberOfBytes + PAGE_SIZE - 1) >> PAGE_SHIFT);

    if (NumberOfBytes == 0 || NumberOfBytes > MI_SYSTEM_PTES_SIZE)
        return NULL;
    address = MiReserveAddresses(&MiSystemRegion, pages);
    if (address == 0)
        return NULL;
    if (MiMapFreshPages(address, pages, bits))
        return (PVOID)address;
    MiReleaseAddresses(&MiSystemRegion, address, pages);
    return NULL;
}

VOID NTAPI MmFreeNonCachedMemory(PVOID BaseAddress, SIZE_T NumberOfBytes)
{
    MmFreePagesForKernel(BaseAddress, NumberOfBytes);
}

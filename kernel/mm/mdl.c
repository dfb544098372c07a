/* SPDX-License-Identifier: MIT
 * Memory descriptor lists: the pages behind a buffer, kept in place while I/O is under way, and mapped where the system can reach
 * them. The page numbers lie behind the MDL. A locked page counts in MMPFN.ReferenceCount, under MiPfnLock.
 */
#include "mdl.h"

#define MDL_STATE (MDL_PAGES_LOCKED | MDL_SOURCE_IS_NONPAGED_POOL | MDL_PARTIAL)

SIZE_T NTAPI MmSizeOfMdl(PVOID Base, SIZE_T Length)
{
    return sizeof(MDL) + ADDRESS_AND_SIZE_TO_SPAN_PAGES(Base, Length) * sizeof(PFN_NUMBER);
}

/* The caller's memory, or some from pool. */
PMDL NTAPI MmCreateMdl(PMDL MemoryDescriptorList, PVOID Base, SIZE_T Length)
{
    PMDL mdl = MemoryDescriptorList;

    if (mdl == NULL)
        mdl = ExAllocatePoolWithTag(NonPagedPoolNx, MmSizeOfMdl(Base, Length), 'ldmM');
    if (mdl != NULL)
        MmInitializeMdl(mdl, Base, Length);
    return mdl;
}

VOID NTAPI MmBuildMdlForNonPagedPool(PMDLX MemoryDescriptorList)
{
    PPFN_NUMBER pages = MmGetMdlPfnArray(MemoryDescriptorList);
    ULONG64 at = (ULONG64)MemoryDescriptorList->StartVa;
    ULONG count = MiMdlPages(MemoryDescriptorList), i;

    MemoryDescriptorList->Process = NULL;
    for (i = 0; i < count; i++, at += PAGE_SIZE) {
        ASSERT(MiIsMapped(at));
        pages[i] = (*MiAddressToPte(at) & MI_PTE_FRAME) >> PAGE_SHIFT;
    }
    MemoryDescriptorList->MappedSystemVa = (PCHAR)MemoryDescriptorList->StartVa + MemoryDescriptorList->ByteOffset;
    MemoryDescriptorList->MdlFlags |= MDL_SOURCE_IS_NONPAGED_POOL;
}

VOID MiReferencePages(PPFN_NUMBER Pages, ULONG Count, LONG Delta)
{
    ULONG i;
    for (i = 0; i < Count; i++) {
        if (Pages[i] == MI_NO_PAGE || !MiIsRam(Pages[i]))
            continue;
        if (Delta > 0)
            MiReferencePage(Pages[i]);
        else
            MiReleasePage(Pages[i]);
    }
}

/* Kernel addresses: nothing there is paged, so what is not mapped is not there. */
static NTSTATUS MiLockKernelPages(ULONG64 Start, PPFN_NUMBER Pages, ULONG Count, LOCK_OPERATION Operation)
{
    ULONG i;

    for (i = 0; i < Count; i++) {
        ULONG64 at = Start + ((ULONG64)i << PAGE_SHIFT);
        if (!MiIsMapped(at) || (Operation != IoReadAccess && !(*MiAddressToPte(at) & MI_PTE_WRITE)))
            return STATUS_ACCESS_VIOLATION;
        Pages[i] = (*MiAddressToPte(at) & MI_PTE_FRAME) >> PAGE_SHIFT;
    }
    MiReferencePages(Pages, Count, 1);
    return STATUS_SUCCESS;
}

/* Should they be pages of files, they are to be written. */
static VOID MiMarkModified(PPFN_NUMBER Pages, ULONG Count)
{
    ULONG i;
    for (i = 0; i < Count; i++)
        if (Pages[i] != MI_NO_PAGE && MiIsRam(Pages[i]))
            __atomic_fetch_or(&MiPfn(Pages[i])->Flags, MI_PFN_MODIFIED, __ATOMIC_RELAXED);
}

/* Raises with nothing locked when a page is not there or not writable. */
VOID NTAPI MmProbeAndLockPages(PMDLX MemoryDescriptorList, KPROCESSOR_MODE AccessMode, LOCK_OPERATION Operation)
{
    PPFN_NUMBER pages = MmGetMdlPfnArray(MemoryDescriptorList);
    ULONG64 start = (ULONG64)MemoryDescriptorList->StartVa;
    ULONG count = MiMdlPages(MemoryDescriptorList);
    BOOLEAN user = start + ((ULONG64)count << PAGE_SHIFT) <= MmUserProbeAddress;
    NTSTATUS status;

    ASSERT(!(MemoryDescriptorList->MdlFlags & (MDL_STATE | MDL_MAPPED_TO_SYSTEM_VA | MDL_IO_SPACE)));
    if (user)
        status = MiLockUserPages(start, pages, count, Operation);
    else
        status = AccessMode == KernelMode ? MiLockKernelPages(start, pages, count, Operation) : STATUS_ACCESS_VIOLATION;
    if (!NT_SUCCESS(status))
        ExRaiseStatus(status);
    MemoryDescriptorList->Process = user ? (PEPROCESS)KeCurrentThread()->ApcState.Process : NULL;
    MemoryDescriptorList->MdlFlags |= MDL_PAGES_LOCKED;
    if (Operation != IoReadAccess)
        MemoryDescriptorList->MdlFlags |= MDL_WRITE_OPERATION;
}

VOID NTAPI MmUnlockPages(PMDLX MemoryDescriptorList)
{
    ASSERT(MemoryDescriptorList->MdlFlags & MDL_PAGES_LOCKED);
    if (MemoryDescriptorList->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA)
        MmUnmapLockedPages(MemoryDescriptorList->MappedSystemVa, MemoryDescriptorList);
    if (MemoryDescriptorList->MdlFlags & MDL_WRITE_OPERATION)
        MiMarkModified(MmGetMdlPfnArray(MemoryDescriptorList), MiMdlPages(MemoryDescriptorList));
    MiReferencePages(MmGetMdlPfnArray(MemoryDescriptorList), MiMdlPages(MemoryDescriptorList), -1);
    MemoryDescriptorList->MdlFlags &= ~(MDL_PAGES_LOCKED | MDL_WRITE_OPERATION);
}

static ULONG64 MiBitsOfMapping(MEMORY_CACHING_TYPE CacheType)
{
    if (CacheType == MmNonCached)
        return MI_KERNEL_DATA | MI_PTE_NO_CACHE | MI_PTE_WRITE_THROUGH;
    return CacheType == MmWriteCombined ? MI_KERNEL_DATA | MI_PTE_WRITE_THROUGH : MI_KERNEL_DATA;
}

static PVOID MiMapMdl(PMDL Mdl, MEMORY_CACHING_TYPE CacheType)
{
    PPFN_NUMBER pages = MmGetMdlPfnArray(Mdl);
    ULONG count = MiMdlPages(Mdl), i;
    ULONG64 address = MiReserveAddresses(&MiSystemRegion, count);

    for (i = 0; address != 0 && i < count; i++) {
        if (!MiEnsureTables(address + ((ULONG64)i << PAGE_SHIFT))) {
            MiUnmapOnly(address, i);
            MiReleaseAddresses(&MiSystemRegion, address, count);
            return NULL;
        }
        MiWritePte(address + ((ULONG64)i << PAGE_SHIFT), pages[i], MiBitsOfMapping(CacheType));
    }
    return address != 0 ? (PCHAR)address + Mdl->ByteOffset : NULL;
}

/* User space: raises when there is no room; the mapping ends with MmUnmapLockedPages in the same process, or with the process. */
static PVOID MiMapForUser(PMDL Mdl, MEMORY_CACHING_TYPE CacheType, PVOID BaseAddress)
{
    ULONG64 cache = MiBitsOfMapping(CacheType) & (MI_PTE_NO_CACHE | MI_PTE_WRITE_THROUGH);
    PVOID mapping;
    NTSTATUS status = MiMapMdlInUserSpace(Mdl, cache, BaseAddress, &mapping);

    if (!NT_SUCCESS(status))
        ExRaiseStatus(status);
    return mapping;
}

PVOID NTAPI MmMapLockedPagesSpecifyCache(PMDLX MemoryDescriptorList, KPROCESSOR_MODE AccessMode, MEMORY_CACHING_TYPE CacheType,
                                         PVOID BaseAddress, ULONG BugCheckOnFailure, MM_PAGE_PRIORITY Priority)
{
    PVOID mapping;

    (void)Priority;
    if (AccessMode != KernelMode)
        return MiMapForUser(MemoryDescriptorList, CacheType, BaseAddress);
    ASSERT(!(MemoryDescriptorList->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA));
    mapping = MiMapMdl(MemoryDescriptorList, CacheType);
    if (mapping == NULL) {
        if (BugCheckOnFailure)
            KeBugCheckEx(NO_MORE_SYSTEM_PTES, 0, MiMdlPages(MemoryDescriptorList), 0, 0);
        return NULL;
    }
    MemoryDescriptorList->MappedSystemVa = mapping;
    MemoryDescriptorList->MdlFlags |= MDL_MAPPED_TO_SYSTEM_VA;
    if (MemoryDescriptorList->MdlFlags & MDL_PARTIAL)
        MemoryDescriptorList->MdlFlags |= MDL_PARTIAL_HAS_BEEN_MAPPED;
    return mapping;
}

PVOID NTAPI MmMapLockedPages(PMDL MemoryDescriptorList, KPROCESSOR_MODE AccessMode)
{
    return MmMapLockedPagesSpecifyCache(MemoryDescriptorList, AccessMode, MmCached, NULL, TRUE, HighPagePriority);
}

VOID NTAPI MmUnmapLockedPages(PVOID BaseAddress, PMDL MemoryDescriptorList)
{
    ULONG64 address = (ULONG64)BaseAddress & ~(PAGE_SIZE - 1ull);
    ULONG count = MiMdlPages(MemoryDescriptorList);

    if (BaseAddress <= MmHighestUserAddress) {
        MiUnmapMdlFromUserSpace(BaseAddress);
        return;
    }
    MiUnmapOnly(address, count);
    MiReleaseAddresses(&MiSystemRegion, address, count);
    MemoryDescriptorList->MdlFlags &= ~(MDL_MAPPED_TO_SYSTEM_VA | MDL_PARTIAL_HAS_BEEN_MAPPED);
}

/* ---- Pages without an address ---- */
static PMDL MiMdlOfFreshPages(SIZE_T Bytes, PHYSICAL_ADDRESS Low, PHYSICAL_ADDRESS High)
{
    ULONG pages = (ULONG)((Bytes + PAGE_SIZE - 1) >> PAGE_SHIFT), i;
    SIZE_T size = MmSizeOfMdl(NULL, (SIZE_T)pages << PAGE_SHIFT);
    PMDL mdl = pages != 0 ? ExAllocatePoolWithTag(NonPagedPoolNx, size, 'ldmM') : NULL;

    if (mdl == NULL)
        return NULL;
    MmInitializeMdl(mdl, NULL, (SIZE_T)pages << PAGE_SHIFT);
    for (i = 0; i < pages; i++) {
        PFN_NUMBER page = MiAllocatePage(TRUE);
        if (page == MI_NO_PAGE)
            break;
        if (page < (ULONG64)Low.QuadPart >> PAGE_SHIFT || page > (ULONG64)High.QuadPart >> PAGE_SHIFT) {
            MiFreePage(page);                    /* out of the wanted range: fewer pages, as documented */
            break;
        }
        MmGetMdlPfnArray(mdl)[i] = page;
    }
    if (i == 0) {
        ExFreePoolWithTag(mdl, 'ldmM');
        return NULL;
    }
    mdl->ByteCount = i << PAGE_SHIFT;
    mdl->MdlFlags |= MDL_PAGES_LOCKED;
    return mdl;
}

PMDL NTAPI MmAllocatePagesForMdl(PHYSICAL_ADDRESS LowAddress, PHYSICAL_ADDRESS HighAddress, PHYSICAL_ADDRESS SkipBytes,
                                 SIZE_T TotalBytes)
{
    (void)SkipBytes;
    return MiMdlOfFreshPages(TotalBytes, LowAddress, HighAddress);
}

PMDL NTAPI MmAllocatePagesForMdlEx(PHYSICAL_ADDRESS LowAddress, PHYSICAL_ADDRESS HighAddress, PHYSICAL_ADDRESS SkipBytes,
                                   SIZE_T TotalBytes, MEMORY_CACHING_TYPE CacheType, ULONG Flags)
{
    (void)CacheType, (void)Flags;
    return MmAllocatePagesForMdl(LowAddress, HighAddress, SkipBytes, TotalBytes);
}

VOID NTAPI MmFreePagesFromMdl(PMDLX MemoryDescriptorList)
{
    ULONG i, count = MiMdlPages(MemoryDescriptorList);
    for (i = 0; i < count; i++)
        MiFreePage(MmGetMdlPfnArray(MemoryDescriptorList)[i]);
    MemoryDescriptorList->MdlFlags &= ~MDL_PAGES_LOCKED;
}

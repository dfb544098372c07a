/* SPDX-License-Identifier: MIT
 * MDLs that exist already: moved forward, and given another protection where they are mapped.
 */
#include "mdl.h"

/* Pages that the MDL leaves behind are unlocked and, where it has a mapping of its own, unmapped. */
static VOID MiDropFirstPages(PMDL Mdl, ULONG Count)
{
    PPFN_NUMBER pages = MmGetMdlPfnArray(Mdl);
    ULONG total = MiMdlPages(Mdl), i;
    ULONG64 mapping = (ULONG64)Mdl->MappedSystemVa & ~(PAGE_SIZE - 1ull);

    if (Mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA) {
        MiUnmapOnly(mapping, Count);
        MiReleaseAddresses(&MiSystemRegion, mapping, Count);
    }
    if (Mdl->MdlFlags & MDL_PAGES_LOCKED)
        MiReferencePages(pages, Count, -1);
    for (i = Count; i < total; i++)
        pages[i - Count] = pages[i];
}

NTSTATUS NTAPI MmAdvanceMdl(PMDL Mdl, ULONG NumberOfBytes)
{
    ULONG offset = Mdl->ByteOffset + NumberOfBytes, pages = offset >> PAGE_SHIFT;

    if (NumberOfBytes >= Mdl->ByteCount)
        return STATUS_INVALID_PARAMETER_2;
    if (pages != 0)
        MiDropFirstPages(Mdl, pages);
    if (Mdl->MdlFlags & (MDL_MAPPED_TO_SYSTEM_VA | MDL_SOURCE_IS_NONPAGED_POOL))
        Mdl->MappedSystemVa = (PCHAR)Mdl->MappedSystemVa + NumberOfBytes;
    Mdl->StartVa = (PCHAR)Mdl->StartVa + ((ULONG64)pages << PAGE_SHIFT);
    Mdl->ByteOffset = offset & (PAGE_SIZE - 1);
    Mdl->ByteCount -= NumberOfBytes;
    return STATUS_SUCCESS;
}

static BOOLEAN MiBitsOfSystemProtection(ULONG Protect, PULONG64 Bits)
{
    ULONG64 readable = MI_PTE_VALID | MI_PTE_GLOBAL | MI_PTE_ACCESSED;

    switch (Protect) {
    case PAGE_NOACCESS: *Bits = 0; return TRUE;
    case PAGE_READONLY: *Bits = readable | MI_PTE_NO_EXECUTE; return TRUE;
    case PAGE_READWRITE: *Bits = MI_KERNEL_DATA; return TRUE;
    case PAGE_EXECUTE:
    case PAGE_EXECUTE_READ: *Bits = readable; return TRUE;
    case PAGE_EXECUTE_READWRITE: *Bits = MI_KERNEL_CODE_DATA; return TRUE;
    default: return FALSE;
    }
}

/* The cache attributes of the mapping stay. */
NTSTATUS NTAPI MmProtectMdlSystemAddress(PMDL MemoryDescriptorList, ULONG NewProtect)
{
    ULONG count = MiMdlPages(MemoryDescriptorList), i;
    ULONG64 at = (ULONG64)MemoryDescriptorList->MappedSystemVa & ~(PAGE_SIZE - 1ull), bits;

    if (!MiBitsOfSystemProtection(NewProtect, &bits))
        return STATUS_INVALID_PAGE_PROTECTION;
    if (!(MemoryDescriptorList->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA))
        return STATUS_NOT_MAPPED_VIEW;
    for (i = 0; i < count; i++) {
        ULONG64 *pte = MiAddressToPte(at + ((ULONG64)i << PAGE_SHIFT));
        ULONG64 kept = *pte & (MI_PTE_FRAME | MI_PTE_NO_CACHE | MI_PTE_WRITE_THROUGH);
        __atomic_store_n(pte, kept | bits, __ATOMIC_RELEASE);
    }
    KeFlushTb(at, count);
    return STATUS_SUCCESS;
}

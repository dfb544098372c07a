/* SPDX-License-Identifier: MIT
 * Kernel page tables through the self-map. Tables are only ever added, under MiTableLock; leaf entries belong to whoever reserved
 * their addresses, so they are written without it.
 */
#include "mi.h"

static KE_LOCK MiTableLock = KE_LOCK_OF_RANK(KeRankPageTables);

#define MI_TABLE_BITS (MI_PTE_VALID | MI_PTE_WRITE | MI_PTE_ACCESSED | MI_PTE_DIRTY)

/* Fills one entry of a table above the leaf; Child is where the new table appears in the self-map. The table is zeroed before it
 * is published: others use it at once, without the lock. Only while the boot has no hyperspace, and no other processor, it is zeroed
 * through the self-map afterwards. */
static BOOLEAN MiEnsureEntry(ULONG64 *Entry, ULONG64 *Child, ULONG64 Bits)
{
    PFN_NUMBER page;

    if (*Entry & MI_PTE_VALID)
        return TRUE;
    page = MiAllocatePage(MiHyperSpaceIsReady);
    if (page == MI_NO_PAGE)
        return FALSE;
    __atomic_store_n(Entry, (ULONG64)page << PAGE_SHIFT | Bits, __ATOMIC_RELEASE);
    if (MiHyperSpaceIsReady)
        return TRUE;
    Child = (ULONG64 *)((ULONG64)Child & ~(PAGE_SIZE - 1ull));
    KiInvalidatePage((ULONG64)Child);
    RtlZeroMemory(Child, PAGE_SIZE);
    return TRUE;
}

BOOLEAN MiEnsureTables(ULONG64 Address)
{
    ULONG64 bits = MI_TABLE_BITS | ((LONG64)Address >= 0 ? MI_PTE_USER : 0);
    KIRQL irql;
    BOOLEAN done;

    if ((*MiAddressToPxe(Address) & MI_PTE_VALID) && (*MiAddressToPpe(Address) & MI_PTE_VALID) &&
        (*MiAddressToPde(Address) & MI_PTE_VALID))
        return TRUE;
    irql = KeLockAcquire(&MiTableLock);
    done = MiEnsureEntry(MiAddressToPxe(Address), MiAddressToPpe(Address), bits) &&
           MiEnsureEntry(MiAddressToPpe(Address), MiAddressToPde(Address), bits) &&
           MiEnsureEntry(MiAddressToPde(Address), MiAddressToPte(Address), bits);
    KeLockRelease(&MiTableLock, irql);
    return done;
}

static BOOLEAN MiIsCanonical(ULONG64 Address)
{
    return (ULONG64)((LONG64)(Address << 16) >> 16) == Address;
}

BOOLEAN MiIsMapped(ULONG64 Address)
{
    ULONG64 entry;

    if (!MiIsCanonical(Address) || !(*MiAddressToPxe(Address) & MI_PTE_VALID) || !(*MiAddressToPpe(Address) & MI_PTE_VALID))
        return FALSE;
    entry = *MiAddressToPde(Address);
    if (!(entry & MI_PTE_VALID))
        return FALSE;
    return (entry & MI_PTE_LARGE) || (*MiAddressToPte(Address) & MI_PTE_VALID);
}

VOID MiProtectRange(ULONG64 Address, ULONG Pages, ULONG64 Bits)
{
    ULONG i;
    for (i = 0; i < Pages; i++) {
        ULONG64 *pte = MiAddressToPte(Address + ((ULONG64)i << PAGE_SHIFT));
        if (*pte & MI_PTE_VALID)
            __atomic_store_n(pte, (*pte & MI_PTE_FRAME) | Bits, __ATOMIC_RELEASE);
    }
    KeFlushTb(Address, Pages);
}

BOOLEAN MiMapFreshPages(ULONG64 Address, ULONG Pages, ULONG64 Bits)
{
    ULONG i;
    for (i = 0; i < Pages; i++) {
        ULONG64 at = Address + ((ULONG64)i << PAGE_SHIFT);
        PFN_NUMBER page = MiEnsureTables(at) ? MiAllocatePage(FALSE) : MI_NO_PAGE;
        if (page == MI_NO_PAGE) {
            MiUnmapAndFree(Address, i);
            return FALSE;
        }
        MiPfn(page)->PteAddress = MiAddressToPte(at);
        MiWritePte(at, page, Bits | MI_PTE_WRITE);
        RtlZeroMemory((PVOID)at, PAGE_SIZE);
    }
    return TRUE;
}

/* Entries go first, then every processor forgets them, then the pages are free: nobody sees a page that is somebody else's. */
VOID MiUnmapOnly(ULONG64 Address, ULONG Pages)
{
    ULONG i;
    for (i = 0; i < Pages; i++)
        __atomic_store_n(MiAddressToPte(Address + ((ULONG64)i << PAGE_SHIFT)), 0, __ATOMIC_RELEASE);
    KeFlushTb(Address, Pages);
}

VOID MiUnmapAndFree(ULONG64 Address, ULONG Pages)
{
    ULONG i;

    if (Pages == 0)
        return;
    for (i = 0; i < Pages; i++) {
        ULONG64 *pte = MiAddressToPte(Address + ((ULONG64)i << PAGE_SHIFT));
        __atomic_store_n(pte, *pte & ~MI_PTE_VALID, __ATOMIC_RELEASE);
    }
    KeFlushTb(Address, Pages);
    for (i = 0; i < Pages; i++) {
        ULONG64 *pte = MiAddressToPte(Address + ((ULONG64)i << PAGE_SHIFT));
        ULONG64 frame = *pte & MI_PTE_FRAME;
        *pte = 0;
        if (frame != 0)
            MiFreePage(frame >> PAGE_SHIFT);
    }
}

/* ---- The documented interface ---- */
BOOLEAN NTAPI MmIsAddressValid(PVOID VirtualAddress) { return MiIsMapped((ULONG64)VirtualAddress); }

PHYSICAL_ADDRESS NTAPI MmGetPhysicalAddress(PVOID BaseAddress)
{
    ULONG64 address = (ULONG64)BaseAddress;
    PHYSICAL_ADDRESS physical = { .QuadPart = 0 };

    if (!MiIsMapped(address))
        return physical;
    if (*MiAddressToPde(address) & MI_PTE_LARGE)
        physical.QuadPart = (LONG64)((*MiAddressToPde(address) & MI_PTE_FRAME & ~0x1FFFFFull) | (address & 0x1FFFFF));
    else
        physical.QuadPart = (LONG64)((*MiAddressToPte(address) & MI_PTE_FRAME) | (address & (PAGE_SIZE - 1)));
    return physical;
}

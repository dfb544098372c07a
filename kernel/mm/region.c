/* SPDX-License-Identifier: MIT
 * Kernel address regions: which pages of a stretch of addresses are taken, as a bitmap searched from where the last search ended.
 */
#include "mi.h"

MI_REGION MiSystemRegion = { .Lock = KE_LOCK_OF_RANK(KeRankSystemPtes) };

static VOID MiSetBits(MI_REGION *Region, ULONG First, ULONG Count, BOOLEAN Value)
{
    ULONG i;
    for (i = First; i < First + Count; i++) {
        ASSERT(MiBit(Region, i) != Value);
        if (Value)
            Region->Bits[i / 64] |= 1ull << i % 64;
        else
            Region->Bits[i / 64] &= ~(1ull << i % 64);
    }
}

VOID MiInitializeRegion(MI_REGION *Region, ULONG64 Base, ULONG64 Bytes)
{
    ULONG bitmapPages;

    Region->Base = Base;
    Region->Pages = (ULONG)(Bytes >> PAGE_SHIFT);
    bitmapPages = (Region->Pages / 8 + PAGE_SIZE - 1) >> PAGE_SHIFT;
    /* The bitmap occupies the region's own first pages. */
    Region->Bits = (ULONG64 *)Base;
    if (!MiMapFreshPages(Base, bitmapPages, MI_KERNEL_DATA))
        KeBugCheckEx(INSTALL_MORE_MEMORY, 3, 0, 0, 0);
    MiSetBits(Region, 0, bitmapPages, TRUE);
    Region->Hint = bitmapPages;
    Region->Used = bitmapPages;
}

/* Addresses are not used again at once, so that who still uses what was freed is caught; but not all of a region's are gone through, for
 * each 2 MiB of them want a page table, which stays. */
#define MI_ROVING_PAGES 8192u

/* First run of Count clear bits in [From, To), or To. */
static ULONG MiFindRun(const MI_REGION *Region, ULONG From, ULONG To, ULONG Count)
{
    ULONG at = From, run = 0;

    while (at < To) {
        if (run == 0 && at % 64 == 0 && Region->Bits[at / 64] == ~0ull) {
            at += 64;
            continue;
        }
        run = MiBit(Region, at) ? 0 : run + 1;
        at++;
        if (run == Count)
            return at - Count;
    }
    return To;
}

ULONG64 MiReserveAddresses(MI_REGION *Region, ULONG Pages)
{
    KIRQL irql;
    ULONG at;

    if (Pages == 0 || Pages > Region->Pages)
        return 0;
    irql = KeLockAcquire(&Region->Lock);
    if (Region->Hint > 2 * Region->Used + MI_ROVING_PAGES)
        Region->Hint = 0;
    at = MiFindRun(Region, Region->Hint, Region->Pages, Pages);
    if (at == Region->Pages)
        at = MiFindRun(Region, 0, Region->Pages, Pages);
    if (at != Region->Pages) {
        MiSetBits(Region, at, Pages, TRUE);
        Region->Hint = at + Pages;
        Region->Used += Pages;
    }
    KeLockRelease(&Region->Lock, irql);
    return at == Region->Pages ? 0 : Region->Base + ((ULONG64)at << PAGE_SHIFT);
}

VOID MiReleaseAddresses(MI_REGION *Region, ULONG64 Address, ULONG Pages)
{
    KIRQL irql = KeLockAcquire(&Region->Lock);
    MiSetBits(Region, (ULONG)((Address - Region->Base) >> PAGE_SHIFT), Pages, FALSE);
    Region->Used -= Pages;
    KeLockRelease(&Region->Lock, irql);
}

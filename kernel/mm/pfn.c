/* SPDX-License-Identifier: MIT
 * The page frame database: one MMPFN for each page of RAM, at MI_PFN_DATABASE, and the list of free pages.
 *
 * While it is being built, pages come from a cursor over the loader's free descriptors (boot only, one processor). Afterwards
 * MiPfnLock guards every frame's state and the free list. Free pages are not zeroed; who asks for zeroes gets them at once.
 */
#include "mi.h"

KE_LOCK MiPfnLock = KE_LOCK_OF_RANK(KeRankPfn);
ULONG64 MmHighestPhysicalPage;
PFN_NUMBER MiTotalPages;
volatile LONG64 MiAvailablePages;
volatile LONG64 MiPageablePages, MiFilePages;    /* M */
static PFN_NUMBER MiFreeListHead = MI_NO_PAGE;   /* M linked by Flink */
static BOOLEAN MiDatabaseIsReady;                /* - */
static LOADER_MEMORY *MiBootCursor;              /* - descriptor that boot pages are cut from */
static PFN_NUMBER MiBootPagesTaken;              /* - from the end of that descriptor */
static LOADER_BLOCK *MiBootBlock;                /* - */

static LOADER_MEMORY *MiDescriptors(LOADER_BLOCK *Block) { return (LOADER_MEMORY *)Block->MemoryAddress; }

/* Memory that is RAM, whoever uses it now. */
static BOOLEAN MiIsRamType(ULONG Type) { return Type >= LOADER_MEMORY_FREE && Type <= LOADER_MEMORY_ACPI_RECLAIM; }

/* Boot pages come from the largest free descriptor above 1 MiB, from its end downwards. */
static VOID MiChooseBootDescriptor(LOADER_BLOCK *Block)
{
    LOADER_MEMORY *d = MiDescriptors(Block), *best = NULL;
    ULONG i;
    for (i = 0; i < Block->MemoryCount; i++)
        if (d[i].Type == LOADER_MEMORY_FREE && d[i].BasePage >= 256 && (best == NULL || d[i].PageCount > best->PageCount))
            best = &d[i];
    if (best == NULL)
        KeBugCheckEx(INSTALL_MORE_MEMORY, 0, 0, 0, 0);
    MiBootCursor = best;
}

static PFN_NUMBER MiTakeBootPage(VOID)
{
    if (MiBootCursor->PageCount == 0)
        KeBugCheckEx(INSTALL_MORE_MEMORY, 1, 0, 0, 0);
    MiBootPagesTaken++;
    return MiBootCursor->BasePage + --MiBootCursor->PageCount;
}

static VOID MiMapDatabaseFor(PFN_NUMBER First, PFN_NUMBER Count)
{
    ULONG64 from = (ULONG64)MiPfn(First) & ~(PAGE_SIZE - 1ull), to = (ULONG64)MiPfn(First + Count);
    for (; from < to; from += PAGE_SIZE) {
        if (!MiEnsureTables(from))
            KeBugCheckEx(INSTALL_MORE_MEMORY, 2, 0, 0, 0);
        if (*MiAddressToPte(from) & MI_PTE_VALID)
            continue;
        MiWritePte(from, MiTakeBootPage(), MI_KERNEL_DATA);
        RtlZeroMemory((PVOID)from, PAGE_SIZE);
    }
}

static VOID MiCountPageable(UCHAR Flags, LONG Step)
{
    MiPageablePages += Flags & MI_PFN_PAGEABLE ? Step : 0;
    MiFilePages += Flags & MI_PFN_FILE ? Step : 0;
}

static VOID MiPutOnFreeList(PFN_NUMBER Page)
{
    MMPFN *pfn = MiPfn(Page);
    pfn->PageLocation = MiPageFree;
    pfn->ReferenceCount = 0;
    pfn->ShareCount = 0;
    pfn->PteAddress = NULL;
    MiCountPageable(pfn->Flags, -1);
    pfn->Flags = 0;
    pfn->Flink = MiFreeListHead;
    MiFreeListHead = Page;
    MiAvailablePages++;
}

static VOID MiFillDatabase(LOADER_BLOCK *Block, BOOLEAN (*Wanted)(ULONG Type))
{
    LOADER_MEMORY *d = MiDescriptors(Block);
    ULONG i;
    PFN_NUMBER page;

    for (i = 0; i < Block->MemoryCount; i++) {
        for (page = d[i].BasePage; Wanted(d[i].Type) && page < d[i].BasePage + d[i].PageCount; page++)
            if (page >= 256)                     /* the first megabyte is for trampolines only */
                MiPutOnFreeList(page);
    }
}

static BOOLEAN MiIsFreeType(ULONG Type) { return Type == LOADER_MEMORY_FREE; }
static BOOLEAN MiIsReclaimableType(ULONG Type) { return Type == LOADER_MEMORY_RECLAIMABLE; }

VOID MiInitializePfnDatabase(LOADER_BLOCK *Block)
{
    LOADER_MEMORY *d = MiDescriptors(Block);
    ULONG i;

    MiBootBlock = Block;
    MiChooseBootDescriptor(Block);
    for (i = 0; i < Block->MemoryCount; i++) {
        if (!MiIsRamType(d[i].Type))
            continue;
        MmHighestPhysicalPage = max(MmHighestPhysicalPage, d[i].BasePage + d[i].PageCount - 1);
        MiTotalPages += d[i].PageCount;
    }
    for (i = 0; i < Block->MemoryCount; i++)
        if (MiIsRamType(d[i].Type)) {
            PFN_NUMBER page, count = d[i].PageCount + (&d[i] == MiBootCursor ? MiBootPagesTaken : 0);
            MiMapDatabaseFor(d[i].BasePage, count);
            for (page = d[i].BasePage; page < d[i].BasePage + count; page++) {
                MiPfn(page)->PageLocation = MiPageActive;
                MiPfn(page)->ReferenceCount = 1;         /* the boot's own */
            }
        }
    MiFillDatabase(Block, MiIsFreeType);
    MiDatabaseIsReady = TRUE;
}

VOID MiReclaimDescriptors(LOADER_BLOCK *Block)
{
    KIRQL irql = KeLockAcquire(&MiPfnLock);
    MiFillDatabase(Block, MiIsReclaimableType);
    KeLockRelease(&MiPfnLock, irql);
}

BOOLEAN MiIsRam(PFN_NUMBER Page)
{
    /* Around holes only a part of the database is mapped, and an entry may cross into a page that is not. */
    return Page <= MmHighestPhysicalPage && MiIsMapped((ULONG64)MiPfn(Page)) && MiIsMapped((ULONG64)MiPfn(Page + 1) - 1) &&
           MiPfn(Page)->PageLocation != MiPageReserved;
}

static PFN_NUMBER MiTakeFreePage(ULONG64 Reserve, UCHAR Flags)
{
    KIRQL irql = KeLockAcquire(&MiPfnLock);
    PFN_NUMBER page = (ULONG64)MiAvailablePages > Reserve ? MiFreeListHead : MI_NO_PAGE;

    if (page != MI_NO_PAGE) {
        MiFreeListHead = MiPfn(page)->Flink;
        MiPfn(page)->PageLocation = MiPageActive;
        MiPfn(page)->ReferenceCount = 1;
        MiPfn(page)->Flags = Flags;
        MiAvailablePages--;
        MiCountPageable(Flags, 1);
    }
    KeLockRelease(&MiPfnLock, irql);
    if ((ULONG64)MiAvailablePages < MiLowPages)
        MiAskTrimmer();
    return page;
}

static PFN_NUMBER MiTakePage(BOOLEAN Zeroed, ULONG64 Reserve, UCHAR Flags)
{
    PFN_NUMBER page = MiTakeFreePage(Reserve, Flags);
    KIRQL irql;

    if (page != MI_NO_PAGE && Zeroed) {
        PVOID mapping = MiMapInHyperSpace(page, &irql);
        RtlZeroMemory(mapping, PAGE_SIZE);
        MiUnmapHyperSpace(irql);
    }
    return page;
}

PFN_NUMBER MiAllocatePage(BOOLEAN Zeroed)
{
    if (!MiDatabaseIsReady)
        return MiTakeBootPage();                 /* its user zeroes it: there is no hyperspace yet */
    return MiTakePage(Zeroed, 0, 0);
}

PFN_NUMBER MiAllocateUserPage(BOOLEAN Zeroed) { return MiTakePage(Zeroed, MiReservePages, MI_PFN_PAGEABLE); }
PFN_NUMBER MiAllocateFilePage(VOID) { return MiTakePage(FALSE, MiReservePages, MI_PFN_PAGEABLE | MI_PFN_FILE); }

VOID MiMarkPageable(PFN_NUMBER Page)
{
    KIRQL irql = KeLockAcquire(&MiPfnLock);
    if (!(MiPfn(Page)->Flags & MI_PFN_PAGEABLE))
        MiPageablePages++;
    __atomic_fetch_or(&MiPfn(Page)->Flags, MI_PFN_PAGEABLE, __ATOMIC_RELAXED);
    KeLockRelease(&MiPfnLock, irql);
}

VOID MiFreePage(PFN_NUMBER Page)
{
    KIRQL irql = KeLockAcquire(&MiPfnLock);
    ASSERT(MiPfn(Page)->PageLocation == MiPageActive);
    MiPutOnFreeList(Page);
    KeLockRelease(&MiPfnLock, irql);
}

VOID MiReferencePage(PFN_NUMBER Page)
{
    KIRQL irql = KeLockAcquire(&MiPfnLock);
    MiPfn(Page)->ReferenceCount++;
    KeLockRelease(&MiPfnLock, irql);
}

ULONG MiPageReferences(PFN_NUMBER Page)
{
    KIRQL irql = KeLockAcquire(&MiPfnLock);
    ULONG count = MiPfn(Page)->ReferenceCount;
    KeLockRelease(&MiPfnLock, irql);
    return count;
}

/* A page that somebody freed while it was locked is on the free list already, and its count means nothing. */
VOID MiReleasePage(PFN_NUMBER Page)
{
    KIRQL irql = KeLockAcquire(&MiPfnLock);
    if (MiPfn(Page)->PageLocation == MiPageActive && --MiPfn(Page)->ReferenceCount == 0)
        MiPutOnFreeList(Page);
    KeLockRelease(&MiPfnLock, irql);
}

/* Takes the pages [First, First + Count) off the free list, which is walked once. */
static VOID MiUnlinkRangeLocked(PFN_NUMBER First, PFN_NUMBER Count)
{
    PFN_NUMBER *link = &MiFreeListHead;
    while (*link != MI_NO_PAGE) {
        MMPFN *pfn = MiPfn(*link);
        if (*link - First < Count) {
            *link = pfn->Flink;
            pfn->PageLocation = MiPageActive;
            pfn->ReferenceCount = 1;
            MiAvailablePages--;
        } else {
            link = &pfn->Flink;
        }
    }
}

static PFN_NUMBER MiFindRunLocked(PFN_NUMBER Count, PFN_NUMBER Low, PFN_NUMBER High, PFN_NUMBER Boundary)
{
    PFN_NUMBER page, run = 0;

    High = min(High, MmHighestPhysicalPage);
    for (page = Low; page <= High; page++) {
        if (Boundary != 0 && run != 0 && page % Boundary == 0)
            run = 0;                             /* the range may not cross a multiple of Boundary */
        if (!MiIsRam(page) || MiPfn(page)->PageLocation != MiPageFree)
            run = 0;
        else if (++run == Count)
            return page + 1 - Count;
    }
    return MI_NO_PAGE;
}

PFN_NUMBER MiAllocateContiguousPages(PFN_NUMBER Count, PFN_NUMBER Low, PFN_NUMBER High, PFN_NUMBER Boundary)
{
    KIRQL irql = KeLockAcquire(&MiPfnLock);
    PFN_NUMBER first = Count == 0 || (Boundary != 0 && Count > Boundary) ? MI_NO_PAGE
                                                                         : MiFindRunLocked(Count, Low, High, Boundary);
    if (first != MI_NO_PAGE)
        MiUnlinkRangeLocked(first, Count);
    KeLockRelease(&MiPfnLock, irql);
    return first;
}

ULONG64 MmQueryHighestPage(VOID) { return MmHighestPhysicalPage; }

/* ---- Trampoline: below 1 MiB, straight from the descriptors ---- */
ULONG64 MmReserveTrampolinePage(VOID)
{
    LOADER_MEMORY *d = MiDescriptors(MiBootBlock);
    ULONG i;

    for (i = 0; i < MiBootBlock->MemoryCount; i++) {
        ULONG64 page = max(d[i].BasePage, 1);
        if (d[i].Type != LOADER_MEMORY_FREE || page >= 0x9F || page >= d[i].BasePage + d[i].PageCount)
            continue;
        if (!MiEnsureTables(page << PAGE_SHIFT))
            return 0;
        MiWritePte(page << PAGE_SHIFT, page, MI_PTE_VALID | MI_PTE_WRITE);
        KiInvalidatePage(page << PAGE_SHIFT);
        return page << PAGE_SHIFT;
    }
    return 0;
}

VOID MmReleaseTrampolinePage(ULONG64 Page)
{
    *MiAddressToPte(Page) = 0;
    KeFlushTb(Page, 1);
}

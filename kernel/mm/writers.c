/* SPDX-License-Identifier: MIT
 * What is written to a file through its views. The processors note a write in the page's entry only, so whoever flushes the file looks
 * at the entries of all views that can write, in whatever address space: through the tables' frames, without that space's lock. A view
 * is in the segment's list for as long as its page tables can have entries of it; ViewLock (below an address space's lock, above the
 * segment's) keeps it there.
 */
#include "file.h"

typedef struct MI_WRITER {
    LIST_ENTRY Link;                             /* ViewLock */
    ULONG64 TopTable;                            /* I physical address */
    ULONG64 Address;                             /* I of the first page */
    ULONG64 Pages;                               /* I */
    ULONG64 SegmentPage;                         /* I what the first page is in the file */
} MI_WRITER;

#define MI_TABLE_PAGES 512u

MI_WRITER *MiMakeWriter(MI_SEGMENT *Segment, ULONG64 TopTable, ULONG64 Address, ULONG64 Pages, ULONG64 SegmentPage)
{
    MI_WRITER *writer = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*writer), TAG_SEGMENT);

    if (writer == NULL)
        return NULL;
    *writer = (MI_WRITER){ .TopTable = TopTable, .Address = Address, .Pages = Pages, .SegmentPage = SegmentPage };
    ExLockExclusive(&Segment->ViewLock);
    InsertTailList(&Segment->Writers, &writer->Link);
    ExUnlockExclusive(&Segment->ViewLock);
    MiWakeModifiedWriter();
    return writer;
}

VOID MiRemoveWriter(MI_SEGMENT *Segment, MI_WRITER *Writer)
{
    ExLockExclusive(&Segment->ViewLock);
    RemoveEntryList(&Writer->Link);
    ExUnlockExclusive(&Segment->ViewLock);
    ExFreePoolWithTag(Writer, TAG_SEGMENT);
}

/* The frame of the page table that maps an address, or MI_NO_PAGE. */
static PFN_NUMBER MiTableOf(ULONG64 TopTable, ULONG64 Address)
{
    PFN_NUMBER table = TopTable >> PAGE_SHIFT;
    ULONG shift;
    KIRQL irql;

    for (shift = 39; shift > PAGE_SHIFT; shift -= 9) {
        ULONG64 *mapping = MiMapInHyperSpace(table, &irql), entry = mapping[(Address >> shift) % MI_TABLE_PAGES];
        MiUnmapHyperSpace(irql);
        if (!(entry & MI_PTE_VALID))
            return MI_NO_PAGE;
        table = (entry & MI_PTE_FRAME) >> PAGE_SHIFT;
    }
    return table;
}

/* Takes the dirty bits of Count entries of one table; Dirty gets a bit for each. */
static BOOLEAN MiTakeDirtyBits(PFN_NUMBER Table, ULONG First, ULONG Count, ULONG64 *Dirty)
{
    BOOLEAN any = FALSE;
    KIRQL irql;
    ULONG64 *entries = MiMapInHyperSpace(Table, &irql);
    ULONG i;

    for (i = 0; i < Count; i++) {
        ULONG64 entry = __atomic_load_n(&entries[First + i], __ATOMIC_ACQUIRE);
        while ((entry & (MI_PTE_VALID | MI_PTE_DIRTY | MI_OWN_COPY)) == (MI_PTE_VALID | MI_PTE_DIRTY) &&
               !__atomic_compare_exchange_n(&entries[First + i], &entry, entry & ~MI_PTE_DIRTY, FALSE, __ATOMIC_SEQ_CST, __ATOMIC_ACQUIRE))
            NOTHING;                             /* the processor, or who has the address space's lock, was there first */
        if ((entry & (MI_PTE_VALID | MI_PTE_DIRTY | MI_OWN_COPY)) != (MI_PTE_VALID | MI_PTE_DIRTY))
            continue;
        Dirty[i / 64] |= 1ull << i % 64;
        any = TRUE;
    }
    MiUnmapHyperSpace(irql);
    return any;
}

/* Pages of a view within one page table. No processor knows the old entries any more before the pages are written. */
static VOID MiHarvestTable(MI_SEGMENT *Segment, const MI_WRITER *Writer, ULONG64 First, ULONG Count)
{
    ULONG64 address = Writer->Address + (First << PAGE_SHIFT), dirty[MI_TABLE_PAGES / 64] = { 0 };
    PFN_NUMBER table = MiTableOf(Writer->TopTable, address);
    ULONG i;

    if (table == MI_NO_PAGE || !MiTakeDirtyBits(table, (ULONG)(address >> PAGE_SHIFT) % MI_TABLE_PAGES, Count, dirty))
        return;
    KeFlushTb(address, Count);
    for (i = 0; i < Count; i++)
        if (dirty[i / 64] >> i % 64 & 1)
            MmDirtyFilePages(Segment, Writer->SegmentPage + First + i, 1);
}

static VOID MiHarvestWriter(MI_SEGMENT *Segment, const MI_WRITER *Writer, ULONG64 First, ULONG64 End)
{
    ULONG64 at = First > Writer->SegmentPage ? First - Writer->SegmentPage : 0;
    ULONG64 end = End > Writer->SegmentPage ? min(End - Writer->SegmentPage, Writer->Pages) : 0, count;

    for (; at < end; at += count) {
        count = min(end - at, MI_TABLE_PAGES - ((Writer->Address >> PAGE_SHIFT) + at) % MI_TABLE_PAGES);
        MiHarvestTable(Segment, Writer, at, (ULONG)count);
    }
}

VOID MiHarvestWriters(MI_SEGMENT *Segment, ULONG64 First, ULONG64 Count)
{
    PLIST_ENTRY entry;

    if (IsListEmpty(&Segment->Writers))          /* who maps it now is not flushed by this */
        return;
    ExLockExclusive(&Segment->ViewLock);
    for (entry = Segment->Writers.Flink; entry != &Segment->Writers; entry = entry->Flink)
        MiHarvestWriter(Segment, CONTAINING_RECORD(entry, MI_WRITER, Link), First, First + Count);
    ExUnlockExclusive(&Segment->ViewLock);
}

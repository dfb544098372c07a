/* SPDX-License-Identifier: MIT
 * The state of single pages of the user half (space.h says how an entry reads).
 */
#include "pagefile.h"

#define MI_RELEASE_BATCH 64u

BOOLEAN MiProtectionOf(ULONG Protect, PULONG Protection, PULONG64 Cache)
{
    ULONG modifiers = Protect & (PAGE_GUARD | PAGE_NOCACHE | PAGE_WRITECOMBINE);

    switch (Protect & ~modifiers) {
    case PAGE_NOACCESS: *Protection = 0; break;
    case PAGE_READONLY: *Protection = MI_MAY_READ; break;
    case PAGE_READWRITE: *Protection = MI_MAY_READ | MI_MAY_WRITE; break;
    case PAGE_WRITECOPY: *Protection = MI_MAY_READ | MI_COPY_ON_WRITE; break;
    case PAGE_EXECUTE: *Protection = MI_MAY_EXECUTE; break;
    case PAGE_EXECUTE_READ: *Protection = MI_MAY_EXECUTE | MI_MAY_READ; break;
    case PAGE_EXECUTE_READWRITE: *Protection = MI_MAY_EXECUTE | MI_MAY_READ | MI_MAY_WRITE; break;
    case PAGE_EXECUTE_WRITECOPY: *Protection = MI_MAY_EXECUTE | MI_MAY_READ | MI_COPY_ON_WRITE; break;
    default: return FALSE;
    }
    if (modifiers & (modifiers - 1) || (modifiers != 0 && *Protection == 0))
        return FALSE;
    if (modifiers & PAGE_GUARD)
        *Protection |= MI_GUARD;
    *Cache = modifiers & PAGE_NOCACHE        ? MI_PTE_NO_CACHE | MI_PTE_WRITE_THROUGH
             : modifiers & PAGE_WRITECOMBINE ? MI_PTE_WRITE_THROUGH
                                             : 0;
    return TRUE;
}

ULONG MiProtectOf(ULONG Protection)
{
    static const UCHAR kinds[16] = {
        [0] = PAGE_NOACCESS, [MI_MAY_READ] = PAGE_READONLY, [MI_MAY_READ | MI_MAY_WRITE] = PAGE_READWRITE,
        [MI_MAY_READ | MI_COPY_ON_WRITE] = PAGE_WRITECOPY, [MI_MAY_EXECUTE] = PAGE_EXECUTE,
        [MI_MAY_EXECUTE | MI_MAY_READ] = PAGE_EXECUTE_READ,
        [MI_MAY_EXECUTE | MI_MAY_READ | MI_MAY_WRITE] = PAGE_EXECUTE_READWRITE,
        [MI_MAY_EXECUTE | MI_MAY_READ | MI_COPY_ON_WRITE] = PAGE_EXECUTE_WRITECOPY,
    };
    return kinds[Protection & 15] | (Protection & MI_GUARD ? PAGE_GUARD : 0);
}

ULONG64 MiUserEntry(PFN_NUMBER Page, ULONG Protection, ULONG64 Cache)
{
    ULONG64 entry = Page << PAGE_SHIFT | MI_PTE_VALID | MI_PTE_USER | MI_PTE_ACCESSED | (ULONG64)Protection << 52 | Cache;

    if (Protection & MI_MAY_WRITE)
        entry |= MI_PTE_WRITE | MI_PTE_DIRTY;
    return Protection & MI_MAY_EXECUTE ? entry : entry | MI_PTE_NO_EXECUTE;
}

ULONG64 MiProtectedEntry(const MI_VAD *Vad, ULONG64 Entry, ULONG Protection)
{
    ULONG64 own = Entry & MI_OWN_COPY;
    PFN_NUMBER frame = (Entry & MI_PTE_FRAME) >> PAGE_SHIFT;

    if (own && (Protection & MI_COPY_ON_WRITE))  /* copied already */
        Protection = (Protection & ~MI_COPY_ON_WRITE) | MI_MAY_WRITE;
    if (!(Entry & MI_PTE_VALID) && (Entry & (MI_SOFT_PAGED | MI_SOFT_READING)))
        return MiSoftEntry(Protection) | own | (Entry & (MI_SOFT_PAGED | MI_SOFT_READING | MI_SOFT_FRAME | MI_PTE_FRAME));
    if (!MiEntryHasFrame(Entry))
        return MiSoftEntry(Protection);
    if (Protection != 0 && !(Protection & MI_GUARD))
        return MiUserEntry(frame, Protection, Vad->Cache) | own;
    return MiSoftEntry(Protection) | MI_SOFT_FRAME | frame << PAGE_SHIFT | own;
}

ULONG64 MiSkipHoles(ULONG64 Page, ULONG64 End)
{
    while (Page < End) {
        ULONG64 address = Page << PAGE_SHIFT, step;
        if (!(*MiAddressToPxe(address) & MI_PTE_VALID))
            step = 1ull << 27;
        else if (!(*MiAddressToPpe(address) & MI_PTE_VALID))
            step = 1ull << 18;
        else if (!(*MiAddressToPde(address) & MI_PTE_VALID))
            step = 1ull << 9;
        else
            return Page;
        Page = (Page + step) & ~(step - 1);
    }
    return End;
}

ULONG64 MiPageState(const MI_VAD *Vad, ULONG64 Page)
{
    ULONG64 entry = MiSkipHoles(Page, Page + 1) == Page ? *MiAddressToPte(Page << PAGE_SHIFT) : 0;

    if (entry != 0)
        return entry;
    if (Vad->Kind == MiVadImage)
        return MiSoftEntry(Vad->Segment->Image->Protections[Vad->SegmentPage + Page - Vad->First]);
    if (Vad->Kind == MiVadView && !MiSegmentIsCommitted(Vad->Segment, Vad->SegmentPage + Page - Vad->First))
        return MiSoftEntry(MI_DECOMMITTED);
    return MiSoftEntry(Vad->Committed && Page >= Vad->CommittedFrom ? Vad->Protection : MI_DECOMMITTED);
}

BOOLEAN MiPageIsCommitted(const MI_VAD *Vad, ULONG64 Page)
{
    ULONG64 entry = MiPageState(Vad, Page);
    return (entry & MI_PTE_VALID) || MiProtectionOfEntry(entry) != MI_DECOMMITTED;
}

/* By the processor or a device; its own entry or an MDL says so. */
VOID MiNoteDirty(const MI_VAD *Vad, ULONG64 Page, ULONG64 Entry)
{
    if (Vad->Writer == NULL || (Entry & (MI_PTE_VALID | MI_OWN_COPY)) != MI_PTE_VALID)
        return;
    if ((Entry & MI_PTE_DIRTY) || (MiPfn((Entry & MI_PTE_FRAME) >> PAGE_SHIFT)->Flags & MI_PFN_MODIFIED))
        MmDirtyFilePages(Vad->Segment, Vad->SegmentPage + Page - Vad->First, 1);
}

VOID MiReplaceEntry(const MI_VAD *Vad, ULONG64 Page, ULONG64 NewEntry)
{
    ULONG64 *pte = MiAddressToPte(Page << PAGE_SHIFT), old = __atomic_load_n(pte, __ATOMIC_ACQUIRE), new;

    do {
        new = NewEntry;
        if (Vad->Writer != NULL && (old & new & MI_PTE_VALID) && !(new & MI_OWN_COPY))
            new = (new & ~MI_PTE_DIRTY) | (old & MI_PTE_DIRTY);
    } while (!__atomic_compare_exchange_n(pte, &old, new, FALSE, __ATOMIC_SEQ_CST, __ATOMIC_ACQUIRE));
    if (!(new & MI_PTE_VALID))
        MiNoteDirty(Vad, Page, old);
}

/* The page's place in a page file, if it has one: a page that is being read has it still. */
static ULONG64 MiSlotOfEntry(ULONG64 Entry)
{
    if (Entry & MI_PTE_VALID)
        return MI_NO_SLOT;
    if (Entry & MI_SOFT_READING)
        return MiPfn((Entry & MI_PTE_FRAME) >> PAGE_SHIFT)->OriginalPte;
    return Entry & MI_SOFT_PAGED ? (Entry & MI_PTE_FRAME) >> PAGE_SHIFT : MI_NO_SLOT;
}

/* Entries first, then every TLB, then the pages. */
static VOID MiReleaseBatch(const MI_VAD *Vad, ULONG64 First, ULONG Count, ULONG64 NewEntry)
{
    BOOLEAN owned = MiVadHasPages(Vad), flush = FALSE;
    PFN_NUMBER frames[MI_RELEASE_BATCH];
    ULONG used = 0, i;

    for (i = 0; i < Count; i++) {
        ULONG64 *pte = MiAddressToPte((First + i) << PAGE_SHIFT), entry = *pte;
        if (entry == 0 && NewEntry == 0)
            continue;
        entry = __atomic_exchange_n(pte, NewEntry, __ATOMIC_SEQ_CST);
        MiNoteDirty(Vad, First + i, entry);
        flush = flush || (entry & MI_PTE_VALID);
        if (MiSlotOfEntry(entry) != MI_NO_SLOT)
            MiFreeSlot(MiSlotOfEntry(entry));
        if (MiEntryHasFrame(entry))
            frames[used++] = (entry & MI_PTE_FRAME) >> PAGE_SHIFT;
    }
    if (flush)
        KeFlushTb(First << PAGE_SHIFT, Count);
    for (i = 0; owned && i < used; i++)
        MiReleasePage(frames[i]);
    if (owned)
        MiCountResident(MiSpaceOf(MiCurrentProcess()), -(LONG64)used);
}

VOID MiReleaseUserPages(const MI_VAD *Vad, ULONG64 First, ULONG64 Last, ULONG64 NewEntry)
{
    ULONG64 at;

    for (at = MiSkipHoles(First, Last + 1); at <= Last; at = MiSkipHoles(at, Last + 1)) {
        ULONG64 end = min((at | 511) + 1, min(Last + 1, at + MI_RELEASE_BATCH));    /* within one page table */
        MiReleaseBatch(Vad, at, (ULONG)(end - at), NewEntry);
        at = end;
    }
}

ULONG64 MiCountCommitted(const MI_VAD *Vad, ULONG64 First, ULONG64 Last)
{
    ULONG64 count = 0, page;
    for (page = First; page <= Last; page++)
        count += MiPageIsCommitted(Vad, page);
    return count;
}

/* The part's promise of memory ends with it. */
static VOID MiReturnPart(MI_VAD *Vad, ULONG64 First, ULONG64 Last)
{
    MiReturnVad(Vad, MiCountCommitted(Vad, First, Last));
}

NTSTATUS MiCarveVad(MI_ADDRESS_SPACE *Space, MI_VAD *Vad, ULONG64 First, ULONG64 Last)
{
    MI_VAD rest = *Vad;
    BOOLEAN whole = First == Vad->First && Last == Vad->Last;

    if (First != Vad->First && Last != Vad->Last) {            /* the upper part becomes a VAD of its own */
        ULONG64 oldLast = Vad->Last;
        rest.First = Last + 1;
        rest.Charged = MiCountCommitted(Vad, rest.First, rest.Last);
        Vad->Last = Last;
        Space->Virtual -= oldLast - Last;        /* which the insertion adds */
        if (MiInsertVad(Space, &rest) == NULL) {
            Vad->Last = oldLast;
            Space->Virtual += oldLast - Last;
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        Vad->Charged -= rest.Charged;
        if (rest.Watch != NULL)
            rest.Watch->References++;
    }
    if (!whole)
        MiReturnPart(Vad, First, Last);
    MiReleaseUserPages(Vad, First, Last, 0);
    if (!whole)
        Space->Virtual -= Last + 1 - First;
    if (whole)
        MiRemoveVad(Space, Vad);
    else if (First == Vad->First)
        Vad->First = Last + 1;
    else
        Vad->Last = First - 1;
    return STATUS_SUCCESS;
}

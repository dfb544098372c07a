/* SPDX-License-Identifier: MIT
 * One look at a part of an address space, or of a segment: pages that nobody has touched since the last look leave. Private pages and a
 * process's own copies go to a page file; pages that a segment has are only taken out of the address space, and leave memory once no
 * address space has them.
 *
 * Entries first, then every TLB, and only then is a page written or given back: nobody can change it any more.
 */
#include "trim.h"

#define MI_LOOKS 2048u                           /* entries at a time: the address space is locked for as long */

typedef struct MI_SWEEP {
    MI_ADDRESS_SPACE *Space;
    ULONG Looks;                                 /* left */
    BOOLEAN Flush;                               /* an entry is another */
    ULONG Shared;                                /* pages that their segments still have */
    PFN_NUMBER Frames[MI_PAGE_CLUSTER];
    MI_PAGE_OUT Out;
} MI_SWEEP;

static BOOLEAN MiSweepIsFull(const MI_SWEEP *Sweep)
{
    return Sweep->Looks == 0 || Sweep->Out.Count == MI_PAGE_CLUSTER || Sweep->Shared == MI_PAGE_CLUSTER;
}

/* Locked pages, which others have references to, stay; so does everything as long as there is no room for it. */
static VOID MiTakePrivate(MI_SWEEP *Sweep, ULONG64 Page, ULONG64 *Pte, ULONG64 Entry)
{
    MI_PAGE_OUT *out = &Sweep->Out;
    PFN_NUMBER frame = (Entry & MI_PTE_FRAME) >> PAGE_SHIFT;

    if ((ULONG64)MiPageFileFree <= out->Count || MiPageReferences(frame) != 1)
        return;
    MiReferencePage(frame);
    __atomic_store_n(Pte, MiSoftEntry(MiProtectionOfEntry(Entry)) | MI_SOFT_FRAME | MI_SOFT_WRITING | (Entry & (MI_PTE_FRAME | MI_OWN_COPY)),
                     __ATOMIC_SEQ_CST);
    Sweep->Flush = TRUE;
    out->Pages[out->Count] = Page;
    out->Frames[out->Count++] = frame;
}

/* The dirty bit of a file's page is the last that a processor sets before it forgets the entry: it is looked at after the flush. */
static VOID MiTakeShared(MI_SWEEP *Sweep, const MI_VAD *Vad, ULONG64 Page, ULONG64 *Pte, ULONG64 Entry)
{
    ULONG64 soft = MiSoftEntry(MiProtectionOfEntry(Entry)), old;

    if (Vad->Writer != NULL) {                   /* not written any more by anybody, and seen so by all, before it is called dirty */
        __atomic_fetch_and(Pte, ~(MI_PTE_WRITE | MI_PTE_ACCESSED), __ATOMIC_SEQ_CST);
        KeFlushTb(Page << PAGE_SHIFT, 1);
    }
    old = __atomic_exchange_n(Pte, soft, __ATOMIC_SEQ_CST);
    MiNoteDirty(Vad, Page, old);
    Sweep->Flush = TRUE;
    Sweep->Frames[Sweep->Shared++] = (old & MI_PTE_FRAME) >> PAGE_SHIFT;
}

static VOID MiLookAtValid(MI_SWEEP *Sweep, const MI_VAD *Vad, ULONG64 Page, ULONG64 *Pte)
{
    ULONG64 entry = __atomic_load_n(Pte, __ATOMIC_ACQUIRE);

    if (entry & MI_PTE_ACCESSED) {
        __atomic_fetch_and(Pte, ~MI_PTE_ACCESSED, __ATOMIC_SEQ_CST);
        Sweep->Flush = TRUE;
    } else if (Vad->Kind == MiVadPrivate || (entry & MI_OWN_COPY)) {
        MiTakePrivate(Sweep, Page, Pte, entry);
    } else {
        MiTakeShared(Sweep, Vad, Page, Pte, entry);
    }
}

/* A frame without a valid entry: a guard page, one without access, or one that came back with another. */
static VOID MiLookAtSoft(MI_SWEEP *Sweep, const MI_VAD *Vad, ULONG64 Page, ULONG64 *Pte)
{
    ULONG64 entry = *Pte;

    if (!(entry & MI_SOFT_FRAME) || (entry & (MI_SOFT_READING | MI_SOFT_WRITING)))
        return;
    if (Vad->Kind != MiVadPrivate && !(entry & MI_OWN_COPY))
        return;
    if (!(entry & MI_SOFT_OLD))
        *Pte = entry | MI_SOFT_OLD;
    else
        MiTakePrivate(Sweep, Page, Pte, entry);
}

static VOID MiSweepVad(MI_SWEEP *Sweep, const MI_VAD *Vad)
{
    ULONG64 *hand = &Sweep->Space->Hand;

    *hand = max(*hand, Vad->First);
    if (!MiVadHasPages(Vad) || (Vad->Segment != NULL && Vad->Segment->Physical))
        *hand = Vad->Last + 1;
    while (*hand <= Vad->Last && !MiSweepIsFull(Sweep)) {
        ULONG64 *pte;
        *hand = MiSkipHoles(*hand, Vad->Last + 1);
        if (*hand > Vad->Last)
            break;
        pte = MiAddressToPte(*hand << PAGE_SHIFT);
        Sweep->Looks--;
        if (*pte & MI_PTE_VALID)
            MiLookAtValid(Sweep, Vad, *hand, pte);
        else if (*pte != 0)
            MiLookAtSoft(Sweep, Vad, *hand, pte);
        ++*hand;
    }
}

/* TRUE: the hand is at the end. */
static BOOLEAN MiSweepLocked(MI_SWEEP *Sweep)
{
    MI_ADDRESS_SPACE *space = Sweep->Space;
    BOOLEAN atEnd = FALSE;
    MI_VAD *vad;
    ULONG i;

    while (!MiSweepIsFull(Sweep) && !atEnd) {
        vad = space->Hand <= MI_HIGHEST_USER_PAGE ? MiFindOverlap(space, space->Hand, MI_HIGHEST_USER_PAGE) : NULL;
        atEnd = vad == NULL;
        if (vad != NULL)
            MiSweepVad(Sweep, vad);
    }
    if (Sweep->Flush)
        KeFlushTb(0, ~0u);
    for (i = 0; i < Sweep->Shared; i++)
        MiReleasePage(Sweep->Frames[i]);
    space->Resident -= Sweep->Shared;
    if (atEnd)
        space->Hand = 0;
    return atEnd;
}

static BOOLEAN MiTryLockAddressSpace(PEPROCESS Process)
{
    KeEnterGuardedRegion();
    if (ExfTryAcquirePushLockExclusive(&Process->AddressCreationLock))
        return TRUE;
    KeLeaveGuardedRegion();
    return FALSE;
}

/* In the process that the address space is of. */
static BOOLEAN MiSweepHere(MI_SWEEP *Sweep, PULONG Gained)
{
    PEPROCESS process = Sweep->Space->Process;
    BOOLEAN atEnd;

    if (!MiTryLockAddressSpace(process))
        return TRUE;                             /* busy: the next one's turn */
    atEnd = MiSweepLocked(Sweep);
    MiUnlockAddressSpace(process);
    if (Sweep->Out.Count == 0)
        return atEnd;
    MiWritePages(&Sweep->Out);
    MiLockAddressSpace(process);
    *Gained += MiFinishPagesLocked(Sweep->Space, &Sweep->Out);
    MiUnlockAddressSpace(process);
    return atEnd;
}

BOOLEAN MiSweepSpace(MI_ADDRESS_SPACE *Space, PULONG Gained)
{
    MI_SWEEP sweep = { .Space = Space, .Looks = MI_LOOKS };
    KAPC_STATE state;
    BOOLEAN atEnd;

    KeStackAttachProcess(&Space->Process->Pcb, &state);
    atEnd = MiSweepHere(&sweep, Gained);
    KeUnstackDetachProcess(&state);
    return atEnd;
}

/* ---- Segments ---- */
/* From *At on. */
static VOID MiCollectLocked(MI_SEGMENT *Segment, PULONG64 At, MI_PAGE_OUT *Out)
{
    for (; *At < Segment->Pages && Out->Count < MI_PAGE_CLUSTER; ++*At) {
        ULONG64 *slot = MiSlotLocked(Segment, *At, FALSE);
        if (slot == NULL) {
            *At |= MI_SEGMENT_CHUNK - 1;
            continue;
        }
        if (*slot <= MI_PAGE_COMMITTED || (*slot & (MI_SLOT_MOVING | MI_SLOT_PAGED)) || MiPageReferences(*slot) != 1)
            continue;
        MiReferencePage(*slot);
        Out->Pages[Out->Count] = *At;
        Out->Frames[Out->Count++] = *slot;
        *slot |= MI_SLOT_WRITING;
    }
}

BOOLEAN MiSweepSegment(MI_SEGMENT *Segment, PULONG64 At, PULONG Gained)
{
    MI_PAGE_OUT out;

    if ((ULONG64)MiPageFileFree < MI_PAGE_CLUSTER)
        return TRUE;
    out.Count = 0;
    ExLockExclusive(&Segment->Lock);
    MiCollectLocked(Segment, At, &out);
    ExUnlockExclusive(&Segment->Lock);
    if (out.Count == 0)
        return TRUE;
    MiWritePages(&out);
    ExLockExclusive(&Segment->Lock);
    *Gained += MiFinishSegmentLocked(Segment, &out);
    ExUnlockExclusive(&Segment->Lock);
    return *At >= Segment->Pages;
}

/* SPDX-License-Identifier: MIT
 * The trimmer, a thread of its own (NT's balance set manager): while too few pages are free it drops clean pages of files that nobody
 * uses, goes through the address spaces with a clock's hand, and writes what leaves them. It never waits for who waits for memory: of
 * address spaces it takes those whose lock is free, and nobody waits for memory with such a lock, or a segment's, held.
 */
#include "trim.h"

#define MI_PASSES 4u                             /* of a round: the first only finds what is in use */
#define MI_TRIMMER_PRIORITY 17
#define MI_CACHE_WINDOWS 16u

EX_PUSH_LOCK MiTrimLock;
static EX_PUSH_LOCK MiSpacesLock;                /* inside MiTrimLock; nothing inside it */
static LIST_ENTRY MiSpaces = { &MiSpaces, &MiSpaces };         /* MiSpacesLock by Number */
static ULONG64 MiLastNumber;                     /* MiSpacesLock */
static EX_PUSH_LOCK MiPagedSegmentsLock;         /* nothing inside it */
static LIST_ENTRY MiPagedSegments = { &MiPagedSegments, &MiPagedSegments };    /* MiPagedSegmentsLock */
static ULONG64 MiSpaceHand;                      /* MiTrimLock: Number of the address space that was looked at last */

static BOOLEAN MiThereIsEnough(VOID) { return (ULONG64)MiAvailablePages >= MiEnoughPages; }

/* ---- Address spaces ---- */
VOID MiListSpace(MI_ADDRESS_SPACE *Space, PEPROCESS Process)
{
    Space->Process = Process;
    ExInitializeRundownProtection(&Space->Rundown);
    ExLockExclusive(&MiSpacesLock);
    Space->Number = ++MiLastNumber;
    InsertTailList(&MiSpaces, &Space->Link);
    ExUnlockExclusive(&MiSpacesLock);
}

VOID MiUnlistSpace(MI_ADDRESS_SPACE *Space)
{
    ExLockExclusive(&MiSpacesLock);
    RemoveEntryList(&Space->Link);
    ExUnlockExclusive(&MiSpacesLock);
    ExWaitForRundownProtectionRelease(&Space->Rundown);
}

/* The first behind that number, with rundown protection, or NULL. */
static MI_ADDRESS_SPACE *MiNextSpace(ULONG64 Number)
{
    MI_ADDRESS_SPACE *space = NULL;
    PLIST_ENTRY entry;

    ExLockShared(&MiSpacesLock);
    for (entry = MiSpaces.Flink; entry != &MiSpaces && space == NULL; entry = entry->Flink) {
        space = CONTAINING_RECORD(entry, MI_ADDRESS_SPACE, Link);
        if (space->Number <= Number || !ExAcquireRundownProtection(&space->Rundown))
            space = NULL;
    }
    ExUnlockShared(&MiSpacesLock);
    return space;
}

static ULONG MiSweepWhole(MI_ADDRESS_SPACE *Space)
{
    ULONG gained = 0;

    while (!MiThereIsEnough() && !MiSweepSpace(Space, &gained))
        MiTellWaiters(gained != 0, FALSE);
    return gained;
}

/* Once around, from where the hand was; where there is enough it stays. */
static ULONG MiSweepSpaces(VOID)
{
    ULONG64 last = MiSpaceHand;
    BOOLEAN around = FALSE;
    ULONG gained = 0;

    while (!MiThereIsEnough() && !(around && MiSpaceHand >= last)) {
        MI_ADDRESS_SPACE *space = MiNextSpace(MiSpaceHand);
        if (space == NULL) {
            if (around)
                break;
            around = TRUE;
            MiSpaceHand = 0;
            continue;
        }
        gained += MiSweepWhole(space);
        if (!MiThereIsEnough())
            MiSpaceHand = space->Number;
        ExReleaseRundownProtection(&space->Rundown);
    }
    return gained;
}

/* ---- Segments ---- */
VOID MiListSegment(MI_SEGMENT *Segment)
{
    ExLockExclusive(&MiPagedSegmentsLock);
    InsertTailList(&MiPagedSegments, &Segment->Link);
    ExUnlockExclusive(&MiPagedSegmentsLock);
}

VOID MiUnlistSegment(MI_SEGMENT *Segment)
{
    ExLockExclusive(&MiPagedSegmentsLock);
    RemoveEntryList(&Segment->Link);
    ExUnlockExclusive(&MiPagedSegmentsLock);
}

static BOOLEAN MiReferenceUnlessGone(MI_SEGMENT *Segment)
{
    LONG references = Segment->References;

    while (references != 0)
        if (__atomic_compare_exchange_n(&Segment->References, &references, references + 1, FALSE, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
            return TRUE;
    return FALSE;
}

/* The first of the list, which becomes the last; referenced. */
static MI_SEGMENT *MiTakeTurn(VOID)
{
    MI_SEGMENT *segment = NULL;

    ExLockExclusive(&MiPagedSegmentsLock);
    if (!IsListEmpty(&MiPagedSegments)) {
        PLIST_ENTRY entry = RemoveHeadList(&MiPagedSegments);
        InsertTailList(&MiPagedSegments, entry);
        segment = CONTAINING_RECORD(entry, MI_SEGMENT, Link);
        if (!MiReferenceUnlessGone(segment))
            segment = NULL;
    }
    ExUnlockExclusive(&MiPagedSegmentsLock);
    return segment;
}

static ULONG MiCountSegments(VOID)
{
    PLIST_ENTRY entry;
    ULONG count = 0;

    ExLockShared(&MiPagedSegmentsLock);
    for (entry = MiPagedSegments.Flink; entry != &MiPagedSegments; entry = entry->Flink)
        count++;
    ExUnlockShared(&MiPagedSegmentsLock);
    return count;
}

static ULONG MiSweepSegments(VOID)
{
    ULONG left = MiCountSegments(), gained = 0;

    for (; left != 0 && !MiThereIsEnough(); left--) {
        MI_SEGMENT *segment = MiTakeTurn();
        ULONG64 at = 0;
        if (segment == NULL)
            continue;
        while (!MiThereIsEnough() && !MiSweepSegment(segment, &at, &gained))
            MiTellWaiters(gained != 0, FALSE);
        MmDeleteSegment(segment);
    }
    return gained;
}

/* ---- Files and caches ---- */
/* Pages that were free for a moment count, whoever has them now. */
static ULONG MiDrop(VOID (*Drop)(VOID))
{
    LONG64 before = MiAvailablePages;

    if (MiThereIsEnough())
        return 0;
    Drop();
    MiTellWaiters(TRUE, FALSE);
    return MiAvailablePages > before ? (ULONG)(MiAvailablePages - before) : 0;
}

static VOID MiShrinkCache(VOID)
{
    if (MmUpcalls.TrimCache != NULL)
        MmUpcalls.TrimCache(MI_CACHE_WINDOWS);
}

static ULONG MiTrimRound(VOID)
{
    ULONG gained = 0, pass;

    ExLockExclusive(&MiTrimLock);
    for (pass = 0; pass < MI_PASSES && !MiThereIsEnough(); pass++) {
        gained += MiDrop(MiPurgeAllFiles);
        gained += MiSweepSpaces();
        gained += MiSweepSegments();
        if (pass == 0)
            continue;
        gained += MiDrop(MiShrinkCache);
        gained += MiDrop(MiPurgeUnusedImages);
    }
    ExUnlockExclusive(&MiTrimLock);
    return gained;
}

VOID MmBalanceSetManager(PVOID Context)
{
    ULONG gained = 1;

    (void)Context;
    KeSetPriorityThread(KeCurrentThread(), MI_TRIMMER_PRIORITY);
    MiBecomeTrimmer();
    for (;;) {
        MiAwaitDemand(gained == 0);
        gained = MiTrimRound();
        if (!MiThereIsEnough())
            MiFlushSoon();                       /* dirty pages of files are for others to write */
        MiTellWaiters(gained != 0, TRUE);
    }
}

/* SPDX-License-Identifier: MIT
 * Changes of a map control block: room for what they can add is made first, then they cannot fail.
 */
#include "mcb.h"

#define FSRTL_FIRST_RUNS 15u
#define FSRTL_MOST_RUNS 0x0FFFFFFFu

ULONG FsRtlFindRun(const BASE_MCB *Mcb, ULONG64 Vbn)
{
    ULONG low = 0, high = Mcb->PairCount;

    while (low < high) {
        ULONG middle = low + (high - low) / 2;
        if (FsRtlRunsOf(Mcb)[middle].End > Vbn)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* ---- The array ---- */
static NTSTATUS FsRtlMakeRoom(PBASE_MCB Mcb, ULONG More)
{
    ULONG room = max(FSRTL_FIRST_RUNS, Mcb->MaximumPairCount);
    FSRTL_RUN *runs;

    if (Mcb->Mapping != NULL && Mcb->PairCount + More <= Mcb->MaximumPairCount)
        return STATUS_SUCCESS;
    while (room < Mcb->PairCount + More)
        room *= 2;
    if (room > FSRTL_MOST_RUNS)
        return STATUS_INSUFFICIENT_RESOURCES;
    runs = ExAllocatePoolWithTag(Mcb->PoolType, room * sizeof(*runs), FSRTL_TAG_MCB);
    if (runs == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    if (Mcb->Mapping != NULL) {
        RtlCopyMemory(runs, Mcb->Mapping, Mcb->PairCount * sizeof(*runs));
        ExFreePoolWithTag(Mcb->Mapping, FSRTL_TAG_MCB);
    }
    Mcb->Mapping = runs;
    Mcb->MaximumPairCount = room;
    return STATUS_SUCCESS;
}

static VOID FsRtlInsertRun(PBASE_MCB Mcb, ULONG Index, FSRTL_RUN Run)
{
    FSRTL_RUN *runs = FsRtlRunsOf(Mcb);

    RtlMoveMemory(&runs[Index + 1], &runs[Index], (Mcb->PairCount - Index) * sizeof(*runs));
    runs[Index] = Run;
    Mcb->PairCount++;
}

static VOID FsRtlRemoveRuns(PBASE_MCB Mcb, ULONG Index, ULONG Count)
{
    FSRTL_RUN *runs = FsRtlRunsOf(Mcb);

    RtlMoveMemory(&runs[Index], &runs[Index + Count], (Mcb->PairCount - Index - Count) * sizeof(*runs));
    Mcb->PairCount -= Count;
}

/* A run begins at Vbn, made out of two if need be; its index. Behind the last one a hole leads there. */
static ULONG FsRtlCutAt(PBASE_MCB Mcb, ULONG Vbn)
{
    ULONG index = FsRtlFindRun(Mcb, Vbn), start = FsRtlRunStart(Mcb, index);
    ULONG lbn = index < Mcb->PairCount ? FsRtlRunsOf(Mcb)[index].Lbn : FSRTL_HOLE;

    if (start == Vbn)
        return index;
    FsRtlInsertRun(Mcb, index, (FSRTL_RUN){ Vbn, lbn });
    if (index + 1 < Mcb->PairCount && lbn != FSRTL_HOLE)
        FsRtlRunsOf(Mcb)[index + 1].Lbn = lbn + (Vbn - start);
    return index + 1;
}

static BOOLEAN FsRtlContinues(const BASE_MCB *Mcb, ULONG Index)
{
    const FSRTL_RUN *first = &FsRtlRunsOf(Mcb)[Index], *second = first + 1;

    if (first->Lbn == FSRTL_HOLE || second->Lbn == FSRTL_HOLE)
        return first->Lbn == second->Lbn;
    return (ULONG64)first->Lbn + (first->End - FsRtlRunStart(Mcb, Index)) == second->Lbn;
}

/* Makes one of a run and the next, if they continue each other. */
static VOID FsRtlJoin(PBASE_MCB Mcb, ULONG Index)
{
    if (!FsRtlContinues(Mcb, Index))
        return;
    FsRtlRunsOf(Mcb)[Index].End = FsRtlRunsOf(Mcb)[Index + 1].End;
    FsRtlRemoveRuns(Mcb, Index + 1, 1);
}

/* Joins the run with its neighbours where they continue each other, and drops a hole at the end. */
static VOID FsRtlJoinAround(PBASE_MCB Mcb, ULONG Index)
{
    if (Index + 1 < Mcb->PairCount)
        FsRtlJoin(Mcb, Index);
    if (Index > 0)
        FsRtlJoin(Mcb, Index - 1);
    while (Mcb->PairCount != 0 && FsRtlRunsOf(Mcb)[Mcb->PairCount - 1].Lbn == FSRTL_HOLE)
        Mcb->PairCount--;
}

/* All of [Start, End) becomes one run. There is room for three more. */
static VOID FsRtlSetRange(PBASE_MCB Mcb, ULONG Start, ULONG End, ULONG Lbn)
{
    ULONG first = FsRtlCutAt(Mcb, Start), last;

    if (End > FsRtlRunStart(Mcb, Mcb->PairCount)) {
        FsRtlRemoveRuns(Mcb, first, Mcb->PairCount - first);
        last = first;
    } else {
        last = FsRtlCutAt(Mcb, End);
        FsRtlRemoveRuns(Mcb, first, last - first);
    }
    FsRtlInsertRun(Mcb, first, (FSRTL_RUN){ End, Lbn });
    FsRtlJoinAround(Mcb, first);
}

/* ---- Changes ---- */

/* Whether what is mapped of the range already is mapped to the same. */
static BOOLEAN FsRtlAgrees(const BASE_MCB *Mcb, ULONG Start, ULONG End, ULONG Lbn)
{
    ULONG index;

    for (index = FsRtlFindRun(Mcb, Start); index < Mcb->PairCount && FsRtlRunStart(Mcb, index) < End; index++) {
        ULONG have = FsRtlRunsOf(Mcb)[index].Lbn;
        if (have != FSRTL_HOLE && have - FsRtlRunStart(Mcb, index) != Lbn - Start)
            return FALSE;
    }
    return TRUE;
}

static BOOLEAN FsRtlIsRange(LONGLONG Start, LONGLONG Count)
{
    return Start >= 0 && Count > 0 && Start < MAXULONG && Count <= MAXULONG - Start;
}

NTSTATUS FsRtlMapRange(PBASE_MCB Mcb, LONGLONG Vbn, LONGLONG Lbn, LONGLONG Count)
{
    ULONG start = (ULONG)Vbn, lbn = (ULONG)Lbn;
    NTSTATUS status;

    if (!FsRtlIsRange(Vbn, Count) || !FsRtlIsRange(lbn, Count) || !FsRtlAgrees(Mcb, start, start + (ULONG)Count, lbn))
        return STATUS_UNSUCCESSFUL;
    status = FsRtlMakeRoom(Mcb, 3);
    if (NT_SUCCESS(status))
        FsRtlSetRange(Mcb, start, start + (ULONG)Count, lbn);
    return status;
}

NTSTATUS FsRtlUnmapRange(PBASE_MCB Mcb, LONGLONG Vbn, LONGLONG Count)
{
    ULONG64 end = FsRtlRunStart(Mcb, Mcb->PairCount);
    NTSTATUS status;

    if (Vbn < 0 || Count <= 0 || (ULONG64)Vbn >= end)
        return STATUS_SUCCESS;
    status = FsRtlMakeRoom(Mcb, 3);
    if (NT_SUCCESS(status))
        FsRtlSetRange(Mcb, (ULONG)Vbn, (ULONG)min((ULONG64)Vbn + (ULONG64)Count, end), FSRTL_HOLE);
    return status;
}

NTSTATUS FsRtlShiftRange(PBASE_MCB Mcb, LONGLONG Vbn, LONGLONG Amount)
{
    ULONG64 end = FsRtlRunStart(Mcb, Mcb->PairCount);
    ULONG index, i;
    NTSTATUS status;

    if (Vbn < 0 || Amount <= 0 || Amount > (LONGLONG)(MAXULONG - end))
        return STATUS_UNSUCCESSFUL;
    if ((ULONG64)Vbn >= end)
        return STATUS_SUCCESS;
    status = FsRtlMakeRoom(Mcb, 3);
    if (!NT_SUCCESS(status))
        return status;
    index = FsRtlCutAt(Mcb, (ULONG)Vbn);
    for (i = index; i < Mcb->PairCount; i++)
        FsRtlRunsOf(Mcb)[i].End += (ULONG)Amount;
    FsRtlInsertRun(Mcb, index, (FSRTL_RUN){ (ULONG)(Vbn + Amount), FSRTL_HOLE });
    FsRtlJoinAround(Mcb, index);
    return STATUS_SUCCESS;
}

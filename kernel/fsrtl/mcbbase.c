/* SPDX-License-Identifier: MIT
 * Map control blocks whose callers keep them from each other: which logical blocks a file's virtual ones are.
 */
#include "mcb.h"

BOOLEAN NTAPI FsRtlInitializeBaseMcbEx(PBASE_MCB Mcb, POOL_TYPE PoolType, USHORT Flags)
{
    *Mcb = (BASE_MCB){ .PoolType = (USHORT)PoolType, .Flags = Flags };
    return TRUE;                                 /* room is made when there is something to map */
}

VOID NTAPI FsRtlInitializeBaseMcb(PBASE_MCB Mcb, POOL_TYPE PoolType)
{
    FsRtlInitializeBaseMcbEx(Mcb, PoolType, MCB_FLAG_RAISE_ON_ALLOCATION_FAILURE);
}

VOID NTAPI FsRtlUninitializeBaseMcb(PBASE_MCB Mcb)
{
    if (Mcb->Mapping != NULL)
        ExFreePoolWithTag(Mcb->Mapping, FSRTL_TAG_MCB);
    Mcb->Mapping = NULL;
    Mcb->PairCount = Mcb->MaximumPairCount = 0;
}

VOID NTAPI FsRtlResetBaseMcb(PBASE_MCB Mcb) { Mcb->PairCount = 0; }

/* ---- Changes ---- */
static BOOLEAN FsRtlRaiseIfAsked(const BASE_MCB *Mcb, NTSTATUS Status)
{
    if (Status == STATUS_INSUFFICIENT_RESOURCES && (Mcb->Flags & MCB_FLAG_RAISE_ON_ALLOCATION_FAILURE))
        ExRaiseStatus(Status);
    return NT_SUCCESS(Status);
}

NTSTATUS NTAPI FsRtlAddBaseMcbEntryEx(PBASE_MCB Mcb, LONGLONG Vbn, LONGLONG Lbn, LONGLONG SectorCount)
{
    NTSTATUS status = FsRtlMapRange(Mcb, Vbn, Lbn, SectorCount);

    FsRtlRaiseIfAsked(Mcb, status);
    return status;
}

BOOLEAN NTAPI FsRtlAddBaseMcbEntry(PBASE_MCB Mcb, LONGLONG Vbn, LONGLONG Lbn, LONGLONG SectorCount)
{
    return FsRtlRaiseIfAsked(Mcb, FsRtlMapRange(Mcb, Vbn, Lbn, SectorCount));
}

BOOLEAN NTAPI FsRtlRemoveBaseMcbEntry(PBASE_MCB Mcb, LONGLONG Vbn, LONGLONG SectorCount)
{
    return FsRtlRaiseIfAsked(Mcb, FsRtlUnmapRange(Mcb, Vbn, SectorCount));
}

BOOLEAN NTAPI FsRtlSplitBaseMcb(PBASE_MCB Mcb, LONGLONG Vbn, LONGLONG Amount)
{
    return FsRtlRaiseIfAsked(Mcb, FsRtlShiftRange(Mcb, Vbn, Amount));
}

/* Needs no room: the run that is cut is made shorter. */
VOID NTAPI FsRtlTruncateBaseMcb(PBASE_MCB Mcb, LONGLONG Vbn)
{
    ULONG index = Vbn < 0 ? Mcb->PairCount : FsRtlFindRun(Mcb, (ULONG64)Vbn);

    if (index == Mcb->PairCount)
        return;
    Mcb->PairCount = index;
    if (FsRtlRunStart(Mcb, index) < (ULONG64)Vbn && FsRtlRunsOf(Mcb)[index].Lbn != FSRTL_HOLE) {
        FsRtlRunsOf(Mcb)[index].End = (ULONG)Vbn;
        Mcb->PairCount++;
    }
    while (Mcb->PairCount != 0 && FsRtlRunsOf(Mcb)[Mcb->PairCount - 1].Lbn == FSRTL_HOLE)
        Mcb->PairCount--;
}

/* ---- Questions ---- */
static LONGLONG FsRtlLbnOf(const FSRTL_RUN *Run, ULONG Offset) { return Run->Lbn == FSRTL_HOLE ? -1 : (LONGLONG)Run->Lbn + Offset; }

BOOLEAN NTAPI FsRtlLookupBaseMcbEntry(PBASE_MCB Mcb, LONGLONG Vbn, PLONGLONG Lbn, PLONGLONG SectorCountFromLbn, PLONGLONG StartingLbn,
                                      PLONGLONG SectorCountFromStartingLbn, PULONG Index)
{
    ULONG index = Vbn < 0 ? Mcb->PairCount : FsRtlFindRun(Mcb, (ULONG64)Vbn), start = FsRtlRunStart(Mcb, index);
    const FSRTL_RUN *run = &FsRtlRunsOf(Mcb)[index];

    if (index == Mcb->PairCount)
        return FALSE;
    if (Lbn != NULL)
        *Lbn = FsRtlLbnOf(run, (ULONG)Vbn - start);
    if (SectorCountFromLbn != NULL)
        *SectorCountFromLbn = run->End - Vbn;
    if (StartingLbn != NULL)
        *StartingLbn = FsRtlLbnOf(run, 0);
    if (SectorCountFromStartingLbn != NULL)
        *SectorCountFromStartingLbn = run->End - start;
    if (Index != NULL)
        *Index = index;
    return TRUE;
}

BOOLEAN NTAPI FsRtlLookupLastBaseMcbEntryAndIndex(PBASE_MCB OpaqueMcb, PLONGLONG LargeVbn, PLONGLONG LargeLbn, PULONG Index)
{
    ULONG index = OpaqueMcb->PairCount - 1;
    const FSRTL_RUN *run;

    if (OpaqueMcb->PairCount == 0)
        return FALSE;
    run = &FsRtlRunsOf(OpaqueMcb)[index];
    *LargeVbn = run->End - 1;
    *LargeLbn = FsRtlLbnOf(run, run->End - 1 - FsRtlRunStart(OpaqueMcb, index));
    *Index = index;
    return TRUE;
}

BOOLEAN NTAPI FsRtlLookupLastBaseMcbEntry(PBASE_MCB Mcb, PLONGLONG Vbn, PLONGLONG Lbn)
{
    ULONG index;
    return FsRtlLookupLastBaseMcbEntryAndIndex(Mcb, Vbn, Lbn, &index);
}

ULONG NTAPI FsRtlNumberOfRunsInBaseMcb(PBASE_MCB Mcb) { return Mcb->PairCount; }

BOOLEAN NTAPI FsRtlGetNextBaseMcbEntry(PBASE_MCB Mcb, ULONG RunIndex, PLONGLONG Vbn, PLONGLONG Lbn, PLONGLONG SectorCount)
{
    if (RunIndex >= Mcb->PairCount)
        return FALSE;
    *Vbn = FsRtlRunStart(Mcb, RunIndex);
    *Lbn = FsRtlLbnOf(&FsRtlRunsOf(Mcb)[RunIndex], 0);
    *SectorCount = FsRtlRunsOf(Mcb)[RunIndex].End - *Vbn;
    return TRUE;
}

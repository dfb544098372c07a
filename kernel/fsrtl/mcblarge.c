/* SPDX-License-Identifier: MIT
 * Map control blocks with a guarded mutex of their own. What fails for want of memory raises after the mutex is released.
 */
#include "mcb.h"

VOID NTAPI FsRtlInitializeLargeMcb(PLARGE_MCB Mcb, POOL_TYPE PoolType)
{
    Mcb->GuardedMutex = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*Mcb->GuardedMutex), FSRTL_TAG_MCB);
    if (Mcb->GuardedMutex == NULL)
        ExRaiseStatus(STATUS_INSUFFICIENT_RESOURCES);
    KeInitializeGuardedMutex(Mcb->GuardedMutex);
    FsRtlInitializeBaseMcb(&Mcb->BaseMcb, PoolType);
}

VOID NTAPI FsRtlUninitializeLargeMcb(PLARGE_MCB Mcb)
{
    if (Mcb->GuardedMutex == NULL)
        return;
    ExFreePoolWithTag(Mcb->GuardedMutex, FSRTL_TAG_MCB);
    Mcb->GuardedMutex = NULL;
    FsRtlUninitializeBaseMcb(&Mcb->BaseMcb);
}

VOID NTAPI FsRtlResetLargeMcb(PLARGE_MCB Mcb, BOOLEAN SelfSynchronized)
{
    if (!SelfSynchronized)
        KeAcquireGuardedMutex(Mcb->GuardedMutex);
    FsRtlResetBaseMcb(&Mcb->BaseMcb);
    if (!SelfSynchronized)
        KeReleaseGuardedMutex(Mcb->GuardedMutex);
}

/* ---- Changes ---- */
static BOOLEAN FsRtlLeaveMcb(PLARGE_MCB Mcb, NTSTATUS Status)
{
    KeReleaseGuardedMutex(Mcb->GuardedMutex);
    if (Status == STATUS_INSUFFICIENT_RESOURCES)
        ExRaiseStatus(Status);
    return NT_SUCCESS(Status);
}

BOOLEAN NTAPI FsRtlAddLargeMcbEntry(PLARGE_MCB Mcb, LONGLONG Vbn, LONGLONG Lbn, LONGLONG SectorCount)
{
    KeAcquireGuardedMutex(Mcb->GuardedMutex);
    return FsRtlLeaveMcb(Mcb, FsRtlMapRange(&Mcb->BaseMcb, Vbn, Lbn, SectorCount));
}

VOID NTAPI FsRtlRemoveLargeMcbEntry(PLARGE_MCB Mcb, LONGLONG Vbn, LONGLONG SectorCount)
{
    KeAcquireGuardedMutex(Mcb->GuardedMutex);
    FsRtlLeaveMcb(Mcb, FsRtlUnmapRange(&Mcb->BaseMcb, Vbn, SectorCount));
}

BOOLEAN NTAPI FsRtlSplitLargeMcb(PLARGE_MCB Mcb, LONGLONG Vbn, LONGLONG Amount)
{
    KeAcquireGuardedMutex(Mcb->GuardedMutex);
    return FsRtlLeaveMcb(Mcb, FsRtlShiftRange(&Mcb->BaseMcb, Vbn, Amount));
}

VOID NTAPI FsRtlTruncateLargeMcb(PLARGE_MCB Mcb, LONGLONG Vbn)
{
    KeAcquireGuardedMutex(Mcb->GuardedMutex);
    FsRtlTruncateBaseMcb(&Mcb->BaseMcb, Vbn);
    KeReleaseGuardedMutex(Mcb->GuardedMutex);
}

/* ---- Questions ---- */
BOOLEAN NTAPI FsRtlLookupLargeMcbEntry(PLARGE_MCB Mcb, LONGLONG Vbn, PLONGLONG Lbn, PLONGLONG SectorCountFromLbn, PLONGLONG StartingLbn,
                                       PLONGLONG SectorCountFromStartingLbn, PULONG Index)
{
    BOOLEAN found;

    KeAcquireGuardedMutex(Mcb->GuardedMutex);
    found = FsRtlLookupBaseMcbEntry(&Mcb->BaseMcb, Vbn, Lbn, SectorCountFromLbn, StartingLbn, SectorCountFromStartingLbn, Index);
    KeReleaseGuardedMutex(Mcb->GuardedMutex);
    return found;
}

BOOLEAN NTAPI FsRtlLookupLastLargeMcbEntryAndIndex(PLARGE_MCB OpaqueMcb, PLONGLONG LargeVbn, PLONGLONG LargeLbn, PULONG Index)
{
    BOOLEAN found;

    KeAcquireGuardedMutex(OpaqueMcb->GuardedMutex);
    found = FsRtlLookupLastBaseMcbEntryAndIndex(&OpaqueMcb->BaseMcb, LargeVbn, LargeLbn, Index);
    KeReleaseGuardedMutex(OpaqueMcb->GuardedMutex);
    return found;
}

BOOLEAN NTAPI FsRtlLookupLastLargeMcbEntry(PLARGE_MCB Mcb, PLONGLONG Vbn, PLONGLONG Lbn)
{
    ULONG index;
    return FsRtlLookupLastLargeMcbEntryAndIndex(Mcb, Vbn, Lbn, &index);
}

ULONG NTAPI FsRtlNumberOfRunsInLargeMcb(PLARGE_MCB Mcb)
{
    ULONG count;

    KeAcquireGuardedMutex(Mcb->GuardedMutex);
    count = FsRtlNumberOfRunsInBaseMcb(&Mcb->BaseMcb);
    KeReleaseGuardedMutex(Mcb->GuardedMutex);
    return count;
}

BOOLEAN NTAPI FsRtlGetNextLargeMcbEntry(PLARGE_MCB Mcb, ULONG RunIndex, PLONGLONG Vbn, PLONGLONG Lbn, PLONGLONG SectorCount)
{
    BOOLEAN found;

    KeAcquireGuardedMutex(Mcb->GuardedMutex);
    found = FsRtlGetNextBaseMcbEntry(&Mcb->BaseMcb, RunIndex, Vbn, Lbn, SectorCount);
    KeReleaseGuardedMutex(Mcb->GuardedMutex);
    return found;
}

/* SPDX-License-Identifier: MIT
 * Reserving and committing private memory of the current process.
 */
#include "space.h"

#ifndef MEM_WRITE_WATCH
#define MEM_WRITE_WATCH 0x00200000u
#endif
#define MI_ALLOCATION_TYPES (MEM_COMMIT | MEM_RESERVE | MEM_TOP_DOWN | MEM_RESET | MEM_WRITE_WATCH)

static NTSTATUS MiCheckAllocation(ULONG64 Base, SIZE_T Size, ULONG_PTR ZeroBits, ULONG Type)
{
    if ((ZeroBits > 21 && ZeroBits < 32) || ZeroBits > (ULONG64)MmHighestUserAddress)
        return STATUS_INVALID_PARAMETER_3;
    if (Type & ~(ULONG)MI_ALLOCATION_TYPES || !(Type & (MEM_COMMIT | MEM_RESERVE | MEM_RESET)))
        return STATUS_INVALID_PARAMETER_5;
    if (((Type & MEM_RESET) && Type != MEM_RESET) || ((Type & MEM_WRITE_WATCH) && !(Type & MEM_RESERVE)))
        return STATUS_INVALID_PARAMETER_5;
    if (Base > (ULONG64)MmHighestUserAddress)
        return STATUS_INVALID_PARAMETER_2;
    if (Size == 0 || Size > (ULONG64)MmHighestUserAddress + 1 - Base)
        return STATUS_INVALID_PARAMETER_4;
    return STATUS_SUCCESS;
}

static NTSTATUS MiReserveLocked(MI_ADDRESS_SPACE *Space, MI_VAD *Vad, ULONG64 Base, ULONG64 Pages, ULONG_PTR ZeroBits, ULONG Type)
{
    NTSTATUS status = MiPlaceVad(Space, Vad, Base, Pages, ZeroBits, Type);

    if (!NT_SUCCESS(status))
        return status;
    if (Type & MEM_WRITE_WATCH) {
        Vad->Watch = MiMakeWatch(Vad->First, Pages);
        if (Vad->Watch == NULL)
            return STATUS_INSUFFICIENT_RESOURCES;
    }
    if ((Type & MEM_COMMIT) && !MiChargeVad(Vad, Pages)) {
        MiLeaveWatch(Vad->Watch);
        return STATUS_COMMITMENT_LIMIT;
    }
    Vad->Committed = (Type & MEM_COMMIT) != 0;
    if (MiInsertVad(Space, Vad) != NULL)
        return STATUS_SUCCESS;
    MiReturnVad(Vad, Vad->Charged);
    MiLeaveWatch(Vad->Watch);
    return STATUS_INSUFFICIENT_RESOURCES;
}

/* Pages that are committed already change their protection; the others get a state of their own. Charged before. */
static BOOLEAN MiCommitPages(MI_VAD *Vad, ULONG64 First, ULONG64 Last, ULONG Protection)
{
    ULONG64 page;

    for (page = First; page <= Last; page++) {
        ULONG64 *pte = MiAddressToPte(page << PAGE_SHIFT);
        if ((page == First || (page & 511) == 0) && !MiEnsureTables(page << PAGE_SHIFT))     /* once for each table */
            return FALSE;
        __atomic_store_n(pte, MiWatchedEntry(Vad, page, MiProtectedEntry(Vad, *pte, Protection)), __ATOMIC_RELEASE);
    }
    KeFlushTb(First << PAGE_SHIFT, (ULONG)min(Last - First + 1, 0xFFFFFFFF));
    return TRUE;
}

static NTSTATUS MiCommitPrivate(MI_VAD *Vad, ULONG64 First, ULONG64 Last, ULONG Protection)
{
    ULONG64 fresh = Last - First + 1 - MiCountCommitted(Vad, First, Last);

    if (!MiChargeVad(Vad, fresh))
        return STATUS_COMMITMENT_LIMIT;
    if (MiCommitPages(Vad, First, Last, Protection))
        return STATUS_SUCCESS;
    /* What was committed before the tables ran out stays so, and is charged; the rest is given back. */
    MiReturnVad(Vad, Vad->Charged - MiCountCommitted(Vad, Vad->First, Vad->Last));
    return STATUS_INSUFFICIENT_RESOURCES;
}

static NTSTATUS MiCommitLocked(MI_ADDRESS_SPACE *Space, ULONG64 First, ULONG64 Last, ULONG Protection)
{
    MI_VAD *vad = MiFindVad(Space, First);

    if (vad == NULL || Last > vad->Last)
        return STATUS_CONFLICTING_ADDRESSES;
    if (vad->Kind == MiVadPrivate && !(Protection & MI_COPY_ON_WRITE))
        return MiCommitPrivate(vad, First, Last, Protection);
    if (vad->Kind == MiVadView && !vad->Segment->Committed)
        return MiCommitSegment(vad->Segment, vad->SegmentPage + First - vad->First, Last - First + 1);
    return vad->Kind == MiVadView ? STATUS_ALREADY_COMMITTED : STATUS_CONFLICTING_ADDRESSES;
}

NTSTATUS MmAllocateUserMemory(PVOID *BaseAddress, ULONG_PTR ZeroBits, PSIZE_T RegionSize, ULONG AllocationType, ULONG Protect)
{
    ULONG64 base = (ULONG64)*BaseAddress, first, last;
    PEPROCESS process = MiCurrentProcess();
    MI_VAD vad = { .Kind = MiVadPrivate };
    NTSTATUS status = MiCheckAllocation(base, *RegionSize, ZeroBits, AllocationType);

    if (!NT_SUCCESS(status))
        return status;
    if (!MiProtectionOf(Protect, &vad.Protection, &vad.Cache) || (vad.Protection & MI_COPY_ON_WRITE))
        return STATUS_INVALID_PAGE_PROTECTION;
    if ((AllocationType & MEM_RESERVE) || base == 0) {
        ULONG64 start = base & ~((MI_GRANULARITY_PAGES << PAGE_SHIFT) - 1);
        ULONG64 pages = ((base + *RegionSize + PAGE_SIZE - 1) >> PAGE_SHIFT) - (start >> PAGE_SHIFT);
        MiLockAddressSpace(process);
        status = AllocationType & MEM_RESET ? STATUS_CONFLICTING_ADDRESSES
                                            : MiReserveLocked(MiSpaceOf(process), &vad, start, pages, ZeroBits, AllocationType);
        first = vad.First;
        last = vad.Last;
    } else {
        first = base >> PAGE_SHIFT;
        last = (base + *RegionSize - 1) >> PAGE_SHIFT;
        MiLockAddressSpace(process);
        if (AllocationType == MEM_RESET)         /* the contents may go; they stay */
            status = MiFindVad(MiSpaceOf(process), first) != NULL ? STATUS_SUCCESS : STATUS_CONFLICTING_ADDRESSES;
        else
            status = MiCommitLocked(MiSpaceOf(process), first, last, vad.Protection);
    }
    MiUnlockAddressSpace(process);
    if (!NT_SUCCESS(status))
        return status;
    *BaseAddress = (PVOID)(first << PAGE_SHIFT);
    *RegionSize = (last - first + 1) << PAGE_SHIFT;
    return STATUS_SUCCESS;
}

/* SPDX-License-Identifier: MIT
 * Stress on pool and lookaside lists: what was written is there until it is freed.
 */
#include "stress.h"

#define BLOCK_SIZE 96

static NPAGED_LOOKASIDE_LIST Nonpaged;
static PAGED_LOOKASIDE_LIST Paged;

static BOOLEAN IsFilled(const UCHAR *Memory, ULONG Size, UCHAR Pattern)
{
    ULONG i;

    for (i = 0; i < Size; i++) {
        if (Memory[i] != (UCHAR)(Pattern + i))
            return FALSE;
    }
    return TRUE;
}

static VOID Fill(PUCHAR Memory, ULONG Size, UCHAR Pattern)
{
    ULONG i;

    for (i = 0; i < Size; i++)
        Memory[i] = (UCHAR)(Pattern + i);
}

/* Mostly small, sometimes a page or more. */
static ULONG RandomSize(STRESS_THREAD *Thread)
{
    static const ULONG limits[] = { 64, 64, 512, 512, 4096, 5 * PAGE_SIZE };

    return 1 + StressRandom(Thread, limits[StressRandom(Thread, sizeof(limits) / sizeof(limits[0]))]);
}

static VOID Release(POOL_SLOT *Slot)
{
    if (Slot->Memory == NULL)
        return;
    StressCheck(IsFilled(Slot->Memory, Slot->Size, Slot->Pattern), "pool memory keeps what was written");
    ExFreePoolWithTag(Slot->Memory, STRESS_TAG);
    Slot->Memory = NULL;
}

VOID StressPool(STRESS_THREAD *Thread)
{
    POOL_SLOT *slot = &Thread->Slots[StressRandom(Thread, POOL_SLOTS)];
    ULONG_PTR address;

    if (slot->Memory != NULL) {
        Release(slot);
        return;
    }
    slot->Size = RandomSize(Thread);
    slot->Pattern = (UCHAR)StressRandom(Thread, 256);
    slot->Memory = ExAllocatePoolWithTag(StressRandom(Thread, 2) != 0 ? NonPagedPoolNx : PagedPool, slot->Size, STRESS_TAG);
    if (!StressCheck(slot->Memory != NULL, "pool memory"))
        return;
    address = (ULONG_PTR)slot->Memory;
    StressCheck(address % 16 == 0 && (slot->Size < PAGE_SIZE || address % PAGE_SIZE == 0), "pool memory is aligned");
    Fill(slot->Memory, slot->Size, slot->Pattern);
}

VOID StressLookaside(STRESS_THREAD *Thread)
{
    BOOLEAN paged = StressRandom(Thread, 2) != 0;
    UCHAR pattern = (UCHAR)StressRandom(Thread, 256);
    PUCHAR block = paged ? ExAllocateFromPagedLookasideList(&Paged) : ExAllocateFromNPagedLookasideList(&Nonpaged);

    if (!StressCheck(block != NULL, "a block of a lookaside list"))
        return;
    Fill(block, BLOCK_SIZE, pattern);
    StressPause(Thread);
    StressCheck(IsFilled(block, BLOCK_SIZE, pattern), "a block belongs to one thread");
    if (paged)
        ExFreeToPagedLookasideList(&Paged, block);
    else
        ExFreeToNPagedLookasideList(&Nonpaged, block);
}

VOID StressMemoryStart(VOID)
{
    ExInitializeNPagedLookasideList(&Nonpaged, NULL, NULL, 0, BLOCK_SIZE, STRESS_TAG, 0);
    ExInitializePagedLookasideList(&Paged, NULL, NULL, 0, BLOCK_SIZE, STRESS_TAG, 0);
}

VOID StressMemoryFinish(VOID)
{
    ULONG i, j;

    for (i = 0; i < StressThreadCount; i++) {
        for (j = 0; j < POOL_SLOTS; j++)
            Release(&StressThreads[i].Slots[j]);
    }
    ExDeleteNPagedLookasideList(&Nonpaged);
    ExDeletePagedLookasideList(&Paged);
}

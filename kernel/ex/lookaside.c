/* SPDX-License-Identifier: MIT
 * Lookaside lists: a driver's own cache of blocks of one size. Allocating and freeing is inlined into drivers (an S-list, and the
 * list's two routines when it is empty or full), so the layout is ABI; here are the ends of a list's life, and once a second the
 * number of blocks that each list may keep follows what its misses say.
 */
#include "exp.h"
#include "mm.h"

#define EXP_DEPTH_START 4u
#define EXP_DEPTH_STEP 30u
#define EXP_MISSES_TOLERATED 75u                 /* in a second */

static KE_LOCK ExpLookasideLock = KE_LOCK_OF_RANK(KeRankLookaside);
static LIST_ENTRY ExpLookasideLists = { &ExpLookasideLists, &ExpLookasideLists };    /* ExpLookasideLock */
static KTIMER ExpLookasideTimer;
static KDPC ExpLookasideDpc;

/* One list's depth after a second in which it was asked Allocates times and had nothing Misses times. */
USHORT ExpNewLookasideDepth(USHORT Depth, USHORT Maximum, ULONG Allocates, ULONG Misses)
{
    ULONG depth = Depth;
    if (Misses >= EXP_MISSES_TOLERATED && Allocates != 0)
        depth += min(EXP_DEPTH_STEP, Maximum * (ULONG64)Misses / Allocates / 2 + 1);
    else if (depth > EXP_DEPTH_START)
        depth -= min(depth - EXP_DEPTH_START, Allocates == 0 ? 10u : 1u);
    return (USHORT)min(depth, Maximum);
}

static VOID NTAPI ExpAdjustLookaside(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    KIRQL irql = KeLockAcquire(&ExpLookasideLock);
    PLIST_ENTRY entry;

    for (entry = ExpLookasideLists.Flink; entry != &ExpLookasideLists; entry = entry->Flink) {
        PGENERAL_LOOKASIDE_POOL list = CONTAINING_RECORD(entry, GENERAL_LOOKASIDE_POOL, ListEntry);
        list->Depth = ExpNewLookasideDepth(list->Depth, list->MaximumDepth, list->TotalAllocates - list->LastTotalAllocates,
                                           list->AllocateMisses - list->LastAllocateMisses);
        list->LastTotalAllocates = list->TotalAllocates;
        list->LastAllocateMisses = list->AllocateMisses;
    }
    KeLockRelease(&ExpLookasideLock, irql);
}

VOID ExpInitializeLookaside(VOID)
{
    LARGE_INTEGER second = { .QuadPart = -10000000 };

    KeInitializeDpc(&ExpLookasideDpc, ExpAdjustLookaside, NULL);
    KeInitializeTimer(&ExpLookasideTimer);
    KeSetTimerEx(&ExpLookasideTimer, second, 1000, &ExpLookasideDpc);
}

/* What all kinds of lists share; the old ones are padded to a cache line. */
static inline PGENERAL_LOOKASIDE_POOL ExpPartOf(PGENERAL_LOOKASIDE List) { return (PGENERAL_LOOKASIDE_POOL)List; }

static VOID ExpOpenLookaside(PGENERAL_LOOKASIDE_POOL List, ULONG Type, SIZE_T Size, ULONG Tag)
{
    KIRQL irql;

    RtlZeroMemory(List, sizeof(*List));
    InitializeSListHead(&List->ListHead);
    List->Depth = EXP_DEPTH_START;
    List->MaximumDepth = EX_MAXIMUM_LOOKASIDE_DEPTH_BASE;
    List->Type = Type;
    List->Tag = Tag;
    List->Size = (ULONG)max(Size, LOOKASIDE_MINIMUM_BLOCK_SIZE);
    irql = KeLockAcquire(&ExpLookasideLock);
    InsertTailList(&ExpLookasideLists, &List->ListEntry);
    KeLockRelease(&ExpLookasideLock, irql);
}

static VOID ExpForgetLookaside(PGENERAL_LOOKASIDE_POOL List)
{
    KIRQL irql = KeLockAcquire(&ExpLookasideLock);
    RemoveEntryList(&List->ListEntry);
    KeLockRelease(&ExpLookasideLock, irql);
    List->Depth = 0;
}

static VOID ExpOpenOldLookaside(PGENERAL_LOOKASIDE_POOL List, ULONG Type, PALLOCATE_FUNCTION Allocate, PFREE_FUNCTION Free, SIZE_T Size,
                                ULONG Tag)
{
    ExpOpenLookaside(List, Type, Size, Tag);
    List->Allocate = Allocate != NULL ? Allocate : ExAllocatePoolWithTag;
    List->Free = Free != NULL ? Free : ExFreePool;
}

static VOID ExpCloseOldLookaside(PGENERAL_LOOKASIDE_POOL List)
{
    PSLIST_ENTRY block;
    ExpForgetLookaside(List);
    while ((block = InterlockedPopEntrySList(&List->ListHead)) != NULL)
        List->Free(block);
}

VOID NTAPI ExInitializeNPagedLookasideList(PNPAGED_LOOKASIDE_LIST Lookaside, PALLOCATE_FUNCTION Allocate, PFREE_FUNCTION Free,
                                           ULONG Flags, SIZE_T Size, ULONG Tag, USHORT Depth)
{
    ExpOpenOldLookaside(ExpPartOf(&Lookaside->L), NonPagedPool | (Flags & (POOL_NX_ALLOCATION | POOL_RAISE_IF_ALLOCATION_FAILURE)), Allocate,
                        Free, Size, Tag);
}

VOID NTAPI ExInitializePagedLookasideList(PPAGED_LOOKASIDE_LIST Lookaside, PALLOCATE_FUNCTION Allocate, PFREE_FUNCTION Free,
                                          ULONG Flags, SIZE_T Size, ULONG Tag, USHORT Depth)
{
    ExpOpenOldLookaside(ExpPartOf(&Lookaside->L), PagedPool | (Flags & POOL_RAISE_IF_ALLOCATION_FAILURE), Allocate, Free, Size, Tag);
}

VOID NTAPI ExDeleteNPagedLookasideList(PNPAGED_LOOKASIDE_LIST Lookaside) { ExpCloseOldLookaside(ExpPartOf(&Lookaside->L)); }
VOID NTAPI ExDeletePagedLookasideList(PPAGED_LOOKASIDE_LIST Lookaside) { ExpCloseOldLookaside(ExpPartOf(&Lookaside->L)); }

/* ---- Lists whose routines are given the list ---- */
static PVOID NTAPI ExpAllocateForLookaside(POOL_TYPE Type, SIZE_T Size, ULONG Tag, PLOOKASIDE_LIST_EX Lookaside)
{
    return ExAllocatePoolWithTag(Type, Size, Tag);
}

static VOID NTAPI ExpFreeForLookaside(PVOID Block, PLOOKASIDE_LIST_EX Lookaside) { ExFreePool(Block); }

static BOOLEAN ExpIsPoolTypeValid(POOL_TYPE Type)
{
    return Type == NonPagedPool || Type == PagedPool || Type == NonPagedPoolNx || Type == NonPagedPoolCacheAligned
           || Type == PagedPoolCacheAligned || Type == NonPagedPoolNxCacheAligned;
}

NTSTATUS NTAPI ExInitializeLookasideListEx(PLOOKASIDE_LIST_EX Lookaside, PALLOCATE_FUNCTION_EX Allocate, PFREE_FUNCTION_EX Free,
                                           POOL_TYPE PoolType, ULONG Flags, SIZE_T Size, ULONG Tag, USHORT Depth)
{
    ULONG type = PoolType;

    if (!ExpIsPoolTypeValid(PoolType))
        return STATUS_INVALID_PARAMETER_4;
    if (Flags > EX_LOOKASIDE_LIST_EX_FLAGS_FAIL_NO_RAISE)
        return STATUS_INVALID_PARAMETER_5;
    if (Flags == EX_LOOKASIDE_LIST_EX_FLAGS_RAISE_ON_FAIL)
        type |= POOL_RAISE_IF_ALLOCATION_FAILURE;
    if (Flags == EX_LOOKASIDE_LIST_EX_FLAGS_FAIL_NO_RAISE)
        type |= POOL_QUOTA_FAIL_INSTEAD_OF_RAISE;
    ExpOpenLookaside(&Lookaside->L, type, Size, Tag);
    Lookaside->L.AllocateEx = Allocate != NULL ? Allocate : ExpAllocateForLookaside;
    Lookaside->L.FreeEx = Free != NULL ? Free : ExpFreeForLookaside;
    return STATUS_SUCCESS;
}

VOID NTAPI ExFlushLookasideListEx(PLOOKASIDE_LIST_EX Lookaside)
{
    PSLIST_ENTRY block;
    while ((block = InterlockedPopEntrySList(&Lookaside->L.ListHead)) != NULL)
        Lookaside->L.FreeEx(block, Lookaside);
}

VOID NTAPI ExDeleteLookasideListEx(PLOOKASIDE_LIST_EX Lookaside)
{
    ExpForgetLookaside(&Lookaside->L);
    ExFlushLookasideListEx(Lookaside);
}

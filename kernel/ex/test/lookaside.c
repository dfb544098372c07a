/* SPDX-License-Identifier: MIT
 * Lookaside lists, used as drivers use them: through the DDK's inline routines.
 */
#include "../exp.h"
#include "test.h"

typedef struct COUNTED {
    LOOKASIDE_LIST_EX List;
    LONG Allocated, Freed;
} COUNTED;

static VOID Keeps(VOID)
{
    DECLSPEC_ALIGN(16) NPAGED_LOOKASIDE_LIST list;
    PVOID blocks[6], again;
    ULONG i;

    ExInitializeNPagedLookasideList(&list, NULL, NULL, 0, 100, 'tseT', 0);
    CHECK(list.L.Size == 100 && list.L.Tag == 'tseT' && list.L.Depth == 4 && list.L.Type == NonPagedPool);
    for (i = 0; i < RTL_NUMBER_OF(blocks); i++)
        blocks[i] = ExAllocateFromNPagedLookasideList(&list);
    for (i = 0; i < RTL_NUMBER_OF(blocks); i++)
        ExFreeToNPagedLookasideList(&list, blocks[i]);
    CHECK(list.L.AllocateMisses == 6 && list.L.FreeMisses == 2 && ExQueryDepthSList(&list.L.ListHead) == 4);
    again = ExAllocateFromNPagedLookasideList(&list);
    CHECK(again == blocks[3] && list.L.AllocateMisses == 6);
    ExFreeToNPagedLookasideList(&list, again);
    ExDeleteNPagedLookasideList(&list);
    CHECK(ExQueryDepthSList(&list.L.ListHead) == 0);
}

static VOID Paged(VOID)
{
    DECLSPEC_ALIGN(16) PAGED_LOOKASIDE_LIST list;
    PVOID block;

    ExInitializePagedLookasideList(&list, NULL, NULL, 0, 1, 'tseT', 0);
    CHECK(list.L.Type == PagedPool && list.L.Size >= sizeof(SLIST_ENTRY) / 2);
    block = ExAllocateFromPagedLookasideList(&list);
    if (CHECK(block != NULL))
        ExFreeToPagedLookasideList(&list, block);
    ExDeletePagedLookasideList(&list);
}

static PVOID NTAPI Allocate(POOL_TYPE Type, SIZE_T Size, ULONG Tag, PLOOKASIDE_LIST_EX List)
{
    CONTAINING_RECORD(List, COUNTED, List)->Allocated++;
    CHECK(Type == (NonPagedPoolNx | POOL_QUOTA_FAIL_INSTEAD_OF_RAISE) && Size == 256);
    return ExAllocatePoolWithTag(NonPagedPoolNx, Size, Tag);
}

static VOID NTAPI Free(PVOID Block, PLOOKASIDE_LIST_EX List)
{
    CONTAINING_RECORD(List, COUNTED, List)->Freed++;
    ExFreePool(Block);
}

static VOID Routines(VOID)
{
    COUNTED *counted = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*counted), 'tseT');
    PVOID blocks[5];
    ULONG i;

    if (!CHECK(counted != NULL))
        return;
    RtlZeroMemory(counted, sizeof(*counted));
    CHECK(ExInitializeLookasideListEx(&counted->List, NULL, NULL, MaxPoolType + 90, 0, 256, 'tseT', 0) == STATUS_INVALID_PARAMETER_4);
    CHECK(ExInitializeLookasideListEx(&counted->List, NULL, NULL, PagedPool, 3, 256, 'tseT', 0) == STATUS_INVALID_PARAMETER_5);
    CHECK(ExInitializeLookasideListEx(&counted->List, Allocate, Free, NonPagedPoolNx, EX_LOOKASIDE_LIST_EX_FLAGS_FAIL_NO_RAISE, 256,
                                      'tseT', 0) == STATUS_SUCCESS);
    for (i = 0; i < RTL_NUMBER_OF(blocks); i++)
        blocks[i] = ExAllocateFromLookasideListEx(&counted->List);
    for (i = 0; i < RTL_NUMBER_OF(blocks); i++)
        ExFreeToLookasideListEx(&counted->List, blocks[i]);
    CHECK(counted->Allocated == 5 && counted->Freed == 1);
    ExFlushLookasideListEx(&counted->List);
    CHECK(counted->Freed == 5);
    ExDeleteLookasideListEx(&counted->List);
    ExFreePoolWithTag(counted, 'tseT');
}

/* The depth follows demand and forgets it. */
static VOID Depth(VOID)
{
    USHORT depth = ExpNewLookasideDepth(4, 256, 1000, 900);
    CHECK(depth > 4 && depth <= 34);
    CHECK(ExpNewLookasideDepth(250, 256, 1000, 900) == 256);
    CHECK(ExpNewLookasideDepth(50, 256, 1000, 3) == 49);
    CHECK(ExpNewLookasideDepth(50, 256, 0, 0) == 40 && ExpNewLookasideDepth(5, 256, 0, 0) == 4);
}

static VOID Churn(PVOID Context, ULONG Index)
{
    PNPAGED_LOOKASIDE_LIST list = Context;
    ULONG round, i;
    for (round = 0; round < 300; round++) {
        PULONG blocks[5];
        for (i = 0; i < RTL_NUMBER_OF(blocks); i++) {
            blocks[i] = ExAllocateFromNPagedLookasideList(list);
            *blocks[i] = Index * 8 + i;
        }
        for (i = 0; i < RTL_NUMBER_OF(blocks); i++) {
            CHECK(*blocks[i] == Index * 8 + i);
            ExFreeToNPagedLookasideList(list, blocks[i]);
        }
    }
}

static VOID Contention(VOID)
{
    DECLSPEC_ALIGN(16) NPAGED_LOOKASIDE_LIST list;
    ExInitializeNPagedLookasideList(&list, NULL, NULL, POOL_NX_ALLOCATION, 64, 'tseT', 0);
    TestRunThreads(4, Churn, &list);
    ExDeleteNPagedLookasideList(&list);
}

static const KE_TEST tests[] = {
    { "ex.lookaside.keeps", Keeps, 0 },       { "ex.lookaside.paged", Paged, 0 },
    { "ex.lookaside.routines", Routines, 0 }, { "ex.lookaside.depth", Depth, 0 },
    { "ex.lookaside.contention", Contention, 0 },
};
const KE_TEST_GROUP ExLookasideTests = { tests, RTL_NUMBER_OF(tests) };

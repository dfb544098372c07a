/* SPDX-License-Identifier: MIT
 * Bitmaps and generic tables, each export once; the random tests are native (test/host/test_bitmap.c, test_table.c).
 */
#include "rtl.h"
#include "test.h"

static VOID Bits(VOID)
{
    ULONG words[2], start;
    RTL_BITMAP map;
    RTL_BITMAP_RUN runs[2];

    RtlInitializeBitMap(&map, words, 50);
    RtlClearAllBits(&map);
    RtlSetBits(&map, 10, 30);
    RtlClearBits(&map, 20, 4);
    RtlSetBit(&map, 0);
    RtlClearBit(&map, 39);
    CHECK(RtlNumberOfSetBits(&map) == 26 && RtlNumberOfClearBits(&map) == 24);
    CHECK(RtlTestBit(&map, 10) && !RtlTestBit(&map, 9) && RtlAreBitsSet(&map, 10, 10) && RtlAreBitsClear(&map, 20, 4));
    CHECK(RtlFindClearBits(&map, 4, 15) == 20 && RtlFindSetBits(&map, 12, 0) == 24);
    CHECK(RtlFindFirstRunClear(&map, &start) == 9 && start == 1 && RtlFindLongestRunClear(&map, &start) == 11 && start == 39);
    CHECK(RtlFindNextForwardRunClear(&map, 12, &start) == 4 && start == 20);
    CHECK(RtlFindLastBackwardRunClear(&map, 30, &start) == 4 && start == 20);
    CHECK(RtlFindClearRuns(&map, runs, 2, TRUE) == 2 && runs[0].NumberOfBits == 11 && runs[1].StartingIndex == 1);
    CHECK(RtlFindClearBitsAndSet(&map, 4, 15) == 20 && RtlTestBit(&map, 23));
    CHECK(RtlFindSetBitsAndClear(&map, 4, 20) == 20 && !RtlTestBit(&map, 23));
    RtlSetAllBits(&map);
    CHECK(RtlNumberOfSetBits(&map) == 50);
    CHECK(RtlFindLeastSignificantBit(0x50) == 4 && RtlFindMostSignificantBit(0x50) == 6 && RtlNumberOfSetBitsUlongPtr(0x71) == 4);
}

static PVOID Take(ULONG bytes) { return ExAllocatePoolWithTag(NonPagedPool, bytes, 'tstR'); }
static VOID Give(PVOID block) { ExFreePoolWithTag(block, 'tstR'); }

static RTL_GENERIC_COMPARE_RESULTS Compare(PVOID left, PVOID right)
{
    LONG a = *(PLONG)left, b = *(PLONG)right;
    return a == b ? GenericEqual : a < b ? GenericLessThan : GenericGreaterThan;
}

static RTL_GENERIC_COMPARE_RESULTS NTAPI SplayCompare(struct _RTL_GENERIC_TABLE *table, PVOID left, PVOID right)
{
    return Compare(left, right);
}
static PVOID NTAPI SplayAllocate(struct _RTL_GENERIC_TABLE *table, CLONG bytes) { return Take(bytes); }
static VOID NTAPI SplayFree(struct _RTL_GENERIC_TABLE *table, PVOID block) { Give(block); }
static RTL_GENERIC_COMPARE_RESULTS NTAPI AvlCompare(struct _RTL_AVL_TABLE *table, PVOID left, PVOID right)
{
    return Compare(left, right);
}
static PVOID NTAPI AvlAllocate(struct _RTL_AVL_TABLE *table, CLONG bytes) { return Take(bytes); }
static VOID NTAPI AvlFree(struct _RTL_AVL_TABLE *table, PVOID block) { Give(block); }

static VOID SplayTable(VOID)
{
    RTL_GENERIC_TABLE table;
    TABLE_SEARCH_RESULT result;
    PVOID node, key = NULL;
    BOOLEAN new = FALSE;
    LONG i, *data, sum = 0;

    RtlInitializeGenericTable(&table, SplayCompare, SplayAllocate, SplayFree, NULL);
    CHECK(RtlIsGenericTableEmpty(&table));
    for (i = 9; i >= 0; i--)
        CHECK(*(PLONG)RtlInsertElementGenericTable(&table, &i, sizeof(i), &new) == i && new);
    i = 5;
    CHECK(RtlInsertElementGenericTable(&table, &i, sizeof(i), &new) != NULL && !new &&
          RtlNumberGenericTableElements(&table) == 10);
    CHECK(*(PLONG)RtlLookupElementGenericTable(&table, &i) == 5 && *(PLONG)RtlGetElementGenericTable(&table, 2) == 7);
    i = 12;
    CHECK(RtlLookupElementGenericTableFull(&table, &i, &node, &result) == NULL && result == TableInsertAsRight);
    CHECK(*(PLONG)RtlInsertElementGenericTableFull(&table, &i, sizeof(i), &new, node, result) == 12 && new);
    for (data = RtlEnumerateGenericTable(&table, TRUE); data != NULL; data = RtlEnumerateGenericTable(&table, FALSE))
        sum = sum * 2 + *data;
    while ((data = RtlEnumerateGenericTableWithoutSplaying(&table, &key)) != NULL)
        sum -= *data;
    CHECK(sum == 1013 * 2 + 12 - 57 && !RtlIsGenericTableEmpty(&table));
    for (i = 0; i < 13; i++)
        CHECK(RtlDeleteElementGenericTable(&table, &i) == (i < 10 || i == 12));
    CHECK(RtlIsGenericTableEmpty(&table));
}

static VOID AvlTable(VOID)
{
    RTL_AVL_TABLE table;
    TABLE_SEARCH_RESULT result;
    PVOID node, key = NULL;
    BOOLEAN new = FALSE;
    LONG i, *data, sum = 0;

    RtlInitializeGenericTableAvl(&table, AvlCompare, AvlAllocate, AvlFree, NULL);
    CHECK(RtlIsGenericTableEmptyAvl(&table));
    for (i = 9; i >= 0; i--)
        CHECK(*(PLONG)RtlInsertElementGenericTableAvl(&table, &i, sizeof(i), &new) == i && new);
    i = 5;
    CHECK(RtlInsertElementGenericTableAvl(&table, &i, sizeof(i), &new) != NULL && !new &&
          RtlNumberGenericTableElementsAvl(&table) == 10);
    CHECK(*(PLONG)RtlLookupElementGenericTableAvl(&table, &i) == 5 && *(PLONG)RtlGetElementGenericTableAvl(&table, 2) == 2);
    CHECK(*(PLONG)RtlLookupFirstMatchingElementGenericTableAvl(&table, &i, &key) == 5 && key != NULL);
    i = 12;
    CHECK(RtlLookupElementGenericTableFullAvl(&table, &i, &node, &result) == NULL && result == TableInsertAsRight);
    CHECK(*(PLONG)RtlInsertElementGenericTableFullAvl(&table, &i, sizeof(i), &new, node, result) == 12 && new);
    for (data = RtlEnumerateGenericTableAvl(&table, TRUE); data != NULL; data = RtlEnumerateGenericTableAvl(&table, FALSE))
        sum = sum * 2 + *data;
    for (key = NULL; (data = RtlEnumerateGenericTableWithoutSplayingAvl(&table, &key)) != NULL;)
        sum -= *data;
    CHECK(sum == 1013 * 2 + 12 - 57 && table.DepthOfTree == 4);
    for (i = 0; i < 13; i++)
        CHECK(RtlDeleteElementGenericTableAvl(&table, &i) == (i < 10 || i == 12));
    CHECK(RtlIsGenericTableEmptyAvl(&table));
}

static VOID SplayLinks(VOID)
{
    RTL_SPLAY_LINKS nodes[3];
    PRTL_SPLAY_LINKS root = &nodes[0];

    RtlZeroMemory(nodes, sizeof(nodes));
    nodes[0].Parent = &nodes[0];          /* 0 with 1 at its right, 2 at the right of that */
    RtlInsertAsRightChild(&nodes[0], &nodes[1]);
    RtlInsertAsRightChild(&nodes[1], &nodes[2]);
    CHECK(RtlRealSuccessor(&nodes[0]) == &nodes[1] && RtlRealPredecessor(&nodes[2]) == &nodes[1] &&
          RtlRealSuccessor(&nodes[2]) == NULL);
    CHECK(RtlSubtreeSuccessor(&nodes[0]) == &nodes[1] && RtlSubtreePredecessor(&nodes[0]) == NULL);
    root = RtlSplay(&nodes[2]);
    CHECK(root == &nodes[2] && nodes[2].Parent == &nodes[2] && RtlRealPredecessor(&nodes[2]) == &nodes[1]);
    RtlDeleteNoSplay(&nodes[2], &root);
    CHECK(root != &nodes[2] && RtlRealSuccessor(&nodes[0]) == &nodes[1]);
    root = RtlDelete(&nodes[1]);
    CHECK(root == &nodes[0] && RtlDelete(&nodes[0]) == NULL);
}

static const KE_TEST Tests[] = {
    { "rtl.container.bitmap", Bits },
    { "rtl.container.splaytable", SplayTable },
    { "rtl.container.avltable", AvlTable },
    { "rtl.container.splay", SplayLinks },
};
const KE_TEST_GROUP RtlContainerTests = { Tests, RTL_NUMBER_OF(Tests) };

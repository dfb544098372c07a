/* SPDX-License-Identifier: MIT
 * Map control blocks, against a plain table of the same mapping.
 */
#include "../mcb.h"
#include "test.h"

#define SPAN 64u

/* What every VBN is mapped to; 0: nothing. */
static BOOLEAN Agrees(PLARGE_MCB Mcb, const ULONG *Table)
{
    LONGLONG vbn = 0, lbn, rest, start, whole, end = 0;
    ULONG i, index, mapped = 0;
    BOOLEAN right = TRUE;

    for (i = 0; i < SPAN; i++)
        mapped = Table[i] != 0 ? i + 1 : mapped;
    for (i = 0; i < SPAN; i++) {
        BOOLEAN found = FsRtlLookupLargeMcbEntry(Mcb, i, &lbn, &rest, &start, &whole, &index);
        right = right && found == (i < mapped);
        right = right && (!found || (lbn == (Table[i] != 0 ? (LONGLONG)Table[i] : -1) && rest >= 1 && rest <= whole));
        right = right && (!found || (lbn == -1 ? start == -1 : start == lbn - (whole - rest)));
    }
    for (i = 0; FsRtlGetNextLargeMcbEntry(Mcb, i, &vbn, &lbn, &rest); i++) {
        right = right && vbn == end;
        end = vbn + rest;
    }
    return right && end == mapped && FsRtlNumberOfRunsInLargeMcb(Mcb) == i;
}

static VOID Runs(VOID)
{
    LONGLONG vbn = 0, lbn = 0;
    LARGE_MCB mcb;
    ULONG index;

    FsRtlInitializeLargeMcb(&mcb, PagedPool);
    CHECK(!FsRtlLookupLastLargeMcbEntry(&mcb, &vbn, &lbn) && FsRtlNumberOfRunsInLargeMcb(&mcb) == 0);
    CHECK(FsRtlAddLargeMcbEntry(&mcb, 0, 100, 1) && FsRtlAddLargeMcbEntry(&mcb, 3, 200, 1));
    CHECK(FsRtlNumberOfRunsInLargeMcb(&mcb) == 3);                                  /* with the hole */
    CHECK(FsRtlLookupLastLargeMcbEntryAndIndex(&mcb, &vbn, &lbn, &index) && vbn == 3 && lbn == 200 && index == 2);
    CHECK(FsRtlAddLargeMcbEntry(&mcb, 4, 201, 6) && FsRtlNumberOfRunsInLargeMcb(&mcb) == 3);
    CHECK(FsRtlAddLargeMcbEntry(&mcb, 5, 202, 10) && FsRtlLookupLastLargeMcbEntry(&mcb, &vbn, &lbn) && vbn == 14 && lbn == 211);
    CHECK(!FsRtlAddLargeMcbEntry(&mcb, 14, 500, 3));                                /* it is mapped elsewhere */
    CHECK(!FsRtlAddLargeMcbEntry(&mcb, -1, 1, 1) && !FsRtlAddLargeMcbEntry(&mcb, 20, 1, 0) &&
          !FsRtlAddLargeMcbEntry(&mcb, 20, 1, 0x100000000) && !FsRtlAddLargeMcbEntry(&mcb, 0xFFFFFFFF, 1, 1));
    CHECK(FsRtlAddLargeMcbEntry(&mcb, 1, 101, 2) && FsRtlNumberOfRunsInLargeMcb(&mcb) == 2);
    FsRtlRemoveLargeMcbEntry(&mcb, 2, 2);
    CHECK(FsRtlNumberOfRunsInLargeMcb(&mcb) == 3 && !FsRtlLookupLargeMcbEntry(&mcb, 15, NULL, NULL, NULL, NULL, NULL));
    CHECK(FsRtlLookupLargeMcbEntry(&mcb, 3, &lbn, NULL, NULL, NULL, NULL) && lbn == -1);
    CHECK(FsRtlSplitLargeMcb(&mcb, 10, 5) && FsRtlLookupLargeMcbEntry(&mcb, 15, &lbn, NULL, NULL, NULL, NULL) && lbn == 207);
    CHECK(FsRtlLookupLargeMcbEntry(&mcb, 14, &lbn, NULL, NULL, NULL, NULL) && lbn == -1 && !FsRtlSplitLargeMcb(&mcb, 10, 0xFFFFFFFF));
    FsRtlTruncateLargeMcb(&mcb, 12);                                                /* the hole goes, too */
    CHECK(FsRtlLookupLastLargeMcbEntry(&mcb, &vbn, &lbn) && vbn == 9 && lbn == 206);
    FsRtlTruncateLargeMcb(&mcb, 7);
    CHECK(FsRtlLookupLastLargeMcbEntry(&mcb, &vbn, &lbn) && vbn == 6 && lbn == 203);
    FsRtlResetLargeMcb(&mcb, FALSE);
    CHECK(FsRtlNumberOfRunsInLargeMcb(&mcb) == 0);
    FsRtlUninitializeLargeMcb(&mcb);
    CHECK(mcb.GuardedMutex == NULL);
    FsRtlUninitializeLargeMcb(&mcb);
}

/* The same many random changes to the block and to the table. */
static VOID Random(VOID)
{
    static ULONG table[SPAN];
    ULONG seed = 12345, round, i;
    BOOLEAN right = TRUE;
    LARGE_MCB mcb;

    RtlZeroMemory(table, sizeof(table));
    FsRtlInitializeLargeMcb(&mcb, NonPagedPool);
    for (round = 0; round < 2000; round++) {
        ULONG start = RtlRandomEx(&seed) % SPAN, count = 1 + RtlRandomEx(&seed) % 8, lbn = start + 100 * (1 + RtlRandomEx(&seed) % 2);
        BOOLEAN fits = TRUE;
        count = min(count, SPAN - start);
        for (i = 0; i < count; i++)
            fits = fits && (table[start + i] == 0 || table[start + i] == lbn + i);
        if (RtlRandomEx(&seed) % 2) {
            right = right && FsRtlAddLargeMcbEntry(&mcb, start, lbn, count) == fits;
            for (i = 0; i < count && fits; i++)
                table[start + i] = lbn + i;
        } else {
            FsRtlRemoveLargeMcbEntry(&mcb, start, count);
            RtlZeroMemory(table + start, count * sizeof(*table));
        }
        right = right && Agrees(&mcb, table);
    }
    CHECK(right);
    FsRtlUninitializeLargeMcb(&mcb);
}

static VOID Bare(VOID)
{
    LONGLONG vbn = 0, lbn = 0, count = 0;
    BASE_MCB mcb;
    ULONG i, index;

    CHECK(FsRtlInitializeBaseMcbEx(&mcb, PagedPool, 0));
    for (i = 0; i < 100; i++)                    /* more than there is room for at first */
        CHECK(FsRtlAddBaseMcbEntryEx(&mcb, i * 2, 1000 + i, 1) == STATUS_SUCCESS);
    CHECK(FsRtlAddBaseMcbEntryEx(&mcb, 0, 5, 1) == STATUS_UNSUCCESSFUL && !FsRtlAddBaseMcbEntry(&mcb, 0, 5, 1));
    CHECK(FsRtlNumberOfRunsInBaseMcb(&mcb) == 199 && FsRtlGetNextBaseMcbEntry(&mcb, 198, &vbn, &lbn, &count));
    CHECK(vbn == 198 && lbn == 1099 && count == 1 && !FsRtlGetNextBaseMcbEntry(&mcb, 199, &vbn, &lbn, &count));
    CHECK(FsRtlLookupLastBaseMcbEntryAndIndex(&mcb, &vbn, &lbn, &index) && vbn == 198 && index == 198);
    CHECK(FsRtlRemoveBaseMcbEntry(&mcb, 100, 1000) && FsRtlLookupLastBaseMcbEntry(&mcb, &vbn, &lbn) && vbn == 98);
    CHECK(FsRtlLookupBaseMcbEntry(&mcb, 98, &lbn, NULL, NULL, NULL, NULL) && lbn == 1049 && FsRtlSplitBaseMcb(&mcb, 0, 2));
    CHECK(FsRtlLookupBaseMcbEntry(&mcb, 100, &lbn, NULL, NULL, NULL, NULL) && lbn == 1049);
    FsRtlTruncateBaseMcb(&mcb, 3);
    CHECK(FsRtlNumberOfRunsInBaseMcb(&mcb) == 2);
    FsRtlResetBaseMcb(&mcb);
    CHECK(FsRtlNumberOfRunsInBaseMcb(&mcb) == 0);
    FsRtlUninitializeBaseMcb(&mcb);
    FsRtlInitializeBaseMcb(&mcb, PagedPool);
    CHECK(FsRtlAddBaseMcbEntry(&mcb, 0, 7, 1));
    FsRtlUninitializeBaseMcb(&mcb);
}

/* Each thread maps and unmaps VBNs of its own in one block. */
static VOID Fill(PVOID Context, ULONG Index)
{
    PLARGE_MCB mcb = Context;
    ULONG i;

    for (i = 0; i < 300; i++) {
        LONGLONG lbn;
        CHECK(FsRtlAddLargeMcbEntry(mcb, i * 4 + Index, 1000 + (i * 4 + Index) * 2, 1));
        CHECK(FsRtlLookupLargeMcbEntry(mcb, i * 4 + Index, &lbn, NULL, NULL, NULL, NULL) && lbn == 1000 + (i * 4 + Index) * 2);
        if (i % 2)
            FsRtlRemoveLargeMcbEntry(mcb, i * 4 + Index, 1);
    }
}

static VOID Contention(VOID)
{
    LARGE_MCB mcb;

    FsRtlInitializeLargeMcb(&mcb, NonPagedPool);
    TestRunThreads(4, Fill, &mcb);
    CHECK(FsRtlNumberOfRunsInLargeMcb(&mcb) == 150 * 4 + 149);
    FsRtlUninitializeLargeMcb(&mcb);
}

static const KE_TEST tests[] = {
    { "fsrtl.mcb.runs", Runs, 0 }, { "fsrtl.mcb.random", Random, 0 }, { "fsrtl.mcb.bare", Bare, 0 }, { "fsrtl.mcb.contention", Contention, 0 },
};
const KE_TEST_GROUP FsRtlMcbTests = { tests, RTL_NUMBER_OF(tests) };

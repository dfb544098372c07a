/* SPDX-License-Identifier: MIT
 * Bitmaps against a plain array of booleans.
 */
#include "host.h"
#include "rtl.h"

#define BITS 101u

static ULONG *Words;                      /* exactly as long as needed: ASan watches the end */
static RTL_BITMAP Map;
static BOOLEAN Plain[BITS];

static int setup(void **state)
{
    uint32_t seed = 99;
    ULONG i;

    Words = calloc((BITS + 31) / 32, sizeof(ULONG));
    RtlInitializeBitMap(&Map, Words, BITS);
    RtlClearAllBits(&Map);
    memset(Plain, 0, sizeof(Plain));
    for (i = 0; i < 60; i++) {
        ULONG start = HostRandom(&seed) % BITS, count = HostRandom(&seed) % 9, set = i % 3 != 0, j;
        if (count > BITS - start)
            count = BITS - start;
        if (set)
            RtlSetBits(&Map, start, count);
        else
            RtlClearBits(&Map, start, count);
        for (j = start; j < start + count; j++)
            Plain[j] = (BOOLEAN)set;
    }
    return 0;
}

static int teardown(void **state)
{
    free(Words);
    return 0;
}

static ULONG PlainRun(ULONG start, BOOLEAN value)
{
    ULONG i = start;
    while (i < BITS && Plain[i] == value)
        i++;
    return i - start;
}

static void test_bits(void **state)
{
    ULONG i, set = 0;

    for (i = 0; i < BITS; i++) {
        assert_int_equal(RtlTestBit(&Map, i), Plain[i]);
        set += Plain[i];
    }
    assert_int_equal(RtlNumberOfSetBits(&Map), set);
    assert_int_equal(RtlNumberOfClearBits(&Map), BITS - set);
    assert_false(RtlTestBit(&Map, BITS));
    RtlSetAllBits(&Map);
    assert_int_equal(RtlNumberOfSetBits(&Map), BITS);
    RtlClearBit(&Map, 64);
    assert_int_equal(RtlNumberOfClearBits(&Map), 1);
    RtlSetBit(&Map, 64);
    assert_true(RtlAreBitsSet(&Map, 0, BITS));
    assert_false(RtlAreBitsSet(&Map, 0, BITS + 1));
    assert_false(RtlAreBitsSet(&Map, 5, 0));
    RtlSetBits(&Map, BITS - 1, 0xFFFFFFFF);                   /* a length past the end stays in the map */
}

static ULONG PlainFind(ULONG count, ULONG hint, BOOLEAN value)
{
    ULONG i;
    for (i = 0; i < BITS; i++) {
        ULONG start = (hint + i) % BITS;
        if (start + count <= BITS && PlainRun(start, value) >= count)
            return start;
    }
    return 0xFFFFFFFF;
}

static void test_find(void **state)
{
    ULONG count, hint;

    for (count = 1; count < 20; count++) {
        for (hint = 0; hint < BITS; hint++) {
            assert_int_equal(RtlFindClearBits(&Map, count, hint), PlainFind(count, hint, FALSE));
            assert_int_equal(RtlFindSetBits(&Map, count, hint), PlainFind(count, hint, TRUE));
        }
    }
    assert_int_equal(RtlFindClearBits(&Map, BITS + 1, 0), 0xFFFFFFFF);
    hint = PlainFind(3, 50, FALSE);
    assert_int_equal(RtlFindClearBitsAndSet(&Map, 3, 50), hint);
    assert_true(RtlAreBitsSet(&Map, hint, 3));
    assert_int_equal(RtlFindSetBitsAndClear(&Map, 3, hint), hint);
    assert_true(RtlAreBitsClear(&Map, hint, 3));
}

static void test_runs(void **state)
{
    RTL_BITMAP_RUN runs[64], longest[3];
    ULONG count = RtlFindClearRuns(&Map, runs, 64, FALSE), i, start, at = 0, best = 0;

    for (i = 0; i < count; i++) {
        while (Plain[at])
            at++;
        assert_int_equal(runs[i].StartingIndex, at);
        assert_int_equal(runs[i].NumberOfBits, PlainRun(at, FALSE));
        if (runs[i].NumberOfBits > best)
            best = runs[i].NumberOfBits;
        at += runs[i].NumberOfBits;
    }
    assert_int_equal(RtlFindClearRuns(&Map, longest, 3, TRUE), 3);
    assert_int_equal(longest[0].NumberOfBits, best);
    assert_true(longest[1].NumberOfBits <= best && longest[2].NumberOfBits <= longest[1].NumberOfBits);
    assert_int_equal(RtlFindLongestRunClear(&Map, &start), best);
    assert_int_equal(start, longest[0].StartingIndex);
    assert_int_equal(RtlFindFirstRunClear(&Map, &start), runs[0].NumberOfBits);
    assert_int_equal(RtlFindNextForwardRunClear(&Map, runs[2].StartingIndex + 1, &start),
                     runs[2].NumberOfBits > 1 ? runs[2].NumberOfBits - 1 : runs[3].NumberOfBits);
    assert_int_equal(RtlFindLastBackwardRunClear(&Map, runs[2].StartingIndex, &start), 1);
    assert_int_equal(start, runs[2].StartingIndex);
}

static void test_significant(void **state)
{
    assert_int_equal(RtlFindLeastSignificantBit(0), -1);
    assert_int_equal(RtlFindLeastSignificantBit(0x8000000000000000), 63);
    assert_int_equal(RtlFindMostSignificantBit(0x1F0), 8);
    assert_int_equal(RtlNumberOfSetBitsUlongPtr(0xF00000000000000F), 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_bits, setup, teardown), cmocka_unit_test_setup_teardown(test_find, setup, teardown),
        cmocka_unit_test_setup_teardown(test_runs, setup, teardown), cmocka_unit_test(test_significant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

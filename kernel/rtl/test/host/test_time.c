/* SPDX-License-Identifier: MIT
 * Calendar and seconds, against known moments and each other; random numbers.
 */
#include "host.h"
#include "rtl.h"

static void Check(LONGLONG time, TIME_FIELDS expected)
{
    LARGE_INTEGER in = { time }, back = { 0 };
    TIME_FIELDS fields = { 0 };

    RtlTimeToTimeFields(&in, &fields);
    assert_memory_equal(&fields, &expected, sizeof(fields));
    assert_true(RtlTimeFieldsToTime(&fields, &back));
    assert_true(back.QuadPart == time);
}

static void test_known(void **state)
{
    Check(0, (TIME_FIELDS){ 1601, 1, 1, 0, 0, 0, 0, 1 });
    Check(116444736000000000, (TIME_FIELDS){ 1970, 1, 1, 0, 0, 0, 0, 4 });
    Check(125963423999990000, (TIME_FIELDS){ 2000, 2, 29, 23, 59, 59, 999, 2 });
    Check(132223104000000000, (TIME_FIELDS){ 2020, 1, 1, 0, 0, 0, 0, 3 });
}

static void test_every_day(void **state)
{
    LARGE_INTEGER time = { 0 }, back = { 0 };
    TIME_FIELDS fields, last = { 1600, 12, 31, 0, 0, 0, 0, 0 };
    LONG day;

    for (day = 0; day < 600 * 366; day++, time.QuadPart += 864000000000) {
        RtlTimeToTimeFields(&time, &fields);
        assert_int_equal(fields.Weekday, (last.Weekday + 1) % 7);
        assert_true(fields.Day == last.Day + 1 || fields.Day == 1);
        assert_true(RtlTimeFieldsToTime(&fields, &back) && back.QuadPart == time.QuadPart);
        last = fields;
    }
}

static void test_wrong_fields(void **state)
{
    static const TIME_FIELDS wrong[] = {
        { 1600, 1, 1 }, { 2000, 0, 1 }, { 2000, 13, 1 }, { 1900, 2, 29 }, { 2000, 4, 31 }, { 2000, 1, 0 }, { 2000, 1, 1, 24 },
        { 2000, 1, 1, 0, 60 }, { 2000, 1, 1, 0, 0, 60 }, { 2000, 1, 1, 0, 0, 0, 1000 }, { 30828, 1, 1 },
    };
    LARGE_INTEGER time = { 77 };
    size_t i;

    for (i = 0; i < RTL_NUMBER_OF(wrong); i++) {
        TIME_FIELDS fields = wrong[i];
        assert_false(RtlTimeFieldsToTime(&fields, &time));
    }
    assert_true(time.QuadPart == 77);
}

static void test_seconds(void **state)
{
    LARGE_INTEGER time = { 116444736000000000 - 1 };
    ULONG seconds = 5;

    assert_false(RtlTimeToSecondsSince1970(&time, &seconds));
    time.QuadPart += 1 + 10000000ll * 1000000000;
    assert_true(RtlTimeToSecondsSince1970(&time, &seconds));
    assert_int_equal(seconds, 1000000000);
    assert_true(RtlTimeToSecondsSince1980(&time, &seconds));
    assert_int_equal(seconds, 1000000000 - 315532800);
    RtlSecondsSince1970ToTime(0, &time);
    assert_true(time.QuadPart == 116444736000000000);
    RtlSecondsSince1980ToTime(0, &time);
    assert_true(time.QuadPart == 119600064000000000);
}

static void test_random(void **state)
{
    ULONG seed = 0, again = 0, i, high = 0;

    for (i = 0; i < 10000; i++) {
        ULONG value = RtlRandomEx(&seed);
        assert_int_equal(value, RtlRandomEx(&again));
        assert_true(value < 0x7FFFFFFF);
        high += value >= 0x40000000;
        value = RtlRandom(&seed);
        assert_true(value < 0x7FFFFFFF && value == seed);
        RtlRandom(&again);
    }
    assert_true(high > 4700 && high < 5300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known),   cmocka_unit_test(test_every_day), cmocka_unit_test(test_wrong_fields),
        cmocka_unit_test(test_seconds), cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

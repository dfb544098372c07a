/* SPDX-License-Identifier: MIT
 * The firmware's clock as NT time.
 */
#include "check.h"
#include "../../efi-loader/calendar.h"

#define UNIX_EPOCH 116444736000000000ull

static uint64_t Convert(uint32_t Year, uint32_t Month, uint32_t Day, int32_t Zone)
{
    CALENDAR_TIME time = { Year, Month, Day, 0, 0, 0, 0, Zone };

    return CalendarToNtTime(&time);
}

static void KnownInstants(void **State)
{
    CALENDAR_TIME time = { 2020, 2, 29, 23, 59, 59, 999999999, 0 };

    assert_int_equal(Convert(1970, 1, 1, 0), UNIX_EPOCH);
    assert_int_equal(Convert(2000, 3, 1, 0), UNIX_EPOCH + 951868800ull * 10000000);
    assert_int_equal(Convert(2100, 3, 1, 0), UNIX_EPOCH + 4107542400ull * 10000000);
    assert_int_equal(CalendarToNtTime(&time), UNIX_EPOCH + 1583020799ull * 10000000 + 9999999);
}

static void EveryDayFollowsItsPredecessor(void **State)
{
    static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    uint64_t expected = 0;

    for (uint32_t year = 1601; year < 2401; year++) {
        for (uint32_t month = 1; month <= 12; month++) {
            uint32_t leap = month == 2 && ((year % 4 == 0 && year % 100 != 0) || year % 400 == 0);

            for (uint32_t day = 1; day <= days[month - 1] + leap; day++) {
                assert_int_equal(Convert(year, month, day, 0), expected);
                expected += 864000000000ull;
            }
        }
    }
}

static void ZonesAreAddedToReachUtc(void **State)
{
    assert_int_equal(Convert(2020, 1, 1, 60), Convert(2020, 1, 1, 0) + 36000000000ull);
    assert_int_equal(Convert(2020, 1, 1, -60), Convert(2020, 1, 1, 0) - 36000000000ull);
    assert_int_equal(Convert(1601, 1, 1, -60), 0);
}

static void NonsenseIsUnknown(void **State)
{
    CALENDAR_TIME late = { 2020, 1, 1, 24, 0, 0, 0, 0 };

    assert_int_equal(Convert(1600, 1, 1, 0), 0);
    assert_int_equal(Convert(65535, 1, 1, 0), 0);
    assert_int_equal(Convert(2020, 0, 1, 0), 0);
    assert_int_equal(Convert(2020, 13, 1, 0), 0);
    assert_int_equal(Convert(2021, 2, 29, 0), 0);
    assert_int_equal(Convert(2021, 2, 0, 0), 0);
    assert_int_equal(Convert(2021, 2, 1, 2047), 0);
    assert_int_equal(CalendarToNtTime(&late), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(KnownInstants),
        cmocka_unit_test(EveryDayFollowsItsPredecessor),
        cmocka_unit_test(ZonesAreAddedToReachUtc),
        cmocka_unit_test(NonsenseIsUnknown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

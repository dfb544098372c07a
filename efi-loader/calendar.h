/* SPDX-License-Identifier: MIT
 * The firmware's clock as NT counts time. Pure.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

typedef struct CALENDAR_TIME {
    uint32_t Year, Month, Day, Hour, Minute, Second, Nanosecond;     /* month and day from 1 */
    int32_t ZoneMinutes;                                             /* UTC = this time + ZoneMinutes (UEFI's sign) */
} CALENDAR_TIME;

/* 100 ns units since 1601-01-01 UTC, or 0 when the fields are no time between 1601 and 9999. */
uint64_t CalendarToNtTime(const CALENDAR_TIME *Time);

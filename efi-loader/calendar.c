/* SPDX-License-Identifier: MIT
 * Gregorian days since 1601-01-01, the first day of a 400-year cycle, so that leap days are plain division.
 */
#include "calendar.h"

static bool IsLeapYear(uint32_t Year)
{
    return (Year % 4 == 0 && Year % 100 != 0) || Year % 400 == 0;
}

static uint32_t DaysInMonth(uint32_t Year, uint32_t Month)
{
    static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

    return days[Month - 1] + (Month == 2 && IsLeapYear(Year) ? 1 : 0);
}

static bool IsTime(const CALENDAR_TIME *Time)
{
    if (Time->Year < 1601 || Time->Year > 9999 || Time->Month < 1 || Time->Month > 12) {
        return false;
    }
    if (Time->Day < 1 || Time->Day > DaysInMonth(Time->Year, Time->Month)) {
        return false;
    }
    return Time->Hour < 24 && Time->Minute < 60 && Time->Second < 60 && Time->Nanosecond < 1000000000 &&
           Time->ZoneMinutes >= -1440 && Time->ZoneMinutes <= 1440;
}

uint64_t CalendarToNtTime(const CALENDAR_TIME *Time)
{
    if (!IsTime(Time)) {
        return 0;
    }
    uint64_t years = Time->Year - 1601;
    uint64_t days = years * 365 + years / 4 - years / 100 + years / 400 + Time->Day - 1;

    for (uint32_t month = 1; month < Time->Month; month++) {
        days += DaysInMonth(Time->Year, month);
    }
    int64_t minutes = (int64_t)(days * 1440 + Time->Hour * 60ull + Time->Minute) + Time->ZoneMinutes;

    if (minutes < 0) {
        return 0;
    }
    return ((uint64_t)minutes * 60 + Time->Second) * 10000000 + Time->Nanosecond / 100;
}

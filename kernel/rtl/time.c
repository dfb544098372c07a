/* SPDX-License-Identifier: MIT
 * System time, 100 ns since 1601, to and from calendar fields (proleptic Gregorian) and seconds.
 */
#include "rtlp.h"

#define TICKS_PER_MILLISECOND 10000ll
#define TICKS_PER_SECOND 10000000ll
#define TICKS_PER_DAY (86400ll * TICKS_PER_SECOND)
#define FIRST_YEAR 1601
#define LAST_YEAR 30827                   /* the last whole year a signed 64-bit time holds */
#define DAYS_PER_400_YEARS 146097
#define SECONDS_1601_TO_1970 11644473600ll
#define SECONDS_1601_TO_1980 11960006400ll

static BOOLEAN RtlpIsLeapYear(LONG year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

static LONG RtlpDaysInMonth(LONG year, LONG month)
{
    static const UCHAR days[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    return days[month - 1] + (month == 2 && RtlpIsLeapYear(year));
}

/* Days from the first of January 1601 to that of Year. */
static LONG RtlpDaysToYear(LONG year)
{
    LONG years = year - FIRST_YEAR;
    return years * 365 + years / 4 - years / 100 + years / 400;
}

VOID NTAPI RtlTimeToTimeFields(PLARGE_INTEGER Time, PTIME_FIELDS TimeFields)
{
    LONG days = (LONG)(Time->QuadPart / TICKS_PER_DAY), year, month = 1;
    LONG milliseconds = (LONG)(Time->QuadPart % TICKS_PER_DAY / TICKS_PER_MILLISECOND);

    TimeFields->Weekday = (CSHORT)((days + 1) % 7);           /* the first was a Monday; Sunday is 0 */
    year = FIRST_YEAR + (LONG)((LONG64)days * 400 / DAYS_PER_400_YEARS);
    while (RtlpDaysToYear(year) > days)                       /* the mean is at most one year off, either way */
        year--;
    while (RtlpDaysToYear(year + 1) <= days)
        year++;
    for (days -= RtlpDaysToYear(year); days >= RtlpDaysInMonth(year, month); month++)
        days -= RtlpDaysInMonth(year, month);
    TimeFields->Year = (CSHORT)year;
    TimeFields->Month = (CSHORT)month;
    TimeFields->Day = (CSHORT)(days + 1);
    TimeFields->Hour = (CSHORT)(milliseconds / 3600000);
    TimeFields->Minute = (CSHORT)(milliseconds / 60000 % 60);
    TimeFields->Second = (CSHORT)(milliseconds / 1000 % 60);
    TimeFields->Milliseconds = (CSHORT)(milliseconds % 1000);
}

static BOOLEAN RtlpIsBetween(LONG value, LONG first, LONG last) { return value >= first && value <= last; }

/* FALSE when the fields name no time; Weekday does not count. */
BOOLEAN NTAPI RtlTimeFieldsToTime(PTIME_FIELDS TimeFields, PLARGE_INTEGER Time)
{
    LONG64 days;
    LONG month;

    if (!RtlpIsBetween(TimeFields->Year, FIRST_YEAR, LAST_YEAR) || !RtlpIsBetween(TimeFields->Month, 1, 12) ||
        !RtlpIsBetween(TimeFields->Day, 1, RtlpDaysInMonth(TimeFields->Year, TimeFields->Month)) ||
        !RtlpIsBetween(TimeFields->Hour, 0, 23) || !RtlpIsBetween(TimeFields->Minute, 0, 59) ||
        !RtlpIsBetween(TimeFields->Second, 0, 59) || !RtlpIsBetween(TimeFields->Milliseconds, 0, 999))
        return FALSE;
    days = RtlpDaysToYear(TimeFields->Year) + TimeFields->Day - 1;
    for (month = 1; month < TimeFields->Month; month++)
        days += RtlpDaysInMonth(TimeFields->Year, month);
    Time->QuadPart = days * TICKS_PER_DAY +
                     ((TimeFields->Hour * 60ll + TimeFields->Minute) * 60 + TimeFields->Second) * TICKS_PER_SECOND +
                     TimeFields->Milliseconds * TICKS_PER_MILLISECOND;
    return TRUE;
}

static BOOLEAN RtlpToSeconds(LONG64 time, LONG64 epoch, PULONG elapsed)
{
    LONG64 seconds = time / TICKS_PER_SECOND - epoch;

    if (seconds < 0 || seconds > MAXULONG)
        return FALSE;
    *elapsed = (ULONG)seconds;
    return TRUE;
}

BOOLEAN NTAPI RtlTimeToSecondsSince1970(PLARGE_INTEGER Time, PULONG ElapsedSeconds)
{
    return RtlpToSeconds(Time->QuadPart, SECONDS_1601_TO_1970, ElapsedSeconds);
}

BOOLEAN NTAPI RtlTimeToSecondsSince1980(PLARGE_INTEGER Time, PULONG ElapsedSeconds)
{
    return RtlpToSeconds(Time->QuadPart, SECONDS_1601_TO_1980, ElapsedSeconds);
}

VOID NTAPI RtlSecondsSince1970ToTime(ULONG ElapsedSeconds, PLARGE_INTEGER Time)
{
    Time->QuadPart = (ElapsedSeconds + SECONDS_1601_TO_1970) * TICKS_PER_SECOND;
}

VOID NTAPI RtlSecondsSince1980ToTime(ULONG ElapsedSeconds, PLARGE_INTEGER Time)
{
    Time->QuadPart = (ElapsedSeconds + SECONDS_1601_TO_1980) * TICKS_PER_SECOND;
}

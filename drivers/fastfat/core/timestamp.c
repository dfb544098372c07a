/* SPDX-License-Identifier: MIT
 * Times of the disk, 1980 to 2107, and 100 ns units since 1601.
 */
#include "fat.h"

#define FAT_SECOND 10000000ull
#define FAT_DAY (86400 * FAT_SECOND)
#define FAT_DAYS_TO_1980 138426u                 /* from 1601 */
#define FAT_LAST_YEAR 127u                       /* after 1980 */

/* Each fourth year has a 29th of February, except 2100. */
static uint32_t FatMonthDays(uint32_t Year, uint32_t Month)
{
    static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    return days[Month] + (Month == 1 && Year % 4 == 0 && Year != 120 ? 1u : 0u);
}

static uint32_t FatYearDays(uint32_t Year)
{
    return Year % 4 == 0 && Year != 120 ? 366 : 365;
}

FAT_TIME FatEncodeTime(uint64_t Time)
{
    uint64_t days = Time / FAT_DAY, rest = Time % FAT_DAY;
    uint32_t year = 0, month = 0, day, second = (uint32_t)(rest / FAT_SECOND);

    if (days < FAT_DAYS_TO_1980)
        return (FAT_TIME){ 1 << 5 | 1, 0, 0 };
    if (days - FAT_DAYS_TO_1980 >= 46751)        /* 2108 */
        return (FAT_TIME){ FAT_LAST_YEAR << 9 | 12 << 5 | 31, 23 << 11 | 59 << 5 | 29, 199 };
    day = (uint32_t)(days - FAT_DAYS_TO_1980);
    while (day >= FatYearDays(year))
        day -= FatYearDays(year++);
    while (day >= FatMonthDays(year, month))
        day -= FatMonthDays(year, month++);
    return (FAT_TIME){ (uint16_t)(year << 9 | (month + 1) << 5 | (day + 1)),
                       (uint16_t)(second / 3600 << 11 | second / 60 % 60 << 5 | second % 60 / 2),
                       (uint8_t)(second % 2 * 100 + rest % FAT_SECOND / (FAT_SECOND / 100)) };
}

uint64_t FatDecodeTime(FAT_TIME Time)
{
    uint32_t year = Time.Date >> 9, month = Time.Date >> 5 & 15, day = Time.Date & 31, i;
    uint32_t hour = Time.Time >> 11, minute = Time.Time >> 5 & 63, second = (Time.Time & 31u) * 2;
    uint64_t days = FAT_DAYS_TO_1980;

    if (month == 0 || month > 12 || day == 0 || day > FatMonthDays(year, month - 1) || hour > 23 || minute > 59 || second > 59)
        return 0;
    for (i = 0; i < year; i++)
        days += FatYearDays(i);
    for (i = 0; i + 1 < month; i++)
        days += FatMonthDays(year, i);
    days += day - 1;
    return days * FAT_DAY + (hour * 3600 + minute * 60 + second) * FAT_SECOND +
           (Time.Hundredths < 200 ? Time.Hundredths : 0) * (FAT_SECOND / 100);
}

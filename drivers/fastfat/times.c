/* SPDX-License-Identifier: MIT
 * Times and attributes between the disk's form (local time) and the callers' (system time).
 */
#include "fastfat.h"

LARGE_INTEGER FatToSystemTime(FAT_TIME Time)
{
    LARGE_INTEGER local = { .QuadPart = (LONG64)FatDecodeTime(Time) }, system = { .QuadPart = 0 };

    if (local.QuadPart != 0)
        ExLocalTimeToSystemTime(&local, &system);
    return system;
}

FAT_TIME FatFromSystemTime(LARGE_INTEGER Time)
{
    LARGE_INTEGER local;

    ExSystemTimeToLocalTime(&Time, &local);
    return FatEncodeTime(local.QuadPart < 0 ? 0 : (uint64_t)local.QuadPart);
}

FAT_TIME FatNow(VOID)
{
    LARGE_INTEGER now;

    KeQuerySystemTime(&now);
    return FatFromSystemTime(now);
}

ULONG FatAttributesOf(const FAT_RECORD *Record)
{
    ULONG attributes = Record->Attributes & (FatSettable | FatDirectory);
    return attributes == 0 ? FILE_ATTRIBUTE_NORMAL : attributes;
}

/* SPDX-License-Identifier: MIT
 * The CMOS real-time clock, read once when the firmware gave no time. Assumed to run in UTC, as QEMU's does.
 */
#include "halp.h"

static UCHAR HalpReadCmos(UCHAR Register)
{
    KiOutByte(0x70, Register | 0x80);            /* NMI stays masked only for the read */
    return KiInByte(0x71);
}

static ULONG HalpFromBcd(UCHAR Value, BOOLEAN Binary)
{
    return Binary ? Value : (Value >> 4) * 10u + (Value & 15);
}

/* Days from 1601-01-01 to the given civil date (proleptic Gregorian). */
static ULONG64 HalpDaysSince1601(ULONG Year, ULONG Month, ULONG Day)
{
    static const USHORT before[12] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
    ULONG years = Year - 1601;
    BOOLEAN leap = (Year % 4 == 0 && Year % 100 != 0) || Year % 400 == 0;
    return years * 365ull + years / 4 - years / 100 + years / 400 + before[(Month - 1) % 12] + (leap && Month > 2) + Day - 1;
}

ULONG64 HalpReadCmosTime(VOID)
{
    UCHAR fields[6], again[6];
    static const UCHAR registers[6] = { 0, 2, 4, 7, 8, 9 };
    BOOLEAN binary = (HalpReadCmos(0xB) & 4) != 0, same;
    ULONG i, tries = 0;

    do {                                         /* twice the same: not in the middle of an update */
        for (i = 0; i < 6; i++)
            fields[i] = HalpReadCmos(registers[i]);
        for (same = TRUE, i = 0; i < 6; i++) {
            again[i] = HalpReadCmos(registers[i]);
            same = same && again[i] == fields[i];
        }
    } while (!same && ++tries < 100);
    KiOutByte(0x70, 0x0D);
    return ((HalpDaysSince1601(2000 + HalpFromBcd(fields[5], binary), HalpFromBcd(fields[4], binary),
                               HalpFromBcd(fields[3], binary)) * 24 + HalpFromBcd(fields[2] & 0x7F, binary)) * 60 +
            HalpFromBcd(fields[1], binary)) * 600000000ull + HalpFromBcd(fields[0], binary) * 10000000ull;
}

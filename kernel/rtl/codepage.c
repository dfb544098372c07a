/* SPDX-License-Identifier: MIT
 * The ANSI code page, 1252: Latin-1 but for the row 80-9F (Unicode consortium's mapping with Microsoft's best fit: the five holes
 * map to the control characters of the same value).
 */
#include "rtlp.h"

#define ROW_START 0x80u
#define ROW_END 0xA0u

static const USHORT RtlpAnsiRow[ROW_END - ROW_START] = {
    0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x008D, 0x017D, 0x008F,
    0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x009D, 0x017E, 0x0178,
};

WCHAR RtlpAnsiToWide(UCHAR Character)
{
    return Character >= ROW_START && Character < ROW_END ? (WCHAR)RtlpAnsiRow[Character - ROW_START] : Character;
}

UCHAR RtlpWideToAnsi(WCHAR Character)
{
    ULONG i;

    if (Character < ROW_START || (Character >= ROW_END && Character <= 0xFF))
        return (UCHAR)Character;
    for (i = 0; i < ROW_END - ROW_START; i++) {
        if (RtlpAnsiRow[i] == Character)
            return (UCHAR)(ROW_START + i);
    }
    return '?';
}

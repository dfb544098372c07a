/* SPDX-License-Identifier: MIT
 * RTL_BITMAP: searching for runs. MAXULONG means that there is none.
 */
#include "bitmap.h"

#define NOT_FOUND 0xFFFFFFFFu

/* The first run of Count bits that starts in [From, Last]. */
static ULONG RtlpFindRun(PRTL_BITMAP map, ULONG from, ULONG last, ULONG count, BOOLEAN isSet)
{
    while (from <= last) {
        ULONG start = RtlpNextBit(map, from, isSet), end;
        if (start > last || count > map->SizeOfBitMap - start)
            break;
        end = RtlpNextBit(map, start, !isSet);
        if (end - start >= count)
            return start;
        from = end;
    }
    return NOT_FOUND;
}

/* From the hint to the end, then from the start; none wanted: the hint. */
static ULONG RtlpFindBits(PRTL_BITMAP map, ULONG count, ULONG hint, BOOLEAN isSet)
{
    ULONG found;

    if (hint >= map->SizeOfBitMap)
        hint = 0;
    if (count == 0)
        return hint;
    if (count > map->SizeOfBitMap)
        return NOT_FOUND;
    found = RtlpFindRun(map, hint, map->SizeOfBitMap - 1, count, isSet);
    return found != NOT_FOUND || hint == 0 ? found : RtlpFindRun(map, 0, hint - 1, count, isSet);
}

ULONG NTAPI RtlFindClearBits(PRTL_BITMAP BitMapHeader, ULONG NumberToFind, ULONG HintIndex)
{
    return RtlpFindBits(BitMapHeader, NumberToFind, HintIndex, FALSE);
}

ULONG NTAPI RtlFindSetBits(PRTL_BITMAP BitMapHeader, ULONG NumberToFind, ULONG HintIndex)
{
    return RtlpFindBits(BitMapHeader, NumberToFind, HintIndex, TRUE);
}

ULONG NTAPI RtlFindClearBitsAndSet(PRTL_BITMAP BitMapHeader, ULONG NumberToFind, ULONG HintIndex)
{
    ULONG start = RtlpFindBits(BitMapHeader, NumberToFind, HintIndex, FALSE);

    if (start != NOT_FOUND)
        RtlSetBits(BitMapHeader, start, NumberToFind);
    return start;
}

ULONG NTAPI RtlFindSetBitsAndClear(PRTL_BITMAP BitMapHeader, ULONG NumberToFind, ULONG HintIndex)
{
    ULONG start = RtlpFindBits(BitMapHeader, NumberToFind, HintIndex, TRUE);

    if (start != NOT_FOUND)
        RtlClearBits(BitMapHeader, start, NumberToFind);
    return start;
}

/* The length of the first run of clear bits at or after FromIndex; 0 when there is none. */
ULONG NTAPI RtlFindNextForwardRunClear(PRTL_BITMAP BitMapHeader, ULONG FromIndex, PULONG StartingRunIndex)
{
    ULONG start =
        FromIndex < BitMapHeader->SizeOfBitMap ? RtlpNextBit(BitMapHeader, FromIndex, FALSE) : BitMapHeader->SizeOfBitMap;

    *StartingRunIndex = start;
    return start < BitMapHeader->SizeOfBitMap ? RtlpNextBit(BitMapHeader, start, TRUE) - start : 0;
}

ULONG NTAPI RtlFindFirstRunClear(PRTL_BITMAP BitMapHeader, PULONG StartingIndex)
{
    return RtlFindNextForwardRunClear(BitMapHeader, 0, StartingIndex);
}

/* The run of clear bits that holds FromIndex or ends before it. */
ULONG NTAPI RtlFindLastBackwardRunClear(PRTL_BITMAP BitMapHeader, ULONG FromIndex, PULONG StartingRunIndex)
{
    ULONG start = 0, length, best = 0, next;

    *StartingRunIndex = 0;
    while ((length = RtlFindNextForwardRunClear(BitMapHeader, start, &next)) != 0 && next <= FromIndex) {
        *StartingRunIndex = next;
        best = length <= FromIndex - next ? length : FromIndex - next + 1;
        start = next + length;
    }
    return best;
}

/* Keeps the array's runs longest first. */
static VOID RtlpInsertRun(PRTL_BITMAP_RUN runs, ULONG count, RTL_BITMAP_RUN run)
{
    ULONG i;

    for (i = count; i > 0 && runs[i - 1].NumberOfBits < run.NumberOfBits; i--)
        runs[i] = runs[i - 1];
    runs[i] = run;
}

/* The first runs, or the longest ones in falling length. */
ULONG NTAPI RtlFindClearRuns(PRTL_BITMAP BitMapHeader, PRTL_BITMAP_RUN RunArray, ULONG SizeOfRunArray, BOOLEAN LocateLongestRuns)
{
    RTL_BITMAP_RUN run = { 0 };
    ULONG count = 0;

    while ((run.NumberOfBits = RtlFindNextForwardRunClear(BitMapHeader, run.StartingIndex, &run.StartingIndex)) != 0) {
        if (count < SizeOfRunArray && !LocateLongestRuns)
            RunArray[count++] = run;
        else if (count < SizeOfRunArray)
            RtlpInsertRun(RunArray, count++, run);
        else if (!LocateLongestRuns || SizeOfRunArray == 0)
            break;
        else if (RunArray[count - 1].NumberOfBits < run.NumberOfBits)
            RtlpInsertRun(RunArray, count - 1, run);
        run.StartingIndex += run.NumberOfBits;
    }
    return count;
}

ULONG NTAPI RtlFindLongestRunClear(PRTL_BITMAP BitMapHeader, PULONG StartingIndex)
{
    RTL_BITMAP_RUN run = { 0 };

    RtlFindClearRuns(BitMapHeader, &run, 1, TRUE);
    *StartingIndex = run.StartingIndex;
    return run.NumberOfBits;
}

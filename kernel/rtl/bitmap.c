/* SPDX-License-Identifier: MIT
 * RTL_BITMAP: bits set, cleared and counted. Bit 0 is the lowest of the first ULONG. Callers synchronize.
 */
#include "bitmap.h"

#define ALL_ONES 0xFFFFFFFFu

VOID NTAPI RtlInitializeBitMap(PRTL_BITMAP BitMapHeader, PULONG BitMapBuffer, ULONG SizeOfBitMap)
{
    BitMapHeader->SizeOfBitMap = SizeOfBitMap;
    BitMapHeader->Buffer = BitMapBuffer;
}

/* The bits of one word that lie in [start, end). */
static ULONG RtlpWordMask(ULONG word, ULONG64 start, ULONG64 end)
{
    ULONG64 first = (ULONG64)word * RTLP_WORD_BITS;
    ULONG mask = ALL_ONES;

    if (start > first)
        mask &= ALL_ONES << (start - first);
    if (end < first + RTLP_WORD_BITS)
        mask &= ~(ALL_ONES << (end - first));
    return mask;
}

/* Ranges reach at most to the end of the map. */
static VOID RtlpFill(PRTL_BITMAP map, ULONG start, ULONG count, BOOLEAN set)
{
    ULONG64 end = (ULONG64)start + count < map->SizeOfBitMap ? (ULONG64)start + count : map->SizeOfBitMap;
    ULONG word;

    for (word = start / RTLP_WORD_BITS; (ULONG64)word * RTLP_WORD_BITS < end; word++) {
        ULONG mask = RtlpWordMask(word, start, end);
        map->Buffer[word] = set ? map->Buffer[word] | mask : map->Buffer[word] & ~mask;
    }
}

VOID NTAPI RtlSetBits(PRTL_BITMAP BitMapHeader, ULONG StartingIndex, ULONG NumberToSet)
{
    RtlpFill(BitMapHeader, StartingIndex, NumberToSet, TRUE);
}

VOID NTAPI RtlClearBits(PRTL_BITMAP BitMapHeader, ULONG StartingIndex, ULONG NumberToClear)
{
    RtlpFill(BitMapHeader, StartingIndex, NumberToClear, FALSE);
}

VOID NTAPI RtlSetBit(PRTL_BITMAP BitMapHeader, ULONG BitNumber)
{
    RtlpFill(BitMapHeader, BitNumber, 1, TRUE);
}

VOID NTAPI RtlClearBit(PRTL_BITMAP BitMapHeader, ULONG BitNumber)
{
    RtlpFill(BitMapHeader, BitNumber, 1, FALSE);
}

BOOLEAN NTAPI RtlTestBit(PRTL_BITMAP BitMapHeader, ULONG BitNumber)
{
    return BitNumber < BitMapHeader->SizeOfBitMap && RtlpNextBit(BitMapHeader, BitNumber, TRUE) == BitNumber;
}

/* Whole words, those of the last one included that are behind the map's end. */
static VOID RtlpFillAll(PRTL_BITMAP map, UCHAR value)
{
    memset(map->Buffer, value, ((SIZE_T)map->SizeOfBitMap + RTLP_WORD_BITS - 1) / RTLP_WORD_BITS * sizeof(ULONG));
}

VOID NTAPI RtlSetAllBits(PRTL_BITMAP BitMapHeader)
{
    RtlpFillAll(BitMapHeader, 0xFF);
}

VOID NTAPI RtlClearAllBits(PRTL_BITMAP BitMapHeader)
{
    RtlpFillAll(BitMapHeader, 0);
}

ULONG RtlpNextBit(const RTL_BITMAP *Map, ULONG From, BOOLEAN IsSet)
{
    ULONG word;

    for (word = From / RTLP_WORD_BITS; (ULONG64)word * RTLP_WORD_BITS < Map->SizeOfBitMap; word++) {
        ULONG bits = (IsSet ? Map->Buffer[word] : ~Map->Buffer[word]) & RtlpWordMask(word, From, Map->SizeOfBitMap);
        if (bits != 0)
            return word * RTLP_WORD_BITS + (ULONG)__builtin_ctz(bits);
    }
    return Map->SizeOfBitMap;
}

ULONG NTAPI RtlNumberOfSetBits(PRTL_BITMAP BitMapHeader)
{
    ULONG word, count = 0;

    for (word = 0; (ULONG64)word * RTLP_WORD_BITS < BitMapHeader->SizeOfBitMap; word++)
        count += (ULONG)__builtin_popcount(BitMapHeader->Buffer[word] & RtlpWordMask(word, 0, BitMapHeader->SizeOfBitMap));
    return count;
}

ULONG NTAPI RtlNumberOfClearBits(PRTL_BITMAP BitMapHeader)
{
    return BitMapHeader->SizeOfBitMap - RtlNumberOfSetBits(BitMapHeader);
}

static BOOLEAN RtlpAreBits(PRTL_BITMAP map, ULONG start, ULONG length, BOOLEAN set)
{
    if (length == 0 || start >= map->SizeOfBitMap || length > map->SizeOfBitMap - start)
        return FALSE;
    return RtlpNextBit(map, start, !set) >= start + length;
}

/* FALSE too for an empty range and one that is not in the map. */
BOOLEAN NTAPI RtlAreBitsSet(PRTL_BITMAP BitMapHeader, ULONG StartingIndex, ULONG Length)
{
    return RtlpAreBits(BitMapHeader, StartingIndex, Length, TRUE);
}

BOOLEAN NTAPI RtlAreBitsClear(PRTL_BITMAP BitMapHeader, ULONG StartingIndex, ULONG Length)
{
    return RtlpAreBits(BitMapHeader, StartingIndex, Length, FALSE);
}

ULONG NTAPI RtlNumberOfSetBitsUlongPtr(ULONG_PTR Target)
{
    return (ULONG)__builtin_popcountll(Target);
}

/* -1 when Set is 0. */
CCHAR NTAPI RtlFindLeastSignificantBit(ULONGLONG Set)
{
    return Set == 0 ? -1 : (CCHAR)__builtin_ctzll(Set);
}

CCHAR NTAPI RtlFindMostSignificantBit(ULONGLONG Set)
{
    return Set == 0 ? -1 : (CCHAR)(63 - __builtin_clzll(Set));
}

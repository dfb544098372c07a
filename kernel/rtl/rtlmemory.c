/* SPDX-License-Identifier: MIT
 * The Rtl names for moving, filling and comparing memory; the DDK turns some of them into C runtime calls, drivers import them
 * all.
 */
#include "rtlp.h"
#undef RtlCopyMemory
#undef RtlMoveMemory
#undef RtlFillMemory
#undef RtlZeroMemory
#undef RtlCopyMemoryNonTemporal
#undef RtlFillMemoryUlong
#undef RtlFillMemoryUlonglong

VOID NTAPI RtlCopyMemory(PVOID Destination, const VOID *Source, SIZE_T Length);
VOID NTAPI RtlMoveMemory(PVOID Destination, const VOID *Source, SIZE_T Length);
VOID NTAPI RtlFillMemory(PVOID Destination, SIZE_T Length, UCHAR Fill);
VOID NTAPI RtlZeroMemory(PVOID Destination, SIZE_T Length);
VOID NTAPI RtlCopyMemoryNonTemporal(PVOID Destination, const VOID *Source, SIZE_T Length);
VOID NTAPI RtlFillMemoryUlong(PVOID Destination, SIZE_T Length, ULONG Pattern);
VOID NTAPI RtlFillMemoryUlonglong(PVOID Destination, SIZE_T Length, ULONGLONG Pattern);

VOID NTAPI RtlCopyMemory(PVOID Destination, const VOID *Source, SIZE_T Length)
{
    memcpy(Destination, Source, Length);
}

VOID NTAPI RtlMoveMemory(PVOID Destination, const VOID *Source, SIZE_T Length)
{
    memmove(Destination, Source, Length);
}

/* The hint is about caches only. */
VOID NTAPI RtlCopyMemoryNonTemporal(PVOID Destination, const VOID *Source, SIZE_T Length)
{
    memcpy(Destination, Source, Length);
}

VOID NTAPI RtlFillMemory(PVOID Destination, SIZE_T Length, UCHAR Fill)
{
    memset(Destination, Fill, Length);
}

VOID NTAPI RtlZeroMemory(PVOID Destination, SIZE_T Length)
{
    memset(Destination, 0, Length);
}

VOID NTAPI RtlFillMemoryUlong(PVOID Destination, SIZE_T Length, ULONG Pattern)
{
    PULONG words = Destination;

    for (; Length >= sizeof(*words); Length -= sizeof(*words))
        *words++ = Pattern;
}

VOID NTAPI RtlFillMemoryUlonglong(PVOID Destination, SIZE_T Length, ULONGLONG Pattern)
{
    PULONGLONG words = Destination;

    for (; Length >= sizeof(*words); Length -= sizeof(*words))
        *words++ = Pattern;
}

/* The count of equal bytes before the first difference. */
SIZE_T NTAPI RtlCompareMemory(const VOID *Source1, const VOID *Source2, SIZE_T Length)
{
    const UCHAR *left = Source1, *right = Source2;
    SIZE_T same = 0;

    while (Length - same >= sizeof(ULONG64) &&
           *(const UNALIGNED ULONG64 *)(left + same) == *(const UNALIGNED ULONG64 *)(right + same))
        same += sizeof(ULONG64);
    while (same < Length && left[same] == right[same])
        same++;
    return same;
}

/* The count of bytes before the first ULONG that differs; a Source that is not aligned compares nothing. */
SIZE_T NTAPI RtlCompareMemoryUlong(PVOID Source, SIZE_T Length, ULONG Pattern)
{
    const ULONG *words = Source;
    SIZE_T count = Length / sizeof(ULONG), same = 0;

    if (((ULONG_PTR)Source & (sizeof(ULONG) - 1)) != 0)
        return 0;
    while (same < count && words[same] == Pattern)
        same++;
    return same * sizeof(ULONG);
}

/* SPDX-License-Identifier: MIT
 * Comparing, folding and hashing UNICODE_STRINGs. Case is ignored by comparing uppercase.
 */
#include "rtlp.h"

static inline WCHAR RtlpFold(WCHAR character, BOOLEAN insensitive) { return insensitive ? RtlpUpcase(character) : character; }

static ULONG64 RtlpFour(PCWCH At)
{
    ULONG64 four;
    __builtin_memcpy(&four, At, sizeof(four));   /* a load, not a call */
    return four;
}

/* How many characters, four at a time, are the same from the start on. */
static SIZE_T RtlpEqualStart(PCWCH Left, PCWCH Right, SIZE_T Count)
{
    SIZE_T i;

    for (i = 0; i + 4 <= Count; i += 4)
        if (RtlpFour(Left + i) != RtlpFour(Right + i))
            break;
    return i;
}

/* To the last unit: four at a time, the last four perhaps once more. Fewer than four are not looked at. */
static BOOLEAN RtlpAreSame(PCWCH Left, PCWCH Right, SIZE_T Count)
{
    SIZE_T i = RtlpEqualStart(Left, Right, Count);

    return Count >= 4 && i + 4 > Count && RtlpFour(Left + Count - 4) == RtlpFour(Right + Count - 4);
}

/* Lengths in characters. The difference of the first characters that differ, else of the lengths. */
LONG NTAPI RtlCompareUnicodeStrings(PCWCH String1, SIZE_T String1Length, PCWCH String2, SIZE_T String2Length,
                                    BOOLEAN CaseInsensitive)
{
    SIZE_T i, shorter = String1Length < String2Length ? String1Length : String2Length;

    for (i = RtlpEqualStart(String1, String2, shorter); i < shorter; i++) {
        LONG left = String1[i], right = String2[i];
        if (left == right)
            continue;
        left = RtlpFold((WCHAR)left, CaseInsensitive);
        right = RtlpFold((WCHAR)right, CaseInsensitive);
        if (left != right)
            return left - right;
    }
    return (LONG)((LONG64)String1Length - (LONG64)String2Length);
}

LONG NTAPI RtlCompareUnicodeString(PCUNICODE_STRING String1, PCUNICODE_STRING String2, BOOLEAN CaseInsensitive)
{
    return RtlCompareUnicodeStrings(String1->Buffer, String1->Length / sizeof(WCHAR), String2->Buffer,
                                    String2->Length / sizeof(WCHAR), CaseInsensitive);
}

BOOLEAN NTAPI RtlEqualUnicodeString(PCUNICODE_STRING String1, PCUNICODE_STRING String2, BOOLEAN CaseInsensitive)
{
    return String1->Length == String2->Length && (RtlpAreSame(String1->Buffer, String2->Buffer, String1->Length / sizeof(WCHAR)) ||
                                                  RtlCompareUnicodeString(String1, String2, CaseInsensitive) == 0);
}

/* Whether String1 is a prefix of String2. */
BOOLEAN NTAPI RtlPrefixUnicodeString(PCUNICODE_STRING String1, PCUNICODE_STRING String2, BOOLEAN CaseInsensitive)
{
    SIZE_T length = String1->Length / sizeof(WCHAR);

    return String1->Length <= String2->Length &&
           RtlCompareUnicodeStrings(String1->Buffer, length, String2->Buffer, length, CaseInsensitive) == 0;
}

/* Folds every character; the buffer is allocated, or large enough, or nothing happens. */
static NTSTATUS RtlpFoldString(PUNICODE_STRING destination, PCUNICODE_STRING source, BOOLEAN allocate, WCHAR (*fold)(WCHAR))
{
    USHORT i;

    if (allocate) {
        PWSTR buffer = RtlUpcalls.Allocate(source->Length != 0 ? source->Length : sizeof(WCHAR));
        if (buffer == NULL)
            return STATUS_NO_MEMORY;
        *destination = (UNICODE_STRING){ 0, source->Length, buffer };
    } else if (source->Length > destination->MaximumLength) {
        return STATUS_BUFFER_OVERFLOW;
    }
    for (i = 0; i < source->Length / sizeof(WCHAR); i++)
        destination->Buffer[i] = fold(source->Buffer[i]);
    destination->Length = source->Length;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlUpcaseUnicodeString(PUNICODE_STRING DestinationString, PCUNICODE_STRING SourceString,
                                      BOOLEAN AllocateDestinationString)
{
    return RtlpFoldString(DestinationString, SourceString, AllocateDestinationString, RtlpUpcase);
}

NTSTATUS NTAPI RtlDowncaseUnicodeString(PUNICODE_STRING DestinationString, PCUNICODE_STRING SourceString,
                                        BOOLEAN AllocateDestinationString)
{
    return RtlpFoldString(DestinationString, SourceString, AllocateDestinationString, RtlpDowncase);
}

#define HASH_DEFAULT 0u
#define HASH_X65599 1u

/* The default algorithm is x65599: hash = hash * 65599 + character. */
NTSTATUS NTAPI RtlHashUnicodeString(PCUNICODE_STRING String, BOOLEAN CaseInSensitive, ULONG HashAlgorithm, PULONG HashValue)
{
    ULONG hash = 0;
    USHORT i;

    if (String == NULL || HashValue == NULL || (HashAlgorithm != HASH_DEFAULT && HashAlgorithm != HASH_X65599))
        return STATUS_INVALID_PARAMETER;
    for (i = 0; i < String->Length / sizeof(WCHAR); i++)
        hash = hash * 65599u + RtlpFold(String->Buffer[i], CaseInSensitive);
    *HashValue = hash;
    return STATUS_SUCCESS;
}

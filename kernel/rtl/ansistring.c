/* SPDX-License-Identifier: MIT
 * STRING: counted strings of one byte a character, in the ANSI code page where that matters.
 */
#include "rtlp.h"

#define MAXIMUM_BYTES 0xFFFEu

VOID NTAPI RtlInitString(PSTRING DestinationString, PCSZ SourceString)
{
    SIZE_T bytes = SourceString != NULL ? strlen(SourceString) : 0;

    if (bytes > MAXIMUM_BYTES)
        bytes = MAXIMUM_BYTES;
    DestinationString->Length = (USHORT)bytes;
    DestinationString->MaximumLength = (USHORT)(SourceString != NULL ? bytes + 1 : 0);
    DestinationString->Buffer = (PCHAR)(ULONG_PTR)SourceString;
}

VOID NTAPI RtlInitAnsiString(PANSI_STRING DestinationString, PCSZ SourceString)
{
    RtlInitString(DestinationString, SourceString);
}

NTSTATUS NTAPI RtlInitAnsiStringEx(PANSI_STRING DestinationString, PCSZ SourceString);

NTSTATUS NTAPI RtlInitAnsiStringEx(PANSI_STRING DestinationString, PCSZ SourceString)
{
    if (SourceString != NULL && strlen(SourceString) > MAXIMUM_BYTES)
        return STATUS_NAME_TOO_LONG;
    RtlInitString(DestinationString, SourceString);
    return STATUS_SUCCESS;
}

/* Cut at DestinationString's size. */
VOID NTAPI RtlCopyString(PSTRING DestinationString, const PSTRING SourceString)
{
    USHORT length = SourceString != NULL ? SourceString->Length : 0;

    if (length > DestinationString->MaximumLength)
        length = DestinationString->MaximumLength;
    if (length != 0)
        memmove(DestinationString->Buffer, SourceString->Buffer, length);
    DestinationString->Length = length;
}

static NTSTATUS RtlpAppend(PSTRING destination, const VOID *source, SIZE_T bytes)
{
    if (bytes > (SIZE_T)destination->MaximumLength - destination->Length || destination->Length > destination->MaximumLength)
        return STATUS_BUFFER_TOO_SMALL;
    if (bytes != 0)
        memmove(destination->Buffer + destination->Length, source, bytes);
    destination->Length = (USHORT)(destination->Length + bytes);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlAppendStringToString(PSTRING Destination, const STRING *Source)
{
    return RtlpAppend(Destination, Source->Buffer, Source->Length);
}

NTSTATUS NTAPI RtlAppendAsciizToString(PSTRING Destination, PCSZ Source);

NTSTATUS NTAPI RtlAppendAsciizToString(PSTRING Destination, PCSZ Source)
{
    return Source != NULL ? RtlpAppend(Destination, Source, strlen(Source)) : STATUS_SUCCESS;
}

CHAR NTAPI RtlUpperChar(CHAR Character)
{
    UCHAR upper = RtlpWideToAnsi(RtlpUpcase(RtlpAnsiToWide((UCHAR)Character)));
    return upper == '?' ? Character : (CHAR)upper;            /* an uppercase letter that the code page has not */
}

VOID NTAPI RtlUpperString(PSTRING DestinationString, const PSTRING SourceString)
{
    USHORT i, length = SourceString->Length;

    if (length > DestinationString->MaximumLength)
        length = DestinationString->MaximumLength;
    for (i = 0; i < length; i++)
        DestinationString->Buffer[i] = RtlUpperChar(SourceString->Buffer[i]);
    DestinationString->Length = length;
}

static inline CHAR RtlpFold(CHAR character, BOOLEAN insensitive) { return insensitive ? RtlUpperChar(character) : character; }

/* The first difference of two strings, as of unsigned characters, else of their lengths. */
LONG NTAPI RtlCompareString(const PSTRING String1, const PSTRING String2, BOOLEAN CaseInSensitive)
{
    USHORT i, shorter = String1->Length < String2->Length ? String1->Length : String2->Length;

    for (i = 0; i < shorter; i++) {
        LONG left = (UCHAR)RtlpFold(String1->Buffer[i], CaseInSensitive),
             right = (UCHAR)RtlpFold(String2->Buffer[i], CaseInSensitive);
        if (left != right)
            return left - right;
    }
    return (LONG)String1->Length - (LONG)String2->Length;
}

BOOLEAN NTAPI RtlEqualString(const PSTRING String1, const PSTRING String2, BOOLEAN CaseInSensitive)
{
    return String1->Length == String2->Length && RtlCompareString(String1, String2, CaseInSensitive) == 0;
}

BOOLEAN NTAPI RtlPrefixString(const PSTRING String1, const PSTRING String2, BOOLEAN CaseInSensitive);

BOOLEAN NTAPI RtlPrefixString(const PSTRING String1, const PSTRING String2, BOOLEAN CaseInSensitive)
{
    STRING start = *String2;

    if (String1->Length > String2->Length)
        return FALSE;
    start.Length = String1->Length;
    return RtlCompareString(String1, &start, CaseInSensitive) == 0;
}

VOID NTAPI RtlFreeAnsiString(PANSI_STRING AnsiString)
{
    if (AnsiString->Buffer != NULL)
        RtlUpcalls.Free(AnsiString->Buffer);
    *AnsiString = (ANSI_STRING){ 0 };
}

VOID NTAPI RtlFreeOemString(POEM_STRING OemString)
{
    if (OemString->Buffer != NULL)
        RtlUpcalls.Free(OemString->Buffer);
    OemString->Buffer = NULL;
}

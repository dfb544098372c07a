/* SPDX-License-Identifier: MIT
 * Conversions between UNICODE_STRING and the narrow strings of the ANSI and OEM code pages. Results are NUL-terminated; the sizes
 * that the Rtlx functions return count the NUL.
 */
#include "rtlp.h"

/* RtlFreeUnicodeString frees an allocated result. Without room nothing is written. */
static NTSTATUS RtlpWiden(PUNICODE_STRING destination, const STRING *source, BOOLEAN allocate, const RTLP_CODE_PAGE *page)
{
    ULONG i, bytes = ((ULONG)source->Length + 1) * (ULONG)sizeof(WCHAR);

    if (bytes > MAXUSHORT)
        return STATUS_INVALID_PARAMETER_2;
    if (allocate) {
        PWSTR buffer = RtlUpcalls.Allocate(bytes);
        if (buffer == NULL)
            return STATUS_NO_MEMORY;
        *destination = (UNICODE_STRING){ 0, (USHORT)bytes, buffer };
    } else if (bytes > destination->MaximumLength) {
        return STATUS_BUFFER_OVERFLOW;
    }
    for (i = 0; i < source->Length; i++)
        destination->Buffer[i] = RtlpToWide(page, (UCHAR)source->Buffer[i]);
    destination->Buffer[source->Length] = 0;
    destination->Length = (USHORT)(bytes - sizeof(WCHAR));
    return STATUS_SUCCESS;
}

static NTSTATUS RtlpNarrow(PSTRING destination, PCUNICODE_STRING source, BOOLEAN allocate, const RTLP_CODE_PAGE *page,
                           WCHAR (*fold)(WCHAR))
{
    ULONG i, characters = source->Length / sizeof(WCHAR);

    if (allocate) {
        PCHAR buffer = RtlUpcalls.Allocate(characters + 1);
        if (buffer == NULL)
            return STATUS_NO_MEMORY;
        *destination = (STRING){ 0, (USHORT)(characters + 1), buffer };
    } else if (characters >= destination->MaximumLength) {
        return STATUS_BUFFER_OVERFLOW;
    }
    for (i = 0; i < characters; i++)
        destination->Buffer[i] = (CHAR)RtlpToNarrow(page, fold(source->Buffer[i]));
    destination->Buffer[characters] = '\0';
    destination->Length = (USHORT)characters;
    return STATUS_SUCCESS;
}

static WCHAR RtlpSame(WCHAR character) { return character; }

NTSTATUS NTAPI RtlAnsiStringToUnicodeString(PUNICODE_STRING DestinationString, PCANSI_STRING SourceString,
                                            BOOLEAN AllocateDestinationString)
{
    return RtlpWiden(DestinationString, SourceString, AllocateDestinationString, &RtlpAnsiCodePage);
}

NTSTATUS NTAPI RtlOemStringToUnicodeString(PUNICODE_STRING DestinationString, PCOEM_STRING SourceString,
                                           BOOLEAN AllocateDestinationString)
{
    return RtlpWiden(DestinationString, SourceString, AllocateDestinationString, &RtlpOemCodePage);
}

NTSTATUS NTAPI RtlUnicodeStringToAnsiString(PANSI_STRING DestinationString, PCUNICODE_STRING SourceString,
                                            BOOLEAN AllocateDestinationString)
{
    return RtlpNarrow(DestinationString, SourceString, AllocateDestinationString, &RtlpAnsiCodePage, RtlpSame);
}

NTSTATUS NTAPI RtlUnicodeStringToOemString(POEM_STRING DestinationString, PCUNICODE_STRING SourceString,
                                           BOOLEAN AllocateDestinationString)
{
    return RtlpNarrow(DestinationString, SourceString, AllocateDestinationString, &RtlpOemCodePage, RtlpSame);
}

NTSTATUS NTAPI RtlUpcaseUnicodeStringToOemString(POEM_STRING DestinationString, PCUNICODE_STRING SourceString,
                                                 BOOLEAN AllocateDestinationString)
{
    return RtlpNarrow(DestinationString, SourceString, AllocateDestinationString, &RtlpOemCodePage, RtlpUpcase);
}

ULONG NTAPI RtlxAnsiStringToUnicodeSize(PCANSI_STRING AnsiString)
{
    return ((ULONG)AnsiString->Length + 1) * (ULONG)sizeof(WCHAR);
}

ULONG NTAPI RtlxOemStringToUnicodeSize(PCOEM_STRING OemString)
{
    return ((ULONG)OemString->Length + 1) * (ULONG)sizeof(WCHAR);
}

ULONG NTAPI RtlxUnicodeStringToAnsiSize(PCUNICODE_STRING UnicodeString)
{
    return UnicodeString->Length / (ULONG)sizeof(WCHAR) + 1;
}

ULONG NTAPI RtlxUnicodeStringToOemSize(PCUNICODE_STRING UnicodeString)
{
    return UnicodeString->Length / (ULONG)sizeof(WCHAR) + 1;
}

/* SPDX-License-Identifier: MIT
 * Conversions between buffers of UTF-16 and of the ANSI and OEM code pages: cut at the destination's size, no NUL added, always
 * successful. All sizes are bytes.
 */
#include "rtlp.h"

static NTSTATUS RtlpWiden(PWCH wide, ULONG room, PULONG used, const CHAR *narrow, ULONG count, const RTLP_CODE_PAGE *page)
{
    ULONG i, characters = room / (ULONG)sizeof(WCHAR) < count ? room / (ULONG)sizeof(WCHAR) : count;

    for (i = 0; i < characters; i++)
        wide[i] = RtlpToWide(page, (UCHAR)narrow[i]);
    if (used != NULL)
        *used = characters * (ULONG)sizeof(WCHAR);
    return STATUS_SUCCESS;
}

static NTSTATUS RtlpNarrow(PCHAR narrow, ULONG room, PULONG used, PCWCH wide, ULONG bytes, const RTLP_CODE_PAGE *page,
                           WCHAR (*fold)(WCHAR))
{
    ULONG i, characters = bytes / (ULONG)sizeof(WCHAR) < room ? bytes / (ULONG)sizeof(WCHAR) : room;

    for (i = 0; i < characters; i++)
        narrow[i] = (CHAR)RtlpToNarrow(page, fold(wide[i]));
    if (used != NULL)
        *used = characters;
    return STATUS_SUCCESS;
}

static WCHAR RtlpSame(WCHAR character) { return character; }

NTSTATUS NTAPI RtlMultiByteToUnicodeN(PWCH UnicodeString, ULONG MaxBytesInUnicodeString, PULONG BytesInUnicodeString,
                                      const CHAR *MultiByteString, ULONG BytesInMultiByteString)
{
    return RtlpWiden(UnicodeString, MaxBytesInUnicodeString, BytesInUnicodeString, MultiByteString, BytesInMultiByteString,
                     &RtlpAnsiCodePage);
}

NTSTATUS NTAPI RtlOemToUnicodeN(PWCH UnicodeString, ULONG MaxBytesInUnicodeString, PULONG BytesInUnicodeString, PCCH OemString,
                                ULONG BytesInOemString)
{
    return RtlpWiden(UnicodeString, MaxBytesInUnicodeString, BytesInUnicodeString, OemString, BytesInOemString, &RtlpOemCodePage);
}

NTSTATUS NTAPI RtlUnicodeToMultiByteN(PCHAR MultiByteString, ULONG MaxBytesInMultiByteString, PULONG BytesInMultiByteString,
                                      PCWCH UnicodeString, ULONG BytesInUnicodeString)
{
    return RtlpNarrow(MultiByteString, MaxBytesInMultiByteString, BytesInMultiByteString, UnicodeString, BytesInUnicodeString,
                      &RtlpAnsiCodePage, RtlpSame);
}

NTSTATUS NTAPI RtlUnicodeToOemN(PCHAR OemString, ULONG MaxBytesInOemString, PULONG BytesInOemString, PCWCH UnicodeString,
                                ULONG BytesInUnicodeString)
{
    return RtlpNarrow(OemString, MaxBytesInOemString, BytesInOemString, UnicodeString, BytesInUnicodeString, &RtlpOemCodePage,
                      RtlpSame);
}

NTSTATUS NTAPI RtlUpcaseUnicodeToMultiByteN(PCHAR MultiByteString, ULONG MaxBytesInMultiByteString, PULONG BytesInMultiByteString,
                                            PCWCH UnicodeString, ULONG BytesInUnicodeString)
{
    return RtlpNarrow(MultiByteString, MaxBytesInMultiByteString, BytesInMultiByteString, UnicodeString, BytesInUnicodeString,
                      &RtlpAnsiCodePage, RtlpUpcase);
}

NTSTATUS NTAPI RtlUpcaseUnicodeToOemN(PCHAR OemString, ULONG MaxBytesInOemString, PULONG BytesInOemString, PCWCH UnicodeString,
                                      ULONG BytesInUnicodeString)
{
    return RtlpNarrow(OemString, MaxBytesInOemString, BytesInOemString, UnicodeString, BytesInUnicodeString, &RtlpOemCodePage,
                      RtlpUpcase);
}

NTSTATUS NTAPI RtlMultiByteToUnicodeSize(PULONG BytesInUnicodeString, const CHAR *MultiByteString, ULONG BytesInMultiByteString)
{
    *BytesInUnicodeString = BytesInMultiByteString * (ULONG)sizeof(WCHAR);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlUnicodeToMultiByteSize(PULONG BytesInMultiByteString, PCWCH UnicodeString, ULONG BytesInUnicodeString)
{
    *BytesInMultiByteString = BytesInUnicodeString / (ULONG)sizeof(WCHAR);
    return STATUS_SUCCESS;
}

WCHAR NTAPI RtlAnsiCharToUnicodeChar(PUCHAR *SourceCharacter);

/* Steps *SourceCharacter over the character. */
WCHAR NTAPI RtlAnsiCharToUnicodeChar(PUCHAR *SourceCharacter)
{
    return RtlpAnsiToWide(*(*SourceCharacter)++);
}

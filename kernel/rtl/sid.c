/* SPDX-License-Identifier: MIT
 * Security identifiers.
 */
#include "rtlp.h"

#define SID_HEADER_SIZE 8u
#define SID_TEXT_LIMIT 256u               /* S-1-, a 48-bit authority, 15 subauthorities of ten digits */

static ULONG RtlpSidSize(ULONG count) { return SID_HEADER_SIZE + count * (ULONG)sizeof(ULONG); }

BOOLEAN NTAPI RtlValidSid(PSID Sid)
{
    PISID sid = Sid;
    return sid != NULL && sid->Revision == SID_REVISION && sid->SubAuthorityCount <= SID_MAX_SUB_AUTHORITIES;
}

ULONG NTAPI RtlLengthRequiredSid(ULONG SubAuthorityCount)
{
    return RtlpSidSize(SubAuthorityCount);
}

ULONG NTAPI RtlLengthSid(PSID Sid)
{
    return RtlpSidSize(((PISID)Sid)->SubAuthorityCount);
}

/* The subauthorities stay as they are. */
NTSTATUS NTAPI RtlInitializeSid(PSID Sid, PSID_IDENTIFIER_AUTHORITY IdentifierAuthority, UCHAR SubAuthorityCount)
{
    PISID sid = Sid;

    if (SubAuthorityCount > SID_MAX_SUB_AUTHORITIES)
        return STATUS_INVALID_PARAMETER;
    sid->Revision = SID_REVISION;
    sid->SubAuthorityCount = SubAuthorityCount;
    sid->IdentifierAuthority = *IdentifierAuthority;
    return STATUS_SUCCESS;
}

PULONG NTAPI RtlSubAuthoritySid(PSID Sid, ULONG SubAuthority)
{
    return (PULONG)((PUCHAR)Sid + RtlpSidSize(SubAuthority));
}

PUCHAR NTAPI RtlSubAuthorityCountSid(PSID Sid)
{
    return &((PISID)Sid)->SubAuthorityCount;
}

PSID_IDENTIFIER_AUTHORITY NTAPI RtlIdentifierAuthoritySid(PSID Sid)
{
    return &((PISID)Sid)->IdentifierAuthority;
}

BOOLEAN NTAPI RtlEqualSid(PSID Sid1, PSID Sid2)
{
    return ((PISID)Sid1)->SubAuthorityCount == ((PISID)Sid2)->SubAuthorityCount && memcmp(Sid1, Sid2, RtlLengthSid(Sid1)) == 0;
}

/* Equal but for the last subauthority. */
BOOLEAN NTAPI RtlEqualPrefixSid(PSID Sid1, PSID Sid2)
{
    UCHAR count = ((PISID)Sid1)->SubAuthorityCount;

    return count == ((PISID)Sid2)->SubAuthorityCount && memcmp(Sid1, Sid2, RtlpSidSize(count == 0 ? 0 : count - 1u)) == 0;
}

NTSTATUS NTAPI RtlCopySid(ULONG Length, PSID Destination, PSID Source)
{
    if (RtlLengthSid(Source) > Length)
        return STATUS_BUFFER_TOO_SMALL;
    memmove(Destination, Source, RtlLengthSid(Source));
    return STATUS_SUCCESS;
}

static int RtlpPrint(PWSTR text, SIZE_T count, PCWSTR format, ...)
{
    va_list arguments;
    int written;

    va_start(arguments, format);
    written = RtlFormatWide(text, count, format, arguments);
    va_end(arguments);
    return written < 0 ? 0 : written;
}

/* "S-1-5-32-544"; authorities past 32 bits are written in hexadecimal. Free an allocated one with RtlFreeUnicodeString. */
NTSTATUS NTAPI RtlConvertSidToUnicodeString(PUNICODE_STRING UnicodeString, PSID Sid, BOOLEAN AllocateDestinationString)
{
    PISID sid = Sid;
    const UCHAR *authority = sid->IdentifierAuthority.Value;
    ULONG low = (ULONG)authority[2] << 24 | (ULONG)authority[3] << 16 | (ULONG)authority[4] << 8 | authority[5];
    WCHAR text[SID_TEXT_LIMIT];
    UNICODE_STRING result;
    int used;
    ULONG i;

    if (!RtlValidSid(Sid))
        return STATUS_INVALID_SID;
    if (authority[0] != 0 || authority[1] != 0)
        used = RtlpPrint(text, SID_TEXT_LIMIT, L"S-1-0x%02x%02x%08x", authority[0], authority[1], low);
    else
        used = RtlpPrint(text, SID_TEXT_LIMIT, L"S-1-%u", low);
    for (i = 0; i < sid->SubAuthorityCount; i++)
        used += RtlpPrint(text + used, SID_TEXT_LIMIT - (SIZE_T)used, L"-%u", *RtlSubAuthoritySid(Sid, i));
    RtlInitUnicodeString(&result, text);
    if (AllocateDestinationString)
        return RtlCreateUnicodeString(UnicodeString, text) ? STATUS_SUCCESS : STATUS_NO_MEMORY;
    if (result.Length > UnicodeString->MaximumLength)
        return STATUS_BUFFER_OVERFLOW;
    RtlCopyUnicodeString(UnicodeString, &result);
    return STATUS_SUCCESS;
}

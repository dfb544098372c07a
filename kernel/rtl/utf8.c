/* SPDX-License-Identifier: MIT
 * RtlUnicodeToUTF8N and RtlUTF8ToUnicodeN: what is not well-formed becomes U+FFFD and STATUS_SOME_NOT_MAPPED (Unicode, chapter
 * 3.9: one replacement for each maximal part of a sequence). Without a destination they count. What does not fit is not begun.
 */
#include "rtlp.h"

#define REPLACEMENT 0xFFFDu
#define IS_HIGH(unit) (((unit) & 0xFC00u) == 0xD800u)
#define IS_LOW(unit) (((unit) & 0xFC00u) == 0xDC00u)

/* The next character; the units it takes up. ~0 for a lone surrogate. */
static ULONG RtlpDecodeUtf16(PCWCH units, ULONG count, PULONG character)
{
    *character = units[0];
    if (IS_HIGH(units[0]) && count > 1 && IS_LOW(units[1])) {
        *character = 0x10000u + ((units[0] & 0x3FFu) << 10) + (units[1] & 0x3FFu);
        return 2;
    }
    if (IS_HIGH(units[0]) || IS_LOW(units[0]))
        *character = ~0u;
    return 1;
}

static ULONG RtlpEncodeUtf8(ULONG character, UCHAR bytes[4])
{
    ULONG count = character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4, i;
    static const UCHAR leads[] = { 0, 0x00, 0xC0, 0xE0, 0xF0 };

    for (i = count - 1; i != 0; i--, character >>= 6)
        bytes[i] = (UCHAR)(0x80 | (character & 0x3F));
    bytes[0] = (UCHAR)(leads[count] | character);
    return count;
}

NTSTATUS NTAPI RtlUnicodeToUTF8N(PCHAR UTF8StringDestination, ULONG UTF8StringMaxByteCount, PULONG UTF8StringActualByteCount,
                                 PCWCH UnicodeStringSource, ULONG UnicodeStringByteCount)
{
    ULONG left = UnicodeStringByteCount / (ULONG)sizeof(WCHAR), used = 0, character, count, taken;
    NTSTATUS status = STATUS_SUCCESS;
    UCHAR bytes[4];

    if (UnicodeStringSource == NULL)
        return STATUS_INVALID_PARAMETER_4;
    if (UnicodeStringByteCount % sizeof(WCHAR) != 0)
        return STATUS_INVALID_PARAMETER_5;
    if (UTF8StringDestination == NULL && UTF8StringActualByteCount == NULL)
        return STATUS_INVALID_PARAMETER;
    for (; left != 0; left -= taken, UnicodeStringSource += taken) {
        taken = RtlpDecodeUtf16(UnicodeStringSource, left, &character);
        count = RtlpEncodeUtf8(character != ~0u ? character : REPLACEMENT, bytes);
        if (UTF8StringDestination != NULL && count > UTF8StringMaxByteCount - used) {
            status = STATUS_BUFFER_TOO_SMALL;
            break;
        }
        if (character == ~0u)
            status = STATUS_SOME_NOT_MAPPED;
        if (UTF8StringDestination != NULL)
            memcpy(UTF8StringDestination + used, bytes, count);
        used += count;
    }
    if (UTF8StringActualByteCount != NULL)
        *UTF8StringActualByteCount = used;
    return status;
}

/* Continuation bytes after a lead byte, and the range of the first of them (table 3-7 of the standard); 0 for no lead byte. */
static ULONG RtlpUtf8Trail(UCHAR lead, UCHAR range[2])
{
    range[0] = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    range[1] = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (lead >= 0xC2 && lead <= 0xDF)
        return 1;
    if (lead >= 0xE0 && lead <= 0xEF)
        return 2;
    return lead >= 0xF0 && lead <= 0xF4 ? 3 : 0;
}

static ULONG RtlpDecodeUtf8(const UCHAR *bytes, ULONG count, PULONG character)
{
    UCHAR range[2];
    ULONG trail = RtlpUtf8Trail(bytes[0], range), i;

    *character = bytes[0] < 0x80 ? bytes[0] : ~0u;
    if (trail == 0)
        return 1;
    *character = bytes[0] & (0x3Fu >> trail);
    for (i = 1; i <= trail; i++) {
        if (i == count || bytes[i] < range[0] || bytes[i] > range[1]) {
            *character = ~0u;
            return i;
        }
        *character = *character << 6 | (bytes[i] & 0x3Fu);
        range[0] = 0x80;
        range[1] = 0xBF;
    }
    return i;
}

static ULONG RtlpEncodeUtf16(ULONG character, WCHAR units[2])
{
    if (character < 0x10000) {
        units[0] = (WCHAR)character;
        return 1;
    }
    units[0] = (WCHAR)(0xD800u + ((character - 0x10000u) >> 10));
    units[1] = (WCHAR)(0xDC00u + (character & 0x3FFu));
    return 2;
}

NTSTATUS NTAPI RtlUTF8ToUnicodeN(PWSTR UnicodeStringDestination, ULONG UnicodeStringMaxByteCount,
                                 PULONG UnicodeStringActualByteCount, PCCH UTF8StringSource, ULONG UTF8StringByteCount)
{
    const UCHAR *source = (const UCHAR *)UTF8StringSource;
    ULONG used = 0, character, count, taken;
    NTSTATUS status = STATUS_SUCCESS;
    WCHAR units[2];

    if (UTF8StringSource == NULL)
        return STATUS_INVALID_PARAMETER_4;
    if (UnicodeStringDestination == NULL && UnicodeStringActualByteCount == NULL)
        return STATUS_INVALID_PARAMETER;
    for (; UTF8StringByteCount != 0; UTF8StringByteCount -= taken, source += taken) {
        taken = RtlpDecodeUtf8(source, UTF8StringByteCount, &character);
        count = RtlpEncodeUtf16(character != ~0u ? character : REPLACEMENT, units);
        if (UnicodeStringDestination != NULL && count > UnicodeStringMaxByteCount / sizeof(WCHAR) - used) {
            status = STATUS_BUFFER_TOO_SMALL;
            break;
        }
        if (character == ~0u)
            status = STATUS_SOME_NOT_MAPPED;
        if (UnicodeStringDestination != NULL)
            memcpy(UnicodeStringDestination + used, units, count * sizeof(WCHAR));
        used += count;
    }
    if (UnicodeStringActualByteCount != NULL)
        *UnicodeStringActualByteCount = used * (ULONG)sizeof(WCHAR);
    return status;
}

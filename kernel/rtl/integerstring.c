/* SPDX-License-Identifier: MIT
 * Integers to and from strings, in the bases 2, 8, 10 and 16; base 0 is decimal for output and by prefix (0b, 0o, 0x) for input.
 */
#include "rtlp.h"

#define DIGITS_LIMIT 64u

static BOOLEAN RtlpIsBase(ULONG base)
{
    return base == 2 || base == 8 || base == 10 || base == 16;
}

static NTSTATUS RtlpIntegerToString(ULONG64 value, ULONG base, PUNICODE_STRING string)
{
    WCHAR digits[DIGITS_LIMIT];
    ULONG start = DIGITS_LIMIT, bytes;

    if (base == 0)
        base = 10;
    if (!RtlpIsBase(base))
        return STATUS_INVALID_PARAMETER;
    do {
        digits[--start] = (WCHAR)"0123456789ABCDEF"[value % base];
        value /= base;
    } while (value != 0);
    bytes = (DIGITS_LIMIT - start) * (ULONG)sizeof(WCHAR);
    if (bytes > string->MaximumLength)
        return STATUS_BUFFER_OVERFLOW;
    memcpy(string->Buffer, &digits[start], bytes);
    string->Length = (USHORT)bytes;
    if (bytes + sizeof(WCHAR) <= string->MaximumLength)
        string->Buffer[bytes / sizeof(WCHAR)] = 0;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlIntegerToUnicodeString(ULONG Value, ULONG Base, PUNICODE_STRING String)
{
    return RtlpIntegerToString(Value, Base, String);
}

NTSTATUS NTAPI RtlInt64ToUnicodeString(ULONGLONG Value, ULONG Base, PUNICODE_STRING String)
{
    return RtlpIntegerToString(Value, Base, String);
}

/* ---- Input: one parser, told by a function where its characters come from; 0 ends them ---- */
typedef WCHAR RTLP_CHARACTER_AT(const VOID *text, ULONG index);

static WCHAR RtlpUnicodeCharacterAt(const VOID *text, ULONG index)
{
    PCUNICODE_STRING string = text;
    return index < string->Length / sizeof(WCHAR) ? string->Buffer[index] : 0;
}

static WCHAR RtlpNarrowCharacterAt(const VOID *text, ULONG index)
{
    return ((const UCHAR *)text)[index];                      /* never asked past the NUL */
}

static ULONG RtlpBaseOfPrefix(WCHAR letter)
{
    switch (letter) {
    case 'b':
        return 2;
    case 'o':
        return 8;
    case 'x':
        return 16;
    default:
        return 0;
    }
}

static ULONG RtlpDigit(WCHAR character)
{
    if (character >= '0' && character <= '9')
        return character - (ULONG)'0';
    character = RtlpUpcase(character);
    return character >= 'A' && character <= 'F' ? character - (ULONG)'A' + 10 : ~0u;
}

static NTSTATUS RtlpParseInteger(const VOID *text, RTLP_CHARACTER_AT *at, ULONG base, PULONG value)
{
    ULONG i = 0, result = 0, digit, prefix;
    BOOLEAN negative = FALSE;

    while (at(text, i) != 0 && at(text, i) <= ' ')
        i++;
    if (at(text, i) == '-' || at(text, i) == '+')
        negative = at(text, i++) == '-';
    if (base == 0) {
        base = 10;
        if (at(text, i) == '0' && (prefix = RtlpBaseOfPrefix(at(text, i + 1))) != 0) {
            base = prefix;
            i += 2;
        }
    }
    if (!RtlpIsBase(base))
        return STATUS_INVALID_PARAMETER;
    for (; (digit = RtlpDigit(at(text, i))) < base; i++)
        result = result * base + digit;
    *value = negative ? 0 - result : result;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI RtlUnicodeStringToInteger(PCUNICODE_STRING String, ULONG Base, PULONG Value)
{
    return RtlpParseInteger(String, RtlpUnicodeCharacterAt, Base, Value);
}

NTSTATUS NTAPI RtlCharToInteger(PCSZ String, ULONG Base, PULONG Value)
{
    return RtlpParseInteger(String, RtlpNarrowCharacterAt, Base, Value);
}

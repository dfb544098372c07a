/* SPDX-License-Identifier: MIT
 * Text to number: one parser for both widths, saturating as the C runtime documents (atoi and relatives too).
 */
#include "crt.h"

typedef struct RTLP_NUMBER {
    uint64_t Magnitude;                   /* saturates at the limit given */
    int IsNegative;
    int Overflowed;
    size_t Length;                        /* characters used; 0: no number */
} RTLP_NUMBER;

static int RtlpCharacter(const void *text, size_t width, size_t index)
{
    return width == 1 ? ((const unsigned char *)text)[index] : ((const wchar_t *)text)[index];
}

static unsigned RtlpDigitValue(int character)
{
    if (isdigit(character))
        return (unsigned)(character - '0');
    return isalpha(character) ? (unsigned)(toupper(character) - 'A' + 10) : 99;
}

/* Skips "0x" and decides radix 0. A lone "0" before something else than hexadecimal digits stays the number 0. */
static size_t RtlpSkipPrefix(const void *text, size_t width, size_t at, int *radix)
{
    int zero = RtlpCharacter(text, width, at) == '0';
    int hexadecimal = zero && toupper(RtlpCharacter(text, width, at + 1)) == 'X' && isxdigit(RtlpCharacter(text, width, at + 2));

    if (*radix == 0)
        *radix = hexadecimal ? 16 : zero ? 8 : 10;
    return *radix == 16 && hexadecimal ? at + 2 : at;
}

/* White space, sign, prefix, digits. */
static RTLP_NUMBER RtlpParseNumber(const void *text, size_t width, int radix, uint64_t limit)
{
    RTLP_NUMBER number = { 0 };
    size_t at = 0;
    unsigned digit;

    if (radix != 0 && (radix < 2 || radix > 36))
        return number;
    while (isspace(RtlpCharacter(text, width, at)))
        at++;
    if (RtlpCharacter(text, width, at) == '-' || RtlpCharacter(text, width, at) == '+')
        number.IsNegative = RtlpCharacter(text, width, at++) == '-';
    at = RtlpSkipPrefix(text, width, at, &radix);
    for (; (digit = RtlpDigitValue(RtlpCharacter(text, width, at))) < (unsigned)radix; at++) {
        if (number.Magnitude > (limit - digit) / (unsigned)radix)
            number.Overflowed = 1;
        else
            number.Magnitude = number.Magnitude * (unsigned)radix + digit;
        number.Length = at + 1;
    }
    return number;
}

static int64_t RtlpParseSigned(const void *text, size_t width, int radix, int64_t maximum, size_t *length)
{
    RTLP_NUMBER number = RtlpParseNumber(text, width, radix, (uint64_t)maximum + 1);

    *length = number.Length;
    if (number.IsNegative)
        return number.Overflowed ? -maximum - 1 : (int64_t)(0 - number.Magnitude);
    return number.Overflowed || number.Magnitude > (uint64_t)maximum ? maximum : (int64_t)number.Magnitude;
}

static CRT_ULONG RtlpParseUnsigned(const void *text, size_t width, int radix, size_t *length)
{
    RTLP_NUMBER number = RtlpParseNumber(text, width, radix, UINT32_MAX);

    *length = number.Length;
    if (number.Overflowed)
        return UINT32_MAX;
    return (CRT_ULONG)(number.IsNegative ? 0 - number.Magnitude : number.Magnitude);
}

CRT_LONG strtol(const char *String, char **End, int Radix)
{
    size_t length;
    CRT_LONG value = (CRT_LONG)RtlpParseSigned(String, sizeof(char), Radix, INT32_MAX, &length);
    if (End != NULL)
        *End = (char *)(uintptr_t)String + length;
    return value;
}

CRT_LONG wcstol(const wchar_t *String, wchar_t **End, int Radix)
{
    size_t length;
    CRT_LONG value = (CRT_LONG)RtlpParseSigned(String, sizeof(wchar_t), Radix, INT32_MAX, &length);
    if (End != NULL)
        *End = (wchar_t *)(uintptr_t)String + length;
    return value;
}

CRT_ULONG strtoul(const char *String, char **End, int Radix)
{
    size_t length;
    CRT_ULONG value = RtlpParseUnsigned(String, sizeof(char), Radix, &length);
    if (End != NULL)
        *End = (char *)(uintptr_t)String + length;
    return value;
}

CRT_ULONG wcstoul(const wchar_t *String, wchar_t **End, int Radix)
{
    size_t length;
    CRT_ULONG value = RtlpParseUnsigned(String, sizeof(wchar_t), Radix, &length);
    if (End != NULL)
        *End = (wchar_t *)(uintptr_t)String + length;
    return value;
}

int64_t _atoi64(const char *String)
{
    size_t length;
    return RtlpParseSigned(String, sizeof(char), 10, INT64_MAX, &length);
}

int atoi(const char *String) { return strtol(String, NULL, 10); }
CRT_LONG atol(const char *String) { return strtol(String, NULL, 10); }
int _wtoi(const wchar_t *String) { return wcstol(String, NULL, 10); }
CRT_LONG _wtol(const wchar_t *String) { return wcstol(String, NULL, 10); }

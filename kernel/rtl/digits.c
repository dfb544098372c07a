/* SPDX-License-Identifier: MIT
 * Number to text. Values other than signed decimal ones are written as their two's complement.
 */
#include "crt.h"

size_t RtlpDigits(uint64_t Value, int IsNegative, int Radix, char Text[CRT_DIGITS_LIMIT])
{
    char reversed[CRT_DIGITS_LIMIT];
    size_t count = 0, written = 0;

    if (Radix < 2 || Radix > 36)
        return 0;
    if (IsNegative)
        Value = 0 - Value;
    do {
        reversed[count++] = "0123456789abcdefghijklmnopqrstuvwxyz"[Value % (unsigned)Radix];
        Value /= (unsigned)Radix;
    } while (Value != 0);
    if (IsNegative)
        reversed[count++] = '-';
    while (count != 0)
        Text[written++] = reversed[--count];
    Text[written] = '\0';
    return written;
}

static char *RtlpToNarrow(uint64_t value, int isNegative, int radix, char *buffer)
{
    char text[CRT_DIGITS_LIMIT];
    size_t count = RtlpDigits(value, isNegative, radix, text);

    memcpy(buffer, text, count);
    buffer[count] = '\0';
    return buffer;
}

static wchar_t *RtlpToWide(uint64_t value, int isNegative, int radix, wchar_t *buffer)
{
    char text[CRT_DIGITS_LIMIT];
    size_t i, count = RtlpDigits(value, isNegative, radix, text);

    for (i = 0; i < count; i++)
        buffer[i] = (unsigned char)text[i];
    buffer[count] = 0;
    return buffer;
}

/* A signed 32-bit value as RtlpDigits wants it: sign-extended with a sign in radix 10, else 32 bits. */
static uint64_t RtlpPattern(int32_t value, int radix) { return radix == 10 ? (uint64_t)(int64_t)value : (uint32_t)value; }
static int RtlpHasSign(int64_t value, int radix) { return radix == 10 && value < 0; }

char *_itoa(int Value, char *Buffer, int Radix)
{
    return RtlpToNarrow(RtlpPattern(Value, Radix), RtlpHasSign(Value, Radix), Radix, Buffer);
}

char *_ltoa(CRT_LONG Value, char *Buffer, int Radix) { return _itoa(Value, Buffer, Radix); }
char *_ultoa(CRT_ULONG Value, char *Buffer, int Radix) { return RtlpToNarrow(Value, 0, Radix, Buffer); }
char *_ui64toa(uint64_t Value, char *Buffer, int Radix) { return RtlpToNarrow(Value, 0, Radix, Buffer); }

char *_i64toa(int64_t Value, char *Buffer, int Radix)
{
    return RtlpToNarrow((uint64_t)Value, RtlpHasSign(Value, Radix), Radix, Buffer);
}

wchar_t *_itow(int Value, wchar_t *Buffer, int Radix)
{
    return RtlpToWide(RtlpPattern(Value, Radix), RtlpHasSign(Value, Radix), Radix, Buffer);
}

wchar_t *_ltow(CRT_LONG Value, wchar_t *Buffer, int Radix) { return _itow(Value, Buffer, Radix); }
wchar_t *_ultow(CRT_ULONG Value, wchar_t *Buffer, int Radix) { return RtlpToWide(Value, 0, Radix, Buffer); }
wchar_t *_ui64tow(uint64_t Value, wchar_t *Buffer, int Radix) { return RtlpToWide(Value, 0, Radix, Buffer); }

wchar_t *_i64tow(int64_t Value, wchar_t *Buffer, int Radix)
{
    return RtlpToWide((uint64_t)Value, RtlpHasSign(Value, Radix), Radix, Buffer);
}

/* EINVAL or ERANGE when Value does not go into Size characters. */
static CRT_ERROR RtlpCheckRoom(int value, size_t size, int radix)
{
    char text[CRT_DIGITS_LIMIT];
    size_t count = RtlpDigits(RtlpPattern(value, radix), RtlpHasSign(value, radix), radix, text);

    if (count == 0)
        return CRT_EINVAL;
    return count < size ? 0 : CRT_ERANGE;
}

CRT_ERROR _itoa_s(int Value, char *Buffer, size_t Size, int Radix)
{
    CRT_ERROR error;

    if (Buffer == NULL || Size == 0)
        return CRT_EINVAL;
    Buffer[0] = '\0';
    error = RtlpCheckRoom(Value, Size, Radix);
    if (error == 0)
        _itoa(Value, Buffer, Radix);
    return error;
}

CRT_ERROR _itow_s(int Value, wchar_t *Buffer, size_t Size, int Radix)
{
    CRT_ERROR error;

    if (Buffer == NULL || Size == 0)
        return CRT_EINVAL;
    Buffer[0] = 0;
    error = RtlpCheckRoom(Value, Size, Radix);
    if (error == 0)
        _itow(Value, Buffer, Radix);
    return error;
}

/* SPDX-License-Identifier: MIT
 * The printf engine of all narrow and wide variants, after Microsoft's "Format specification syntax" and, for %Z and %wZ, the
 * DbgPrint reference.
 *
 * Kernel code keeps no floating-point state: %a %e %f %g take their double and print '?'. %n takes its pointer and writes
 * nothing. A NULL string prints (null). Of a string no more is read than the precision says.
 */
#include "format.h"

#define FORMAT_FIELD_LIMIT 0x100000       /* a wider field is a mistake, and must not hang the kernel */

typedef struct RTLP_FORMATTER {
    RTLP_OUTPUT *Output;
    const VOID *Format;
    SIZE_T Position;
    va_list Arguments;
} RTLP_FORMATTER;

/* ---- Output ---- */
VOID RtlpSetCharacter(const RTLP_OUTPUT *Output, SIZE_T Index, WCHAR Character)
{
    if (Output->IsWide)
        ((PWCHAR)Output->Buffer)[Index] = Character;
    else
        ((PUCHAR)Output->Buffer)[Index] = RtlpWideToAnsi(Character);
}

static VOID RtlpPut(RTLP_OUTPUT *output, WCHAR character)
{
    if (output->Count < output->Capacity)
        RtlpSetCharacter(output, output->Count, character);
    output->Count++;
}

static VOID RtlpPad(RTLP_OUTPUT *output, WCHAR character, LONG64 count)
{
    for (; count > 0; count--)
        RtlpPut(output, character);
}

/* ---- Strings ---- */
typedef struct RTLP_STRING {
    const VOID *Buffer;
    SIZE_T Length;                        /* characters */
    BOOLEAN IsWide;
} RTLP_STRING;

static SIZE_T RtlpStringLength(const VOID *text, BOOLEAN isWide, LONG precision)
{
    SIZE_T limit = precision < 0 ? ~(SIZE_T)0 : (SIZE_T)precision, length = 0;

    while (length < limit && (isWide ? ((PCWSTR)text)[length] != 0 : ((PCSTR)text)[length] != '\0'))
        length++;
    return length;
}

static VOID RtlpPutString(RTLP_OUTPUT *output, const RTLP_CONVERSION *conversion, RTLP_STRING text)
{
    LONG64 padding;
    SIZE_T i;

    if (conversion->Precision >= 0 && text.Length > (SIZE_T)conversion->Precision)
        text.Length = (SIZE_T)conversion->Precision;
    padding = (LONG64)conversion->Width - (LONG64)text.Length;
    if (!conversion->Left)
        RtlpPad(output, conversion->Zero ? '0' : ' ', padding);
    for (i = 0; i < text.Length; i++)
        RtlpPut(output, text.IsWide ? ((PCWSTR)text.Buffer)[i] : RtlpAnsiToWide(((const UCHAR *)text.Buffer)[i]));
    if (conversion->Left)
        RtlpPad(output, ' ', padding);
}

/* Whether s c S C Z mean wide text: by the modifier, else by the format's own width, which S and C turn round. */
static BOOLEAN RtlpIsWideText(const RTLP_FORMATTER *formatter, const RTLP_CONVERSION *conversion)
{
    if (conversion->Size == RtlpSizeWide || conversion->Size == RtlpSizeLong)
        return TRUE;
    if (conversion->Size == RtlpSizeShort)
        return FALSE;
    if (conversion->Type == 'Z')
        return FALSE;
    return formatter->Output->IsWide == (conversion->Type == 's' || conversion->Type == 'c');
}

static VOID RtlpConvertString(RTLP_FORMATTER *formatter, const RTLP_CONVERSION *conversion)
{
    const VOID *text = va_arg(formatter->Arguments, const VOID *);
    BOOLEAN isWide = RtlpIsWideText(formatter, conversion);
    RTLP_STRING string = { "(null)", 6, FALSE };

    if (text != NULL)
        string = (RTLP_STRING){ text, RtlpStringLength(text, isWide, conversion->Precision), isWide };
    RtlpPutString(formatter->Output, conversion, string);
}

static VOID RtlpConvertCountedString(RTLP_FORMATTER *formatter, const RTLP_CONVERSION *conversion)
{
    const STRING *counted = va_arg(formatter->Arguments, const STRING *);     /* UNICODE_STRING has the same layout */
    BOOLEAN isWide = RtlpIsWideText(formatter, conversion);
    RTLP_STRING string = { "(null)", 6, FALSE };

    if (counted != NULL && counted->Buffer != NULL)
        string = (RTLP_STRING){ counted->Buffer, isWide ? counted->Length / sizeof(WCHAR) : counted->Length, isWide };
    RtlpPutString(formatter->Output, conversion, string);
}

static VOID RtlpConvertCharacter(RTLP_FORMATTER *formatter, const RTLP_CONVERSION *conversion)
{
    int argument = va_arg(formatter->Arguments, int);
    RTLP_CONVERSION single = *conversion;
    WCHAR character = RtlpIsWideText(formatter, conversion) ? (WCHAR)argument : RtlpAnsiToWide((UCHAR)argument);

    single.Precision = -1;
    RtlpPutString(formatter->Output, &single, (RTLP_STRING){ &character, 1, TRUE });
}

/* ---- Numbers ---- */
static ULONG64 RtlpTakeInteger(RTLP_FORMATTER *formatter, const RTLP_CONVERSION *conversion)
{
    BOOLEAN isSigned = RtlpIsSignedType(conversion->Type);
    int value;

    if (conversion->Size == RtlpSize64 || conversion->Type == 'p')
        return va_arg(formatter->Arguments, ULONG64);
    value = va_arg(formatter->Arguments, int);
    if (conversion->Size == RtlpSizeShort)
        return isSigned ? (ULONG64)(LONG64)(SHORT)value : (USHORT)value;
    if (conversion->Size == RtlpSizeByte)
        return isSigned ? (ULONG64)(LONG64)(signed char)value : (UCHAR)value;
    return isSigned ? (ULONG64)(LONG64)value : (ULONG)value;
}

static LONG64 RtlpLeadingZeros(const RTLP_CONVERSION *conversion, ULONG prefix, ULONG digits)
{
    LONG64 minimum = conversion->Precision >= 0 ? conversion->Precision : 1;

    if (conversion->Type == 'p')
        minimum = 2 * sizeof(PVOID);
    else if (conversion->Precision < 0 && conversion->Zero && !conversion->Left)
        minimum = conversion->Width - (LONG64)prefix > 1 ? conversion->Width - (LONG64)prefix : 1;
    if (conversion->Type == 'o' && conversion->Alternate && minimum <= digits)
        minimum = (LONG64)digits + 1;
    return minimum > digits ? minimum - digits : 0;
}

static VOID RtlpConvertInteger(RTLP_FORMATTER *formatter, const RTLP_CONVERSION *conversion)
{
    RTLP_NUMBER_TEXT text;
    ULONG i, prefix = 0;
    LONG64 zeros, padding;

    RtlpFormatNumber(conversion, RtlpTakeInteger(formatter, conversion), &text);
    while (text.Prefix[prefix] != '\0')
        prefix++;
    zeros = RtlpLeadingZeros(conversion, prefix, text.Length);
    padding = conversion->Width - (LONG64)prefix - zeros - (LONG64)text.Length;
    if (!conversion->Left)
        RtlpPad(formatter->Output, ' ', padding);
    for (i = 0; i < prefix; i++)
        RtlpPut(formatter->Output, (UCHAR)text.Prefix[i]);
    RtlpPad(formatter->Output, '0', zeros);
    for (i = 0; i < text.Length; i++)
        RtlpPut(formatter->Output, (UCHAR)text.Digits[i]);
    if (conversion->Left)
        RtlpPad(formatter->Output, ' ', padding);
}

static VOID RtlpConvertFloat(RTLP_FORMATTER *formatter, const RTLP_CONVERSION *conversion)
{
    RTLP_CONVERSION single = *conversion;

    (void)va_arg(formatter->Arguments, double);
    single.Precision = -1;
    single.Zero = FALSE;
    RtlpPutString(formatter->Output, &single, (RTLP_STRING){ "?", 1, FALSE });
}

/* ---- Specifications ---- */
static WCHAR RtlpPeek(const RTLP_FORMATTER *formatter, SIZE_T ahead)
{
    SIZE_T at = formatter->Position + ahead;
    return formatter->Output->IsWide ? ((PCWSTR)formatter->Format)[at] : ((const UCHAR *)formatter->Format)[at];
}

static VOID RtlpParseFlags(RTLP_FORMATTER *formatter, RTLP_CONVERSION *conversion)
{
    for (;; formatter->Position++) {
        switch (RtlpPeek(formatter, 0)) {
        case '-':
            conversion->Left = TRUE;
            break;
        case '+':
            conversion->Plus = TRUE;
            break;
        case ' ':
            conversion->Space = TRUE;
            break;
        case '#':
            conversion->Alternate = TRUE;
            break;
        case '0':
            conversion->Zero = TRUE;
            break;
        default:
            return;
        }
    }
}

/* A decimal number or, for '*', an argument. */
static LONG RtlpParseCount(RTLP_FORMATTER *formatter)
{
    LONG value = 0;

    if (RtlpPeek(formatter, 0) == '*') {
        formatter->Position++;
        value = va_arg(formatter->Arguments, int);
        if (value < -FORMAT_FIELD_LIMIT)
            return -FORMAT_FIELD_LIMIT;
        return value > FORMAT_FIELD_LIMIT ? FORMAT_FIELD_LIMIT : value;
    }
    for (; RtlpPeek(formatter, 0) >= '0' && RtlpPeek(formatter, 0) <= '9'; formatter->Position++)
        value = value < FORMAT_FIELD_LIMIT ? value * 10 + (RtlpPeek(formatter, 0) - '0') : FORMAT_FIELD_LIMIT;
    return value > FORMAT_FIELD_LIMIT ? FORMAT_FIELD_LIMIT : value;
}

static VOID RtlpParseWidthAndPrecision(RTLP_FORMATTER *formatter, RTLP_CONVERSION *conversion)
{
    conversion->Width = RtlpParseCount(formatter);
    if (conversion->Width < 0) {
        conversion->Left = TRUE;
        conversion->Width = -conversion->Width;
    }
    conversion->Precision = -1;
    if (RtlpPeek(formatter, 0) == '.') {
        formatter->Position++;
        conversion->Precision = RtlpParseCount(formatter);
        if (conversion->Precision < 0)
            conversion->Precision = -1;
    }
}

typedef struct RTLP_MODIFIER {
    CHAR Text[4];
    RTLP_SIZE Size;
} RTLP_MODIFIER;

/* Longer ones first. */
static const RTLP_MODIFIER RtlpModifiers[] = {
    { "I64", RtlpSize64 }, { "I32", RtlpSize32 }, { "ll", RtlpSize64 }, { "hh", RtlpSizeByte }, { "I", RtlpSize64 },
    { "l", RtlpSizeLong }, { "h", RtlpSizeShort }, { "w", RtlpSizeWide }, { "z", RtlpSize64 }, { "t", RtlpSize64 },
    { "j", RtlpSize64 }, { "L", RtlpSizeDefault },
};

static VOID RtlpParseModifier(RTLP_FORMATTER *formatter, RTLP_CONVERSION *conversion)
{
    ULONG i, length;

    for (i = 0; i < RTL_NUMBER_OF(RtlpModifiers); i++) {
        PCSTR text = RtlpModifiers[i].Text;
        for (length = 0; text[length] != '\0' && RtlpPeek(formatter, length) == (WCHAR)text[length]; length++)
            ;
        if (text[length] == '\0') {
            conversion->Size = RtlpModifiers[i].Size;
            formatter->Position += length;
            return;
        }
    }
}

static VOID RtlpConvert(RTLP_FORMATTER *formatter, const RTLP_CONVERSION *conversion)
{
    switch (conversion->Type) {
    case 'd': case 'i': case 'u': case 'o': case 'x': case 'X': case 'p':
        RtlpConvertInteger(formatter, conversion);
        break;
    case 's': case 'S':
        RtlpConvertString(formatter, conversion);
        break;
    case 'c': case 'C':
        RtlpConvertCharacter(formatter, conversion);
        break;
    case 'Z':
        RtlpConvertCountedString(formatter, conversion);
        break;
    case 'a': case 'A': case 'e': case 'E': case 'f': case 'F': case 'g': case 'G':
        RtlpConvertFloat(formatter, conversion);
        break;
    case 'n':
        (void)va_arg(formatter->Arguments, PVOID);
        break;
    default:
        RtlpPut(formatter->Output, conversion->Type);         /* %% and unknown types */
        break;
    }
}

VOID RtlpFormat(RTLP_OUTPUT *Output, const VOID *Format, va_list Arguments)
{
    RTLP_FORMATTER formatter = { Output, Format, 0 };
    WCHAR character;

    va_copy(formatter.Arguments, Arguments);
    while ((character = RtlpPeek(&formatter, 0)) != 0) {
        RTLP_CONVERSION conversion = { 0 };

        formatter.Position++;
        if (character != '%') {
            RtlpPut(Output, Output->IsWide ? character : RtlpAnsiToWide((UCHAR)character));
            continue;
        }
        RtlpParseFlags(&formatter, &conversion);
        RtlpParseWidthAndPrecision(&formatter, &conversion);
        RtlpParseModifier(&formatter, &conversion);
        conversion.Type = RtlpPeek(&formatter, 0);
        if (conversion.Type == 0)
            break;
        formatter.Position++;
        RtlpConvert(&formatter, &conversion);
    }
    va_end(formatter.Arguments);
}

/* ---- For the kernel itself ---- */
static int RtlpFormatTerminated(RTLP_OUTPUT *output, const VOID *format, va_list arguments)
{
    RtlpFormat(output, format, arguments);
    if (output->Capacity != 0)
        RtlpSetCharacter(output, output->Count < output->Capacity ? output->Count : output->Capacity - 1, 0);
    return output->Count < output->Capacity ? (int)output->Count : -1;
}

int RtlFormatAnsi(PCHAR Buffer, SIZE_T Size, PCSTR Format, va_list Arguments)
{
    RTLP_OUTPUT output = { Buffer, Size, 0, FALSE };
    return RtlpFormatTerminated(&output, Format, Arguments);
}

int RtlFormatWide(PWCHAR Buffer, SIZE_T Count, PCWSTR Format, va_list Arguments)
{
    RTLP_OUTPUT output = { Buffer, Count, 0, TRUE };
    return RtlpFormatTerminated(&output, Format, Arguments);
}

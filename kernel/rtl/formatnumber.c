/* SPDX-License-Identifier: MIT
 * printf: an integer's sign, prefix and digits.
 */
#include "format.h"

BOOLEAN RtlpIsSignedType(WCHAR Type)
{
    return Type == 'd' || Type == 'i';
}

static ULONG RtlpRadix(WCHAR type)
{
    switch (type) {
    case 'o':
        return 8;
    case 'x':
    case 'X':
    case 'p':
        return 16;
    default:
        return 10;
    }
}

static ULONG RtlpWriteDigits(ULONG64 value, ULONG radix, BOOLEAN upper, PCHAR digits)
{
    CHAR reversed[RTLP_NUMBER_LIMIT];
    ULONG count = 0, i;

    for (; value != 0; value /= radix) {
        ULONG digit = (ULONG)(value % radix);
        reversed[count++] = (CHAR)(digit < 10 ? '0' + digit : (upper ? 'A' : 'a') + digit - 10);
    }
    for (i = 0; i < count; i++)
        digits[i] = reversed[count - 1 - i];
    return count;
}

VOID RtlpFormatNumber(const RTLP_CONVERSION *Conversion, ULONG64 Value, RTLP_NUMBER_TEXT *Text)
{
    BOOLEAN isSigned = RtlpIsSignedType(Conversion->Type), negative = isSigned && (LONG64)Value < 0;
    BOOLEAN upper = Conversion->Type == 'X' || Conversion->Type == 'p';
    ULONG prefix = 0;

    if (negative)
        Value = 0 - Value;
    Text->Length = RtlpWriteDigits(Value, RtlpRadix(Conversion->Type), upper, Text->Digits);
    if (negative)
        Text->Prefix[prefix++] = '-';
    else if (isSigned && (Conversion->Plus || Conversion->Space))
        Text->Prefix[prefix++] = Conversion->Plus ? '+' : ' ';
    if (Conversion->Alternate && Value != 0 && RtlpRadix(Conversion->Type) == 16) {
        Text->Prefix[prefix++] = '0';
        Text->Prefix[prefix++] = upper ? 'X' : 'x';
    }
    Text->Prefix[prefix] = '\0';
}

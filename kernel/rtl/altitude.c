/* SPDX-License-Identifier: MIT
 * Altitudes of filters: decimal numbers of any length, with a fraction perhaps.
 */
#include "rtl.h"

static WCHAR RtlpDigit(PCUNICODE_STRING Text, ULONG Index)
{
    return Index < Text->Length / sizeof(WCHAR) ? Text->Buffer[Index] : L'\0';
}

static ULONG RtlpSkipZeros(PCUNICODE_STRING Text)
{
    ULONG i = 0;
    while (RtlpDigit(Text, i) == L'0')
        i++;
    return i;
}

static ULONG RtlpWholeDigits(PCUNICODE_STRING Text, ULONG From)
{
    ULONG i = From;
    while (RtlpDigit(Text, i) >= L'0')
        i++;
    return i - From;
}

LONG NTAPI RtlCompareAltitudes(PCUNICODE_STRING Left, PCUNICODE_STRING Right)
{
    ULONG left = RtlpSkipZeros(Left), right = RtlpSkipZeros(Right);
    ULONG leftWhole = RtlpWholeDigits(Left, left), rightWhole = RtlpWholeDigits(Right, right);

    if (leftWhole != rightWhole)
        return leftWhole < rightWhole ? -1 : 1;
    for (;; left++, right++) {
        WCHAR l = RtlpDigit(Left, left), r = RtlpDigit(Right, right);
        l = l == L'\0' ? L'0' : l;               /* 1, 1. and 1.0 are the same */
        r = r == L'\0' ? L'0' : r;
        if (l == L'.' && r == L'0')
            r = L'.';
        if (r == L'.' && l == L'0')
            l = L'.';
        if (l != r)
            return l < r ? -1 : 1;
        if (left >= Left->Length / sizeof(WCHAR) && right >= Right->Length / sizeof(WCHAR))
            return 0;
    }
}

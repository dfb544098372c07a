/* SPDX-License-Identifier: MIT
 * Private to the printf engine: one conversion specification, and its digits.
 */
#pragma once
#include "rtlp.h"

typedef enum RTLP_SIZE {
    RtlpSizeDefault,
    RtlpSizeByte,
    RtlpSizeShort,
    RtlpSizeLong,
    RtlpSize32,
    RtlpSize64,
    RtlpSizeWide
} RTLP_SIZE;

typedef struct RTLP_CONVERSION {
    BOOLEAN Left, Plus, Space, Alternate, Zero;
    LONG Width;
    LONG Precision;                       /* -1: none */
    RTLP_SIZE Size;
    WCHAR Type;
} RTLP_CONVERSION;

#define RTLP_NUMBER_LIMIT 24              /* 22 octal digits of 64 bits */
typedef struct RTLP_NUMBER_TEXT {
    CHAR Prefix[3];                       /* sign or 0x */
    CHAR Digits[RTLP_NUMBER_LIMIT];
    ULONG Length;
} RTLP_NUMBER_TEXT;

/* Sign, prefix and digits of Value by Conversion's type (d i u o x X p). */
VOID RtlpFormatNumber(const RTLP_CONVERSION *Conversion, ULONG64 Value, RTLP_NUMBER_TEXT *Text);
/* The type reads a signed value. */
BOOLEAN RtlpIsSignedType(WCHAR Type);

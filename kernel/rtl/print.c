/* SPDX-License-Identifier: MIT
 * The four families of printf variants, for both widths.
 */
#include "printf.h"
#include "rtlp.h"

#define PRINT_TRUNCATE (~(SIZE_T)0)       /* _TRUNCATE */
#define PRINT_LIMIT 0x7FFFFFFFu           /* no result is longer */

int RtlpPrintUnbounded(PVOID Buffer, BOOLEAN IsWide, const VOID *Format, va_list Arguments)
{
    RTLP_OUTPUT output = { Buffer, PRINT_LIMIT, 0, IsWide };

    RtlpFormat(&output, Format, Arguments);
    RtlpSetCharacter(&output, output.Count, 0);
    return (int)output.Count;
}

int RtlpPrintCounted(PVOID Buffer, BOOLEAN IsWide, SIZE_T Count, const VOID *Format, va_list Arguments)
{
    RTLP_OUTPUT output = { Buffer, Count, 0, IsWide };

    if (Buffer == NULL && Count != 0)
        return -1;
    RtlpFormat(&output, Format, Arguments);
    if (output.Count < Count)
        RtlpSetCharacter(&output, output.Count, 0);
    return output.Count <= Count || Buffer == NULL ? (int)output.Count : -1;
}

int RtlpPrintSecure(PVOID Buffer, BOOLEAN IsWide, SIZE_T Size, const VOID *Format, va_list Arguments)
{
    RTLP_OUTPUT output = { Buffer, Size, 0, IsWide };

    if (Buffer == NULL || Size == 0)
        return -1;
    if (Format != NULL)
        RtlpFormat(&output, Format, Arguments);
    if (Format == NULL || output.Count >= Size) {
        RtlpSetCharacter(&output, 0, 0);
        return -1;
    }
    RtlpSetCharacter(&output, output.Count, 0);
    return (int)output.Count;
}

int RtlpPrintSecureCounted(PVOID Buffer, BOOLEAN IsWide, SIZE_T Size, SIZE_T Count, const VOID *Format, va_list Arguments)
{
    RTLP_OUTPUT output = { Buffer, Size, 0, IsWide };

    if (Buffer == NULL || Size == 0 || Format == NULL)
        return Buffer == NULL && Size == 0 && Count == 0 ? 0 : RtlpPrintSecure(Buffer, IsWide, Size, NULL, Arguments);
    if (Count >= Size && Count != PRINT_TRUNCATE)
        return RtlpPrintSecure(Buffer, IsWide, Size, Format, Arguments);
    if (Count == PRINT_TRUNCATE)
        Count = Size - 1;
    output.Capacity = Count;
    RtlpFormat(&output, Format, Arguments);
    RtlpSetCharacter(&output, output.Count < Count ? output.Count : Count, 0);
    return output.Count <= Count ? (int)output.Count : -1;
}

/* SPDX-License-Identifier: MIT
 * The wide printf names.
 */
#include "printf.h"

int swprintf(wchar_t *Buffer, const wchar_t *Format, ...)
{
    va_list arguments;
    int count;

    va_start(arguments, Format);
    count = RtlpPrintUnbounded(Buffer, 1, Format, arguments);
    va_end(arguments);
    return count;
}

int _vswprintf(wchar_t *Buffer, const wchar_t *Format, va_list Arguments)
{
    return RtlpPrintUnbounded(Buffer, 1, Format, Arguments);
}

int vswprintf(wchar_t *Buffer, const wchar_t *Format, va_list Arguments)
{
    return RtlpPrintUnbounded(Buffer, 1, Format, Arguments);
}

int _snwprintf(wchar_t *Buffer, size_t Count, const wchar_t *Format, ...)
{
    va_list arguments;
    int count;

    va_start(arguments, Format);
    count = RtlpPrintCounted(Buffer, 1, Count, Format, arguments);
    va_end(arguments);
    return count;
}

int _vsnwprintf(wchar_t *Buffer, size_t Count, const wchar_t *Format, va_list Arguments)
{
    return RtlpPrintCounted(Buffer, 1, Count, Format, Arguments);
}

int swprintf_s(wchar_t *Buffer, size_t Size, const wchar_t *Format, ...)
{
    va_list arguments;
    int count;

    va_start(arguments, Format);
    count = RtlpPrintSecure(Buffer, 1, Size, Format, arguments);
    va_end(arguments);
    return count;
}

int vswprintf_s(wchar_t *Buffer, size_t Size, const wchar_t *Format, va_list Arguments)
{
    return RtlpPrintSecure(Buffer, 1, Size, Format, Arguments);
}

int _snwprintf_s(wchar_t *Buffer, size_t Size, size_t Count, const wchar_t *Format, ...)
{
    va_list arguments;
    int count;

    va_start(arguments, Format);
    count = RtlpPrintSecureCounted(Buffer, 1, Size, Count, Format, arguments);
    va_end(arguments);
    return count;
}

int _vsnwprintf_s(wchar_t *Buffer, size_t Size, size_t Count, const wchar_t *Format, va_list Arguments)
{
    return RtlpPrintSecureCounted(Buffer, 1, Size, Count, Format, Arguments);
}

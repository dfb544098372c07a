/* SPDX-License-Identifier: MIT
 * The narrow printf names.
 */
#include "printf.h"

int sprintf(char *Buffer, const char *Format, ...)
{
    va_list arguments;
    int count;

    va_start(arguments, Format);
    count = RtlpPrintUnbounded(Buffer, 0, Format, arguments);
    va_end(arguments);
    return count;
}

int vsprintf(char *Buffer, const char *Format, va_list Arguments)
{
    return RtlpPrintUnbounded(Buffer, 0, Format, Arguments);
}

int _snprintf(char *Buffer, size_t Count, const char *Format, ...)
{
    va_list arguments;
    int count;

    va_start(arguments, Format);
    count = RtlpPrintCounted(Buffer, 0, Count, Format, arguments);
    va_end(arguments);
    return count;
}

int _vsnprintf(char *Buffer, size_t Count, const char *Format, va_list Arguments)
{
    return RtlpPrintCounted(Buffer, 0, Count, Format, Arguments);
}

int sprintf_s(char *Buffer, size_t Size, const char *Format, ...)
{
    va_list arguments;
    int count;

    va_start(arguments, Format);
    count = RtlpPrintSecure(Buffer, 0, Size, Format, arguments);
    va_end(arguments);
    return count;
}

int vsprintf_s(char *Buffer, size_t Size, const char *Format, va_list Arguments)
{
    return RtlpPrintSecure(Buffer, 0, Size, Format, Arguments);
}

int _snprintf_s(char *Buffer, size_t Size, size_t Count, const char *Format, ...)
{
    va_list arguments;
    int count;

    va_start(arguments, Format);
    count = RtlpPrintSecureCounted(Buffer, 0, Size, Count, Format, arguments);
    va_end(arguments);
    return count;
}

int _vsnprintf_s(char *Buffer, size_t Size, size_t Count, const char *Format, va_list Arguments)
{
    return RtlpPrintSecureCounted(Buffer, 0, Size, Count, Format, Arguments);
}

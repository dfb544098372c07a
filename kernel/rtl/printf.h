/* SPDX-License-Identifier: MIT
 * The printf names that drivers import and what their families share (print.c). Without the DDK, like crt.h.
 */
#pragma once
#include <stdarg.h>
#include <stddef.h>

/* sprintf: no bound. */
int RtlpPrintUnbounded(void *Buffer, unsigned char IsWide, const void *Format, va_list Arguments);
/* _snprintf: -1 and no NUL when there are more than Count characters; no NUL either when there are exactly Count. A NULL
 * buffer with Count 0 asks for the length. */
int RtlpPrintCounted(void *Buffer, unsigned char IsWide, size_t Count, const void *Format, va_list Arguments);
/* sprintf_s: -1 and an empty string when text and NUL do not fit into Size characters. */
int RtlpPrintSecure(void *Buffer, unsigned char IsWide, size_t Size, const void *Format, va_list Arguments);
/* _snprintf_s: at most Count characters (-1 and a terminated string when there are more), or with _TRUNCATE what fits. */
int RtlpPrintSecureCounted(void *Buffer, unsigned char IsWide, size_t Size, size_t Count, const void *Format, va_list Arguments);

/* ---- printf.c ---- */
int sprintf(char *Buffer, const char *Format, ...);
int vsprintf(char *Buffer, const char *Format, va_list Arguments);
int _snprintf(char *Buffer, size_t Count, const char *Format, ...);
int _vsnprintf(char *Buffer, size_t Count, const char *Format, va_list Arguments);
int sprintf_s(char *Buffer, size_t Size, const char *Format, ...);
int vsprintf_s(char *Buffer, size_t Size, const char *Format, va_list Arguments);
int _snprintf_s(char *Buffer, size_t Size, size_t Count, const char *Format, ...);
int _vsnprintf_s(char *Buffer, size_t Size, size_t Count, const char *Format, va_list Arguments);

/* ---- wideprintf.c ---- */
int swprintf(wchar_t *Buffer, const wchar_t *Format, ...);              /* NT's: without a size */
int _vswprintf(wchar_t *Buffer, const wchar_t *Format, va_list Arguments);
int vswprintf(wchar_t *Buffer, const wchar_t *Format, va_list Arguments);
int _snwprintf(wchar_t *Buffer, size_t Count, const wchar_t *Format, ...);
int _vsnwprintf(wchar_t *Buffer, size_t Count, const wchar_t *Format, va_list Arguments);
int swprintf_s(wchar_t *Buffer, size_t Size, const wchar_t *Format, ...);
int vswprintf_s(wchar_t *Buffer, size_t Size, const wchar_t *Format, va_list Arguments);
int _snwprintf_s(wchar_t *Buffer, size_t Size, size_t Count, const wchar_t *Format, ...);
int _vsnwprintf_s(wchar_t *Buffer, size_t Size, size_t Count, const wchar_t *Format, va_list Arguments);

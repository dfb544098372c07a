/* SPDX-License-Identifier: MIT
 * Without the DDK, like crt.h: what the narrow and the wide printf names share: the return values and terminations of each family (print.c).
 */
#pragma once
#include <stdarg.h>
#include <stddef.h>

/* sprintf: no bound. */
int RtlpPrintUnbounded(void *Buffer, unsigned char IsWide, const void *Format, va_list Arguments);
/* _snprintf: -1 and no NUL when there are more than Count characters; no NUL either when there are exactly Count. A NULL buffer with
 * Count 0 asks for the length. */
int RtlpPrintCounted(void *Buffer, unsigned char IsWide, size_t Count, const void *Format, va_list Arguments);
/* sprintf_s: -1 and an empty string when text and NUL do not fit into Size characters. */
int RtlpPrintSecure(void *Buffer, unsigned char IsWide, size_t Size, const void *Format, va_list Arguments);
/* _snprintf_s: at most Count characters (-1 and a terminated string when there are more), or with _TRUNCATE what fits. */
int RtlpPrintSecureCounted(void *Buffer, unsigned char IsWide, size_t Size, size_t Count, const void *Format, va_list Arguments);

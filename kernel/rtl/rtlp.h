/* SPDX-License-Identifier: MIT
 * Private to rtl/.
 */
#pragma once
#include "rtl.h"

/* ---- Case (casing.c) ---- */
WCHAR RtlpUpcase(WCHAR Character);
WCHAR RtlpDowncase(WCHAR Character);

/* ---- Code pages (codepage.c): one byte a character ---- */
typedef struct RTLP_CODE_PAGE {
    USHORT Upper[128];                    /* of 80 to FF; below is ASCII */
} RTLP_CODE_PAGE;
extern const RTLP_CODE_PAGE RtlpAnsiCodePage, RtlpOemCodePage;

WCHAR RtlpToWide(const RTLP_CODE_PAGE *Page, UCHAR Character);
/* '?' for what the page has not. */
UCHAR RtlpToNarrow(const RTLP_CODE_PAGE *Page, WCHAR Character);
WCHAR RtlpAnsiToWide(UCHAR Character);
UCHAR RtlpWideToAnsi(WCHAR Character);

/* ---- The printf engine (format.c) ---- */
typedef struct RTLP_OUTPUT {
    PVOID Buffer;
    SIZE_T Capacity;                      /* characters */
    SIZE_T Count;                         /* characters produced, also past Capacity */
    BOOLEAN IsWide;                       /* of buffer and format alike */
} RTLP_OUTPUT;

/* Writes as much as fits and no NUL; Output->Count says what there would be. */
VOID RtlpFormat(RTLP_OUTPUT *Output, const VOID *Format, va_list Arguments);
/* Sets one character of the buffer. */
VOID RtlpSetCharacter(const RTLP_OUTPUT *Output, SIZE_T Index, WCHAR Character);

/* SPDX-License-Identifier: MIT
 * Texts in buffers that do not grow: what does not fit is told, once, in Full.
 */
#pragma once
#include "../native.h"

typedef struct TEXT_BUFFER {
    WCHAR *Characters;
    ULONG Length, Room;                          /* characters */
    BOOLEAN Full;
} TEXT_BUFFER;

void TextAppend(TEXT_BUFFER *Text, const WCHAR *Characters, ULONG Length);
void TextAppendString(TEXT_BUFFER *Text, const WCHAR *String);
/* Is the character in the first Length ones? */
BOOLEAN TextHas(const WCHAR *Characters, ULONG Length, WCHAR Wanted);
ULONG TextLength(const WCHAR *String);
UNICODE_STRING TextOf(const WCHAR *Characters, ULONG Length);

/* SPDX-License-Identifier: MIT
 * Texts; see text.h.
 */
#include "text.h"

void TextAppend(TEXT_BUFFER *Text, const WCHAR *Characters, ULONG Length)
{
    ULONG i;

    if (Length > Text->Room - Text->Length) {
        Text->Full = TRUE;
        return;
    }
    for (i = 0; i < Length; i++)
        Text->Characters[Text->Length++] = Characters[i];
}

void TextAppendString(TEXT_BUFFER *Text, const WCHAR *String) { TextAppend(Text, String, TextLength(String)); }

BOOLEAN TextHas(const WCHAR *Characters, ULONG Length, WCHAR Wanted)
{
    ULONG i;
    for (i = 0; i < Length; i++)
        if (Characters[i] == Wanted)
            return TRUE;
    return FALSE;
}

ULONG TextLength(const WCHAR *String)
{
    ULONG length = 0;
    while (String[length] != L'\0')
        length++;
    return length;
}

UNICODE_STRING TextOf(const WCHAR *Characters, ULONG Length)
{
    USHORT bytes = (USHORT)(Length * sizeof(WCHAR));
    return (UNICODE_STRING){ bytes, bytes, (WCHAR *)Characters };
}

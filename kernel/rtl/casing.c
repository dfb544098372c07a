/* SPDX-License-Identifier: MIT
 * Case of UTF-16 units by the casing table (upcase then downcase halves of 65,536 units). Before it is handed over only ASCII has
 * case. The table is set once, before there is a second thread.
 */
#include "rtlp.h"

#define CASING_UNITS 0x10000u

static const USHORT *RtlpCasing;          /* I */

VOID RtlInitializeCasing(const USHORT *Table)
{
    RtlpCasing = Table;
}

WCHAR RtlpUpcase(WCHAR Character)
{
    if (Character < 0x80)
        return RtlUpcaseAscii(Character);
    return RtlpCasing != NULL ? (WCHAR)RtlpCasing[Character] : Character;
}

WCHAR RtlpDowncase(WCHAR Character)
{
    if (Character < 0x80)
        return Character >= 'A' && Character <= 'Z' ? (WCHAR)(Character + ('a' - 'A')) : Character;
    return RtlpCasing != NULL ? (WCHAR)RtlpCasing[CASING_UNITS + Character] : Character;
}

WCHAR NTAPI RtlUpcaseUnicodeChar(WCHAR SourceCharacter)
{
    return RtlpUpcase(SourceCharacter);
}

WCHAR NTAPI RtlDowncaseUnicodeChar(WCHAR SourceCharacter)
{
    return RtlpDowncase(SourceCharacter);
}

/* SPDX-License-Identifier: MIT
 * Parts of names and comparison of whole ones.
 */
#include "fsrtl.h"

BOOLEAN NTAPI FsRtlDoesNameContainWildCards(PUNICODE_STRING Name)
{
    ULONG i;

    for (i = 0; i < Name->Length / sizeof(WCHAR); i++)
        if (wcschr(L"*?<>\"", Name->Buffer[i]) != NULL && Name->Buffer[i] != L'\0')
            return TRUE;
    return FALSE;
}

static UNICODE_STRING FsRtlPart(const UNICODE_STRING *Path, ULONG First, ULONG End)
{
    USHORT bytes = (USHORT)((End - First) * sizeof(WCHAR));
    return (UNICODE_STRING){ bytes, bytes, bytes != 0 ? Path->Buffer + First : NULL };
}

VOID NTAPI FsRtlDissectName(UNICODE_STRING Path, PUNICODE_STRING FirstName, PUNICODE_STRING RemainingName)
{
    ULONG length = Path.Length / sizeof(WCHAR), first = length != 0 && Path.Buffer[0] == L'\\' ? 1 : 0, end = first;

    while (end < length && Path.Buffer[end] != L'\\')
        end++;
    *FirstName = FsRtlPart(&Path, first, end);
    *RemainingName = FsRtlPart(&Path, min(end + 1, length), length);
}

BOOLEAN NTAPI FsRtlAreNamesEqual(PCUNICODE_STRING Name1, PCUNICODE_STRING Name2, BOOLEAN IgnoreCase, PCWCH UpcaseTable)
{
    ULONG i;

    if (Name1->Length != Name2->Length)
        return FALSE;
    if (!IgnoreCase || UpcaseTable == NULL)
        return RtlEqualUnicodeString(Name1, Name2, IgnoreCase);
    for (i = 0; i < Name1->Length / sizeof(WCHAR); i++)
        if (UpcaseTable[Name1->Buffer[i]] != UpcaseTable[Name2->Buffer[i]])
            return FALSE;
    return TRUE;
}

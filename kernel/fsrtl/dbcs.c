/* SPDX-License-Identifier: MIT
 * Names in bytes of the OEM code page. Petrel's code pages have one byte a character, so that every byte above ASCII is a letter.
 */
#include "fsrtlp.h"

#define FSRTL_LETTER (FSRTL_FAT_LEGAL | FSRTL_HPFS_LEGAL | FSRTL_NTFS_LEGAL | FSRTL_OLE_LEGAL)
#define FSRTL_LONG (FSRTL_HPFS_LEGAL | FSRTL_NTFS_LEGAL | FSRTL_OLE_LEGAL)
#define FSRTL_WILD (FSRTL_WILD_CHARACTER | FSRTL_OLE_LEGAL)

/* Control characters name streams only, NUL nothing; then what is not a letter of every file system. */
static const UCHAR FsRtlLegal[128] = {
    [0x01 ... 0x1F] = FSRTL_OLE_LEGAL, [' '] = FSRTL_LETTER, ['!'] = FSRTL_LETTER & ~FSRTL_OLE_LEGAL, ['"'] = FSRTL_WILD,
    ['#' ... ')'] = FSRTL_LETTER, ['*'] = FSRTL_WILD, ['+' ... ','] = FSRTL_LONG, ['-' ... '.'] = FSRTL_LETTER, ['/'] = 0,
    ['0' ... '9'] = FSRTL_LETTER, [':'] = 0, [';'] = FSRTL_LONG, ['<'] = FSRTL_WILD, ['='] = FSRTL_LONG, ['>' ... '?'] = FSRTL_WILD,
    ['@' ... 'Z'] = FSRTL_LETTER, ['['] = FSRTL_LONG, ['\\'] = 0, [']'] = FSRTL_LONG, ['^' ... '{'] = FSRTL_LETTER,
    ['|'] = FSRTL_OLE_LEGAL, ['}' ... 0x7F] = FSRTL_LETTER,
};
const UCHAR *const FsRtlpLegalAnsiCharacterArray = FsRtlLegal;

static BOOLEAN FsRtlIsLegalByte(CHAR Character, UCHAR Kind)
{
    return (UCHAR)Character >= RTL_NUMBER_OF(FsRtlLegal) || (FsRtlLegal[(UCHAR)Character] & Kind) != 0;
}

BOOLEAN NTAPI FsRtlDoesDbcsContainWildCards(PANSI_STRING Name)
{
    USHORT i;

    for (i = 0; i < Name->Length; i++)
        if ((UCHAR)Name->Buffer[i] < RTL_NUMBER_OF(FsRtlLegal) && (FsRtlLegal[(UCHAR)Name->Buffer[i]] & FSRTL_WILD_CHARACTER))
            return TRUE;
    return FALSE;
}

static ANSI_STRING FsRtlBytes(const ANSI_STRING *Name, USHORT First, USHORT End)
{
    USHORT bytes = (USHORT)(End - First);
    return (ANSI_STRING){ bytes, bytes, bytes != 0 ? Name->Buffer + First : NULL };
}

VOID NTAPI FsRtlDissectDbcs(ANSI_STRING Name, PANSI_STRING FirstPart, PANSI_STRING RemainingPart)
{
    USHORT first = Name.Length != 0 && Name.Buffer[0] == '\\' ? 1 : 0, end = first;

    while (end < Name.Length && Name.Buffer[end] != '\\')
        end++;
    *FirstPart = FsRtlBytes(&Name, first, end);
    *RemainingPart = FsRtlBytes(&Name, min((USHORT)(end + 1), Name.Length), Name.Length);
}

/* ---- Legal names ---- */
typedef BOOLEAN FSRTL_IS_LEGAL(const ANSI_STRING *Name, BOOLEAN WildCards);

/* N or N.E: one to eight and one to three bytes without a period and no space at the end. */
static BOOLEAN FsRtlIsFatName(const ANSI_STRING *Name, BOOLEAN WildCards)
{
    UCHAR kind = FSRTL_FAT_LEGAL | (WildCards ? FSRTL_WILD_CHARACTER : 0);
    USHORT length = Name->Length, period = length, extension, i;

    if ((length == 1 || length == 2) && Name->Buffer[0] == '.' && Name->Buffer[length - 1] == '.')
        return TRUE;                             /* the directory and its parent */
    for (i = 0; i < length; i++) {
        if (!FsRtlIsLegalByte(Name->Buffer[i], kind) || (Name->Buffer[i] == '.' && period != length))
            return FALSE;
        if (Name->Buffer[i] == '.')
            period = i;
    }
    if (period == 0 || period > 8 || Name->Buffer[period - 1] == ' ')
        return FALSE;
    if (period == length)
        return TRUE;
    extension = (USHORT)(length - period - 1);
    return extension >= 1 && extension <= 3 && Name->Buffer[length - 1] != ' ';
}

static BOOLEAN FsRtlIsHpfsName(const ANSI_STRING *Name, BOOLEAN WildCards)
{
    UCHAR kind = FSRTL_HPFS_LEGAL | (WildCards ? FSRTL_WILD_CHARACTER : 0);
    USHORT length = Name->Length, i;

    if (length == 0 || length > 255)
        return FALSE;
    if (length <= 2 && Name->Buffer[0] == '.' && Name->Buffer[length - 1] == '.')
        return TRUE;
    for (i = 0; i < length; i++)
        if (!FsRtlIsLegalByte(Name->Buffer[i], kind))
            return FALSE;
    return Name->Buffer[length - 1] != ' ' && Name->Buffer[length - 1] != '.';
}

static BOOLEAN FsRtlIsLegalPath(const ANSI_STRING *Path, FSRTL_IS_LEGAL *IsLegal, BOOLEAN WildCards, BOOLEAN Paths, BOOLEAN Leading)
{
    ANSI_STRING part, rest = *Path;
    USHORT i;

    if (rest.Length != 0 && rest.Buffer[0] == '\\') {
        if (!Leading)
            return FALSE;
        rest = FsRtlBytes(Path, 1, Path->Length);
        if (rest.Length == 0)
            return TRUE;                         /* the root */
    }
    if (rest.Length == 0)
        return FALSE;
    if (!Paths)
        return IsLegal(&rest, WildCards);
    for (;;) {
        for (i = 0; i < rest.Length && rest.Buffer[i] != '\\'; i++)
            ;
        part = FsRtlBytes(&rest, 0, i);
        if (part.Length == 0 || !IsLegal(&part, WildCards))
            return FALSE;
        if (i == rest.Length)
            return TRUE;
        rest = FsRtlBytes(&rest, (USHORT)(i + 1), rest.Length);
    }
}

BOOLEAN NTAPI FsRtlIsFatDbcsLegal(ANSI_STRING DbcsName, BOOLEAN WildCardsPermissible, BOOLEAN PathNamePermissible,
                                  BOOLEAN LeadingBackslashPermissible)
{
    return FsRtlIsLegalPath(&DbcsName, FsRtlIsFatName, WildCardsPermissible, PathNamePermissible, LeadingBackslashPermissible);
}

BOOLEAN NTAPI FsRtlIsHpfsDbcsLegal(ANSI_STRING DbcsName, BOOLEAN WildCardsPermissible, BOOLEAN PathNamePermissible,
                                   BOOLEAN LeadingBackslashPermissible)
{
    return FsRtlIsLegalPath(&DbcsName, FsRtlIsHpfsName, WildCardsPermissible, PathNamePermissible, LeadingBackslashPermissible);
}

/* ---- Patterns ---- */

/* Every byte as a character of the same number: patterns and names only have to agree with each other. */
static UNICODE_STRING FsRtlWiden(PWCHAR Target, const ANSI_STRING *Name)
{
    USHORT i;

    for (i = 0; i < Name->Length; i++)
        Target[i] = (UCHAR)Name->Buffer[i];
    return (UNICODE_STRING){ (USHORT)(Name->Length * sizeof(WCHAR)), (USHORT)(Name->Length * sizeof(WCHAR)), Target };
}

BOOLEAN NTAPI FsRtlIsDbcsInExpression(PANSI_STRING Expression, PANSI_STRING Name)
{
    WCHAR small[128];
    PWCHAR buffer = small;
    ULONG characters = (ULONG)Expression->Length + Name->Length;
    UNICODE_STRING pattern, name;
    BOOLEAN matches;

    if (max(Expression->Length, Name->Length) > MAXUSHORT / sizeof(WCHAR))
        return FALSE;
    if (characters > RTL_NUMBER_OF(small))
        buffer = ExAllocatePoolWithTag(PagedPool, characters * sizeof(WCHAR), FSRTL_TAG);
    if (buffer == NULL)
        ExRaiseStatus(STATUS_NO_MEMORY);
    pattern = FsRtlWiden(buffer, Expression);
    name = FsRtlWiden(buffer + Expression->Length, Name);
    matches = FsRtlIsNameInExpression(&pattern, &name, FALSE, NULL);
    if (buffer != small)
        ExFreePoolWithTag(buffer, FSRTL_TAG);
    return matches;
}

/* SPDX-License-Identifier: MIT
 * Names against patterns. The set of places in the pattern that the name so far can have led to is carried along the name, so that
 * neither recursion nor a hostile pattern can make it slow beyond length times length:
 *
 *   *         any characters                     DOS_STAR <  any characters, the final period at most as the last one
 *   ?         one character                      DOS_QM   >  one character; before a period or the end also nothing
 *                                                DOS_DOT  "  a period, or nothing at the end
 */
#include "fsrtl.h"

#define FSRTL_TAG 'nRsF'
#define FSRTL_SMALL 8u                           /* words of a set that is kept on the stack */
#define FSRTL_STAR L'<'
#define FSRTL_QM L'>'
#define FSRTL_DOT L'"'

typedef struct FSRTL_MATCH {
    const WCHAR *Pattern;
    ULONG Length;                                /* characters of Pattern; as a place: its end */
    ULONG Words;                                 /* of a set */
    PULONG64 Now, Next;                          /* sets of places */
} FSRTL_MATCH;

static BOOLEAN FsRtlHas(const ULONG64 *Set, ULONG Place) { return (Set[Place / 64] >> Place % 64 & 1) != 0; }
static VOID FsRtlAdd(PULONG64 Set, ULONG Place) { Set[Place / 64] |= 1ull << Place % 64; }

/* Adds the places that are reached without a character. They lie ahead, so that once through is enough. */
static VOID FsRtlSkip(FSRTL_MATCH *Match, BOOLEAN AtEnd, BOOLEAN AtPeriod)
{
    ULONG i;

    for (i = 0; i < Match->Length; i++) {
        WCHAR wanted = Match->Pattern[i];
        if (!FsRtlHas(Match->Now, i))
            continue;
        if (wanted == L'*' || wanted == FSRTL_STAR || (wanted == FSRTL_DOT && AtEnd) ||
            (wanted == FSRTL_QM && (AtEnd || AtPeriod)))
            FsRtlAdd(Match->Now, i + 1);
    }
}

static VOID FsRtlStep(FSRTL_MATCH *Match, WCHAR Character, BOOLEAN FinalPeriod)
{
    PULONG64 next = Match->Next;
    ULONG i;

    RtlZeroMemory(next, Match->Words * sizeof(*next));
    for (i = 0; i < Match->Length; i++) {
        WCHAR wanted = Match->Pattern[i];
        if (!FsRtlHas(Match->Now, i))
            continue;
        if (wanted == L'*' || (wanted == FSRTL_STAR && !FinalPeriod))
            FsRtlAdd(next, i);
        else if (wanted == L'?' || wanted == FSRTL_STAR || wanted == Character || (wanted == FSRTL_QM && Character != L'.') ||
                 (wanted == FSRTL_DOT && Character == L'.'))
            FsRtlAdd(next, i + 1);
    }
    Match->Next = Match->Now;
    Match->Now = next;
}

static WCHAR FsRtlFold(WCHAR Character, BOOLEAN IgnoreCase, const WCHAR *Table)
{
    if (!IgnoreCase)
        return Character;
    return Table != NULL ? Table[Character] : RtlUpcaseUnicodeChar(Character);
}

static BOOLEAN FsRtlRun(FSRTL_MATCH *Match, PCUNICODE_STRING Name, BOOLEAN IgnoreCase, const WCHAR *Table)
{
    ULONG length = Name->Length / sizeof(WCHAR), period = MAXULONG, i;

    for (i = 0; i < length; i++)
        if (Name->Buffer[i] == L'.')
            period = i;
    RtlZeroMemory(Match->Now, Match->Words * sizeof(*Match->Now));
    FsRtlAdd(Match->Now, 0);
    for (i = 0; i < length; i++) {
        FsRtlSkip(Match, FALSE, Name->Buffer[i] == L'.');
        FsRtlStep(Match, FsRtlFold(Name->Buffer[i], IgnoreCase, Table), i == period);
    }
    FsRtlSkip(Match, TRUE, FALSE);
    return FsRtlHas(Match->Now, Match->Length);
}

BOOLEAN NTAPI FsRtlIsNameInExpression(PUNICODE_STRING Expression, PUNICODE_STRING Name, BOOLEAN IgnoreCase, PWCHAR UpcaseTable)
{
    ULONG64 small[2 * FSRTL_SMALL];
    FSRTL_MATCH match = { .Pattern = Expression->Buffer, .Length = Expression->Length / sizeof(WCHAR), .Now = small };
    BOOLEAN matches;

    if (Expression->Length == 0 || Name->Length == 0)
        return Expression->Length == Name->Length;
    match.Words = match.Length / 64 + 1;
    if (match.Words > FSRTL_SMALL)
        match.Now = ExAllocatePoolWithTag(PagedPool, 2 * match.Words * sizeof(ULONG64), FSRTL_TAG);
    if (match.Now == NULL)
        ExRaiseStatus(STATUS_NO_MEMORY);
    match.Next = match.Now + match.Words;
    matches = FsRtlRun(&match, Name, IgnoreCase, UpcaseTable);
    if (match.Words > FSRTL_SMALL)
        ExFreePoolWithTag(min(match.Now, match.Next), FSRTL_TAG);
    return matches;
}

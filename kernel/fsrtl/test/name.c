/* SPDX-License-Identifier: MIT
 * Names: patterns, parts, comparison.
 */
#include "fsrtl.h"
#include "test.h"

static BOOLEAN Matches(PCWSTR Pattern, PCWSTR Text)
{
    UNICODE_STRING pattern, name;

    RtlInitUnicodeString(&pattern, Pattern);
    RtlInitUnicodeString(&name, Text);
    return FsRtlIsNameInExpression(&pattern, &name, TRUE, NULL);
}

static VOID Plain(VOID)
{
    UNICODE_STRING pattern = RTL_CONSTANT_STRING(L"A*"), name = RTL_CONSTANT_STRING(L"abc");

    CHECK(Matches(L"", L"") && !Matches(L"*", L"") && !Matches(L"", L"a"));
    CHECK(Matches(L"*", L"a.b") && Matches(L"A*B", L"axxb") && Matches(L"A*B", L"ab") && !Matches(L"A*B", L"axxc"));
    CHECK(Matches(L"*A*B*", L"xaybz") && !Matches(L"*A*B*", L"xbya") && Matches(L"**", L"x"));
    CHECK(Matches(L"A?C", L"a.c") && !Matches(L"A?C", L"ac") && !Matches(L"A??", L"ab") && !Matches(L"ABC", L"abcd"));
    CHECK(!FsRtlIsNameInExpression(&pattern, &name, FALSE, NULL) && FsRtlIsNameInExpression(&pattern, &name, TRUE, NULL));
}

static VOID Dos(VOID)
{
    CHECK(Matches(L"<", L"name") && !Matches(L"<", L"name.txt") && Matches(L"<", L"name."));
    CHECK(Matches(L"<.TXT", L"a.b.txt") && !Matches(L"<.B", L"a.b.txt") && Matches(L"<.B*", L"a.b.b"));
    CHECK(Matches(L">>>>.TXT", L"ab.txt") && !Matches(L">>.TXT", L"abc.txt") && Matches(L"A>>>", L"a") &&
          Matches(L"A>>B", L"axyb"));
    CHECK(!Matches(L"A>B", L"a.b") && !Matches(L"A>>B", L"ab"));
    CHECK(Matches(L"A\"", L"a") && Matches(L"A\"", L"a.") && !Matches(L"A\"", L"ab") && Matches(L"A\"B", L"a.b"));
    CHECK(!Matches(L"A\"B", L"ab") && Matches(L"A\"\"", L"a.") && Matches(L"<\"*", L"name") && Matches(L"<\"*", L"na.me.txt"));
}

/* Longer than the sets on the stack, and of the kind that makes a matcher that tries all ways never end. */
static VOID Long(VOID)
{
    ULONG characters = 3000, i;
    PWCHAR buffer = ExAllocatePoolWithTag(PagedPool, 2 * characters * sizeof(WCHAR), 'tseT');
    UNICODE_STRING pattern = { (USHORT)(characters * sizeof(WCHAR)), (USHORT)(characters * sizeof(WCHAR)), buffer }, name = pattern;

    if (!CHECK(buffer != NULL))
        return;
    name.Buffer = buffer + characters;
    for (i = 0; i < characters; i++) {
        pattern.Buffer[i] = i % 2 == 0 ? L'*' : L'A';
        name.Buffer[i] = L'A';
    }
    CHECK(FsRtlIsNameInExpression(&pattern, &name, FALSE, NULL));
    pattern.Buffer[characters - 1] = L'B';
    CHECK(!FsRtlIsNameInExpression(&pattern, &name, FALSE, NULL));
    ExFreePoolWithTag(buffer, 'tseT');
}

static VOID CheckParts(PCWSTR Path, PCWSTR First, PCWSTR Rest)
{
    UNICODE_STRING path, wanted, first = { 1, 1, NULL }, rest = { 1, 1, NULL };

    RtlInitUnicodeString(&path, Path);
    FsRtlDissectName(path, &first, &rest);
    RtlInitUnicodeString(&wanted, First);
    CHECK(RtlEqualUnicodeString(&first, &wanted, FALSE));
    RtlInitUnicodeString(&wanted, Rest);
    CHECK(RtlEqualUnicodeString(&rest, &wanted, FALSE));
}

static VOID Parts(VOID)
{
    CheckParts(L"", L"", L"");
    CheckParts(L"A", L"A", L"");
    CheckParts(L"A\\B\\C\\D\\E", L"A", L"B\\C\\D\\E");
    CheckParts(L"*A?", L"*A?", L"");
    CheckParts(L"\\A", L"A", L"");
    CheckParts(L"A\\\\B+;\\C", L"A", L"\\B+;\\C");
    CheckParts(L"\\", L"", L"");
}

static VOID Whole(VOID)
{
    UNICODE_STRING a = RTL_CONSTANT_STRING(L"Name"), b = RTL_CONSTANT_STRING(L"nAME"), c = RTL_CONSTANT_STRING(L"Names"), wild;
    PWCHAR table = ExAllocatePoolWithTag(PagedPool, 0x10000 * sizeof(WCHAR), 'tseT');

    CHECK(FsRtlAreNamesEqual(&a, &b, TRUE, NULL) && !FsRtlAreNamesEqual(&a, &b, FALSE, NULL) &&
          !FsRtlAreNamesEqual(&a, &c, TRUE, NULL));
    if (CHECK(table != NULL)) {
        RtlZeroMemory(table, 0x10000 * sizeof(WCHAR));           /* all characters are one */
        RtlInitUnicodeString(&wild, L"xxxx");
        CHECK(FsRtlAreNamesEqual(&a, &wild, TRUE, table) && !FsRtlAreNamesEqual(&a, &wild, FALSE, table));
        ExFreePoolWithTag(table, 'tseT');
    }
    CHECK(!FsRtlDoesNameContainWildCards(&a));
    for (PCWSTR mark = L"*?<>\""; *mark != L'\0'; mark++) {
        wild = (UNICODE_STRING){ sizeof(WCHAR), sizeof(WCHAR), (PWCHAR)mark };
        CHECK(FsRtlDoesNameContainWildCards(&wild));
    }
}

static const KE_TEST tests[] = {
    { "fsrtl.name.plain", Plain, 0 }, { "fsrtl.name.dos", Dos, 0 },     { "fsrtl.name.long", Long, 0 },
    { "fsrtl.name.parts", Parts, 0 }, { "fsrtl.name.whole", Whole, 0 },
};
const KE_TEST_GROUP FsRtlNameTests = { tests, RTL_NUMBER_OF(tests) };

/* SPDX-License-Identifier: MIT
 * Names in bytes, and expected statuses.
 */
#include "../fsrtlp.h"
#include "test.h"

static ANSI_STRING Ansi(PCSTR Text)
{
    ANSI_STRING ansi;
    RtlInitAnsiString(&ansi, Text);
    return ansi;
}
static BOOLEAN Fat(PCSTR Name) { return FsRtlIsFatDbcsLegal(Ansi(Name), FALSE, FALSE, FALSE); }
static BOOLEAN Hpfs(PCSTR Name) { return FsRtlIsHpfsDbcsLegal(Ansi(Name), FALSE, FALSE, FALSE); }
static BOOLEAN In(PCSTR Pattern, PCSTR Name)
{
    ANSI_STRING pattern = Ansi(Pattern), name = Ansi(Name);
    return FsRtlIsDbcsInExpression(&pattern, &name);
}

static VOID Legal(VOID)
{
    CHECK(Fat("FOO") && Fat("FOOFOOFO.BAR") && Fat("foo. b") && Fat(" bar") && Fat(".") && Fat("..") && Fat("\xE4.\xFC"));
    CHECK(!Fat("") && !Fat(".foo") && !Fat("foo.") && !Fat("foo .b") && !Fat("FOOFOOFOO") && !Fat("A.FOUR") && !Fat("A.B.C") && !Fat("A.B "));
    CHECK(!Fat("a+b") && !Fat("a,b") && !Fat("a;b") && !Fat("a=b") && !Fat("[a]") && !Fat("a:b") && !Fat("a\x1F") && !Fat("a|b"));
    CHECK(!Fat("A*") && FsRtlIsFatDbcsLegal(Ansi("A*.?"), TRUE, FALSE, FALSE) && !Fat("A\\B") && !Fat("\\A"));
    CHECK(FsRtlIsFatDbcsLegal(Ansi("A\\B.C"), FALSE, TRUE, FALSE) && !FsRtlIsFatDbcsLegal(Ansi("A\\\\B"), FALSE, TRUE, FALSE));
    CHECK(!FsRtlIsFatDbcsLegal(Ansi("\\A\\B"), FALSE, TRUE, FALSE) && FsRtlIsFatDbcsLegal(Ansi("\\A\\B"), FALSE, TRUE, TRUE));
    CHECK(!FsRtlIsFatDbcsLegal(Ansi("\\A\\"), FALSE, TRUE, TRUE) && FsRtlIsFatDbcsLegal(Ansi("\\"), FALSE, TRUE, TRUE));
    CHECK(Hpfs(".foo") && Hpfs(" foo") && Hpfs("foo.bar.foo") && Hpfs("a+b;c=[d],long name"));
    CHECK(!Hpfs("foo ") && !Hpfs("foo.") && !Hpfs("a<b") && !Hpfs("a?") && !Hpfs("a\"b") && !Hpfs("a\\b") && !Hpfs(""));
    CHECK(FsRtlIsHpfsDbcsLegal(Ansi("a?"), TRUE, FALSE, FALSE) && FsRtlIsHpfsDbcsLegal(Ansi("\\a b\\c.d.e"), FALSE, TRUE, TRUE));
    CHECK(FsRtlpLegalAnsiCharacterArray['A'] == (FSRTL_FAT_LEGAL | FSRTL_HPFS_LEGAL | FSRTL_NTFS_LEGAL | FSRTL_OLE_LEGAL));
    CHECK((FsRtlpLegalAnsiCharacterArray['*'] & (FSRTL_WILD_CHARACTER | FSRTL_NTFS_LEGAL)) == FSRTL_WILD_CHARACTER);
    CHECK(FsRtlpLegalAnsiCharacterArray['\\'] == 0 && !(FsRtlpLegalAnsiCharacterArray['+'] & FSRTL_FAT_LEGAL));
}

static VOID Parts(VOID)
{
    ANSI_STRING first, rest, name;

    FsRtlDissectDbcs(Ansi("\\AB\\C\\D"), &first, &rest);
    CHECK(first.Length == 2 && first.Buffer[0] == 'A' && rest.Length == 3 && rest.Buffer[0] == 'C');
    FsRtlDissectDbcs(Ansi(""), &first, &rest);
    CHECK(first.Length == 0 && rest.Length == 0);
    name = Ansi("plain.txt");
    CHECK(!FsRtlDoesDbcsContainWildCards(&name));
    name = Ansi("pl>in");
    CHECK(FsRtlDoesDbcsContainWildCards(&name));
    CHECK(In("A*B", "AxxB") && !In("A*B", "axxb") && In("\xE4?", "\xE4\xFC") && !In("A?", "A") && In("<.TXT", "A.B.TXT"));
}

static VOID Status(VOID)
{
    CHECK(FsRtlIsNtstatusExpected(STATUS_DISK_FULL) && FsRtlIsNtstatusExpected(STATUS_IN_PAGE_ERROR));
    CHECK(!FsRtlIsNtstatusExpected(STATUS_ACCESS_VIOLATION) && !FsRtlIsNtstatusExpected(STATUS_ILLEGAL_INSTRUCTION));
    CHECK(FsRtlNormalizeNtstatus(STATUS_DISK_FULL, STATUS_UNSUCCESSFUL) == STATUS_DISK_FULL);
    CHECK(FsRtlNormalizeNtstatus(STATUS_ACCESS_VIOLATION, STATUS_INVALID_USER_BUFFER) == STATUS_INVALID_USER_BUFFER);
}

static const KE_TEST tests[] = {
    { "fsrtl.dbcs.legal", Legal, 0 }, { "fsrtl.dbcs.parts", Parts, 0 }, { "fsrtl.status", Status, 0 },
};
const KE_TEST_GROUP FsRtlDbcsTests = { tests, RTL_NUMBER_OF(tests) };

/* SPDX-License-Identifier: MIT
 * What the calls return for directories that break a rule, and what they leave untouched. The rules themselves are in cases_*.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cases.h"

static BUILDER Builder;
static uint8_t Memory[BUILDER_CAPACITY] __attribute__((aligned(4096)));
static PE_IMAGE File;
static PE_IMAGE Mapped;

/* Both views of what is in Builder. */
static void Load(void)
{
    assert_int_equal(PeParse(Builder.File, Builder.FileSize, PE_LAYOUT_FILE, NULL, &File), PE_OK);
    assert_int_equal(PeMap(&File, Memory, sizeof(Memory), &Mapped), PE_OK);
}

static bool SeeNothing(void *Context, const PE_IMPORT *Import)
{
    (void)Context;
    (void)Import;
    return true;
}

static bool ResolveAll(void *Context, const PE_IMPORT *Import, uint64_t *Address)
{
    ++*(uint32_t *)Context;
    *Address = 0x4141414141414141ull + Import->Index;
    return true;
}

static void TestBadDelayImportHasItsOwnStatus(void **State)
{
    (void)State;
    uint32_t count = 0;
    PE_RULE rule;
    BuildImage(&Builder, BUILD_FULL);
    *BuilderAt(&Builder, Builder.DelayName) = 0;
    Load();
    assert_int_equal(PeEnumerateImports(&Mapped, SeeNothing, NULL), PE_OK);
    assert_int_equal(PeEnumerateDelayImports(&Mapped, SeeNothing, NULL), PE_BAD_DELAY_IMPORT);
    assert_int_equal(PeCheck(&Mapped, &rule), PE_BAD_DELAY_IMPORT);
    assert_int_equal(rule, PE_RULE_IMPORT_MODULE);
    assert_int_equal(PeBindImports(&Mapped, ResolveAll, &count, NULL), PE_BAD_DELAY_IMPORT);
    assert_int_equal(Mapped.Rule, PE_RULE_IMPORT_MODULE);
    assert_int_equal(count, 5);
}

static void TestBadImportStopsDelayEnumeration(void **State)
{
    (void)State;
    uint32_t count = 0;
    BuildImage(&Builder, BUILD_FULL);
    *BuilderAt(&Builder, Builder.ModuleName) = 0;
    Load();
    assert_int_equal(PeEnumerateDelayImports(&Mapped, SeeNothing, NULL), PE_BAD_IMPORT);
    assert_int_equal(PeBindImports(&Mapped, ResolveAll, &count, NULL), PE_BAD_IMPORT);
    assert_int_equal(count, 0);
    assert_int_equal(PeBindImports(&File, ResolveAll, &count, NULL), PE_WRONG_LAYOUT);
}

/* An image of one page that imports by ordinal from one module, whose pieces the caller places. */
static uint8_t *BuildOneImport(uint32_t LookupAt, uint32_t NameAt, uint32_t SlotsAt)
{
    BuildImage(&Builder, BUILD_MINIMAL);
    uint32_t base = Builder.Sections[0].Rva;
    uint8_t *bytes = Builder.File + Builder.Sections[0].FileOffset;
    memset(bytes, 0, PE_PAGE_SIZE);
    Put32(bytes, base + LookupAt);
    Put32(bytes + 12, base + NameAt);
    Put32(bytes + 16, base + SlotsAt);
    Put32(BuilderSection(&Builder, 0) + 8, PE_PAGE_SIZE);
    Put32(BuilderSection(&Builder, 0) + 16, PE_PAGE_SIZE);
    Put32(Directory(&Builder, PE_DIR_IMPORT), base);
    Builder.FileSize = Builder.Sections[0].FileOffset + PE_PAGE_SIZE;
    return bytes;
}

/* In memory of exactly the image's size, so that the sanitizer sees the first byte too many. */
static void ExpectImportRule(PE_RULE Expected)
{
    PE_RULE rule;
    PE_IMAGE mapped;
    assert_int_equal(PeParse(Builder.File, Builder.FileSize, PE_LAYOUT_FILE, NULL, &File), PE_OK);
    uint8_t *memory = malloc(File.SizeOfImage);
    assert_non_null(memory);
    assert_int_equal(PeCheck(&File, &rule), PE_BAD_IMPORT);
    assert_int_equal(rule, Expected);
    assert_int_equal(PeMap(&File, memory, File.SizeOfImage, &mapped), PE_OK);
    assert_int_equal(PeCheck(&mapped, &rule), PE_BAD_IMPORT);
    assert_int_equal(rule, Expected);
    free(memory);
}

/* A lookup table runs to the image's last byte, or to within half an entry of it, without a null entry. */
static void TestLookupTableToTheEnd(void **State)
{
    (void)State;
    for (uint32_t left = 0; left < 8; left += 4) {
        uint8_t *bytes = BuildOneImport(PE_PAGE_SIZE - 16 - left, 0x100, 0x200);
        memcpy(bytes + 0x100, "m", 2);
        Put64(bytes + PE_PAGE_SIZE - 16 - left, (1ull << 63) | 1);
        Put64(bytes + PE_PAGE_SIZE - 8 - left, (1ull << 63) | 2);
        ExpectImportRule(PE_RULE_IMPORT_LOOKUP);
    }
}

/* A name as long as names may be, whose NUL would be the first byte behind the image. */
static void TestNameToTheEnd(void **State)
{
    (void)State;
    uint8_t *bytes = BuildOneImport(0x100, PE_PAGE_SIZE - 255, 0x200);
    memset(bytes + PE_PAGE_SIZE - 255, 'm', 255);
    ExpectImportRule(PE_RULE_IMPORT_MODULE);
}

/* The first slot lies over the NUL of the module's name, and none follows. */
static void TestSlotOverTheNameOfItsModule(void **State)
{
    (void)State;
    uint32_t count = 0;
    uint8_t *bytes = BuildOneImport(0x100, PE_PAGE_SIZE - 18, PE_PAGE_SIZE - 24);
    Put64(bytes + 0x100, (1ull << 63) | 1);
    Put64(bytes + 0x108, (1ull << 63) | 2);
    memcpy(bytes + PE_PAGE_SIZE - 18, "m", 2);
    memset(bytes + PE_PAGE_SIZE - 16, 'x', 16);
    Load();
    assert_int_equal(PeCheck(&Mapped, NULL), PE_OK);
    assert_int_equal(PeBindImports(&Mapped, ResolveAll, &count, NULL), PE_BAD_IMPORT);
    assert_int_equal(Mapped.Rule, PE_RULE_IMPORT_MODULE);
    assert_int_equal(count, 1);
}

static void TestBadExportTables(void **State)
{
    (void)State;
    PE_EXPORT found = { .Ordinal = 99 };
    BuildImage(&Builder, BUILD_FULL);
    Put32(BuilderAt(&Builder, Builder.Directories[PE_DIR_EXPORT].Rva + 28), 0xFFFFFFFCu);
    Load();
    assert_false(File.ExportNamesSorted);
    assert_int_equal(PeFindExportByName(&File, "Alpha", &found), PE_BAD_EXPORT);
    assert_int_equal(PeFindExportByOrdinal(&File, 5, &found), PE_BAD_EXPORT);
    BuildImage(&Builder, BUILD_FULL);
    Put32(Directory(&Builder, PE_DIR_EXPORT) + 4, 39);
    Load();
    assert_int_equal(PeFindExportByOrdinal(&File, 5, &found), PE_BAD_EXPORT);
    assert_null(PeExportModuleName(&File));
    assert_int_equal(found.Ordinal, 99);
}

/* One bad name makes the search linear, and that search meets it; what stands before it is found. */
static void TestBadExportName(void **State)
{
    (void)State;
    PE_EXPORT found;
    BuildImage(&Builder, BUILD_FULL);
    Put32(BuilderAt(&Builder, Builder.ExportNames + 8), 0xFFFFFFFFu);
    Load();
    assert_int_equal(PeFindExportByName(&File, "Alpha", &found), PE_OK);
    assert_int_equal(PeFindExportByName(&File, "Forward", &found), PE_BAD_EXPORT);
    /* The same under a view that was taken when the names were good. */
    BuildImage(&Builder, BUILD_FULL);
    Load();
    Put32(Memory + Builder.ExportNames + 8, 0xFFFFFFFFu);
    assert_int_equal(PeFindExportByName(&Mapped, "Forward", &found), PE_BAD_EXPORT);
    Put32(Memory + Builder.ExportFunctions, 0xFFFFFFFFu);
    assert_int_equal(PeFindExportByOrdinal(&Mapped, 5, &found), PE_BAD_EXPORT);
}

static void TestDebugRecordOutsideTheImage(void **State)
{
    (void)State;
    PE_CODEVIEW codeView;
    BuildImage(&Builder, BUILD_DRIVER);
    uint32_t entry = Builder.Directories[PE_DIR_DEBUG].Rva + 28;
    uint32_t size = Get32(BuilderAt(&Builder, entry + 16));
    memcpy(Builder.File + Builder.FileSize, BuilderAt(&Builder, Builder.CodeView), size);
    Put32(BuilderAt(&Builder, entry + 20), 0);
    Put32(BuilderAt(&Builder, entry + 24), (uint32_t)Builder.FileSize);
    Builder.FileSize += size;
    Load();
    assert_int_equal(PeGetCodeView(&File, &codeView), PE_OK);
    assert_string_equal(codeView.PdbPath, "full.pdb");
    assert_int_equal(PeGetCodeView(&Mapped, &codeView), PE_NOT_FOUND);
    Builder.FileSize--;
    Load();
    assert_int_equal(PeGetCodeView(&File, &codeView), PE_NOT_FOUND);
}

static void TestBadTablesOfTheRest(void **State)
{
    (void)State;
    PE_CODEVIEW codeView;
    PE_LOAD_CONFIG config;
    PE_TLS tls;
    PE_RANGE data;
    BuildImage(&Builder, BUILD_FULL);
    Put32(Directory(&Builder, PE_DIR_DEBUG) + 4, 27);
    Put32(Directory(&Builder, PE_DIR_TLS) + 4, 39);
    Put32(Directory(&Builder, PE_DIR_RESOURCE) + 4, 15);
    Put32(BuilderAt(&Builder, Builder.Directories[PE_DIR_LOAD_CONFIG].Rva), 0x7FFFFFFFu);
    Load();
    assert_int_equal(PeGetCodeView(&Mapped, &codeView), PE_BAD_DEBUG);
    assert_int_equal(PeGetTls(&Mapped, &tls), PE_BAD_TLS);
    assert_int_equal(PeFindResource(&Mapped, (PE_RESOURCE_ID){ NULL, 16 }, (PE_RESOURCE_ID){ NULL, 1 }, &data), PE_BAD_RESOURCE);
    assert_int_equal(PeGetLoadConfig(&Mapped, &config), PE_BAD_LOAD_CONFIG);
    assert_int_equal(PeSeedSecurityCookie(&Mapped, 1), PE_BAD_LOAD_CONFIG);
    assert_int_equal(PeSetGuardPointers(&Mapped, 1, 1), PE_BAD_LOAD_CONFIG);
}

/* A table in a section's zero fill is there in memory and not in the file. */
static void TestTableInZeroFill(void **State)
{
    (void)State;
    PE_RULE rule;
    BuildImage(&Builder, BUILD_FULL);
    uint32_t fill = Builder.Sections[1].Rva + Builder.Sections[1].FileSize;
    Put32(Directory(&Builder, PE_DIR_EXCEPTION), fill);
    Put32(Directory(&Builder, PE_DIR_EXCEPTION) + 4, 12);
    Load();
    assert_int_equal(PeCheck(&File, &rule), PE_BAD_EXCEPTION_TABLE);
    assert_int_equal(rule, PE_RULE_EXCEPTION_RANGE);
    assert_null(PeFindRuntimeFunction(&File, Builder.EntryRva));
    assert_int_equal(PeCheck(&Mapped, &rule), PE_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(TestBadDelayImportHasItsOwnStatus),
        cmocka_unit_test(TestBadImportStopsDelayEnumeration),
        cmocka_unit_test(TestLookupTableToTheEnd),
        cmocka_unit_test(TestNameToTheEnd),
        cmocka_unit_test(TestSlotOverTheNameOfItsModule),
        cmocka_unit_test(TestBadExportTables),
        cmocka_unit_test(TestBadExportName),
        cmocka_unit_test(TestDebugRecordOutsideTheImage),
        cmocka_unit_test(TestBadTablesOfTheRest),
        cmocka_unit_test(TestTableInZeroFill),
    };
    return cmocka_run_group_tests_name("failures", tests, NULL, NULL);
}

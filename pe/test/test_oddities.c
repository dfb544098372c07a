/* SPDX-License-Identifier: MIT
 * Departures from the format that real images make and pe/ accepts: one test for each, listed in INVARIANTS.md.
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

/* Parses and maps what is in Builder, and checks both views. */
static void Accept(void)
{
    PE_RULE rule;
    assert_int_equal(PeParse(Builder.File, Builder.FileSize, PE_LAYOUT_FILE, NULL, &File), PE_OK);
    assert_int_equal(PeCheck(&File, &rule), PE_OK);
    assert_int_equal(PeMap(&File, Memory, sizeof(Memory), &Mapped), PE_OK);
    assert_int_equal(PeCheck(&Mapped, &rule), PE_OK);
}

static bool CountImport(void *Context, const PE_IMPORT *Import)
{
    (void)Import;
    ++*(uint32_t *)Context;
    return true;
}

static uint32_t ImportCount(void)
{
    uint32_t count = 0;
    assert_int_equal(PeEnumerateImports(&Mapped, CountImport, &count), PE_OK);
    return count;
}

static void oddity_flat_image(void **State)
{
    (void)State;
    static const BUILD_VARIANT variants[] = { BUILD_FLAT, BUILD_FLAT_SMALL };
    for (size_t i = 0; i < 2; i++) {
        BuildImage(&Builder, variants[i]);
        Accept();
        assert_int_equal(Mapped.SizeOfImage % PE_PAGE_SIZE, 0);
        assert_memory_equal(Memory + 0x300, Builder.File + 0x300, Builder.FileSize - 0x300);
    }
}

static void oddity_flat_gap(void **State)
{
    (void)State;
    BuildImage(&Builder, BUILD_FLAT);
    uint32_t last = Builder.SectionCount - 1;
    uint32_t rva = Builder.Sections[last].Rva;
    memmove(Builder.File + rva + 0x80, Builder.File + rva, Builder.Sections[last].FileSize);
    Builder.FileSize += 0x80;
    Put32(BuilderSection(&Builder, last) + 12, rva + 0x80);
    Put32(BuilderSection(&Builder, last) + 20, rva + 0x80);
    Put32(Builder.File + Builder.Optional + 56, Get32(Builder.File + Builder.Optional + 56) + 0x80);
    Put32(Directory(&Builder, PE_DIR_BASE_RELOC), rva + 0x80);
    Accept();
}

static void oddity_gap_behind_headers(void **State)
{
    (void)State;
    BuildImage(&Builder, BUILD_MINIMAL);
    Put32(BuilderSection(&Builder, 0) + 12, 0x3000);
    Put32(Builder.File + Builder.Optional + 16, 0x3000);
    Put32(Builder.File + Builder.Optional + 56, 0x4000);
    Accept();
}

static void oddity_image_size_not_aligned(void **State)
{
    (void)State;
    BuildImage(&Builder, BUILD_MINIMAL);
    Put32(Builder.File + Builder.Optional + 56, 0x1180);
    Accept();
    assert_int_equal(File.SizeOfImage, 0x2000);
}

static void oddity_virtual_size_zero(void **State)
{
    (void)State;
    BuildImage(&Builder, BUILD_FULL);
    Put32(BuilderSection(&Builder, 0) + 8, 0);
    Accept();
    assert_int_equal(File.Sections[0].VirtualSize, Builder.Sections[0].FileSize);
}

static void oddity_raw_size_beyond_virtual_size(void **State)
{
    (void)State;
    BuildImage(&Builder, BUILD_MINIMAL);
    Put32(BuilderSection(&Builder, 0) + 16, 0x2200);
    Builder.FileSize = Builder.Sections[0].FileOffset + 0x2200;
    memset(Builder.File + Builder.Sections[0].FileOffset + 0x180, 0x5A, 0x2000);
    Accept();
    assert_int_equal(File.Sections[0].FileSize, PE_PAGE_SIZE);
    assert_int_equal(Memory[0x1FFF], 0x5A);
    assert_int_equal(Memory[0x2000], 0);
}

/* SizeOfImage may end before the section's alignment does. */
static void oddity_raw_size_beyond_image(void **State)
{
    (void)State;
    BuildImage(&Builder, BUILD_LARGE);
    uint32_t last = Builder.SectionCount - 1;
    uint32_t rva = Builder.Sections[last].Rva;
    Put32(Builder.File + Builder.Optional + 56, rva + PE_PAGE_SIZE);
    Put32(BuilderSection(&Builder, last) + 16, 0x2000);
    Builder.FileSize = Builder.Sections[last].FileOffset + 0x2000;
    assert_int_equal(PeParse(Builder.File, Builder.FileSize, PE_LAYOUT_FILE, NULL, &File), PE_OK);
    uint8_t *memory = malloc(File.SizeOfImage);
    assert_non_null(memory);
    assert_int_equal(PeMap(&File, memory, File.SizeOfImage, &Mapped), PE_OK);
    free(memory);
}

static void oddity_raw_size_without_offset(void **State)
{
    (void)State;
    BuildImage(&Builder, BUILD_FULL);
    uint32_t last = Builder.SectionCount - 1;
    Put32(Directory(&Builder, PE_DIR_BASE_RELOC), 0);
    Put32(BuilderSection(&Builder, last) + 16, 0xFFFFFE00u);
    Put32(BuilderSection(&Builder, last) + 20, 0);
    Accept();
    assert_int_equal(File.Sections[last].FileSize, 0);
    assert_null(PeAtRva(&File, File.Sections[last].Rva, 1));
    assert_non_null(PeAtRva(&Mapped, File.Sections[last].Rva, 1));
}

static void oddity_uninitialized_section(void **State)
{
    (void)State;
    BuildImage(&Builder, BUILD_MINIMAL);
    uint8_t *bss = BuilderSection(&Builder, 1);
    memcpy(bss, ".bss", 4);
    Put32(bss + 8, 0x1234);
    Put32(bss + 12, 0x2000);
    Put32(bss + 36, PE_SCN_UNINITIALIZED | PE_SCN_READ | PE_SCN_WRITE);
    Put16(Builder.File + Builder.NtOffset + 6, 2);
    Put32(Builder.File + Builder.Optional + 56, 0x4000);
    memset(Memory, 0xCC, sizeof(Memory));
    Accept();
    assert_int_equal(Memory[0x2000], 0);
    assert_int_equal(Memory[0x3FFF], 0);
}

static void oddity_writable_executable_section(void **State)
{
    (void)State;
    BuildImage(&Builder, BUILD_DRIVER);
    Accept();
    assert_int_equal(File.Sections[4].Characteristics & (PE_SCN_WRITE | PE_SCN_EXECUTE), PE_SCN_WRITE | PE_SCN_EXECUTE);
    assert_int_equal(File.ImageBase, 0x10000);
}

static void oddity_section_name_of_eight(void **State)
{
    (void)State;
    BuildImage(&Builder, BUILD_FULL);
    memcpy(BuilderSection(&Builder, 0), "PAGEVRFY", 8);
    Accept();
    assert_string_equal(File.Sections[0].Name, "PAGEVRFY");
}

static void oddity_overlay(void **State)
{
    (void)State;
    BuildImage(&Builder, BUILD_FULL);
    Put32(Directory(&Builder, PE_DIR_SECURITY), (uint32_t)Builder.FileSize);
    Put32(Directory(&Builder, PE_DIR_SECURITY) + 4, 0x100);
    Builder.FileSize += 0x100;
    Accept();
    assert_int_equal(File.Directories[PE_DIR_SECURITY].Size, 0x100);
    Builder.FileSize -= 1;    /* a signature that is cut short is no signature */
    Accept();
    assert_int_equal(File.Directories[PE_DIR_SECURITY].Size, 0);
}

static void oddity_informational_directory_outside(void **State)
{
    (void)State;
    static const PE_DIRECTORY informational[] = { PE_DIR_RESOURCE, PE_DIR_DEBUG, PE_DIR_IAT };
    for (size_t i = 0; i < 3; i++) {
        BuildImage(&Builder, BUILD_FULL);
        Put32(Directory(&Builder, informational[i]), 0xFFFFFFF0u);
        Accept();
        assert_int_equal(File.Directories[informational[i]].Size, 0);
    }
}

static void oddity_import_directory_size_zero(void **State)
{
    (void)State;
    BuildImage(&Builder, BUILD_FULL);
    Put32(Directory(&Builder, PE_DIR_IMPORT) + 4, 0);
    Put32(Directory(&Builder, PE_DIR_DELAY_IMPORT) + 4, 0);
    Accept();
    assert_int_equal(ImportCount(), 5);
}

static void oddity_no_lookup_table(void **State)
{
    (void)State;
    BuildImage(&Builder, BUILD_FULL);
    Put32(BuilderAt(&Builder, Builder.Directories[PE_DIR_IMPORT].Rva), 0);
    Accept();
    assert_int_equal(ImportCount(), 5);
}

static void oddity_bound_imports(void **State)
{
    (void)State;
    BuildImage(&Builder, BUILD_FULL);
    Put32(BuilderAt(&Builder, Builder.Directories[PE_DIR_IMPORT].Rva + 4), 0x4F3C4260);
    Put64(BuilderAt(&Builder, Builder.Slots), 0xFFFFF80000123456ull);
    Put32(Directory(&Builder, (PE_DIRECTORY)11), 0x280);    /* the bound import directory lies in the headers */
    Put32(Directory(&Builder, (PE_DIRECTORY)11) + 4, 0x20);
    Accept();
    assert_int_equal(ImportCount(), 5);
}

static void oddity_more_than_16_directories(void **State)
{
    (void)State;
    BuildImage(&Builder, BUILD_FULL);
    Put32(Builder.File + Builder.Optional + 108, 0xFFFFFFFFu);
    Accept();
}

static void oddity_odd_relocation_block(void **State)
{
    (void)State;
    BuildImage(&Builder, BUILD_FULL);
    uint8_t *relocations = BuilderAt(&Builder, Builder.Directories[PE_DIR_BASE_RELOC].Rva);
    static const uint8_t blocks[] = { 0, 0x10, 0, 0, 10, 0, 0, 0, 0, 0xA0, 0, 0x10, 0, 0, 10, 0, 0, 0, 8, 0xA0 };
    memcpy(relocations, blocks, sizeof(blocks));
    Put32(Directory(&Builder, PE_DIR_BASE_RELOC) + 4, sizeof(blocks));
    Accept();
}

static void oddity_relocation_padding(void **State)
{
    (void)State;
    BuildImage(&Builder, BUILD_FULL);
    Put32(Directory(&Builder, PE_DIR_BASE_RELOC) + 4, 0x200);
    Accept();
    assert_int_equal(PeRelocate(&Mapped, 0x7FF000000000ull), PE_OK);
}

static void oddity_unsorted_export_names(void **State)
{
    (void)State;
    PE_EXPORT found;
    BuildImage(&Builder, BUILD_FULL);
    *BuilderAt(&Builder, Builder.FirstExportName) = 'z';    /* "zlias" before "Alpha" */
    Accept();
    assert_false(Mapped.ExportNamesSorted);
    assert_int_equal(PeFindExportByName(&Mapped, "zlias", &found), PE_OK);
    assert_int_equal(PeFindExportByName(&Mapped, "ForwardOrdinal", &found), PE_OK);
    assert_int_equal(PeFindExportByName(&Mapped, "Alias", &found), PE_NOT_FOUND);
}

static void oddity_exports_by_ordinal_only(void **State)
{
    (void)State;
    PE_EXPORT found;
    BuildImage(&Builder, BUILD_FULL);
    Put32(BuilderAt(&Builder, Builder.Directories[PE_DIR_EXPORT].Rva + 24), 0);
    Accept();
    assert_int_equal(PeFindExportByOrdinal(&Mapped, 5, &found), PE_OK);
    assert_int_equal(PeFindExportByName(&Mapped, "Alpha", &found), PE_NOT_FOUND);
}

static void oddity_exception_table_padding(void **State)
{
    (void)State;
    BuildImage(&Builder, BUILD_FULL);
    Put32(Directory(&Builder, PE_DIR_EXCEPTION) + 4, 0x200);    /* 36 null entries and 8 bytes over */
    Accept();
    assert_non_null(PeFindRuntimeFunction(&Mapped, Builder.EntryRva));
    assert_non_null(PeFindRuntimeFunction(&Mapped, Builder.EntryRva + 5 * 0x40));
    assert_null(PeFindRuntimeFunction(&Mapped, Builder.EntryRva + 6 * 0x40));
}

static void oddity_unsorted_exception_table(void **State)
{
    (void)State;
    PE_RULE rule;
    BuildImage(&Builder, BUILD_FULL);
    uint8_t *table = BuilderAt(&Builder, Builder.Directories[PE_DIR_EXCEPTION].Rva);
    Put32(table, Get32(table + 60));
    Put32(table + 4, Get32(table + 64));
    assert_int_equal(PeParse(Builder.File, Builder.FileSize, PE_LAYOUT_FILE, NULL, &File), PE_OK);
    assert_int_equal(PeCheck(&File, &rule), PE_BAD_EXCEPTION_TABLE);
    assert_int_equal(rule, PE_RULE_RUNTIME_ORDER);
    assert_int_equal(PeMap(&File, Memory, sizeof(Memory), &Mapped), PE_OK);
}

static void oddity_old_load_config(void **State)
{
    (void)State;
    PE_LOAD_CONFIG config;
    BuildImage(&Builder, BUILD_FULL);
    Put32(BuilderAt(&Builder, Builder.Directories[PE_DIR_LOAD_CONFIG].Rva), 0x70);
    Put32(Directory(&Builder, PE_DIR_LOAD_CONFIG) + 4, 0x40);    /* the directory's own size is often wrong */
    Accept();
    assert_int_equal(PeGetLoadConfig(&Mapped, &config), PE_OK);
    assert_int_equal(config.SecurityCookieRva, Builder.Cookie);
    assert_int_equal(config.GuardCheckSlotRva, 0);
    assert_int_equal(config.GuardFlags, 0);
}

static void oddity_relocated_base(void **State)
{
    (void)State;
    BuildImage(&Builder, BUILD_FULL);
    Accept();
    assert_int_equal(PeRelocate(&Mapped, 0xFFFFF80000001000ull), PE_OK);
    assert_int_equal(PeParse(Memory, Mapped.SizeOfImage, PE_LAYOUT_MAPPED, NULL, &File), PE_OK);
}

static bool ResolveToFill(void *Context, const PE_IMPORT *Import, uint64_t *Address)
{
    *(size_t *)Context += strlen(Import->Module);
    *Address = 0x4141414141414141ull;
    return true;
}

/* Two modules with one slot each, which lies over the end of their common name, which ends the image. Each import is checked
 * anew, so the second is refused and nothing runs off the image. */
static void oddity_slots_over_names(void **State)
{
    (void)State;
    size_t length = 0;
    BuildImage(&Builder, BUILD_MINIMAL);
    uint32_t base = Builder.Sections[0].Rva;
    uint8_t *bytes = Builder.File + Builder.Sections[0].FileOffset;
    memset(bytes, 0, PE_PAGE_SIZE);
    for (uint32_t i = 0; i < 2; i++) {
        Put32(bytes + i * 20, base + 0x100);
        Put32(bytes + i * 20 + 12, base + PE_PAGE_SIZE - 2);
        Put32(bytes + i * 20 + 16, base + PE_PAGE_SIZE - 8);
    }
    Put64(bytes + 0x100, (1ull << 63) | 1);
    bytes[PE_PAGE_SIZE - 2] = 'm';
    Put32(BuilderSection(&Builder, 0) + 8, PE_PAGE_SIZE);
    Put32(BuilderSection(&Builder, 0) + 16, PE_PAGE_SIZE);
    Put32(Directory(&Builder, PE_DIR_IMPORT), base);
    Builder.FileSize = Builder.Sections[0].FileOffset + PE_PAGE_SIZE;
    Accept();
    assert_int_equal(PeBindImports(&Mapped, ResolveToFill, &length, NULL), PE_BAD_IMPORT);
    assert_int_equal(Mapped.Rule, PE_RULE_IMPORT_MODULE);
    assert_int_equal(length, 1);
}

int main(int ArgumentCount, char **Arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(oddity_flat_image),
        cmocka_unit_test(oddity_flat_gap),
        cmocka_unit_test(oddity_gap_behind_headers),
        cmocka_unit_test(oddity_image_size_not_aligned),
        cmocka_unit_test(oddity_virtual_size_zero),
        cmocka_unit_test(oddity_raw_size_beyond_virtual_size),
        cmocka_unit_test(oddity_raw_size_beyond_image),
        cmocka_unit_test(oddity_raw_size_without_offset),
        cmocka_unit_test(oddity_uninitialized_section),
        cmocka_unit_test(oddity_writable_executable_section),
        cmocka_unit_test(oddity_section_name_of_eight),
        cmocka_unit_test(oddity_overlay),
        cmocka_unit_test(oddity_informational_directory_outside),
        cmocka_unit_test(oddity_import_directory_size_zero),
        cmocka_unit_test(oddity_no_lookup_table),
        cmocka_unit_test(oddity_bound_imports),
        cmocka_unit_test(oddity_more_than_16_directories),
        cmocka_unit_test(oddity_odd_relocation_block),
        cmocka_unit_test(oddity_relocation_padding),
        cmocka_unit_test(oddity_unsorted_export_names),
        cmocka_unit_test(oddity_exports_by_ordinal_only),
        cmocka_unit_test(oddity_exception_table_padding),
        cmocka_unit_test(oddity_unsorted_exception_table),
        cmocka_unit_test(oddity_old_load_config),
        cmocka_unit_test(oddity_relocated_base),
        cmocka_unit_test(oddity_slots_over_names),
    };
    if (ArgumentCount == 2 && strcmp(Arguments[1], "--list") == 0) {
        for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
            print_message("%s\n", tests[i].name);
        }
        return 0;
    }
    return cmocka_run_group_tests_name("oddities", tests, NULL, NULL);
}

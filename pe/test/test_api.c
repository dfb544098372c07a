/* SPDX-License-Identifier: MIT
 * What the calls do with well-formed images.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "builder.h"

#define NEW_BASE 0xFFFFF80012345000ull

static BUILDER Builder;
static uint8_t Memory[BUILDER_CAPACITY] __attribute__((aligned(4096)));

static PE_IMAGE Parse(BUILD_VARIANT Variant)
{
    PE_IMAGE image;
    BuildImage(&Builder, Variant);
    assert_int_equal(PeParse(Builder.File, Builder.FileSize, PE_LAYOUT_FILE, NULL, &image), PE_OK);
    return image;
}

static PE_IMAGE Map(BUILD_VARIANT Variant)
{
    PE_IMAGE image = Parse(Variant);
    PE_IMAGE mapped;
    memset(Memory, 0xCC, sizeof(Memory));
    assert_int_equal(PeMap(&image, Memory, image.SizeOfImage, &mapped), PE_OK);
    return mapped;
}

static uint64_t Get64(uint32_t Rva)
{
    uint64_t value;
    memcpy(&value, Memory + Rva, sizeof(value));
    return value;
}

static void TestView(void **State)
{
    (void)State;
    PE_IMAGE image = Parse(BUILD_FULL);
    assert_int_equal(image.Machine, PE_MACHINE_AMD64);
    assert_int_equal(image.SectionCount, 7);
    assert_string_equal(image.Sections[4].Name, "INIT");
    assert_int_equal(image.EntryRva, Builder.EntryRva);
    assert_int_equal(image.ImageBase, 0x140000000ull);
    assert_int_equal(image.Sections[1].VirtualSize, Builder.Sections[1].VirtualSize);
    assert_true(image.ExportNamesSorted);
    assert_memory_equal(PeAtRva(&image, Builder.ModuleName, 13), "ntoskrnl.exe", 13);
    assert_null(PeAtRva(&image, image.SizeOfImage, 1));
    assert_null(PeAtRva(&image, 0xFFFFFFFFu, 0xFFFFFFFFu));
}

static void TestRefusalLeavesOnlyMachineAndRule(void **State)
{
    (void)State;
    PE_IMAGE image;
    PE_IMAGE expected;
    BuildImage(&Builder, BUILD_FULL);
    Put16(Builder.File + Builder.NtOffset + 4, PE_MACHINE_I386);
    memset(&expected, 0, sizeof(expected));
    expected.Machine = PE_MACHINE_I386;
    expected.Rule = PE_RULE_MACHINE;
    assert_int_equal(PeParse(Builder.File, Builder.FileSize, PE_LAYOUT_FILE, NULL, &image), PE_WRONG_MACHINE);
    assert_memory_equal(&image, &expected, sizeof(image));
    assert_string_equal(PeMachineName(image.Machine), "32-bit x86");
}

static void TestMap(void **State)
{
    (void)State;
    for (int variant = 0; variant < BUILD_VARIANT_COUNT; variant++) {
        PE_IMAGE mapped = Map((BUILD_VARIANT)variant);
        assert_int_equal(mapped.Layout, PE_LAYOUT_MAPPED);
        /* Every byte behind the headers is what the builder composed, zeros included. */
        assert_memory_equal(Memory + 0x1000, Builder.Flat + 0x1000, mapped.SizeOfImage - 0x1000);
    }
}

static void TestMapNeedsRoomAndAFile(void **State)
{
    (void)State;
    PE_IMAGE image = Parse(BUILD_FULL);
    PE_IMAGE mapped;
    PE_IMAGE again;
    assert_int_equal(PeMap(&image, Memory, image.SizeOfImage - 1, &mapped), PE_TOO_SMALL);
    assert_int_equal(PeMap(&image, Memory, sizeof(Memory), &mapped), PE_OK);
    assert_int_equal(PeMap(&mapped, Memory, sizeof(Memory), &again), PE_WRONG_LAYOUT);
    assert_int_equal(PeRelocate(&image, NEW_BASE), PE_WRONG_LAYOUT);
    assert_int_equal(PeSeedSecurityCookie(&image, 1), PE_WRONG_LAYOUT);
    assert_int_equal(PeSetGuardPointers(&image, 1, 1), PE_WRONG_LAYOUT);
}

static void TestRelocate(void **State)
{
    (void)State;
    PE_IMAGE mapped = Map(BUILD_FULL);
    PE_IMAGE again;
    assert_int_equal(Builder.Pointer & 0xFFF, 0xFFC);    /* crosses a page */
    assert_int_equal(PeRelocate(&mapped, NEW_BASE), PE_OK);
    assert_int_equal(mapped.ImageBase, NEW_BASE);
    for (uint32_t i = 0; i < Builder.SiteCount; i++) {
        uint64_t before;
        memcpy(&before, Builder.Flat + Builder.Sites[i], sizeof(before));
        assert_int_equal(Get64(Builder.Sites[i]), before - 0x140000000ull + NEW_BASE);
    }
    assert_int_equal(PeParse(Memory, mapped.SizeOfImage, PE_LAYOUT_MAPPED, NULL, &again), PE_OK);
    assert_int_equal(again.ImageBase, NEW_BASE);
    assert_int_equal(PeCheck(&again, NULL), PE_OK);
}

static void TestRelocateWritesNothingWhenMalformed(void **State)
{
    (void)State;
    static uint8_t before[sizeof(Memory)];
    PE_IMAGE mapped = Map(BUILD_FULL);
    PE_RANGE directory = mapped.Directories[PE_DIR_BASE_RELOC];
    /* The last entry of the last block; padding entries come last, so overwrite one. */
    Put16(Memory + directory.Rva + directory.Size - 2, 0x3000);
    memcpy(before, Memory, sizeof(before));
    assert_int_equal(PeRelocate(&mapped, NEW_BASE), PE_BAD_RELOCATION);
    assert_int_equal(mapped.Rule, PE_RULE_RELOC_TYPE);
    assert_memory_equal(before, Memory, sizeof(before));
}

static void TestRelocateWithoutRelocations(void **State)
{
    (void)State;
    PE_IMAGE mapped = Map(BUILD_DRIVER);
    assert_true(PeIsPositionIndependent(&mapped));
    assert_int_equal(PeRelocate(&mapped, NEW_BASE), PE_OK);
    assert_int_equal(mapped.ImageBase, NEW_BASE);
    BuildImage(&Builder, BUILD_DRIVER);
    mapped = Map(BUILD_DRIVER);
    mapped.Characteristics |= PE_FILE_RELOCS_STRIPPED;
    assert_int_equal(PeRelocate(&mapped, mapped.ImageBase), PE_OK);
    assert_int_equal(PeRelocate(&mapped, NEW_BASE), PE_NO_RELOCATIONS);
}

typedef struct SEEN {
    uint32_t Count;
    uint32_t StopAt;
    PE_IMPORT Imports[8];
} SEEN;

static bool SeeImport(void *Context, const PE_IMPORT *Import)
{
    SEEN *seen = Context;
    seen->Imports[seen->Count++] = *Import;
    return seen->Count != seen->StopAt;
}

static bool Resolve(void *Context, const PE_IMPORT *Import, uint64_t *Address)
{
    SEEN *seen = Context;
    *Address = 0xFFFFF80000000000ull + Import->Index;
    return SeeImport(Context, Import) || seen->StopAt == 0;
}

static void TestEnumerateImports(void **State)
{
    (void)State;
    SEEN seen = { 0 };
    PE_IMAGE image = Parse(BUILD_FULL);
    assert_int_equal(PeEnumerateImports(&image, SeeImport, &seen), PE_OK);
    assert_int_equal(PeEnumerateDelayImports(&image, SeeImport, &seen), PE_OK);
    assert_int_equal(seen.Count, 6);
    assert_string_equal(seen.Imports[0].Module, "ntoskrnl.exe");
    assert_string_equal(seen.Imports[0].Name, "IoCreateDevice");
    assert_int_equal(seen.Imports[0].Hint, 7);
    assert_int_equal(seen.Imports[0].SlotRva, Builder.Slots);
    assert_string_equal(seen.Imports[3].Module, "HAL.dll");
    assert_null(seen.Imports[4].Name);
    assert_int_equal(seen.Imports[4].Ordinal, 17);
    assert_string_equal(seen.Imports[5].Name, "FltRegisterFilter");
    assert_true(seen.Imports[5].Delay);
    assert_int_equal(seen.Imports[5].Index, 5);
    assert_int_equal(seen.Imports[5].SlotRva, Builder.DelaySlots);
}

static void TestEnumerationStops(void **State)
{
    (void)State;
    SEEN seen = { .StopAt = 2 };
    PE_IMAGE image = Parse(BUILD_FULL);
    assert_int_equal(PeEnumerateImports(&image, SeeImport, &seen), PE_OK);
    assert_int_equal(seen.Count, 2);
    image = Parse(BUILD_MINIMAL);
    assert_int_equal(PeEnumerateImports(&image, SeeImport, &seen), PE_OK);
    assert_int_equal(seen.Count, 2);
}

static void TestBind(void **State)
{
    (void)State;
    SEEN seen = { 0 };
    PE_IMAGE mapped = Map(BUILD_FULL);
    assert_int_equal(PeBindImports(&mapped, Resolve, &seen, NULL), PE_OK);
    assert_int_equal(seen.Count, 6);
    for (uint32_t i = 0; i < seen.Count; i++) {
        assert_int_equal(Get64(seen.Imports[i].SlotRva), 0xFFFFF80000000000ull + i);
    }
    /* Bound images still tell their imports. */
    SEEN again = { 0 };
    assert_int_equal(PeEnumerateImports(&mapped, SeeImport, &again), PE_OK);
    assert_string_equal(again.Imports[2].Name, "KeBugCheckEx");
}

static void TestBindStopsAtTheRefusedImport(void **State)
{
    (void)State;
    PE_IMPORT failed;
    SEEN seen = { .StopAt = 3 };
    PE_IMAGE mapped = Map(BUILD_FULL);
    uint64_t before = Get64(Builder.Slots + 16);
    assert_int_equal(PeBindImports(&mapped, Resolve, &seen, &failed), PE_UNRESOLVED);
    assert_string_equal(failed.Name, "KeBugCheckEx");
    assert_int_equal(failed.Index, 2);
    assert_int_equal(seen.Count, 3);
    assert_int_equal(Get64(Builder.Slots + 8), 0xFFFFF80000000001ull);
    assert_int_equal(Get64(Builder.Slots + 16), before);
}

static void TestFindExports(void **State)
{
    (void)State;
    PE_EXPORT found;
    PE_IMAGE image = Parse(BUILD_FULL);
    assert_string_equal(PeExportModuleName(&image), "full.sys");
    assert_int_equal(PeFindExportByName(&image, "Beta", &found), PE_OK);
    assert_int_equal(found.Rva, Builder.Cookie);
    assert_int_equal(found.Ordinal, 7);
    assert_null(found.Forwarder);
    assert_int_equal(PeFindExportByName(&image, "Forward", &found), PE_OK);
    assert_int_equal(found.Rva, 0);
    assert_string_equal(found.Forwarder, "HAL.KeFlushWriteBuffer");
    assert_int_equal(PeFindExportByName(&image, "Gamma", &found), PE_NOT_FOUND);
    assert_int_equal(PeFindExportByName(&image, "", &found), PE_NOT_FOUND);
    assert_int_equal(PeFindExportByOrdinal(&image, 8, &found), PE_OK);
    assert_int_equal(found.Rva, Builder.EntryRva + 4);
    assert_int_equal(PeFindExportByOrdinal(&image, 6, &found), PE_NOT_FOUND);     /* a hole */
    assert_int_equal(PeFindExportByOrdinal(&image, 4, &found), PE_NOT_FOUND);
    assert_int_equal(PeFindExportByOrdinal(&image, 11, &found), PE_NOT_FOUND);
    image = Parse(BUILD_MINIMAL);
    assert_int_equal(PeFindExportByName(&image, "Beta", &found), PE_NOT_FOUND);
    assert_null(PeExportModuleName(&image));
}

/* The byte behind the directory is no forwarder. */
static void TestExportBehindTheDirectory(void **State)
{
    (void)State;
    PE_EXPORT found;
    PE_IMAGE image = Parse(BUILD_FULL);
    PE_RANGE directory = image.Directories[PE_DIR_EXPORT];
    Put32(BuilderAt(&Builder, Builder.ExportFunctions), directory.Rva + directory.Size);
    assert_int_equal(PeFindExportByName(&image, "Alpha", &found), PE_OK);
    assert_int_equal(found.Rva, directory.Rva + directory.Size);
    assert_null(found.Forwarder);
    Put32(BuilderAt(&Builder, Builder.ExportFunctions), directory.Rva + directory.Size - 1);
    assert_int_equal(PeFindExportByName(&image, "Alpha", &found), PE_BAD_EXPORT);
}

static bool SeeExport(void *Context, const char *Name, const PE_EXPORT *Export)
{
    char **end = Context;
    *end += strlen(strcpy(*end, Name == NULL ? "-" : Name));
    *(*end)++ = (char)('0' + Export->Ordinal);
    **end = 0;
    return Export->Ordinal != 9;
}

static void TestEnumerateExports(void **State)
{
    (void)State;
    char text[128];
    char *end = text;
    PE_IMAGE image = Parse(BUILD_FULL);
    Put16(BuilderAt(&Builder, Builder.ExportOrdinals) + 6, 5);    /* Forward is ordinal 10 now, and 9 has no name */
    assert_int_equal(PeEnumerateExports(&image, SeeExport, &end), PE_OK);
    assert_string_equal(text, "Alias5Alpha5Beta7Forward:ForwardOrdinal:-8-9");
}

static void TestSplitForwarder(void **State)
{
    (void)State;
    char module[8];
    const char *name;
    uint32_t ordinal;
    assert_int_equal(PeSplitForwarder("HAL.KeFlush", module, sizeof(module), &name, &ordinal), PE_OK);
    assert_string_equal(module, "HAL");
    assert_string_equal(name, "KeFlush");
    assert_int_equal(PeSplitForwarder("a.b.DLL.#65535", module, sizeof(module), &name, &ordinal), PE_OK);
    assert_string_equal(module, "a.b");
    assert_null(name);
    assert_int_equal(ordinal, 65535);
    assert_int_equal(PeSplitForwarder("1234567.x", module, sizeof(module), &name, &ordinal), PE_OK);
    assert_int_equal(PeSplitForwarder("12345678.x", module, sizeof(module), &name, &ordinal), PE_TOO_SMALL);
    static const char *const bad[] = { "", ".", "HAL", "HAL.", ".x", "HAL.#", "HAL.#12a", "HAL.#65536", "HAL.#4294967297" };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(PeSplitForwarder(bad[i], module, sizeof(module), &name, &ordinal), PE_BAD_EXPORT);
    }
}

static void TestFindRuntimeFunction(void **State)
{
    (void)State;
    PE_IMAGE mapped = Map(BUILD_FULL);
    for (uint32_t i = 0; i < 6; i++) {
        uint32_t begin = Builder.EntryRva + i * 0x40;
        assert_int_equal(PeFindRuntimeFunction(&mapped, begin)->BeginRva, begin);
        assert_int_equal(PeFindRuntimeFunction(&mapped, begin + 0x2F)->BeginRva, begin);
        assert_null(PeFindRuntimeFunction(&mapped, begin + 0x30));
    }
    assert_null(PeFindRuntimeFunction(&mapped, Builder.EntryRva - 1));
    assert_null(PeFindRuntimeFunction(&mapped, 0xFFFFFFFFu));
    mapped = Map(BUILD_MINIMAL);
    assert_null(PeFindRuntimeFunction(&mapped, Builder.EntryRva));
}

static void TestSecurityCookie(void **State)
{
    (void)State;
    static const uint64_t entropies[] = { 0xABCD123456789ABCull, 0, 0xFFFF000000000000ull, 0x12342B992DDFA232ull };
    for (size_t i = 0; i < sizeof(entropies) / sizeof(entropies[0]); i++) {
        PE_IMAGE mapped = Map(BUILD_FULL);
        assert_int_equal(PeRelocate(&mapped, NEW_BASE), PE_OK);
        assert_int_equal(PeSeedSecurityCookie(&mapped, entropies[i]), PE_OK);
        uint64_t cookie = Get64(Builder.Cookie);
        assert_true(cookie != 0 && cookie != BUILDER_COOKIE && cookie >> 48 == 0);
        assert_int_equal(PeSeedSecurityCookie(&mapped, 77), PE_OK);
        assert_int_equal(Get64(Builder.Cookie), cookie);    /* only the default is replaced */
    }
    PE_IMAGE mapped = Map(BUILD_DRIVER);
    assert_int_equal(PeSeedSecurityCookie(&mapped, 1), PE_NOT_FOUND);
}

static void TestGuardPointers(void **State)
{
    (void)State;
    PE_LOAD_CONFIG config;
    PE_IMAGE mapped = Map(BUILD_FULL);
    assert_int_equal(PeGetLoadConfig(&mapped, &config), PE_OK);
    assert_int_equal(config.GuardCheckSlotRva, Builder.GuardCheck);
    assert_int_equal(config.GuardFlags, 0x10500);
    uint64_t dispatch = Get64(Builder.GuardDispatch);
    assert_int_equal(PeSetGuardPointers(&mapped, 0xFFFFF80011112222ull, 0), PE_OK);
    assert_int_equal(Get64(Builder.GuardCheck), 0xFFFFF80011112222ull);
    assert_int_equal(Get64(Builder.GuardDispatch), dispatch);
    mapped = Map(BUILD_DRIVER);
    assert_int_equal(PeSetGuardPointers(&mapped, 1, 1), PE_NOT_FOUND);
}

static void TestTls(void **State)
{
    (void)State;
    PE_TLS tls;
    PE_IMAGE mapped = Map(BUILD_FULL);
    assert_int_equal(PeRelocate(&mapped, NEW_BASE), PE_OK);
    assert_int_equal(PeGetTls(&mapped, &tls), PE_OK);
    assert_int_equal(tls.TemplateRva, Builder.TlsTemplate);
    assert_int_equal(tls.TemplateSize, 24);
    assert_int_equal(tls.ZeroFill, 0x10);
    assert_int_equal(tls.IndexRva, Builder.TlsIndex);
    assert_int_equal(tls.CallbacksRva, Builder.TlsCallbacks);
    mapped = Map(BUILD_DRIVER);
    assert_int_equal(PeGetTls(&mapped, &tls), PE_NOT_FOUND);
}

static void TestResources(void **State)
{
    (void)State;
    PE_RANGE data;
    const PE_RESOURCE_ID version = { NULL, 16 };
    const PE_RESOURCE_ID config = { "config", 0 };
    const PE_RESOURCE_ID one = { NULL, 1 };
    PE_IMAGE image = Parse(BUILD_FULL);
    assert_int_equal(PeFindResource(&image, version, one, &data), PE_OK);
    assert_int_equal(data.Size, 8);
    assert_memory_equal(PeAtRva(&image, data.Rva, data.Size), "versionC", 8);
    assert_int_equal(PeFindResource(&image, config, one, &data), PE_OK);
    assert_int_equal(data.Size, 4);
    assert_int_equal(PeFindResource(&image, (PE_RESOURCE_ID){ "confi", 0 }, one, &data), PE_NOT_FOUND);
    assert_int_equal(PeFindResource(&image, (PE_RESOURCE_ID){ "configs", 0 }, one, &data), PE_NOT_FOUND);
    assert_int_equal(PeFindResource(&image, version, config, &data), PE_NOT_FOUND);
    assert_int_equal(PeFindResource(&image, (PE_RESOURCE_ID){ NULL, 3 }, one, &data), PE_NOT_FOUND);
}

static void TestCodeView(void **State)
{
    (void)State;
    PE_CODEVIEW codeView;
    PE_IMAGE image = Parse(BUILD_DRIVER);
    assert_int_equal(PeGetCodeView(&image, &codeView), PE_OK);
    assert_string_equal(codeView.PdbPath, "full.pdb");
    assert_int_equal(codeView.Age, 3);
    assert_int_equal(codeView.Guid[15], 16);
    image = Parse(BUILD_MINIMAL);
    assert_int_equal(PeGetCodeView(&image, &codeView), PE_NOT_FOUND);
}

static void TestTexts(void **State)
{
    (void)State;
    for (int status = 0; status < PE_STATUS_COUNT; status++) {
        assert_non_null(PeStatusText((PE_STATUS)status));
    }
    for (int rule = 0; rule < PE_RULE_COUNT; rule++) {
        assert_non_null(PeRuleText((PE_RULE)rule));
        assert_int_equal(PeRuleStatus((PE_RULE)rule) == PE_OK, rule == 0);
    }
    assert_string_equal(PeStatusText((PE_STATUS)-1), "unknown status");
    assert_string_equal(PeRuleText((PE_RULE)999), "unknown rule");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(TestView),
        cmocka_unit_test(TestRefusalLeavesOnlyMachineAndRule),
        cmocka_unit_test(TestMap),
        cmocka_unit_test(TestMapNeedsRoomAndAFile),
        cmocka_unit_test(TestRelocate),
        cmocka_unit_test(TestRelocateWritesNothingWhenMalformed),
        cmocka_unit_test(TestRelocateWithoutRelocations),
        cmocka_unit_test(TestEnumerateImports),
        cmocka_unit_test(TestEnumerationStops),
        cmocka_unit_test(TestBind),
        cmocka_unit_test(TestBindStopsAtTheRefusedImport),
        cmocka_unit_test(TestFindExports),
        cmocka_unit_test(TestExportBehindTheDirectory),
        cmocka_unit_test(TestEnumerateExports),
        cmocka_unit_test(TestSplitForwarder),
        cmocka_unit_test(TestFindRuntimeFunction),
        cmocka_unit_test(TestSecurityCookie),
        cmocka_unit_test(TestGuardPointers),
        cmocka_unit_test(TestTls),
        cmocka_unit_test(TestResources),
        cmocka_unit_test(TestCodeView),
        cmocka_unit_test(TestTexts),
    };
    return cmocka_run_group_tests_name("api", tests, NULL, NULL);
}

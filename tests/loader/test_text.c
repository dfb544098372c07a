/* SPDX-License-Identifier: MIT
 * Bounded text and module names.
 */
#include "check.h"
#include "../../efi-loader/text.h"

static void FormatsTextAndNumbers(void **State)
{
    char text[64];

    TextFormat(text, sizeof(text), "%s has %llu of 0x%llx, 100%%", "\\a", 0ull, ~0ull);
    assert_string_equal(text, "\\a has 0 of 0xffffffffffffffff, 100%");
}

static void CutsAtTheEndOfTheBuffer(void **State)
{
    for (size_t size = 1; size < 12; size++) {
        char *text = malloc(size);

        TextFormat(text, size, "%s%llu", "abcde", 12345ull);
        assert_int_equal(strlen(text), size - 1 < 10 ? size - 1 : 10);
        assert_memory_equal(text, "abcde12345", strlen(text));
        free(text);
    }
}

static void HidesUnprintableBytes(void **State)
{
    char text[16];

    TextFormat(text, sizeof(text), "%s", "a\n\x1B\xFFz");
    assert_string_equal(text, "a???z");
}

static void EscapesJson(void **State)
{
    char text[32];

    TextEscapeJson(text, sizeof(text), "\\a \"b\"\n");
    assert_string_equal(text, "\\\\a \\\"b\\\"?");
    TextEscapeJson(text, 5, "abc\\");
    assert_string_equal(text, "abc");
}

static void ComparesModules(void **State)
{
    assert_true(TextModuleEqual("NTOSKRNL.EXE", "ntoskrnl"));
    assert_true(TextModuleEqual("hal.dll", "HAL.sys"));
    assert_true(TextModuleEqual("a.b", "A.B"));
    assert_false(TextModuleEqual("ntoskrnl.exe", "ntoskrn"));
    assert_false(TextModuleEqual("a.b", "a"));
    assert_false(TextModuleEqual(".sys", ""));
}

static void FindsFileNames(void **State)
{
    assert_string_equal(TextFileName("\\petrel\\x.sys"), "x.sys");
    assert_string_equal(TextFileName("x"), "x");
    assert_true(TextStartsWith("\\Petrel\\x", "\\petrel\\"));
    assert_false(TextStartsWith("\\pet", "\\petrel\\"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(FormatsTextAndNumbers), cmocka_unit_test(CutsAtTheEndOfTheBuffer),
        cmocka_unit_test(HidesUnprintableBytes), cmocka_unit_test(EscapesJson),
        cmocka_unit_test(ComparesModules),       cmocka_unit_test(FindsFileNames),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

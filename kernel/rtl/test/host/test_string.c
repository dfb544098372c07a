/* SPDX-License-Identifier: MIT
 * Counted strings, conversions and numbers in them.
 */
#include "host.h"
#include "rtl.h"

static size_t Allocated;
static PVOID Allocate(SIZE_T bytes) { Allocated++; return malloc(bytes); }
static VOID Free(PVOID block) { Allocated--; free(block); }
static PVOID AllocateNothing(SIZE_T bytes) { return NULL; }

static UNICODE_STRING Unicode(PCWSTR text)
{
    UNICODE_STRING string;
    RtlInitUnicodeString(&string, text);
    return string;
}

static void AssertUnicode(UNICODE_STRING string, PCWSTR expected)
{
    UNICODE_STRING other = Unicode(expected);
    assert_int_equal(string.Length, other.Length);
    assert_memory_equal(string.Buffer, other.Buffer, other.Length);
}

static void test_init(void **state)
{
    static WCHAR longText[40000];
    UNICODE_STRING string = Unicode(L"abc");
    size_t i;

    assert_int_equal(string.Length, 6);
    assert_int_equal(string.MaximumLength, 8);
    string = Unicode(NULL);
    assert_int_equal(string.MaximumLength, 0);
    for (i = 0; i < 39999; i++)
        longText[i] = L'x';
    assert_int_equal(RtlInitUnicodeStringEx(&string, longText), STATUS_NAME_TOO_LONG);
    RtlInitUnicodeString(&string, longText);
    assert_int_equal(string.Length, 0xFFFC);
    assert_int_equal(string.MaximumLength, 0xFFFE);
}

static void test_copy_append(void **state)
{
    WCHAR *buffer = malloc(5 * sizeof(WCHAR));
    UNICODE_STRING string = { 0, 10, buffer }, abc = Unicode(L"abc");

    RtlCopyUnicodeString(&string, &abc);
    AssertUnicode(string, L"abc");
    assert_int_equal(buffer[3], 0);
    assert_int_equal(RtlAppendUnicodeToString(&string, L"def"), STATUS_BUFFER_TOO_SMALL);
    assert_int_equal(RtlAppendUnicodeToString(&string, L"de"), STATUS_SUCCESS);
    AssertUnicode(string, L"abcde");
    assert_int_equal(RtlAppendUnicodeStringToString(&string, &abc), STATUS_BUFFER_TOO_SMALL);
    RtlCopyUnicodeString(&string, NULL);
    assert_int_equal(string.Length, 0);
    free(buffer);
}

static void test_compare(void **state)
{
    UNICODE_STRING a = Unicode(L"\\Device\\Null"), b = Unicode(L"\\DEVICE\\nullX");
    ULONG hash = 0, other = 0;

    assert_true(RtlCompareUnicodeString(&a, &b, TRUE) == -1);
    assert_true(RtlCompareUnicodeString(&a, &b, FALSE) > 0);
    assert_true(RtlPrefixUnicodeString(&a, &b, TRUE));
    assert_false(RtlPrefixUnicodeString(&a, &b, FALSE));
    assert_false(RtlEqualUnicodeString(&a, &b, TRUE));
    b.Length -= 2;
    assert_true(RtlEqualUnicodeString(&a, &b, TRUE));
    assert_int_equal(RtlHashUnicodeString(&a, TRUE, 1, &hash), STATUS_SUCCESS);
    RtlHashUnicodeString(&b, TRUE, 0, &other);
    assert_int_equal(hash, other);
    a = Unicode(L"ab");
    RtlHashUnicodeString(&a, FALSE, 1, &hash);
    assert_int_equal(hash, 'a' * 65599 + 'b');
    assert_int_equal(RtlHashUnicodeString(&a, FALSE, 2, &hash), STATUS_INVALID_PARAMETER);
}

static void test_convert(void **state)
{
    UNICODE_STRING wide = Unicode(L"a\x20AC\x0416"), back = { 0 };
    ANSI_STRING narrow = { 0 };
    CHAR small[3];

    assert_int_equal(RtlUnicodeStringToAnsiString(&narrow, &wide, TRUE), STATUS_SUCCESS);
    assert_int_equal(narrow.Length, 3);
    assert_int_equal(narrow.MaximumLength, 4);
    assert_string_equal(narrow.Buffer, "a\x80?");
    assert_int_equal(RtlAnsiStringToUnicodeString(&back, &narrow, TRUE), STATUS_SUCCESS);
    AssertUnicode(back, L"a\x20AC?");
    assert_int_equal(RtlxAnsiStringToUnicodeSize(&narrow), 8);
    RtlFreeAnsiString(&narrow);
    RtlFreeUnicodeString(&back);
    assert_null(back.Buffer);
    narrow = (ANSI_STRING){ 0, 3, small };
    assert_int_equal(RtlUnicodeStringToAnsiString(&narrow, &wide, FALSE), STATUS_BUFFER_OVERFLOW);
    RtlUpcalls.Allocate = AllocateNothing;
    assert_int_equal(RtlAnsiStringToUnicodeString(&back, &narrow, TRUE), STATUS_NO_MEMORY);
    assert_int_equal(RtlUpcaseUnicodeString(&back, &wide, TRUE), STATUS_NO_MEMORY);
    RtlUpcalls.Allocate = Allocate;
}

static void test_utf8(void **state)
{
    static const WCHAR wide[] = { L'a', 0xE9, 0x20AC, 0xD83D, 0xDE00, 0xD800, L'z' };
    static const char bytes[] = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\xEF\xBF\xBDz";
    CHAR out[32];
    WCHAR back[16];
    ULONG count = 0;

    assert_int_equal(RtlUnicodeToUTF8N(out, sizeof(out), &count, wide, sizeof(wide)), STATUS_SOME_NOT_MAPPED);
    assert_int_equal(count, sizeof(bytes) - 1);
    assert_memory_equal(out, bytes, count);
    assert_int_equal(RtlUnicodeToUTF8N(out, 5, &count, wide, sizeof(wide)), STATUS_BUFFER_TOO_SMALL);
    assert_int_equal(count, 3);
    assert_int_equal(RtlUTF8ToUnicodeN(back, sizeof(back), &count, bytes, 10), STATUS_SUCCESS);
    assert_int_equal(count, 10);
    assert_memory_equal(back, wide, 10);
    assert_int_equal(RtlUTF8ToUnicodeN(NULL, 0, &count, "\xE2\x82" "a\xC0\xAF\xED\xA0\x80", 8), STATUS_SOME_NOT_MAPPED);
    assert_int_equal(count, 7 * 2);                           /* E2 82, a, C0, AF, ED, A0, 80 */
    assert_int_equal(RtlUTF8ToUnicodeN(back, 2, &count, "\xF0\x9F\x98\x80", 4), STATUS_BUFFER_TOO_SMALL);
}

static void test_integers(void **state)
{
    WCHAR buffer[12];
    UNICODE_STRING string = { 0, sizeof(buffer), buffer };
    ULONG value = 1;

    assert_int_equal(RtlIntegerToUnicodeString(4294967295u, 0, &string), STATUS_SUCCESS);
    AssertUnicode(string, L"4294967295");
    assert_int_equal(RtlIntegerToUnicodeString(0xABCDEF01, 16, &string), STATUS_SUCCESS);
    AssertUnicode(string, L"ABCDEF01");
    assert_int_equal(RtlIntegerToUnicodeString(~0u, 2, &string), STATUS_BUFFER_OVERFLOW);
    assert_int_equal(RtlIntegerToUnicodeString(1, 7, &string), STATUS_INVALID_PARAMETER);
    string = Unicode(L"  -0x10");
    assert_int_equal(RtlUnicodeStringToInteger(&string, 0, &value), STATUS_SUCCESS);
    assert_int_equal(value, (ULONG)-16);
    string = Unicode(L"777");
    string.Length = 4;                                        /* the end counts, not the NUL */
    RtlUnicodeStringToInteger(&string, 8, &value);
    assert_int_equal(value, 63);
    assert_int_equal(RtlCharToInteger("0b101", 0, &value), STATUS_SUCCESS);
    assert_int_equal(value, 5);
    RtlCharToInteger("", 0, &value);
    assert_int_equal(value, 0);
}

static void test_guid(void **state)
{
    GUID guid = { 0x4D36E978, 0xE325, 0x11CE, { 0xBF, 0xC1, 0x08, 0x00, 0x2B, 0xE1, 0x03, 0x18 } }, back = { 0 };
    UNICODE_STRING text = { 0 };

    assert_int_equal(RtlStringFromGUID(&guid, &text), STATUS_SUCCESS);
    AssertUnicode(text, L"{4d36e978-e325-11ce-bfc1-08002be10318}");
    assert_int_equal(RtlGUIDFromString(&text, &back), STATUS_SUCCESS);
    assert_memory_equal(&guid, &back, sizeof(guid));
    text.Buffer[3] = L'g';
    assert_int_equal(RtlGUIDFromString(&text, &back), STATUS_INVALID_PARAMETER);
    RtlFreeUnicodeString(&text);
}

static void test_casing(void **state)
{
    static USHORT table[0x20000];
    ULONG i;
    UNICODE_STRING text = Unicode(L"stra\xDF" L"e \xE9"), upper = { 0 };

    for (i = 0; i < 0x20000; i++)
        table[i] = (USHORT)i;
    table[0xE9] = 0xC9;
    table[0x10000 + 0xC9] = 0xE9;
    RtlInitializeCasing(table);
    assert_int_equal(RtlUpcaseUnicodeString(&upper, &text, TRUE), STATUS_SUCCESS);
    AssertUnicode(upper, L"STRA\xDF" L"E \xC9");
    assert_int_equal(RtlDowncaseUnicodeChar(0xC9), 0xE9);
    assert_int_equal((UCHAR)RtlUpperChar((CHAR)0xE9), 0xC9);
    assert_true(RtlEqualUnicodeString(&upper, &text, TRUE));
    RtlFreeUnicodeString(&upper);
    assert_int_equal(Allocated, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_init),    cmocka_unit_test(test_copy_append), cmocka_unit_test(test_compare),
        cmocka_unit_test(test_convert), cmocka_unit_test(test_utf8),        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_guid),    cmocka_unit_test(test_casing),
    };
    RtlUpcalls.Allocate = Allocate;
    RtlUpcalls.Free = Free;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

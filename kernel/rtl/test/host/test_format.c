/* SPDX-License-Identifier: MIT
 * The printf engine and the return values of its families.
 */
#include "host.h"
#include "crt.h"
#include "printf.h"
#include "rtl.h"

/* Formats narrow and wide (the format widened) and compares both. Not for formats whose %s depends on the width. */
static void Check(const char *expected, const char *format, ...)
{
    char narrow[256];
    wchar_t wide[256], wideFormat[128];
    va_list arguments;
    size_t i;

    va_start(arguments, format);
    assert_int_equal(_vsnprintf(narrow, sizeof(narrow), format, arguments), strlen(expected));
    va_end(arguments);
    assert_string_equal(narrow, expected);
    for (i = 0; i <= strlen(format); i++)
        wideFormat[i] = (unsigned char)format[i];
    va_start(arguments, format);
    assert_int_equal(_vsnwprintf(wide, 256, wideFormat, arguments), strlen(expected));
    va_end(arguments);
    for (i = 0; i <= strlen(expected); i++)
        assert_int_equal(wide[i], (unsigned char)expected[i]);
}

static void test_integers(void **state)
{
    Check("-1 4294967295 ffffffff FFFFFFFF 37777777777", "%d %u %x %X %o", -1, -1, -1, -1, -1);
    Check("[   42] [42   ] [00042] [+42] [ 42] [   +42]", "[%5d] [%-5d] [%05d] [%+d] [% d] [%+6d]", 42, 42, 42, 42, 42, 42);
    Check("[00042] [  042] [042  ] [042]", "[%.5d] [%5.3d] [%-5.3d] [%0.3d]", 42, 42, 42, 42);
    Check("[] [0] [     ]", "[%.0d] [%d] [%5.0d]", 0, 0, 0);
    Check("0x1f 0X1F 037 0 0", "%#x %#X %#o %#x %#o", 31, 31, 31, 0, 0);
    Check("[0x001f] [  0x1f]", "[%#06x] [%#6x]", 31, 31);
    Check("-9223372036854775808 18446744073709551615", "%I64d %I64u", INT64_MIN, UINT64_MAX);
    Check("123456789abcdef0 123456789abcdef0 123456789abcdef0 9abcdef0", "%llx %I64x %zx %I32x", 0x123456789ABCDEF0,
          0x123456789ABCDEF0, 0x123456789ABCDEF0, 0x9ABCDEF0);
    Check("ffffffffffffffff -1 -1 255 -2 65534", "%Ix %hd %hhd %hhu %hd %hu", (int64_t)-1, 0xFFFF, 0xFF, 0x1FF, 0xFFFE, 0xFFFE);
    Check("-1 4294967295", "%ld %lu", -1, -1);                /* long has 32 bits */
    Check("00000000DEADBEEF 0000000000000000", "%p %p", (void *)0xDEADBEEF, NULL);
    Check("[   7] [7   ] [007]", "[%*d] [%*d] [%.*d]", 4, 7, -4, 7, 3, 7);
}

static void test_string_widths(void **state)
{
    ANSI_STRING ansi = { 3, 4, "ansi" };
    UNICODE_STRING unicode = { 8, 10, L"wide!" }, empty = { 0 };
    wchar_t wide[64];
    char narrow[64];

    Check("[ans] [wide] [(null)] [(null)]", "[%Z] [%wZ] [%wZ] [%wZ]", &ansi, &unicode, &empty, NULL);
    Check("[ab ] [  ab] [  a]", "[%-3hs] [%4hs] [%3.1ls]", "ab", "ab", L"ab");
    Check("(null) (null)", "%hs %ls", NULL, NULL);
    Check("a b % y", "%hc %lc %% %y", 'a', L'b');
    assert_int_equal(sprintf(narrow, "%s %S %c %C", "n", L"w", 'c', L'C'), 7);
    assert_string_equal(narrow, "n w c C");
    assert_int_equal(swprintf(wide, L"%s %S %c %C", L"w", "n", L'c', 'C'), 7);
    assert_int_equal(wcscmp(wide, L"w n c C"), 0);
    assert_int_equal(sprintf(narrow, "%ws", L"\x20AC\x0416"), 2);        /* the euro is in code page 1252, the zhe is not */
    assert_string_equal(narrow, "\x80?");
}

static void test_refused(void **state)
{
    int written = 1;

    Check("? 5 [  ?] 7", "%f %d [%3.1e] %d", 1.5, 5, 2.5, 7);
    Check(" 9", "%n %d", &written, 9);
    assert_int_equal(written, 1);
    Check("5", "%d%", 5);
}

static void test_bounds(void **state)
{
    char text[8];
    wchar_t wide[8];

    memset(text, 'x', sizeof(text));
    assert_int_equal(_snprintf(text, 4, "%s", "abcdef"), -1);
    assert_memory_equal(text, "abcdxxxx", 8);
    assert_int_equal(_snprintf(text, 4, "%s", "ABCD"), 4);
    assert_memory_equal(text, "ABCDxxxx", 8);
    assert_int_equal(_snprintf(text, 4, "%s", "abc"), 3);
    assert_memory_equal(text, "abc\0xxxx", 8);
    assert_int_equal(_snprintf(NULL, 0, "%s", "abcdef"), 6);
    assert_int_equal(sprintf_s(text, 4, "%s", "abcd"), -1);
    assert_string_equal(text, "");
    assert_int_equal(sprintf_s(text, 4, "%s", "abc"), 3);
    assert_int_equal(_snprintf_s(text, 8, 3, "%s", "abcdef"), -1);
    assert_string_equal(text, "abc");
    assert_int_equal(_snprintf_s(text, 4, CRT_TRUNCATE, "%s", "wxyz"), -1);
    assert_string_equal(text, "wxy");
    assert_int_equal(_snprintf_s(text, 4, 8, "%s", "wxyz"), -1);
    assert_string_equal(text, "");
    assert_int_equal(_snwprintf(wide, 2, L"%d", 123), -1);
    assert_int_equal(swprintf_s(wide, 4, L"%d", 123), 3);
    assert_int_equal(wcscmp(wide, L"123"), 0);
}

static int Format(char *buffer, size_t size, const char *format, ...)
{
    va_list arguments;
    int count;

    va_start(arguments, format);
    count = RtlFormatAnsi(buffer, size, format, arguments);
    va_end(arguments);
    return count;
}

static void test_kernel_format(void **state)
{
    char text[4];

    assert_int_equal(Format(text, 4, "%d", 123), 3);
    assert_string_equal(text, "123");
    assert_int_equal(Format(text, 4, "%d", 1234), -1);
    assert_string_equal(text, "123");
    assert_int_equal(Format(text, 0, "%d", 1), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integers), cmocka_unit_test(test_string_widths), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_bounds), cmocka_unit_test(test_kernel_format),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

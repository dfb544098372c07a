/* SPDX-License-Identifier: MIT
 * The C runtime names, against byte-wise references and their documentation.
 */
#include "host.h"
#include "crt.h"

#define LONGEST 300u

/* Every length up to LONGEST at several distances, forward and backward overlap included. */
static void test_memmove(void **state)
{
    static const int distances[] = { -200, -64, -33, -17, -8, -1, 0, 1, 7, 16, 31, 63, 65, 200 };
    uint8_t *ours = malloc(1024), *expected = malloc(1024);
    size_t d, length, i;

    for (d = 0; d < sizeof(distances) / sizeof(*distances); d++) {
        for (length = 0; length <= LONGEST; length++) {
            for (i = 0; i < 1024; i++)
                ours[i] = expected[i] = (uint8_t)(i * 31 + length);
            (memmove)(ours + 300 + distances[d], ours + 300, length);
            for (i = 0; i < length; i++)          /* reference through a copy */
                expected[300 + distances[d] + (int)i] = (uint8_t)((300 + i) * 31 + length);
            for (i = 0; i < 1024; i++)
                assert_int_equal(ours[i], expected[i]);
        }
    }
    free(ours);
    free(expected);
}

static void test_exact_bounds(void **state)
{
    size_t length, i;

    for (length = 0; length <= LONGEST; length++) {           /* ASan watches both ends */
        uint8_t *a = malloc(length + 1), *b = malloc(length + 1);
        memset(a, (int)length, length);
        memcpy(b, a, length);
        for (i = 0; i < length; i++)
            assert_int_equal(b[i], (uint8_t)length);
        assert_int_equal(memcmp(a, b, length), 0);
        if (length != 0) {
            b[length - 1]++;
            assert_true(memcmp(a, b, length) == ((uint8_t)length == 255 ? 1 : -1));
            assert_ptr_equal(memchr(b, b[length - 1], length), b + length - 1);
        }
        free(a);
        free(b);
    }
}

static void test_strings(void **state)
{
    char text[32] = "abc", *context = NULL;

    assert_int_equal(strcmp("abc", "abd"), -1);
    assert_int_equal(strcmp("\xFF", "a"), 1);
    assert_int_equal(strncmp("abc", "abd", 2), 0);
    assert_int_equal(_stricmp("HELLO", "hello"), 0);
    assert_int_equal(_strnicmp("HELLx", "hellY", 4), 0);
    assert_int_equal(_strnicmp("HELLx", "hellY", 5), -1);
    assert_string_equal(strcat(text, "def"), "abcdef");
    assert_string_equal(strncat(text, "ghi", 2), "abcdefgh");
    assert_ptr_equal(strstr(text, "cde"), text + 2);
    assert_ptr_equal(strstr(text, ""), text);
    assert_null(strstr(text, "hg"));
    assert_ptr_equal(strrchr(text, 'a'), text);
    assert_ptr_equal(strchr(text, 0), text + 8);
    assert_string_equal(_strupr(text), "ABCDEFGH");
    assert_string_equal(_strrev(text), "HGFEDCBA");
    strcpy(text, ",a,,bc,");
    assert_string_equal(strtok_s(text, ",", &context), "a");
    assert_string_equal(strtok_s(NULL, ",", &context), "bc");
    assert_null(strtok_s(NULL, ",", &context));
    memset(text, 'x', sizeof(text));
    strncpy(text, "ab", 5);
    assert_memory_equal(text, "ab\0\0\0x", 6);
}

static void test_wide_strings(void **state)
{
    wchar_t text[32] = L"abc";

    assert_int_equal(wcslen(L"four"), 4);
    assert_int_equal(_wcsicmp(L"HELLO", L"hello"), 0);
    assert_int_equal(_wcsnicmp(L"HELLx", L"hellY", 5), -1);
    assert_int_equal(wcscmp(wcscat(text, L"def"), L"abcdef"), 0);
    assert_ptr_equal(wcsstr(text, L"de"), text + 3);
    assert_ptr_equal(wcsrchr(text, L'f'), text + 5);
    assert_null(wcschr(text, L'z'));
    assert_int_equal(wcscmp(_wcsupr(text), L"ABCDEF"), 0);
    assert_int_equal(towupper(L'q'), L'Q');
    assert_int_equal(wcsncmp(wcsncpy(text, L"zz", 4), L"zz", 4), 0);
}

static void test_secure(void **state)
{
    char text[8] = "1234567";
    wchar_t wide[4] = L"abc";

    assert_int_equal(strcpy_s(text, sizeof(text), "7 chars"), 0);
    assert_int_equal(strcpy_s(text, sizeof(text), "8 chars!"), CRT_ERANGE);
    assert_string_equal(text, "");
    assert_int_equal(strncpy_s(text, sizeof(text), "too long for it", CRT_TRUNCATE), CRT_STRUNCATE);
    assert_string_equal(text, "too lon");
    assert_int_equal(strncpy_s(text, sizeof(text), "abcdef", 2), 0);
    assert_string_equal(text, "ab");
    assert_int_equal(strcat_s(text, sizeof(text), "cdefg"), 0);
    assert_int_equal(strcat_s(text, sizeof(text), "h"), CRT_ERANGE);
    assert_int_equal(strcpy_s(NULL, 8, "x"), CRT_EINVAL);
    assert_int_equal(strcpy_s(text, sizeof(text), NULL), CRT_EINVAL);
    assert_int_equal(wcscpy_s(wide, 4, L"four"), CRT_ERANGE);
    assert_int_equal(wide[0], 0);
    assert_int_equal(wcsncat_s(wide, 4, L"vwxyz", 3), 0);
    assert_int_equal(wcscmp(wide, L"vwx"), 0);
    assert_int_equal(memcpy_s(text, 4, "abcdefgh", 5), CRT_ERANGE);
    assert_memory_equal(text, "\0\0\0\0", 4);
}

static void test_numbers(void **state)
{
    char *end, text[70];
    wchar_t *wideEnd, wide[40];

    assert_int_equal(atoi("  -12x"), -12);
    assert_int_equal(atol("2147483648"), INT32_MAX);
    assert_int_equal(strtol("-2147483649", NULL, 10), INT32_MIN);
    assert_int_equal(strtoul("0x1fG", &end, 0), 0x1F);
    assert_string_equal(end, "G");
    assert_int_equal(strtoul("0xg", &end, 16), 0);
    assert_string_equal(end, "xg");
    assert_int_equal(strtoul("4294967296", NULL, 10), UINT32_MAX);
    assert_int_equal(strtoul("-1", NULL, 10), UINT32_MAX);
    assert_int_equal(strtoul("077", NULL, 0), 63);
    assert_int_equal(wcstoul(L"zz!", &wideEnd, 36), 35 * 36 + 35);
    assert_int_equal(*wideEnd, L'!');
    strtol("+", &end, 10);
    assert_string_equal(end, "+");
    assert_true(_atoi64("-9223372036854775808") == INT64_MIN);
    assert_string_equal(_itoa(-255, text, 16), "ffffff01");
    assert_string_equal(_itoa(INT32_MIN, text, 10), "-2147483648");
    assert_string_equal(_i64toa(INT64_MIN, text, 10), "-9223372036854775808");
    assert_string_equal(_ui64toa(UINT64_MAX, text, 2), "1111111111111111111111111111111111111111111111111111111111111111");
    assert_int_equal(wcscmp(_itow(-7, wide, 10), L"-7"), 0);
    assert_int_equal(_itoa_s(1000, text, 4, 10), CRT_ERANGE);
    assert_int_equal(_itoa_s(100, text, 4, 10), 0);
    assert_int_equal(_itoa_s(1, text, 4, 1), CRT_EINVAL);
}

static int CompareInts(const void *left, const void *right)
{
    int a = *(const int *)left, b = *(const int *)right;
    return a < b ? -1 : a > b;
}

static void test_sort(void **state)
{
    uint32_t seed = 7;
    int values[257], i, count;

    for (count = 0; count <= 257; count++) {
        for (i = 0; i < count; i++)
            values[i] = (int)(HostRandom(&seed) % 100);
        qsort(values, (size_t)count, sizeof(int), CompareInts);
        for (i = 1; i < count; i++)
            assert_true(values[i - 1] <= values[i]);
        for (i = 0; i < count; i++)
            assert_int_equal(*(int *)bsearch(&values[i], values, (size_t)count, sizeof(int), CompareInts), values[i]);
        i = 1000;
        assert_null(bsearch(&i, values, (size_t)count, sizeof(int), CompareInts));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memmove), cmocka_unit_test(test_exact_bounds), cmocka_unit_test(test_strings),
        cmocka_unit_test(test_wide_strings), cmocka_unit_test(test_secure), cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_sort),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT
 * The C runtime names as the kernel exports them: each once with a result that a stub would not give. The edges are the native
 * tests' (test/host/test_crt.c).
 */
#define _CRTIMP
#include "../unwind.h"
#include "../printf.h"
#include "test.h"

/* The DDK declares these two as imports whatever _CRTIMP says. */
int SecureCopy(PVOID Destination, SIZE_T Size, const VOID *Source, SIZE_T Count) __asm__("memcpy_s");
int SecureMove(PVOID Destination, SIZE_T Size, const VOID *Source, SIZE_T Count) __asm__("memmove_s");

static VOID Memory(VOID)
{
    UCHAR a[100], b[100];
    ULONG i;

    for (i = 0; i < sizeof(a); i++)
        a[i] = (UCHAR)i;
    CHECK(memcpy(b, a, 100) == b && memcmp(a, b, 100) == 0);
    CHECK(memmove(b + 3, b, 90) == b + 3 && b[3] == 0 && b[92] == 89);
    CHECK(memset(b, 7, 99) == b && b[98] == 7 && b[99] == 99);
    CHECK(memcmp(a, b, 100) < 0 && memchr(a, 42, 100) == a + 42);
    CHECK(SecureCopy(b, 4, a + 10, 4) == 0 && b[3] == 13 && SecureCopy(b, 4, a, 5) == 34 && b[3] == 0);
    CHECK(SecureMove(b, 4, a + 20, 4) == 0 && b[0] == 20 && SecureMove(NULL, 4, a, 1) == 22);
}

#undef RtlCopyMemory
#undef RtlMoveMemory
#undef RtlFillMemory
#undef RtlZeroMemory
#undef RtlCopyMemoryNonTemporal
VOID NTAPI RtlCopyMemory(PVOID Destination, const VOID *Source, SIZE_T Length);
VOID NTAPI RtlMoveMemory(PVOID Destination, const VOID *Source, SIZE_T Length);
VOID NTAPI RtlFillMemory(PVOID Destination, SIZE_T Length, UCHAR Fill);
VOID NTAPI RtlZeroMemory(PVOID Destination, SIZE_T Length);
VOID NTAPI RtlCopyMemoryNonTemporal(PVOID Destination, const VOID *Source, SIZE_T Length);

static VOID RtlMemory(VOID)
{
    ULONG words[8] = { 5, 5, 5, 6 };
    UCHAR bytes[32];

    RtlFillMemory(bytes, 32, 0xAA);
    RtlCopyMemory(bytes, words, 16);
    CHECK(RtlCompareMemory(bytes, words, 32) == 16);
    RtlMoveMemory(bytes + 4, bytes, 16);
    CHECK(bytes[16] == 6 && bytes[31] == 0xAA);
    RtlCopyMemoryNonTemporal(bytes, words + 3, 4);
    CHECK(bytes[0] == 6);
    CHECK(RtlCompareMemoryUlong(words, sizeof(words), 5) == 12 && RtlCompareMemoryUlong(bytes + 1, 4, 0) == 0);
    RtlZeroMemory(bytes, 31);
    CHECK(bytes[0] == 0 && bytes[30] == 0 && bytes[31] == 0xAA);
}

static VOID Strings(VOID)
{
    CHAR text[32] = "abc", *context = NULL;

    CHECK(strlen(text) == 3 && strnlen(text, 2) == 2);
    CHECK(strcmp("a", "b") < 0 && strncmp("ab", "ac", 1) == 0 && strncmp("ab", "ac", 2) < 0);
    CHECK(_stricmp("ABC", text) == 0 && _strnicmp("ABX", text, 2) == 0 && _strnicmp("ABX", text, 3) > 0);
    CHECK(strcat(text, "def") == text && strncat(text, "ghi", 1) == text && strcmp(text, "abcdefg") == 0);
    CHECK(strchr(text, 'c') == text + 2 && strrchr(text, 'c') == text + 2 && strstr(text, "ef") == text + 4);
    CHECK(strspn(text, "cba") == 3 && strcspn(text, "ed") == 3 && strpbrk(text, "ed") == text + 3);
    CHECK(strcmp(_strupr(text), "ABCDEFG") == 0 && strcmp(_strlwr(text), "abcdefg") == 0 &&
          strcmp(_strrev(text), "gfedcba") == 0);
    CHECK(strcpy(text, "a,b") == text && strcmp(strtok_s(text, ",", &context), "a") == 0 &&
          strcmp(strtok_s(NULL, ",", &context), "b") == 0);
    CHECK(strncpy(text, "xy", 4) == text && text[1] == 'y' && text[3] == 0);
}

static VOID WideStrings(VOID)
{
    WCHAR text[32] = L"abc";

    CHECK(wcslen(text) == 3 && wcsnlen(text, 2) == 2);
    CHECK(wcscmp(L"a", L"b") < 0 && wcsncmp(L"ab", L"ac", 1) == 0 && _wcsicmp(L"ABC", text) == 0 &&
          _wcsnicmp(L"ABX", text, 2) == 0);
    CHECK(wcscat(text, L"def") == text && wcsncat(text, L"ghi", 1) == text && wcscmp(text, L"abcdefg") == 0);
    CHECK(wcschr(text, L'c') == text + 2 && wcsrchr(text, L'c') == text + 2 && wcsstr(text, L"ef") == text + 4 &&
          wcsspn(text, L"ba") == 2);
    CHECK(wcscmp(_wcsupr(text), L"ABCDEFG") == 0 && wcscmp(_wcslwr(text), L"abcdefg") == 0 &&
          wcscmp(_wcsrev(text), L"gfedcba") == 0);
    CHECK(wcscpy(text, L"zz") == text && wcsncpy(text, L"y", 1) == text && text[0] == L'y' && text[1] == L'z');
    CHECK(towupper(L'q') == L'Q' && towlower(L'Q') == L'q');
}

static VOID Secure(VOID)
{
    CHAR text[6];
    WCHAR wide[6];

    CHECK(strcpy_s(text, 6, "abc") == 0 && strcat_s(text, 6, "de") == 0 && strcmp(text, "abcde") == 0);
    CHECK(strcat_s(text, 6, "f") == 34 && text[0] == 0 && strncpy_s(text, 6, "abcdefg", 3) == 0 &&
          strncat_s(text, 6, "xyz", 2) == 0);
    CHECK(strcmp(text, "abcxy") == 0);
    CHECK(wcscpy_s(wide, 6, L"abc") == 0 && wcscat_s(wide, 6, L"de") == 0 && wcscmp(wide, L"abcde") == 0);
    CHECK(wcscpy_s(wide, 6, L"abcdef") == 34 && wcsncpy_s(wide, 6, L"abcdefg", 3) == 0 &&
          wcsncat_s(wide, 6, L"xyz", (SIZE_T)-1) == 80);
    CHECK(wcscmp(wide, L"abcxy") == 0);
}

static VOID Characters(VOID)
{
    CHECK(isdigit('7') && !isdigit('a') && isxdigit('F') && !isxdigit('G') && isspace('\n') && !isspace('x'));
    CHECK(islower('a') && !islower('A') && isupper('A') && !isupper('a') && isprint('~') && !isprint(7));
    CHECK(isalpha('z') && !isalpha('1') && isalnum('1') && !isalnum('-') && tolower('A') == 'a' && toupper('a') == 'A');
}

static VOID Numbers(VOID)
{
    CHAR text[40], *end;
    WCHAR wide[40], *wideEnd;

    CHECK(atoi("-12") == -12 && atol("34") == 34 && _atoi64("-5000000000") == -5000000000 && _wtoi(L"56") == 56 &&
          _wtol(L"-7") == -7);
    CHECK(strtol("-0x10z", &end, 0) == -16 && *end == 'z' && strtoul("4294967295", NULL, 10) == 4294967295u);
    CHECK(wcstol(L"12.", &wideEnd, 10) == 12 && *wideEnd == L'.' && wcstoul(L"ff", NULL, 16) == 255);
    CHECK(strcmp(_itoa(-5, text, 10), "-5") == 0 && strcmp(_ltoa(255, text, 16), "ff") == 0 &&
          strcmp(_ultoa(~0u, text, 10), "4294967295") == 0);
    CHECK(strcmp(_i64toa(-5000000000, text, 10), "-5000000000") == 0 &&
          strcmp(_ui64toa(~0ull, text, 16), "ffffffffffffffff") == 0);
    CHECK(wcscmp(_itow(-5, wide, 10), L"-5") == 0 && wcscmp(_ltow(255, wide, 16), L"ff") == 0 &&
          wcscmp(_ultow(7, wide, 2), L"111") == 0);
    CHECK(wcscmp(_i64tow(-9, wide, 10), L"-9") == 0 && wcscmp(_ui64tow(9, wide, 10), L"9") == 0);
    CHECK(_itoa_s(77, text, 3, 10) == 0 && strcmp(text, "77") == 0 && _itoa_s(777, text, 3, 10) == 34);
    CHECK(_itow_s(77, wide, 3, 10) == 0 && wcscmp(wide, L"77") == 0);
    CHECK(mbstowcs(wide, "ab", 40) == 2 && wide[1] == L'b' && wcstombs(text, L"cd", 40) == 2 && text[1] == 'd');
}

static int __cdecl CompareBytes(const void *left, const void *right) { return *(const CHAR *)left - *(const CHAR *)right; }
double sqrt(double Value);

static VOID Algorithms(VOID)
{
    CHAR text[] = "petrel";
    int first, second;

    qsort(text, 6, 1, CompareBytes);
    CHECK(strcmp(text, "eelprt") == 0 && bsearch("p", text, 6, 1, CompareBytes) == text + 3 &&
          bsearch("x", text, 6, 1, CompareBytes) == NULL);
    srand(1);
    first = rand();
    second = rand();
    srand(1);
    CHECK(first == 41 && second != first && rand() == first);
    CHECK(sqrt(144.0) == 12.0);
}

/* ---- printf ---- */
static int Narrow(int (*print)(CHAR *, SIZE_T, const CHAR *, va_list), CHAR *buffer, SIZE_T size, const CHAR *format, ...)
{
    va_list arguments;
    int count;

    va_start(arguments, format);
    count = print(buffer, size, format, arguments);
    va_end(arguments);
    return count;
}

static int Unsized(CHAR *buffer, SIZE_T size, const CHAR *format, va_list arguments)
{
    return vsprintf(buffer, format, arguments);
}
static int Truncating(CHAR *buffer, SIZE_T size, const CHAR *format, va_list arguments)
{
    return _vsnprintf_s(buffer, size, (SIZE_T)-1, format, arguments);
}

static VOID PrintNarrow(VOID)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\Null");
    CHAR text[64];

    CHECK(sprintf(text, "%wZ %d %I64x %p", &name, -1, 0x123456789ull, (PVOID)0xAB) == 12 + 4 + 9 + 1 + 16);
    CHECK(strcmp(text, "\\Device\\Null -1 123456789 00000000000000AB") == 0);
    CHECK(_snprintf(text, 3, "%s", "abc") == 3 && text[3] == 'v' && _snprintf(text, 3, "%s", "abcd") == -1);
    CHECK(sprintf_s(text, 4, "%u", 123) == 3 && sprintf_s(text, 4, "%u", 1234) == -1 && text[0] == 0);
    CHECK(_snprintf_s(text, 8, 2, "%s", "abc") == -1 && strcmp(text, "ab") == 0);
    CHECK(Narrow(Unsized, text, 0, "%x", 255) == 2 && strcmp(text, "ff") == 0);
    CHECK(Narrow(_vsnprintf, text, 2, "%x", 4095) == -1 && Narrow(vsprintf_s, text, 8, "%x", 4095) == 3 &&
          strcmp(text, "fff") == 0);
    CHECK(Narrow(Truncating, text, 3, "%s", "xyz") == -1 && strcmp(text, "xy") == 0);
}

static int Wide(int (*print)(WCHAR *, SIZE_T, const WCHAR *, va_list), WCHAR *buffer, SIZE_T size, const WCHAR *format, ...)
{
    va_list arguments;
    int count;

    va_start(arguments, format);
    count = print(buffer, size, format, arguments);
    va_end(arguments);
    return count;
}

static int WideUnsized(WCHAR *buffer, SIZE_T size, const WCHAR *format, va_list arguments)
{
    return _vswprintf(buffer, format, arguments);
}
static int WideUnsized2(WCHAR *buffer, SIZE_T size, const WCHAR *format, va_list arguments)
{
    return vswprintf(buffer, format, arguments);
}
static int WideTruncating(WCHAR *buffer, SIZE_T size, const WCHAR *format, va_list arguments)
{
    return _vsnwprintf_s(buffer, size, (SIZE_T)-1, format, arguments);
}

static VOID PrintWide(VOID)
{
    WCHAR text[64];

    CHECK(swprintf(text, L"%s %S %hs", L"wide", "narrow", "n") == 13 && wcscmp(text, L"wide narrow n") == 0);
    CHECK(_snwprintf(text, 2, L"%d", 123) == -1 && _snwprintf(text, 4, L"%d", 123) == 3 && wcscmp(text, L"123") == 0);
    CHECK(swprintf_s(text, 4, L"%d", 1234) == -1 && text[0] == 0 && swprintf_s(text, 4, L"%d", 124) == 3 &&
          wcscmp(text, L"124") == 0);
    CHECK(_snwprintf_s(text, 8, 2, L"%s", L"abc") == -1 && wcscmp(text, L"ab") == 0);
    CHECK(Wide(WideUnsized, text, 0, L"%x", 255) == 2 && wcscmp(text, L"ff") == 0 && Wide(WideUnsized2, text, 0, L"%x", 10) == 1);
    CHECK(Wide(_vsnwprintf, text, 2, L"%x", 4095) == -1 && Wide(vswprintf_s, text, 8, L"%x", 4095) == 3 &&
          wcscmp(text, L"fff") == 0);
    CHECK(Wide(WideTruncating, text, 3, L"%s", L"xyz") == -1 && wcscmp(text, L"xy") == 0);
}

/* The probe of a large frame keeps every register. */
static VOID StackProbe(VOID)
{
    ULONG64 rax = 0x2800, rcx = 0x1111, rdx = 0x2222;

    __asm__ volatile("subq $0x20, %%rsp\n callq __chkstk\n callq ___chkstk_ms\n addq $0x20, %%rsp"
                     : "+a"(rax), "+c"(rcx), "+d"(rdx)
                     :
                     : "memory", "cc");
    CHECK(rax == 0x2800 && rcx == 0x1111 && rdx == 0x2222);
}

static const KE_TEST Tests[] = {
    { "rtl.crt.memory", Memory },
    { "rtl.crt.rtlmemory", RtlMemory },
    { "rtl.crt.string", Strings },
    { "rtl.crt.wide", WideStrings },
    { "rtl.crt.secure", Secure },
    { "rtl.crt.character", Characters },
    { "rtl.crt.number", Numbers },
    { "rtl.crt.algorithm", Algorithms },
    { "rtl.crt.printf", PrintNarrow },
    { "rtl.crt.wideprintf", PrintWide },
    { "rtl.crt.chkstk", StackProbe },
};
const KE_TEST_GROUP RtlRuntimeTests = { Tests, RTL_NUMBER_OF(Tests) };

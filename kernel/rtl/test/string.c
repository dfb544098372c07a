/* SPDX-License-Identifier: MIT
 * Counted strings and their conversions, each export once; the edges are the native tests' (test/host/test_string.c).
 */
#include "ipv4.h"
#include "rtl.h"
#include "test.h"

NTSTATUS NTAPI RtlInitAnsiStringEx(PANSI_STRING DestinationString, PCSZ SourceString);
NTSTATUS NTAPI RtlAppendAsciizToString(PSTRING Destination, PCSZ Source);
BOOLEAN NTAPI RtlPrefixString(const PSTRING String1, const PSTRING String2, BOOLEAN CaseInSensitive);
WCHAR NTAPI RtlAnsiCharToUnicodeChar(PUCHAR *SourceCharacter);

static BOOLEAN Is(PCUNICODE_STRING string, PCWSTR text)
{
    UNICODE_STRING other;
    RtlInitUnicodeString(&other, text);
    return RtlEqualUnicodeString(string, &other, FALSE);
}

static VOID Initialize(VOID)
{
    UNICODE_STRING wide = { 0 };
    ANSI_STRING narrow = { 0 };

    RtlInitUnicodeString(&wide, L"abc");
    CHECK(wide.Length == 6 && wide.MaximumLength == 8 && wide.Buffer[2] == L'c');
    wide.Length = 0;
    CHECK(RtlInitUnicodeStringEx(&wide, L"ab") == STATUS_SUCCESS && wide.Length == 4);
    RtlInitAnsiString(&narrow, "abcd");
    CHECK(narrow.Length == 4 && narrow.MaximumLength == 5);
    RtlInitString(&narrow, "ab");
    CHECK(narrow.Length == 2);
    CHECK(RtlInitAnsiStringEx(&narrow, "abc") == STATUS_SUCCESS && narrow.Length == 3);
    CHECK(RtlValidateUnicodeString(0, &wide) == STATUS_SUCCESS);
    wide.Length = 3;
    CHECK(RtlValidateUnicodeString(0, &wide) == STATUS_INVALID_PARAMETER);
}

static VOID Copy(VOID)
{
    WCHAR room[8];
    UNICODE_STRING string = { 0, sizeof(room), room }, made = { 0 }, twin = { 0 };
    UNICODE_STRING source = RTL_CONSTANT_STRING(L"abc");

    RtlCopyUnicodeString(&string, &source);
    CHECK(RtlAppendUnicodeToString(&string, L"de") == STATUS_SUCCESS && Is(&string, L"abcde"));
    CHECK(RtlAppendUnicodeStringToString(&string, &source) == STATUS_SUCCESS && Is(&string, L"abcdeabc"));
    CHECK(RtlAppendUnicodeToString(&string, L"x") == STATUS_BUFFER_TOO_SMALL);
    CHECK(RtlCreateUnicodeString(&made, L"made") && Is(&made, L"made") && made.Buffer[4] == 0);
    CHECK(RtlDuplicateUnicodeString(1, &made, &twin) == STATUS_SUCCESS && Is(&twin, L"made") && twin.Buffer != made.Buffer);
    RtlFreeUnicodeString(&made);
    RtlFreeUnicodeString(&twin);
    CHECK(made.Buffer == NULL && twin.Buffer == NULL);
}

static VOID Compare(VOID)
{
    UNICODE_STRING lower = RTL_CONSTANT_STRING(L"\\device\\null"), upper = RTL_CONSTANT_STRING(L"\\DEVICE\\NULL");
    UNICODE_STRING start = RTL_CONSTANT_STRING(L"\\Device"), folded = { 0 };
    ULONG hash = 0, other = 1;

    CHECK(RtlEqualUnicodeString(&lower, &upper, TRUE) && !RtlEqualUnicodeString(&lower, &upper, FALSE));
    CHECK(RtlCompareUnicodeString(&lower, &upper, FALSE) > 0 && RtlCompareUnicodeString(&lower, &upper, TRUE) == 0);
    CHECK(RtlCompareUnicodeStrings(L"ab", 2, L"abc", 3, FALSE) < 0);
    CHECK(RtlPrefixUnicodeString(&start, &lower, TRUE) && !RtlPrefixUnicodeString(&start, &lower, FALSE));
    CHECK(RtlHashUnicodeString(&lower, TRUE, HASH_STRING_ALGORITHM_X65599, &hash) == STATUS_SUCCESS);
    CHECK(RtlHashUnicodeString(&upper, TRUE, HASH_STRING_ALGORITHM_DEFAULT, &other) == STATUS_SUCCESS && hash == other &&
          hash != 0);
    CHECK(RtlUpcaseUnicodeString(&folded, &lower, TRUE) == STATUS_SUCCESS && Is(&folded, L"\\DEVICE\\NULL"));
    CHECK(RtlDowncaseUnicodeString(&folded, &upper, FALSE) == STATUS_SUCCESS && Is(&folded, L"\\device\\null"));
    RtlFreeUnicodeString(&folded);
    CHECK(RtlUpcaseUnicodeChar(L'q') == L'Q' && RtlDowncaseUnicodeChar(L'Q') == L'q');
}

static VOID Ansi(VOID)
{
    CHAR room[8], upperRoom[8];
    STRING string = { 0, sizeof(room), room }, upper = { 0, sizeof(upperRoom), upperRoom }, abc = RTL_CONSTANT_STRING("abc");

    RtlCopyString(&string, &abc);
    CHECK(RtlAppendStringToString(&string, &abc) == STATUS_SUCCESS &&
          RtlAppendAsciizToString(&string, "xyz") == STATUS_BUFFER_TOO_SMALL);
    CHECK(RtlAppendAsciizToString(&string, "x") == STATUS_SUCCESS && string.Length == 7 && room[6] == 'x');
    RtlUpperString(&upper, &string);
    CHECK(upper.Length == 7 && upperRoom[0] == 'A' && RtlUpperChar('z') == 'Z');
    CHECK(RtlEqualString(&string, &upper, TRUE) && !RtlEqualString(&string, &upper, FALSE));
    CHECK(RtlCompareString(&string, &upper, FALSE) > 0 && RtlPrefixString(&abc, &string, FALSE));
}

static VOID Convert(VOID)
{
    UNICODE_STRING wide = RTL_CONSTANT_STRING(L"caf\xE9"), back = { 0 };
    STRING narrow = { 0 }, oem = { 0 };
    PUCHAR at = (PUCHAR)"\x80x";

    CHECK(RtlUnicodeStringToAnsiString(&narrow, &wide, TRUE) == STATUS_SUCCESS && (UCHAR)narrow.Buffer[3] == 0xE9 &&
          narrow.Buffer[4] == 0);
    CHECK(RtlxUnicodeStringToAnsiSize(&wide) == 5 && RtlxAnsiStringToUnicodeSize(&narrow) == 10);
    CHECK(RtlAnsiStringToUnicodeString(&back, &narrow, TRUE) == STATUS_SUCCESS && Is(&back, L"caf\xE9"));
    RtlFreeUnicodeString(&back);
    CHECK(RtlUnicodeStringToOemString(&oem, &wide, TRUE) == STATUS_SUCCESS && (UCHAR)oem.Buffer[3] == 0x82);
    CHECK(RtlxUnicodeStringToOemSize(&wide) == 5 && RtlxOemStringToUnicodeSize(&oem) == 10);
    CHECK(RtlOemStringToUnicodeString(&back, &oem, TRUE) == STATUS_SUCCESS && Is(&back, L"caf\xE9"));
    CHECK(RtlUpcaseUnicodeStringToOemString(&oem, &wide, FALSE) == STATUS_SUCCESS && oem.Buffer[0] == 'C');
    RtlFreeUnicodeString(&back);
    RtlFreeAnsiString(&narrow);
    RtlFreeOemString(&oem);
    CHECK(narrow.Buffer == NULL && oem.Buffer == NULL);
    CHECK(RtlAnsiCharToUnicodeChar(&at) == 0x20AC && *at == 'x');
    CHECK(!RtlMbCodePageTag && !RtlMbOemCodePageTag);
}

static VOID Buffers(VOID)
{
    WCHAR wide[8] = { 0 };
    CHAR narrow[16] = { 0 };
    ULONG used = 0;

    CHECK(RtlMultiByteToUnicodeN(wide, sizeof(wide), &used, "a\x80", 2) == STATUS_SUCCESS && used == 4 && wide[1] == 0x20AC);
    CHECK(RtlUnicodeToMultiByteN(narrow, 16, &used, wide, 4) == STATUS_SUCCESS && used == 2 && (UCHAR)narrow[1] == 0x80);
    CHECK(RtlUpcaseUnicodeToMultiByteN(narrow, 16, &used, wide, 2) == STATUS_SUCCESS && narrow[0] == 'A');
    CHECK(RtlMultiByteToUnicodeSize(&used, "abc", 3) == STATUS_SUCCESS && used == 6);
    CHECK(RtlUnicodeToMultiByteSize(&used, L"abcd", 8) == STATUS_SUCCESS && used == 4);
    CHECK(RtlOemToUnicodeN(wide, sizeof(wide), &used, "\x82", 1) == STATUS_SUCCESS && wide[0] == 0xE9);
    CHECK(RtlUnicodeToOemN(narrow, 16, &used, wide, 2) == STATUS_SUCCESS && (UCHAR)narrow[0] == 0x82);
    CHECK(RtlUpcaseUnicodeToOemN(narrow, 16, &used, L"b", 2) == STATUS_SUCCESS && narrow[0] == 'B');
    CHECK(RtlUnicodeToUTF8N(narrow, 16, &used, L"\x20AC", 2) == STATUS_SUCCESS && used == 3 && (UCHAR)narrow[0] == 0xE2);
    CHECK(RtlUTF8ToUnicodeN(wide, sizeof(wide), &used, narrow, 3) == STATUS_SUCCESS && used == 2 && wide[0] == 0x20AC);
}

static VOID Integers(VOID)
{
    WCHAR room[24];
    UNICODE_STRING string = { 0, sizeof(room), room };
    ULONG value = 0;

    CHECK(RtlIntegerToUnicodeString(48879, 16, &string) == STATUS_SUCCESS && Is(&string, L"BEEF"));
    CHECK(RtlUnicodeStringToInteger(&string, 16, &value) == STATUS_SUCCESS && value == 48879);
    CHECK(RtlInt64ToUnicodeString(10000000000ull, 10, &string) == STATUS_SUCCESS && Is(&string, L"10000000000"));
    CHECK(RtlCharToInteger("0x1F", 0, &value) == STATUS_SUCCESS && value == 31);
}

static VOID Guids(VOID)
{
    GUID guid = { 0x4D36E978, 0xE325, 0x11CE, { 0xBF, 0xC1, 0x08, 0x00, 0x2B, 0xE1, 0x03, 0x18 } }, back = { 0 };
    UNICODE_STRING text = { 0 };

    CHECK(RtlStringFromGUID(&guid, &text) == STATUS_SUCCESS && Is(&text, L"{4d36e978-e325-11ce-bfc1-08002be10318}"));
    CHECK(RtlGUIDFromString(&text, &back) == STATUS_SUCCESS && RtlCompareMemory(&guid, &back, 16) == 16);
    RtlFreeUnicodeString(&text);
}

/* ---- Addresses of the Internet ---- */
static BOOLEAN Reads(PCSTR Text, BOOLEAN Strict, ULONG Expected, ULONG Length)
{
    UCHAR bytes[4] = { 0 };
    PCSTR end = NULL;
    NTSTATUS status = RtlIpv4StringToAddressA(Text, Strict, &end, (struct in_addr *)bytes);

    return status == STATUS_SUCCESS && end == Text + Length &&
           ((ULONG)bytes[0] << 24 | (ULONG)bytes[1] << 16 | (ULONG)bytes[2] << 8 | bytes[3]) == Expected;
}

static BOOLEAN Refuses(PCSTR Text, BOOLEAN Strict)
{
    UCHAR bytes[4];
    PCSTR end;

    return RtlIpv4StringToAddressA(Text, Strict, &end, (struct in_addr *)bytes) == STATUS_INVALID_PARAMETER;
}

static VOID Ipv4(VOID)
{
    static const UCHAR address[4] = { 192, 168, 0, 10 }, most[4] = { 255, 255, 255, 255 };
    CHAR text[16];

    CHECK(RtlIpv4AddressToStringA((const struct in_addr *)address, text) == text + 12 && strcmp(text, "192.168.0.10") == 0);
    CHECK(RtlIpv4AddressToStringA((const struct in_addr *)most, text) == text + 15 && strcmp(text, "255.255.255.255") == 0);
    CHECK(Reads("192.168.0.10", TRUE, 0xC0A8000A, 12) && Reads("1.2.3.4:80", TRUE, 0x01020304, 7) && Reads("0.0.0.08", TRUE, 8, 8));
    CHECK(Refuses("1.2.3", TRUE) && Refuses("1.2.3.256", TRUE) && Refuses("", TRUE) && Refuses("1..2.3", TRUE) && Refuses("256.1.1.1", TRUE));
    CHECK(Reads("1.2.3", FALSE, 0x01020003, 5) && Reads("1.65535", FALSE, 0x0100FFFF, 7) && Reads("4294967295", FALSE, 0xFFFFFFFF, 10));
    CHECK(Reads("0x7F.1", FALSE, 0x7F000001, 6) && Reads("010.1", FALSE, 0x08000001, 5) && Refuses("1.2.65536", FALSE));
    CHECK(Refuses("4294967296", FALSE) && Refuses("x", FALSE) && Refuses("1.2.", FALSE));
}

static const KE_TEST Tests[] = {
    { "rtl.string.initialize", Initialize },
    { "rtl.string.copy", Copy },
    { "rtl.string.compare", Compare },
    { "rtl.string.ansi", Ansi },
    { "rtl.string.convert", Convert },
    { "rtl.string.buffer", Buffers },
    { "rtl.string.integer", Integers },
    { "rtl.string.guid", Guids },
    { "rtl.string.ipv4", Ipv4 },
};
const KE_TEST_GROUP RtlStringTests = { Tests, RTL_NUMBER_OF(Tests) };

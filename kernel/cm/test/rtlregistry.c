/* SPDX-License-Identifier: MIT
 * The Rtl registry routines.
 */
#include "testkeys.h"

static VOID TestWriteCheckDelete(VOID)
{
    ULONG number = 5, read = 0;
    HANDLE root = TestBegin();
    RTL_QUERY_REGISTRY_TABLE table[2] = { { NULL, RTL_QUERY_REGISTRY_DIRECT | RTL_QUERY_REGISTRY_REQUIRED, L"n", &read, 0, NULL, 0 } };

    CHECK(RtlCheckRegistryKey(RTL_REGISTRY_ABSOLUTE, TEST_ROOT L"\\New") == STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK(RtlWriteRegistryValue(RTL_REGISTRY_ABSOLUTE, TEST_ROOT L"\\New", L"n", REG_DWORD, &number, 4) == STATUS_SUCCESS);
    CHECK(RtlCheckRegistryKey(RTL_REGISTRY_ABSOLUTE, TEST_ROOT L"\\New") == STATUS_SUCCESS);
    CHECK(RtlQueryRegistryValues(RTL_REGISTRY_ABSOLUTE, TEST_ROOT L"\\New", table, NULL, NULL) == STATUS_SUCCESS && read == 5);
    CHECK(RtlDeleteRegistryValue(RTL_REGISTRY_ABSOLUTE, TEST_ROOT L"\\New", L"n") == STATUS_SUCCESS);
    CHECK(RtlDeleteRegistryValue(RTL_REGISTRY_ABSOLUTE, TEST_ROOT L"\\New", L"n") == STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK(RtlQueryRegistryValues(RTL_REGISTRY_ABSOLUTE, TEST_ROOT L"\\New", table, NULL, NULL) == STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK(RtlCreateRegistryKey(RTL_REGISTRY_ABSOLUTE, TEST_ROOT L"\\Other") == STATUS_SUCCESS);
    CHECK(RtlCreateRegistryKey(RTL_REGISTRY_ABSOLUTE, TEST_ROOT L"\\No\\Other") == STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK(RtlWriteRegistryValue(RTL_REGISTRY_HANDLE, (PCWSTR)root, L"n", REG_DWORD, &number, 4) == STATUS_SUCCESS);
    CHECK(RtlDeleteRegistryValue(RTL_REGISTRY_HANDLE, (PCWSTR)root, L"n") == STATUS_SUCCESS);
    TestEnd(root);
}

static VOID TestPlaces(VOID)
{
    CHECK(RtlCheckRegistryKey(RTL_REGISTRY_SERVICES, L"") == STATUS_SUCCESS);
    CHECK(RtlCheckRegistryKey(RTL_REGISTRY_CONTROL, L"Session Manager") == STATUS_SUCCESS);
    CHECK(RtlCheckRegistryKey(RTL_REGISTRY_WINDOWS_NT, NULL) == STATUS_SUCCESS);
    CHECK(RtlCheckRegistryKey(RTL_REGISTRY_DEVICEMAP, L"") == STATUS_SUCCESS);
    CHECK(RtlCheckRegistryKey(RTL_REGISTRY_USER, L"") == STATUS_SUCCESS);
    CHECK(RtlCheckRegistryKey(99, L"") == STATUS_INVALID_PARAMETER);
}

typedef struct TEST_SEEN {
    ULONG Calls, Types[8], Lengths[8];
    WCHAR Text[8][24], Names[8][8];
    NTSTATUS Answer;
} TEST_SEEN;

static NTSTATUS NTAPI TestSee(PWSTR ValueName, ULONG ValueType, PVOID ValueData, ULONG ValueLength, PVOID Context, PVOID EntryContext)
{
    TEST_SEEN *seen = Context;
    ULONG i = seen->Calls++;

    CHECK(EntryContext == (PVOID)0x77);
    if (i >= 8)
        return STATUS_SUCCESS;
    seen->Types[i] = ValueType;
    seen->Lengths[i] = ValueLength;
    RtlCopyMemory(seen->Text[i], ValueData, min(ValueLength, 46));
    for (i = 0; ValueName != NULL && ValueName[i] != L'\0' && i < 7; i++)
        seen->Names[seen->Calls - 1][i] = ValueName[i];
    return seen->Answer;
}

static NTSTATUS TestRun(HANDLE Key, ULONG Flags, PCWSTR Name, TEST_SEEN *Seen)
{
    RTL_QUERY_REGISTRY_TABLE table[2] = { { TestSee, Flags, Name, (PVOID)0x77, REG_NONE, NULL, 0 } };
    RtlZeroMemory(Seen, FIELD_OFFSET(TEST_SEEN, Answer));
    return RtlQueryRegistryValues(RTL_REGISTRY_HANDLE, (PCWSTR)Key, table, Seen, NULL);
}

static BOOLEAN TestSame(PCWSTR Left, PCWSTR Right)
{
    while (*Left == *Right && *Left != L'\0')
        Left++, Right++;
    return *Left == *Right;
}

static VOID TestRoutine(VOID)
{
    TEST_SEEN seen = { .Answer = STATUS_SUCCESS };
    HANDLE root = TestBegin();

    TestSet(root, L"sz", REG_SZ, L"text", 10);
    TestSet(root, L"multi", REG_MULTI_SZ, L"one\0two\0", 18);
    TestSet(root, L"expand", REG_EXPAND_SZ, L"%systemroot%\\x%y%", 36);
    CHECK(TestRun(root, 0, L"sz", &seen) == STATUS_SUCCESS);
    CHECK(seen.Calls == 1 && seen.Types[0] == REG_SZ && seen.Lengths[0] == 10 && TestSame(seen.Names[0], L"sz"));
    CHECK(TestRun(root, 0, L"multi", &seen) == STATUS_SUCCESS);
    CHECK(seen.Calls == 2 && seen.Types[1] == REG_SZ && seen.Lengths[1] == 8 && TestSame(seen.Text[1], L"two"));
    CHECK(TestRun(root, RTL_QUERY_REGISTRY_NOEXPAND, L"multi", &seen) == STATUS_SUCCESS);
    CHECK(seen.Calls == 1 && seen.Types[0] == REG_MULTI_SZ && seen.Lengths[0] == 18);
    CHECK(TestRun(root, 0, L"expand", &seen) == STATUS_SUCCESS);
    CHECK(seen.Calls == 1 && seen.Types[0] == REG_SZ && seen.Lengths[0] == 32 && TestSame(seen.Text[0], L"C:\\Windows\\x%y%"));
    CHECK(TestRun(root, RTL_QUERY_REGISTRY_NOEXPAND, L"expand", &seen) == STATUS_SUCCESS);
    CHECK(seen.Types[0] == REG_EXPAND_SZ && seen.Lengths[0] == 36);
    CHECK(TestRun(root, RTL_QUERY_REGISTRY_NOEXPAND, NULL, &seen) == STATUS_SUCCESS);      /* all of them */
    CHECK(seen.Calls == 3 && TestSame(seen.Names[2], L"expand"));
    CHECK(TestRun(root, RTL_QUERY_REGISTRY_NOVALUE, NULL, &seen) == STATUS_SUCCESS);
    CHECK(seen.Calls == 1 && seen.Types[0] == REG_NONE && seen.Lengths[0] == 0);
    seen.Answer = STATUS_ACCESS_DENIED;
    CHECK(TestRun(root, RTL_QUERY_REGISTRY_NOEXPAND, NULL, &seen) == STATUS_ACCESS_DENIED && seen.Calls == 1);
    seen.Answer = STATUS_BUFFER_TOO_SMALL;
    CHECK(TestRun(root, RTL_QUERY_REGISTRY_NOEXPAND, NULL, &seen) == STATUS_SUCCESS && seen.Calls == 3);
    TestEnd(root);
}

static VOID TestRequired(VOID)
{
    TEST_SEEN seen = { .Answer = STATUS_SUCCESS };
    HANDLE root = TestBegin();
    RTL_QUERY_REGISTRY_TABLE table[2] = { { TestSee, 0, L"none", (PVOID)0x77, REG_SZ, L"default", 0 } };

    CHECK(TestRun(root, 0, L"none", &seen) == STATUS_SUCCESS && seen.Calls == 0);
    CHECK(TestRun(root, RTL_QUERY_REGISTRY_REQUIRED, L"none", &seen) == STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK(TestRun(root, RTL_QUERY_REGISTRY_REQUIRED, NULL, &seen) == STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK(TestRun(root, 0, NULL, &seen) == STATUS_SUCCESS && seen.Calls == 0);
    CHECK(RtlQueryRegistryValues(RTL_REGISTRY_HANDLE, (PCWSTR)root, table, &seen, NULL) == STATUS_SUCCESS);
    CHECK(seen.Calls == 1 && seen.Lengths[0] == 16 && TestSame(seen.Text[0], L"default"));
    CHECK(RtlQueryRegistryValues(RTL_REGISTRY_ABSOLUTE, TEST_ROOT L"\\No", table, &seen, NULL) == STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK(RtlQueryRegistryValues(RTL_REGISTRY_ABSOLUTE | RTL_REGISTRY_OPTIONAL, TEST_ROOT L"\\No", table, &seen, NULL) ==
          STATUS_SUCCESS);
    TestEnd(root);
}

static NTSTATUS TestDirect(HANDLE Key, ULONG Flags, PCWSTR Name, PVOID Target, ULONG Type)
{
    RTL_QUERY_REGISTRY_TABLE table[2] = { { NULL, RTL_QUERY_REGISTRY_DIRECT | Flags, Name, Target, Type, NULL, 0 } };
    return RtlQueryRegistryValues(RTL_REGISTRY_HANDLE, (PCWSTR)Key, table, NULL, NULL);
}

static VOID TestDirectValues(VOID)
{
    WCHAR room[4];
    UNICODE_STRING fixed = { 0, sizeof(room), room }, grown = { 0, 0, NULL };
    HANDLE root = TestBegin();
    union { LONG Size; ULONG Words[6]; UCHAR Bytes[24]; } block;
    ULONG number = 0;

    TestSet(root, L"n", REG_DWORD, &(ULONG){ 9 }, 4);
    TestSet(root, L"s", REG_SZ, L"abc", 8);
    TestSet(root, L"long", REG_SZ, L"abcd", 10);
    TestSet(root, L"bin", REG_BINARY, "0123456789", 10);
    TestSet(root, L"multi", REG_MULTI_SZ, L"a\0b\0", 10);
    TestSet(root, L"bare", REG_SZ, L"xy", 4);
    CHECK(TestDirect(root, 0, L"n", &number, 0) == STATUS_SUCCESS && number == 9);
    CHECK(TestDirect(root, 0, L"s", &fixed, 0) == STATUS_SUCCESS && fixed.Length == 6 && TestSame(room, L"abc"));
    CHECK(TestDirect(root, 0, L"long", &fixed, 0) == STATUS_BUFFER_TOO_SMALL);
    CHECK(TestDirect(root, 0, L"long", &grown, 0) == STATUS_SUCCESS && grown.Length == 8 && grown.MaximumLength == 10);
    RtlFreeUnicodeString(&grown);
    CHECK(TestDirect(root, 0, L"bare", &fixed, 0) == STATUS_SUCCESS && fixed.Length == 4 && TestSame(room, L"xy"));
    block.Size = 18;
    CHECK(TestDirect(root, 0, L"bin", &block, 0) == STATUS_SUCCESS);
    CHECK(block.Words[0] == 10 && block.Words[1] == REG_BINARY && block.Bytes[8] == '0' && block.Bytes[17] == '9');
    block.Size = 17;
    CHECK(TestDirect(root, 0, L"bin", &block, 0) == STATUS_BUFFER_TOO_SMALL);
    block.Size = -10;
    CHECK(TestDirect(root, 0, L"bin", &block, 0) == STATUS_SUCCESS && block.Bytes[0] == '0' && block.Bytes[9] == '9');
    block.Size = -9;
    CHECK(TestDirect(root, 0, L"bin", &block, 0) == STATUS_BUFFER_TOO_SMALL);
    CHECK(TestDirect(root, 0, L"multi", &grown, 0) == STATUS_INVALID_PARAMETER);
    grown.Buffer = NULL;
    CHECK(TestDirect(root, RTL_QUERY_REGISTRY_NOEXPAND, L"multi", &grown, 0) == STATUS_SUCCESS && grown.Length == 8);
    RtlFreeUnicodeString(&grown);
    CHECK(TestDirect(root, 0, NULL, &number, 0) == STATUS_INVALID_PARAMETER);
    TestEnd(root);
}

static VOID TestTypeCheck(VOID)
{
    HANDLE root = TestBegin();
    ULONG number = 0;

    TestSet(root, L"n", REG_DWORD, &(ULONG){ 9 }, 4);
    CHECK(TestDirect(root, RTL_QUERY_REGISTRY_TYPECHECK, L"n", &number, REG_SZ << RTL_QUERY_REGISTRY_TYPECHECK_SHIFT) ==
          STATUS_OBJECT_TYPE_MISMATCH);
    CHECK(number == 0);
    CHECK(TestDirect(root, RTL_QUERY_REGISTRY_TYPECHECK, L"n", &number, REG_DWORD << RTL_QUERY_REGISTRY_TYPECHECK_SHIFT) ==
          STATUS_SUCCESS);
    CHECK(number == 9);
    TestEnd(root);
}

static VOID TestSubkeys(VOID)
{
    TEST_SEEN seen = { .Answer = STATUS_SUCCESS };
    HANDLE root = TestBegin(), key;
    ULONG below = 0, above = 0;
    RTL_QUERY_REGISTRY_TABLE table[] = {
        { NULL, RTL_QUERY_REGISTRY_SUBKEY, L"Sub", NULL, 0, NULL, 0 },
        { NULL, RTL_QUERY_REGISTRY_DIRECT | RTL_QUERY_REGISTRY_REQUIRED, L"n", &below, 0, NULL, 0 },
        { NULL, RTL_QUERY_REGISTRY_DIRECT | RTL_QUERY_REGISTRY_REQUIRED | RTL_QUERY_REGISTRY_TOPKEY, L"n", &above, 0, NULL, 0 },
        { TestSee, RTL_QUERY_REGISTRY_SUBKEY, L"Sub", (PVOID)0x77, 0, NULL, 0 },
        { NULL, 0, NULL, NULL, 0, NULL, 0 },
    };

    CHECK(TestCreate(root, L"Sub", 0, &key, NULL) == STATUS_SUCCESS);
    TestSet(root, L"n", REG_DWORD, &(ULONG){ 1 }, 4);
    TestSet(key, L"n", REG_DWORD, &(ULONG){ 2 }, 4);
    CHECK(RtlQueryRegistryValues(RTL_REGISTRY_ABSOLUTE, TEST_ROOT, table, &seen, NULL) == STATUS_SUCCESS);
    CHECK(below == 2 && above == 1 && seen.Calls == 1 && seen.Types[0] == REG_DWORD);
    table[0].Name = L"None";
    CHECK(RtlQueryRegistryValues(RTL_REGISTRY_ABSOLUTE, TEST_ROOT, table, &seen, NULL) == STATUS_OBJECT_NAME_NOT_FOUND);
    ZwClose(key);
    TestEnd(root);
}

static VOID TestQueryDelete(VOID)
{
    TEST_SEEN seen = { .Answer = STATUS_SUCCESS };
    KEY_FULL_INFORMATION full;
    HANDLE root = TestBegin();
    ULONG length;

    TestSet(root, L"a", REG_SZ, L"1", 4);
    TestSet(root, L"b", REG_SZ, L"2", 4);
    TestSet(root, L"c", REG_SZ, L"3", 4);
    CHECK(TestRun(root, RTL_QUERY_REGISTRY_DELETE, L"b", &seen) == STATUS_SUCCESS && seen.Calls == 1);
    CHECK(TestRun(root, RTL_QUERY_REGISTRY_DELETE, NULL, &seen) == STATUS_SUCCESS && seen.Calls == 2);
    CHECK(ZwQueryKey(root, KeyFullInformation, &full, sizeof(full), &length) == STATUS_SUCCESS && full.Values == 0);
    TestEnd(root);
}

static const KE_TEST CmRtlTable[] = {
    { "cm.rtl.write", TestWriteCheckDelete, 0 },
    { "cm.rtl.places", TestPlaces, 0 },
    { "cm.rtl.query.routine", TestRoutine, 0 },
    { "cm.rtl.query.required", TestRequired, 0 },
    { "cm.rtl.query.direct", TestDirectValues, 0 },
    { "cm.rtl.query.typecheck", TestTypeCheck, 0 },
    { "cm.rtl.query.subkey", TestSubkeys, 0 },
    { "cm.rtl.query.delete", TestQueryDelete, 0 },
};
const KE_TEST_GROUP CmRtlTests = { CmRtlTable, RTL_NUMBER_OF(CmRtlTable) };

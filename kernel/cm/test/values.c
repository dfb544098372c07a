/* SPDX-License-Identifier: MIT
 * Values: setting, asking in every class and with every length, enumerating, deleting; what is asked about keys.
 */
#include "testkeys.h"

static VOID TestSetQuery(VOID)
{
    UCHAR block[64];
    KEY_VALUE_PARTIAL_INFORMATION *value = (KEY_VALUE_PARTIAL_INFORMATION *)block;
    HANDLE root = TestBegin();
    ULONG number = 0x12345678, length;

    CHECK(TestQuery(root, L"n", KeyValuePartialInformation, block, sizeof(block), &length) == STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK(TestSet(root, L"N", REG_DWORD, &number, 4) == STATUS_SUCCESS);
    CHECK(TestQuery(root, L"n", KeyValuePartialInformation, block, sizeof(block), &length) == STATUS_SUCCESS);
    CHECK(length == 16 && value->Type == REG_DWORD && value->DataLength == 4 && *(PULONG)value->Data == number);
    CHECK(TestSet(root, L"n", REG_BINARY, L"longer than four", 34) == STATUS_SUCCESS);
    CHECK(TestQuery(root, L"n", KeyValuePartialInformation, block, sizeof(block), &length) == STATUS_SUCCESS);
    CHECK(length == 46 && value->Type == REG_BINARY && RtlCompareMemory(value->Data, L"longer than four", 34) == 34);
    CHECK(TestSet(root, L"n", REG_NONE, NULL, 0) == STATUS_SUCCESS);
    CHECK(TestQuery(root, L"n", KeyValuePartialInformation, block, sizeof(block), &length) == STATUS_SUCCESS);
    CHECK(length == 12 && value->Type == REG_NONE && value->DataLength == 0);
    CHECK(TestSet(root, L"n", REG_BINARY, NULL, 4) == STATUS_INVALID_PARAMETER);
    TestEnd(root);
}

/* The value without a name. */
static VOID TestDefaultValue(VOID)
{
    UCHAR block[64];
    UNICODE_STRING empty = { 0, 0, NULL }, nowhere = { 4, 4, NULL };
    HANDLE root = TestBegin();
    ULONG number = 7, length;

    CHECK(ZwQueryValueKey(root, &nowhere, KeyValueBasicInformation, block, sizeof(block), &length) == STATUS_INVALID_PARAMETER);
    CHECK(ZwSetValueKey(root, NULL, 0, REG_DWORD, &number, 4) == STATUS_SUCCESS);
    CHECK(ZwQueryValueKey(root, &empty, KeyValueBasicInformation, block, sizeof(block), &length) == STATUS_SUCCESS);
    CHECK(length == 12 && ((KEY_VALUE_BASIC_INFORMATION *)block)->NameLength == 0);
    CHECK(ZwDeleteValueKey(root, &empty) == STATUS_SUCCESS);
    CHECK(ZwDeleteValueKey(root, &empty) == STATUS_OBJECT_NAME_NOT_FOUND);
    TestEnd(root);
}

typedef struct TEST_LENGTHS {
    KEY_VALUE_INFORMATION_CLASS Class;
    ULONG Fixed, Needed;
} TEST_LENGTHS;

/* A value "abc" of ten bytes: too small below the fixed part, overflow below all of it, and not a byte beyond the buffer. */
static VOID TestValueLengths(VOID)
{
    static const TEST_LENGTHS classes[] = {
        { KeyValueBasicInformation, 12, 18 }, { KeyValueFullInformation, 20, 28 + 10 }, { KeyValuePartialInformation, 12, 22 },
        { KeyValueFullInformationAlign64, 20, 32 + 10 }, { KeyValuePartialInformationAlign64, 8, 18 },
    };
    DECLSPEC_ALIGN(8) UCHAR block[64];
    HANDLE root = TestBegin();
    ULONG i, room, length;

    CHECK(TestSet(root, L"abc", REG_BINARY, "0123456789", 10) == STATUS_SUCCESS);
    for (i = 0; i < RTL_NUMBER_OF(classes); i++)
        for (room = 0; room <= classes[i].Needed; room++) {
            NTSTATUS expected = room < classes[i].Fixed ? STATUS_BUFFER_TOO_SMALL
                                : room < classes[i].Needed ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
            RtlFillMemory(block, sizeof(block), 0xEE);
            length = 0;
            CHECK(TestQuery(root, L"abc", classes[i].Class, block, room, &length) == expected);
            CHECK(length == classes[i].Needed);
            CHECK(block[room] == 0xEE && (room >= classes[i].Fixed || block[0] == 0xEE));
        }
    CHECK(TestQuery(root, L"abc", KeyValueLayerInformation, block, 64, &length) == STATUS_INVALID_PARAMETER);
    TestEnd(root);
}

static VOID TestValueFull(VOID)
{
    DECLSPEC_ALIGN(8) UCHAR block[64];
    KEY_VALUE_FULL_INFORMATION *value = (KEY_VALUE_FULL_INFORMATION *)block;
    HANDLE root = TestBegin();
    ULONG length;

    CHECK(TestSet(root, L"abc", REG_SZ, L"data", 10) == STATUS_SUCCESS);
    CHECK(TestQuery(root, L"ABC", KeyValueFullInformation, block, sizeof(block), &length) == STATUS_SUCCESS);
    CHECK(value->NameLength == 6 && RtlCompareMemory(value->Name, L"abc", 6) == 6);       /* as it was written */
    CHECK(value->DataOffset == 28 && value->DataLength == 10 && RtlCompareMemory(block + 28, L"data", 10) == 10);
    CHECK(TestQuery(root, L"ABC", KeyValueFullInformationAlign64, block, sizeof(block), &length) == STATUS_SUCCESS);
    CHECK(value->DataOffset == 32 && RtlCompareMemory(block + 32, L"data", 10) == 10);
    TestEnd(root);
}

static VOID TestEnumerateValues(VOID)
{
    UCHAR block[64];
    KEY_VALUE_BASIC_INFORMATION *value = (KEY_VALUE_BASIC_INFORMATION *)block;
    UNICODE_STRING second = RTL_CONSTANT_STRING(L"b");
    HANDLE root = TestBegin();
    ULONG length;

    CHECK(ZwEnumerateValueKey(root, 0, KeyValueBasicInformation, block, sizeof(block), &length) == STATUS_NO_MORE_ENTRIES);
    CHECK(TestSet(root, L"c", 1, NULL, 0) == STATUS_SUCCESS && TestSet(root, L"b", 2, NULL, 0) == STATUS_SUCCESS &&
          TestSet(root, L"a", 3, NULL, 0) == STATUS_SUCCESS);
    CHECK(ZwDeleteValueKey(root, &second) == STATUS_SUCCESS);
    CHECK(ZwEnumerateValueKey(root, 0, KeyValueBasicInformation, block, sizeof(block), &length) == STATUS_SUCCESS);
    CHECK(value->Type == 1 && value->Name[0] == L'c');
    CHECK(ZwEnumerateValueKey(root, 1, KeyValueBasicInformation, block, sizeof(block), &length) == STATUS_SUCCESS);
    CHECK(value->Type == 3 && value->Name[0] == L'a');
    CHECK(ZwEnumerateValueKey(root, 2, KeyValueBasicInformation, block, sizeof(block), &length) == STATUS_NO_MORE_ENTRIES);
    TestEnd(root);
}

static VOID TestBigValues(VOID)
{
    static const ULONG sizes[] = { 16343, 16344, 16345, 70000, 300000 };
    PUCHAR data = ExAllocatePoolWithTag(PagedPool, 300000, CMP_TAG), block = ExAllocatePoolWithTag(PagedPool, 300012, CMP_TAG);
    HANDLE root = TestBegin();
    ULONG i, length;

    if (!CHECK(data != NULL && block != NULL))
        return;
    for (i = 0; i < 300000; i++)
        data[i] = (UCHAR)(i * 7 + i / 5000);
    for (i = 0; i < RTL_NUMBER_OF(sizes); i++) {
        CHECK(TestSet(root, L"big", REG_BINARY, data, sizes[i]) == STATUS_SUCCESS);
        CHECK(TestQuery(root, L"big", KeyValuePartialInformation, block, 300012, &length) == STATUS_SUCCESS);
        CHECK(length == sizes[i] + 12 && RtlCompareMemory(block + 12, data, sizes[i]) == sizes[i]);
        CHECK(TestQuery(root, L"big", KeyValuePartialInformation, block, 20000, &length) ==
              (sizes[i] + 12 > 20000 ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS));
        CHECK(RtlCompareMemory(block + 12, data, min(sizes[i], 19988)) == min(sizes[i], 19988));
    }
    ExFreePoolWithTag(data, CMP_TAG);
    ExFreePoolWithTag(block, CMP_TAG);
    TestEnd(root);
}

static VOID TestValueNames(VOID)
{
    UNICODE_STRING name = { 16383 * 2, 16384 * 2, NULL };
    HANDLE root = TestBegin();
    PWCHAR text = ExAllocatePoolWithTag(PagedPool, 16384 * sizeof(WCHAR), CMP_TAG);
    UCHAR block[16];
    ULONG i, length;

    if (!CHECK(text != NULL))
        return;
    for (i = 0; i < 16384; i++)
        text[i] = (WCHAR)(0x400 + i % 64);
    name.Buffer = text;
    CHECK(ZwSetValueKey(root, &name, 0, REG_BINARY, "x", 1) == STATUS_SUCCESS);
    CHECK(ZwQueryValueKey(root, &name, KeyValuePartialInformation, block, sizeof(block), &length) == STATUS_SUCCESS);
    name.Length += 2;
    CHECK(ZwSetValueKey(root, &name, 0, REG_BINARY, "x", 1) == STATUS_INVALID_PARAMETER);
    ExFreePoolWithTag(text, CMP_TAG);
    TestEnd(root);
}

static VOID TestManyValues(VOID)
{
    HANDLE root = TestBegin();
    WCHAR name[4] = { 0 };
    KEY_FULL_INFORMATION full;
    ULONG i, length;

    for (i = 0; i < 400; i++) {
        name[0] = (WCHAR)(L'A' + i % 20);
        name[1] = (WCHAR)(L'a' + i / 20);
        CHECK(TestSet(root, name, REG_DWORD, &i, i % 9 > 4 ? 4 : 0) == STATUS_SUCCESS);
    }
    CHECK(ZwQueryKey(root, KeyFullInformation, &full, sizeof(full), &length) == STATUS_SUCCESS);
    CHECK(full.Values == 400 && full.MaxValueNameLen == 4 && full.MaxValueDataLen == 4);
    TestEnd(root);
}

/* ---- About keys ---- */
static VOID TestKeyLengths(VOID)
{
    static const struct { KEY_INFORMATION_CLASS Class; ULONG Fixed, Needed; } classes[] = {
        { KeyBasicInformation, 16, 16 + 6 }, { KeyNodeInformation, 24, 32 + 8 }, { KeyFullInformation, 44, 44 + 8 },
        { KeyCachedInformation, 40, 40 },
    };
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"Abc"), class = RTL_CONSTANT_STRING(L"Clas");
    DECLSPEC_ALIGN(8) UCHAR block[64];
    OBJECT_ATTRIBUTES attributes;
    HANDLE root = TestBegin(), key;
    ULONG i, room, length;

    InitializeObjectAttributes(&attributes, &name, OBJ_KERNEL_HANDLE, root, NULL);
    CHECK(ZwCreateKey(&key, KEY_ALL_ACCESS, &attributes, 0, &class, 0, NULL) == STATUS_SUCCESS);
    for (i = 0; i < RTL_NUMBER_OF(classes); i++)
        for (room = 0; room <= classes[i].Needed; room++) {
            NTSTATUS expected = room < classes[i].Fixed ? STATUS_BUFFER_TOO_SMALL
                                : room < classes[i].Needed ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
            RtlFillMemory(block, sizeof(block), 0xEE);
            CHECK(ZwQueryKey(key, classes[i].Class, block, room, &length) == expected);
            CHECK(length == classes[i].Needed && block[room] == 0xEE);
        }
    CHECK(ZwQueryKey(key, KeyNodeInformation, block, 64, &length) == STATUS_SUCCESS);
    CHECK(((KEY_NODE_INFORMATION *)block)->ClassOffset == 32 && RtlCompareMemory(block + 32, L"Clas", 8) == 8);
    CHECK(ZwQueryKey(key, KeyFullInformation, block, 64, &length) == STATUS_SUCCESS);
    CHECK(((KEY_FULL_INFORMATION *)block)->ClassOffset == 44 && RtlCompareMemory(block + 44, L"Clas", 8) == 8);
    CHECK(ZwQueryKey(root, KeyFullInformation, block, 64, &length) == STATUS_SUCCESS);
    CHECK(((KEY_FULL_INFORMATION *)block)->SubKeys == 1 && ((KEY_FULL_INFORMATION *)block)->MaxNameLen == 6 &&
          ((KEY_FULL_INFORMATION *)block)->MaxClassLen == 8 && ((KEY_FULL_INFORMATION *)block)->ClassOffset == 0xFFFFFFFF);
    CHECK(ZwQueryKey(root, KeyTrustInformation, block, 64, &length) == STATUS_INVALID_PARAMETER);
    ZwClose(key);
    TestEnd(root);
}

static VOID TestKeyName(VOID)
{
    static const WCHAR path[] = L"\\REGISTRY\\MACHINE\\SOFTWARE\\CmTest";
    UCHAR block[128];
    KEY_NAME_INFORMATION *name = (KEY_NAME_INFORMATION *)block;
    OBJECT_NAME_INFORMATION *object = (OBJECT_NAME_INFORMATION *)block;
    HANDLE root = TestBegin();
    PVOID body;
    ULONG length;

    CHECK(ZwQueryKey(root, KeyNameInformation, block, sizeof(block), &length) == STATUS_SUCCESS);
    CHECK(length == sizeof(path) + 2 && name->NameLength == sizeof(path) - 2);
    CHECK(RtlCompareMemory(name->Name, path, name->NameLength) == name->NameLength);
    CHECK(NT_SUCCESS(ObReferenceObjectByHandle(root, 0, CmpKeyObjectType, KernelMode, &body, NULL)));
    CHECK(ObQueryNameString(body, object, sizeof(block), &length) == STATUS_SUCCESS);
    CHECK(length == sizeof(*object) + sizeof(path) && object->Name.Length == sizeof(path) - 2);
    CHECK(RtlCompareMemory(object->Name.Buffer, path, sizeof(path)) == sizeof(path));
    CHECK(ObQueryNameString(body, object, 20, &length) == STATUS_INFO_LENGTH_MISMATCH);
    ObfDereferenceObject(body);
    TestEnd(root);
}

static VOID TestWriteTime(VOID)
{
    KEY_FULL_INFORMATION first, second;
    LARGE_INTEGER wait = { .QuadPart = -200000 };
    HANDLE root = TestBegin();
    ULONG length;

    CHECK(ZwQueryKey(root, KeyFullInformation, &first, sizeof(first), &length) == STATUS_SUCCESS);
    KeDelayExecutionThread(KernelMode, FALSE, &wait);
    CHECK(TestSet(root, L"v", REG_DWORD, &length, 4) == STATUS_SUCCESS);
    CHECK(ZwQueryKey(root, KeyFullInformation, &second, sizeof(second), &length) == STATUS_SUCCESS);
    CHECK(second.LastWriteTime.QuadPart > first.LastWriteTime.QuadPart);
    TestEnd(root);
}

static VOID TestWrongHandle(VOID)
{
    UCHAR block[32];
    ULONG length;
    HANDLE event;

    CHECK(ZwQueryKey((HANDLE)0x4444, KeyBasicInformation, block, sizeof(block), &length) == STATUS_INVALID_HANDLE);
    CHECK(NT_SUCCESS(ZwCreateEvent(&event, EVENT_ALL_ACCESS, NULL, NotificationEvent, FALSE)));
    CHECK(ZwQueryKey(event, KeyBasicInformation, block, sizeof(block), &length) == STATUS_OBJECT_TYPE_MISMATCH);
    CHECK(ZwDeleteKey(event) == STATUS_OBJECT_TYPE_MISMATCH);
    ZwClose(event);
}

static VOID TestMultiple(VOID)
{
    HANDLE root = TestBegin();
    UNICODE_STRING names[3] = { RTL_CONSTANT_STRING(L"one"), RTL_CONSTANT_STRING(L"two"), RTL_CONSTANT_STRING(L"three") };
    KEY_VALUE_ENTRY entries[3] = { { &names[0], 9, 9, 9 }, { &names[1], 9, 9, 9 }, { &names[2], 9, 9, 9 } };
    ULONG number = 0x12345678, length, needed = 0;
    UCHAR buffer[64];

    CHECK(TestSet(root, L"one", REG_BINARY, "abc", 3) == STATUS_SUCCESS && TestSet(root, L"two", REG_DWORD, &number, 4) == STATUS_SUCCESS);
    length = sizeof(buffer);
    CHECK(NtQueryMultipleValueKey(root, entries, 3, buffer, &length, &needed) == STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK(NtQueryMultipleValueKey(root, entries, 2, buffer, &length, &needed) == STATUS_SUCCESS && length == 8 && needed == 8);
    CHECK(entries[0].Type == REG_BINARY && entries[0].DataLength == 3 && entries[0].DataOffset == 0 &&
          RtlCompareMemory(buffer, "abc", 3) == 3);
    CHECK(entries[1].Type == REG_DWORD && entries[1].DataOffset == 4 && *(PULONG)(buffer + 4) == number);
    length = 6;
    CHECK(NtQueryMultipleValueKey(root, entries, 2, buffer, &length, &needed) == STATUS_BUFFER_OVERFLOW && length == 3 && needed == 8);
    CHECK(AS_USER(NtQueryMultipleValueKey(root, entries, 2, buffer, &length, &needed)) == STATUS_ACCESS_VIOLATION);
    CHECK(NtQueryMultipleValueKey(root, entries, 0, buffer, &length, &needed) == STATUS_INVALID_PARAMETER);
    TestEnd(root);
}

static const KE_TEST CmValueTable[] = {
    { "cm.value.set", TestSetQuery, 0 },
    { "cm.value.default", TestDefaultValue, 0 },
    { "cm.value.lengths", TestValueLengths, 0 },
    { "cm.value.full", TestValueFull, 0 },
    { "cm.value.enumerate", TestEnumerateValues, 0 },
    { "cm.value.big", TestBigValues, 0 },
    { "cm.value.names", TestValueNames, 0 },
    { "cm.value.many", TestManyValues, 0 },
    { "cm.value.multiple", TestMultiple, 0 },
    { "cm.query.lengths", TestKeyLengths, 0 },
    { "cm.query.name", TestKeyName, 0 },
    { "cm.query.time", TestWriteTime, 0 },
    { "cm.query.handle", TestWrongHandle, 0 },
};
const KE_TEST_GROUP CmValueTests = { CmValueTable, RTL_NUMBER_OF(CmValueTable) };

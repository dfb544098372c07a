/* SPDX-License-Identifier: MIT
 * Hives with files, in a store in memory: flushed now and later, loaded, unloaded, recovered, saved.
 */
#include "teststore.h"

#define KEY L"\\Registry\\Machine\\CmLoad"

static NTSTATUS SetNumber(HANDLE Key, PCWSTR Name, ULONG Number) { return TestSet(Key, Name, REG_DWORD, &Number, sizeof(Number)); }

static ULONG Number(HANDLE Key, PCWSTR Name)
{
    union { KEY_VALUE_PARTIAL_INFORMATION Partial; UCHAR Room[64]; } block;
    ULONG length;
    return NT_SUCCESS(TestQuery(Key, Name, KeyValuePartialInformation, &block, sizeof(block), &length)) ? *(PULONG)block.Partial.Data : 0;
}

static HANDLE LoadOpen(PCWSTR File)
{
    HANDLE key = NULL;
    CHECK(TestLoad(KEY, File) == STATUS_SUCCESS);
    CHECK(TestOpen(NULL, KEY, 0, &key) == STATUS_SUCCESS);
    return key;
}

/* ---- Flushing ---- */
static VOID TestFlush(VOID)
{
    HANDLE key, hardware;
    LONG flushes;

    TestStoreBegin();
    TestStoreHive(L"a");
    key = LoadOpen(L"a");
    CHECK(SetNumber(key, L"n", 0xABCD) == STATUS_SUCCESS);
    CHECK(TestStoreValue(L"a", L"n") == 0);
    CHECK(ZwFlushKey(key) == STATUS_SUCCESS && TestStoreValue(L"a", L"n") == 0xABCD);
    flushes = TestStoreFlushes;
    CHECK(flushes == 4);                         /* log, base block, pages, base block */
    CHECK(ZwFlushKey(key) == STATUS_SUCCESS && TestStoreFlushes == flushes);
    CHECK(NT_SUCCESS(TestOpen(NULL, L"\\Registry\\Machine\\Hardware", 0, &hardware)));
    CHECK(ZwFlushKey(hardware) == STATUS_SUCCESS && TestStoreFlushes == flushes);
    ZwClose(hardware);
    ZwClose(key);
    CHECK(TestUnload(KEY) == STATUS_SUCCESS);
    TestStoreEnd();
}

static VOID TestLazy(VOID)
{
    LARGE_INTEGER limit = { .QuadPart = -60 * 10000000ll };
    LONG64 interval = CmpLazyInterval;
    HANDLE key;

    TestStoreBegin();
    TestStoreHive(L"a");
    key = LoadOpen(L"a");
    CmpLazyInterval = -1;
    do {                                         /* a timer of the usual kind may be under way */
        CHECK(SetNumber(key, L"n", 7 + (ULONG)TestStoreFlushes) == STATUS_SUCCESS);
        if (!CHECK(KeWaitForSingleObject(&TestStoreFlushed, Executive, KernelMode, FALSE, &limit) == STATUS_SUCCESS))
            break;
    } while (TestStoreFlushes < 4);
    CmpLazyInterval = interval;
    CHECK(ZwFlushKey(key) == STATUS_SUCCESS);    /* behind the worker, which has the lock */
    CHECK(TestStoreValue(L"a", L"n") >= 7);
    ZwClose(key);
    CHECK(TestUnload(KEY) == STATUS_SUCCESS);
    TestStoreEnd();
}

/* Each write and flush fails in turn: the caller is told, the files hold the old state or the new one, and the next flush is whole. */
static VOID TestFailures(VOID)
{
    HANDLE key, copy;
    ULONG found;
    LONG fail;

    TestStoreBegin();
    TestStoreHive(L"a");
    key = LoadOpen(L"a");
    for (fail = 1; fail <= 8; fail++) {
        CHECK(SetNumber(key, L"n", (ULONG)fail * 2) == STATUS_SUCCESS && ZwFlushKey(key) == STATUS_SUCCESS);
        CHECK(SetNumber(key, L"n", (ULONG)fail * 2 + 1) == STATUS_SUCCESS);
        TestStoreFailAt = fail;
        CHECK(!NT_SUCCESS(ZwFlushKey(key)));
        TestStoreFailAt = 0;
        RtlCopyMemory(TestStoreFile(L"b")->Data, TestStoreFile(L"a")->Data, TEST_FILE_ROOM);
        TestStoreFile(L"b")->Size = TestStoreFile(L"a")->Size;
        RtlCopyMemory(TestStoreFile(L"b.LOG1")->Data, TestStoreFile(L"a.LOG1")->Data, TEST_FILE_ROOM);
        TestStoreFile(L"b.LOG1")->Size = TestStoreFile(L"a.LOG1")->Size;
        if (CHECK(TestLoad(KEY L"2", L"b") == STATUS_SUCCESS) && CHECK(TestOpen(NULL, KEY L"2", 0, &copy) == STATUS_SUCCESS)) {
            found = Number(copy, L"n");
            CHECK(found == (ULONG)fail * 2 + (fail > 3));            /* the base block that counts on the log is there */
            ZwClose(copy);
            CHECK(TestUnload(KEY L"2") == STATUS_SUCCESS);
            CHECK(TestStoreValue(L"b", L"n") == found);              /* what was recovered is in the primary now */
        }
        CHECK(ZwFlushKey(key) == STATUS_SUCCESS && TestStoreValue(L"a", L"n") == (ULONG)fail * 2 + 1);
    }
    ZwClose(key);
    CHECK(TestUnload(KEY) == STATUS_SUCCESS);
    TestStoreEnd();
}

/* ---- Loading ---- */
static VOID TestLoadUnload(VOID)
{
    HANDLE key, below, event;
    IO_STATUS_BLOCK block = { .Status = -1 };
    ULONG count = 99;
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING name = RTL_CONSTANT_STRING(KEY), inside = RTL_CONSTANT_STRING(KEY L"\\one");

    TestStoreBegin();
    TestStoreHive(L"a");
    TestStoreHive(L"b");
    key = LoadOpen(L"a");
    CHECK(TestLoad(KEY, L"b") == STATUS_OBJECT_NAME_COLLISION);
    CHECK(TestLoad(KEY L"2", L"a") == STATUS_SHARING_VIOLATION);
    CHECK(TestLoad(KEY L"\\x", L"b") == STATUS_INVALID_PARAMETER);
    CHECK(TestLoad(KEY L"2", L"none") == STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK(TestCreate(key, L"one", 0, &below, NULL) == STATUS_SUCCESS);
    CHECK(SetNumber(below, L"n", 5) == STATUS_SUCCESS);
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    CHECK(NtQueryOpenSubKeys(&attributes, &count) == STATUS_SUCCESS && count == 1);
    attributes.ObjectName = &inside;
    CHECK(NtQueryOpenSubKeys(&attributes, &count) == STATUS_INVALID_PARAMETER);
    CHECK(ZwUnloadKey(&attributes) == STATUS_INVALID_PARAMETER);
    CHECK(ZwDeleteKey(key) == STATUS_CANNOT_DELETE);
    ZwClose(key);
    CHECK(TestUnload(KEY) == STATUS_CANNOT_DELETE);          /* its key is open */
    CHECK(NT_SUCCESS(ZwCreateEvent(&event, EVENT_ALL_ACCESS, NULL, NotificationEvent, FALSE)));
    CHECK(ZwNotifyChangeKey(below, event, NULL, NULL, &block, REG_NOTIFY_CHANGE_NAME, TRUE, NULL, 0, TRUE) == STATUS_PENDING);
    ZwClose(below);
    CHECK(block.Status == STATUS_NOTIFY_CLEANUP);
    ZwClose(event);
    CHECK(TestUnload(KEY) == STATUS_SUCCESS);
    CHECK(TestUnload(KEY) == STATUS_OBJECT_NAME_NOT_FOUND && TestOpen(NULL, KEY, 0, &key) == STATUS_OBJECT_NAME_NOT_FOUND);
    key = LoadOpen(L"a");
    CHECK(TestOpen(key, L"one", 0, &below) == STATUS_SUCCESS && Number(below, L"n") == 5);
    ZwClose(below);
    ZwClose(key);
    CHECK(TestUnload(KEY) == STATUS_SUCCESS);
    CHECK(TestUnload(L"\\Registry\\Machine\\System") == STATUS_CANNOT_DELETE);
    CHECK(TestUnload(L"\\Registry\\Machine\\Hardware") == STATUS_CANNOT_DELETE);
    TestStoreEnd();
}

static VOID TestRefused(VOID)
{
    TEST_STORE_FILE *file;

    TestStoreBegin();
    TestStoreHive(L"a");
    file = TestStoreFile(L"a");
    file->Data[0x1000] ^= 1;                     /* the bin's signature */
    CHECK(TestLoad(KEY, L"a") == STATUS_REGISTRY_CORRUPT);
    file->Data[0] ^= 1;
    CHECK(TestLoad(KEY, L"a") == STATUS_NOT_REGISTRY_FILE);
    file->Size = 10;
    CHECK(TestLoad(KEY, L"a") == STATUS_NOT_REGISTRY_FILE);
    CHECK(TestUnload(KEY) == STATUS_OBJECT_NAME_NOT_FOUND);
    TestStoreEnd();
}

/* A saved key is a hive: what is stable comes back when it is loaded. */
static VOID TestSave(VOID)
{
    static UCHAR big[40000];
    HANDLE root = TestBegin(), key, below;
    TEST_STORE_FILE *file;
    ULONG i;

    TestStoreBegin();
    file = TestStoreFile(L"saved");
    CHECK(SetNumber(root, L"n", 11) == STATUS_SUCCESS);
    for (i = 0; i < 3; i++) {
        CHECK(TestCreate(root, i == 0 ? L"one" : i == 1 ? L"one\\two" : L"\x416\x4E2D", 0, &key, NULL) == STATUS_SUCCESS);
        CHECK(SetNumber(key, L"n", i + 20) == STATUS_SUCCESS && TestSet(key, L"big", REG_BINARY, big, sizeof(big)) == STATUS_SUCCESS);
        ZwClose(key);
    }
    CHECK(TestCreate(root, L"gone", REG_OPTION_VOLATILE, &key, NULL) == STATUS_SUCCESS);
    ZwClose(key);
    CHECK(ZwSaveKey(root, file) == STATUS_SUCCESS);
    key = LoadOpen(L"saved");
    CHECK(Number(key, L"n") == 11);
    CHECK(TestOpen(key, L"one\\two", 0, &below) == STATUS_SUCCESS && Number(below, L"n") == 21);
    ZwClose(below);
    CHECK(TestOpen(key, L"\x416\x4E2D", 0, &below) == STATUS_SUCCESS && Number(below, L"n") == 22);
    ZwClose(below);
    CHECK(TestOpen(key, L"gone", 0, &below) == STATUS_OBJECT_NAME_NOT_FOUND);
    ZwClose(key);
    CHECK(TestUnload(KEY) == STATUS_SUCCESS);
    TestStoreFailAt = 1;
    CHECK(ZwSaveKey(root, file) == STATUS_DISK_FULL);
    TestStoreFailAt = 0;
    TestStoreEnd();
    TestEnd(root);
}

/* Each format is what it says, and is loaded again. */
static VOID TestFormats(VOID)
{
    static const struct { ULONG Format, Minor; } formats[] = { { REG_STANDARD_FORMAT, 3 }, { REG_LATEST_FORMAT, 5 } };
    static UCHAR big[40000], found[sizeof(big) + 64];
    PKEY_VALUE_PARTIAL_INFORMATION value = (PKEY_VALUE_PARTIAL_INFORMATION)found;
    HANDLE root = TestBegin(), key;
    TEST_STORE_FILE *file;
    ULONG i, length;

    TestStoreBegin();
    file = TestStoreFile(L"saved");
    RtlFillMemory(big, sizeof(big), 0xA7);
    CHECK(TestSet(root, L"big", REG_BINARY, big, sizeof(big)) == STATUS_SUCCESS);
    for (i = 0; i < RTL_NUMBER_OF(formats); i++) {
        TestStoreHive(L"saved");
        CHECK(ZwSaveKeyEx(root, file, formats[i].Format) == STATUS_SUCCESS);
        CHECK(((const HBASE_BLOCK *)file->Data)->Minor == formats[i].Minor);
        key = LoadOpen(L"saved");
        CHECK(TestQuery(key, L"big", KeyValuePartialInformation, found, sizeof(found), &length) == STATUS_SUCCESS);
        CHECK(value->DataLength == sizeof(big) && RtlCompareMemory(value->Data, big, sizeof(big)) == sizeof(big));
        if (i == 0)
            CHECK(ZwSaveKeyEx(key, TestStoreFile(L"whole"), REG_NO_COMPRESSION) == STATUS_SUCCESS);
        ZwClose(key);
        CHECK(TestUnload(KEY) == STATUS_SUCCESS);
    }
    CHECK(ZwSaveKeyEx(root, file, REG_NO_COMPRESSION) == STATUS_INVALID_PARAMETER);      /* no root of a hive */
    CHECK(ZwSaveKeyEx(root, file, 0) == STATUS_INVALID_PARAMETER && ZwSaveKeyEx(root, file, 3) == STATUS_INVALID_PARAMETER);
    TestStoreEnd();
    TestEnd(root);
}

/* Four threads load the same file at the same key, use it and unload it. */
static VOID TestLoadThread(PVOID Context, ULONG Index)
{
    HANDLE key;
    ULONG i;

    for (i = 0; i < 40; i++) {
        NTSTATUS status = TestLoad(KEY, L"a");
        CHECK(status == STATUS_SUCCESS || status == STATUS_OBJECT_NAME_COLLISION || status == STATUS_SHARING_VIOLATION);
        status = TestOpen(NULL, KEY, 0, &key);
        if (NT_SUCCESS(status)) {
            status = SetNumber(key, L"n", i + 1);
            CHECK(status == STATUS_SUCCESS);     /* an open key keeps its hive */
            CHECK(ZwFlushKey(key) == STATUS_SUCCESS);
            ZwClose(key);
        } else {
            CHECK(status == STATUS_OBJECT_NAME_NOT_FOUND || status == STATUS_KEY_DELETED);
        }
        status = TestUnload(KEY);
        CHECK(status == STATUS_SUCCESS || status == STATUS_CANNOT_DELETE || status == STATUS_OBJECT_NAME_NOT_FOUND ||
              status == STATUS_KEY_DELETED);
    }
}

static VOID TestRace(VOID)
{
    TestStoreBegin();
    TestStoreHive(L"a");
    TestRunThreads(4, TestLoadThread, NULL);
    TestUnload(KEY);
    CHECK(TestStoreValue(L"a", L"n") != 0);
    TestStoreEnd();
}

static const KE_TEST CmHiveTable[] = {
    { "cm.flush", TestFlush, 0 },
    { "cm.flush.lazy", TestLazy, 0 },
    { "cm.flush.failures", TestFailures, 0 },
    { "cm.load.unload", TestLoadUnload, 0 },
    { "cm.load.refused", TestRefused, 0 },
    { "cm.load.save", TestSave, 0 },
    { "cm.load.formats", TestFormats, 0 },
    { "cm.load.race", TestRace, 0 },
};
const KE_TEST_GROUP CmHiveTests = { CmHiveTable, RTL_NUMBER_OF(CmHiveTable) };

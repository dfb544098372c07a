/* SPDX-License-Identifier: MIT
 * Flushing through a store in memory, and notifications.
 */
#include "testkeys.h"

#define TEST_FILE_SIZE 0x40000u
static PUCHAR TestFile;
static ULONG TestWrites, TestFailAt;
static BOOLEAN TestComplete;

static NTSTATUS TestBeginWrite(PCUNICODE_STRING Hive, PVOID *File)
{
    UNICODE_STRING system = RTL_CONSTANT_STRING(L"SYSTEM");
    CHECK(RtlEqualUnicodeString(Hive, &system, FALSE));
    *File = TestFile;
    TestWrites = 0;
    return STATUS_SUCCESS;
}

static NTSTATUS TestWrite(PVOID File, ULONG64 Offset, const VOID *Data, ULONG Bytes)
{
    HANDLE key;

    if (++TestWrites == TestFailAt)
        return STATUS_DISK_FULL;
    if (CHECK(NT_SUCCESS(TestOpen(NULL, L"\\Registry\\Machine\\System\\Select", 0, &key))))     /* no lock is held */
        ZwClose(key);
    if (!CHECK(Offset + Bytes <= TEST_FILE_SIZE))
        return STATUS_DISK_FULL;
    RtlCopyMemory((PUCHAR)File + Offset, Data, Bytes);
    return STATUS_SUCCESS;
}

static NTSTATUS TestEndWrite(PVOID File, BOOLEAN Complete)
{
    TestComplete = Complete;
    return STATUS_SUCCESS;
}

/* The value as the file in memory has it. */
static ULONG TestReadBack(VOID)
{
    static const WCHAR *const path[] = { L"ControlSet001", L"Services", L"CmFlush" };
    UNICODE_STRING name;
    REGF_HIVE hive;
    ULONG result = 0, i;
    uint32_t cell;

    if (RegfOpen(&hive, &CmpRegfHost, TestFile, TEST_FILE_SIZE) != RegfOk)
        return 0;
    cell = hive.RootCell;
    for (i = 0; i < RTL_NUMBER_OF(path) && cell != REGF_NIL; i++) {
        RtlInitUnicodeString(&name, path[i]);
        cell = RegfFindSubKey(&hive, cell, CmpName(&name));
    }
    if (cell != REGF_NIL && RegfKey(&hive, cell)->ValueCount != 0)
        RegfReadData(&hive, RegfValue(&hive, RegfValueAt(&hive, cell, 0)), &result, sizeof(result));
    RegfClose(&hive);
    return result;
}

static VOID TestFlush(VOID)
{
    static const CM_HIVE_STORE store = { TestBeginWrite, TestWrite, TestEndWrite }, none = { NULL, NULL, NULL };
    CM_HIVE_STORE before = CmHiveStore;
    HANDLE services, key;
    ULONG number = 0xABCD;

    TestFile = ExAllocatePoolWithTag(PagedPool, TEST_FILE_SIZE, CMP_TAG);
    if (!CHECK(TestFile != NULL))
        return;
    RtlZeroMemory(TestFile, TEST_FILE_SIZE);
    CHECK(TestOpen(NULL, L"\\Registry\\Machine\\System\\CurrentControlSet\\Services", 0, &services) == STATUS_SUCCESS);
    CHECK(TestCreate(services, L"CmFlush", 0, &key, NULL) == STATUS_SUCCESS);
    CHECK(TestSet(key, L"n", REG_DWORD, &number, 4) == STATUS_SUCCESS);
    CmHiveStore = none;
    CHECK(ZwFlushKey(key) == STATUS_NOT_IMPLEMENTED);
    CmHiveStore = store;
    TestFailAt = 2;
    CHECK(ZwFlushKey(key) == STATUS_DISK_FULL && !TestComplete);
    TestFailAt = 0;                              /* after a failure everything is written */
    CHECK(ZwFlushKey(key) == STATUS_SUCCESS && TestComplete);
    CHECK(TestReadBack() == 0xABCD);
    CHECK(ZwFlushKey(key) == STATUS_SUCCESS && TestReadBack() == 0xABCD);
    number = 0x1234;
    CHECK(TestSet(key, L"n", REG_DWORD, &number, 4) == STATUS_SUCCESS);
    CHECK(ZwFlushKey(key) == STATUS_SUCCESS && TestWrites <= 4 && TestReadBack() == 0x1234);
    CHECK(ZwDeleteKey(key) == STATUS_SUCCESS);
    CHECK(ZwFlushKey(services) == STATUS_SUCCESS && TestReadBack() == 0);
    CmHiveStore = before;
    ZwClose(key);
    ZwClose(services);
    ExFreePoolWithTag(TestFile, CMP_TAG);
}

/* ---- Notifications ---- */
static NTSTATUS TestPoll(HANDLE Event)
{
    LARGE_INTEGER zero = { .QuadPart = 0 };
    return ZwWaitForSingleObject(Event, FALSE, &zero);
}

static VOID TestNotify(VOID)
{
    HANDLE root = TestBegin(), key, event;
    IO_STATUS_BLOCK block = { .Status = -1 };
    ULONG number = 1;

    CHECK(NT_SUCCESS(ZwCreateEvent(&event, EVENT_ALL_ACCESS, NULL, NotificationEvent, TRUE)));
    CHECK(ZwNotifyChangeKey(root, event, NULL, NULL, &block, 0, FALSE, NULL, 0, TRUE) == STATUS_INVALID_PARAMETER);
    CHECK(ZwNotifyChangeKey(root, event, NULL, NULL, &block, REG_NOTIFY_CHANGE_NAME, FALSE, NULL, 0, TRUE) == STATUS_PENDING);
    CHECK(TestPoll(event) == STATUS_TIMEOUT);
    CHECK(TestSet(root, L"v", REG_DWORD, &number, 4) == STATUS_SUCCESS);
    CHECK(TestPoll(event) == STATUS_TIMEOUT);    /* not asked for */
    CHECK(TestCreate(root, L"k", 0, &key, NULL) == STATUS_SUCCESS);
    CHECK(TestPoll(event) == STATUS_SUCCESS && block.Status == STATUS_NOTIFY_ENUM_DIR);
    CHECK(ZwNotifyChangeKey(root, event, NULL, NULL, &block, REG_NOTIFY_CHANGE_LAST_SET, TRUE, NULL, 0, TRUE) == STATUS_PENDING);
    CHECK(TestPoll(event) == STATUS_TIMEOUT);
    CHECK(TestSet(root, L"v", REG_DWORD, &number, 4) == STATUS_SUCCESS);            /* the same as before */
    CHECK(TestPoll(event) == STATUS_TIMEOUT);
    CHECK(TestSet(key, L"v", REG_DWORD, &number, 4) == STATUS_SUCCESS);             /* below */
    CHECK(TestPoll(event) == STATUS_SUCCESS);
    CHECK(ZwNotifyChangeKey(root, event, NULL, NULL, &block, REG_NOTIFY_CHANGE_LAST_SET, FALSE, NULL, 0, TRUE) == STATUS_PENDING);
    number = 2;
    CHECK(TestSet(key, L"v", REG_DWORD, &number, 4) == STATUS_SUCCESS);
    CHECK(TestPoll(event) == STATUS_TIMEOUT);
    ZwClose(root);
    CHECK(TestPoll(event) == STATUS_SUCCESS && block.Status == STATUS_NOTIFY_CLEANUP);
    ZwClose(key);
    ZwClose(event);
    root = TestBegin();
    TestEnd(root);
}

static VOID TestNotifyThread(PVOID Context, ULONG Index)
{
    IO_STATUS_BLOCK block = { .Status = -1 };
    LARGE_INTEGER wait = { .QuadPart = -10000 };
    volatile LONG *done = Context;
    HANDLE root, key;

    CHECK(TestOpen(NULL, TEST_ROOT, 0, &root) == STATUS_SUCCESS);
    if (Index == 0) {
        CHECK(ZwNotifyChangeKey(root, NULL, NULL, NULL, &block, REG_NOTIFY_CHANGE_NAME, FALSE, NULL, 0, FALSE) ==
              STATUS_NOTIFY_ENUM_DIR);
        CHECK(block.Status == STATUS_NOTIFY_ENUM_DIR);
        InterlockedExchange(done, 1);
    } else {
        while (*done == 0) {                     /* until the other one has seen a change */
            CHECK(TestCreate(root, L"k", 0, &key, NULL) == STATUS_SUCCESS);
            CHECK(ZwDeleteKey(key) == STATUS_SUCCESS);
            ZwClose(key);
            KeDelayExecutionThread(KernelMode, FALSE, &wait);
        }
    }
    ZwClose(root);
}

static VOID TestNotifyWait(VOID)
{
    HANDLE root = TestBegin();
    LONG done = 0;
    TestRunThreads(2, TestNotifyThread, &done);
    TestEnd(root);
}

static const KE_TEST CmHiveTable[] = {
    { "cm.flush", TestFlush, 0 },
    { "cm.notify.asynchronous", TestNotify, 0 },
    { "cm.notify.synchronous", TestNotifyWait, 0 },
};
const KE_TEST_GROUP CmHiveTests = { CmHiveTable, RTL_NUMBER_OF(CmHiveTable) };

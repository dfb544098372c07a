/* SPDX-License-Identifier: MIT
 * Notifications.
 */
#include "testkeys.h"

static NTSTATUS TestPoll(HANDLE Event)
{
    LARGE_INTEGER zero = { .QuadPart = 0 };
    return ZwWaitForSingleObject(Event, FALSE, &zero);
}

/* A handle that user mode may use. */
static NTSTATUS TestOpenUser(PCWSTR Path, PHANDLE Key)
{
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING name;

    RtlInitUnicodeString(&name, Path);
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    return ZwOpenKey(Key, KEY_ALL_ACCESS, &attributes);
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

/* As a program asks: its block and its memory, which may be gone when something changes. */
static VOID TestNotifyUser(VOID)
{
    HANDLE root = TestBegin(), event;
    PIO_STATUS_BLOCK page = TestUserPage();
    ULONG number = 1;

    CHECK(NT_SUCCESS(ZwCreateEvent(&event, EVENT_ALL_ACCESS, NULL, NotificationEvent, FALSE)));
    if (!CHECK(page != NULL))
        return;
    ZwClose(root);
    CHECK(NT_SUCCESS(TestOpenUser(TEST_ROOT, &root)));
    CHECK(AS_USER(NtNotifyChangeKey(root, event, NULL, NULL, TEST_BAD_USER, REG_NOTIFY_CHANGE_LAST_SET, FALSE, NULL, 0, TRUE)) ==
          STATUS_ACCESS_VIOLATION);
    CHECK(AS_USER(NtNotifyChangeKey(root, event, NULL, NULL, page, REG_NOTIFY_CHANGE_LAST_SET, FALSE, NULL, 0, TRUE)) == STATUS_PENDING);
    CHECK(TestSet(root, L"v", REG_DWORD, &number, 4) == STATUS_SUCCESS);
    CHECK(TestPoll(event) == STATUS_SUCCESS && page->Status == STATUS_NOTIFY_ENUM_DIR);
    CHECK(AS_USER(NtNotifyChangeMultipleKeys(root, 0, NULL, event, NULL, NULL, page, REG_NOTIFY_CHANGE_LAST_SET, FALSE, NULL, 0, TRUE)) ==
          STATUS_PENDING);
    TestFreeUserPage(page);
    number = 2;
    CHECK(TestSet(root, L"v", REG_DWORD, &number, 4) == STATUS_SUCCESS && TestPoll(event) == STATUS_SUCCESS);
    ZwClose(event);
    TestEnd(root);
}

static const KE_TEST CmNotifyTable[] = {
    { "cm.notify.asynchronous", TestNotify, 0 },
    { "cm.notify.synchronous", TestNotifyWait, 0 },
    { "cm.notify.user", TestNotifyUser, 0 },
};
const KE_TEST_GROUP CmNotifyTests = { CmNotifyTable, RTL_NUMBER_OF(CmNotifyTable) };

/* SPDX-License-Identifier: MIT
 * What services do with pointers that are none of their callers'. Files' have their test in io/.
 */
#include "testcallers.h"
#include "../svcp.h"
#include "cm.h"
#include "se.h"
#include "ob.h"

typedef struct TEST_MEMORY {                     /* user memory */
    HANDLE Handle, Second;
    PVOID Base;
    SIZE_T Size, Copied;
    LARGE_INTEGER Offset;
    IO_STATUS_BLOCK Iosb;
    OBJECT_ATTRIBUTES Attributes, Unnamed;
    UNICODE_STRING Name;
    CLIENT_ID Client;
    ULONG Number;
    struct { SIZE_T Size; ULONG64 Attribute; SIZE_T Bytes; PVOID Value; PSIZE_T Returned; } List;
    WCHAR Text[64];
    DECLSPEC_ALIGN(16) UCHAR Buffer[0x400];
} TEST_MEMORY;
C_ASSERT(sizeof(TEST_MEMORY) <= PAGE_SIZE);

#define SELF TEST_POINTER(-1)
#define P(field) TEST_POINTER(&m->field)
#define ROW(name, pointers, ...) { #name, (PVOID)(ULONG_PTR)Test##name, pointers, { __VA_ARGS__ } }
#define DECLARE(name) extern const UCHAR Test##name[] __asm__(#name);

static TEST_MEMORY *TestMakeMemory(PCWSTR Name)
{
    TEST_MEMORY *m = TestUserPage();

    if (!CHECK(m != NULL))
        return NULL;
    m->Size = PAGE_SIZE;
    m->Offset.QuadPart = PAGE_SIZE;
    RtlCopyMemory(m->Text, Name, wcslen(Name) * sizeof(WCHAR));
    m->Name = (UNICODE_STRING){ (USHORT)(wcslen(Name) * sizeof(WCHAR)), (USHORT)(wcslen(Name) * sizeof(WCHAR)), m->Text };
    InitializeObjectAttributes(&m->Attributes, &m->Name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    InitializeObjectAttributes(&m->Unnamed, NULL, 0, NULL, NULL);
    m->Client = (CLIENT_ID){ PsGetCurrentProcessId(), PsGetCurrentThreadId() };
    m->List.Size = sizeof(m->List);
    m->List.Attribute = 0x20005;                 /* PS_ATTRIBUTE_IMAGE_NAME */
    m->List.Bytes = m->Name.Length;
    m->List.Value = m->Text;
    return m;
}

/* The System process's token has some privileges switched off. Attributes: SE_PRIVILEGE_ENABLED or 0. */
static VOID TestSwitchPrivilege(ULONG Privilege, ULONG Attributes)
{
    TOKEN_PRIVILEGES wanted = { 1, { { { Privilege, 0 }, Attributes } } };
    HANDLE token;

    if (!CHECK(NtOpenProcessTokenEx(NtCurrentProcess(), TOKEN_ADJUST_PRIVILEGES, OBJ_KERNEL_HANDLE, &token) == STATUS_SUCCESS))
        return;
    CHECK(NtAdjustPrivilegesToken(token, FALSE, &wanted, 0, NULL, NULL) == STATUS_SUCCESS);
    NtClose(token);
}

/* ---- Memory and sections ---- */
DECLARE(NtAllocateVirtualMemory) DECLARE(NtFreeVirtualMemory) DECLARE(NtProtectVirtualMemory) DECLARE(NtQueryVirtualMemory)
DECLARE(NtFlushVirtualMemory) DECLARE(NtReadVirtualMemory) DECLARE(NtWriteVirtualMemory) DECLARE(NtCreateSection) DECLARE(NtOpenSection)
DECLARE(NtMapViewOfSection) DECLARE(NtQuerySection)

static VOID BadMemory(VOID)
{
    static const UNICODE_STRING physical = RTL_CONSTANT_STRING(L"\\Device\\PhysicalMemory");
    TEST_MEMORY *m = TestMakeMemory(physical.Buffer);
    TEST_SERVICE section = ROW(NtCreateSection, 0xD, P(Second), SECTION_ALL_ACCESS, P(Unnamed), P(Offset), PAGE_READWRITE, SEC_COMMIT, 0);

    if (m == NULL)
        return;
    CHECK(TestCallWith(&section, 6, 0) == STATUS_SUCCESS && m->Second != NULL);
    {
        const TEST_SERVICE services[] = {
            ROW(NtAllocateVirtualMemory, 0xA, SELF, P(Base), 0, P(Size), MEM_RESERVE, PAGE_READWRITE),
            ROW(NtFreeVirtualMemory, 0x6, SELF, P(Base), P(Size), MEM_DECOMMIT),
            ROW(NtProtectVirtualMemory, 0x16, SELF, P(Base), P(Size), PAGE_READONLY, P(Number)),
            ROW(NtQueryVirtualMemory, 0x28, SELF, TEST_POINTER(m), 0, P(Buffer), 0x30, P(Size)),
            ROW(NtFlushVirtualMemory, 0xE, SELF, P(Base), P(Size), P(Iosb)),
            ROW(NtReadVirtualMemory, 0x16, SELF, P(Buffer), P(Text), 16, P(Copied)),
            ROW(NtWriteVirtualMemory, 0x16, SELF, P(Buffer), P(Text), 16, P(Copied)),
            ROW(NtOpenSection, 0x5, P(Handle), SECTION_QUERY, P(Attributes)),
            ROW(NtMapViewOfSection, 0x64, TEST_POINTER(m->Second), SELF, P(Base), 0, 0, P(Offset), P(Size), ViewUnmap, 0, PAGE_READONLY),
            ROW(NtQuerySection, 0x14, TEST_POINTER(m->Second), SectionBasicInformation, P(Buffer), 0x18, P(Size)),
            section,
        };
        HANDLE made = m->Second;
        TestBadPointers(services, RTL_NUMBER_OF(services));
        CHECK(AS_USER(NtClose(made)) == STATUS_SUCCESS);
    }
    m->Name.Buffer = TEST_BAD_USER;
    CHECK(AS_USER(NtOpenSection(&m->Handle, SECTION_QUERY, &m->Attributes)) == STATUS_ACCESS_VIOLATION);
    TestFreeUserPage(m);
}

/* ---- Processes, threads, the system ---- */
DECLARE(NtOpenProcess) DECLARE(NtOpenThread) DECLARE(NtQueryInformationProcess) DECLARE(NtQueryInformationThread)
DECLARE(NtSuspendThread) DECLARE(NtResumeThread) DECLARE(NtCreateThreadEx) DECLARE(NtCreateUserProcess)
DECLARE(NtQuerySystemInformation) DECLARE(NtPowerInformation)

static VOID BadProcesses(VOID)
{
    TEST_MEMORY *m = TestMakeMemory(L"\\??\\C:\\none.exe");

    if (m == NULL)
        return;
    {
        const TEST_SERVICE services[] = {
            ROW(NtOpenProcess, 0xD, P(Handle), 0x1000, P(Unnamed), P(Client)),
            ROW(NtOpenThread, 0xD, P(Handle), 0x0800, P(Unnamed), P(Client)),
            ROW(NtQueryInformationProcess, 0x14, SELF, ProcessBasicInformation, P(Buffer), sizeof(PROCESS_BASIC_INFORMATION), P(Number)),
            ROW(NtQueryInformationProcess, 0x14, SELF, ProcessImageFileName, P(Buffer), 0x200, P(Number)),
            ROW(NtQueryInformationThread, 0x14, TEST_POINTER(-2), ThreadAmILastThread, P(Buffer), 4, P(Number)),
            ROW(NtQueryInformationThread, 0x14, TEST_POINTER(-2), ThreadNameInformation, P(Buffer), 0x200, P(Number)),
            ROW(NtSuspendThread, 0x2, TEST_POINTER(-2), P(Number)),
            ROW(NtResumeThread, 0x2, TEST_POINTER(-2), P(Number)),
            ROW(NtCreateThreadEx, 0x405, P(Handle), THREAD_ALL_ACCESS, P(Unnamed), SELF, TEST_POINTER(m), 0, 1, 0, 0, 0, P(List)),
            ROW(NtCreateUserProcess, 0x533, P(Handle), P(Second), 0x1000, 0x800, P(Unnamed), P(Unnamed), 0, 1, P(Buffer), 0, P(List)),
            ROW(NtQuerySystemInformation, 0xA, 0, P(Buffer), 0x40, P(Number)),
            ROW(NtQuerySystemInformation, 0xA, 2, P(Buffer), 0x158, P(Number)),
            ROW(NtPowerInformation, 0x8, SystemBatteryState, 0, 0, P(Buffer), 0x20),
        };
        TestBadPointers(services, RTL_NUMBER_OF(services));
    }
    m->List.Size = 5;                            /* for both that take such a list */
    CHECK(TestCallWith(&(TEST_SERVICE)ROW(NtCreateThreadEx, 0, P(Handle), 0, 0, SELF, TEST_POINTER(m), 0, 1, 0, 0, 0), 10, P(List)) ==
          STATUS_INVALID_PARAMETER);
    TestFreeUserPage(m);
}

/* ---- Drivers ---- */
DECLARE(NtLoadDriver) DECLARE(NtUnloadDriver)

static VOID BadDrivers(VOID)
{
    TEST_MEMORY *m = TestMakeMemory(L"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\none");

    if (m == NULL)
        return;
    {
        const TEST_SERVICE services[] = { ROW(NtLoadDriver, 0x1, P(Name)), ROW(NtUnloadDriver, 0x1, P(Name)) };
        TestSwitchPrivilege(SE_LOAD_DRIVER_PRIVILEGE, SE_PRIVILEGE_ENABLED);
        TestBadPointers(services, RTL_NUMBER_OF(services));
        CHECK(TestCallWith(&services[0], 0, P(Name)) == STATUS_OBJECT_NAME_NOT_FOUND);
        m->Name.Buffer = TEST_BAD_USER;
        CHECK(TestCallWith(&services[0], 0, P(Name)) == STATUS_ACCESS_VIOLATION);
        TestSwitchPrivilege(SE_LOAD_DRIVER_PRIVILEGE, 0);
    }
    TestFreeUserPage(m);
}

/* Answers that hold addresses hold their caller's. */
static VOID AnswersWithAddresses(VOID)
{
    TEST_MEMORY *m = TestMakeMemory(L"name");
    UNICODE_STRING *name;

    if (m == NULL)
        return;
    name = (UNICODE_STRING *)m->Buffer;
    CHECK(AS_USER(NtSetInformationThread(NtCurrentThread(), (THREADINFOCLASS)ThreadNameInformation, &m->Name, sizeof(m->Name))) == STATUS_SUCCESS);
    CHECK(AS_USER(NtQueryInformationThread(NtCurrentThread(), (THREADINFOCLASS)ThreadNameInformation, name, 0x200, &m->Number)) == STATUS_SUCCESS);
    CHECK(name->Buffer == (PWSTR)(name + 1) && name->Length == 8 && RtlCompareMemory(name->Buffer, L"name", 8) == 8 && m->Number == 24);
    CHECK(AS_USER(NtQueryInformationThread(NtCurrentThread(), (THREADINFOCLASS)ThreadNameInformation, name, 23, NULL)) == STATUS_BUFFER_TOO_SMALL);
    m->Name.Length = 0;
    CHECK(AS_USER(NtSetInformationThread(NtCurrentThread(), (THREADINFOCLASS)ThreadNameInformation, &m->Name, sizeof(m->Name))) == STATUS_SUCCESS);
    CHECK(AS_USER(NtQueryInformationProcess(NtCurrentProcess(), ProcessImageFileName, name, 0x200, &m->Number)) == STATUS_SUCCESS);
    CHECK(name->Buffer == (PWSTR)(name + 1) && name->MaximumLength == name->Length + 2u && name->Buffer[name->Length / 2] == L'\0');
    TestFreeUserPage(m);
}

/* ---- Keys ---- */
DECLARE(NtCreateKey) DECLARE(NtOpenKey) DECLARE(NtOpenKeyEx) DECLARE(NtDeleteValueKey) DECLARE(NtEnumerateKey) DECLARE(NtEnumerateValueKey)
DECLARE(NtQueryKey) DECLARE(NtQueryValueKey) DECLARE(NtSetValueKey) DECLARE(NtQueryOpenSubKeys) DECLARE(NtNotifyChangeKey)
DECLARE(NtNotifyChangeMultipleKeys) DECLARE(NtLoadKey) DECLARE(NtUnloadKey)

static VOID BadKeyNames(TEST_MEMORY *m, HANDLE Key)
{
    UNICODE_STRING good = m->Name;

    m->Name.Buffer = TEST_BAD_USER;
    CHECK(AS_USER(NtOpenKey(&m->Handle, KEY_READ, &m->Attributes)) == STATUS_ACCESS_VIOLATION);
    CHECK(AS_USER(NtSetValueKey(Key, &m->Name, 0, REG_DWORD, &m->Number, 4)) == STATUS_ACCESS_VIOLATION);
    m->Name = (UNICODE_STRING){ 3, 4, m->Text };
    CHECK(AS_USER(NtSetValueKey(Key, &m->Name, 0, REG_DWORD, &m->Number, 4)) == STATUS_INVALID_PARAMETER);
    m->Name = good;
    m->Attributes.ObjectName = TEST_BAD_USER;
    CHECK(AS_USER(NtOpenKey(&m->Handle, KEY_READ, &m->Attributes)) == STATUS_ACCESS_VIOLATION);
    m->Attributes.ObjectName = &m->Name;
}

static VOID BadKeys(VOID)
{
    TEST_MEMORY *m = TestMakeMemory(L"\\Registry\\Machine\\System");
    HANDLE key;

    if (m == NULL)
        return;
    CHECK(AS_USER(NtOpenKey(&m->Second, KEY_ALL_ACCESS, &m->Attributes)) == STATUS_SUCCESS);
    key = m->Second;
    CHECK(AS_USER(NtSetValueKey(key, &m->Name, 0, REG_DWORD, &m->Number, 4)) == STATUS_SUCCESS);
    CHECK(AS_USER(NtQueryValueKey(key, &m->Name, KeyValuePartialInformation, m->Buffer, 0x200, &m->Number)) == STATUS_SUCCESS &&
          m->Number == 16);
    CHECK(AS_USER(NtQueryValueKey(key, &m->Name, KeyValuePartialInformation, m->Buffer, 8, &m->Number)) == STATUS_BUFFER_TOO_SMALL &&
          m->Number == 16);
    {
        const ULONG64 k = TEST_POINTER(key);
        const TEST_SERVICE services[] = {
            ROW(NtCreateKey, 0x55, P(Handle), KEY_READ, P(Attributes), 0, P(Name), 0, P(Number)),
            ROW(NtOpenKey, 0x5, P(Handle), KEY_READ, P(Attributes)),
            ROW(NtOpenKeyEx, 0x5, P(Handle), KEY_READ, P(Attributes), 0),
            ROW(NtDeleteValueKey, 0x2, k, P(Name)),
            ROW(NtEnumerateKey, 0x28, k, 0, KeyBasicInformation, P(Buffer), 0x200, P(Number)),
            ROW(NtEnumerateValueKey, 0x28, k, 0, KeyValueBasicInformation, P(Buffer), 0x200, P(Number)),
            ROW(NtQueryKey, 0x14, k, KeyBasicInformation, P(Buffer), 0x200, P(Number)),
            ROW(NtQueryValueKey, 0x2A, k, P(Name), KeyValuePartialInformation, P(Buffer), 0x200, P(Number)),
            ROW(NtSetValueKey, 0x12, k, P(Name), 0, REG_DWORD, P(Number), 4),
            ROW(NtQueryOpenSubKeys, 0x3, P(Attributes), P(Number)),
            ROW(NtNotifyChangeKey, 0x10, k, 0, 0, 0, P(Iosb), REG_NOTIFY_CHANGE_LAST_SET, 0, 0, 0, TRUE),
            ROW(NtNotifyChangeMultipleKeys, 0x40, k, 0, 0, 0, 0, 0, P(Iosb), REG_NOTIFY_CHANGE_LAST_SET, 0, 0, 0, TRUE),
            ROW(NtLoadKey, 0x2, P(Attributes), P(Attributes)),
            ROW(NtUnloadKey, 0x1, P(Attributes)),
        };
        TestSwitchPrivilege(SE_RESTORE_PRIVILEGE, SE_PRIVILEGE_ENABLED);
        TestBadPointers(services, RTL_NUMBER_OF(services));
        TestSwitchPrivilege(SE_RESTORE_PRIVILEGE, 0);
    }
    BadKeyNames(m, key);
    m->Number = MAXULONG;
    CHECK(AS_USER(NtQueryOpenSubKeys(&m->Attributes, &m->Number)) == STATUS_SUCCESS && m->Number != MAXULONG);
    CHECK(AS_USER(NtDeleteValueKey(key, &m->Name)) == STATUS_SUCCESS);
    CHECK(AS_USER(NtClose(key)) == STATUS_SUCCESS);
    TestFreeUserPage(m);
}

static const KE_TEST SvcCallerTable[] = {
    { "svc.callers.memory", BadMemory, 0 }, { "svc.callers.processes", BadProcesses, 0 },
    { "svc.callers.drivers", BadDrivers, 0 },
    { "svc.callers.addresses", AnswersWithAddresses, 0 }, { "svc.callers.keys", BadKeys, 0 },
};
const KE_TEST_GROUP SvcCallerTests = { SvcCallerTable, RTL_NUMBER_OF(SvcCallerTable) };

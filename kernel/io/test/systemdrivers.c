/* SPDX-License-Identifier: MIT
 * The order in which drivers start: by start type, group, tag, and what depends on what.
 */
#include "service.h"
#include "ke.h"

#define LARGEST 12u

static CHAR Order[LARGEST + 1];                  /* the last letters of the drivers' names as their images were read */
static CHAR Told[LARGEST + 1];                   /* and of those that were reported to have failed */
static CHAR Failing;                             /* whose DriverEntry fails */
static HANDLE Keys[LARGEST];
static ULONG KeyCount;

static VOID Append(CHAR *Text, CHAR Letter)
{
    SIZE_T length = strlen(Text);
    if (CHECK(length < LARGEST))
        Text[length] = Letter;
}

static NTSTATUS ReadImageFile(PCUNICODE_STRING Name, PVOID *Bytes, PULONG Size)
{
    CHAR letter = Name->Length == 12 * sizeof(WCHAR) ? (CHAR)Name->Buffer[7] : '?';      /* orderlyX.sys */

    if (_wcsnicmp(Name->Buffer, L"orderly", 7) != 0)
        return STATUS_OBJECT_NAME_NOT_FOUND;
    *Bytes = ExAllocatePoolWithTag(PagedPool, TEST_DRIVER_BYTES, 'tseT');
    if (*Bytes == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    Append(Order, letter);
    if (letter == Failing)
        TestBuildDriver(*Bytes, TestFailingCode, sizeof(TestFailingCode));
    else
        TestBuildDriver(*Bytes, TestGoodCode, sizeof(TestGoodCode));
    *Size = TEST_DRIVER_BYTES;
    return STATUS_SUCCESS;
}

static VOID Report(PCUNICODE_STRING Service, NTSTATUS Status)
{
    if (!NT_SUCCESS(Status))
        Append(Told, (CHAR)Service->Buffer[7]);
}

/* A service orderlyX; Tag 0 and a NULL Group: none. */
static HANDLE Add(WCHAR Letter, ULONG Start, PCWSTR Group, ULONG Tag)
{
    WCHAR path[] = SERVICES L"\\orderlyX";
    HANDLE key = NULL;

    path[RTL_NUMBER_OF(path) - 2] = Letter;
    CHECK(TestMakeKey(path, &key) == STATUS_SUCCESS);
    TestSetNumber(key, L"Type", SERVICE_KERNEL_DRIVER);
    TestSetNumber(key, L"Start", Start);
    if (Group != NULL)
        CHECK(TestSetValue(key, L"Group", REG_SZ, Group, (ULONG)(wcslen(Group) + 1) * sizeof(WCHAR)) == STATUS_SUCCESS);
    if (Tag != 0)
        TestSetNumber(key, L"Tag", Tag);
    Keys[KeyCount++] = key;
    return key;
}

/* One name. */
static VOID Need(HANDLE Key, PCWSTR Value, PCWSTR Name)
{
    WCHAR list[32] = { 0 };

    RtlCopyMemory(list, Name, wcslen(Name) * sizeof(WCHAR));
    CHECK(TestSetValue(Key, Value, REG_MULTI_SZ, list, (ULONG)(wcslen(Name) + 2) * sizeof(WCHAR)) == STATUS_SUCCESS);
}

static VOID Begin(VOID)
{
    HANDLE services = NULL;

    RtlZeroMemory(Order, sizeof(Order));
    RtlZeroMemory(Told, sizeof(Told));
    Failing = '-';
    KeyCount = 0;
    IoUpcalls.ReadImageFile = ReadImageFile;
    CHECK(TestMakeKey(SERVICES, &services) == STATUS_SUCCESS);
    ZwClose(services);
}

static VOID Unload(CHAR Letter)
{
    WCHAR path[] = SERVICES L"\\orderlyX";
    UNICODE_STRING name;

    path[RTL_NUMBER_OF(path) - 2] = (WCHAR)Letter;
    RtlInitUnicodeString(&name, path);
    ZwUnloadDriver(&name);                       /* of those that failed there is nothing */
}

static VOID End(VOID)
{
    ULONG i;

    for (i = 0; Order[i] != '\0'; i++)
        Unload(Order[i]);
    for (i = 0; i < KeyCount; i++) {
        CHECK(ZwDeleteKey(Keys[i]) == STATUS_SUCCESS);
        ZwClose(Keys[i]);
    }
    IoUpcalls.ReadImageFile = NULL;
}

/* Start types before groups before tags before the order of keys; neither disabled drivers, nor services on demand, nor programs. */
static VOID Ranks(VOID)
{
    static const ULONG tags[] = { 2, 9, 4 };
    HANDLE orders = NULL, program;

    Begin();
    CHECK(TestMakeKey(L"\\Registry\\Machine\\System\\CurrentControlSet\\Control\\GroupOrderList", &orders) == STATUS_SUCCESS);
    CHECK(TestSetValue(orders, L"Base", REG_BINARY, tags, sizeof(tags)) == STATUS_SUCCESS);
    Add(L'a', SERVICE_AUTO_START, L"Base", 0);
    Add(L'b', SERVICE_SYSTEM_START, NULL, 0);
    Add(L'c', SERVICE_SYSTEM_START, L"Base", 4);
    Add(L'd', SERVICE_SYSTEM_START, L"Base", 9);
    Add(L'e', SERVICE_SYSTEM_START, L"Base", 77);
    Add(L'f', SERVICE_BOOT_START, L"no such group", 0);
    Add(L'g', SERVICE_DEMAND_START, L"Base", 9);
    Add(L'h', SERVICE_DISABLED, L"Base", 9);
    program = Add(L'i', SERVICE_AUTO_START, L"Base", 9);
    TestSetNumber(program, L"Type", SERVICE_WIN32_OWN_PROCESS);
    CHECK(IoStartSystemDrivers(Report) == STATUS_SUCCESS);
    CHECK(strcmp(Order, "fdceba") == 0 && Told[0] == '\0');
    CHECK(IoStartSystemDrivers(Report) == STATUS_SUCCESS && strcmp(Order, "fdceba") == 0);       /* all of them run */
    if (orders != NULL) {
        UNICODE_STRING base = RTL_CONSTANT_STRING(L"Base");
        CHECK(ZwDeleteValueKey(orders, &base) == STATUS_SUCCESS);
        ZwClose(orders);
    }
    End();
}

/* What is needed comes before, on demand if need be; who needs what fails, is not there, or needs it back does not start. */
static VOID Dependencies(VOID)
{
    HANDLE key;

    Begin();
    Failing = 'f';
    key = Add(L'a', SERVICE_SYSTEM_START, NULL, 0);
    Need(key, L"DependOnService", L"orderlyc");
    key = Add(L'b', SERVICE_SYSTEM_START, NULL, 0);
    Need(key, L"DependOnService", L"orderlyf");
    key = Add(L'c', SERVICE_DEMAND_START, L"helpers", 0);
    Need(key, L"DependOnService", L"null");      /* a boot driver that has no key */
    key = Add(L'd', SERVICE_SYSTEM_START, NULL, 0);
    Need(key, L"DependOnService", L"nobody");
    key = Add(L'e', SERVICE_SYSTEM_START, NULL, 0);
    Need(key, L"DependOnService", L"orderlyg");
    Add(L'f', SERVICE_AUTO_START, NULL, 0);
    key = Add(L'g', SERVICE_DEMAND_START, NULL, 0);
    Need(key, L"DependOnService", L"orderlye");
    key = Add(L'h', SERVICE_SYSTEM_START, NULL, 0);
    Need(key, L"DependOnGroup", L"Helpers");
    key = Add(L'i', SERVICE_SYSTEM_START, NULL, 0);
    Need(key, L"DependOnGroup", L"no such group");
    CHECK(IoStartSystemDrivers(Report) == STATUS_SUCCESS);
    CHECK(strcmp(Order, "cafh") == 0);
    CHECK(strcmp(Told, "fbdgei") == 0);
    End();
}

/* A chain that is longer than the kernel follows ends without taking the stack with it. */
static VOID LongChain(VOID)
{
    WCHAR path[] = SERVICES L"\\chain000", next[] = L"chain000";
    HANDLE keys[64];
    ULONG i;

    Begin();
    for (i = 0; i < RTL_NUMBER_OF(keys); i++) {
        path[RTL_NUMBER_OF(path) - 3] = (WCHAR)(L'0' + i / 10);
        path[RTL_NUMBER_OF(path) - 2] = (WCHAR)(L'0' + i % 10);
        next[6] = (WCHAR)(L'0' + (i + 1) / 10);
        next[7] = (WCHAR)(L'0' + (i + 1) % 10);
        CHECK(TestMakeKey(path, &keys[i]) == STATUS_SUCCESS);
        TestSetNumber(keys[i], L"Type", SERVICE_KERNEL_DRIVER);
        TestSetNumber(keys[i], L"Start", i == 0 ? SERVICE_SYSTEM_START : SERVICE_DEMAND_START);
        Need(keys[i], L"DependOnService", next);
    }
    CHECK(IoStartSystemDrivers(NULL) == STATUS_SUCCESS && Order[0] == '\0');
    for (i = 0; i < RTL_NUMBER_OF(keys); i++) {
        CHECK(ZwDeleteKey(keys[i]) == STATUS_SUCCESS);
        ZwClose(keys[i]);
    }
    End();
}

static const KE_TEST tests[] = {
    { "io.start.ranks", Ranks, 0 }, { "io.start.dependencies", Dependencies, 0 }, { "io.start.chain", LongChain, 0 },
};
const KE_TEST_GROUP IoStartTests = { tests, RTL_NUMBER_OF(tests) };

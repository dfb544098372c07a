/* SPDX-License-Identifier: MIT
 * The service keys that the lab makes and deletes.
 */
#include "../lab.h"

#define KEY L"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\TestLabService"

static NTSTATUS Open(PCWSTR Path, ULONG Options, PHANDLE Key)
{
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING name;

    RtlInitUnicodeString(&name, Path);
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    if (Options == 0)
        return ZwOpenKey(Key, KEY_ALL_ACCESS, &attributes);
    return ZwCreateKey(Key, KEY_ALL_ACCESS, &attributes, 0, NULL, Options, NULL);
}

static BOOLEAN IsThere(PCWSTR Path)
{
    HANDLE key;
    NTSTATUS status = Open(Path, 0, &key);

    if (NT_SUCCESS(status))
        ZwClose(key);
    return NT_SUCCESS(status);
}

static VOID Make(PCWSTR Path)
{
    HANDLE key;
    if (CHECK(Open(Path, REG_OPTION_VOLATILE, &key) == STATUS_SUCCESS))
        ZwClose(key);
}

static BOOLEAN ValueIs(PCWSTR Path, PCWSTR Name, ULONG Type, const VOID *Data, ULONG Bytes)
{
    struct {
        KEY_VALUE_PARTIAL_INFORMATION Information;
        UCHAR Room[256];
    } value;
    UNICODE_STRING name;
    ULONG length;
    HANDLE key;
    NTSTATUS status = Open(Path, 0, &key);

    if (!NT_SUCCESS(status))
        return FALSE;
    RtlInitUnicodeString(&name, Name);
    status = ZwQueryValueKey(key, &name, KeyValuePartialInformation, &value, sizeof(value), &length);
    ZwClose(key);
    return status == STATUS_SUCCESS && value.Information.Type == Type && value.Information.DataLength == Bytes &&
           RtlEqualMemory(value.Information.Data, Data, Bytes);
}

static BOOLEAN NumberIs(PCWSTR Name, ULONG Number) { return ValueIs(KEY, Name, REG_DWORD, &Number, sizeof(Number)); }

static VOID Life(VOID)
{
    static const WCHAR image[] = L"\\SystemRoot\\System32\\drivers\\TestLabService.sys", name[] = L"TestLabService";
    LAB_DRIVER driver = { .Name = "TestLabService.sys" };
    ULONG i;

    CHECK(!IsThere(KEY));
    if (!CHECK(InitMakeServiceKey(&driver) == STATUS_SUCCESS && driver.MadeKey))
        return;
    CHECK(NumberIs(L"Type", SERVICE_KERNEL_DRIVER) && NumberIs(L"Start", SERVICE_DEMAND_START));
    CHECK(NumberIs(L"ErrorControl", SERVICE_ERROR_NORMAL));
    CHECK(ValueIs(KEY, L"ImagePath", REG_EXPAND_SZ, image, sizeof(image)) &&
          ValueIs(KEY, L"DisplayName", REG_SZ, name, sizeof(name)));
    for (i = 0; i < 2; i++) {                    /* what a driver puts there goes too */
        Make(i == 0 ? KEY L"\\One" : KEY L"\\Two");
        Make(i == 0 ? KEY L"\\One\\Deeper" : KEY L"\\Two\\Deeper");
    }
    InitDeleteServiceKey(&driver);
    CHECK(!IsThere(KEY) && !driver.MadeKey);
    InitDeleteServiceKey(&driver);               /* not again */
}

/* A key that is there belongs to somebody else. */
static VOID Foreign(VOID)
{
    LAB_DRIVER driver = { .Name = "TestLabService.sys" };
    HANDLE key;

    if (!CHECK(Open(KEY, REG_OPTION_VOLATILE, &key) == STATUS_SUCCESS))
        return;
    CHECK(InitMakeServiceKey(&driver) == STATUS_SUCCESS && !driver.MadeKey && !NumberIs(L"Type", SERVICE_KERNEL_DRIVER));
    InitDeleteServiceKey(&driver);
    CHECK(IsThere(KEY) && ZwDeleteKey(key) == STATUS_SUCCESS);
    ZwClose(key);
}

/* What a link below the key leads to is not the driver's. */
static VOID Link(VOID)
{
    static const WCHAR target[] = L"\\Registry\\Machine\\Hardware\\TestLabTarget";
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"SymbolicLinkValue");
    LAB_DRIVER driver = { .Name = "TestLabService.sys" };
    HANDLE key, link;

    if (!CHECK(InitMakeServiceKey(&driver) == STATUS_SUCCESS) ||
        !CHECK(Open(target, REG_OPTION_VOLATILE, &key) == STATUS_SUCCESS))
        return;
    if (CHECK(Open(KEY L"\\Link", REG_OPTION_VOLATILE | REG_OPTION_CREATE_LINK, &link) == STATUS_SUCCESS)) {
        CHECK(ZwSetValueKey(link, &name, 0, REG_LINK, (PVOID)target, sizeof(target) - sizeof(WCHAR)) == STATUS_SUCCESS);
        ZwClose(link);
    }
    CHECK(IsThere(KEY L"\\Link"));
    InitDeleteServiceKey(&driver);
    CHECK(!IsThere(KEY) && IsThere(target));
    ZwDeleteKey(key);
    ZwClose(key);
}

static VOID Values(VOID)
{
    static const WCHAR text[] = L"a=b: \u00E4", none[] = L"";
    ULONG seven = 7, all = 0xFFFFFFFF;
    HANDLE key;

    if (!CHECK(Open(KEY, REG_OPTION_VOLATILE, &key) == STATUS_SUCCESS))
        return;
    CHECK(InitSetServiceValue(key, "Number=dword:7") == STATUS_SUCCESS && NumberIs(L"Number", 7));
    CHECK(InitSetServiceValue(key, "Parameters\\All=dword:0xFFFFFFFF") == STATUS_SUCCESS);
    CHECK(ValueIs(KEY L"\\Parameters", L"All", REG_DWORD, &all, sizeof(all)));
    CHECK(InitSetServiceValue(key, "Parameters\\Text=sz:a=b: \xC3\xA4") == STATUS_SUCCESS);
    CHECK(ValueIs(KEY L"\\Parameters", L"Text", REG_SZ, text, sizeof(text)));
    CHECK(InitSetServiceValue(key, "=sz:") == STATUS_SUCCESS && ValueIs(KEY, L"", REG_SZ, none, sizeof(none)));
    CHECK(InitSetServiceValue(key, "Number") == STATUS_INVALID_PARAMETER);
    CHECK(InitSetServiceValue(key, "Number=8") == STATUS_INVALID_PARAMETER);
    CHECK(InitSetServiceValue(key, "Number=dword:") == STATUS_INVALID_PARAMETER);
    CHECK(InitSetServiceValue(key, "Number=qword:8") == STATUS_INVALID_PARAMETER);
    CHECK(ValueIs(KEY, L"Number", REG_DWORD, &seven, sizeof(seven)));
    if (CHECK(IsThere(KEY L"\\Parameters"))) {
        LAB_DRIVER driver = { .Name = "TestLabService.sys", .MadeKey = TRUE };
        InitDeleteServiceKey(&driver);
    }
    ZwClose(key);
}

static const KE_TEST tests[] = {
    { "init.service.life", Life, 0 },
    { "init.service.foreign", Foreign, 0 },
    { "init.service.link", Link, 0 },
    { "init.service.values", Values, 0 },
};
const KE_TEST_GROUP InitServiceTests = { tests, RTL_NUMBER_OF(tests) };

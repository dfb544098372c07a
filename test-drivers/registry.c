/* SPDX-License-Identifier: MIT
 * The registry from a driver: its own service key, keys and values of every kind, enumeration, and the Rtl routines. Everything it
 * makes lies in a volatile key of its own, and is gone in the end.
 */
#include "check.h"

DRIVER_INITIALIZE DriverEntry;

typedef union BUFFER {
    KEY_VALUE_PARTIAL_INFORMATION Partial;
    KEY_VALUE_FULL_INFORMATION Full;
    KEY_BASIC_INFORMATION Basic;
    KEY_FULL_INFORMATION Whole;
    UCHAR Bytes[512];
} BUFFER;

static BUFFER Buffer;
static ULONG Seen;

static HANDLE Make(HANDLE Parent, PCWSTR Name, ULONG Wanted)
{
    OBJECT_ATTRIBUTES attributes;
    ULONG disposition = 0;
    UNICODE_STRING name;
    HANDLE key = NULL;

    RtlInitUnicodeString(&name, Name);
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, Parent, NULL);
    if (CheckStatus(ZwCreateKey(&key, KEY_ALL_ACCESS, &attributes, 0, NULL, REG_OPTION_VOLATILE, &disposition), STATUS_SUCCESS, "a key"))
        Check(disposition == Wanted, "whether it was there");
    return key;
}

static NTSTATUS Open(HANDLE Parent, PCWSTR Name, PHANDLE Key)
{
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING name;

    RtlInitUnicodeString(&name, Name);
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, Parent, NULL);
    return ZwOpenKey(Key, KEY_READ, &attributes);
}

static NTSTATUS Set(HANDLE Key, PCWSTR Name, ULONG Type, const VOID *Data, ULONG Size)
{
    UNICODE_STRING name;

    RtlInitUnicodeString(&name, Name);
    return ZwSetValueKey(Key, &name, 0, Type, (PVOID)Data, Size);
}

static NTSTATUS Query(HANDLE Key, PCWSTR Name, ULONG Size, PULONG Needed)
{
    UNICODE_STRING name;

    RtlInitUnicodeString(&name, Name);
    return ZwQueryValueKey(Key, &name, KeyValuePartialInformation, &Buffer, Size, Needed);
}

/* ---- Values ---- */

static VOID CheckValue(HANDLE Key, PCWSTR Name, ULONG Type, const VOID *Data, ULONG Size)
{
    ULONG needed = 0;

    CheckStatus(Set(Key, Name, Type, Data, Size), STATUS_SUCCESS, "a value is set");
    CheckStatus(Query(Key, Name, sizeof(Buffer), &needed), STATUS_SUCCESS, "it is read");
    Check(Buffer.Partial.Type == Type && Buffer.Partial.DataLength == Size, "its type and length");
    Check(RtlCompareMemory(Buffer.Partial.Data, Data, Size) == Size, "its data");
    Check(needed >= FIELD_OFFSET(KEY_VALUE_PARTIAL_INFORMATION, Data) + Size, "how much it needed");
}

static VOID CheckValues(HANDLE Key)
{
    static const WCHAR text[] = L"some text", list[] = L"one\0two\0";
    static const ULONG number = 0x12345678;
    static const ULONGLONG large = 0x123456789ABCDEF0;
    static const UCHAR bytes[5] = { 1, 2, 3, 4, 5 };
    ULONG needed = 0;

    CheckValue(Key, L"Text", REG_SZ, text, sizeof(text));
    CheckValue(Key, L"List", REG_MULTI_SZ, list, sizeof(list));
    CheckValue(Key, L"Number", REG_DWORD, &number, sizeof(number));
    CheckValue(Key, L"Large", REG_QWORD, &large, sizeof(large));
    CheckValue(Key, L"Bytes", REG_BINARY, bytes, sizeof(bytes));
    CheckValue(Key, L"", REG_SZ, text, sizeof(text));
    CheckValue(Key, L"NUMBER", REG_BINARY, bytes, sizeof(bytes));
    CheckValue(Key, L"number", REG_DWORD, &number, sizeof(number));
    CheckStatus(Query(Key, L"Nowhere", sizeof(Buffer), &needed), STATUS_OBJECT_NAME_NOT_FOUND, "a value that is not there");
    CheckStatus(Query(Key, L"Text", 1, &needed), STATUS_BUFFER_TOO_SMALL, "no room for the fixed part");
    Check(needed >= FIELD_OFFSET(KEY_VALUE_PARTIAL_INFORMATION, Data) + sizeof(text), "the room it wants");
    CheckStatus(Query(Key, L"Text", FIELD_OFFSET(KEY_VALUE_PARTIAL_INFORMATION, Data) + 2, &needed), STATUS_BUFFER_OVERFLOW,
                "no room for all the data");
}

static VOID CheckEnumeration(HANDLE Key)
{
    UNICODE_STRING name;
    ULONG needed, i = 0;

    while (NT_SUCCESS(ZwEnumerateValueKey(Key, i, KeyValueFullInformation, &Buffer, sizeof(Buffer), &needed)))
        i += 1;
    Check(i == 6, "all values are enumerated");
    CheckStatus(ZwEnumerateValueKey(Key, i, KeyValueFullInformation, &Buffer, sizeof(Buffer), &needed), STATUS_NO_MORE_ENTRIES, "the end");
    RtlInitUnicodeString(&name, L"Bytes");
    CheckStatus(ZwDeleteValueKey(Key, &name), STATUS_SUCCESS, "a value is deleted");
    CheckStatus(ZwDeleteValueKey(Key, &name), STATUS_OBJECT_NAME_NOT_FOUND, "once");
    CheckStatus(ZwQueryKey(Key, KeyFullInformation, &Buffer, sizeof(Buffer), &needed), STATUS_SUCCESS, "the key itself");
    Check(Buffer.Whole.Values == 5 && Buffer.Whole.SubKeys == 0, "how much it holds");
}

static VOID CheckSubkeys(HANDLE Key)
{
    HANDLE first = Make(Key, L"First", REG_CREATED_NEW_KEY), again = Make(Key, L"FIRST", REG_OPENED_EXISTING_KEY);
    HANDLE second = Make(Key, L"Second", REG_CREATED_NEW_KEY), other;
    ULONG needed, i = 0;

    while (NT_SUCCESS(ZwEnumerateKey(Key, i, KeyBasicInformation, &Buffer, sizeof(Buffer), &needed)))
        i += 1;
    Check(i == 2, "all keys are enumerated");
    ZwClose(again);
    CheckStatus(Open(Key, L"Third", &other), STATUS_OBJECT_NAME_NOT_FOUND, "a key that is not there");
    CheckStatus(ZwDeleteKey(Key), STATUS_CANNOT_DELETE, "a key with keys in it stays");
    CheckStatus(ZwDeleteKey(first), STATUS_SUCCESS, "a key is deleted");
    CheckStatus(Set(first, L"x", REG_DWORD, &i, sizeof(i)), STATUS_KEY_DELETED, "a deleted key takes nothing");
    CheckStatus(ZwDeleteKey(second), STATUS_SUCCESS, "the other too");
    ZwClose(first);
    ZwClose(second);
    CheckStatus(Open(Key, L"First", &other), STATUS_OBJECT_NAME_NOT_FOUND, "it is gone");
}

/* ---- Rtl routines ---- */

static NTSTATUS NTAPI OnValue(PWSTR Name, ULONG Type, PVOID Data, ULONG Length, PVOID Context, PVOID EntryContext)
{
    if (Context == &Seen && EntryContext == &Buffer && Type == REG_SZ)
        Seen += 1;
    return STATUS_SUCCESS;
}

static VOID CheckRtl(HANDLE Key)
{
    PCWSTR where = (PCWSTR)Key;
    ULONG written = 77, number = 0, fallback = 5, missing = 0;
    RTL_QUERY_REGISTRY_TABLE table[5];
    UNICODE_STRING text = { 0 };

    CheckStatus(RtlWriteRegistryValue(RTL_REGISTRY_HANDLE, where, L"Written", REG_DWORD, &written, sizeof(written)), STATUS_SUCCESS, "write");
    RtlZeroMemory(table, sizeof(table));
    table[0].Flags = RTL_QUERY_REGISTRY_DIRECT | RTL_QUERY_REGISTRY_REQUIRED;
    table[0].Name = (PWSTR)L"Written";
    table[0].EntryContext = &number;
    table[1].Flags = RTL_QUERY_REGISTRY_DIRECT;
    table[1].Name = (PWSTR)L"Missing";
    table[1].EntryContext = &missing;
    table[1].DefaultType = REG_DWORD;
    table[1].DefaultData = &fallback;
    table[1].DefaultLength = sizeof(fallback);
    table[2].Flags = RTL_QUERY_REGISTRY_DIRECT;
    table[2].Name = (PWSTR)L"Text";
    table[2].EntryContext = &text;
    table[3].QueryRoutine = OnValue;
    table[3].Name = (PWSTR)L"Text";
    table[3].EntryContext = &Buffer;
    CheckStatus(RtlQueryRegistryValues(RTL_REGISTRY_HANDLE, where, table, &Seen, NULL), STATUS_SUCCESS, "RtlQueryRegistryValues");
    Check(number == 77 && missing == 5 && Seen == 1, "a value, a default, a routine");
    Check(text.Buffer != NULL && text.Length == 9 * sizeof(WCHAR), "a string of its own");
    RtlFreeUnicodeString(&text);
    CheckStatus(RtlDeleteRegistryValue(RTL_REGISTRY_HANDLE, where, L"Written"), STATUS_SUCCESS, "delete");
    CheckStatus(RtlQueryRegistryValues(RTL_REGISTRY_HANDLE, where, table, &Seen, NULL), STATUS_OBJECT_NAME_NOT_FOUND, "a required value");
}

/* ---- The service ---- */

static VOID CheckNumber(HANDLE Service, PCWSTR Name, ULONG Wanted)
{
    ULONG needed, number = 0;

    if (!CheckStatus(Query(Service, Name, sizeof(Buffer), &needed), STATUS_SUCCESS, "a value of the service"))
        return;
    RtlCopyMemory(&number, Buffer.Partial.Data, sizeof(number));
    Check(Buffer.Partial.Type == REG_DWORD && Buffer.Partial.DataLength == sizeof(number) && number == Wanted, "a number of the service");
}

static VOID CheckText(HANDLE Service, PCWSTR Name, ULONG Type, PCWSTR End)
{
    ULONG needed, size = (ULONG)(wcslen(End) + 1) * sizeof(WCHAR), length;

    if (!CheckStatus(Query(Service, Name, sizeof(Buffer), &needed), STATUS_SUCCESS, "a text of the service"))
        return;
    length = Buffer.Partial.DataLength;
    Check(Buffer.Partial.Type == Type && length >= size, "its type and length");
    if (length >= size)
        Check(RtlCompareMemory(Buffer.Partial.Data + length - size, End, size) == size, "what it says");
}

/* As it was installed, and with what the job put there (expected.toml). */
static VOID CheckService(HANDLE Service)
{
    HANDLE parameters;

    CheckNumber(Service, L"Type", 1);            /* SERVICE_KERNEL_DRIVER */
    CheckNumber(Service, L"Start", 3);           /* SERVICE_DEMAND_START */
    CheckNumber(Service, L"ErrorControl", 1);    /* SERVICE_ERROR_NORMAL */
    CheckText(Service, L"ImagePath", REG_EXPAND_SZ, L"ystem32\\drivers\\registry.sys");
    CheckText(Service, L"DisplayName", REG_SZ, L"registry");
    CheckText(Service, L"Greeting", REG_SZ, L"hello: world");
    if (CheckStatus(Open(Service, L"Parameters", &parameters), STATUS_SUCCESS, "the key of the parameters")) {
        CheckNumber(parameters, L"Limit", 0x20);
        ZwClose(parameters);
    }
}

static HANDLE OpenService(PUNICODE_STRING RegistryPath)
{
    OBJECT_ATTRIBUTES attributes;
    HANDLE key = NULL;

    InitializeObjectAttributes(&attributes, RegistryPath, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    CheckStatus(ZwOpenKey(&key, KEY_ALL_ACCESS, &attributes), STATUS_SUCCESS, "the driver's own key");
    return key;
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    HANDLE service = OpenService(RegistryPath), key;

    if (service == NULL)
        return CheckResult();
    CheckService(service);
    key = Make(service, L"PetrelTest", REG_CREATED_NEW_KEY);
    if (key != NULL) {
        CheckValues(key);
        CheckEnumeration(key);
        CheckSubkeys(key);
        CheckRtl(key);
        CheckStatus(ZwDeleteKey(key), STATUS_SUCCESS, "the test's key goes");
        ZwClose(key);
    }
    ZwClose(service);
    return CheckResult();
}

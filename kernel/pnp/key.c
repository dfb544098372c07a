/* SPDX-License-Identifier: MIT
 * Keys below CurrentControlSet.
 */
#include "pnpp.h"

static NTSTATUS PnpCreateOneKey(PUNICODE_STRING Path, ACCESS_MASK Access, PHANDLE Key)
{
    OBJECT_ATTRIBUTES attributes;
    NTSTATUS status;

    InitializeObjectAttributes(&attributes, Path, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    status = ZwCreateKey(Key, Access, &attributes, 0, NULL, REG_OPTION_NON_VOLATILE, NULL);
    if (status == STATUS_CHILD_MUST_BE_VOLATILE) /* there is no hive file */
        status = ZwCreateKey(Key, Access, &attributes, 0, NULL, REG_OPTION_VOLATILE, NULL);
    return status;
}

/* Every prefix of the path that ends before a backslash, from CurrentControlSet down, then the path itself. */
static NTSTATUS PnpCreatePath(PUNICODE_STRING Path, ACCESS_MASK Access, PHANDLE Key)
{
    ULONG i, first = RTL_NUMBER_OF(PNP_SYSTEM_KEY) - 1;
    NTSTATUS status = STATUS_SUCCESS;
    HANDLE key;

    for (i = first; i < Path->Length / sizeof(WCHAR) && NT_SUCCESS(status); i++) {
        UNICODE_STRING prefix = { (USHORT)(i * sizeof(WCHAR)), Path->MaximumLength, Path->Buffer };
        if (Path->Buffer[i] != L'\\')
            continue;
        status = PnpCreateOneKey(&prefix, KEY_CREATE_SUB_KEY, &key);
        if (NT_SUCCESS(status))
            ZwClose(key);
    }
    return NT_SUCCESS(status) ? PnpCreateOneKey(Path, Access, Key) : status;
}

NTSTATUS PnpOpenKey(PCWSTR First, PCUNICODE_STRING Second, PCWSTR Third, ACCESS_MASK Access, BOOLEAN Create, PHANDLE Key)
{
    ULONG size = sizeof(PNP_SYSTEM_KEY) + (ULONG)(wcslen(First) + wcslen(Third)) * sizeof(WCHAR) + (Second != NULL ? Second->Length : 0);
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING path;
    NTSTATUS status;

    if (size > 0xFFF0)
        return STATUS_OBJECT_NAME_INVALID;
    path = (UNICODE_STRING){ 0, (USHORT)size, ExAllocatePoolWithTag(PagedPool, size, PNP_TAG) };
    if (path.Buffer == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlAppendUnicodeToString(&path, PNP_SYSTEM_KEY);
    RtlAppendUnicodeToString(&path, First);
    if (Second != NULL)
        RtlAppendUnicodeStringToString(&path, Second);
    RtlAppendUnicodeToString(&path, Third);
    InitializeObjectAttributes(&attributes, &path, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    status = Create ? PnpCreatePath(&path, Access, Key) : ZwOpenKey(Key, Access, &attributes);
    ExFreePoolWithTag(path.Buffer, PNP_TAG);
    return status;
}

NTSTATUS PnpCreateInstanceKey(const PNP_NODE *Node, PHANDLE Key)
{
    HANDLE parameters;
    NTSTATUS status = PnpOpenKey(L"Enum\\", &Node->Instance, L"\\Device Parameters", KEY_SET_VALUE, TRUE, &parameters);

    if (!NT_SUCCESS(status))
        return status;
    ZwClose(parameters);
    return PnpOpenKey(L"Enum\\", &Node->Instance, L"", KEY_SET_VALUE, TRUE, Key);
}

/* A value that cannot be written is missed by whoever looks for it, and by nobody else. */
VOID PnpSetString(HANDLE Key, PCWSTR Name, PCUNICODE_STRING Value)
{
    UNICODE_STRING name;
    PWCHAR copy = ExAllocatePoolWithTag(PagedPool, Value->Length + sizeof(WCHAR), PNP_TAG);

    if (copy == NULL)
        return;
    RtlCopyMemory(copy, Value->Buffer, Value->Length);
    copy[Value->Length / sizeof(WCHAR)] = L'\0';
    RtlInitUnicodeString(&name, Name);
    ZwSetValueKey(Key, &name, 0, REG_SZ, copy, Value->Length + sizeof(WCHAR));
    ExFreePoolWithTag(copy, PNP_TAG);
}

VOID PnpSetNumber(HANDLE Key, PCWSTR Name, ULONG Value)
{
    UNICODE_STRING name;
    RtlInitUnicodeString(&name, Name);
    ZwSetValueKey(Key, &name, 0, REG_DWORD, &Value, sizeof(Value));
}

VOID PnpSetList(HANDLE Key, PCWSTR Name, PCUNICODE_STRING List)
{
    ULONG size = List->Length + 2 * sizeof(WCHAR);
    PWCHAR copy = List->Length != 0 ? ExAllocatePoolWithTag(PagedPool, size, PNP_TAG) : NULL;
    UNICODE_STRING name;

    if (copy == NULL)
        return;
    RtlZeroMemory(copy, size);
    RtlCopyMemory(copy, List->Buffer, List->Length);
    RtlInitUnicodeString(&name, Name);
    ZwSetValueKey(Key, &name, 0, REG_MULTI_SZ, copy, size);
    ExFreePoolWithTag(copy, PNP_TAG);
}

NTSTATUS PnpGetString(HANDLE Key, PCWSTR Name, PUNICODE_STRING Value)
{
    union {
        KEY_VALUE_PARTIAL_INFORMATION Information;
        UCHAR Room[FIELD_OFFSET(KEY_VALUE_PARTIAL_INFORMATION, Data) + 200 * sizeof(WCHAR)];
    } value;
    const WCHAR *text = (const WCHAR *)value.Information.Data;
    UNICODE_STRING name;
    ULONG length;
    NTSTATUS status;

    RtlInitUnicodeString(&name, Name);
    status = ZwQueryValueKey(Key, &name, KeyValuePartialInformation, &value, sizeof(value), &length);
    if (!NT_SUCCESS(status))
        return status;
    length = value.Information.DataLength & ~1u;
    while (length != 0 && text[length / sizeof(WCHAR) - 1] == L'\0')
        length -= sizeof(WCHAR);
    if (value.Information.Type != REG_SZ || length == 0)
        return STATUS_OBJECT_NAME_NOT_FOUND;
    return PnpCopyString(Value, text, length);
}

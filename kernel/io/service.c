/* SPDX-License-Identifier: MIT
 * Reading a driver's service key: Type must be that of a driver, Start if there is one must be a start type, ImagePath is relative to
 * \SystemRoot unless it begins with a backslash and may be left out for System32\drivers\NAME.sys.
 */
#include "service.h"
#include "cm.h"

const UNICODE_STRING IopServicesKey = RTL_CONSTANT_STRING(L"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\");

#define IOP_SERVICE_STARTS 5u                    /* boot, system, automatic, on demand, disabled */

typedef union IOP_VALUE {
    KEY_VALUE_PARTIAL_INFORMATION Information;
    UCHAR Room[FIELD_OFFSET(KEY_VALUE_PARTIAL_INFORMATION, Data) + IOP_SERVICE_CHARACTERS * sizeof(WCHAR)];
} IOP_VALUE;

static NTSTATUS IopAppend(PUNICODE_STRING String, PCWSTR Text, ULONG Bytes)
{
    UNICODE_STRING text = { (USHORT)Bytes, (USHORT)Bytes, (PWSTR)Text };
    return NT_SUCCESS(RtlAppendUnicodeStringToString(String, &text)) ? STATUS_SUCCESS : STATUS_OBJECT_NAME_INVALID;
}

/* The string's own fields, and its text into Copy when it fits. */
static NTSTATUS IopCapturePath(PUNICODE_STRING Path, KPROCESSOR_MODE Mode, PUNICODE_STRING Copy)
{
    UNICODE_STRING path;
    NTSTATUS status = MmReadCaller(Mode, &path, Path, sizeof(path));

    if (!NT_SUCCESS(status))
        return status;
    if (path.Length == 0 || (path.Length & 1) || path.Length > Copy->MaximumLength)
        return STATUS_INVALID_PARAMETER;
    Copy->Length = path.Length;
    return MmReadCaller(Mode, Copy->Buffer, path.Buffer, path.Length);
}

static NTSTATUS IopNameService(PCUNICODE_STRING Path, IOP_SERVICE *Service)
{
    ULONG i, first = IopServicesKey.Length / sizeof(WCHAR);

    if (!RtlPrefixUnicodeString(&IopServicesKey, Path, TRUE) || Path->Length == IopServicesKey.Length)
        return STATUS_INVALID_PARAMETER;
    for (i = first; i < Path->Length / sizeof(WCHAR); i++)
        if (Path->Buffer[i] == L'\\' || Path->Buffer[i] == L'\0')
            return STATUS_INVALID_PARAMETER;
    return IopAppend(&Service->Name, Path->Buffer + first, Path->Length - IopServicesKey.Length);
}

/* STATUS_OBJECT_NAME_NOT_FOUND: there is no such value; anything that is too long is ill formed. */
static NTSTATUS IopQueryValue(HANDLE Key, PCWSTR Name, IOP_VALUE *Value)
{
    UNICODE_STRING name;
    ULONG length;
    NTSTATUS status;

    RtlInitUnicodeString(&name, Name);
    status = ZwQueryValueKey(Key, &name, KeyValuePartialInformation, Value, sizeof(*Value), &length);
    return status == STATUS_BUFFER_OVERFLOW ? STATUS_ILL_FORMED_SERVICE_ENTRY : status;
}

NTSTATUS IopQueryNumber(HANDLE Key, PCWSTR Name, PULONG Number)
{
    IOP_VALUE value;
    NTSTATUS status = IopQueryValue(Key, Name, &value);

    if (!NT_SUCCESS(status))
        return status;
    if (value.Information.Type != REG_DWORD || value.Information.DataLength != sizeof(ULONG))
        return STATUS_ILL_FORMED_SERVICE_ENTRY;
    RtlCopyMemory(Number, value.Information.Data, sizeof(*Number));
    return STATUS_SUCCESS;
}

static NTSTATUS IopReadImagePath(HANDLE Key, IOP_SERVICE *Service)
{
    IOP_VALUE value;
    PWSTR text = (PWSTR)value.Information.Data;
    NTSTATUS status = IopQueryValue(Key, L"ImagePath", &value);
    ULONG length;

    if (status == STATUS_OBJECT_NAME_NOT_FOUND) {
        RtlAppendUnicodeToString(&Service->ImagePath, L"\\SystemRoot\\System32\\drivers\\");
        status = IopAppend(&Service->ImagePath, Service->Name.Buffer, Service->Name.Length);
        return NT_SUCCESS(status) ? IopAppend(&Service->ImagePath, L".sys", 4 * sizeof(WCHAR)) : status;
    }
    if (!NT_SUCCESS(status))
        return status;
    if (value.Information.Type != REG_SZ && value.Information.Type != REG_EXPAND_SZ)
        return STATUS_ILL_FORMED_SERVICE_ENTRY;
    length = (ULONG)wcsnlen(text, value.Information.DataLength / sizeof(WCHAR));
    if (length == 0)
        return STATUS_ILL_FORMED_SERVICE_ENTRY;
    if (text[0] != L'\\')
        RtlAppendUnicodeToString(&Service->ImagePath, L"\\SystemRoot\\");
    return IopAppend(&Service->ImagePath, text, length * sizeof(WCHAR));
}

static NTSTATUS IopReadValues(HANDLE Key, IOP_SERVICE *Service)
{
    ULONG start = 0, i, base = 0;
    NTSTATUS status = IopQueryNumber(Key, L"Type", &Service->Type);

    if (status == STATUS_OBJECT_NAME_NOT_FOUND)
        return STATUS_ILL_FORMED_SERVICE_ENTRY;
    if (!NT_SUCCESS(status))
        return status;
    status = IopQueryNumber(Key, L"Start", &start);
    if (!NT_SUCCESS(status) && status != STATUS_OBJECT_NAME_NOT_FOUND)
        return status;
    if (!(Service->Type & SERVICE_DRIVER) || (Service->Type & ~(ULONG)SERVICE_DRIVER) || start >= IOP_SERVICE_STARTS)
        return STATUS_ILL_FORMED_SERVICE_ENTRY;
    status = IopReadImagePath(Key, Service);
    for (i = 0; i < Service->ImagePath.Length / sizeof(WCHAR); i++)
        if (Service->ImagePath.Buffer[i] == L'\\')
            base = i + 1;
    Service->ImageName.Buffer = Service->ImagePath.Buffer + base;
    Service->ImageName.Length = Service->ImageName.MaximumLength = (USHORT)(Service->ImagePath.Length - base * sizeof(WCHAR));
    if (NT_SUCCESS(status) && Service->ImageName.Length == 0)
        return STATUS_ILL_FORMED_SERVICE_ENTRY;
    return status;
}

NTSTATUS IopReadService(PUNICODE_STRING Path, KPROCESSOR_MODE Mode, IOP_SERVICE *Service)
{
    WCHAR buffer[IOP_SERVICE_PATH_CHARACTERS];
    UNICODE_STRING path = { 0, sizeof(buffer), buffer };
    OBJECT_ATTRIBUTES attributes;
    NTSTATUS status;
    HANDLE key;

    RtlZeroMemory(Service, sizeof(*Service));
    Service->Name = (UNICODE_STRING){ 0, sizeof(Service->NameBuffer) - sizeof(WCHAR), Service->NameBuffer };
    Service->ImagePath = (UNICODE_STRING){ 0, sizeof(Service->PathBuffer) - sizeof(WCHAR), Service->PathBuffer };
    status = IopCapturePath(Path, Mode, &path);
    if (NT_SUCCESS(status))
        status = IopNameService(&path, Service);
    if (!NT_SUCCESS(status))
        return status;
    InitializeObjectAttributes(&attributes, &path, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    status = ZwOpenKey(&key, KEY_QUERY_VALUE, &attributes);
    if (!NT_SUCCESS(status))
        return status;
    status = IopReadValues(key, Service);
    ZwClose(key);
    return status;
}

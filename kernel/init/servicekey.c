/* SPDX-License-Identifier: MIT
 * The key of a driver's service, as an installation leaves it. A driver of the job is not installed: where it has no key the lab
 * makes a volatile one, which goes again with all that the driver put below it. The job's `service-value` lines are set in it.
 */
#include "lab.h"
#include "kd.h"

#define INIT_SERVICES L"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\"

typedef struct INIT_SERVICE_PATH {
    UNICODE_STRING String;
    WCHAR Buffer[RTL_NUMBER_OF(INIT_SERVICES) + LAB_NAME_CHARACTERS];
} INIT_SERVICE_PATH;

VOID InitNameService(const LAB_DRIVER *Driver, WCHAR Buffer[LAB_NAME_CHARACTERS], PUNICODE_STRING Name)
{
    ULONG i;

    for (i = 0; Driver->Name[i] != '\0' && Driver->Name[i] != '.' && i < LAB_NAME_CHARACTERS - 1; i++)
        Buffer[i] = (UCHAR)Driver->Name[i];
    Buffer[i] = L'\0';
    *Name = (UNICODE_STRING){ (USHORT)(i * sizeof(WCHAR)), LAB_NAME_CHARACTERS * sizeof(WCHAR), Buffer };
}

VOID InitImagePath(const LAB_DRIVER *Driver, WCHAR Buffer[LAB_PATH_CHARACTERS], PUNICODE_STRING Path)
{
    static const WCHAR folder[] = L"\\SystemRoot\\System32\\drivers\\";
    ULONG length = RTL_NUMBER_OF(folder) - 1, i;

    C_ASSERT(RTL_NUMBER_OF(folder) + LAB_NAME_CHARACTERS <= LAB_PATH_CHARACTERS);
    RtlCopyMemory(Buffer, folder, sizeof(folder));
    for (i = 0; Driver->Name[i] != '\0'; i++)
        Buffer[length++] = (UCHAR)Driver->Name[i];
    Buffer[length] = L'\0';
    *Path = (UNICODE_STRING){ (USHORT)(length * sizeof(WCHAR)), LAB_PATH_CHARACTERS * sizeof(WCHAR), Buffer };
}

static VOID InitServicePath(const LAB_DRIVER *Driver, INIT_SERVICE_PATH *Path)
{
    WCHAR buffer[LAB_NAME_CHARACTERS];
    UNICODE_STRING name;

    InitNameService(Driver, buffer, &name);
    Path->String = (UNICODE_STRING){ 0, sizeof(Path->Buffer), Path->Buffer };
    RtlAppendUnicodeToString(&Path->String, INIT_SERVICES);
    RtlAppendUnicodeStringToString(&Path->String, &name);
}

/* ---- Making ---- */
static NTSTATUS InitSetText(HANDLE Key, PCWSTR Name, ULONG Type, PCWSTR Text)
{
    UNICODE_STRING name;

    RtlInitUnicodeString(&name, Name);
    return ZwSetValueKey(Key, &name, 0, Type, (PVOID)Text, (ULONG)(wcslen(Text) + 1) * sizeof(WCHAR));
}

static NTSTATUS InitSetNumber(HANDLE Key, PCWSTR Name, ULONG Number)
{
    UNICODE_STRING name;

    RtlInitUnicodeString(&name, Name);
    return ZwSetValueKey(Key, &name, 0, REG_DWORD, &Number, sizeof(Number));
}

/* What CreateService leaves for a driver that is started on demand. */
static NTSTATUS InitFillServiceKey(const LAB_DRIVER *Driver, HANDLE Key)
{
    WCHAR path[LAB_PATH_CHARACTERS], buffer[LAB_NAME_CHARACTERS];
    UNICODE_STRING image, name;
    NTSTATUS status;

    InitImagePath(Driver, path, &image);
    InitNameService(Driver, buffer, &name);
    status = InitSetNumber(Key, L"Type", SERVICE_KERNEL_DRIVER);
    if (NT_SUCCESS(status))
        status = InitSetNumber(Key, L"Start", SERVICE_DEMAND_START);
    if (NT_SUCCESS(status))
        status = InitSetNumber(Key, L"ErrorControl", SERVICE_ERROR_NORMAL);
    if (NT_SUCCESS(status))
        status = InitSetText(Key, L"ImagePath", REG_EXPAND_SZ, path);
    return NT_SUCCESS(status) ? InitSetText(Key, L"DisplayName", REG_SZ, buffer) : status;
}

NTSTATUS InitMakeServiceKey(LAB_DRIVER *Driver)
{
    OBJECT_ATTRIBUTES attributes;
    INIT_SERVICE_PATH path;
    ULONG disposition;
    NTSTATUS status;
    HANDLE key;

    InitServicePath(Driver, &path);
    InitializeObjectAttributes(&attributes, &path.String, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    status = ZwCreateKey(&key, KEY_ALL_ACCESS, &attributes, 0, NULL, REG_OPTION_VOLATILE, &disposition);
    if (!NT_SUCCESS(status))
        return status;
    Driver->MadeKey = disposition == REG_CREATED_NEW_KEY;
    if (Driver->MadeKey)
        status = InitFillServiceKey(Driver, key);
    if (NT_SUCCESS(status))
        InitSetServiceValues(key);
    ZwClose(key);
    return status;
}

/* ---- Deleting ---- */
/* Opens the first key below; a link as itself, since what it leads to is not the driver's. */
static NTSTATUS InitOpenFirst(HANDLE Parent, PHANDLE Key)
{
    union {
        KEY_BASIC_INFORMATION Information;
        UCHAR Room[FIELD_OFFSET(KEY_BASIC_INFORMATION, Name) + 256 * sizeof(WCHAR)];
    } child;
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING name;
    ULONG length;
    NTSTATUS status = ZwEnumerateKey(Parent, 0, KeyBasicInformation, &child, sizeof(child), &length);

    if (!NT_SUCCESS(status))
        return status;
    name.Length = name.MaximumLength = (USHORT)child.Information.NameLength;
    name.Buffer = child.Information.Name;
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE | OBJ_OPENLINK, Parent, NULL);
    return ZwOpenKey(Key, KEY_ALL_ACCESS, &attributes);
}

/* Deletes one key that has none below it, found by going down from Key. A driver decides how deep that is. */
static NTSTATUS InitDeleteLeaf(HANDLE Key, PBOOLEAN Whole)
{
    HANDLE current = Key, child;
    NTSTATUS status;

    while (NT_SUCCESS(status = InitOpenFirst(current, &child))) {
        if (current != Key)
            ZwClose(current);
        current = child;
    }
    *Whole = current == Key;
    if (status == STATUS_NO_MORE_ENTRIES)
        status = ZwDeleteKey(current);
    if (current != Key)
        ZwClose(current);
    return status;
}

VOID InitDeleteServiceKey(LAB_DRIVER *Driver)
{
    OBJECT_ATTRIBUTES attributes;
    INIT_SERVICE_PATH path;
    BOOLEAN whole = FALSE;
    HANDLE key;

    if (!Driver->MadeKey)
        return;
    Driver->MadeKey = FALSE;
    InitServicePath(Driver, &path);
    InitializeObjectAttributes(&attributes, &path.String, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE | OBJ_OPENLINK, NULL, NULL);
    if (!NT_SUCCESS(ZwOpenKey(&key, KEY_ALL_ACCESS, &attributes)))      /* the driver deleted it itself */
        return;
    while (!whole && NT_SUCCESS(InitDeleteLeaf(key, &whole)))
        ;
    ZwClose(key);
}

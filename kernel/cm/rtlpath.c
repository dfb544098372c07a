/* SPDX-License-Identifier: MIT
 * The simple registry routines: keys named relative to well-known places. They live here and not in rtl/ because they call services.
 */
#include "rtlregistry.h"

static const PCWSTR RtlpPlaces[] = {
    [RTL_REGISTRY_ABSOLUTE] = L"",
    [RTL_REGISTRY_SERVICES] = L"\\Registry\\Machine\\System\\CurrentControlSet\\Services\\",
    [RTL_REGISTRY_CONTROL] = L"\\Registry\\Machine\\System\\CurrentControlSet\\Control\\",
    [RTL_REGISTRY_WINDOWS_NT] = L"\\Registry\\Machine\\Software\\Microsoft\\Windows NT\\CurrentVersion\\",
    [RTL_REGISTRY_DEVICEMAP] = L"\\Registry\\Machine\\Hardware\\DeviceMap\\",
    [RTL_REGISTRY_USER] = L"\\Registry\\User\\.Default\\",          /* the system's: there are no others yet */
};

/* The place and the path in one string, in pool. */
static NTSTATUS RtlpJoinPath(ULONG Place, PCWSTR Path, PUNICODE_STRING Joined)
{
    UNICODE_STRING place, path;

    if (Place >= RTL_NUMBER_OF(RtlpPlaces))
        return STATUS_INVALID_PARAMETER;
    RtlInitUnicodeString(&place, RtlpPlaces[Place]);
    RtlInitUnicodeString(&path, Path);
    if ((ULONG)place.Length + path.Length > MAXUSHORT - 1)
        return STATUS_NAME_TOO_LONG;
    Joined->Length = 0;
    Joined->MaximumLength = place.Length + path.Length;
    Joined->Buffer = ExAllocatePoolWithTag(PagedPool, Joined->MaximumLength + sizeof(WCHAR), CMP_TAG);
    if (Joined->Buffer == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlAppendUnicodeStringToString(Joined, &place);
    RtlAppendUnicodeStringToString(Joined, &path);
    return STATUS_SUCCESS;
}

NTSTATUS RtlpOpenRegistryKey(ULONG RelativeTo, PCWSTR Path, ACCESS_MASK Access, BOOLEAN Create, RTLP_REGISTRY_KEY *Key)
{
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING name;
    NTSTATUS status;

    Key->IsOurs = FALSE;
    if (RelativeTo & RTL_REGISTRY_HANDLE) {
        Key->Handle = (HANDLE)Path;
        return STATUS_SUCCESS;
    }
    status = RtlpJoinPath(RelativeTo & ~RTL_REGISTRY_OPTIONAL, Path, &name);
    if (!NT_SUCCESS(status))
        return status;
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    status = Create ? ZwCreateKey(&Key->Handle, Access, &attributes, 0, NULL, 0, NULL) : ZwOpenKey(&Key->Handle, Access, &attributes);
    ExFreePoolWithTag(name.Buffer, CMP_TAG);
    Key->IsOurs = NT_SUCCESS(status);
    return status;
}

VOID RtlpCloseRegistryKey(RTLP_REGISTRY_KEY *Key)
{
    if (Key->IsOurs)
        ZwClose(Key->Handle);
}

NTSTATUS NTAPI RtlCheckRegistryKey(ULONG RelativeTo, PWSTR Path)
{
    RTLP_REGISTRY_KEY key;
    NTSTATUS status = RtlpOpenRegistryKey(RelativeTo, Path, KEY_QUERY_VALUE, FALSE, &key);

    if (!NT_SUCCESS(status))
        return status;
    return ZwClose(key.Handle);                  /* the caller's too: documented */
}

NTSTATUS NTAPI RtlCreateRegistryKey(ULONG RelativeTo, PWSTR Path)
{
    RTLP_REGISTRY_KEY key;
    NTSTATUS status;

    if (RelativeTo & RTL_REGISTRY_HANDLE)
        return STATUS_INVALID_PARAMETER;
    status = RtlpOpenRegistryKey(RelativeTo, Path, KEY_QUERY_VALUE, TRUE, &key);
    if (NT_SUCCESS(status))
        RtlpCloseRegistryKey(&key);
    return status;
}

NTSTATUS NTAPI RtlWriteRegistryValue(ULONG RelativeTo, PCWSTR Path, PCWSTR ValueName, ULONG ValueType, PVOID ValueData,
                                     ULONG ValueLength)
{
    UNICODE_STRING name;
    RTLP_REGISTRY_KEY key;
    NTSTATUS status = RtlpOpenRegistryKey(RelativeTo, Path, KEY_SET_VALUE, TRUE, &key);

    if (!NT_SUCCESS(status))
        return status;
    RtlInitUnicodeString(&name, ValueName);
    status = ZwSetValueKey(key.Handle, &name, 0, ValueType, ValueData, ValueLength);
    RtlpCloseRegistryKey(&key);
    return status;
}

NTSTATUS NTAPI RtlDeleteRegistryValue(ULONG RelativeTo, PCWSTR Path, PCWSTR ValueName)
{
    UNICODE_STRING name;
    RTLP_REGISTRY_KEY key;
    NTSTATUS status = RtlpOpenRegistryKey(RelativeTo, Path, KEY_SET_VALUE, FALSE, &key);

    if (!NT_SUCCESS(status))
        return status;
    RtlInitUnicodeString(&name, ValueName);
    status = ZwDeleteValueKey(key.Handle, &name);
    RtlpCloseRegistryKey(&key);
    return status;
}

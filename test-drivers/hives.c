/* SPDX-License-Identifier: MIT
 * The registry's files, from a driver. `scripts/petrel verify hives` says by the service's parameters what it does (Steps: 1
 * write, 2 find after another boot, 4 copy; Fuzz: how many hives to load); without any it writes and finds what it wrote.
 */
#include "check.h"
#include "hives.h"

DRIVER_INITIALIZE DriverEntry;

BOOLEAN HivesCheck(BOOLEAN Held, PCSTR What) { return Check(Held, What); }
BOOLEAN HivesStatus(NTSTATUS Status, NTSTATUS Wanted, PCSTR What) { return CheckStatus(Status, Wanted, What); }

NTSTATUS HivesOpen(HANDLE Parent, PCWSTR Name, ULONG Attributes, PHANDLE Key)
{
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING name;

    RtlInitUnicodeString(&name, Name);
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE | Attributes, Parent, NULL);
    return ZwOpenKey(Key, KEY_ALL_ACCESS, &attributes);
}

NTSTATUS HivesSet(HANDLE Key, PCWSTR Name, ULONG Type, const VOID *Data, ULONG Bytes)
{
    UNICODE_STRING name;

    RtlInitUnicodeString(&name, Name);
    return ZwSetValueKey(Key, &name, 0, Type, (PVOID)Data, Bytes);
}

VOID HivesNumber(PWSTR Text, ULONG Number, ULONG Digits)
{
    Text[Digits] = 0;
    while (Digits-- != 0) {
        Text[Digits] = (WCHAR)(L'0' + Number % 10);
        Number /= 10;
    }
}

static ULONG Parameter(PUNICODE_STRING RegistryPath, PCWSTR Name, ULONG Default)
{
    union {
        KEY_VALUE_PARTIAL_INFORMATION Partial;
        UCHAR Room[64];
    } block;
    UNICODE_STRING name;
    HANDLE service, key;
    OBJECT_ATTRIBUTES attributes;
    ULONG number = Default, length;

    InitializeObjectAttributes(&attributes, RegistryPath, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    if (!NT_SUCCESS(ZwOpenKey(&service, KEY_READ, &attributes)))
        return number;
    if (NT_SUCCESS(HivesOpen(service, L"Parameters", 0, &key))) {
        RtlInitUnicodeString(&name, Name);
        if (NT_SUCCESS(ZwQueryValueKey(key, &name, KeyValuePartialInformation, &block, sizeof(block), &length)) &&
            block.Partial.Type == REG_DWORD)
            number = *(PULONG)block.Partial.Data;
        ZwClose(key);
    }
    ZwClose(service);
    return number;
}

static VOID NTAPI OnUnload(PDRIVER_OBJECT DriverObject) { (VOID)DriverObject; }

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    ULONG steps = Parameter(RegistryPath, L"Steps", 0), fuzz = Parameter(RegistryPath, L"Fuzz", 0);

    DriverObject->DriverUnload = OnUnload;
    if (steps == 0 && fuzz == 0) {
        HivesWrite();
        HivesFind(TRUE);
    }
    if (steps & 1)
        HivesWrite();
    if (steps & 2)
        HivesFind(FALSE);
    if (steps & 4)
        HivesCopy();
    if (fuzz != 0)
        HivesFuzz(fuzz);
    return CheckResult();
}

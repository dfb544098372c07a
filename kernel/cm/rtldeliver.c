/* SPDX-License-Identifier: MIT
 * How RtlQueryRegistryValues hands over one value: to a routine, or directly into the caller's variable.
 */
#include "rtlregistry.h"

static const WCHAR RtlpSystemRoot[] = L"C:\\Windows";

static BOOLEAN RtlpIsString(ULONG Type) { return Type == REG_SZ || Type == REG_EXPAND_SZ || Type == REG_MULTI_SZ; }

/* ---- Expansion: %SystemRoot% is the only variable there is; others stay as they are, as unknown ones do ---- */
static ULONG RtlpVariableAt(PCWSTR Text, ULONG Left)
{
    static const WCHAR variable[] = L"%SYSTEMROOT%";
    const ULONG count = RTL_NUMBER_OF(variable) - 1;
    ULONG i;

    if (Left < count)
        return 0;
    for (i = 0; i < count; i++)
        if (RtlUpcaseUnicodeChar(Text[i]) != variable[i])
            return 0;
    return count;
}

/* Writes the expanded text when there is a Target; its length in characters. */
static ULONG RtlpExpand(PCWSTR Text, ULONG Count, PWSTR Target)
{
    const ULONG root = RTL_NUMBER_OF(RtlpSystemRoot) - 1;
    ULONG i = 0, used = 0, skip;

    while (i < Count) {
        skip = RtlpVariableAt(Text + i, Count - i);
        if (skip != 0) {
            if (Target != NULL)
                RtlCopyMemory(Target + used, RtlpSystemRoot, root * sizeof(WCHAR));
            used += root;
            i += skip;
        } else {
            if (Target != NULL)
                Target[used] = Text[i];
            used++;
            i++;
        }
    }
    return used;
}

/* ---- To a routine ---- */
static NTSTATUS RtlpCall(const RTL_QUERY_REGISTRY_TABLE *Entry, const RTLP_VALUE *Value, PVOID Context)
{
    NTSTATUS status = Entry->QueryRoutine(Value->Name, Value->Type, Value->Data, Value->Length, Context, Entry->EntryContext);
    return status == STATUS_BUFFER_TOO_SMALL ? STATUS_SUCCESS : status;
}

/* One call for each string of a REG_MULTI_SZ. */
static NTSTATUS RtlpCallForEach(const RTL_QUERY_REGISTRY_TABLE *Entry, const RTLP_VALUE *Value, PVOID Context)
{
    PWCHAR text = Value->Data, end = text + Value->Length / sizeof(WCHAR), next;
    NTSTATUS status = STATUS_SUCCESS;

    for (; text < end && *text != L'\0' && NT_SUCCESS(status); text = next) {
        RTLP_VALUE one = { Value->Name, REG_SZ, text, 0 };
        for (next = text; next < end && *next != L'\0';)
            next++;
        if (next < end)
            next++;                              /* the NUL belongs to the string */
        one.Length = (ULONG)((PUCHAR)next - (PUCHAR)text);
        status = RtlpCall(Entry, &one, Context);
    }
    return status;
}

/* ---- Directly ---- */
static NTSTATUS RtlpStoreString(PUNICODE_STRING Target, const RTLP_VALUE *Value)
{
    PWCHAR text = Value->Data;
    BOOLEAN terminated = Value->Length >= sizeof(WCHAR) && text[Value->Length / sizeof(WCHAR) - 1] == L'\0';
    ULONG bytes = Value->Length & ~1u, needed = terminated ? bytes : bytes + (ULONG)sizeof(WCHAR);

    if (needed > MAXUSHORT - 1)
        return STATUS_BUFFER_TOO_SMALL;
    if (Target->Buffer == NULL) {
        Target->Buffer = ExAllocatePoolWithTag(PagedPool, needed, 'vrqR');
        if (Target->Buffer == NULL)
            return STATUS_INSUFFICIENT_RESOURCES;
        Target->MaximumLength = (USHORT)needed;
    } else if (Target->MaximumLength < needed) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    RtlCopyMemory(Target->Buffer, Value->Data, bytes);
    Target->Length = (USHORT)(needed - sizeof(WCHAR));
    Target->Buffer[Target->Length / sizeof(WCHAR)] = L'\0';
    return STATUS_SUCCESS;
}

/* The buffer begins with its size: negative for the data alone, positive for length, type and data. */
static NTSTATUS RtlpStoreLong(PVOID Target, const RTLP_VALUE *Value)
{
    LONG size = *(PLONG)Target;
    ULONG room = size < 0 ? 0u - (ULONG)size : (ULONG)size;

    if (size < 0) {
        if (room < Value->Length)
            return STATUS_BUFFER_TOO_SMALL;
        RtlCopyMemory(Target, Value->Data, Value->Length);
        return STATUS_SUCCESS;
    }
    if (room < 2 * sizeof(ULONG) || room - 2 * sizeof(ULONG) < Value->Length)
        return STATUS_BUFFER_TOO_SMALL;
    ((PULONG)Target)[0] = Value->Length;
    ((PULONG)Target)[1] = Value->Type;
    RtlCopyMemory((PULONG)Target + 2, Value->Data, Value->Length);
    return STATUS_SUCCESS;
}

static NTSTATUS RtlpStore(const RTL_QUERY_REGISTRY_TABLE *Entry, const RTLP_VALUE *Value)
{
    if (Value->Type == REG_MULTI_SZ && !(Entry->Flags & RTL_QUERY_REGISTRY_NOEXPAND))
        return STATUS_INVALID_PARAMETER;
    if (RtlpIsString(Value->Type))
        return RtlpStoreString(Entry->EntryContext, Value);
    if (Value->Length > sizeof(ULONG))
        return RtlpStoreLong(Entry->EntryContext, Value);
    RtlCopyMemory(Entry->EntryContext, Value->Data, Value->Length);
    return STATUS_SUCCESS;
}

static NTSTATUS RtlpDeliver(const RTL_QUERY_REGISTRY_TABLE *Entry, const RTLP_VALUE *Value, PVOID Context)
{
    if (Entry->Flags & RTL_QUERY_REGISTRY_DIRECT)
        return RtlpStore(Entry, Value);
    if (Value->Type == REG_MULTI_SZ && !(Entry->Flags & RTL_QUERY_REGISTRY_NOEXPAND))
        return RtlpCallForEach(Entry, Value, Context);
    return RtlpCall(Entry, Value, Context);
}

NTSTATUS RtlpDeliverValue(const RTL_QUERY_REGISTRY_TABLE *Entry, const RTLP_VALUE *Value, PVOID Context)
{
    RTLP_VALUE expanded = { Value->Name, REG_SZ, NULL, 0 };
    ULONG count = Value->Length / sizeof(WCHAR);
    NTSTATUS status;

    if (Value->Type != REG_EXPAND_SZ || (Entry->Flags & RTL_QUERY_REGISTRY_NOEXPAND))
        return RtlpDeliver(Entry, Value, Context);
    expanded.Length = RtlpExpand(Value->Data, count, NULL) * (ULONG)sizeof(WCHAR);
    expanded.Data = ExAllocatePoolWithTag(PagedPool, expanded.Length + sizeof(WCHAR), CMP_TAG);
    if (expanded.Data == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlpExpand(Value->Data, count, expanded.Data);
    status = RtlpDeliver(Entry, &expanded, Context);
    ExFreePoolWithTag(expanded.Data, CMP_TAG);
    return status;
}

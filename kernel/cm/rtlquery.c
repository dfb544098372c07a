/* SPDX-License-Identifier: MIT
 * RtlQueryRegistryValues: a table of values and subkeys, entry by entry.
 */
#include "rtlregistry.h"

typedef struct RTLP_QUERY {
    HANDLE Top;                                  /* what the caller named */
    HANDLE Current;                              /* Top, or the subkey of the last SUBKEY entry, then ours to close */
    PVOID Context;
} RTLP_QUERY;

static VOID RtlpReturnToTop(RTLP_QUERY *Query)
{
    if (Query->Current != Query->Top)
        ZwClose(Query->Current);
    Query->Current = Query->Top;
}

static NTSTATUS RtlpEnterSubkey(RTLP_QUERY *Query, PCWSTR Name)
{
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING name;
    HANDLE handle;
    NTSTATUS status;

    RtlInitUnicodeString(&name, Name);
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, Query->Top, NULL);
    status = ZwOpenKey(&handle, MAXIMUM_ALLOWED, &attributes);
    if (NT_SUCCESS(status))
        Query->Current = handle;
    return status;
}

/* ---- Defaults ---- */
static ULONG RtlpStringBytes(const WCHAR *Text, BOOLEAN Multi)
{
    ULONG count = 0;
    if (!Multi) {
        while (Text[count] != L'\0')
            count++;
        return (count + 1) * (ULONG)sizeof(WCHAR);
    }
    while (Text[count] != L'\0' || (count != 0 && Text[count - 1] != L'\0'))
        count++;
    return (count + 1) * (ULONG)sizeof(WCHAR);
}

static ULONG RtlpDefaultType(const RTL_QUERY_REGISTRY_TABLE *Entry)
{
    return Entry->Flags & RTL_QUERY_REGISTRY_TYPECHECK ? Entry->DefaultType & 0xFF : Entry->DefaultType;
}

/* There is no such value. */
static NTSTATUS RtlpDeliverDefault(const RTL_QUERY_REGISTRY_TABLE *Entry, RTLP_QUERY *Query)
{
    RTLP_VALUE value = { (PWSTR)Entry->Name, RtlpDefaultType(Entry), Entry->DefaultData, Entry->DefaultLength };

    if (Entry->Flags & RTL_QUERY_REGISTRY_REQUIRED)
        return STATUS_OBJECT_NAME_NOT_FOUND;
    if (value.Type == REG_NONE)
        return STATUS_SUCCESS;
    if (value.Length == 0 && value.Data != NULL && (value.Type == REG_SZ || value.Type == REG_EXPAND_SZ || value.Type == REG_MULTI_SZ))
        value.Length = RtlpStringBytes(value.Data, value.Type == REG_MULTI_SZ);
    return RtlpDeliverValue(Entry, &value, Query->Context);
}

/* ---- Values ---- */
/* The value's full information in pool: by name, or by index when Name is NULL. */
static NTSTATUS RtlpReadValue(HANDLE Key, PUNICODE_STRING Name, ULONG Index, KEY_VALUE_FULL_INFORMATION **Information)
{
    ULONG room = 256;

    for (;;) {
        KEY_VALUE_FULL_INFORMATION *block = ExAllocatePoolWithTag(PagedPool, room, CMP_TAG);
        NTSTATUS status;
        if (block == NULL)
            return STATUS_INSUFFICIENT_RESOURCES;
        status = Name != NULL ? ZwQueryValueKey(Key, Name, KeyValueFullInformation, block, room, &room)
                              : ZwEnumerateValueKey(Key, Index, KeyValueFullInformation, block, room, &room);
        if (NT_SUCCESS(status)) {
            *Information = block;
            return STATUS_SUCCESS;
        }
        ExFreePoolWithTag(block, CMP_TAG);
        if (status != STATUS_BUFFER_OVERFLOW && status != STATUS_BUFFER_TOO_SMALL)
            return status;
    }
}

static NTSTATUS RtlpCheckType(const RTL_QUERY_REGISTRY_TABLE *Entry, ULONG Type)
{
    if ((Entry->Flags & RTL_QUERY_REGISTRY_TYPECHECK) && (Entry->Flags & RTL_QUERY_REGISTRY_DIRECT) &&
        Entry->DefaultType >> RTL_QUERY_REGISTRY_TYPECHECK_SHIFT != Type)
        return STATUS_OBJECT_TYPE_MISMATCH;
    return STATUS_SUCCESS;
}

/* Delivers and, when asked to, deletes a value that was read. */
static NTSTATUS RtlpDeliverRead(const RTL_QUERY_REGISTRY_TABLE *Entry, RTLP_QUERY *Query, const KEY_VALUE_FULL_INFORMATION *Read)
{
    UNICODE_STRING name = { (USHORT)Read->NameLength, (USHORT)Read->NameLength, (PWCHAR)Read->Name };
    RTLP_VALUE value = { NULL, Read->Type, (PUCHAR)Read + Read->DataOffset, Read->DataLength };
    NTSTATUS status = RtlpCheckType(Entry, Read->Type);

    if (!NT_SUCCESS(status))
        return status;
    value.Name = ExAllocatePoolWithTag(PagedPool, Read->NameLength + sizeof(WCHAR), CMP_TAG);
    if (value.Name == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlCopyMemory(value.Name, Read->Name, Read->NameLength);
    value.Name[Read->NameLength / sizeof(WCHAR)] = L'\0';
    status = RtlpDeliverValue(Entry, &value, Query->Context);
    ExFreePoolWithTag(value.Name, CMP_TAG);
    if (NT_SUCCESS(status) && (Entry->Flags & RTL_QUERY_REGISTRY_DELETE))
        status = ZwDeleteValueKey(Query->Current, &name);
    return status;
}

static NTSTATUS RtlpQueryNamed(const RTL_QUERY_REGISTRY_TABLE *Entry, RTLP_QUERY *Query)
{
    KEY_VALUE_FULL_INFORMATION *information;
    UNICODE_STRING name;
    NTSTATUS status;

    RtlInitUnicodeString(&name, Entry->Name);
    status = RtlpReadValue(Query->Current, &name, 0, &information);
    if (status == STATUS_OBJECT_NAME_NOT_FOUND)
        return RtlpDeliverDefault(Entry, Query);
    if (!NT_SUCCESS(status))
        return status;
    status = RtlpDeliverRead(Entry, Query, information);
    ExFreePoolWithTag(information, CMP_TAG);
    return status;
}

static NTSTATUS RtlpQueryAll(const RTL_QUERY_REGISTRY_TABLE *Entry, RTLP_QUERY *Query)
{
    ULONG index = 0, seen = 0;

    for (;;) {
        KEY_VALUE_FULL_INFORMATION *information;
        NTSTATUS status = RtlpReadValue(Query->Current, NULL, index, &information);
        if (status == STATUS_NO_MORE_ENTRIES)
            return seen == 0 && (Entry->Flags & RTL_QUERY_REGISTRY_REQUIRED) ? STATUS_OBJECT_NAME_NOT_FOUND : STATUS_SUCCESS;
        if (!NT_SUCCESS(status))
            return status;
        status = RtlpDeliverRead(Entry, Query, information);
        ExFreePoolWithTag(information, CMP_TAG);
        if (!NT_SUCCESS(status))
            return status;
        seen++;
        if (!(Entry->Flags & RTL_QUERY_REGISTRY_DELETE))
            index++;                             /* else the next one has taken its place */
    }
}

/* ---- The table ---- */
static BOOLEAN RtlpIsEnd(const RTL_QUERY_REGISTRY_TABLE *Entry)
{
    return Entry->QueryRoutine == NULL && Entry->Name == NULL &&
           !(Entry->Flags & (RTL_QUERY_REGISTRY_SUBKEY | RTL_QUERY_REGISTRY_DIRECT));
}

static NTSTATUS RtlpQueryEntry(const RTL_QUERY_REGISTRY_TABLE *Entry, RTLP_QUERY *Query)
{
    static const RTLP_VALUE nothing = { NULL, REG_NONE, NULL, 0 };
    NTSTATUS status;

    if (Entry->Flags & (RTL_QUERY_REGISTRY_TOPKEY | RTL_QUERY_REGISTRY_SUBKEY))
        RtlpReturnToTop(Query);
    if (Entry->Flags & RTL_QUERY_REGISTRY_SUBKEY) {
        if (Entry->Name == NULL || (Entry->Flags & RTL_QUERY_REGISTRY_DIRECT))
            return STATUS_INVALID_PARAMETER;
        status = RtlpEnterSubkey(Query, Entry->Name);
        if (!NT_SUCCESS(status) || Entry->QueryRoutine == NULL)
            return status;
        return Entry->Flags & RTL_QUERY_REGISTRY_NOVALUE ? RtlpDeliverValue(Entry, &nothing, Query->Context) : RtlpQueryAll(Entry, Query);
    }
    if (Entry->Flags & RTL_QUERY_REGISTRY_DIRECT)
        return Entry->Name == NULL || Entry->QueryRoutine != NULL ? STATUS_INVALID_PARAMETER : RtlpQueryNamed(Entry, Query);
    if (Entry->QueryRoutine == NULL)
        return Entry->Flags & RTL_QUERY_REGISTRY_TOPKEY ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
    if (Entry->Flags & RTL_QUERY_REGISTRY_NOVALUE)
        return RtlpDeliverValue(Entry, &nothing, Query->Context);
    return Entry->Name != NULL ? RtlpQueryNamed(Entry, Query) : RtlpQueryAll(Entry, Query);
}

NTSTATUS NTAPI RtlQueryRegistryValues(ULONG RelativeTo, PCWSTR Path, PRTL_QUERY_REGISTRY_TABLE QueryTable, PVOID Context,
                                      PVOID Environment)
{
    RTLP_REGISTRY_KEY key;
    RTLP_QUERY query = { .Context = Context };
    NTSTATUS status = RtlpOpenRegistryKey(RelativeTo, Path, MAXIMUM_ALLOWED, FALSE, &key);

    if (!NT_SUCCESS(status))
        return RelativeTo & RTL_REGISTRY_OPTIONAL ? STATUS_SUCCESS : status;
    query.Top = query.Current = key.Handle;
    for (; !RtlpIsEnd(QueryTable) && NT_SUCCESS(status); QueryTable++)
        status = RtlpQueryEntry(QueryTable, &query);
    RtlpReturnToTop(&query);
    RtlpCloseRegistryKey(&key);
    return NT_SUCCESS(status) ? STATUS_SUCCESS : status;
}

/* SPDX-License-Identifier: MIT
 * Looking for device interfaces: by class, by device, the same one under another class; and what is kept about one.
 */
#include "pnpp.h"

PNP_INTERFACE *PnpNextInterface(const GUID *Class, PNP_INTERFACE *Previous, LONG64 Registration)
{
    PNP_INTERFACE *found = NULL;
    PLIST_ENTRY entry;

    ExLockShared(&PnpInterfaceLock);
    for (entry = Previous != NULL ? Previous->Link.Flink : PnpInterfaces.Flink; entry != &PnpInterfaces && found == NULL;
         entry = entry->Flink) {
        PNP_INTERFACE *at = PnpInterfaceAt(entry);
        if (at->Announced && at->AnnouncedAt < Registration && IsEqualGUID(&at->Class, Class))
            found = at;
    }
    ExUnlockShared(&PnpInterfaceLock);
    return found;
}

typedef struct PNP_SEARCH {
    const GUID *Class;
    PDEVICE_OBJECT Pdo;                          /* NULL: any */
    BOOLEAN Disabled;                            /* these too */
} PNP_SEARCH;

/* Writes the names one after the other, as far as they go, and returns the bytes all of them take. */
static ULONG PnpListLocked(const PNP_SEARCH *Search, PWCHAR List, ULONG Room)
{
    ULONG used = 0;
    PLIST_ENTRY entry;

    for (entry = PnpInterfaces.Flink; entry != &PnpInterfaces; entry = entry->Flink) {
        PNP_INTERFACE *candidate = PnpInterfaceAt(entry);
        ULONG bytes = candidate->Name.Length + sizeof(WCHAR);
        if (!IsEqualGUID(&candidate->Class, Search->Class) || (Search->Pdo != NULL && candidate->Pdo != Search->Pdo) ||
            (!candidate->Enabled && !Search->Disabled))
            continue;
        if (used + bytes <= Room)
            RtlCopyMemory((PUCHAR)List + used, candidate->Name.Buffer, bytes);
        used += bytes;
    }
    return used;
}

NTSTATUS NTAPI IoGetDeviceInterfaces(CONST GUID *InterfaceClassGuid, PDEVICE_OBJECT PhysicalDeviceObject, ULONG Flags,
                                     PWSTR *SymbolicLinkList)
{
    PNP_SEARCH search = { InterfaceClassGuid, PhysicalDeviceObject, (Flags & DEVICE_INTERFACE_INCLUDE_NONACTIVE) != 0 };
    ULONG needed;
    PWCHAR list;

    if (PhysicalDeviceObject != NULL && PnpNode(PhysicalDeviceObject) == NULL)
        return STATUS_INVALID_DEVICE_REQUEST;
    ExLockShared(&PnpInterfaceLock);
    needed = PnpListLocked(&search, NULL, 0) + sizeof(WCHAR);
    list = ExAllocatePoolWithTag(PagedPool, needed, PNP_TAG);
    if (list != NULL) {
        RtlZeroMemory(list, needed);
        PnpListLocked(&search, list, needed - sizeof(WCHAR));
    }
    ExUnlockShared(&PnpInterfaceLock);
    if (list == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    *SymbolicLinkList = list;
    return STATUS_SUCCESS;
}

/* The same device and reference under another class. */
static BOOLEAN PnpIsAlias(const PNP_INTERFACE *Interface, const PNP_INTERFACE *Other)
{
    UNICODE_STRING a = Interface->Name, b = Other->Name;

    a.Buffer += Interface->LinkLength / sizeof(WCHAR);
    a.Length -= Interface->LinkLength;
    b.Buffer += Other->LinkLength / sizeof(WCHAR);
    b.Length -= Other->LinkLength;
    return Interface->Pdo != NULL && Interface->Pdo == Other->Pdo && RtlEqualUnicodeString(&a, &b, TRUE);
}

NTSTATUS NTAPI IoGetDeviceInterfaceAlias(PUNICODE_STRING SymbolicLinkName, CONST GUID *AliasInterfaceClassGuid,
                                         PUNICODE_STRING AliasSymbolicLinkName)
{
    PNP_INTERFACE *found = PnpFindInterface(SymbolicLinkName), *alias = NULL;
    UNICODE_STRING copy = { 0, 0, NULL };
    PLIST_ENTRY entry;

    if (found == NULL)
        return STATUS_OBJECT_NAME_NOT_FOUND;
    ExLockShared(&PnpInterfaceLock);
    for (entry = PnpInterfaces.Flink; entry != &PnpInterfaces && alias == NULL; entry = entry->Flink)
        if (IsEqualGUID(&PnpInterfaceAt(entry)->Class, AliasInterfaceClassGuid) && PnpIsAlias(found, PnpInterfaceAt(entry)))
            alias = PnpInterfaceAt(entry);
    ExUnlockShared(&PnpInterfaceLock);
    if (alias == NULL)
        return STATUS_OBJECT_NAME_NOT_FOUND;
    if (!RtlCreateUnicodeString(&copy, alias->Name.Buffer))
        return STATUS_INSUFFICIENT_RESOURCES;
    *AliasSymbolicLinkName = copy;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI IoSetDeviceInterfacePropertyData(PUNICODE_STRING SymbolicLinkName, CONST DEVPROPKEY *PropertyKey, LCID Lcid,
                                                ULONG Flags, DEVPROPTYPE Type, ULONG Size, PVOID Data)
{
    PNP_PROPERTY_REQUEST request = { PropertyKey, Lcid, Type, Size, Data };
    PNP_INTERFACE *found = PnpFindInterface(SymbolicLinkName);

    if (Flags & ~PLUGPLAY_PROPERTY_PERSISTENT)
        return STATUS_INVALID_PARAMETER;
    return found != NULL ? PnpSetProperty(&found->Properties, &request) : STATUS_OBJECT_NAME_NOT_FOUND;
}

NTSTATUS NTAPI IoGetDeviceInterfacePropertyData(PUNICODE_STRING SymbolicLinkName, CONST DEVPROPKEY *PropertyKey, LCID Lcid,
                                                ULONG Flags, ULONG Size, PVOID Data, PULONG RequiredSize, DEVPROPTYPE *Type)
{
    PNP_PROPERTY_REQUEST request = { PropertyKey, Lcid, 0, Size, Data };
    PNP_INTERFACE *found = PnpFindInterface(SymbolicLinkName);

    if (Flags != 0)
        return STATUS_INVALID_PARAMETER;
    return found != NULL ? PnpGetProperty(&found->Properties, &request, RequiredSize, Type) : STATUS_OBJECT_NAME_NOT_FOUND;
}

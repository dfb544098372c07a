/* SPDX-License-Identifier: MIT
 * Device interfaces: names of devices by what they can do. An instance is a name
 *
 *   \??\ROOT#SERVICE#0000#{class}[\reference]
 *
 * which leads to the physical device while the instance is enabled; instances of one device and class share the link and differ in
 * what the device finds behind it. Instances are known for good, as they are in the registry.
 */
#include "pnpp.h"

#define PNP_PREFIX L"\\??\\"

EX_PUSH_LOCK PnpInterfaceLock;
LIST_ENTRY PnpInterfaces = { &PnpInterfaces, &PnpInterfaces };

static PNP_INTERFACE *PnpFindInterfaceLocked(PCUNICODE_STRING Name)
{
    PLIST_ENTRY entry;

    for (entry = PnpInterfaces.Flink; entry != &PnpInterfaces; entry = entry->Flink)
        if (RtlEqualUnicodeString(&PnpInterfaceAt(entry)->Name, Name, TRUE))
            return PnpInterfaceAt(entry);
    return NULL;
}

PNP_INTERFACE *PnpFindInterface(PCUNICODE_STRING Name)
{
    PNP_INTERFACE *found;

    ExLockShared(&PnpInterfaceLock);
    found = PnpFindInterfaceLocked(Name);
    ExUnlockShared(&PnpInterfaceLock);
    return found;
}

/* ---- The registry's side: Control\DeviceClasses\{class}\##?#ROOT#...\#reference[\Third] ---- */
static NTSTATUS PnpOpenInterfaceKey(const PNP_INTERFACE *Interface, PCWSTR Third, ACCESS_MASK Access, BOOLEAN Create, PHANDLE Key)
{
    ULONG guid = 38 * sizeof(WCHAR), i, length = Interface->LinkLength / sizeof(WCHAR);
    ULONG size = guid + Interface->Name.Length + 8 * sizeof(WCHAR);
    UNICODE_STRING path = { 0, (USHORT)size, NULL }, part;
    NTSTATUS status;

    if (size > 0xFF00 || (path.Buffer = ExAllocatePoolWithTag(PagedPool, size, PNP_TAG)) == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    part = (UNICODE_STRING){ (USHORT)guid, (USHORT)guid, Interface->Name.Buffer + length - 38 };
    RtlAppendUnicodeStringToString(&path, &part);
    RtlAppendUnicodeToString(&path, L"\\##?#");
    part = (UNICODE_STRING){ Interface->LinkLength - 4 * sizeof(WCHAR), Interface->LinkLength, Interface->Name.Buffer + 4 };
    RtlAppendUnicodeStringToString(&path, &part);
    RtlAppendUnicodeToString(&path, L"\\#");
    for (i = length + 1; i < Interface->Name.Length / sizeof(WCHAR); i++)
        path.Buffer[path.Length / sizeof(WCHAR)] = Interface->Name.Buffer[i], path.Length += sizeof(WCHAR);
    status = PnpOpenKey(L"Control\\DeviceClasses\\", &path, Third, Access, Create, Key);
    ExFreePoolWithTag(path.Buffer, PNP_TAG);
    return status;
}

static VOID PnpRecordInterface(const PNP_INTERFACE *Interface, PCUNICODE_STRING Instance)
{
    HANDLE key;

    if (!NT_SUCCESS(PnpOpenInterfaceKey(Interface, L"", KEY_SET_VALUE, TRUE, &key)))
        return;
    PnpSetString(key, L"SymbolicLink", &Interface->Name);
    PnpSetString(key, L"DeviceInstance", Instance);
    ZwClose(key);
}

static VOID PnpRecordState(const PNP_INTERFACE *Interface, BOOLEAN Enabled)
{
    HANDLE key;

    if (!NT_SUCCESS(PnpOpenInterfaceKey(Interface, L"\\Control", KEY_SET_VALUE, TRUE, &key)))
        return;
    PnpSetNumber(key, L"Linked", Enabled);
    ZwClose(key);
}

NTSTATUS NTAPI IoOpenDeviceInterfaceRegistryKey(PUNICODE_STRING SymbolicLinkName, ACCESS_MASK DesiredAccess, PHANDLE DeviceInterfaceKey)
{
    PNP_INTERFACE *found = PnpFindInterface(SymbolicLinkName);

    if (found == NULL)
        return STATUS_OBJECT_NAME_NOT_FOUND;
    return PnpOpenInterfaceKey(found, L"\\Device Parameters", DesiredAccess, TRUE, DeviceInterfaceKey);
}

/* ---- Registration ---- */
static NTSTATUS PnpCopyName(PCUNICODE_STRING Name, PUNICODE_STRING Copy)
{
    UNICODE_STRING copy = { Name->Length, Name->Length + sizeof(WCHAR), NULL };

    copy.Buffer = ExAllocatePoolWithTag(PagedPool, copy.MaximumLength, PNP_TAG);      /* RtlFreeUnicodeString's */
    if (copy.Buffer == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlCopyMemory(copy.Buffer, Name->Buffer, Name->Length);
    copy.Buffer[Name->Length / sizeof(WCHAR)] = L'\0';
    *Copy = copy;
    return STATUS_SUCCESS;
}

static BOOLEAN PnpIsReference(PCUNICODE_STRING Reference)
{
    ULONG i;

    for (i = 0; i < Reference->Length / sizeof(WCHAR); i++)
        if (Reference->Buffer[i] == L'\\' || Reference->Buffer[i] == L'/')
            return FALSE;
    return TRUE;
}

/* An interface that is not in the list yet; Reference may be empty. */
static NTSTATUS PnpMakeInterface(const PNP_NODE *Node, const GUID *Class, PCUNICODE_STRING Reference, PNP_INTERFACE **Interface)
{
    ULONG size = sizeof(PNP_PREFIX) + Node->Instance.Length + 40 * sizeof(WCHAR) + Reference->Length + sizeof(WCHAR), i;
    PNP_INTERFACE *made;
    UNICODE_STRING guid;
    NTSTATUS status;

    if (size > 0xFF00)
        return STATUS_INVALID_DEVICE_REQUEST;
    status = RtlStringFromGUID(Class, &guid);
    if (!NT_SUCCESS(status))
        return status;
    made = ExAllocatePoolWithTag(PagedPool, sizeof(*made) + size, PNP_TAG);
    if (made != NULL) {
        RtlZeroMemory(made, sizeof(*made) + size);
        made->Class = *Class;
        made->Name = (UNICODE_STRING){ 0, (USHORT)size, (PWCHAR)(made + 1) };
        InitializeListHead(&made->Properties);
        RtlAppendUnicodeToString(&made->Name, PNP_PREFIX);
        RtlAppendUnicodeStringToString(&made->Name, &Node->Instance);
        for (i = RTL_NUMBER_OF(PNP_PREFIX) - 1; i < made->Name.Length / sizeof(WCHAR); i++)
            if (made->Name.Buffer[i] == L'\\')
                made->Name.Buffer[i] = L'#';
        RtlAppendUnicodeToString(&made->Name, L"#");
        RtlAppendUnicodeStringToString(&made->Name, &guid);
        made->LinkLength = made->Name.Length;
        RtlAppendUnicodeToString(&made->Name, Reference->Length != 0 ? L"\\" : L"");
        RtlAppendUnicodeStringToString(&made->Name, Reference);
    }
    RtlFreeUnicodeString(&guid);
    *Interface = made;
    return made != NULL ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

NTSTATUS NTAPI IoRegisterDeviceInterface(PDEVICE_OBJECT PhysicalDeviceObject, CONST GUID *InterfaceClassGuid,
                                         PUNICODE_STRING ReferenceString, PUNICODE_STRING SymbolicLinkName)
{
    UNICODE_STRING none = { 0, 0, NULL };
    PNP_NODE *node = PnpNode(PhysicalDeviceObject);
    PNP_INTERFACE *made, *known;
    NTSTATUS status;

    if (node == NULL || (ReferenceString != NULL && !PnpIsReference(ReferenceString)))
        return STATUS_INVALID_DEVICE_REQUEST;
    status = PnpMakeInterface(node, InterfaceClassGuid, ReferenceString != NULL ? ReferenceString : &none, &made);
    if (!NT_SUCCESS(status))
        return status;
    status = PnpCopyName(&made->Name, SymbolicLinkName);
    if (!NT_SUCCESS(status)) {
        ExFreePoolWithTag(made, PNP_TAG);
        return status;
    }
    ExLockExclusive(&PnpInterfaceLock);
    known = PnpFindInterfaceLocked(&made->Name);
    if (known == NULL)
        InsertTailList(&PnpInterfaces, &made->Link);
    (known != NULL ? known : made)->Pdo = PhysicalDeviceObject;
    ExUnlockExclusive(&PnpInterfaceLock);
    if (known != NULL) {
        ExFreePoolWithTag(made, PNP_TAG);
        return STATUS_OBJECT_NAME_EXISTS;
    }
    PnpRecordInterface(made, &node->Instance);
    return STATUS_SUCCESS;
}

/* ---- State ---- */
/* Another instance that is enabled and shares the link. */
static BOOLEAN PnpIsLinkSharedLocked(const PNP_INTERFACE *Interface)
{
    UNICODE_STRING link = { Interface->LinkLength, Interface->LinkLength, Interface->Name.Buffer };
    PLIST_ENTRY entry;

    for (entry = PnpInterfaces.Flink; entry != &PnpInterfaces; entry = entry->Flink) {
        PNP_INTERFACE *other = PnpInterfaceAt(entry);
        UNICODE_STRING name = { other->LinkLength, other->LinkLength, other->Name.Buffer };
        if (other != Interface && other->Enabled && RtlEqualUnicodeString(&link, &name, TRUE))
            return TRUE;
    }
    return FALSE;
}

static NTSTATUS PnpMakeLinkLocked(const PNP_INTERFACE *Interface)
{
    UNICODE_STRING link = { Interface->LinkLength, Interface->LinkLength, Interface->Name.Buffer };
    struct {
        OBJECT_NAME_INFORMATION Information;
        WCHAR Room[64];
    } target;
    ULONG length;
    NTSTATUS status;

    if (PnpIsLinkSharedLocked(Interface))
        return STATUS_SUCCESS;
    status = ObQueryNameString(Interface->Pdo, &target.Information, sizeof(target), &length);
    return NT_SUCCESS(status) ? IoCreateSymbolicLink(&link, &target.Information.Name) : status;
}

static NTSTATUS PnpEnableLocked(PNP_INTERFACE *Interface)
{
    NTSTATUS status;

    if (Interface->Pdo == NULL)
        return STATUS_OBJECT_NAME_NOT_FOUND;
    if (Interface->Enabled)
        return STATUS_OBJECT_NAME_EXISTS;
    status = PnpMakeLinkLocked(Interface);
    if (NT_SUCCESS(status)) {
        Interface->Enabled = TRUE;
        Interface->Announced = PnpNode(Interface->Pdo) != NULL && PnpNode(Interface->Pdo)->State == PnpStarted;
        Interface->AnnouncedAt = PnpRegistrations;
    }
    return status;
}

/* *Announced: whether anybody was told of it. */
static NTSTATUS PnpDisableLocked(PNP_INTERFACE *Interface, PBOOLEAN Announced)
{
    UNICODE_STRING link = { Interface->LinkLength, Interface->LinkLength, Interface->Name.Buffer };

    if (!Interface->Enabled)
        return STATUS_OBJECT_NAME_NOT_FOUND;
    Interface->Enabled = FALSE;
    *Announced = Interface->Announced;
    Interface->Announced = FALSE;
    Interface->AnnouncedAt = PnpRegistrations;
    if (!PnpIsLinkSharedLocked(Interface))
        IoDeleteSymbolicLink(&link);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI IoSetDeviceInterfaceState(PUNICODE_STRING SymbolicLinkName, BOOLEAN Enable)
{
    BOOLEAN announced = FALSE;
    LONG64 announcedAt = 0;
    PNP_INTERFACE *found;
    NTSTATUS status;

    ExLockExclusive(&PnpInterfaceLock);
    found = PnpFindInterfaceLocked(SymbolicLinkName);
    if (found == NULL) {
        status = STATUS_OBJECT_NAME_NOT_FOUND;
    } else if (Enable) {
        status = PnpEnableLocked(found);
        announced = found->Announced;
    } else {
        status = PnpDisableLocked(found, &announced);
    }
    if (found != NULL)
        announcedAt = found->AnnouncedAt;
    ExUnlockExclusive(&PnpInterfaceLock);
    if (status != STATUS_SUCCESS)
        return status;
    PnpRecordState(found, Enable);
    if (announced)
        PnpNotifyInterface(found, Enable, announcedAt);
    return STATUS_SUCCESS;
}

/* ---- With the device ---- */
VOID PnpAnnounceInterfaces(PDEVICE_OBJECT Pdo)
{
    LONG64 announcedAt = 0;
    PNP_INTERFACE *found;
    PLIST_ENTRY entry;

    do {
        found = NULL;
        ExLockExclusive(&PnpInterfaceLock);
        for (entry = PnpInterfaces.Flink; entry != &PnpInterfaces && found == NULL; entry = entry->Flink)
            if (PnpInterfaceAt(entry)->Pdo == Pdo && PnpInterfaceAt(entry)->Enabled && !PnpInterfaceAt(entry)->Announced)
                found = PnpInterfaceAt(entry);
        if (found != NULL) {
            found->Announced = TRUE;
            announcedAt = found->AnnouncedAt = PnpRegistrations;
        }
        ExUnlockExclusive(&PnpInterfaceLock);
        if (found != NULL)
            PnpNotifyInterface(found, TRUE, announcedAt);
    } while (found != NULL);
}

VOID PnpDisableInterfaces(PDEVICE_OBJECT Pdo)
{
    PNP_INTERFACE *found;
    PLIST_ENTRY entry;
    BOOLEAN enabled, announced;
    LONG64 announcedAt = 0;

    do {
        found = NULL;
        enabled = announced = FALSE;
        ExLockExclusive(&PnpInterfaceLock);
        for (entry = PnpInterfaces.Flink; entry != &PnpInterfaces && found == NULL; entry = entry->Flink)
            if (PnpInterfaceAt(entry)->Pdo == Pdo)
                found = PnpInterfaceAt(entry);
        if (found != NULL) {
            enabled = PnpDisableLocked(found, &announced) == STATUS_SUCCESS;
            announcedAt = found->AnnouncedAt;
            found->Pdo = NULL;
        }
        ExUnlockExclusive(&PnpInterfaceLock);
        if (enabled)
            PnpRecordState(found, FALSE);
        if (announced)
            PnpNotifyInterface(found, FALSE, announcedAt);
    } while (found != NULL);
}

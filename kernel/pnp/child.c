/* SPDX-License-Identifier: MIT
 * What a bus driver says of a device it found: its names, capabilities, text, bus and resources, asked once and kept in the node and
 * below Enum. What a bus driver returns is its own memory and its own words: everything is measured before it is believed.
 */
#include "pnpp.h"
#include "kd.h"

#define PNP_ID_CHARACTERS 200u                   /* of one identifier, with its NUL (MAX_DEVICE_ID_LEN) */
#define PNP_LIST_CHARACTERS 4096u                /* of a list of them */

/* ---- Questions ---- */
static PVOID PnpAsk(PDEVICE_OBJECT Pdo, UCHAR Minor, const IO_STACK_LOCATION *Parameters)
{
    ULONG_PTR information = 0;
    NTSTATUS status = PnpSend(Pdo, Minor, Parameters, &information);

    return NT_SUCCESS(status) ? (PVOID)information : NULL;
}

static PWCHAR PnpAskId(PDEVICE_OBJECT Pdo, BUS_QUERY_ID_TYPE Type)
{
    IO_STACK_LOCATION parameters = { .Parameters.QueryId.IdType = Type };
    return PnpAsk(Pdo, IRP_MN_QUERY_ID, &parameters);
}

/* Bytes of a string, or MAXULONG when it is too long or has a character that no identifier may have. */
static ULONG PnpMeasureId(const WCHAR *Text)
{
    ULONG i;

    for (i = 0; i < PNP_ID_CHARACTERS; i++) {
        if (Text[i] == L'\0')
            return i * sizeof(WCHAR);
        if (Text[i] <= L' ' || Text[i] > 0x7F || Text[i] == L',')
            return MAXULONG;
    }
    return MAXULONG;
}

/* Bytes of a list without the two NULs at its end. */
static ULONG PnpMeasureList(const WCHAR *Text)
{
    ULONG length = 0, id;

    while (Text[length] != L'\0') {
        id = PnpMeasureId(Text + length);
        if (id == MAXULONG || length + id / sizeof(WCHAR) + 1 > PNP_LIST_CHARACTERS)
            return MAXULONG;
        length += id / sizeof(WCHAR) + 1;
    }
    return length == 0 ? 0 : (length - 1) * sizeof(WCHAR);
}

static NTSTATUS PnpAskList(PDEVICE_OBJECT Pdo, BUS_QUERY_ID_TYPE Type, PUNICODE_STRING List)
{
    PWCHAR text = PnpAskId(Pdo, Type);
    NTSTATUS status = STATUS_SUCCESS;
    ULONG length;

    if (text == NULL)
        return STATUS_SUCCESS;                   /* there need not be any */
    length = PnpMeasureList(text);
    if (length == MAXULONG)
        status = STATUS_OBJECT_NAME_INVALID;
    else if (length != 0)
        status = PnpCopyString(List, text, length);
    ExFreePool(text);
    return status;
}

static NTSTATUS PnpAskText(PDEVICE_OBJECT Pdo, DEVICE_TEXT_TYPE Type, PUNICODE_STRING Text)
{
    IO_STACK_LOCATION parameters = { .Parameters.QueryDeviceText = { .DeviceTextType = Type, .LocaleId = 0x409 } };
    PWCHAR text = PnpAsk(Pdo, IRP_MN_QUERY_DEVICE_TEXT, &parameters);
    NTSTATUS status = STATUS_SUCCESS;
    ULONG length = 0;

    if (text == NULL)
        return STATUS_SUCCESS;
    while (length < PNP_LIST_CHARACTERS && text[length] != L'\0')
        length++;
    if (length != 0 && length < PNP_LIST_CHARACTERS)
        status = PnpCopyString(Text, text, length * sizeof(WCHAR));
    ExFreePool(text);
    return status;
}

/* ---- Its name: Enumerator\Device\Instance ---- */
/* An instance that is unique only on its bus has the parent before it: its depth and a hash of its name, as Windows writes them. */
static VOID PnpAppendParent(PUNICODE_STRING Name, const PNP_NODE *Parent)
{
    ULONG hash = 0;
    WCHAR depth[3] = { (WCHAR)(L'1' + min(Parent->Depth, 8u)), L'&', L'\0' };

    RtlHashUnicodeString(&Parent->Instance, TRUE, HASH_STRING_ALGORITHM_X65599, &hash);
    RtlAppendUnicodeToString(Name, depth);
    PnpAppendHex(Name, hash, 8);
    RtlAppendUnicodeToString(Name, L"&0&");
}

static NTSTATUS PnpBuildInstance(PNP_NODE *Node, const WCHAR *Device, const WCHAR *Instance, BOOLEAN Unique)
{
    ULONG device = PnpMeasureId(Device), instance = PnpMeasureId(Instance), size;
    const WCHAR *separator = device != MAXULONG ? wcschr(Device, L'\\') : NULL;

    if (instance == MAXULONG || separator == NULL || separator == Device || wcschr(separator + 1, L'\\') != NULL ||
        wcschr(Instance, L'\\') != NULL)
        return STATUS_OBJECT_NAME_INVALID;
    size = device + instance + 24 * sizeof(WCHAR);
    Node->Instance = (UNICODE_STRING){ 0, (USHORT)size, ExAllocatePoolWithTag(PagedPool, size, PNP_TAG) };
    if (Node->Instance.Buffer == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlAppendUnicodeToString(&Node->Instance, Device);
    Node->DeviceLength = Node->Instance.Length;
    RtlAppendUnicodeToString(&Node->Instance, L"\\");
    if (!Unique)
        PnpAppendParent(&Node->Instance, Node->Parent);
    RtlAppendUnicodeToString(&Node->Instance, Instance);
    return STATUS_SUCCESS;
}

static NTSTATUS PnpAskName(PNP_NODE *Node)
{
    DEVICE_CAPABILITIES capabilities = { .Size = sizeof(capabilities), .Version = 1, .Address = ~0u, .UINumber = ~0u };
    IO_STACK_LOCATION parameters = { .Parameters.DeviceCapabilities.Capabilities = &capabilities };
    NTSTATUS status = PnpSend(Node->Pdo, IRP_MN_QUERY_CAPABILITIES, &parameters, NULL);
    PWCHAR device, instance;

    if (!NT_SUCCESS(status))
        return status;
    Node->Address = capabilities.Address;
    Node->UiNumber = capabilities.UINumber;
    device = PnpAskId(Node->Pdo, BusQueryDeviceID);
    if (device == NULL)
        return STATUS_OBJECT_NAME_INVALID;
    instance = PnpAskId(Node->Pdo, BusQueryInstanceID);
    status =
        PnpBuildInstance(Node, device, instance != NULL ? instance : L"", (BOOLEAN)(instance != NULL && capabilities.UniqueID));
    ExFreePool(device);
    if (instance != NULL)
        ExFreePool(instance);
    return status;
}

/* ---- What else ---- */
static VOID PnpAskBus(PNP_NODE *Node)
{
    PPNP_BUS_INFORMATION bus = PnpAsk(Node->Pdo, IRP_MN_QUERY_BUS_INFORMATION, NULL);

    Node->Bus = (PNP_BUS_INFORMATION){ .LegacyBusType = InterfaceTypeUndefined, .BusNumber = ~0u };
    if (bus == NULL)
        return;
    Node->Bus = *bus;
    ExFreePool(bus);
}

static VOID PnpAskResources(PNP_NODE *Node)
{
    Node->Boot = PnpAsk(Node->Pdo, IRP_MN_QUERY_RESOURCES, NULL);
    if (Node->Boot != NULL && PnpSizeOfList(Node->Boot) == 0) {
        ExFreePool(Node->Boot);
        Node->Boot = NULL;
    }
    Node->Requirements = PnpAsk(Node->Pdo, IRP_MN_QUERY_RESOURCE_REQUIREMENTS, NULL);
    if (Node->Requirements != NULL && !PnpIsRequirements(Node->Requirements)) {
        ExFreePool(Node->Requirements);
        Node->Requirements = NULL;
    }
}

static NTSTATUS PnpAskAll(PNP_NODE *Node)
{
    NTSTATUS status = PnpAskName(Node);

    if (NT_SUCCESS(status))
        status = PnpAskList(Node->Pdo, BusQueryHardwareIDs, &Node->Hardware);
    if (NT_SUCCESS(status))
        status = PnpAskList(Node->Pdo, BusQueryCompatibleIDs, &Node->Compatible);
    if (NT_SUCCESS(status))
        status = PnpAskText(Node->Pdo, DeviceTextDescription, &Node->Description);
    if (NT_SUCCESS(status))
        status = PnpAskText(Node->Pdo, DeviceTextLocationInformation, &Node->Location);
    if (!NT_SUCCESS(status))
        return status;
    PnpAskBus(Node);
    PnpAskResources(Node);
    return STATUS_SUCCESS;
}

/* Enum\Instance, as the PnP manager leaves it before any driver is installed. */
static NTSTATUS PnpRegisterChild(const PNP_NODE *Node)
{
    HANDLE key;
    NTSTATUS status = PnpCreateInstanceKey(Node, &key);

    if (!NT_SUCCESS(status))
        return status;
    if (Node->Description.Length != 0)
        PnpSetString(key, L"DeviceDesc", &Node->Description);
    if (Node->Location.Length != 0)
        PnpSetString(key, L"LocationInformation", &Node->Location);
    PnpSetList(key, L"HardwareID", &Node->Hardware);
    PnpSetList(key, L"CompatibleIDs", &Node->Compatible);
    PnpSetNumber(key, L"Address", Node->Address);
    ZwClose(key);
    return STATUS_SUCCESS;
}

NTSTATUS PnpCreateChild(PNP_NODE *Parent, PDEVICE_OBJECT Pdo)
{
    PNP_NODE *node;
    NTSTATUS status = PnpMakeNode(Pdo, Parent, &node);

    if (!NT_SUCCESS(status))
        return status;
    Pdo->Flags |= DO_BUS_ENUMERATED_DEVICE;
    node->Seen = TRUE;
    status = PnpAskAll(node);
    if (NT_SUCCESS(status))
        status = PnpListNode(node);
    if (!NT_SUCCESS(status)) { /* its device keeps the node, and is never looked at again */
        KdLogEvent("warning", "a bus driver reported a device whose names cannot be used");
        return status;
    }
    status = PnpRegisterChild(node);
    if (!NT_SUCCESS(status))
        PnpUnlistNode(node);
    return status;
}

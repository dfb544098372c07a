/* SPDX-License-Identifier: MIT
 * What drivers ask about a physical device, and its keys in the registry.
 */
#include "pnpp.h"

/* ---- Properties ---- */
static NTSTATUS PnpReturn(const VOID *Data, ULONG Size, ULONG BufferLength, PVOID Buffer, PULONG ResultLength)
{
    *ResultLength = Size;
    if (BufferLength < Size || (Buffer == NULL && Size != 0))
        return STATUS_BUFFER_TOO_SMALL;
    RtlCopyMemory(Buffer, Data, Size);
    return STATUS_SUCCESS;
}

/* Text with Nuls of NUL behind. */
static NTSTATUS PnpReturnText(const WCHAR *Text, ULONG Length, ULONG Nuls, ULONG BufferLength, PVOID Buffer, PULONG ResultLength)
{
    *ResultLength = Length + Nuls * sizeof(WCHAR);
    if (BufferLength < *ResultLength || Buffer == NULL)
        return STATUS_BUFFER_TOO_SMALL;
    RtlZeroMemory(Buffer, *ResultLength);
    RtlCopyMemory(Buffer, Text, Length);
    return STATUS_SUCCESS;
}

static NTSTATUS PnpReturnName(PDEVICE_OBJECT Pdo, ULONG BufferLength, PVOID Buffer, PULONG ResultLength)
{
    struct {
        OBJECT_NAME_INFORMATION Information;
        WCHAR Room[64];
    } name;
    ULONG length;
    NTSTATUS status = ObQueryNameString(Pdo, &name.Information, sizeof(name), &length);

    if (!NT_SUCCESS(status))
        return status;
    return PnpReturnText(name.Information.Name.Buffer, name.Information.Name.Length, 1, BufferLength, Buffer, ResultLength);
}

/* Like PnpReturnText; a device that has no such text: STATUS_OBJECT_NAME_NOT_FOUND. */
static NTSTATUS PnpReturnString(PCUNICODE_STRING String, ULONG Nuls, ULONG BufferLength, PVOID Buffer, PULONG ResultLength)
{
    if (String->Length == 0) {
        *ResultLength = 0;
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    return PnpReturnText(String->Buffer, String->Length, Nuls, BufferLength, Buffer, ResultLength);
}

/* The class before the driver's key, else nothing: no driver is installed. */
static NTSTATUS PnpReturnClass(const PNP_NODE *Node, ULONG BufferLength, PVOID Buffer, PULONG ResultLength)
{
    UNICODE_STRING class = Node->DriverKey;

    class.Length = min(class.Length, (USHORT)(38 * sizeof(WCHAR)));
    return PnpReturnString(&class, 1, BufferLength, Buffer, ResultLength);
}

/* "PCI" of PCI\VEN_... */
static NTSTATUS PnpReturnEnumerator(const PNP_NODE *Node, ULONG BufferLength, PVOID Buffer, PULONG ResultLength)
{
    ULONG length = 0;

    while (length < Node->DeviceLength && Node->Instance.Buffer[length / sizeof(WCHAR)] != L'\\')
        length += sizeof(WCHAR);
    return PnpReturnText(Node->Instance.Buffer, length, 1, BufferLength, Buffer, ResultLength);
}

static NTSTATUS PnpReturnResources(const PNP_NODE *Node, DEVICE_REGISTRY_PROPERTY Property, ULONG BufferLength, PVOID Buffer,
                                   PULONG ResultLength)
{
    switch (Property) {
    case DevicePropertyResourceRequirements:
        return PnpReturn(Node->Requirements, Node->Requirements != NULL ? Node->Requirements->ListSize : 0, BufferLength, Buffer,
                         ResultLength);
    case DevicePropertyAllocatedResources:
        return PnpReturn(Node->Assignment != NULL ? Node->Assignment->Raw : NULL, Node->Assignment != NULL ? Node->Assignment->Size : 0,
                         BufferLength, Buffer, ResultLength);
    default:                                     /* memory and ports have the same addresses on the bus */
        return PnpReturn(Node->Boot, Node->Boot != NULL ? PnpSizeOfList(Node->Boot) : 0, BufferLength, Buffer, ResultLength);
    }
}

static NTSTATUS PnpGetPropertyLocked(const PNP_NODE *Node, DEVICE_REGISTRY_PROPERTY Property, ULONG BufferLength, PVOID Buffer,
                                     PULONG ResultLength)
{
    static const ULONG removal = 1 /* ExpectNoRemoval */;
    ULONG installed = Node->Service.Length != 0 ? 0 /* InstallStateInstalled */ : 1 /* InstallStateNeedsReinstall */;

    switch (Property) {
    case DevicePropertyDeviceDescription:
        return PnpReturnString(&Node->Description, 1, BufferLength, Buffer, ResultLength);
    case DevicePropertyHardwareID:
        return PnpReturnString(&Node->Hardware, 2, BufferLength, Buffer, ResultLength);
    case DevicePropertyCompatibleIDs:
        return PnpReturnString(&Node->Compatible, 2, BufferLength, Buffer, ResultLength);
    case DevicePropertyClassName:
        return PnpReturnText(L"Unknown", 14, 1, BufferLength, Buffer, ResultLength);
    case DevicePropertyClassGuid:
        return PnpReturnClass(Node, BufferLength, Buffer, ResultLength);
    case DevicePropertyDriverKeyName:
        return PnpReturnString(&Node->DriverKey, 1, BufferLength, Buffer, ResultLength);
    case DevicePropertyEnumeratorName:
        return PnpReturnEnumerator(Node, BufferLength, Buffer, ResultLength);
    case DevicePropertyLocationInformation:
        return PnpReturnString(&Node->Location, 1, BufferLength, Buffer, ResultLength);
    case DevicePropertyBusTypeGuid:
        return PnpReturn(&Node->Bus.BusTypeGuid, sizeof(GUID), BufferLength, Buffer, ResultLength);
    case DevicePropertyLegacyBusType:
        return PnpReturn(&Node->Bus.LegacyBusType, sizeof(INTERFACE_TYPE), BufferLength, Buffer, ResultLength);
    case DevicePropertyBusNumber:
        return PnpReturn(&Node->Bus.BusNumber, sizeof(ULONG), BufferLength, Buffer, ResultLength);
    case DevicePropertyAddress:
        return PnpReturn(&Node->Address, sizeof(ULONG), BufferLength, Buffer, ResultLength);
    case DevicePropertyUINumber:
        return PnpReturn(&Node->UiNumber, sizeof(ULONG), BufferLength, Buffer, ResultLength);
    case DevicePropertyInstallState:
        return PnpReturn(&installed, sizeof(installed), BufferLength, Buffer, ResultLength);
    case DevicePropertyRemovalPolicy:
        return PnpReturn(&removal, sizeof(removal), BufferLength, Buffer, ResultLength);
    case DevicePropertyBootConfiguration:
    case DevicePropertyBootConfigurationTranslated:
    case DevicePropertyResourceRequirements:
    case DevicePropertyAllocatedResources:
        return PnpReturnResources(Node, Property, BufferLength, Buffer, ResultLength);
    case DevicePropertyManufacturer:             /* nothing says these */
    case DevicePropertyFriendlyName:
    case DevicePropertyContainerID:
        *ResultLength = 0;
        return STATUS_OBJECT_NAME_NOT_FOUND;
    default:
        return STATUS_INVALID_PARAMETER_2;
    }
}

NTSTATUS NTAPI IoGetDeviceProperty(PDEVICE_OBJECT DeviceObject, DEVICE_REGISTRY_PROPERTY DeviceProperty, ULONG BufferLength,
                                   PVOID PropertyBuffer, PULONG ResultLength)
{
    PNP_NODE *node = PnpNode(DeviceObject);
    NTSTATUS status;

    if (node == NULL)
        return STATUS_INVALID_DEVICE_REQUEST;
    if (DeviceProperty == DevicePropertyPhysicalDeviceObjectName)
        return PnpReturnName(DeviceObject, BufferLength, PropertyBuffer, ResultLength);
    ExLockShared(&PnpNodeLock);
    status = PnpGetPropertyLocked(node, DeviceProperty, BufferLength, PropertyBuffer, ResultLength);
    ExUnlockShared(&PnpNodeLock);
    return status;
}

/* One node, of which nothing says that this device is near to it: as on a machine without proximity information. */
NTSTATUS NTAPI IoGetDeviceNumaNode(PDEVICE_OBJECT Pdo, PUSHORT NodeNumber)
{
    return PnpNode(Pdo) == NULL ? STATUS_INVALID_DEVICE_REQUEST : STATUS_NOT_FOUND;
}

/* ---- Keys ---- */
NTSTATUS NTAPI IoOpenDeviceRegistryKey(PDEVICE_OBJECT DeviceObject, ULONG DevInstKeyType, ACCESS_MASK DesiredAccess,
                                       PHANDLE DevInstRegKey)
{
    PNP_NODE *node = PnpNode(DeviceObject);

    if (node == NULL)
        return STATUS_INVALID_DEVICE_REQUEST;
    if ((DevInstKeyType & PLUGPLAY_REGKEY_DRIVER) && node->DriverKey.Length == 0)
        return STATUS_OBJECT_NAME_NOT_FOUND;     /* no driver is installed */
    switch (DevInstKeyType) {
    case PLUGPLAY_REGKEY_DEVICE:
        return PnpOpenKey(L"Enum\\", &node->Instance, L"\\Device Parameters", DesiredAccess, TRUE, DevInstRegKey);
    case PLUGPLAY_REGKEY_DRIVER:
        return PnpOpenKey(L"Control\\Class\\", &node->DriverKey, L"", DesiredAccess, TRUE, DevInstRegKey);
    case PLUGPLAY_REGKEY_DEVICE | PLUGPLAY_REGKEY_CURRENT_HWPROFILE:
        return PnpOpenKey(L"Hardware Profiles\\Current\\System\\CurrentControlSet\\Enum\\", &node->Instance, L"", DesiredAccess, TRUE,
                          DevInstRegKey);
    case PLUGPLAY_REGKEY_DRIVER | PLUGPLAY_REGKEY_CURRENT_HWPROFILE:
        return PnpOpenKey(L"Hardware Profiles\\Current\\System\\CurrentControlSet\\Control\\Class\\", &node->DriverKey, L"",
                          DesiredAccess, TRUE, DevInstRegKey);
    default:
        return STATUS_INVALID_PARAMETER;
    }
}

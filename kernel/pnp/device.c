/* SPDX-License-Identifier: MIT
 * What drivers ask about a physical device, and its keys in the registry.
 */
#include "pnpp.h"

static const GUID PnpGuidRootBus = { 0x1530ea73, 0x086b, 0x11d1, { 0xa0, 0x9f, 0x00, 0xc0, 0x4f, 0xc3, 0x40, 0xb1 } };

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

NTSTATUS NTAPI IoGetDeviceProperty(PDEVICE_OBJECT DeviceObject, DEVICE_REGISTRY_PROPERTY DeviceProperty, ULONG BufferLength,
                                   PVOID PropertyBuffer, PULONG ResultLength)
{
    static const INTERFACE_TYPE bus = Internal;
    static const ULONG none = 0xFFFFFFFF, installed = 0 /* InstallStateInstalled */, number = 0, removal = 1 /* ExpectNoRemoval */;
    PNP_NODE *node = PnpNode(DeviceObject);
    ULONG device;

    if (node == NULL)
        return STATUS_INVALID_DEVICE_REQUEST;
    device = (ULONG)((PUCHAR)node->Service.Buffer - (PUCHAR)node->Instance.Buffer) + node->Service.Length;
    switch (DeviceProperty) {
    case DevicePropertyDeviceDescription:
        return PnpReturnText(node->Service.Buffer, node->Service.Length, 1, BufferLength, PropertyBuffer, ResultLength);
    case DevicePropertyHardwareID:
        return PnpReturnText(node->Instance.Buffer, device, 2, BufferLength, PropertyBuffer, ResultLength);
    case DevicePropertyClassName:
        return PnpReturnText(L"Unknown", 14, 1, BufferLength, PropertyBuffer, ResultLength);
    case DevicePropertyClassGuid:
        return PnpReturnText(node->DriverKey.Buffer, 38 * sizeof(WCHAR), 1, BufferLength, PropertyBuffer, ResultLength);
    case DevicePropertyDriverKeyName:
        return PnpReturnText(node->DriverKey.Buffer, node->DriverKey.Length, 1, BufferLength, PropertyBuffer, ResultLength);
    case DevicePropertyEnumeratorName:
        return PnpReturnText(L"ROOT", 8, 1, BufferLength, PropertyBuffer, ResultLength);
    case DevicePropertyPhysicalDeviceObjectName:
        return PnpReturnName(DeviceObject, BufferLength, PropertyBuffer, ResultLength);
    case DevicePropertyBusTypeGuid:
        return PnpReturn(&PnpGuidRootBus, sizeof(GUID), BufferLength, PropertyBuffer, ResultLength);
    case DevicePropertyLegacyBusType:
        return PnpReturn(&bus, sizeof(bus), BufferLength, PropertyBuffer, ResultLength);
    case DevicePropertyBusNumber:
        return PnpReturn(&number, sizeof(number), BufferLength, PropertyBuffer, ResultLength);
    case DevicePropertyAddress:
    case DevicePropertyUINumber:
        return PnpReturn(&none, sizeof(none), BufferLength, PropertyBuffer, ResultLength);
    case DevicePropertyInstallState:
        return PnpReturn(&installed, sizeof(installed), BufferLength, PropertyBuffer, ResultLength);
    case DevicePropertyRemovalPolicy:
        return PnpReturn(&removal, sizeof(removal), BufferLength, PropertyBuffer, ResultLength);
    case DevicePropertyBootConfiguration:        /* it has no resources */
    case DevicePropertyBootConfigurationTranslated:
    case DevicePropertyResourceRequirements:
    case DevicePropertyAllocatedResources:
        return PnpReturn(NULL, 0, BufferLength, PropertyBuffer, ResultLength);
    case DevicePropertyCompatibleIDs:
        if (node->Compatible.Length == 0) {
            *ResultLength = 0;
            return STATUS_OBJECT_NAME_NOT_FOUND;
        }
        return PnpReturnText(node->Compatible.Buffer, node->Compatible.Length, 2, BufferLength, PropertyBuffer, ResultLength);
    case DevicePropertyManufacturer:             /* nothing says these */
    case DevicePropertyFriendlyName:
    case DevicePropertyLocationInformation:
    case DevicePropertyContainerID:
        *ResultLength = 0;
        return STATUS_OBJECT_NAME_NOT_FOUND;
    default:
        return STATUS_INVALID_PARAMETER_2;
    }
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

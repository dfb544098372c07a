/* SPDX-License-Identifier: MIT
 * How the root bus answers for its devices: no resources, no children, two power states.
 */
#include "pnpp.h"

const GUID PnpGuidInternalBus = { 0x1530ea73, 0x086b, 0x11d1, { 0xa0, 0x9f, 0x00, 0xc0, 0x4f, 0xc3, 0x40, 0xb1 } };

NTSTATUS PnpFinish(PIRP Irp, NTSTATUS Status)
{
    Irp->IoStatus.Status = Status;
    IofCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

NTSTATUS PnpAnswer(PIRP Irp, PVOID Answer)
{
    Irp->IoStatus.Information = (ULONG_PTR)Answer;
    return PnpFinish(Irp, Answer != NULL ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES);
}

PWCHAR PnpCopyText(const WCHAR *Text, ULONG Length, ULONG Nuls)
{
    PWCHAR copy = ExAllocatePoolWithTag(PagedPool, Length + Nuls * sizeof(WCHAR), PNP_TAG);

    if (copy == NULL)
        return NULL;
    RtlZeroMemory(copy, Length + Nuls * sizeof(WCHAR));
    RtlCopyMemory(copy, Text, Length);
    return copy;
}

static NTSTATUS PnpQueryId(PNP_NODE *Node, PIRP Irp, BUS_QUERY_ID_TYPE Type)
{
    ULONG device = Node->DeviceLength;

    switch (Type) {
    case BusQueryDeviceID:
        return PnpAnswer(Irp, PnpCopyText(Node->Instance.Buffer, device, 1));
    case BusQueryHardwareIDs:
        return PnpAnswer(Irp, PnpCopyText(Node->Hardware.Buffer, Node->Hardware.Length, 2));
    case BusQueryCompatibleIDs:
        if (Node->Compatible.Length == 0)
            return PnpFinish(Irp, Irp->IoStatus.Status);
        return PnpAnswer(Irp, PnpCopyText(Node->Compatible.Buffer, Node->Compatible.Length, 2));
    case BusQueryInstanceID:
        return PnpAnswer(Irp, PnpCopyText(Node->Instance.Buffer + device / sizeof(WCHAR) + 1,
                                          Node->Instance.Length - device - sizeof(WCHAR), 1));
    default:
        return PnpFinish(Irp, Irp->IoStatus.Status);
    }
}

NTSTATUS PnpAnswerCapabilities(PIRP Irp, ULONG Address)
{
    PDEVICE_CAPABILITIES capabilities = IoGetCurrentIrpStackLocation(Irp)->Parameters.DeviceCapabilities.Capabilities;
    ULONG state;

    if (capabilities->Version != 1 || capabilities->Size < sizeof(*capabilities))
        return PnpFinish(Irp, STATUS_UNSUCCESSFUL);
    capabilities->SilentInstall = TRUE;
    capabilities->RawDeviceOK = FALSE;
    capabilities->Address = Address;
    capabilities->UINumber = 0xFFFFFFFF;
    for (state = PowerSystemUnspecified; state < PowerSystemMaximum; state++)
        capabilities->DeviceState[state] = state == PowerSystemWorking ? PowerDeviceD0 : PowerDeviceD3;
    capabilities->DeviceState[PowerSystemUnspecified] = PowerDeviceUnspecified;
    capabilities->SystemWake = PowerSystemUnspecified;
    capabilities->DeviceWake = PowerDeviceUnspecified;
    return PnpFinish(Irp, STATUS_SUCCESS);
}

NTSTATUS PnpAnswerTarget(PDEVICE_OBJECT Pdo, PIRP Irp)
{
    PDEVICE_RELATIONS relations = ExAllocatePoolWithTag(PagedPool, sizeof(*relations), PNP_TAG);

    if (relations != NULL) {
        relations->Count = 1;
        relations->Objects[0] = Pdo;
        ObfReferenceObject(Pdo);
    }
    return PnpAnswer(Irp, relations);
}

NTSTATUS PnpAnswerBus(PIRP Irp, const PNP_BUS_INFORMATION *Bus)
{
    PPNP_BUS_INFORMATION bus = ExAllocatePoolWithTag(PagedPool, sizeof(*bus), PNP_TAG);

    if (bus != NULL)
        *bus = *Bus;
    return PnpAnswer(Irp, bus);
}

NTSTATUS NTAPI PnpRootDispatchPnp(PDEVICE_OBJECT Device, PIRP Irp)
{
    PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(Irp);
    PNP_NODE *node = IoDeviceExtension(Device)->DeviceNode;

    switch (location->MinorFunction) {
    case IRP_MN_START_DEVICE:
    case IRP_MN_STOP_DEVICE:
    case IRP_MN_QUERY_STOP_DEVICE:
    case IRP_MN_CANCEL_STOP_DEVICE:
    case IRP_MN_QUERY_REMOVE_DEVICE:
    case IRP_MN_CANCEL_REMOVE_DEVICE:
    case IRP_MN_REMOVE_DEVICE:
    case IRP_MN_SURPRISE_REMOVAL:
        return PnpFinish(Irp, STATUS_SUCCESS);
    case IRP_MN_QUERY_CAPABILITIES:
        return PnpAnswerCapabilities(Irp, ~0u);
    case IRP_MN_QUERY_ID:
        return PnpQueryId(node, Irp, location->Parameters.QueryId.IdType);
    case IRP_MN_QUERY_DEVICE_TEXT:
        if (location->Parameters.QueryDeviceText.DeviceTextType != DeviceTextDescription)
            break;
        return PnpAnswer(Irp, PnpCopyText(node->Description.Buffer, node->Description.Length, 1));
    case IRP_MN_QUERY_DEVICE_RELATIONS:
        if (location->Parameters.QueryDeviceRelations.Type != TargetDeviceRelation)
            break;
        return PnpAnswerTarget(Device, Irp);
    case IRP_MN_QUERY_BUS_INFORMATION:
        return PnpAnswerBus(Irp, &node->Bus);
    default:
        break;
    }
    return PnpFinish(Irp, Irp->IoStatus.Status); /* as it came, as documented for what a bus does not handle */
}

NTSTATUS NTAPI PnpRootDispatchPower(PDEVICE_OBJECT Device, PIRP Irp)
{
    PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(Irp);

    if (location->MinorFunction == IRP_MN_SET_POWER && location->Parameters.Power.Type == DevicePowerState)
        PoSetPowerState(Device, DevicePowerState, location->Parameters.Power.State);
    if (location->MinorFunction == IRP_MN_SET_POWER || location->MinorFunction == IRP_MN_QUERY_POWER)
        return PnpFinish(Irp, STATUS_SUCCESS);
    return PnpFinish(Irp, Irp->IoStatus.Status);
}

NTSTATUS NTAPI PnpRootDispatchOther(PDEVICE_OBJECT Device, PIRP Irp) { return PnpFinish(Irp, Irp->IoStatus.Status); }

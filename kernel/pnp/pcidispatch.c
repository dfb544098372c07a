/* SPDX-License-Identifier: MIT
 * How a function answers: it decodes its ranges, masters the bus and signals its messages from its start to its stop or removal.
 */
#include "pci.h"

static const GUID PciGuidBus = { 0xc8ebdfb0, 0xb510, 0x11d0, { 0x80, 0xe5, 0x00, 0xa0, 0xc9, 0x25, 0x42, 0xe3 } };

/* A copy: anybody may send a start, not only who owns the assignment. */
static ULONG PciCopyMessages(const PCI_FUNCTION *Function, PNP_MESSAGE Messages[PNP_MAXIMUM_MESSAGES])
{
    PNP_NODE *node = IoDeviceExtension(Function->Pdo)->DeviceNode;
    ULONG count = 0;

    ExLockShared(&PnpNodeLock);
    if (node != NULL && node->Assignment != NULL) {
        count = node->Assignment->MessageCount;
        RtlCopyMemory(Messages, node->Assignment->Messages, count * sizeof(*Messages));
    }
    ExUnlockShared(&PnpNodeLock);
    return count;
}

static NTSTATUS PciStart(const PCI_FUNCTION *Function)
{
    PNP_MESSAGE messages[PNP_MAXIMUM_MESSAGES];
    ULONG count = PciCopyMessages(Function, messages), command = PciRead(Function, PCI_COMMAND, 2) | PCI_COMMAND_MASTER, i;

    for (i = 0; i < RTL_NUMBER_OF(Function->Bars); i++)
        if (Function->Bars[i].Length != 0)
            command |= Function->Bars[i].Port ? PCI_COMMAND_PORTS : PCI_COMMAND_MEMORY;
    if (count != 0 && (Function->Msi != 0 || Function->MsiX != 0))
        command |= PCI_COMMAND_NO_LINE;
    PciWriteCommand(Function, command);
    if ((command & PCI_COMMAND_NO_LINE) && !PciEnableMessages(Function, messages, count))
        return STATUS_DEVICE_CONFIGURATION_ERROR;
    return STATUS_SUCCESS;
}

/* As the firmware left it, but it cannot write into memory any more. */
static VOID PciStop(const PCI_FUNCTION *Function)
{
    if (PciRead(Function, PCI_ID, 2) == 0xFFFF)
        return;
    PciDisableMessages(Function);
    PciWriteCommand(Function, Function->Command & ~PCI_COMMAND_MASTER);
}

static NTSTATUS PciAnswerBusInformation(const PCI_FUNCTION *Function, PIRP Irp)
{
    PNP_BUS_INFORMATION bus = { PciGuidBus, PCIBus, Function->Bus };
    return PnpAnswerBus(Irp, &bus);
}

static NTSTATUS PciRemove(PCI_FUNCTION *Function, PIRP Irp)
{
    NTSTATUS status;

    PciStop(Function);
    status = PnpFinish(Irp, STATUS_SUCCESS);
    PciForgetFunction(Function);
    return status;
}

static NTSTATUS PciDispatchQuery(PCI_FUNCTION *Function, PIRP Irp)
{
    PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(Irp);

    switch (location->MinorFunction) {
    case IRP_MN_QUERY_CAPABILITIES:
        return PnpAnswerCapabilities(Irp, Function->Device << 16 | Function->Function);
    case IRP_MN_QUERY_ID:
        return PciQueryId(Function, Irp, location->Parameters.QueryId.IdType);
    case IRP_MN_QUERY_DEVICE_TEXT:
        return PciQueryText(Function, Irp, location->Parameters.QueryDeviceText.DeviceTextType);
    case IRP_MN_QUERY_BUS_INFORMATION:
        return PciAnswerBusInformation(Function, Irp);
    case IRP_MN_QUERY_RESOURCES:
        return PciQueryResources(Function, Irp);
    case IRP_MN_QUERY_RESOURCE_REQUIREMENTS:
        return PciQueryRequirements(Function, Irp);
    case IRP_MN_QUERY_INTERFACE:
        return PciQueryInterface(Function, Irp);
    case IRP_MN_QUERY_DEVICE_RELATIONS:
        if (location->Parameters.QueryDeviceRelations.Type == TargetDeviceRelation)
            return PnpAnswerTarget(Function->Pdo, Irp);
        __attribute__((fallthrough));
    default:
        return PnpFinish(Irp, Irp->IoStatus.Status);
    }
}

NTSTATUS PciDispatchFunction(PCI_FUNCTION *Function, PIRP Irp)
{
    switch (IoGetCurrentIrpStackLocation(Irp)->MinorFunction) {
    case IRP_MN_START_DEVICE:
        return PnpFinish(Irp, PciStart(Function));
    case IRP_MN_STOP_DEVICE:
        PciStop(Function);
        return PnpFinish(Irp, STATUS_SUCCESS);
    case IRP_MN_REMOVE_DEVICE:
        return PciRemove(Function, Irp);
    case IRP_MN_QUERY_STOP_DEVICE:
    case IRP_MN_CANCEL_STOP_DEVICE:
    case IRP_MN_QUERY_REMOVE_DEVICE:
    case IRP_MN_CANCEL_REMOVE_DEVICE:
    case IRP_MN_SURPRISE_REMOVAL:
        return PnpFinish(Irp, STATUS_SUCCESS);
    case IRP_MN_READ_CONFIG:
        return PciTransferConfiguration(Function, Irp, FALSE);
    case IRP_MN_WRITE_CONFIG:
        return PciTransferConfiguration(Function, Irp, TRUE);
    default:
        return PciDispatchQuery(Function, Irp);
    }
}

/* SPDX-License-Identifier: MIT
 * A device's life: AddDevice, start, removal, with the requests in the documented order.
 */
#include "pnpp.h"
#include "kd.h"

/* ---- Requests ---- */
NTSTATUS PnpSend(PDEVICE_OBJECT Pdo, UCHAR Minor, const IO_STACK_LOCATION *Parameters, ULONG_PTR *Information)
{
    PDEVICE_OBJECT top = IoGetAttachedDeviceReference(Pdo);
    IO_STACK_LOCATION location = { .MajorFunction = IRP_MJ_PNP, .MinorFunction = Minor };
    IO_STATUS_BLOCK result = { .Status = STATUS_NOT_SUPPORTED };
    NTSTATUS status;

    if (Parameters != NULL)
        location.Parameters = Parameters->Parameters;
    status = IoSendLocationAndWait(top, &location, &result);
    ObfDereferenceObject(top);
    if (Information != NULL)
        *Information = result.Information;
    return status;
}

NTSTATUS PnpQueryRelations(PDEVICE_OBJECT Device, DEVICE_RELATION_TYPE Type, PDEVICE_RELATIONS *Relations)
{
    IO_STACK_LOCATION parameters = { .Parameters.QueryDeviceRelations.Type = Type };
    ULONG_PTR information;
    NTSTATUS status = PnpSend(Device, IRP_MN_QUERY_DEVICE_RELATIONS, &parameters, &information);

    *Relations = NT_SUCCESS(status) ? (PDEVICE_RELATIONS)information : NULL;
    return status;
}

VOID PnpFreeRelations(PDEVICE_RELATIONS Relations)
{
    ULONG i;

    if (Relations == NULL)
        return;
    for (i = 0; i < Relations->Count; i++)
        ObfDereferenceObject(Relations->Objects[i]);
    ExFreePool(Relations);
}

typedef struct PNP_TALE {
    PNP_REPORT *Report;                          /* or NULL */
    PVOID Context;
} PNP_TALE;

static NTSTATUS PnpTell(const PNP_TALE *Tale, PCSTR Minor, NTSTATUS Status, ULONG_PTR Information)
{
    if (Tale->Report != NULL)
        Tale->Report(Tale->Context, Minor, Status, Information);
    return Status;
}

/* ---- AddDevice ---- */
NTSTATUS PnpAddDevice(PDRIVER_OBJECT Driver, PDEVICE_OBJECT Pdo)
{
    NTSTATUS status;

    if (Driver->DriverExtension->AddDevice == NULL)
        return STATUS_INVALID_DEVICE_REQUEST;
    Driver->DriverExtension->Count++;
    status = Driver->DriverExtension->AddDevice(Driver, Pdo);
    if (NT_SUCCESS(status))
        InterlockedExchange(&PnpNode(Pdo)->State, PnpAdded);
    return status;
}

/* ---- Start ---- */
static VOID PnpFilterRequirements(PDEVICE_OBJECT Pdo, const PNP_TALE *Tale)
{
    IO_STACK_LOCATION parameters = { .Parameters.FilterResourceRequirements.IoResourceRequirementList = NULL };   /* it needs none */
    ULONG_PTR information;
    NTSTATUS status = PnpSend(Pdo, IRP_MN_FILTER_RESOURCE_REQUIREMENTS, &parameters, &information);

    PnpTell(Tale, "IRP_MN_FILTER_RESOURCE_REQUIREMENTS", status, 0);
    if (NT_SUCCESS(status) && information != 0)  /* there is nothing to give it */
        ExFreePool((PVOID)information);
}

static VOID PnpQueryStarted(PDEVICE_OBJECT Pdo, const PNP_TALE *Tale)
{
    DEVICE_CAPABILITIES capabilities = { .Size = sizeof(capabilities), .Version = 1, .Address = ~0u, .UINumber = ~0u };
    IO_STACK_LOCATION parameters = { .Parameters.DeviceCapabilities.Capabilities = &capabilities };
    PDEVICE_RELATIONS relations;
    ULONG_PTR information;
    NTSTATUS status;

    status = PnpSend(Pdo, IRP_MN_QUERY_CAPABILITIES, &parameters, NULL);
    PnpTell(Tale, "IRP_MN_QUERY_CAPABILITIES", status, 0);
    status = PnpSend(Pdo, IRP_MN_QUERY_PNP_DEVICE_STATE, NULL, &information);
    PnpTell(Tale, "IRP_MN_QUERY_PNP_DEVICE_STATE", status, NT_SUCCESS(status) ? information : 0);
    status = PnpQueryRelations(Pdo, BusRelations, &relations);
    PnpTell(Tale, "IRP_MN_QUERY_DEVICE_RELATIONS", status, relations != NULL ? relations->Count : 0);
    PnpFreeRelations(relations);
}

NTSTATUS PnpStartDevice(PDEVICE_OBJECT Pdo, PNP_REPORT *Report, PVOID Context)
{
    PNP_TALE tale = { Report, Context };
    PNP_NODE *node = PnpNode(Pdo);
    IO_STACK_LOCATION parameters = { .Parameters.StartDevice.AllocatedResources = NULL };
    NTSTATUS status;

    PnpFilterRequirements(Pdo, &tale);
    InterlockedExchange(&node->State, PnpStarting);
    status = PnpSend(Pdo, IRP_MN_START_DEVICE, &parameters, NULL);
    InterlockedExchange(&node->State, NT_SUCCESS(status) ? PnpStarted : PnpFailed);
    PnpTell(&tale, "IRP_MN_START_DEVICE", status, 0);
    if (NT_SUCCESS(status)) {
        PnpAnnounceInterfaces(Pdo);
        PnpQueryStarted(Pdo, &tale);
    }
    return status;
}

/* ---- Removal ---- */
static NTSTATUS PnpAskRemoval(PDEVICE_OBJECT Pdo, const PNP_TALE *Tale)
{
    NTSTATUS status = PnpNotifyTarget(Pdo, &PnpGuidQueryRemove, TRUE);

    if (!NT_SUCCESS(status))
        return STATUS_PLUGPLAY_QUERY_VETOED;
    status = PnpSend(Pdo, IRP_MN_QUERY_REMOVE_DEVICE, NULL, NULL);
    PnpTell(Tale, "IRP_MN_QUERY_REMOVE_DEVICE", status, 0);
    if (NT_SUCCESS(status))
        return STATUS_SUCCESS;
    PnpTell(Tale, "IRP_MN_CANCEL_REMOVE_DEVICE", PnpSend(Pdo, IRP_MN_CANCEL_REMOVE_DEVICE, NULL, NULL), 0);
    PnpNotifyTarget(Pdo, &PnpGuidRemoveCancelled, FALSE);
    return STATUS_PLUGPLAY_QUERY_VETOED;
}

NTSTATUS PnpRemoveDevice(PDEVICE_OBJECT Pdo, PNP_REPORT *Report, PVOID Context)
{
    PNP_TALE tale = { Report, Context };
    PNP_NODE *node = PnpNode(Pdo);
    NTSTATUS status;

    if (node->State == PnpStarted) {
        status = PnpAskRemoval(Pdo, &tale);
        if (!NT_SUCCESS(status))
            return status;
    }
    if (node->State != PnpNew)                   /* whoever built a stack takes it down */
        PnpTell(&tale, "IRP_MN_REMOVE_DEVICE", PnpSend(Pdo, IRP_MN_REMOVE_DEVICE, NULL, NULL), 0);
    InterlockedExchange(&node->State, PnpRemoved);
    PnpDisableInterfaces(Pdo);
    PnpNotifyTarget(Pdo, &PnpGuidRemoveComplete, FALSE);
    if (Pdo->AttachedDevice != NULL) {
        KdLogEvent("warning", "a driver left its device attached to a device that was removed");
        return STATUS_DEVICE_BUSY;
    }
    PnpUnlistNode(node);
    PnpFreeProperties(&node->Properties);
    IoDeviceExtension(Pdo)->DeviceNode = NULL;   /* its memory goes with the device */
    IoDeleteDevice(Pdo);
    return STATUS_SUCCESS;
}

/* SPDX-License-Identifier: MIT
 * A device's life until it runs: requests, AddDevice, start, in the documented order.
 */
#include "pnpp.h"

/* ---- Requests ---- */
NTSTATUS PnpSend(PDEVICE_OBJECT Pdo, UCHAR Minor, const IO_STACK_LOCATION *Parameters, ULONG_PTR *Information)
{
    PDEVICE_OBJECT top = IoGetAttachedDeviceReference(Pdo);
    IO_STACK_LOCATION location = { .MajorFunction = IRP_MJ_PNP, .MinorFunction = Minor };
    IO_STATUS_BLOCK result = { .Status = STATUS_NOT_SUPPORTED, .Information = Information != NULL ? *Information : 0 };
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
    ULONG_PTR information = 0;
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

NTSTATUS PnpTell(const PNP_TALE *Tale, PCSTR Minor, NTSTATUS Status, ULONG_PTR Information)
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
/* The bus's requirements after the stack has changed them, or NULL; the caller frees them. The drivers get the list as theirs: who puts
 * another one in its place has freed it. */
static PIO_RESOURCE_REQUIREMENTS_LIST PnpFilterRequirements(PNP_NODE *Node, const PNP_TALE *Tale)
{
    ULONG size = Node->Requirements != NULL ? Node->Requirements->ListSize : 0;
    PIO_RESOURCE_REQUIREMENTS_LIST list = size != 0 ? ExAllocatePoolWithTag(PagedPool, size, PNP_TAG) : NULL;
    IO_STACK_LOCATION parameters = { .Parameters.FilterResourceRequirements.IoResourceRequirementList = list };
    ULONG_PTR information = (ULONG_PTR)list;
    NTSTATUS status;

    if (list != NULL)
        RtlCopyMemory(list, Node->Requirements, size);
    status = PnpSend(Node->Pdo, IRP_MN_FILTER_RESOURCE_REQUIREMENTS, &parameters, &information);
    PnpTell(Tale, "IRP_MN_FILTER_RESOURCE_REQUIREMENTS", status, 0);
    if (NT_SUCCESS(status))
        list = (PIO_RESOURCE_REQUIREMENTS_LIST)information;
    if (list == NULL || PnpIsRequirements(list))
        return list;
    ExFreePool(list);
    return NULL;
}

static NTSTATUS PnpAssign(PNP_NODE *Node, const PNP_TALE *Tale)
{
    PIO_RESOURCE_REQUIREMENTS_LIST requirements = PnpFilterRequirements(Node, Tale);
    PNP_ASSIGNMENT *assignment;
    NTSTATUS status = PnpAssignResources(Node, requirements, &assignment);

    if (requirements != NULL)
        ExFreePool(requirements);
    if (NT_SUCCESS(status))
        PnpSetAssignment(Node, assignment);
    return status;
}

static VOID PnpQueryStarted(PNP_NODE *Node, const PNP_TALE *Tale)
{
    DEVICE_CAPABILITIES capabilities = { .Size = sizeof(capabilities), .Version = 1, .Address = ~0u, .UINumber = ~0u };
    IO_STACK_LOCATION parameters = { .Parameters.DeviceCapabilities.Capabilities = &capabilities };
    ULONG_PTR information = 0;
    NTSTATUS status;

    status = PnpSend(Node->Pdo, IRP_MN_QUERY_CAPABILITIES, &parameters, NULL);
    PnpTell(Tale, "IRP_MN_QUERY_CAPABILITIES", status, 0);
    status = PnpSend(Node->Pdo, IRP_MN_QUERY_PNP_DEVICE_STATE, NULL, &information);
    PnpTell(Tale, "IRP_MN_QUERY_PNP_DEVICE_STATE", status, NT_SUCCESS(status) ? information : 0);
    PnpEnumerate(Node, Tale);
}

NTSTATUS PnpStartNode(PNP_NODE *Node, const PNP_TALE *Tale)
{
    IO_STACK_LOCATION parameters = { .Parameters.StartDevice.AllocatedResources = NULL };
    NTSTATUS status = PnpAssign(Node, Tale);

    InterlockedExchange(&Node->State, PnpStarting);
    if (Node->Assignment != NULL) {
        parameters.Parameters.StartDevice.AllocatedResources = Node->Assignment->Raw;
        parameters.Parameters.StartDevice.AllocatedResourcesTranslated = Node->Assignment->Translated;
    }
    if (NT_SUCCESS(status))
        status = PnpSend(Node->Pdo, IRP_MN_START_DEVICE, &parameters, NULL);
    InterlockedExchange(&Node->State, NT_SUCCESS(status) ? PnpStarted : PnpFailed);
    PnpTell(Tale, "IRP_MN_START_DEVICE", status, 0);
    if (NT_SUCCESS(status)) {
        PnpAnnounceInterfaces(Node->Pdo);
        PnpQueryStarted(Node, Tale);
    }
    return status;
}

NTSTATUS PnpStartDevice(PDEVICE_OBJECT Pdo, PNP_REPORT *Report, PVOID Context)
{
    PNP_TALE tale = { Report, Context };
    NTSTATUS status;

    PnpEnterEngine();
    status = PnpStartNode(PnpNode(Pdo), &tale);
    PnpStartNewDevices();
    PnpLeaveEngine();
    return status;
}

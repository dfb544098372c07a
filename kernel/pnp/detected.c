/* SPDX-License-Identifier: MIT
 * Devices that a driver found by itself and reports: root-enumerated ones that count as started, without AddDevice and
 * IRP_MN_START_DEVICE.
 */
#include "pnpp.h"

/* The names of INTERFACE_TYPE, from Internal on. */
static const PCWSTR PnpInterfaceTypes[] = {
    L"Internal", L"Isa", L"Eisa", L"MicroChannel", L"TurboChannel", L"PCIBus", L"VMEBus", L"NuBus", L"PCMCIABus", L"CBus", L"MPIBus",
    L"MPSABus", L"ProcessorInternal", L"InternalPowerBus", L"PNPISABus", L"PNPBus", L"Vmcs", L"ACPIBus",
};

static PCWSTR PnpInterfaceOf(PCM_RESOURCE_LIST Resources)
{
    INTERFACE_TYPE type = Resources != NULL && Resources->Count != 0 ? Resources->List[0].InterfaceType : Internal;
    return (ULONG)type < RTL_NUMBER_OF(PnpInterfaceTypes) ? PnpInterfaceTypes[type] : PnpInterfaceTypes[Internal];
}

/* DETECTEDInterface\Driver and DETECTED\Driver; PnpNameRoot has seen to it that Driver is short. */
static NTSTATUS PnpNameDetected(PNP_NODE *Node, PCWSTR Interface, PCUNICODE_STRING Driver)
{
    ULONG size = 2 * Driver->Length + 48 * sizeof(WCHAR);
    UNICODE_STRING ids = { 0, (USHORT)size, ExAllocatePoolWithTag(PagedPool, size, PNP_TAG) };

    if (ids.Buffer == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(ids.Buffer, size);
    RtlAppendUnicodeToString(&ids, L"DETECTED");
    RtlAppendUnicodeToString(&ids, Interface);
    RtlAppendUnicodeToString(&ids, L"\\");
    RtlAppendUnicodeStringToString(&ids, Driver);
    ids.Length += sizeof(WCHAR);                 /* the buffer is zero */
    RtlAppendUnicodeToString(&ids, L"DETECTED\\");
    RtlAppendUnicodeStringToString(&ids, Driver);
    Node->Compatible = ids;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI IoReportDetectedDevice(PDRIVER_OBJECT DriverObject, INTERFACE_TYPE LegacyBusType, ULONG BusNumber, ULONG SlotNumber,
                                      PCM_RESOURCE_LIST ResourceList, PIO_RESOURCE_REQUIREMENTS_LIST ResourceRequirements,
                                      BOOLEAN ResourceAssigned, PDEVICE_OBJECT *DeviceObject)
{
    PUNICODE_STRING service;
    PDEVICE_OBJECT made = NULL;
    PNP_NODE *node;
    NTSTATUS status;

    if (DriverObject == NULL || DeviceObject == NULL)
        return STATUS_INVALID_PARAMETER;
    if (*DeviceObject == NULL) {
        service = &DriverObject->DriverExtension->ServiceKeyName;
        status = PnpCreateRootDevice(service, &made);
        if (!NT_SUCCESS(status))
            return status;
        status = PnpNameDetected(PnpNode(made), PnpInterfaceOf(ResourceList), service);
        if (!NT_SUCCESS(status)) {
            PnpRemoveDevice(made, NULL, NULL);
            return status;
        }
        *DeviceObject = made;
    }
    node = PnpNode(*DeviceObject);
    if (node == NULL)                            /* a device of the caller's own, which no bus answers for */
        return STATUS_INVALID_DEVICE_REQUEST;
    InterlockedExchange(&node->Reported, TRUE);
    InterlockedExchange(&node->State, PnpStarted);
    return STATUS_SUCCESS;
}

PDEVICE_OBJECT PnpReportedDevice(PCUNICODE_STRING Service)
{
    PDEVICE_OBJECT found = NULL;
    PLIST_ENTRY entry;

    ExLockShared(&PnpNodeLock);
    for (entry = PnpNodes.Flink; entry != &PnpNodes && found == NULL; entry = entry->Flink) {
        PNP_NODE *node = CONTAINING_RECORD(entry, PNP_NODE, Link);
        if (node->Reported && node->State == PnpStarted && RtlEqualUnicodeString(&node->Service, Service, TRUE))
            found = node->Pdo;
    }
    ExUnlockShared(&PnpNodeLock);
    return found;
}

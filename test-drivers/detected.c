/* SPDX-License-Identifier: MIT
 * A legacy driver that found two devices by itself and reports them: they count as started, and are removed like any other.
 */
#include "check.h"

DRIVER_INITIALIZE DriverEntry;

static LONG Devices;

static NTSTATUS NTAPI Pnp(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PDEVICE_OBJECT lower = *(PDEVICE_OBJECT *)DeviceObject->DeviceExtension;
    UCHAR minor = IoGetCurrentIrpStackLocation(Irp)->MinorFunction;
    NTSTATUS status;

    Check(minor != IRP_MN_START_DEVICE, "a reported device is started");
    if (minor == IRP_MN_REMOVE_DEVICE || minor == IRP_MN_QUERY_REMOVE_DEVICE)
        Irp->IoStatus.Status = STATUS_SUCCESS;
    IoSkipCurrentIrpStackLocation(Irp);
    status = IoCallDriver(lower, Irp);
    if (minor == IRP_MN_REMOVE_DEVICE) {
        IoDetachDevice(lower);
        IoDeleteDevice(DeviceObject);
        Devices -= 1;
    }
    return status;
}

static VOID Report(PDRIVER_OBJECT DriverObject)
{
    PDEVICE_OBJECT pdo = NULL, device;
    DEVICE_REGISTRY_PROPERTY property = DevicePropertyCompatibleIDs;
    static const WCHAR id[] = L"DETECTEDInternal\\detected";
    WCHAR buffer[64];
    ULONG length;

    if (!CheckStatus(IoReportDetectedDevice(DriverObject, InterfaceTypeUndefined, (ULONG)-1, (ULONG)-1, NULL, NULL, TRUE, &pdo),
                     STATUS_SUCCESS, "a device is reported"))
        return;
    CheckStatus(IoGetDeviceProperty(pdo, property, sizeof(buffer), buffer, &length), STATUS_SUCCESS, "its identifiers");
    Check(RtlCompareMemory(buffer, id, sizeof(id)) == sizeof(id), "the first of them");
    if (!CheckStatus(IoCreateDevice(DriverObject, sizeof(PVOID), NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &device), STATUS_SUCCESS,
                     "a device"))
        return;
    *(PDEVICE_OBJECT *)device->DeviceExtension = IoAttachDeviceToDeviceStack(device, pdo);
    Check(pdo->AttachedDevice == device, "it is attached");
    Devices += 1;
}

static VOID NTAPI Unload(PDRIVER_OBJECT DriverObject)
{
    if (Devices != 0 || DriverObject->DeviceObject != NULL || CheckFailures != 0)
        KeBugCheckEx(0xE2, Devices, CheckFailures, 0, 0);
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    DriverObject->MajorFunction[IRP_MJ_PNP] = Pnp;
    DriverObject->DriverUnload = Unload;
    Report(DriverObject);
    Report(DriverObject);
    return CheckResult();
}

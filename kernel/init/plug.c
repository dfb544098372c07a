/* SPDX-License-Identifier: MIT
 * Plug and play in the lab: a driver that has AddDevice gets the device of a bus that waits for its service, else one that no bus
 * reports, as if it had been installed for that. What it says to that is reported, not judged: its hardware may not be there.
 */
#include "lab.h"
#include "pnp.h"

static VOID InitTellPnp(PVOID Context, PCSTR Minor, NTSTATUS Status, ULONG_PTR Information)
{
    InitReportRequest(Context, NULL, "IRP_MJ_PNP", Minor, Status, Information);
}

VOID InitPlug(LAB_DRIVER *Driver)
{
    PUNICODE_STRING service = &Driver->Object->DriverExtension->ServiceKeyName;
    NTSTATUS status = STATUS_SUCCESS;

    if (Driver->Object->DriverExtension->AddDevice == NULL)
        return;
    Driver->Pdo = PnpWaitingDevice(service);
    if (Driver->Pdo == NULL)
        status = PnpCreateRootDevice(service, &Driver->Pdo);
    if (NT_SUCCESS(status))
        status = PnpAddDevice(Driver->Object, Driver->Pdo);
    InitReportStep(Driver, "adddevice", status);
    if (!NT_SUCCESS(status))
        return;
    status = PnpStartDevice(Driver->Pdo, InitTellPnp, Driver);
    InitReportStep(Driver, "start", status);
}

/* The devices that the driver reported itself. */
static BOOLEAN InitUnplugReported(LAB_DRIVER *Driver)
{
    NTSTATUS status = STATUS_SUCCESS;
    PDEVICE_OBJECT pdo;

    while (NT_SUCCESS(status) && (pdo = PnpReportedDevice(&Driver->Object->DriverExtension->ServiceKeyName)) != NULL) {
        status = PnpRemoveDevice(pdo, InitTellPnp, Driver);
        InitReportStep(Driver, "remove", status);
    }
    return NT_SUCCESS(status);
}

BOOLEAN InitUnplug(LAB_DRIVER *Driver)
{
    NTSTATUS status;

    if (!InitUnplugReported(Driver))
        return FALSE;
    if (Driver->Pdo == NULL)
        return TRUE;
    status = PnpRemoveDevice(Driver->Pdo, InitTellPnp, Driver);
    InitReportStep(Driver, "remove", status);
    Driver->Pdo = NULL;
    return NT_SUCCESS(status);
}

VOID InitExercisePlugged(const LAB_DRIVER *Driver, POBJECT_NAME_INFORMATION Buffer, ULONG Size)
{
    ULONG length;

    if (!NT_SUCCESS(ObQueryNameString(Driver->Pdo, Buffer, Size, &length)) || Buffer->Name.Length == 0)
        return;
    if (InitReportLinks(Driver, &Buffer->Name) != 0)
        InitOpenAndClose(Driver, &Buffer->Name);
}

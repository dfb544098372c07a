/* SPDX-License-Identifier: MIT
 * Endings in the lab: the system's shutdown, told to drivers that are still there, and a machine that a driver ended itself.
 */
#include "lab.h"
#include "kd.h"
#include "ob.h"
#include "hal.h"

/* The driver of the job whose device it is, or NULL. */
static const LAB_DRIVER *InitOwner(PDEVICE_OBJECT Device)
{
    ULONG i;

    for (i = 0; i < InitDriverCount; i++)
        if (InitDrivers[i].Started && !InitDrivers[i].Unloaded && InitDrivers[i].Object == Device->DriverObject)
            return &InitDrivers[i];
    return NULL;
}

static VOID InitReportShutdown(PDEVICE_OBJECT Device, NTSTATUS Status)
{
    const LAB_DRIVER *driver = InitOwner(Device);
    struct {
        OBJECT_NAME_INFORMATION Information;
        WCHAR Room[128];
    } name;
    ULONG length;
    PUNICODE_STRING device = NULL;

    if (driver == NULL)
        return;
    if (NT_SUCCESS(ObQueryNameString(Device, &name.Information, sizeof(name), &length)) && name.Information.Name.Length != 0)
        device = &name.Information.Name;
    InitReportRequest(driver, device, "IRP_MJ_SHUTDOWN", NULL, Status, 0);
}

/* On a program's word: what the machine was to show, it has shown. */
static VOID InitEndSystem(ULONG Action)
{
    static VOID (*const ways[])(VOID) = { HalHalt, HalResetProcessor, HalPowerOff };

    InitShutDown();
    KdPrintConsole("Petrel is shut down\r\n");
    KdBeginEvent("end");
    KdEventNumber("status", 33);
    KdEndEvent();
    ways[Action]();
    HalExit(33);                                 /* where the machine does not obey */
}

VOID InitPrepareEnding(VOID) { KeUpcalls.ShutDown = InitEndSystem; }

VOID InitShutDown(VOID) { IoShutdownSystem(InitReportShutdown); }

VOID InitTellEnd(PCSTR Why)
{
    PCSTR file = KeUpcalls.DriverUnderTest != NULL ? KeUpcalls.DriverUnderTest() : NULL;

    if (file != NULL) {
        KdBeginEvent("verdict");
        KdEventText("file", file);
        KdEventText("verdict", "fail");
        KdEventText("why", Why);
        KdEndEvent();
    } else {
        KdLogEvent("error", Why);
    }
    KdBeginEvent("end");
    KdEventNumber("status", 35);
    KdEndEvent();
}

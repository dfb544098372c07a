/* SPDX-License-Identifier: MIT
 * The lab: takes the drivers of the job (job.c), loads and starts them in order, sends them
 * requests, unloads them in reverse, and says what happened (docs/protocol.md). A driver that crashes, traps or hangs ends the
 * machine in the middle of this; the events so far and the last one tell the story.
 */
#include "lab.h"
#include "program.h"
#include "kd.h"
#include "vf.h"
#include "ob.h"

static PCSTR volatile InitUnderTest;             /* a */

static PCSTR InitDriverUnderTest(VOID) { return InitUnderTest; }

/* ---- Steps ---- */
static VOID InitReportLoad(const LAB_DRIVER *Driver, NTSTATUS Status, PCSTR Why)
{
    VF_IMPORT_COUNTS imports = { 0 };

    if (Driver->Image != NULL)
        VfQueryImports(Driver->Image, &imports);
    KdBeginEvent("driver");
    KdEventText("file", Driver->Name);
    KdEventText("step", "load");
    KdEventCode("status", (ULONG)Status);
    KdBeginObject("imports");
    KdEventNumber("total", imports.Total);
    KdEventNumber("resolved", imports.Resolved);
    KdEventNumber("trapped", imports.Trapped);
    KdEndObject();
    KdEventText("why", Why);
    KdEndEvent();
}

VOID InitReportStep(const LAB_DRIVER *Driver, PCSTR Step, NTSTATUS Status)
{
    KdBeginEvent("driver");
    KdEventText("file", Driver->Name);
    KdEventText("step", Step);
    KdEventCode("status", (ULONG)Status);
    KdEndEvent();
}

static VOID InitReportBegin(const LAB_DRIVER *Driver)
{
    KdBeginEvent("driver");
    KdEventText("file", Driver->Name);
    KdEventText("step", "begin");
    KdEndEvent();
}

static VOID InitLoad(LAB_DRIVER *Driver)
{
    WCHAR buffer[LAB_PATH_CHARACTERS];
    UNICODE_STRING path;
    PE_STATUS pe = PE_OK;
    PVOID bytes = InitReadDriver(Driver);
    PCSTR why = NULL;

    InitImagePath(Driver, buffer, &path);
    if (bytes == NULL) {
        Driver->Status = STATUS_NO_SUCH_FILE;
        why = "the driver's bytes did not arrive in the machine";
    } else {
        Driver->Status = IoLoadImage(&path, bytes, Driver->Size, TRUE, VfBindImport, &Driver->Image, &pe);
        if (pe != PE_OK)
            why = PeStatusText(pe);
        ExFreePoolWithTag(bytes, LAB_TAG);
    }
    Driver->Refused = !NT_SUCCESS(Driver->Status);
    InitReportLoad(Driver, Driver->Status, why);
}

static VOID InitStart(LAB_DRIVER *Driver)
{
    WCHAR buffer[LAB_NAME_CHARACTERS];
    UNICODE_STRING service;

    InitNameService(Driver, buffer, &service);
    Driver->Status = IoCreateDriverForImage(Driver->Image, &service, &Driver->Object);
    if (NT_SUCCESS(Driver->Status)) {
        ObfReferenceObject(Driver->Object);      /* a driver may unload another */
        Driver->Status = IoInitializeDriver(Driver->Object);
        if (!NT_SUCCESS(Driver->Status))
            ObfDereferenceObject(Driver->Object);
    }
    Driver->Started = NT_SUCCESS(Driver->Status);
    InitReportStep(Driver, "entry", Driver->Status);
}

static VOID InitStop(LAB_DRIVER *Driver)
{
    NTSTATUS status;

    if (!Driver->Started) {                      /* never ran, or said that it will not: nobody refers to its image */
        if (Driver->Image != NULL && Driver->Object == NULL) {
            VfForgetImage(Driver->Image);
            MmUnloadSystemImage(Driver->Image);
            Driver->Image = NULL;
        }
        return;
    }
    if (!InitUnplug(Driver)) {
        InitReportStep(Driver, "unload", STATUS_PLUGPLAY_QUERY_VETOED);
        return;
    }
    status = IoUnloadDriver(Driver->Object);
    Driver->Unloaded = NT_SUCCESS(status) && Driver->Object->DeviceObject == NULL;
    ObfDereferenceObject(Driver->Object);
    InitReportStep(Driver, "unload", status);
}

/* A driver that is gone leaves nothing mapped; who imports from it keeps it. */
static VOID InitUnmap(LAB_DRIVER *Driver)
{
    if (!Driver->Unloaded || Driver->Image == NULL)
        return;
    ObWaitForDeferredDeletes();
    if (Driver->Image->References == 1)
        VfForgetImage(Driver->Image);
    MmUnloadSystemImage(Driver->Image);
    Driver->Image = NULL;
}

/* Before the registry is written for the last time. */
static VOID InitDeleteServiceKeys(VOID)
{
    ULONG i;

    for (i = InitDriverCount; i-- != 0;)
        if (!InitDrivers[i].Started || InitDrivers[i].Unloaded)
            InitDeleteServiceKey(&InitDrivers[i]);
}

static BOOLEAN InitReportVerdict(LAB_DRIVER *Driver)
{
    BOOLEAN loadOnly = InitOptionNumber("load-only", 0) != 0;
    BOOLEAN passed = Driver->Why == NULL && !Driver->Refused && (Driver->Started || loadOnly);
    PCSTR why = Driver->Why;

    if (Driver->Refused)
        why = "the kernel refused the image";
    else if (!passed)
        why = "DriverEntry failed";
    if (Driver->Image != NULL)
        VfReportCalls(Driver->Image, Driver->Name);
    KdBeginEvent("verdict");
    KdEventText("file", Driver->Name);
    KdEventText("verdict", passed ? "pass" : Driver->Refused ? "refused" : "fail");
    KdEventText("why", why);
    KdEndEvent();
    KdPrintConsole("%s: %s%s%s\r\n", Driver->Name, passed ? "pass" : "fail", why != NULL ? ": " : "", why != NULL ? why : "");
    return passed;
}

BOOLEAN InitRunLab(const LOADER_BLOCK *Block)
{
    BOOLEAN passed = TRUE, exercise = InitOptionNumber("exercise", 1) != 0;
    ULONG i;

    InitCollectJob(Block);
    KeUpcalls.DriverUnderTest = InitDriverUnderTest;
    IoUpcalls.TellEnd = InitTellEnd;
    for (i = 0; i < InitDriverCount; i++) {
        if (InitDrivers[i].Kept)
            continue;
        InitUnderTest = InitDrivers[i].Name;
        InitReportBegin(&InitDrivers[i]);
        if (!NT_SUCCESS(InitMakeServiceKey(&InitDrivers[i])))
            KdLogEvent("warning", "the key of the driver's service could not be made");
        InitLoad(&InitDrivers[i]);
        if (!InitDrivers[i].Refused && InitOptionNumber("load-only", 0) == 0)
            InitStart(&InitDrivers[i]);
    }
    for (i = 0; i < InitDriverCount; i++) {
        InitUnderTest = InitDrivers[i].Name;
        if (InitDrivers[i].Started && exercise)
            InitPlug(&InitDrivers[i]);
        if (InitDrivers[i].Started)
            InitExercise(&InitDrivers[i], exercise);
    }
    InitUnderTest = NULL;
    passed = InitRunPrograms();                  /* with the drivers there */
    for (i = InitDriverCount; exercise && i-- != 0;) {
        InitUnderTest = InitDrivers[i].Name;
        InitStop(&InitDrivers[i]);
    }
    InitDeleteServiceKeys();
    if (exercise)
        InitShutDown();
    for (i = 0; i < InitDriverCount; i++)
        if (!InitDrivers[i].Kept)
            passed = InitReportVerdict(&InitDrivers[i]) && passed;
    for (i = InitDriverCount; i-- != 0;)
        InitUnmap(&InitDrivers[i]);
    InitUnderTest = NULL;
    return passed;
}

/* SPDX-License-Identifier: MIT
 * The lab: takes the drivers of the job (boot.cfg's and fw_cfg's `test=` lines), loads and starts them in order, sends them
 * requests, unloads them in reverse, and says what happened (docs/protocol.md). A driver that crashes, traps or hangs ends the
 * machine in the middle of this; the events so far and the last one tell the story.
 */
#include "lab.h"
#include "hal.h"
#include "kd.h"
#include "vf.h"
#include "ob.h"

static LAB_DRIVER InitDrivers[LAB_DRIVERS];      /* lab thread */
static ULONG InitDriverCount;                    /* lab thread */
static PCSTR volatile InitUnderTest;             /* a */

static PCSTR InitDriverUnderTest(VOID) { return InitUnderTest; }

/* ---- Collecting the job ---- */
static LAB_DRIVER *InitNewDriver(PCSTR Name)
{
    LAB_DRIVER *driver;
    ULONG i, base = 0;

    if (InitDriverCount == LAB_DRIVERS) {
        KdLogEvent("warning", "more drivers than the lab takes; the rest is left out");
        return NULL;
    }
    driver = &InitDrivers[InitDriverCount++];
    for (i = 0; Name[i] != '\0'; i++)
        if (Name[i] == '\\' || Name[i] == '/')
            base = i + 1;
    for (i = 0; Name[base + i] != '\0' && i < sizeof(driver->Name) - 1; i++)
        driver->Name[i] = Name[base + i];
    return driver;
}

static VOID InitAddLoaderFiles(const LOADER_BLOCK *Block)
{
    const LOADER_FILE *files = (const LOADER_FILE *)Block->FileAddress;
    ULONG i;

    for (i = 0; i < Block->FileCount; i++) {
        LAB_DRIVER *driver;
        if (files[i].Kind != LOADER_FILE_TEST_DRIVER)
            continue;
        driver = InitNewDriver((PCSTR)files[i].NameAddress);
        if (driver == NULL)
            return;
        driver->Bytes = (const VOID *)files[i].DataAddress;
        driver->Size = (ULONG)files[i].Size;
    }
}

/* "opt/petrel/fileN" */
static VOID InitFileName(CHAR Name[32], PCSTR Number)
{
    static const CHAR prefix[] = "opt/petrel/file";
    ULONG i;

    RtlCopyMemory(Name, prefix, sizeof(prefix));
    for (i = 0; i < 6 && Number[i] >= '0' && Number[i] <= '9'; i++)
        Name[sizeof(prefix) - 1 + i] = Number[i];
    Name[sizeof(prefix) - 1 + i] = '\0';
}

/* A `test=N:NAME` line. Lines of boot.cfg name files of the volume, which the loader consumed. */
static VOID InitAddFwCfgFile(PVOID Context, PCSTR Value)
{
    CHAR file[32];
    LAB_DRIVER *driver;
    PCSTR name = Value;

    (void)Context;
    while (*name >= '0' && *name <= '9')
        name++;
    if (name == Value || *name != ':')
        return;
    driver = InitNewDriver(name + 1);
    if (driver == NULL)
        return;
    InitFileName(file, Value);
    driver->Size = HalFwCfgSize(file);
    driver->Owned = ExAllocatePoolWithTag(NonPagedPoolNx, max(driver->Size, 1), LAB_TAG);
    if (driver->Owned != NULL && driver->Size != 0 && HalFwCfgRead(file, driver->Owned, driver->Size))
        driver->Bytes = driver->Owned;
}

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
    WCHAR path[128] = L"\\SystemRoot\\System32\\drivers\\";
    UNICODE_STRING name = { 0, sizeof(path), path };
    PE_STATUS pe = PE_OK;
    ULONG length = (ULONG)wcslen(path), i;
    PCSTR why = NULL;

    for (i = 0; Driver->Name[i] != '\0' && length < RTL_NUMBER_OF(path) - 1; i++)
        path[length++] = (UCHAR)Driver->Name[i];
    name.Length = (USHORT)(length * sizeof(WCHAR));
    if (Driver->Bytes == NULL) {
        Driver->Status = STATUS_NO_SUCH_FILE;
        why = "the driver's bytes did not arrive in the machine";
    } else {
        Driver->Status = IoLoadImage(&name, Driver->Bytes, Driver->Size, TRUE, VfBindImport, &Driver->Image, &pe);
        if (pe != PE_OK)
            why = PeStatusText(pe);
    }
    Driver->Refused = !NT_SUCCESS(Driver->Status);
    InitReportLoad(Driver, Driver->Status, why);
}

/* The service's name is the file's without its extension. */
static VOID InitStart(LAB_DRIVER *Driver)
{
    WCHAR buffer[64];
    UNICODE_STRING service = { 0, sizeof(buffer), buffer };
    ULONG i;

    for (i = 0; Driver->Name[i] != '\0' && Driver->Name[i] != '.' && i < 63; i++)
        buffer[i] = (UCHAR)Driver->Name[i];
    service.Length = (USHORT)(i * sizeof(WCHAR));
    Driver->Status = IoCreateDriverForImage(Driver->Image, &service, &Driver->Object);
    if (NT_SUCCESS(Driver->Status))
        Driver->Status = IoInitializeDriver(Driver->Object);
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
    ObfReferenceObject(Driver->Object);
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

static VOID InitFreeBytes(LAB_DRIVER *Driver)
{
    if (Driver->Owned != NULL)
        ExFreePoolWithTag(Driver->Owned, LAB_TAG);
    Driver->Owned = NULL;
    Driver->Bytes = NULL;
}

BOOLEAN InitRunLab(const LOADER_BLOCK *Block)
{
    BOOLEAN passed = TRUE, exercise = InitOptionNumber("exercise", 1) != 0;
    ULONG i;

    InitAddLoaderFiles(Block);
    InitForEachOption("test", InitAddFwCfgFile, NULL);
    KeUpcalls.DriverUnderTest = InitDriverUnderTest;
    for (i = 0; i < InitDriverCount; i++) {
        InitUnderTest = InitDrivers[i].Name;
        InitReportBegin(&InitDrivers[i]);
        InitLoad(&InitDrivers[i]);
        InitFreeBytes(&InitDrivers[i]);
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
    for (i = InitDriverCount; exercise && i-- != 0;) {
        InitUnderTest = InitDrivers[i].Name;
        InitStop(&InitDrivers[i]);
    }
    for (i = 0; i < InitDriverCount; i++)
        passed = InitReportVerdict(&InitDrivers[i]) && passed;
    for (i = InitDriverCount; i-- != 0;)
        InitUnmap(&InitDrivers[i]);
    InitUnderTest = NULL;
    return passed;
}

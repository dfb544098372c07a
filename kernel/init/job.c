/* SPDX-License-Identifier: MIT
 * The files of the job, from boot.cfg and fw_cfg: those of `test=` lines are drivers for the lab unless a `keep=` line names them, and
 * all of them are there for drivers that load others by their service (IoUpcalls.ReadImageFile), as the only files there are.
 *
 * The list is made before the first driver is loaded and does not change; only the lab thread touches what a driver becomes.
 */
#include "lab.h"
#include "hal.h"
#include "kd.h"

LAB_DRIVER InitDrivers[LAB_DRIVERS];
ULONG InitDriverCount;

static LAB_DRIVER *InitNewDriver(PCSTR Name)
{
    LAB_DRIVER *driver;
    ULONG i, base = 0;

    if (InitDriverCount == LAB_DRIVERS) {
        KdLogEvent("warning", "more files than the lab takes; the rest is left out");
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
        if (files[i].Kind != LOADER_FILE_TEST_DRIVER && files[i].Kind != LOADER_FILE_OTHER)
            continue;
        driver = InitNewDriver((PCSTR)files[i].NameAddress);
        if (driver == NULL)
            return;
        driver->Loaded = (const VOID *)files[i].DataAddress;
        driver->Size = (ULONG)files[i].Size;
        driver->Kept = files[i].Kind == LOADER_FILE_OTHER;
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
    InitFileName(driver->FwCfg, Value);
    driver->Size = HalFwCfgSize(driver->FwCfg);
}

/* A `keep=NAME` line. */
static VOID InitKeepFile(PVOID Context, PCSTR Value)
{
    ULONG i;

    (void)Context;
    for (i = 0; i < InitDriverCount; i++)
        if (_stricmp(InitDrivers[i].Name, Value) == 0)
            InitDrivers[i].Kept = TRUE;
}

PVOID InitReadDriver(const LAB_DRIVER *Driver)
{
    PVOID bytes = Driver->Size != 0 ? ExAllocatePoolWithTag(NonPagedPoolNx, Driver->Size, LAB_TAG) : NULL;

    if (bytes == NULL)
        return NULL;
    if (Driver->Loaded != NULL) {
        RtlCopyMemory(bytes, Driver->Loaded, Driver->Size);
    } else if (!HalFwCfgRead(Driver->FwCfg, bytes, Driver->Size)) {
        ExFreePoolWithTag(bytes, LAB_TAG);
        return NULL;
    }
    return bytes;
}

static BOOLEAN InitNameMatches(const LAB_DRIVER *Driver, PCUNICODE_STRING Name)
{
    ULONG i, length = Name->Length / sizeof(WCHAR);

    for (i = 0; i < length; i++)
        if (Driver->Name[i] == '\0' || RtlUpcaseUnicodeChar((UCHAR)Driver->Name[i]) != RtlUpcaseUnicodeChar(Name->Buffer[i]))
            return FALSE;
    return i < sizeof(Driver->Name) && Driver->Name[i] == '\0';
}

static NTSTATUS InitReadImageFile(PCUNICODE_STRING Name, PVOID *Bytes, PULONG Size)
{
    ULONG i;

    for (i = 0; i < InitDriverCount && !InitNameMatches(&InitDrivers[i], Name); i++)
        ;
    if (i == InitDriverCount)
        return STATUS_OBJECT_NAME_NOT_FOUND;
    *Bytes = InitReadDriver(&InitDrivers[i]);
    *Size = InitDrivers[i].Size;
    return *Bytes != NULL ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

VOID InitCollectJob(const LOADER_BLOCK *Block)
{
    InitAddLoaderFiles(Block);
    InitForEachOption("test", InitAddFwCfgFile, NULL);
    InitForEachOption("keep", InitKeepFile, NULL);
    IoUpcalls.ReadImageFile = InitReadImageFile;
}

/* SPDX-License-Identifier: MIT
 * Between the lab's files.
 */
#pragma once
#include "initp.h"
#include "io.h"

#define LAB_DRIVERS 256u                 /* as many as boot.cfg may name */
#define LAB_TAG 'baLI'
#define LAB_NAME_CHARACTERS 64u          /* of a file's name, with its end */
#define LAB_PATH_CHARACTERS 128u

typedef struct LAB_DRIVER {
    CHAR Name[LAB_NAME_CHARACTERS];  /* I file name */
    const VOID *Loaded;              /* I the file's bytes from the boot loader, or NULL */
    CHAR FwCfg[32];                  /* I else where fw_cfg has them */
    ULONG Size;                      /* I */
    BOOLEAN Kept;                    /* I not loaded by the lab: there for who loads it by its service */
    MM_IMAGE *Image;
    PDRIVER_OBJECT Object;
    NTSTATUS Status;
    BOOLEAN Refused, Started, Unloaded;
    BOOLEAN MadeKey;                 /* the lab made its service's key */
    PDEVICE_OBJECT Pdo;              /* of a driver with AddDevice: the device it was given, or NULL */
    PCSTR Why;                       /* set when something after DriverEntry failed */
} LAB_DRIVER;

/* The job's files. */
extern LAB_DRIVER InitDrivers[LAB_DRIVERS];
extern ULONG InitDriverCount;
VOID InitCollectJob(const LOADER_BLOCK *Block);
/* The file's bytes, in pool with LAB_TAG that the caller frees; NULL: there are none, or no memory. PASSIVE_LEVEL. */
PVOID InitReadDriver(const LAB_DRIVER *Driver);

/* ---- Its service: names and key (servicekey.c); PASSIVE_LEVEL ---- */
/* \SystemRoot\System32\drivers\FILE, with its end. */
VOID InitImagePath(const LAB_DRIVER *Driver, WCHAR Buffer[LAB_PATH_CHARACTERS], PUNICODE_STRING Path);
/* The file's name without its extension, with its end. */
VOID InitNameService(const LAB_DRIVER *Driver, WCHAR Buffer[LAB_NAME_CHARACTERS], PUNICODE_STRING Name);
/* Makes the key where there is none, and sets the job's values in it. */
NTSTATUS InitMakeServiceKey(LAB_DRIVER *Driver);
/* Deletes a key that InitMakeServiceKey made, with all below it. */
VOID InitDeleteServiceKey(LAB_DRIVER *Driver);
/* The values of the job (servicevalue.c). What a line cannot set is a warning. */
VOID InitSetServiceValues(HANDLE Key);
/* One line, [SUBKEY\]NAME=TYPE:DATA. STATUS_INVALID_PARAMETER: it is not of that form. */
NTSTATUS InitSetServiceValue(HANDLE Key, PCSTR Line);

VOID InitReportStep(const LAB_DRIVER *Driver, PCSTR Step, NTSTATUS Status);
/* A root-enumerated device for a driver that has AddDevice: added, and started. */
VOID InitPlug(LAB_DRIVER *Driver);
/* Removes it again. FALSE: somebody refused, so that the driver cannot be unloaded. */
BOOLEAN InitUnplug(LAB_DRIVER *Driver);
/* Opens and closes it, when the driver enabled an interface that leads to it. */
VOID InitExercisePlugged(const LAB_DRIVER *Driver, POBJECT_NAME_INFORMATION Buffer, ULONG Size);
/* For the device, or null. Minor: of IRP_MJ_PNP, else NULL. */
VOID InitReportRequest(const LAB_DRIVER *Driver, PCUNICODE_STRING Device, PCSTR Major, PCSTR Minor, NTSTATUS Status,
                       ULONG_PTR Information);
VOID InitOpenAndClose(const LAB_DRIVER *Driver, PUNICODE_STRING Name);
/* Reports every link that leads to the device; returns how many. */
ULONG InitReportLinks(const LAB_DRIVER *Driver, PCUNICODE_STRING Device);
/* Lists what the driver made and, when Send, opens and closes each named device. */
VOID InitExercise(LAB_DRIVER *Driver, BOOLEAN Send);

/* The system's shutdown, for drivers that could not be unloaded; told and reported. PASSIVE_LEVEL. */
VOID InitShutDown(VOID);
/* IoUpcalls.TellEnd. */
VOID InitTellEnd(PCSTR Why);

extern const struct KE_TEST_GROUP InitServiceTests;

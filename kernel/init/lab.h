/* SPDX-License-Identifier: MIT
 * Between the lab's files.
 */
#pragma once
#include "initp.h"
#include "io.h"

#define LAB_DRIVERS 256u                 /* as many as boot.cfg may name */
#define LAB_TAG 'baLI'

typedef struct LAB_DRIVER {
    CHAR Name[64];                   /* file name */
    const VOID *Bytes;               /* the file; NULL once loaded */
    PVOID Owned;                     /* pool that holds Bytes, or NULL */
    ULONG Size;
    MM_IMAGE *Image;
    PDRIVER_OBJECT Object;
    NTSTATUS Status;
    BOOLEAN Refused, Started, Unloaded;
    PCSTR Why;                       /* set when something after DriverEntry failed */
} LAB_DRIVER;

VOID InitReportStep(const LAB_DRIVER *Driver, PCSTR Step, NTSTATUS Status);
/* Lists what the driver made and, when Send, opens and closes each named device. */
VOID InitExercise(LAB_DRIVER *Driver, BOOLEAN Send);

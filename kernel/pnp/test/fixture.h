/* SPDX-License-Identifier: MIT
 * A function driver for root-enumerated devices that lives in the kernel itself, and remembers what its device was asked.
 */
#pragma once
#include "../pnpp.h"
#include "test.h"

typedef struct TEST_FDO {                        /* its device's extension */
    PDEVICE_OBJECT Pdo, Lower;
} TEST_FDO;

extern PDRIVER_OBJECT TestPnpDriver;
extern UCHAR TestPnpMinors[32];                  /* in the order in which they came */
extern volatile LONG TestPnpCount;
extern BOOLEAN TestPnpRefuseStart, TestPnpRefuseRemoval, TestPnpForgetDetach;

/* What IRP_MN_START_DEVICE brought: copies, or Count 0. */
typedef struct TEST_RESOURCES {
    CM_FULL_RESOURCE_DESCRIPTOR Head;
    CM_PARTIAL_RESOURCE_DESCRIPTOR More[31];
} TEST_RESOURCES;
extern TEST_RESOURCES TestPnpRaw, TestPnpTranslated;

/* Only the driver. FALSE, with a failed check, when not. */
BOOLEAN TestPnpLoad(PCWSTR Name);
/* \Driver\Name with AddDevice, and a device of its own that is added and started. NULL, with a failed check, when not. */
PDEVICE_OBJECT TestPnpStart(PCWSTR Name);
/* Only the driver and the physical device. */
PDEVICE_OBJECT TestPnpCreate(PCWSTR Name);
/* Removes the device and unloads the driver. */
VOID TestPnpStop(PDEVICE_OBJECT Pdo);
VOID TestPnpUnload(VOID);

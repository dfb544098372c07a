/* SPDX-License-Identifier: MIT
 * What export_driver.sys exports.
 */
#pragma once
#include <ntddk.h>

#ifdef EXPORT_DRIVER
#define EXPORT_DRIVER_API
#else
#define EXPORT_DRIVER_API DECLSPEC_IMPORT
#endif

EXPORT_DRIVER_API ULONG NTAPI ExportedAdd(ULONG First, ULONG Second);
EXPORT_DRIVER_API BOOLEAN NTAPI ExportedWasInitialized(VOID);
extern EXPORT_DRIVER_API ULONG ExportedCounter;

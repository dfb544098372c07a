/* SPDX-License-Identifier: MIT
 * A driver that lives in the kernel itself, for the I/O manager's tests: its image is a made-up MM_IMAGE, its dispatch routines are
 * the test's.
 */
#pragma once
#include "../iop.h"
#include "test.h"

/* \Driver\Name, started with Entry (NULL: an entry that succeeds). NULL, with a failed check, when it does not start. */
PDRIVER_OBJECT TestStartDriver(PCWSTR Name, PDRIVER_INITIALIZE Entry);
/* DriverUnload is set to a routine that deletes all devices, unless the driver has one. */
VOID TestStopDriver(PDRIVER_OBJECT Driver);
/* A DriverUnload. */
VOID NTAPI TestDeleteDevices(PDRIVER_OBJECT Driver);
/* A device, ready to be opened. Name may be NULL. */
PDEVICE_OBJECT TestMakeDevice(PDRIVER_OBJECT Driver, PCWSTR Name, ULONG Flags);
NTSTATUS TestOpen(PCWSTR Name, ULONG Options, PHANDLE Handle);
/* Completes with Status and Information. */
NTSTATUS TestComplete(PIRP Irp, NTSTATUS Status, ULONG_PTR Information);
NTSTATUS NTAPI TestSucceed(PDEVICE_OBJECT Device, PIRP Irp);

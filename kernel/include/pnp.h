/* SPDX-License-Identifier: MIT
 * Plug and play for the other components: devices that no bus reports, for drivers that want to be asked with AddDevice, and those
 * of the PCI buses.
 */
#pragma once
#include "nt.h"

/* The driver \Driver\PnpManager, whose devices the root-enumerated ones are. After IoInitialize and CmInitialize. */
VOID PnpInitialize(VOID);

/* Tells of every request that a device's stack was sent. */
typedef VOID PNP_REPORT(PVOID Context, PCSTR Minor, NTSTATUS Status, ULONG_PTR Information);

/* ROOT\Service\nnnn: a physical device, in the registry too. It goes with PnpRemoveDevice. PASSIVE_LEVEL, like all here. */
NTSTATUS PnpCreateRootDevice(PCUNICODE_STRING Service, PDEVICE_OBJECT *Pdo);
/* Lets the driver build its part of the stack. On failure, or when it attached nothing, the device can only be removed. */
NTSTATUS PnpAddDevice(PDRIVER_OBJECT Driver, PDEVICE_OBJECT Pdo);
/* From IRP_MN_FILTER_RESOURCE_REQUIREMENTS to the first query of its relations; returns what IRP_MN_START_DEVICE did. */
NTSTATUS PnpStartDevice(PDEVICE_OBJECT Pdo, PNP_REPORT *Report, PVOID Context);
/* Asks, then removes; a root-enumerated device is deleted, one of a bus stays without a driver. STATUS_PLUGPLAY_QUERY_VETOED: a driver
 * or somebody notified refused, the device goes on. STATUS_DEVICE_BUSY: removed, but a driver left its device attached, so that the physical device stays. */
NTSTATUS PnpRemoveDevice(PDEVICE_OBJECT Pdo, PNP_REPORT *Report, PVOID Context);

/* Finds the devices of the PCI buses and starts those whose service is known; then their children. After the boot drivers. */
VOID PnpStartBuses(VOID);
/* Returns when everybody has been told of every interface that came or went before the call. Not from a notification. */
VOID PnpAwaitEvents(VOID);
/* A bus-enumerated device of the service that has no driver yet, for PnpAddDevice and PnpStartDevice; NULL: none. Not referenced. */
PDEVICE_OBJECT PnpWaitingDevice(PCUNICODE_STRING Service);

/* A started device that the service's driver reported by itself, for PnpRemoveDevice; NULL: none. Not referenced: only who removes
 * devices may ask. */
PDEVICE_OBJECT PnpReportedDevice(PCUNICODE_STRING Service);

/* ---- Exported, younger than the DDK or not in it ---- */
NTSTATUS NTAPI IoUnregisterPlugPlayNotificationEx(PVOID NotificationEntry);
NTSTATUS NTAPI IoSetDeviceInterfacePropertyData(PUNICODE_STRING SymbolicLinkName, CONST DEVPROPKEY *PropertyKey, LCID Lcid,
                                                ULONG Flags, DEVPROPTYPE Type, ULONG Size, PVOID Data);
NTSTATUS NTAPI IoGetDeviceInterfacePropertyData(PUNICODE_STRING SymbolicLinkName, CONST DEVPROPKEY *PropertyKey, LCID Lcid,
                                                ULONG Flags, ULONG Size, PVOID Data, PULONG RequiredSize, DEVPROPTYPE *Type);

extern const struct KE_TEST_GROUP PnpDeviceTests, PnpInterfaceTests, PnpBusTests, PnpPciTests;

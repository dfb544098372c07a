/* SPDX-License-Identifier: MIT
 * The executive's own objects and worker threads for the other components.
 */
#pragma once
#include "nt.h"

/* Worker threads and the types of dispatcher objects that have handles. Threads exist. */
VOID ExInitialize(VOID);

/* The callbacks of the system; who changes the time or the power state notifies them (ex, po). */
extern PCALLBACK_OBJECT ExSetSystemTimeCallback, ExPowerStateCallback;

/* Guards PsLoadedModuleList; never taken with a spin lock held, and the innermost of all locks that may wait. */
extern ERESOURCE PsLoadedModuleResource;
extern POBJECT_TYPE ExpEventObjectType, ExpSemaphoreObjectType, ExpMutantObjectType;

NTSTATUS NTAPI NtCreateEvent(PHANDLE EventHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                             EVENT_TYPE EventType, BOOLEAN InitialState);
NTSTATUS NTAPI NtOpenEvent(PHANDLE EventHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes);
NTSTATUS NTAPI NtSetEvent(HANDLE EventHandle, PLONG PreviousState);
NTSTATUS NTAPI NtResetEvent(HANDLE EventHandle, PLONG PreviousState);
NTSTATUS NTAPI NtClearEvent(HANDLE EventHandle);
NTSTATUS NTAPI ZwOpenEvent(PHANDLE EventHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes);
NTSTATUS NTAPI ZwResetEvent(HANDLE EventHandle, PLONG PreviousState);
NTSTATUS NTAPI ZwClearEvent(HANDLE EventHandle);

NTSTATUS NTAPI NtQuerySystemInformation(ULONG SystemInformationClass, PVOID SystemInformation, ULONG SystemInformationLength,
                                        PULONG ReturnLength);
NTSTATUS NTAPI ZwQuerySystemInformation(ULONG SystemInformationClass, PVOID SystemInformation, ULONG SystemInformationLength,
                                        PULONG ReturnLength);

VOID NTAPI ExLocalTimeToSystemTime(PLARGE_INTEGER LocalTime, PLARGE_INTEGER SystemTime);

extern const struct KE_TEST_GROUP ExTests;

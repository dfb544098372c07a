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

/* ---- Dispatcher objects by handle. All at PASSIVE_LEVEL, callers of both modes; previous states are optional. The queries take class 0
 * (basic information) and its exact length: STATUS_INVALID_INFO_CLASS, STATUS_INFO_LENGTH_MISMATCH ---- */
NTSTATUS NTAPI NtCreateEvent(PHANDLE EventHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                             EVENT_TYPE EventType, BOOLEAN InitialState);
NTSTATUS NTAPI NtOpenEvent(PHANDLE EventHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes);
NTSTATUS NTAPI NtSetEvent(HANDLE EventHandle, PLONG PreviousState);
NTSTATUS NTAPI NtResetEvent(HANDLE EventHandle, PLONG PreviousState);
NTSTATUS NTAPI NtPulseEvent(HANDLE EventHandle, PLONG PreviousState);
NTSTATUS NTAPI NtClearEvent(HANDLE EventHandle);
NTSTATUS NTAPI NtQueryEvent(HANDLE EventHandle, ULONG EventInformationClass, PVOID EventInformation, ULONG EventInformationLength,
                            PULONG ReturnLength);
/* STATUS_INVALID_PARAMETER: counts that make no sense. STATUS_SEMAPHORE_LIMIT_EXCEEDED: nothing was released. */
NTSTATUS NTAPI NtCreateSemaphore(PHANDLE SemaphoreHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                                 LONG InitialCount, LONG MaximumCount);
NTSTATUS NTAPI NtOpenSemaphore(PHANDLE SemaphoreHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes);
NTSTATUS NTAPI NtReleaseSemaphore(HANDLE SemaphoreHandle, LONG ReleaseCount, PLONG PreviousCount);
NTSTATUS NTAPI NtQuerySemaphore(HANDLE SemaphoreHandle, ULONG SemaphoreInformationClass, PVOID SemaphoreInformation,
                                ULONG SemaphoreInformationLength, PULONG ReturnLength);
/* STATUS_MUTANT_NOT_OWNED. Queries: also class 1, the owner's CLIENT_ID. */
NTSTATUS NTAPI NtCreateMutant(PHANDLE MutantHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                              BOOLEAN InitialOwner);
NTSTATUS NTAPI NtOpenMutant(PHANDLE MutantHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes);
NTSTATUS NTAPI NtReleaseMutant(HANDLE MutantHandle, PLONG PreviousCount);
NTSTATUS NTAPI NtQueryMutant(HANDLE MutantHandle, ULONG MutantInformationClass, PVOID MutantInformation, ULONG MutantInformationLength,
                             PULONG ReturnLength);
/* TimerApcRoutine is called in user mode, on the thread that set the timer, with TimerContext and the time of expiry.
 * STATUS_TIMER_RESUME_IGNORED: it is set, but wakes no machine that sleeps. */
NTSTATUS NTAPI NtCreateTimer(PHANDLE TimerHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes, TIMER_TYPE TimerType);
NTSTATUS NTAPI NtOpenTimer(PHANDLE TimerHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes);
NTSTATUS NTAPI NtSetTimer(HANDLE TimerHandle, PLARGE_INTEGER DueTime, PTIMER_APC_ROUTINE TimerApcRoutine, PVOID TimerContext,
                          BOOLEAN ResumeTimer, LONG Period, PBOOLEAN PreviousState);
NTSTATUS NTAPI NtSetTimerEx(HANDLE TimerHandle, TIMER_SET_INFORMATION_CLASS TimerSetInformationClass, PVOID TimerSetInformation,
                            ULONG TimerSetInformationLength);
NTSTATUS NTAPI NtCancelTimer(HANDLE TimerHandle, PBOOLEAN CurrentState);
NTSTATUS NTAPI NtQueryTimer(HANDLE TimerHandle, ULONG TimerInformationClass, PVOID TimerInformation, ULONG TimerInformationLength,
                            PULONG ReturnLength);
/* A waiter and a releaser with the same key and process meet; no handle stands for the system's own object.
 * STATUS_INVALID_PARAMETER_1: an odd key. */
NTSTATUS NTAPI NtCreateKeyedEvent(PHANDLE KeyedEventHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes, ULONG Flags);
NTSTATUS NTAPI NtOpenKeyedEvent(PHANDLE KeyedEventHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes);
NTSTATUS NTAPI NtWaitForKeyedEvent(HANDLE KeyedEventHandle, PVOID KeyValue, BOOLEAN Alertable, PLARGE_INTEGER Timeout);
NTSTATUS NTAPI NtReleaseKeyedEvent(HANDLE KeyedEventHandle, PVOID KeyValue, BOOLEAN Alertable, PLARGE_INTEGER Timeout);

/* ---- Time, locale, identifiers, the machine. Callers of both modes, PASSIVE_LEVEL ---- */
NTSTATUS NTAPI NtQuerySystemTime(PLARGE_INTEGER SystemTime);
/* STATUS_PRIVILEGE_NOT_HELD: SeSystemtimePrivilege. Who registered for \Callback\SetSystemTime hears of it. */
NTSTATUS NTAPI NtSetSystemTime(PLARGE_INTEGER NewTime, PLARGE_INTEGER OldTime);
NTSTATUS NTAPI NtQueryPerformanceCounter(PLARGE_INTEGER PerformanceCounter, PLARGE_INTEGER PerformanceFrequency);
/* The clock has one resolution. */
NTSTATUS NTAPI NtQueryTimerResolution(PULONG MaximumTime, PULONG MinimumTime, PULONG CurrentTime);
/* STATUS_TIMER_RESOLUTION_NOT_SET: the process takes back what it has not asked for. */
NTSTATUS NTAPI NtSetTimerResolution(ULONG DesiredTime, BOOLEAN SetResolution, PULONG ActualTime);
NTSTATUS NTAPI NtQueryDefaultLocale(BOOLEAN UserProfile, PULONG DefaultLocaleId);
NTSTATUS NTAPI NtSetDefaultLocale(BOOLEAN UserProfile, ULONG DefaultLocaleId);
/* Users choose no language of their own: it is the system's. */
NTSTATUS NTAPI NtQueryDefaultUILanguage(PUSHORT DefaultUILanguageId);
NTSTATUS NTAPI NtQueryInstallUILanguage(PUSHORT InstallUILanguageId);
/* Text for who looks at the machine's console, as UTF-8. */
NTSTATUS NTAPI NtDisplayString(PUNICODE_STRING String);
/* Range times of UUIDs that nobody else gets, the clock sequence and the node. */
NTSTATUS NTAPI NtAllocateUuids(PULARGE_INTEGER Time, PULONG Range, PULONG Sequence, PUCHAR Seed);
ULONG NTAPI NtGetCurrentProcessorNumber(VOID);
ULONG NTAPI NtGetCurrentProcessorNumberEx(PPROCESSOR_NUMBER ProcessorNumber);
NTSTATUS NTAPI NtQueryDebugFilterState(ULONG ComponentId, ULONG Level);
/* STATUS_ACCESS_DENIED: SeDebugPrivilege. */
NTSTATUS NTAPI NtSetDebugFilterState(ULONG ComponentId, ULONG Level, BOOLEAN State);
NTSTATUS NTAPI ZwOpenEvent(PHANDLE EventHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes);
NTSTATUS NTAPI ZwResetEvent(HANDLE EventHandle, PLONG PreviousState);
NTSTATUS NTAPI ZwClearEvent(HANDLE EventHandle);

NTSTATUS NTAPI NtQuerySystemInformation(ULONG SystemInformationClass, PVOID SystemInformation, ULONG SystemInformationLength,
                                        PULONG ReturnLength);
NTSTATUS NTAPI ZwQuerySystemInformation(ULONG SystemInformationClass, PVOID SystemInformation, ULONG SystemInformationLength,
                                        PULONG ReturnLength);

VOID NTAPI ExLocalTimeToSystemTime(PLARGE_INTEGER LocalTime, PLARGE_INTEGER SystemTime);

extern const struct KE_TEST_GROUP ExTests;

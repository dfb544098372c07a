/* SPDX-License-Identifier: MIT
 * Power for the other components.
 */
#pragma once
#include "nt.h"

VOID PoInitialize(VOID);
/* ES_... bits that somebody needs now. */
ULONG PoExecutionState(VOID);
/* When a driver last called PoSetSystemState for the flag (0 system, 1 display, 2 user), as interrupt time in 100 ns; 0: never. */
LONG64 PoQueryLastActive(ULONG Flag);

NTSTATUS NTAPI NtPowerInformation(POWER_INFORMATION_LEVEL PowerInformationLevel, PVOID InputBuffer, ULONG InputBufferLength,
                                  PVOID OutputBuffer, ULONG OutputBufferLength);
NTSTATUS NTAPI ZwPowerInformation(POWER_INFORMATION_LEVEL PowerInformationLevel, PVOID InputBuffer, ULONG InputBufferLength,
                                  PVOID OutputBuffer, ULONG OutputBufferLength);

typedef enum _FIRMWARE_REENTRY {
    HalHaltRoutine, HalPowerDownRoutine, HalRestartRoutine, HalRebootRoutine, HalInteractiveModeRoutine, HalMaximumRoutine
} FIRMWARE_REENTRY;
/* Ends the machine at once, at any IRQL; returns only for what is no way to end it. */
VOID NTAPI HalReturnToFirmware(FIRMWARE_REENTRY Routine);

/* 0 halts, 1 resets, 2 powers off; the system ends in order first. STATUS_PRIVILEGE_NOT_HELD: SeShutdownPrivilege. */
NTSTATUS NTAPI NtShutdownSystem(ULONG Action);

extern const struct KE_TEST_GROUP PoPowerTests;

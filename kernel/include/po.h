/* SPDX-License-Identifier: MIT
 * Power for the other components.
 */
#pragma once
#include "nt.h"

VOID PoInitialize(VOID);
/* ES_... bits that somebody needs now. */
ULONG PoExecutionState(VOID);

NTSTATUS NTAPI NtPowerInformation(POWER_INFORMATION_LEVEL PowerInformationLevel, PVOID InputBuffer, ULONG InputBufferLength,
                                  PVOID OutputBuffer, ULONG OutputBufferLength);
NTSTATUS NTAPI ZwPowerInformation(POWER_INFORMATION_LEVEL PowerInformationLevel, PVOID InputBuffer, ULONG InputBufferLength,
                                  PVOID OutputBuffer, ULONG OutputBufferLength);

extern const struct KE_TEST_GROUP PoPowerTests;

/* SPDX-License-Identifier: MIT
 * What every test driver shares: a check that names itself when it fails, and DriverEntry's answer.
 * Included by the one C file that holds DriverEntry; DDK headers only, so that the driver would run on Windows too.
 */
#pragma once
#include <ntddk.h>

#define TEST_TAG 'tseT'

static ULONG CheckFailures;

/* Counts a check that does not hold and prints its name; returns whether it held. */
static inline BOOLEAN Check(BOOLEAN Held, PCSTR What)
{
    if (!Held) {
        CheckFailures += 1;
        DbgPrint("CHECK FAILED: %s\n", What);
    }
    return Held;
}

static inline BOOLEAN CheckStatus(NTSTATUS Status, NTSTATUS Wanted, PCSTR What)
{
    if (Status != Wanted)
        DbgPrint("status 0x%08lx, not 0x%08lx\n", (ULONG)Status, (ULONG)Wanted);
    return Check(Status == Wanted, What);
}

/* What DriverEntry returns at its end. */
static inline NTSTATUS CheckResult(VOID)
{
    return CheckFailures == 0 ? STATUS_SUCCESS : STATUS_UNSUCCESSFUL;
}

/* SPDX-License-Identifier: MIT
 * IRQL is CR8: what the DDK's inline functions do to it and what the kernel's routines do must be the same thing.
 */
#include "check.h"
#include "irql_routines.h"

DRIVER_INITIALIZE DriverEntry;

static KSPIN_LOCK Lock;

static VOID CheckIrql(KIRQL Wanted, PCSTR What)
{
    Check(KeGetCurrentIrql() == Wanted && GetByRoutine() == Wanted, What);
}

static VOID CheckInlineAndRoutine(VOID)
{
    KIRQL old;

    KeRaiseIrql(APC_LEVEL, &old);
    CheckIrql(APC_LEVEL, "raised inline");
    Check(old == PASSIVE_LEVEL, "old IRQL, inline");
    Check(RaiseByRoutine(DISPATCH_LEVEL) == APC_LEVEL, "old IRQL, by the routine");
    CheckIrql(DISPATCH_LEVEL, "raised by the routine");
    KeLowerIrql(APC_LEVEL);
    CheckIrql(APC_LEVEL, "lowered inline");
    LowerByRoutine(PASSIVE_LEVEL);
    CheckIrql(PASSIVE_LEVEL, "lowered by the routine");
}

static VOID CheckLevels(VOID)
{
    KIRQL level, old;

    for (level = APC_LEVEL; level <= HIGH_LEVEL; level++) {
        KeRaiseIrql(level, &old);
        CheckIrql(level, "each level");
        KeLowerIrql(old);
    }
    CheckIrql(PASSIVE_LEVEL, "back from each level");
}

static VOID CheckLocks(VOID)
{
    KLOCK_QUEUE_HANDLE queued;
    KIRQL old;

    KeInitializeSpinLock(&Lock);
    KeAcquireSpinLock(&Lock, &old);
    CheckIrql(DISPATCH_LEVEL, "under a spin lock");
    Check(old == PASSIVE_LEVEL, "IRQL before the spin lock");
    Check(!KeTryToAcquireSpinLockAtDpcLevel(&Lock), "a lock that is held is not given again");
    KeReleaseSpinLock(&Lock, old);
    CheckIrql(PASSIVE_LEVEL, "after a spin lock");
    KeAcquireInStackQueuedSpinLock(&Lock, &queued);
    CheckIrql(DISPATCH_LEVEL, "under a queued spin lock");
    KeReleaseInStackQueuedSpinLock(&queued);
    CheckIrql(PASSIVE_LEVEL, "after a queued spin lock");
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    CheckIrql(PASSIVE_LEVEL, "DriverEntry runs at PASSIVE_LEVEL");
    CheckInlineAndRoutine();
    CheckLevels();
    CheckLocks();
    return CheckResult();
}

/* SPDX-License-Identifier: MIT
 * Kernel APCs: special and normal ones, critical and guarded regions, APC_LEVEL, their order, other threads.
 */
#include "thread.h"
#include "apc.h"

DRIVER_INITIALIZE DriverEntry;

static KAPC Special, Normal;
static volatile LONG SpecialRuns, NormalKernelRuns, NormalRuns, Sequence, SpecialAt, NormalAt;
static volatile BOOLEAN Surroundings = TRUE, Withhold;
static KEVENT Release, Started, Arrived;

static VOID NTAPI SpecialRoutine(PKAPC Apc, PKNORMAL_ROUTINE *Routine, PVOID *Context, PVOID *Argument1, PVOID *Argument2)
{
    if (KeGetCurrentIrql() != APC_LEVEL || *Argument1 != (PVOID)1 || *Argument2 != (PVOID)2 || *Routine != NULL)
        Surroundings = FALSE;
    SpecialAt = InterlockedIncrement(&Sequence);
    InterlockedIncrement(&SpecialRuns);
    KeSetEvent(&Arrived, IO_NO_INCREMENT, FALSE);
}

static VOID NTAPI NormalRoutine(PVOID Context, PVOID Argument1, PVOID Argument2)
{
    if (KeGetCurrentIrql() != PASSIVE_LEVEL || Context != &Normal || Argument1 != (PVOID)3 || Argument2 != (PVOID)2)
        Surroundings = FALSE;
    NormalAt = InterlockedIncrement(&Sequence);
    InterlockedIncrement(&NormalRuns);
    KeSetEvent(&Arrived, IO_NO_INCREMENT, FALSE);
}

/* May change what follows, and call it off. */
static VOID NTAPI NormalKernelRoutine(PKAPC Apc, PKNORMAL_ROUTINE *Routine, PVOID *Context, PVOID *Argument1, PVOID *Argument2)
{
    if (KeGetCurrentIrql() != APC_LEVEL || *Routine != NormalRoutine || *Context != &Normal || *Argument1 != (PVOID)1)
        Surroundings = FALSE;
    InterlockedIncrement(&NormalKernelRuns);
    *Argument1 = (PVOID)3;
    if (Withhold)
        *Routine = NULL;
}

static BOOLEAN SendSpecial(PVOID Thread)
{
    KeInitializeApc(&Special, Thread, OriginalApcEnvironment, SpecialRoutine, NULL, NULL, KernelMode, NULL);
    return KeInsertQueueApc(&Special, (PVOID)1, (PVOID)2, IO_NO_INCREMENT);
}

static BOOLEAN SendNormal(PVOID Thread)
{
    KeInitializeApc(&Normal, Thread, OriginalApcEnvironment, NormalKernelRoutine, NULL, NormalRoutine, KernelMode, &Normal);
    return KeInsertQueueApc(&Normal, (PVOID)1, (PVOID)2, IO_NO_INCREMENT);
}

static VOID Reset(VOID) { SpecialRuns = NormalRuns = NormalKernelRuns = Sequence = SpecialAt = NormalAt = 0; }

static VOID CheckSelf(VOID)
{
    PVOID self = KeGetCurrentThread();

    Reset();
    Check(SendSpecial(self) && SpecialRuns == 1, "a special APC to oneself arrives at once");
    Check(SendNormal(self) && NormalKernelRuns == 1 && NormalRuns == 1, "so does a normal one");
    Withhold = TRUE;
    Check(SendNormal(self) && NormalKernelRuns == 2 && NormalRuns == 1, "a kernel routine may call the normal one off");
    Withhold = FALSE;
}

static VOID CheckCritical(VOID)
{
    PVOID self = KeGetCurrentThread();

    Reset();
    KeEnterCriticalRegion();
    KeEnterCriticalRegion();
    Check(KeAreApcsDisabled() && !KeAreAllApcsDisabled(), "a critical region stops normal APCs");
    Check(SendNormal(self) && NormalKernelRuns == 0 && NormalRuns == 0, "a normal APC waits");
    Check(!KeInsertQueueApc(&Normal, NULL, NULL, IO_NO_INCREMENT), "one that is queued is not queued again");
    Check(SendSpecial(self) && SpecialRuns == 1, "a special one does not");
    KeLeaveCriticalRegion();
    Check(NormalRuns == 0, "regions nest");
    KeLeaveCriticalRegion();
    Check(NormalRuns == 1 && !KeAreApcsDisabled(), "it arrives when the last region is left");
}

/* Held back together, special APCs come before normal ones that were queued earlier. */
static VOID CheckGuarded(VOID)
{
    PVOID self = KeGetCurrentThread();

    Reset();
    KeEnterGuardedRegion();
    Check(KeAreAllApcsDisabled() && KeAreApcsDisabled(), "a guarded region stops all APCs");
    Check(SendNormal(self) && SendSpecial(self) && SpecialRuns == 0 && NormalRuns == 0, "both wait");
    KeLeaveGuardedRegion();
    Check(SpecialRuns == 1 && NormalRuns == 1 && !KeAreAllApcsDisabled(), "both arrive");
    Check(SpecialAt == 1 && NormalAt == 2, "the special one first");
}

static VOID CheckLevel(VOID)
{
    PVOID self = KeGetCurrentThread();
    KIRQL old;

    Reset();
    KeRaiseIrql(APC_LEVEL, &old);
    Check(KeAreAllApcsDisabled(), "APC_LEVEL stops all APCs");
    Check(SendNormal(self) && SendSpecial(self) && SpecialRuns == 0 && NormalRuns == 0, "both wait for the level");
    KeLowerIrql(old);
    Check(SpecialRuns == 1 && NormalRuns == 1 && SpecialAt == 1, "both arrive below");
}

/* ---- Another thread ---- */

static VOID NTAPI Waiter(PVOID Context)
{
    BOOLEAN region = LeaveInitialRegion();

    KeSetEvent(&Started, IO_NO_INCREMENT, FALSE);
    KeWaitForSingleObject(&Release, Executive, KernelMode, FALSE, NULL);
    if (region)
        KeEnterCriticalRegion();
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID CheckOther(VOID)
{
    PVOID thread;

    Reset();
    KeInitializeEvent(&Started, SynchronizationEvent, FALSE);
    KeInitializeEvent(&Release, SynchronizationEvent, FALSE);
    KeInitializeEvent(&Arrived, SynchronizationEvent, FALSE);
    thread = StartThread(Waiter, NULL);
    if (thread == NULL)
        return;
    KeWaitForSingleObject(&Started, Executive, KernelMode, FALSE, NULL);
    Check(SendSpecial(thread), "a special APC to a thread that waits");
    KeWaitForSingleObject(&Arrived, Executive, KernelMode, FALSE, NULL);
    Check(SendNormal(thread), "a normal APC to a thread that waits");
    KeWaitForSingleObject(&Arrived, Executive, KernelMode, FALSE, NULL);
    Check(SpecialRuns == 1 && NormalRuns == 1, "both arrive");
    Check(KeReadStateEvent(&Release) == 0, "neither ends the wait");
    KeSetEvent(&Release, IO_NO_INCREMENT, FALSE);
    KeWaitForSingleObject(thread, Executive, KernelMode, FALSE, NULL);
    Check(!SendSpecial(thread) && SpecialRuns == 1, "no APC reaches a thread that has ended");
    ObDereferenceObject(thread);
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    BOOLEAN region = LeaveInitialRegion();

    KeInitializeEvent(&Arrived, SynchronizationEvent, FALSE);
    CheckSelf();
    CheckCritical();
    CheckGuarded();
    CheckLevel();
    CheckOther();
    if (region)
        KeEnterCriticalRegion();
    Check(Surroundings, "levels and arguments");
    return CheckResult();
}

/* SPDX-License-Identifier: MIT
 * Timers, one-shot, periodic and cancelled, with and without a DPC; the DPC's level and arguments.
 */
#include "check.h"

DRIVER_INITIALIZE DriverEntry;

#define MILLISECOND 10000ll
#define PERIODS 3

static KTIMER Timer;
static KDPC Dpc;
static KEVENT Done;
static volatile LONG Runs;
static volatile BOOLEAN DpcWasRight;

static VOID NTAPI TimerDpc(PKDPC Self, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    DpcWasRight = Self == &Dpc && Context == &Runs && KeGetCurrentIrql() == DISPATCH_LEVEL;
    if (InterlockedIncrement(&Runs) >= PERIODS)
        KeSetEvent(&Done, IO_NO_INCREMENT, FALSE);
}

static VOID NTAPI QueuedDpc(PKDPC Self, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    DpcWasRight = Context == &Done && Argument1 == (PVOID)0x1111 && Argument2 == (PVOID)0x2222;
    InterlockedIncrement(&Runs);
    KeSetEvent(&Done, IO_NO_INCREMENT, FALSE);
}

static VOID CheckQueuedDpc(VOID)
{
    KIRQL old;

    Runs = 0;
    KeInitializeEvent(&Done, NotificationEvent, FALSE);
    KeInitializeDpc(&Dpc, QueuedDpc, &Done);
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    Check(KeInsertQueueDpc(&Dpc, (PVOID)0x1111, (PVOID)0x2222), "a DPC is queued");
    Check(!KeInsertQueueDpc(&Dpc, NULL, NULL), "the same DPC is not queued twice");
    Check(Runs == 0, "no DPC runs at DISPATCH_LEVEL");
    KeLowerIrql(old);
    KeWaitForSingleObject(&Done, Executive, KernelMode, FALSE, NULL);
    Check(Runs == 1 && DpcWasRight, "the DPC ran once, with its arguments");
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    KeInsertQueueDpc(&Dpc, NULL, NULL);
    Check(KeRemoveQueueDpc(&Dpc), "a queued DPC is removed");
    KeLowerIrql(old);
    Check(Runs == 1, "a removed DPC does not run");
}

static VOID CheckOneShot(VOID)
{
    LARGE_INTEGER due, before, after;

    due.QuadPart = -20 * MILLISECOND;
    KeInitializeTimer(&Timer);
    before.QuadPart = (LONGLONG)KeQueryInterruptTime();
    Check(!KeSetTimer(&Timer, due, NULL), "a timer that was not set");
    Check(KeSetTimer(&Timer, due, NULL), "a timer that was set");
    Check(!KeReadStateTimer(&Timer), "not signalled at once");
    CheckStatus(KeWaitForSingleObject(&Timer, Executive, KernelMode, FALSE, NULL), STATUS_SUCCESS, "wait for the timer");
    after.QuadPart = (LONGLONG)KeQueryInterruptTime();
    Check(after.QuadPart - before.QuadPart >= 19 * MILLISECOND, "it waited that long");
    Check(KeReadStateTimer(&Timer), "a notification timer stays signalled");
}

static VOID CheckPeriodic(VOID)
{
    LARGE_INTEGER due;

    Runs = 0;
    due.QuadPart = -5 * MILLISECOND;
    KeInitializeEvent(&Done, NotificationEvent, FALSE);
    KeInitializeDpc(&Dpc, TimerDpc, (PVOID)&Runs);
    KeInitializeTimerEx(&Timer, SynchronizationTimer);
    KeSetTimerEx(&Timer, due, 5, &Dpc);
    CheckStatus(KeWaitForSingleObject(&Done, Executive, KernelMode, FALSE, NULL), STATUS_SUCCESS, "wait for the periods");
    Check(KeCancelTimer(&Timer), "a periodic timer is active until cancelled");
    Check(Runs >= PERIODS && DpcWasRight, "the timer's DPC ran each period");
    KeFlushQueuedDpcs();
}

static VOID CheckTimeout(VOID)
{
    LARGE_INTEGER limit;
    KEVENT never;

    limit.QuadPart = -10 * MILLISECOND;
    KeInitializeEvent(&never, NotificationEvent, FALSE);
    CheckStatus(KeWaitForSingleObject(&never, Executive, KernelMode, FALSE, &limit), STATUS_TIMEOUT, "a wait's time limit");
    CheckStatus(KeDelayExecutionThread(KernelMode, FALSE, &limit), STATUS_SUCCESS, "delay");
    limit.QuadPart = -3600 * 1000 * MILLISECOND;
    KeInitializeTimer(&Timer);
    KeSetTimer(&Timer, limit, NULL);
    Check(KeCancelTimer(&Timer), "cancel of a set timer");
    Check(!KeCancelTimer(&Timer), "cancel of a cancelled timer");
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    CheckQueuedDpc();
    CheckOneShot();
    CheckPeriodic();
    CheckTimeout();
    return CheckResult();
}

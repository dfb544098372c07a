/* SPDX-License-Identifier: MIT
 * DPCs on chosen processors, their importance and order, DPCs that queue themselves, and timers that are set again or stopped.
 * (One-shot and periodic timers: timer_dpc.c.)
 */
#include "check.h"

DRIVER_INITIALIZE DriverEntry;

#define MILLISECOND 10000ll
#define AGAIN 100

static KDPC Dpc, Others[3];
static KTIMER Timer;
static KEVENT Done;
static volatile LONG Runs, Processor, OrderCount;
static volatile LONG Order[3];

static VOID NTAPI Where(PKDPC Self, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    Processor = (LONG)KeGetCurrentProcessorNumber();
    InterlockedIncrement(&Runs);
    KeSetEvent(&Done, IO_NO_INCREMENT, FALSE);
}

static VOID NTAPI Record(PKDPC Self, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    Order[InterlockedIncrement(&OrderCount) - 1] = (LONG)(LONG_PTR)Context;
}

static VOID NTAPI Repeat(PKDPC Self, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    if (InterlockedIncrement(&Runs) < AGAIN)
        KeInsertQueueDpc(Self, NULL, NULL);
    else
        KeSetEvent(&Done, IO_NO_INCREMENT, FALSE);
}

static VOID WaitForDone(VOID) { KeWaitForSingleObject(&Done, Executive, KernelMode, FALSE, NULL); }

static VOID CheckTargets(VOID)
{
    ULONG count = KeQueryActiveProcessorCount(NULL), i;
    LARGE_INTEGER due;

    due.QuadPart = -MILLISECOND;
    for (i = 0; i < count; i++) {
        KeInitializeDpc(&Dpc, Where, NULL);
        KeSetTargetProcessorDpc(&Dpc, (CCHAR)i);
        KeSetImportanceDpc(&Dpc, i % 2 != 0 ? HighImportance : MediumImportance);
        KeInsertQueueDpc(&Dpc, NULL, NULL);
        WaitForDone();
        Check(Processor == (LONG)i, "a DPC runs on its processor");
        KeInitializeTimer(&Timer);
        KeSetTimer(&Timer, due, &Dpc);
        WaitForDone();
        Check(Processor == (LONG)i, "so does a timer's");
    }
    KeFlushQueuedDpcs();
}

/* On one processor: important ones first, the others in the order they came. */
static VOID CheckImportance(VOID)
{
    KIRQL old;
    LONG i;

    KeRaiseIrql(DISPATCH_LEVEL, &old);
    for (i = 0; i < 3; i++) {
        KeInitializeDpc(&Others[i], Record, (PVOID)(LONG_PTR)i);
        if (i == 2)
            KeSetImportanceDpc(&Others[i], HighImportance);
        KeInsertQueueDpc(&Others[i], NULL, NULL);
    }
    Check(OrderCount == 0, "none runs at DISPATCH_LEVEL");
    KeLowerIrql(old);
    KeFlushQueuedDpcs();
    Check(OrderCount == 3 && Order[0] == 2 && Order[1] == 0 && Order[2] == 1, "the important one first");
}

static VOID CheckAgain(VOID)
{
    Runs = 0;
    KeInitializeDpc(&Dpc, Repeat, NULL);
    KeInsertQueueDpc(&Dpc, NULL, NULL);
    WaitForDone();
    KeFlushQueuedDpcs();
    Check(Runs == AGAIN, "a DPC may queue itself");
}

/* After the cancel and the flush nothing runs any more. */
static VOID CheckStop(VOID)
{
    LARGE_INTEGER due;
    LONG runs;

    Runs = 0;
    KeInitializeDpc(&Dpc, Where, NULL);
    KeInitializeTimerEx(&Timer, NotificationTimer);
    due.QuadPart = -3600 * 1000 * MILLISECOND;
    KeSetTimerEx(&Timer, due, 0, &Dpc);
    due.QuadPart = -1;
    Check(KeSetTimerEx(&Timer, due, 1, &Dpc), "a timer is set anew");
    while (Runs < 3)
        WaitForDone();
    Check(KeCancelTimer(&Timer), "a periodic timer stays set");
    KeFlushQueuedDpcs();
    runs = Runs;
    due.QuadPart = -20 * MILLISECOND;
    KeDelayExecutionThread(KernelMode, FALSE, &due);
    Check(Runs == runs, "a timer that was stopped is silent");
}

static VOID CheckAbsolute(VOID)
{
    LARGE_INTEGER due, now;

    KeInitializeTimer(&Timer);
    KeQuerySystemTime(&due);
    due.QuadPart += 10 * MILLISECOND;
    KeSetTimer(&Timer, due, NULL);
    CheckStatus(KeWaitForSingleObject(&Timer, Executive, KernelMode, FALSE, NULL), STATUS_SUCCESS, "a timer for a time of day");
    KeQuerySystemTime(&now);
    Check(now.QuadPart >= due.QuadPart, "not before that time");
    due.QuadPart = 1;
    KeSetTimer(&Timer, due, NULL);
    CheckStatus(KeWaitForSingleObject(&Timer, Executive, KernelMode, FALSE, NULL), STATUS_SUCCESS, "a time that has passed");
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    KeInitializeEvent(&Done, SynchronizationEvent, FALSE);
    CheckTargets();
    CheckImportance();
    CheckAgain();
    CheckStop();
    CheckAbsolute();
    return CheckResult();
}

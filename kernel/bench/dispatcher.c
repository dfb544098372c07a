/* SPDX-License-Identifier: MIT
 * The dispatcher: locks, events, switches, DPCs, the clock.
 */
#include "benchp.h"
#include "ps.h"

static KSPIN_LOCK BenchLock;
static KEVENT BenchEvent, BenchOther;
static KGATE BenchGate;
static KDPC BenchDpc;
static volatile BOOLEAN BenchStop;
static PETHREAD BenchPartner;

PETHREAD BenchStartPartner(PKSTART_ROUTINE Routine, PVOID Context)
{
    PVOID thread = NULL;
    HANDLE handle;

    if (!NT_SUCCESS(PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, Routine, Context)))
        return NULL;
    (VOID)ObReferenceObjectByHandle(handle, THREAD_ALL_ACCESS, PspThreadType, KernelMode, &thread, NULL);
    ZwClose(handle);
    return thread;
}

VOID BenchAwaitPartner(PETHREAD Partner)
{
    KeWaitForSingleObject(Partner, Executive, KernelMode, FALSE, NULL);
    ObDereferenceObject(Partner);
}

/* ---- Locks and events ---- */
static ULONG64 RunSpinLock(ULONG Count)
{
    KIRQL irql;
    BENCH_LOOP(Count, irql = KeAcquireSpinLockRaiseToDpc(&BenchLock); KeReleaseSpinLock(&BenchLock, irql));
}

static BOOLEAN PrepareEvents(VOID)
{
    KeInitializeEvent(&BenchEvent, SynchronizationEvent, FALSE);
    KeInitializeEvent(&BenchOther, SynchronizationEvent, FALSE);
    return TRUE;
}

static ULONG64 RunSetWait(ULONG Count)
{
    BENCH_LOOP(Count, KeSetEvent(&BenchEvent, 0, FALSE);
               KeWaitForSingleObject(&BenchEvent, Executive, KernelMode, FALSE, NULL));
}

static BOOLEAN PrepareGate(VOID)
{
    KeInitializeGate(&BenchGate);
    return TRUE;
}

static ULONG64 RunGate(ULONG Count)
{
    BENCH_LOOP(Count, KeSignalGateBoostPriority(&BenchGate); KeWaitForGate(&BenchGate, Executive, KernelMode));
}

/* ---- Switches: each turn of both threads is one ---- */
static VOID NTAPI YieldUntilStopped(PVOID Context)
{
    KeSetSystemAffinityThreadEx(1);
    while (!BenchStop)
        KeYieldExecution();
}

static VOID NTAPI AnswerUntilStopped(PVOID Context)
{
    KeSetSystemAffinityThreadEx(1);
    for (;;) {
        KeWaitForSingleObject(&BenchEvent, Executive, KernelMode, FALSE, NULL);
        if (BenchStop)
            return;
        KeSetEvent(&BenchOther, 0, FALSE);
    }
}

static BOOLEAN PrepareYield(VOID)
{
    BenchStop = FALSE;
    PrepareEvents();                             /* the end sets one */
    KeSetSystemAffinityThreadEx(1);
    BenchPartner = BenchStartPartner(YieldUntilStopped, NULL);
    return BenchPartner != NULL;
}

static VOID FinishPartner(VOID)
{
    BenchStop = TRUE;
    KeSetEvent(&BenchEvent, 0, FALSE);
    BenchAwaitPartner(BenchPartner);
    KeRevertToUserAffinityThreadEx(0);
}

static ULONG64 TwoTurns(ULONG64 Ticks) { return Ticks / 2; }

static ULONG64 YieldLoop(ULONG Count) { BENCH_LOOP(Count, KeYieldExecution()); }
static ULONG64 RunYield(ULONG Count) { return TwoTurns(YieldLoop(Count)); }

static BOOLEAN PreparePingPong(VOID)
{
    BenchStop = FALSE;
    PrepareEvents();
    KeSetSystemAffinityThreadEx(1);
    BenchPartner = BenchStartPartner(AnswerUntilStopped, NULL);
    return BenchPartner != NULL;
}

static ULONG64 PingPongLoop(ULONG Count)
{
    BENCH_LOOP(Count, KeSetEvent(&BenchEvent, 0, FALSE);
               KeWaitForSingleObject(&BenchOther, Executive, KernelMode, FALSE, NULL));
}
static ULONG64 RunPingPong(ULONG Count) { return TwoTurns(PingPongLoop(Count)); }

/* ---- DPCs: from the call that queues one to its first instruction ---- */
static volatile ULONG64 BenchDpcAt;

static VOID NTAPI NoteTime(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2) { BenchDpcAt = KiReadTsc(); }

static BOOLEAN PrepareDpc(VOID)
{
    KeInitializeDpc(&BenchDpc, NoteTime, NULL);
    return TRUE;
}

static ULONG64 RunDpc(ULONG Count)
{
    ULONG64 sum = 0;
    ULONG i;

    KeSetSystemAffinityThreadEx(1);
    for (i = 0; i < Count; i++) {
        ULONG64 begin = KiReadTsc();
        BenchDpcAt = 0;
        KeInsertQueueDpc(&BenchDpc, NULL, NULL);
        while (BenchDpcAt == 0)
            KiPause();
        sum += BenchDpcAt - begin;
    }
    KeRevertToUserAffinityThreadEx(0);
    return sum;
}

/* ---- The clock interrupt: the shortest gap that one tears between two readings of the clock, less an undisturbed gap ---- */
#define BENCH_INTERRUPTS 64u

static VOID SpinFor(ULONG Turns)
{
    while (Turns-- != 0)
        KiCompilerBarrier();
}

static ULONG64 ShortestInterrupt(VOID)
{
    ULONG64 quiet = MAXULONG64, shortest = MAXULONG64, before = KiReadTsc();
    ULONG64 ticks = KeCurrentProcessor()->ClockTicks, end = ticks + BENCH_INTERRUPTS;

    while (ticks < end) {
        ULONG64 now = KiReadTsc(), gap = now - before, seen = *(volatile ULONG64 *)&KeCurrentProcessor()->ClockTicks;
        if (seen == ticks) {
            quiet = min(quiet, gap);
        } else {
            if (gap > 4 * quiet)                 /* else it came between the readings of clock and count */
                shortest = min(shortest, gap);
            SpinFor((ULONG)seen % 64);           /* the next one falls on another instruction */
            now = KiReadTsc();
        }
        before = now;
        ticks = seen;
    }
    return shortest != MAXULONG64 ? shortest - quiet : 0;
}

static ULONG64 RunClock(ULONG Count)
{
    ULONG64 interrupt;

    KeSetSystemAffinityThreadEx(1);
    interrupt = ShortestInterrupt();
    KeRevertToUserAffinityThreadEx(0);
    return interrupt * Count;
}

const KE_BENCH BenchDispatcher[] = {
    { "spinlock_acquire_release", NULL, RunSpinLock, NULL },
    { "event_set_wait", PrepareEvents, RunSetWait, NULL },
    { "gate_signal_wait", PrepareGate, RunGate, NULL },
    { "thread_switch", PrepareYield, RunYield, FinishPartner },
    { "event_pingpong_kernel", PreparePingPong, RunPingPong, FinishPartner },
    { "dpc_latency", PrepareDpc, RunDpc, NULL },
    { "timer_isr", NULL, RunClock, NULL },
};
const ULONG BenchDispatcherCount = RTL_NUMBER_OF(BenchDispatcher);

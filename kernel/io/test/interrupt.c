/* SPDX-License-Identifier: MIT
 * Interrupts, on one that every PC has: the real-time clock's periodic interrupt (MC146818 datasheet), ISA line 8.
 */
#include "../iop.h"
#include "hal.h"
#include "ke.h"
#include "test.h"

#define RTC_PERIODIC 0x40u                       /* register B: enable; register C: pending */

typedef struct CLOCK {
    PKINTERRUPT Interrupt;
    volatile LONG Ticks, Inside;
    KEVENT Ticked;
    KDPC Dpc;
    BOOLEAN Claim;
} CLOCK;

static UCHAR ReadRtc(UCHAR Register)
{
    KiOutByte(0x70, Register);
    return KiInByte(0x71);
}

static VOID WriteRtc(UCHAR Register, UCHAR Value)
{
    KiOutByte(0x70, Register);
    KiOutByte(0x71, Value);
}

static VOID NTAPI Deferred(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    KeSetEvent(&((CLOCK *)Context)->Ticked, 0, FALSE);
}

static BOOLEAN NTAPI ServiceRtc(struct _KINTERRUPT *Interrupt, PVOID Context)
{
    CLOCK *clock = Context;
    BOOLEAN ours = (ReadRtc(0xC) & RTC_PERIODIC) != 0;       /* reading acknowledges */

    CHECK(KeGetCurrentIrql() == (KIRQL)((PKINTERRUPT)Interrupt)->SynchronizeIrql);
    CHECK(InterlockedIncrement(&clock->Inside) == 1);
    if (ours) {
        clock->Ticks++;
        KeInsertQueueDpc(&clock->Dpc, NULL, NULL);
    }
    InterlockedDecrement(&clock->Inside);
    return ours && clock->Claim;
}

static BOOLEAN NTAPI StartPeriodic(PVOID Context)
{
    CHECK(InterlockedIncrement(&((CLOCK *)Context)->Inside) == 1);
    WriteRtc(0xB, ReadRtc(0xB) | RTC_PERIODIC);
    InterlockedDecrement(&((CLOCK *)Context)->Inside);
    return TRUE;
}

static BOOLEAN NTAPI StopPeriodic(PVOID Context)
{
    WriteRtc(0xB, ReadRtc(0xB) & (UCHAR)~RTC_PERIODIC);
    ReadRtc(0xC);
    return FALSE;
}

static ULONG RtcVector(PKIRQL Irql, PKAFFINITY Affinity) { return HalGetInterruptVector(Isa, 0, 8, 8, Irql, Affinity); }

static VOID PrepareClock(CLOCK *Clock)
{
    RtlZeroMemory(Clock, sizeof(*Clock));
    Clock->Claim = TRUE;
    KeInitializeEvent(&Clock->Ticked, SynchronizationEvent, FALSE);
    KeInitializeDpc(&Clock->Dpc, Deferred, Clock);
}

static VOID AwaitTicks(CLOCK *Clock, LONG Count)
{
    while (Clock->Ticks < Count)
        KeWaitForSingleObject(&Clock->Ticked, Executive, KernelMode, FALSE, NULL);
}

static VOID Rtc(VOID)
{
    GROUP_AFFINITY group;
    CLOCK clock;
    KAFFINITY affinity;
    KIRQL irql, old;
    LONG ticks;
    ULONG vector = RtcVector(&irql, &affinity);

    PrepareClock(&clock);
    if (!CHECK(vector != 0 && irql == vector >> 4 && irql > DISPATCH_LEVEL && affinity == KeQueryActiveProcessors()))
        return;
    if (!CHECK(IoConnectInterrupt(&clock.Interrupt, ServiceRtc, &clock, NULL, vector, irql, irql + 1, Latched, FALSE, affinity, FALSE)
               == STATUS_SUCCESS))
        return;
    CHECK(IoGetAffinityInterrupt(clock.Interrupt, &group) == STATUS_SUCCESS);
    CHECK(group.Group == 0 && (group.Mask & affinity) == group.Mask && group.Mask == (KAFFINITY)1 << clock.Interrupt->Number);
    CHECK(IoGetAffinityInterrupt(NULL, &group) == STATUS_INVALID_PARAMETER);
    CHECK(KeSynchronizeExecution(clock.Interrupt, StartPeriodic, &clock));
    AwaitTicks(&clock, 5);
    old = KeAcquireInterruptSpinLock(clock.Interrupt);
    CHECK(KeGetCurrentIrql() == irql + 1 && old == PASSIVE_LEVEL && clock.Inside == 0);
    KeReleaseInterruptSpinLock(clock.Interrupt, old);
    CHECK(!KeSynchronizeExecution(clock.Interrupt, StopPeriodic, &clock));
    IoDisconnectInterrupt(clock.Interrupt);
    ticks = clock.Ticks;
    StartPeriodic(&clock);                       /* nobody listens */
    StopPeriodic(&clock);
    KeFlushQueuedDpcs();
    CHECK(clock.Ticks == ticks);
}

/* Two on one vector: an edge is offered to both, even when the first claims it. */
static VOID Shared(VOID)
{
    CLOCK first, second, third;
    KAFFINITY affinity;
    KIRQL irql;
    ULONG vector = RtcVector(&irql, &affinity);

    PrepareClock(&first);
    PrepareClock(&second);
    second.Claim = FALSE;
    CHECK(IoConnectInterrupt(&first.Interrupt, ServiceRtc, &first, NULL, vector, irql, irql, Latched, TRUE, 1, FALSE) == STATUS_SUCCESS);
    CHECK(IoConnectInterrupt(&third.Interrupt, ServiceRtc, &third, NULL, vector, irql, irql, Latched, FALSE, 1, FALSE)
          == STATUS_INVALID_PARAMETER);
    CHECK(IoConnectInterrupt(&third.Interrupt, ServiceRtc, &third, NULL, vector, irql, irql, LevelSensitive, TRUE, 1, FALSE)
          == STATUS_INVALID_PARAMETER && third.Interrupt == NULL);
    CHECK(IoConnectInterrupt(&second.Interrupt, ServiceRtc, &second, NULL, vector, irql, irql, Latched, TRUE, 1, FALSE) == STATUS_SUCCESS);
    KeSynchronizeExecution(first.Interrupt, StartPeriodic, &first);
    AwaitTicks(&first, 3);
    IoDisconnectInterrupt(first.Interrupt);
    AwaitTicks(&second, 3);                      /* the first took the acknowledgements until it left */
    KeSynchronizeExecution(second.Interrupt, StopPeriodic, &second);
    IoDisconnectInterrupt(second.Interrupt);
    KeFlushQueuedDpcs();
}

/* An object leaves while its own routine runs on another processor: that walk goes on to the next object, and ends. */
static volatile LONG LeaverRuns;
static BOOLEAN NTAPI ServiceUntilGone(struct _KINTERRUPT *Interrupt, PVOID Context)
{
    InterlockedExchange(&LeaverRuns, 1);
    while (KeIsInterruptConnected((PKINTERRUPT)Interrupt))
        KiPause();
    return FALSE;
}

static VOID Leave(VOID)
{
    PKINTERRUPT leaver;
    CLOCK stayer;
    KAFFINITY affinity;
    KIRQL irql;
    ULONG vector = RtcVector(&irql, &affinity);

    LeaverRuns = 0;
    PrepareClock(&stayer);
    KeSetSystemAffinityThread(2);                /* the interrupts come to processor 0 */
    CHECK(IoConnectInterrupt(&leaver, (PKSERVICE_ROUTINE)(PVOID)ServiceUntilGone, NULL, NULL, vector, irql, irql, Latched, TRUE, 1, FALSE) ==
          STATUS_SUCCESS);
    CHECK(IoConnectInterrupt(&stayer.Interrupt, ServiceRtc, &stayer, NULL, vector, irql, irql, Latched, TRUE, 1, FALSE) == STATUS_SUCCESS);
    StartPeriodic(&stayer);
    while (LeaverRuns == 0)
        KiPause();
    IoDisconnectInterrupt(leaver);
    AwaitTicks(&stayer, 3);
    KeSynchronizeExecution(stayer.Interrupt, StopPeriodic, &stayer);
    IoDisconnectInterrupt(stayer.Interrupt);
    KeRevertToUserAffinityThread();
    KeFlushQueuedDpcs();
}

static VOID Invalid(VOID)
{
    PKINTERRUPT interrupt;
    KAFFINITY affinity;
    KIRQL irql;
    ULONG vector = RtcVector(&irql, &affinity);

    CHECK(IoConnectInterrupt(&interrupt, ServiceRtc, NULL, NULL, vector, irql, irql, Latched, TRUE, 0, FALSE) == STATUS_INVALID_PARAMETER);
    CHECK(IoConnectInterrupt(&interrupt, ServiceRtc, NULL, NULL, vector, irql + 1, irql + 1, Latched, TRUE, 1, FALSE)
          == STATUS_INVALID_PARAMETER);
    CHECK(IoConnectInterrupt(&interrupt, ServiceRtc, NULL, NULL, HAL_VECTOR_CLOCK, 13, 13, Latched, TRUE, 1, FALSE)
          == STATUS_INVALID_PARAMETER);
    CHECK(HalGetInterruptVector(Isa, 0, 4000, 4000, &irql, &affinity) == 0 && affinity == 0);
}

static VOID Extended(VOID)
{
    IO_CONNECT_INTERRUPT_PARAMETERS parameters = { .Version = CONNECT_FULLY_SPECIFIED };
    IO_DISCONNECT_INTERRUPT_PARAMETERS disconnect = { .Version = CONNECT_FULLY_SPECIFIED };
    CLOCK clock;
    KAFFINITY affinity;
    KIRQL irql;

    PrepareClock(&clock);
    parameters.FullySpecified.InterruptObject = (PVOID)&clock.Interrupt;
    parameters.FullySpecified.ServiceRoutine = ServiceRtc;
    parameters.FullySpecified.ServiceContext = &clock;
    parameters.FullySpecified.Vector = RtcVector(&irql, &affinity);
    parameters.FullySpecified.Irql = parameters.FullySpecified.SynchronizeIrql = irql;
    parameters.FullySpecified.InterruptMode = Latched;
    parameters.FullySpecified.ProcessorEnableMask = affinity;
    if (!CHECK(IoConnectInterruptEx(&parameters) == STATUS_SUCCESS))
        return;
    KeSynchronizeExecution(clock.Interrupt, StartPeriodic, &clock);
    AwaitTicks(&clock, 2);
    KeSynchronizeExecution(clock.Interrupt, StopPeriodic, &clock);
    disconnect.ConnectionContext.InterruptObject = (PVOID)clock.Interrupt;
    IoDisconnectInterruptEx(&disconnect);
    KeFlushQueuedDpcs();
    parameters.Version = CONNECT_LINE_BASED;
    parameters.LineBased.PhysicalDeviceObject = NULL;
    CHECK(IoConnectInterruptEx(&parameters) == STATUS_INVALID_PARAMETER);
    parameters.Version = 77;
    CHECK(IoConnectInterruptEx(&parameters) == STATUS_NOT_SUPPORTED && parameters.Version == CONNECT_FULLY_SPECIFIED_GROUP);
}

static const KE_TEST tests[] = {
    { "io.interrupt.rtc", Rtc, 0 },         { "io.interrupt.shared", Shared, 0 }, { "io.interrupt.leave", Leave, 2 },
    { "io.interrupt.invalid", Invalid, 0 }, { "io.interrupt.extended", Extended, 0 },
};
const KE_TEST_GROUP IoInterruptTests = { tests, RTL_NUMBER_OF(tests) };

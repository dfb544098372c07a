/* SPDX-License-Identifier: MIT
 * Time. Interrupt time is the TSC scaled to 100 ns; the clock interrupt of processor 0 publishes it, with system time and tick
 * count, in KUSER_SHARED_DATA, and sees to timers; every processor's own clock interrupt counts quanta. Because time is derived
 * and not counted, a machine that was held up by its host is late, never slow.
 */
#include "ki.h"

ULONG64 KeBootTsc;
static ULONG64 KiTscScale;                       /* I 100 ns units per TSC tick, times 2^32 */
static volatile ULONG64 KiSystemTimeBias;        /* D written, a read: system time minus interrupt time */

static ULONG64 KiTicksToTime(ULONG64 Ticks) { return (ULONG64)(((unsigned __int128)Ticks * KiTscScale) >> 32); }
ULONG64 KiQueryInterruptTime(VOID) { return KiTicksToTime(KiReadTsc() - KeBootTsc); }

/* Three-part time as NT publishes it: readers compare the two high parts. */
static VOID KiStoreSystemTime(volatile KSYSTEM_TIME *Time, ULONG64 Value)
{
    Time->High2Time = (LONG)(Value >> 32);
    KiCompilerBarrier();
    *(volatile ULONG64 *)Time = Value;           /* one store on x86, whatever the field's alignment within the page */
}

static VOID KiPublishTime(ULONG64 Now)
{
    ULONG64 ticks = Now / HAL_CLOCK_INCREMENT;
    KiStoreSystemTime(&SharedUserData->InterruptTime, Now);
    KiStoreSystemTime(&SharedUserData->SystemTime, Now + KiSystemTimeBias);
    KiStoreSystemTime((volatile KSYSTEM_TIME *)&SharedUserData->TickCount, ticks);
}

static VOID KiChargeTick(PKPRCB Prcb, PKTHREAD Thread, PKTRAP_FRAME Trap)
{
    if (Trap->PreviousIrql > DISPATCH_LEVEL)
        Prcb->InterruptTime++;
    else if (Prcb->DpcRoutineActive)
        Prcb->DpcTime++;
    if (Trap->PreviousMode == UserMode) {
        Prcb->UserTime++;
        Thread->UserTime++;
    } else {
        Prcb->KernelTime++;
        Thread->KernelTime++;
    }
}

VOID KiClockInterrupt(PKTRAP_FRAME Trap)
{
    KI_PROCESSOR *processor = KeCurrentProcessor();
    PKPRCB prcb = &processor->Pcr.Prcb;
    PKTHREAD thread = prcb->CurrentThread;
    BOOLEAN dispatch = FALSE;

    processor->ClockTicks++;
    if (prcb->ClockOwner) {
        ULONG64 now = KiQueryInterruptTime();
        KiPublishTime(now);
        dispatch = KiTimersAreDue(now);
    }
    KiChargeTick(prcb, thread, Trap);
    if (thread != prcb->IdleThread && thread->QuantumReset != 0 && --thread->QuantumReset == 0) {
        prcb->QuantumEnd = TRUE;
        dispatch = TRUE;
    }
    if (dispatch)
        HalRequestSoftwareInterrupt(DISPATCH_LEVEL);
}

ULONG KeQuantumTicks(VOID) { return KI_QUANTUM_TICKS; }

VOID KiStartClock(VOID)
{
    PKPRCB prcb = KeGetCurrentPrcb();

    if (prcb->Number == 0) {
        prcb->ClockOwner = TRUE;
        KiTscScale = (10000000ull << 32) / HalTscFrequency();
        KiSystemTimeBias = HalSystemTimeAtStart();
        SharedUserData->TickCountMultiplier = 1u << 24;
        KiPublishTime(KiQueryInterruptTime());
    }
    prcb->TscFrequency = HalTscFrequency();
    prcb->MHz = (ULONG)(HalTscFrequency() / 1000000);
    HalStartClock();
}

VOID KeSetSystemTime(LARGE_INTEGER NewTime, PLARGE_INTEGER OldTime)
{
    KIRQL irql = KiLockDispatcher();
    ULONG64 now = KiQueryInterruptTime(), bias = (ULONG64)NewTime.QuadPart - now;

    OldTime->QuadPart = (LONG64)(now + KiSystemTimeBias);
    KiShiftAbsoluteTimersLocked((LONG64)(bias - KiSystemTimeBias));
    __atomic_store_n(&KiSystemTimeBias, bias, __ATOMIC_RELAXED);
    KiStoreSystemTime(&SharedUserData->SystemTime, (ULONG64)NewTime.QuadPart);
    KiExitDispatcher(irql);
}

/* ---- The documented interface ---- */
VOID NTAPI KeQuerySystemTime(PLARGE_INTEGER CurrentTime) { CurrentTime->QuadPart = *(volatile LONG64 *)&SharedUserData->SystemTime; }
VOID NTAPI KeQueryTickCount(PLARGE_INTEGER CurrentCount) { CurrentCount->QuadPart = *(volatile LONG64 *)&SharedUserData->TickCount; }
VOID NTAPI KeQuerySystemTimePrecise(PLARGE_INTEGER CurrentTime) { CurrentTime->QuadPart = (LONG64)(KiQueryInterruptTime() + KiSystemTimeBias); }

ULONG64 NTAPI KeQueryInterruptTimePrecise(PULONG64 QpcTimeStamp)
{
    ULONG64 ticks = KiReadTsc() - KeBootTsc;

    *QpcTimeStamp = ticks;
    return KiTicksToTime(ticks);
}

NTSTATUS NTAPI KeQueryAuxiliaryCounterFrequency(PULONG64 AuxiliaryCounterFrequency) { return STATUS_NOT_SUPPORTED; }

NTSTATUS NTAPI KeConvertAuxiliaryCounterToPerformanceCounter(ULONG64 AuxiliaryCounterValue, PULONG64 PerformanceCounterValue,
                                                             PULONG64 ConversionError)
{
    return STATUS_NOT_SUPPORTED;
}

NTSTATUS NTAPI KeConvertPerformanceCounterToAuxiliaryCounter(ULONG64 PerformanceCounterValue, PULONG64 AuxiliaryCounterValue,
                                                             PULONG64 ConversionError)
{
    return STATUS_NOT_SUPPORTED;
}

ULONGLONG NTAPI KeQueryInterruptTime(VOID) { return *(volatile ULONG64 *)&SharedUserData->InterruptTime; }
ULONG NTAPI KeQueryTimeIncrement(VOID) { return HAL_CLOCK_INCREMENT; }

LARGE_INTEGER NTAPI KeQueryPerformanceCounter(PLARGE_INTEGER PerformanceFrequency)
{
    LARGE_INTEGER now;
    if (PerformanceFrequency != NULL)
        PerformanceFrequency->QuadPart = (LONG64)HalTscFrequency();
    now.QuadPart = (LONG64)(KiReadTsc() - KeBootTsc);
    return now;
}

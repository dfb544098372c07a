/* SPDX-License-Identifier: MIT
 * Rates: the TSC and the APIC timer are measured once against the ACPI PM timer (3,579,545 Hz; ACPI 4.8.3.3).
 */
#include "halp.h"

#define PM_TIMER_HZ 3579545ull
#define PM_TIMER_MASK 0xFFFFFFu                  /* 24 bits always work */
#define CALIBRATION_TICKS (PM_TIMER_HZ / 200)    /* 5 ms */
#define APIC_LVT_TIMER 0x320u
#define APIC_TIMER_INITIAL 0x380u
#define APIC_TIMER_CURRENT 0x390u
#define APIC_TIMER_DIVIDE 0x3E0u
#define APIC_MASKED 0x10000u

ULONG64 HalpTscFrequency;
ULONG HalpApicTicksPerClock;

static ULONG HalpReadPmTimer(VOID) { return KiInLong(HalpBoard.PmTimerPort) & PM_TIMER_MASK; }

VOID HalpCalibrate(VOID)
{
    ULONG start, elapsed, apicTicks;
    ULONG64 tsc;

    if (HalpBoard.PmTimerPort == 0)
        HalpFatal("the board has no ACPI PM timer to measure the processor's clocks with");
    HalpApicWrite(APIC_TIMER_DIVIDE, 0xB);
    HalpApicWrite(APIC_LVT_TIMER, APIC_MASKED);
    start = HalpReadPmTimer();
    tsc = KiReadTsc();
    HalpApicWrite(APIC_TIMER_INITIAL, 0xFFFFFFFF);
    do {
        elapsed = (HalpReadPmTimer() - start) & PM_TIMER_MASK;
    } while (elapsed < CALIBRATION_TICKS);
    apicTicks = 0xFFFFFFFF - HalpApicRead(APIC_TIMER_CURRENT);
    tsc = KiReadTsc() - tsc;
    HalpApicWrite(APIC_TIMER_INITIAL, 0);
    HalpTscFrequency = tsc * PM_TIMER_HZ / elapsed;
    HalpApicTicksPerClock = (ULONG)(apicTicks * PM_TIMER_HZ / elapsed / (10000000u / HAL_CLOCK_INCREMENT));
    if (HalpTscFrequency < 1000000 || HalpApicTicksPerClock == 0)
        HalpFatal("the processor's time-stamp counter or APIC timer does not count");
}

ULONG64 HalTscFrequency(VOID) { return HalpTscFrequency; }

VOID NTAPI KeStallExecutionProcessor(ULONG Microseconds)
{
    ULONG64 end = KiReadTsc() + HalpTscFrequency * Microseconds / 1000000;
    while ((LONG64)(KiReadTsc() - end) < 0)
        KiPause();
}

/* SPDX-License-Identifier: MIT
 * The local APIC of each processor (Intel SDM volume 3, chapter 11): xAPIC by memory, x2APIC by MSR where the processor has it.
 * IRQL is the task-priority register, which CR8 reaches; nothing here touches it otherwise. All state is per processor, so there
 * is no lock; the two-step ICR write of xAPIC runs with interrupts off.
 */
#include "halp.h"

#define MSR_APIC_BASE 0x1Bu
#define APIC_BASE_ENABLE 0x800ull
#define APIC_BASE_X2 0x400ull
#define APIC_ID 0x20u
#define APIC_EOI 0xB0u
#define APIC_SPURIOUS 0xF0u
#define APIC_ICR_LOW 0x300u
#define APIC_ICR_HIGH 0x310u
#define APIC_LVT_TIMER 0x320u
#define APIC_LVT_LINT0 0x350u
#define APIC_LVT_LINT1 0x360u
#define APIC_LVT_ERROR 0x370u
#define APIC_TIMER_INITIAL 0x380u
#define APIC_TIMER_DIVIDE 0x3E0u
#define APIC_MASKED 0x10000u
#define APIC_TIMER_PERIODIC 0x20000u
#define APIC_DELIVER_NMI 0x400u
#define APIC_ICR_PENDING 0x1000u
#define APIC_ICR_ASSERT 0x4000u
#define APIC_ICR_SELF 0x40000u

static volatile ULONG *HalpApicRegisters;
static BOOLEAN HalpX2Apic;

ULONG HalpApicRead(ULONG Register)
{
    return HalpX2Apic ? (ULONG)KiReadMsr(0x800 + (Register >> 4)) : HalpApicRegisters[Register / 4];
}

VOID HalpApicWrite(ULONG Register, ULONG Value)
{
    if (HalpX2Apic)
        KiWriteMsr(0x800 + (Register >> 4), Value);
    else
        HalpApicRegisters[Register / 4] = Value;
}

static VOID HalpEnableApic(VOID)
{
    ULONG64 base = KiReadMsr(MSR_APIC_BASE) | APIC_BASE_ENABLE;
    HalpX2Apic = (KiCpuid(1, 0).Ecx & (1u << 21)) != 0;
    if (HalpX2Apic)
        base |= APIC_BASE_X2;
    KiWriteMsr(MSR_APIC_BASE, base);
    if (!HalpX2Apic && HalpApicRegisters == NULL)
        HalpApicRegisters = HalpMapDevice(base & 0xFFFFFFFFFF000ull, PAGE_SIZE, FALSE);
}

VOID HalInitializeLocalApic(VOID)
{
    HalpEnableApic();
    HalpApicWrite(APIC_LVT_TIMER, APIC_MASKED);
    HalpApicWrite(APIC_LVT_LINT0, APIC_MASKED);
    HalpApicWrite(APIC_LVT_LINT1, APIC_DELIVER_NMI);
    HalpApicWrite(APIC_LVT_ERROR, HAL_VECTOR_ERROR);
    HalpApicWrite(APIC_SPURIOUS, 0x100 | HAL_VECTOR_SPURIOUS);
    HalpApicWrite(APIC_EOI, 0);
}

ULONG HalCurrentApicId(VOID)
{
    return HalpX2Apic ? HalpApicRead(APIC_ID) : HalpApicRead(APIC_ID) >> 24;
}

VOID HalEndOfInterrupt(VOID) { HalpApicWrite(APIC_EOI, 0); }

VOID HalRequestSoftwareInterrupt(KIRQL Irql)
{
    ULONG vector = Irql == APC_LEVEL ? HAL_VECTOR_APC : HAL_VECTOR_DISPATCH;
    if (HalpX2Apic)
        KiWriteMsr(0x83F, vector);               /* SELF IPI */
    else
        HalpApicWrite(APIC_ICR_LOW, APIC_ICR_SELF | APIC_ICR_ASSERT | vector);
}

static VOID HalpSendIpi(ULONG ApicId, ULONG Command)
{
    BOOLEAN enabled;
    if (HalpX2Apic) {
        KiWriteMsr(0x830, (ULONG64)ApicId << 32 | Command);
        return;
    }
    enabled = KiSaveAndDisableInterrupts();
    while (HalpApicRead(APIC_ICR_LOW) & APIC_ICR_PENDING)
        KiPause();
    HalpApicWrite(APIC_ICR_HIGH, ApicId << 24);
    HalpApicWrite(APIC_ICR_LOW, Command);
    KiRestoreInterrupts(enabled);
}

VOID HalSendInterrupt(ULONG ApicId, UCHAR Vector) { HalpSendIpi(ApicId, APIC_ICR_ASSERT | Vector); }
VOID HalSendNmi(ULONG ApicId) { HalpSendIpi(ApicId, APIC_ICR_ASSERT | APIC_DELIVER_NMI); }
VOID HalpSendInit(ULONG ApicId) { HalpSendIpi(ApicId, APIC_ICR_ASSERT | 0x500); }
VOID HalpSendStartup(ULONG ApicId, ULONG Page) { HalpSendIpi(ApicId, APIC_ICR_ASSERT | 0x600 | Page); }

VOID HalStartClock(VOID)
{
    HalpApicWrite(APIC_TIMER_DIVIDE, 0xB);       /* by 1 */
    HalpApicWrite(APIC_LVT_TIMER, APIC_TIMER_PERIODIC | HAL_VECTOR_CLOCK);
    HalpApicWrite(APIC_TIMER_INITIAL, HalpApicTicksPerClock);
}

VOID HalStopClock(VOID)
{
    HalpApicWrite(APIC_LVT_TIMER, APIC_MASKED);
    HalpApicWrite(APIC_TIMER_INITIAL, 0);
}

/* SPDX-License-Identifier: MIT
 * IOAPICs (82093AA datasheet): every line masked at start, then routed one by one. The index and data registers are a pair, so
 * HalpIoApicLock guards them; it is the innermost lock and held with interrupts off.
 */
#include "halp.h"

#define IOAPIC_VERSION 1u
#define IOAPIC_TABLE 0x10u
#define IOAPIC_MASKED 0x10000u
#define IOAPIC_LEVEL 0x8000u
#define IOAPIC_LOW 0x2000u

static volatile LONG HalpIoApicLock;

static BOOLEAN HalpLockIoApic(VOID)
{
    BOOLEAN enabled = KiSaveAndDisableInterrupts();
    while (InterlockedExchange(&HalpIoApicLock, 1) != 0)
        KiPause();
    return enabled;
}

static VOID HalpUnlockIoApic(BOOLEAN Enabled)
{
    InterlockedExchange(&HalpIoApicLock, 0);
    KiRestoreInterrupts(Enabled);
}

static ULONG HalpIoApicRead(struct HALP_IO_APIC *Apic, ULONG Register)
{
    Apic->Registers[0] = Register;
    return Apic->Registers[4];
}

static VOID HalpIoApicWrite(struct HALP_IO_APIC *Apic, ULONG Register, ULONG Value)
{
    Apic->Registers[0] = Register;
    Apic->Registers[4] = Value;
}

static struct HALP_IO_APIC *HalpApicOfLine(ULONG Gsi)
{
    ULONG i;
    for (i = 0; i < HalpBoard.IoApicCount; i++) {
        struct HALP_IO_APIC *apic = &HalpBoard.IoApics[i];
        if (Gsi >= apic->FirstGsi && Gsi - apic->FirstGsi < apic->LineCount)
            return apic;
    }
    return NULL;
}

VOID HalpInitializeIoApics(VOID)
{
    ULONG i, line;
    for (i = 0; i < HalpBoard.IoApicCount; i++) {
        struct HALP_IO_APIC *apic = &HalpBoard.IoApics[i];
        apic->Registers = HalpMapDevice(apic->Physical, PAGE_SIZE, FALSE);
        apic->LineCount = ((HalpIoApicRead(apic, IOAPIC_VERSION) >> 16) & 0xFF) + 1;
        for (line = 0; line < apic->LineCount; line++) {
            HalpIoApicWrite(apic, IOAPIC_TABLE + 2 * line, IOAPIC_MASKED);
            HalpIoApicWrite(apic, IOAPIC_TABLE + 2 * line + 1, 0);
        }
    }
}

ULONG HalInterruptLineCount(VOID)
{
    ULONG i, end = 0;
    for (i = 0; i < HalpBoard.IoApicCount; i++)
        end = max(end, HalpBoard.IoApics[i].FirstGsi + HalpBoard.IoApics[i].LineCount);
    return end;
}

VOID HalEnableInterruptLine(ULONG Gsi, UCHAR Vector, ULONG ApicId, BOOLEAN LevelTriggered, BOOLEAN ActiveLow)
{
    struct HALP_IO_APIC *apic = HalpApicOfLine(Gsi);
    ULONG line, low = Vector | (LevelTriggered ? IOAPIC_LEVEL : 0) | (ActiveLow ? IOAPIC_LOW : 0);
    BOOLEAN enabled;

    if (apic == NULL)
        return;
    line = Gsi - apic->FirstGsi;
    enabled = HalpLockIoApic();
    HalpIoApicWrite(apic, IOAPIC_TABLE + 2 * line + 1, ApicId << 24);
    HalpIoApicWrite(apic, IOAPIC_TABLE + 2 * line, low);
    HalpUnlockIoApic(enabled);
}

VOID HalDisableInterruptLine(ULONG Gsi)
{
    struct HALP_IO_APIC *apic = HalpApicOfLine(Gsi);
    BOOLEAN enabled;

    if (apic == NULL)
        return;
    enabled = HalpLockIoApic();
    HalpIoApicWrite(apic, IOAPIC_TABLE + 2 * (Gsi - apic->FirstGsi), IOAPIC_MASKED);
    HalpUnlockIoApic(enabled);
}

/* SPDX-License-Identifier: MIT
 * Which vector a device's interrupt line has. Lines and vectors correspond one to one, from HALP_FIRST_LINE_VECTOR on, so the upper
 * four bits spread the lines over the device IRQLs.
 */
#include "halp.h"

#define HALP_FIRST_LINE_VECTOR 0x50u

ULONG HalVectorOfLine(ULONG Gsi)
{
    return Gsi < HalInterruptLineCount() && Gsi <= HAL_VECTOR_DEVICE_LAST - HALP_FIRST_LINE_VECTOR ? HALP_FIRST_LINE_VECTOR + Gsi : 0;
}

BOOLEAN HalpIsLineVector(ULONG Vector)
{
    return Vector >= HALP_FIRST_LINE_VECTOR && HalVectorOfLine(Vector - HALP_FIRST_LINE_VECTOR) != 0;
}

/* An ISA line may be active low against the custom; others are active low when level-triggered (ACPI, "Interrupt Source Override"). */
static BOOLEAN HalpIsActiveLow(ULONG Gsi, BOOLEAN LevelTriggered)
{
    ULONG irq;
    for (irq = 0; irq < 16; irq++) {
        BOOLEAN level, low;
        if (HalIsaToGsi(irq, &level, &low) == Gsi)
            return low;
    }
    return LevelTriggered;
}

VOID HalEnableVector(ULONG Vector, ULONG ApicId, BOOLEAN LevelTriggered)
{
    ULONG line = Vector - HALP_FIRST_LINE_VECTOR;
    if (HalpIsLineVector(Vector))
        HalEnableInterruptLine(line, (UCHAR)Vector, ApicId, LevelTriggered, HalpIsActiveLow(line, LevelTriggered));
}

VOID HalDisableVector(ULONG Vector)
{
    if (HalpIsLineVector(Vector))
        HalDisableInterruptLine(Vector - HALP_FIRST_LINE_VECTOR);
}

/* The legacy question: an ISA interrupt by its number, a PCI interrupt by its line. */
ULONG NTAPI HalGetInterruptVector(INTERFACE_TYPE InterfaceType, ULONG BusNumber, ULONG BusInterruptLevel, ULONG BusInterruptVector,
                                  PKIRQL Irql, PKAFFINITY Affinity)
{
    BOOLEAN level, low;
    ULONG line = InterfaceType == Isa && BusInterruptLevel < 16 ? HalIsaToGsi(BusInterruptLevel, &level, &low) : BusInterruptLevel;
    ULONG vector = HalVectorOfLine(line);

    *Irql = (KIRQL)(vector >> 4);
    *Affinity = vector != 0 ? ((KAFFINITY)1 << HalProcessorCount()) - 1 : 0;
    return vector;
}

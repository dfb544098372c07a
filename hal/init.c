/* SPDX-License-Identifier: MIT
 * The HAL's boot order.
 */
#include "halp.h"

static ULONG64 HalpSystemTime;

VOID HalInitializePhase0(const LOADER_BLOCK *Block)
{
    HalpInitializeAcpi(Block->AcpiRootPhysical);
    HalpReadAcpiTables();
    HalInitializeLocalApic();
    HalpCalibrate();
    HalpInitializeIoApics();
    HalpInitializePci();
    HalpSystemTime = Block->BootTime != 0 ? Block->BootTime : HalpReadCmosTime();
}

ULONG64 HalSystemTimeAtStart(VOID) { return HalpSystemTime; }

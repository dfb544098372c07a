/* SPDX-License-Identifier: MIT
 * Hyperspace: one page slot for each processor through which any page of RAM can be seen for a moment. Used at DISPATCH_LEVEL, so
 * the slot has one user at a time and only its own processor's TLB knows it.
 */
#include "mi.h"

BOOLEAN MiHyperSpaceIsReady;                     /* I once the boot is past it */

VOID MiInitializeHyperSpace(VOID)
{
    if (!MiEnsureTables(MI_HYPER_SPACE))
        KeBugCheckEx(INSTALL_MORE_MEMORY, 4, 0, 0, 0);
    MiHyperSpaceIsReady = TRUE;
}

PVOID MiMapInHyperSpace(PFN_NUMBER Page, PKIRQL OldIrql)
{
    ULONG64 slot;
    KIRQL old = KeIrql();

    if (old < DISPATCH_LEVEL)
        KiWriteCr8(DISPATCH_LEVEL);
    *OldIrql = old;
    slot = MI_HYPER_SPACE + ((ULONG64)KeProcessorNumber() << PAGE_SHIFT);
    ASSERT(*MiAddressToPte(slot) == 0);
    MiWritePte(slot, Page, MI_KERNEL_DATA & ~MI_PTE_GLOBAL);
    KiInvalidatePage(slot);
    return (PVOID)slot;
}

VOID MiUnmapHyperSpace(KIRQL OldIrql)
{
    ULONG64 slot = MI_HYPER_SPACE + ((ULONG64)KeProcessorNumber() << PAGE_SHIFT);
    *MiAddressToPte(slot) = 0;
    if (OldIrql < DISPATCH_LEVEL)
        KiWriteCr8(OldIrql);
}

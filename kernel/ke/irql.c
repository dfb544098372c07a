/* SPDX-License-Identifier: MIT
 * IRQL is CR8. Lowering it delivers what was asked for meanwhile by itself: software interrupts wait in the local APIC.
 */
#include "ki.h"


KIRQL NTAPI KeGetCurrentIrql(VOID) { return KeIrql(); }

VOID NTAPI KeLowerIrql(KIRQL NewIrql)
{
    ASSERT(NewIrql <= KeIrql());
    KiWriteCr8(NewIrql);
}

KIRQL NTAPI KfRaiseIrql(KIRQL NewIrql)
{
    KIRQL old = KeIrql();
    ASSERT(NewIrql >= old);
    KiWriteCr8(NewIrql);
    return old;
}

KIRQL NTAPI KeRaiseIrqlToDpcLevel(VOID) { return KfRaiseIrql(DISPATCH_LEVEL); }
KIRQL NTAPI KeRaiseIrqlToSynchLevel(VOID) { return KfRaiseIrql(SYNCH_LEVEL); }

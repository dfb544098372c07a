/* SPDX-License-Identifier: MIT
 * Interrupts: raising to the vector's IRQL, finding who wants it, and leaving again. The end-of-interrupt comes before anything
 * that could switch threads.
 */
#include "ki.h"

typedef VOID KI_VECTOR_ROUTINE(PKTRAP_FRAME Trap);

static VOID KiIpiVector(PKTRAP_FRAME Trap)
{
    (void)Trap;
    HalEndOfInterrupt();
    KiIpiInterrupt();
}

static VOID KiClockVector(PKTRAP_FRAME Trap)
{
    HalEndOfInterrupt();
    KiClockInterrupt(Trap);
}

static VOID KiDispatchVector(PKTRAP_FRAME Trap)
{
    (void)Trap;
    HalEndOfInterrupt();
    KiEnableInterrupts();
    KiDispatchInterrupt();
    KiDisableInterrupts();
}

static VOID KiApcVector(PKTRAP_FRAME Trap)
{
    (void)Trap;
    HalEndOfInterrupt();
    KiEnableInterrupts();
    KiDeliverKernelApcs();
    KiDisableInterrupts();
}

static KI_VECTOR_ROUTINE *KiRoutineOfVector(ULONG Vector)
{
    switch (Vector) {
    case HAL_VECTOR_APC: return KiApcVector;
    case HAL_VECTOR_DISPATCH: return KiDispatchVector;
    case HAL_VECTOR_CLOCK: return KiClockVector;
    case HAL_VECTOR_IPI: return KiIpiVector;
    default: return NULL;
    }
}

/* Interrupts are off, as the gate left them. */
VOID KiDispatchInterruptVector(PKTRAP_FRAME Trap, ULONG Vector)
{
    KIRQL old = KeIrql();
    KI_VECTOR_ROUTINE *routine = KiRoutineOfVector(Vector);

    Trap->PreviousMode = (CHAR)(Trap->SegCs & 1);
    Trap->PreviousIrql = old;
    KeGetCurrentPrcb()->InterruptCount++;
    if (Vector == HAL_VECTOR_SPURIOUS)
        return;                                  /* no end-of-interrupt for it (Intel SDM volume 3, 11.9) */
    if (routine == NULL)
        KeBugCheckEx(UNEXPECTED_KERNEL_MODE_TRAP, Vector, 0, 0, Trap->Rip);
    KiWriteCr8(Vector >> 4);
    routine(Trap);
    KiWriteCr8(old);
}

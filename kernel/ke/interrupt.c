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

/* The end-of-interrupt comes last: a level-triggered line is still raised until its service routine has run. A vector without
 * routines is one that was disconnected while its interrupt was under way. */
static VOID KiDeviceVector(PKTRAP_FRAME Trap, ULONG Vector)
{
    if (Vector < HAL_VECTOR_DEVICE_FIRST || Vector > HAL_VECTOR_DEVICE_LAST)
        KeBugCheckEx(UNEXPECTED_KERNEL_MODE_TRAP, Vector, 0, 0, Trap->Rip);
    KiEnableInterrupts();
    KiServiceVector(Vector);
    KiDisableInterrupts();
    HalEndOfInterrupt();
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
    KiWriteCr8(Vector >> 4);
    if (routine != NULL)
        routine(Trap);
    else
        KiDeviceVector(Trap, Vector);
    KiWriteCr8(old);
}

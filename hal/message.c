/* SPDX-License-Identifier: MIT
 * Message-signalled interrupts (Intel SDM volume 3, 11.11): the device vectors that no line has, given out one by one or in aligned
 * blocks, and what a device has to write where so that a vector reaches a processor.
 */
#include "halp.h"

#define HALP_VECTOR_COUNT (HAL_VECTOR_DEVICE_LAST - HAL_VECTOR_DEVICE_FIRST + 1)

static volatile LONG HalpMessageLock;
static BOOLEAN HalpMessageTaken[HALP_VECTOR_COUNT];      /* HalpMessageLock */

static BOOLEAN HalpLockMessages(VOID)
{
    BOOLEAN enabled = KiSaveAndDisableInterrupts();
    while (InterlockedExchange(&HalpMessageLock, 1) != 0)
        KiPause();
    return enabled;
}

static VOID HalpUnlockMessages(BOOLEAN Enabled)
{
    InterlockedExchange(&HalpMessageLock, 0);
    KiRestoreInterrupts(Enabled);
}

static BOOLEAN HalpIsVectorFree(ULONG Vector)
{
    return !HalpMessageTaken[Vector - HAL_VECTOR_DEVICE_FIRST] && !HalpIsLineVector(Vector);
}

static BOOLEAN HalpIsBlockFree(ULONG First, ULONG Count)
{
    ULONG i;
    for (i = 0; i < Count; i++)
        if (!HalpIsVectorFree(First + i))
            return FALSE;
    return TRUE;
}

/* A block lies in one group of 16 vectors, so that all of it has one IRQL. */
ULONG HalAllocateMessageVectors(ULONG Count)
{
    ULONG vector, found = 0, i;
    BOOLEAN enabled;

    if (Count == 0 || Count > 16 || (Count & (Count - 1)) != 0)
        return 0;
    enabled = HalpLockMessages();
    for (vector = HAL_VECTOR_DEVICE_LAST + 1 - Count; vector >= HAL_VECTOR_DEVICE_FIRST && found == 0; vector -= Count)
        if (HalpIsBlockFree(vector, Count))
            found = vector;
    for (i = 0; found != 0 && i < Count; i++)
        HalpMessageTaken[found - HAL_VECTOR_DEVICE_FIRST + i] = TRUE;
    HalpUnlockMessages(enabled);
    return found;
}

VOID HalFreeMessageVector(ULONG Vector)
{
    BOOLEAN enabled = HalpLockMessages();
    HalpMessageTaken[Vector - HAL_VECTOR_DEVICE_FIRST] = FALSE;
    HalpUnlockMessages(enabled);
}

/* To one processor by its physical identifier, fixed delivery, an edge. */
VOID HalGetMessage(ULONG Vector, ULONG Processor, PULONG64 Address, PULONG Data)
{
    *Address = 0xFEE00000u | (ULONG64)HalProcessorApicId(Processor) << 12;
    *Data = Vector;
}

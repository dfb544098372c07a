/* SPDX-License-Identifier: MIT
 * Connecting drivers' service routines to interrupts.
 */
#include "iop.h"
#include "ke.h"
#include "hal.h"

#define IOP_INTERRUPT_TAG 'nIoI'

static ULONG IopFirstProcessor(KAFFINITY Affinity)
{
    KAFFINITY usable = Affinity & KeQueryActiveProcessors();
    return usable != 0 ? (ULONG)__builtin_ctzll(usable) : MAXULONG;
}

static BOOLEAN IopIsDeviceVector(ULONG Vector, KIRQL Irql, KIRQL SynchronizeIrql)
{
    return Vector >= HAL_VECTOR_DEVICE_FIRST && Vector <= HAL_VECTOR_DEVICE_LAST && Irql == Vector >> 4 && SynchronizeIrql >= Irql
           && SynchronizeIrql < CLOCK_LEVEL;
}

NTSTATUS NTAPI IoConnectInterrupt(PKINTERRUPT *InterruptObject, PKSERVICE_ROUTINE ServiceRoutine, PVOID ServiceContext,
                                  PKSPIN_LOCK SpinLock, ULONG Vector, KIRQL Irql, KIRQL SynchronizeIrql,
                                  KINTERRUPT_MODE InterruptMode, BOOLEAN ShareVector, KAFFINITY ProcessorEnableMask,
                                  BOOLEAN FloatingSave)
{
    KE_INTERRUPT_PARAMETERS parameters = { .Routine = ServiceRoutine, .Context = ServiceContext, .Lock = SpinLock, .Vector = Vector,
                                           .SynchronizeIrql = SynchronizeIrql, .Mode = InterruptMode, .Share = ShareVector,
                                           .Processor = IopFirstProcessor(ProcessorEnableMask) };
    PKINTERRUPT interrupt;

    *InterruptObject = NULL;
    if (parameters.Processor == MAXULONG || !IopIsDeviceVector(Vector, Irql, SynchronizeIrql))
        return STATUS_INVALID_PARAMETER;
    interrupt = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*interrupt), IOP_INTERRUPT_TAG);
    if (interrupt == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    KeInitializeInterrupt(interrupt, &parameters);
    *InterruptObject = interrupt;                /* the service routine may run before this returns */
    if (!KeConnectInterrupt(interrupt)) {
        *InterruptObject = NULL;
        ExFreePoolWithTag(interrupt, IOP_INTERRUPT_TAG);
        return STATUS_INVALID_PARAMETER;
    }
    return STATUS_SUCCESS;
}

VOID NTAPI IoDisconnectInterrupt(PKINTERRUPT InterruptObject)
{
    KeDisconnectInterrupt(InterruptObject);
    ExFreePoolWithTag(InterruptObject, IOP_INTERRUPT_TAG);
}

/* The processor that the line is routed to. */
NTSTATUS NTAPI IoGetAffinityInterrupt(PKINTERRUPT InterruptObject, PGROUP_AFFINITY GroupAffinity)
{
    GROUP_AFFINITY affinity = { 0 };

    if (InterruptObject == NULL || !KeIsInterruptConnected(InterruptObject))
        return STATUS_INVALID_PARAMETER;
    affinity.Mask = (KAFFINITY)1 << InterruptObject->Number;
    *GroupAffinity = affinity;
    return STATUS_SUCCESS;
}

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

/* No device of Petrel has interrupt resources assigned, so line- and message-based requests find none. */
NTSTATUS NTAPI IoConnectInterruptEx(PIO_CONNECT_INTERRUPT_PARAMETERS Parameters)
{
    PIO_CONNECT_INTERRUPT_FULLY_SPECIFIED_PARAMETERS full = &Parameters->FullySpecified;

    switch (Parameters->Version) {
    case CONNECT_FULLY_SPECIFIED_GROUP:
        if (full->Group != 0)
            return STATUS_INVALID_PARAMETER;
        __attribute__((fallthrough));
    case CONNECT_FULLY_SPECIFIED:
        return IoConnectInterrupt(full->InterruptObject, full->ServiceRoutine, full->ServiceContext, full->SpinLock, full->Vector,
                                  full->Irql, full->SynchronizeIrql, full->InterruptMode, full->ShareVector,
                                  full->ProcessorEnableMask, full->FloatingSave);
    case CONNECT_LINE_BASED:
    case CONNECT_MESSAGE_BASED:
        return STATUS_NOT_FOUND;
    default:                                     /* says what is the newest that would do */
        Parameters->Version = CONNECT_FULLY_SPECIFIED_GROUP;
        return STATUS_NOT_SUPPORTED;
    }
}

VOID NTAPI IoDisconnectInterruptEx(PIO_DISCONNECT_INTERRUPT_PARAMETERS Parameters)
{
    IoDisconnectInterrupt(Parameters->ConnectionContext.InterruptObject);
}

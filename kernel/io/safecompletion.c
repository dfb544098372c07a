/* SPDX-License-Identifier: MIT
 * Completion routines that keep their driver in memory. A record stands between the packet and the driver's routine: it
 * references the device, and through it the driver, until the routine has returned.
 */
#include "iop.h"

typedef struct IOP_SAFE_COMPLETION {
    PDEVICE_OBJECT Device;                       /* referenced */
    PIO_COMPLETION_ROUTINE Routine;
    PVOID Context;
    BOOLEAN OnSuccess, OnError, OnCancel;
} IOP_SAFE_COMPLETION;

static NTSTATUS NTAPI IopSafeCompletion(PDEVICE_OBJECT Device, PIRP Irp, PVOID Context)
{
    IOP_SAFE_COMPLETION record = *(IOP_SAFE_COMPLETION *)Context;
    BOOLEAN wanted = (NT_SUCCESS(Irp->IoStatus.Status) ? record.OnSuccess : record.OnError) || (Irp->Cancel && record.OnCancel);
    NTSTATUS status = STATUS_CONTINUE_COMPLETION;

    ExFreePoolWithTag(Context, 'cSoI');
    if (wanted)
        status = record.Routine(Device, Irp, record.Context);
    else if (Irp->PendingReturned && Irp->CurrentLocation <= Irp->StackCount)
        IoMarkIrpPending(Irp);
    ObfDereferenceObject(record.Device);
    return status;
}

NTSTATUS NTAPI IoSetCompletionRoutineEx(PDEVICE_OBJECT DeviceObject, PIRP Irp, PIO_COMPLETION_ROUTINE CompletionRoutine,
                                        PVOID Context, BOOLEAN InvokeOnSuccess, BOOLEAN InvokeOnError, BOOLEAN InvokeOnCancel)
{
    IOP_SAFE_COMPLETION *record = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*record), 'cSoI');

    if (record == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    ObfReferenceObject(DeviceObject);
    record->Device = DeviceObject;
    record->Routine = CompletionRoutine;
    record->Context = Context;
    record->OnSuccess = InvokeOnSuccess;
    record->OnError = InvokeOnError;
    record->OnCancel = InvokeOnCancel;
    IoSetCompletionRoutine(Irp, IopSafeCompletion, record, TRUE, TRUE, TRUE);
    return STATUS_SUCCESS;
}

/* SPDX-License-Identifier: MIT
 * Power requests that drivers ask for: a packet to the top of the device's stack, and a routine when it has come back.
 */
#include "iop.h"

typedef struct IOP_POWER_REQUEST {
    WORK_QUEUE_ITEM Work;
    PIRP Irp;
    PDEVICE_OBJECT Device;                       /* referenced: what the driver named */
    PDEVICE_OBJECT Top;                          /* referenced: where the packet goes */
    UCHAR Minor;
    POWER_STATE State;
    PREQUEST_POWER_COMPLETE Completion;          /* or NULL */
    PVOID Context;
} IOP_POWER_REQUEST;

static NTSTATUS NTAPI IopCompletePower(PDEVICE_OBJECT Ignored, PIRP Irp, PVOID Context)
{
    IOP_POWER_REQUEST *request = Context;
    IO_STATUS_BLOCK result = Irp->IoStatus;

    if (request->Completion != NULL)
        request->Completion(request->Device, request->Minor, request->State, request->Context, &result);
    IoFreeIrp(Irp);
    ObfDereferenceObject(request->Top);
    ObfDereferenceObject(request->Device);
    ExFreePoolWithTag(request, 'wPoI');
    return STATUS_MORE_PROCESSING_REQUIRED;
}

static PIRP IopMakePowerIrp(IOP_POWER_REQUEST *Request)
{
    PIRP irp = IoAllocateIrp(Request->Top->StackSize, FALSE);
    PIO_STACK_LOCATION location;

    if (irp == NULL)
        return NULL;
    irp->IoStatus.Status = STATUS_NOT_SUPPORTED;
    location = IoGetNextIrpStackLocation(irp);
    location->MajorFunction = IRP_MJ_POWER;
    location->MinorFunction = Request->Minor;
    if (Request->Minor == IRP_MN_WAIT_WAKE) {
        location->Parameters.WaitWake.PowerState = Request->State.SystemState;
    } else {
        location->Parameters.Power.Type = DevicePowerState;
        location->Parameters.Power.State = Request->State;
    }
    IoSetCompletionRoutine(irp, IopCompletePower, Request, TRUE, TRUE, TRUE);
    return irp;
}

static VOID NTAPI IopSendPower(PVOID Context)
{
    IOP_POWER_REQUEST *request = Context;
    IofCallDriver(request->Top, request->Irp);
}

/* A pagable stack is called at PASSIVE_LEVEL only, as its drivers asked for with DO_POWER_PAGABLE. */
static VOID IopStartPower(IOP_POWER_REQUEST *Request)
{
    if (KeIrql() == PASSIVE_LEVEL || !(Request->Top->Flags & DO_POWER_PAGABLE)) {
        IopSendPower(Request);
        return;
    }
    ExInitializeWorkItem(&Request->Work, IopSendPower, Request);
    ExQueueWorkItem(&Request->Work, DelayedWorkQueue);
}

NTSTATUS NTAPI PoRequestPowerIrp(PDEVICE_OBJECT DeviceObject, UCHAR MinorFunction, POWER_STATE PowerState,
                                 PREQUEST_POWER_COMPLETE CompletionFunction, PVOID Context, PIRP *Irp)
{
    IOP_POWER_REQUEST *request;

    if (MinorFunction != IRP_MN_QUERY_POWER && MinorFunction != IRP_MN_SET_POWER && MinorFunction != IRP_MN_WAIT_WAKE)
        return STATUS_INVALID_PARAMETER_2;
    request = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*request), 'wPoI');
    if (request == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(request, sizeof(*request));
    request->Device = DeviceObject;
    request->Top = IoGetAttachedDeviceReference(DeviceObject);
    request->Minor = MinorFunction;
    request->State = PowerState;
    request->Completion = CompletionFunction;
    request->Context = Context;
    request->Irp = IopMakePowerIrp(request);
    if (request->Irp == NULL) {
        ObfDereferenceObject(request->Top);
        ExFreePoolWithTag(request, 'wPoI');
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    ObfReferenceObject(DeviceObject);
    if (Irp != NULL)
        *Irp = request->Irp;                     /* before it can be gone */
    IopStartPower(request);
    return STATUS_PENDING;
}

/* SPDX-License-Identifier: MIT
 * Requests that the system sends for itself and waits for, and a driver's packet that it sends on and waits for.
 */
#include "iop.h"

/* The last word is the packet's, whatever the dispatch routine returned. */
VOID IopSendForWaiter(PDEVICE_OBJECT Device, PIRP Irp, PIO_STATUS_BLOCK Result)
{
    volatile BOOLEAN ended = FALSE;
    KEVENT done;

    KeInitializeEvent(&done, NotificationEvent, FALSE);
    Irp->AllocationFlags |= IOP_IRP_TELLS_SENDER;
    Irp->Overlay.AsynchronousParameters.UserApcContext = (PVOID)&ended;
    Irp->Flags = IRP_SYNCHRONOUS_API | IRP_CLOSE_OPERATION;
    Irp->RequestorMode = KernelMode;
    Irp->Tail.Overlay.Thread = PsCurrentThread();
    Irp->UserIosb = Result;
    Irp->UserEvent = &done;
    IofCallDriver(Device, Irp);
    if (!ended)
        KeWaitForSingleObject(&done, Executive, KernelMode, FALSE, NULL);
}

NTSTATUS IopSendAndWait(PDEVICE_OBJECT Device, PFILE_OBJECT File, UCHAR Major, BOOLEAN Must)
{
    LARGE_INTEGER shortly = { .QuadPart = -100000 };
    IO_STATUS_BLOCK result;
    PIO_STACK_LOCATION location;
    PIRP irp;

    while ((irp = IoAllocateIrp(Device->StackSize, FALSE)) == NULL) {
        if (!Must)
            return STATUS_INSUFFICIENT_RESOURCES;
        KeDelayExecutionThread(KernelMode, FALSE, &shortly);
    }
    irp->Tail.Overlay.OriginalFileObject = File;
    location = IoGetNextIrpStackLocation(irp);
    location->MajorFunction = Major;
    location->FileObject = File;
    IopSendForWaiter(Device, irp, &result);
    return result.Status;
}

NTSTATUS IoSendLocationAndWait(PDEVICE_OBJECT Device, const IO_STACK_LOCATION *Location, PIO_STATUS_BLOCK Result)
{
    PIRP irp = IoAllocateIrp(Device->StackSize, FALSE);
    PIO_STACK_LOCATION location;

    if (irp == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    irp->IoStatus = *Result;
    location = IoGetNextIrpStackLocation(irp);
    location->MajorFunction = Location->MajorFunction;
    location->MinorFunction = Location->MinorFunction;
    location->Flags = Location->Flags;
    location->FileObject = irp->Tail.Overlay.OriginalFileObject = Location->FileObject;
    location->Parameters = Location->Parameters;
    IopSendForWaiter(Device, irp, Result);
    return Result->Status;
}

static NTSTATUS NTAPI IopWakeForwarder(PDEVICE_OBJECT Device, PIRP Irp, PVOID Context)
{
    KeSetEvent(Context, IO_NO_INCREMENT, FALSE);
    return STATUS_MORE_PROCESSING_REQUIRED;
}

BOOLEAN NTAPI IoForwardIrpSynchronously(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    KEVENT done;

    if (Irp->CurrentLocation <= 1)               /* nobody made room for the device below */
        return FALSE;
    KeInitializeEvent(&done, NotificationEvent, FALSE);
    IoCopyCurrentIrpStackLocationToNext(Irp);
    IoSetCompletionRoutine(Irp, IopWakeForwarder, &done, TRUE, TRUE, TRUE);
    if (IofCallDriver(DeviceObject, Irp) == STATUS_PENDING)
        KeWaitForSingleObject(&done, Executive, KernelMode, FALSE, NULL);
    return TRUE;
}

/* SPDX-License-Identifier: MIT
 * StartIo: one request at a time for a device; the others wait in its device queue.
 *
 * Cancelable requests: the cancel lock is held while a request goes from the queue to CurrentIrp, so that a cancel routine sees it
 * in one of the two places.
 *
 * Deferred StartIo (IoSetStartIoAttributes): the driver's routine is not entered twice. StartIoCount, under IopDatabaseLock, is zero
 * while nobody is inside, else one for who is and one for each IoStartNextPacket since, which he makes up for on his return. Whether
 * the queue is busy changes under the same lock, so that a queue that is not busy has nobody inside.
 */
#include "iop.h"

/* IO_DEVOBJ_EXTENSION.StartIoFlags */
#define IOP_STARTIO_DEFERRED 0x1u                /* I attributes */
#define IOP_STARTIO_NONCANCELABLE 0x2u           /* I */
#define IOP_STARTIO_BY_KEY 0x4u                  /* IopDatabaseLock what the last postponed call asked for */
#define IOP_STARTIO_CANCELABLE 0x8u

typedef struct IOP_NEXT {                        /* what a call asks for */
    BOOLEAN Cancelable, ByKey;
    ULONG Key;
} IOP_NEXT;

VOID NTAPI IoSetStartIoAttributes(PDEVICE_OBJECT DeviceObject, BOOLEAN DeferredStartIo, BOOLEAN NonCancelable)
{
    IoDeviceExtension(DeviceObject)->StartIoFlags =
        (DeferredStartIo ? IOP_STARTIO_DEFERRED : 0) | (NonCancelable ? IOP_STARTIO_NONCANCELABLE : 0);
}

static BOOLEAN IopIsDeferred(PDEVICE_OBJECT Device) { return (IoDeviceExtension(Device)->StartIoFlags & IOP_STARTIO_DEFERRED) != 0; }

/* ---- In and out of the queue ---- */
/* TRUE: the request waits. FALSE: it is the device's current one now and, when StartIo is deferred, the caller is inside. */
static BOOLEAN IopQueuePacket(PDEVICE_OBJECT Device, PIRP Irp, PULONG Key)
{
    PKDEVICE_QUEUE_ENTRY entry = &Irp->Tail.Overlay.DeviceQueueEntry;
    KIRQL irql = KeLockAcquire(&IopDatabaseLock);
    BOOLEAN queued = Key != NULL ? KeInsertByKeyDeviceQueue(&Device->DeviceQueue, entry, *Key)
                                 : KeInsertDeviceQueue(&Device->DeviceQueue, entry);

    if (!queued)
        IoDeviceExtension(Device)->StartIoCount = 1;
    KeLockRelease(&IopDatabaseLock, irql);
    return queued;
}

/* NULL: there is none, the device is not busy any more and nobody is inside. */
static PKDEVICE_QUEUE_ENTRY IopDequeuePacket(PDEVICE_OBJECT Device, const IOP_NEXT *Next)
{
    PKDEVICE_QUEUE queue = &Device->DeviceQueue;
    PKDEVICE_QUEUE_ENTRY entry = NULL;
    KIRQL irql = KeLockAcquire(&IopDatabaseLock);

    if (queue->Busy)                             /* else the driver asks for what cannot be there */
        entry = Next->ByKey ? KeRemoveByKeyDeviceQueue(queue, Next->Key) : KeRemoveDeviceQueue(queue);
    if (entry == NULL)
        IoDeviceExtension(Device)->StartIoCount = 0;
    KeLockRelease(&IopDatabaseLock, irql);
    return entry;
}

/* From now on CurrentIrp; NULL for none. The cancel lock is held when the request is cancelable. */
static VOID IopMakeCurrent(PDEVICE_OBJECT Device, PIRP Irp)
{
    Device->CurrentIrp = Irp;
    if (Irp != NULL && (IoDeviceExtension(Device)->StartIoFlags & IOP_STARTIO_NONCANCELABLE))
        (void)IoSetCancelRoutine(Irp, NULL);
}

static PIRP IopTakePacket(PDEVICE_OBJECT Device, const IOP_NEXT *Next)
{
    PKDEVICE_QUEUE_ENTRY entry;
    PIRP irp;
    KIRQL irql = DISPATCH_LEVEL;

    if (Next->Cancelable)
        IoAcquireCancelSpinLock(&irql);
    Device->CurrentIrp = NULL;                   /* before the device may be found idle and given another */
    entry = IopDequeuePacket(Device, Next);
    irp = entry != NULL ? CONTAINING_RECORD(entry, IRP, Tail.Overlay.DeviceQueueEntry) : NULL;
    if (irp != NULL)
        IopMakeCurrent(Device, irp);
    if (Next->Cancelable)
        IoReleaseCancelSpinLock(irql);
    return irp;
}

/* ---- Inside and outside ---- */
/* TRUE: the caller is inside. FALSE: somebody is, and will do it when he leaves. */
static BOOLEAN IopEnterStartIo(PDEVICE_OBJECT Device, const IOP_NEXT *Next)
{
    IO_DEVOBJ_EXTENSION *extension = IoDeviceExtension(Device);
    KIRQL irql = KeLockAcquire(&IopDatabaseLock);
    BOOLEAN entered = extension->StartIoCount++ == 0;

    if (!entered) {
        extension->StartIoFlags &= ~(IOP_STARTIO_BY_KEY | IOP_STARTIO_CANCELABLE);
        extension->StartIoFlags |= (Next->ByKey ? IOP_STARTIO_BY_KEY : 0) | (Next->Cancelable ? IOP_STARTIO_CANCELABLE : 0);
        extension->StartIoKey = (LONG)Next->Key;
    }
    KeLockRelease(&IopDatabaseLock, irql);
    return entered;
}

/* TRUE: *Next was postponed, and the caller is still inside. */
static BOOLEAN IopLeaveStartIo(PDEVICE_OBJECT Device, IOP_NEXT *Next)
{
    IO_DEVOBJ_EXTENSION *extension = IoDeviceExtension(Device);
    KIRQL irql = KeLockAcquire(&IopDatabaseLock);
    BOOLEAN postponed = --extension->StartIoCount > 0;

    Next->Cancelable = (extension->StartIoFlags & IOP_STARTIO_CANCELABLE) != 0;
    Next->ByKey = (extension->StartIoFlags & IOP_STARTIO_BY_KEY) != 0;
    Next->Key = (ULONG)extension->StartIoKey;
    KeLockRelease(&IopDatabaseLock, irql);
    return postponed;
}

/* Calls the driver; inside, when StartIo is deferred, until nothing is postponed any more. DISPATCH_LEVEL. */
static VOID IopCallStartIo(PDEVICE_OBJECT Device, PIRP Irp)
{
    IOP_NEXT next;

    if (!IopIsDeferred(Device)) {
        Device->DriverObject->DriverStartIo(Device, Irp);
        return;
    }
    while (Irp != NULL) {
        Device->DriverObject->DriverStartIo(Device, Irp);
        if (!IopLeaveStartIo(Device, &next))
            return;
        Irp = IopTakePacket(Device, &next);
    }
}

/* ---- For drivers ---- */
/* With the cancel lock: the request may have been cancelled already, which nobody told its routine. */
static VOID IopStartCancelablePacket(PDEVICE_OBJECT Device, PIRP Irp, PULONG Key, PDRIVER_CANCEL CancelFunction)
{
    KIRQL irql;

    IoAcquireCancelSpinLock(&irql);
    (void)IoSetCancelRoutine(Irp, CancelFunction);
    if (!IopQueuePacket(Device, Irp, Key)) {
        IopMakeCurrent(Device, Irp);
        IoReleaseCancelSpinLock(irql);
        IopCallStartIo(Device, Irp);
    } else if (Irp->Cancel && IoSetCancelRoutine(Irp, NULL) != NULL) {
        Irp->CancelIrql = irql;
        CancelFunction(Device, Irp);             /* releases the lock */
    } else {
        IoReleaseCancelSpinLock(irql);
    }
}

VOID NTAPI IoStartPacket(PDEVICE_OBJECT DeviceObject, PIRP Irp, PULONG Key, PDRIVER_CANCEL CancelFunction)
{
    KIRQL irql = KfRaiseIrql(DISPATCH_LEVEL);

    if (CancelFunction != NULL) {
        IopStartCancelablePacket(DeviceObject, Irp, Key, CancelFunction);
    } else if (!IopQueuePacket(DeviceObject, Irp, Key)) {
        DeviceObject->CurrentIrp = Irp;
        IopCallStartIo(DeviceObject, Irp);
    }
    KeLowerIrql(irql);
}

static VOID IopStartNext(PDEVICE_OBJECT Device, const IOP_NEXT *Next)
{
    PIRP irp;

    if (IopIsDeferred(Device) && !IopEnterStartIo(Device, Next))
        return;
    irp = IopTakePacket(Device, Next);
    if (irp != NULL)
        IopCallStartIo(Device, irp);
}

VOID NTAPI IoStartNextPacket(PDEVICE_OBJECT DeviceObject, BOOLEAN Cancelable)
{
    IOP_NEXT next = { .Cancelable = Cancelable };
    ASSERT(KeIrql() == DISPATCH_LEVEL);
    IopStartNext(DeviceObject, &next);
}

VOID NTAPI IoStartNextPacketByKey(PDEVICE_OBJECT DeviceObject, BOOLEAN Cancelable, ULONG Key)
{
    IOP_NEXT next = { .Cancelable = Cancelable, .ByKey = TRUE, .Key = Key };
    ASSERT(KeIrql() == DISPATCH_LEVEL);
    IopStartNext(DeviceObject, &next);
}

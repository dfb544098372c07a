/* SPDX-License-Identifier: MIT
 * Work items: a routine of a driver on a system worker thread. The device (or driver) stays referenced from queueing until the
 * routine has returned, so that the driver cannot go meanwhile. The routine may free or queue the item again.
 */
#include "iop.h"

#define IOP_WORK_PLAIN 0u                        /* Routine(IoObject, Context) */
#define IOP_WORK_EX 1u                           /* Routine(IoObject, Context, WorkItem) */

static VOID NTAPI IopProcessWorkItem(PVOID Parameter)
{
    PIO_WORKITEM item = Parameter;
    PVOID object = item->IoObject, routine = item->Routine, context = item->Context;

    if (item->Type == IOP_WORK_EX)
        ((PIO_WORKITEM_ROUTINE_EX)routine)(object, context, item);
    else
        ((PIO_WORKITEM_ROUTINE)routine)(object, context);
    ObfDereferenceObject(object);
}

ULONG NTAPI IoSizeofWorkItem(VOID) { return sizeof(IO_WORKITEM); }

VOID NTAPI IoInitializeWorkItem(PVOID IoObject, PIO_WORKITEM IoWorkItem)
{
    RtlZeroMemory(IoWorkItem, sizeof(*IoWorkItem));
    IoWorkItem->IoObject = IoObject;
    ExInitializeWorkItem(&IoWorkItem->WorkItem, IopProcessWorkItem, IoWorkItem);
}

VOID NTAPI IoUninitializeWorkItem(PIO_WORKITEM IoWorkItem) { ASSERT(IoWorkItem->WorkItem.List.Flink == NULL); }

PIO_WORKITEM NTAPI IoAllocateWorkItem(PDEVICE_OBJECT DeviceObject)
{
    PIO_WORKITEM item = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*item), 'IWoI');
    if (item != NULL)
        IoInitializeWorkItem(DeviceObject, item);
    return item;
}

VOID NTAPI IoFreeWorkItem(PIO_WORKITEM IoWorkItem)
{
    IoUninitializeWorkItem(IoWorkItem);
    ExFreePoolWithTag(IoWorkItem, 'IWoI');
}

static VOID IopQueueWork(PIO_WORKITEM Item, PVOID Routine, ULONG Type, WORK_QUEUE_TYPE Queue, PVOID Context)
{
    ObfReferenceObject(Item->IoObject);
    Item->Routine = Routine;
    Item->Type = Type;
    Item->Context = Context;
    ExQueueWorkItem(&Item->WorkItem, Queue);
}

VOID NTAPI IoQueueWorkItem(PIO_WORKITEM IoWorkItem, PIO_WORKITEM_ROUTINE WorkerRoutine, WORK_QUEUE_TYPE QueueType, PVOID Context)
{
    IopQueueWork(IoWorkItem, (PVOID)WorkerRoutine, IOP_WORK_PLAIN, QueueType, Context);
}

VOID NTAPI IoQueueWorkItemEx(PIO_WORKITEM IoWorkItem, PIO_WORKITEM_ROUTINE_EX WorkerRoutine, WORK_QUEUE_TYPE QueueType,
                             PVOID Context)
{
    IopQueueWork(IoWorkItem, (PVOID)WorkerRoutine, IOP_WORK_EX, QueueType, Context);
}

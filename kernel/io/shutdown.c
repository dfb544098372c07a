/* SPDX-License-Identifier: MIT
 * Who wants to hear of the system's shutdown. The list is under IopShutdownLock; an entry references its device.
 */
#include "iop.h"
#include "exsync.h"

typedef struct IOP_SHUTDOWN {
    LIST_ENTRY Link;                             /* IopShutdownLock */
    PDEVICE_OBJECT Device;                       /* I referenced */
} IOP_SHUTDOWN;

static EX_PUSH_LOCK IopShutdownLock;
static LIST_ENTRY IopShutdownList = { &IopShutdownList, &IopShutdownList };

NTSTATUS NTAPI IoRegisterShutdownNotification(PDEVICE_OBJECT DeviceObject)
{
    IOP_SHUTDOWN *entry = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*entry), 'hSoI');

    if (entry == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    ObfReferenceObject(DeviceObject);
    entry->Device = DeviceObject;
    ExLockExclusive(&IopShutdownLock);
    InsertHeadList(&IopShutdownList, &entry->Link);
    DeviceObject->Flags |= DO_SHUTDOWN_REGISTERED;
    ExUnlockExclusive(&IopShutdownLock);
    return STATUS_SUCCESS;
}

/* The first entry of Device (any for NULL), taken out. */
static IOP_SHUTDOWN *IopTakeShutdown(PDEVICE_OBJECT Device)
{
    IOP_SHUTDOWN *found = NULL;
    PLIST_ENTRY entry;

    ExLockExclusive(&IopShutdownLock);
    for (entry = IopShutdownList.Flink; entry != &IopShutdownList && found == NULL; entry = entry->Flink) {
        IOP_SHUTDOWN *candidate = CONTAINING_RECORD(entry, IOP_SHUTDOWN, Link);
        if (Device == NULL || candidate->Device == Device)
            found = candidate;
    }
    if (found != NULL)
        RemoveEntryList(&found->Link);
    ExUnlockExclusive(&IopShutdownLock);
    return found;
}

static VOID IopFreeShutdown(IOP_SHUTDOWN *Entry)
{
    ObfDereferenceObject(Entry->Device);
    ExFreePoolWithTag(Entry, 'hSoI');
}

VOID IopUnregisterShutdown(PDEVICE_OBJECT Device)
{
    IOP_SHUTDOWN *entry;
    while ((entry = IopTakeShutdown(Device)) != NULL)
        IopFreeShutdown(entry);
    Device->Flags &= ~DO_SHUTDOWN_REGISTERED;
}

VOID NTAPI IoUnregisterShutdownNotification(PDEVICE_OBJECT DeviceObject) { IopUnregisterShutdown(DeviceObject); }

VOID IoShutdownSystem(VOID)
{
    IOP_SHUTDOWN *entry;
    while ((entry = IopTakeShutdown(NULL)) != NULL) {
        IopSendAndWait(IoGetAttachedDevice(entry->Device), NULL, IRP_MJ_SHUTDOWN, FALSE);
        IopFreeShutdown(entry);
    }
}

/* SPDX-License-Identifier: MIT
 * Who wants to hear of the system's shutdown, before the file systems are flushed or after. The list is under IopShutdownLock; an
 * entry references its device.
 */
#include "iop.h"
#include "cm.h"
#include "exsync.h"

typedef struct IOP_SHUTDOWN {
    LIST_ENTRY Link;                             /* IopShutdownLock */
    PDEVICE_OBJECT Device;                       /* I referenced */
    ULONG64 Number;                              /* I in the order of registration */
    BOOLEAN LastChance;                          /* I */
} IOP_SHUTDOWN;

static EX_PUSH_LOCK IopShutdownLock;
static LIST_ENTRY IopShutdownList = { &IopShutdownList, &IopShutdownList };
static ULONG64 IopShutdownNumber;                /* IopShutdownLock: of the last entry */

static NTSTATUS IopRegisterShutdown(PDEVICE_OBJECT Device, BOOLEAN LastChance)
{
    IOP_SHUTDOWN *entry = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*entry), 'hSoI');

    if (entry == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    ObfReferenceObject(Device);
    entry->Device = Device;
    entry->LastChance = LastChance;
    ExLockExclusive(&IopShutdownLock);
    entry->Number = ++IopShutdownNumber;
    InsertHeadList(&IopShutdownList, &entry->Link);
    Device->Flags |= DO_SHUTDOWN_REGISTERED;
    ExUnlockExclusive(&IopShutdownLock);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI IoRegisterShutdownNotification(PDEVICE_OBJECT DeviceObject) { return IopRegisterShutdown(DeviceObject, FALSE); }

NTSTATUS NTAPI IoRegisterLastChanceShutdownNotification(PDEVICE_OBJECT DeviceObject)
{
    return IopRegisterShutdown(DeviceObject, TRUE);
}

static VOID IopFreeShutdown(IOP_SHUTDOWN *Entry)
{
    ObfDereferenceObject(Entry->Device);
    ExFreePoolWithTag(Entry, 'hSoI');
}

/* ---- Unregistering ---- */
static IOP_SHUTDOWN *IopTakeShutdownOf(PDEVICE_OBJECT Device)
{
    IOP_SHUTDOWN *found = NULL;
    PLIST_ENTRY entry;

    ExLockExclusive(&IopShutdownLock);
    for (entry = IopShutdownList.Flink; entry != &IopShutdownList && found == NULL; entry = entry->Flink)
        if (CONTAINING_RECORD(entry, IOP_SHUTDOWN, Link)->Device == Device)
            found = CONTAINING_RECORD(entry, IOP_SHUTDOWN, Link);
    if (found != NULL)
        RemoveEntryList(&found->Link);
    ExUnlockExclusive(&IopShutdownLock);
    return found;
}

VOID IopUnregisterShutdown(PDEVICE_OBJECT Device)
{
    IOP_SHUTDOWN *entry;
    while ((entry = IopTakeShutdownOf(Device)) != NULL)
        IopFreeShutdown(entry);
    Device->Flags &= ~DO_SHUTDOWN_REGISTERED;
}

VOID NTAPI IoUnregisterShutdownNotification(PDEVICE_OBJECT DeviceObject) { IopUnregisterShutdown(DeviceObject); }

/* ---- Shutting down ---- */
/* The last entry up to Last, taken out. */
static IOP_SHUTDOWN *IopTakeNextShutdown(BOOLEAN LastChance, ULONG64 Last)
{
    IOP_SHUTDOWN *found = NULL;
    PLIST_ENTRY entry;

    ExLockExclusive(&IopShutdownLock);
    for (entry = IopShutdownList.Flink; entry != &IopShutdownList && found == NULL; entry = entry->Flink) {
        IOP_SHUTDOWN *candidate = CONTAINING_RECORD(entry, IOP_SHUTDOWN, Link);
        if (candidate->LastChance == LastChance && candidate->Number <= Last)
            found = candidate;
    }
    if (found != NULL)
        RemoveEntryList(&found->Link);
    ExUnlockExclusive(&IopShutdownLock);
    return found;
}

/* Who registers from now on comes too late, so that this ends. */
static VOID IopTellShutdown(BOOLEAN LastChance, IO_SHUTDOWN_REPORT *Report)
{
    IOP_SHUTDOWN *entry;
    NTSTATUS status;
    ULONG64 last;

    ExLockShared(&IopShutdownLock);
    last = IopShutdownNumber;
    ExUnlockShared(&IopShutdownLock);
    while ((entry = IopTakeNextShutdown(LastChance, last)) != NULL) {
        status = IopSendAndWait(IoGetAttachedDevice(entry->Device), NULL, IRP_MJ_SHUTDOWN, FALSE);
        if (Report != NULL)
            Report(entry->Device, status);
        IopFreeShutdown(entry);
    }
}

VOID IoShutdownSystem(IO_SHUTDOWN_REPORT *Report)
{
    MmFlushMappedFiles();
    IopTellShutdown(FALSE, Report);
    CmShutdown();
    IopTellShutdown(TRUE, Report);
}

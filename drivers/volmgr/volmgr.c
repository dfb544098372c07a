/* SPDX-License-Identifier: MIT
 * Hearing of disks: those that are there, those that come, those that shall go or are gone.
 */
#include <initguid.h>
#include "volmgr.h"
#include <wdmguid.h>

DRIVER_INITIALIZE DriverEntry;

PDRIVER_OBJECT VolmgrDriver;
KMUTEX VolmgrLock;
static PVOID VolmgrNotification;

static VOID VolmgrEnter(VOID) { KeWaitForSingleObject(&VolmgrLock, Executive, KernelMode, FALSE, NULL); }
static VOID VolmgrLeave(VOID) { KeReleaseMutex(&VolmgrLock, FALSE); }

/* A disk that goes is heard of as a target (VolmgrHearDisk). */
static NTSTATUS NTAPI VolmgrHearInterface(PVOID Structure, PVOID Context)
{
    PDEVICE_INTERFACE_CHANGE_NOTIFICATION change = Structure;

    if (!IsEqualGUID(&change->Event, &GUID_DEVICE_INTERFACE_ARRIVAL))
        return STATUS_SUCCESS;
    VolmgrEnter();
    VolmgrAddDisk(change->SymbolicLinkName);
    VolmgrLeave();
    return STATUS_SUCCESS;
}

/* The notification is ended from within its own call only, so that nobody waits for a call that waits for the lock. */
static NTSTATUS VolmgrHearLocked(VOLMGR_DISK *Disk, const GUID *Event)
{
    if (IsEqualGUID(Event, &GUID_TARGET_DEVICE_QUERY_REMOVE)) {
        if (VolmgrIsInUse(Disk))
            return STATUS_DEVICE_BUSY;
        VolmgrReleaseDisk(Disk);
    } else if (IsEqualGUID(Event, &GUID_TARGET_DEVICE_REMOVE_CANCELLED)) {
        if (Disk->File != NULL)                  /* somebody refused before it was asked */
            return STATUS_SUCCESS;
        IoUnregisterPlugPlayNotification(Disk->Notification);
        VolmgrAddDisk(&Disk->Interface);
        VolmgrForgetDisk(Disk);
    } else if (IsEqualGUID(Event, &GUID_TARGET_DEVICE_REMOVE_COMPLETE)) {
        VolmgrReleaseDisk(Disk);
        IoUnregisterPlugPlayNotification(Disk->Notification);
        VolmgrForgetDisk(Disk);
    }
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI VolmgrHearDisk(PVOID Structure, PVOID Context)
{
    PTARGET_DEVICE_REMOVAL_NOTIFICATION change = Structure;
    NTSTATUS status;

    VolmgrEnter();
    status = VolmgrHearLocked(Context, &change->Event);
    VolmgrLeave();
    return status;
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    VolmgrDriver = Driver;
    KeInitializeMutex(&VolmgrLock, 0);
    Driver->MajorFunction[IRP_MJ_CREATE] = Driver->MajorFunction[IRP_MJ_CLEANUP] = Driver->MajorFunction[IRP_MJ_CLOSE] = VolmgrOpenClose;
    Driver->MajorFunction[IRP_MJ_READ] = Driver->MajorFunction[IRP_MJ_WRITE] = VolmgrTransfer;
    Driver->MajorFunction[IRP_MJ_FLUSH_BUFFERS] = Driver->MajorFunction[IRP_MJ_SHUTDOWN] = VolmgrPass;
    Driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = VolmgrControl;
    return IoRegisterPlugPlayNotification(EventCategoryDeviceInterfaceChange, PNPNOTIFY_DEVICE_INTERFACE_INCLUDE_EXISTING_INTERFACES,
                                          (PVOID)&GUID_DEVINTERFACE_DISK, Driver, VolmgrHearInterface, NULL, &VolmgrNotification);
}

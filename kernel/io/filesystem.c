/* SPDX-License-Identifier: MIT
 * File systems that volumes can be offered to, by the kind of medium, and who wants to hear of them (filters).
 *
 * IopFileSystemLock (an executive resource, exclusive to change, shared to walk) guards the lists; it is held while a notified driver
 * runs, which may attach to the file system and register again, and while a volume is offered.
 */
#include "filesystem.h"

#define IOP_NOTIFY_TAG 'fNoI'

typedef struct IOP_FS_NOTIFICATION {
    LIST_ENTRY Link;                             /* IopFileSystemLock */
    PDRIVER_OBJECT Driver;                       /* I referenced */
    PDRIVER_FS_NOTIFICATION Routine;             /* I */
} IOP_FS_NOTIFICATION;

ERESOURCE IopFileSystemLock;
static LIST_ENTRY IopFileSystems[IopMediaCount];
static LIST_ENTRY IopFsNotifications;

VOID IopInitializeFileSystems(VOID)
{
    ULONG i;

    ExInitializeResourceLite(&IopFileSystemLock);
    InitializeListHead(&IopFsNotifications);
    for (i = 0; i < IopMediaCount; i++)
        InitializeListHead(&IopFileSystems[i]);
}

static VOID IopLockFileSystems(VOID)
{
    KeEnterCriticalRegion();
    ExAcquireResourceExclusiveLite(&IopFileSystemLock, TRUE);
}

static VOID IopUnlockFileSystems(VOID)
{
    ExReleaseResourceLite(&IopFileSystemLock);
    KeLeaveCriticalRegion();
}

PLIST_ENTRY IopFileSystemsFor(DEVICE_TYPE Type)
{
    switch (Type) {
    case FILE_DEVICE_DISK:
    case FILE_DEVICE_VIRTUAL_DISK:
    case FILE_DEVICE_DISK_FILE_SYSTEM: return &IopFileSystems[IopMediaDisk];
    case FILE_DEVICE_CD_ROM:
    case FILE_DEVICE_CD_ROM_FILE_SYSTEM: return &IopFileSystems[IopMediaCdRom];
    case FILE_DEVICE_TAPE:
    case FILE_DEVICE_TAPE_FILE_SYSTEM: return &IopFileSystems[IopMediaTape];
    case FILE_DEVICE_NETWORK_FILE_SYSTEM: return &IopFileSystems[IopMediaNetwork];
    default: return NULL;
    }
}

static VOID IopTellOfFileSystem(PDEVICE_OBJECT Device, BOOLEAN Active)
{
    PLIST_ENTRY entry;

    for (entry = IopFsNotifications.Flink; entry != &IopFsNotifications; entry = entry->Flink)
        CONTAINING_RECORD(entry, IOP_FS_NOTIFICATION, Link)->Routine(Device, Active);
}

/* The newest is asked first, but those of low priority last. */
VOID NTAPI IoRegisterFileSystem(PDEVICE_OBJECT DeviceObject)
{
    PLIST_ENTRY list = IopFileSystemsFor(DeviceObject->DeviceType);

    IopLockFileSystems();
    if (list != NULL) {
        if (DeviceObject->Flags & DO_LOW_PRIORITY_FILESYSTEM)
            InsertTailList(list, &DeviceObject->Queue.ListEntry);
        else
            InsertHeadList(list, &DeviceObject->Queue.ListEntry);
        IopReferenceDevice(DeviceObject);
    }
    DeviceObject->Flags &= ~DO_DEVICE_INITIALIZING;
    IopTellOfFileSystem(DeviceObject, TRUE);
    IopUnlockFileSystems();
}

VOID NTAPI IoUnregisterFileSystem(PDEVICE_OBJECT DeviceObject)
{
    PLIST_ENTRY list = IopFileSystemsFor(DeviceObject->DeviceType), entry;
    BOOLEAN found = FALSE;

    IopLockFileSystems();
    for (entry = list != NULL ? list->Flink : NULL; entry != list && !found; entry = entry->Flink)
        found = entry == &DeviceObject->Queue.ListEntry;
    if (found)
        RemoveEntryList(&DeviceObject->Queue.ListEntry);
    IopTellOfFileSystem(DeviceObject, FALSE);
    IopUnlockFileSystems();
    if (found)
        IopCloseDevice(DeviceObject);
}

/* ---- Notification ---- */
static IOP_FS_NOTIFICATION *IopFindFsNotification(PDRIVER_OBJECT Driver, PDRIVER_FS_NOTIFICATION Routine)
{
    PLIST_ENTRY entry;

    for (entry = IopFsNotifications.Flink; entry != &IopFsNotifications; entry = entry->Flink) {
        IOP_FS_NOTIFICATION *notification = CONTAINING_RECORD(entry, IOP_FS_NOTIFICATION, Link);
        if (notification->Driver == Driver && notification->Routine == Routine)
            return notification;
    }
    return NULL;
}

static VOID IopTellOfAll(PDRIVER_FS_NOTIFICATION Routine)
{
    PLIST_ENTRY entry;
    ULONG i;

    for (i = 0; i < IopMediaCount; i++)
        for (entry = IopFileSystems[i].Flink; entry != &IopFileSystems[i]; entry = entry->Flink)
            Routine(CONTAINING_RECORD(entry, DEVICE_OBJECT, Queue.ListEntry), TRUE);
}

/* The routine is told of every file system that is there already. */
NTSTATUS NTAPI IoRegisterFsRegistrationChange(PDRIVER_OBJECT DriverObject, PDRIVER_FS_NOTIFICATION DriverNotificationRoutine)
{
    IOP_FS_NOTIFICATION *notification = ExAllocatePoolWithTag(PagedPool, sizeof(*notification), IOP_NOTIFY_TAG);

    if (notification == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    notification->Driver = DriverObject;
    notification->Routine = DriverNotificationRoutine;
    IopLockFileSystems();
    if (IopFindFsNotification(DriverObject, DriverNotificationRoutine) != NULL) {
        IopUnlockFileSystems();
        ExFreePoolWithTag(notification, IOP_NOTIFY_TAG);
        return STATUS_DEVICE_ALREADY_ATTACHED;
    }
    ObfReferenceObject(DriverObject);
    InsertTailList(&IopFsNotifications, &notification->Link);
    IopTellOfAll(DriverNotificationRoutine);
    IopUnlockFileSystems();
    return STATUS_SUCCESS;
}

VOID NTAPI IoUnregisterFsRegistrationChange(PDRIVER_OBJECT DriverObject, PDRIVER_FS_NOTIFICATION DriverNotificationRoutine)
{
    IOP_FS_NOTIFICATION *notification;

    IopLockFileSystems();
    notification = IopFindFsNotification(DriverObject, DriverNotificationRoutine);
    if (notification != NULL)
        RemoveEntryList(&notification->Link);
    IopUnlockFileSystems();
    if (notification == NULL)
        return;
    ObfDereferenceObject(DriverObject);
    ExFreePoolWithTag(notification, IOP_NOTIFY_TAG);
}

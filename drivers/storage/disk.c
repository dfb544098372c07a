/* SPDX-License-Identifier: MIT
 * The device \Device\HarddiskN\DR0, its other names, and its end.
 */
#include <initguid.h>
#include "storage.h"
#include <ntstrsafe.h>

#define STORAGE_MAXIMUM_DISKS 1024u
#define STORAGE_NAME 64u                         /* characters, more than any name here */

static VOID StorageName(PUNICODE_STRING Name, WCHAR *Buffer, PCWSTR Format, ULONG Number)
{
    RtlStringCchPrintfW(Buffer, STORAGE_NAME, Format, Number);
    RtlInitUnicodeString(Name, Buffer);
}

/* The directory of the lowest number that nobody has, which keeps others from it. */
static NTSTATUS StorageTakeNumber(PULONG Number, PHANDLE Directory)
{
    NTSTATUS status = STATUS_OBJECT_NAME_COLLISION;
    OBJECT_ATTRIBUTES attributes;
    WCHAR buffer[STORAGE_NAME];
    UNICODE_STRING name;
    ULONG i;

    for (i = 0; i < STORAGE_MAXIMUM_DISKS && status == STATUS_OBJECT_NAME_COLLISION; i++) {
        StorageName(&name, buffer, L"\\Device\\Harddisk%u", i);
        InitializeObjectAttributes(&attributes, &name, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, NULL, NULL);
        status = ZwCreateDirectoryObject(Directory, DIRECTORY_ALL_ACCESS, &attributes);
        *Number = i;
    }
    return status;
}

/* \Device\HarddiskN\Partition0 and \??\PhysicalDriveN: names that a disk may do without. */
static VOID StorageLink(const STORAGE_DISK *Disk, BOOLEAN Make)
{
    WCHAR buffers[3][STORAGE_NAME];
    UNICODE_STRING target, names[2];
    ULONG i;

    StorageName(&target, buffers[0], L"\\Device\\Harddisk%u\\DR0", Disk->Number);
    StorageName(&names[0], buffers[1], L"\\Device\\Harddisk%u\\Partition0", Disk->Number);
    StorageName(&names[1], buffers[2], L"\\??\\PhysicalDrive%u", Disk->Number);
    for (i = 0; i < 2; i++) {
        if (Make)
            IoCreateSymbolicLink(&names[i], &target);
        else
            IoDeleteSymbolicLink(&names[i]);
    }
}

static VOID StorageInitializeDisk(STORAGE_DISK *Disk, PDEVICE_OBJECT Device, PDEVICE_OBJECT Pdo, const STORAGE_OPERATIONS *Operations)
{
    Disk->Operations = Operations;
    Disk->Device = Device;
    Disk->Pdo = Pdo;
    KeInitializeSpinLock(&Disk->Lock);
    KeInitializeEvent(&Disk->Idle, NotificationEvent, TRUE);
    InitializeListHead(&Disk->Waiting);
    InitializeListHead(&Disk->Done);
    IoInitializeRemoveLock(&Disk->RemoveLock, STORAGE_TAG, 0, 0);
}

VOID StorageDelete(STORAGE_DISK *Disk)
{
    HANDLE directory = Disk->Directory;

    StorageLink(Disk, FALSE);
    if (Disk->Interface.Buffer != NULL)
        RtlFreeUnicodeString(&Disk->Interface);
    if (Disk->Lower != NULL)
        IoDetachDevice(Disk->Lower);
    IoDeleteDevice(Disk->Device);
    ZwClose(directory);
}

NTSTATUS StorageAddDevice(PDRIVER_OBJECT Driver, PDEVICE_OBJECT Pdo, const STORAGE_OPERATIONS *Operations)
{
    WCHAR buffer[STORAGE_NAME];
    PDEVICE_OBJECT device;
    UNICODE_STRING name;
    STORAGE_DISK *disk;
    HANDLE directory;
    ULONG number;
    NTSTATUS status = StorageTakeNumber(&number, &directory);

    if (!NT_SUCCESS(status))
        return status;
    StorageName(&name, buffer, L"\\Device\\Harddisk%u\\DR0", number);
    status = IoCreateDevice(Driver, Operations->ExtensionSize, &name, FILE_DEVICE_DISK, FILE_DEVICE_SECURE_OPEN, FALSE, &device);
    if (!NT_SUCCESS(status)) {
        ZwClose(directory);
        return status;
    }
    disk = StorageDisk(device);
    StorageInitializeDisk(disk, device, Pdo, Operations);
    disk->Number = number;
    disk->Directory = directory;
    status = IoInitializeTimer(device, StorageTick, NULL);
    if (NT_SUCCESS(status))
        status = IoRegisterDeviceInterface(Pdo, &GUID_DEVINTERFACE_DISK, NULL, &disk->Interface);
    if (NT_SUCCESS(status)) {
        disk->Lower = IoAttachDeviceToDeviceStack(device, Pdo);
        status = disk->Lower != NULL ? STATUS_SUCCESS : STATUS_NO_SUCH_DEVICE;
    }
    if (!NT_SUCCESS(status)) {
        StorageDelete(disk);
        return status;
    }
    StorageLink(disk, TRUE);
    device->Flags |= DO_DIRECT_IO | DO_POWER_PAGABLE;
    device->Flags &= ~DO_DEVICE_INITIALIZING;
    return STATUS_SUCCESS;
}

static NTSTATUS NTAPI StorageOpenClose(PDEVICE_OBJECT Device, PIRP Irp) { return StorageFinish(Irp, STATUS_SUCCESS, 0); }

static NTSTATUS NTAPI StoragePassDown(PDEVICE_OBJECT Device, PIRP Irp)
{
    IoSkipCurrentIrpStackLocation(Irp);
    return IoCallDriver(StorageDisk(Device)->Lower, Irp);
}

static VOID NTAPI StorageUnload(PDRIVER_OBJECT Driver) { }

VOID StorageInitializeDriver(PDRIVER_OBJECT Driver, PDRIVER_ADD_DEVICE AddDevice)
{
    Driver->MajorFunction[IRP_MJ_CREATE] = StorageOpenClose;
    Driver->MajorFunction[IRP_MJ_CLEANUP] = StorageOpenClose;
    Driver->MajorFunction[IRP_MJ_CLOSE] = StorageOpenClose;
    Driver->MajorFunction[IRP_MJ_READ] = StorageTransfer;
    Driver->MajorFunction[IRP_MJ_WRITE] = StorageTransfer;
    Driver->MajorFunction[IRP_MJ_FLUSH_BUFFERS] = StorageFlushBuffers;
    Driver->MajorFunction[IRP_MJ_SHUTDOWN] = StorageFlushBuffers;
    Driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = StorageControl;
    Driver->MajorFunction[IRP_MJ_PNP] = StoragePlugPlay;
    Driver->MajorFunction[IRP_MJ_POWER] = StoragePower;
    Driver->MajorFunction[IRP_MJ_SYSTEM_CONTROL] = StoragePassDown;
    Driver->DriverExtension->AddDevice = AddDevice;
    Driver->DriverUnload = StorageUnload;
}

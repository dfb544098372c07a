/* SPDX-License-Identifier: MIT
 * A disk: opened, measured, its table read, its volumes made.
 */
#include "volmgr.h"

static LIST_ENTRY VolmgrDisks = { &VolmgrDisks, &VolmgrDisks };  /* VolmgrLock */

/* ---- Requests to the disk ---- */
static NTSTATUS VolmgrAsk(PDEVICE_OBJECT Device, ULONG Code, PVOID Answer, ULONG Length)
{
    IO_STATUS_BLOCK result;
    KEVENT done;
    PIRP irp;
    NTSTATUS status;

    KeInitializeEvent(&done, NotificationEvent, FALSE);
    irp = IoBuildDeviceIoControlRequest(Code, Device, NULL, 0, Answer, Length, FALSE, &done, &result);
    if (irp == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    status = IoCallDriver(Device, irp);
    if (status == STATUS_PENDING) {
        KeWaitForSingleObject(&done, Executive, KernelMode, FALSE, NULL);
        status = result.Status;
    }
    return NT_SUCCESS(status) && result.Information < Length ? STATUS_INFO_LENGTH_MISMATCH : status;
}

/* PARTITION_DISK.Read; the buffer is nonpaged. */
static bool VolmgrRead(void *Context, uint64_t Offset, void *Buffer, uint32_t Length)
{
    VOLMGR_DISK *disk = Context;
    LARGE_INTEGER offset = { .QuadPart = (LONGLONG)Offset };
    IO_STATUS_BLOCK result;
    KEVENT done;
    PIRP irp;
    NTSTATUS status;

    KeInitializeEvent(&done, NotificationEvent, FALSE);
    irp = IoBuildSynchronousFsdRequest(IRP_MJ_READ, disk->Device, Buffer, Length, &offset, &done, &result);
    if (irp == NULL)
        return false;
    status = IoCallDriver(disk->Device, irp);
    if (status == STATUS_PENDING) {
        KeWaitForSingleObject(&done, Executive, KernelMode, FALSE, NULL);
        status = result.Status;
    }
    return NT_SUCCESS(status) && result.Information == Length;
}

static NTSTATUS VolmgrMeasure(VOLMGR_DISK *Disk)
{
    GET_LENGTH_INFORMATION length;
    STORAGE_DEVICE_NUMBER number;
    DISK_GEOMETRY geometry;
    NTSTATUS status = VolmgrAsk(Disk->Device, IOCTL_DISK_GET_LENGTH_INFO, &length, sizeof(length));

    if (NT_SUCCESS(status))
        status = VolmgrAsk(Disk->Device, IOCTL_DISK_GET_DRIVE_GEOMETRY, &geometry, sizeof(geometry));
    if (NT_SUCCESS(status))
        status = VolmgrAsk(Disk->Device, IOCTL_STORAGE_GET_DEVICE_NUMBER, &number, sizeof(number));
    if (!NT_SUCCESS(status))
        return status;
    Disk->Length = (ULONG64)length.Length.QuadPart;
    Disk->BlockSize = geometry.BytesPerSector;
    Disk->Number = number.DeviceNumber;
    return STATUS_SUCCESS;
}

/* ---- Volumes ---- */
/* A disk that has a file system instead of a table is one volume. */
static VOID VolmgrCreateVolumes(VOLMGR_DISK *Disk, const PARTITION_TABLE *Table)
{
    PARTITION whole = { .Length = Disk->Length };
    ULONG i;

    if (Table->HasBootSector)
        VolmgrCreateVolume(Disk, Table, &whole);
    for (i = 0; i < Table->Count; i++)
        if (!NT_SUCCESS(VolmgrCreateVolume(Disk, Table, &Table->Partitions[i])))
            DbgPrint("volmgr: partition %lu of disk %lu did not become a volume\n", Table->Partitions[i].Number, Disk->Number);
}

static NTSTATUS VolmgrReadDisk(VOLMGR_DISK *Disk)
{
    PARTITION_DISK source = { .Length = Disk->Length, .BlockSize = Disk->BlockSize, .Read = VolmgrRead, .Context = Disk };
    PARTITION_TABLE *table = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*table), VOLMGR_TAG);

    if (table == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    if (PartitionReadTable(&source, table))
        VolmgrCreateVolumes(Disk, table);
    else
        DbgPrint("volmgr: disk %lu cannot be read\n", Disk->Number);
    ExFreePoolWithTag(table, VOLMGR_TAG);
    return STATUS_SUCCESS;                       /* a disk without volumes is a disk */
}

/* ---- Coming and going ---- */
static BOOLEAN VolmgrIsKnown(PDEVICE_OBJECT Device)
{
    PLIST_ENTRY entry;

    for (entry = VolmgrDisks.Flink; entry != &VolmgrDisks; entry = entry->Flink)
        if (CONTAINING_RECORD(entry, VOLMGR_DISK, Link)->File != NULL && CONTAINING_RECORD(entry, VOLMGR_DISK, Link)->Device == Device)
            return TRUE;
    return FALSE;
}

static VOLMGR_DISK *VolmgrMakeDisk(PCUNICODE_STRING Interface)
{
    VOLMGR_DISK *disk = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*disk) + Interface->Length, VOLMGR_TAG);

    if (disk == NULL)
        return NULL;
    RtlZeroMemory(disk, sizeof(*disk));
    disk->Interface = (UNICODE_STRING){ 0, Interface->Length, (PWCHAR)(disk + 1) };
    RtlCopyUnicodeString(&disk->Interface, Interface);
    InitializeListHead(&disk->Volumes);
    return disk;
}

static NTSTATUS VolmgrOpenDisk(VOLMGR_DISK *Disk)
{
    NTSTATUS status = IoGetDeviceObjectPointer(&Disk->Interface, FILE_READ_DATA, &Disk->File, &Disk->Device);

    if (!NT_SUCCESS(status)) {
        Disk->File = NULL;
        return status;
    }
    if (VolmgrIsKnown(Disk->Device))             /* told twice: it was there and came */
        return STATUS_OBJECT_NAME_EXISTS;
    return VolmgrMeasure(Disk);
}

VOID VolmgrAddDisk(PCUNICODE_STRING Interface)
{
    VOLMGR_DISK *disk = VolmgrMakeDisk(Interface);
    NTSTATUS status;

    if (disk == NULL)
        return;
    status = VolmgrOpenDisk(disk);
    if (status == STATUS_SUCCESS)
        status = IoRegisterPlugPlayNotification(EventCategoryTargetDeviceChange, 0, disk->File, VolmgrDriver, VolmgrHearDisk, disk,
                                                &disk->Notification);
    if (status != STATUS_SUCCESS) {
        if (disk->File != NULL)
            ObDereferenceObject(disk->File);
        ExFreePoolWithTag(disk, VOLMGR_TAG);
        return;
    }
    InsertTailList(&VolmgrDisks, &disk->Link);
    VolmgrReadDisk(disk);
}

BOOLEAN VolmgrIsInUse(const VOLMGR_DISK *Disk)
{
    const LIST_ENTRY *entry;

    for (entry = Disk->Volumes.Flink; entry != &Disk->Volumes; entry = entry->Flink) {
        const VOLMGR_VOLUME *volume = CONTAINING_RECORD(entry, VOLMGR_VOLUME, Link);
        if (volume->Device->ReferenceCount != 0 || (volume->Device->Vpb->Flags & VPB_MOUNTED))
            return TRUE;
    }
    return FALSE;
}

VOID VolmgrReleaseDisk(VOLMGR_DISK *Disk)
{
    while (!IsListEmpty(&Disk->Volumes))
        VolmgrDeleteVolume(CONTAINING_RECORD(Disk->Volumes.Flink, VOLMGR_VOLUME, Link));
    if (Disk->File != NULL)
        ObDereferenceObject(Disk->File);
    Disk->File = NULL;
}

VOID VolmgrForgetDisk(VOLMGR_DISK *Disk)
{
    RemoveEntryList(&Disk->Link);
    ExFreePoolWithTag(Disk, VOLMGR_TAG);
}

/* SPDX-License-Identifier: MIT
 * A disk in memory with a GUID partition table, for the volume manager: its two partitions become volumes with all their names, which
 * read and write the right blocks and say where they lie; they go before the disk does.
 */
#include <initguid.h>
#include "check.h"
#include <ntdddisk.h>
#include <ntddstor.h>
#include <ntddvol.h>
#include <mountdev.h>

#define BLOCK 512u
#define BLOCKS 2048u
#define DISK_NUMBER 77u
#define FIRST_START 64u
#define FIRST_BLOCKS 200u
#define SECOND_START 1000u
#define SECOND_BLOCKS 500u

typedef struct RAM_DISK {
    PDEVICE_OBJECT Device, Pdo, Lower;
    UNICODE_STRING Interface;
    HANDLE Directory;
    PUCHAR Image;
} RAM_DISK;

DRIVER_INITIALIZE DriverEntry;

static UNICODE_STRING FirstName = RTL_CONSTANT_STRING(L"\\??\\Volume{b0b0b0b0-b0b0-b0b0-b0b0-b0b0b0b0b0b0}");
static UNICODE_STRING SecondName = RTL_CONSTANT_STRING(L"\\??\\Volume{b1b1b1b1-b1b1-b1b1-b1b1-b1b1b1b1b1b1}");
static UNICODE_STRING PartitionName = RTL_CONSTANT_STRING(L"\\Device\\Harddisk77\\Partition2");
static UNICODE_STRING DirectoryName = RTL_CONSTANT_STRING(L"\\Device\\Harddisk77");

/* ---- The table ---- */
static ULONG Checksum(const UCHAR *Bytes, ULONG Length)
{
    ULONG sum = ~0u, bit;

    for (; Length != 0; Length--)
        for (sum ^= *Bytes++, bit = 0; bit < 8; bit++)
            sum = sum & 1 ? sum >> 1 ^ 0xEDB88320u : sum >> 1;
    return ~sum;
}

static VOID Put(PUCHAR Place, ULONG64 Value, ULONG Length) { RtlCopyMemory(Place, &Value, Length); }

static VOID PutEntry(PUCHAR Image, ULONG Index, ULONG First, ULONG Count)
{
    PUCHAR entry = Image + 2 * BLOCK + 128 * Index;

    RtlFillMemory(entry, 16, 0xA0);
    RtlFillMemory(entry + 16, 16, (UCHAR)(0xB0 + Index));
    Put(entry + 32, First, 8);
    Put(entry + 40, First + Count - 1, 8);
}

static VOID MakeTable(PUCHAR Image)
{
    PUCHAR header = Image + BLOCK;

    Image[446 + 4] = 0xEE;
    Image[446 + 8] = 1;
    Image[510] = 0x55;
    Image[511] = 0xAA;
    PutEntry(Image, 0, FIRST_START, FIRST_BLOCKS);
    PutEntry(Image, 1, SECOND_START, SECOND_BLOCKS);
    RtlCopyMemory(header, "EFI PART", 8);
    Put(header + 8, 0x10000, 4);
    Put(header + 12, 92, 4);
    Put(header + 24, 1, 8);
    Put(header + 32, BLOCKS - 1, 8);
    Put(header + 40, 34, 8);
    Put(header + 48, BLOCKS - 34, 8);
    Put(header + 72, 2, 8);
    Put(header + 80, 128, 4);
    Put(header + 84, 128, 4);
    Put(header + 88, Checksum(Image + 2 * BLOCK, 128 * 128), 4);
    Put(header + 16, Checksum(header, 92), 4);
}

/* ---- The disk ---- */
static NTSTATUS Complete(PIRP Irp, NTSTATUS Status, ULONG_PTR Information)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = Information;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

static NTSTATUS NTAPI OpenClose(PDEVICE_OBJECT Device, PIRP Irp) { return Complete(Irp, STATUS_SUCCESS, 0); }

static NTSTATUS NTAPI Transfer(PDEVICE_OBJECT Device, PIRP Irp)
{
    PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(Irp);
    RAM_DISK *disk = Device->DeviceExtension;
    ULONG64 offset = (ULONG64)location->Parameters.Read.ByteOffset.QuadPart;
    ULONG length = location->Parameters.Read.Length;
    PVOID memory = length != 0 ? MmGetSystemAddressForMdlSafe(Irp->MdlAddress, NormalPagePriority) : NULL;

    if (offset > BLOCKS * BLOCK || length > BLOCKS * BLOCK - offset || (offset | length) % BLOCK != 0)
        return Complete(Irp, STATUS_INVALID_PARAMETER, 0);
    if (length != 0 && memory == NULL)
        return Complete(Irp, STATUS_INSUFFICIENT_RESOURCES, 0);
    if (location->MajorFunction == IRP_MJ_READ)
        RtlCopyMemory(memory, disk->Image + offset, length);
    else
        RtlCopyMemory(disk->Image + offset, memory, length);
    return Complete(Irp, STATUS_SUCCESS, length);
}

static NTSTATUS NTAPI Control(PDEVICE_OBJECT Device, PIRP Irp)
{
    PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(Irp);
    PVOID answer = Irp->AssociatedIrp.SystemBuffer;
    ULONG room = location->Parameters.DeviceIoControl.OutputBufferLength;
    DISK_GEOMETRY geometry = { .MediaType = FixedMedia, .TracksPerCylinder = 1, .SectorsPerTrack = 1, .BytesPerSector = BLOCK };
    STORAGE_DEVICE_NUMBER number = { FILE_DEVICE_DISK, DISK_NUMBER, 0 };
    ULONG64 length = (ULONG64)BLOCKS * BLOCK;

    geometry.Cylinders.QuadPart = BLOCKS;
    switch (location->Parameters.DeviceIoControl.IoControlCode) {
    case IOCTL_DISK_GET_LENGTH_INFO:
        if (room < sizeof(length))
            break;
        RtlCopyMemory(answer, &length, sizeof(length));
        return Complete(Irp, STATUS_SUCCESS, sizeof(length));
    case IOCTL_DISK_GET_DRIVE_GEOMETRY:
        if (room < sizeof(geometry))
            break;
        RtlCopyMemory(answer, &geometry, sizeof(geometry));
        return Complete(Irp, STATUS_SUCCESS, sizeof(geometry));
    case IOCTL_STORAGE_GET_DEVICE_NUMBER:
        if (room < sizeof(number))
            break;
        RtlCopyMemory(answer, &number, sizeof(number));
        return Complete(Irp, STATUS_SUCCESS, sizeof(number));
    default:
        return Complete(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
    }
    return Complete(Irp, STATUS_BUFFER_TOO_SMALL, 0);
}

/* ---- What the volumes must be ---- */
/* For its attributes only: the volume is not mounted. */
static NTSTATUS OpenVolume(PUNICODE_STRING Name, PFILE_OBJECT *File, PDEVICE_OBJECT *Device)
{
    return IoGetDeviceObjectPointer(Name, FILE_READ_ATTRIBUTES, File, Device);
}

static VOID AwaitVolume(PUNICODE_STRING Name, PFILE_OBJECT *File, PDEVICE_OBJECT *Device)
{
    LARGE_INTEGER shortly;

    shortly.QuadPart = -50000;
    while (!NT_SUCCESS(OpenVolume(Name, File, Device)))
        KeDelayExecutionThread(KernelMode, FALSE, &shortly);
}

static NTSTATUS Move(PDEVICE_OBJECT Device, ULONG Major, PVOID Buffer, ULONG Length, LONGLONG Offset)
{
    IO_STATUS_BLOCK result;
    LARGE_INTEGER offset;
    KEVENT done;
    PIRP irp;
    NTSTATUS status;

    offset.QuadPart = Offset;
    KeInitializeEvent(&done, NotificationEvent, FALSE);
    irp = IoBuildSynchronousFsdRequest(Major, Device, Buffer, Length, &offset, &done, &result);
    if (irp == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    status = IoCallDriver(Device, irp);
    if (status != STATUS_PENDING)
        return status;
    KeWaitForSingleObject(&done, Executive, KernelMode, FALSE, NULL);
    return result.Status;
}

static NTSTATUS Ask(PDEVICE_OBJECT Device, ULONG Code, PVOID Answer, ULONG Length)
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
    if (status != STATUS_PENDING)
        return status;
    KeWaitForSingleObject(&done, Executive, KernelMode, FALSE, NULL);
    return result.Status;
}

static VOID CheckTransfers(RAM_DISK *Disk, PDEVICE_OBJECT Volume)
{
    PUCHAR buffer = ExAllocatePoolWithTag(NonPagedPool, 2 * BLOCK, TEST_TAG);
    PUCHAR start = Disk->Image + SECOND_START * BLOCK;

    if (!Check(buffer != NULL, "a buffer"))
        return;
    start[3 * BLOCK + 5] = 0x5A;
    CheckStatus(Move(Volume, IRP_MJ_READ, buffer, 2 * BLOCK, 2 * BLOCK), STATUS_SUCCESS, "read");
    Check(buffer[BLOCK + 5] == 0x5A, "the right blocks are read");
    RtlFillMemory(buffer, 2 * BLOCK, 0xC7);
    CheckStatus(Move(Volume, IRP_MJ_WRITE, buffer, 2 * BLOCK, (SECOND_BLOCKS - 2) * BLOCK), STATUS_SUCCESS, "write at the end");
    Check(start[SECOND_BLOCKS * BLOCK - 1] == 0xC7 && start[SECOND_BLOCKS * BLOCK] == 0, "the right blocks are written");
    CheckStatus(Move(Volume, IRP_MJ_WRITE, buffer, 2 * BLOCK, (SECOND_BLOCKS - 1) * BLOCK), STATUS_INVALID_PARAMETER, "write over the end");
    CheckStatus(Move(Volume, IRP_MJ_READ, buffer, BLOCK, -(LONGLONG)BLOCK), STATUS_INVALID_PARAMETER, "read before the start");
    Check(start[SECOND_BLOCKS * BLOCK] == 0, "nothing is written behind the volume");
    ExFreePoolWithTag(buffer, TEST_TAG);
}

static VOID CheckAnswers(PDEVICE_OBJECT Volume)
{
    struct { MOUNTDEV_NAME Head; WCHAR More[64]; } name;
    STORAGE_DEVICE_NUMBER number;
    PARTITION_INFORMATION_EX partition;
    VOLUME_DISK_EXTENTS extents;
    GET_LENGTH_INFORMATION length;
    DISK_GEOMETRY geometry;

    CheckStatus(Ask(Volume, IOCTL_VOLUME_GET_VOLUME_DISK_EXTENTS, &extents, sizeof(extents)), STATUS_SUCCESS, "extents");
    Check(extents.NumberOfDiskExtents == 1 && extents.Extents[0].DiskNumber == DISK_NUMBER &&
          extents.Extents[0].StartingOffset.QuadPart == SECOND_START * BLOCK, "the extent's place");
    CheckStatus(Ask(Volume, IOCTL_DISK_GET_LENGTH_INFO, &length, sizeof(length)), STATUS_SUCCESS, "length");
    Check(length.Length.QuadPart == SECOND_BLOCKS * BLOCK, "the volume's length");
    CheckStatus(Ask(Volume, IOCTL_DISK_GET_PARTITION_INFO_EX, &partition, sizeof(partition)), STATUS_SUCCESS, "partition");
    Check(partition.PartitionStyle == PARTITION_STYLE_GPT && partition.PartitionNumber == 2 && partition.Gpt.PartitionId.Data2 == 0xB1B1,
          "the partition's identity");
    CheckStatus(Ask(Volume, IOCTL_STORAGE_GET_DEVICE_NUMBER, &number, sizeof(number)), STATUS_SUCCESS, "number");
    Check(number.DeviceNumber == DISK_NUMBER && number.PartitionNumber == 2, "disk and partition");
    CheckStatus(Ask(Volume, IOCTL_DISK_GET_DRIVE_GEOMETRY, &geometry, sizeof(geometry)), STATUS_SUCCESS, "geometry, the disk's");
    Check(geometry.BytesPerSector == BLOCK, "the disk's blocks");
    CheckStatus(Ask(Volume, IOCTL_MOUNTDEV_QUERY_DEVICE_NAME, &name, sizeof(name)), STATUS_SUCCESS, "name");
    Check(name.Head.NameLength > 40 && RtlCompareMemory(name.Head.Name, L"\\Device\\HarddiskVolume", 44) == 44, "HarddiskVolume");
    CheckStatus(Ask(Volume, IOCTL_MOUNTDEV_QUERY_DEVICE_NAME, &name, sizeof(name.Head)), STATUS_BUFFER_OVERFLOW, "a short buffer");
    CheckStatus(Ask(Volume, IOCTL_DISK_GET_LENGTH_INFO, &length, 4), STATUS_BUFFER_TOO_SMALL, "a shorter one");
    CheckStatus(Ask(Volume, IOCTL_DISK_VERIFY, &length, 4), STATUS_INVALID_DEVICE_REQUEST, "what names a place of the disk's");
}

/* The same device by its partition's name, and by one of the letters. */
static VOID CheckNames(PDEVICE_OBJECT Volume)
{
    WCHAR buffer[] = L"\\??\\C:";
    UNICODE_STRING letter = RTL_CONSTANT_STRING(buffer);
    PDEVICE_OBJECT device = NULL;
    PFILE_OBJECT file;
    BOOLEAN found = FALSE;

    if (CheckStatus(OpenVolume(&PartitionName, &file, &device), STATUS_SUCCESS, "Partition2")) {
        Check(device == Volume, "Partition2 is the volume");
        ObDereferenceObject(file);
    }
    for (; buffer[4] <= L'Z' && !found; buffer[4]++) {
        if (!NT_SUCCESS(OpenVolume(&letter, &file, &device)))
            continue;
        found = device == Volume;
        ObDereferenceObject(file);
    }
    Check(found, "a drive letter");
}

static VOID CheckVolumes(RAM_DISK *Disk)
{
    PDEVICE_OBJECT first, second;
    PFILE_OBJECT firstFile, secondFile;

    AwaitVolume(&FirstName, &firstFile, &first);
    AwaitVolume(&SecondName, &secondFile, &second);
    Check(first != second && second->DeviceType == FILE_DEVICE_DISK && (second->Flags & DO_DIRECT_IO) && second->Vpb != NULL,
          "two devices of disks");
    CheckTransfers(Disk, second);
    CheckAnswers(second);
    CheckNames(second);
    ObDereferenceObject(firstFile);
    ObDereferenceObject(secondFile);
}

/* The volume manager has let go of them when the drivers are asked. */
static VOID CheckGone(VOID)
{
    PDEVICE_OBJECT device;
    PFILE_OBJECT file;

    CheckStatus(OpenVolume(&FirstName, &file, &device), STATUS_OBJECT_NAME_NOT_FOUND, "the first volume is gone");
    CheckStatus(OpenVolume(&PartitionName, &file, &device), STATUS_OBJECT_NAME_NOT_FOUND, "Partition2 is gone");
}

/* ---- Plug and play ---- */
static NTSTATUS Start(RAM_DISK *Disk)
{
    OBJECT_ATTRIBUTES attributes;
    NTSTATUS status;

    Disk->Image = ExAllocatePoolWithTag(NonPagedPool, BLOCKS * BLOCK, TEST_TAG);
    if (Disk->Image == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(Disk->Image, BLOCKS * BLOCK);
    MakeTable(Disk->Image);
    InitializeObjectAttributes(&attributes, &DirectoryName, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL, NULL);
    status = ZwCreateDirectoryObject(&Disk->Directory, DIRECTORY_ALL_ACCESS, &attributes);
    if (NT_SUCCESS(status))
        status = IoRegisterDeviceInterface(Disk->Pdo, &GUID_DEVINTERFACE_DISK, NULL, &Disk->Interface);
    return NT_SUCCESS(status) ? IoSetDeviceInterfaceState(&Disk->Interface, TRUE) : status;
}

static VOID Release(RAM_DISK *Disk)
{
    if (Disk->Interface.Buffer != NULL)
        IoSetDeviceInterfaceState(&Disk->Interface, FALSE);
    RtlFreeUnicodeString(&Disk->Interface);
    if (Disk->Directory != NULL)
        ZwClose(Disk->Directory);
    if (Disk->Image != NULL)
        ExFreePoolWithTag(Disk->Image, TEST_TAG);
}

static NTSTATUS NTAPI Pnp(PDEVICE_OBJECT Device, PIRP Irp)
{
    RAM_DISK *disk = Device->DeviceExtension;
    PDEVICE_OBJECT lower = disk->Lower;
    NTSTATUS status;

    switch (IoGetCurrentIrpStackLocation(Irp)->MinorFunction) {
    case IRP_MN_START_DEVICE:
        status = IoForwardIrpSynchronously(lower, Irp) ? Irp->IoStatus.Status : STATUS_UNSUCCESSFUL;
        return Complete(Irp, NT_SUCCESS(status) ? Start(disk) : status, 0);
    case IRP_MN_QUERY_PNP_DEVICE_STATE:          /* it has started and its arrival is told */
        CheckVolumes(disk);
        break;
    case IRP_MN_QUERY_REMOVE_DEVICE:
        CheckGone();
        if (CheckFailures != 0)
            return Complete(Irp, STATUS_UNSUCCESSFUL, 0);
        break;
    case IRP_MN_REMOVE_DEVICE:
        IoSkipCurrentIrpStackLocation(Irp);
        status = IoCallDriver(lower, Irp);
        Release(disk);
        IoDetachDevice(lower);
        IoDeleteDevice(Device);
        return status;
    default:
        break;
    }
    IoSkipCurrentIrpStackLocation(Irp);
    return IoCallDriver(lower, Irp);
}

static NTSTATUS NTAPI AddDevice(PDRIVER_OBJECT Driver, PDEVICE_OBJECT Pdo)
{
    PDEVICE_OBJECT device;
    RAM_DISK *disk;
    NTSTATUS status = IoCreateDevice(Driver, sizeof(*disk), NULL, FILE_DEVICE_DISK, FILE_DEVICE_SECURE_OPEN, FALSE, &device);

    if (!NT_SUCCESS(status))
        return status;
    disk = device->DeviceExtension;
    disk->Device = device;
    disk->Pdo = Pdo;
    disk->Lower = IoAttachDeviceToDeviceStack(device, Pdo);
    device->Flags |= DO_DIRECT_IO;
    device->Flags &= ~DO_DEVICE_INITIALIZING;
    return STATUS_SUCCESS;
}

static VOID NTAPI Unload(PDRIVER_OBJECT Driver) {}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING Path)
{
    Driver->MajorFunction[IRP_MJ_CREATE] = Driver->MajorFunction[IRP_MJ_CLEANUP] = Driver->MajorFunction[IRP_MJ_CLOSE] = OpenClose;
    Driver->MajorFunction[IRP_MJ_READ] = Driver->MajorFunction[IRP_MJ_WRITE] = Transfer;
    Driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = Control;
    Driver->MajorFunction[IRP_MJ_PNP] = Pnp;
    Driver->DriverExtension->AddDevice = AddDevice;
    Driver->DriverUnload = Unload;
    return STATUS_SUCCESS;
}

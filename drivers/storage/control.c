/* SPDX-License-Identifier: MIT
 * Device control: what a disk says of itself.
 */
#include "storage.h"

#define STORAGE_PRODUCT 32u

static VOID StorageGetGeometry(const STORAGE_DISK *Disk, PDISK_GEOMETRY Geometry)
{
    *Geometry = (DISK_GEOMETRY){ .MediaType = FixedMedia, .TracksPerCylinder = 255, .SectorsPerTrack = 63,
                                 .BytesPerSector = Disk->BlockSize };
    Geometry->Cylinders.QuadPart = (LONGLONG)(Disk->Length / (255ull * 63 * Disk->BlockSize));
}

/* ---- Properties ---- */
typedef struct STORAGE_DEVICE_PROPERTY {
    STORAGE_DEVICE_DESCRIPTOR Head;
    CHAR Product[STORAGE_PRODUCT];
} STORAGE_DEVICE_PROPERTY;

static VOID StorageGetDevice(const STORAGE_DISK *Disk, STORAGE_DEVICE_PROPERTY *Property)
{
    ULONG i;

    Property->Head = (STORAGE_DEVICE_DESCRIPTOR){ .Version = sizeof(Property->Head), .Size = sizeof(*Property), .CommandQueueing = TRUE,
                                                  .ProductIdOffset = FIELD_OFFSET(STORAGE_DEVICE_PROPERTY, Product),
                                                  .BusType = Disk->Operations->BusType };
    for (i = 0; i + 1 < STORAGE_PRODUCT && Disk->Operations->Product[i] != '\0'; i++)
        Property->Product[i] = Disk->Operations->Product[i];
}

static VOID StorageGetAdapter(const STORAGE_DISK *Disk, STORAGE_ADAPTER_DESCRIPTOR *Adapter)
{
    *Adapter = (STORAGE_ADAPTER_DESCRIPTOR){ .Version = sizeof(*Adapter), .Size = sizeof(*Adapter),
                                             .MaximumTransferLength = Disk->MaximumTransfer,
                                             .MaximumPhysicalPages = Disk->MaximumSegments, .AlignmentMask = Disk->AlignmentMask,
                                             .CommandQueueing = TRUE, .BusType = (UCHAR)Disk->Operations->BusType };
}

static VOID StorageGetAlignment(const STORAGE_DISK *Disk, STORAGE_ACCESS_ALIGNMENT_DESCRIPTOR *Alignment)
{
    *Alignment = (STORAGE_ACCESS_ALIGNMENT_DESCRIPTOR){ .Version = sizeof(*Alignment), .Size = sizeof(*Alignment),
                                                        .BytesPerLogicalSector = Disk->BlockSize,
                                                        .BytesPerPhysicalSector = Disk->PhysicalBlockSize };
}

/* As much as there is room for, but no less than the head that says how long it is. */
static NTSTATUS StorageQueryProperty(const STORAGE_DISK *Disk, const STORAGE_PROPERTY_QUERY *Query, PVOID Buffer, ULONG Room, PULONG Length)
{
    union {
        STORAGE_DESCRIPTOR_HEADER Head;
        STORAGE_DEVICE_PROPERTY Device;
        STORAGE_ADAPTER_DESCRIPTOR Adapter;
        STORAGE_ACCESS_ALIGNMENT_DESCRIPTOR Alignment;
    } answer;

    RtlZeroMemory(&answer, sizeof(answer));
    switch (Query->PropertyId) {
    case StorageDeviceProperty: StorageGetDevice(Disk, &answer.Device); break;
    case StorageAdapterProperty: StorageGetAdapter(Disk, &answer.Adapter); break;
    case StorageAccessAlignmentProperty: StorageGetAlignment(Disk, &answer.Alignment); break;
    default: return STATUS_NOT_SUPPORTED;
    }
    if (Query->QueryType == PropertyExistsQuery)
        return STATUS_SUCCESS;
    if (Query->QueryType != PropertyStandardQuery)
        return STATUS_NOT_SUPPORTED;
    if (Room < sizeof(answer.Head))
        return STATUS_BUFFER_TOO_SMALL;
    *Length = min(Room, answer.Head.Size);
    RtlCopyMemory(Buffer, &answer, *Length);
    return STATUS_SUCCESS;
}

/* ---- Dispatch ---- */

/* What has an answer of one size. Its length; 0: not such a code. */
static ULONG StorageAnswer(const STORAGE_DISK *Disk, ULONG Code, PVOID Answer)
{
    PDISK_GEOMETRY_EX geometry = Answer;
    PSTORAGE_DEVICE_NUMBER number = Answer;
    PSTORAGE_HOTPLUG_INFO plug = Answer;

    switch (Code) {
    case IOCTL_DISK_GET_DRIVE_GEOMETRY:
        StorageGetGeometry(Disk, &geometry->Geometry);
        return sizeof(DISK_GEOMETRY);
    case IOCTL_DISK_GET_DRIVE_GEOMETRY_EX:
        StorageGetGeometry(Disk, &geometry->Geometry);
        geometry->DiskSize.QuadPart = (LONGLONG)Disk->Length;
        return FIELD_OFFSET(DISK_GEOMETRY_EX, Data);
    case IOCTL_DISK_GET_LENGTH_INFO:
        ((PGET_LENGTH_INFORMATION)Answer)->Length.QuadPart = (LONGLONG)Disk->Length;
        return sizeof(GET_LENGTH_INFORMATION);
    case IOCTL_STORAGE_GET_DEVICE_NUMBER:
        *number = (STORAGE_DEVICE_NUMBER){ FILE_DEVICE_DISK, Disk->Number, 0 };
        return sizeof(*number);
    case IOCTL_STORAGE_GET_HOTPLUG_INFO:
        *plug = (STORAGE_HOTPLUG_INFO){ .Size = sizeof(*plug) };
        return sizeof(*plug);
    default:
        return 0;
    }
}

static NTSTATUS StorageHandleControl(const STORAGE_DISK *Disk, PIRP Irp, PULONG Length)
{
    PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(Irp);
    ULONG code = location->Parameters.DeviceIoControl.IoControlCode, room = location->Parameters.DeviceIoControl.OutputBufferLength;
    PVOID buffer = Irp->AssociatedIrp.SystemBuffer;
    STORAGE_PROPERTY_QUERY query;
    ULONG64 answer[8] = { 0 };
    ULONG length;

    if (Disk->BlockSize == 0)
        return STATUS_DEVICE_NOT_READY;
    switch (code) {
    case IOCTL_DISK_IS_WRITABLE:
        return Disk->ReadOnly ? STATUS_MEDIA_WRITE_PROTECTED : STATUS_SUCCESS;
    case IOCTL_DISK_CHECK_VERIFY:
    case IOCTL_STORAGE_CHECK_VERIFY:
    case IOCTL_STORAGE_CHECK_VERIFY2:
        if (room != 0 && room < sizeof(ULONG))
            return STATUS_BUFFER_TOO_SMALL;
        *Length = room != 0 ? sizeof(ULONG) : 0;
        if (room != 0)
            *(PULONG)buffer = 0;                 /* the medium never changed */
        return STATUS_SUCCESS;
    case IOCTL_STORAGE_QUERY_PROPERTY:
        if (location->Parameters.DeviceIoControl.InputBufferLength < sizeof(query))
            return STATUS_INFO_LENGTH_MISMATCH;
        query = *(PSTORAGE_PROPERTY_QUERY)buffer;            /* the answer goes where the question was */
        return StorageQueryProperty(Disk, &query, buffer, room, Length);
    default:
        length = StorageAnswer(Disk, code, answer);
    }
    if (length == 0)
        return STATUS_INVALID_DEVICE_REQUEST;
    if (room < length)
        return STATUS_BUFFER_TOO_SMALL;
    RtlCopyMemory(buffer, answer, length);
    *Length = length;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI StorageControl(PDEVICE_OBJECT Device, PIRP Irp)
{
    STORAGE_DISK *disk = StorageDisk(Device);
    ULONG length = 0;
    NTSTATUS status = IoAcquireRemoveLock(&disk->RemoveLock, Irp);

    if (!NT_SUCCESS(status))
        return StorageFinish(Irp, STATUS_NO_SUCH_DEVICE, 0);
    status = StorageHandleControl(disk, Irp, &length);
    IoReleaseRemoveLock(&disk->RemoveLock, Irp);
    return StorageFinish(Irp, status, NT_SUCCESS(status) ? length : 0);
}

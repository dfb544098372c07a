/* SPDX-License-Identifier: MIT
 * Device control: what a volume says of itself, and what it lets through to its disk: only what does not name a place there.
 */
#include "volmgr.h"

typedef struct VOLMGR_QUESTION {
    const VOLMGR_VOLUME *Volume;
    PVOID Answer;
    ULONG Room, Length;
} VOLMGR_QUESTION;

static NTSTATUS VolmgrAnswer(VOLMGR_QUESTION *Question, const VOID *Data, ULONG Length)
{
    if (Question->Room < Length)
        return STATUS_BUFFER_TOO_SMALL;
    RtlCopyMemory(Question->Answer, Data, Length);
    Question->Length = Length;
    return STATUS_SUCCESS;
}

/* ---- Names and identity: a length, then that many bytes; too little room for them is a warning with the length ---- */
static NTSTATUS VolmgrAnswerCounted(VOLMGR_QUESTION *Question, const VOID *Data, USHORT Length, ULONG Minimum)
{
    PUCHAR answer = Question->Answer;

    if (Question->Room < Minimum)
        return STATUS_BUFFER_TOO_SMALL;
    RtlZeroMemory(answer, Minimum);
    *(PUSHORT)answer = Length;
    Question->Length = Minimum;
    if (Question->Room < sizeof(USHORT) + Length)
        return STATUS_BUFFER_OVERFLOW;
    RtlCopyMemory(answer + sizeof(USHORT), Data, Length);
    Question->Length = sizeof(USHORT) + Length;
    return STATUS_SUCCESS;
}

static NTSTATUS VolmgrAnswerIdentity(VOLMGR_QUESTION *Question)
{
    const VOLMGR_VOLUME *volume = Question->Volume;
    UCHAR identity[24] = "DMIO:ID:";

    if (volume->Style == PartitionGpt) {
        RtlCopyMemory(identity + 8, volume->Partition.Guid, 16);
        return VolmgrAnswerCounted(Question, identity, 24, sizeof(MOUNTDEV_UNIQUE_ID));
    }
    RtlCopyMemory(identity, &volume->Signature, 4);
    RtlCopyMemory(identity + 4, &volume->Partition.Offset, 8);
    return VolmgrAnswerCounted(Question, identity, 12, sizeof(MOUNTDEV_UNIQUE_ID));
}

/* ---- Where it lies ---- */
static NTSTATUS VolmgrAnswerExtents(VOLMGR_QUESTION *Question)
{
    VOLUME_DISK_EXTENTS extents = { .NumberOfDiskExtents = 1 };

    extents.Extents[0].DiskNumber = Question->Volume->DiskNumber;
    extents.Extents[0].StartingOffset.QuadPart = (LONGLONG)Question->Volume->Partition.Offset;
    extents.Extents[0].ExtentLength.QuadPart = (LONGLONG)Question->Volume->Partition.Length;
    return VolmgrAnswer(Question, &extents, sizeof(extents));
}

static NTSTATUS VolmgrAnswerPartition(VOLMGR_QUESTION *Question)
{
    const PARTITION *partition = &Question->Volume->Partition;
    PARTITION_INFORMATION information = { .PartitionNumber = partition->Number, .PartitionType = partition->Type,
                                          .BootIndicator = partition->Active, .RecognizedPartition = TRUE };

    if (Question->Volume->Style == PartitionGpt)
        return STATUS_INVALID_DEVICE_REQUEST;    /* documented: for MBR only */
    information.StartingOffset.QuadPart = (LONGLONG)partition->Offset;
    information.PartitionLength.QuadPart = (LONGLONG)partition->Length;
    information.HiddenSectors = (ULONG)(partition->Offset / Question->Volume->Device->SectorSize);
    return VolmgrAnswer(Question, &information, sizeof(information));
}

static NTSTATUS VolmgrAnswerPartitionEx(VOLMGR_QUESTION *Question)
{
    const PARTITION *partition = &Question->Volume->Partition;
    PARTITION_INFORMATION_EX information;

    RtlZeroMemory(&information, sizeof(information));
    information.PartitionStyle = Question->Volume->Style == PartitionGpt   ? PARTITION_STYLE_GPT
                                 : Question->Volume->Style == PartitionMbr ? PARTITION_STYLE_MBR
                                                                           : PARTITION_STYLE_RAW;
    information.StartingOffset.QuadPart = (LONGLONG)partition->Offset;
    information.PartitionLength.QuadPart = (LONGLONG)partition->Length;
    information.PartitionNumber = partition->Number;
    if (information.PartitionStyle == PARTITION_STYLE_GPT) {
        RtlCopyMemory(&information.Gpt.PartitionType, partition->TypeGuid, sizeof(GUID));
        RtlCopyMemory(&information.Gpt.PartitionId, partition->Guid, sizeof(GUID));
        information.Gpt.Attributes = partition->Attributes;
        RtlCopyMemory(information.Gpt.Name, partition->Name, sizeof(information.Gpt.Name));
    } else if (information.PartitionStyle == PARTITION_STYLE_MBR) {
        information.Mbr.PartitionType = partition->Type;
        information.Mbr.BootIndicator = partition->Active;
        information.Mbr.RecognizedPartition = TRUE;
        information.Mbr.HiddenSectors = (ULONG)(partition->Offset / Question->Volume->Device->SectorSize);
    }
    return VolmgrAnswer(Question, &information, sizeof(information));
}

static NTSTATUS VolmgrAnswerNumber(VOLMGR_QUESTION *Question)
{
    STORAGE_DEVICE_NUMBER number = { FILE_DEVICE_DISK, Question->Volume->DiskNumber, Question->Volume->Partition.Number };
    return VolmgrAnswer(Question, &number, sizeof(number));
}

static NTSTATUS VolmgrAnswerAttributes(VOLMGR_QUESTION *Question)
{
    VOLUME_GET_GPT_ATTRIBUTES_INFORMATION attributes = { Question->Volume->Partition.Attributes };

    if (Question->Volume->Style != PartitionGpt)
        return STATUS_INVALID_DEVICE_REQUEST;
    return VolmgrAnswer(Question, &attributes, sizeof(attributes));
}

/* ---- Which is which ---- */
static BOOLEAN VolmgrIsForDisk(ULONG Code)
{
    return Code == IOCTL_DISK_GET_DRIVE_GEOMETRY || Code == IOCTL_DISK_GET_DRIVE_GEOMETRY_EX || Code == IOCTL_DISK_IS_WRITABLE ||
           Code == IOCTL_DISK_CHECK_VERIFY || Code == IOCTL_STORAGE_CHECK_VERIFY || Code == IOCTL_STORAGE_CHECK_VERIFY2 ||
           Code == IOCTL_STORAGE_QUERY_PROPERTY || Code == IOCTL_STORAGE_GET_HOTPLUG_INFO;
}

static NTSTATUS VolmgrAnswerCode(VOLMGR_QUESTION *Question, ULONG Code)
{
    const VOLMGR_VOLUME *volume = Question->Volume;

    switch (Code) {
    case IOCTL_MOUNTDEV_QUERY_DEVICE_NAME:
        return VolmgrAnswerCounted(Question, volume->Name.Buffer, volume->Name.String.Length, sizeof(MOUNTDEV_NAME));
    case IOCTL_MOUNTDEV_QUERY_UNIQUE_ID:
        return VolmgrAnswerIdentity(Question);
    case IOCTL_MOUNTDEV_QUERY_STABLE_GUID:
        return volume->Style == PartitionGpt ? VolmgrAnswer(Question, volume->Partition.Guid, sizeof(GUID)) : STATUS_INVALID_DEVICE_REQUEST;
    case IOCTL_VOLUME_GET_VOLUME_DISK_EXTENTS:
        return VolmgrAnswerExtents(Question);
    case IOCTL_VOLUME_GET_GPT_ATTRIBUTES:
        return VolmgrAnswerAttributes(Question);
    case IOCTL_VOLUME_IS_IO_CAPABLE:
    case IOCTL_VOLUME_IS_PARTITION:
        return STATUS_SUCCESS;
    case IOCTL_DISK_GET_LENGTH_INFO:
        return VolmgrAnswer(Question, &volume->Partition.Length, sizeof(GET_LENGTH_INFORMATION));
    case IOCTL_DISK_GET_PARTITION_INFO:
        return VolmgrAnswerPartition(Question);
    case IOCTL_DISK_GET_PARTITION_INFO_EX:
        return VolmgrAnswerPartitionEx(Question);
    case IOCTL_STORAGE_GET_DEVICE_NUMBER:
        return VolmgrAnswerNumber(Question);
    default:
        return STATUS_INVALID_DEVICE_REQUEST;
    }
}

NTSTATUS NTAPI VolmgrControl(PDEVICE_OBJECT Device, PIRP Irp)
{
    PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(Irp);
    ULONG code = location->Parameters.DeviceIoControl.IoControlCode;
    VOLMGR_VOLUME *volume = Device->DeviceExtension;
    VOLMGR_QUESTION question = { volume, Irp->AssociatedIrp.SystemBuffer, location->Parameters.DeviceIoControl.OutputBufferLength, 0 };
    NTSTATUS status;

    if (VolmgrIsForDisk(code))
        return VolmgrPass(Device, Irp);
    status = IoAcquireRemoveLock(&volume->RemoveLock, Irp);
    if (!NT_SUCCESS(status))
        return VolmgrFinish(Irp, STATUS_NO_SUCH_DEVICE, 0);
    status = VolmgrAnswerCode(&question, code);
    IoReleaseRemoveLock(&volume->RemoveLock, Irp);
    return VolmgrFinish(Irp, status, question.Length);
}

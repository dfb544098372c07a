/* SPDX-License-Identifier: MIT
 * IRP_MJ_QUERY_VOLUME_INFORMATION and IRP_MJ_SET_VOLUME_INFORMATION.
 */
#include "fastfat.h"

typedef struct FAT_SECTORS {                     /* FILE_FS_SECTOR_SIZE_INFORMATION, which the DDK lacks */
    ULONG Logical, PhysicalForAtomicity, PhysicalForPerformance, EffectiveForAtomicity, Flags, OffsetForSector,
        OffsetForPartition;
} FAT_SECTORS;
#define FAT_FS_SECTOR_SIZE 11

/* A name behind a head: as much as there is room for. */
static NTSTATUS FatPutName(PUCHAR Place, ULONG Room, const WCHAR *Name, ULONG Bytes, PULONG Used)
{
    ULONG fits = min(Room, Bytes);

    RtlCopyMemory(Place, Name, fits);
    *Used += fits;
    return fits < Bytes ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}

static NTSTATUS FatQueryLabel(FAT_VCB *Vcb, PFILE_FS_VOLUME_INFORMATION Information, ULONG Length, PULONG Used)
{
    ULONG head = FIELD_OFFSET(FILE_FS_VOLUME_INFORMATION, VolumeLabel);

    if (Length < head)
        return STATUS_INFO_LENGTH_MISMATCH;
    RtlZeroMemory(Information, head);
    Information->VolumeSerialNumber = Vcb->Vpb->SerialNumber;
    Information->VolumeLabelLength = Vcb->Vpb->VolumeLabelLength;
    *Used = head;
    return FatPutName((PUCHAR)Information + head, Length - head, Vcb->Vpb->VolumeLabel, Vcb->Vpb->VolumeLabelLength, Used);
}

static NTSTATUS FatQueryAttributes(FAT_VCB *Vcb, PFILE_FS_ATTRIBUTE_INFORMATION Information, ULONG Length, PULONG Used)
{
    const WCHAR *name = Vcb->Volume.Bits == 32 ? L"FAT32" : L"FAT";
    ULONG head = FIELD_OFFSET(FILE_FS_ATTRIBUTE_INFORMATION, FileSystemName),
          bytes = (Vcb->Volume.Bits == 32 ? 5 : 3) * sizeof(WCHAR);

    if (Length < head)
        return STATUS_INFO_LENGTH_MISMATCH;
    Information->FileSystemAttributes =
        FILE_CASE_PRESERVED_NAMES | FILE_UNICODE_ON_DISK | (Vcb->WriteProtected ? FILE_READ_ONLY_VOLUME : 0);
    Information->MaximumComponentNameLength = FAT_MAXIMUM_NAME;
    Information->FileSystemNameLength = bytes;
    *Used = head;
    return FatPutName((PUCHAR)Information + head, Length - head, name, bytes, Used);
}

static NTSTATUS FatQuerySizes(FAT_VCB *Vcb, PVOID Buffer, ULONG Length, FS_INFORMATION_CLASS Class, PULONG Used)
{
    const FAT_VOLUME *volume = &Vcb->Volume;
    PFILE_FS_FULL_SIZE_INFORMATION full = Buffer;
    PFILE_FS_SIZE_INFORMATION size = Buffer;

    *Used = Class == FileFsSizeInformation ? sizeof(*size) : sizeof(*full);
    if (Length < *Used) {
        *Used = 0;
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    if (Class == FileFsSizeInformation)
        *size = (FILE_FS_SIZE_INFORMATION){ { .QuadPart = volume->Clusters },
                                            { .QuadPart = volume->Free },
                                            volume->ClusterSize >> volume->SectorShift,
                                            volume->SectorSize };
    else
        *full = (FILE_FS_FULL_SIZE_INFORMATION){ { .QuadPart = volume->Clusters },
                                                 { .QuadPart = volume->Free },
                                                 { .QuadPart = volume->Free },
                                                 volume->ClusterSize >> volume->SectorShift,
                                                 volume->SectorSize };
    return STATUS_SUCCESS;
}

static NTSTATUS FatQueryOthers(FAT_VCB *Vcb, PVOID Buffer, ULONG Length, ULONG Class, PULONG Used)
{
    ULONG sector = Vcb->Volume.SectorSize;

    if (Class == FileFsDeviceInformation && Length >= sizeof(FILE_FS_DEVICE_INFORMATION)) {
        *Used = sizeof(FILE_FS_DEVICE_INFORMATION);
        *(PFILE_FS_DEVICE_INFORMATION)Buffer = (FILE_FS_DEVICE_INFORMATION){ FILE_DEVICE_DISK, Vcb->Target->Characteristics };
        return STATUS_SUCCESS;
    }
    if (Class == FAT_FS_SECTOR_SIZE && Length >= sizeof(FAT_SECTORS)) {
        *Used = sizeof(FAT_SECTORS);
        *(FAT_SECTORS *)Buffer = (FAT_SECTORS){ sector, sector, sector, sector, 0, 0, 0 };
        return STATUS_SUCCESS;
    }
    return Class == FileFsDeviceInformation || Class == FAT_FS_SECTOR_SIZE ? STATUS_INFO_LENGTH_MISMATCH
                                                                           : STATUS_INVALID_PARAMETER;
}

NTSTATUS FatQueryVolume(FAT_VCB *Vcb, PIRP Irp, PIO_STACK_LOCATION Location)
{
    PVOID buffer = Irp->AssociatedIrp.SystemBuffer;
    ULONG length = Location->Parameters.QueryVolume.Length, used = 0;
    NTSTATUS status;

    ExAcquireResourceSharedLite(&Vcb->Resource, TRUE);
    switch (Vcb->Dismounted ? 0 : (ULONG)Location->Parameters.QueryVolume.FsInformationClass) {
    case 0:
        status = STATUS_VOLUME_DISMOUNTED;
        break;
    case FileFsVolumeInformation:
        status = FatQueryLabel(Vcb, buffer, length, &used);
        break;
    case FileFsAttributeInformation:
        status = FatQueryAttributes(Vcb, buffer, length, &used);
        break;
    case FileFsSizeInformation:
    case FileFsFullSizeInformation:
        status = FatQuerySizes(Vcb, buffer, length, Location->Parameters.QueryVolume.FsInformationClass, &used);
        break;
    default:
        status = FatQueryOthers(Vcb, buffer, length, (ULONG)Location->Parameters.QueryVolume.FsInformationClass, &used);
        break;
    }
    ExReleaseResourceLite(&Vcb->Resource);
    Irp->IoStatus.Information = used;
    return status;
}

/* ---- The label: an entry of the root ---- */
/* Capital letters of the code page; spaces at the end do not count. */
static NTSTATUS FatMakeLabel(const WCHAR *Label, ULONG Length, UCHAR *Short)
{
    ULONG i;

    while (Length != 0 && Label[Length - 1] == L' ')
        Length--;
    if (Length > FAT_SHORT_LENGTH)
        return STATUS_INVALID_VOLUME_LABEL;
    RtlFillMemory(Short, FAT_SHORT_LENGTH, ' ');
    for (i = 0; i < Length; i++) {
        Short[i] = FatHost.ToOem(FatHost.Upcase(Label[i]));
        if (Short[i] < ' ' || wcschr(L"\"*+,./:;<=>?[\\]|", Label[i]) != NULL)
            return STATUS_INVALID_VOLUME_LABEL;
    }
    return STATUS_SUCCESS;
}

static NTSTATUS FatWriteLabel(FAT_VCB *Vcb, FAT_ENTRY *Entry, FAT_NEW_NAME *Name, BOOLEAN None)
{
    FAT_FOLDER *root = &Vcb->Root->Folder;
    FAT_STATUS found = FatFindLabel(root, Entry);
    NTSTATUS status = found == FatOk || found == FatNotFound ? FatBeginChange(Vcb) : FatToNtStatus(found);
    uint32_t first;

    if (!NT_SUCCESS(status) || (found == FatNotFound && None))
        return status;
    if (None)
        return FatToNtStatus(FatRemoveEntry(root, Entry->Offset, Entry->Offset));
    if (found == FatNotFound)
        Entry->Record = (FAT_RECORD){ .Attributes = FatVolumeLabel };
    RtlCopyMemory(Entry->Record.Name, Name->Short, FAT_SHORT_LENGTH);
    Entry->Record.Written = FatNow();
    if (found == FatOk)
        return FatToNtStatus(FatWriteRecord(root, Entry->Offset, &Entry->Record));
    Name->Entries = 1;
    Name->Case = 0;
    return FatAddEntry(Vcb->Root, Name, &Entry->Record, &first);
}

static NTSTATUS FatSetLabel(FAT_VCB *Vcb, const FILE_FS_LABEL_INFORMATION *Information)
{
    FAT_ENTRY *entry = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*entry), FAT_TAG);
    FAT_NEW_NAME *name = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*name), FAT_TAG);
    NTSTATUS status = entry == NULL || name == NULL
                          ? STATUS_INSUFFICIENT_RESOURCES
                          : FatMakeLabel(Information->VolumeLabel, Information->VolumeLabelLength / sizeof(WCHAR), name->Short);
    ULONG length = FAT_SHORT_LENGTH, i;

    while (NT_SUCCESS(status) && length != 0 && name->Short[length - 1] == ' ')
        length--;
    if (NT_SUCCESS(status))
        status = FatWriteLabel(Vcb, entry, name, length == 0);
    if (NT_SUCCESS(status)) {
        for (i = 0; i < length; i++)
            Vcb->Vpb->VolumeLabel[i] = FatHost.FromOem(name->Short[i]);
        Vcb->Vpb->VolumeLabelLength = (USHORT)(length * sizeof(WCHAR));
    }
    if (entry != NULL)
        ExFreePoolWithTag(entry, FAT_TAG);
    if (name != NULL)
        ExFreePoolWithTag(name, FAT_TAG);
    return status;
}

NTSTATUS FatSetVolume(FAT_VCB *Vcb, PIRP Irp, PIO_STACK_LOCATION Location)
{
    PFILE_FS_LABEL_INFORMATION information = Irp->AssociatedIrp.SystemBuffer;
    ULONG head = FIELD_OFFSET(FILE_FS_LABEL_INFORMATION, VolumeLabel), length = Location->Parameters.SetVolume.Length;
    NTSTATUS status;

    if (Location->Parameters.SetVolume.FsInformationClass != FileFsLabelInformation)
        return STATUS_INVALID_PARAMETER;
    if (length < head || information->VolumeLabelLength > length - head)
        return STATUS_INVALID_PARAMETER;
    ExAcquireResourceExclusiveLite(&Vcb->Resource, TRUE);
    status = Vcb->Dismounted ? STATUS_VOLUME_DISMOUNTED : FatSetLabel(Vcb, information);
    ExReleaseResourceLite(&Vcb->Resource);
    return status;
}

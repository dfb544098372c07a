/* SPDX-License-Identifier: MIT
 * Information that is the same for pipes and mailslots: nothing of them is on a disk.
 */
#include "ipc.h"

static NTSTATUS IpcQueryName(PCUNICODE_STRING Name, PFILE_NAME_INFORMATION Information, ULONG Length, PULONG_PTR Used)
{
    ULONG room = (Length - FIELD_OFFSET(FILE_NAME_INFORMATION, FileName)) & ~1u, bytes = Name->Length + sizeof(WCHAR);
    ULONG fits = min(room, bytes);

    Information->FileNameLength = bytes;
    if (fits != 0) {
        Information->FileName[0] = L'\\';
        RtlCopyMemory(Information->FileName + 1, Name->Buffer, fits - sizeof(WCHAR));
    }
    *Used = FIELD_OFFSET(FILE_NAME_INFORMATION, FileName) + fits;
    return fits < bytes ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}

NTSTATUS IpcQueryCommon(PCUNICODE_STRING Name, PVOID Id, PIO_STACK_LOCATION Location, PVOID Buffer, PULONG_PTR Used)
{
    ULONG length = Location->Parameters.QueryFile.Length;

    switch ((ULONG)Location->Parameters.QueryFile.FileInformationClass) {
    case FileBasicInformation:
        RtlZeroMemory(Buffer, sizeof(FILE_BASIC_INFORMATION));
        ((PFILE_BASIC_INFORMATION)Buffer)->FileAttributes = FILE_ATTRIBUTE_NORMAL;
        *Used = sizeof(FILE_BASIC_INFORMATION);
        return STATUS_SUCCESS;
    case FileInternalInformation:
        ((PFILE_INTERNAL_INFORMATION)Buffer)->IndexNumber.QuadPart = (LONGLONG)(ULONG_PTR)Id;
        *Used = sizeof(FILE_INTERNAL_INFORMATION);
        return STATUS_SUCCESS;
    case FileEaInformation:
        ((PFILE_EA_INFORMATION)Buffer)->EaSize = 0;
        *Used = sizeof(FILE_EA_INFORMATION);
        return STATUS_SUCCESS;
    case FileNameInformation:
        return IpcQueryName(Name, Buffer, length, Used);
    default:
        return STATUS_INVALID_INFO_CLASS;
    }
}

static NTSTATUS IpcQueryAttributes(PCUNICODE_STRING FileSystem, PFILE_FS_ATTRIBUTE_INFORMATION Information, ULONG Length, PULONG_PTR Used)
{
    ULONG head = FIELD_OFFSET(FILE_FS_ATTRIBUTE_INFORMATION, FileSystemName), fits = min(Length - head, (ULONG)FileSystem->Length);

    Information->FileSystemAttributes = FILE_CASE_PRESERVED_NAMES | FILE_UNICODE_ON_DISK;
    Information->MaximumComponentNameLength = 255;
    Information->FileSystemNameLength = FileSystem->Length;
    RtlCopyMemory(Information->FileSystemName, FileSystem->Buffer, fits);
    *Used = head + fits;
    return fits < FileSystem->Length ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}

NTSTATUS IpcQueryVolume(PCUNICODE_STRING FileSystem, PIO_STACK_LOCATION Location, PVOID Buffer, PULONG_PTR Used)
{
    switch ((ULONG)Location->Parameters.QueryVolume.FsInformationClass) {
    case FileFsAttributeInformation:
        return IpcQueryAttributes(FileSystem, Buffer, Location->Parameters.QueryVolume.Length, Used);
    case FileFsVolumeInformation:                /* no label, no number */
        RtlZeroMemory(Buffer, FIELD_OFFSET(FILE_FS_VOLUME_INFORMATION, VolumeLabel));
        *Used = FIELD_OFFSET(FILE_FS_VOLUME_INFORMATION, VolumeLabel);
        return STATUS_SUCCESS;
    case FileFsSizeInformation:                  /* it holds nothing */
        *(PFILE_FS_SIZE_INFORMATION)Buffer = (FILE_FS_SIZE_INFORMATION){ .SectorsPerAllocationUnit = 1, .BytesPerSector = 1 };
        *Used = sizeof(FILE_FS_SIZE_INFORMATION);
        return STATUS_SUCCESS;
    default:
        return STATUS_INVALID_INFO_CLASS;
    }
}

/* SPDX-License-Identifier: MIT
 * The classes of information about files and volumes: how long a buffer must be at least, and what rights a handle needs.
 */
#include "information.h"

#define READ_ FILE_READ_ATTRIBUTES
#define WRITE_ FILE_WRITE_ATTRIBUTES

static const IOP_CLASS IopFileClasses[] = {
    [FileBasicInformation] = { sizeof(FILE_BASIC_INFORMATION), sizeof(FILE_BASIC_INFORMATION), READ_, WRITE_ },
    [FileStandardInformation] = { sizeof(FILE_STANDARD_INFORMATION), 0 },
    [FileInternalInformation] = { sizeof(FILE_INTERNAL_INFORMATION), 0 },
    [FileEaInformation] = { sizeof(FILE_EA_INFORMATION), 0 },
    [FileAccessInformation] = { sizeof(FILE_ACCESS_INFORMATION), 0 },
    [FileNameInformation] = { sizeof(FILE_NAME_INFORMATION), 0 },
    [FileRenameInformation] = { 0, sizeof(FILE_RENAME_INFORMATION), 0, DELETE },
    [FileLinkInformation] = { 0, sizeof(FILE_RENAME_INFORMATION) },
    [FileDispositionInformation] = { 0, sizeof(FILE_DISPOSITION_INFORMATION), 0, DELETE },
    [FilePositionInformation] = { sizeof(FILE_POSITION_INFORMATION), sizeof(FILE_POSITION_INFORMATION) },
    [FileModeInformation] = { sizeof(FILE_MODE_INFORMATION), sizeof(FILE_MODE_INFORMATION) },
    [FileAlignmentInformation] = { sizeof(FILE_ALIGNMENT_INFORMATION), 0 },
    [FileAllInformation] = { sizeof(FILE_ALL_INFORMATION), 0, READ_ },
    [FileAllocationInformation] = { 0, sizeof(FILE_ALLOCATION_INFORMATION), 0, FILE_WRITE_DATA },
    [FileEndOfFileInformation] = { 0, sizeof(FILE_END_OF_FILE_INFORMATION), 0, FILE_WRITE_DATA },
    [FileAlternateNameInformation] = { sizeof(FILE_NAME_INFORMATION), 0 },
    [FileStreamInformation] = { sizeof(FILE_STREAM_INFORMATION), 0 },
    [FileCompressionInformation] = { sizeof(FILE_COMPRESSION_INFORMATION), 0 },
    [FilePipeInformation] = { sizeof(FILE_PIPE_INFORMATION), sizeof(FILE_PIPE_INFORMATION), READ_, WRITE_ },
    [FilePipeLocalInformation] = { sizeof(FILE_PIPE_LOCAL_INFORMATION), 0, READ_ },
    [FileMailslotQueryInformation] = { sizeof(FILE_MAILSLOT_QUERY_INFORMATION), 0 },
    [FileMailslotSetInformation] = { 0, sizeof(FILE_MAILSLOT_SET_INFORMATION) },
    [FileNetworkOpenInformation] = { sizeof(FILE_NETWORK_OPEN_INFORMATION), 0, READ_ },
    [FileCompletionInformation] = { 0, sizeof(FILE_COMPLETION_INFORMATION) },
    [FileIoCompletionNotificationInformation] = { sizeof(ULONG), sizeof(ULONG) },
    [FileAttributeTagInformation] = { sizeof(FILE_ATTRIBUTE_TAG_INFORMATION), 0, READ_ },
    [FileValidDataLengthInformation] = { 0, sizeof(FILE_VALID_DATA_LENGTH_INFORMATION), 0, FILE_WRITE_DATA },
    [FileShortNameInformation] = { 0, sizeof(FILE_NAME_INFORMATION), 0, DELETE },
    [FileStatInformation] = { 0x48, 0, READ_ },      /* statinformation.c */
    [FileIdInformation] = { 24, 0 },             /* FILE_ID_INFORMATION: a serial number and 128 bits */
};

static const IOP_CLASS IopVolumeClasses[] = {
    [FileFsVolumeInformation] = { sizeof(FILE_FS_VOLUME_INFORMATION), 0 },
    [FileFsLabelInformation] = { 0, sizeof(FILE_FS_LABEL_INFORMATION), 0, FILE_WRITE_DATA },
    [FileFsSizeInformation] = { sizeof(FILE_FS_SIZE_INFORMATION), 0 },
    [FileFsDeviceInformation] = { sizeof(FILE_FS_DEVICE_INFORMATION), 0 },
    [FileFsAttributeInformation] = { sizeof(FILE_FS_ATTRIBUTE_INFORMATION), 0 },
    [FileFsControlInformation] = { sizeof(FILE_FS_CONTROL_INFORMATION), sizeof(FILE_FS_CONTROL_INFORMATION), FILE_READ_DATA,
                                   FILE_WRITE_DATA },
    [FileFsFullSizeInformation] = { sizeof(FILE_FS_FULL_SIZE_INFORMATION), 0 },
    [FileFsObjectIdInformation] = { sizeof(FILE_FS_OBJECTID_INFORMATION), sizeof(FILE_FS_OBJECTID_INFORMATION), 0, FILE_WRITE_DATA },
    [FileFsSectorSizeInformation] = { 28, 0 },   /* FILE_FS_SECTOR_SIZE_INFORMATION: seven numbers */
};

static NTSTATUS IopFindClass(const IOP_CLASS *Rows, ULONG Count, ULONG Class, ULONG Length, BOOLEAN Set, const IOP_CLASS **Row)
{
    ULONG needed = Class < Count ? (Set ? Rows[Class].Set : Rows[Class].Query) : 0;

    if (needed == 0)
        return STATUS_INVALID_INFO_CLASS;
    if (Length < needed)
        return STATUS_INFO_LENGTH_MISMATCH;
    *Row = &Rows[Class];
    return STATUS_SUCCESS;
}

NTSTATUS IopFileClass(FILE_INFORMATION_CLASS Class, ULONG Length, BOOLEAN Set, const IOP_CLASS **Row)
{
    return IopFindClass(IopFileClasses, RTL_NUMBER_OF(IopFileClasses), (ULONG)Class, Length, Set, Row);
}

NTSTATUS IopVolumeClass(FS_INFORMATION_CLASS Class, ULONG Length, BOOLEAN Set, const IOP_CLASS **Row)
{
    return IopFindClass(IopVolumeClasses, RTL_NUMBER_OF(IopVolumeClasses), (ULONG)Class, Length, Set, Row);
}

/* For network redirectors and others that are handed a request as it came. */
NTSTATUS NTAPI IoCheckQuerySetFileInformation(FILE_INFORMATION_CLASS FileInformationClass, ULONG Length, BOOLEAN SetOperation)
{
    const IOP_CLASS *row;
    return IopFileClass(FileInformationClass, Length, SetOperation, &row);
}

NTSTATUS NTAPI IoCheckQuerySetVolumeInformation(FS_INFORMATION_CLASS FsInformationClass, ULONG Length, BOOLEAN SetOperation)
{
    const IOP_CLASS *row;
    return IopVolumeClass(FsInformationClass, Length, SetOperation, &row);
}

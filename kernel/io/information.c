/* SPDX-License-Identifier: MIT
 * Information about files. What the I/O manager knows itself it answers; the rest is asked of the driver, through a system buffer.
 */
#include "iop.h"

/* What a class needs at least; 0: not a class that can be asked for (or set) this way. */
typedef struct IOP_CLASS {
    UCHAR Query, Set;
} IOP_CLASS;
static const IOP_CLASS IopClasses[] = {
    [FileBasicInformation] = { sizeof(FILE_BASIC_INFORMATION), sizeof(FILE_BASIC_INFORMATION) },
    [FileStandardInformation] = { sizeof(FILE_STANDARD_INFORMATION), 0 },
    [FileInternalInformation] = { sizeof(FILE_INTERNAL_INFORMATION), 0 },
    [FileEaInformation] = { sizeof(FILE_EA_INFORMATION), 0 },
    [FileAccessInformation] = { sizeof(FILE_ACCESS_INFORMATION), 0 },
    [FileNameInformation] = { sizeof(FILE_NAME_INFORMATION), 0 },
    [FileRenameInformation] = { 0, sizeof(FILE_RENAME_INFORMATION) },
    [FileDispositionInformation] = { 0, sizeof(FILE_DISPOSITION_INFORMATION) },
    [FilePositionInformation] = { sizeof(FILE_POSITION_INFORMATION), sizeof(FILE_POSITION_INFORMATION) },
    [FileModeInformation] = { sizeof(FILE_MODE_INFORMATION), sizeof(FILE_MODE_INFORMATION) },
    [FileAlignmentInformation] = { sizeof(FILE_ALIGNMENT_INFORMATION), 0 },
    [FileAllInformation] = { sizeof(FILE_ALL_INFORMATION), 0 },
    [FileAllocationInformation] = { 0, sizeof(FILE_ALLOCATION_INFORMATION) },
    [FileEndOfFileInformation] = { 0, sizeof(FILE_END_OF_FILE_INFORMATION) },
    [FileStreamInformation] = { sizeof(FILE_STREAM_INFORMATION), 0 },
    [FileCompressionInformation] = { sizeof(FILE_COMPRESSION_INFORMATION), 0 },
    [FileNetworkOpenInformation] = { sizeof(FILE_NETWORK_OPEN_INFORMATION), 0 },
    [FileAttributeTagInformation] = { sizeof(FILE_ATTRIBUTE_TAG_INFORMATION), 0 },
};

static NTSTATUS IopCheckClass(FILE_INFORMATION_CLASS Class, ULONG Length, BOOLEAN Set)
{
    ULONG needed = (ULONG)Class < RTL_NUMBER_OF(IopClasses) ? (Set ? IopClasses[Class].Set : IopClasses[Class].Query) : 0;
    if (needed == 0)
        return STATUS_INVALID_INFO_CLASS;
    return Length < needed ? STATUS_INFO_LENGTH_MISMATCH : STATUS_SUCCESS;
}

static ULONG IopModeOf(PFILE_OBJECT File)
{
    ULONG mode = 0;
    if (File->Flags & FO_WRITE_THROUGH)
        mode |= FILE_WRITE_THROUGH;
    if (File->Flags & FO_SEQUENTIAL_ONLY)
        mode |= FILE_SEQUENTIAL_ONLY;
    if (File->Flags & FO_NO_INTERMEDIATE_BUFFERING)
        mode |= FILE_NO_INTERMEDIATE_BUFFERING;
    if (File->Flags & FO_SYNCHRONOUS_IO)
        mode |= File->Flags & FO_ALERTABLE_IO ? FILE_SYNCHRONOUS_IO_ALERT : FILE_SYNCHRONOUS_IO_NONALERT;
    if (File->Flags & FO_DELETE_ON_CLOSE)
        mode |= FILE_DELETE_ON_CLOSE;
    return mode;
}

/* Answers without the driver. FALSE: not the I/O manager's to know. */
static BOOLEAN IopAnswerQuery(PFILE_OBJECT File, FILE_INFORMATION_CLASS Class, ACCESS_MASK Granted, PVOID Buffer, PULONG Size)
{
    switch (Class) {
    case FilePositionInformation:
        if (!(File->Flags & FO_SYNCHRONOUS_IO))
            return FALSE;
        ((PFILE_POSITION_INFORMATION)Buffer)->CurrentByteOffset = File->CurrentByteOffset;
        break;
    case FileModeInformation:
        ((PFILE_MODE_INFORMATION)Buffer)->Mode = IopModeOf(File);
        break;
    case FileAccessInformation:
        ((PFILE_ACCESS_INFORMATION)Buffer)->AccessFlags = Granted;
        break;
    case FileAlignmentInformation:
        ((PFILE_ALIGNMENT_INFORMATION)Buffer)->AlignmentRequirement = IoGetRelatedDeviceObject(File)->AlignmentRequirement;
        break;
    default:
        return FALSE;
    }
    *Size = IopClasses[Class].Query;
    return TRUE;
}

typedef struct IOP_INFORMATION {
    HANDLE File;
    PIO_STATUS_BLOCK Iosb;
    PVOID Buffer;
    ULONG Length;
    FILE_INFORMATION_CLASS Class;
} IOP_INFORMATION;

static NTSTATUS IopAskDriver(const IOP_INFORMATION *Ask, BOOLEAN Set)
{
    IOP_REQUEST request = { .Mode = ObPreviousMode(), .Iosb = Ask->Iosb };
    PIO_STACK_LOCATION location;
    NTSTATUS status = IopBeginRequest(&request, Ask->File, 0, NULL, Set ? IRP_MJ_SET_INFORMATION : IRP_MJ_QUERY_INFORMATION);

    if (!NT_SUCCESS(status))
        return status;
    location = IoGetNextIrpStackLocation(request.Irp);
    location->Parameters.QueryFile.Length = Ask->Length;         /* SetFile begins the same */
    location->Parameters.QueryFile.FileInformationClass = Ask->Class;
    status = IopMakeSystemBuffer(request.Irp, Ask->Length);
    if (!NT_SUCCESS(status))
        return IopAbandonRequest(&request, status);
    request.Irp->UserBuffer = Ask->Buffer;
    if (Set)
        RtlCopyMemory(request.Irp->AssociatedIrp.SystemBuffer, Ask->Buffer, Ask->Length);
    else
        request.Irp->Flags |= IRP_INPUT_OPERATION;
    if (!request.Synchronous)                    /* these two services are synchronous on every file */
        return IopSendRequestAndWait(&request);
    return IopSendRequest(&request);
}

NTSTATUS NTAPI NtQueryInformationFile(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock, PVOID FileInformation, ULONG Length,
                                      FILE_INFORMATION_CLASS FileInformationClass)
{
    IOP_INFORMATION ask = { FileHandle, IoStatusBlock, FileInformation, Length, FileInformationClass };
    OBJECT_HANDLE_INFORMATION granted;
    ULONG size;
    PVOID file;
    BOOLEAN answered;
    NTSTATUS status = IopCheckClass(FileInformationClass, Length, FALSE);

    if (!NT_SUCCESS(status))
        return status;
    status = ObReferenceObjectByHandle(FileHandle, 0, IopFileObjectType, ObPreviousMode(), &file, &granted);
    if (!NT_SUCCESS(status))
        return status;
    answered = IopAnswerQuery(file, FileInformationClass, granted.GrantedAccess, FileInformation, &size);
    ObfDereferenceObject(file);
    if (!answered)
        return IopAskDriver(&ask, FALSE);
    IoStatusBlock->Status = STATUS_SUCCESS;
    IoStatusBlock->Information = size;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI NtSetInformationFile(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock, PVOID FileInformation, ULONG Length,
                                    FILE_INFORMATION_CLASS FileInformationClass)
{
    IOP_INFORMATION ask = { FileHandle, IoStatusBlock, FileInformation, Length, FileInformationClass };
    PFILE_OBJECT file;
    PVOID object;
    NTSTATUS status = IopCheckClass(FileInformationClass, Length, TRUE);

    if (!NT_SUCCESS(status))
        return status;
    if (FileInformationClass == FileModeInformation)
        return STATUS_NOT_IMPLEMENTED;
    if (FileInformationClass != FilePositionInformation)
        return IopAskDriver(&ask, TRUE);
    status = ObReferenceObjectByHandle(FileHandle, 0, IopFileObjectType, ObPreviousMode(), &object, NULL);
    if (!NT_SUCCESS(status))
        return status;
    file = object;
    if (!(file->Flags & FO_SYNCHRONOUS_IO)) {    /* an asynchronous file has no position of the I/O manager's */
        ObfDereferenceObject(file);
        return IopAskDriver(&ask, TRUE);
    }
    IopAcquireFileLock(file, KernelMode);
    file->CurrentByteOffset = ((PFILE_POSITION_INFORMATION)FileInformation)->CurrentByteOffset;
    IopReleaseFileLock(file);
    ObfDereferenceObject(file);
    IoStatusBlock->Status = STATUS_SUCCESS;
    IoStatusBlock->Information = 0;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI ZwQueryInformationFile(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock, PVOID FileInformation, ULONG Length,
                                      FILE_INFORMATION_CLASS FileInformationClass)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtQueryInformationFile(FileHandle, IoStatusBlock, FileInformation, Length,
                                                          FileInformationClass));
}

NTSTATUS NTAPI ZwSetInformationFile(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock, PVOID FileInformation, ULONG Length,
                                    FILE_INFORMATION_CLASS FileInformationClass)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtSetInformationFile(FileHandle, IoStatusBlock, FileInformation, Length,
                                                        FileInformationClass));
}

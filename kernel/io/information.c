/* SPDX-License-Identifier: MIT
 * Information about files. What the I/O manager knows itself it answers; the rest is asked of the driver, through a system buffer.
 */
#include "information.h"
#include "completionport.h"

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
static BOOLEAN IopAnswerQuery(PFILE_OBJECT File, FILE_INFORMATION_CLASS Class, ACCESS_MASK Granted, PVOID Buffer)
{
    switch (Class) {
    case FilePositionInformation:
        if (!(File->Flags & FO_SYNCHRONOUS_IO))
            return FALSE;
        ((PFILE_POSITION_INFORMATION)Buffer)->CurrentByteOffset = File->CurrentByteOffset;
        return TRUE;
    case FileModeInformation:
        ((PFILE_MODE_INFORMATION)Buffer)->Mode = IopModeOf(File);
        return TRUE;
    case FileAccessInformation:
        ((PFILE_ACCESS_INFORMATION)Buffer)->AccessFlags = Granted;
        return TRUE;
    case FileAlignmentInformation:
        ((PFILE_ALIGNMENT_INFORMATION)Buffer)->AlignmentRequirement = IoGetRelatedDeviceObject(File)->AlignmentRequirement;
        return TRUE;
    case FileIoCompletionNotificationInformation:
        *(PULONG)Buffer = IopNotificationModes(File);
        return TRUE;
    default:
        return FALSE;
    }
}

static BOOLEAN IopBufferGoesIn(UCHAR Major) { return Major == IRP_MJ_SET_INFORMATION || Major == IRP_MJ_SET_VOLUME_INFORMATION; }

NTSTATUS IopAskDriver(IOP_INFORMATION *Ask)
{
    IOP_REQUEST request = { .Mode = ObPreviousMode() };
    PIO_STACK_LOCATION location;
    NTSTATUS status = IopBeginRequest(&request, Ask->File, Ask->Access, NULL, Ask->Major);

    if (status != STATUS_SUCCESS)
        return status;
    location = IoGetNextIrpStackLocation(request.Irp);
    location->Parameters.QueryFile.Length = Ask->Length;         /* SetFile, QueryVolume and SetVolume begin the same */
    location->Parameters.QueryFile.FileInformationClass = (FILE_INFORMATION_CLASS)Ask->Class;
    if (Ask->Rename != NULL) {
        location->Parameters.SetFile.FileObject = Ask->Rename->TargetFile;
        location->Parameters.SetFile.ReplaceIfExists = Ask->Rename->Replace;
    }
    status = IopMakeSystemBuffer(request.Irp, Ask->Length);
    if (!NT_SUCCESS(status))
        return IopAbandonRequest(&request, status);
    request.Irp->UserBuffer = Ask->Buffer;
    if (IopBufferGoesIn(Ask->Major))
        RtlCopyMemory(request.Irp->AssociatedIrp.SystemBuffer, Ask->Buffer, Ask->Length);
    else
        request.Irp->Flags |= IRP_INPUT_OPERATION;
    return IopSendRequestAndWait(&request, Ask->Result);
}

/* A fast routine of the driver's answers for a synchronous file, one request at a time. */
static BOOLEAN IopAskFast(PFILE_OBJECT File, FILE_INFORMATION_CLASS Class, PVOID Buffer, PIO_STATUS_BLOCK Result)
{
    BOOLEAN answered;

    if (!(File->Flags & FO_SYNCHRONOUS_IO) || !IopTryFileLock(File))
        return FALSE;
    answered = IopFastQuery(File, Class, Buffer, Result);
    IopReleaseFileLock(File);
    return answered;
}

static NTSTATUS IopReferenceFile(HANDLE Handle, ACCESS_MASK Access, PFILE_OBJECT *File, POBJECT_HANDLE_INFORMATION Granted)
{
    PVOID object;
    NTSTATUS status = ObReferenceObjectByHandle(Handle, Access, IopFileObjectType, ObPreviousMode(), &object, Granted);

    if (NT_SUCCESS(status))
        *File = object;
    return status;
}

/* Without what the programs in use take for granted. */
static ACCESS_MASK IopNeededAccess(ACCESS_MASK Access)
{
    return ObPreviousMode() != KernelMode ? Access & ~PsFlavour->FreeFileRights : Access;
}

NTSTATUS IopQueryFile(HANDLE File, FILE_INFORMATION_CLASS Class, PVOID Buffer, ULONG Length, PIO_STATUS_BLOCK Result)
{
    IOP_INFORMATION ask = { File, Result, Buffer, Length, Class, IRP_MJ_QUERY_INFORMATION, 0, NULL };
    OBJECT_HANDLE_INFORMATION granted;
    const IOP_CLASS *row;
    PFILE_OBJECT file;
    BOOLEAN answered;
    NTSTATUS status = IopFileClass(Class, Length, FALSE, &row);

    if (!NT_SUCCESS(status))
        return status;
    ask.Access = IopNeededAccess(row->QueryAccess);
    status = IopReferenceFile(File, ask.Access, &file, &granted);
    if (!NT_SUCCESS(status))
        return status;
    *Result = (IO_STATUS_BLOCK){ { STATUS_SUCCESS }, row->Query };
    answered = IopAnswerQuery(file, Class, granted.GrantedAccess, Buffer) || IopAskFast(file, Class, Buffer, Result);
    ObfDereferenceObject(file);
    if (Class == FileStatInformation)
        return IopQueryStat(File, ask.Access, granted.GrantedAccess, Buffer, Length, Result);
    return answered ? Result->Status : IopAskDriver(&ask);
}

/* ---- The caller's side ---- */
NTSTATUS IopBeginQuery(MM_ANSWER *Answer, PVOID To, PIO_STATUS_BLOCK IoStatusBlock, IOP_INFORMATION *Ask)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    NTSTATUS status = IopProbeResult(mode, IoStatusBlock);

    if (NT_SUCCESS(status))
        status = MmProbeCaller(mode, To, Ask->Length);
    if (NT_SUCCESS(status))
        status = MmBeginAnswer(Answer, mode, To, Ask->Length);
    if (!NT_SUCCESS(status))
        return status;
    Ask->Buffer = Answer->Buffer;
    Ask->Length = (ULONG)Answer->Length;
    return STATUS_SUCCESS;
}

NTSTATUS IopEndQuery(MM_ANSWER *Answer, NTSTATUS Status, PIO_STATUS_BLOCK IoStatusBlock, const IO_STATUS_BLOCK *Result)
{
    NTSTATUS told = MmEndAnswer(Answer, NT_ERROR(Status) ? 0 : min(Result->Information, Answer->Length));
    return NT_SUCCESS(told) ? IopTellResult(Status, Answer->Mode, IoStatusBlock, Result) : told;
}

NTSTATUS NTAPI NtQueryInformationFile(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock, PVOID FileInformation, ULONG Length,
                                      FILE_INFORMATION_CLASS FileInformationClass)
{
    IOP_INFORMATION ask = { .Length = Length };
    IO_STATUS_BLOCK result = { .Information = 0 };
    const IOP_CLASS *row;
    MM_ANSWER answer;
    NTSTATUS status = IopFileClass(FileInformationClass, Length, FALSE, &row);

    if (NT_SUCCESS(status))
        status = IopBeginQuery(&answer, FileInformation, IoStatusBlock, &ask);
    if (!NT_SUCCESS(status))
        return status;
    status = IopQueryFile(FileHandle, FileInformationClass, ask.Buffer, ask.Length, &result);
    return IopEndQuery(&answer, status, IoStatusBlock, &result);
}

/* The position of a synchronous file is the I/O manager's own. STATUS_NOT_SUPPORTED: this file has none. */
static NTSTATUS IopSetPosition(HANDLE Handle, const FILE_POSITION_INFORMATION *Position)
{
    PFILE_OBJECT file;
    NTSTATUS status = IopReferenceFile(Handle, 0, &file, NULL);

    if (!NT_SUCCESS(status))
        return status;
    status = STATUS_NOT_SUPPORTED;
    if (file->Flags & FO_SYNCHRONOUS_IO) {
        IopAcquireFileLock(file, KernelMode, FALSE);
        file->CurrentByteOffset = Position->CurrentByteOffset;
        IopReleaseFileLock(file);
        status = STATUS_SUCCESS;
    }
    ObfDereferenceObject(file);
    return status;
}

/* How the end of the file's requests is told. */
static NTSTATUS IopSetCompletion(HANDLE Handle, FILE_INFORMATION_CLASS Class, const VOID *Information)
{
    PFILE_OBJECT file;
    NTSTATUS status = IopReferenceFile(Handle, 0, &file, NULL);

    if (!NT_SUCCESS(status))
        return status;
    status = Class == FileCompletionInformation ? IopSetCompletionPort(file, Information)
                                                : IopSetNotificationModes(file, *(const ULONG *)Information);
    ObfDereferenceObject(file);
    return status;
}

static NTSTATUS IopSetByRename(IOP_INFORMATION *Ask)
{
    IOP_RENAME rename;
    PFILE_OBJECT file;
    NTSTATUS status = IopReferenceFile(Ask->File, Ask->Access, &file, NULL);

    if (!NT_SUCCESS(status))
        return status;
    status = IopPrepareRename(Ask, file, &rename);
    ObfDereferenceObject(file);
    if (!NT_SUCCESS(status))
        return status;
    Ask->Rename = &rename;
    status = IopAskDriver(Ask);
    IopEndRename(&rename);
    return status;
}

/* Ask->Access is still what the class wants. */
static NTSTATUS IopSetFile(IOP_INFORMATION *Ask)
{
    NTSTATUS status;

    Ask->Access = IopNeededAccess(Ask->Access);
    *Ask->Result = (IO_STATUS_BLOCK){ { STATUS_SUCCESS }, 0 };
    switch (Ask->Class) {
    case FileModeInformation:
        return STATUS_NOT_IMPLEMENTED;
    case FileRenameInformation:
    case FileLinkInformation:
        return IopSetByRename(Ask);
    case FileCompletionInformation:
    case FileIoCompletionNotificationInformation:
        return IopSetCompletion(Ask->File, (FILE_INFORMATION_CLASS)Ask->Class, Ask->Buffer);
    case FilePositionInformation:
        status = IopSetPosition(Ask->File, Ask->Buffer);
        return status == STATUS_NOT_SUPPORTED ? IopAskDriver(Ask) : status;
    default:
        return IopAskDriver(Ask);
    }
}

NTSTATUS IopTakeAndSet(IOP_INFORMATION *Ask, PVOID From, PIO_STATUS_BLOCK IoStatusBlock, NTSTATUS (*Set)(IOP_INFORMATION *Ask))
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    IO_STATUS_BLOCK result = { .Information = 0 };
    NTSTATUS status = IopProbeResult(mode, IoStatusBlock);

    if (NT_SUCCESS(status))
        status = IopReadInput(mode, From, Ask->Length, &Ask->Buffer);
    if (!NT_SUCCESS(status))
        return status;
    Ask->Result = &result;
    status = Set(Ask);
    IopFreeInput(mode, Ask->Buffer);
    return IopTellResult(status, mode, IoStatusBlock, &result);
}

NTSTATUS NTAPI NtSetInformationFile(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock, PVOID FileInformation, ULONG Length,
                                    FILE_INFORMATION_CLASS FileInformationClass)
{
    IOP_INFORMATION ask = { FileHandle, NULL, NULL, Length, FileInformationClass, IRP_MJ_SET_INFORMATION, 0, NULL };
    const IOP_CLASS *row;
    NTSTATUS status = IopFileClass(FileInformationClass, Length, TRUE, &row);

    if (!NT_SUCCESS(status))
        return status;
    ask.Access = row->SetAccess;
    return IopTakeAndSet(&ask, FileInformation, IoStatusBlock, IopSetFile);
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

/* SPDX-License-Identifier: MIT
 * Opening files by name.
 */
#include "iop.h"

#define IOP_VALID_ATTRIBUTES 0x00007FB7u         /* FILE_ATTRIBUTE_VALID_FLAGS */
#define IOP_SYNCHRONOUS (FILE_SYNCHRONOUS_IO_ALERT | FILE_SYNCHRONOUS_IO_NONALERT)

static BOOLEAN IopOptionsMakeSense(ULONG Options, ACCESS_MASK Access)
{
    if (Options & ~FILE_VALID_OPTION_FLAGS)
        return FALSE;
    if ((Options & IOP_SYNCHRONOUS) == IOP_SYNCHRONOUS || ((Options & IOP_SYNCHRONOUS) && !(Access & SYNCHRONIZE)))
        return FALSE;
    if ((Options & FILE_DIRECTORY_FILE) && (Options & FILE_NON_DIRECTORY_FILE))
        return FALSE;
    if ((Options & FILE_DELETE_ON_CLOSE) && !(Access & (DELETE | MAXIMUM_ALLOWED | GENERIC_ALL)))
        return FALSE;
    return !((Options & FILE_NO_INTERMEDIATE_BUFFERING) && (Access & FILE_APPEND_DATA) && !(Access & FILE_WRITE_DATA));
}

static BOOLEAN IopDispositionOpens(ULONG Disposition)
{
    return Disposition == FILE_OPEN || Disposition == FILE_CREATE || Disposition == FILE_OPEN_IF;
}

/* A time is relative, and one that was not given is not looked at. */
static BOOLEAN IopTimeoutMakesSense(BOOLEAN Specified, LARGE_INTEGER Timeout) { return !Specified || Timeout.QuadPart < 0; }

static BOOLEAN IopPipeMakesSense(const IOP_OPEN *Open, const NAMED_PIPE_CREATE_PARAMETERS *Pipe)
{
    BOOLEAN isMessage = (Pipe->NamedPipeType & FILE_PIPE_MESSAGE_TYPE) != 0;

    return !(Open->CreateOptions & ~FILE_VALID_PIPE_OPTION_FLAGS) && IopDispositionOpens(Open->Disposition) &&
           Open->ShareAccess != 0 && !(Open->ShareAccess & ~(FILE_SHARE_READ | FILE_SHARE_WRITE)) &&
           !(Pipe->NamedPipeType & ~FILE_PIPE_TYPE_VALID_MASK) && Pipe->ReadMode <= FILE_PIPE_MESSAGE_MODE &&
           (isMessage || Pipe->ReadMode == FILE_PIPE_BYTE_STREAM_MODE) && Pipe->CompletionMode <= FILE_PIPE_COMPLETE_OPERATION &&
           Pipe->MaximumInstances != 0 && IopTimeoutMakesSense(Pipe->TimeoutSpecified, Pipe->DefaultTimeout);
}

/* A mailslot's reader may also be one that never waits (0) or always (-1). */
static BOOLEAN IopMailslotMakesSense(const IOP_OPEN *Open, const MAILSLOT_CREATE_PARAMETERS *Mailslot)
{
    return !(Open->CreateOptions & ~FILE_VALID_MAILSLOT_OPTION_FLAGS) &&
           (!Mailslot->TimeoutSpecified || Mailslot->ReadTimeout.QuadPart <= 0);
}

static BOOLEAN IopParametersMakeSense(const IOP_OPEN *Open)
{
    if (Open->FileType == CreateFileTypeNone)
        return TRUE;
    if (Open->Parameters == NULL || Open->EaLength != 0)
        return FALSE;
    return Open->FileType == CreateFileTypeNamedPipe ? IopPipeMakesSense(Open, Open->Parameters)
                                                     : IopMailslotMakesSense(Open, Open->Parameters);
}

static BOOLEAN IopOpenMakesSense(const IOP_OPEN *Open, ACCESS_MASK DesiredAccess)
{
    return !(Open->FileAttributes & ~IOP_VALID_ATTRIBUTES) && !(Open->ShareAccess & ~FILE_SHARE_VALID_FLAGS) &&
           Open->Disposition <= FILE_MAXIMUM_DISPOSITION && IopOptionsMakeSense(Open->CreateOptions, DesiredAccess) &&
           (Open->EaLength == 0 || Open->EaBuffer != NULL) && (ULONG)Open->FileType <= CreateFileTypeMailslot &&
           IopParametersMakeSense(Open);
}

/* Part of its callers: opening files is what programs do most. */
static inline __attribute__((always_inline)) NTSTATUS IopOpen(IOP_OPEN *Open, ACCESS_MASK DesiredAccess,
                                                              POBJECT_ATTRIBUTES ObjectAttributes, KPROCESSOR_MODE Mode,
                                                              PHANDLE FileHandle, PIO_STATUS_BLOCK Result)
{
    NTSTATUS status;

    Open->Type = IO_TYPE_OPEN_PACKET;
    Open->Size = sizeof(*Open);
    if (!IopOpenMakesSense(Open, DesiredAccess))
        return STATUS_INVALID_PARAMETER;
    status = ObOpenObjectByName(ObjectAttributes, IopFileObjectType, Mode, NULL, DesiredAccess, Open, FileHandle);
    if (Open->ParseCheck == IOP_OPEN_PATTERN && NT_SUCCESS(status)) {
        Open->FileObject->Flags |= FO_HANDLE_CREATED;
        status = Open->FinalStatus;
    }
    *Result = (IO_STATUS_BLOCK){ { .Pointer = NULL }, Open->Information };      /* the whole of it: Status is half of that */
    Result->Status = status;
    return status;
}

NTSTATUS IopOpenByName(IOP_OPEN *Open, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes, KPROCESSOR_MODE Mode,
                       PHANDLE FileHandle, PIO_STATUS_BLOCK Result)
{
    return IopOpen(Open, DesiredAccess, ObjectAttributes, Mode, FileHandle, Result);
}

/* ---- The caller's side ---- */
static NTSTATUS IopReadOpen(KPROCESSOR_MODE Mode, PLARGE_INTEGER AllocationSize, PVOID EaBuffer, IOP_OPEN *Open)
{
    NTSTATUS status = STATUS_SUCCESS;

    if (AllocationSize != NULL)
        status = MmReadCaller(Mode, &Open->AllocationSize, AllocationSize, sizeof(*AllocationSize));
    if (!NT_SUCCESS(status) || EaBuffer == NULL || Open->EaLength == 0)
        return status;
    status = IopReadInput(Mode, EaBuffer, Open->EaLength, &Open->EaBuffer);
    return NT_SUCCESS(status) ? IopCheckEaList(Open->EaBuffer, Open->EaLength) : status;
}

static NTSTATUS IopProbeOpen(KPROCESSOR_MODE Mode, PHANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock)
{
    NTSTATUS status = MmProbeCaller(Mode, FileHandle, sizeof(*FileHandle));
    return NT_SUCCESS(status) ? IopProbeResult(Mode, IoStatusBlock) : status;
}

/* User mode's handle is told last; one that cannot be told is closed. */
static NTSTATUS IopTellOpen(NTSTATUS Status, const IO_STATUS_BLOCK *Result, HANDLE Handle, PHANDLE FileHandle, PIO_STATUS_BLOCK Iosb)
{
    NTSTATUS status = IopTellResult(Status, UserMode, Iosb, Result);

    if (!NT_SUCCESS(Status) || NT_SUCCESS(status))
        return ObReturnHandle(status, FileHandle, Handle);
    ObCloseHandle(Handle, UserMode);
    return status;
}

NTSTATUS NTAPI IoCreateFile(PHANDLE FileHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                            PIO_STATUS_BLOCK IoStatusBlock, PLARGE_INTEGER AllocationSize, ULONG FileAttributes,
                            ULONG ShareAccess, ULONG Disposition, ULONG CreateOptions, PVOID EaBuffer, ULONG EaLength,
                            CREATE_FILE_TYPE CreateFileType, PVOID InternalParameters, ULONG Options)
{
    KPROCESSOR_MODE mode = Options & IO_NO_PARAMETER_CHECKING ? KernelMode : ObPreviousMode();
    IOP_OPEN open = { .CreateOptions = CreateOptions, .FileAttributes = FileAttributes, .ShareAccess = ShareAccess,
                      .Disposition = Disposition, .Options = Options, .EaLength = EaLength, .FileType = CreateFileType,
                      .Parameters = InternalParameters };
    IO_STATUS_BLOCK result;
    HANDLE handle = NULL;
    NTSTATUS status = mode != KernelMode ? IopProbeOpen(mode, FileHandle, IoStatusBlock) : STATUS_SUCCESS;

    if (NT_SUCCESS(status) && (AllocationSize != NULL || EaBuffer != NULL))
        status = IopReadOpen(mode, AllocationSize, EaBuffer, &open);
    result.Status = STATUS_UNSUCCESSFUL;         /* it was not tried */
    if (NT_SUCCESS(status))
        status = IopOpen(&open, DesiredAccess, ObjectAttributes, mode, &handle, &result);
    if (open.EaBuffer != NULL)
        IopFreeInput(mode, open.EaBuffer);
    if (NT_ERROR(result.Status))
        return status;
    if (mode != KernelMode)
        return IopTellOpen(status, &result, handle, FileHandle, IoStatusBlock);
    if (NT_SUCCESS(status))
        *FileHandle = handle;
    *IoStatusBlock = result;
    return status;
}

NTSTATUS NTAPI NtCreateFile(PHANDLE FileHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                            PIO_STATUS_BLOCK IoStatusBlock, PLARGE_INTEGER AllocationSize, ULONG FileAttributes,
                            ULONG ShareAccess, ULONG CreateDisposition, ULONG CreateOptions, PVOID EaBuffer, ULONG EaLength)
{
    return IoCreateFile(FileHandle, DesiredAccess, ObjectAttributes, IoStatusBlock, AllocationSize, FileAttributes, ShareAccess,
                        CreateDisposition, CreateOptions, EaBuffer, EaLength, CreateFileTypeNone, NULL, 0);
}

NTSTATUS NTAPI NtOpenFile(PHANDLE FileHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                          PIO_STATUS_BLOCK IoStatusBlock, ULONG ShareAccess, ULONG OpenOptions)
{
    return IoCreateFile(FileHandle, DesiredAccess, ObjectAttributes, IoStatusBlock, NULL, 0, ShareAccess, FILE_OPEN, OpenOptions,
                        NULL, 0, CreateFileTypeNone, NULL, 0);
}

NTSTATUS NTAPI ZwCreateFile(PHANDLE FileHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                            PIO_STATUS_BLOCK IoStatusBlock, PLARGE_INTEGER AllocationSize, ULONG FileAttributes,
                            ULONG ShareAccess, ULONG CreateDisposition, ULONG CreateOptions, PVOID EaBuffer, ULONG EaLength)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtCreateFile(FileHandle, DesiredAccess, ObjectAttributes, IoStatusBlock, AllocationSize,
                                                FileAttributes, ShareAccess, CreateDisposition, CreateOptions, EaBuffer,
                                                EaLength));
}

NTSTATUS NTAPI ZwOpenFile(PHANDLE FileHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                          PIO_STATUS_BLOCK IoStatusBlock, ULONG ShareAccess, ULONG OpenOptions)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtOpenFile(FileHandle, DesiredAccess, ObjectAttributes, IoStatusBlock, ShareAccess,
                                              OpenOptions));
}

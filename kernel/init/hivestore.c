/* SPDX-License-Identifier: MIT
 * The registry's files, by the system services for files: each open for nobody else.
 */
#include "initp.h"
#include "cm.h"
#include "io.h"
#include "ob.h"

/* What a handle of another thread's making may need: it may be asynchronous. */
static NTSTATUS InitFinish(HANDLE File, NTSTATUS Status, const IO_STATUS_BLOCK *Result)
{
    if (Status != STATUS_PENDING)
        return Status;
    Status = ZwWaitForSingleObject(File, FALSE, NULL);
    return NT_SUCCESS(Status) ? Result->Status : Status;
}

static NTSTATUS InitOpenFile(POBJECT_ATTRIBUTES Name, ULONG Disposition, PVOID *File)
{
    OBJECT_ATTRIBUTES attributes = *Name;
    IO_STATUS_BLOCK result;
    HANDLE file;
    NTSTATUS status;

    attributes.Attributes |= OBJ_KERNEL_HANDLE;
    status = ZwCreateFile(&file, FILE_READ_DATA | FILE_WRITE_DATA | FILE_READ_ATTRIBUTES | SYNCHRONIZE, &attributes, &result, NULL,
                          FILE_ATTRIBUTE_NORMAL, 0, Disposition, FILE_SYNCHRONOUS_IO_NONALERT | FILE_NON_DIRECTORY_FILE, NULL, 0);
    if (NT_SUCCESS(status))
        *File = file;
    return status;
}

static NTSTATUS InitOpenHandle(HANDLE Handle, PVOID *File)
{
    PVOID object;
    HANDLE file;
    NTSTATUS status = ObReferenceObjectByHandle(Handle, FILE_WRITE_DATA, IopFileObjectType, ObPreviousMode(), &object, NULL);

    if (!NT_SUCCESS(status))
        return status;
    status = ObOpenObjectByPointer(object, OBJ_KERNEL_HANDLE, NULL, FILE_WRITE_DATA | SYNCHRONIZE, IopFileObjectType, KernelMode, &file);
    ObfDereferenceObject(object);
    if (NT_SUCCESS(status))
        *File = file;
    return status;
}

static NTSTATUS InitFileSize(PVOID File, PULONG64 Bytes)
{
    FILE_STANDARD_INFORMATION information;
    IO_STATUS_BLOCK result;
    NTSTATUS status = ZwQueryInformationFile(File, &result, &information, sizeof(information), FileStandardInformation);

    if (NT_SUCCESS(status))
        *Bytes = (ULONG64)information.EndOfFile.QuadPart;
    return status;
}

static NTSTATUS InitReadFile(PVOID File, ULONG64 Offset, PVOID Buffer, ULONG Bytes)
{
    LARGE_INTEGER offset = { .QuadPart = (LONG64)Offset };
    IO_STATUS_BLOCK result;
    NTSTATUS status = ZwReadFile(File, NULL, NULL, NULL, &result, Buffer, Bytes, &offset, NULL);

    status = InitFinish(File, status, &result);
    return NT_SUCCESS(status) && result.Information != Bytes ? STATUS_END_OF_FILE : status;
}

static NTSTATUS InitWriteFile(PVOID File, ULONG64 Offset, const VOID *Data, ULONG Bytes)
{
    LARGE_INTEGER offset = { .QuadPart = (LONG64)Offset };
    IO_STATUS_BLOCK result;
    NTSTATUS status = ZwWriteFile(File, NULL, NULL, NULL, &result, (PVOID)Data, Bytes, &offset, NULL);

    status = InitFinish(File, status, &result);
    return NT_SUCCESS(status) && result.Information != Bytes ? STATUS_DISK_FULL : status;
}

static NTSTATUS InitFlushFile(PVOID File)
{
    IO_STATUS_BLOCK result;
    return InitFinish(File, ZwFlushBuffersFile(File, &result), &result);
}

static VOID InitCloseFile(PVOID File) { ZwClose(File); }

VOID InitOpenHives(VOID)
{
    static const CM_HIVE_STORE store = { InitOpenFile, InitOpenHandle, InitFileSize, InitReadFile, InitWriteFile, InitFlushFile,
                                         InitCloseFile };
    CmHiveStore = store;
    CmAttachHives();
}

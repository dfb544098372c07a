/* SPDX-License-Identifier: MIT
 * The attributes of a file by its name: it is opened for nothing else and closed again.
 */
#include "information.h"

static NTSTATUS IopQueryByName(POBJECT_ATTRIBUTES Attributes, PFILE_NETWORK_OPEN_INFORMATION Information)
{
    IOP_OPEN open = { .ShareAccess = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, .Disposition = FILE_OPEN,
                      .CreateOptions = FILE_SYNCHRONOUS_IO_NONALERT | FILE_OPEN_FOR_BACKUP_INTENT | FILE_OPEN_REPARSE_POINT };
    IO_STATUS_BLOCK result;
    HANDLE file;
    NTSTATUS status = IopOpenByName(&open, FILE_READ_ATTRIBUTES | SYNCHRONIZE, Attributes, ObPreviousMode(), &file, &result);

    if (!NT_SUCCESS(status))
        return status;
    status = IopQueryFile(file, FileNetworkOpenInformation, Information, sizeof(*Information), &result);
    NtClose(file);
    return status;
}

NTSTATUS NTAPI NtQueryFullAttributesFile(POBJECT_ATTRIBUTES ObjectAttributes, PFILE_NETWORK_OPEN_INFORMATION FileInformation)
{
    FILE_NETWORK_OPEN_INFORMATION whole;
    NTSTATUS status = IopQueryByName(ObjectAttributes, &whole);

    return NT_SUCCESS(status) ? MmWriteCaller(ObPreviousMode(), FileInformation, &whole, sizeof(whole)) : status;
}

NTSTATUS NTAPI NtQueryAttributesFile(POBJECT_ATTRIBUTES ObjectAttributes, PFILE_BASIC_INFORMATION FileInformation)
{
    FILE_NETWORK_OPEN_INFORMATION whole;
    FILE_BASIC_INFORMATION basic;
    NTSTATUS status = IopQueryByName(ObjectAttributes, &whole);

    if (!NT_SUCCESS(status))
        return status;
    RtlZeroMemory(&basic, sizeof(basic));        /* with what lies between its fields */
    basic.CreationTime = whole.CreationTime;
    basic.LastAccessTime = whole.LastAccessTime;
    basic.LastWriteTime = whole.LastWriteTime;
    basic.ChangeTime = whole.ChangeTime;
    basic.FileAttributes = whole.FileAttributes;
    return MmWriteCaller(ObPreviousMode(), FileInformation, &basic, sizeof(basic));
}

NTSTATUS NTAPI ZwQueryFullAttributesFile(POBJECT_ATTRIBUTES ObjectAttributes, PFILE_NETWORK_OPEN_INFORMATION FileInformation)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtQueryFullAttributesFile(ObjectAttributes, FileInformation));
}

NTSTATUS NTAPI ZwQueryAttributesFile(POBJECT_ATTRIBUTES ObjectAttributes, PFILE_BASIC_INFORMATION FileInformation)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtQueryAttributesFile(ObjectAttributes, FileInformation));
}

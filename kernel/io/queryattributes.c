/* SPDX-License-Identifier: MIT
 * The attributes of a file by its name: it is opened for nothing else and closed again.
 */
#include "iop.h"

static NTSTATUS IopQueryByName(POBJECT_ATTRIBUTES Attributes, PFILE_NETWORK_OPEN_INFORMATION Information)
{
    IO_STATUS_BLOCK result;
    HANDLE file;
    NTSTATUS status = NtOpenFile(&file, FILE_READ_ATTRIBUTES | SYNCHRONIZE, Attributes, &result,
                                 FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                                 FILE_SYNCHRONOUS_IO_NONALERT | FILE_OPEN_FOR_BACKUP_INTENT | FILE_OPEN_REPARSE_POINT);

    if (!NT_SUCCESS(status))
        return status;
    status = NtQueryInformationFile(file, &result, Information, sizeof(*Information), FileNetworkOpenInformation);
    NtClose(file);
    return status;
}

NTSTATUS NTAPI NtQueryFullAttributesFile(POBJECT_ATTRIBUTES ObjectAttributes, PFILE_NETWORK_OPEN_INFORMATION FileInformation)
{
    return IopQueryByName(ObjectAttributes, FileInformation);
}

NTSTATUS NTAPI NtQueryAttributesFile(POBJECT_ATTRIBUTES ObjectAttributes, PFILE_BASIC_INFORMATION FileInformation)
{
    FILE_NETWORK_OPEN_INFORMATION whole;
    NTSTATUS status = IopQueryByName(ObjectAttributes, &whole);

    if (NT_SUCCESS(status))
        *FileInformation = (FILE_BASIC_INFORMATION){ whole.CreationTime, whole.LastAccessTime, whole.LastWriteTime, whole.ChangeTime,
                                                     whole.FileAttributes };
    return status;
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

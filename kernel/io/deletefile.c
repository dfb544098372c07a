/* SPDX-License-Identifier: MIT
 * Deleting a file by name: it is opened to be deleted when it is closed, and closed. Who answers for the name deletes.
 */
#include "iop.h"

NTSTATUS NTAPI NtDeleteFile(POBJECT_ATTRIBUTES ObjectAttributes)
{
    IOP_OPEN open = { .ShareAccess = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, .Disposition = FILE_OPEN,
                      .CreateOptions = FILE_DELETE_ON_CLOSE };
    IO_STATUS_BLOCK result;
    HANDLE file;
    NTSTATUS status = IopOpenByName(&open, DELETE, ObjectAttributes, ObPreviousMode(), &file, &result);

    if (NT_SUCCESS(status))
        ObCloseHandle(file, ObPreviousMode());
    return status;
}

NTSTATUS NTAPI ZwDeleteFile(POBJECT_ATTRIBUTES ObjectAttributes)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtDeleteFile(ObjectAttributes));
}

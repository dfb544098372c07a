/* SPDX-License-Identifier: MIT
 * Flushing a file, or a whole volume through its device.
 */
#include "iop.h"

NTSTATUS NTAPI NtFlushBuffersFile(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock)
{
    IOP_REQUEST request = { .Mode = ObPreviousMode(), .Iosb = IoStatusBlock };
    NTSTATUS status = IopBeginRequest(&request, FileHandle, FILE_WRITE_DATA, NULL, IRP_MJ_FLUSH_BUFFERS);

    if (status == STATUS_ACCESS_DENIED)
        status = IopBeginRequest(&request, FileHandle, FILE_APPEND_DATA, NULL, IRP_MJ_FLUSH_BUFFERS);
    return NT_SUCCESS(status) ? IopSendRequestAndWait(&request) : status;
}

NTSTATUS NTAPI ZwFlushBuffersFile(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtFlushBuffersFile(FileHandle, IoStatusBlock));
}

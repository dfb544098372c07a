/* SPDX-License-Identifier: MIT
 * Flushing a file, or a whole volume through its device.
 */
#include "iop.h"

NTSTATUS NTAPI NtFlushBuffersFile(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock)
{
    IOP_REQUEST request = { .Mode = ObPreviousMode() };
    IO_STATUS_BLOCK result = { .Information = 0 };
    NTSTATUS status = IopProbeResult(request.Mode, IoStatusBlock);

    if (NT_SUCCESS(status))
        status = IopBeginRequest(&request, FileHandle, FILE_WRITE_DATA, NULL, IRP_MJ_FLUSH_BUFFERS);
    if (status == STATUS_ACCESS_DENIED)
        status = IopBeginRequest(&request, FileHandle, FILE_APPEND_DATA, NULL, IRP_MJ_FLUSH_BUFFERS);
    if (status != STATUS_SUCCESS)
        return status;
    status = IopSendRequestAndWait(&request, &result);
    return IopTellResult(status, request.Mode, IoStatusBlock, &result);
}

NTSTATUS NTAPI ZwFlushBuffersFile(HANDLE FileHandle, PIO_STATUS_BLOCK IoStatusBlock)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtFlushBuffersFile(FileHandle, IoStatusBlock));
}

/* SPDX-License-Identifier: MIT
 * Copies from one process's memory to another's, by way of a buffer in pool: the thread visits the one, then the other.
 */
#include "space.h"

#define MI_COPY_BYTES 0x4000u
#define TAG_COPY 'pCmM'

/* One side of the copy: the pool buffer, and memory that may fault, in the process it belongs to. */
static NTSTATUS MiCopyIn(PEPROCESS Process, PVOID To, const VOID *From, SIZE_T Bytes)
{
    NTSTATUS status = STATUS_SUCCESS;
    KAPC_STATE state;

    KeStackAttachProcess(&Process->Pcb, &state);
    __try {
        RtlCopyMemory(To, From, Bytes);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        status = GetExceptionCode();
    }
    KeUnstackDetachProcess(&state);
    return status;
}

static BOOLEAN MiIsUserRange(const VOID *Address, SIZE_T Bytes)
{
    ULONG64 start = (ULONG64)Address;
    return start + Bytes >= start && start + Bytes <= MmUserProbeAddress;
}

NTSTATUS NTAPI MmCopyVirtualMemory(PEPROCESS SourceProcess, PVOID SourceAddress, PEPROCESS TargetProcess, PVOID TargetAddress,
                                   SIZE_T BufferSize, KPROCESSOR_MODE PreviousMode, PSIZE_T ReturnSize)
{
    NTSTATUS status = STATUS_SUCCESS;
    SIZE_T done = 0;
    PVOID buffer;

    *ReturnSize = 0;
    if (PreviousMode != KernelMode && (!MiIsUserRange(SourceAddress, BufferSize) || !MiIsUserRange(TargetAddress, BufferSize)))
        return STATUS_ACCESS_VIOLATION;
    buffer = ExAllocatePoolWithTag(NonPagedPoolNx, MI_COPY_BYTES, TAG_COPY);
    if (buffer == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    while (NT_SUCCESS(status) && done < BufferSize) {
        SIZE_T bytes = min(BufferSize - done, MI_COPY_BYTES);
        status = MiCopyIn(SourceProcess, buffer, (PUCHAR)SourceAddress + done, bytes);
        if (NT_SUCCESS(status))
            status = MiCopyIn(TargetProcess, (PUCHAR)TargetAddress + done, buffer, bytes);
        if (NT_SUCCESS(status))
            done += bytes;
    }
    ExFreePoolWithTag(buffer, TAG_COPY);
    *ReturnSize = done;
    return NT_SUCCESS(status) || done == 0 ? status : STATUS_PARTIAL_COPY;
}

/* SPDX-License-Identifier: MIT
 * The memory of whoever asked for I/O, read and written while it may vanish: the second half of a completion runs long after the checks.
 */
#include "iop.h"

BOOLEAN IopIsCallers(KPROCESSOR_MODE Mode, const VOID *Address, SIZE_T Bytes)
{
    ULONG64 first = (ULONG64)Address;
    return Mode == KernelMode || Bytes == 0 || (first + Bytes >= first && first + Bytes <= MmUserProbeAddress);
}

VOID IopPublishGuarded(PIO_STATUS_BLOCK To, const IO_STATUS_BLOCK *Result)
{
    __try {
        IopPublish(To, Result);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
    }
}

NTSTATUS IopTellResult(NTSTATUS Status, KPROCESSOR_MODE Mode, PIO_STATUS_BLOCK To, const IO_STATUS_BLOCK *Result)
{
    NTSTATUS told = NT_ERROR(Status) ? STATUS_SUCCESS : MmWriteCaller(Mode, To, Result, sizeof(*To));
    return NT_SUCCESS(told) ? Status : told;
}

NTSTATUS IopReadInput(KPROCESSOR_MODE Mode, PVOID From, ULONG Length, PVOID *Input)
{
    if (Mode != KernelMode)
        return MmReadCallerBlock(Mode, From, Length, Input);
    *Input = From;
    return STATUS_SUCCESS;
}

VOID IopFreeInput(KPROCESSOR_MODE Mode, PVOID Input)
{
    if (Mode != KernelMode)
        MmFreeCallerBlock(Input);
}

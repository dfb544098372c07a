/* SPDX-License-Identifier: MIT
 * Callers' buffers: locked and described by the request's memory descriptor list, which the I/O manager frees.
 */
#include "fastfat.h"

NTSTATUS FatLockBuffer(PIRP Irp, ULONG Length, LOCK_OPERATION Operation)
{
    NTSTATUS status = STATUS_SUCCESS;

    if (Irp->MdlAddress != NULL || Length == 0)
        return STATUS_SUCCESS;
    if (IoAllocateMdl(Irp->UserBuffer, Length, FALSE, FALSE, Irp) == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    __try {
        MmProbeAndLockPages(Irp->MdlAddress, Irp->RequestorMode, Operation);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        status = STATUS_INVALID_USER_BUFFER;
    }
    if (!NT_SUCCESS(status)) {
        IoFreeMdl(Irp->MdlAddress);
        Irp->MdlAddress = NULL;
    }
    return status;
}

/* NULL: there is no room to map it. After FatLockBuffer. */
PVOID FatGetBuffer(PIRP Irp)
{
    return Irp->MdlAddress == NULL ? NULL
                                   : MmGetSystemAddressForMdlSafe(Irp->MdlAddress, NormalPagePriority | MdlMappingNoExecute);
}

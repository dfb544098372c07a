/* SPDX-License-Identifier: MIT
 * Requests to a volume: moved to where it lies, and sent to the disk.
 */
#include "volmgr.h"

NTSTATUS VolmgrFinish(PIRP Irp, NTSTATUS Status, ULONG_PTR Information)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = Information;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

static NTSTATUS NTAPI VolmgrSent(PDEVICE_OBJECT Device, PIRP Irp, PVOID Context)
{
    VOLMGR_VOLUME *volume = Context;

    if (Irp->PendingReturned)
        IoMarkIrpPending(Irp);
    IoReleaseRemoveLock(&volume->RemoveLock, Irp);
    return STATUS_CONTINUE_COMPLETION;
}

NTSTATUS VolmgrSend(VOLMGR_VOLUME *Volume, PIRP Irp, ULONG64 Shift)
{
    IoCopyCurrentIrpStackLocationToNext(Irp);
    if (Shift != 0)
        IoGetNextIrpStackLocation(Irp)->Parameters.Read.ByteOffset.QuadPart += (LONGLONG)Shift;      /* Write lies the same */
    IoSetCompletionRoutine(Irp, VolmgrSent, Volume, TRUE, TRUE, TRUE);
    return IoCallDriver(Volume->Disk, Irp);
}

NTSTATUS NTAPI VolmgrOpenClose(PDEVICE_OBJECT Device, PIRP Irp) { return VolmgrFinish(Irp, STATUS_SUCCESS, 0); }

NTSTATUS NTAPI VolmgrTransfer(PDEVICE_OBJECT Device, PIRP Irp)
{
    PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(Irp);
    LONGLONG offset = location->Parameters.Read.ByteOffset.QuadPart;
    ULONG length = location->Parameters.Read.Length;
    VOLMGR_VOLUME *volume = Device->DeviceExtension;
    NTSTATUS status;

    if (offset < 0 || (ULONG64)offset > volume->Partition.Length || length > volume->Partition.Length - (ULONG64)offset)
        return VolmgrFinish(Irp, STATUS_INVALID_PARAMETER, 0);
    status = IoAcquireRemoveLock(&volume->RemoveLock, Irp);
    return NT_SUCCESS(status) ? VolmgrSend(volume, Irp, volume->Partition.Offset) : VolmgrFinish(Irp, STATUS_NO_SUCH_DEVICE, 0);
}

/* What is the disk's business as a whole. */
NTSTATUS NTAPI VolmgrPass(PDEVICE_OBJECT Device, PIRP Irp)
{
    VOLMGR_VOLUME *volume = Device->DeviceExtension;
    NTSTATUS status = IoAcquireRemoveLock(&volume->RemoveLock, Irp);

    return NT_SUCCESS(status) ? VolmgrSend(volume, Irp, 0) : VolmgrFinish(Irp, STATUS_NO_SUCH_DEVICE, 0);
}

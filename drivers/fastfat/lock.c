/* SPDX-License-Identifier: MIT
 * IRP_MJ_LOCK_CONTROL: byte ranges are FsRtl's, which completes the request.
 */
#include "fastfat.h"

NTSTATUS FatLockControl(FAT_VCB *Vcb, PIRP Irp, PIO_STACK_LOCATION Location)
{
    FAT_CCB *ccb = Location->FileObject->FsContext2;
    NTSTATUS status;

    if (ccb == NULL || ccb->Fcb == NULL || FatIsFolder(ccb->Fcb))
        return FatComplete(Irp, STATUS_INVALID_PARAMETER);
    status = FsRtlCheckOplock(&ccb->Fcb->Oplock, Irp, NULL, NULL, NULL);
    if (!NT_SUCCESS(status))
        return FatComplete(Irp, status);
    ExAcquireResourceSharedLite(&ccb->Fcb->Resource, TRUE);
    status = FsRtlProcessFileLock(&ccb->Fcb->Lock, Irp, NULL);
    ccb->Fcb->Header.IsFastIoPossible = FatFastIoState(ccb->Fcb);
    ExReleaseResourceLite(&ccb->Fcb->Resource);
    return status;
}

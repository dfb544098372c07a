/* SPDX-License-Identifier: MIT
 * Directory change notification. Names are reported as paths from the root.
 */
#include "fastfat.h"

VOID FatReport(FAT_FCB *Fcb, ULONG Filter, ULONG Action)
{
    FAT_VCB *vcb = Fcb->Vcb;
    UNICODE_STRING path;

    if (Fcb->Parent == NULL || IsListEmpty(&vcb->NotifyList) || !NT_SUCCESS(FatGetPath(Fcb, &path)))
        return;
    FsRtlNotifyFullReportChange(vcb->NotifySync, &vcb->NotifyList, (PSTRING)&path, (USHORT)(path.Length - Fcb->Name.Length), NULL,
                                NULL, Filter, Action, NULL);
    ExFreePoolWithTag(path.Buffer, FAT_TAG);
}

NTSTATUS FatNotifyDirectory(FAT_VCB *Vcb, PIRP Irp, PIO_STACK_LOCATION Location)
{
    FAT_CCB *ccb = Location->FileObject->FsContext2;
    NTSTATUS status = STATUS_SUCCESS;

    if (ccb == NULL || ccb->Fcb == NULL || !FatIsFolder(ccb->Fcb))
        return STATUS_INVALID_PARAMETER;
    ExAcquireResourceExclusiveLite(&Vcb->Resource, TRUE);
    if (Vcb->Dismounted)
        status = STATUS_VOLUME_DISMOUNTED;
    else if (ccb->Fcb->DeletePending)
        status = STATUS_DELETE_PENDING;
    else if (ccb->Watched.Buffer == NULL)        /* FsRtl keeps pointing to it */
        status = FatGetPath(ccb->Fcb, &ccb->Watched);
    if (NT_SUCCESS(status)) {
        FsRtlNotifyFullChangeDirectory(Vcb->NotifySync, &Vcb->NotifyList, ccb, (PSTRING)&ccb->Watched,
                                       FatIsSet(Location->Flags, SL_WATCH_TREE), FALSE,
                                       Location->Parameters.NotifyDirectory.CompletionFilter, Irp, NULL, NULL);
        status = STATUS_PENDING;
    }
    ExReleaseResourceLite(&Vcb->Resource);
    return status;
}

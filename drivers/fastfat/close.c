/* SPDX-License-Identifier: MIT
 * IRP_MJ_CLOSE: the last reference of a file object is gone. It may come while the thread holds locks (memory management drops a file
 * object in the middle of a flush or a purge), so it never waits: what cannot be done at once a worker thread does.
 */
#include "fastfat.h"

/* The volume's lock is held; TRUE: the volume went with it. */
static BOOLEAN FatCloseContext(FAT_VCB *Vcb, FAT_CCB *Ccb)
{
    FAT_FCB *fcb = Ccb->Fcb;

    if (Ccb->Pattern.Buffer != NULL)
        ExFreePoolWithTag(Ccb->Pattern.Buffer, FAT_TAG);
    if (Ccb->Watched.Buffer != NULL)
        ExFreePoolWithTag(Ccb->Watched.Buffer, FAT_TAG);
    ExFreePoolWithTag(Ccb, FAT_TAG);
    if (fcb != NULL) {
        fcb->Opens--;
        FatForget(fcb);
    }
    Vcb->Opens--;
    return FatDeleteVolume(Vcb);
}

static VOID NTAPI FatCloseLater(PVOID Context)
{
    FAT_CCB *ccb = Context;
    FAT_VCB *vcb = ccb->Vcb;

    FsRtlEnterFileSystem();
    ExAcquireResourceExclusiveLite(&vcb->Resource, TRUE);
    if (!FatCloseContext(vcb, ccb))
        ExReleaseResourceLite(&vcb->Resource);
    FsRtlExitFileSystem();
}

static BOOLEAN FatMayCloseNow(FAT_VCB *Vcb, FAT_CCB *Ccb)
{
    if (Vcb->Dismounted || ExIsResourceAcquiredSharedLite(&Vcb->Resource) ||
        (Ccb->Fcb != NULL &&
         (ExIsResourceAcquiredSharedLite(&Ccb->Fcb->Resource) || ExIsResourceAcquiredSharedLite(&Ccb->Fcb->PagingIo))))
        return FALSE;
    return ExAcquireResourceExclusiveLite(&Vcb->Resource, FALSE);
}

NTSTATUS FatClose(FAT_VCB *Vcb, PIRP Irp, PIO_STACK_LOCATION Location)
{
    FAT_CCB *ccb = Location->FileObject->FsContext2;

    Irp->IoStatus.Status = STATUS_SUCCESS;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    if (ccb == NULL)                             /* a stream of ours: its structure outlives it */
        return STATUS_SUCCESS;
    if (FatMayCloseNow(Vcb, ccb)) {
        if (!FatCloseContext(Vcb, ccb))
            ExReleaseResourceLite(&Vcb->Resource);
    } else {
        ExInitializeWorkItem(&ccb->CloseItem, FatCloseLater, ccb);
        ExQueueWorkItem(&ccb->CloseItem, CriticalWorkQueue);
    }
    return STATUS_SUCCESS;
}

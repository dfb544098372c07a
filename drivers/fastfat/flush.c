/* SPDX-License-Identifier: MIT
 * IRP_MJ_FLUSH_BUFFERS: after it a file can be found and read whatever happens to the machine: its data, the FAT, all entries that
 * changed, in this order, and then the disk's own cache. A volume or the root: everything.
 */
#include "fastfat.h"

static NTSTATUS FatFlushFile(FAT_FCB *Fcb)
{
    NTSTATUS status;

    ExAcquireResourceExclusiveLite(&Fcb->Resource, TRUE);
    status = FatFlushSection(&Fcb->Section, NULL, 0);
    ExReleaseResourceLite(&Fcb->Resource);
    return NT_SUCCESS(status) ? FatFlushMetadata(Fcb->Vcb) : status;
}

NTSTATUS FatFlushPath(FAT_FCB *Folder)
{
    FAT_VCB *vcb = Folder->Vcb;
    NTSTATUS status = FatFlushStream(&vcb->Stream);

    for (; Folder != NULL && NT_SUCCESS(status); Folder = Folder->Parent)
        status = FatFlushStream(&Folder->Stream);
    return NT_SUCCESS(status) ? FatFlushDevice(vcb->Target) : status;
}

NTSTATUS FatFlush(FAT_VCB *Vcb, PIRP Irp, PIO_STACK_LOCATION Location)
{
    FAT_CCB *ccb = Location->FileObject->FsContext2;
    NTSTATUS status;

    if (ccb == NULL)
        return STATUS_SUCCESS;
    ExAcquireResourceExclusiveLite(&Vcb->Resource, TRUE);
    if (Vcb->Dismounted)
        status = STATUS_VOLUME_DISMOUNTED;
    else if (Vcb->WriteProtected)
        status = STATUS_SUCCESS;
    else if (ccb->Fcb == NULL || ccb->Fcb->Parent == NULL)
        status = FatFlushVolume(Vcb, FALSE);
    else
        status = ccb->Fcb->IsRemoved ? STATUS_SUCCESS : FatFlushFile(ccb->Fcb);
    ExReleaseResourceLite(&Vcb->Resource);
    return status;
}

/* SPDX-License-Identifier: MIT
 * Sizes of a file: clusters, end of file, valid data. Between requests valid data reach to the end of the file: what is made longer is
 * zeroed at once.
 */
#include "fastfat.h"

/* Runs that paging requests look at are replaced whole, never changed. */
static NTSTATUS FatCopyRuns(const FAT_RUNS *From, FAT_RUNS *To)
{
    FAT_STATUS status = FatOk;
    ULONG i;

    *To = (FAT_RUNS){ 0 };
    for (i = 0; i < From->Count && status == FatOk; i++)
        status = FatAppendRun(&FatHost, To, From->Run[i].Cluster, From->Run[i].Count);
    if (status != FatOk)
        FatFreeRuns(&FatHost, To);
    return FatToNtStatus(status);
}

static VOID FatReplaceRuns(FAT_FCB *Fcb, FAT_RUNS *Runs)
{
    FAT_RUNS old;

    ExAcquireResourceExclusiveLite(&Fcb->PagingIo, TRUE);
    old = Fcb->Runs;
    Fcb->Runs = *Runs;
    Fcb->Header.AllocationSize.QuadPart = (LONG64)((ULONG64)Runs->Clusters << Fcb->Vcb->Volume.ClusterShift);
    ExReleaseResourceLite(&Fcb->PagingIo);
    FatFreeRuns(&FatHost, &old);
}

static NTSTATUS FatZeroClusters(FAT_VCB *Vcb, const FAT_RUNS *Runs, ULONG From)
{
    FAT_VOLUME *volume = &Vcb->Volume;
    NTSTATUS status = STATUS_SUCCESS;

    while (From < Runs->Clusters && NT_SUCCESS(status)) {
        const FAT_RUN *run = FatFindRun(Runs, From);
        ULONG skip = From - run->First, count = run->Count - skip;
        status = FatZeroDevice(Vcb, FatClusterOffset(volume, run->Cluster + skip), (ULONG64)count << volume->ClusterShift);
        From += count;
    }
    return status;
}

NTSTATUS FatGrowChain(FAT_VCB *Vcb, FAT_RUNS *Runs, ULONG Clusters, BOOLEAN Zero)
{
    ULONG before = Runs->Clusters;
    NTSTATUS status = FatBeginChange(Vcb);

    if (!NT_SUCCESS(status))
        return status;
    ExAcquireResourceExclusiveLite(&Vcb->FatLock, TRUE);
    status = FatToNtStatus(FatReserveChain(&Vcb->Volume, Runs, Clusters));
    if (NT_SUCCESS(status) && Zero) {
        status = FatZeroClusters(Vcb, Runs, before);
        if (!NT_SUCCESS(status))
            FatAbandonChain(&Vcb->Volume, Runs, before);
    }
    if (NT_SUCCESS(status))
        status = FatToNtStatus(FatCommitChain(&Vcb->Volume, Runs, before));
    ExReleaseResourceLite(&Vcb->FatLock);
    return status;
}

NTSTATUS FatCutChain(FAT_VCB *Vcb, FAT_RUNS *Runs, ULONG Clusters)
{
    NTSTATUS status = FatBeginChange(Vcb);

    if (!NT_SUCCESS(status))
        return status;
    ExAcquireResourceExclusiveLite(&Vcb->FatLock, TRUE);
    status = FatToNtStatus(FatTruncateChain(&Vcb->Volume, Runs, Clusters));
    ExReleaseResourceLite(&Vcb->FatLock);
    return status;
}

NTSTATUS FatSetAllocation(FAT_FCB *Fcb, ULONG64 Bytes)
{
    FAT_VCB *vcb = Fcb->Vcb;
    ULONG64 clusters = (Bytes + vcb->Volume.ClusterSize - 1) >> vcb->Volume.ClusterShift;
    FAT_RUNS runs;
    NTSTATUS status;

    if (clusters == Fcb->Runs.Clusters)
        return STATUS_SUCCESS;
    if (clusters > vcb->Volume.Clusters)
        return STATUS_DISK_FULL;
    status = FatCopyRuns(&Fcb->Runs, &runs);
    if (!NT_SUCCESS(status))
        return status;
    status = clusters > runs.Clusters ? FatGrowChain(vcb, &runs, (ULONG)clusters, FatIsFolder(Fcb))
                                      : FatCutChain(vcb, &runs, (ULONG)clusters);
    FatReplaceRuns(Fcb, &runs);
    Fcb->IsChanged = TRUE;
    return status;
}

VOID FatTellSizes(FAT_FCB *Fcb, PFILE_OBJECT File)
{
    CC_FILE_SIZES sizes = { Fcb->Header.AllocationSize, Fcb->Header.FileSize, Fcb->Header.ValidDataLength };

    if (File == NULL || !CcIsFileCached(File))
        return;
    __try {
        CcSetFileSizes(File, &sizes);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        NOTHING;                                 /* the cache is smaller than the file then, and its reads fail */
    }
}

/* The rest of a sector of which the first bytes count. */
static NTSTATUS FatZeroTail(FAT_FCB *Fcb, ULONG64 From, ULONG Sector)
{
    ULONG skip = (ULONG)(From & (Sector - 1));
    PUCHAR bytes = ExAllocatePoolWithTag(NonPagedPoolNx, Sector, FAT_TAG);
    NTSTATUS status = STATUS_INSUFFICIENT_RESOURCES;
    PMDL mdl;

    if (bytes == NULL)
        return status;
    mdl = IoAllocateMdl(bytes, Sector, FALSE, FALSE, NULL);
    if (mdl != NULL) {
        MmBuildMdlForNonPagedPool(mdl);
        status = FatTransferFile(Fcb, mdl, From - skip, Sector, FALSE);
        RtlZeroMemory(bytes + skip, Sector - skip);
        if (NT_SUCCESS(status))
            status = FatTransferFile(Fcb, mdl, From - skip, Sector, TRUE);
        IoFreeMdl(mdl);
    }
    ExFreePoolWithTag(bytes, FAT_TAG);
    return status;
}

/* Of a file that is not cached. */
static NTSTATUS FatZeroOnDisk(FAT_FCB *Fcb, ULONG64 From, ULONG64 To)
{
    FAT_VOLUME *volume = &Fcb->Vcb->Volume;
    ULONG sector = volume->SectorSize;
    NTSTATUS status = STATUS_SUCCESS;

    To = (To + sector - 1) & ~(ULONG64)(sector - 1);
    if (From & (sector - 1)) {
        status = FatZeroTail(Fcb, From, sector);
        From = (From + sector - 1) & ~(ULONG64)(sector - 1);
    }
    while (From < To && NT_SUCCESS(status)) {
        const FAT_RUN *run = FatFindRun(&Fcb->Runs, (ULONG)(From >> volume->ClusterShift));
        ULONG64 start, count;
        if (run == NULL)
            return STATUS_FILE_CORRUPT_ERROR;
        start = (ULONG64)run->First << volume->ClusterShift;
        count = min(((ULONG64)run->Count << volume->ClusterShift) - (From - start), To - From);
        status = FatZeroDevice(Fcb->Vcb, FatClusterOffset(volume, run->Cluster) + (From - start), count);
        From += count;
    }
    return status;
}

NTSTATUS FatZeroTo(FAT_FCB *Fcb, PFILE_OBJECT File, ULONG64 To)
{
    LARGE_INTEGER from = Fcb->Header.ValidDataLength, to = { .QuadPart = (LONG64)To };
    NTSTATUS status = STATUS_SUCCESS;

    if (from.QuadPart >= to.QuadPart)
        return STATUS_SUCCESS;
    if (CcIsFileCached(File)) {
        __try {
            CcZeroData(File, &from, &to, TRUE);
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            status = GetExceptionCode();
        }
    } else {
        status = FatZeroOnDisk(Fcb, (ULONG64)from.QuadPart, To);
    }
    if (NT_SUCCESS(status))
        Fcb->Header.ValidDataLength = to;
    return status;
}

static VOID FatPublishSize(FAT_FCB *Fcb, PFILE_OBJECT File, ULONG64 Bytes)
{
    ExAcquireResourceExclusiveLite(&Fcb->PagingIo, TRUE);
    Fcb->Header.FileSize.QuadPart = (LONG64)Bytes;
    if (Fcb->Header.ValidDataLength.QuadPart > (LONG64)Bytes)
        Fcb->Header.ValidDataLength.QuadPart = (LONG64)Bytes;
    ExReleaseResourceLite(&Fcb->PagingIo);
    Fcb->IsChanged = TRUE;
    FatTellSizes(Fcb, File);
}

static NTSTATUS FatShrink(FAT_FCB *Fcb, PFILE_OBJECT File, ULONG64 Bytes)
{
    LARGE_INTEGER size = { .QuadPart = (LONG64)Bytes };
    NTSTATUS status;

    if (Fcb->Section.DataSectionObject != NULL && !MmCanFileBeTruncated(&Fcb->Section, &size))
        return STATUS_USER_MAPPED_FILE;
    FatPublishSize(Fcb, File, Bytes);
    status = FatSetAllocation(Fcb, Bytes);
    FatTellSizes(Fcb, File);
    return status;
}

/* A longer file reads zero only after FatZeroTo. */
NTSTATUS FatSetFileSize(FAT_FCB *Fcb, PFILE_OBJECT File, ULONG64 Bytes)
{
    ULONG64 old = (ULONG64)Fcb->Header.FileSize.QuadPart;
    NTSTATUS status = STATUS_SUCCESS;

    if (Bytes < old)
        return FatShrink(Fcb, File, Bytes);
    if (Bytes == old)
        return STATUS_SUCCESS;
    if (Bytes > FAT_MAXIMUM_FILE)
        return STATUS_DISK_FULL;
    if (Bytes > (ULONG64)Fcb->Header.AllocationSize.QuadPart)
        status = FatSetAllocation(Fcb, Bytes);
    if (NT_SUCCESS(status))
        FatPublishSize(Fcb, File, Bytes);
    return status;
}

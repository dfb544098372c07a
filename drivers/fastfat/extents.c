/* SPDX-License-Identifier: MIT
 * Where files lie: FSCTL_GET_RETRIEVAL_POINTERS and FSCTL_GET_VOLUME_BITMAP. Both are METHOD_NEITHER. Clusters are counted from 0 there.
 */
#include "fastfat.h"

/* The starting number, the only input of both. */
static NTSTATUS FatReadStart(PIRP Irp, PIO_STACK_LOCATION Location, PLONGLONG Start)
{
    PVOID input = Location->Parameters.FileSystemControl.Type3InputBuffer;
    NTSTATUS status = STATUS_SUCCESS;

    if (Location->Parameters.FileSystemControl.InputBufferLength < sizeof(*Start))
        return STATUS_BUFFER_TOO_SMALL;
    __try {
        if (Irp->RequestorMode != KernelMode)
            ProbeForRead(input, sizeof(*Start), sizeof(ULONG));
        *Start = *(volatile LONGLONG *)input;
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        status = STATUS_INVALID_USER_BUFFER;
    }
    return NT_SUCCESS(status) && *Start < 0 ? STATUS_INVALID_PARAMETER : status;
}

static NTSTATUS FatGetOutput(PIRP Irp, PIO_STACK_LOCATION Location, ULONG Head, PVOID *Output)
{
    ULONG length = Location->Parameters.FileSystemControl.OutputBufferLength;
    NTSTATUS status = length < Head ? STATUS_BUFFER_TOO_SMALL : FatLockBuffer(Irp, length, IoWriteAccess);

    if (!NT_SUCCESS(status))
        return status;
    *Output = FatGetBuffer(Irp);
    return *Output == NULL ? STATUS_INSUFFICIENT_RESOURCES : STATUS_SUCCESS;
}

static NTSTATUS FatPutExtents(const FAT_RUNS *Runs, ULONG First, PRETRIEVAL_POINTERS_BUFFER Output, ULONG Length, PULONG_PTR Used)
{
    ULONG head = FIELD_OFFSET(RETRIEVAL_POINTERS_BUFFER, Extents), room = (Length - head) / sizeof(Output->Extents[0]), i;

    Output->StartingVcn.QuadPart = Runs->Run[First].First;
    for (i = 0; i < room && First + i < Runs->Count; i++) {
        Output->Extents[i].NextVcn.QuadPart = (LONGLONG)Runs->Run[First + i].First + Runs->Run[First + i].Count;
        Output->Extents[i].Lcn.QuadPart = Runs->Run[First + i].Cluster - 2;
    }
    Output->ExtentCount = i;
    *Used = head + i * sizeof(Output->Extents[0]);
    return First + i < Runs->Count ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}

NTSTATUS FatGetPointers(FAT_VCB *Vcb, PIRP Irp, PIO_STACK_LOCATION Location)
{
    FAT_FCB *fcb = ((FAT_CCB *)Location->FileObject->FsContext2)->Fcb;
    PVOID output;
    LONGLONG start = 0;
    NTSTATUS status = fcb == NULL ? STATUS_INVALID_PARAMETER : FatReadStart(Irp, Location, &start);

    if (NT_SUCCESS(status))
        status = FatGetOutput(Irp, Location, sizeof(RETRIEVAL_POINTERS_BUFFER), &output);
    if (!NT_SUCCESS(status))
        return status;
    ExAcquireResourceSharedLite(&fcb->Resource, TRUE);
    if (start >= fcb->Runs.Clusters)
        status = STATUS_END_OF_FILE;
    else
        status = FatPutExtents(&fcb->Runs, (ULONG)(FatFindRun(&fcb->Runs, (ULONG)start) - fcb->Runs.Run), output,
                               Location->Parameters.FileSystemControl.OutputBufferLength, &Irp->IoStatus.Information);
    ExReleaseResourceLite(&fcb->Resource);
    return status;
}

NTSTATUS FatGetBitmap(FAT_VCB *Vcb, PIRP Irp, PIO_STACK_LOCATION Location)
{
    ULONG head = FIELD_OFFSET(VOLUME_BITMAP_BUFFER, Buffer), length = Location->Parameters.FileSystemControl.OutputBufferLength;
    PVOLUME_BITMAP_BUFFER bitmap;
    PVOID output;
    LONGLONG start = 0, count, i;
    NTSTATUS status = FatReadStart(Irp, Location, &start);

    if (NT_SUCCESS(status))
        status = FatGetOutput(Irp, Location, sizeof(VOLUME_BITMAP_BUFFER), &output);
    if (NT_SUCCESS(status) && start >= Vcb->Volume.Clusters)
        status = STATUS_INVALID_PARAMETER;
    if (!NT_SUCCESS(status))
        return status;
    bitmap = output;
    start &= ~7ll;
    count = min((LONGLONG)Vcb->Volume.Clusters - start, (LONGLONG)(length - head) * 8);
    RtlZeroMemory(bitmap, head + (SIZE_T)((count + 7) / 8));
    bitmap->StartingLcn.QuadPart = start;
    bitmap->BitmapSize.QuadPart = (LONGLONG)Vcb->Volume.Clusters - start;
    ExAcquireResourceSharedLite(&Vcb->FatLock, TRUE);
    for (i = 0; i < count; i++) {
        ULONG64 cluster = (ULONG64)(start + i + 2);
        if (Vcb->Volume.Used[cluster / 64] >> cluster % 64 & 1)
            bitmap->Buffer[i / 8] |= (UCHAR)(1 << i % 8);
    }
    ExReleaseResourceLite(&Vcb->FatLock);
    Irp->IoStatus.Information = head + (ULONG_PTR)((count + 7) / 8);
    return count < bitmap->BitmapSize.QuadPart ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}

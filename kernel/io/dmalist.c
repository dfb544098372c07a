/* SPDX-License-Identifier: MIT
 * Scatter/gather lists: a whole transfer at once. List->Reserved leads to what has to be undone.
 */
#include "dma.h"

typedef struct DMA_LIST {
    DMA_MAP *Map;
    PMDL Mdl;
    PVOID Va;
    ULONG Length;
    BOOLEAN OwnsList;                            /* the list is ours to free, not the caller's */
} DMA_LIST;

static ULONG DmaListSize(ULONG Elements) { return FIELD_OFFSET(SCATTER_GATHER_LIST, Elements) + Elements * (ULONG)sizeof(SCATTER_GATHER_ELEMENT); }

/* More than enough elements: one for each page of each MDL that the transfer touches. */
static ULONG DmaCountElements(PMDL Mdl, PVOID Va, ULONG Length)
{
    ULONG count = DmaPages(Va, Length);

    for (; Mdl != NULL; Mdl = Mdl->Next)
        count++;
    return count;
}

/* FALSE: the chain is shorter than the transfer. */
static BOOLEAN DmaFillElements(PSCATTER_GATHER_LIST List, PMDL Mdl, PVOID Va, ULONG Length)
{
    ULONG offset, piece;

    List->NumberOfElements = 0;
    Mdl = DmaFindMdl(Mdl, Va, &offset);
    while (Length != 0) {
        if (Mdl == NULL)
            return FALSE;
        piece = Length;
        List->Elements[List->NumberOfElements].Address.QuadPart = (LONGLONG)DmaRun(Mdl, offset, &piece);
        List->Elements[List->NumberOfElements].Length = piece;
        List->Elements[List->NumberOfElements++].Reserved = 0;
        Length -= piece;
        offset += piece;
        if (offset == MmGetMdlByteCount(Mdl)) {
            Mdl = Mdl->Next;
            offset = 0;
        }
    }
    return TRUE;
}

static NTSTATUS DmaFillList(PSCATTER_GATHER_LIST List, DMA_LIST *Record, BOOLEAN WriteToDevice)
{
    if (Record->Map->Bounce == NULL)
        return DmaFillElements(List, Record->Mdl, Record->Va, Record->Length) ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
    if (WriteToDevice && !DmaCopy(Record->Mdl, Record->Va, Record->Map->Bounce, Record->Length, TRUE))
        return STATUS_INVALID_PARAMETER;
    List->NumberOfElements = 1;
    List->Elements[0] = (SCATTER_GATHER_ELEMENT){ .Address.QuadPart = (LONGLONG)Record->Map->BouncePhysical, .Length = Record->Length };
    return STATUS_SUCCESS;
}

static DMA_LIST *DmaMakeRecord(DMA_MASTER *Master, PMDL Mdl, PVOID Va, ULONG Length)
{
    DMA_LIST *record = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*record), DMA_TAG);

    if (record == NULL)
        return NULL;
    *record = (DMA_LIST){ .Map = DmaCreateMap(Master, DmaPages(Va, Length)), .Mdl = Mdl, .Va = Va, .Length = Length };
    if (record->Map == NULL) {
        ExFreePoolWithTag(record, DMA_TAG);
        return NULL;
    }
    return record;
}

static VOID DmaFreeRecord(DMA_LIST *Record)
{
    DmaDeleteMap(Record->Map);
    ExFreePoolWithTag(Record, DMA_TAG);
}

NTSTATUS NTAPI DmaBuildScatterGatherList(PDMA_ADAPTER Adapter, PDEVICE_OBJECT DeviceObject, PMDL Mdl, PVOID CurrentVa, ULONG Length,
                                         PDRIVER_LIST_CONTROL ExecutionRoutine, PVOID Context, BOOLEAN WriteToDevice,
                                         PVOID ScatterGatherBuffer, ULONG ScatterGatherLength)
{
    DMA_MASTER *master = (DMA_MASTER *)Adapter;
    PSCATTER_GATHER_LIST list = ScatterGatherBuffer;
    DMA_LIST *record;
    NTSTATUS status;

    if (Length == 0 || DmaPages(CurrentVa, Length) > master->Registers)
        return STATUS_INSUFFICIENT_RESOURCES;
    if (ScatterGatherLength < DmaListSize(DmaCountElements(Mdl, CurrentVa, Length)))
        return STATUS_BUFFER_TOO_SMALL;
    record = DmaMakeRecord(master, Mdl, CurrentVa, Length);
    if (record == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    status = DmaFillList(list, record, WriteToDevice);
    if (!NT_SUCCESS(status)) {
        DmaFreeRecord(record);
        return status;
    }
    list->Reserved = (ULONG_PTR)record;
    ExecutionRoutine(DeviceObject, DeviceObject->CurrentIrp, list, Context);
    return STATUS_SUCCESS;
}

typedef struct DMA_HANDOVER {
    PDRIVER_LIST_CONTROL Routine;
    PVOID Context;
} DMA_HANDOVER;

/* The list becomes ours to free before the driver sees it: it may give it back at once. */
static VOID NTAPI DmaHandOver(PDEVICE_OBJECT Device, PIRP Irp, PSCATTER_GATHER_LIST List, PVOID Context)
{
    DMA_HANDOVER *handover = Context;

    ((DMA_LIST *)List->Reserved)->OwnsList = TRUE;
    handover->Routine(Device, Irp, List, handover->Context);
}

NTSTATUS NTAPI DmaGetScatterGatherList(PDMA_ADAPTER Adapter, PDEVICE_OBJECT DeviceObject, PMDL Mdl, PVOID CurrentVa, ULONG Length,
                                       PDRIVER_LIST_CONTROL ExecutionRoutine, PVOID Context, BOOLEAN WriteToDevice)
{
    DMA_HANDOVER handover = { ExecutionRoutine, Context };
    ULONG size = DmaListSize(DmaCountElements(Mdl, CurrentVa, Length));
    PSCATTER_GATHER_LIST list;
    NTSTATUS status;

    if (DmaPages(CurrentVa, Length) > ((DMA_MASTER *)Adapter)->Registers)
        return STATUS_INSUFFICIENT_RESOURCES;
    list = ExAllocatePoolWithTag(NonPagedPoolNx, size, DMA_TAG);
    if (list == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    status = DmaBuildScatterGatherList(Adapter, DeviceObject, Mdl, CurrentVa, Length, DmaHandOver, &handover, WriteToDevice, list, size);
    if (!NT_SUCCESS(status))
        ExFreePoolWithTag(list, DMA_TAG);
    return status;
}

VOID NTAPI DmaPutScatterGatherList(PDMA_ADAPTER Adapter, PSCATTER_GATHER_LIST ScatterGather, BOOLEAN WriteToDevice)
{
    DMA_LIST *record = (DMA_LIST *)ScatterGather->Reserved;

    if (record->Map->Bounce != NULL && !WriteToDevice)
        DmaCopy(record->Mdl, record->Va, record->Map->Bounce, record->Length, FALSE);
    if (record->OwnsList)
        ExFreePoolWithTag(ScatterGather, DMA_TAG);
    DmaFreeRecord(record);
}

NTSTATUS NTAPI DmaCalculateScatterGatherList(PDMA_ADAPTER Adapter, PMDL Mdl, PVOID CurrentVa, ULONG Length,
                                             PULONG ScatterGatherListSize, PULONG NumberOfMapRegisters)
{
    ULONG pages = DmaPages(CurrentVa, Length);

    if (pages > ((DMA_MASTER *)Adapter)->Registers)
        return STATUS_INSUFFICIENT_RESOURCES;
    *ScatterGatherListSize = DmaListSize(DmaCountElements(Mdl, CurrentVa, Length));
    if (NumberOfMapRegisters != NULL)
        *NumberOfMapRegisters = pages;
    return STATUS_SUCCESS;
}

/* The list's memory is the original's, unless it went through a buffer, for which nobody makes an MDL. */
NTSTATUS NTAPI DmaBuildMdlFromScatterGatherList(PDMA_ADAPTER Adapter, PSCATTER_GATHER_LIST ScatterGather, PMDL OriginalMdl,
                                                PMDL *TargetMdl)
{
    if (((DMA_LIST *)ScatterGather->Reserved)->Map->Bounce != NULL)
        return STATUS_NOT_SUPPORTED;
    *TargetMdl = OriginalMdl;
    return STATUS_SUCCESS;
}

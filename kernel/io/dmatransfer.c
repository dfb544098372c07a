/* SPDX-License-Identifier: MIT
 * Packet transfers: map registers, piece by piece through MapTransfer, and the flush at the end.
 */
#include "dma.h"

ULONG DmaPages(PVOID Va, ULONG Length) { return (ULONG)((((ULONG_PTR)Va & (PAGE_SIZE - 1)) + (ULONG64)Length + PAGE_SIZE - 1) / PAGE_SIZE); }

/* ---- MDLs ---- */
PMDL DmaFindMdl(PMDL Mdl, PVOID Va, PULONG Offset)
{
    for (; Mdl != NULL; Mdl = Mdl->Next) {
        ULONG_PTR offset = (ULONG_PTR)Va - (ULONG_PTR)MmGetMdlVirtualAddress(Mdl);
        if (offset < MmGetMdlByteCount(Mdl)) {
            *Offset = (ULONG)offset;
            return Mdl;
        }
    }
    return NULL;
}

ULONG64 DmaRun(PMDL Mdl, ULONG Offset, PULONG Length)
{
    const PFN_NUMBER *pages = MmGetMdlPfnArray(Mdl);
    ULONG first = MmGetMdlByteOffset(Mdl) + Offset, page = first / PAGE_SIZE, run = PAGE_SIZE - first % PAGE_SIZE;
    ULONG wanted = min(*Length, MmGetMdlByteCount(Mdl) - Offset), i;

    for (i = page; run < wanted && pages[i + 1] == pages[i] + 1; i++)
        run += PAGE_SIZE;
    *Length = min(run, wanted);
    return (ULONG64)pages[page] * PAGE_SIZE + first % PAGE_SIZE;
}

BOOLEAN DmaCopy(PMDL Mdl, PVOID Va, PUCHAR Bounce, ULONG Length, BOOLEAN ToBounce)
{
    ULONG offset, piece;

    Mdl = DmaFindMdl(Mdl, Va, &offset);
    for (; Length != 0; Mdl = Mdl->Next, offset = 0) {
        PUCHAR memory = Mdl != NULL ? MmGetSystemAddressForMdlSafe(Mdl, NormalPagePriority) : NULL;
        if (memory == NULL)
            return FALSE;
        piece = min(Length, MmGetMdlByteCount(Mdl) - offset);
        RtlCopyMemory(ToBounce ? Bounce : memory + offset, ToBounce ? memory + offset : Bounce, piece);
        Bounce += piece;
        Length -= piece;
    }
    return TRUE;
}

/* ---- Map registers ---- */
DMA_MAP *DmaCreateMap(const DMA_MASTER *Master, ULONG Registers)
{
    PHYSICAL_ADDRESS low = { .QuadPart = 0 }, high = { .QuadPart = (LONGLONG)Master->Limit };
    DMA_MAP *map = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*map), DMA_TAG);

    if (map == NULL)
        return NULL;
    RtlZeroMemory(map, sizeof(*map));
    map->Registers = Registers;
    if (!Master->Bounces || Registers == 0)
        return map;
    map->Bounce = MmAllocateContiguousMemorySpecifyCache((SIZE_T)Registers * PAGE_SIZE, low, high, low, MmCached);
    if (map->Bounce == NULL) {
        ExFreePoolWithTag(map, DMA_TAG);
        return NULL;
    }
    map->BouncePhysical = (ULONG64)MmGetPhysicalAddress(map->Bounce).QuadPart;
    return map;
}

VOID DmaDeleteMap(DMA_MAP *Map)
{
    if (Map->Bounce != NULL)
        MmFreeContiguousMemorySpecifyCache(Map->Bounce, (SIZE_T)Map->Registers * PAGE_SIZE, MmCached);
    ExFreePoolWithTag(Map, DMA_TAG);
}

/* A master waits for nothing but memory: its routine is called at once. */
NTSTATUS NTAPI DmaAllocateAdapterChannel(PDMA_ADAPTER Adapter, PDEVICE_OBJECT DeviceObject, ULONG NumberOfMapRegisters,
                                         PDRIVER_CONTROL ExecutionRoutine, PVOID Context)
{
    DMA_MASTER *master = (DMA_MASTER *)Adapter;
    DMA_MAP *map;

    if (NumberOfMapRegisters > master->Registers)
        return STATUS_INSUFFICIENT_RESOURCES;
    map = DmaCreateMap(master, NumberOfMapRegisters);
    if (map == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    if (ExecutionRoutine(DeviceObject, DeviceObject->CurrentIrp, map, Context) == DeallocateObject)
        DmaDeleteMap(map);
    return STATUS_SUCCESS;
}

VOID NTAPI DmaFreeAdapterChannel(PDMA_ADAPTER Adapter) {}        /* nobody waits for a master's channel */

VOID NTAPI DmaFreeMapRegisters(PDMA_ADAPTER Adapter, PVOID MapRegisterBase, ULONG NumberOfMapRegisters)
{
    if (MapRegisterBase != NULL)
        DmaDeleteMap(MapRegisterBase);
}

/* ---- Transfers ---- */
PHYSICAL_ADDRESS NTAPI DmaMapTransfer(PDMA_ADAPTER Adapter, PMDL Mdl, PVOID MapRegisterBase, PVOID CurrentVa, PULONG Length,
                                      BOOLEAN WriteToDevice)
{
    PHYSICAL_ADDRESS address = { .QuadPart = 0 };
    DMA_MAP *map = MapRegisterBase;
    ULONG offset;
    PMDL found = DmaFindMdl(Mdl, CurrentVa, &offset);

    if (found == NULL) {                         /* outside of the MDL: nothing is mapped */
        *Length = 0;
        return address;
    }
    if (map == NULL || map->Bounce == NULL) {
        address.QuadPart = (LONGLONG)DmaRun(found, offset, Length);
        return address;
    }
    *Length = min(*Length, map->Registers * PAGE_SIZE - map->Used);
    if (WriteToDevice && !DmaCopy(Mdl, CurrentVa, map->Bounce + map->Used, *Length, TRUE))
        *Length = 0;
    address.QuadPart = (LONGLONG)(map->BouncePhysical + map->Used);
    map->Used += *Length;
    return address;
}

/* For the whole transfer at its end: CurrentVa is where it began. */
BOOLEAN NTAPI DmaFlushAdapterBuffers(PDMA_ADAPTER Adapter, PMDL Mdl, PVOID MapRegisterBase, PVOID CurrentVa, ULONG Length,
                                     BOOLEAN WriteToDevice)
{
    DMA_MAP *map = MapRegisterBase;
    BOOLEAN copied = TRUE;

    if (map == NULL || map->Bounce == NULL)
        return TRUE;
    if (!WriteToDevice)
        copied = DmaCopy(Mdl, CurrentVa, map->Bounce, min(Length, map->Used), FALSE);
    map->Used = 0;
    return copied;
}

/* SPDX-License-Identifier: MIT
 * DMA adapters for bus masters. There is no IOMMU: a device sees memory at its physical addresses. A device that does not reach all
 * of memory, or cannot follow a scattered transfer, gets its data through a buffer within its reach.
 */
#include "dma.h"

static VOID NTAPI DmaPutAdapter(PDMA_ADAPTER Adapter) { ExFreePoolWithTag(Adapter, DMA_TAG); }

static PVOID NTAPI DmaAllocateCommonBuffer(PDMA_ADAPTER Adapter, ULONG Length, PPHYSICAL_ADDRESS LogicalAddress, BOOLEAN CacheEnabled)
{
    PHYSICAL_ADDRESS low = { .QuadPart = 0 }, high = { .QuadPart = (LONGLONG)((DMA_MASTER *)Adapter)->Limit };
    PVOID buffer;

    if (Length == 0)
        return NULL;
    buffer = MmAllocateContiguousMemorySpecifyCache(Length, low, high, low, MmCached);   /* caches are coherent on this machine */
    if (buffer != NULL)
        *LogicalAddress = MmGetPhysicalAddress(buffer);
    return buffer;
}

static VOID NTAPI DmaFreeCommonBuffer(PDMA_ADAPTER Adapter, ULONG Length, PHYSICAL_ADDRESS LogicalAddress, PVOID VirtualAddress,
                                      BOOLEAN CacheEnabled)
{
    MmFreeContiguousMemorySpecifyCache(VirtualAddress, Length, MmCached);
}

static ULONG NTAPI DmaGetAlignment(PDMA_ADAPTER Adapter) { return 1; }
static ULONG NTAPI DmaReadCounter(PDMA_ADAPTER Adapter) { return 0; }     /* of the system's DMA controller, which no master uses */

static DMA_OPERATIONS DmaOperations = {
    sizeof(DMA_OPERATIONS), DmaPutAdapter, DmaAllocateCommonBuffer, DmaFreeCommonBuffer, DmaAllocateAdapterChannel,
    DmaFlushAdapterBuffers, DmaFreeAdapterChannel, DmaFreeMapRegisters, DmaMapTransfer, DmaGetAlignment, DmaReadCounter,
    DmaGetScatterGatherList, DmaPutScatterGatherList, DmaCalculateScatterGatherList, DmaBuildScatterGatherList,
    DmaBuildMdlFromScatterGatherList,
};

/* The address behind the last byte of memory. */
static ULONG64 DmaEndOfMemory(VOID)
{
    PPHYSICAL_MEMORY_RANGE ranges = MmGetPhysicalMemoryRanges();
    ULONG64 end = 0;
    ULONG i;

    if (ranges == NULL)
        return ~0ull;
    for (i = 0; ranges[i].NumberOfBytes.QuadPart != 0; i++)
        end = max(end, (ULONG64)(ranges[i].BaseAddress.QuadPart + ranges[i].NumberOfBytes.QuadPart));
    ExFreePool(ranges);
    return end;
}

PDMA_ADAPTER NTAPI IoGetDmaAdapter(PDEVICE_OBJECT PhysicalDeviceObject, PDEVICE_DESCRIPTION DeviceDescription,
                                   PULONG NumberOfMapRegisters)
{
    DMA_MASTER *master;

    if (DeviceDescription->Version > DEVICE_DESCRIPTION_VERSION2 || !DeviceDescription->Master)
        return NULL;
    master = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*master), DMA_TAG);
    if (master == NULL)
        return NULL;
    RtlZeroMemory(master, sizeof(*master));
    master->Adapter.Version = 1;
    master->Adapter.Size = sizeof(*master);
    master->Adapter.DmaOperations = &DmaOperations;
    master->Limit = DeviceDescription->Dma64BitAddresses ? MAXLONGLONG : DeviceDescription->Dma32BitAddresses ? 0xFFFFFFFF : 0xFFFFFF;
    master->Bounces = !DeviceDescription->ScatterGather || master->Limit < DmaEndOfMemory() - 1;
    master->Registers = DeviceDescription->MaximumLength / PAGE_SIZE + 2;
    master->Registers = min(master->Registers, master->Bounces ? 257u : 65537u);
    *NumberOfMapRegisters = master->Registers;
    return &master->Adapter;
}

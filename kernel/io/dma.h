/* SPDX-License-Identifier: MIT
 * Between the parts of DMA: adapters and common buffers (dma.c), transfers (dmatransfer.c), scatter/gather lists (dmalist.c).
 */
#pragma once
#include "iop.h"

#define DMA_TAG 'amDI'

typedef struct DMA_MASTER {                      /* an adapter object: all of it I */
    DMA_ADAPTER Adapter;                         /* first */
    ULONG64 Limit;                               /* the highest address that the device reaches */
    BOOLEAN Bounces;                             /* pages go through a contiguous buffer within reach */
    ULONG Registers;                             /* pages of a transfer at most */
} DMA_MASTER;

/* Map registers: what a transfer holds between AllocateAdapterChannel and FreeMapRegisters. */
typedef struct DMA_MAP {
    ULONG Registers;
    ULONG Used;                                  /* the transfer's bytes in Bounce so far */
    PUCHAR Bounce;                               /* Registers pages, or NULL */
    ULONG64 BouncePhysical;
} DMA_MAP;

DMA_MAP *DmaCreateMap(const DMA_MASTER *Master, ULONG Registers);
VOID DmaDeleteMap(DMA_MAP *Map);
/* The MDL of a chain that holds Va, and how far into it; NULL: none does. */
PMDL DmaFindMdl(PMDL Mdl, PVOID Va, PULONG Offset);
/* The physical address at Offset of an MDL, and the bytes that lie together there, at most *Length. */
ULONG64 DmaRun(PMDL Mdl, ULONG Offset, PULONG Length);
/* Between a chain, from Va on, and Bounce. FALSE: it does not hold that much, or has no system address. */
BOOLEAN DmaCopy(PMDL Mdl, PVOID Va, PUCHAR Bounce, ULONG Length, BOOLEAN ToBounce);
ULONG DmaPages(PVOID Va, ULONG Length);

NTSTATUS NTAPI DmaAllocateAdapterChannel(PDMA_ADAPTER, PDEVICE_OBJECT, ULONG, PDRIVER_CONTROL, PVOID);
BOOLEAN NTAPI DmaFlushAdapterBuffers(PDMA_ADAPTER, PMDL, PVOID, PVOID, ULONG, BOOLEAN);
VOID NTAPI DmaFreeAdapterChannel(PDMA_ADAPTER);
VOID NTAPI DmaFreeMapRegisters(PDMA_ADAPTER, PVOID, ULONG);
PHYSICAL_ADDRESS NTAPI DmaMapTransfer(PDMA_ADAPTER, PMDL, PVOID, PVOID, PULONG, BOOLEAN);
NTSTATUS NTAPI DmaGetScatterGatherList(PDMA_ADAPTER, PDEVICE_OBJECT, PMDL, PVOID, ULONG, PDRIVER_LIST_CONTROL, PVOID, BOOLEAN);
VOID NTAPI DmaPutScatterGatherList(PDMA_ADAPTER, PSCATTER_GATHER_LIST, BOOLEAN);
NTSTATUS NTAPI DmaCalculateScatterGatherList(PDMA_ADAPTER, PMDL, PVOID, ULONG, PULONG, PULONG);
NTSTATUS NTAPI DmaBuildScatterGatherList(PDMA_ADAPTER, PDEVICE_OBJECT, PMDL, PVOID, ULONG, PDRIVER_LIST_CONTROL, PVOID, BOOLEAN,
                                         PVOID, ULONG);
NTSTATUS NTAPI DmaBuildMdlFromScatterGatherList(PDMA_ADAPTER, PSCATTER_GATHER_LIST, PMDL, PMDL *);

/* SPDX-License-Identifier: MIT
 * Packets for shallow stacks come from, and go back to, a small cache of the processor: no lock, no pool. Interrupts never allocate
 * packets, so DISPATCH_LEVEL keeps everybody else away.
 */
#include "iop.h"
#include "ke.h"

#define IOP_CACHED_LOCATIONS 4                   /* every cached packet has room for as many */
#define IOP_CACHED_PACKETS 32u                   /* on each processor */
#define IRP_ALLOCATED_FIXED_SIZE 0x04            /* IRP.AllocationFlags: may go back into a cache */

typedef struct DECLSPEC_CACHEALIGN IOP_IRP_CACHE {
    PIRP First;                                  /* P linked by ThreadListEntry.Flink */
    ULONG Depth;                                 /* P */
} IOP_IRP_CACHE;

static IOP_IRP_CACHE IopIrpCaches[KE_MAXIMUM_PROCESSORS];

static PIRP IopTakeCachedIrp(VOID)
{
    KIRQL old = KeIrql();
    IOP_IRP_CACHE *cache;
    PIRP irp;

    KiWriteCr8(DISPATCH_LEVEL);
    cache = &IopIrpCaches[KeProcessorNumber()];
    irp = cache->First;
    if (irp != NULL) {
        cache->First = (PIRP)(PVOID)irp->ThreadListEntry.Flink;
        cache->Depth--;
    }
    KiWriteCr8(old);
    return irp;
}

static BOOLEAN IopKeepIrp(PIRP Irp)
{
    KIRQL old = KeIrql();
    IOP_IRP_CACHE *cache;
    BOOLEAN kept;

    KiWriteCr8(DISPATCH_LEVEL);
    cache = &IopIrpCaches[KeProcessorNumber()];
    kept = cache->Depth < IOP_CACHED_PACKETS;
    if (kept) {
        Irp->ThreadListEntry.Flink = (PLIST_ENTRY)(PVOID)cache->First;
        cache->First = Irp;
        cache->Depth++;
    }
    KiWriteCr8(old);
    return kept;
}

PIRP IopAllocatePacket(CCHAR StackSize)
{
    BOOLEAN fixed = StackSize <= IOP_CACHED_LOCATIONS;
    PIRP irp = fixed ? IopTakeCachedIrp() : NULL;

    if (irp == NULL)
        irp = ExAllocatePoolWithTag(NonPagedPoolNx, IoSizeOfIrp(fixed ? IOP_CACHED_LOCATIONS : StackSize), IOP_TAG_IRP);
    if (irp == NULL)
        return NULL;
    IoInitializeIrp(irp, IoSizeOfIrp(StackSize), StackSize);
    irp->AllocationFlags = fixed ? IRP_ALLOCATED_FIXED_SIZE : 0;
    return irp;
}

VOID IopFreePacket(PIRP Irp)
{
    if (!(Irp->AllocationFlags & IRP_ALLOCATED_FIXED_SIZE) || !IopKeepIrp(Irp))
        ExFreePoolWithTag(Irp, IOP_TAG_IRP);
}

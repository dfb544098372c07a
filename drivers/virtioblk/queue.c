/* SPDX-License-Identifier: MIT
 * The queue of commands. Each slot has a page with its command and, if the device takes that, the table of its memory; a descriptor
 * of the ring points there. Else a slot has a run of the ring's descriptors.
 */
#include "virtio.h"

#define VIRTIO_SHORT_CHAIN 18u                   /* descriptors a slot, without tables */

/* ---- Making ---- */
static VOID VirtioSetAddress(volatile ULONG Register[2], ULONG64 Address)
{
    Register[0] = (ULONG)Address;
    Register[1] = (ULONG)(Address >> 32);
}

static BOOLEAN VirtioAllocate(VIRTIO_BLK *Blk)
{
    PHYSICAL_ADDRESS highest = { .QuadPart = -1 };
    ULONG i;

    Blk->Ring = MmAllocateContiguousMemory(sizeof(VIRTIO_RING), highest);
    if (Blk->Ring == NULL)
        return FALSE;
    RtlZeroMemory(Blk->Ring, sizeof(VIRTIO_RING));
    for (i = 0; i < Blk->Disk.SlotCount; i++) {
        Blk->Commands[i] = ExAllocatePoolWithTag(NonPagedPoolNx, PAGE_SIZE, STORAGE_TAG);      /* a page: it begins one */
        if (Blk->Commands[i] == NULL)
            return FALSE;
        Blk->CommandAddresses[i] = (ULONG64)MmGetPhysicalAddress(Blk->Commands[i]).QuadPart;
    }
    return TRUE;
}

/* How many commands at once, of how many pieces of memory. */
static VOID VirtioDivide(VIRTIO_BLK *Blk)
{
    STORAGE_DISK *disk = &Blk->Disk;

    Blk->Chain = (Blk->Features & VIRTIO_F_INDIRECT_DESC) ? 1 : min(Blk->QueueSize, VIRTIO_SHORT_CHAIN);
    disk->SlotCount = min(Blk->QueueSize / Blk->Chain, STORAGE_MAXIMUM_SLOTS);
    disk->MaximumSegments = min(disk->MaximumSegments, Blk->Chain == 1 ? VIRTIO_COMMAND_SEGMENTS : Blk->Chain - 2);
    disk->MaximumTransfer = (disk->MaximumSegments - 1) * PAGE_SIZE;       /* of whole blocks, which are no larger than a page */
}

NTSTATUS VirtioCreateQueue(VIRTIO_BLK *Blk)
{
    volatile VIRTIO_COMMON *common = Blk->Common;
    ULONG size, offset;
    ULONG64 address;

    common->QueueSelect = 0;
    size = common->QueueSize;
    if (size < 4 || (size & (size - 1)))
        return STATUS_DEVICE_CONFIGURATION_ERROR;
    Blk->QueueSize = min(size, VIRTIO_QUEUE_SIZE);
    common->QueueSize = (USHORT)Blk->QueueSize;
    offset = common->QueueNotifyOffset;
    if ((ULONG64)offset * Blk->NotifyMultiplier + sizeof(USHORT) > Blk->PartLengths[VirtioNotify])
        return STATUS_DEVICE_CONFIGURATION_ERROR;
    Blk->Doorbell = (volatile USHORT *)((PUCHAR)Blk->Parts[VirtioNotify] + offset * Blk->NotifyMultiplier);
    VirtioDivide(Blk);
    if (!VirtioAllocate(Blk))
        return STATUS_INSUFFICIENT_RESOURCES;
    common->QueueVector = 0;
    if (common->QueueVector != 0)
        return STATUS_INSUFFICIENT_RESOURCES;
    address = (ULONG64)MmGetPhysicalAddress(Blk->Ring).QuadPart;
    VirtioSetAddress(common->QueueDescriptors, address);
    VirtioSetAddress(common->QueueAvailable, address + FIELD_OFFSET(VIRTIO_RING, Available));
    VirtioSetAddress(common->QueueUsed, address + FIELD_OFFSET(VIRTIO_RING, Used));
    Blk->Available = Blk->Used = 0;
    common->QueueEnable = 1;
    return STATUS_SUCCESS;
}

VOID VirtioDeleteQueue(VIRTIO_BLK *Blk)
{
    ULONG i;

    if (Blk->Ring != NULL)
        MmFreeContiguousMemory(Blk->Ring);
    Blk->Ring = NULL;
    for (i = 0; i < STORAGE_MAXIMUM_SLOTS; i++) {
        if (Blk->Commands[i] != NULL)
            ExFreePoolWithTag(Blk->Commands[i], STORAGE_TAG);
        Blk->Commands[i] = NULL;
    }
}

/* ---- Submitting ---- */

/* Head, memory and status as a chain of descriptors, the first of which is number First of its table. Returns how many. */
static ULONG VirtioChain(VIRTIO_DESCRIPTOR *Table, ULONG First, ULONG64 Command, const STORAGE_COMMAND *Wanted)
{
    USHORT access = Wanted->Kind == StorageRead ? VIRTIO_WRITE : 0;
    ULONG count = 0, i;

    Table[count++] = (VIRTIO_DESCRIPTOR){ Command, FIELD_OFFSET(VIRTIO_COMMAND, Status), VIRTIO_NEXT, 0 };
    for (i = 0; i < Wanted->SegmentCount; i++)
        Table[count++] = (VIRTIO_DESCRIPTOR){ Wanted->Segments[i].Address, Wanted->Segments[i].Length, VIRTIO_NEXT | access, 0 };
    Table[count++] = (VIRTIO_DESCRIPTOR){ Command + FIELD_OFFSET(VIRTIO_COMMAND, Status), 1, VIRTIO_WRITE, 0 };
    for (i = 0; i + 1 < count; i++)
        Table[i].Next = (USHORT)(First + i + 1);
    return count;
}

VOID VirtioSubmit(STORAGE_DISK *Disk, ULONG Slot, const STORAGE_COMMAND *Command)
{
    static const ULONG types[] = { [StorageRead] = VIRTIO_BLK_T_IN, [StorageWrite] = VIRTIO_BLK_T_OUT, [StorageFlush] = VIRTIO_BLK_T_FLUSH };
    VIRTIO_BLK *blk = VirtioBlk(Disk);
    VIRTIO_COMMAND *command = blk->Commands[Slot];
    ULONG64 address = blk->CommandAddresses[Slot];
    ULONG head = Slot * blk->Chain, count;

    command->Type = types[Command->Kind];
    command->Reserved = 0;
    command->Sector = Command->Offset / 512;
    command->Status = 0xFF;
    if (blk->Chain == 1) {
        count = VirtioChain(command->Table, 0, address, Command);
        blk->Ring->Descriptors[head] = (VIRTIO_DESCRIPTOR){ address + FIELD_OFFSET(VIRTIO_COMMAND, Table),
                                                            count * (ULONG)sizeof(VIRTIO_DESCRIPTOR), VIRTIO_INDIRECT, 0 };
    } else {
        VirtioChain(&blk->Ring->Descriptors[head], head, address, Command);
    }
    blk->Ring->Available.Ring[blk->Available++ & (blk->QueueSize - 1)] = (USHORT)head;
}

/* The entries before the index, and the index before the look whether the device wants to hear (2.7.13). */
VOID VirtioKick(STORAGE_DISK *Disk)
{
    VIRTIO_BLK *blk = VirtioBlk(Disk);

    __atomic_store_n(&blk->Ring->Available.Index, blk->Available, __ATOMIC_RELEASE);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (!(__atomic_load_n(&blk->Ring->Used.Flags, __ATOMIC_RELAXED) & 1))
        *blk->Doorbell = 0;
}

/* ---- What is done ---- */
static NTSTATUS VirtioStatus(UCHAR Status)
{
    return Status == 0 ? STATUS_SUCCESS : Status == 2 ? STATUS_INVALID_DEVICE_REQUEST : STATUS_IO_DEVICE_ERROR;
}

/* FALSE: it named what it does not have. */
static BOOLEAN VirtioReap(VIRTIO_BLK *Blk)
{
    USHORT index = __atomic_load_n(&Blk->Ring->Used.Index, __ATOMIC_ACQUIRE);

    if ((USHORT)(index - Blk->Used) > Blk->QueueSize)
        return FALSE;
    for (; Blk->Used != index; Blk->Used++) {
        ULONG id = __atomic_load_n(&Blk->Ring->Used.Ring[Blk->Used & (Blk->QueueSize - 1)].Id, __ATOMIC_RELAXED), slot = id / Blk->Chain;
        if (id % Blk->Chain != 0 || !StorageIsBusy(&Blk->Disk, slot))
            return FALSE;
        StorageComplete(&Blk->Disk, slot, VirtioStatus(__atomic_load_n(&Blk->Commands[slot]->Status, __ATOMIC_RELAXED)));
    }
    return TRUE;
}

VOID NTAPI VirtioDpc(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    VIRTIO_BLK *blk = Context;

    StorageEnter(&blk->Disk);
    if ((blk->Disk.State == StorageRunning || blk->Disk.State == StorageHeld) && !VirtioReap(blk))
        StorageBreak(&blk->Disk, STATUS_IO_DEVICE_ERROR);
    StorageLeave(&blk->Disk);
}

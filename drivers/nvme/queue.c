/* SPDX-License-Identifier: MIT
 * Pairs of queues, and the commands of transfers.
 */
#include "nvme.h"

/* ---- Pairs ---- */
NTSTATUS NvmeCreatePair(NVME_PAIR *Pair, ULONG Number, ULONG Entries)
{
    PHYSICAL_ADDRESS highest = { .QuadPart = -1 };
    SIZE_T bytes = ROUND_TO_PAGES(Entries * sizeof(NVME_COMMAND)) + ROUND_TO_PAGES(Entries * sizeof(NVME_COMPLETION));
    PUCHAR memory = MmAllocateContiguousMemory(bytes, highest);

    if (memory == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(memory, bytes);
    *Pair = (NVME_PAIR){ (NVME_COMMAND *)memory, (NVME_COMPLETION *)(memory + ROUND_TO_PAGES(Entries * sizeof(NVME_COMMAND))), Number,
                         Entries, 0, 0, 1 };
    return STATUS_SUCCESS;
}

VOID NvmeDeletePair(NVME_PAIR *Pair)
{
    if (Pair->Submission != NULL)
        MmFreeContiguousMemory((PVOID)Pair->Submission);
    Pair->Submission = NULL;
}

static volatile ULONG *NvmeDoorbell(NVME_DEVICE *Nvme, ULONG Number)
{
    return (volatile ULONG *)((volatile UCHAR *)Nvme->Registers + NVME_DOORBELLS + Number * Nvme->Stride);
}

VOID NvmePut(NVME_PAIR *Pair, const NVME_COMMAND *Command)
{
    *(NVME_COMMAND *)&Pair->Submission[Pair->Tail] = *Command;
    Pair->Tail = (Pair->Tail + 1) % Pair->Entries;
}

VOID NvmeRing(NVME_DEVICE *Nvme, const NVME_PAIR *Pair)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    *NvmeDoorbell(Nvme, 2 * Pair->Number) = Pair->Tail;
}

BOOLEAN NvmeTake(NVME_PAIR *Pair, NVME_COMPLETION *Completion)
{
    volatile NVME_COMPLETION *next = &Pair->Completion[Pair->Head];

    Completion->Status = __atomic_load_n(&next->Status, __ATOMIC_ACQUIRE);
    if ((Completion->Status & 1) != Pair->Phase)
        return FALSE;
    Completion->Id = next->Id;
    Completion->Result = next->Result;
    if (++Pair->Head == Pair->Entries) {
        Pair->Head = 0;
        Pair->Phase ^= 1;
    }
    return TRUE;
}

VOID NvmeRingCompletion(NVME_DEVICE *Nvme, const NVME_PAIR *Pair) { *NvmeDoorbell(Nvme, 2 * Pair->Number + 1) = Pair->Head; }

/* ---- Transfers ---- */

/* All pages but the first begin at their beginning (4.3). The second page's field is it, or a list of it and those behind. */
static VOID NvmeDescribe(NVME_DEVICE *Nvme, ULONG Slot, const STORAGE_COMMAND *Command, NVME_COMMAND *Raw)
{
    PULONG64 list = Nvme->Lists[Slot];
    ULONG count = 0, i;

    for (i = 0; i < Command->SegmentCount; i++) {
        ULONG64 at = Command->Segments[i].Address, end = at + Command->Segments[i].Length;
        for (; at < end; at = (at | (PAGE_SIZE - 1)) + 1) {
            if (count == 0)
                Raw->Page1 = at;
            else
                list[count - 1] = at;
            count++;
        }
    }
    Raw->Page2 = count == 2 ? list[0] : count > 2 ? Nvme->ListAddresses[Slot] : 0;
}

VOID NvmeSubmit(STORAGE_DISK *Disk, ULONG Slot, const STORAGE_COMMAND *Command)
{
    static const UCHAR opcodes[] = { [StorageRead] = NVME_READ, [StorageWrite] = NVME_WRITE, [StorageFlush] = NVME_FLUSH };
    NVME_DEVICE *nvme = NvmeDevice(Disk);
    NVME_COMMAND raw = { .Opcode = opcodes[Command->Kind], .Id = (USHORT)Slot, .Namespace = nvme->Namespace };

    if (Command->Kind != StorageFlush) {
        ULONG64 block = Command->Offset / Disk->BlockSize;
        raw.Words[0] = (ULONG)block;
        raw.Words[1] = (ULONG)(block >> 32);
        raw.Words[2] = Command->Length / Disk->BlockSize - 1;
        NvmeDescribe(nvme, Slot, Command, &raw);
    }
    NvmePut(&nvme->Io, &raw);
}

VOID NvmeKick(STORAGE_DISK *Disk) { NvmeRing(NvmeDevice(Disk), &NvmeDevice(Disk)->Io); }

/* Status: more and do-not-retry above, then type, then code. */
static NTSTATUS NvmeStatus(USHORT Status)
{
    switch (Status >> 1 & 0x7FF) {
    case 0x000: return STATUS_SUCCESS;
    case 0x001:
    case 0x002: return STATUS_INVALID_DEVICE_REQUEST;
    case 0x080: return STATUS_NONEXISTENT_SECTOR;
    case 0x020:
    case 0x182: return STATUS_MEDIA_WRITE_PROTECTED;
    case 0x281: return STATUS_DEVICE_DATA_ERROR;
    default: return STATUS_IO_DEVICE_ERROR;
    }
}

VOID NTAPI NvmeDpc(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    NVME_DEVICE *nvme = NvmeDevice(Context);
    NVME_COMPLETION completion;
    BOOLEAN sane = TRUE, taken = FALSE;

    StorageEnter(&nvme->Disk);
    if (nvme->Disk.State == StorageRunning || nvme->Disk.State == StorageHeld) {
        while (sane && NvmeTake(&nvme->Io, &completion)) {
            sane = StorageIsBusy(&nvme->Disk, completion.Id);
            taken = TRUE;
            if (sane)
                StorageComplete(&nvme->Disk, completion.Id, NvmeStatus(completion.Status));
        }
        if (taken)
            NvmeRingCompletion(nvme, &nvme->Io);
        if (!sane)
            StorageBreak(&nvme->Disk, STATUS_IO_DEVICE_ERROR);
    }
    StorageLeave(&nvme->Disk);
}

/* SPDX-License-Identifier: MIT
 * Which kind of table a disk has, and what all kinds share.
 */
#include "partition.h"

#define MBR_SIGNATURE 510u
#define MBR_ENTRIES 446u
#define MBR_PROTECTIVE 0xEEu

uint32_t PartitionGet32(const uint8_t *Bytes)
{
    return (uint32_t)Bytes[0] | (uint32_t)Bytes[1] << 8 | (uint32_t)Bytes[2] << 16 | (uint32_t)Bytes[3] << 24;
}

uint64_t PartitionGet64(const uint8_t *Bytes) { return PartitionGet32(Bytes) | (uint64_t)PartitionGet32(Bytes + 4) << 32; }

bool PartitionReadBlock(const PARTITION_DISK *Disk, uint64_t Block, PARTITION_TABLE *Table)
{
    return Block < Disk->Length / Disk->BlockSize && Disk->Read(Disk->Context, Block * Disk->BlockSize, Table->Block, Disk->BlockSize);
}

PARTITION *PartitionAdd(const PARTITION_DISK *Disk, PARTITION_TABLE *Table, uint64_t FirstBlock, uint64_t BlockCount)
{
    uint64_t blocks = Disk->Length / Disk->BlockSize, offset, length;
    PARTITION *made = &Table->Partitions[Table->Count];
    uint32_t i;

    if (FirstBlock == 0 || FirstBlock >= blocks || BlockCount == 0 || BlockCount > blocks - FirstBlock ||
        Table->Count == PARTITION_MAXIMUM)
        return 0;
    offset = FirstBlock * Disk->BlockSize;
    length = BlockCount * Disk->BlockSize;
    for (i = 0; i < Table->Count; i++)
        if (offset < Table->Partitions[i].Offset + Table->Partitions[i].Length && Table->Partitions[i].Offset < offset + length)
            return 0;
    *made = (PARTITION){ .Offset = offset, .Length = length };
    Table->Count++;
    return made;
}

/* Something in the four entries says that behind it is a GPT. */
static bool PartitionIsProtective(const uint8_t *Block)
{
    unsigned i;

    for (i = 0; i < 4; i++)
        if (Block[MBR_ENTRIES + 16 * i + 4] == MBR_PROTECTIVE)
            return true;
    return false;
}

static bool PartitionIsSane(const PARTITION_DISK *Disk)
{
    return Disk->BlockSize >= 512 && Disk->BlockSize <= PARTITION_BLOCK_MAXIMUM && (Disk->BlockSize & (Disk->BlockSize - 1)) == 0 &&
           Disk->Length <= INT64_MAX && Disk->Length >= Disk->BlockSize;
}

bool PartitionReadTable(const PARTITION_DISK *Disk, PARTITION_TABLE *Table)
{
    Table->Style = PartitionNone;
    Table->FromBackup = Table->HasBootSector = false;
    Table->Count = Table->Signature = 0;
    if (!PartitionIsSane(Disk) || !PartitionReadBlock(Disk, 0, Table))
        return false;
    if (Table->Block[MBR_SIGNATURE] != 0x55 || Table->Block[MBR_SIGNATURE + 1] != 0xAA)
        return true;
    if (PartitionIsProtective(Table->Block))
        return PartitionReadGpt(Disk, Table);
    PartitionReadMbr(Disk, Table);
    Table->HasBootSector = Table->Style == PartitionNone;
    return true;
}

/* SPDX-License-Identifier: MIT
 * The GUID partition table: a header in block 1 and one in the disk's last block, each with a list of entries. The second is asked
 * when the first does not hold.
 */
#include "partition.h"

#define GPT_HEADER_SIZE 92u
#define GPT_REVISION 0x00010000u
#define GPT_ENTRY_MINIMUM 128u
#define GPT_LIST_LIMIT 0x100000u                 /* bytes of a list: no tool makes a longer one */

typedef struct GPT_HEADER {
    uint64_t FirstUsable, LastUsable, ListBlock;
    uint32_t EntryCount, EntrySize, ListChecksum;
    uint8_t Guid[16];
} GPT_HEADER;

/* CRC-32 as UEFI has it (polynomial 0x04C11DB7, reflected); Sum starts as all ones and is inverted at the end. */
static uint32_t GptAddChecksum(uint32_t Sum, const uint8_t *Bytes, uint32_t Length)
{
    unsigned bit;

    while (Length-- != 0) {
        Sum ^= *Bytes++;
        for (bit = 0; bit < 8; bit++)
            Sum = Sum >> 1 ^ (0xEDB88320u & (0u - (Sum & 1)));
    }
    return Sum;
}

static void GptCopyGuid(uint8_t Target[16], const uint8_t *Source)
{
    unsigned i;
    for (i = 0; i < 16; i++)
        Target[i] = Source[i];
}

/* The header's checksum is over the header with zeros in its place. */
static bool GptIsHeader(uint8_t *Block, uint32_t BlockSize, uint64_t Where)
{
    static const uint8_t signature[8] = "EFI PART";
    uint32_t size = PartitionGet32(Block + 12), checksum = PartitionGet32(Block + 16);
    unsigned i;

    for (i = 0; i < sizeof(signature); i++)
        if (Block[i] != signature[i])
            return false;
    if (PartitionGet32(Block + 8) < GPT_REVISION || size < GPT_HEADER_SIZE || size > BlockSize || PartitionGet64(Block + 24) != Where)
        return false;
    for (i = 16; i < 20; i++)
        Block[i] = 0;
    return ~GptAddChecksum(~0u, Block, size) == checksum;
}

/* The header in block Where, or false. */
static bool GptReadHeader(const PARTITION_DISK *Disk, PARTITION_TABLE *Table, uint64_t Where, GPT_HEADER *Header)
{
    uint64_t blocks = Disk->Length / Disk->BlockSize, list;
    const uint8_t *block = Table->Block;

    if (!PartitionReadBlock(Disk, Where, Table) || !GptIsHeader(Table->Block, Disk->BlockSize, Where))
        return false;
    Header->FirstUsable = PartitionGet64(block + 40);
    Header->LastUsable = PartitionGet64(block + 48);
    Header->ListBlock = PartitionGet64(block + 72);
    Header->EntryCount = PartitionGet32(block + 80);
    Header->EntrySize = PartitionGet32(block + 84);
    Header->ListChecksum = PartitionGet32(block + 88);
    GptCopyGuid(Header->Guid, block + 56);
    list = (uint64_t)Header->EntryCount * Header->EntrySize;
    return Header->EntrySize >= GPT_ENTRY_MINIMUM && Header->EntrySize <= Disk->BlockSize &&
           (Header->EntrySize & (Header->EntrySize - 1)) == 0 && list <= GPT_LIST_LIMIT && Header->FirstUsable <= Header->LastUsable &&
           Header->LastUsable < blocks && Header->ListBlock != 0 && Header->ListBlock < blocks &&
           (list + Disk->BlockSize - 1) / Disk->BlockSize <= blocks - Header->ListBlock;
}

static void GptAddEntry(const PARTITION_DISK *Disk, PARTITION_TABLE *Table, const GPT_HEADER *Header, const uint8_t *Entry,
                        uint32_t Number)
{
    uint64_t first = PartitionGet64(Entry + 32), last = PartitionGet64(Entry + 40);
    PARTITION *partition;
    unsigned i, used = 0;

    for (i = 0; i < 16; i++)
        used |= Entry[i];
    if (used == 0 || first > last || first < Header->FirstUsable || last > Header->LastUsable)
        return;
    partition = PartitionAdd(Disk, Table, first, last - first + 1);
    if (partition == 0)
        return;
    partition->Number = Number;
    partition->Attributes = PartitionGet64(Entry + 48);
    GptCopyGuid(partition->TypeGuid, Entry);
    GptCopyGuid(partition->Guid, Entry + 16);
    for (i = 0; i < PARTITION_NAME_UNITS; i++)
        partition->Name[i] = (uint16_t)(Entry[56 + 2 * i] | Entry[57 + 2 * i] << 8);
}

/* Block by block: the list's checksum and, once that is known to be right, its entries. */
static bool GptWalkList(const PARTITION_DISK *Disk, PARTITION_TABLE *Table, const GPT_HEADER *Header, bool Add)
{
    uint32_t left = Header->EntryCount * Header->EntrySize, sum = ~0u, number = 1, part, offset;
    uint64_t block;

    for (block = Header->ListBlock; left != 0; block++, left -= part) {
        part = left < Disk->BlockSize ? left : Disk->BlockSize;
        if (!PartitionReadBlock(Disk, block, Table))
            return false;
        sum = GptAddChecksum(sum, Table->Block, part);
        for (offset = 0; Add && offset < part; offset += Header->EntrySize)
            GptAddEntry(Disk, Table, Header, Table->Block + offset, number++);
    }
    return ~sum == Header->ListChecksum;
}

static bool GptRead(const PARTITION_DISK *Disk, PARTITION_TABLE *Table, uint64_t Where)
{
    GPT_HEADER header;

    if (!GptReadHeader(Disk, Table, Where, &header) || !GptWalkList(Disk, Table, &header, false))
        return false;
    if (!GptWalkList(Disk, Table, &header, true))        /* it changed in between */
        return false;
    Table->Style = PartitionGpt;
    GptCopyGuid(Table->Guid, header.Guid);
    return true;
}

bool PartitionReadGpt(const PARTITION_DISK *Disk, PARTITION_TABLE *Table)
{
    if (GptRead(Disk, Table, 1))
        return true;
    Table->Count = 0;
    Table->FromBackup = GptRead(Disk, Table, Disk->Length / Disk->BlockSize - 1);
    if (!Table->FromBackup)
        Table->Count = 0;
    return true;
}

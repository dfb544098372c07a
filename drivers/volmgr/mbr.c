/* SPDX-License-Identifier: MIT
 * The master boot record: four entries, of which one may begin a chain of extended ones, each with a partition and the next in the
 * chain. A boot sector of a file system has the same signature: what is no table is told from one by its entries.
 */
#include "partition.h"

#define MBR_DISK_SIGNATURE 440u
#define MBR_ENTRIES 446u
#define MBR_SIGNATURE 510u
#define MBR_LOGICAL_LIMIT 64u                    /* links of a chain */

typedef struct MBR_ENTRY {
    uint8_t Status, Type;
    uint32_t First, Count;                       /* blocks */
} MBR_ENTRY;

static MBR_ENTRY MbrGetEntry(const uint8_t *Block, unsigned Index)
{
    const uint8_t *entry = Block + MBR_ENTRIES + 16 * Index;
    return (MBR_ENTRY){ entry[0], entry[4], PartitionGet32(entry + 8), PartitionGet32(entry + 12) };
}

static bool MbrIsExtended(const MBR_ENTRY *Entry) { return Entry->Type == 0x05 || Entry->Type == 0x0F || Entry->Type == 0x85; }

/* All four are empty or lie in the disk, none has a status that is none, one is not empty. */
static bool MbrIsTable(const PARTITION_DISK *Disk, const uint8_t *Block)
{
    uint64_t blocks = Disk->Length / Disk->BlockSize;
    bool used = false;
    unsigned i;

    for (i = 0; i < 4; i++) {
        MBR_ENTRY entry = MbrGetEntry(Block, i);
        if ((entry.Status & 0x7F) != 0)
            return false;
        if (entry.Type == 0)
            continue;
        if (entry.First == 0 || entry.Count == 0 || entry.First >= blocks)
            return false;
        used = true;
    }
    return used;
}

static void MbrAdd(const PARTITION_DISK *Disk, PARTITION_TABLE *Table, const MBR_ENTRY *Entry, uint64_t Base, uint32_t Number)
{
    PARTITION *partition = Entry->Type != 0 ? PartitionAdd(Disk, Table, Base + Entry->First, Entry->Count) : 0;

    if (partition == 0)
        return;
    partition->Number = Number;
    partition->Type = Entry->Type;
    partition->Active = Entry->Status == 0x80;
}

/* Entry 0 counts from its own block, entry 1 from the extended partition's first; a chain goes only forward. */
static void MbrReadChain(const PARTITION_DISK *Disk, PARTITION_TABLE *Table, const MBR_ENTRY *Extended)
{
    uint64_t where = Extended->First, next;
    uint32_t number;

    for (number = 5; number < 5 + MBR_LOGICAL_LIMIT; number++, where = next) {
        MBR_ENTRY logical, link;
        if (!PartitionReadBlock(Disk, where, Table) || Table->Block[MBR_SIGNATURE] != 0x55 || Table->Block[MBR_SIGNATURE + 1] != 0xAA)
            return;
        logical = MbrGetEntry(Table->Block, 0);
        link = MbrGetEntry(Table->Block, 1);
        if (!MbrIsExtended(&logical))
            MbrAdd(Disk, Table, &logical, where, number);
        next = (uint64_t)Extended->First + link.First;
        if (!MbrIsExtended(&link) || next <= where || link.First >= Extended->Count)
            return;
    }
}

void PartitionReadMbr(const PARTITION_DISK *Disk, PARTITION_TABLE *Table)
{
    MBR_ENTRY entries[4];
    unsigned i;

    if (!MbrIsTable(Disk, Table->Block))
        return;
    Table->Style = PartitionMbr;
    Table->Signature = PartitionGet32(Table->Block + MBR_DISK_SIGNATURE);
    for (i = 0; i < 4; i++)
        entries[i] = MbrGetEntry(Table->Block, i);
    for (i = 0; i < 4; i++)
        if (!MbrIsExtended(&entries[i]))
            MbrAdd(Disk, Table, &entries[i], 0, i + 1);
    for (i = 0; i < 4; i++)
        if (MbrIsExtended(&entries[i])) {
            MbrReadChain(Disk, Table, &entries[i]);
            return;                              /* there is one chain */
        }
}

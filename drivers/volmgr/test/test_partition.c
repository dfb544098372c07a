/* SPDX-License-Identifier: MIT
 * Partition tables: whole ones, damaged ones, and 104,000 mutants, of which every partition that is reported must be one.
 */
#include "partition.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define BLOCK 512u
#define BLOCKS 4096u

static uint8_t Image[BLOCKS * BLOCK];
static PARTITION_TABLE Table;
static uint64_t Unreadable = UINT64_MAX;         /* a block */

static bool Read(void *Context, uint64_t Offset, void *Buffer, uint32_t Length)
{
    (void)Context;
    assert_true(Offset % BLOCK == 0 && Length % BLOCK == 0 && Offset <= sizeof(Image) && Length <= sizeof(Image) - Offset);
    if (Offset / BLOCK == Unreadable)
        return false;
    memcpy(Buffer, Image + Offset, Length);
    return true;
}
static const PARTITION_DISK Disk = { sizeof(Image), BLOCK, Read, NULL };

static void Put32(uint8_t *Bytes, uint32_t Value) { memcpy(Bytes, &Value, 4); }
static void Put64(uint8_t *Bytes, uint64_t Value) { memcpy(Bytes, &Value, 8); }

static uint32_t Checksum(const uint8_t *Bytes, size_t Length)
{
    uint32_t sum = ~0u;
    int bit;

    while (Length-- != 0)
        for (sum ^= *Bytes++, bit = 0; bit < 8; bit++)
            sum = sum & 1 ? sum >> 1 ^ 0xEDB88320u : sum >> 1;
    return ~sum;
}

/* ---- Tables ---- */
static void PutEntry(unsigned Index, uint8_t Type, uint32_t First, uint32_t Count, uint8_t *Block)
{
    uint8_t *entry = Block + 446 + 16 * Index;
    entry[4] = Type;
    Put32(entry + 8, First);
    Put32(entry + 12, Count);
    Block[510] = 0x55;
    Block[511] = 0xAA;
}

static void Seal(uint64_t Where, uint64_t List)
{
    uint8_t *header = Image + Where * BLOCK;
    Put32(header + 88, Checksum(Image + List * BLOCK, 128 * 128));
    Put32(header + 16, 0);
    Put32(header + 16, Checksum(header, 92));
}

static void MakeHeader(uint64_t Where, uint64_t Other, uint64_t List)
{
    uint8_t *header = Image + Where * BLOCK;
    memcpy(header, "EFI PART", 8);
    Put32(header + 8, 0x10000);
    Put32(header + 12, 92);
    Put64(header + 24, Where);
    Put64(header + 32, Other);
    Put64(header + 40, 34);
    Put64(header + 48, BLOCKS - 34);
    memset(header + 56, 0xD1, 16);
    Put64(header + 72, List);
    Put32(header + 80, 128);
    Put32(header + 84, 128);
}

static void PutGptEntry(unsigned Index, uint64_t First, uint64_t Last)
{
    uint64_t lists[] = { 2, BLOCKS - 33 };
    unsigned i;

    for (i = 0; i < 2; i++) {
        uint8_t *entry = Image + lists[i] * BLOCK + 128 * Index;
        memset(entry, 0xA0 + (int)Index, 16);
        memset(entry + 16, 0xB0 + (int)Index, 16);
        Put64(entry + 32, First);
        Put64(entry + 40, Last);
        Put64(entry + 48, Index);
        entry[56] = 'p';
    }
}

static void SealBoth(void)
{
    Seal(1, 2);
    Seal(BLOCKS - 1, BLOCKS - 33);
}

static void MakeGpt(void)
{
    memset(Image, 0, sizeof(Image));
    PutEntry(0, 0xEE, 1, BLOCKS - 1, Image);
    MakeHeader(1, BLOCKS - 1, 2);
    MakeHeader(BLOCKS - 1, 1, BLOCKS - 33);
    PutGptEntry(0, 64, 127);
    PutGptEntry(3, 1024, 2047);
    SealBoth();
}

/* Two primary ones and two logical ones in a chain. */
static void MakeMbr(void)
{
    memset(Image, 0, sizeof(Image));
    Put32(Image + 440, 0x12345678);
    PutEntry(0, 0x07, 64, 100, Image);
    Image[446] = 0x80;
    PutEntry(1, 0x0F, 1000, 1000, Image);
    PutEntry(3, 0x0C, 200, 100, Image);
    PutEntry(0, 0x0B, 10, 20, Image + 1000 * BLOCK);
    PutEntry(1, 0x05, 100, 100, Image + 1000 * BLOCK);
    PutEntry(0, 0x83, 10, 50, Image + 1100 * BLOCK);
}

static bool IsPartition(const PARTITION *Partition, uint64_t First, uint64_t Count, uint32_t Number)
{
    return Partition->Offset == First * BLOCK && Partition->Length == Count * BLOCK && Partition->Number == Number;
}

/* ---- Tests ---- */
static void Gpt(void **State)
{
    (void)State;
    MakeGpt();
    assert_true(PartitionReadTable(&Disk, &Table));
    assert_true(Table.Style == PartitionGpt && !Table.FromBackup && Table.Count == 2 && Table.Guid[5] == 0xD1);
    assert_true(IsPartition(&Table.Partitions[0], 64, 64, 1) && IsPartition(&Table.Partitions[1], 1024, 1024, 4));
    assert_true(Table.Partitions[1].Guid[0] == 0xB3 && Table.Partitions[1].TypeGuid[15] == 0xA3);
    assert_true(Table.Partitions[1].Attributes == 3 && Table.Partitions[1].Name[0] == 'p' && Table.Partitions[1].Name[1] == 0);
}

static void GptDamage(void **State)
{
    (void)State;
    MakeGpt();
    Image[BLOCK + 60] ^= 1;                      /* the first header */
    assert_true(PartitionReadTable(&Disk, &Table) && Table.Style == PartitionGpt && Table.FromBackup && Table.Count == 2);
    MakeGpt();
    Image[2 * BLOCK + 33] ^= 1;                  /* the first list */
    assert_true(PartitionReadTable(&Disk, &Table) && Table.FromBackup && IsPartition(&Table.Partitions[0], 64, 64, 1));
    Image[(BLOCKS - 1) * BLOCK + 30] ^= 1;       /* and the second header */
    assert_true(PartitionReadTable(&Disk, &Table) && Table.Style == PartitionNone && Table.Count == 0);
    MakeGpt();
    Unreadable = 1;
    assert_true(PartitionReadTable(&Disk, &Table) && Table.FromBackup);
    Unreadable = 0;
    assert_false(PartitionReadTable(&Disk, &Table));
    Unreadable = UINT64_MAX;
}

/* Right sums over entries that are none: outside, backwards, over another one, over the table. */
static void GptEntries(void **State)
{
    (void)State;
    MakeGpt();
    PutGptEntry(1, 100, 200);
    PutGptEntry(2, 500, 400);
    PutGptEntry(4, 4000, 5000);
    PutGptEntry(5, 2, 40);
    PutGptEntry(6, 0xFFFFFFFFFFFFFFF0ull, 0xFFFFFFFFFFFFFFFFull);
    PutGptEntry(7, 3000, 3000);
    SealBoth();
    assert_true(PartitionReadTable(&Disk, &Table) && Table.Count == 3);
    assert_true(IsPartition(&Table.Partitions[0], 64, 64, 1) && IsPartition(&Table.Partitions[2], 3000, 1, 8));
}

static void Mbr(void **State)
{
    (void)State;
    MakeMbr();
    assert_true(PartitionReadTable(&Disk, &Table) && Table.Style == PartitionMbr && Table.Signature == 0x12345678);
    assert_int_equal(Table.Count, 4);
    assert_true(IsPartition(&Table.Partitions[0], 64, 100, 1) && Table.Partitions[0].Active && Table.Partitions[0].Type == 7);
    assert_true(IsPartition(&Table.Partitions[1], 200, 100, 4) && !Table.Partitions[1].Active);
    assert_true(IsPartition(&Table.Partitions[2], 1010, 20, 5) && IsPartition(&Table.Partitions[3], 1110, 50, 6));
}

static void MbrChains(void **State)
{
    (void)State;
    MakeMbr();
    PutEntry(1, 0x05, 100, 100, Image + 1100 * BLOCK);   /* itself */
    assert_true(PartitionReadTable(&Disk, &Table) && Table.Count == 4);
    PutEntry(1, 0x05, 0, 100, Image + 1100 * BLOCK);     /* back */
    assert_true(PartitionReadTable(&Disk, &Table) && Table.Count == 4);
    PutEntry(1, 0x05, 0xFFFFFFFF, 1, Image + 1100 * BLOCK);
    assert_true(PartitionReadTable(&Disk, &Table) && Table.Count == 4);
    PutEntry(0, 0x83, 0xFFFFFFF0, 0xFFFFFFFF, Image + 1100 * BLOCK);
    assert_true(PartitionReadTable(&Disk, &Table) && Table.Count == 3);
}

/* The boot sector of a file system, nothing at all, and disks that are none. */
static void None(void **State)
{
    PARTITION_DISK disk = Disk;

    (void)State;
    memset(Image, 0, sizeof(Image));
    assert_true(PartitionReadTable(&Disk, &Table) && Table.Style == PartitionNone && Table.Count == 0 && !Table.HasBootSector);
    memset(Image, 'F', BLOCK);
    Image[510] = 0x55;
    Image[511] = 0xAA;
    assert_true(PartitionReadTable(&Disk, &Table) && Table.Style == PartitionNone && Table.HasBootSector);
    disk.BlockSize = 500;
    assert_false(PartitionReadTable(&disk, &Table));
    disk.BlockSize = 8192;
    assert_false(PartitionReadTable(&disk, &Table));
    disk.BlockSize = 512;
    disk.Length = 100;
    assert_false(PartitionReadTable(&disk, &Table));
}

/* ---- Mutants ---- */
static uint64_t Next(uint64_t *State)
{
    *State = *State * 6364136223846793005ull + 1442695040888963407ull;
    return *State >> 33;
}

static void CheckTable(void)
{
    uint32_t i, j;

    assert_true(Table.Count <= PARTITION_MAXIMUM);
    for (i = 0; i < Table.Count; i++) {
        const PARTITION *one = &Table.Partitions[i];
        assert_true(one->Offset != 0 && one->Length != 0 && one->Offset % BLOCK == 0 && one->Length % BLOCK == 0);
        assert_true(one->Offset < sizeof(Image) && one->Length <= sizeof(Image) - one->Offset && one->Number != 0);
        for (j = 0; j < i; j++) {
            const PARTITION *other = &Table.Partitions[j];
            assert_true(one->Offset >= other->Offset + other->Length || other->Offset >= one->Offset + one->Length);
        }
    }
}

/* Where the words of tables are. */
static uint8_t *PickPlace(uint64_t *Random)
{
    static const uint32_t blocks[] = { 0, 1, 2, 2, 1000, 1100, BLOCKS - 33, BLOCKS - 1 };
    uint32_t block = blocks[Next(Random) % 8];
    uint32_t offset = block == 0 || block == 1000 || block == 1100 ? 440 + (uint32_t)(Next(Random) % 68) : (uint32_t)(Next(Random) % 504);

    return Image + block * BLOCK + offset;
}

/* Count of them, a table of either kind to begin with; Gpt: mostly with checksums that are right. Returns how many were tables. */
static unsigned RunMutants(bool IsGpt, unsigned Count)
{
    static const uint64_t words[] = { 0, 1, 0x7F, 0xFF, 0x80, 34, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, UINT64_MAX, BLOCKS, BLOCKS - 1 };
    unsigned i, change, tables = 0;
    uint64_t random = 1;

    if (IsGpt)
        MakeGpt();
    else
        MakeMbr();
    for (i = 0; i < Count; i++) {
        uint8_t saved[8][8], *places[8];
        unsigned changes = 1 + (unsigned)(Next(&random) % 8);
        for (change = 0; change < changes; change++) {
            uint64_t word = Next(&random) % 2 ? words[Next(&random) % 12] : Next(&random);
            places[change] = PickPlace(&random);
            memcpy(saved[change], places[change], 8);
            memcpy(places[change], &word, 1u << Next(&random) % 4);
        }
        if (IsGpt && Next(&random) % 4 != 0)
            SealBoth();
        assert_true(PartitionReadTable(&Disk, &Table));
        CheckTable();
        tables += Table.Style != PartitionNone;
        while (change-- != 0)
            memcpy(places[change], saved[change], 8);
        if (IsGpt)
            SealBoth();
    }
    return tables;
}

/* Most are still tables: they were not all refused at the door. */
static void Mutants(void **State)
{
    (void)State;
    assert_true(RunMutants(true, 4000) > 2000);
    assert_true(RunMutants(false, 100000) > 30000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(Gpt), cmocka_unit_test(GptDamage), cmocka_unit_test(GptEntries), cmocka_unit_test(Mbr),
        cmocka_unit_test(MbrChains), cmocka_unit_test(None), cmocka_unit_test(Mutants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT
 * Unit tests of the FAT core on volumes written here by hand.
 */
#include "host.h"
#include "bytes.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SECTORS 300u
static uint8_t Image[SECTORS * 512];
static TEST_VOLUME Test;

/* 300 sectors: 1 reserved, two FATs of 1, 14 of root, clusters of one sector. */
static void WriteBootSector(uint8_t *Sector)
{
    memset(Sector, 0, 512);
    Sector[0] = 0xEB;
    FatPut16(Sector + 11, 512);
    Sector[13] = 1;
    FatPut16(Sector + 14, 1);
    Sector[16] = 2;
    FatPut16(Sector + 17, 224);
    FatPut16(Sector + 19, SECTORS);
    Sector[21] = 0xF8;
    FatPut16(Sector + 22, 1);
    Sector[38] = 0x29;
    FatPut32(Sector + 39, 0x12345678);
}

static int Setup(void **State)
{
    (void)State;
    memset(Image, 0, sizeof(Image));
    WriteBootSector(Image);
    assert_int_equal(TestOpenVolume(Image, sizeof(Image), &Test), FatOk);
    return 0;
}

static int Teardown(void **State)
{
    (void)State;
    TestCloseVolume(&Test);
    TestAllocationsLeft = -1;
    assert_int_equal(TestBlocks, 0);
    return 0;
}

static void BootSector(void **State)
{
    static const struct {
        uint16_t Offset;
        uint8_t Bytes, Value[2];
    } wrong[] = {
        { 0, 1, { 0 } },     { 11, 2, { 0, 1 } },   { 11, 2, { 0, 0x20 } }, { 11, 2, { 1, 2 } },
        { 13, 1, { 0 } },    { 13, 1, { 3 } },      { 14, 2, { 0, 0 } },    { 16, 1, { 0 } },
        { 17, 2, { 0, 0 } }, { 17, 2, { 225, 0 } }, { 21, 1, { 0 } },       { 22, 2, { 0, 0 } },
        { 19, 2, { 0, 0 } }, { 19, 2, { 17, 0 } },  { 22, 2, { 150, 0 } },  { 19, 2, { 0xFF, 0xFF } },
    };
    uint8_t sector[512];
    FAT_VOLUME volume;

    (void)State;
    WriteBootSector(sector);
    assert_int_equal(FatParseBootSector(sector, sizeof(Image), &volume), FatOk);
    assert_int_equal(volume.Bits, 12);
    assert_int_equal(volume.Serial, 0x12345678);
    assert_int_equal(volume.RootOffset, 3 * 512);
    assert_int_equal(volume.DataOffset, 17 * 512);
    assert_int_equal(volume.Clusters, SECTORS - 17);
    assert_int_equal(FatParseBootSector(sector, sizeof(Image) - 1, &volume), FatNotFat);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        WriteBootSector(sector);
        memcpy(sector + wrong[i].Offset, wrong[i].Value, wrong[i].Bytes);
        assert_int_equal(FatParseBootSector(sector, sizeof(Image), &volume), FatNotFat);
    }
}

static void Entries(void **State)
{
    FAT_TABLE table;
    uint32_t value;

    (void)State;
    for (uint32_t i = 2; i < 50; i++)
        assert_int_equal(FatSetEntry(&Test.Volume, i, i * 7), FatOk);
    assert_int_equal(FatSetEntry(&Test.Volume, 50, FAT_LAST), FatOk);
    assert_int_equal(FatSetEntry(&Test.Volume, SECTORS, FAT_LAST), FatCorrupt);
    FatOpenTable(&table, &Test.Volume);
    for (uint32_t i = 2; i < 50; i++) {
        assert_int_equal(FatGetEntry(&table, i, &value), FatOk);
        assert_int_equal(value, i * 7);
    }
    assert_int_equal(FatGetEntry(&table, 50, &value), FatOk);
    assert_int_equal(value, FAT_LAST);
    assert_int_equal(FatGetEntry(&table, SECTORS, &value), FatCorrupt);
    FatCloseTable(&table);
    assert_memory_equal(Image + 512, Image + 1024, 512);
}

static void Chains(void **State)
{
    uint32_t before = Test.Volume.Free;
    FAT_RUNS runs = { 0 }, read;

    (void)State;
    assert_int_equal(FatExtendChain(&Test.Volume, &runs, 5), FatOk);
    assert_int_equal(runs.Count, 1);
    assert_int_equal(FatExtendChain(&Test.Volume, &runs, before + 1), FatDiskFull);
    assert_int_equal(runs.Clusters, 5);
    assert_int_equal(FatExtendChain(&Test.Volume, &runs, before), FatOk);
    assert_int_equal(Test.Volume.Free, 0);
    assert_int_equal(FatLoadChain(&Test.Volume, FatFirstCluster(&runs), &read), FatOk);
    assert_int_equal(read.Clusters, before);
    FatFreeRuns(&TestHost, &read);
    assert_int_equal(FatTruncateChain(&Test.Volume, &runs, 2), FatOk);
    assert_int_equal(FatLoadChain(&Test.Volume, FatFirstCluster(&runs), &read), FatOk);
    assert_int_equal(read.Clusters, 2);
    FatFreeRuns(&TestHost, &read);
    assert_int_equal(FatTruncateChain(&Test.Volume, &runs, 0), FatOk);
    assert_int_equal(Test.Volume.Free, before);
    FatFreeRuns(&TestHost, &runs);
}

/* What was freed waits until the disk has that, or until nothing else is free. */
static void Held(void **State)
{
    FAT_RUNS first = { 0 }, second = { 0 }, third = { 0 };
    uint32_t total = Test.Volume.Free, frees, cluster;

    (void)State;
    assert_int_equal(FatExtendChain(&Test.Volume, &first, total - 3), FatOk);
    cluster = FatFirstCluster(&first);
    assert_int_equal(FatTruncateChain(&Test.Volume, &first, 0), FatOk);
    assert_int_equal(Test.Volume.Free, total);
    assert_int_equal(FatExtendChain(&Test.Volume, &second, 2), FatOk);
    assert_true(FatFirstCluster(&second) >= cluster + total - 3);
    frees = Test.Volume.Frees;
    assert_int_equal(FatTruncateChain(&Test.Volume, &second, 1), FatOk);
    FatSettle(&Test.Volume, frees);              /* too late: more was freed */
    assert_int_equal(Test.Volume.HeldCount, total - 2);
    assert_int_equal(FatExtendChain(&Test.Volume, &second, 3), FatOk);
    assert_int_equal(Test.Volume.HeldCount, 0);
    assert_int_equal(FatTruncateChain(&Test.Volume, &second, 0), FatOk);
    FatSettle(&Test.Volume, Test.Volume.Frees);
    assert_int_equal(Test.Volume.HeldCount, 0);
    assert_int_equal(FatExtendChain(&Test.Volume, &third, total), FatOk);
    FatFreeRuns(&TestHost, &first);
    FatFreeRuns(&TestHost, &second);
    FatFreeRuns(&TestHost, &third);
}

static void Loops(void **State)
{
    FAT_RUNS runs;

    (void)State;
    for (uint32_t tail = 0; tail < 20; tail++) {
        for (uint32_t i = 2; i < 30; i++)
            assert_int_equal(FatSetEntry(&Test.Volume, i, i + 1), FatOk);
        assert_int_equal(FatSetEntry(&Test.Volume, 30, 2 + tail), FatOk);
        assert_int_equal(FatLoadChain(&Test.Volume, 2, &runs), FatCorrupt);
    }
    assert_int_equal(FatSetEntry(&Test.Volume, 30, FAT_FREE), FatOk);
    assert_int_equal(FatLoadChain(&Test.Volume, 2, &runs), FatCorrupt);
    assert_int_equal(FatSetEntry(&Test.Volume, 30, FAT_BAD), FatOk);
    assert_int_equal(FatLoadChain(&Test.Volume, 2, &runs), FatCorrupt);
    assert_int_equal(FatSetEntry(&Test.Volume, 30, 1000), FatOk);
    assert_int_equal(FatLoadChain(&Test.Volume, 2, &runs), FatCorrupt);
    assert_int_equal(FatSetEntry(&Test.Volume, 30, FAT_LAST), FatOk);
    assert_int_equal(FatLoadChain(&Test.Volume, 2, &runs), FatOk);
    FatFreeRuns(&TestHost, &runs);
}

/* A volume that was not shut down: what comes before the torn place, and only what the file's size needs. */
static void TornChains(void **State)
{
    static const uint32_t ends[] = { FAT_FREE, FAT_BAD, 1000, 1 };
    FAT_RUNS runs, grown = { 0 };

    (void)State;
    for (uint32_t i = 2; i < 30; i++)
        assert_int_equal(FatSetEntry(&Test.Volume, i, i + 1), FatOk);
    for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
        assert_int_equal(FatSetEntry(&Test.Volume, 30, ends[i]), FatOk);
        assert_int_equal(FatLoadTornChain(&Test.Volume, 2, 100, &runs), FatOk);
        assert_int_equal(runs.Clusters, ends[i] == FAT_FREE || ends[i] == FAT_BAD ? 28 : 29);
        FatFreeRuns(&TestHost, &runs);
        assert_int_equal(FatLoadTornChain(&Test.Volume, 2, 7, &runs), FatOk);
        assert_int_equal(runs.Clusters, 7);
        FatFreeRuns(&TestHost, &runs);
        assert_int_equal(FatLoadTornChain(&Test.Volume, 30, 1, &runs), ends[i] == FAT_FREE || ends[i] == FAT_BAD ? FatCorrupt : FatOk);
        FatFreeRuns(&TestHost, &runs);
    }
    assert_int_equal(FatLoadTornChain(&Test.Volume, 31, 5, &runs), FatCorrupt);
    assert_int_equal(FatSetEntry(&Test.Volume, 30, 9), FatOk);
    assert_int_equal(FatLoadTornChain(&Test.Volume, 2, 1000, &runs), FatCorrupt);

    /* mounted again: 30 is free, but 29 leads there */
    assert_int_equal(FatSetEntry(&Test.Volume, 30, FAT_FREE), FatOk);
    FatCloseVolume(&Test.Volume);
    assert_int_equal(FatOpenVolume(&Test.Volume), FatOk);
    assert_int_equal(Test.Volume.Free, Test.Volume.Clusters - 29);
    assert_int_equal(FatExtendChain(&Test.Volume, &grown, Test.Volume.Free), FatOk);
    assert_int_equal(FatFirstCluster(&grown), 31);
    FatFreeRuns(&TestHost, &grown);
}

static void Times(void **State)
{
    static const struct {
        uint64_t Nt;
        uint16_t Date, Time;
    } known[] = {
        { 119600064000000000ull, 0x0021, 0 },                           /* 1980-01-01 */
        { 125911584000000000ull, 0x2821, 0 },                           /* 2000-01-01 */
    };

    (void)State;
    for (int i = 0; i < 2; i++) {
        FAT_TIME time = FatEncodeTime(known[i].Nt);
        assert_int_equal(time.Date, known[i].Date);
        assert_int_equal(time.Time, known[i].Time);
        assert_int_equal(FatDecodeTime(time), known[i].Nt);
    }
    for (uint64_t t = 119600064000000000ull; t < 159900000000000000ull; t += 7777777770000000ull / 3 / 100000 * 100000)
        assert_int_equal(FatDecodeTime(FatEncodeTime(t)), t);
    assert_int_equal(FatDecodeTime((FAT_TIME){ 0, 0, 0 }), 0);
    assert_int_equal(FatDecodeTime((FAT_TIME){ 0x0021 | 13 << 5, 0, 0 }), 0);
    assert_int_equal(FatDecodeTime((FAT_TIME){ 0x005E, 0, 0 }), 0);     /* the 30th of February */
    assert_int_equal(FatEncodeTime(0).Date, 0x0021);
    assert_int_equal(FatEncodeTime(~0ull).Date, 0xFF9F);
}

/* What a name is stored as in the root. */
static void Stored(const char *Name, const char *Short, uint8_t Case, uint32_t Entries)
{
    TEST_FOLDER folder;
    FAT_NEW_NAME made;
    uint16_t wide[300];

    assert_int_equal(TestOpenFolder(&Test, 0, &folder), FatOk);
    assert_int_equal(FatMakeName(&folder.Folder, wide, TestWide(Name, wide), ~0u, &made), FatOk);
    assert_memory_equal(made.Short, Short, 11);
    assert_int_equal(made.Case, Case);
    assert_int_equal(made.Entries, Entries);
    TestCloseFolder(&folder);
}

static void Create(const char *Name)
{
    TEST_FOLDER folder;
    uint16_t wide[300];

    assert_int_equal(TestOpenFolder(&Test, 0, &folder), FatOk);
    assert_int_equal(TestCreate(&folder, wide, TestWide(Name, wide), (const uint8_t *)"", 0), FatOk);
    TestCloseFolder(&folder);
}

static void ShortNames(void **State)
{
    char name[64];

    (void)State;
    Stored("FILE.TXT", "FILE    TXT", 0, 1);
    Stored("file.txt", "FILE    TXT", 24, 1);
    Stored("file.TXT", "FILE    TXT", 8, 1);
    Stored("FILE", "FILE       ", 0, 1);
    Stored("File.txt", "FILE~1  TXT", 0, 2);
    Stored("a long file name.text", "ALONGF~1TEX", 0, 3);
    Stored("dots.in.it.c", "DOTSIN~1C  ", 0, 2);
    Stored("a+b.txt", "A_B~1   TXT", 0, 2);
    Stored(".profile", "PROFIL~1   ", 0, 2);
    Stored("trailing. . .", "TRAILING   ", 8, 1);
    for (char c = '1'; c <= '4'; c++) {
        char expected[] = "ALONGF~0TEX";
        expected[7] = c;
        strcpy(name, "a long file name 0.text");
        name[17] = c;
        Stored(name, expected, 0, 3);
        Create(name);
    }
    for (int i = 0; i < 30; i++) {
        strcpy(name, "a long file name 00.text");
        name[17] = (char)('A' + i % 26);
        name[18] = (char)('A' + i / 26);
        Create(name);
    }
}

static void Names(void **State)
{
    static const char *const bad[] = {
        "", ".", "..", " ", "a*b", "a?b", "a:b", "a\"b", "a<b", "a>b", "a|b", "a/b", "a\\b", "a\tb"
    };
    uint16_t wide[300];
    uint32_t length;

    (void)State;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        length = TestWide(bad[i], wide);
        assert_int_equal(FatCheckName(wide, &length), FatBadName);
    }
    for (length = 0; length < 256; length++)
        wide[length] = 'x';
    length = 255;
    assert_int_equal(FatCheckName(wide, &length), FatOk);
    length = 256;
    assert_int_equal(FatCheckName(wide, &length), FatBadName);
}

static void LongNames(void **State)
{
    TEST_FOLDER folder;
    FAT_ENTRY entry;
    uint16_t wide[300];
    uint32_t length;

    (void)State;
    assert_int_equal(TestOpenFolder(&Test, 0, &folder), FatOk);
    for (length = 1; length <= 255; length += 13) {
        for (uint32_t i = 0; i < length; i++)
            wide[i] = (uint16_t)(0x400 + length + i);
        assert_int_equal(TestCreate(&folder, wide, length, (const uint8_t *)"abc", 3), FatOk);
        assert_int_equal(FatFindEntry(&folder.Folder, wide, length, &entry), FatOk);
        assert_true(entry.HasLong && entry.Length == length && entry.Record.Size == 3);
        assert_memory_equal(entry.Name, wide, length * 2);
        assert_int_equal(FatFindEntry(&folder.Folder, entry.ShortName, entry.ShortLength, &entry), FatOk);
        assert_int_equal(TestRemove(&folder, &entry), FatOk);
        assert_int_equal(FatFindEntry(&folder.Folder, wide, length, &entry), FatNotFound);
    }
    assert_int_equal(FatIsEmpty(&folder.Folder), FatOk);
    TestCloseFolder(&folder);
}

/* A long name whose parts do not fit is no name of what follows. */
static void Orphans(void **State)
{
    static const uint8_t damage[] = { 0, 13, 32, 45, 64 };              /* ordinals, checksums, the short name */
    TEST_FOLDER folder;
    FAT_ENTRY entry;
    uint16_t wide[300];
    uint32_t length = TestWide("A name of two parts.txt", wide);
    uint8_t *root = Image + 3 * 512;

    (void)State;
    assert_int_equal(TestOpenFolder(&Test, 0, &folder), FatOk);
    for (size_t i = 0; i < sizeof(damage); i++) {
        memset(root, 0, 512);
        assert_int_equal(TestCreate(&folder, wide, length, (const uint8_t *)"", 0), FatOk);
        root[damage[i]]++;
        assert_int_equal(FatFindEntry(&folder.Folder, wide, length, &entry), FatNotFound);
        assert_int_equal(FatIsEmpty(&folder.Folder), FatNotFound);
    }
    TestCloseFolder(&folder);
}

static void Full(void **State)
{
    char name[] = "FILE000";
    TEST_FOLDER folder;
    uint16_t wide[8];
    int i;

    (void)State;
    assert_int_equal(TestOpenFolder(&Test, 0, &folder), FatOk);
    for (i = 0; i < 225; i++) {
        FAT_STATUS status;
        name[4] = (char)('0' + i / 100);
        name[5] = (char)('0' + i / 10 % 10);
        name[6] = (char)('0' + i % 10);
        status = TestCreate(&folder, wide, TestWide(name, wide), (const uint8_t *)"", 0);
        assert_int_equal(status, i < 224 ? FatOk : FatDirectoryFull);
    }
    TestCloseFolder(&folder);
}

static void Marks(void **State)
{
    bool dirty = true;

    (void)State;
    assert_int_equal(FatIsDirty(&Test.Volume, &dirty), FatOk);
    assert_false(dirty);
    assert_int_equal(FatSetDirty(&Test.Volume, true), FatOk);
    assert_int_equal(FatIsDirty(&Test.Volume, &dirty), FatOk);
    assert_true(dirty && Image[37] == 1);
    assert_int_equal(FatSetDirty(&Test.Volume, false), FatOk);
    assert_int_equal(Image[37], 0);
}

/* Each allocation fails once: nothing is lost. */
static void Memory(void **State)
{
    FAT_STATUS status = FatNoMemory;
    FAT_RUNS runs = { 0 };
    uint32_t before = Test.Volume.Free;

    (void)State;
    for (uint32_t i = 2; i < 200; i += 2)
        assert_int_equal(FatSetEntry(&Test.Volume, i, FAT_LAST), FatOk);
    TestCloseVolume(&Test);
    assert_int_equal(TestOpenVolume(Image, sizeof(Image), &Test), FatOk);
    assert_int_equal(Test.Volume.Free, before - 99);
    for (long left = 0; status != FatOk; left++) {
        TestAllocationsLeft = left;
        status = FatExtendChain(&Test.Volume, &runs, 100);
        TestAllocationsLeft = -1;
        assert_true(status == FatOk || (status == FatNoMemory && runs.Clusters == 0 && Test.Volume.Free == before - 99));
    }
    assert_int_equal(Test.Volume.Free, before - 199);
    FatFreeRuns(&TestHost, &runs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(BootSector),
        cmocka_unit_test_setup_teardown(Entries, Setup, Teardown),
        cmocka_unit_test_setup_teardown(Chains, Setup, Teardown),
        cmocka_unit_test_setup_teardown(Held, Setup, Teardown),
        cmocka_unit_test_setup_teardown(Loops, Setup, Teardown),
        cmocka_unit_test_setup_teardown(TornChains, Setup, Teardown),
        cmocka_unit_test(Times),
        cmocka_unit_test_setup_teardown(ShortNames, Setup, Teardown),
        cmocka_unit_test_setup_teardown(Names, Setup, Teardown),
        cmocka_unit_test_setup_teardown(LongNames, Setup, Teardown),
        cmocka_unit_test_setup_teardown(Orphans, Setup, Teardown),
        cmocka_unit_test_setup_teardown(Full, Setup, Teardown),
        cmocka_unit_test_setup_teardown(Marks, Setup, Teardown),
        cmocka_unit_test_setup_teardown(Memory, Setup, Teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

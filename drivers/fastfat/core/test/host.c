/* SPDX-License-Identifier: MIT */
#include "host.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

long TestAllocationsLeft = -1, TestBlocks;

typedef struct TEST_PIN {
    TEST_STREAM *Stream;
    uint64_t Offset;
    uint32_t Length;
    bool Write;
    uint8_t Bytes[];
} TEST_PIN;

static void *Allocate(size_t Bytes)
{
    if (TestAllocationsLeft == 0)
        return NULL;
    if (TestAllocationsLeft > 0)
        TestAllocationsLeft--;
    TestBlocks++;
    return malloc(Bytes);
}

static void Release(void *Block)
{
    TestBlocks--;
    free(Block);
}

static bool Transfer(TEST_PIN *Pin, bool Write)
{
    FAT_VOLUME *volume = &Pin->Stream->Owner->Volume;

    for (uint32_t i = 0; i < Pin->Length; i++) {
        uint64_t offset = Pin->Offset + i, place = Pin->Stream->Fixed + offset;
        if (Pin->Stream->HasRuns) {
            uint32_t cluster = (uint32_t)(offset >> volume->ClusterShift);
            const FAT_RUN *run = FatFindRun(&Pin->Stream->Runs, cluster);
            if (run == NULL)
                return false;
            place = FatClusterOffset(volume, run->Cluster + (cluster - run->First)) + (offset & (volume->ClusterSize - 1));
        }
        if (place >= Pin->Stream->Owner->Size)
            return false;
        if (Write)
            Pin->Stream->Owner->Image[place] = Pin->Bytes[i];
        else
            Pin->Bytes[i] = Pin->Stream->Owner->Image[place];
    }
    return true;
}

static uint8_t *Map(void *Stream, uint64_t Offset, uint32_t Length, bool Write, void **Pin)
{
    TEST_PIN *pin = malloc(sizeof(*pin) + Length);

    *pin = (TEST_PIN){ Stream, Offset, Length, Write };
    if (Offset / FAT_PAGE != (Offset + Length - 1) / FAT_PAGE)
        abort();
    if (!Transfer(pin, false)) {
        free(pin);
        return NULL;
    }
    TestBlocks++;
    *Pin = pin;
    return pin->Bytes;
}

static void Unmap(void *Pin)
{
    TEST_PIN *pin = Pin;

    if (pin->Write && !Transfer(pin, true))
        abort();
    TestBlocks--;
    free(pin);
}

static uint16_t Upcase(uint16_t Character)
{
    return (Character >= 'a' && Character <= 'z') || (Character >= 0xE0 && Character <= 0xFE && Character != 0xF7)
               ? (uint16_t)(Character - 32)
               : Character;
}
static uint8_t ToOem(uint16_t Character)
{
    return Character < 0x80 ? (uint8_t)Character : Character == 0xC9 ? 0x90 : 0;
}
static uint16_t FromOem(uint8_t Character)
{
    return Character < 0x80 ? Character : Character == 0x90 ? 0xC9 : 0xFFFD;
}

const FAT_HOST TestHost = { Allocate, Release, Map, Unmap, Upcase, ToOem, FromOem };

uint8_t *TestReadFile(const char *Path, size_t *Size)
{
    FILE *file = fopen(Path, "rb");
    uint8_t *data;
    long size;

    if (file == NULL) {
        perror(Path);
        exit(2);
    }
    fseek(file, 0, SEEK_END);
    size = ftell(file);
    rewind(file);
    data = malloc((size_t)size + 1);
    if (fread(data, 1, (size_t)size, file) != (size_t)size)
        exit(2);
    fclose(file);
    *Size = (size_t)size;
    return data;
}

uint64_t TestRandom(uint64_t *State)
{
    uint64_t x = *State += 0x9E3779B97F4A7C15ull;
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9ull;
    x = (x ^ x >> 27) * 0x94D049BB133111EBull;
    return x ^ x >> 31;
}

FAT_STATUS TestOpenVolume(uint8_t *Image, size_t Size, TEST_VOLUME *Test)
{
    FAT_STATUS status = Size < 512 ? FatNotFat : FatParseBootSector(Image, Size, &Test->Volume);

    if (status != FatOk)
        return status;
    Test->Image = Image;
    Test->Size = Size;
    Test->Whole = calloc(1, sizeof(*Test->Whole));
    Test->Whole->Owner = Test;
    Test->Volume.Host = &TestHost;
    Test->Volume.Stream = Test->Whole;
    status = FatOpenVolume(&Test->Volume);
    if (status != FatOk)
        free(Test->Whole);
    return status;
}

void TestCloseVolume(TEST_VOLUME *Test)
{
    FatCloseVolume(&Test->Volume);
    free(Test->Whole);
}

FAT_STATUS TestOpenFolder(TEST_VOLUME *Test, uint32_t Cluster, TEST_FOLDER *Folder)
{
    FAT_VOLUME *volume = &Test->Volume;
    FAT_STATUS status = FatOk;
    uint64_t bytes = volume->RootBytes;

    *Folder = (TEST_FOLDER){ .Stream = { .Owner = Test, .Fixed = volume->RootOffset } };
    if (Cluster == 0 && volume->Bits == 32)
        Cluster = volume->RootCluster;
    if (Cluster != 0) {
        Folder->Stream.HasRuns = true;
        status = FatLoadChain(volume, Cluster, &Folder->Stream.Runs);
        bytes = (uint64_t)Folder->Stream.Runs.Clusters << volume->ClusterShift;
    }
    if (status == FatOk && bytes > FAT_MAXIMUM_DIRECTORY) {
        FatFreeRuns(&TestHost, &Folder->Stream.Runs);
        status = FatCorrupt;
    }
    Folder->Folder = (FAT_FOLDER){ volume, &Folder->Stream, (uint32_t)bytes };
    return status;
}

void TestCloseFolder(TEST_FOLDER *Folder)
{
    FatFreeRuns(&TestHost, &Folder->Stream.Runs);
}

static void Clear(TEST_VOLUME *Test, const FAT_RUNS *Runs, uint32_t From)
{
    for (; From < Runs->Clusters; From++) {
        const FAT_RUN *run = FatFindRun(Runs, From);
        memset(Test->Image + FatClusterOffset(&Test->Volume, run->Cluster + From - run->First), 0, Test->Volume.ClusterSize);
    }
}

FAT_STATUS TestFindRoom(TEST_FOLDER *Folder, uint32_t Entries, uint32_t *Offset)
{
    FAT_VOLUME *volume = Folder->Folder.Volume;
    FAT_STATUS status;

    while ((status = FatFindSlots(&Folder->Folder, Entries, Offset)) == FatDirectoryFull) {
        uint32_t before = Folder->Stream.Runs.Clusters;
        if (!Folder->Stream.HasRuns || Folder->Folder.Bytes + volume->ClusterSize > FAT_MAXIMUM_DIRECTORY)
            return FatDirectoryFull;
        status = FatExtendChain(volume, &Folder->Stream.Runs, before + 1);
        if (status != FatOk)
            return status;
        Clear(Folder->Stream.Owner, &Folder->Stream.Runs, before);
        Folder->Folder.Bytes += volume->ClusterSize;
    }
    return status;
}

static FAT_STATUS Fill(TEST_FOLDER *Folder, const FAT_RUNS *Runs, const FAT_RECORD *Record, const uint8_t *Data, uint32_t Size)
{
    TEST_VOLUME *test = Folder->Stream.Owner;
    FAT_VOLUME *volume = &test->Volume;
    TEST_FOLDER created;
    FAT_STATUS status;

    if (Data == NULL) {
        uint32_t own = FatFirstCluster(&Folder->Stream.Runs);
        Clear(test, Runs, 0);
        status = TestOpenFolder(test, Record->Cluster, &created);
        if (status == FatOk)
            status = FatWriteDots(&created.Folder, Record->Cluster, own == volume->RootCluster ? 0 : own, Record);
        TestCloseFolder(&created);
        return status;
    }
    for (uint32_t at = 0; at < Size; at += volume->ClusterSize) {
        uint32_t cluster = at >> volume->ClusterShift, count = Size - at < volume->ClusterSize ? Size - at : volume->ClusterSize;
        const FAT_RUN *run = FatFindRun(Runs, cluster);
        memcpy(test->Image + FatClusterOffset(volume, run->Cluster + cluster - run->First), Data + at, count);
    }
    return FatOk;
}

FAT_STATUS TestCreate(TEST_FOLDER *Folder, const uint16_t *Name, uint32_t Length, const uint8_t *Data, uint32_t Size)
{
    FAT_VOLUME *volume = Folder->Folder.Volume;
    FAT_TIME now = FatEncodeTime(133000000000000000ull);
    FAT_RECORD record = { .Created = now, .Written = now, .Accessed = { now.Date, 0, 0 } };
    uint32_t clusters = Data == NULL ? 1 : (uint32_t)(((uint64_t)Size + volume->ClusterSize - 1) >> volume->ClusterShift), offset;
    FAT_RUNS runs = { 0 };
    FAT_NEW_NAME name;
    FAT_STATUS status = FatMakeName(&Folder->Folder, Name, Length, ~0u, &name);

    if (status == FatOk)
        status = TestFindRoom(Folder, name.Entries, &offset);
    if (status == FatOk)
        status = FatExtendChain(volume, &runs, clusters);
    if (status == FatOk) {
        record.Attributes = Data == NULL ? FatDirectory : FatArchive;
        record.Cluster = FatFirstCluster(&runs);
        record.Size = Data == NULL ? 0 : Size;
        status = Fill(Folder, &runs, &record, Data, Size);
    }
    if (status == FatOk)
        status = FatWriteName(&Folder->Folder, offset, &name, &record);
    FatFreeRuns(&TestHost, &runs);
    return status;
}

FAT_STATUS TestRemove(TEST_FOLDER *Folder, const FAT_ENTRY *Entry)
{
    FAT_RUNS runs;
    FAT_STATUS status = FatLoadChain(Folder->Folder.Volume, Entry->Record.Cluster, &runs);

    if (status == FatOk)
        status = FatRemoveEntry(&Folder->Folder, Entry->First, Entry->Offset);
    if (status == FatOk)
        status = FatTruncateChain(Folder->Folder.Volume, &runs, 0);
    FatFreeRuns(&TestHost, &runs);
    return status;
}

FAT_STATUS TestReadData(TEST_VOLUME *Test, const FAT_ENTRY *Entry, uint8_t *Data)
{
    FAT_VOLUME *volume = &Test->Volume;
    FAT_RUNS runs;
    FAT_STATUS status = FatLoadChain(volume, Entry->Record.Cluster, &runs);

    for (uint64_t at = 0; at < Entry->Record.Size && status == FatOk; at += volume->ClusterSize) {
        uint32_t cluster = (uint32_t)(at >> volume->ClusterShift);
        uint64_t left = Entry->Record.Size - at;
        const FAT_RUN *run = FatFindRun(&runs, cluster);
        if (run == NULL)
            status = FatCorrupt;
        else
            memcpy(Data + at, Test->Image + FatClusterOffset(volume, run->Cluster + cluster - run->First),
                   left < volume->ClusterSize ? left : volume->ClusterSize);
    }
    FatFreeRuns(&TestHost, &runs);
    return status;
}

uint32_t TestWide(const char *Text, uint16_t *Wide)
{
    uint32_t length = 0;
    for (; Text[length] != 0; length++)
        Wide[length] = (uint8_t)Text[length];
    return length;
}

static void Visit(TEST_VOLUME *Test, uint32_t Cluster, unsigned Depth, unsigned *Budget)
{
    TEST_FOLDER folder;
    FAT_ENTRY entry;
    FAT_SCAN scan;

    if (TestOpenFolder(Test, Cluster, &folder) != FatOk)
        return;
    FatIsEmpty(&folder.Folder);
    FatFindLabel(&folder.Folder, &entry);
    FatOpenScan(&scan, &folder.Folder, 0);
    while (*Budget > 0 && FatNextEntry(&scan, &entry) == FatOk) {
        FAT_RUNS runs;
        (*Budget)--;
        if (FatLoadChain(&Test->Volume, entry.Record.Cluster, &runs) == FatOk && (entry.Record.Attributes & FatDirectory) &&
            Depth < 8)
            Visit(Test, entry.Record.Cluster, Depth + 1, Budget);
        FatFreeRuns(&TestHost, &runs);
        if (FatLoadTornChain(&Test->Volume, entry.Record.Cluster, 50, &runs) == FatOk && runs.Clusters > 50)
            abort();
        FatFreeRuns(&TestHost, &runs);
    }
    FatCloseScan(&scan);
    TestCloseFolder(&folder);
}

static void Change(TEST_VOLUME *Test, uint64_t *State)
{
    static const char *const names[] = { "a",     "B.TXT",    "a rather long name.text", "another long name of two parts.d",
                                         "x.y.z", "lower.txt" };
    static uint8_t data[3000];
    TEST_FOLDER folder;
    FAT_ENTRY entry;
    uint16_t name[64];

    if (TestOpenFolder(Test, 0, &folder) != FatOk)
        return;
    for (int i = 0; i < 20; i++) {
        uint32_t length = TestWide(names[TestRandom(State) % 6], name);
        FAT_STATUS status = FatFindEntry(&folder.Folder, name, length, &entry);
        if (status == FatOk)
            TestRemove(&folder, &entry);
        else if (status == FatNotFound)
            TestCreate(&folder, name, length, TestRandom(State) % 4 ? data : NULL, (uint32_t)(TestRandom(State) % sizeof(data)));
    }
    TestCloseFolder(&folder);
}

bool TestExercise(uint8_t *Image, size_t Size, uint64_t Seed)
{
    unsigned budget = 3000;
    TEST_VOLUME test;
    bool dirty;

    if (TestOpenVolume(Image, Size, &test) != FatOk)
        return false;
    FatIsDirty(&test.Volume, &dirty);
    FatSetDirty(&test.Volume, true);
    Visit(&test, 0, 0, &budget);
    Change(&test, &Seed);
    FatWriteInformation(&test.Volume);
    FatSetDirty(&test.Volume, false);
    TestCloseVolume(&test);
    return true;
}

/* SPDX-License-Identifier: MIT */
#include "host.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

long TestAllocationsLeft = -1;
long TestBlocks;

static void *Allocate(size_t Bytes)
{
    void *block;
    if (TestAllocationsLeft == 0)
        return NULL;
    if (TestAllocationsLeft > 0)
        TestAllocationsLeft--;
    block = malloc(Bytes);
    if (block != NULL) {
        memset(block, 0xA5, Bytes);
        TestBlocks++;
    }
    return block;
}

static void Free(void *Memory)
{
    TestBlocks--;
    free(Memory);
}

static uint16_t Upcase(uint16_t Unit)
{
    if (Unit >= 'a' && Unit <= 'z')
        return (uint16_t)(Unit - 32);
    return Unit >= 0xE0 && Unit <= 0xFE && Unit != 0xF7 ? (uint16_t)(Unit - 32) : Unit;
}

static uint64_t Now(void)
{
    static uint64_t now = 132223104000000000u;
    return ++now;
}

const REGF_HOST TestHost = { Allocate, Free, Upcase, Now };

TEST_FILE TestReadFile(const char *Path)
{
    TEST_FILE file = { NULL, 0 };
    FILE *stream = fopen(Path, "rb");

    if (stream == NULL) {
        perror(Path);
        exit(2);
    }
    fseek(stream, 0, SEEK_END);
    file.Size = (size_t)ftell(stream);
    rewind(stream);
    file.Data = malloc(file.Size + 1);
    if (fread(file.Data, 1, file.Size, stream) != file.Size)
        exit(2);
    fclose(stream);
    return file;
}

static bool WriteMemory(void *Context, uint64_t Offset, const void *Data, size_t Bytes)
{
    TEST_FILE *file = Context;
    if (Offset + Bytes > file->Size)
        return false;
    memcpy(file->Data + Offset, Data, Bytes);
    return true;
}

TEST_FILE TestSave(REGF_HIVE *Hive)
{
    TEST_FILE file = { malloc(RegfFileSize(Hive)), RegfFileSize(Hive) };
    if (!RegfSave(Hive, WriteMemory, &file))
        file.Size = 0;
    return file;
}

REGF_NAME TestName(const char *Text)
{
    static uint16_t texts[4][512];
    static unsigned next;
    uint16_t *text = texts[next++ % 4];
    uint32_t count = 0;

    for (; Text[count] != '\0' && count < 512; count++)
        text[count] = (uint8_t)Text[count];
    return (REGF_NAME){ text, count };
}

uint64_t TestRandom(uint64_t *State)
{
    uint64_t x = *State += 0x9E3779B97F4A7C15u;
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
    x = (x ^ x >> 27) * 0x94D049BB133111EBu;
    return x ^ x >> 31;
}

void TestFixHeader(uint8_t *Image, size_t Size)
{
    HBASE_BLOCK *header = (HBASE_BLOCK *)Image;
    if (Size < sizeof(*header))
        return;
    header->Sequence2 = header->Sequence1;
    header->CheckSum = RegfHeaderSum(header);
}

/* ---- Visiting ---- */
static uint64_t VisitValues(const REGF_HIVE *Hive, uint32_t Key)
{
    uint32_t count = RegfKey(Hive, Key)->ValueCount, i, j;
    uint64_t sum = 0;

    for (i = 0; i < count; i++) {
        const CM_KEY_VALUE *value = RegfValue(Hive, RegfValueAt(Hive, Key, i));
        bool compressed = (value->Flags & VALUE_COMP_NAME) != 0;
        uint32_t length = RegfDataLength(value);
        uint8_t *data = malloc(length + 1);
        for (j = 0; j < RegfNameCount(value->NameLength, compressed); j++)
            sum = sum * 31 + RegfNameUnit(value->Name, j, compressed);
        RegfReadData(Hive, value, data, length);
        for (j = 0; j < length; j++)
            sum = sum * 31 + data[j];
        sum += RegfDataEquals(Hive, value, data, length);
        free(data);
    }
    return sum;
}

static uint64_t VisitKey(const REGF_HIVE *Hive, uint32_t Key)
{
    const CM_KEY_NODE *key = RegfKey(Hive, Key);
    uint16_t text[REGF_MAXIMUM_KEY_NAME];
    REGF_NAME name = RegfExpandKeyName(Hive, Key, text);
    uint64_t sum = VisitValues(Hive, Key);
    uint32_t i;

    for (i = 0; i < name.Count; i++)
        sum = sum * 31 + name.Text[i];
    for (i = 0; i < RegfSubKeyCount(key); i++) {
        uint32_t cell = RegfSubKeyAt(Hive, Key, i);
        sum = sum * 31 + VisitKey(Hive, cell);
        if (RegfFindSubKey(Hive, Key, RegfExpandKeyName(Hive, cell, text)) != cell)
            abort();                             /* a key that is listed must be found */
    }
    return sum;
}

uint64_t TestVisit(const REGF_HIVE *Hive) { return VisitKey(Hive, Hive->RootCell); }

static uint32_t RandomKey(const REGF_HIVE *Hive, uint64_t *State)
{
    uint32_t cell = Hive->RootCell;
    while (RegfSubKeyCount(RegfKey(Hive, cell)) != 0 && TestRandom(State) % 4 != 0)
        cell = RegfSubKeyAt(Hive, cell, (uint32_t)(TestRandom(State) % RegfSubKeyCount(RegfKey(Hive, cell))));
    return cell;
}

void TestChange(REGF_HIVE *Hive, uint64_t *State)
{
    static const uint32_t sizes[] = { 0, 1, 4, 5, 100, 5000, 16344, 16345, 50000 };
    static uint8_t data[50000];
    uint32_t key = RandomKey(Hive, State), made;
    char name[16];

    snprintf(name, sizeof(name), "n%u", (unsigned)(TestRandom(State) % 20));
    switch (TestRandom(State) % 5) {
    case 0:
        RegfCreateKey(Hive, key, TestName(name), TestName(""), TestRandom(State) % 4 == 0 || RegfSpaceOf(key), &made);
        break;
    case 1:
        if (key != Hive->RootCell)
            RegfDeleteKey(Hive, key);
        break;
    case 2:
        RegfDeleteValue(Hive, key, TestName(name));
        break;
    default:
        RegfSetValue(Hive, key, TestName(name), 3, data, sizes[TestRandom(State) % 9]);
        break;
    }
}

bool TestExercise(const uint8_t *Image, size_t Size, uint64_t Seed)
{
    REGF_HIVE hive;
    unsigned i;

    if (RegfOpen(&hive, &TestHost, Image, Size) != RegfOk)
        return false;
    TestVisit(&hive);
    for (i = 0; i < 40; i++)
        TestChange(&hive, &Seed);
    TestVisit(&hive);
    RegfClose(&hive);
    return true;
}

uint64_t TestStableSum(REGF_HIVE *Hive)
{
    TEST_FILE file = TestSave(Hive);
    uint64_t sum = 0;
    REGF_HIVE copy;

    if (RegfOpen(&copy, &TestHost, file.Data, file.Size) != RegfOk)
        abort();
    sum = TestVisit(&copy);
    RegfClose(&copy);
    free(file.Data);
    return sum;
}

uint32_t TestCellsInUse(const REGF_HIVE *Hive)
{
    const REGF_SPACE *space = &Hive->Spaces[RegfStable];
    uint32_t bin, position, used = 0;

    for (bin = 0; bin < space->BinCount; bin++)
        for (position = REGF_BIN_HEADER; position < space->Bins[bin].Size;) {
            int32_t size;
            memcpy(&size, space->Bins[bin].Memory + position, 4);
            used += size < 0;
            position += (uint32_t)(size < 0 ? -size : size);
        }
    return used;
}

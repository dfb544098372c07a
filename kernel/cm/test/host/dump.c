/* SPDX-License-Identifier: MIT
 * Shows a hive as lines, or writes one of its own.
 *   regf-dump HIVE          PATH NAME TYPE HEX, names and path as hex of UTF-16
 *   regf-dump --write HIVE  a hive of 600 keys and values of all sizes made by the core
 */
#include "host.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char Path[70000];

static void DumpValue(const REGF_HIVE *Hive, const CM_KEY_VALUE *Value)
{
    uint32_t length = RegfDataLength(Value), i;
    bool compressed = (Value->Flags & VALUE_COMP_NAME) != 0;
    uint8_t *data = malloc(length + 1);

    RegfReadData(Hive, Value, data, length);
    printf("%s ", Path[0] != '\0' ? Path : "-");
    if (Value->NameLength == 0)
        printf("-");
    for (i = 0; i < RegfNameCount(Value->NameLength, compressed); i++)
        printf("%04x", RegfNameUnit(Value->Name, i, compressed));
    printf(" %u ", Value->Type);
    for (i = 0; i < length; i++)
        printf("%02x", data[i]);
    printf("\n");
    free(data);
}

static void DumpKey(const REGF_HIVE *Hive, uint32_t Key)
{
    size_t end = strlen(Path);
    uint16_t text[REGF_MAXIMUM_KEY_NAME];
    uint32_t i, j;

    printf("%s\n", Path[0] != '\0' ? Path : "-");
    for (i = 0; i < RegfKey(Hive, Key)->ValueCount; i++)
        DumpValue(Hive, RegfValue(Hive, RegfValueAt(Hive, Key, i)));
    for (i = 0; i < RegfSubKeyCount(RegfKey(Hive, Key)); i++) {
        uint32_t cell = RegfSubKeyAt(Hive, Key, i);
        REGF_NAME name = RegfExpandKeyName(Hive, cell, text);
        size_t at = end;
        Path[at++] = '/';
        for (j = 0; j < name.Count; j++)
            at += (size_t)sprintf(Path + at, "%04x", text[j]);
        DumpKey(Hive, cell);
        Path[end] = '\0';
    }
}

/* hivex takes the last segment of big data for 8 bytes shorter than its cell, so sizes are such that it is. */
static void Fill(REGF_HIVE *Hive)
{
    static const uint32_t sizes[] = { 0, 1, 4, 5, 300, 16344, 16352, 40000, 100000 };
    static uint8_t data[100000];
    uint16_t wide[] = { 0x416, 0x4E2D, '_', 'a' };
    REGF_NAME none = { wide, 0 };
    uint32_t key, i;
    char name[32];

    for (i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 13 + i / 4096);
    for (i = 0; i < 600; i++) {
        snprintf(name, sizeof(name), "Key %u_%s", i * 37 % 601, i & 1 ? "Odd" : "even");
        RegfCreateKey(Hive, Hive->RootCell, TestName(name), none, RegfStable, &key);
        RegfSetValue(Hive, key, TestName("v"), i % 12, data, sizes[i < 200 ? i % 9 : i % 5]);
        RegfSetValue(Hive, key, none, 4, data, 4);
    }
    RegfCreateKey(Hive, Hive->RootCell, (REGF_NAME){ wide, 4 }, none, RegfStable, &key);
    RegfSetValue(Hive, key, (REGF_NAME){ wide, 2 }, 3, data, 16352);
}

static bool WriteFile(void *Context, uint64_t Offset, const void *Data, size_t Bytes)
{
    return fseek(Context, (long)Offset, SEEK_SET) == 0 && fwrite(Data, 1, Bytes, Context) == Bytes;
}

int main(int argc, char **argv)
{
    REGF_HIVE hive;
    REGF_STATUS status;

    if (argc == 3 && strcmp(argv[1], "--write") == 0) {
        FILE *stream = fopen(argv[2], "wb");
        if (stream == NULL || RegfCreate(&hive, &TestHost, TestName("ROOT"), RegfStable) != RegfOk)
            return 2;
        Fill(&hive);
        if (!RegfSave(&hive, WriteFile, stream) || fclose(stream) != 0)
            return 2;
        RegfClose(&hive);
        return 0;
    }
    TEST_FILE file = TestReadFile(argv[argc - 1]);
    status = RegfOpen(&hive, &TestHost, file.Data, file.Size);
    free(file.Data);
    if (status != RegfOk) {
        fprintf(stderr, "refused: status %d, flaw %d at %x\n", status, hive.Flaw, hive.FlawCell);
        return 1;
    }
    DumpKey(&hive, hive.RootCell);
    RegfClose(&hive);
    return 0;
}

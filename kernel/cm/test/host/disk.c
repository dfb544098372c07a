/* SPDX-License-Identifier: MIT */
#include "disk.h"
#include <stdlib.h>
#include <string.h>

static bool Works(TEST_DISK *Disk)
{
    long number = Disk->Operations++;
    return Disk->FailAt < 0 || number < Disk->FailAt || (Disk->FailCount >= 0 && number >= Disk->FailAt + Disk->FailCount);
}

/* What a file grows by is whatever lay there before. */
static void WriteBytes(TEST_FILE *File, uint64_t Offset, const uint8_t *Data, size_t Bytes)
{
    if (Offset + Bytes > File->Size) {
        File->Data = realloc(File->Data, Offset + Bytes);
        memset(File->Data + File->Size, 0xCD, Offset + Bytes - File->Size);
        File->Size = Offset + Bytes;
    }
    memcpy(File->Data + Offset, Data, Bytes);
}

static bool Write(void *Context, unsigned File, uint64_t Offset, const void *Data, size_t Bytes)
{
    TEST_DISK *disk = Context;
    TEST_WRITE *made = malloc(sizeof(*made) + Bytes), **end = &disk->Cached[File];
    bool works = Works(disk);

    made->Next = NULL;                           /* a write that failed may be there, too */
    made->Offset = Offset;
    made->Bytes = Bytes;
    memcpy(made->Data, Data, Bytes);
    while (*end != NULL)
        end = &(*end)->Next;
    *end = made;
    return works;
}

static void EmptyCache(TEST_DISK *Disk, unsigned File)
{
    while (Disk->Cached[File] != NULL) {
        TEST_WRITE *write = Disk->Cached[File];
        Disk->Cached[File] = write->Next;
        WriteBytes(&Disk->Files[File], write->Offset, write->Data, write->Bytes);
        free(write);
    }
}

static bool Flush(void *Context, unsigned File)
{
    TEST_DISK *disk = Context;

    if (!Works(disk))
        return false;
    EmptyCache(disk, File);
    return true;
}

const REGF_STORE TestStore = { Write, Flush };

static void Tear(TEST_FILE *File, const TEST_WRITE *Written, uint64_t *State)
{
    unsigned chance = (unsigned)(TestRandom(State) % 3);     /* nothing, everything, some sectors */
    size_t at;

    for (at = 0; at < Written->Bytes; at += REGF_SECTOR)
        if (chance == 1 || (chance == 2 && TestRandom(State) % 2 != 0))
            WriteBytes(File, Written->Offset + at, Written->Data + at, REGF_SECTOR);
}

void TestPowerCut(TEST_DISK *Disk, uint64_t *State)
{
    unsigned file;

    for (file = 0; file < RegfFiles; file++)
        while (Disk->Cached[file] != NULL) {
            TEST_WRITE *write = Disk->Cached[file];
            Disk->Cached[file] = write->Next;
            Tear(&Disk->Files[file], write, State);
            free(write);
        }
    Disk->FailAt = -1;
}

void TestSettle(TEST_DISK *Disk)
{
    unsigned file;
    for (file = 0; file < RegfFiles; file++)
        EmptyCache(Disk, file);
}

void TestFreeDisk(TEST_DISK *Disk)
{
    unsigned file;
    TestSettle(Disk);
    for (file = 0; file < RegfFiles; file++)
        free(Disk->Files[file].Data);
}

REGF_STATUS TestOpenDisk(REGF_HIVE *Hive, const TEST_DISK *Disk)
{
    REGF_FILE files[RegfFiles];
    unsigned file;

    for (file = 0; file < RegfFiles; file++)
        files[file] = (REGF_FILE){ Disk->Files[file].Data, Disk->Files[file].Size };
    return RegfOpenLogged(Hive, &TestHost, files);
}

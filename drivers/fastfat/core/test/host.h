/* SPDX-License-Identifier: MIT
 * What the native tests of the FAT core share: a volume in memory, whose streams are copied page by page so that a byte too far is seen.
 */
#pragma once
#include "fat.h"

typedef struct TEST_VOLUME {
    FAT_VOLUME Volume;                           /* its Stream is this structure's Whole */
    struct TEST_STREAM *Whole;
    uint8_t *Image;
    size_t Size;
} TEST_VOLUME;

typedef struct TEST_STREAM {
    TEST_VOLUME *Owner;
    FAT_RUNS Runs;
    uint64_t Fixed;                              /* where it lies when it has no clusters */
    bool HasRuns;
} TEST_STREAM;

typedef struct TEST_FOLDER {
    FAT_FOLDER Folder;
    TEST_STREAM Stream;
} TEST_FOLDER;

extern const FAT_HOST TestHost;
extern long TestAllocationsLeft;                 /* until one fails; negative: none does */
extern long TestBlocks;                          /* allocated or mapped and not freed */

uint8_t *TestReadFile(const char *Path, size_t *Size);
uint64_t TestRandom(uint64_t *State);
FAT_STATUS TestOpenVolume(uint8_t *Image, size_t Size, TEST_VOLUME *Test);
void TestCloseVolume(TEST_VOLUME *Test);
/* Cluster 0: the root. */
FAT_STATUS TestOpenFolder(TEST_VOLUME *Test, uint32_t Cluster, TEST_FOLDER *Folder);
void TestCloseFolder(TEST_FOLDER *Folder);
/* Makes room for a new name, the folder growing when it must. */
FAT_STATUS TestFindRoom(TEST_FOLDER *Folder, uint32_t Entries, uint32_t *Offset);
/* A file or directory (Data NULL) of that name. */
FAT_STATUS TestCreate(TEST_FOLDER *Folder, const uint16_t *Name, uint32_t Length, const uint8_t *Data, uint32_t Size);
/* The entry, with its clusters. */
FAT_STATUS TestRemove(TEST_FOLDER *Folder, const FAT_ENTRY *Entry);
/* Copies a file's bytes; Data has room for the entry's size. */
FAT_STATUS TestReadData(TEST_VOLUME *Test, const FAT_ENTRY *Entry, uint8_t *Data);
/* ASCII to UTF-16; the length. */
uint32_t TestWide(const char *Text, uint16_t *Wide);
/* Opens the image, visits everything, changes it at random. True when it opened. */
bool TestExercise(uint8_t *Image, size_t Size, uint64_t Seed);

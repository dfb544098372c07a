/* SPDX-License-Identifier: MIT
 * What the native tests of the regf core share.
 */
#pragma once
#include "regf.h"

extern const REGF_HOST TestHost;
/* Allocations until one fails; negative: none does. */
extern long TestAllocationsLeft;
extern long TestBlocks;                          /* allocated and not freed */

typedef struct TEST_FILE {
    uint8_t *Data;
    size_t Size;
} TEST_FILE;
TEST_FILE TestReadFile(const char *Path);
/* The hive's file in memory. */
TEST_FILE TestSave(REGF_HIVE *Hive);
/* A name of the C string; four may be alive at a time. */
REGF_NAME TestName(const char *Text);
uint64_t TestRandom(uint64_t *State);
/* Makes the checksum of a base block right. */
void TestFixHeader(uint8_t *Image, size_t Size);
/* Visits every key, name and byte of data. Returns a sum so that nothing is optimized away. */
uint64_t TestVisit(const REGF_HIVE *Hive);
/* One random change of a hive. */
void TestChange(REGF_HIVE *Hive, uint64_t *State);
/* A sum of what a file of the hive would have. */
uint64_t TestStableSum(REGF_HIVE *Hive);
/* Opens an image, visits it, changes it at random, closes it. True when it opened. */
bool TestExercise(const uint8_t *Image, size_t Size, uint64_t Seed);
/* Cells in use, for leak checks. */
uint32_t TestCellsInUse(const REGF_HIVE *Hive);

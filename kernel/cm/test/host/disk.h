/* SPDX-License-Identifier: MIT
 * A disk with a hive's three files and a cache that loses and tears what was not flushed when the power goes.
 */
#pragma once
#include "host.h"
#include "regflog.h"

typedef struct TEST_WRITE {
    struct TEST_WRITE *Next;
    uint64_t Offset;
    size_t Bytes;
    uint8_t Data[];
} TEST_WRITE;

typedef struct TEST_DISK {
    TEST_FILE Files[RegfFiles];                  /* what is there for certain */
    TEST_WRITE *Cached[RegfFiles];               /* oldest first */
    long Operations;                             /* writes and flushes so far */
    long FailAt;                                 /* from this one on all fail ... */
    long FailCount;                              /* ... for so many; negative: for good, the power is gone */
} TEST_DISK;

extern const REGF_STORE TestStore;               /* its context is a TEST_DISK */
/* Everything cached is lost, written or torn at random, sector by sector; the disk works again. */
void TestPowerCut(TEST_DISK *Disk, uint64_t *State);
/* Everything cached is written. */
void TestSettle(TEST_DISK *Disk);
void TestFreeDisk(TEST_DISK *Disk);
REGF_STATUS TestOpenDisk(REGF_HIVE *Hive, const TEST_DISK *Disk);

/* SPDX-License-Identifier: MIT
 * A hive with two logs from anywhere: 4 bytes with the sizes of the logs in 512-byte sectors, the logs, the primary. Sums and hashes
 * are made right, so that what lies behind them is reached.
 */
#include "host.h"
#include "regflog.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *Data, size_t Size);

static void SealLog(uint8_t *Log, size_t Size)
{
    size_t at;

    if (Size < REGF_SECTOR)
        return;
    ((HBASE_BLOCK *)Log)->CheckSum = RegfHeaderSum((HBASE_BLOCK *)Log);
    for (at = REGF_SECTOR; at + sizeof(REGF_LOG_ENTRY) <= Size; at += REGF_SECTOR) {
        REGF_LOG_ENTRY *entry = (REGF_LOG_ENTRY *)(Log + at);
        if (entry->Signature != REGF_SIGN_HVLE || entry->Size < sizeof(*entry) || entry->Size > Size - at)
            continue;
        entry->BodyHash = RegfHash(REGF_LOG_SEED, entry->Pages, entry->Size - sizeof(*entry));
        entry->HeadHash = RegfHash(REGF_LOG_SEED, entry, offsetof(REGF_LOG_ENTRY, HeadHash));
    }
}

static size_t Take(REGF_FILE *File, const uint8_t *Data, size_t Size, size_t Wanted)
{
    size_t bytes = Wanted < Size ? Wanted : Size;
    uint8_t *copy = malloc(bytes + sizeof(HBASE_BLOCK));

    memcpy(copy, Data, bytes);
    *File = (REGF_FILE){ copy, bytes };
    return bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *Data, size_t Size)
{
    REGF_FILE files[RegfFiles];
    size_t at = 4;
    unsigned i;
    REGF_HIVE hive;

    if (Size < 4)
        return 0;
    for (i = RegfLog1; i < RegfFiles; i++) {
        at += Take(&files[i], Data + at, Size - at, (size_t)(Data[2 * i - 2] | Data[2 * i - 1] << 8) * REGF_SECTOR);
        SealLog((uint8_t *)files[i].Data, files[i].Size);
    }
    Take(&files[RegfPrimary], Data + at, Size - at, Size);
    if (files[RegfPrimary].Size >= sizeof(HBASE_BLOCK))
        ((HBASE_BLOCK *)files[RegfPrimary].Data)->CheckSum = RegfHeaderSum((const HBASE_BLOCK *)files[RegfPrimary].Data);
    if (RegfOpenLogged(&hive, &TestHost, files) == RegfOk) {
        TestVisit(&hive);
        RegfClose(&hive);
    }
    for (i = 0; i < RegfFiles; i++)
        free((uint8_t *)files[i].Data);
    return 0;
}

/* SPDX-License-Identifier: MIT
 * Free clusters: a bitmap of the whole volume, read once. A chain grows behind its last cluster where it can, else from the hint on.
 * What is freed is held back until the disk has what no longer leads there: else a crash could leave it in two chains.
 */
#include "fat.h"
#include "bytes.h"

static bool FatIsUsed(const FAT_VOLUME *Volume, uint32_t Cluster)
{
    return Volume->Used[Cluster / 64] >> Cluster % 64 & 1;
}

static uint64_t FatTaken(const FAT_VOLUME *Volume, uint32_t Word)
{
    return Volume->Used[Word] | Volume->Held[Word];
}

static bool FatIsTaken(const FAT_VOLUME *Volume, uint32_t Cluster)
{
    return FatTaken(Volume, Cluster / 64) >> Cluster % 64 & 1;
}

static void FatHold(FAT_VOLUME *Volume, uint32_t Cluster, uint32_t Count)
{
    uint32_t i;

    for (i = Cluster; i < Cluster + Count; i++) {
        if (FatIsTaken(Volume, i))
            continue;
        Volume->Held[i / 64] |= (uint64_t)1 << i % 64;
        Volume->HeldCount++;
    }
    Volume->Frees++;
}

static size_t FatBitmapWords(const FAT_VOLUME *Volume)
{
    return ((size_t)Volume->Clusters + 2 + 63) / 64;
}

void FatSettle(FAT_VOLUME *Volume, uint32_t Frees)
{
    if (Frees != Volume->Frees || Volume->HeldCount == 0)
        return;
    FatFill(Volume->Held, 0, FatBitmapWords(Volume) * sizeof(uint64_t));
    Volume->HeldCount = 0;
}

static void FatMark(FAT_VOLUME *Volume, uint32_t Cluster, uint32_t Count, bool Used)
{
    uint32_t i;

    for (i = Cluster; i < Cluster + Count; i++) {
        if (FatIsUsed(Volume, i) == Used)        /* two chains of a corrupt volume shared it */
            continue;
        Volume->Used[i / 64] ^= (uint64_t)1 << i % 64;
        Volume->Free += Used ? (uint32_t)-1 : 1;
    }
}

/* Marks in Held what entries lead to. */
static FAT_STATUS FatReadEntries(FAT_VOLUME *Volume)
{
    FAT_STATUS status = FatOk;
    uint32_t cluster, value;
    FAT_TABLE table;

    FatOpenTable(&table, Volume);
    for (cluster = 2; cluster < Volume->Clusters + 2 && status == FatOk; cluster++) {
        status = FatGetEntry(&table, cluster, &value);
        if (status != FatOk || value == FAT_FREE)
            continue;
        FatMark(Volume, cluster, 1, true);
        if (FatIsCluster(Volume, value))
            Volume->Held[value / 64] |= (uint64_t)1 << value % 64;
    }
    FatCloseTable(&table);
    return status;
}

static void FatKeepTornEnds(FAT_VOLUME *Volume)
{
    uint32_t cluster;

    for (cluster = 2; cluster < Volume->Clusters + 2; cluster++)
        if (Volume->Held[cluster / 64] >> cluster % 64 & 1)
            FatMark(Volume, cluster, 1, true);
    FatFill(Volume->Held, 0, FatBitmapWords(Volume) * sizeof(uint64_t));
}

FAT_STATUS FatOpenVolume(FAT_VOLUME *Volume)
{
    size_t words = FatBitmapWords(Volume);
    FAT_STATUS status;

    Volume->Used = Volume->Host->Allocate(2 * words * sizeof(uint64_t));
    if (Volume->Used == NULL)
        return FatNoMemory;
    FatFill(Volume->Used, 0, 2 * words * sizeof(uint64_t));
    Volume->Held = Volume->Used + words;
    Volume->HeldCount = Volume->Frees = 0;
    Volume->Used[0] = 3;
    Volume->Free = Volume->Clusters;
    Volume->Hint = 2;
    status = FatReadEntries(Volume);
    if (status == FatOk)
        FatKeepTornEnds(Volume);
    else
        FatCloseVolume(Volume);
    return status;
}

void FatCloseVolume(FAT_VOLUME *Volume)
{
    if (Volume->Used != NULL)
        Volume->Host->Free(Volume->Used);
    Volume->Used = NULL;
}

/* The first free cluster from From on, and how many of at most Wanted follow it. Something is free. */
static uint32_t FatFindFree(const FAT_VOLUME *Volume, uint32_t From, uint32_t Wanted, uint32_t *Count)
{
    uint32_t end = Volume->Clusters + 2, cluster = FatIsCluster(Volume, From) ? From : 2;

    while (FatIsTaken(Volume, cluster)) {
        cluster = cluster % 64 == 0 && FatTaken(Volume, cluster / 64) == ~(uint64_t)0 ? cluster + 64 : cluster + 1;
        if (cluster >= end)
            cluster = 2;
    }
    *Count = 1;
    while (*Count < Wanted && cluster + *Count < end && !FatIsTaken(Volume, cluster + *Count))
        (*Count)++;
    return cluster;
}

/* Takes clusters off what is free and appends them; nothing is written. */
static FAT_STATUS FatReserve(FAT_VOLUME *Volume, FAT_RUNS *Runs, uint32_t Wanted)
{
    const FAT_RUN *last = Runs->Count == 0 ? NULL : &Runs->Run[Runs->Count - 1];
    uint32_t from = last == NULL ? Volume->Hint : last->Cluster + last->Count;
    FAT_STATUS status = FatOk;

    if (Wanted > Volume->Free - Volume->HeldCount)
        FatSettle(Volume, Volume->Frees);        /* better than a disk that is full though it has room */
    while (Wanted != 0 && status == FatOk) {
        uint32_t count, cluster = FatFindFree(Volume, from, Wanted, &count);
        status = FatAppendRun(Volume->Host, Runs, cluster, count);
        if (status == FatOk) {
            FatMark(Volume, cluster, count, true);
            Volume->Hint = from = cluster + count;
            Wanted -= count;
        }
    }
    return status;
}

/* Cuts the runs to that many clusters, the rest being free from now on. Written: their entries are made so, too. */
static FAT_STATUS FatRelease(FAT_VOLUME *Volume, FAT_RUNS *Runs, uint32_t Clusters, bool Written)
{
    FAT_STATUS status = FatOk, one;

    while (Runs->Clusters > Clusters) {
        FAT_RUN *last = &Runs->Run[Runs->Count - 1];
        uint32_t keep = last->First >= Clusters ? 0 : Clusters - last->First;
        if (Written && (one = FatSetRun(Volume, last->Cluster + keep, last->Count - keep, FAT_FREE, true)) != FatOk)
            status = one;                        /* those stay in use */
        else
            FatMark(Volume, last->Cluster + keep, last->Count - keep, false);
        if (Written)
            FatHold(Volume, last->Cluster + keep, last->Count - keep);
        Runs->Clusters -= last->Count - keep;
        last->Count = keep;
        if (keep == 0)
            Runs->Count--;
    }
    return status;
}

/* The last cluster of the first Clusters of them. */
static uint32_t FatLastOf(const FAT_RUNS *Runs, uint32_t Clusters)
{
    const FAT_RUN *run = FatFindRun(Runs, Clusters - 1);
    return run->Cluster + (Clusters - 1 - run->First);
}

/* Entries of the clusters from From on, the chain's end first, so that what is linked is whole. */
static FAT_STATUS FatLink(FAT_VOLUME *Volume, const FAT_RUNS *Runs, uint32_t From)
{
    uint32_t next = FAT_LAST, i = Runs->Count;
    FAT_STATUS status = FatOk;

    while (i-- > 0 && status == FatOk && Runs->Run[i].First + Runs->Run[i].Count > From) {
        const FAT_RUN *run = &Runs->Run[i];
        uint32_t skip = run->First < From ? From - run->First : 0;
        status = FatSetRun(Volume, run->Cluster + skip, run->Count - skip, next, false);
        next = run->Cluster + skip;
    }
    if (status == FatOk && From != 0)
        status = FatSetEntry(Volume, FatLastOf(Runs, From), next);
    return status;
}

FAT_STATUS FatReserveChain(FAT_VOLUME *Volume, FAT_RUNS *Runs, uint32_t Clusters)
{
    uint32_t before = Runs->Clusters;
    FAT_STATUS status;

    if (Clusters <= before)
        return FatOk;
    if (Clusters - before > Volume->Free)
        return FatDiskFull;
    status = FatReserve(Volume, Runs, Clusters - before);
    if (status != FatOk)
        FatRelease(Volume, Runs, before, false);
    return status;
}

FAT_STATUS FatCommitChain(FAT_VOLUME *Volume, FAT_RUNS *Runs, uint32_t Before)
{
    FAT_STATUS status = FatLink(Volume, Runs, Before);

    if (status != FatOk) {
        if (Before != 0)
            FatSetEntry(Volume, FatLastOf(Runs, Before), FAT_LAST);
        FatRelease(Volume, Runs, Before, true);
    }
    return status;
}

void FatAbandonChain(FAT_VOLUME *Volume, FAT_RUNS *Runs, uint32_t Before)
{
    FatRelease(Volume, Runs, Before, false);
}

FAT_STATUS FatExtendChain(FAT_VOLUME *Volume, FAT_RUNS *Runs, uint32_t Clusters)
{
    uint32_t before = Runs->Clusters;
    FAT_STATUS status = FatReserveChain(Volume, Runs, Clusters);

    return status == FatOk && Clusters > before ? FatCommitChain(Volume, Runs, before) : status;
}

FAT_STATUS FatTruncateChain(FAT_VOLUME *Volume, FAT_RUNS *Runs, uint32_t Clusters)
{
    FAT_STATUS status = FatOk;

    if (Clusters >= Runs->Clusters)
        return FatOk;
    if (Clusters != 0)
        status = FatSetEntry(Volume, FatLastOf(Runs, Clusters), FAT_LAST);
    return status == FatOk ? FatRelease(Volume, Runs, Clusters, true) : status;
}

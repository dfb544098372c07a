/* SPDX-License-Identifier: MIT
 * Chains of clusters, kept as runs: a file that lies in one piece has one run whatever its size.
 */
#include "fat.h"
#include "bytes.h"

void FatFreeRuns(const FAT_HOST *Host, FAT_RUNS *Runs)
{
    if (Runs->Run != NULL)
        Host->Free(Runs->Run);
    *Runs = (FAT_RUNS){ 0 };
}

static FAT_STATUS FatGrowRuns(const FAT_HOST *Host, FAT_RUNS *Runs)
{
    uint32_t capacity = Runs->Capacity == 0 ? 4 : Runs->Capacity * 2;
    FAT_RUN *run = Host->Allocate(capacity * sizeof(*run));

    if (run == NULL)
        return FatNoMemory;
    if (Runs->Run != NULL) {
        FatCopy(run, Runs->Run, Runs->Count * sizeof(*run));
        Host->Free(Runs->Run);
    }
    Runs->Run = run;
    Runs->Capacity = capacity;
    return FatOk;
}

FAT_STATUS FatAppendRun(const FAT_HOST *Host, FAT_RUNS *Runs, uint32_t Cluster, uint32_t Count)
{
    FAT_RUN *last = Runs->Count == 0 ? NULL : &Runs->Run[Runs->Count - 1];
    FAT_STATUS status;

    if (last != NULL && last->Cluster + last->Count == Cluster) {
        last->Count += Count;
        Runs->Clusters += Count;
        return FatOk;
    }
    if (Runs->Count == Runs->Capacity && (status = FatGrowRuns(Host, Runs)) != FatOk)
        return status;
    Runs->Run[Runs->Count++] = (FAT_RUN){ Runs->Clusters, Cluster, Count };
    Runs->Clusters += Count;
    return FatOk;
}

const FAT_RUN *FatFindRun(const FAT_RUNS *Runs, uint32_t Cluster)
{
    uint32_t low = 0, high = Runs->Count;

    if (Cluster >= Runs->Clusters)
        return NULL;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (Runs->Run[middle].First <= Cluster)
            low = middle;
        else
            high = middle;
    }
    return &Runs->Run[low];
}

/* A chain that comes back meets the cluster that is remembered, which is another after each power of two of steps (Brent). What it leads
 * to must have an entry of its own: before that it is nobody's. */
static FAT_STATUS FatWalk(FAT_TABLE *Table, uint32_t First, uint32_t Most, FAT_RUNS *Runs)
{
    FAT_VOLUME *volume = Table->Volume;
    uint32_t cluster = First, next = FAT_LAST, remembered = 0, steps = 0, power = 1;
    FAT_STATUS status = FatOk;

    while (status == FatOk && cluster != FAT_LAST && Runs->Clusters < Most) {
        if (cluster == remembered)
            return FatCorrupt;
        if (++steps == power) {
            remembered = cluster;
            power *= 2;
        }
        if (!FatIsCluster(volume, cluster))
            return FatTorn;
        status = FatGetEntry(Table, cluster, &next);
        if (status == FatOk && (next == FAT_FREE || next == FAT_BAD))
            return FatTorn;
        if (status == FatOk)
            status = FatAppendRun(volume->Host, Runs, cluster, 1);
        cluster = next;
    }
    return status;
}

static FAT_STATUS FatLoad(FAT_VOLUME *Volume, uint32_t First, uint32_t Most, bool MayBeTorn, FAT_RUNS *Runs)
{
    FAT_STATUS status;
    FAT_TABLE table;

    *Runs = (FAT_RUNS){ 0 };
    if (First == 0)
        return FatOk;
    FatOpenTable(&table, Volume);
    status = FatWalk(&table, First, Most, Runs);
    FatCloseTable(&table);
    if (status == FatTorn)
        status = MayBeTorn && Runs->Clusters != 0 ? FatOk : FatCorrupt;
    if (status != FatOk)
        FatFreeRuns(Volume->Host, Runs);
    return status;
}

FAT_STATUS FatLoadChain(FAT_VOLUME *Volume, uint32_t First, FAT_RUNS *Runs)
{
    return FatLoad(Volume, First, ~0u, false, Runs);
}

FAT_STATUS FatLoadTornChain(FAT_VOLUME *Volume, uint32_t First, uint32_t Most, FAT_RUNS *Runs)
{
    return FatLoad(Volume, First, Most, true, Runs);
}

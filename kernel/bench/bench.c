/* SPDX-License-Identifier: MIT
 * Runs benchmarks: 21 repetitions of 1,000 operations, of which the quickest (no clock interrupt fell into it) and the median count.
 */
#include "bench.h"
#include "intrinsics.h"
#include "kd.h"

#define BENCH_REPETITIONS 21u
#define BENCH_OPERATIONS 1000u

static const struct BENCH_GROUP {
    const KE_BENCH *Benches;
    const ULONG *Count;
} BenchGroups[] = {
    { BenchDispatcher, &BenchDispatcherCount }, { BenchMemory, &BenchMemoryCount }, { BenchRequests, &BenchRequestsCount },
    { BenchFiles, &BenchFilesCount },
};

/* TRUE when Name is one of the comma-separated Names. */
static BOOLEAN BenchIsWanted(PCSTR Names, PCSTR Name)
{
    PCSTR wanted = Names, name;

    if (strcmp(Names, "all") == 0)
        return TRUE;
    while (*wanted != '\0') {
        for (name = Name; *name != '\0' && *name == *wanted; name++)
            wanted++;
        if (*name == '\0' && (*wanted == ',' || *wanted == '\0'))
            return TRUE;
        while (*wanted != '\0' && *wanted++ != ',')
            ;
    }
    return FALSE;
}

static int BenchCompare(const void *Left, const void *Right)
{
    ULONG64 left = *(const ULONG64 *)Left, right = *(const ULONG64 *)Right;
    return left < right ? -1 : left > right;
}

static VOID BenchReport(PCSTR Name, ULONG64 Minimum, ULONG64 Median)
{
    KdBeginEvent("bench");
    KdEventText("name", Name);
    KdEventNumber("minimum", (LONG64)((Minimum + BENCH_OPERATIONS / 2) / BENCH_OPERATIONS));
    KdEventNumber("median", (LONG64)((Median + BENCH_OPERATIONS / 2) / BENCH_OPERATIONS));
    KdEventText("unit", "tsc ticks");
    KdEndEvent();
}

static VOID BenchRunOne(const KE_BENCH *Bench)
{
    ULONG64 ticks[BENCH_REPETITIONS];
    ULONG i;

    if (Bench->Prepare != NULL && !Bench->Prepare()) {
        KdLogEvent("warning", "a benchmark could not be prepared");
        return;
    }
    KdBeginEvent("bench_begins");
    KdEventText("name", Bench->Name);
    KdEndEvent();
    Bench->Run(BENCH_OPERATIONS / 10);           /* caches, lists and tables get their size */
    for (i = 0; i < BENCH_REPETITIONS; i++)
        ticks[i] = Bench->Run(BENCH_OPERATIONS);
    if (Bench->Finish != NULL)
        Bench->Finish();
    qsort(ticks, BENCH_REPETITIONS, sizeof(ticks[0]), BenchCompare);
    BenchReport(Bench->Name, ticks[0], ticks[BENCH_REPETITIONS / 2]);
}

VOID BenchRun(PCSTR Names)
{
    ULONG group, i;
    for (group = 0; group < RTL_NUMBER_OF(BenchGroups); group++)
        for (i = 0; i < *BenchGroups[group].Count; i++)
            if (BenchIsWanted(Names, BenchGroups[group].Benches[i].Name))
                BenchRunOne(&BenchGroups[group].Benches[i]);
}

PCSTR BenchTry(ULONG Count)
{
    ULONG group, i;
    for (group = 0; group < RTL_NUMBER_OF(BenchGroups); group++)
        for (i = 0; i < *BenchGroups[group].Count; i++) {
            const KE_BENCH *bench = &BenchGroups[group].Benches[i];
            if ((bench->Prepare != NULL && !bench->Prepare()) || bench->Run(Count) == 0)
                return bench->Name;
            if (bench->Finish != NULL)
                bench->Finish();
        }
    return NULL;
}

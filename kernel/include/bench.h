/* SPDX-License-Identifier: MIT
 * Benchmarks in the kernel: operations that are timed with the TSC, which under the tool's `bench` counts guest instructions. They
 * stand in kernel/bench and are listed in kernel/bench/bench.c. The same tables run as self-tests, a few operations each, so that a
 * benchmark that does not do its work is found.
 */
#pragma once
#include "nt.h"

typedef struct KE_BENCH {
    PCSTR Name;
    BOOLEAN (*Prepare)(VOID);            /* FALSE: it cannot run here; NULL: nothing to prepare */
    /* Does Count operations and returns the ticks they took, without what the loop itself costs. */
    ULONG64 (*Run)(ULONG Count);
    VOID (*Finish)(VOID);                /* NULL: nothing to clean up */
} KE_BENCH;

extern const KE_BENCH BenchDispatcher[], BenchMemory[], BenchRequests[], BenchFiles[];
extern const ULONG BenchDispatcherCount, BenchMemoryCount, BenchRequestsCount, BenchFilesCount;

/* Runs the benchmarks whose names are in Names (comma separated, or "all") and reports each as an event. */
VOID BenchRun(PCSTR Names);
/* Runs every benchmark for Count operations; the name of the first that could not be prepared or took no time, or NULL. */
PCSTR BenchTry(ULONG Count);

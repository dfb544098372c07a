/* SPDX-License-Identifier: MIT
 * Private to bench/.
 */
#pragma once
#include "bench.h"
#include "ke.h"

/* What Count turns of an empty loop cost. */
static inline ULONG64 BenchEmptyLoop(ULONG Count)
{
    ULONG64 begin = KiReadTsc();
    ULONG i;
    for (i = 0; i < Count; i++)
        KiCompilerBarrier();
    return KiReadTsc() - begin;
}

/* Times Count times Statement. */
#define BENCH_LOOP(count, statement)                                   \
    ULONG64 empty_ = BenchEmptyLoop(count), begin_ = KiReadTsc();      \
    ULONG turn_;                                                       \
    for (turn_ = 0; turn_ < (count); turn_++) {                        \
        statement;                                                     \
        KiCompilerBarrier();                                           \
    }                                                                  \
    return KiReadTsc() - begin_ - empty_

/* A second thread, on processor 0 like the first; BenchAwaitPartner waits for its end. NULL: none could be made. */
PETHREAD BenchStartPartner(PKSTART_ROUTINE Routine, PVOID Context);
VOID BenchAwaitPartner(PETHREAD Partner);

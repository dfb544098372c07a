/* SPDX-License-Identifier: MIT
 * Pool.
 */
#include "benchp.h"

static ULONG64 RunPool(ULONG Count)
{
    BENCH_LOOP(Count, ExFreePoolWithTag(ExAllocatePoolWithTag(NonPagedPoolNx, 64, 'hcnB'), 'hcnB'));
}

const KE_BENCH BenchMemory[] = {
    { "pool_alloc_free_64", NULL, RunPool, NULL },
};
const ULONG BenchMemoryCount = RTL_NUMBER_OF(BenchMemory);

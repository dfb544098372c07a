/* SPDX-License-Identifier: MIT
 * Runs every call of pe/ over arbitrary bytes; the sanitizers judge. Shared by pe-mutate and the fuzz target.
 */
#pragma once
#include "../pe.h"

typedef struct RANDOM {
    uint64_t State;
} RANDOM;

/* splitmix64: any state is a good one. */
static inline uint64_t NextRandom(RANDOM *Random)
{
    uint64_t value = Random->State += 0x9E3779B97F4A7C15ull;
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9ull;
    value = (value ^ (value >> 27)) * 0x94D049BB133111EBull;
    return value ^ (value >> 31);
}

static inline uint32_t Below(RANDOM *Random, uint32_t Limit)
{
    return (uint32_t)((NextRandom(Random) >> 32) * Limit >> 32);
}

/* Returns what PeParse says of the bytes as a file. Parses them as a mapped image as well; an accepted file is also mapped,
 * relocated, bound, searched, overwritten at random and searched again. *Rule is the first broken rule, of the headers or of a
 * directory. */
PE_STATUS Exercise(const uint8_t *Bytes, size_t Size, RANDOM *Random, PE_RULE *Rule);

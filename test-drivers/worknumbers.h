/* SPDX-License-Identifier: MIT
 * Random numbers from a seed, the same in every machine; scripts/petreltool/worktree.py has them, too.
 */
#pragma once

/* xorshift64*, one row of numbers for each seed and index. */
static inline ULONG64 WorkSeed(ULONG Seed, ULONG Index)
{
    return (((ULONG64)Seed + 1) * 0x9E3779B97F4A7C15ull ^ ((ULONG64)Index + 1) * 0xBF58476D1CE4E5B9ull) | 1;
}

static inline ULONG64 WorkNext(PULONG64 State)
{
    ULONG64 x = *State;

    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *State = x;
    return x * 0x2545F4914F6CDD1Dull;
}

/* From 0 to Limit - 1. */
static inline ULONG WorkBelow(PULONG64 State, ULONG Limit)
{
    return (ULONG)((WorkNext(State) >> 33) % Limit);
}

/* SPDX-License-Identifier: MIT
 * RtlRandom and RtlRandomEx: numbers in [0, MAXLONG - 1] that follow from the seed alone, so that a run repeats itself. (How NT
 * makes them is not documented, only their range and that the seed is replaced.)
 */
#include "rtlp.h"

#define MODULUS 0x7FFFFFFFull             /* 2^31 - 1, a prime */

/* One step of a linear congruential generator; the addend moves it off 0. */
static ULONG RtlpStep(ULONG seed)
{
    return (ULONG)((seed % MODULUS * 48271u + 1013904223u) % MODULUS);
}

ULONG NTAPI RtlRandom(PULONG Seed)
{
    *Seed = RtlpStep(*Seed);
    return *Seed;
}

/* The result is mixed from two steps, so that it does not tell the seed. */
ULONG NTAPI RtlRandomEx(PULONG Seed)
{
    ULONG first = RtlpStep(*Seed);

    *Seed = RtlpStep(first);
    return (ULONG)(((ULONG64)first << 16 ^ *Seed) % MODULUS);
}

/* SPDX-License-Identifier: MIT
 * Deterministic mutants of PE files.
 */
#pragma once
#include "exercise.h"

typedef struct SEED {
    const char *Name;
    uint8_t *Bytes;
    size_t Size;
} SEED;

/* Writes a mutant of Seed to To, which holds the largest seed, and returns its size. Depends on its
 * arguments alone. Other is a second seed to splice from. */
size_t Mutate(const SEED *Seed, const SEED *Other, RANDOM *Random, uint8_t *To);

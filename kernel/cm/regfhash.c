/* SPDX-License-Identifier: MIT
 * Marvin32: a keyed checksum of 64 bits.
 */
#include "regflog.h"
#include <string.h>

typedef struct MARVIN {
    uint32_t Low, High;
} MARVIN;

static uint32_t Rotate(uint32_t Word, unsigned Bits) { return Word << Bits | Word >> (32 - Bits); }

static void Mix(MARVIN *State, uint32_t Word)
{
    State->Low += Word;
    State->High ^= State->Low;
    State->Low = Rotate(State->Low, 20) + State->High;
    State->High = Rotate(State->High, 9) ^ State->Low;
    State->Low = Rotate(State->Low, 27) + State->High;
    State->High = Rotate(State->High, 19);
}

uint64_t RegfHash(uint64_t Seed, const void *Data, size_t Bytes)
{
    MARVIN state = { (uint32_t)Seed, (uint32_t)(Seed >> 32) };
    const uint8_t *at = Data;
    uint32_t word, last = 0x80;

    for (; Bytes >= 4; Bytes -= 4, at += 4) {
        memcpy(&word, at, 4);
        Mix(&state, word);
    }
    while (Bytes-- > 0)
        last = last << 8 | at[Bytes];
    Mix(&state, last);
    Mix(&state, 0);
    return (uint64_t)state.High << 32 | state.Low;
}

/* SPDX-License-Identifier: MIT
 * Random bytes for the kernel's first generator and for security cookies.
 */
#pragma once
#include <stdint.h>

typedef struct ENTROPY {
    uint8_t ForKernel[64];       /* LOADER_BLOCK.Entropy */
    uint64_t CookieSeed;         /* never handed over */
    uint32_t Source;             /* 1 = EFI_RNG_PROTOCOL, 2 = RDRAND, 3 = TSC jitter */
} ENTROPY;

void GatherEntropy(ENTROPY *Entropy);

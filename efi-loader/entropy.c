/* SPDX-License-Identifier: MIT
 * The best source the machine has: the firmware's generator, the processor's, or the jitter of its counter.
 */
#include "entropy.h"
#include "firmware.h"
#include "memory.h"
#include "processor.h"

#define WORDS 9                  /* 64 bytes for the kernel, 8 for cookies */
#define JITTER_ROUNDS 64
enum {
    SOURCE_FIRMWARE = 1,
    SOURCE_RDRAND = 2,
    SOURCE_JITTER = 3
};

static bool FillFromFirmware(uint64_t *Words)
{
    EFI_GUID rngGuid = EFI_RNG_PROTOCOL_GUID;
    EFI_RNG_PROTOCOL *rng;

    if (Firmware.Boot->LocateProtocol(&rngGuid, NULL, (void **)&rng) != EFI_SUCCESS) {
        return false;
    }
    return rng->GetRNG(rng, NULL, WORDS * sizeof(uint64_t), (UINT8 *)Words) == EFI_SUCCESS;
}

static bool FillFromProcessor(uint64_t *Words)
{
    for (int i = 0; i < WORDS; i++) {
        if (!ReadHardwareRandom(&Words[i])) {
            return false;
        }
    }
    return true;
}

/* Port 0x80 goes out to the chipset, so how long it takes depends on things outside the processor. Weak: the source is handed
 * over so that the kernel knows. */
static void FillFromJitter(uint64_t *Words)
{
    uint64_t state = ReadTsc();

    for (int i = 0; i < WORDS; i++) {
        for (int round = 0; round < JITTER_ROUNDS; round++) {
            WritePort8(0x80, 0);
            state = (state << 7 | state >> 57) ^ ReadTsc();
            state *= 0x9E3779B97F4A7C15ull;
        }
        Words[i] = state ^ state >> 32;
    }
}

void GatherEntropy(ENTROPY *Entropy)
{
    uint64_t words[WORDS] = { 0 };

    if (FillFromFirmware(words)) {
        Entropy->Source = SOURCE_FIRMWARE;
    } else if (FillFromProcessor(words)) {
        Entropy->Source = SOURCE_RDRAND;
    } else {
        FillFromJitter(words);
        Entropy->Source = SOURCE_JITTER;
    }
    memcpy(Entropy->ForKernel, words, sizeof(Entropy->ForKernel));
    Entropy->CookieSeed = words[WORDS - 1];
}

/* SPDX-License-Identifier: MIT
 * Mutants of volumes: a few bytes or words changed, mostly before the data, opened and used. Says how many opened.
 *   fat-mutate SEED COUNT IMAGE...
 */
#include "host.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint32_t Words[] = { 0,          1,          2,          3,          0x0FFFFFF7, 0x0FFFFFFF,
                                  0xFFFFFFFF, 0x7FFFFFFF, 0x80000000, 0xE5E5E5E5, 0x20202020, 0xFFF8 };

/* The boot sector, the FATs and root, or anywhere. */
static size_t Place(size_t Size, uint64_t *State)
{
    switch (TestRandom(State) % 8) {
    case 0:
        return TestRandom(State) % 90;
    case 1:
        return TestRandom(State) % Size;
    default:
        return TestRandom(State) % (Size < 0x10000 ? Size : 0x10000);
    }
}

static void Mutate(uint8_t *Image, size_t Size, uint64_t *State)
{
    unsigned changes = 1 + TestRandom(State) % 6;

    while (changes-- > 0) {
        size_t place = Place(Size, State);
        uint32_t word = TestRandom(State) % 2 ? Words[TestRandom(State) % 12] : (uint32_t)(TestRandom(State) % 64);
        switch (TestRandom(State) % 4) {
        case 0:
            Image[place] ^= (uint8_t)(1 << TestRandom(State) % 8);
            break;
        case 1:
            Image[place] = (uint8_t)TestRandom(State);
            break;
        default:
            if (place + 4 <= Size)
                memcpy(Image + place, &word, TestRandom(State) % 2 ? 4 : 2);
            break;
        }
    }
}

int main(int argc, char **argv)
{
    uint64_t state, opened = 0;
    unsigned long count, i;
    int files = argc - 3;

    if (files < 1)
        return 2;
    state = strtoull(argv[1], NULL, 0);
    count = strtoul(argv[2], NULL, 0);
    for (i = 0; i < count; i++) {
        size_t size;
        uint8_t *image = TestReadFile(argv[3 + i % (unsigned)files], &size);
        Mutate(image, size, &state);
        if (TestRandom(&state) % 16 == 0)
            TestAllocationsLeft = (long)(TestRandom(&state) % 20);
        opened += TestExercise(image, size, state);
        TestAllocationsLeft = -1;
        free(image);
    }
    printf("%lu mutants, %llu opened\n", count, (unsigned long long)opened);
    return TestBlocks == 0 && opened * 2 > count ? 0 : 1;
}

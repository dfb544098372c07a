/* SPDX-License-Identifier: MIT
 * Mutants of hives: a few bytes or words changed, mostly with the checksum made right again, opened and used. Says how many opened.
 *   regf-mutate SEED COUNT HIVE...
 */
#include "host.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint32_t Words[] = { 0, 1, 4, 0x20, 0x7FFFFFFF, 0x80000000, 0x80000020, 0xFFFFFFFF, 0xFFFFFFF8, 0x1000, 0x3FD8 };

static void Mutate(uint8_t *Image, size_t Size, uint64_t *State)
{
    unsigned changes = 1 + TestRandom(State) % 4;

    while (changes-- > 0) {
        size_t place = TestRandom(State) % 8 == 0 ? TestRandom(State) % 0x200 : TestRandom(State) % Size;
        uint32_t word = TestRandom(State) % 2 ? Words[TestRandom(State) % 11] : (uint32_t)(TestRandom(State) % Size) & ~7u;
        switch (TestRandom(State) % 4) {
        case 0:
            Image[place] ^= (uint8_t)(1 << TestRandom(State) % 8);
            break;
        case 1:
            Image[place] = (uint8_t)TestRandom(State);
            break;
        default:
            place &= ~(size_t)3;
            if (place + 4 <= Size)
                memcpy(Image + place, &word, 4);
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
        TEST_FILE file = TestReadFile(argv[3 + i % (unsigned)files]);
        Mutate(file.Data, file.Size, &state);
        if (TestRandom(&state) % 8 != 0)
            TestFixHeader(file.Data, file.Size);
        if (TestRandom(&state) % 16 == 0)
            file.Size = TestRandom(&state) % (file.Size + 1);
        opened += TestExercise(file.Data, file.Size, state);
        free(file.Data);
    }
    printf("%lu mutants, %llu opened\n", count, (unsigned long long)opened);
    return TestBlocks == 0 ? 0 : 1;
}

/* SPDX-License-Identifier: MIT
 * libFuzzer: what comes is the beginning of a volume of 256 KiB.
 */
#include "host.h"
#include <stdlib.h>
#include <string.h>

#define SIZE 0x40000

int LLVMFuzzerTestOneInput(const uint8_t *Data, size_t Size);

int LLVMFuzzerTestOneInput(const uint8_t *Data, size_t Size)
{
    uint8_t *image = calloc(1, SIZE);

    memcpy(image, Data, Size < SIZE ? Size : SIZE);
    TestExercise(image, SIZE, Size);
    free(image);
    if (TestBlocks != 0)
        abort();
    return 0;
}

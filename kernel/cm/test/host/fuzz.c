/* SPDX-License-Identifier: MIT */
#include "host.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *Data, size_t Size);

int LLVMFuzzerTestOneInput(const uint8_t *Data, size_t Size)
{
    uint8_t *image = malloc(Size + 1);
    memcpy(image, Data, Size);
    TestFixHeader(image, Size);
    TestExercise(image, Size, Size);
    free(image);
    return 0;
}

/* SPDX-License-Identifier: MIT
 * libFuzzer target: every call of pe/ over arbitrary bytes.
 */
#include "exercise.h"

int LLVMFuzzerTestOneInput(const uint8_t *Data, size_t Size);

int LLVMFuzzerTestOneInput(const uint8_t *Data, size_t Size)
{
    PE_RULE rule;
    RANDOM random = { Size };
    (void)Exercise(Data, Size, &random, &rule);
    return 0;
}

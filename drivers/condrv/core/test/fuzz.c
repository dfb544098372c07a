/* SPDX-License-Identifier: MIT
 * libFuzzer: what comes are operations on a console.
 */
#include "emulator.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *Data, size_t Size);

int LLVMFuzzerTestOneInput(const uint8_t *Data, size_t Size)
{
    if (!TestExercise(Data, Size))
        abort();
    return 0;
}

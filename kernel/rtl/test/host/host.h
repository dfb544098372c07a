/* SPDX-License-Identifier: MIT
 * What every native test of rtl needs: cmocka, then rtl's own names.
 */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "names.h"                        /* from here on the C runtime names are ours */

/* The same numbers in every run. */
static inline uint32_t HostRandom(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

/* SPDX-License-Identifier: MIT
 * Private to the two bitmap files.
 */
#pragma once
#include "rtlp.h"

#define RTLP_WORD_BITS 32u

/* The first bit of the wanted value at or after From; the map's size when there is none. */
ULONG RtlpNextBit(const RTL_BITMAP *Map, ULONG From, BOOLEAN IsSet);

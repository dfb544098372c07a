/* SPDX-License-Identifier: MIT
 * The standard memory functions: ours in the loader, the C library's in the host tests.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *restrict Target, const void *restrict Source, size_t Size);
void *memset(void *Target, int Value, size_t Size);
void *memmove(void *Target, const void *Source, size_t Size);
int memcmp(const void *Left, const void *Right, size_t Size);

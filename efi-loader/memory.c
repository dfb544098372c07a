/* SPDX-License-Identifier: MIT
 * The four memory functions that a freestanding compiler may call.
 */
#include "memory.h"

/* Eight bytes at a time: under emulation each step of a string instruction costs the same, whatever its width. */
void *memcpy(void *restrict Target, const void *restrict Source, size_t Size)
{
    void *target = Target;
    const void *source = Source;
    size_t words = Size / 8;
    size_t bytes = Size % 8;

    __asm__ volatile("rep movsq" : "+D"(target), "+S"(source), "+c"(words) : : "memory");
    __asm__ volatile("rep movsb" : "+D"(target), "+S"(source), "+c"(bytes) : : "memory");
    return Target;
}

void *memset(void *Target, int Value, size_t Size)
{
    void *target = Target;
    uint64_t pattern = 0x0101010101010101ull * (uint8_t)Value;
    size_t words = Size / 8;
    size_t bytes = Size % 8;

    __asm__ volatile("rep stosq" : "+D"(target), "+c"(words) : "a"(pattern) : "memory");
    __asm__ volatile("rep stosb" : "+D"(target), "+c"(bytes) : "a"(pattern) : "memory");
    return Target;
}

void *memmove(void *Target, const void *Source, size_t Size)
{
    if ((uintptr_t)Target - (uintptr_t)Source >= Size) {
        return memcpy(Target, Source, Size);
    }
    volatile uint8_t *target = Target;
    const uint8_t *source = Source;

    while (Size-- != 0) {
        target[Size] = source[Size];
    }
    return Target;
}

int memcmp(const void *Left, const void *Right, size_t Size)
{
    const volatile uint8_t *left = Left;
    const volatile uint8_t *right = Right;

    for (size_t i = 0; i < Size; i++) {
        if (left[i] != right[i]) {
            return left[i] - right[i];
        }
    }
    return 0;
}

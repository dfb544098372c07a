/* SPDX-License-Identifier: MIT
 * Little-endian numbers at any address, and bytes without a C library.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

static inline uint16_t FatGet16(const uint8_t *At)
{
    return (uint16_t)(At[0] | At[1] << 8);
}
static inline uint32_t FatGet32(const uint8_t *At)
{
    return (uint32_t)FatGet16(At) | (uint32_t)FatGet16(At + 2) << 16;
}

/* In the host's own order, to compare. */
static inline uint64_t FatGet64(const void *At)
{
    uint64_t value;

    __builtin_memcpy(&value, At, sizeof(value));
    return value;
}

static inline void FatPut16(uint8_t *At, uint32_t Value)
{
    At[0] = (uint8_t)Value;
    At[1] = (uint8_t)(Value >> 8);
}

static inline void FatPut32(uint8_t *At, uint32_t Value)
{
    FatPut16(At, Value);
    FatPut16(At + 2, Value >> 16);
}

static inline void FatCopy(void *To, const void *From, size_t Bytes)
{
    for (size_t i = 0; i < Bytes; i++)
        ((uint8_t *)To)[i] = ((const uint8_t *)From)[i];
}

static inline void FatFill(void *To, uint8_t Value, size_t Bytes)
{
    for (size_t i = 0; i < Bytes; i++)
        ((uint8_t *)To)[i] = Value;
}

static inline int FatSame(const void *First, const void *Second, size_t Bytes)
{
    for (size_t i = 0; i < Bytes; i++)
        if (((const uint8_t *)First)[i] != ((const uint8_t *)Second)[i])
            return 0;
    return 1;
}

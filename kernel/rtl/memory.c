/* SPDX-License-Identifier: MIT
 * memcpy and relatives in 16-byte SSE moves, which cost the least both on processors and under emulation, where a rep-string
 * instruction counts once an iteration. At most four vectors live at once: only volatile registers are used.
 */
#include "crt.h"

typedef float RTLP_VECTOR __attribute__((vector_size(16), aligned(1), may_alias));
typedef uint64_t RTLP_WORD8 __attribute__((aligned(1), may_alias));
typedef uint32_t RTLP_WORD4 __attribute__((aligned(1), may_alias));
typedef uint16_t RTLP_WORD2 __attribute__((aligned(1), may_alias));

#define CHUNK 64u

static inline RTLP_VECTOR RtlpLoad(const uint8_t *p) { return *(const RTLP_VECTOR *)p; }
static inline void RtlpStore(uint8_t *p, RTLP_VECTOR v) { *(RTLP_VECTOR *)p = v; }

static inline void RtlpMoveChunk(uint8_t *to, const uint8_t *from)
{
    RTLP_VECTOR a = RtlpLoad(from), b = RtlpLoad(from + 16), c = RtlpLoad(from + 32), d = RtlpLoad(from + 48);
    RtlpStore(to, a);
    RtlpStore(to + 16, b);
    RtlpStore(to + 32, c);
    RtlpStore(to + 48, d);
}

/* Up to 15 bytes. Like the next, it loads everything before it stores anything: overlap does not matter. */
static void RtlpMoveTiny(uint8_t *to, const uint8_t *from, size_t count)
{
    if (count >= 8) {
        uint64_t first = *(const RTLP_WORD8 *)from, last = *(const RTLP_WORD8 *)(from + count - 8);
        *(RTLP_WORD8 *)to = first;
        *(RTLP_WORD8 *)(to + count - 8) = last;
    } else if (count >= 4) {
        uint32_t first = *(const RTLP_WORD4 *)from, last = *(const RTLP_WORD4 *)(from + count - 4);
        *(RTLP_WORD4 *)to = first;
        *(RTLP_WORD4 *)(to + count - 4) = last;
    } else if (count >= 2) {
        uint16_t first = *(const RTLP_WORD2 *)from, last = *(const RTLP_WORD2 *)(from + count - 2);
        *(RTLP_WORD2 *)to = first;
        *(RTLP_WORD2 *)(to + count - 2) = last;
    } else if (count != 0) {
        *to = *from;
    }
}

/* Up to 64 bytes: two or four vectors that may overlap each other. */
static void RtlpMoveSmall(uint8_t *to, const uint8_t *from, size_t count)
{
    if (count < 16) {
        RtlpMoveTiny(to, from, count);
    } else if (count <= 32) {
        RTLP_VECTOR first = RtlpLoad(from), last = RtlpLoad(from + count - 16);
        RtlpStore(to, first);
        RtlpStore(to + count - 16, last);
    } else {
        RTLP_VECTOR a = RtlpLoad(from), b = RtlpLoad(from + 16);
        RTLP_VECTOR c = RtlpLoad(from + count - 32), d = RtlpLoad(from + count - 16);
        RtlpStore(to, a);
        RtlpStore(to + 16, b);
        RtlpStore(to + count - 32, c);
        RtlpStore(to + count - 16, d);
    }
}

void *memmove(void *Destination, const void *Source, size_t Count)
{
    uint8_t *to = Destination;
    const uint8_t *from = Source;

    if ((uintptr_t)to - (uintptr_t)from >= Count) {           /* forward never overwrites what is still to be read */
        for (; Count > CHUNK; Count -= CHUNK, to += CHUNK, from += CHUNK)
            RtlpMoveChunk(to, from);
    } else {
        for (; Count > CHUNK; Count -= CHUNK)
            RtlpMoveChunk(to + Count - CHUNK, from + Count - CHUNK);
    }
    RtlpMoveSmall(to, from, Count);
    return Destination;
}

void *memcpy(void *Destination, const void *Source, size_t Count)
{
    return memmove(Destination, Source, Count);
}

static void RtlpFillTiny(uint8_t *to, uint64_t pattern, size_t count)
{
    if (count >= 8) {
        *(RTLP_WORD8 *)to = pattern;
        *(RTLP_WORD8 *)(to + count - 8) = pattern;
    } else if (count >= 4) {
        *(RTLP_WORD4 *)to = (uint32_t)pattern;
        *(RTLP_WORD4 *)(to + count - 4) = (uint32_t)pattern;
    } else {
        for (; count != 0; count--)
            *to++ = (uint8_t)pattern;
    }
}

static inline void RtlpFillChunk(uint8_t *to, RTLP_VECTOR value)
{
    RtlpStore(to, value);
    RtlpStore(to + 16, value);
    RtlpStore(to + 32, value);
    RtlpStore(to + 48, value);
}

void *memset(void *Destination, int Value, size_t Count)
{
    uint8_t *to = Destination;
    uint64_t pattern = 0x0101010101010101u * (uint8_t)Value;
    union { uint64_t Words[2]; RTLP_VECTOR Vector; } fill = { { pattern, pattern } };

    if (Count < 16) {
        RtlpFillTiny(to, pattern, Count);
        return Destination;
    }
    RtlpStore(to + Count - 16, fill.Vector);
    for (; Count >= 2 * CHUNK; Count -= 2 * CHUNK, to += 2 * CHUNK) {
        RtlpFillChunk(to, fill.Vector);
        RtlpFillChunk(to + CHUNK, fill.Vector);
    }
    if (Count & CHUNK) {
        RtlpFillChunk(to, fill.Vector);
        to += CHUNK;
    }
    if (Count & 32) {
        RtlpStore(to, fill.Vector);
        RtlpStore(to + 16, fill.Vector);
        to += 32;
    }
    if (Count & 16)
        RtlpStore(to, fill.Vector);
    return Destination;
}

int memcmp(const void *Left, const void *Right, size_t Count)
{
    const uint8_t *left = Left, *right = Right;

    for (; Count >= 8 && *(const RTLP_WORD8 *)left == *(const RTLP_WORD8 *)right; Count -= 8, left += 8, right += 8)
        ;
    for (; Count != 0; Count--, left++, right++) {
        if (*left != *right)
            return *left < *right ? -1 : 1;
    }
    return 0;
}

void *memchr(const void *Buffer, int Value, size_t Count)
{
    const uint8_t *bytes = Buffer;

    for (; Count != 0; Count--, bytes++) {
        if (*bytes == (uint8_t)Value)
            return (void *)(uintptr_t)bytes;
    }
    return NULL;
}

CRT_ERROR memcpy_s(void *Destination, size_t Size, const void *Source, size_t Count)
{
    if (Count == 0)
        return 0;
    if (Destination == NULL)
        return CRT_EINVAL;
    if (Source == NULL || Size < Count) {
        memset(Destination, 0, Size);
        return Source == NULL ? CRT_EINVAL : CRT_ERANGE;
    }
    memmove(Destination, Source, Count);
    return 0;
}

CRT_ERROR memmove_s(void *Destination, size_t Size, const void *Source, size_t Count)
{
    if (Count == 0)
        return 0;
    if (Destination == NULL || Source == NULL)
        return CRT_EINVAL;
    if (Size < Count)
        return CRT_ERANGE;
    memmove(Destination, Source, Count);
    return 0;
}

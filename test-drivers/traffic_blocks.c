/* SPDX-License-Identifier: MIT
 * What the blocks hold: words that follow from seed, disk, block and generation. Of generation 0 they are zero, as the disk comes.
 */
#include "traffic.h"

#define WORDS (TRAFFIC_BLOCK / sizeof(ULONG64))
#define STEP 0x9E3779B97F4A7C15ull

static ULONG64 Start(ULONG Disk, ULONG Block, ULONG Generation)
{
    ULONG64 x = (TrafficParameters.Seed + 1ull) * STEP ^ (Disk + 1ull) * 0xBF58476D1CE4E5B9ull ^ (Block + 1ull) * 0x94D049BB133111EBull ^
                Generation * 0xD6E8FEB86659FD93ull;
    return x ^ x >> 31;
}

/* The second word says of what the block is. */
static ULONG64 WordAt(ULONG64 Begin, ULONG Block, ULONG Generation, ULONG Index)
{
    return Index == 1 ? (ULONG64)Generation << 32 | Block : Begin + Index * STEP;
}

VOID TrafficFill(ULONG Disk, ULONG Block, ULONG Generation, PUCHAR Bytes)
{
    ULONG64 begin = Start(Disk, Block, Generation), *words = (ULONG64 *)Bytes;
    ULONG i;

    for (i = 0; i < WORDS; i++)
        words[i] = WordAt(begin, Block, Generation, i);
}

static BOOLEAN Holds(ULONG Disk, ULONG Block, ULONG Generation, const ULONG64 *Words)
{
    ULONG64 begin = Start(Disk, Block, Generation);
    ULONG i;

    for (i = 0; i < WORDS; i++)
        if (Words[i] != (Generation == 0 ? 0 : WordAt(begin, Block, Generation, i)))
            return FALSE;
    return TRUE;
}

VOID TrafficLook(TRAFFIC_DISK *Disk, ULONG Block, PUCHAR Bytes)
{
    const TRAFFIC_STATE *state = &Disk->Blocks[Block];
    const ULONG64 *words = (const ULONG64 *)Bytes;
    ULONG found = (ULONG)(words[1] >> 32);

    if (found >= state->Sure && found <= state->Perhaps && Holds(Disk->Number, Block, found, words))
        return;
    if (InterlockedIncrement(&Disk->Wrong) <= 20)
        DbgPrint("wrong %lu block %lu: generation %lu of block %lu, not %lu to %lu\n", Disk->Number, Block, found, (ULONG)words[1],
                 state->Sure, state->Perhaps);
}

/* SPDX-License-Identifier: MIT
 * Random bytes nobody can foretell: ChaCha20 (RFC 8439) keyed with what the loader gathered from firmware or hardware, and with
 * more of the latter and of the clock at each request. A key is used once: the beginning of what it makes is the next key.
 */
#include "systeminformation.h"
#include "exsync.h"

#define EXP_BLOCK 64u
#define EXP_KEY_WORDS 8u
#define EXP_RDRAND_TRIES 10u

static EX_PUSH_LOCK ExpEntropyLock;
static ULONG ExpEntropyKey[EXP_KEY_WORDS];       /* ExpEntropyLock */
static BOOLEAN ExpEntropySeeded;                 /* ExpEntropyLock */
static ULONG64 ExpEntropyRequests;               /* ExpEntropyLock */

static ULONG ExpRotate(ULONG Value, ULONG Bits) { return Value << Bits | Value >> (32 - Bits); }

static VOID ExpQuarterRound(ULONG *S, ULONG A, ULONG B, ULONG C, ULONG D)
{
    S[A] += S[B];
    S[D] = ExpRotate(S[D] ^ S[A], 16);
    S[C] += S[D];
    S[B] = ExpRotate(S[B] ^ S[C], 12);
    S[A] += S[B];
    S[D] = ExpRotate(S[D] ^ S[A], 8);
    S[C] += S[D];
    S[B] = ExpRotate(S[B] ^ S[C], 7);
}

VOID ExpChaChaBlock(const ULONG Key[8], ULONG Counter, const ULONG Nonce[3], ULONG Block[16])
{
    ULONG state[16] = { 0x61707865, 0x3320646E, 0x79622D32, 0x6B206574 }, i;

    RtlCopyMemory(state + 4, Key, 32);
    state[12] = Counter;
    RtlCopyMemory(state + 13, Nonce, 12);
    RtlCopyMemory(Block, state, sizeof(state));
    for (i = 0; i < 10; i++) {
        ExpQuarterRound(Block, 0, 4, 8, 12);
        ExpQuarterRound(Block, 1, 5, 9, 13);
        ExpQuarterRound(Block, 2, 6, 10, 14);
        ExpQuarterRound(Block, 3, 7, 11, 15);
        ExpQuarterRound(Block, 0, 5, 10, 15);
        ExpQuarterRound(Block, 1, 6, 11, 12);
        ExpQuarterRound(Block, 2, 7, 8, 13);
        ExpQuarterRound(Block, 3, 4, 9, 14);
    }
    for (i = 0; i < 16; i++)
        Block[i] += state[i];
}

/* 0 where the processor has none. */
static ULONG64 ExpHardwareRandom(VOID)
{
    ULONG registers[4] = { 1, 0, 0, 0 }, tries;
    ULONG64 value = 0;
    UCHAR carry = 0;

    __asm__ volatile("cpuid" : "+a"(registers[0]), "=b"(registers[1]), "+c"(registers[2]), "=d"(registers[3]));
    for (tries = 0; (registers[2] & 1u << 30) && !carry && tries < EXP_RDRAND_TRIES; tries++)
        __asm__ volatile("rdrand %0; setc %1" : "=r"(value), "=qm"(carry) : : "cc");
    return carry ? value : 0;
}

/* The lock is held. */
static VOID ExpSeed(VOID)
{
    ULONG half[EXP_KEY_WORDS], i;

    if (ExpEntropySeeded)
        return;
    RtlCopyMemory(ExpEntropyKey, KeLoaderBlock->Entropy, sizeof(ExpEntropyKey));
    RtlCopyMemory(half, KeLoaderBlock->Entropy + sizeof(ExpEntropyKey), sizeof(half));
    for (i = 0; i < EXP_KEY_WORDS; i++)
        ExpEntropyKey[i] ^= ExpRotate(half[i], 13);
    ExpEntropySeeded = TRUE;
}

VOID ExpRandomBytes(PVOID Buffer, ULONG Bytes)
{
    ULONG block[16], nonce[3], counter = 0, done;

    ExLockExclusive(&ExpEntropyLock);
    ExpSeed();
    *(ULONG64 UNALIGNED *)nonce = ExpHardwareRandom() ^ KiReadTsc();
    nonce[2] = (ULONG)++ExpEntropyRequests;
    ExpChaChaBlock(ExpEntropyKey, counter++, nonce, block);
    for (done = 0; done < Bytes; done += EXP_BLOCK) {
        ULONG made[16];
        ExpChaChaBlock(ExpEntropyKey, counter++, nonce, made);
        RtlCopyMemory((PUCHAR)Buffer + done, made, min(Bytes - done, EXP_BLOCK));
        RtlSecureZeroMemory(made, sizeof(made));
    }
    RtlCopyMemory(ExpEntropyKey, block, sizeof(ExpEntropyKey));
    ExUnlockExclusive(&ExpEntropyLock);
    RtlSecureZeroMemory(block, sizeof(block));
}

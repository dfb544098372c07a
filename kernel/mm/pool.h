/* SPDX-License-Identifier: MIT
 * Between the pool's files.
 */
#pragma once
#include "mi.h"

typedef enum MI_POOL_KIND { MiPoolNonPaged, MiPoolNonPagedNx, MiPoolPaged, MiPoolCount } MI_POOL_KIND;
#define MI_NX_POOL 512

MI_POOL_KIND MiPoolOfType(POOL_TYPE Type);
PVOID MiAllocatePool(MI_POOL_KIND Kind, SIZE_T Bytes, ULONG Tag);
VOID MiFreePool(PVOID Block, ULONG Tag);

/* ---- Allocations of whole pages: address to size and tag ---- */
VOID MiInitializeBigPages(VOID);
BOOLEAN MiRecordBigPages(ULONG64 Address, SIZE_T Bytes, ULONG Tag);
SIZE_T MiForgetBigPages(ULONG64 Address, PULONG Tag);     /* 0 when unknown */
SIZE_T MiQueryBigPages(ULONG64 Address, PULONG Tag);

/* Option `poison`: what was never written, or was freed, is told by KE_POISON. */
static inline VOID MiPoisonFresh(PVOID Block, SIZE_T Bytes)
{
    if (KePoison)
        RtlFillMemory(Block, Bytes, KE_POISON);
}

/* The first bytes are the link of a free block. */
static inline VOID MiPoisonFreed(PVOID Block, ULONG Bytes)
{
    if (DBG || KePoison)
        RtlFillMemory((PCHAR)Block + 16, Bytes - 16, KePoison ? KE_POISON : 0xDD);
}

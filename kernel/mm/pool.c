/* SPDX-License-Identifier: MIT
 * Pools: small blocks cut from pages, with NT's 16-byte POOL_HEADER in front; whole pages for what does not fit (bigpool.c).
 *
 * A page of a pool is a chain of blocks: BlockSize leads to the next, PreviousSize to the one before, both in 16-byte units; a
 * block in use has PoolType set, a free one 0. Free neighbours are merged; a page that is one free block goes back. Free blocks
 * hang in one list for each size. Each pool has its lock (rank Pool).
 *
 * In front stands a cache for each processor and small size, used at DISPATCH_LEVEL without a lock. A block in a cache has
 * PoolType 0 too, so that a second free of it is caught; only blocks in the lists carry MI_POOL_FREE, which is set and cleared
 * under the lock, and only those merge.
 */
#include "mi.h"
#include "pool.h"

#define UNIT 16u
#define HEADER_UNITS 1u
#define PAGE_UNITS (PAGE_SIZE / UNIT)
#define LARGEST_SMALL (PAGE_SIZE - 3 * UNIT)     /* with its header two units less than a page: a free block remains behind it */
#define CACHE_SIZES 33u                          /* blocks of up to 32 units */
#define CACHE_DEPTH 32u
#define MI_POOL_IN_USE 2u
#define MI_POOL_FREE 0x80u

typedef struct MI_POOL {
    KE_LOCK Lock;
    MI_REGION Region;
    MI_POOL_KIND Kind;                           /* I */
    ULONG64 PageBits;                            /* I protection of its pages */
    LIST_ENTRY Free[PAGE_UNITS + 1];             /* Lock: by size in units */
    ULONG64 FreeSummary[PAGE_UNITS / 64 + 1];    /* Lock: which lists are not empty */
    ULONG SparePages;                            /* Lock: pages that are one free block */
} MI_POOL;

/* NT's POOL_HEADER with whole bytes in place of bit fields: a neighbour's PreviousSize is written under the lock while the
 * block's owner writes its other bytes without, and bit fields would share a store. */
typedef struct MI_POOL_HEADER {
    UCHAR PreviousSize;                          /* Lock */
    UCHAR PoolIndex;                             /* Lock: MI_POOL_FREE or 0 */
    UCHAR BlockSize;                             /* Lock while free, constant in use */
    UCHAR PoolType;                              /* the block's owner */
    ULONG PoolTag;
    PEPROCESS ProcessBilled;
} MI_POOL_HEADER;
C_ASSERT(sizeof(MI_POOL_HEADER) == sizeof(POOL_HEADER));
C_ASSERT(FIELD_OFFSET(MI_POOL_HEADER, PoolTag) == FIELD_OFFSET(POOL_HEADER, PoolTag));

/* Behind the header of a free block. */
typedef struct MI_FREE_BLOCK {
    MI_POOL_HEADER Header;
    LIST_ENTRY Link;
} MI_FREE_BLOCK;

typedef struct MI_POOL_CACHE {
    struct {
        MI_FREE_BLOCK *First;                    /* P singly linked by Link.Flink */
        ULONG Depth;
    } Sizes[MiPoolCount][CACHE_SIZES];
    LONG64 Bytes[MiPoolCount], Blocks[MiPoolCount];      /* P in use, less what this processor freed of others */
} MI_POOL_CACHE;

static MI_POOL MiPools[MiPoolCount];
static MI_POOL_CACHE MiPoolCaches[KE_MAXIMUM_PROCESSORS];

VOID MiInitializePools(VOID)
{
    static const struct { ULONG64 Base, Bits; } layout[MiPoolCount] = {
        [MiPoolNonPaged] = { MI_NONPAGED_POOL, MI_KERNEL_CODE_DATA },
        [MiPoolNonPagedNx] = { MI_NONPAGED_POOL + MI_POOL_SIZE / 4, MI_KERNEL_DATA },
        [MiPoolPaged] = { MI_PAGED_POOL, MI_KERNEL_DATA },
    };
    ULONG i, size;

    for (i = 0; i < MiPoolCount; i++) {
        MI_POOL *pool = &MiPools[i];
        pool->Lock.Rank = KeRankPool;
        pool->Region.Lock.Rank = KeRankSystemPtes;
        pool->Kind = (MI_POOL_KIND)i;
        pool->PageBits = layout[i].Bits;
        MiInitializeRegion(&pool->Region, layout[i].Base, MI_POOL_SIZE / 4);
        for (size = 0; size <= PAGE_UNITS; size++)
            InitializeListHead(&pool->Free[size]);
    }
    MiInitializeBigPages();
}

MI_POOL_KIND MiPoolOfType(POOL_TYPE Type)
{
    if (Type & 1)
        return MiPoolPaged;
    return Type & MI_NX_POOL ? MiPoolNonPagedNx : MiPoolNonPaged;
}

/* The two nonpaged pools lie behind each other. */
static MI_POOL *MiPoolOfAddress(ULONG64 Address)
{
    if (Address - MI_NONPAGED_POOL < MI_POOL_SIZE / 2)
        return &MiPools[Address - MI_NONPAGED_POOL < MI_POOL_SIZE / 4 ? MiPoolNonPaged : MiPoolNonPagedNx];
    return Address - MI_PAGED_POOL < MI_POOL_SIZE / 4 ? &MiPools[MiPoolPaged] : NULL;
}

/* ---- Free lists, lock held ---- */
static VOID MiLinkFreeLocked(MI_POOL *Pool, MI_FREE_BLOCK *Block)
{
    ULONG size = Block->Header.BlockSize == 0 ? PAGE_UNITS : Block->Header.BlockSize;
    Block->Header.PoolType = 0;
    Block->Header.PoolIndex = MI_POOL_FREE;
    InsertHeadList(&Pool->Free[size], &Block->Link);
    Pool->FreeSummary[size / 64] |= 1ull << size % 64;
}

static VOID MiUnlinkFreeLocked(MI_POOL *Pool, MI_FREE_BLOCK *Block)
{
    ULONG size = Block->Header.BlockSize == 0 ? PAGE_UNITS : Block->Header.BlockSize;
    if (RemoveEntryList(&Block->Link))
        Pool->FreeSummary[size / 64] &= ~(1ull << size % 64);
}

static MI_POOL_HEADER *MiNextBlock(MI_POOL_HEADER *Header)
{
    MI_POOL_HEADER *next = Header + Header->BlockSize;
    return ((ULONG64)next & (PAGE_SIZE - 1)) == 0 || Header->BlockSize == 0 ? NULL : next;
}

static MI_FREE_BLOCK *MiFindFreeLocked(MI_POOL *Pool, ULONG Units)
{
    ULONG word = Units / 64;
    ULONG64 bits = Pool->FreeSummary[word] & (~0ull << Units % 64);

    while (bits == 0) {
        if (++word > PAGE_UNITS / 64)
            return NULL;
        bits = Pool->FreeSummary[word];
    }
    return CONTAINING_RECORD(Pool->Free[word * 64 + (ULONG)__builtin_ctzll(bits)].Flink, MI_FREE_BLOCK, Link);
}

/* Cuts a free, unlinked block to Units; the rest becomes free. BlockSize is a byte: 0 stands for a whole page. */
static VOID MiSplitLocked(MI_POOL *Pool, MI_POOL_HEADER *Block, ULONG Units)
{
    ULONG size = Block->BlockSize == 0 ? PAGE_UNITS : Block->BlockSize;
    MI_POOL_HEADER *rest = Block + Units, *next;

    if (size - Units < 2)
        return;
    next = size == PAGE_UNITS ? NULL : MiNextBlock(Block);
    Block->BlockSize = (UCHAR)Units;
    RtlZeroMemory(rest, sizeof(*rest));
    rest->PreviousSize = (UCHAR)Units;
    rest->BlockSize = (UCHAR)(size - Units);
    if (next != NULL)
        next->PreviousSize = rest->BlockSize;
    MiLinkFreeLocked(Pool, (MI_FREE_BLOCK *)rest);
}

static MI_POOL_HEADER *MiTakeBlock(MI_POOL *Pool, ULONG Units)
{
    KIRQL irql = KeLockAcquire(&Pool->Lock);
    MI_FREE_BLOCK *block = MiFindFreeLocked(Pool, Units);

    if (block != NULL) {
        if (block->Header.BlockSize == 0)
            Pool->SparePages--;
        MiUnlinkFreeLocked(Pool, block);
        MiSplitLocked(Pool, &block->Header, Units);
        block->Header.PoolType = MI_POOL_IN_USE;
        block->Header.PoolIndex = 0;
    }
    KeLockRelease(&Pool->Lock, irql);
    return block != NULL ? &block->Header : NULL;
}

/* A fresh page as one free block. */
static BOOLEAN MiGrowPool(MI_POOL *Pool)
{
    ULONG64 address = MiReserveAddresses(&Pool->Region, 1);
    KIRQL irql;

    if (address == 0)
        return FALSE;
    if (!MiMapFreshPages(address, 1, Pool->PageBits)) {
        MiReleaseAddresses(&Pool->Region, address, 1);
        return FALSE;
    }
    irql = KeLockAcquire(&Pool->Lock);
    MiLinkFreeLocked(Pool, (MI_FREE_BLOCK *)address);
    Pool->SparePages++;
    KeLockRelease(&Pool->Lock, irql);
    return TRUE;
}

/* ---- Processor caches ---- */
/* Blocks that come or go elsewhere. */
static VOID MiCount(MI_POOL_KIND Kind, LONG64 Bytes, LONG Blocks)
{
    KIRQL old = KeIrql();
    MI_POOL_CACHE *cache;

    KiWriteCr8(DISPATCH_LEVEL);
    cache = &MiPoolCaches[KeProcessorNumber()];
    cache->Bytes[Kind] += Bytes;
    cache->Blocks[Kind] += Blocks;
    KiWriteCr8(old);
}

static MI_POOL_HEADER *MiTakeFromCache(MI_POOL_KIND Kind, ULONG Units)
{
    KIRQL old = KeIrql();
    MI_FREE_BLOCK *block;

    KiWriteCr8(DISPATCH_LEVEL);
    {
        MI_POOL_CACHE *cache = &MiPoolCaches[KeProcessorNumber()];
        block = cache->Sizes[Kind][Units].First;
        if (block != NULL) {
            cache->Sizes[Kind][Units].First = (MI_FREE_BLOCK *)block->Link.Flink;
            cache->Sizes[Kind][Units].Depth--;
            cache->Bytes[Kind] += Units * UNIT;
            cache->Blocks[Kind]++;
            block->Header.PoolType = MI_POOL_IN_USE;
        }
    }
    KiWriteCr8(old);
    return block != NULL ? &block->Header : NULL;
}

static BOOLEAN MiPutIntoCache(MI_POOL_KIND Kind, MI_POOL_HEADER *Header)
{
    MI_FREE_BLOCK *block = (MI_FREE_BLOCK *)Header;
    KIRQL old = KeIrql();
    BOOLEAN taken = FALSE;

    KiWriteCr8(DISPATCH_LEVEL);
    {
        MI_POOL_CACHE *cache = &MiPoolCaches[KeProcessorNumber()];
        if (cache->Sizes[Kind][Header->BlockSize].Depth < CACHE_DEPTH) {
            Header->PoolType = 0;
            block->Link.Flink = (PLIST_ENTRY)cache->Sizes[Kind][Header->BlockSize].First;
            cache->Sizes[Kind][Header->BlockSize].First = block;
            cache->Sizes[Kind][Header->BlockSize].Depth++;
            cache->Bytes[Kind] -= Header->BlockSize * UNIT;
            cache->Blocks[Kind]--;
            taken = TRUE;
        }
    }
    KiWriteCr8(old);
    return taken;
}

/* ---- Allocation ---- */
static ULONG MiUnitsOf(SIZE_T Bytes)
{
    ULONG units = (ULONG)((Bytes + UNIT - 1) / UNIT) + HEADER_UNITS;
    return max(units, 2u);                       /* room for the link of a free block */
}

DECLSPEC_NOINLINE static MI_POOL_HEADER *MiTakeFromPages(MI_POOL_KIND Kind, ULONG Units)
{
    MI_POOL_HEADER *header = MiTakeBlock(&MiPools[Kind], Units);

    while (header == NULL) {
        if (!MiGrowPool(&MiPools[Kind]))
            return NULL;
        header = MiTakeBlock(&MiPools[Kind], Units);
    }
    MiCount(Kind, header->BlockSize * UNIT, 1);
    return header;
}

DECLSPEC_NOINLINE static PVOID MiAllocateBig(MI_POOL_KIND Kind, SIZE_T Bytes, ULONG Tag)
{
    MI_POOL *pool = &MiPools[Kind];
    ULONG pages = (ULONG)((Bytes + PAGE_SIZE - 1) >> PAGE_SHIFT);
    ULONG64 address = Bytes > MI_POOL_SIZE / 4 ? 0 : MiReserveAddresses(&pool->Region, pages);

    if (address == 0)
        return NULL;
    if (!MiMapFreshPages(address, pages, pool->PageBits)) {
        MiReleaseAddresses(&pool->Region, address, pages);
        return NULL;
    }
    if (!MiRecordBigPages(address, Bytes, Tag)) {
        MiUnmapAndFree(address, pages);
        MiReleaseAddresses(&pool->Region, address, pages);
        return NULL;
    }
    MiCount(Kind, (LONG64)Bytes, 1);
    MiPoisonFresh((PVOID)address, (SIZE_T)pages << PAGE_SHIFT);
    return (PVOID)address;
}

PVOID MiAllocatePool(MI_POOL_KIND Kind, SIZE_T Bytes, ULONG Tag)
{
    MI_POOL_HEADER *header = NULL;
    ULONG units;

    if (Bytes > LARGEST_SMALL)
        return MiAllocateBig(Kind, Bytes, Tag);
    units = MiUnitsOf(Bytes);
    if (units < CACHE_SIZES)
        header = MiTakeFromCache(Kind, units);
    if (header == NULL) {
        header = MiTakeFromPages(Kind, units);
        if (header == NULL)
            return NULL;
    }
    header->PoolTag = Tag;
    header->ProcessBilled = NULL;
    MiPoisonFresh(header + 1, (header->BlockSize - HEADER_UNITS) * UNIT);
    return header + 1;
}

/* ---- Freeing ---- */
DECLSPEC_NORETURN static VOID MiBadFree(ULONG Reason, MI_POOL_HEADER *Header, PVOID Block)
{
    KeBugCheckEx(BAD_POOL_CALLER, Reason, (ULONG_PTR)Header->PoolTag, *(ULONG_PTR *)Header, (ULONG_PTR)Block);
}

DECLSPEC_NORETURN static VOID MiBadHeader(const MI_POOL_HEADER *Header, const MI_POOL_HEADER *Other)
{
    KeBugCheckEx(BAD_POOL_HEADER, 0x20, (ULONG_PTR)Header, (ULONG_PTR)Other, *(const ULONG_PTR *)Header);
}

/* The header of a block in use and the one behind it must agree, or somebody wrote past an end. What is in front may be changing:
 * MiCheckPreviousLocked looks there. */
static VOID MiCheckBlock(const MI_POOL_HEADER *Header)
{
    const MI_POOL_HEADER *next = Header + Header->BlockSize;
    ULONG end = (ULONG)((ULONG64)Header & (PAGE_SIZE - 1)) / UNIT + Header->BlockSize;

    if (Header->BlockSize == 0 || end > PAGE_UNITS || (end != PAGE_UNITS && next->PreviousSize != Header->BlockSize))
        MiBadHeader(Header, next);
}

static VOID MiCheckPreviousLocked(const MI_POOL_HEADER *Header)
{
    ULONG offset = (ULONG)((ULONG64)Header & (PAGE_SIZE - 1)) / UNIT;

    if (Header->PreviousSize > offset || (Header->PreviousSize == 0) != (offset == 0))
        MiBadHeader(Header, NULL);
    if (offset != 0 && (Header - Header->PreviousSize)->BlockSize != Header->PreviousSize)
        MiBadHeader(Header, Header - Header->PreviousSize);
}

static BOOLEAN MiIsMergeable(const MI_POOL_HEADER *Header)
{
    return Header->PoolIndex == MI_POOL_FREE;
}

/* Merges with free neighbours; a block that is a whole page has BlockSize 0. */
static MI_POOL_HEADER *MiMergeLocked(MI_POOL *Pool, MI_POOL_HEADER *Header)
{
    MI_POOL_HEADER *next = MiNextBlock(Header), *previous;
    ULONG size = Header->BlockSize;

    if (next != NULL && MiIsMergeable(next)) {
        MiUnlinkFreeLocked(Pool, (MI_FREE_BLOCK *)next);
        size += next->BlockSize;
    }
    if (((ULONG64)Header & (PAGE_SIZE - 1)) != 0) {
        previous = Header - Header->PreviousSize;
        if (MiIsMergeable(previous)) {
            MiUnlinkFreeLocked(Pool, (MI_FREE_BLOCK *)previous);
            size += previous->BlockSize;
            Header = previous;
        }
    }
    Header->BlockSize = (UCHAR)size;
    next = MiNextBlock(Header);
    if (next != NULL)
        next->PreviousSize = (UCHAR)size;
    return Header;
}

/* The page to unmap when it became empty and enough spare ones are left, else 0. */
static ULONG64 MiReturnBlock(MI_POOL *Pool, MI_POOL_HEADER *Header)
{
    KIRQL irql = KeLockAcquire(&Pool->Lock);
    ULONG64 page = 0;

    MiCheckPreviousLocked(Header);
    Header = MiMergeLocked(Pool, Header);
    if (Header->BlockSize == 0 && Pool->SparePages >= 8) {
        page = (ULONG64)Header;
    } else {
        Pool->SparePages += Header->BlockSize == 0;
        MiLinkFreeLocked(Pool, (MI_FREE_BLOCK *)Header);
    }
    KeLockRelease(&Pool->Lock, irql);
    return page;
}

DECLSPEC_NOINLINE static VOID MiFreeToPages(MI_POOL *Pool, MI_POOL_HEADER *Header)
{
    ULONG64 page;

    MiCount(Pool->Kind, -(LONG64)(Header->BlockSize * UNIT), -1);
    page = MiReturnBlock(Pool, Header);
    if (page != 0) {
        MiUnmapAndFree(page, 1);
        MiReleaseAddresses(&Pool->Region, page, 1);
    }
}

static VOID MiFreeSmall(MI_POOL *Pool, PVOID Block)
{
    MI_POOL_HEADER *header = (MI_POOL_HEADER *)Block - 1;

    if (((ULONG64)Block & (UNIT - 1)) != 0)
        KeBugCheckEx(BAD_POOL_CALLER, 0x46, (ULONG_PTR)Block, 0, 0);
    if (header->PoolType == 0)
        MiBadFree(7, header, Block);             /* freed already */
    if (header->PoolType != MI_POOL_IN_USE)
        MiBadFree(0x46, header, Block);
    MiCheckBlock(header);
    MiPoisonFreed(Block, (header->BlockSize - HEADER_UNITS) * UNIT);
    if (header->BlockSize >= CACHE_SIZES || !MiPutIntoCache(Pool->Kind, header))
        MiFreeToPages(Pool, header);
}

DECLSPEC_NOINLINE static VOID MiFreeBig(MI_POOL *Pool, PVOID Block)
{
    SIZE_T bytes = MiForgetBigPages((ULONG64)Block, NULL);
    ULONG pages = (ULONG)((bytes + PAGE_SIZE - 1) >> PAGE_SHIFT);

    if (bytes == 0)
        KeBugCheckEx(BAD_POOL_CALLER, 0x41, (ULONG_PTR)Block, 0, 0);
    MiCount(Pool->Kind, -(LONG64)bytes, -1);
    MiUnmapAndFree((ULONG64)Block, pages);
    MiReleaseAddresses(&Pool->Region, (ULONG64)Block, pages);
}

static ULONG MiPoolTag(PVOID Block)
{
    ULONG tag = 0;
    if (((ULONG64)Block & (PAGE_SIZE - 1)) != 0)
        return ((MI_POOL_HEADER *)Block - 1)->PoolTag;
    MiQueryBigPages((ULONG64)Block, &tag);
    return tag;
}

/* Tags with the highest bit set must match. */
static VOID MiCheckTag(PVOID Block, ULONG Tag)
{
    ULONG actual = Tag != 0 ? MiPoolTag(Block) : 0;

    if ((actual & 0x80000000) && Tag != actual)
        KeBugCheckEx(BAD_POOL_CALLER, 0xA, (ULONG_PTR)Block, actual, Tag);
}

VOID MiFreePool(PVOID Block, ULONG Tag)
{
    MI_POOL *pool = MiPoolOfAddress((ULONG64)Block);

    if (pool == NULL || !MiIsReserved(&pool->Region, (ULONG64)Block))
        KeBugCheckEx(BAD_POOL_CALLER, (LONG64)Block > 0 ? 0x40 : 0x46, (ULONG_PTR)Block, Tag, 0);
    MiCheckTag(Block, Tag);
    if (((ULONG64)Block & (PAGE_SIZE - 1)) == 0)
        MiFreeBig(pool, Block);
    else
        MiFreeSmall(pool, Block);
}

VOID MiQueryPools(MM_STATISTICS *Statistics)
{
    ULONG kind, processor;

    for (kind = 0; kind < MiPoolCount; kind++) {
        LONG64 bytes = 0, blocks = 0;
        for (processor = 0; processor < KE_MAXIMUM_PROCESSORS; processor++) {
            bytes += MiPoolCaches[processor].Bytes[kind];
            blocks += MiPoolCaches[processor].Blocks[kind];
        }
        Statistics->PoolBytes[kind] = (ULONG64)bytes;
        Statistics->PoolBlocks[kind] = (ULONG64)blocks;
    }
}

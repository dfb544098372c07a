/* SPDX-License-Identifier: MIT
 * Page tables. Upper levels allow everything, the leaf decides; accessed and dirty are set beforehand so that the processor
 * need not write to the tables for memory the loader has filled.
 */
#include "pagetable.h"

#define ENTRY_PRESENT 0x1ull
#define ENTRY_WRITE 0x2ull
#define ENTRY_ACCESSED 0x20ull
#define ENTRY_DIRTY 0x40ull
#define ENTRY_NO_EXECUTE 0x8000000000000000ull
#define ENTRY_ADDRESS 0x000FFFFFFFFFF000ull
#define ENTRY_TABLE (ENTRY_PRESENT | ENTRY_WRITE | ENTRY_ACCESSED)
#define PAGE_BYTES 0x1000ull
#define TOP_LEVEL 3u

static uint64_t *TableAt(uint64_t Physical)
{
    return (uint64_t *)(uintptr_t)(Physical & ENTRY_ADDRESS);
}

static uint32_t IndexAt(uint64_t Virtual, uint32_t Level)
{
    return (Virtual >> (12 + 9 * Level)) & 511;
}

/* The last-level entry for Virtual, with the tables on the way there made. NULL: no memory. */
static uint64_t *MakePath(PAGE_TABLES *Tables, uint64_t Virtual)
{
    uint64_t *table = TableAt(Tables->Root);

    for (uint32_t level = TOP_LEVEL; level != 0; level--) {
        uint64_t *entry = &table[IndexAt(Virtual, level)];

        if (*entry == 0) {
            uint64_t page = Tables->Allocate(Tables->Context);

            if (page == 0) {
                return NULL;
            }
            *entry = page | ENTRY_TABLE;
        }
        table = TableAt(*entry);
    }
    return &table[IndexAt(Virtual, 0)];
}

static bool IsSelfMap(const PAGE_TABLES *Tables, uint64_t Virtual)
{
    uint64_t entry = TableAt(Tables->Root)[IndexAt(Virtual, TOP_LEVEL)];

    return entry != 0 && (entry & ENTRY_ADDRESS) == Tables->Root;
}

static bool IsCanonical(uint64_t Virtual)
{
    return Virtual >> 47 == 0 || Virtual >> 47 == 0x1FFFF;
}

static bool IsGoodRun(const PAGE_TABLES *Tables, const PAGE_RUN *Run)
{
    uint64_t last = Run->Virtual + (Run->PageCount - 1) * PAGE_BYTES;

    if (((Run->Virtual | Run->Physical) & (PAGE_BYTES - 1)) != 0 || Run->PageCount > ENTRY_ADDRESS / PAGE_BYTES) {
        return false;
    }
    if (Run->Physical > ENTRY_ADDRESS || Run->PageCount * PAGE_BYTES > ENTRY_ADDRESS + PAGE_BYTES - Run->Physical) {
        return false;
    }
    if (last < Run->Virtual || !IsCanonical(Run->Virtual) || !IsCanonical(last) || Run->Virtual >> 47 != last >> 47) {
        return false;
    }
    return !IsSelfMap(Tables, Run->Virtual) && !IsSelfMap(Tables, last);
}

static uint64_t LeafBits(uint32_t Access)
{
    uint64_t bits = ENTRY_PRESENT | ENTRY_ACCESSED;

    if ((Access & PAGE_ACCESS_WRITE) != 0) {
        bits |= ENTRY_WRITE | ENTRY_DIRTY;
    }
    if ((Access & PAGE_ACCESS_EXECUTE) == 0) {
        bits |= ENTRY_NO_EXECUTE;
    }
    return bits;
}

PAGE_TABLE_STATUS CreatePageTables(PAGE_TABLES *Tables, uint32_t SelfMapIndex)
{
    uint64_t root = Tables->Allocate(Tables->Context);

    if (root == 0) {
        return PAGE_TABLE_NO_MEMORY;
    }
    Tables->Root = root;
    TableAt(root)[SelfMapIndex] = root | ENTRY_TABLE | ENTRY_DIRTY | ENTRY_NO_EXECUTE;
    return PAGE_TABLE_OK;
}

PAGE_TABLE_STATUS MapPages(PAGE_TABLES *Tables, const PAGE_RUN *Run)
{
    uint64_t bits = LeafBits(Run->Access);
    uint64_t *entry = NULL;

    if (Run->PageCount == 0) {
        return PAGE_TABLE_OK;
    }
    if (!IsGoodRun(Tables, Run)) {
        return PAGE_TABLE_BAD_ADDRESS;
    }
    for (uint64_t offset = 0; offset < Run->PageCount * PAGE_BYTES; offset += PAGE_BYTES) {
        uint64_t address = Run->Virtual + offset;

        if (entry == NULL || IndexAt(address, 0) == 0) {
            entry = MakePath(Tables, address);
        } else {
            entry++;
        }
        if (entry == NULL) {
            return PAGE_TABLE_NO_MEMORY;
        }
        if (*entry != 0) {
            return PAGE_TABLE_OCCUPIED;
        }
        *entry = (Run->Physical + offset) | bits;
    }
    return PAGE_TABLE_OK;
}

uint64_t FindPageEntry(const PAGE_TABLES *Tables, uint64_t Virtual)
{
    const uint64_t *table = TableAt(Tables->Root);

    for (uint32_t level = TOP_LEVEL; level != 0; level--) {
        uint64_t entry = table[IndexAt(Virtual, level)];

        if ((entry & ENTRY_PRESENT) == 0) {
            return 0;
        }
        table = TableAt(entry);
    }
    return table[IndexAt(Virtual, 0)];
}

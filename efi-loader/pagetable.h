/* SPDX-License-Identifier: MIT
 * Builds four-level x86-64 page tables of 4 KiB pages (Intel SDM volume 3, 4.5). Pure: table pages come from the caller and
 * are reached at their physical addresses.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum PAGE_ACCESS {       /* bits; reading is always possible, user mode never gets in */
    PAGE_ACCESS_READ = 0,
    PAGE_ACCESS_WRITE = 1,
    PAGE_ACCESS_EXECUTE = 2
} PAGE_ACCESS;

/* Returns the physical address of a zeroed page for a table, or 0. */
typedef uint64_t PAGE_TABLE_ALLOCATE(void *Context);

typedef struct PAGE_TABLES {
    uint64_t Root;               /* physical address of the top table */
    PAGE_TABLE_ALLOCATE *Allocate;
    void *Context;
} PAGE_TABLES;

typedef struct PAGE_RUN {
    uint64_t Virtual, Physical, PageCount;
    uint32_t Access;             /* PAGE_ACCESS bits */
} PAGE_RUN;

typedef enum PAGE_TABLE_STATUS {
    PAGE_TABLE_OK,
    PAGE_TABLE_NO_MEMORY,
    PAGE_TABLE_BAD_ADDRESS,      /* unaligned, not canonical, or inside the self-map */
    PAGE_TABLE_OCCUPIED          /* a page of the run is mapped already */
} PAGE_TABLE_STATUS;

/* Allocates the top table and enters the self-map at SelfMapIndex (256..511): the tables appear as data at that index. */
PAGE_TABLE_STATUS CreatePageTables(PAGE_TABLES *Tables, uint32_t SelfMapIndex);

/* Maps one run. On failure the pages before the offending one stay mapped. */
PAGE_TABLE_STATUS MapPages(PAGE_TABLES *Tables, const PAGE_RUN *Run);

/* The leaf entry that maps Virtual, or 0. For tests. */
uint64_t FindPageEntry(const PAGE_TABLES *Tables, uint64_t Virtual);

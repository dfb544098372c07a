/* SPDX-License-Identifier: MIT
 * Memory from the firmware, with a record of what each page is for, so that the kernel learns it exactly.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "descriptors.h"

#define PAGE_BYTES 0x1000ull

static inline uint64_t PagesFor(uint64_t Bytes)
{
    return Bytes / PAGE_BYTES + (Bytes % PAGE_BYTES != 0);
}

/* Pages that the kernel inherits as Type (LOADER_MEMORY_TYPE), not zeroed, physically contiguous. Purpose completes the sentence
 * "there is not enough memory for ..." in which the boot ends when there are none. */
uint64_t AllocatePages(uint64_t PageCount, uint32_t Type, const char *Purpose);

/* A zeroed page for a page table below 4 GiB, where a starting processor can reach it. */
uint64_t AllocateTablePage(void *Context);

/* Loader-private memory, free to the kernel. Zeroed. */
void *AllocateScratch(uint64_t Bytes, const char *Purpose);
void FreeScratch(void *Memory, uint64_t Bytes);

/* Paints every page handed out by AllocatePages and AllocateTablePage over the firmware's view. */
bool PaintAllocations(MEMORY_LIST *List);

/* How many entries PaintAllocations can add at most, for the size of the list. */
uint32_t AllocationCount(void);

/* Gives back everything but scratch memory, when the boot has failed. */
void ReleaseAllocations(void);

/* SPDX-License-Identifier: MIT
 * The loader's page allocator. Each allocation the kernel inherits is recorded with its type; table pages are taken from the
 * firmware in batches, and only those used are recorded, so that the rest stays free.
 */
#include "allocate.h"
#include "fail.h"
#include "firmware.h"
#include "memory.h"

#define MAX_ALLOCATIONS 1024u
#define TABLE_BATCH 32u
#define BELOW_4_GIB 0xFFFFFFFFull

typedef struct ALLOCATION {
    uint64_t Base, PageCount;
    uint32_t Type;
} ALLOCATION;

static ALLOCATION Allocations[MAX_ALLOCATIONS];
static uint32_t Count;
static uint64_t NextTable, TablesLeft;

static uint64_t TakePages(EFI_ALLOCATE_TYPE How, uint64_t Limit, uint64_t PageCount, const char *Purpose)
{
    EFI_PHYSICAL_ADDRESS base = Limit;
    EFI_STATUS status = Firmware.Boot->AllocatePages(How, EfiLoaderData, PageCount, &base);

    if (status != EFI_SUCCESS || base == 0) {
        FailBoot("there is not enough memory for %s: the firmware has no %llu KiB in one piece; give the machine more memory",
                 Purpose, PageCount * PAGE_BYTES / 1024);
    }
    return base;
}

static void Record(uint64_t Base, uint64_t PageCount, uint32_t Type)
{
    if (Count == MAX_ALLOCATIONS) {
        FailBoot("boot.cfg names more files than the loader can keep count of; name fewer");
    }
    Allocations[Count++] = (ALLOCATION){ Base, PageCount, Type };
}

uint64_t AllocatePages(uint64_t PageCount, uint32_t Type, const char *Purpose)
{
    uint64_t base = TakePages(AllocateAnyPages, 0, PageCount, Purpose);

    Record(base, PageCount, Type);
    return base;
}

/* Extends the last record when the page follows it. */
static void RecordTable(uint64_t Base)
{
    ALLOCATION *last = Count == 0 ? NULL : &Allocations[Count - 1];

    if (last != NULL && last->Type == LOADER_MEMORY_PAGE_TABLE && last->Base + last->PageCount * PAGE_BYTES == Base) {
        last->PageCount++;
    } else {
        Record(Base, 1, LOADER_MEMORY_PAGE_TABLE);
    }
}

uint64_t AllocateTablePage(void *Context)
{
    if (TablesLeft == 0) {
        NextTable = TakePages(AllocateMaxAddress, BELOW_4_GIB, TABLE_BATCH, "the page tables");
        TablesLeft = TABLE_BATCH;
    }
    uint64_t page = NextTable;

    NextTable += PAGE_BYTES;
    TablesLeft--;
    memset((void *)page, 0, PAGE_BYTES);
    RecordTable(page);
    return page;
}

void *AllocateScratch(uint64_t Bytes, const char *Purpose)
{
    void *memory = (void *)TakePages(AllocateAnyPages, 0, PagesFor(Bytes), Purpose);

    memset(memory, 0, PagesFor(Bytes) * PAGE_BYTES);
    return memory;
}

void FreeScratch(void *Memory, uint64_t Bytes)
{
    Firmware.Boot->FreePages((EFI_PHYSICAL_ADDRESS)Memory, PagesFor(Bytes));
}

bool PaintAllocations(MEMORY_LIST *List)
{
    for (uint32_t i = 0; i < Count; i++) {
        const ALLOCATION *allocation = &Allocations[i];

        if (!PaintMemory(List, allocation->Base / PAGE_BYTES, allocation->PageCount, allocation->Type)) {
            return false;
        }
    }
    return true;
}

uint32_t AllocationCount(void)
{
    return Count;
}

void ReleaseAllocations(void)
{
    while (Count != 0) {
        Count--;
        Firmware.Boot->FreePages(Allocations[Count].Base, Allocations[Count].PageCount);
    }
}

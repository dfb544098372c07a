/* SPDX-License-Identifier: MIT
 * Memory descriptors by painting: each range overwrites what was there, so own allocations simply come last. The firmware's
 * map may be unsorted and, on bad machines, overlap; it is painted type by type in the order of LOADER_MEMORY_TYPE, which goes
 * from free to restricted.
 */
#include "descriptors.h"
#include "memory.h"

#define PAGE_SHIFT 12
#define PAGE_BYTES 0x1000ull
#define MAX_PAGE (1ull << 40)        /* 52 address bits */
#define ATTRIBUTE_WB 0x8ull
#define ATTRIBUTE_SPECIFIC_PURPOSE 0x40000ull
#define ATTRIBUTE_RUNTIME 0x8000000000000000ull

/* UEFI 2.10, table 7.6 */
enum {
    EFI_LOADER_CODE = 1,
    EFI_LOADER_DATA,
    EFI_BOOT_CODE,
    EFI_BOOT_DATA,
    EFI_RUNTIME_CODE,
    EFI_RUNTIME_DATA,
    EFI_CONVENTIONAL,
    EFI_UNUSABLE,
    EFI_ACPI_RECLAIM,
    EFI_ACPI_NVS
};

static uint64_t EndPage(const LOADER_MEMORY *Entry)
{
    return Entry->BasePage + Entry->PageCount;
}

/* Index of the first entry that ends behind Page. */
static uint32_t FindEntry(const MEMORY_LIST *List, uint64_t Page)
{
    uint32_t low = 0;
    uint32_t high = List->Count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (EndPage(&List->Entries[middle]) > Page) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

/* Replaces Removed entries from Index on by Added ones (uninitialised). */
static bool Splice(MEMORY_LIST *List, uint32_t Index, uint32_t Removed, uint32_t Added)
{
    uint32_t tail = List->Count - Index - Removed;

    if (List->Count - Removed + Added > List->Capacity) {
        return false;
    }
    memmove(&List->Entries[Index + Added], &List->Entries[Index + Removed], tail * sizeof(LOADER_MEMORY));
    List->Count = List->Count - Removed + Added;
    return true;
}

static void MergeWithNext(MEMORY_LIST *List, uint32_t Index)
{
    if (Index + 1 >= List->Count) {
        return;
    }
    LOADER_MEMORY *entry = &List->Entries[Index];
    const LOADER_MEMORY *next = entry + 1;

    if (entry->Type == next->Type && EndPage(entry) == next->BasePage) {
        entry->PageCount += next->PageCount;
        Splice(List, Index + 1, 1, 0);
    }
}

/*   before:   |---first---|  |--|  |---last---|        what lies inside the new range goes;
 *   new:            |===================|              what sticks out on either side stays.
 *   after:    |-left|===================|-right-|
 */
bool PaintMemory(MEMORY_LIST *List, uint64_t BasePage, uint64_t PageCount, uint32_t Type)
{
    uint64_t end = BasePage + PageCount;
    uint32_t first = FindEntry(List, BasePage);
    uint32_t last = first;                   /* first entry wholly behind the range */
    LOADER_MEMORY pieces[3];
    uint32_t count = 0;

    if (PageCount == 0) {
        return true;
    }
    while (last < List->Count && List->Entries[last].BasePage < end) {
        last++;
    }
    if (first < last && List->Entries[first].BasePage < BasePage) {
        const LOADER_MEMORY *left = &List->Entries[first];

        pieces[count++] = (LOADER_MEMORY){ left->BasePage, BasePage - left->BasePage, left->Type, 0 };
    }
    pieces[count++] = (LOADER_MEMORY){ BasePage, PageCount, Type, 0 };
    if (first < last && EndPage(&List->Entries[last - 1]) > end) {
        const LOADER_MEMORY *right = &List->Entries[last - 1];

        pieces[count++] = (LOADER_MEMORY){ end, EndPage(right) - end, right->Type, 0 };
    }
    if (!Splice(List, first, last - first, count)) {
        return false;
    }
    memcpy(&List->Entries[first], pieces, count * sizeof(LOADER_MEMORY));
    for (uint32_t i = first + count; i-- > first;) {
        MergeWithNext(List, i);
    }
    if (first != 0) {
        MergeWithNext(List, first - 1);
    }
    return true;
}

static uint32_t KernelType(const FIRMWARE_MEMORY *Memory)
{
    if ((Memory->Attribute & ATTRIBUTE_RUNTIME) != 0) {
        return LOADER_MEMORY_RUNTIME;
    }
    switch (Memory->Type) {
    case EFI_LOADER_CODE:
    case EFI_LOADER_DATA:
    case EFI_BOOT_CODE:
    case EFI_BOOT_DATA:
    case EFI_CONVENTIONAL:
        /* Only write-back memory is ordinary memory; specific-purpose memory belongs to a driver. */
        return (Memory->Attribute & (ATTRIBUTE_WB | ATTRIBUTE_SPECIFIC_PURPOSE)) == ATTRIBUTE_WB ? LOADER_MEMORY_FREE
                                                                                                 : LOADER_MEMORY_RESERVED;
    case EFI_RUNTIME_CODE:
    case EFI_RUNTIME_DATA:
        return LOADER_MEMORY_RUNTIME;
    case EFI_ACPI_RECLAIM:
        return LOADER_MEMORY_ACPI_RECLAIM;
    case EFI_ACPI_NVS:
        return LOADER_MEMORY_ACPI_NVS;
    default:
        return LOADER_MEMORY_RESERVED;
    }
}

/* The descriptor's pages: whole ones only when free, every one touched otherwise; cut at the end of physical memory. */
static void KernelRange(const FIRMWARE_MEMORY *Memory, uint32_t Type, uint64_t *BasePage, uint64_t *Count)
{
    uint64_t base = Memory->PhysicalStart >> PAGE_SHIFT;
    uint64_t count = Memory->PageCount;
    bool ragged = (Memory->PhysicalStart & (PAGE_BYTES - 1)) != 0;

    if (ragged && Type == LOADER_MEMORY_FREE) {
        base++;
        count -= count != 0;
    }
    if (base >= MAX_PAGE) {
        base = MAX_PAGE;
    }
    if (count > MAX_PAGE - base) {
        count = MAX_PAGE - base;
    } else if (ragged && Type != LOADER_MEMORY_FREE && count != 0 && count < MAX_PAGE - base) {
        count++;
    }
    *BasePage = base;
    *Count = count;
}

static const FIRMWARE_MEMORY *Descriptor(const FIRMWARE_MAP *Map, size_t Index)
{
    return (const FIRMWARE_MEMORY *)((const uint8_t *)Map->Descriptors + Index * Map->Stride);
}

static bool PaintType(MEMORY_LIST *List, const FIRMWARE_MAP *Map, uint32_t Type)
{
    for (size_t i = 0; i < Map->Size / Map->Stride; i++) {
        const FIRMWARE_MEMORY *memory = Descriptor(Map, i);
        uint64_t base;
        uint64_t count;

        if (KernelType(memory) != Type) {
            continue;
        }
        KernelRange(memory, Type, &base, &count);
        if (!PaintMemory(List, base, count, Type)) {
            return false;
        }
    }
    return true;
}

bool ConvertFirmwareMap(MEMORY_LIST *List, const FIRMWARE_MAP *Map)
{
    for (uint32_t type = LOADER_MEMORY_FREE; type <= LOADER_MEMORY_RESERVED; type++) {
        if (!PaintType(List, Map, type)) {
            return false;
        }
    }
    return PaintMemory(List, 0, 1, LOADER_MEMORY_RESERVED);
}

uint64_t CountConventionalPages(const FIRMWARE_MAP *Map)
{
    uint64_t pages = 0;

    for (size_t i = 0; i < Map->Size / Map->Stride; i++) {
        const FIRMWARE_MEMORY *memory = Descriptor(Map, i);
        uint64_t base;
        uint64_t count;

        if (memory->Type == EFI_CONVENTIONAL) {
            KernelRange(memory, LOADER_MEMORY_FREE, &base, &count);
            pages += count;
        }
    }
    return pages;
}

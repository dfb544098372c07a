/* SPDX-License-Identifier: MIT
 * The kernel's memory descriptors, made from the firmware's memory map and the loader's own allocations. Pure.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../kernel/abi/loaderblock.h"

/* EFI_MEMORY_DESCRIPTOR (UEFI 2.10, 7.2.3); firmware may use a larger stride. */
typedef struct FIRMWARE_MEMORY {
    uint32_t Type, Padding;
    uint64_t PhysicalStart, VirtualStart, PageCount, Attribute;
} FIRMWARE_MEMORY;

typedef struct FIRMWARE_MAP {
    const void *Descriptors;
    size_t Size, Stride;             /* bytes; Stride >= sizeof(FIRMWARE_MEMORY) */
} FIRMWARE_MAP;

/* Sorted, without overlaps, neighbours of one type merged, at all times. */
typedef struct MEMORY_LIST {
    LOADER_MEMORY *Entries;
    uint32_t Count, Capacity;
} MEMORY_LIST;

/* Gives [BasePage, BasePage + PageCount) the type Type, whatever it was before. False when the list is full. */
bool PaintMemory(MEMORY_LIST *List, uint64_t BasePage, uint64_t PageCount, uint32_t Type);

/* Paints the firmware's map into an empty list. Where descriptors overlap the more restrictive type wins; page 0 is reserved. */
bool ConvertFirmwareMap(MEMORY_LIST *List, const FIRMWARE_MAP *Map);

/* Pages that are free for general use while boot services run (EfiConventionalMemory). */
uint64_t CountConventionalPages(const FIRMWARE_MAP *Map);

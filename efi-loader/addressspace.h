/* SPDX-License-Identifier: MIT
 * The address space the kernel starts in (docs/boot-flow.md).
 */
#pragma once
#include <stdint.h>
#include "images.h"
#include "pagetable.h"

typedef struct ADDRESS_SPACE {
    PAGE_TABLES Tables;
    uint64_t NextData;           /* first unused address of LOADER_DATA_REGION */
} ADDRESS_SPACE;

void CreateAddressSpace(ADDRESS_SPACE *Space);

/* Maps pages read-write, no-execute at the next addresses of the data region, and returns where. */
uint64_t MapData(ADDRESS_SPACE *Space, uint64_t Physical, uint64_t PageCount);

/* Allocates and maps the boot stack with an unmapped page below. Returns its highest address + 1. */
uint64_t MapBootStack(ADDRESS_SPACE *Space);

/* Maps each page of an image with the access its section asks for. */
void MapImage(ADDRESS_SPACE *Space, const BOOT_IMAGE *Image);

/* Maps the page that switches to these tables at its own physical address, read-execute. */
void MapSwitchPage(ADDRESS_SPACE *Space, uint64_t Address);

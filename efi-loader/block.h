/* SPDX-License-Identifier: MIT
 * The loader block in its final place.
 */
#pragma once
#include <stdint.h>
#include "../kernel/abi/loaderblock.h"
#include "addressspace.h"
#include "files.h"
#include "images.h"

typedef struct BLOCK_SOURCES {
    const BOOT_IMAGES *Images;
    const BOOT_FILES *Files;
    const char *Options;
} BLOCK_SOURCES;

typedef struct BLOCK_PLACE {
    LOADER_BLOCK *Block;         /* where the loader writes it */
    uint64_t Address;            /* where the kernel reads it */
    LOADER_MEMORY *Memory;       /* Block->MemoryAddress as the loader sees it */
    uint32_t MemoryCapacity;
} BLOCK_PLACE;

/* Allocates and maps the block with its arrays and strings, and fills in images, files, options and addresses. The caller
 * fills in what it measures itself, and the memory descriptors once they are final. The last user of *Space. */
void BuildBlock(const BLOCK_SOURCES *Sources, ADDRESS_SPACE *Space, BLOCK_PLACE *Place);

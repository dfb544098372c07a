/* SPDX-License-Identifier: MIT
 * The images the kernel starts with: loaded, relocated, bound against each other's exports.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "../pe/pe.h"
#include "config.h"

typedef struct BOOT_IMAGE {
    const char *Path;            /* as in boot.cfg */
    const char *Name;            /* the file name in Path */
    uint64_t Physical, Base;     /* where it is, where it will run */
    uint32_t Flags;              /* LOADER_IMAGE_... */
    PE_IMAGE Mapped;
} BOOT_IMAGE;

typedef struct BOOT_IMAGES {
    BOOT_IMAGE *Images;          /* kernel, HAL, libraries, drivers */
    uint32_t Count;
    uint64_t NextBase;           /* first unused slot of LOADER_IMAGE_REGION */
} BOOT_IMAGES;

/* Loads every image boot.cfg names and relocates each to a slot of its own. */
void LoadImages(const BOOT_CONFIG *Config, BOOT_IMAGES *Images);

/* Our own images must keep W^X; a file is ours when it is the kernel, the HAL, or lies in \petrel. */
bool IsOwnImage(const BOOT_IMAGE *Image);

/* Binds all imports and seeds the security cookies. Imports of libraries and drivers that nobody exports become 0. */
void BindImages(BOOT_IMAGES *Images, uint64_t CookieSeed);

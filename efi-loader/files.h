/* SPDX-License-Identifier: MIT
 * Files handed to the kernel unread.
 */
#pragma once
#include <stdint.h>
#include "addressspace.h"
#include "config.h"

typedef struct BOOT_FILE {
    const char *Path;
    uint64_t Address, Size;
    uint32_t Kind;               /* LOADER_FILE_KIND */
} BOOT_FILE;

typedef struct BOOT_FILES {
    BOOT_FILE *Files;
    uint32_t Count;
} BOOT_FILES;

/* Reads boot.cfg into *Config; its paths and options stay valid for good. */
void LoadBootConfig(BOOT_CONFIG *Config, const char **Options);

/* Reads the hive, the casing tables and every file= and test= into the data region. */
void LoadFiles(const BOOT_CONFIG *Config, ADDRESS_SPACE *Space, BOOT_FILES *Files);

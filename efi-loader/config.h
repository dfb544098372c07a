/* SPDX-License-Identifier: MIT
 * boot.cfg (docs/protocol.md): what the loader loads, and what it passes on. Pure.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONFIG_MAX_BYTES 0x10000u
#define CONFIG_OPTIONS_BYTES (CONFIG_MAX_BYTES + 2u)     /* all lines, one final newline, NUL */
#define CONFIG_MAX_ENTRIES 256u
#define CONFIG_MAX_PATH 255u

/* Keys that may stand once; an empty value switches the file off (never the kernel). */
typedef enum CONFIG_SINGLE {
    CONFIG_KERNEL,
    CONFIG_HAL,
    CONFIG_CASING,
    CONFIG_HIVE,
    CONFIG_SINGLE_COUNT
} CONFIG_SINGLE;

/* Keys that may stand any number of times. */
typedef enum CONFIG_KIND {
    CONFIG_LIBRARY,
    CONFIG_DRIVER,
    CONFIG_FILE,
    CONFIG_TEST,
    CONFIG_HIVE_LOG,
    CONFIG_KIND_COUNT
} CONFIG_KIND;

typedef struct CONFIG_ENTRY {
    const char *Path;
    CONFIG_KIND Kind;
} CONFIG_ENTRY;

typedef struct BOOT_CONFIG {
    const char *Single[CONFIG_SINGLE_COUNT];     /* path, or NULL when there is none */
    CONFIG_ENTRY Entries[CONFIG_MAX_ENTRIES];    /* in the order of the file */
    uint32_t EntryCount;
    size_t OptionsLength;                        /* bytes in Options, without its NUL */
} BOOT_CONFIG;

typedef struct CONFIG_ERROR {
    uint32_t Line;                               /* from 1 */
    const char *Reason;                          /* "..." as in "line 3 of boot.cfg ...", static storage */
} CONFIG_ERROR;

/* Parses Size <= CONFIG_MAX_BYTES bytes at Text, which has room for a NUL behind them. Text is changed, and the paths in *Config
 * lie in it. Options (CONFIG_OPTIONS_BYTES) receives the lines that are not the loader's as "key=value\n", NUL-terminated.
 * False: *Error says which line and why. */
bool ParseBootConfig(char *Text, size_t Size, char *Options, BOOT_CONFIG *Config, CONFIG_ERROR *Error);

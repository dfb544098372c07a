/* SPDX-License-Identifier: MIT
 * Builds PE32+ files in memory for the tests: every directory pe/ reads, with the places worth breaking noted by RVA.
 */
#pragma once
#include "../pe.h"

#define BUILDER_CAPACITY 0x90000u
#define BUILDER_MAX_SITES 64u
#define BUILDER_COOKIE 0x00002B992DDFA232ull

typedef enum BUILD_VARIANT {
    BUILD_FULL,          /* pages and sectors, every directory */
    BUILD_FLAT,          /* SectionAlignment = FileAlignment = 0x80 */
    BUILD_FLAT_SMALL,    /* 0x20 */
    BUILD_LARGE,         /* SectionAlignment 64 KiB, FileAlignment 4 KiB */
    BUILD_DRIVER,        /* what an old driver has: no relocations, exports, TLS, delay imports or load configuration */
    BUILD_MINIMAL,       /* one section and no directory */
    BUILD_VARIANT_COUNT
} BUILD_VARIANT;

typedef struct BUILDER {
    uint32_t SectionAlignment, FileAlignment;
    uint64_t ImageBase;
    uint32_t EntryRva;
    PE_RANGE Directories[PE_DIR_COUNT];

    /* Where things are, by RVA. */
    uint32_t ModuleName, HintName, Lookup, Slots, SecondLookup;
    uint32_t DelayName, DelayLookup, DelaySlots;
    uint32_t ExportNames, ExportOrdinals, ExportFunctions, FirstExportName, Forwarder;
    uint32_t Cookie, GuardCheck, GuardDispatch, TlsIndex, TlsCallbacks, TlsTemplate;
    uint32_t CodeView, ResourceData, ResourceDataEntry, ResourceString, Pointer, Unwind;

    /* The image as it will lie in memory, and the file made of it. */
    uint8_t Flat[BUILDER_CAPACITY];
    uint8_t File[BUILDER_CAPACITY];
    size_t FileSize;
    uint32_t NtOffset, Optional, SectionTable;     /* file offsets */

    PE_SECTION Sections[16];
    uint32_t SectionCount;
    uint32_t At;                                   /* next free RVA */
    uint32_t Sites[BUILDER_MAX_SITES];             /* RVAs of absolute addresses, ascending */
    uint32_t SiteCount;
} BUILDER;

/* Makes *Builder->File. Aborts when it does not fit, which is a bug of the builder. */
void BuildImage(BUILDER *Builder, BUILD_VARIANT Variant);

/* The file's byte that becomes Rva. */
uint8_t *BuilderAt(BUILDER *Builder, uint32_t Rva);

/* The raw header of a section. */
uint8_t *BuilderSection(BUILDER *Builder, uint32_t Index);

uint32_t Get32(const uint8_t *From);
void Put16(uint8_t *To, uint16_t Value);
void Put32(uint8_t *To, uint32_t Value);
void Put64(uint8_t *To, uint64_t Value);

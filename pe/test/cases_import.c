/* SPDX-License-Identifier: MIT
 * Rules 40 to 48: imports and delay imports.
 */
#include "cases.h"

#include <string.h>

static uint8_t *Descriptors(BUILDER *b) { return BuilderAt(b, b->Directories[PE_DIR_IMPORT].Rva); }
static uint8_t *DelayDescriptor(BUILDER *b) { return BuilderAt(b, b->Directories[PE_DIR_DELAY_IMPORT].Rva); }

/* A page of descriptors to the image's last byte. They share a name and an empty lookup table in what is left over behind them. */
static void UnendingTable(BUILDER *b)
{
    uint32_t base = b->Sections[0].Rva;
    uint8_t *bytes = b->File + b->Sections[0].FileOffset;
    memset(bytes, 0, PE_PAGE_SIZE);
    for (uint32_t at = 0; at + 20 <= PE_PAGE_SIZE; at += 20) {
        Put32(bytes + at, base + PE_PAGE_SIZE - 8);
        Put32(bytes + at + 12, base + PE_PAGE_SIZE - 16);
        Put32(bytes + at + 16, base);
    }
    bytes[PE_PAGE_SIZE - 16] = 'm';
    Put32(BuilderSection(b, 0) + 8, PE_PAGE_SIZE);
    Put32(BuilderSection(b, 0) + 16, PE_PAGE_SIZE);
    Put32(Directory(b, PE_DIR_IMPORT), base);
    b->FileSize = b->Sections[0].FileOffset + PE_PAGE_SIZE;
}

/* The same, but the last one ends the table. */
static void EndingTable(BUILDER *b)
{
    UnendingTable(b);
    memset(b->File + b->Sections[0].FileOffset + 203 * 20, 0, 20);
}

static void EmptyModuleName(BUILDER *b) { *BuilderAt(b, b->ModuleName) = 0; }
static void LongModuleName(BUILDER *b) { memset(BuilderAt(b, b->ModuleName), 'm', 300); }
static void LookupOutside(BUILDER *b) { Put32(Descriptors(b), 0x7FFFFFF0u); }
static void SlotsInHeaders(BUILDER *b) { Put32(Descriptors(b) + 16, 0x3F8); }
static void LowestSlots(BUILDER *b) { Put32(Descriptors(b) + 16, 0x400); }
static void LargestOrdinal(BUILDER *b) { Put64(BuilderAt(b, b->Lookup), (1ull << 63) | 0xFFFF); }
static void LargeOrdinal(BUILDER *b) { Put64(BuilderAt(b, b->Lookup), (1ull << 63) | 0x10000); }
static void NameOutside(BUILDER *b) { Put64(BuilderAt(b, b->Lookup), 0x100000000ull | b->HintName); }
static void BoundWithLookup(BUILDER *b) { Put32(Descriptors(b) + 4, 0xFFFFFFFFu); }
static void BoundWithoutLookup(BUILDER *b) { Put32(Descriptors(b) + 4, 0xFFFFFFFFu); Put32(Descriptors(b), 0); }
static void AbsoluteDelay(BUILDER *b) { Put32(DelayDescriptor(b), 0); }
static void MoreAttributes(BUILDER *b) { Put32(DelayDescriptor(b), 3); }

/* A bigger image: one section of descriptors that all share one lookup table of ordinals. */
static void ManyImports(BUILDER *b, uint32_t Modules, uint32_t Imports)
{
    uint32_t base = b->Sections[0].Rva;
    uint32_t lookup = base + (Modules + 1) * 20 + 16;
    uint32_t size = ((Modules + 1) * 20 + 16 + (Imports + 1) * 8 + 0x1FF) & ~0x1FFu;
    uint8_t *bytes = b->File + b->Sections[0].FileOffset;
    memset(bytes, 0, size);
    for (uint32_t i = 0; i < Modules; i++) {
        Put32(bytes + i * 20, lookup);
        Put32(bytes + i * 20 + 12, base + (Modules + 1) * 20);
        Put32(bytes + i * 20 + 16, base);
    }
    memcpy(bytes + (Modules + 1) * 20, "many.sys", 9);
    for (uint32_t i = 0; i < Imports; i++) {
        Put64(bytes + (lookup - base) + i * 8, (1ull << 63) | 1);
    }
    Put32(BuilderSection(b, 0) + 8, size);
    Put32(BuilderSection(b, 0) + 16, size);
    Put32(b->File + b->Optional + 56, base + ((size + 0xFFF) & ~0xFFFu));
    Put32(Directory(b, PE_DIR_IMPORT), base);
    b->FileSize = b->Sections[0].FileOffset + size;
}

static void LargestImports(BUILDER *b) { ManyImports(b, 0x1000, 0x10); }
static void TooManyImports(BUILDER *b) { ManyImports(b, 0x800, 0x21); }

const RULE_CASE ImportCases[] = {
    { PE_RULE_IMPORT_TABLE, PE_BAD_IMPORT, EndingTable, UnendingTable, NULL, BUILD_MINIMAL },
    { PE_RULE_IMPORT_MODULE, PE_BAD_IMPORT, NULL, EmptyModuleName, NULL, BUILD_FULL },
    { PE_RULE_IMPORT_MODULE, PE_BAD_IMPORT, NULL, LongModuleName, NULL, BUILD_FULL },
    { PE_RULE_IMPORT_LOOKUP, PE_BAD_IMPORT, NULL, LookupOutside, NULL, BUILD_FULL },
    { PE_RULE_IMPORT_SLOT, PE_BAD_IMPORT, LowestSlots, SlotsInHeaders, NULL, BUILD_FULL },
    { PE_RULE_IMPORT_ORDINAL, PE_BAD_IMPORT, LargestOrdinal, LargeOrdinal, NULL, BUILD_FULL },
    { PE_RULE_IMPORT_NAME, PE_BAD_IMPORT, NULL, NameOutside, NULL, BUILD_FULL },
    { PE_RULE_IMPORT_COUNT, PE_BAD_IMPORT, LargestImports, TooManyImports, NULL, BUILD_MINIMAL },
    { PE_RULE_IMPORT_BOUND, PE_BAD_IMPORT, BoundWithLookup, BoundWithoutLookup, NULL, BUILD_FULL },
    { PE_RULE_DELAY_ATTRIBUTES, PE_BAD_DELAY_IMPORT, MoreAttributes, AbsoluteDelay, NULL, BUILD_FULL },
};
const size_t ImportCaseCount = sizeof(ImportCases) / sizeof(ImportCases[0]);

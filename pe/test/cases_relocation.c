/* SPDX-License-Identifier: MIT
 * Rules 35 to 39: base relocations.
 */
#include "cases.h"

#include <string.h>

static uint8_t *Relocations(BUILDER *b) { return BuilderAt(b, b->Directories[PE_DIR_BASE_RELOC].Rva); }

/* The first block as one entry with room before the directory's end. */
static void OneEntry(BUILDER *b, uint32_t Page, uint16_t Entry)
{
    Put32(Relocations(b), Page);
    Put32(Relocations(b) + 4, 10);
    Put16(Relocations(b) + 8, Entry);
    Put32(Directory(b, PE_DIR_BASE_RELOC) + 4, 10);
}

static void EmptyBlock(BUILDER *b) { Put32(Relocations(b) + 4, 8); Put32(Directory(b, PE_DIR_BASE_RELOC) + 4, 8); }
static void SmallBlock(BUILDER *b) { Put32(Relocations(b) + 4, 7); }
/* The second block claims two bytes more than there are. */
static void LongLastBlock(BUILDER *b)
{
    uint32_t first = Get32(Relocations(b) + 4);
    Put32(Relocations(b) + first + 4, b->Directories[PE_DIR_BASE_RELOC].Size - first + 2);
}

static void WholeLastBlock(BUILDER *b)
{
    uint32_t first = Get32(Relocations(b) + 4);
    Put32(Relocations(b) + first + 4, b->Directories[PE_DIR_BASE_RELOC].Size - first);
    memset(Relocations(b) + first + 8, 0, b->Directories[PE_DIR_BASE_RELOC].Size - first - 8);
}

static void AbsoluteType(BUILDER *b) { OneEntry(b, 0xFFFFF000u, 0x0FFF); }
static void HighLow(BUILDER *b) { OneEntry(b, 0x1000, 0x3000); }
static void FirstTarget(BUILDER *b) { OneEntry(b, 0, 0xA000 | 0x400); }
static void HeaderTarget(BUILDER *b) { OneEntry(b, 0, 0xA000 | 0x3FF); }
static void BeforeDirectory(BUILDER *b) { OneEntry(b, b->Directories[PE_DIR_BASE_RELOC].Rva - 0x1000, 0xAFF8); }
static void IntoDirectory(BUILDER *b) { OneEntry(b, b->Directories[PE_DIR_BASE_RELOC].Rva - 0x1000, 0xAFF9); }
static void MarkUnalignedBase(BUILDER *b) { b->ImageBase = 0x7FF000000800ull; }
static void MarkHighBase(BUILDER *b) { b->ImageBase = 0xFFFFFFFF80001000ull; }

/* Relocates to Builder->ImageBase, which the file does not hold. */
static PE_STATUS RunRelocate(BUILDER *Builder, PE_RULE *Rule)
{
    static uint8_t memory[BUILDER_CAPACITY];
    PE_IMAGE image;
    PE_IMAGE mapped;
    PE_STATUS status = PeParse(Builder->File, Builder->FileSize, PE_LAYOUT_FILE, NULL, &image);
    if (status == PE_OK) {
        status = PeMap(&image, memory, sizeof(memory), &mapped);
    }
    if (status == PE_OK) {
        status = PeRelocate(&mapped, Builder->ImageBase);
        image.Rule = mapped.Rule;
    }
    *Rule = image.Rule;
    return status;
}

const RULE_CASE RelocationCases[] = {
    { PE_RULE_RELOC_BLOCK, PE_BAD_RELOCATION, EmptyBlock, SmallBlock, NULL, BUILD_FULL },
    { PE_RULE_RELOC_BLOCK, PE_BAD_RELOCATION, WholeLastBlock, LongLastBlock, NULL, BUILD_FULL },
    { PE_RULE_RELOC_TYPE, PE_BAD_RELOCATION, AbsoluteType, HighLow, NULL, BUILD_FULL },
    { PE_RULE_RELOC_TARGET, PE_BAD_RELOCATION, FirstTarget, HeaderTarget, NULL, BUILD_FULL },
    { PE_RULE_RELOC_SELF, PE_BAD_RELOCATION, BeforeDirectory, IntoDirectory, NULL, BUILD_FULL },
    { PE_RULE_RELOC_BASE, PE_BAD_RELOCATION, MarkHighBase, MarkUnalignedBase, RunRelocate, BUILD_FULL },
};
const size_t RelocationCaseCount = sizeof(RelocationCases) / sizeof(RelocationCases[0]);

/* SPDX-License-Identifier: MIT
 * Base relocations (PE format, "The .reloc Section"): blocks of a page RVA, a size and 16-bit entries.
 *
 *   | page RVA | block size | type:4 offset:12 | type:4 offset:12 | ...
 *
 * The same walk checks and, in a second pass, applies; no target may lie in the directory, so the second sees what the first saw.
 */
#include "pep.h"

enum {
    BLOCK_HEADER_SIZE = 8,
    TYPE_ABSOLUTE = 0,
    TYPE_DIR64 = 10,
    OPTIONAL_IMAGE_BASE = 24 + 24,    /* from the PE signature */
};

/* Checks one target; the eight bytes may cross a page. */
static PE_RULE PepCheckTarget(const PE_IMAGE *Image, uint64_t Target)
{
    PE_RANGE directory = Image->Directories[PE_DIR_BASE_RELOC];
    if (!PepInBody(Image, Target, 8)) {
        return PE_RULE_RELOC_TARGET;
    }
    if (Target + 8 > directory.Rva && Target < (uint64_t)directory.Rva + directory.Size) {
        return PE_RULE_RELOC_SELF;
    }
    return PE_RULE_NONE;
}

/* Walks the entries of one block. Delta 0 only checks. */
static PE_RULE PepWalkBlock(const PE_IMAGE *Image, const uint8_t *Block, uint32_t Size, uint64_t Delta)
{
    uint32_t page = PepRead32(Block);
    for (uint32_t at = BLOCK_HEADER_SIZE; at < Size; at += 2) {
        uint16_t entry = PepRead16(Block + at);
        if (entry >> 12 == TYPE_ABSOLUTE) {
            continue;
        }
        if (entry >> 12 != TYPE_DIR64) {
            return PE_RULE_RELOC_TYPE;
        }
        uint64_t target = (uint64_t)page + (entry & 0xFFFu);
        PE_RULE rule = PepCheckTarget(Image, target);
        if (rule != PE_RULE_NONE) {
            return rule;
        }
        if (Delta != 0) {
            uint8_t *slot = PepWritable(Image, (uint32_t)target);
            PepWrite64(slot, PepRead64(slot) + Delta);
        }
    }
    return PE_RULE_NONE;
}

static PE_RULE PepWalkRelocations(const PE_IMAGE *Image, uint64_t Delta)
{
    PE_RANGE directory = Image->Directories[PE_DIR_BASE_RELOC];
    if (directory.Size == 0) {
        return PE_RULE_NONE;
    }
    const uint8_t *bytes = PepAt(Image, directory.Rva, directory.Size);
    if (bytes == NULL) {
        return PE_RULE_RELOC_RANGE;
    }
    uint32_t at = 0;
    while (directory.Size - at >= BLOCK_HEADER_SIZE) {
        uint32_t size = PepRead32(bytes + at + 4);
        if (size == 0 && PepRead32(bytes + at) == 0) {
            break;    /* padding: some linkers round the directory's size up */
        }
        if (size < BLOCK_HEADER_SIZE || (size & 1) != 0 || size > directory.Size - at) {
            return PE_RULE_RELOC_BLOCK;
        }
        PE_RULE rule = PepWalkBlock(Image, bytes + at, size, Delta);
        if (rule != PE_RULE_NONE) {
            return rule;
        }
        at += size;
    }
    return PE_RULE_NONE;
}

PE_RULE PepCheckRelocations(const PE_IMAGE *Image)
{
    return PepWalkRelocations(Image, 0);
}

bool PeIsPositionIndependent(const PE_IMAGE *Image)
{
    return Image->Directories[PE_DIR_BASE_RELOC].Size == 0 && (Image->Characteristics & PE_FILE_RELOCS_STRIPPED) == 0;
}

/* Everything that can be wrong, before anything is written. */
static PE_RULE PepCheckMove(const PE_IMAGE *Mapped, uint64_t NewBase)
{
    if ((NewBase & (PE_PAGE_SIZE - 1)) != 0 || NewBase + Mapped->SizeOfImage < NewBase) {
        return PE_RULE_RELOC_BASE;
    }
    return PepWalkRelocations(Mapped, 0);
}

PE_STATUS PeRelocate(PE_IMAGE *Mapped, uint64_t NewBase)
{
    if (Mapped->Layout != PE_LAYOUT_MAPPED) {
        return PE_WRONG_LAYOUT;
    }
    uint64_t delta = NewBase - Mapped->ImageBase;
    if (delta == 0) {
        return PE_OK;
    }
    if (Mapped->Directories[PE_DIR_BASE_RELOC].Size == 0 && !PeIsPositionIndependent(Mapped)) {
        return PE_NO_RELOCATIONS;
    }
    PE_RULE rule = PepCheckMove(Mapped, NewBase);
    if (rule == PE_RULE_NONE) {
        rule = PepWalkRelocations(Mapped, delta);
    }
    if (rule != PE_RULE_NONE) {
        Mapped->Rule = rule;
        return PeRuleStatus(rule);
    }
    PepWrite64(PepWritable(Mapped, Mapped->NtHeaderOffset + OPTIONAL_IMAGE_BASE), NewBase);
    Mapped->ImageBase = NewBase;
    return PE_OK;
}

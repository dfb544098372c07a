/* SPDX-License-Identifier: MIT
 * The section table: ascending, adjacent, inside the image and backed by the file.
 *
 * With a SectionAlignment of less than a page the file is mapped as it is, so file offsets are RVAs and nothing has to be adjacent.
 */
#include "pep.h"

enum { SECTION_HEADER_SIZE = 40, SECTION_NAME_SIZE = 8 };

/* Reads one header. VirtualSize and FileSize become what the view promises; RawSize is the file's own SizeOfRawData. */
static void PepReadSection(const uint8_t *Raw, uint32_t SectionAlignment, PE_SECTION *Section, uint32_t *RawSize)
{
    PepCopy((uint8_t *)Section->Name, Raw, SECTION_NAME_SIZE);
    Section->Name[SECTION_NAME_SIZE] = 0;
    Section->VirtualSize = PepRead32(Raw + 8);
    Section->Rva = PepRead32(Raw + 12);
    *RawSize = PepRead32(Raw + 16);
    Section->FileOffset = PepRead32(Raw + 20);
    Section->Characteristics = PepRead32(Raw + 36);
    if (Section->VirtualSize == 0) {
        Section->VirtualSize = *RawSize;
    }
    if (Section->FileOffset == 0) {
        *RawSize = 0;    /* old GNU linkers give .bss a raw size and no offset */
    }
    uint64_t extent = PepAlignUp(Section->VirtualSize, SectionAlignment < PE_PAGE_SIZE ? SectionAlignment : PE_PAGE_SIZE);
    Section->FileSize = *RawSize < extent ? *RawSize : (uint32_t)extent;
    if (*RawSize == 0) {
        Section->FileOffset = 0;
    }
}

/* End is the aligned end of what lies before the section: the headers when First, else the section before it. */
static PE_RULE PepCheckPlace(const PE_IMAGE *Image, const PE_SECTION *Section, uint64_t End, bool First)
{
    if (Section->VirtualSize == 0) {
        return PE_RULE_SECTION_EXTENT;
    }
    if ((Section->Rva & (Image->SectionAlignment - 1)) != 0) {
        return PE_RULE_SECTION_ALIGNED;
    }
    if (Section->Rva < End) {
        return PE_RULE_SECTION_ORDER;
    }
    if (!First && Section->Rva != End && Image->SectionAlignment >= PE_PAGE_SIZE) {
        return PE_RULE_SECTION_ADJACENT;
    }
    if (!PepInside(Section->Rva, Section->VirtualSize, 0, Image->SizeOfImage)) {
        return PE_RULE_SECTION_IN_IMAGE;
    }
    return PE_RULE_NONE;
}

static PE_RULE PepCheckFilePart(const PE_IMAGE *Image, const PE_SECTION *Section, uint32_t RawSize)
{
    if (RawSize == 0) {
        return PE_RULE_NONE;
    }
    if ((Section->FileOffset & (Image->FileAlignment - 1)) != 0) {
        return PE_RULE_SECTION_FILE_ALIGNED;
    }
    if (Image->SectionAlignment < PE_PAGE_SIZE && Section->FileOffset != Section->Rva) {
        return PE_RULE_SECTION_FLAT;
    }
    if (Image->Layout == PE_LAYOUT_FILE && !PepInside(Section->FileOffset, RawSize, 0, Image->Size)) {
        return PE_RULE_SECTION_BACKED;
    }
    return PE_RULE_NONE;
}

PE_RULE PepParseSections(PE_IMAGE *Image, const uint8_t *Table)
{
    uint64_t end = PepAlignUp(Image->SizeOfHeaders, Image->SectionAlignment);
    for (uint32_t i = 0; i < Image->SectionCount; i++) {
        PE_SECTION *section = &Image->Sections[i];
        uint32_t rawSize;
        PepReadSection(Table + (size_t)i * SECTION_HEADER_SIZE, Image->SectionAlignment, section, &rawSize);
        PE_RULE rule = PepCheckPlace(Image, section, end, i == 0);
        if (rule == PE_RULE_NONE) {
            rule = PepCheckFilePart(Image, section, rawSize);
        }
        if (rule != PE_RULE_NONE) {
            return rule;
        }
        end = PepAlignUp((uint64_t)section->Rva + section->VirtualSize, Image->SectionAlignment);
    }
    return PE_RULE_NONE;
}

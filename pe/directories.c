/* SPDX-License-Identifier: MIT
 * The data directories' extents. Those a loader acts on must lie in the image; the others (resources, debug, IAT, security) are
 * information, and one that lies elsewhere counts as absent.
 */
#include "pep.h"

enum { IMPORT_DESCRIPTOR_SIZE = 20, DELAY_DESCRIPTOR_SIZE = 32 };

/* The rule an essential directory breaks by lying outside the image; PE_RULE_NONE marks the others. */
static const PE_RULE RangeRules[PE_DIR_COUNT] = {
    [PE_DIR_EXPORT] = PE_RULE_EXPORT_RANGE,
    [PE_DIR_IMPORT] = PE_RULE_IMPORT_RANGE,
    [PE_DIR_EXCEPTION] = PE_RULE_EXCEPTION_RANGE,
    [PE_DIR_BASE_RELOC] = PE_RULE_RELOC_RANGE,
    [PE_DIR_TLS] = PE_RULE_TLS_RANGE,
    [PE_DIR_LOAD_CONFIG] = PE_RULE_LOAD_CONFIG_RANGE,
    [PE_DIR_DELAY_IMPORT] = PE_RULE_DELAY_RANGE,
};

/* Import tables end with a null descriptor, so some linkers leave their size 0. */
static uint32_t PepSmallestSize(uint32_t Index)
{
    switch (Index) {
    case PE_DIR_IMPORT:
        return IMPORT_DESCRIPTOR_SIZE;
    case PE_DIR_DELAY_IMPORT:
        return DELAY_DESCRIPTOR_SIZE;
    default:
        return 0;
    }
}

static bool PepRangeFits(const PE_IMAGE *Image, uint32_t Index, PE_RANGE Range)
{
    if (Index == PE_DIR_SECURITY) {
        return Image->Layout != PE_LAYOUT_FILE || PepInside(Range.Rva, Range.Size, 0, Image->Size);
    }
    if (Index == PE_DIR_EXCEPTION && (Range.Rva & 3) != 0) {
        return false;
    }
    return PepInside(Range.Rva, Range.Size, 0, Image->SizeOfImage);
}

PE_RULE PepParseDirectories(PE_IMAGE *Image, const uint8_t *RawDirectories, uint32_t Count)
{
    for (uint32_t i = 0; i < Count; i++) {
        PE_RANGE range = { PepRead32(RawDirectories + (size_t)i * 8), PepRead32(RawDirectories + (size_t)i * 8 + 4) };
        uint32_t smallest = PepSmallestSize(i);
        if (range.Size < smallest) {
            range.Size = smallest;
        }
        if (range.Rva == 0 || range.Size == 0) {
            continue;
        }
        if (PepRangeFits(Image, i, range)) {
            Image->Directories[i] = range;
        } else if (RangeRules[i] != PE_RULE_NONE) {
            return RangeRules[i];
        }
    }
    return PE_RULE_NONE;
}

/* SPDX-License-Identifier: MIT
 * The debug directory (PE format, "The .debug Section"), for the CodeView record that names the PDB:
 *
 *   | "RSDS" | GUID 16 | age u32 | path ... NUL |
 */
#include "pep.h"

enum {
    DEBUG_ENTRY_SIZE = 28,
    DEBUG_TYPE_CODEVIEW = 2,
    CODEVIEW_FIXED_SIZE = 24,
};

#define CODEVIEW_SIGNATURE 0x53445352u    /* "RSDS" */

/* An entry's bytes: by RVA, or by file offset when it is not mapped. NULL when there are none. */
static const uint8_t *PepDebugData(const PE_IMAGE *Image, const uint8_t *Entry, uint32_t Size)
{
    uint32_t rva = PepRead32(Entry + 20);
    uint32_t offset = PepRead32(Entry + 24);
    if (rva != 0) {
        return PepAt(Image, rva, Size);
    }
    if (Image->Layout == PE_LAYOUT_FILE && offset != 0 && PepInside(offset, Size, 0, Image->Size)) {
        return Image->Data + offset;
    }
    return NULL;
}

static bool PepHasNul(const uint8_t *Bytes, uint32_t Size)
{
    for (uint32_t i = 0; i < Size; i++) {
        if (Bytes[i] == 0) {
            return true;
        }
    }
    return false;
}

/* Reads a CodeView entry. *Found stays false for older formats and for data that is not in the image. */
static PE_RULE PepReadCodeView(const PE_IMAGE *Image, const uint8_t *Entry, PE_CODEVIEW *CodeView, bool *Found)
{
    uint32_t size = PepRead32(Entry + 16);
    const uint8_t *record = PepDebugData(Image, Entry, size);
    if (record == NULL || size < 4 || PepRead32(record) != CODEVIEW_SIGNATURE) {
        return PE_RULE_NONE;
    }
    if (size < CODEVIEW_FIXED_SIZE || !PepHasNul(record + CODEVIEW_FIXED_SIZE, size - CODEVIEW_FIXED_SIZE)) {
        return PE_RULE_DEBUG_CODEVIEW;
    }
    PepCopy(CodeView->Guid, record + 4, sizeof(CodeView->Guid));
    CodeView->Age = PepRead32(record + 20);
    CodeView->PdbPath = (const char *)record + CODEVIEW_FIXED_SIZE;
    *Found = true;
    return PE_RULE_NONE;
}

static PE_RULE PepSearchDebug(const PE_IMAGE *Image, PE_CODEVIEW *CodeView, bool *Found)
{
    PE_RANGE directory = Image->Directories[PE_DIR_DEBUG];
    const uint8_t *bytes = PepAt(Image, directory.Rva, directory.Size);
    if (bytes == NULL || directory.Size < DEBUG_ENTRY_SIZE) {
        return PE_RULE_DEBUG_TABLE;
    }
    PE_RULE rule = PE_RULE_NONE;
    for (uint32_t at = 0; directory.Size - at >= DEBUG_ENTRY_SIZE && rule == PE_RULE_NONE && !*Found; at += DEBUG_ENTRY_SIZE) {
        if (PepRead32(bytes + at + 12) == DEBUG_TYPE_CODEVIEW) {
            rule = PepReadCodeView(Image, bytes + at, CodeView, Found);
        }
    }
    return rule;
}

PE_RULE PepCheckDebug(const PE_IMAGE *Image)
{
    PE_CODEVIEW codeView;
    bool found = false;
    return Image->Directories[PE_DIR_DEBUG].Size == 0 ? PE_RULE_NONE : PepSearchDebug(Image, &codeView, &found);
}

PE_STATUS PeGetCodeView(const PE_IMAGE *Image, PE_CODEVIEW *CodeView)
{
    PE_CODEVIEW codeView;
    bool found = false;
    if (Image->Directories[PE_DIR_DEBUG].Size == 0) {
        return PE_NOT_FOUND;
    }
    PE_RULE rule = PepSearchDebug(Image, &codeView, &found);
    if (rule != PE_RULE_NONE || !found) {
        return rule != PE_RULE_NONE ? PeRuleStatus(rule) : PE_NOT_FOUND;
    }
    *CodeView = codeView;
    return PE_OK;
}

/* SPDX-License-Identifier: MIT
 * Walking imports (PE format, "The .idata Section") and delay imports ("Delay-Load Import Tables").
 *
 *   descriptor: lookup table ---> | by name: RVA of hint+name | bit 63 and ordinal | 0 |
 *               address table --> | slot                      | slot               | 0 |
 *
 * Descriptors and thunks end with a null entry, not with the directory's size; totals are bounded, since descriptors may share
 * tables. While an image is being bound a hostile slot may lie over the strings, so each import is checked anew.
 */
#include "pep.h"

enum { DESCRIPTOR_SIZE = 20, DELAY_DESCRIPTOR_SIZE = 32, DELAY_RVA_BASED = 1, THUNK_SIZE = 8 };

#define THUNK_ORDINAL (1ull << 63)

/* One descriptor of either kind. */
typedef struct IMPORT_MODULE {
    uint32_t NameRva, LookupRva, SlotRva;
} IMPORT_MODULE;

typedef struct IMPORT_WALK {
    const PE_IMAGE *Image;
    PE_IMPORT_CALLBACK *Visit;
    void *Context;
    PE_IMPORT Import;         /* what Visit sees; Index counts on in it */
    bool Stopped;
} IMPORT_WALK;

/* Reads an ordinary descriptor. *End is set for the null one. */
static PE_RULE PepReadDescriptor(const PE_IMAGE *Image, uint64_t Rva, IMPORT_MODULE *Module, bool *End)
{
    const uint8_t *raw = PepAt(Image, Rva, DESCRIPTOR_SIZE);
    if (raw == NULL) {
        return PE_RULE_IMPORT_TABLE;
    }
    uint32_t lookup = PepRead32(raw);
    uint32_t bound = PepRead32(raw + 4);
    Module->NameRva = PepRead32(raw + 12);
    Module->SlotRva = PepRead32(raw + 16);
    Module->LookupRva = lookup != 0 ? lookup : Module->SlotRva;
    *End = Module->NameRva == 0 || Module->SlotRva == 0;
    return !*End && lookup == 0 && bound != 0 ? PE_RULE_IMPORT_BOUND : PE_RULE_NONE;
}

static PE_RULE PepReadDelayDescriptor(const PE_IMAGE *Image, uint64_t Rva, IMPORT_MODULE *Module, bool *End)
{
    const uint8_t *raw = PepAt(Image, Rva, DELAY_DESCRIPTOR_SIZE);
    if (raw == NULL) {
        return PE_RULE_IMPORT_TABLE;
    }
    Module->NameRva = PepRead32(raw + 4);
    Module->SlotRva = PepRead32(raw + 12);
    Module->LookupRva = PepRead32(raw + 16);
    *End = Module->NameRva == 0;
    return !*End && (PepRead32(raw) & DELAY_RVA_BASED) == 0 ? PE_RULE_DELAY_ATTRIBUTES : PE_RULE_NONE;
}

/* Fills the name or ordinal of Import from a lookup entry. */
static PE_RULE PepReadThunk(const PE_IMAGE *Image, uint64_t Thunk, PE_IMPORT *Import)
{
    if ((Thunk & THUNK_ORDINAL) != 0) {
        if ((Thunk & ~THUNK_ORDINAL) > 0xFFFF) {
            return PE_RULE_IMPORT_ORDINAL;
        }
        Import->Name = NULL;
        Import->Ordinal = (uint16_t)Thunk;
        Import->Hint = 0;
        return PE_RULE_NONE;
    }
    if (Thunk >= Image->SizeOfImage) {
        return PE_RULE_IMPORT_NAME;
    }
    const uint8_t *hint = PepAt(Image, Thunk, 2);
    Import->Name = PepString(Image, Thunk + 2, PEP_MAX_NAME);
    if (hint == NULL || Import->Name == NULL) {
        return PE_RULE_IMPORT_NAME;
    }
    Import->Hint = PepRead16(hint);
    Import->Ordinal = 0;
    return PE_RULE_NONE;
}

static PE_RULE PepVisitThunk(IMPORT_WALK *Walk, const IMPORT_MODULE *Module, uint64_t Thunk, uint64_t SlotRva)
{
    PE_IMPORT *import = &Walk->Import;
    if (import->Index >= PEP_MAX_IMPORTS) {
        return PE_RULE_IMPORT_COUNT;
    }
    import->Module = PepString(Walk->Image, Module->NameRva, PEP_MAX_MODULE_NAME);
    if (import->Module == NULL) {
        return PE_RULE_IMPORT_MODULE;
    }
    PE_RULE rule = PepReadThunk(Walk->Image, Thunk, import);
    if (rule != PE_RULE_NONE) {
        return rule;
    }
    if (!PepInBody(Walk->Image, SlotRva, THUNK_SIZE)) {
        return PE_RULE_IMPORT_SLOT;
    }
    import->SlotRva = (uint32_t)SlotRva;
    Walk->Stopped = Walk->Visit != NULL && !Walk->Visit(Walk->Context, import);
    import->Index++;
    return PE_RULE_NONE;
}

static PE_RULE PepWalkModule(IMPORT_WALK *Walk, const IMPORT_MODULE *Module)
{
    if (PepString(Walk->Image, Module->NameRva, PEP_MAX_MODULE_NAME) == NULL) {
        return PE_RULE_IMPORT_MODULE;
    }
    uint32_t available;
    const uint8_t *thunks = PepSpan(Walk->Image, Module->LookupRva, &available);
    if (thunks == NULL) {
        return PE_RULE_IMPORT_LOOKUP;
    }
    for (uint32_t at = 0; available - at >= THUNK_SIZE; at += THUNK_SIZE) {
        uint64_t thunk = PepRead64(thunks + at);
        if (thunk == 0) {
            return PE_RULE_NONE;
        }
        PE_RULE rule = PepVisitThunk(Walk, Module, thunk, (uint64_t)Module->SlotRva + at);
        if (rule != PE_RULE_NONE || Walk->Stopped) {
            return rule;
        }
    }
    return PE_RULE_IMPORT_LOOKUP;
}

PE_RULE PepWalkImports(const PE_IMAGE *Image, bool Delay, PE_IMPORT_CALLBACK *Visit, void *Context, uint32_t *Index)
{
    PE_RANGE directory = Image->Directories[Delay ? PE_DIR_DELAY_IMPORT : PE_DIR_IMPORT];
    IMPORT_WALK walk = { .Image = Image, .Visit = Visit, .Context = Context, .Import = { .Index = *Index, .Delay = Delay } };
    if (directory.Size == 0) {
        return PE_RULE_NONE;
    }
    uint32_t stride = Delay ? DELAY_DESCRIPTOR_SIZE : DESCRIPTOR_SIZE;
    for (uint32_t i = 0; i <= PEP_MAX_IMPORT_MODULES; i++) {
        uint64_t rva = (uint64_t)directory.Rva + (uint64_t)i * stride;
        IMPORT_MODULE module;
        bool end;
        PE_RULE rule = Delay ? PepReadDelayDescriptor(Image, rva, &module, &end) : PepReadDescriptor(Image, rva, &module, &end);
        if (rule == PE_RULE_NONE && !end && i < PEP_MAX_IMPORT_MODULES) {
            rule = PepWalkModule(&walk, &module);
        }
        *Index = walk.Import.Index;
        if (rule != PE_RULE_NONE || end || walk.Stopped) {
            return rule;
        }
    }
    return PE_RULE_IMPORT_COUNT;
}

PE_RULE PepCheckImports(const PE_IMAGE *Image)
{
    uint32_t index = 0;
    return PepWalkImports(Image, false, NULL, NULL, &index);
}

PE_RULE PepCheckDelayImports(const PE_IMAGE *Image)
{
    uint32_t index = 0;
    return PepWalkImports(Image, true, NULL, NULL, &index);
}

PE_STATUS PeEnumerateImports(const PE_IMAGE *Image, PE_IMPORT_CALLBACK *Callback, void *Context)
{
    uint32_t index = 0;
    return PeRuleStatus(PepWalkImports(Image, false, Callback, Context, &index));
}

PE_STATUS PeEnumerateDelayImports(const PE_IMAGE *Image, PE_IMPORT_CALLBACK *Callback, void *Context)
{
    uint32_t index = 0;
    PE_RULE rule = PepWalkImports(Image, false, NULL, NULL, &index);
    if (rule != PE_RULE_NONE) {
        return PeRuleStatus(rule);
    }
    return PepDelayStatus(PepWalkImports(Image, true, Callback, Context, &index));
}

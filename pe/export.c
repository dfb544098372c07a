/* SPDX-License-Identifier: MIT
 * The export directory (PE format, "The .edata Section").
 *
 *   names ----> | RVA | RVA | ...      sorted by unsigned bytes
 *   ordinals -> | u16 | u16 | ...      same index; not biased
 *                   |
 *   functions > | RVA | RVA | ...      index + base = ordinal; 0 = hole; inside the directory = forwarder
 */
#include "pep.h"

enum {
    EXPORT_DIRECTORY_SIZE = 40,
    ORDINALS_A_PASS = 8192,       /* of the walk over nameless exports: a bitmap of 1 KiB on the stack */
};

typedef struct EXPORT_TABLE {
    const PE_IMAGE *Image;
    PE_RANGE Directory;
    uint32_t Base, FunctionCount, NameCount;
    const uint8_t *Functions, *Names, *Ordinals;
} EXPORT_TABLE;

static PE_RULE PepLocateTables(EXPORT_TABLE *Table, const uint8_t *Raw)
{
    const PE_IMAGE *image = Table->Image;
    if (Table->FunctionCount > PEP_MAX_EXPORTS || Table->NameCount > PEP_MAX_EXPORTS) {
        return PE_RULE_EXPORT_COUNT;
    }
    if (Table->FunctionCount != 0) {
        Table->Functions = PepAt(image, PepRead32(Raw + 28), (uint64_t)Table->FunctionCount * 4);
        if (Table->Functions == NULL) {
            return PE_RULE_EXPORT_FUNCTIONS;
        }
    }
    if (Table->NameCount != 0) {
        Table->Names = PepAt(image, PepRead32(Raw + 32), (uint64_t)Table->NameCount * 4);
        Table->Ordinals = PepAt(image, PepRead32(Raw + 36), (uint64_t)Table->NameCount * 2);
        if (Table->Names == NULL || Table->Ordinals == NULL) {
            return PE_RULE_EXPORT_NAMES;
        }
    }
    return PE_RULE_NONE;
}

/* An image without exports gives an empty table. */
static PE_RULE PepOpenExports(const PE_IMAGE *Image, EXPORT_TABLE *Table)
{
    *Table = (EXPORT_TABLE){ .Image = Image, .Directory = Image->Directories[PE_DIR_EXPORT] };
    if (Table->Directory.Size == 0) {
        return PE_RULE_NONE;
    }
    const uint8_t *raw = PepAt(Image, Table->Directory.Rva, EXPORT_DIRECTORY_SIZE);
    if (raw == NULL || Table->Directory.Size < EXPORT_DIRECTORY_SIZE) {
        return PE_RULE_EXPORT_HEADER;
    }
    Table->Base = PepRead32(raw + 16);
    Table->FunctionCount = PepRead32(raw + 20);
    Table->NameCount = PepRead32(raw + 24);
    if (Table->Base + Table->FunctionCount < Table->Base) {
        return PE_RULE_EXPORT_HEADER;
    }
    return PepLocateTables(Table, raw);
}

/* "module.name" or "module.#ordinal" with neither part empty. */
static bool PepIsForwarder(const char *Text)
{
    char module[PEP_MAX_MODULE_NAME + 1];
    const char *name;
    uint32_t ordinal;
    return PeSplitForwarder(Text, module, sizeof(module), &name, &ordinal) == PE_OK;
}

/* Describes the function at Index, which is below FunctionCount. *Hole is set when the ordinal is unused. */
static PE_RULE PepDescribeExport(const EXPORT_TABLE *Table, uint32_t Index, PE_EXPORT *Export, bool *Hole)
{
    uint32_t rva = PepRead32(Table->Functions + (size_t)Index * 4);
    *Export = (PE_EXPORT){ .Rva = rva, .Ordinal = Table->Base + Index };
    *Hole = rva == 0;
    if (rva >= Table->Image->SizeOfImage) {
        return PE_RULE_EXPORT_TARGET;
    }
    if (rva < Table->Directory.Rva || rva - Table->Directory.Rva >= Table->Directory.Size) {
        return PE_RULE_NONE;
    }
    Export->Rva = 0;
    Export->Forwarder = PepString(Table->Image, rva, PEP_MAX_NAME);
    if (Export->Forwarder == NULL || !PepIsForwarder(Export->Forwarder)) {
        return PE_RULE_EXPORT_FORWARDER;
    }
    return PE_RULE_NONE;
}

static PE_RULE PepExportName(const EXPORT_TABLE *Table, uint32_t Index, const char **Name)
{
    *Name = PepString(Table->Image, PepRead32(Table->Names + (size_t)Index * 4), PEP_MAX_NAME);
    return *Name == NULL ? PE_RULE_EXPORT_NAME : PE_RULE_NONE;
}

static PE_RULE PepDescribeNamed(const EXPORT_TABLE *Table, uint32_t NameIndex, PE_EXPORT *Export, bool *Hole)
{
    uint32_t index = PepRead16(Table->Ordinals + (size_t)NameIndex * 2);
    if (index >= Table->FunctionCount) {
        return PE_RULE_EXPORT_ORDINAL;
    }
    return PepDescribeExport(Table, index, Export, Hole);
}

bool PepExportNamesSorted(const PE_IMAGE *Image)
{
    EXPORT_TABLE table;
    const char *before = NULL;
    if (PepOpenExports(Image, &table) != PE_RULE_NONE) {
        return false;
    }
    for (uint32_t i = 0; i < table.NameCount; i++) {
        const char *name;
        if (PepExportName(&table, i, &name) != PE_RULE_NONE || (before != NULL && PepCompare(before, name) >= 0)) {
            return false;
        }
        before = name;
    }
    return true;
}

/* The name's index in *Index, or NameCount when it is not there. */
static PE_RULE PepSearchSorted(const EXPORT_TABLE *Table, const char *Name, uint32_t *Index)
{
    uint32_t low = 0;
    uint32_t high = Table->NameCount;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const char *name;
        PE_RULE rule = PepExportName(Table, middle, &name);
        if (rule != PE_RULE_NONE) {
            return rule;
        }
        int order = PepCompare(Name, name);
        if (order == 0) {
            *Index = middle;
            return PE_RULE_NONE;
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    *Index = Table->NameCount;
    return PE_RULE_NONE;
}

static PE_RULE PepSearchAll(const EXPORT_TABLE *Table, const char *Name, uint32_t *Index)
{
    for (uint32_t i = 0; i < Table->NameCount; i++) {
        const char *name;
        PE_RULE rule = PepExportName(Table, i, &name);
        if (rule != PE_RULE_NONE) {
            return rule;
        }
        if (PepCompare(Name, name) == 0) {
            *Index = i;
            return PE_RULE_NONE;
        }
    }
    *Index = Table->NameCount;
    return PE_RULE_NONE;
}

PE_STATUS PeFindExportByName(const PE_IMAGE *Image, const char *Name, PE_EXPORT *Export)
{
    EXPORT_TABLE table;
    uint32_t index = 0;
    bool hole = false;
    PE_EXPORT found = { 0 };
    PE_RULE rule = PepOpenExports(Image, &table);
    if (rule == PE_RULE_NONE) {
        rule = Image->ExportNamesSorted ? PepSearchSorted(&table, Name, &index) : PepSearchAll(&table, Name, &index);
    }
    if (rule == PE_RULE_NONE && index == table.NameCount) {
        return PE_NOT_FOUND;
    }
    if (rule == PE_RULE_NONE) {
        rule = PepDescribeNamed(&table, index, &found, &hole);
    }
    if (rule != PE_RULE_NONE || hole) {
        return rule != PE_RULE_NONE ? PeRuleStatus(rule) : PE_NOT_FOUND;
    }
    *Export = found;
    return PE_OK;
}

PE_STATUS PeFindExportByOrdinal(const PE_IMAGE *Image, uint32_t Ordinal, PE_EXPORT *Export)
{
    EXPORT_TABLE table;
    bool hole;
    PE_EXPORT found;
    PE_RULE rule = PepOpenExports(Image, &table);
    if (rule != PE_RULE_NONE) {
        return PeRuleStatus(rule);
    }
    if (Ordinal < table.Base || Ordinal - table.Base >= table.FunctionCount) {
        return PE_NOT_FOUND;
    }
    rule = PepDescribeExport(&table, Ordinal - table.Base, &found, &hole);
    if (rule != PE_RULE_NONE || hole) {
        return rule != PE_RULE_NONE ? PeRuleStatus(rule) : PE_NOT_FOUND;
    }
    *Export = found;
    return PE_OK;
}

/* Clears *Continue when Callback wants no more. Callback may be NULL. */
static PE_RULE PepVisitNamed(const EXPORT_TABLE *Table, PE_EXPORT_CALLBACK *Callback, void *Context, bool *Continue)
{
    for (uint32_t i = 0; i < Table->NameCount && *Continue; i++) {
        const char *name;
        PE_EXPORT found;
        bool hole;
        PE_RULE rule = PepExportName(Table, i, &name);
        if (rule == PE_RULE_NONE) {
            rule = PepDescribeNamed(Table, i, &found, &hole);
        }
        if (rule != PE_RULE_NONE) {
            return rule;
        }
        *Continue = hole || Callback == NULL || Callback(Context, name, &found);
    }
    return PE_RULE_NONE;
}

/* Marks in Named the functions of [First, First + ORDINALS_A_PASS) that have a name. */
static void PepMarkNamed(const EXPORT_TABLE *Table, uint32_t First, uint8_t *Named)
{
    PepZero(Named, ORDINALS_A_PASS / 8);
    for (uint32_t i = 0; i < Table->NameCount; i++) {
        uint32_t index = PepRead16(Table->Ordinals + (size_t)i * 2);
        if (index >= First && index - First < ORDINALS_A_PASS) {
            Named[(index - First) / 8] |= (uint8_t)(1u << (index % 8));
        }
    }
}

static PE_RULE PepVisitNameless(const EXPORT_TABLE *Table, PE_EXPORT_CALLBACK *Callback, void *Context, bool *Continue)
{
    uint8_t named[ORDINALS_A_PASS / 8];
    for (uint32_t i = 0; i < Table->FunctionCount && *Continue; i++) {
        if (i % ORDINALS_A_PASS == 0) {
            PepMarkNamed(Table, i, named);
        }
        if ((named[i % ORDINALS_A_PASS / 8] & (1u << (i % 8))) != 0) {
            continue;
        }
        PE_EXPORT found;
        bool hole;
        PE_RULE rule = PepDescribeExport(Table, i, &found, &hole);
        if (rule != PE_RULE_NONE) {
            return rule;
        }
        *Continue = hole || Callback == NULL || Callback(Context, NULL, &found);
    }
    return PE_RULE_NONE;
}

static PE_RULE PepWalkExports(const PE_IMAGE *Image, PE_EXPORT_CALLBACK *Callback, void *Context)
{
    EXPORT_TABLE table;
    bool proceed = true;
    PE_RULE rule = PepOpenExports(Image, &table);
    if (rule == PE_RULE_NONE) {
        rule = PepVisitNamed(&table, Callback, Context, &proceed);
    }
    if (rule == PE_RULE_NONE) {
        rule = PepVisitNameless(&table, Callback, Context, &proceed);
    }
    return rule;
}

PE_RULE PepCheckExports(const PE_IMAGE *Image)
{
    return PepWalkExports(Image, NULL, NULL);
}

PE_STATUS PeEnumerateExports(const PE_IMAGE *Image, PE_EXPORT_CALLBACK *Callback, void *Context)
{
    return PeRuleStatus(PepWalkExports(Image, Callback, Context));
}

const char *PeExportModuleName(const PE_IMAGE *Image)
{
    PE_RANGE directory = Image->Directories[PE_DIR_EXPORT];
    const uint8_t *raw = PepAt(Image, directory.Rva, EXPORT_DIRECTORY_SIZE);
    if (directory.Size < EXPORT_DIRECTORY_SIZE || raw == NULL) {
        return NULL;
    }
    return PepString(Image, PepRead32(raw + 12), PEP_MAX_MODULE_NAME);
}

/* SPDX-License-Identifier: MIT
 * The exception table (PE format, "The .pdata Section"): RUNTIME_FUNCTIONs in ascending order. Lookup trusts nothing; null entries
 * at the end, which some tools leave as padding, count as lying behind every function.
 */
#include "pep.h"

enum { RUNTIME_FUNCTION_SIZE = 12 };

_Static_assert(sizeof(PE_RUNTIME_FUNCTION) == RUNTIME_FUNCTION_SIZE, "the view is the table");

/* The table's first entry, or NULL. A file may be laid out so that an aligned RVA is not aligned in memory. */
static const PE_RUNTIME_FUNCTION *PepExceptionTable(const PE_IMAGE *Image, uint32_t *Count)
{
    PE_RANGE directory = Image->Directories[PE_DIR_EXCEPTION];
    const uint8_t *bytes = PepAt(Image, directory.Rva, directory.Size);
    if (bytes == NULL || ((uintptr_t)bytes & 3) != 0) {
        return NULL;
    }
    *Count = directory.Size / RUNTIME_FUNCTION_SIZE;
    return (const PE_RUNTIME_FUNCTION *)(const void *)bytes;
}

const PE_RUNTIME_FUNCTION *PeFindRuntimeFunction(const PE_IMAGE *Image, uint32_t Rva)
{
    uint32_t high = 0;
    const PE_RUNTIME_FUNCTION *table = PepExceptionTable(Image, &high);
    uint32_t low = 0;
    while (table != NULL && low < high) {
        uint32_t middle = low + (high - low) / 2;
        const PE_RUNTIME_FUNCTION *function = &table[middle];
        if (function->BeginRva == 0 || Rva < function->BeginRva) {
            high = middle;
        } else if (Rva >= function->EndRva) {
            low = middle + 1;
        } else {
            return function;
        }
    }
    return NULL;
}

/* Bit 0 of UnwindRva marks a reference to another entry; in either case it points to data in the image. */
static PE_RULE PepCheckFunction(const PE_IMAGE *Image, const PE_RUNTIME_FUNCTION *Function, uint32_t End)
{
    if (Function->BeginRva >= Function->EndRva || !PepInBody(Image, Function->BeginRva, Function->EndRva - Function->BeginRva)) {
        return PE_RULE_RUNTIME_EXTENT;
    }
    if (Function->BeginRva < End) {
        return PE_RULE_RUNTIME_ORDER;
    }
    return PepInBody(Image, Function->UnwindRva & ~1u, 4) ? PE_RULE_NONE : PE_RULE_RUNTIME_UNWIND;
}

PE_RULE PepCheckExceptions(const PE_IMAGE *Image)
{
    if (Image->Directories[PE_DIR_EXCEPTION].Size == 0) {
        return PE_RULE_NONE;
    }
    uint32_t count = 0;
    const PE_RUNTIME_FUNCTION *table = PepExceptionTable(Image, &count);
    if (table == NULL) {
        return PE_RULE_EXCEPTION_RANGE;
    }
    while (count != 0 && table[count - 1].BeginRva == 0 && table[count - 1].EndRva == 0) {
        count--;
    }
    uint32_t end = 0;
    for (uint32_t i = 0; i < count; i++) {
        PE_RULE rule = PepCheckFunction(Image, &table[i], end);
        if (rule != PE_RULE_NONE) {
            return rule;
        }
        end = table[i].EndRva;
    }
    return PE_RULE_NONE;
}

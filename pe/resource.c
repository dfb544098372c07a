/* SPDX-License-Identifier: MIT
 * The resource tree (PE format, "The .rsrc Section"): type, name, language, data. Offsets are from the start of the directory. The
 * depth is fixed, so a cycle cannot be followed; a whole walk is bounded by a number of entries.
 *
 *   table: | 12 bytes | named u16 | ids u16 | entry | entry ...     entry: | name or id u32 | offset u32 |
 */
#include "pep.h"

enum {
    TABLE_HEADER_SIZE = 16,
    ENTRY_SIZE = 8,
    DATA_ENTRY_SIZE = 16,
    LEVELS = 3,
};

#define RESOURCE_HIGH_BIT 0x80000000u    /* of a name: a string; of an offset: a table */

typedef struct RESOURCES {
    const PE_IMAGE *Image;
    const uint8_t *Bytes;     /* the whole directory */
    uint32_t Size;
    uint32_t Budget;          /* entries a walk may still visit */
} RESOURCES;

typedef struct RESOURCE_TABLE {
    const uint8_t *Entries;
    uint32_t Count;
} RESOURCE_TABLE;

static PE_RULE PepOpenResources(const PE_IMAGE *Image, RESOURCES *Resources)
{
    PE_RANGE directory = Image->Directories[PE_DIR_RESOURCE];
    *Resources = (RESOURCES){ .Image = Image, .Size = directory.Size, .Budget = PEP_MAX_RESOURCE_ENTRIES };
    Resources->Bytes = PepAt(Image, directory.Rva, directory.Size);
    return Resources->Bytes == NULL ? PE_RULE_RESOURCE_TABLE : PE_RULE_NONE;
}

static PE_RULE PepOpenTable(const RESOURCES *Resources, uint32_t Offset, RESOURCE_TABLE *Table)
{
    if (!PepInside(Offset, TABLE_HEADER_SIZE, 0, Resources->Size)) {
        return PE_RULE_RESOURCE_TABLE;
    }
    const uint8_t *raw = Resources->Bytes + Offset;
    Table->Count = (uint32_t)PepRead16(raw + 12) + PepRead16(raw + 14);
    Table->Entries = raw + TABLE_HEADER_SIZE;
    if (!PepInside((uint64_t)Offset + TABLE_HEADER_SIZE, (uint64_t)Table->Count * ENTRY_SIZE, 0, Resources->Size)) {
        return PE_RULE_RESOURCE_TABLE;
    }
    return PE_RULE_NONE;
}

/* The UTF-16 string of a named entry; NULL when it leaves the directory. */
static const uint8_t *PepEntryName(const RESOURCES *Resources, uint32_t NameField, uint32_t *Length)
{
    uint32_t offset = NameField & ~RESOURCE_HIGH_BIT;
    if (!PepInside(offset, 2, 0, Resources->Size)) {
        return NULL;
    }
    *Length = PepRead16(Resources->Bytes + offset);
    return PepInside((uint64_t)offset + 2, (uint64_t)*Length * 2, 0, Resources->Size) ? Resources->Bytes + offset + 2 : NULL;
}

/* ASCII and case-insensitive; a character beyond ASCII equals nothing. */
static bool PepNameEquals(const uint8_t *Wide, uint32_t Length, const char *Name)
{
    for (uint32_t i = 0; i < Length; i++) {
        uint16_t character = PepRead16(Wide + (size_t)i * 2);
        if (Name[i] == 0 || character > 0x7F || PepLower((char)character) != PepLower(Name[i])) {
            return false;
        }
    }
    return Name[Length] == 0;
}

/* Whether the entry is the one asked for. Id NULL: any. */
static PE_RULE PepEntryMatches(const RESOURCES *Resources, const uint8_t *Entry, const PE_RESOURCE_ID *Id, bool *Match)
{
    uint32_t name = PepRead32(Entry);
    if (Id == NULL) {
        *Match = true;
        return PE_RULE_NONE;
    }
    if ((name & RESOURCE_HIGH_BIT) == 0 || Id->Name == NULL) {
        *Match = Id->Name == NULL && name == Id->Id;
        return PE_RULE_NONE;
    }
    uint32_t length;
    const uint8_t *wide = PepEntryName(Resources, name, &length);
    if (wide == NULL) {
        return PE_RULE_RESOURCE_NAME;
    }
    *Match = PepNameEquals(wide, length, Id->Name);
    return PE_RULE_NONE;
}

/* The offset field of the first matching entry of the table at Offset. */
static PE_RULE PepSearchTable(const RESOURCES *Resources, uint32_t Offset, const PE_RESOURCE_ID *Id, bool *Found, uint32_t *Next)
{
    RESOURCE_TABLE table;
    *Found = false;
    PE_RULE rule = PepOpenTable(Resources, Offset, &table);
    for (uint32_t i = 0; rule == PE_RULE_NONE && i < table.Count; i++) {
        const uint8_t *entry = table.Entries + (size_t)i * ENTRY_SIZE;
        rule = PepEntryMatches(Resources, entry, Id, Found);
        if (rule == PE_RULE_NONE && *Found) {
            *Next = PepRead32(entry + 4);
            return PE_RULE_NONE;
        }
    }
    return rule;
}

static PE_RULE PepReadData(const RESOURCES *Resources, uint32_t Offset, PE_RANGE *Data)
{
    if (!PepInside(Offset, DATA_ENTRY_SIZE, 0, Resources->Size)) {
        return PE_RULE_RESOURCE_DATA;
    }
    Data->Rva = PepRead32(Resources->Bytes + Offset);
    Data->Size = PepRead32(Resources->Bytes + Offset + 4);
    return PepInside(Data->Rva, Data->Size, 0, Resources->Image->SizeOfImage) ? PE_RULE_NONE : PE_RULE_RESOURCE_DATA;
}

/* Checks that an entry at Level leads to a table above the last level and to data on it. */
static PE_RULE PepCheckLevel(uint32_t Level, uint32_t Next)
{
    bool isTable = (Next & RESOURCE_HIGH_BIT) != 0;
    return isTable == (Level + 1 < LEVELS) ? PE_RULE_NONE : PE_RULE_RESOURCE_DEPTH;
}

static PE_RULE PepFollowPath(const RESOURCES *Resources, const PE_RESOURCE_ID *const Path[LEVELS], bool *Found, PE_RANGE *Data)
{
    uint32_t next = RESOURCE_HIGH_BIT;
    for (uint32_t level = 0; level < LEVELS; level++) {
        PE_RULE rule = PepSearchTable(Resources, next & ~RESOURCE_HIGH_BIT, Path[level], Found, &next);
        if (rule == PE_RULE_NONE && *Found) {
            rule = PepCheckLevel(level, next);
        }
        if (rule != PE_RULE_NONE || !*Found) {
            return rule;
        }
    }
    return PepReadData(Resources, next, Data);
}

PE_STATUS PeFindResource(const PE_IMAGE *Image, PE_RESOURCE_ID Type, PE_RESOURCE_ID Name, PE_RANGE *Data)
{
    RESOURCES resources;
    PE_RANGE data;
    bool found = false;
    const PE_RESOURCE_ID *const path[LEVELS] = { &Type, &Name, NULL };
    if (Image->Directories[PE_DIR_RESOURCE].Size == 0) {
        return PE_NOT_FOUND;
    }
    PE_RULE rule = PepOpenResources(Image, &resources);
    if (rule == PE_RULE_NONE) {
        rule = PepFollowPath(&resources, path, &found, &data);
    }
    if (rule != PE_RULE_NONE || !found) {
        return rule != PE_RULE_NONE ? PeRuleStatus(rule) : PE_NOT_FOUND;
    }
    *Data = data;
    return PE_OK;
}

/* Checks one entry apart from what it leads to. */
static PE_RULE PepCheckEntry(RESOURCES *Resources, const uint8_t *Entry, uint32_t Level)
{
    uint32_t length;
    uint32_t name = PepRead32(Entry);
    if (Resources->Budget == 0) {
        return PE_RULE_RESOURCE_COUNT;
    }
    Resources->Budget--;
    if ((name & RESOURCE_HIGH_BIT) != 0 && PepEntryName(Resources, name, &length) == NULL) {
        return PE_RULE_RESOURCE_NAME;
    }
    return PepCheckLevel(Level, PepRead32(Entry + 4));
}

/* The whole tree below the root, with a stack of LEVELS tables. */
PE_RULE PepCheckResources(const PE_IMAGE *Image)
{
    RESOURCES resources;
    RESOURCE_TABLE tables[LEVELS];
    uint32_t at[LEVELS] = { 0 };
    uint32_t level = 0;
    if (Image->Directories[PE_DIR_RESOURCE].Size == 0) {
        return PE_RULE_NONE;
    }
    PE_RULE rule = PepOpenResources(Image, &resources);
    if (rule == PE_RULE_NONE) {
        rule = PepOpenTable(&resources, 0, &tables[0]);
    }
    while (rule == PE_RULE_NONE) {
        if (at[level] == tables[level].Count) {
            if (level == 0) {
                return PE_RULE_NONE;
            }
            level--;
            continue;
        }
        const uint8_t *entry = tables[level].Entries + (size_t)at[level]++ * ENTRY_SIZE;
        uint32_t next = PepRead32(entry + 4);
        PE_RANGE data;
        rule = PepCheckEntry(&resources, entry, level);
        if (rule == PE_RULE_NONE && level + 1 == LEVELS) {
            rule = PepReadData(&resources, next, &data);
        } else if (rule == PE_RULE_NONE) {
            level++;
            at[level] = 0;
            rule = PepOpenTable(&resources, next & ~RESOURCE_HIGH_BIT, &tables[level]);
        }
    }
    return rule;
}

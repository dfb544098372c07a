/* SPDX-License-Identifier: MIT
 * Keys: finding, counting, making and deleting them.
 */
#include "regf.h"
#include <string.h>

void RegfTouchKey(REGF_HIVE *Hive, uint32_t Key)
{
    RegfKey(Hive, Key)->LastWriteTime = Hive->Host->Now();
    RegfMarkDirty(Hive, Key);
}

uint32_t RegfSubKeyAt(const REGF_HIVE *Hive, uint32_t Key, uint32_t Index)
{
    const CM_KEY_NODE *key = RegfKey(Hive, Key);
    unsigned space;

    for (space = 0; space < RegfSpaces; space++) {
        if (Index < key->SubKeyCounts[space])
            return RegfIndexEntry(Hive, key->SubKeyLists[space], Index);
        Index -= key->SubKeyCounts[space];
    }
    return REGF_NIL;
}

uint32_t RegfFindSubKey(const REGF_HIVE *Hive, uint32_t Key, REGF_NAME Name)
{
    const CM_KEY_NODE *key = RegfKey(Hive, Key);
    uint32_t position;
    unsigned space;

    for (space = 0; space < RegfSpaces; space++)
        if (key->SubKeyCounts[space] != 0 && RegfIndexFind(Hive, key->SubKeyLists[space], Name, &position))
            return RegfIndexEntry(Hive, key->SubKeyLists[space], position);
    return REGF_NIL;
}

uint32_t RegfNewKeyCell(REGF_HIVE *Hive, unsigned Space, REGF_NAME Name)
{
    uint32_t bytes = RegfStoredBytes(Name), cell = RegfAllocateCell(Hive, Space, (uint32_t)sizeof(CM_KEY_NODE) + bytes);
    CM_KEY_NODE *key;

    if (cell == REGF_NIL)
        return REGF_NIL;
    key = RegfKey(Hive, cell);
    key->Signature = REGF_SIGN_NK;
    key->Flags = (uint16_t)((RegfIsCompressible(Name) ? KEY_COMP_NAME : 0) | (Space == RegfVolatile ? KEY_IS_VOLATILE : 0));
    key->LastWriteTime = Hive->Host->Now();
    key->SubKeyLists[RegfStable] = key->SubKeyLists[RegfVolatile] = REGF_NIL;
    key->ValueList = key->Security = key->Class = REGF_NIL;
    key->NameLength = (uint16_t)bytes;
    RegfStoreName(key->Name, Name);
    return cell;
}

static REGF_STATUS StoreClass(REGF_HIVE *Hive, uint32_t Cell, REGF_NAME Class, unsigned Space)
{
    uint32_t cell;
    if (Class.Count == 0)
        return RegfOk;
    cell = RegfAllocateCell(Hive, Space, Class.Count * 2);
    if (cell == REGF_NIL)
        return RegfNoMemory;
    memcpy(RegfCell(Hive, cell), Class.Text, Class.Count * 2);
    RegfKey(Hive, Cell)->Class = cell;
    RegfKey(Hive, Cell)->ClassLength = (uint16_t)(Class.Count * 2);
    return RegfOk;
}

static void FreeKeyCell(REGF_HIVE *Hive, uint32_t Cell)
{
    CM_KEY_NODE *key = RegfKey(Hive, Cell);
    RegfFreeValues(Hive, Cell);
    RegfFreeCell(Hive, key->Class);
    RegfReleaseSecurity(Hive, key->Security);
    RegfFreeCell(Hive, Cell);
}

REGF_STATUS RegfCreateKey(REGF_HIVE *Hive, uint32_t Parent, REGF_NAME Name, REGF_NAME Class, unsigned Space, uint32_t *Result)
{
    uint32_t cell, security, list;
    CM_KEY_NODE *parent, *key;
    REGF_STATUS status;

    if (RegfFindSubKey(Hive, Parent, Name) != REGF_NIL)
        return RegfExists;
    if (Name.Count > REGF_MAXIMUM_KEY_NAME || Class.Count > 0x7FFF)
        return RegfTooBig;
    cell = RegfNewKeyCell(Hive, Space, Name);
    if (cell == REGF_NIL)
        return RegfNoMemory;
    key = RegfKey(Hive, cell);
    parent = RegfKey(Hive, Parent);
    key->Parent = Parent;
    status = RegfShareSecurity(Hive, parent->Security, Space, &security);
    key->Security = security;
    if (status == RegfOk)
        status = StoreClass(Hive, cell, Class, Space);
    list = parent->SubKeyLists[Space];
    if (status == RegfOk && !RegfIndexInsert(Hive, &list, cell, Space))
        status = RegfNoMemory;
    parent->SubKeyLists[Space] = list;
    RegfMarkDirty(Hive, Parent);
    if (status != RegfOk) {
        FreeKeyCell(Hive, cell);
        return status;
    }
    parent->SubKeyCounts[Space]++;
    if (Name.Count * 2 > (parent->MaxNameLen & 0xFFFF))
        parent->MaxNameLen = (parent->MaxNameLen & 0xFFFF0000u) | Name.Count * 2;
    if (Class.Count * 2 > parent->MaxClassLen)
        parent->MaxClassLen = Class.Count * 2;
    RegfTouchKey(Hive, Parent);
    *Result = cell;
    return RegfOk;
}

REGF_STATUS RegfDeleteKey(REGF_HIVE *Hive, uint32_t Key)
{
    CM_KEY_NODE *key = RegfKey(Hive, Key), *parent = RegfKey(Hive, key->Parent);
    unsigned space = RegfSpaceOf(Key);
    uint16_t text[REGF_MAXIMUM_KEY_NAME];
    uint32_t position, parentCell = key->Parent;

    if (RegfSubKeyCount(key) != 0)
        return RegfHasChildren;
    if (!RegfIndexFind(Hive, parent->SubKeyLists[space], RegfExpandKeyName(Hive, Key, text), &position))
        return RegfNotFound;
    parent->SubKeyLists[space] = RegfIndexRemove(Hive, parent->SubKeyLists[space], position);
    parent->SubKeyCounts[space]--;
    FreeKeyCell(Hive, Key);
    RegfTouchKey(Hive, parentCell);
    return RegfOk;
}

/* SPDX-License-Identifier: MIT
 * Values and their data. Up to 4 bytes of data lie in the value's cell, up to REGF_SEGMENT in a cell of their own, more in segments
 * (big data, from minor version 4 on). Other writers put more than a segment into one cell: a data cell that is large enough is one.
 */
#include "regf.h"
#include <string.h>

/* ---- Data ---- */
/* The segments of big data, or NULL. */
static const CM_BIG_DATA *BigData(const REGF_HIVE *Hive, const CM_KEY_VALUE *Value)
{
    if ((Value->DataLength & REGF_INLINE) || Value->DataLength <= REGF_SEGMENT ||
        RegfCellSize(Hive, Value->Data) >= Value->DataLength)
        return NULL;
    return RegfCell(Hive, Value->Data);
}

/* The piece of the data at Offset; *Bytes: how much of it lies together. */
static const uint8_t *Piece(const REGF_HIVE *Hive, const CM_KEY_VALUE *Value, uint32_t Offset, uint32_t *Bytes)
{
    uint32_t length = RegfDataLength(Value);
    const CM_BIG_DATA *big = BigData(Hive, Value);
    const uint32_t *segments;

    *Bytes = length - Offset;
    if (Value->DataLength & REGF_INLINE)
        return (const uint8_t *)&Value->Data + Offset;
    if (big == NULL)
        return (const uint8_t *)RegfCell(Hive, Value->Data) + Offset;
    segments = RegfCell(Hive, big->List);
    if (*Bytes > REGF_SEGMENT - Offset % REGF_SEGMENT)
        *Bytes = REGF_SEGMENT - Offset % REGF_SEGMENT;
    return (const uint8_t *)RegfCell(Hive, segments[Offset / REGF_SEGMENT]) + Offset % REGF_SEGMENT;
}

void RegfReadData(const REGF_HIVE *Hive, const CM_KEY_VALUE *Value, void *Buffer, uint32_t Bytes)
{
    uint32_t offset = 0, bytes;

    if (Bytes > RegfDataLength(Value))
        Bytes = RegfDataLength(Value);
    for (; offset < Bytes; offset += bytes) {
        const uint8_t *piece = Piece(Hive, Value, offset, &bytes);
        if (bytes > Bytes - offset)
            bytes = Bytes - offset;
        memcpy((uint8_t *)Buffer + offset, piece, bytes);
    }
}

bool RegfDataEquals(const REGF_HIVE *Hive, const CM_KEY_VALUE *Value, const void *Data, uint32_t Bytes)
{
    uint32_t offset, bytes;

    if (RegfDataLength(Value) != Bytes)
        return false;
    for (offset = 0; offset < Bytes; offset += bytes) {
        const uint8_t *piece = Piece(Hive, Value, offset, &bytes);
        if (memcmp(piece, (const uint8_t *)Data + offset, bytes) != 0)
            return false;
    }
    return true;
}

static void FreeData(REGF_HIVE *Hive, const CM_KEY_VALUE *Value)
{
    const CM_BIG_DATA *big;
    const uint32_t *segments;
    uint32_t i;

    if (RegfDataLength(Value) == 0 || (Value->DataLength & REGF_INLINE))
        return;
    big = BigData(Hive, Value);
    if (big != NULL) {
        segments = RegfCell(Hive, big->List);
        for (i = 0; i < big->Count; i++)
            RegfFreeCell(Hive, segments[i]);
        RegfFreeCell(Hive, big->List);
    }
    RegfFreeCell(Hive, Value->Data);
}

static void FreeSegments(REGF_HIVE *Hive, const uint32_t *Segments, uint32_t Count)
{
    while (Count-- > 0)
        RegfFreeCell(Hive, Segments[Count]);
}

static uint32_t StoreBigData(REGF_HIVE *Hive, unsigned Space, const uint8_t *Data, uint32_t Bytes)
{
    uint32_t count = (Bytes + REGF_SEGMENT - 1) / REGF_SEGMENT, i;
    uint32_t cell = RegfAllocateCell(Hive, Space, (uint32_t)sizeof(CM_BIG_DATA)), list = REGF_NIL, *segments;
    CM_BIG_DATA *big;

    if (cell != REGF_NIL)
        list = RegfAllocateCell(Hive, Space, count * 4);
    if (list == REGF_NIL) {
        RegfFreeCell(Hive, cell);
        return REGF_NIL;
    }
    segments = RegfCell(Hive, list);
    for (i = 0; i < count; i++) {
        uint32_t bytes = Bytes - i * REGF_SEGMENT < REGF_SEGMENT ? Bytes - i * REGF_SEGMENT : REGF_SEGMENT;
        segments[i] = RegfAllocateCell(Hive, Space, bytes + 4);      /* other readers leave a cell's last 4 bytes out */
        if (segments[i] == REGF_NIL) {
            FreeSegments(Hive, segments, i);
            RegfFreeCell(Hive, list);
            RegfFreeCell(Hive, cell);
            return REGF_NIL;
        }
        memcpy(RegfCell(Hive, segments[i]), Data + (size_t)i * REGF_SEGMENT, bytes);
    }
    big = RegfCell(Hive, cell);
    big->Signature = REGF_SIGN_DB;
    big->Count = (uint16_t)count;
    big->List = list;
    return cell;
}

/* Fills the data members of Value, which is not in the hive yet. */
static REGF_STATUS StoreData(REGF_HIVE *Hive, unsigned Space, const void *Data, uint32_t Bytes, CM_KEY_VALUE *Value)
{
    Value->DataLength = Bytes;
    Value->Data = 0;
    if (Bytes <= 4) {
        memcpy(&Value->Data, Data, Bytes);
        Value->DataLength |= REGF_INLINE;
        return RegfOk;
    }
    if (Bytes > REGF_SEGMENT && Hive->Header->Minor >= 4) {
        if (Bytes > 0xFFFF * REGF_SEGMENT)
            return RegfTooBig;
        Value->Data = StoreBigData(Hive, Space, Data, Bytes);
        return Value->Data == REGF_NIL ? RegfNoMemory : RegfOk;
    }
    Value->Data = RegfAllocateCell(Hive, Space, Bytes);
    if (Value->Data == REGF_NIL)
        return RegfNoMemory;
    memcpy(RegfCell(Hive, Value->Data), Data, Bytes);
    return RegfOk;
}

/* ---- Values ---- */
uint32_t RegfValueAt(const REGF_HIVE *Hive, uint32_t Key, uint32_t Index)
{
    const CM_KEY_NODE *key = RegfKey(Hive, Key);
    return Index < key->ValueCount ? ((const uint32_t *)RegfCell(Hive, key->ValueList))[Index] : REGF_NIL;
}

uint32_t RegfFindValue(const REGF_HIVE *Hive, uint32_t Key, REGF_NAME Name)
{
    uint32_t count = RegfKey(Hive, Key)->ValueCount, i;

    for (i = 0; i < count; i++) {
        const CM_KEY_VALUE *value = RegfValue(Hive, RegfValueAt(Hive, Key, i));
        if (RegfCompareName(Hive, Name, value->Name, value->NameLength, (value->Flags & VALUE_COMP_NAME) != 0) == 0)
            return i;
    }
    return REGF_NIL;
}

/* Appends a value's cell to the list of its key. */
static REGF_STATUS AppendValue(REGF_HIVE *Hive, uint32_t Key, uint32_t Value)
{
    CM_KEY_NODE *key = RegfKey(Hive, Key);
    uint32_t count = key->ValueCount, list;

    if (count == 0)
        list = RegfAllocateCell(Hive, RegfSpaceOf(Key), 4);
    else if ((count + 1) * 4 <= RegfCellSize(Hive, key->ValueList))
        list = key->ValueList;
    else
        list = RegfGrowCell(Hive, key->ValueList, (count + count / 2 + 1) * 4);
    if (list == REGF_NIL)
        return RegfNoMemory;
    ((uint32_t *)RegfCell(Hive, list))[count] = Value;
    RegfMarkDirty(Hive, list);
    key->ValueList = list;
    key->ValueCount = count + 1;
    return RegfOk;
}

static REGF_STATUS AddValue(REGF_HIVE *Hive, uint32_t Key, REGF_NAME Name, const CM_KEY_VALUE *Filled)
{
    uint32_t bytes = RegfStoredBytes(Name);
    uint32_t cell = RegfAllocateCell(Hive, RegfSpaceOf(Key), (uint32_t)sizeof(CM_KEY_VALUE) + bytes);
    CM_KEY_VALUE *value;
    REGF_STATUS status;

    if (cell == REGF_NIL)
        return RegfNoMemory;
    value = RegfValue(Hive, cell);
    *value = *Filled;
    value->Signature = REGF_SIGN_VK;
    value->NameLength = (uint16_t)bytes;
    value->Flags = Name.Count != 0 && RegfIsCompressible(Name) ? VALUE_COMP_NAME : 0;
    RegfStoreName(value->Name, Name);
    status = AppendValue(Hive, Key, cell);
    if (status != RegfOk)
        RegfFreeCell(Hive, cell);
    return status;
}

REGF_STATUS RegfSetValue(REGF_HIVE *Hive, uint32_t Key, REGF_NAME Name, uint32_t Type, const void *Data, uint32_t Bytes)
{
    uint32_t index = RegfFindValue(Hive, Key, Name);
    CM_KEY_NODE *key = RegfKey(Hive, Key);
    CM_KEY_VALUE filled = { .Type = Type }, *value;
    REGF_STATUS status;

    if (Name.Count > REGF_MAXIMUM_VALUE_NAME || Bytes > REGF_MAXIMUM_DATA)
        return RegfTooBig;
    status = StoreData(Hive, RegfSpaceOf(Key), Data, Bytes, &filled);
    if (status != RegfOk)
        return status;
    if (index != REGF_NIL) {
        uint32_t cell = RegfValueAt(Hive, Key, index);
        value = RegfValue(Hive, cell);
        FreeData(Hive, value);
        value->DataLength = filled.DataLength;
        value->Data = filled.Data;
        value->Type = Type;
        RegfMarkDirty(Hive, cell);
    } else {
        status = AddValue(Hive, Key, Name, &filled);
        if (status != RegfOk) {
            FreeData(Hive, &filled);
            return status;
        }
    }
    if (Name.Count * 2 > key->MaxValueNameLen)
        key->MaxValueNameLen = Name.Count * 2;
    if (Bytes > key->MaxValueDataLen)
        key->MaxValueDataLen = Bytes;
    RegfTouchKey(Hive, Key);
    return RegfOk;
}

static void FreeValue(REGF_HIVE *Hive, uint32_t Cell)
{
    FreeData(Hive, RegfValue(Hive, Cell));
    RegfFreeCell(Hive, Cell);
}

REGF_STATUS RegfDeleteValue(REGF_HIVE *Hive, uint32_t Key, REGF_NAME Name)
{
    uint32_t index = RegfFindValue(Hive, Key, Name), *list;
    CM_KEY_NODE *key = RegfKey(Hive, Key);

    if (index == REGF_NIL)
        return RegfNotFound;
    list = RegfCell(Hive, key->ValueList);
    FreeValue(Hive, list[index]);
    key->ValueCount--;
    memmove(&list[index], &list[index + 1], (key->ValueCount - index) * 4);
    RegfMarkDirty(Hive, key->ValueList);
    if (key->ValueCount == 0) {
        RegfFreeCell(Hive, key->ValueList);
        key->ValueList = REGF_NIL;
        key->MaxValueNameLen = key->MaxValueDataLen = 0;
    }
    RegfTouchKey(Hive, Key);
    return RegfOk;
}

void RegfFreeValues(REGF_HIVE *Hive, uint32_t Key)
{
    CM_KEY_NODE *key = RegfKey(Hive, Key);
    uint32_t i;

    if (key->ValueCount == 0)
        return;
    for (i = 0; i < key->ValueCount; i++)
        FreeValue(Hive, RegfValueAt(Hive, Key, i));
    RegfFreeCell(Hive, key->ValueList);
    key->ValueCount = 0;
    key->ValueList = REGF_NIL;
}

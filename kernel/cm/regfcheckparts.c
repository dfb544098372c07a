/* SPDX-License-Identifier: MIT
 * The check of what hangs on one key: its list of subkeys, its values and their data, its security.
 */
#include "regfp.h"

/* ---- Subkey lists ---- */
/* A leaf; *Entries grows by how many it has. */
static bool CheckLeaf(REGF_CHECK *Check, uint32_t Cell, uint32_t *Entries)
{
    const CM_KEY_INDEX *leaf = RegfCell(Check->Hive, Cell);
    uint32_t stride = RegfHasHints(leaf->Signature) ? 8 : 4;

    if (!RegfHasHints(leaf->Signature) && leaf->Signature != REGF_SIGN_LI)
        return RegfFail(Check, RegfFlawIndex, Cell);
    if (leaf->Count == 0 || sizeof(*leaf) + leaf->Count * stride > RegfCellSize(Check->Hive, Cell))
        return RegfFail(Check, RegfFlawIndex, Cell);
    *Entries += leaf->Count;
    return true;
}

static bool CheckRoot(REGF_CHECK *Check, uint32_t Cell, uint32_t *Entries)
{
    const CM_KEY_INDEX *root = RegfCell(Check->Hive, Cell);
    uint32_t i;

    if (root->Count == 0 || sizeof(*root) + root->Count * 4u > RegfCellSize(Check->Hive, Cell))
        return RegfFail(Check, RegfFlawIndex, Cell);
    for (i = 0; i < root->Count; i++)
        if (!RegfClaim(Check, root->List[i], sizeof(*root)) || !CheckLeaf(Check, root->List[i], Entries))
            return false;
    return true;
}

bool RegfCheckList(REGF_CHECK *Check, uint32_t Key)
{
    CM_KEY_NODE *key = RegfKey(Check->Hive, Key);
    uint32_t list = key->SubKeyLists[RegfStable], entries = 0;

    if (key->SubKeyCounts[RegfStable] == 0) {
        key->SubKeyLists[RegfStable] = REGF_NIL;
        return true;
    }
    if (!RegfClaim(Check, list, sizeof(CM_KEY_INDEX)))
        return false;
    if (((const CM_KEY_INDEX *)RegfCell(Check->Hive, list))->Signature == REGF_SIGN_RI) {
        if (!CheckRoot(Check, list, &entries))
            return false;
    } else if (!CheckLeaf(Check, list, &entries)) {
        return false;
    }
    return entries == key->SubKeyCounts[RegfStable] || RegfFail(Check, RegfFlawCount, Key);
}

/* ---- Values ---- */
static bool CheckBigData(REGF_CHECK *Check, const CM_KEY_VALUE *Value)
{
    const CM_BIG_DATA *big = RegfCell(Check->Hive, Value->Data);
    uint32_t count = (Value->DataLength + REGF_SEGMENT - 1) / REGF_SEGMENT, rest = Value->DataLength, i;
    const uint32_t *segments;

    if (Check->Hive->Header->Minor < 4 || big->Signature != REGF_SIGN_DB || big->Count != count ||
        !RegfClaim(Check, big->List, count * 4))
        return RegfFail(Check, RegfFlawData, Value->Data);
    segments = RegfCell(Check->Hive, big->List);
    for (i = 0; i < count; i++) {
        uint32_t bytes = rest < REGF_SEGMENT ? rest : REGF_SEGMENT;
        if (!RegfClaim(Check, segments[i], bytes))
            return false;
        rest -= bytes;
    }
    return true;
}

static bool CheckData(REGF_CHECK *Check, uint32_t Cell)
{
    const CM_KEY_VALUE *value = RegfValue(Check->Hive, Cell);
    uint32_t length = RegfDataLength(value);

    if (value->DataLength & REGF_INLINE)
        return length <= 4 || RegfFail(Check, RegfFlawData, Cell);
    if (length == 0)
        return true;
    if (length > REGF_MAXIMUM_DATA)
        return RegfFail(Check, RegfFlawData, Cell);
    if (!RegfClaim(Check, value->Data, 4))
        return false;
    if (RegfCellSize(Check->Hive, value->Data) >= length)
        return true;
    return length > REGF_SEGMENT && RegfCellSize(Check->Hive, value->Data) >= sizeof(CM_BIG_DATA)
               ? CheckBigData(Check, value) : RegfFail(Check, RegfFlawData, Cell);
}

static bool CheckValue(REGF_CHECK *Check, uint32_t Cell)
{
    const CM_KEY_VALUE *value;
    bool compressed;

    if (!RegfClaim(Check, Cell, sizeof(*value)))
        return false;
    value = RegfValue(Check->Hive, Cell);
    compressed = (value->Flags & VALUE_COMP_NAME) != 0;
    if (value->Signature != REGF_SIGN_VK || RegfCellSize(Check->Hive, Cell) < sizeof(*value) + value->NameLength ||
        (!compressed && value->NameLength % 2 != 0) || RegfNameCount(value->NameLength, compressed) > REGF_MAXIMUM_VALUE_NAME)
        return RegfFail(Check, RegfFlawValue, Cell);
    return CheckData(Check, Cell);
}

bool RegfCheckValues(REGF_CHECK *Check, uint32_t Key)
{
    CM_KEY_NODE *key = RegfKey(Check->Hive, Key);
    uint32_t i;

    if (key->ValueCount == 0) {
        key->ValueList = REGF_NIL;
        return true;
    }
    if (key->ValueCount > Check->Length / 4 || !RegfClaim(Check, key->ValueList, key->ValueCount * 4))
        return RegfFail(Check, RegfFlawValue, Key);
    for (i = 0; i < key->ValueCount; i++)
        if (!CheckValue(Check, RegfValueAt(Check->Hive, Key, i)))
            return false;
    return true;
}

/* ---- Security ---- */
static bool IsInRing(const REGF_CHECK *Check, uint32_t Cell)
{
    return Cell < Check->Length && Cell % 8 == 0 && (Check->InRing[Cell / 64] & 1 << Cell / 8 % 8);
}

/* Links and counts are made anew, from the keys that refer to a descriptor: those of the file are not looked at. */
bool RegfCheckSecurity(REGF_CHECK *Check, uint32_t Key)
{
    REGF_HIVE *hive = Check->Hive;
    REGF_SPACE *space = &hive->Spaces[RegfStable];
    uint32_t cell = RegfKey(hive, Key)->Security;
    CM_KEY_SECURITY *security, *first;

    if (cell == REGF_NIL)
        return true;
    if (IsInRing(Check, cell)) {
        ((CM_KEY_SECURITY *)RegfCell(hive, cell))->ReferenceCount++;
        return true;
    }
    if (!RegfClaim(Check, cell, sizeof(*security)))
        return false;
    security = RegfCell(hive, cell);
    if (security->Signature != REGF_SIGN_SK || security->DescriptorLength > RegfCellSize(hive, cell) - sizeof(*security))
        return RegfFail(Check, RegfFlawSecurity, cell);
    Check->InRing[cell / 64] |= (uint8_t)(1 << cell / 8 % 8);
    security->ReferenceCount = 1;
    security->Flink = security->Blink = cell;
    if (space->FirstSecurity == REGF_NIL) {
        space->FirstSecurity = cell;
        return true;
    }
    first = RegfCell(hive, space->FirstSecurity);
    security->Flink = space->FirstSecurity;
    security->Blink = first->Blink;
    ((CM_KEY_SECURITY *)RegfCell(hive, first->Blink))->Flink = cell;
    first->Blink = cell;
    return true;
}

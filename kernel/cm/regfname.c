/* SPDX-License-Identifier: MIT
 * Names as the format stores them: one byte a character when all characters are below 256, else UTF-16.
 */
#include "regf.h"
#include <string.h>

bool RegfIsCompressible(REGF_NAME Name)
{
    uint32_t i;
    for (i = 0; i < Name.Count; i++)
        if (Name.Text[i] > 0xFF)
            return false;
    return true;
}

uint32_t RegfStoredBytes(REGF_NAME Name) { return RegfIsCompressible(Name) ? Name.Count : Name.Count * 2; }

void RegfStoreName(uint8_t *Target, REGF_NAME Name)
{
    uint32_t i;
    if (!RegfIsCompressible(Name)) {
        memcpy(Target, Name.Text, Name.Count * 2);
        return;
    }
    for (i = 0; i < Name.Count; i++)
        Target[i] = (uint8_t)Name.Text[i];
}

uint16_t RegfNameUnit(const uint8_t *Stored, uint32_t Index, bool Compressed)
{
    return Compressed ? Stored[Index] : (uint16_t)(Stored[2 * Index] | Stored[2 * Index + 1] << 8);
}

int RegfCompareName(const REGF_HIVE *Hive, REGF_NAME Left, const uint8_t *Right, uint32_t Bytes, bool Compressed)
{
    uint32_t count = RegfNameCount(Bytes, Compressed), i;

    for (i = 0; i < Left.Count && i < count; i++) {
        uint16_t left = Left.Text[i], right = RegfNameUnit(Right, i, Compressed);
        if (left == right)
            continue;
        left = Hive->Host->Upcase(left);
        right = Hive->Host->Upcase(right);
        if (left != right)
            return left < right ? -1 : 1;
    }
    return Left.Count == count ? 0 : Left.Count < count ? -1 : 1;
}

REGF_NAME RegfExpandKeyName(const REGF_HIVE *Hive, uint32_t Key, uint16_t *Text)
{
    const CM_KEY_NODE *key = RegfKey(Hive, Key);
    bool compressed = (key->Flags & KEY_COMP_NAME) != 0;
    REGF_NAME name = { Text, RegfNameCount(key->NameLength, compressed) };
    uint32_t i;

    for (i = 0; i < name.Count; i++)
        Text[i] = RegfNameUnit(key->Name, i, compressed);
    return name;
}

int RegfCompareKeys(const REGF_HIVE *Hive, uint32_t Left, uint32_t Right)
{
    const CM_KEY_NODE *right = RegfKey(Hive, Right);
    uint16_t text[REGF_MAXIMUM_KEY_NAME];
    REGF_NAME name = RegfExpandKeyName(Hive, Left, text);
    return RegfCompareName(Hive, name, right->Name, right->NameLength, (right->Flags & KEY_COMP_NAME) != 0);
}

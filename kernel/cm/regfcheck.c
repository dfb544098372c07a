/* SPDX-License-Identifier: MIT
 * The check of an image that may be hostile. First the bins and their cells, then the tree from the root down, with a stack of its
 * own. Every cell that something refers to must begin where a cell in use begins and is taken by its first reference: so there are
 * no cycles and nothing is shared but security. Cells that nobody refers to are lost room, no flaw.
 */
#include "regfp.h"
#include <string.h>

bool RegfFail(REGF_CHECK *Check, REGF_FLAW Flaw, uint32_t Cell)
{
    Check->Hive->Flaw = Flaw;
    Check->Hive->FlawCell = Cell;
    return false;
}

bool RegfClaim(REGF_CHECK *Check, uint32_t Cell, uint32_t Bytes)
{
    uint32_t slot = Cell / 8;

    if (Cell >= Check->Length || Cell % 8 != 0 || !(Check->Unclaimed[slot / 8] & 1 << slot % 8) ||
        RegfCellSize(Check->Hive, Cell) < Bytes)
        return RegfFail(Check, RegfFlawReference, Cell);
    Check->Unclaimed[slot / 8] &= (uint8_t)~(1 << slot % 8);
    return true;
}

/* ---- Bins ---- */
static bool CheckCells(REGF_CHECK *Check, uint32_t Offset, uint32_t Size)
{
    uint32_t position = REGF_BIN_HEADER;

    while (position < Size) {
        int32_t raw;
        uint32_t size;
        memcpy(&raw, Check->Hive->Image + Offset + position, sizeof(raw));
        size = raw < 0 ? 0u - (uint32_t)raw : (uint32_t)raw;
        if (size < 8 || size % 8 != 0 || size > Size - position)
            return RegfFail(Check, RegfFlawCell, Offset + position);
        if (raw < 0)
            Check->Unclaimed[(Offset + position) / 64] |= (uint8_t)(1 << (Offset + position) / 8 % 8);
        position += size;
    }
    return true;
}

static bool CheckBins(REGF_CHECK *Check)
{
    uint32_t offset = 0;

    while (offset < Check->Length) {
        const HBIN *bin = (const HBIN *)(Check->Hive->Image + offset);
        if (bin->Signature != REGF_SIGN_HBIN || bin->FileOffset != offset || bin->Size == 0 || bin->Size % REGF_BLOCK != 0 ||
            bin->Size > Check->Length - offset)
            return RegfFail(Check, RegfFlawBin, offset);
        if (!CheckCells(Check, offset, bin->Size))
            return false;
        offset += bin->Size;
    }
    return true;
}

/* ---- Keys ---- */
static bool CheckName(REGF_CHECK *Check, uint32_t Cell)
{
    const CM_KEY_NODE *key = RegfKey(Check->Hive, Cell);
    bool compressed = (key->Flags & KEY_COMP_NAME) != 0;
    uint32_t count = RegfNameCount(key->NameLength, compressed), i;

    if (count == 0 || count > REGF_MAXIMUM_KEY_NAME || (!compressed && key->NameLength % 2 != 0) ||
        RegfCellSize(Check->Hive, Cell) < sizeof(*key) + key->NameLength)
        return RegfFail(Check, RegfFlawName, Cell);
    for (i = 0; i < count && Cell != Check->Hive->RootCell; i++)
        if (RegfNameUnit(key->Name, i, compressed) == '\\')
            return RegfFail(Check, RegfFlawName, Cell);
    return true;
}

static bool CheckClass(REGF_CHECK *Check, CM_KEY_NODE *Key, uint32_t Cell)
{
    if (Key->ClassLength == 0) {
        Key->Class = REGF_NIL;
        return true;
    }
    return (Key->ClassLength % 2 == 0 && RegfClaim(Check, Key->Class, Key->ClassLength)) || RegfFail(Check, RegfFlawClass, Cell);
}

static bool CheckKey(REGF_CHECK *Check, uint32_t Cell, uint32_t Parent)
{
    CM_KEY_NODE *key;

    if (!RegfClaim(Check, Cell, sizeof(*key)))
        return false;
    key = RegfKey(Check->Hive, Cell);
    if (key->Signature != REGF_SIGN_NK || (key->Flags & (KEY_HIVE_EXIT | KEY_IS_VOLATILE)) ||
        ((key->Flags & KEY_HIVE_ENTRY) && Parent != REGF_NIL))
        return RegfFail(Check, RegfFlawKey, Cell);
    if (Parent != REGF_NIL && key->Parent != Parent)
        return RegfFail(Check, RegfFlawParent, Cell);
    key->SubKeyCounts[RegfVolatile] = 0;         /* of the system that wrote the file */
    key->SubKeyLists[RegfVolatile] = REGF_NIL;
    return CheckName(Check, Cell) && CheckClass(Check, key, Cell) && RegfCheckSecurity(Check, Cell) &&
           RegfCheckValues(Check, Cell) && RegfCheckList(Check, Cell);
}

/* ---- The tree ---- */
typedef struct CHECK_FRAME {
    uint32_t Key, Next;                          /* subkeys before Next are done */
    bool OutOfOrder;
} CHECK_FRAME;

/* All subkeys of the frame are done. */
static bool FinishKey(REGF_CHECK *Check, const CHECK_FRAME *Frame)
{
    const CM_KEY_NODE *key = RegfKey(Check->Hive, Frame->Key);
    uint32_t list = key->SubKeyLists[RegfStable], i;

    if (!Frame->OutOfOrder)
        return true;
    RegfIndexSort(Check->Hive, list, key->SubKeyCounts[RegfStable]);
    for (i = 1; i < key->SubKeyCounts[RegfStable]; i++)
        if (RegfCompareKeys(Check->Hive, RegfIndexEntry(Check->Hive, list, i - 1), RegfIndexEntry(Check->Hive, list, i)) >= 0)
            return RegfFail(Check, RegfFlawDuplicate, Frame->Key);
    return true;
}

/* The next subkey of the frame; its own frame is *Below. */
static bool EnterSubKey(REGF_CHECK *Check, CHECK_FRAME *Frame, CHECK_FRAME *Below)
{
    uint32_t list = RegfKey(Check->Hive, Frame->Key)->SubKeyLists[RegfStable];
    uint32_t cell = RegfIndexEntry(Check->Hive, list, Frame->Next);
    int order;

    if (!CheckKey(Check, cell, Frame->Key))
        return false;
    if (Frame->Next != 0) {
        order = RegfCompareKeys(Check->Hive, RegfIndexEntry(Check->Hive, list, Frame->Next - 1), cell);
        if (order == 0)
            return RegfFail(Check, RegfFlawDuplicate, cell);
        if (order > 0)
            Frame->OutOfOrder = true;
    }
    Frame->Next++;
    *Below = (CHECK_FRAME){ cell, 0, false };
    return true;
}

static bool CheckTree(REGF_CHECK *Check, CHECK_FRAME *Stack)
{
    uint32_t depth = 0;

    if (!CheckKey(Check, Check->Hive->RootCell, REGF_NIL))
        return false;
    Stack[0] = (CHECK_FRAME){ Check->Hive->RootCell, 0, false };
    for (;;) {
        CHECK_FRAME *top = &Stack[depth];
        if (top->Next < RegfKey(Check->Hive, top->Key)->SubKeyCounts[RegfStable]) {
            if (depth + 1 == REGF_MAXIMUM_DEPTH)
                return RegfFail(Check, RegfFlawDepth, top->Key);
            if (!EnterSubKey(Check, top, &Stack[depth + 1]))
                return false;
            depth++;
        } else if (!FinishKey(Check, top)) {
            return false;
        } else if (depth-- == 0) {
            return true;
        }
    }
}

REGF_STATUS RegfCheckImage(REGF_HIVE *Hive, uint32_t Length)
{
    REGF_CHECK check = { Hive, NULL, NULL, Length };
    CHECK_FRAME *stack = Hive->Host->Allocate(REGF_MAXIMUM_DEPTH * sizeof(CHECK_FRAME));
    REGF_STATUS status = RegfNoMemory;

    check.Unclaimed = Hive->Host->Allocate(Length / 32);
    if (stack != NULL && check.Unclaimed != NULL) {
        memset(check.Unclaimed, 0, Length / 32);
        check.InRing = check.Unclaimed + Length / 64;
        if (!CheckBins(&check))
            status = RegfCorrupt;
        else if (RegfAddLoadedBins(Hive, Length))
            status = CheckTree(&check, stack) ? RegfOk : RegfCorrupt;
    }
    if (stack != NULL)
        Hive->Host->Free(stack);
    if (check.Unclaimed != NULL)
        Hive->Host->Free(check.Unclaimed);
    return status;
}

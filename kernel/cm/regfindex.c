/* SPDX-License-Identifier: MIT
 * The sorted list of a key's subkeys in one space: a leaf (li, lf, lh), or a root (ri) of leaves when one leaf would outgrow a block.
 * New leaves are lh; leaves of another kind are kept as they came.
 */
#include "regf.h"
#include <string.h>

#define LEAF_LIMIT 507u                          /* entries of an lh leaf in a cell that shares no second block */

static CM_KEY_INDEX *Index(const REGF_HIVE *Hive, uint32_t Cell) { return RegfCell(Hive, Cell); }
static uint32_t Stride(const CM_KEY_INDEX *Leaf) { return RegfHasHints(Leaf->Signature) ? 2 : 1; }

/* What stands beside a cell in a leaf: the hash of lh, the first four letters for lf. */
static uint32_t HintOf(const REGF_HIVE *Hive, uint16_t Signature, uint32_t Child)
{
    const CM_KEY_NODE *key = RegfKey(Hive, Child);
    bool compressed = (key->Flags & KEY_COMP_NAME) != 0;
    uint32_t count = RegfNameCount(key->NameLength, compressed), hint = 0, i;

    if (Signature == REGF_SIGN_LH) {
        for (i = 0; i < count; i++)
            hint = hint * 37 + Hive->Host->Upcase(RegfNameUnit(key->Name, i, compressed));
        return hint;
    }
    for (i = 0; i < count && i < 4; i++) {
        uint16_t unit = RegfNameUnit(key->Name, i, compressed);
        hint |= (uint32_t)(unit > 0xFF ? 0 : unit) << 8 * i;
    }
    return hint;
}

static void WriteEntry(const REGF_HIVE *Hive, CM_KEY_INDEX *Leaf, uint32_t Position, uint32_t Child)
{
    uint32_t stride = Stride(Leaf);
    Leaf->List[Position * stride] = Child;
    if (stride == 2)
        Leaf->List[Position * 2 + 1] = HintOf(Hive, Leaf->Signature, Child);
}

/* The leaf that holds *Position, which becomes a position in it. *Slot: its place in the root. */
static uint32_t LeafAt(const REGF_HIVE *Hive, uint32_t List, uint32_t *Position, uint32_t *Slot)
{
    const CM_KEY_INDEX *root = Index(Hive, List);

    *Slot = 0;
    if (root->Signature != REGF_SIGN_RI)
        return List;
    while (*Slot + 1u < root->Count && *Position >= Index(Hive, root->List[*Slot])->Count) {
        *Position -= Index(Hive, root->List[*Slot])->Count;
        ++*Slot;
    }
    return root->List[*Slot];
}

uint32_t RegfIndexEntry(const REGF_HIVE *Hive, uint32_t List, uint32_t Position)
{
    uint32_t slot, leaf = LeafAt(Hive, List, &Position, &slot);
    const CM_KEY_INDEX *index = Index(Hive, leaf);
    return Position < index->Count ? index->List[Position * Stride(index)] : REGF_NIL;
}

static int CompareWith(const REGF_HIVE *Hive, REGF_NAME Name, uint32_t Child)
{
    const CM_KEY_NODE *key = RegfKey(Hive, Child);
    return RegfCompareName(Hive, Name, key->Name, key->NameLength, (key->Flags & KEY_COMP_NAME) != 0);
}

static bool FindInLeaf(const REGF_HIVE *Hive, const CM_KEY_INDEX *Leaf, REGF_NAME Name, uint32_t *Position)
{
    uint32_t low = 0, high = Leaf->Count, stride = Stride(Leaf);

    while (low < high) {
        uint32_t middle = (low + high) / 2;
        int order = CompareWith(Hive, Name, Leaf->List[middle * stride]);
        if (order == 0) {
            *Position = middle;
            return true;
        }
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    *Position = low;
    return false;
}

/* The leaf in which Name is or belongs: the first whose last entry is not below it, else the last. *Base: entries before it. */
static uint32_t LeafFor(const REGF_HIVE *Hive, uint32_t List, REGF_NAME Name, uint32_t *Slot, uint32_t *Base)
{
    const CM_KEY_INDEX *root = Index(Hive, List);

    *Slot = *Base = 0;
    if (root->Signature != REGF_SIGN_RI)
        return List;
    for (; *Slot + 1u < root->Count; ++*Slot) {
        const CM_KEY_INDEX *leaf = Index(Hive, root->List[*Slot]);
        if (leaf->Count != 0 && CompareWith(Hive, Name, leaf->List[(leaf->Count - 1u) * Stride(leaf)]) <= 0)
            break;
        *Base += leaf->Count;
    }
    return root->List[*Slot];
}

bool RegfIndexFind(const REGF_HIVE *Hive, uint32_t List, REGF_NAME Name, uint32_t *Position)
{
    uint32_t slot, base, leaf = LeafFor(Hive, List, Name, &slot, &base);
    bool found = FindInLeaf(Hive, Index(Hive, leaf), Name, Position);
    *Position += base;
    return found;
}

/* ---- Changes ---- */
static uint32_t NewLeaf(REGF_HIVE *Hive, unsigned Space, uint32_t Room)
{
    uint32_t cell = RegfAllocateCell(Hive, Space, (uint32_t)sizeof(CM_KEY_INDEX) + Room * 8);
    if (cell != REGF_NIL)
        Index(Hive, cell)->Signature = Hive->Header->Minor >= 5 ? REGF_SIGN_LH : REGF_SIGN_LF;
    return cell;
}

/* A leaf with room for one more: itself, or grown by half. */
static uint32_t MakeRoom(REGF_HIVE *Hive, uint32_t Leaf)
{
    const CM_KEY_INDEX *index = Index(Hive, Leaf);
    uint32_t entry = Stride(index) * 4, need = (uint32_t)sizeof(*index) + (index->Count + 1u) * entry;
    uint32_t wanted = (uint32_t)sizeof(*index) + (index->Count + index->Count / 2u + 2u) * entry;

    if (need <= RegfCellSize(Hive, Leaf))
        return Leaf;
    return RegfGrowCell(Hive, Leaf, wanted);
}

/* The root above List with room for one more leaf; a new one above a lone leaf. REGF_NIL: nothing changed. */
static uint32_t RootFor(REGF_HIVE *Hive, uint32_t List)
{
    CM_KEY_INDEX *root;
    uint32_t cell;

    if (Index(Hive, List)->Signature == REGF_SIGN_RI)
        return Index(Hive, List)->Count == 0xFFFF ? REGF_NIL : MakeRoom(Hive, List);
    cell = RegfAllocateCell(Hive, RegfSpaceOf(List), (uint32_t)sizeof(*root) + 8 * 4);
    if (cell == REGF_NIL)
        return REGF_NIL;
    root = Index(Hive, cell);
    root->Signature = REGF_SIGN_RI;
    root->Count = 1;
    root->List[0] = List;
    return cell;
}

/* The upper half of a full leaf goes to a new one in the slot after it. Returns the root, or REGF_NIL with nothing changed. */
static uint32_t SplitLeaf(REGF_HIVE *Hive, uint32_t List, uint32_t Leaf, uint32_t Slot)
{
    uint32_t upperCell = NewLeaf(Hive, RegfSpaceOf(List), LEAF_LIMIT), rootCell, keep, move, i;
    CM_KEY_INDEX *lower = Index(Hive, Leaf), *upper, *root;

    if (upperCell == REGF_NIL)
        return REGF_NIL;
    rootCell = RootFor(Hive, List);
    if (rootCell == REGF_NIL) {
        RegfFreeCell(Hive, upperCell);
        return REGF_NIL;
    }
    keep = lower->Count / 2u;
    move = lower->Count - keep;
    upper = Index(Hive, upperCell);
    for (i = 0; i < move; i++)
        WriteEntry(Hive, upper, i, lower->List[(keep + i) * Stride(lower)]);
    upper->Count = (uint16_t)move;
    lower->Count = (uint16_t)keep;
    root = Index(Hive, rootCell);
    memmove(&root->List[Slot + 2], &root->List[Slot + 1], (root->Count - Slot - 1u) * 4);
    root->List[Slot + 1] = upperCell;
    root->Count++;
    RegfMarkDirty(Hive, Leaf);
    RegfMarkDirty(Hive, rootCell);
    return rootCell;
}

/* Makes the place of a leaf point to where it lies now. Returns the list. */
static uint32_t Relink(REGF_HIVE *Hive, uint32_t List, uint32_t Slot, uint32_t Old, uint32_t New)
{
    if (List == Old)
        return New;
    Index(Hive, List)->List[Slot] = New;
    RegfMarkDirty(Hive, List);
    return List;
}

bool RegfIndexInsert(REGF_HIVE *Hive, uint32_t *List, uint32_t Child, unsigned Space)
{
    uint16_t text[REGF_MAXIMUM_KEY_NAME];
    REGF_NAME name = RegfExpandKeyName(Hive, Child, text);
    uint32_t list = *List, slot, base, leaf, room, position;
    CM_KEY_INDEX *index;

    if (list == REGF_NIL && (list = NewLeaf(Hive, Space, 2)) == REGF_NIL)
        return false;
    leaf = LeafFor(Hive, list, name, &slot, &base);
    if (Index(Hive, leaf)->Count >= LEAF_LIMIT) {
        uint32_t root = SplitLeaf(Hive, list, leaf, slot);
        if (root == REGF_NIL)
            return false;
        *List = list = root;                     /* stays split, whatever comes */
        leaf = LeafFor(Hive, list, name, &slot, &base);
    }
    room = MakeRoom(Hive, leaf);
    if (room == REGF_NIL)
        return false;                            /* never for a new leaf, which has room */
    *List = Relink(Hive, list, slot, leaf, room);
    index = Index(Hive, room);
    FindInLeaf(Hive, index, name, &position);
    memmove(&index->List[(position + 1) * Stride(index)], &index->List[position * Stride(index)],
            (index->Count - position) * Stride(index) * 4);
    WriteEntry(Hive, index, position, Child);
    index->Count++;
    RegfMarkDirty(Hive, room);
    return true;
}

uint32_t RegfIndexRemove(REGF_HIVE *Hive, uint32_t List, uint32_t Position)
{
    uint32_t slot, leaf = LeafAt(Hive, List, &Position, &slot);
    CM_KEY_INDEX *index = Index(Hive, leaf), *root;

    memmove(&index->List[Position * Stride(index)], &index->List[(Position + 1) * Stride(index)],
            (index->Count - Position - 1u) * Stride(index) * 4);
    index->Count--;
    RegfMarkDirty(Hive, leaf);
    if (index->Count != 0)
        return List;
    RegfFreeCell(Hive, leaf);
    if (leaf == List)
        return REGF_NIL;
    root = Index(Hive, List);
    memmove(&root->List[slot], &root->List[slot + 1], (root->Count - slot - 1u) * 4);
    root->Count--;
    RegfMarkDirty(Hive, List);
    if (root->Count != 0)
        return List;
    RegfFreeCell(Hive, List);
    return REGF_NIL;
}

/* ---- Lists that somebody sorted by other rules (hivex orders by lower case) ---- */
static void SetEntry(REGF_HIVE *Hive, uint32_t List, uint32_t Position, uint32_t Child)
{
    uint32_t slot, leaf = LeafAt(Hive, List, &Position, &slot);
    WriteEntry(Hive, Index(Hive, leaf), Position, Child);
    RegfMarkDirty(Hive, leaf);
}

static void SiftDown(REGF_HIVE *Hive, uint32_t List, uint32_t Hole, uint32_t Count, uint32_t Child)
{
    for (;;) {
        uint32_t larger = 2 * Hole + 1, cell;
        if (larger >= Count)
            break;
        cell = RegfIndexEntry(Hive, List, larger);
        if (larger + 1 < Count) {
            uint32_t right = RegfIndexEntry(Hive, List, larger + 1);
            if (RegfCompareKeys(Hive, cell, right) < 0) {
                cell = right;
                larger++;
            }
        }
        if (RegfCompareKeys(Hive, Child, cell) >= 0)
            break;
        SetEntry(Hive, List, Hole, cell);
        Hole = larger;
    }
    SetEntry(Hive, List, Hole, Child);
}

void RegfIndexSort(REGF_HIVE *Hive, uint32_t List, uint32_t Count)
{
    uint32_t i;
    for (i = Count / 2; i-- > 0;)
        SiftDown(Hive, List, i, Count, RegfIndexEntry(Hive, List, i));
    for (i = Count; i-- > 1;) {
        uint32_t last = RegfIndexEntry(Hive, List, i);
        SetEntry(Hive, List, i, RegfIndexEntry(Hive, List, 0));
        SiftDown(Hive, List, 0, i, last);
    }
}

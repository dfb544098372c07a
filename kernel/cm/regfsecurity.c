/* SPDX-License-Identifier: MIT
 * Security descriptors: one sk cell for each different one in a space, counted, in a ring.
 */
#include "regf.h"
#include <string.h>

static CM_KEY_SECURITY *Security(const REGF_HIVE *Hive, uint32_t Cell) { return RegfCell(Hive, Cell); }

/* An equal descriptor in the space, or REGF_NIL. */
static uint32_t FindEqual(const REGF_HIVE *Hive, const void *Descriptor, uint32_t Length, unsigned Space)
{
    uint32_t first = Hive->Spaces[Space].FirstSecurity, cell = first;

    while (cell != REGF_NIL) {
        const CM_KEY_SECURITY *there = Security(Hive, cell);
        if (there->DescriptorLength == Length && memcmp(there->Descriptor, Descriptor, Length) == 0)
            return cell;
        cell = there->Flink == first ? REGF_NIL : there->Flink;
    }
    return REGF_NIL;
}

static void Link(REGF_HIVE *Hive, uint32_t Cell)
{
    REGF_SPACE *space = &Hive->Spaces[RegfSpaceOf(Cell)];
    CM_KEY_SECURITY *cell = Security(Hive, Cell), *first;

    if (space->FirstSecurity == REGF_NIL) {
        cell->Flink = cell->Blink = Cell;
        space->FirstSecurity = Cell;
        return;
    }
    first = Security(Hive, space->FirstSecurity);
    cell->Flink = space->FirstSecurity;
    cell->Blink = first->Blink;
    Security(Hive, first->Blink)->Flink = Cell;
    RegfMarkDirty(Hive, first->Blink);
    first->Blink = Cell;
    RegfMarkDirty(Hive, space->FirstSecurity);
}

static uint32_t Count(REGF_HIVE *Hive, uint32_t Cell)
{
    Security(Hive, Cell)->ReferenceCount++;
    RegfMarkDirty(Hive, Cell);
    return Cell;
}

/* A cell of the space with the descriptor, counted once more; REGF_NIL: no room. */
static uint32_t Obtain(REGF_HIVE *Hive, const void *Descriptor, uint32_t Length, unsigned Space)
{
    uint32_t cell = FindEqual(Hive, Descriptor, Length, Space);
    CM_KEY_SECURITY *made;

    if (cell == REGF_NIL) {
        cell = RegfAllocateCell(Hive, Space, (uint32_t)sizeof(*made) + Length);
        if (cell == REGF_NIL)
            return REGF_NIL;
        made = Security(Hive, cell);
        made->Signature = REGF_SIGN_SK;
        made->ReferenceCount = 0;
        made->DescriptorLength = Length;
        memcpy(made->Descriptor, Descriptor, Length);
        Link(Hive, cell);
    }
    return Count(Hive, cell);
}

REGF_STATUS RegfShareSecurity(REGF_HIVE *Hive, uint32_t Source, unsigned Space, uint32_t *Result)
{
    const CM_KEY_SECURITY *source;

    *Result = REGF_NIL;
    if (Source == REGF_NIL)
        return RegfOk;
    source = Security(Hive, Source);
    *Result = RegfSpaceOf(Source) == Space ? Count(Hive, Source)
                                           : Obtain(Hive, source->Descriptor, source->DescriptorLength, Space);
    return *Result == REGF_NIL ? RegfNoMemory : RegfOk;
}

REGF_STATUS RegfSetSecurity(REGF_HIVE *Hive, uint32_t Key, const void *Descriptor, uint32_t Length)
{
    uint32_t cell = Obtain(Hive, Descriptor, Length, RegfSpaceOf(Key)), old = RegfKey(Hive, Key)->Security;

    if (cell == REGF_NIL)
        return RegfNoMemory;
    RegfKey(Hive, Key)->Security = cell;
    RegfMarkDirty(Hive, Key);
    RegfReleaseSecurity(Hive, old);
    return RegfOk;
}

const void *RegfDescriptor(const REGF_HIVE *Hive, uint32_t Key, uint32_t *Length)
{
    uint32_t cell = RegfKey(Hive, Key)->Security;

    if (cell == REGF_NIL)
        return NULL;
    *Length = Security(Hive, cell)->DescriptorLength;
    return Security(Hive, cell)->Descriptor;
}

void RegfReleaseSecurity(REGF_HIVE *Hive, uint32_t Cell)
{
    REGF_SPACE *space;
    CM_KEY_SECURITY *cell;

    if (Cell == REGF_NIL)
        return;
    space = &Hive->Spaces[RegfSpaceOf(Cell)];
    cell = Security(Hive, Cell);
    RegfMarkDirty(Hive, Cell);
    if (cell->ReferenceCount > 1) {
        cell->ReferenceCount--;
        return;
    }
    if (space->FirstSecurity == Cell)
        space->FirstSecurity = cell->Flink == Cell ? REGF_NIL : cell->Flink;
    Security(Hive, cell->Blink)->Flink = cell->Flink;
    Security(Hive, cell->Flink)->Blink = cell->Blink;
    RegfMarkDirty(Hive, cell->Blink);
    RegfMarkDirty(Hive, cell->Flink);
    RegfFreeCell(Hive, Cell);
}

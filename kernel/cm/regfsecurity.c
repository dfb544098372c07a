/* SPDX-License-Identifier: MIT
 * Security descriptors: one sk cell for each different one in a space, counted, in a ring.
 */
#include "regf.h"
#include <string.h>

static CM_KEY_SECURITY *Security(const REGF_HIVE *Hive, uint32_t Cell) { return RegfCell(Hive, Cell); }

/* An equal descriptor in the space, or REGF_NIL. */
static uint32_t FindEqual(const REGF_HIVE *Hive, const CM_KEY_SECURITY *Source, unsigned Space)
{
    uint32_t first = Hive->Spaces[Space].FirstSecurity, cell = first;

    while (cell != REGF_NIL) {
        const CM_KEY_SECURITY *there = Security(Hive, cell);
        if (there->DescriptorLength == Source->DescriptorLength &&
            memcmp(there->Descriptor, Source->Descriptor, Source->DescriptorLength) == 0)
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

REGF_STATUS RegfShareSecurity(REGF_HIVE *Hive, uint32_t Source, unsigned Space, uint32_t *Result)
{
    uint32_t cell = Source;
    CM_KEY_SECURITY *made;
    const CM_KEY_SECURITY *source;

    *Result = REGF_NIL;
    if (Source == REGF_NIL)
        return RegfOk;
    source = Security(Hive, Source);
    if (RegfSpaceOf(Source) != Space)
        cell = FindEqual(Hive, source, Space);
    if (cell == REGF_NIL) {
        cell = RegfAllocateCell(Hive, Space, (uint32_t)sizeof(*made) + source->DescriptorLength);
        if (cell == REGF_NIL)
            return RegfNoMemory;
        made = Security(Hive, cell);
        made->Signature = REGF_SIGN_SK;
        made->DescriptorLength = source->DescriptorLength;
        memcpy(made->Descriptor, source->Descriptor, source->DescriptorLength);
        Link(Hive, cell);
    }
    Security(Hive, cell)->ReferenceCount++;
    RegfMarkDirty(Hive, cell);
    *Result = cell;
    return RegfOk;
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

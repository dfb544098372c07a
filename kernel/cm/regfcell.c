/* SPDX-License-Identifier: MIT
 * Bins and cells: where a cell lies, room for a new one, giving one back. A free cell always stands between cells in use or the ends
 * of its bin: neighbours are merged when one is freed.
 */
#include "regf.h"
#include <string.h>

#define CELL_HEADER 4u

static REGF_BIN *BinOf(const REGF_HIVE *Hive, uint32_t Cell)
{
    const REGF_SPACE *space = &Hive->Spaces[RegfSpaceOf(Cell)];
    return &space->Bins[space->BinOfBlock[(Cell & ~REGF_VOLATILE) / REGF_BLOCK]];
}

static uint8_t *CellHeader(const REGF_HIVE *Hive, uint32_t Cell)
{
    const REGF_BIN *bin = BinOf(Hive, Cell);
    return bin->Memory + ((Cell & ~REGF_VOLATILE) - bin->Offset);
}

static int32_t ReadSize(const uint8_t *Header)
{
    int32_t size;
    memcpy(&size, Header, sizeof(size));
    return size;
}

static void WriteSize(uint8_t *Header, int32_t Size) { memcpy(Header, &Size, sizeof(Size)); }

void *RegfCell(const REGF_HIVE *Hive, uint32_t Cell) { return CellHeader(Hive, Cell) + CELL_HEADER; }

uint32_t RegfCellSize(const REGF_HIVE *Hive, uint32_t Cell)
{
    return (uint32_t)-ReadSize(CellHeader(Hive, Cell)) - CELL_HEADER;
}

void RegfMarkDirty(REGF_HIVE *Hive, uint32_t Cell)
{
    REGF_SPACE *space = &Hive->Spaces[RegfSpaceOf(Cell)];
    uint32_t offset = Cell & ~REGF_VOLATILE, size = (uint32_t)-ReadSize(CellHeader(Hive, Cell)), block;

    if (RegfSpaceOf(Cell) == RegfVolatile)
        return;
    Hive->IsDirty = true;
    for (block = offset / REGF_BLOCK; block <= (offset + size - 1) / REGF_BLOCK; block++)
        space->Dirty[block] = 1;
}

/* ---- Tables ---- */
/* Makes room for Count elements in a table that doubles. */
static bool Reserve(const REGF_HOST *Host, void **Table, uint32_t *Room, uint32_t Used, uint32_t Count, size_t Element)
{
    uint32_t room = *Room == 0 ? 16 : *Room;
    void *bigger;

    if (Count <= *Room)
        return true;
    while (room < Count)
        room *= 2;
    bigger = Host->Allocate(room * Element);
    if (bigger == NULL)
        return false;
    memset(bigger, 0, room * Element);
    if (*Table != NULL) {
        memcpy(bigger, *Table, Used * Element);
        Host->Free(*Table);
    }
    *Table = bigger;
    *Room = room;
    return true;
}

static bool ReserveBlocks(REGF_HIVE *Hive, REGF_SPACE *Space, uint32_t Blocks)
{
    uint32_t room = Space->BlockRoom, same = room;
    return Reserve(Hive->Host, (void **)&Space->BinOfBlock, &room, Space->BlockCount, Blocks, sizeof(uint32_t)) &&
           Reserve(Hive->Host, (void **)&Space->Dirty, &same, Space->BlockCount, Blocks, 1) && ((Space->BlockRoom = same), true);
}

/* Enters a bin whose memory is there at the end of the space. */
static bool EnterBin(REGF_HIVE *Hive, REGF_SPACE *Space, uint8_t *Memory, uint32_t Size, bool Owned)
{
    uint32_t blocks = Size / REGF_BLOCK, i;
    REGF_BIN *bin;

    if (!ReserveBlocks(Hive, Space, Space->BlockCount + blocks) ||
        !Reserve(Hive->Host, (void **)&Space->Bins, &Space->BinRoom, Space->BinCount, Space->BinCount + 1, sizeof(REGF_BIN)))
        return false;
    bin = &Space->Bins[Space->BinCount];
    bin->Memory = Memory;
    bin->Offset = Space->BlockCount * REGF_BLOCK;
    bin->Size = Size;
    bin->LargestFree = Size;                     /* an upper bound: the first search will see */
    bin->Owned = Owned;
    for (i = 0; i < blocks; i++)
        Space->BinOfBlock[Space->BlockCount + i] = Space->BinCount;
    Space->BlockCount += blocks;
    Space->BinCount++;
    return true;
}

bool RegfAddLoadedBins(REGF_HIVE *Hive, uint32_t Length)
{
    uint32_t offset = 0;
    while (offset < Length) {
        uint32_t size = ((const HBIN *)(Hive->Image + offset))->Size;
        if (!EnterBin(Hive, &Hive->Spaces[RegfStable], Hive->Image + offset, size, false))
            return false;
        offset += size;
    }
    return true;
}

bool RegfInitializeSpaces(REGF_HIVE *Hive)
{
    unsigned i;
    for (i = 0; i < RegfSpaces; i++) {
        memset(&Hive->Spaces[i], 0, sizeof(Hive->Spaces[i]));
        Hive->Spaces[i].FirstSecurity = REGF_NIL;
    }
    Hive->Header = Hive->Host->Allocate(sizeof(HBASE_BLOCK));
    return Hive->Header != NULL;
}

static bool AddBin(REGF_HIVE *Hive, unsigned SpaceIndex, uint32_t Need)
{
    REGF_SPACE *space = &Hive->Spaces[SpaceIndex];
    uint32_t size = (Need + REGF_BIN_HEADER + REGF_BLOCK - 1) & ~(REGF_BLOCK - 1), block;
    uint32_t offset = space->BlockCount * REGF_BLOCK;
    uint8_t *memory;
    HBIN *header;

    if (size < Need || (uint64_t)offset + size >= REGF_VOLATILE)
        return false;
    memory = Hive->Host->Allocate(size);
    if (memory == NULL)
        return false;
    memset(memory, 0, size);
    header = (HBIN *)memory;
    header->Signature = REGF_SIGN_HBIN;
    header->FileOffset = offset;
    header->Size = size;
    header->TimeStamp = offset == 0 ? Hive->Host->Now() : 0;
    WriteSize(memory + REGF_BIN_HEADER, (int32_t)(size - REGF_BIN_HEADER));
    if (!EnterBin(Hive, space, memory, size, true)) {
        Hive->Host->Free(memory);
        return false;
    }
    for (block = offset / REGF_BLOCK; block < space->BlockCount; block++)
        space->Dirty[block] = 1;
    space->Rover = space->BinCount - 1;
    return true;
}

/* ---- Room ---- */
/* First fit in one bin; its offset in the bin, or 0. */
static uint32_t FindInBin(REGF_BIN *Bin, uint32_t Need)
{
    uint32_t position = REGF_BIN_HEADER, largest = 0;

    if (Bin->LargestFree < Need)
        return 0;
    while (position < Bin->Size) {
        int32_t size = ReadSize(Bin->Memory + position);
        if (size >= (int32_t)Need)
            return position;
        if (size > 0 && (uint32_t)size > largest)
            largest = (uint32_t)size;
        position += (uint32_t)(size < 0 ? -size : size);
    }
    Bin->LargestFree = largest;
    return 0;
}

static uint32_t Claim(REGF_HIVE *Hive, unsigned Space, REGF_BIN *Bin, uint32_t Position, uint32_t Need)
{
    uint8_t *header = Bin->Memory + Position;
    uint32_t rest = (uint32_t)ReadSize(header) - Need;
    uint32_t cell = (Bin->Offset + Position) | (Space == RegfVolatile ? REGF_VOLATILE : 0);

    WriteSize(header, -(int32_t)Need);
    memset(header + CELL_HEADER, 0, Need - CELL_HEADER);
    RegfMarkDirty(Hive, cell);
    if (rest != 0) {
        WriteSize(header + Need, (int32_t)rest);
        if (Space == RegfStable)
            Hive->Spaces[Space].Dirty[(Bin->Offset + Position + Need) / REGF_BLOCK] = 1;
    }
    return cell;
}

uint32_t RegfAllocateCell(REGF_HIVE *Hive, unsigned Space, uint32_t Bytes)
{
    REGF_SPACE *space = &Hive->Spaces[Space];
    uint32_t need = (Bytes + CELL_HEADER + 7) & ~7u, tried, position;

    if (Bytes > REGF_MAXIMUM_DATA)
        return REGF_NIL;
    for (tried = 0; tried < space->BinCount; tried++) {
        uint32_t index = (space->Rover + tried) % space->BinCount;
        position = FindInBin(&space->Bins[index], need);
        if (position != 0) {
            space->Rover = index;
            return Claim(Hive, Space, &space->Bins[index], position, need);
        }
    }
    if (!AddBin(Hive, Space, need))
        return REGF_NIL;
    return Claim(Hive, Space, &space->Bins[space->BinCount - 1], REGF_BIN_HEADER, need);
}

void RegfFreeCell(REGF_HIVE *Hive, uint32_t Cell)
{
    REGF_BIN *bin;
    uint32_t position, size, next, walk = REGF_BIN_HEADER, before = 0;

    if (Cell == REGF_NIL)
        return;
    RegfMarkDirty(Hive, Cell);
    bin = BinOf(Hive, Cell);
    position = (Cell & ~REGF_VOLATILE) - bin->Offset;
    size = (uint32_t)-ReadSize(bin->Memory + position);
    next = position + size;
    if (next < bin->Size && ReadSize(bin->Memory + next) > 0)
        size += (uint32_t)ReadSize(bin->Memory + next);
    while (walk < position) {
        int32_t there = ReadSize(bin->Memory + walk);
        before = walk;
        walk += (uint32_t)(there < 0 ? -there : there);
    }
    if (before != 0 && ReadSize(bin->Memory + before) > 0) {
        size += position - before;
        position = before;
        if (RegfSpaceOf(Cell) == RegfStable)
            Hive->Spaces[RegfStable].Dirty[(bin->Offset + position) / REGF_BLOCK] = 1;
    }
    WriteSize(bin->Memory + position, (int32_t)size);
    if (size > bin->LargestFree)
        bin->LargestFree = size;
}

uint32_t RegfGrowCell(REGF_HIVE *Hive, uint32_t Cell, uint32_t Bytes)
{
    uint32_t old = RegfCellSize(Hive, Cell), bigger;

    if (Bytes <= old)
        return Cell;
    bigger = RegfAllocateCell(Hive, RegfSpaceOf(Cell), Bytes);
    if (bigger == REGF_NIL)
        return REGF_NIL;
    memcpy(RegfCell(Hive, bigger), RegfCell(Hive, Cell), old);
    RegfFreeCell(Hive, Cell);
    return bigger;
}

/* SPDX-License-Identifier: MIT
 * Rectangles and runs of cells: read, written, filled, moved. Coordinates come from programs: any value is possible.
 */
#include "console.h"

static int ConLesser(int A, int B) { return A < B ? A : B; }
static int ConGreater(int A, int B) { return A > B ? A : B; }

static bool ConIsInside(const CON_SCREEN *Screen, int X, int Y)
{
    return X >= 0 && Y >= 0 && X < Screen->Width && Y < Screen->Height;
}

/* How one walks: Count cells from Start on, in rows of Width, or to the end of each row of the screen when Width is 0. */
typedef struct CON_WALK {
    int X, Y, Columns;
    uint32_t Count;
} CON_WALK;

static CON_WALK ConBeginWalk(const CON_SCREEN *Screen, int X, int Y, unsigned Width, uint32_t Count)
{
    CON_WALK walk = { X, Y, 0, 0 };
    uint32_t rest;

    if (!ConIsInside(Screen, X, Y))
        return walk;
    rest = (uint32_t)(Screen->Height - Y) * (uint32_t)Screen->Width - (uint32_t)X;
    walk.Columns = (int)Width;
    walk.Count = Count;
    if (Width == 0)
        walk.Count = Count < rest ? Count : rest;
    else if (Width > CON_MAXIMUM_CELLS)
        walk.Columns = (int)CON_MAXIMUM_CELLS;
    return walk;
}

/* The cell of a number; NULL: it is cut off. */
static CON_CELL *ConWalkTo(const CON_SCREEN *Screen, const CON_WALK *Walk, uint32_t Number)
{
    int64_t start = Walk->Columns == 0 ? (int64_t)Walk->Y * Screen->Width + Walk->X + Number : 0;
    int64_t x = Walk->Columns == 0 ? start % Screen->Width : Walk->X + (int64_t)(Number % (uint32_t)Walk->Columns);
    int64_t y = Walk->Columns == 0 ? start / Screen->Width : Walk->Y + (int64_t)(Number / (uint32_t)Walk->Columns);

    return x < Screen->Width && y < Screen->Height ? ConCellAt(Screen, (int)x, (int)y) : NULL;
}

/* What the walk touches. Empty: Right is left of Left. */
static CON_RECTANGLE ConWalkArea(const CON_SCREEN *Screen, const CON_WALK *Walk)
{
    int64_t last, columns = Walk->Columns;

    if (Walk->Count == 0)
        return (CON_RECTANGLE){ (int16_t)Walk->X, (int16_t)Walk->Y, (int16_t)(Walk->X - 1), (int16_t)(Walk->Y - 1) };
    if (columns == 0) {
        last = Walk->X + (int64_t)Walk->Count - 1;
        if (last < Screen->Width)
            return (CON_RECTANGLE){ (int16_t)Walk->X, (int16_t)Walk->Y, (int16_t)last, (int16_t)Walk->Y };
        return (CON_RECTANGLE){ 0, (int16_t)Walk->Y, (int16_t)(Screen->Width - 1), (int16_t)(Walk->Y + last / Screen->Width) };
    }
    last = Walk->Y + ((int64_t)Walk->Count - 1) / columns;
    columns = Walk->Count < columns ? Walk->Count : columns;
    return (CON_RECTANGLE){ (int16_t)Walk->X, (int16_t)Walk->Y, (int16_t)(Walk->X + columns < Screen->Width ? Walk->X + columns - 1 : Screen->Width - 1),
                            (int16_t)(last < Screen->Height ? last : Screen->Height - 1) };
}

static uint16_t ConGet16(const uint8_t *Bytes) { return (uint16_t)(Bytes[0] | Bytes[1] << 8); }

static void ConPut16(uint8_t *Bytes, uint16_t Value)
{
    Bytes[0] = (uint8_t)Value;
    Bytes[1] = (uint8_t)(Value >> 8);
}

/* True when the cell is another one now. */
static bool ConChange(CON_CELL *Cell, unsigned Mode, CON_CELL Value)
{
    CON_CELL old = *Cell;

    if (Mode != ConAttributes)
        Cell->Character = Value.Character;
    if (Mode != ConCharacters)
        Cell->Attribute = Value.Attribute;
    return old.Character != Cell->Character || old.Attribute != Cell->Attribute;
}

static CON_CELL ConCellOf(const uint8_t *Bytes, unsigned Mode)
{
    return (CON_CELL){ ConGet16(Bytes), ConGet16(Mode == ConBoth ? Bytes + 2 : Bytes) };
}

uint32_t ConWriteCells(CON_SCREEN *Screen, int X, int Y, unsigned Mode, unsigned Width, const uint8_t *Cells, uint32_t Count,
                       CON_RECTANGLE *Done)
{
    CON_WALK walk = ConBeginWalk(Screen, X, Y, Width, Count);
    bool changed = false;
    uint32_t written = 0;

    for (uint32_t i = 0; i < walk.Count; i++) {
        CON_CELL *cell = ConWalkTo(Screen, &walk, i);
        if (cell == NULL)
            continue;
        written++;
        changed |= ConChange(cell, Mode, ConCellOf(Cells + (size_t)i * ConCellBytes(Mode), Mode));
    }
    *Done = ConWalkArea(Screen, &walk);
    if (changed)
        ConTerminalPaint(Screen, *Done);
    return written;
}

/* A rectangle comes without the columns that do not exist. */
uint32_t ConReadCells(const CON_SCREEN *Screen, int X, int Y, unsigned Mode, unsigned Width, uint8_t *Cells, uint32_t Count,
                      CON_RECTANGLE *Done)
{
    CON_WALK walk = ConBeginWalk(Screen, X, Y, Width, Count);
    uint32_t read = 0;

    if (walk.Columns > Screen->Width - X)
        walk.Columns = Screen->Width - X;
    for (uint32_t i = 0; i < walk.Count; i++) {
        const CON_CELL *cell = ConWalkTo(Screen, &walk, i);
        if (cell == NULL)
            break;
        ConPut16(Cells, Mode == ConAttributes ? cell->Attribute : cell->Character);
        if (Mode == ConBoth)
            ConPut16(Cells + 2, cell->Attribute);
        Cells += ConCellBytes(Mode);
        read++;
    }
    *Done = ConWalkArea(Screen, &walk);
    return read;
}

uint32_t ConFillCells(CON_SCREEN *Screen, int X, int Y, unsigned Mode, uint32_t Count, bool Wrap, CON_CELL Fill)
{
    CON_WALK walk = ConBeginWalk(Screen, X, Y, 0, Count);
    bool changed = false;

    if (!Wrap && walk.Count > (uint32_t)(Screen->Width - X))
        walk.Count = (uint32_t)(Screen->Width - X);
    for (uint32_t i = 0; i < walk.Count; i++)
        changed |= ConChange(ConWalkTo(Screen, &walk, i), Mode, Fill);
    if (changed)
        ConTerminalPaint(Screen, ConWalkArea(Screen, &walk));
    return walk.Count;
}

/* ---- Moving ---- */
static CON_RECTANGLE ConCut(CON_RECTANGLE A, CON_RECTANGLE B)
{
    return (CON_RECTANGLE){ (int16_t)ConGreater(A.Left, B.Left), (int16_t)ConGreater(A.Top, B.Top), (int16_t)ConLesser(A.Right, B.Right),
                            (int16_t)ConLesser(A.Bottom, B.Bottom) };
}

static bool ConHolds(CON_RECTANGLE Area, int X, int Y) { return X >= Area.Left && X <= Area.Right && Y >= Area.Top && Y <= Area.Bottom; }

static CON_CELL *ConCopyCells(const CON_SCREEN *Screen)
{
    size_t count = (size_t)Screen->Width * (size_t)Screen->Height;
    CON_CELL *copy = Screen->Host->Allocate(count * sizeof(CON_CELL));

    for (size_t i = 0; copy != NULL && i < count; i++)
        copy[i] = Screen->Cells[i];
    return copy;
}

bool ConMoveCells(CON_SCREEN *Screen, CON_RECTANGLE Source, CON_POINT Target, CON_RECTANGLE Clip, CON_CELL Fill)
{
    CON_RECTANGLE whole = { 0, 0, (int16_t)(Screen->Width - 1), (int16_t)(Screen->Height - 1) };
    CON_RECTANGLE clip = ConCut(Clip, whole), source = ConCut(Source, whole);
    int right = Target.X - Source.Left, down = Target.Y - Source.Top;
    CON_CELL *old = ConCopyCells(Screen);

    if (old == NULL)
        return false;
    for (int y = clip.Top; y <= clip.Bottom; y++)
        for (int x = clip.Left; x <= clip.Right; x++) {
            if (ConHolds(source, x - right, y - down))
                *ConCellAt(Screen, x, y) = old[(y - down) * Screen->Width + x - right];
            else if (ConHolds(source, x, y))
                *ConCellAt(Screen, x, y) = Fill;
        }
    Screen->Host->Free(old);
    if (clip.Left <= clip.Right && clip.Top <= clip.Bottom)
        ConTerminalPaint(Screen, clip);
    return true;
}

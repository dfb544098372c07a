/* SPDX-License-Identifier: MIT
 * A screen: cells, cursor, window, and rows that move.
 */
#include "console.h"

static const uint32_t ConDefaultColors[16] = {   /* 0x00BBGGRR */
    0x000000, 0x800000, 0x008000, 0x808000, 0x000080, 0x800080, 0x008080, 0xC0C0C0,
    0x808080, 0xFF0000, 0x00FF00, 0xFFFF00, 0x0000FF, 0xFF00FF, 0x00FFFF, 0xFFFFFF,
};

static int ConLesser(int A, int B) { return A < B ? A : B; }

static bool ConIsSize(int Width, int Height)
{
    return Width >= 1 && Height >= 1 && Width <= CON_MAXIMUM_SIDE && Height <= CON_MAXIMUM_SIDE &&
           (uint32_t)Width * (uint32_t)Height <= CON_MAXIMUM_CELLS;
}

CON_CELL *ConCellAt(const CON_SCREEN *Screen, int X, int Y) { return &Screen->Cells[Y * Screen->Width + X]; }

static void ConBlank(CON_SCREEN *Screen, int Y, int Rows)
{
    for (int i = Y * Screen->Width; i < (Y + Rows) * Screen->Width; i++)
        Screen->Cells[i] = (CON_CELL){ ' ', Screen->Attribute };
}

static CON_RECTANGLE ConWholeRows(const CON_SCREEN *Screen, int Top, int Bottom)
{
    return (CON_RECTANGLE){ 0, (int16_t)Top, (int16_t)(Screen->Width - 1), (int16_t)Bottom };
}

static void ConMeasure(CON_SCREEN *Screen, int Width, int Height)
{
    Screen->Width = Width;
    Screen->Height = Height;
    Screen->MarginTop = 0;
    Screen->MarginBottom = Height - 1;
    Screen->WrapIsDue = false;
}

/* ---- Coming and going ---- */
bool ConCreateScreen(const CON_HOST *Host, CON_SCREEN *Screen)
{
    *Screen = (CON_SCREEN){ .Host = Host, .Attribute = CON_DEFAULT_ATTRIBUTE, .SavedAttribute = CON_DEFAULT_ATTRIBUTE, .PopupAttribute = 0xF5,
                            .CursorSize = 25, .CursorVisible = true, .Mode = ConDefaultOutputMode,
                            .MaximumWindow = { CON_DEFAULT_WIDTH, CON_DEFAULT_HEIGHT } };
    Screen->Cells = Host->Allocate(CON_DEFAULT_WIDTH * CON_DEFAULT_HEIGHT * sizeof(CON_CELL));
    if (Screen->Cells == NULL)
        return false;
    for (int i = 0; i < 16; i++)
        Screen->Colors[i] = ConDefaultColors[i];
    ConMeasure(Screen, CON_DEFAULT_WIDTH, CON_DEFAULT_HEIGHT);
    Screen->Window = ConWholeRows(Screen, 0, CON_DEFAULT_HEIGHT - 1);
    ConBlank(Screen, 0, CON_DEFAULT_HEIGHT);
    return true;
}

void ConDeleteScreen(CON_SCREEN *Screen)
{
    if (Screen->Cells != NULL)
        Screen->Host->Free(Screen->Cells);
    Screen->Cells = NULL;
}

/* The window stays as large as it can. */
static void ConFitWindow(CON_SCREEN *Screen)
{
    CON_RECTANGLE *window = &Screen->Window;
    int width = ConLesser(window->Right - window->Left + 1, Screen->Width), height = ConLesser(window->Bottom - window->Top + 1, Screen->Height);

    window->Left = (int16_t)ConLesser(window->Left, Screen->Width - width);
    window->Top = (int16_t)ConLesser(window->Top, Screen->Height - height);
    window->Right = (int16_t)(window->Left + width - 1);
    window->Bottom = (int16_t)(window->Top + height - 1);
}

bool ConResizeScreen(CON_SCREEN *Screen, int Width, int Height)
{
    CON_CELL *old = Screen->Cells, *cells;
    int width = Screen->Width, columns = ConLesser(Width, width), rows = ConLesser(Height, Screen->Height);

    if (!ConIsSize(Width, Height))
        return false;
    if (Width == width && Height == Screen->Height)
        return true;
    cells = Screen->Host->Allocate((size_t)Width * (size_t)Height * sizeof(CON_CELL));
    if (cells == NULL)
        return false;
    Screen->Cells = cells;
    ConMeasure(Screen, Width, Height);
    ConBlank(Screen, 0, Height);
    for (int y = 0; y < rows; y++)
        for (int x = 0; x < columns; x++)
            *ConCellAt(Screen, x, y) = old[y * width + x];
    Screen->Host->Free(old);
    Screen->Cursor.X = (int16_t)ConLesser(Screen->Cursor.X, Width - 1);
    Screen->Cursor.Y = (int16_t)ConLesser(Screen->Cursor.Y, Height - 1);
    Screen->SavedCursor = Screen->Cursor;
    ConFitWindow(Screen);
    ConTerminalRepaint(Screen);
    return true;
}

/* ---- Where one looks ---- */
static void ConFollowCursor(CON_SCREEN *Screen)
{
    CON_RECTANGLE *window = &Screen->Window;
    int down = Screen->Cursor.Y - window->Bottom, up = window->Top - Screen->Cursor.Y, rows = down > 0 ? down : up > 0 ? -up : 0;
    int right = Screen->Cursor.X - window->Right, left = window->Left - Screen->Cursor.X, columns = right > 0 ? right : left > 0 ? -left : 0;

    window->Top = (int16_t)(window->Top + rows);
    window->Bottom = (int16_t)(window->Bottom + rows);
    window->Left = (int16_t)(window->Left + columns);
    window->Right = (int16_t)(window->Right + columns);
}

bool ConSetCursor(CON_SCREEN *Screen, CON_POINT Where)
{
    if (Where.X < 0 || Where.Y < 0 || Where.X >= Screen->Width || Where.Y >= Screen->Height)
        return false;
    Screen->Cursor = Where;
    Screen->WrapIsDue = false;
    ConFollowCursor(Screen);
    return true;
}

bool ConSetWindow(CON_SCREEN *Screen, CON_RECTANGLE Window)
{
    if (Window.Left < 0 || Window.Top < 0 || Window.Right < Window.Left || Window.Bottom < Window.Top || Window.Right >= Screen->Width ||
        Window.Bottom >= Screen->Height)
        return false;
    Screen->Window = Window;
    return true;
}

/* ---- Rows that move ---- */
static void ConShiftRows(CON_SCREEN *Screen, int Top, int Bottom, int Rows)
{
    int count = Bottom - Top + 1 - (Rows > 0 ? Rows : -Rows), from = Rows > 0 ? Top + Rows : Top, to = Rows > 0 ? Top : Top - Rows;

    for (int i = 0; i < count; i++) {
        int row = Rows > 0 ? i : count - 1 - i;
        for (int x = 0; x < Screen->Width; x++)
            *ConCellAt(Screen, x, to + row) = *ConCellAt(Screen, x, from + row);
    }
    if (Rows > 0)
        ConBlank(Screen, Bottom - Rows + 1, Rows);
    else
        ConBlank(Screen, Top, -Rows);
}

void ConScrollRows(CON_SCREEN *Screen, int Top, int Bottom, int Rows)
{
    int most = Bottom - Top + 1;

    Rows = Rows > most ? most : Rows < -most ? -most : Rows;
    if (Rows == 0)
        return;
    ConShiftRows(Screen, Top, Bottom, Rows);
    if (Top != 0 || Bottom != Screen->Height - 1 || Rows < 0) {
        ConTerminalPaint(Screen, ConWholeRows(Screen, Top, Bottom));
        return;
    }
    Screen->Scrolled += (uint64_t)Rows;
    ConTerminalScrolled(Screen, Rows);
}

void ConScrollUp(CON_SCREEN *Screen) { ConScrollRows(Screen, 0, Screen->Height - 1, 1); }

/* SPDX-License-Identifier: MIT
 * From cells to pixels.
 */
#include "display.h"

#define CON_REVERSED 0x4000
#define CON_UNDERLINED 0x8000

/* A box, for characters that the font does not have. */
static const uint8_t ConUnknown[CON_GLYPH_HEIGHT] = { 0, 0, 0x7E, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x7E };

static int ConLesser(int A, int B) { return A < B ? A : B; }
static int ConGreater(int A, int B) { return A > B ? A : B; }

static const uint8_t *ConFindGlyph(uint16_t Character)
{
    uint32_t low = 0, high = ConFontGlyphs;

    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (ConFont[middle].Character == Character)
            return ConFont[middle].Lines;
        if (ConFont[middle].Character < Character)
            low = middle + 1;
        else
            high = middle;
    }
    return ConUnknown;
}

/* ---- Coming and going ---- */
bool ConCreateDisplay(const CON_HOST *Host, CON_DISPLAY *Display, const CON_PICTURE *Picture)
{
    uint32_t columns = Picture->Width / CON_GLYPH_WIDTH, rows = Picture->Height / CON_GLYPH_HEIGHT;

    *Display = (CON_DISPLAY){ .Host = Host, .Picture = *Picture };
    if (columns == 0 || rows == 0 || Picture->Width > CON_MAXIMUM_PIXELS || Picture->Height > CON_MAXIMUM_PIXELS ||
        Picture->Pitch < Picture->Width)
        return false;
    columns = columns < CON_MAXIMUM_SIDE ? columns : CON_MAXIMUM_SIDE;
    rows = rows < CON_MAXIMUM_SIDE ? rows : CON_MAXIMUM_SIDE;
    Display->Shown = Host->Allocate((size_t)columns * rows * sizeof(CON_CELL));
    return Display->Shown != NULL;
}

void ConDeleteDisplay(CON_DISPLAY *Display)
{
    if (Display->Shown != NULL)
        Display->Host->Free(Display->Shown);
    Display->Shown = NULL;
}

/* ---- Pixels ---- */
static uint32_t ConPixel(const CON_DISPLAY *Display, uint32_t Color)
{
    uint32_t red = Color & 0xFF, green = Color >> 8 & 0xFF, blue = Color >> 16 & 0xFF;
    return Display->Picture.IsRedFirst ? red | green << 8 | blue << 16 : blue | green << 8 | red << 16;
}

static void ConBlackOut(const CON_PICTURE *Picture)
{
    for (uint32_t y = 0; y < Picture->Height; y++)
        for (uint32_t x = 0; x < Picture->Width; x++)
            Picture->Pixels[(size_t)y * Picture->Pitch + x] = 0;
}

/* One line of a glyph's points, as high as they are wide. */
static void ConDrawLineOfGlyph(const CON_DISPLAY *Display, uint32_t *At, uint8_t Points, uint32_t Ink, uint32_t Paper)
{
    for (int line = 0; line < Display->Scale; line++, At += Display->Picture.Pitch) {
        uint32_t *pixel = At;
        for (uint8_t bit = 0x80; bit != 0; bit >>= 1)
            for (int i = 0; i < Display->Scale; i++)
                *pixel++ = Points & bit ? Ink : Paper;
    }
}

static void ConDrawCell(const CON_DISPLAY *Display, int X, int Y, CON_CELL Cell, int CursorLines)
{
    const uint8_t *lines = ConFindGlyph(ConGlyph(Cell.Character));
    bool isReversed = (Cell.Attribute & CON_REVERSED) != 0;
    uint32_t low = Display->Values[Cell.Attribute & 0x0F], high = Display->Values[Cell.Attribute >> 4 & 0x0F];
    uint32_t *at = Display->Picture.Pixels +
                   (size_t)(Display->Top + Y * CON_GLYPH_HEIGHT * Display->Scale) * Display->Picture.Pitch + (size_t)Display->Left +
                   (size_t)(X * CON_GLYPH_WIDTH * Display->Scale);

    for (int i = 0; i < CON_GLYPH_HEIGHT; i++) {
        uint8_t points = (Cell.Attribute & CON_UNDERLINED) && i == CON_GLYPH_HEIGHT - 1 ? 0xFF : lines[i];
        if (i >= CON_GLYPH_HEIGHT - CursorLines)
            points = (uint8_t)~points;
        ConDrawLineOfGlyph(Display, at, points, isReversed ? high : low, isReversed ? low : high);
        at += (size_t)Display->Picture.Pitch * (size_t)Display->Scale;
    }
}

/* ---- What is to be seen ---- */
/* True when everything must be drawn: another size, other colours. */
static bool ConFitDisplay(CON_DISPLAY *Display, const CON_SCREEN *Screen)
{
    int width = (int)Display->Picture.Width / CON_GLYPH_WIDTH, height = (int)Display->Picture.Height / CON_GLYPH_HEIGHT;
    int columns = Screen->Window.Right - Screen->Window.Left + 1, rows = Screen->Window.Bottom - Screen->Window.Top + 1;
    int scale = ConGreater(ConLesser(width / columns, height / rows), 1);
    bool isOther = false;

    columns = ConLesser(columns, width);
    rows = ConLesser(rows, height);
    if (columns != Display->Columns || rows != Display->Rows || scale != Display->Scale) {
        Display->Columns = columns;
        Display->Rows = rows;
        Display->Scale = scale;
        Display->Left = ((int)Display->Picture.Width - columns * CON_GLYPH_WIDTH * scale) / 2;
        Display->Top = ((int)Display->Picture.Height - rows * CON_GLYPH_HEIGHT * scale) / 2;
        ConBlackOut(&Display->Picture);
        isOther = true;
    }
    for (int i = 0; i < 16; i++) {
        isOther |= Display->Colors[i] != Screen->Colors[i];
        Display->Colors[i] = Screen->Colors[i];
        Display->Values[i] = ConPixel(Display, Screen->Colors[i]);
    }
    return isOther;
}

/* The first of Room columns or rows of the window: the cursor's is among them, if the window has it. */
static int ConFirstSeen(int Begin, int End, int Room, int Cursor)
{
    return Cursor <= End && Cursor >= Begin + Room ? Cursor - Room + 1 : Begin;
}

static int ConLinesOfCursor(const CON_SCREEN *Screen)
{
    uint32_t percent = Screen->CursorSize < 100 ? Screen->CursorSize : 100;
    return Screen->CursorVisible ? (int)(percent * CON_GLYPH_HEIGHT + 99) / 100 : 0;
}

/* The cursor goes from where it was: that cell is drawn without it. */
static void ConLiftCursor(CON_DISPLAY *Display)
{
    if (Display->CursorLines != 0 && Display->Cursor.X < Display->Columns && Display->Cursor.Y < Display->Rows)
        ConDrawCell(Display, Display->Cursor.X, Display->Cursor.Y, Display->Shown[Display->Cursor.Y * Display->Columns + Display->Cursor.X],
                    0);
    Display->CursorLines = 0;
}

static void ConDropCursor(CON_DISPLAY *Display, int X, int Y, int Lines)
{
    if (Lines == 0 || X < 0 || Y < 0 || X >= Display->Columns || Y >= Display->Rows)
        return;
    Display->Cursor = (CON_POINT){ (int16_t)X, (int16_t)Y };
    Display->CursorLines = Lines;
    ConDrawCell(Display, X, Y, Display->Shown[Y * Display->Columns + X], Lines);
}

void ConShowOnDisplay(CON_DISPLAY *Display, const CON_SCREEN *Screen)
{
    bool all = ConFitDisplay(Display, Screen);
    int left = ConFirstSeen(Screen->Window.Left, Screen->Window.Right, Display->Columns, Screen->Cursor.X);
    int top = ConFirstSeen(Screen->Window.Top, Screen->Window.Bottom, Display->Rows, Screen->Cursor.Y);
    int x = Screen->Cursor.X - left, y = Screen->Cursor.Y - top, lines = ConLinesOfCursor(Screen);

    if (all)
        Display->CursorLines = 0;
    else if (x != Display->Cursor.X || y != Display->Cursor.Y || lines != Display->CursorLines)
        ConLiftCursor(Display);
    for (int row = 0; row < Display->Rows; row++)
        for (int column = 0; column < Display->Columns; column++) {
            CON_CELL cell = *ConCellAt(Screen, left + column, top + row), *shown = &Display->Shown[row * Display->Columns + column];
            if (!all && cell.Character == shown->Character && cell.Attribute == shown->Attribute)
                continue;
            *shown = cell;
            ConDrawCell(Display, column, row, cell, 0);
            if (column == Display->Cursor.X && row == Display->Cursor.Y)
                Display->CursorLines = 0;
        }
    if (Display->CursorLines == 0)
        ConDropCursor(Display, x, y, lines);
}

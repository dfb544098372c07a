/* SPDX-License-Identifier: MIT
 * A screen as pixels of a picture: the frame buffer of a graphics card, or memory in a test. What the picture shows is remembered,
 * so only cells that differ are drawn, and nothing is ever read back.
 */
#pragma once
#include "console.h"

#define CON_GLYPH_WIDTH 8
#define CON_GLYPH_HEIGHT 16
#define CON_MAXIMUM_PIXELS 16384u                /* a side of a picture */

typedef struct CON_GLYPH {
    uint16_t Character;
    uint8_t Lines[CON_GLYPH_HEIGHT];             /* from above; the leftmost point is the highest bit */
} CON_GLYPH;

extern const CON_GLYPH ConFont[];                /* font.c: sorted */
extern const uint32_t ConFontGlyphs;

typedef struct CON_PICTURE {                     /* 32 bits a pixel, the highest eight unused */
    uint32_t *Pixels;
    uint32_t Width, Height, Pitch;               /* Pitch: pixels from a line to the next */
    bool IsRedFirst;                             /* red in the lowest byte; else blue */
} CON_PICTURE;

typedef struct CON_DISPLAY {
    const CON_HOST *Host;
    CON_PICTURE Picture;
    CON_CELL *Shown;                             /* Columns * Rows; room for as many as the picture has at most */
    int Columns, Rows, Scale, Left, Top;         /* 0: nothing is shown yet. Left, Top: the first pixel */
    uint32_t Colors[16];                         /* as the screen has them */
    uint32_t Values[16];                         /* the same as pixels */
    CON_POINT Cursor;                            /* where it was drawn, in cells of the picture */
    int CursorLines;                             /* of a glyph; 0: none was drawn */
} CON_DISPLAY;

/* False: no memory, or a picture without room for a cell or larger than CON_MAXIMUM_PIXELS. */
bool ConCreateDisplay(const CON_HOST *Host, CON_DISPLAY *Display, const CON_PICTURE *Picture);
void ConDeleteDisplay(CON_DISPLAY *Display);
/* The picture shows the screen's window, as large as whole multiples of a glyph's points allow; when it is too small, the part with
 * the cursor. */
void ConShowOnDisplay(CON_DISPLAY *Display, const CON_SCREEN *Screen);

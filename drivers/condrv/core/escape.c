/* SPDX-License-Identifier: MIT
 * Control sequences that a program writes ("Console Virtual Terminal Sequences" of the documentation): cursor, erasing, colours, margins,
 * titles (which are read over). What is unknown is read to its end and does nothing.
 */
#include "console.h"

enum { ConPlain, ConAfterEscape, ConInSequence, ConInString, ConInStringEscape, ConOneMore };
#define CON_NUMBERS 16u

static int ConBetween(int Value, int Low, int High) { return Value < Low ? Low : Value > High ? High : Value; }

/* A count: nothing and 0 are 1. */
static int ConNumber(const CON_ESCAPE *Escape, unsigned Index)
{
    int value = Index < CON_NUMBERS && Index <= Escape->Count ? Escape->Numbers[Index] : 0;
    return value == 0 ? 1 : value;
}

/* ---- The cursor ---- */
static void ConGo(CON_SCREEN *Screen, int X, int Y)
{
    ConSetCursor(Screen, (CON_POINT){ (int16_t)ConBetween(X, 0, Screen->Width - 1), (int16_t)ConBetween(Y, 0, Screen->Height - 1) });
}

/* Rows are counted in the window. */
static void ConGoAbsolute(CON_SCREEN *Screen, int X, int Y)
{
    ConGo(Screen, X - 1, Screen->Window.Top + ConBetween(Y - 1, 0, Screen->Window.Bottom - Screen->Window.Top));
}

static void ConSaveCursor(CON_SCREEN *Screen)
{
    Screen->SavedCursor = Screen->Cursor;
    Screen->SavedAttribute = Screen->Attribute;
}

static void ConRestoreCursor(CON_SCREEN *Screen)
{
    Screen->Attribute = Screen->SavedAttribute;
    ConGo(Screen, Screen->SavedCursor.X, Screen->SavedCursor.Y);
}

/* ---- Erasing ---- */
static void ConErase(CON_SCREEN *Screen, int FromX, int FromY, int ToX, int ToY)
{
    uint32_t count = (uint32_t)((ToY - FromY) * Screen->Width + ToX - FromX);
    ConFillCells(Screen, FromX, FromY, ConBoth, count, true, (CON_CELL){ ' ', Screen->Attribute });
}

static void ConEraseDisplay(CON_SCREEN *Screen, int How)
{
    CON_POINT cursor = Screen->Cursor;

    if (How == 0)
        ConErase(Screen, cursor.X, cursor.Y, Screen->Width, Screen->Window.Bottom);
    else if (How == 1)
        ConErase(Screen, 0, Screen->Window.Top, cursor.X + 1, cursor.Y);
    else if (How == 2)
        ConErase(Screen, 0, Screen->Window.Top, Screen->Width, Screen->Window.Bottom);
}

static void ConEraseRow(CON_SCREEN *Screen, int How)
{
    CON_POINT cursor = Screen->Cursor;

    if (How <= 2)
        ConErase(Screen, How == 0 ? cursor.X : 0, cursor.Y, How == 1 ? cursor.X + 1 : Screen->Width, cursor.Y);
}

/* Cells of the cursor's row move right, or left when Count is negative. */
static void ConShiftCells(CON_SCREEN *Screen, int Count)
{
    CON_POINT cursor = Screen->Cursor;
    CON_RECTANGLE rest = { cursor.X, cursor.Y, (int16_t)(Screen->Width - 1), cursor.Y }, source = rest;
    int count = ConBetween(Count, cursor.X - Screen->Width, Screen->Width - cursor.X);
    CON_POINT target = { (int16_t)(cursor.X + (count > 0 ? count : 0)), cursor.Y };

    source.Left = (int16_t)(cursor.X + (count < 0 ? -count : 0));
    ConMoveCells(Screen, source, target, rest, (CON_CELL){ ' ', Screen->Attribute });
    if (count < 0)
        ConErase(Screen, Screen->Width + count, cursor.Y, Screen->Width, cursor.Y);
    else
        ConErase(Screen, cursor.X, cursor.Y, cursor.X + count, cursor.Y);
}

static void ConShiftRowsBelow(CON_SCREEN *Screen, int Rows)
{
    if (Screen->Cursor.Y >= Screen->MarginTop && Screen->Cursor.Y <= Screen->MarginBottom)
        ConScrollRows(Screen, Screen->Cursor.Y, Screen->MarginBottom, Rows);
}

/* ---- Colours ---- */
static uint16_t ConTerminalColor(unsigned Number) { return (uint16_t)((Number & 2) | (Number & 1) << 2 | (Number & 4) >> 2 | (Number & 8)); }

static unsigned ConSquare(int A, int B) { return (unsigned)((A - B) * (A - B)); }

/* The nearest of the sixteen. */
static uint16_t ConNearestColor(const CON_SCREEN *Screen, int Red, int Green, int Blue)
{
    unsigned best = 0, least = ~0u;

    for (unsigned i = 0; i < 16; i++) {
        uint32_t color = Screen->Colors[i];
        unsigned distance = ConSquare(Red, (int)(color & 0xFF)) + ConSquare(Green, (int)(color >> 8 & 0xFF)) +
                            ConSquare(Blue, (int)(color >> 16 & 0xFF));
        if (distance < least) {
            least = distance;
            best = i;
        }
    }
    return (uint16_t)best;
}

static uint16_t ConIndexedColor(const CON_SCREEN *Screen, unsigned Index)
{
    static const uint8_t steps[6] = { 0, 95, 135, 175, 215, 255 };

    if (Index < 16)
        return ConTerminalColor(Index);
    if (Index >= 232)
        return ConNearestColor(Screen, (int)(8 + (Index - 232) * 10), (int)(8 + (Index - 232) * 10), (int)(8 + (Index - 232) * 10));
    Index -= 16;
    return ConNearestColor(Screen, steps[Index / 36], steps[Index / 6 % 6], steps[Index % 6]);
}

static void ConSetColor(CON_SCREEN *Screen, bool Background, uint16_t Color)
{
    if (Background)
        Screen->Attribute = (uint16_t)((Screen->Attribute & ~0xF0) | Color << 4);
    else
        Screen->Attribute = (uint16_t)((Screen->Attribute & ~0x0F) | Color);
}

/* 38 or 48 with what follows: 5;n or 2;r;g;b. How many numbers that were. */
static unsigned ConLongColor(CON_SCREEN *Screen, bool Background, const uint16_t *Numbers, unsigned Rest)
{
    if (Rest >= 2 && Numbers[0] == 5) {
        ConSetColor(Screen, Background, ConIndexedColor(Screen, Numbers[1] & 0xFF));
        return 2;
    }
    if (Rest >= 4 && Numbers[0] == 2) {
        ConSetColor(Screen, Background, ConNearestColor(Screen, Numbers[1] & 0xFF, Numbers[2] & 0xFF, Numbers[3] & 0xFF));
        return 4;
    }
    return Rest;
}

static void ConSimpleStyle(CON_SCREEN *Screen, unsigned Number)
{
    switch (Number) {
    case 0:
        Screen->Attribute = CON_DEFAULT_ATTRIBUTE;
        Screen->IsReversed = Screen->IsBold = false;
        break;
    case 1:
        Screen->IsBold = true;
        Screen->Attribute |= 0x8;
        break;
    case 22:
        Screen->IsBold = false;
        Screen->Attribute &= (uint16_t)~0x8;
        break;
    case 4: Screen->Attribute |= 0x8000; break;
    case 24: Screen->Attribute &= 0x7FFF; break;
    case 7: Screen->IsReversed = true; break;
    case 27: Screen->IsReversed = false; break;
    case 39: ConSetColor(Screen, false, CON_DEFAULT_ATTRIBUTE); break;
    case 49: ConSetColor(Screen, true, 0); break;
    default: break;
    }
}

static void ConSetStyle(CON_SCREEN *Screen)
{
    const CON_ESCAPE *escape = &Screen->Escape;
    unsigned count = escape->Count < CON_NUMBERS ? escape->Count + 1u : CON_NUMBERS;

    for (unsigned i = 0; i < count; i++) {
        unsigned number = escape->Numbers[i], tens = number / 10, ones = number % 10;
        if (number == 38 || number == 48)
            i += ConLongColor(Screen, number == 48, escape->Numbers + i + 1, count - i - 1);
        else if ((tens == 3 || tens == 4) && ones < 8)
            ConSetColor(Screen, tens == 4, (uint16_t)(ConTerminalColor(ones) | (tens == 3 && Screen->IsBold ? 8 : 0)));
        else if ((tens == 9 || tens == 10) && ones < 8)
            ConSetColor(Screen, tens == 10, (uint16_t)(ConTerminalColor(ones) | 8));
        else
            ConSimpleStyle(Screen, number);
    }
}

/* ---- Whole sequences ---- */
static void ConSetMargins(CON_SCREEN *Screen)
{
    int top = ConNumber(&Screen->Escape, 0) - 1, bottom = Screen->Escape.Count >= 1 ? Screen->Escape.Numbers[1] - 1 : -1;

    if (bottom < 0 || bottom >= Screen->Height)
        bottom = Screen->Height - 1;
    if (top >= bottom)
        return;
    Screen->MarginTop = top;
    Screen->MarginBottom = bottom;
    ConGoAbsolute(Screen, 1, 1);
}

static void ConPrivateMode(CON_SCREEN *Screen, uint16_t Final)
{
    if (Screen->Escape.Numbers[0] == 25 && (Final == 'h' || Final == 'l'))
        Screen->CursorVisible = Final == 'h';
}

static bool ConCursorSequence(CON_SCREEN *Screen, uint16_t Final, int Count)
{
    CON_POINT cursor = Screen->Cursor;

    switch (Final) {
    case 'A': ConGo(Screen, cursor.X, cursor.Y - Count); return true;
    case 'B': ConGo(Screen, cursor.X, cursor.Y + Count); return true;
    case 'C': ConGo(Screen, cursor.X + Count, cursor.Y); return true;
    case 'D': ConGo(Screen, cursor.X - Count, cursor.Y); return true;
    case 'E': ConGo(Screen, 0, cursor.Y + Count); return true;
    case 'F': ConGo(Screen, 0, cursor.Y - Count); return true;
    case 'G': ConGo(Screen, Count - 1, cursor.Y); return true;
    case 'd': ConGoAbsolute(Screen, cursor.X + 1, Count); return true;
    case 'H':
    case 'f': ConGoAbsolute(Screen, ConNumber(&Screen->Escape, 1), Count); return true;
    case 's': ConSaveCursor(Screen); return true;
    case 'u': ConRestoreCursor(Screen); return true;
    default: return false;
    }
}

static void ConSequence(CON_SCREEN *Screen, uint16_t Final)
{
    int count = ConNumber(&Screen->Escape, 0);

    if (Screen->Escape.IsOther)
        return;
    if (Screen->Escape.IsPrivate) {
        ConPrivateMode(Screen, Final);
        return;
    }
    if (ConCursorSequence(Screen, Final, count))
        return;
    switch (Final) {
    case 'J': ConEraseDisplay(Screen, Screen->Escape.Numbers[0]); break;
    case 'K': ConEraseRow(Screen, Screen->Escape.Numbers[0]); break;
    case 'L': ConShiftRowsBelow(Screen, -count); break;
    case 'M': ConShiftRowsBelow(Screen, count); break;
    case 'S': ConScrollRows(Screen, Screen->MarginTop, Screen->MarginBottom, count); break;
    case 'T': ConScrollRows(Screen, Screen->MarginTop, Screen->MarginBottom, -count); break;
    case '@': ConShiftCells(Screen, count); break;
    case 'P': ConShiftCells(Screen, -count); break;
    case 'X': ConFillCells(Screen, Screen->Cursor.X, Screen->Cursor.Y, ConBoth, (uint32_t)count, false, (CON_CELL){ ' ', Screen->Attribute }); break;
    case 'm': ConSetStyle(Screen); break;
    case 'r': ConSetMargins(Screen); break;
    default: break;
    }
}

/* ---- Character by character ---- */
static void ConInside(CON_SCREEN *Screen, uint16_t Character)
{
    CON_ESCAPE *escape = &Screen->Escape;

    if (Character >= '0' && Character <= '9') {
        if (escape->Count < CON_NUMBERS)
            escape->Numbers[escape->Count] = (uint16_t)ConBetween(escape->Numbers[escape->Count] * 10 + Character - '0', 0, 32767);
    } else if (Character == ';') {
        escape->Count = (uint8_t)(escape->Count < CON_NUMBERS ? escape->Count + 1 : CON_NUMBERS);
    } else if (Character == '?') {
        escape->IsPrivate = true;
    } else if (Character >= 0x40 && Character <= 0x7E) {
        escape->State = ConPlain;
        ConSequence(Screen, Character);
    } else if (Character == 0x18 || Character == 0x1A || Character > 0x7E) {
        escape->State = ConPlain;                /* given up */
    } else {
        escape->IsOther = true;
    }
}

static void ConReverseLineFeed(CON_SCREEN *Screen)
{
    if (Screen->Cursor.Y == Screen->MarginTop)
        ConScrollRows(Screen, Screen->MarginTop, Screen->MarginBottom, -1);
    else
        ConGo(Screen, Screen->Cursor.X, Screen->Cursor.Y - 1);
}

static void ConAfter(CON_SCREEN *Screen, uint16_t Character)
{
    CON_ESCAPE *escape = &Screen->Escape;

    *escape = (CON_ESCAPE){ ConPlain };
    switch (Character) {
    case '[': escape->State = ConInSequence; break;
    case ']':
    case 'P':
    case 'X':
    case '^':
    case '_': escape->State = ConInString; break;
    case '(':
    case ')':
    case '#': escape->State = ConOneMore; break;
    case '7': ConSaveCursor(Screen); break;
    case '8': ConRestoreCursor(Screen); break;
    case 'M': ConReverseLineFeed(Screen); break;
    default: break;
    }
}

bool ConEscape(CON_SCREEN *Screen, uint16_t Character)
{
    CON_ESCAPE *escape = &Screen->Escape;
    uint8_t state = escape->State;

    if (Character == 0x1B) {
        escape->State = state == ConInString ? ConInStringEscape : ConAfterEscape;
        return true;
    }
    switch (state) {
    case ConAfterEscape: ConAfter(Screen, Character); return true;
    case ConInSequence: ConInside(Screen, Character); return true;
    case ConInString:
        if (Character == '\a')
            escape->State = ConPlain;
        return true;
    case ConInStringEscape: escape->State = Character == '\\' ? ConPlain : ConInString; return true;
    case ConOneMore: escape->State = ConPlain; return true;
    default: return false;
    }
}

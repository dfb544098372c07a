/* SPDX-License-Identifier: MIT
 * Text on its way to the screen: control characters, the end of a row, the bottom.
 */
#include "console.h"

#define CON_TAB 8

/* With this mode the cursor stays in the last column until another character comes, as terminals do it. */
static bool ConWrapsLate(const CON_SCREEN *Screen)
{
    return (Screen->Mode & (ConTerminalSequences | ConNoAutoReturn)) == (ConTerminalSequences | ConNoAutoReturn);
}

void ConLineFeed(CON_SCREEN *Screen, bool Return)
{
    CON_POINT cursor = Screen->Cursor;

    if (Return)
        cursor.X = 0;
    if (cursor.Y == Screen->MarginBottom)
        ConScrollRows(Screen, Screen->MarginTop, Screen->MarginBottom, 1);
    else if (cursor.Y < Screen->Height - 1)
        cursor.Y++;
    ConSetCursor(Screen, cursor);
}

void ConPut(CON_SCREEN *Screen, uint16_t Character)
{
    CON_POINT where;
    CON_CELL cell = { Character, Screen->IsReversed ? (uint16_t)((Screen->Attribute & 0xFF00) | (Screen->Attribute & 0x0F) << 4 |
                                                                (Screen->Attribute >> 4 & 0x0F))
                                                    : Screen->Attribute };

    if (Screen->WrapIsDue)
        ConLineFeed(Screen, true);
    where = Screen->Cursor;
    *ConCellAt(Screen, where.X, where.Y) = cell;
    ConTerminalPut(Screen, where);
    if (where.X < Screen->Width - 1)
        ConSetCursor(Screen, (CON_POINT){ (int16_t)(where.X + 1), where.Y });
    else if (!(Screen->Mode & ConWrapAtEnd))
        return;
    else if (ConWrapsLate(Screen))
        Screen->WrapIsDue = true;
    else
        ConLineFeed(Screen, true);
}

static void ConTab(CON_SCREEN *Screen)
{
    int target = (Screen->Cursor.X / CON_TAB + 1) * CON_TAB;

    if (target > Screen->Width)
        target = Screen->Width;
    for (int count = target - Screen->Cursor.X; count > 0; count--)
        ConPut(Screen, ' ');
}

/* True when it was one. */
static bool ConControl(CON_SCREEN *Screen, uint16_t Character)
{
    CON_POINT cursor = Screen->Cursor;

    switch (Character) {
    case '\a': ConTerminalBell(Screen); return true;
    case '\b':
        cursor.X = (int16_t)(cursor.X > 0 ? cursor.X - 1 : 0);
        ConSetCursor(Screen, cursor);
        return true;
    case '\t': ConTab(Screen); return true;
    case '\n': ConLineFeed(Screen, !(Screen->Mode & ConNoAutoReturn)); return true;
    case '\r':
        cursor.X = 0;
        ConSetCursor(Screen, cursor);
        return true;
    default: return false;
    }
}

static void ConWriteUnit(CON_SCREEN *Screen, uint16_t Character)
{
    if ((Screen->Mode & ConTerminalSequences) && ConEscape(Screen, Character))
        return;
    if ((Screen->Mode & ConProcessedOutput) && ConControl(Screen, Character))
        return;
    ConPut(Screen, Character);
}

void ConWrite(CON_SCREEN *Screen, const uint16_t *Text, size_t Length)
{
    for (size_t i = 0; i < Length; i++)
        ConWriteUnit(Screen, Text[i]);
}

void ConWriteBytes(CON_SCREEN *Screen, uint32_t CodePage, const uint8_t *Bytes, size_t Length)
{
    uint16_t units[2];

    for (size_t i = 0; i < Length; i++) {
        unsigned count = ConDecodeByte(&Screen->Decoder, CodePage, Bytes[i], units);
        ConWrite(Screen, units, count);
    }
}

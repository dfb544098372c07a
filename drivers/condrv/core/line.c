/* SPDX-License-Identifier: MIT
 * A line being edited: its text, and where it stands on the screen. A control character fills two cells (^X), any other one.
 */
#include "console.h"

static unsigned ConCellsOf(uint16_t Character) { return Character < 0x20 && Character != '\t' ? 2 : 1; }

static uint32_t ConCellsUpTo(const CON_LINE *Line, uint32_t Position)
{
    uint32_t cells = 0;

    for (uint32_t i = 0; i < Position; i++)
        cells += ConCellsOf(Line->Text[i]);
    return cells;
}

/* ---- On the screen ---- */
/* The row of a cell of the line, in the screen's numbers; negative: it has left at the top. */
static int64_t ConRowOf(const CON_LINE *Line, uint32_t Cell)
{
    return Line->OriginY - (int64_t)Line->Screen->Scrolled + (Line->OriginX + (int64_t)Cell) / Line->Screen->Width;
}

static void ConSetOrigin(CON_LINE *Line, uint32_t CellsBefore)
{
    CON_SCREEN *screen = Line->Screen;
    int64_t place = ((int64_t)screen->Cursor.Y + (int64_t)screen->Scrolled) * screen->Width + screen->Cursor.X - CellsBefore;

    if (place < 0)
        place = 0;
    Line->OriginX = (int)(place % screen->Width);
    Line->OriginY = place / screen->Width;
}

/* The cursor before a cell of the line. Rows that do not exist yet are made. */
static void ConGoToCell(CON_LINE *Line, uint32_t Cell)
{
    CON_SCREEN *screen = Line->Screen;
    int64_t row;

    while ((row = ConRowOf(Line, Cell)) >= screen->Height)
        ConScrollUp(screen);
    ConSetCursor(screen, (CON_POINT){ (int16_t)((Line->OriginX + (int64_t)Cell) % screen->Width), (int16_t)(row < 0 ? 0 : row) });
}

static void ConDrawCell(CON_LINE *Line, uint32_t Cell, uint16_t Character)
{
    CON_SCREEN *screen = Line->Screen;
    CON_CELL *there;

    if (ConRowOf(Line, Cell) < 0)
        return;
    ConGoToCell(Line, Cell);
    there = ConCellAt(screen, screen->Cursor.X, screen->Cursor.Y);
    *there = (CON_CELL){ Character, screen->Attribute };
    ConTerminalPut(screen, screen->Cursor);
}

void ConDrawLine(CON_LINE *Line, uint32_t From)
{
    bool wraps = Line->Screen != NULL && Line->Screen->Terminal != NULL && Line->Screen->Terminal->WrapsItself;
    uint32_t cell, last = Line->Shown;

    if (Line->Screen == NULL)
        return;
    if (wraps)
        Line->Screen->Terminal->WrapsItself = false;     /* rows must be where we think while one goes back and forth in them */
    cell = ConCellsUpTo(Line, From);
    for (uint32_t i = From; i < Line->Length; i++) {
        uint16_t character = Line->Text[i];
        if (ConCellsOf(character) == 2) {
            ConDrawCell(Line, cell++, '^');
            character += 0x40;
        }
        ConDrawCell(Line, cell++, character == '\t' ? ' ' : character);
    }
    Line->Shown = cell;
    for (; cell < last; cell++)
        ConDrawCell(Line, cell, ' ');
    ConGoToCell(Line, ConCellsUpTo(Line, Line->Position));
    ConTerminalSync(Line->Screen);
    if (wraps)
        Line->Screen->Terminal->WrapsItself = true;
}

void ConMoveInLine(CON_LINE *Line, uint32_t Position)
{
    Line->Position = Position;
    ConDrawLine(Line, Line->Length);
}

/* ---- Its text ---- */
static void ConMoveText(uint16_t *To, const uint16_t *From, uint32_t Length)
{
    for (uint32_t i = 0; i < Length; i++) {
        uint32_t at = To > From ? Length - 1 - i : i;
        To[at] = From[at];
    }
}

void ConCutLine(CON_LINE *Line, uint32_t From, uint32_t To)
{
    if (From == To)
        return;
    ConMoveText(Line->Text + From, Line->Text + To, Line->Length - To);
    Line->Length -= To - From;
    Line->Position = From;
    ConDrawLine(Line, From);
}

void ConReplaceLine(CON_LINE *Line, const uint16_t *Text, uint32_t Length)
{
    Line->Length = Length < Line->Limit ? Length : Line->Limit;
    ConMoveText(Line->Text, Text, Line->Length);
    Line->Position = Line->Length;
    ConDrawLine(Line, 0);
}

void ConInsertInLine(CON_LINE *Line, uint16_t Character)
{
    bool overwrites = !Line->Inserts && Line->Position < Line->Length;

    if (!overwrites) {
        if (Line->Length >= Line->Limit) {
            if (Line->Screen != NULL)
                ConTerminalBell(Line->Screen);
            return;
        }
        ConMoveText(Line->Text + Line->Position + 1, Line->Text + Line->Position, Line->Length - Line->Position);
        Line->Length++;
    }
    Line->Text[Line->Position++] = Character;
    ConDrawLine(Line, Line->Position - 1);
}

/* ---- Beginning and end ---- */
void ConBeginLine(CON_LINE *Line, CON_SCREEN *Screen, uint32_t Mode, uint32_t Limit)
{
    Line->Screen = Mode & ConEchoInput ? Screen : NULL;
    Line->Length = Line->Position = Line->Shown = 0;
    Line->Limit = Limit < CON_LINE_CHARACTERS ? Limit : CON_LINE_CHARACTERS;
    Line->Recalled = Line->History->Count;
    Line->WakeMask = Line->KeyState = 0;
    Line->Inserts = (Mode & ConInsertMode) != 0;
    Line->IsProcessed = (Mode & ConProcessedInput) != 0;
    if (Line->Screen != NULL)
        ConSetOrigin(Line, 0);
}

void ConPresetLine(CON_LINE *Line, const uint16_t *Text, uint32_t Length)
{
    Line->Length = Length < Line->Limit ? Length : Line->Limit;
    ConMoveText(Line->Text, Text, Line->Length);
    Line->Position = Line->Length;
    Line->Shown = ConCellsUpTo(Line, Line->Length);
    if (Line->Screen != NULL)
        ConSetOrigin(Line, Line->Shown);
}

void ConEndLine(CON_LINE *Line, const char *Tail, bool Remembers)
{
    static const uint16_t newLine[] = { '\r', '\n' };

    if (Remembers && Line->Screen != NULL)
        ConAddHistory(Line->History, Line->Text, Line->Length);
    if (Line->Screen != NULL && Tail[0] != '\0') {
        ConMoveInLine(Line, Line->Length);
        Line->Screen->Escape.State = 0;
        for (unsigned i = 0; i < 2; i++)
            ConWrite(Line->Screen, newLine + i, 1);
        ConTerminalSync(Line->Screen);
    }
    for (; *Tail != '\0'; Tail++)
        Line->Text[Line->Length++] = (uint8_t)*Tail;
}

void ConWakeLine(CON_LINE *Line, uint16_t Character, uint32_t State)
{
    Line->KeyState = State;
    ConMoveText(Line->Text + Line->Position + 1, Line->Text + Line->Position, Line->Length - Line->Position);
    Line->Text[Line->Position] = Character;
    Line->Length++;
}

void ConCancelLine(CON_LINE *Line)
{
    ConMoveInLine(Line, Line->Length);
    Line->Length = Line->Position = 0;
    Line->Text[0] = 3;
    if (Line->Screen != NULL) {
        ConSetOrigin(Line, 0);
        Line->Shown = 0;
        Line->Length = Line->Position = 1;
        ConDrawLine(Line, 0);                    /* ^C */
        ConEndLine(Line, "\r\n", false);
    }
    Line->Text[0] = '\r';
    Line->Text[1] = '\n';
    Line->Length = 2;
}

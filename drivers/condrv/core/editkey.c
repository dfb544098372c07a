/* SPDX-License-Identifier: MIT
 * What keys do to a line.
 */
#include "console.h"

/* ---- Words ---- */
static uint32_t ConWordBefore(const CON_LINE *Line)
{
    uint32_t at = Line->Position;

    while (at > 0 && Line->Text[at - 1] == ' ')
        at--;
    while (at > 0 && Line->Text[at - 1] != ' ')
        at--;
    return at;
}

static uint32_t ConWordAfter(const CON_LINE *Line)
{
    uint32_t at = Line->Position;

    while (at < Line->Length && Line->Text[at] != ' ')
        at++;
    while (at < Line->Length && Line->Text[at] == ' ')
        at++;
    return at;
}

/* ---- Earlier lines ---- */
static void ConRecall(CON_LINE *Line, uint32_t Index)
{
    uint32_t length = ConCopyHistory(Line->History, Index, Line->Text, Line->Limit);

    Line->Recalled = Index;
    ConReplaceLine(Line, Line->Text, length);
}

static void ConRecallBefore(CON_LINE *Line)
{
    if (Line->Recalled > 0)
        ConRecall(Line, Line->Recalled - 1);
}

/* Below the newest there is the empty line. */
static void ConRecallAfter(CON_LINE *Line)
{
    if (Line->Recalled < Line->History->Count)
        ConRecall(Line, Line->Recalled + 1);
}

/* Up to Most characters of the newest line, from the cursor's column on. */
static void ConRecallRest(CON_LINE *Line, uint32_t Most)
{
    uint32_t from = Line->Position, count = 0;

    while (count < Most && from + count < Line->Limit &&
           ConPeekHistory(Line->History, Line->History->Count - 1, from + count, &Line->Text[from + count]))
        count++;
    Line->Position = from + count;
    if (Line->Position > Line->Length)
        Line->Length = Line->Position;
    ConDrawLine(Line, from);
}

/* ---- Keys ---- */
static bool ConMoveKey(CON_LINE *Line, uint16_t VirtualKey, bool Ctrl)
{
    switch (VirtualKey) {
    case ConKeyLeft: ConMoveInLine(Line, Ctrl ? ConWordBefore(Line) : Line->Position - (Line->Position > 0)); return true;
    case ConKeyRight: ConMoveInLine(Line, Ctrl ? ConWordAfter(Line) : Line->Position + (Line->Position < Line->Length)); return true;
    case ConKeyHome:
        if (Ctrl)
            ConCutLine(Line, 0, Line->Position);
        else
            ConMoveInLine(Line, 0);
        return true;
    case ConKeyEnd:
        if (Ctrl)
            ConCutLine(Line, Line->Position, Line->Length);
        else
            ConMoveInLine(Line, Line->Length);
        return true;
    default: return false;
    }
}

static bool ConChangeKey(CON_LINE *Line, uint16_t VirtualKey)
{
    switch (VirtualKey) {
    case ConKeyBack: ConCutLine(Line, Line->Position - (Line->Position > 0), Line->Position); return true;
    case ConKeyDelete: ConCutLine(Line, Line->Position, Line->Position + (Line->Position < Line->Length)); return true;
    case ConKeyEscape: ConReplaceLine(Line, Line->Text, 0); return true;
    case ConKeyInsert: Line->Inserts = !Line->Inserts; return true;
    case ConKeyUp:
    case ConKeyF5: ConRecallBefore(Line); return true;
    case ConKeyDown: ConRecallAfter(Line); return true;
    case ConKeyPrior:
        if (Line->History->Count != 0)
            ConRecall(Line, 0);
        return true;
    case ConKeyNext:
        if (Line->History->Count != 0)
            ConRecall(Line, Line->History->Count - 1);
        return true;
    case ConKeyF1: ConRecallRest(Line, 1); return true;
    case ConKeyF3: ConRecallRest(Line, CON_LINE_CHARACTERS); return true;
    default: return false;
    }
}

CON_LINE_STATE ConEditKey(CON_LINE *Line, const CON_KEY *Key)
{
    uint16_t character = Key->Character;
    bool ctrl = (Key->State & ConAnyCtrl) != 0;

    if (!Key->IsDown)
        return ConLineEditing;
    if (character < 32 && character != 0 && (Line->WakeMask >> character & 1)) {
        ConWakeLine(Line, character, Key->State);
        return ConLineDone;
    }
    if (Key->VirtualKey == ConKeyReturn || character == '\r') {
        Line->KeyState = Key->State;
        ConEndLine(Line, Line->IsProcessed ? "\r\n" : "\r", true);
        return ConLineDone;
    }
    if (ConMoveKey(Line, Key->VirtualKey, ctrl) || (Line->IsProcessed && ConChangeKey(Line, Key->VirtualKey)))
        return ConLineEditing;
    for (uint32_t i = 0; character != 0 && i < Key->Repeat && i < CON_LINE_CHARACTERS; i++)
        ConInsertInLine(Line, character);
    return ConLineEditing;
}

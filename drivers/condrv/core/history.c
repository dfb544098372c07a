/* SPDX-License-Identifier: MIT
 * Lines that were entered.
 */
#include "console.h"

struct CON_HISTORY_LINE {
    uint32_t Length;
    uint16_t Text[];
};

static bool ConIsLine(const struct CON_HISTORY_LINE *Line, const uint16_t *Text, uint32_t Length)
{
    if (Line->Length != Length)
        return false;
    for (uint32_t i = 0; i < Length; i++)
        if (Line->Text[i] != Text[i])
            return false;
    return true;
}

static void ConForgetOldest(CON_HISTORY *History)
{
    History->Host->Free(History->Lines[0]);
    for (uint32_t i = 1; i < History->Count; i++)
        History->Lines[i - 1] = History->Lines[i];
    History->Count--;
}

/* Empty lines and the same line again are not kept; nor is one for which there is no memory. */
void ConAddHistory(CON_HISTORY *History, const uint16_t *Text, uint32_t Length)
{
    struct CON_HISTORY_LINE *line;

    if (Length == 0 || (History->Count != 0 && ConIsLine(History->Lines[History->Count - 1], Text, Length)))
        return;
    line = History->Host->Allocate(sizeof(*line) + Length * sizeof(uint16_t));
    if (line == NULL)
        return;
    line->Length = Length;
    for (uint32_t i = 0; i < Length; i++)
        line->Text[i] = Text[i];
    if (History->Count == CON_HISTORY_LINES)
        ConForgetOldest(History);
    History->Lines[History->Count++] = line;
}

uint32_t ConCopyHistory(const CON_HISTORY *History, uint32_t Index, uint16_t *Text, uint32_t Room)
{
    const struct CON_HISTORY_LINE *line = Index < History->Count ? History->Lines[Index] : NULL;
    uint32_t length = line == NULL ? 0 : line->Length < Room ? line->Length : Room;

    for (uint32_t i = 0; i < length; i++)
        Text[i] = line->Text[i];
    return length;
}

bool ConPeekHistory(const CON_HISTORY *History, uint32_t Index, uint32_t Position, uint16_t *Character)
{
    if (Index >= History->Count || Position >= History->Lines[Index]->Length)
        return false;
    *Character = History->Lines[Index]->Text[Position];
    return true;
}

void ConClearHistory(CON_HISTORY *History)
{
    while (History->Count != 0)
        ConForgetOldest(History);
}

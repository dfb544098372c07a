/* SPDX-License-Identifier: MIT
 * A console that does what bytes say: every operation of the core with any argument. The terminal must show the screen after
 * each, and in the end the picture that was drawn cell by cell must be the one that is drawn at once.
 */
#include "display.h"
#include "emulator.h"
#include <stdlib.h>
#include <string.h>

typedef struct EXERCISE {
    const uint8_t *Data;
    size_t Size, At;
    CON_SCREEN Screen;
    CON_TERMINAL Terminal;
    EMULATOR *Emulator;
    CON_QUEUE Queue;
    CON_KEYBOARD Keyboard;
    CON_HISTORY History;
    CON_LINE Line;
    uint16_t LineText[CON_LINE_ROOM];
    bool IsEditing;
    CON_SHIFTS Shifts;
    CON_DISPLAY Display;
    bool HasDisplay;
} EXERCISE;

static uint8_t Next(EXERCISE *Exercise) { return Exercise->At < Exercise->Size ? Exercise->Data[Exercise->At++] : 0; }
static int16_t NextPlace(EXERCISE *Exercise)
{
    int value = (int8_t)Next(Exercise);
    return (int16_t)(value == -128 ? 32767 : value == -127 ? -32768 : value);
}
static uint16_t NextAttribute(EXERCISE *Exercise) { return (uint16_t)(Next(Exercise) | (Next(Exercise) & 0xC0) << 8); }

static CON_RECTANGLE NextArea(EXERCISE *Exercise)
{
    CON_RECTANGLE area = { NextPlace(Exercise), NextPlace(Exercise), NextPlace(Exercise), NextPlace(Exercise) };
    return area;
}

/* Characters that a terminal shows in one cell. */
static uint16_t NextCharacter(EXERCISE *Exercise)
{
    uint8_t byte = Next(Exercise);
    return byte < 0xE0 ? byte : (uint16_t)(0x2500 + byte);
}

static void Write(EXERCISE *Exercise)
{
    uint16_t text[256];
    size_t length = Next(Exercise);

    for (size_t i = 0; i < length; i++)
        text[i] = NextCharacter(Exercise);
    ConWrite(&Exercise->Screen, text, length);
}

static void WriteBytes(EXERCISE *Exercise)
{
    static const uint32_t pages[] = { 437, 850, 1252, 65001 };
    uint8_t bytes[64];
    uint32_t page = pages[Next(Exercise) % 4];
    size_t length = Next(Exercise) % sizeof(bytes);

    for (size_t i = 0; i < length; i++)
        bytes[i] = page == 65001 ? Next(Exercise) & 0x7F : Next(Exercise);
    ConWriteBytes(&Exercise->Screen, page, bytes, length);
}

static void Cells(EXERCISE *Exercise, bool Writes)
{
    uint8_t cells[512];
    int x = NextPlace(Exercise), y = NextPlace(Exercise);
    unsigned mode = Next(Exercise) % 3, width = Next(Exercise);
    uint32_t count = Next(Exercise) % (sizeof(cells) / ConCellBytes(mode));
    uint8_t *exact = malloc(count * ConCellBytes(mode) + 1);
    CON_RECTANGLE done;

    for (size_t i = 0; i < count * ConCellBytes(mode); i++)
        exact[i] = (i & 1) != 0 ? 0 : Next(Exercise);
    if (Writes)
        ConWriteCells(&Exercise->Screen, x, y, mode, width == 255 ? 0xFFFFFFFF : width, exact, count, &done);
    else
        ConReadCells(&Exercise->Screen, x, y, mode, width == 255 ? 0xFFFFFFFF : width, exact, count, &done);
    free(exact);
}

static void Edit(EXERCISE *Exercise)
{
    CON_RECORD records[CON_KEYS_A_BYTE];
    size_t length = Next(Exercise) % 32;

    if (!Exercise->IsEditing) {
        ConBeginLine(&Exercise->Line, &Exercise->Screen, Next(Exercise), CON_LINE_CHARACTERS);
        Exercise->Line.WakeMask = Next(Exercise);
        Exercise->IsEditing = true;
    }
    for (size_t i = 0; i < length && Exercise->IsEditing; i++) {
        uint32_t count = ConKeyboardByte(&Exercise->Keyboard, Next(Exercise), records);
        if (count > CON_KEYS_A_BYTE)
            abort();
        ConQueueAdd(&Exercise->Queue, records, count);
        while (Exercise->IsEditing && ConQueueTake(&Exercise->Queue, records, 1) == 1)
            Exercise->IsEditing = ConEditKey(&Exercise->Line, &records[0].Key) == ConLineEditing;
    }
    if (Exercise->IsEditing && Next(Exercise) == 1) {
        ConCancelLine(&Exercise->Line);
        Exercise->IsEditing = false;
    }
    if (Exercise->Line.Length > CON_LINE_ROOM)
        abort();
}

static void PressKeys(EXERCISE *Exercise)
{
    CON_RECORD record;
    size_t length = Next(Exercise) % 16;

    for (size_t i = 0; i < length; i++) {
        uint8_t code = Next(Exercise), flags = Next(Exercise);
        if (ConScanCode(&Exercise->Shifts, code, flags, &record) && (record.Type != ConKeyEvent || record.Key.VirtualKey == 0))
            abort();
    }
}

/* ---- The picture ---- */
static CON_PICTURE MakePicture(uint32_t Width, uint32_t Height, uint32_t Pitch, bool IsRedFirst)
{
    /* the last line ends with its last pixel: AddressSanitizer sees what goes further */
    CON_PICTURE picture = { malloc(((size_t)Pitch * (Height - 1) + Width) * sizeof(uint32_t)), Width, Height, Pitch, IsRedFirst };
    memset(picture.Pixels, 0xA5, ((size_t)Pitch * (Height - 1) + Width) * sizeof(uint32_t));
    return picture;
}

static void MakeDisplay(EXERCISE *Exercise)
{
    uint32_t width = 1u + Next(Exercise), height = 1u + Next(Exercise);
    CON_PICTURE picture = MakePicture(width, height, width + Next(Exercise) % 8, Next(Exercise) & 1);

    Exercise->HasDisplay = ConCreateDisplay(&TestHost, &Exercise->Display, &picture);
    if (Exercise->HasDisplay != (width >= CON_GLYPH_WIDTH && height >= CON_GLYPH_HEIGHT))
        abort();
}

static bool IsPicture(const EXERCISE *Exercise)
{
    const CON_PICTURE *picture = &Exercise->Display.Picture;
    CON_PICTURE fresh = MakePicture(picture->Width, picture->Height, picture->Pitch, picture->IsRedFirst);
    CON_DISPLAY display;
    bool isEqual;

    ConCreateDisplay(&TestHost, &display, &fresh);
    ConShowOnDisplay(&display, &Exercise->Screen);
    isEqual = memcmp(fresh.Pixels, picture->Pixels, ((size_t)picture->Pitch * (picture->Height - 1) + picture->Width) * 4) == 0;
    ConDeleteDisplay(&display);
    free(fresh.Pixels);
    return isEqual;
}

static void Step(EXERCISE *Exercise)
{
    CON_SCREEN *screen = &Exercise->Screen;

    switch (Next(Exercise) % 15) {
    case 0:
    case 1: Write(Exercise); break;
    case 2: WriteBytes(Exercise); break;
    case 3: ConSetCursor(screen, (CON_POINT){ NextPlace(Exercise), NextPlace(Exercise) }); break;
    case 4:
        ConFillCells(screen, NextPlace(Exercise), NextPlace(Exercise), Next(Exercise) % 3, Next(Exercise) * 16u,
                     Next(Exercise) & 1, (CON_CELL){ ' ', NextAttribute(Exercise) });
        break;
    case 5: ConMoveCells(screen, NextArea(Exercise), (CON_POINT){ NextPlace(Exercise), NextPlace(Exercise) }, NextArea(Exercise),
                         (CON_CELL){ NextCharacter(Exercise), NextAttribute(Exercise) }); break;
    case 6: Cells(Exercise, true); break;
    case 7: Cells(Exercise, false); break;
    case 8: screen->Mode = Next(Exercise) & ConKnownOutputMode; break;
    case 9: screen->Attribute = NextAttribute(Exercise); break;
    case 10: PressKeys(Exercise); break;
    case 11: screen->CursorSize = Next(Exercise); screen->CursorVisible = Next(Exercise) & 1; break;
    case 12: screen->Colors[Next(Exercise) % 16] = Next(Exercise) * 0x10203u; break;
    default: Edit(Exercise); break;
    }
    ConTerminalSync(screen);
    if (Exercise->HasDisplay)
        ConShowOnDisplay(&Exercise->Display, screen);
}

bool TestExercise(const uint8_t *Data, size_t Size)
{
    EXERCISE *exercise = calloc(1, sizeof(*exercise));
    bool shows = true;

    exercise->Data = Data;
    exercise->Size = Size;
    exercise->Emulator = malloc(sizeof(*exercise->Emulator));
    EmulatorReset(exercise->Emulator);
    ConCreateScreen(&TestHost, &exercise->Screen);
    ConInitializeTerminal(&exercise->Terminal, EmulatorSend, exercise->Emulator);
    exercise->Screen.Terminal = &exercise->Terminal;
    ConCreateQueue(&TestHost, &exercise->Queue);
    exercise->History.Host = &TestHost;
    exercise->Line.History = &exercise->History;
    exercise->Line.Text = exercise->LineText;
    MakeDisplay(exercise);
    while (exercise->At < exercise->Size && shows) {
        Step(exercise);
        shows = EmulatorShows(exercise->Emulator, &exercise->Screen);
    }
    shows = shows && (!exercise->HasDisplay || exercise->Display.Scale == 0 || IsPicture(exercise));
    ConDeleteDisplay(&exercise->Display);
    free(exercise->Display.Picture.Pixels);
    ConDeleteScreen(&exercise->Screen);
    ConClearHistory(&exercise->History);
    TestHost.Free(exercise->Queue.Records);
    free(exercise->Emulator);
    free(exercise);
    return shows && TestBlocks == 0;
}

/* SPDX-License-Identifier: MIT
 * See emulator.h.
 */
#include "emulator.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

long TestBlocks, TestAllocationsLeft = -1;

static void *TestAllocate(size_t Bytes)
{
    if (TestAllocationsLeft == 0)
        return NULL;
    TestAllocationsLeft -= TestAllocationsLeft > 0;
    TestBlocks++;
    return malloc(Bytes);
}

static void TestFree(void *Block)
{
    TestBlocks--;
    free(Block);
}

const CON_HOST TestHost = { TestAllocate, TestFree };

uint64_t TestRandom(uint64_t *State)
{
    *State ^= *State << 13;
    *State ^= *State >> 7;
    return *State ^= *State << 17;
}

/* ---- The terminal ---- */
static void Blank(EMULATOR *Emulator, int Row, int From)
{
    for (int x = From; x < EMULATOR_WIDTH; x++) {
        Emulator->Text[Row][x] = ' ';
        Emulator->Attribute[Row][x] = Emulator->Current & 0xF0;
    }
}

void EmulatorReset(EMULATOR *Emulator)
{
    memset(Emulator, 0, sizeof(*Emulator));
    Emulator->Current = CON_DEFAULT_ATTRIBUTE;
    for (int y = 0; y < EMULATOR_HEIGHT; y++)
        Blank(Emulator, y, 0);
}

static void LineFeed(EMULATOR *Emulator)
{
    Emulator->IsPending = false;
    if (Emulator->Y < EMULATOR_HEIGHT - 1) {
        Emulator->Y++;
        return;
    }
    memmove(Emulator->Text[0], Emulator->Text[1], sizeof(Emulator->Text) - sizeof(Emulator->Text[0]));
    memmove(Emulator->Attribute[0], Emulator->Attribute[1], sizeof(Emulator->Attribute) - sizeof(Emulator->Attribute[0]));
    Blank(Emulator, EMULATOR_HEIGHT - 1, 0);
}

static void Show(EMULATOR *Emulator, uint16_t Unit)
{
    if (Emulator->IsPending) {
        LineFeed(Emulator);
        Emulator->X = 0;
    }
    Emulator->Text[Emulator->Y][Emulator->X] = Unit;
    Emulator->Attribute[Emulator->Y][Emulator->X] = Emulator->Current;
    if (Emulator->X == EMULATOR_WIDTH - 1)
        Emulator->IsPending = true;
    else
        Emulator->X++;
}

static void Style(EMULATOR *Emulator, int Number)
{
    static const uint16_t colors[8] = { 0, 4, 2, 6, 1, 5, 3, 7 };
    uint16_t *current = &Emulator->Current;

    if (Number == 0)
        *current = CON_DEFAULT_ATTRIBUTE;
    else if (Number == 7)
        *current |= 0x4000;
    else if (Number == 4)
        *current |= 0x8000;
    else if (Number >= 30 && Number <= 37)
        *current = (uint16_t)((*current & ~0x0F) | colors[Number - 30]);
    else if (Number >= 90 && Number <= 97)
        *current = (uint16_t)((*current & ~0x0F) | colors[Number - 90] | 8);
    else if (Number >= 40 && Number <= 47)
        *current = (uint16_t)((*current & ~0xF0) | colors[Number - 40] << 4);
    else if (Number >= 100 && Number <= 107)
        *current = (uint16_t)((*current & ~0xF0) | (colors[Number - 100] | 8) << 4);
    else
        abort();
}

static void Sequence(EMULATOR *Emulator, char Final)
{
    char *text = Emulator->Sequence;
    int number = atoi(text), count = number == 0 ? 1 : number;

    text[Emulator->SequenceLength] = '\0';
    if (strcmp(text, "?25") == 0)
        return;
    if (Final != 'm')
        Emulator->IsPending = false;
    switch (Final) {
    case 'A': Emulator->Y = Emulator->Y > count ? Emulator->Y - count : 0; break;
    case 'C': Emulator->X = Emulator->X + count < EMULATOR_WIDTH ? Emulator->X + count : EMULATOR_WIDTH - 1; break;
    case 'H': Emulator->X = Emulator->Y = 0; break;
    case 'J':
        if (strcmp(text, "2") != 0)
            abort();
        for (int y = 0; y < EMULATOR_HEIGHT; y++)
            Blank(Emulator, y, 0);
        break;
    case 'K': Blank(Emulator, Emulator->Y, Emulator->X); break;
    case 'm':
        for (char *part = strtok(text, ";"); part != NULL; part = strtok(NULL, ";"))
            Style(Emulator, atoi(part));
        break;
    default: abort();
    }
}

static void Byte(EMULATOR *Emulator, uint8_t Byte)
{
    uint16_t units[2];

    if (Emulator->InSequence) {
        if (Byte == '[' && Emulator->SequenceLength == 0)
            return;
        if (Byte < 0x40) {
            if (Emulator->SequenceLength == sizeof(Emulator->Sequence) - 1)
                abort();
            Emulator->Sequence[Emulator->SequenceLength++] = (char)Byte;
            return;
        }
        Emulator->Sequence[Emulator->SequenceLength] = '\0';
        Emulator->InSequence = false;
        Sequence(Emulator, (char)Byte);
        return;
    }
    switch (Byte) {
    case '\r': Emulator->X = 0; Emulator->IsPending = false; break;
    case '\n': LineFeed(Emulator); break;
    case '\a': Emulator->Bells++; break;
    case '\b':
        Emulator->X -= Emulator->X > 0;
        Emulator->IsPending = false;
        break;
    case 0x1B:
        Emulator->InSequence = true;
        Emulator->SequenceLength = 0;
        break;
    default:
        if (Byte < 0x20 || Byte == 0x7F)
            abort();
        for (unsigned i = 0, count = ConDecodeByte(&Emulator->Decoder, 65001, Byte, units); i < count; i++)
            Show(Emulator, units[i]);
    }
}

void EmulatorSend(void *Context, const char *Bytes, size_t Length)
{
    EMULATOR *emulator = Context;

    for (size_t i = 0; i < Length; i++) {
        Byte(emulator, (uint8_t)Bytes[i]);
        if (emulator->LogLength < sizeof(emulator->Log) - 1)
            emulator->Log[emulator->LogLength++] = Bytes[i];
    }
    emulator->Log[emulator->LogLength] = '\0';
}

/* ---- Comparing ---- */
static bool IsSame(const EMULATOR *Emulator, int Row, int X, CON_CELL Cell)
{
    uint16_t shown = Emulator->Text[Row][X], wanted = ConGlyph(Cell.Character);
    uint16_t mask = Cell.Character == ' ' ? 0xF0 : 0xFFFF;       /* a blank has a background only */

    if (wanted >= 0x80 && wanted < 0xA0)
        wanted = '?';
    if (wanted >= 0xD800 && wanted < 0xE000)
        return true;                             /* half a character, and then nothing is sure */
    return shown == wanted && ((Emulator->Attribute[Row][X] ^ Cell.Attribute) & mask & 0xC0FF) == 0;
}

bool EmulatorShows(const EMULATOR *Emulator, const CON_SCREEN *Screen)
{
    const CON_TERMINAL *terminal = Screen->Terminal;
    int last = terminal->Last < Screen->Height - 1 ? terminal->Last : Screen->Height - 1;

    for (int y = 0; y <= last; y++) {
        int row = Emulator->Y + y - terminal->Y;
        for (int x = 0; row >= 0 && row < EMULATOR_HEIGHT && x < EMULATOR_WIDTH; x++)
            if (!IsSame(Emulator, row, x, *ConCellAt(Screen, x, y))) {
                fprintf(stderr, "row %d column %d: %04X %04X, not %04X %04X\n", y, x, Emulator->Text[row][x], Emulator->Attribute[row][x],
                       ConCellAt(Screen, x, y)->Character, ConCellAt(Screen, x, y)->Attribute);
                return false;
            }
    }
    return terminal->X - (terminal->HighSurrogate != 0) == (Emulator->IsPending ? EMULATOR_WIDTH : Emulator->X);
}

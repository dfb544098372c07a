/* SPDX-License-Identifier: MIT
 * What the native tests of the console core share: memory that is counted, and a terminal of 80 by 25 that understands what terminal.c
 * sends and stops the test at anything else.
 */
#pragma once
#include "console.h"

#define EMULATOR_WIDTH 80
#define EMULATOR_HEIGHT 25

typedef struct EMULATOR {
    uint16_t Text[EMULATOR_HEIGHT][EMULATOR_WIDTH];
    uint16_t Attribute[EMULATOR_HEIGHT][EMULATOR_WIDTH];
    uint16_t Current;
    int X, Y;
    bool IsPending;                              /* behind the last column */
    unsigned Bells;
    CON_DECODER Decoder;
    char Sequence[64];
    size_t SequenceLength;
    bool InSequence;
    char Log[1 << 16];                           /* what came since TestReset, as it was; no more than fits */
    size_t LogLength;
} EMULATOR;

extern const CON_HOST TestHost;
extern long TestBlocks;                          /* allocated and not freed */
extern long TestAllocationsLeft;                 /* until one fails; negative: none does */

void EmulatorReset(EMULATOR *Emulator);
void EmulatorSend(void *Context, const char *Bytes, size_t Length);
/* Whether it shows the screen, as far as it can: the cursor stands where the screen's is, all rows about it are equal. */
bool EmulatorShows(const EMULATOR *Emulator, const CON_SCREEN *Screen);
uint64_t TestRandom(uint64_t *State);
/* A console that is fed with these bytes: operations and their arguments. False: the terminal shows something else. */
bool TestExercise(const uint8_t *Data, size_t Size);

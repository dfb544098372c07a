/* SPDX-License-Identifier: MIT
 * The console without an operating system: what is on the screen, what was typed, how a line is edited, and what a terminal at
 * the other end of a wire sends and shows. Portable: no DDK, no globals, no locks; memory and the wire come from the caller,
 * who is alone in a console.
 *
 *   bytes of a terminal -> CON_KEYBOARD -> CON_RECORD -> CON_QUEUE -> CON_LINE (cooked) or the reader (raw)
 *   scan codes          -> CON_SHIFTS   -> CON_RECORD
 *   text of a program   -> ConWrite     -> CON_SCREEN -> CON_TERMINAL -> bytes for a terminal
 *                                                     -> CON_DISPLAY (display.h) -> pixels
 *
 * A character is one UTF-16 unit and fills one cell.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CON_DEFAULT_WIDTH 80
#define CON_DEFAULT_HEIGHT 25
#define CON_MAXIMUM_SIDE 1000                    /* columns or rows */
#define CON_MAXIMUM_CELLS 100000u
#define CON_DEFAULT_ATTRIBUTE 7
#define CON_QUEUE_RECORDS 2048u
#define CON_LINE_CHARACTERS 4096u
#define CON_LINE_ROOM (CON_LINE_CHARACTERS + 2)  /* with CR LF */
#define CON_HISTORY_LINES 50u

typedef struct CON_HOST {
    void *(*Allocate)(size_t Bytes);             /* NULL: no memory */
    void (*Free)(void *Block);
} CON_HOST;

typedef struct CON_POINT {                       /* COORD */
    int16_t X, Y;
} CON_POINT;

typedef struct CON_RECTANGLE {                   /* SMALL_RECT: all four inside */
    int16_t Left, Top, Right, Bottom;
} CON_RECTANGLE;

typedef struct CON_CELL {                        /* CHAR_INFO */
    uint16_t Character, Attribute;
} CON_CELL;

/* ---- Modes, as SetConsoleMode has them ---- */
enum {
    ConProcessedInput = 0x1,
    ConLineInput = 0x2,
    ConEchoInput = 0x4,
    ConInsertMode = 0x20,
    ConDefaultInputMode = 0x1F7,
    ConKnownInputMode = 0x3FF,
    ConProcessedOutput = 0x1,
    ConWrapAtEnd = 0x2,
    ConTerminalSequences = 0x4,
    ConNoAutoReturn = 0x8,
    ConDefaultOutputMode = 0x3,
    ConKnownOutputMode = 0x1F
};

/* ---- Input records, as INPUT_RECORD lies ---- */
enum { ConKeyEvent = 1 };
enum {
    ConRightAltPressed = 0x1,
    ConAltPressed = 0x2,
    ConRightCtrlPressed = 0x4,
    ConCtrlPressed = 0x8,
    ConAnyAlt = 0x3,
    ConAnyCtrl = 0xC,
    ConShiftPressed = 0x10,
    ConNumLockOn = 0x20,
    ConScrollLockOn = 0x40,
    ConCapsLockOn = 0x80,
    ConEnhancedKey = 0x100
};

typedef struct CON_KEY {
    uint32_t IsDown;
    uint16_t Repeat, VirtualKey, ScanCode, Character;
    uint32_t State;
} CON_KEY;

typedef struct CON_RECORD {
    uint16_t Type, Reserved;
    union {
        CON_KEY Key;
        uint8_t Other[16];
    };
} CON_RECORD;
_Static_assert(sizeof(CON_RECORD) == 20, "INPUT_RECORD");

/* The US keyboard's virtual keys that are looked at. */
enum {
    ConKeyCancel = 0x03, ConKeyBack = 0x08, ConKeyTab = 0x09, ConKeyClear = 0x0C, ConKeyReturn = 0x0D,
    ConKeyShift = 0x10, ConKeyControl, ConKeyMenu, ConKeyPause, ConKeyCapital,
    ConKeyEscape = 0x1B, ConKeySpace = 0x20,
    ConKeyPrior = 0x21, ConKeyNext, ConKeyEnd, ConKeyHome, ConKeyLeft, ConKeyUp, ConKeyRight, ConKeyDown,
    ConKeySnapshot = 0x2C,
    ConKeyInsert = 0x2D,
    ConKeyDelete = 0x2E,
    ConKeyLeftWindows = 0x5B, ConKeyRightWindows, ConKeyApplications,
    ConKeyNumpad0 = 0x60,
    ConKeyMultiply = 0x6A, ConKeyAdd, ConKeySubtract = 0x6D, ConKeyDecimal, ConKeyDivide,
    ConKeyF1 = 0x70,
    ConKeyF3 = 0x72,
    ConKeyF5 = 0x74,
    ConKeyF8 = 0x77,
    ConKeyF11 = 0x7A, ConKeyF12,
    ConKeyNumLock = 0x90, ConKeyScrollLock,
    ConKeyAngle = 0xE2,                          /* VK_OEM_102: beside the left shift key */
    ConKeyPacket = 0xE7
};

/* ---- codepage.c ---- */
typedef struct CON_DECODER {                     /* a UTF-8 sequence that is not whole yet */
    uint32_t Value;
    uint8_t Missing, Length;
} CON_DECODER;

bool ConHasCodePage(uint32_t CodePage);          /* 437, 850, 1252, 65001 */
/* At most two units; the count. What is malformed becomes U+FFFD. */
unsigned ConDecodeByte(CON_DECODER *Decoder, uint32_t CodePage, uint8_t Byte, uint16_t Units[2]);
/* The sequence that was begun does not go on: one unit for it, or none. */
unsigned ConDecodeEnd(CON_DECODER *Decoder, uint16_t Units[1]);
/* The next character of a text, at most four bytes of it; Used: how many units it was (1 or 2). '?' for what the page has not. */
unsigned ConEncode(uint32_t CodePage, const uint16_t *Text, size_t Length, unsigned *Used, uint8_t Bytes[4]);
/* What a font of code page 437 shows for a control character; others are themselves. */
uint16_t ConGlyph(uint16_t Character);

/* ---- terminal.c: what the terminal at the other end shows, and how it comes to show something else ---- */
typedef struct CON_TERMINAL {
    void (*Send)(void *Context, const char *Bytes, size_t Length);
    void *Context;
    int X, Y;                                    /* its cursor, in the screen's rows; X == Width: behind the last column, not yet wrapped */
    int Last;                                    /* the lowest row it has */
    uint16_t Attribute;
    bool WrapsItself;                            /* long lines leave as they are: the terminal wraps them, or a pipe does not */
    bool HidesCursor;
    bool IsCleared;                              /* nothing was put since: rows below are not made for a cursor alone */
    uint16_t HighSurrogate;                      /* sent with its other half */
} CON_TERMINAL;

struct CON_SCREEN;
void ConInitializeTerminal(CON_TERMINAL *Terminal, void (*Send)(void *Context, const char *Bytes, size_t Length), void *Context);
/* A character at a place of the screen, already in its cell. */
void ConTerminalPut(const struct CON_SCREEN *Screen, CON_POINT Where);
/* Cells have changed. */
void ConTerminalPaint(const struct CON_SCREEN *Screen, CON_RECTANGLE Area);
/* The screen's rows moved up, new ones came below. */
void ConTerminalScrolled(const struct CON_SCREEN *Screen, int Rows);
/* The cursor goes where the screen's is: at the end of each request. */
void ConTerminalSync(const struct CON_SCREEN *Screen);
/* Another screen is shown, or this one has another size. */
void ConTerminalRepaint(const struct CON_SCREEN *Screen);
void ConTerminalBell(const struct CON_SCREEN *Screen);

/* ---- screen.c ---- */
typedef struct CON_ESCAPE {                      /* a control sequence on its way to a screen */
    uint8_t State, Count;
    bool IsPrivate, IsOther;
    uint16_t Numbers[16];
} CON_ESCAPE;

typedef struct CON_SCREEN {
    const CON_HOST *Host;
    CON_TERMINAL *Terminal;                      /* NULL: it is not shown */
    CON_CELL *Cells;
    int Width, Height;
    CON_POINT Cursor, SavedCursor;
    CON_RECTANGLE Window;
    CON_POINT MaximumWindow;
    int MarginTop, MarginBottom;                 /* rows that scroll by control sequences */
    uint16_t Attribute, PopupAttribute, SavedAttribute;
    uint32_t CursorSize;
    bool CursorVisible, IsReversed, IsBold, WrapIsDue;
    uint32_t Mode, Colors[16];
    uint64_t Scrolled;                           /* rows that have left at the top */
    CON_ESCAPE Escape;
    CON_DECODER Decoder;                         /* of bytes that are written */
} CON_SCREEN;

bool ConCreateScreen(const CON_HOST *Host, CON_SCREEN *Screen);
void ConDeleteScreen(CON_SCREEN *Screen);
/* What fits of the old one stays. False: no such size, or no memory. */
bool ConResizeScreen(CON_SCREEN *Screen, int Width, int Height);
CON_CELL *ConCellAt(const CON_SCREEN *Screen, int X, int Y);
bool ConSetCursor(CON_SCREEN *Screen, CON_POINT Where);           /* false: it lies outside */
bool ConSetWindow(CON_SCREEN *Screen, CON_RECTANGLE Window);
/* Rows Top to Bottom move by Rows, up when positive; what comes free is blank. */
void ConScrollRows(CON_SCREEN *Screen, int Top, int Bottom, int Rows);
/* Makes one row free at the bottom. */
void ConScrollUp(CON_SCREEN *Screen);

/* ---- cells.c: rectangles and runs of cells; what lies outside is cut off ---- */
enum { ConCharacters, ConAttributes, ConBoth };
static inline unsigned ConCellBytes(unsigned Mode) { return Mode == ConBoth ? 4 : 2; }
/* Width 0: one run that goes on in the next row. The count written; Done: the rectangle. */
uint32_t ConWriteCells(CON_SCREEN *Screen, int X, int Y, unsigned Mode, unsigned Width, const uint8_t *Cells, uint32_t Count,
                       CON_RECTANGLE *Done);
uint32_t ConReadCells(const CON_SCREEN *Screen, int X, int Y, unsigned Mode, unsigned Width, uint8_t *Cells, uint32_t Count,
                      CON_RECTANGLE *Done);
uint32_t ConFillCells(CON_SCREEN *Screen, int X, int Y, unsigned Mode, uint32_t Count, bool Wrap, CON_CELL Fill);
/* Moves the source's cells so that they begin at Target; what came free, or comes from outside, is filled. Nothing outside Clip changes. */
bool ConMoveCells(CON_SCREEN *Screen, CON_RECTANGLE Source, CON_POINT Target, CON_RECTANGLE Clip, CON_CELL Fill);

/* ---- write.c, escape.c: text ---- */
void ConWrite(CON_SCREEN *Screen, const uint16_t *Text, size_t Length);
void ConWriteBytes(CON_SCREEN *Screen, uint32_t CodePage, const uint8_t *Bytes, size_t Length);
/* One character as it is, at the cursor. */
void ConPut(CON_SCREEN *Screen, uint16_t Character);
void ConLineFeed(CON_SCREEN *Screen, bool Return);
/* The control character or, inside a sequence, any: true when it was part of one. */
bool ConEscape(CON_SCREEN *Screen, uint16_t Character);

/* ---- queue.c ---- */
typedef struct CON_QUEUE {
    CON_RECORD *Records;
    uint32_t First, Count;
} CON_QUEUE;
bool ConCreateQueue(const CON_HOST *Host, CON_QUEUE *Queue);
uint32_t ConQueueRoom(const CON_QUEUE *Queue);
/* How many of them there was room for. */
uint32_t ConQueueAdd(CON_QUEUE *Queue, const CON_RECORD *Records, uint32_t Count);
uint32_t ConQueuePeek(const CON_QUEUE *Queue, CON_RECORD *Records, uint32_t Count);
uint32_t ConQueueTake(CON_QUEUE *Queue, CON_RECORD *Records, uint32_t Count);
void ConQueueFlush(CON_QUEUE *Queue);
/* A key that is Ctrl+C or Ctrl+Break goes down. */
bool ConIsControlC(const CON_RECORD *Record);
bool ConIsBreak(const CON_RECORD *Record);

/* ---- layout.c ---- */
typedef struct CON_PLACE {                       /* where a key lies */
    uint16_t VirtualKey, ScanCode;
    uint32_t State;
} CON_PLACE;
typedef struct CON_KEY_FACE {                    /* what is printed on it */
    uint16_t VirtualKey;
    char Plain, Shifted;
} CON_KEY_FACE;
CON_PLACE ConPlaceOf(uint16_t Character);        /* VK_PACKET: on no key of this layout */
bool ConKeyAt(uint16_t ScanCode, CON_KEY_FACE *Face);             /* false: no key with a character */

/* ---- scancode.c: a keyboard that says which keys go down and up ---- */
enum { ConScanBreak = 1, ConScanE0 = 2, ConScanE1 = 4 };          /* as KEYBOARD_INPUT_DATA has them */
typedef struct CON_SHIFTS {
    uint32_t State;                              /* of what is held and locked, as CON_KEY.State */
    uint8_t ShiftsHeld;                          /* bit 0 the left one, bit 1 the right one */
    uint8_t LocksHeld;                           /* a lock that is held repeats, and must not change again */
    bool IsPause;                                /* the second half of that key's code is to come */
} CON_SHIFTS;
/* False: no key, or one that is not known. */
bool ConScanCode(CON_SHIFTS *Shifts, uint16_t ScanCode, uint16_t Flags, CON_RECORD *Record);

/* ---- keyboard.c: a terminal, which sends characters ---- */
typedef struct CON_KEYBOARD {
    uint8_t State, Count, Numbers[4];            /* of a control sequence */
    bool SkipsLineFeed;
    CON_DECODER Decoder;
} CON_KEYBOARD;
#define CON_KEYS_A_BYTE 8u                       /* records that one byte makes at most */
uint32_t ConKeyboardByte(CON_KEYBOARD *Keyboard, uint8_t Byte, CON_RECORD Records[CON_KEYS_A_BYTE]);
bool ConKeyboardIsWaiting(const CON_KEYBOARD *Keyboard);          /* an escape may be the key or begin a sequence */
/* Nothing followed for a while. */
uint32_t ConKeyboardIdle(CON_KEYBOARD *Keyboard, CON_RECORD Records[CON_KEYS_A_BYTE]);

/* ---- history.c ---- */
typedef struct CON_HISTORY {
    const CON_HOST *Host;
    struct CON_HISTORY_LINE *Lines[CON_HISTORY_LINES];            /* the oldest first */
    uint32_t Count;
} CON_HISTORY;
void ConAddHistory(CON_HISTORY *History, const uint16_t *Text, uint32_t Length);
uint32_t ConCopyHistory(const CON_HISTORY *History, uint32_t Index, uint16_t *Text, uint32_t Room);
/* False: the line has no such character. */
bool ConPeekHistory(const CON_HISTORY *History, uint32_t Index, uint32_t Position, uint16_t *Character);
void ConClearHistory(CON_HISTORY *History);

/* ---- line.c, editkey.c: a line being edited ---- */
typedef enum CON_LINE_STATE { ConLineEditing, ConLineDone } CON_LINE_STATE;
typedef struct CON_LINE {
    CON_SCREEN *Screen;                          /* NULL: no echo */
    CON_HISTORY *History;
    uint16_t *Text;                              /* room for CON_LINE_ROOM */
    uint32_t Length, Position, Limit;            /* Limit: so many characters may be typed */
    int OriginX;
    int64_t OriginY;                             /* of the text's beginning, counted from the first row there ever was */
    uint32_t Shown;                              /* cells that the text fills on the screen */
    uint32_t Recalled;                           /* which line of the history; Count: none */
    uint32_t WakeMask;                           /* control characters that end the line */
    uint32_t KeyState;                           /* of the key that ended it */
    bool Inserts, IsProcessed;
} CON_LINE;

void ConBeginLine(CON_LINE *Line, CON_SCREEN *Screen, uint32_t Mode, uint32_t Limit);
/* Text that is there already, and on the screen before the cursor. */
void ConPresetLine(CON_LINE *Line, const uint16_t *Text, uint32_t Length);
CON_LINE_STATE ConEditKey(CON_LINE *Line, const CON_KEY *Key);
/* Ctrl+C: what was typed is dropped and the line ends empty. */
void ConCancelLine(CON_LINE *Line);
/* editkey.c's view of line.c */
void ConDrawLine(CON_LINE *Line, uint32_t From);
void ConMoveInLine(CON_LINE *Line, uint32_t Position);
void ConReplaceLine(CON_LINE *Line, const uint16_t *Text, uint32_t Length);
void ConCutLine(CON_LINE *Line, uint32_t From, uint32_t To);
void ConInsertInLine(CON_LINE *Line, uint16_t Character);
/* A control character ends the line as it is; it stands in the text where the cursor is. */
void ConWakeLine(CON_LINE *Line, uint16_t Character, uint32_t State);
void ConEndLine(CON_LINE *Line, const char *Tail, bool Remembers);

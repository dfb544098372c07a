/* SPDX-License-Identifier: MIT
 * Unit tests of the console core: text that passes through, cells, code pages, keys, and lines that are edited.
 */
#include "emulator.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static CON_SCREEN Screen;
static CON_TERMINAL Terminal;
static EMULATOR Emulator;
static CON_HISTORY History;
static CON_LINE Line;
static uint16_t LineText[CON_LINE_ROOM];
static CON_KEYBOARD Keyboard;

static int Setup(void **State)
{
    (void)State;
    EmulatorReset(&Emulator);
    assert_true(ConCreateScreen(&TestHost, &Screen));
    ConInitializeTerminal(&Terminal, EmulatorSend, &Emulator);
    Screen.Terminal = &Terminal;
    History = (CON_HISTORY){ .Host = &TestHost };
    Line = (CON_LINE){ .History = &History, .Text = LineText };
    Keyboard = (CON_KEYBOARD){ 0 };
    return 0;
}

static int Teardown(void **State)
{
    (void)State;
    ConDeleteScreen(&Screen);
    ConClearHistory(&History);
    assert_int_equal(TestBlocks, 0);
    return 0;
}

static void Write(const char *Text)
{
    ConWriteBytes(&Screen, 65001, (const uint8_t *)Text, strlen(Text));
    ConTerminalSync(&Screen);
    assert_true(EmulatorShows(&Emulator, &Screen));
}

/* What the terminal got since the last time. */
static void Got(const char *Wanted)
{
    assert_string_equal(Emulator.Log, Wanted);
    Emulator.LogLength = 0;
    Emulator.Log[0] = '\0';
}

static void Row(int Y, const char *Wanted)
{
    char text[CON_MAXIMUM_SIDE + 1];
    int length = Screen.Width;

    for (int x = 0; x < Screen.Width; x++)
        text[x] = (char)ConCellAt(&Screen, x, Y)->Character;
    while (length > 0 && text[length - 1] == ' ')
        length--;
    text[length] = '\0';
    assert_string_equal(text, Wanted);
}

/* ---- Text ---- */
static void TextPassesThrough(void **State)
{
    char line[201];

    (void)State;
    Write("hello\r\n");
    Got("hello\r\n");
    Write("\r\n\r\nabc");
    Got("\r\n\r\nabc");
    Write("\r\n");
    Got("\r\n");
    for (int i = 0; i < 40; i++)
        Write("a line\r\n");
    Emulator.LogLength = 0;
    memset(line, 'x', 200);                      /* three rows: a pipe gets one line all the same */
    line[200] = '\0';
    Write(line);
    Got(line);
    Write("\r\n");
    Got("\r\n");
    Write("50%\r60%\r");
    Got("50%\r60%\r");
    Write("70%\b\b\xE2\x98\xBA\n");
    Got("70%\b\b\xE2\x98\xBA\r\n");
}

static void ControlCharacters(void **State)
{
    (void)State;
    Write("a\tb\tc\r\n");
    Row(0, "a       b       c");
    Write("\a\b");
    assert_int_equal(Emulator.Bells, 1);
    assert_int_equal(Screen.Cursor.X, 0);
    Screen.Mode = 0;
    Write("\x1B\n");                             /* glyphs when nothing is processed */
    assert_int_equal(ConCellAt(&Screen, 0, 1)->Character, 0x1B);
    assert_int_equal(Emulator.Text[1][0], 0x2190);
    Screen.Mode = ConProcessedOutput | ConNoAutoReturn;
    Write("\r");
    Write("ab\nc");
    Row(2, "  c");
}

static void EndOfRow(void **State)
{
    char line[81];

    (void)State;
    memset(line, 'y', 80);
    line[80] = '\0';
    Write(line);
    assert_int_equal(Screen.Cursor.Y, 1);
    assert_int_equal(Screen.Cursor.X, 0);
    Screen.Mode = ConProcessedOutput;            /* no wrap: the last column is written over */
    Write(line);
    Write("zz");
    assert_int_equal(Screen.Cursor.Y, 1);
    assert_int_equal(ConCellAt(&Screen, 79, 1)->Character, 'z');
    Screen.Mode = ConDefaultOutputMode | ConTerminalSequences | ConNoAutoReturn;
    Write("\r\n");
    Write(line);
    assert_int_equal(Screen.Cursor.Y, 2);        /* the wrap is due, not done */
    Write("q");
    assert_int_equal(Screen.Cursor.Y, 3);
}

static void Scrolling(void **State)
{
    char line[16];

    (void)State;
    for (int i = 0; i < 30; i++) {
        snprintf(line, sizeof(line), "%s%d", i == 0 ? "" : "\r\n", i);
        Write(line);
    }
    Row(0, "5");
    Row(24, "29");
    assert_int_equal(Screen.Scrolled, 5);
    ConMoveCells(&Screen, (CON_RECTANGLE){ 0, 1, 79, 3 }, (CON_POINT){ 0, 0 }, (CON_RECTANGLE){ 0, 0, 79, 24 }, (CON_CELL){ '-', 7 });
    ConTerminalSync(&Screen);
    Row(0, "6");
    Row(2, "8");
    assert_int_equal(ConCellAt(&Screen, 40, 3)->Character, '-');
    assert_true(EmulatorShows(&Emulator, &Screen));
}

static void ClearScreen(void **State)
{
    (void)State;
    Write("one\r\ntwo");
    Emulator.LogLength = 0;
    assert_int_equal(ConFillCells(&Screen, 0, 0, ConCharacters, 2000, true, (CON_CELL){ ' ', 0 }), 2000);
    assert_int_equal(ConFillCells(&Screen, 0, 0, ConAttributes, 2000, true, (CON_CELL){ ' ', 7 }), 2000);
    ConSetCursor(&Screen, (CON_POINT){ 0, 0 });
    ConTerminalSync(&Screen);
    Got("\x1B[H\x1B[2J");
    Write("x\r\n");
    Got("x\r\n");
    Screen.Attribute = 0x1F;
    Write("c");
    Got("\x1B[0;97;44mc");
    Screen.Attribute = 0x07;
    Write("d");
    Got("\x1B[0md");
}

/* ---- Cells ---- */
static void CellArguments(void **State)
{
    uint8_t cells[64] = "a\0b\0c\0d\0";
    CON_RECTANGLE done;

    (void)State;
    assert_int_equal(ConWriteCells(&Screen, 78, 0, ConCharacters, 0, cells, 4, &done), 4);
    assert_int_equal(ConCellAt(&Screen, 1, 1)->Character, 'd');
    assert_int_equal(ConWriteCells(&Screen, 78, 3, ConCharacters, 4, cells, 4, &done), 2);
    assert_int_equal(done.Right, 79);
    assert_int_equal(ConReadCells(&Screen, 78, 3, ConCharacters, 4, cells, 4, &done), 4);       /* two columns of two rows */
    assert_int_equal(done.Bottom, 4);
    assert_int_equal(ConReadCells(&Screen, 0, 24, ConBoth, 0, cells, 16, &done), 16);
    assert_int_equal(ConReadCells(&Screen, 78, 24, ConBoth, 0, cells, 16, &done), 2);
    assert_int_equal(ConReadCells(&Screen, -1, 0, ConBoth, 0, cells, 16, &done), 0);
    assert_int_equal(ConReadCells(&Screen, 0, 25, ConBoth, 0, cells, 16, &done), 0);
    assert_int_equal(ConWriteCells(&Screen, 2147483647, 0, ConBoth, 1, cells, 16, &done), 0);
    assert_int_equal(ConFillCells(&Screen, 79, 24, ConBoth, 0xFFFFFFFF, true, (CON_CELL){ 'e', 7 }), 1);
    assert_int_equal(ConFillCells(&Screen, 70, 4, ConBoth, 100, false, (CON_CELL){ 'e', 7 }), 10);
}

static void Resizing(void **State)
{
    (void)State;
    Write("corner");
    assert_true(ConResizeScreen(&Screen, 120, 300));
    Row(0, "corner");
    assert_int_equal(Screen.Window.Bottom, 24);
    assert_true(ConSetCursor(&Screen, (CON_POINT){ 0, 299 }));
    assert_int_equal(Screen.Window.Bottom, 299);
    assert_true(ConResizeScreen(&Screen, 10, 5));
    assert_int_equal(Screen.Cursor.Y, 4);
    assert_int_equal(Screen.Window.Right, 9);
    assert_false(ConResizeScreen(&Screen, 0, 5));
    assert_false(ConResizeScreen(&Screen, 1000, 1000));
    TestAllocationsLeft = 0;
    assert_false(ConResizeScreen(&Screen, 80, 25));
    TestAllocationsLeft = -1;
    Row(0, "corner");
    assert_false(ConSetCursor(&Screen, (CON_POINT){ 10, 0 }));
    assert_false(ConSetWindow(&Screen, (CON_RECTANGLE){ 5, 0, 4, 4 }));
}

static void Sequences(void **State)
{
    (void)State;
    Screen.Mode |= ConTerminalSequences;
    Write("\x1B[2J\x1B[5;10Hx\x1B[3Dy");
    assert_int_equal(ConCellAt(&Screen, 9, 4)->Character, 'x');
    assert_int_equal(ConCellAt(&Screen, 7, 4)->Character, 'y');
    Write("\x1B[1;31mr\x1B[38;2;0;0;250mb\x1B[0m");
    assert_int_equal(ConCellAt(&Screen, 8, 4)->Attribute, 0x0C);
    assert_int_equal(ConCellAt(&Screen, 9, 4)->Attribute, 0x09);
    Write("\x1B]0;a title\a\x1B[H\x1B[2Kabc\x1B[2D\x1B[Pd\x1B[@e");
    Row(0, "ade");
    Write("\x1B[3;5r\x1B[5;1Hlow\n\nend\x1B[r");
    Row(4, "end");
    Write("\x1B[99999;99999H\x1B[999999999999mz\x1B[;;;;;;;;;;;;;;;;;;;;;;;;m\x1B[<1u\x1B[?25l\x1B[1");
    assert_int_equal(ConCellAt(&Screen, 79, 23)->Character, 'z');
    assert_false(Screen.CursorVisible);
}

/* ---- Code pages ---- */
static void CodePages(void **State)
{
    static const uint32_t pages[] = { 437, 850, 1252 };
    CON_DECODER decoder = { 0 };
    uint16_t units[2];
    uint8_t bytes[4];
    unsigned used;

    (void)State;
    for (unsigned page = 0; page < 3; page++)
        for (unsigned byte = 0; byte < 256; byte++) {
            assert_int_equal(ConDecodeByte(&decoder, pages[page], (uint8_t)byte, units), 1);
            assert_int_equal(ConEncode(pages[page], units, 1, &used, bytes), 1);
            assert_int_equal(bytes[0], byte);
        }
    ConDecodeByte(&decoder, 850, 0x84, units);
    assert_int_equal(units[0], 0xE4);
    assert_false(ConHasCodePage(936));
    units[0] = 0xD83D;
    units[1] = 0xDE00;
    assert_int_equal(ConEncode(65001, units, 2, &used, bytes), 4);
    assert_int_equal(used, 2);
    assert_int_equal(ConEncode(65001, units, 1, &used, bytes), 3);       /* half of it */
    assert_int_equal(ConEncode(437, units, 2, &used, bytes), 1);
    assert_int_equal(bytes[0], '?');
}

static void MalformedUtf8(void **State)
{
    static const struct {
        const char *Bytes;
        uint16_t Units[6];
    } cases[] = {
        { "\xC3\xA4", { 0xE4 } },
        { "\xF0\x9F\x98\x80", { 0xD83D, 0xDE00 } },
        { "\x80" "a", { 0xFFFD, 'a' } },
        { "\xC0\xAF", { 0xFFFD, 0xFFFD } },
        { "\xE2\x82" "b", { 0xFFFD, 'b' } },
        { "\xE0\x80\x80", { 0xFFFD } },
        { "\xED\xA0\x80", { 0xFFFD } },
        { "\xF4\x90\x80\x80", { 0xFFFD } },
        { "\xC3\xC3\xA4", { 0xFFFD, 0xE4 } },
        { "\xFF", { 0xFFFD } },
    };

    (void)State;
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CON_DECODER decoder = { 0 };
        uint16_t units[2];
        unsigned at = 0;
        for (const char *byte = cases[i].Bytes; *byte != '\0'; byte++)
            for (unsigned j = 0, count = ConDecodeByte(&decoder, 65001, (uint8_t)*byte, units); j < count; j++)
                assert_int_equal(units[j], cases[i].Units[at++]);
        assert_int_equal(cases[i].Units[at], 0);
    }
}

/* ---- Keys ---- */
static uint32_t Keys(const char *Bytes, CON_RECORD *Records)
{
    uint32_t count = 0;

    for (; *Bytes != '\0'; Bytes++)
        count += ConKeyboardByte(&Keyboard, (uint8_t)*Bytes, Records + count);
    return count;
}

static void TerminalKeys(void **State)
{
    static const struct {
        const char *Bytes;
        uint16_t VirtualKey, ScanCode, Character;
        uint32_t State;
    } cases[] = {
        { "a", 'A', 0x1E, 'a', 0 }, { "A", 'A', 0x1E, 'A', ConShiftPressed }, { "1", '1', 0x02, '1', 0 },
        { "?", 0xBF, 0x35, '?', ConShiftPressed }, { "\"", 0xDE, 0x28, '"', ConShiftPressed }, { "\\", 0xDC, 0x2B, '\\', 0 },
        { " ", ConKeySpace, 0x39, ' ', 0 }, { "\r", ConKeyReturn, 0x1C, '\r', 0 }, { "\x7F", ConKeyBack, 0x0E, '\b', 0 },
        { "\t", ConKeyTab, 0x0F, '\t', 0 }, { "\x03", 'C', 0x2E, 3, ConCtrlPressed }, { "\x1A", 'Z', 0x2C, 0x1A, ConCtrlPressed },
        { "\x1C", 0xDC, 0x2B, 0x1C, ConCtrlPressed }, { "\xC3\xA4", ConKeyPacket, 0, 0xE4, 0 },
        { "\x1B[A", ConKeyUp, 0x48, 0, ConEnhancedKey }, { "\x1BOC", ConKeyRight, 0x4D, 0, ConEnhancedKey },
        { "\x1B[1;5D", ConKeyLeft, 0x4B, 0, ConEnhancedKey | ConCtrlPressed }, { "\x1B[3~", ConKeyDelete, 0x53, 0, ConEnhancedKey },
        { "\x1B[4~", ConKeyEnd, 0x4F, 0, ConEnhancedKey }, { "\x1BOP", ConKeyF1, 0x3B, 0, 0 }, { "\x1B[15~", ConKeyF5, 0x3F, 0, 0 },
        { "\x1B[21~", ConKeyF1 + 9, 0x44, 0, 0 }, { "\x1B[24~", ConKeyF1 + 11, 0x58, 0, 0 },
        { "\x1B[Z", ConKeyTab, 0x0F, '\t', ConShiftPressed }, { "\x1Bx", 'X', 0x2D, 'x', ConAltPressed },
    };
    CON_RECORD records[64];

    (void)State;
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(Keys(cases[i].Bytes, records), 2);
        assert_int_equal(records[0].Key.IsDown, 1);
        assert_int_equal(records[1].Key.IsDown, 0);
        assert_int_equal(records[0].Key.VirtualKey, cases[i].VirtualKey);
        assert_int_equal(records[0].Key.ScanCode, cases[i].ScanCode);
        assert_int_equal(records[0].Key.Character, cases[i].Character);
        assert_int_equal(records[0].Key.State, cases[i].State);
        assert_int_equal(ConIsControlC(&records[0]), cases[i].Character == 3);
    }
    assert_int_equal(Keys("\r\n", records), 2);          /* one key */
    assert_int_equal(Keys("\n\n", records), 4);
    assert_int_equal(Keys("\x1B[99~", records), 0);
    assert_int_equal(Keys("\x1B[1;2;3;4;5;6X", records), 0);
    assert_int_equal(Keys("\x1B", records), 0);
    assert_true(ConKeyboardIsWaiting(&Keyboard));
    assert_int_equal(ConKeyboardIdle(&Keyboard, records), 2);
    assert_int_equal(records[0].Key.VirtualKey, ConKeyEscape);
    assert_int_equal(Keys("\xE2\x82\r", records), 4);    /* a character that does not go on, then Return */
    assert_int_equal(records[0].Key.Character, 0xFFFD);
}

static void Queueing(void **State)
{
    CON_RECORD records[CON_QUEUE_RECORDS + 4] = { { .Type = ConKeyEvent } };
    CON_QUEUE queue;

    (void)State;
    assert_true(ConCreateQueue(&TestHost, &queue));
    for (uint32_t i = 0; i < CON_QUEUE_RECORDS + 4; i++)
        records[i].Key.State = i;
    assert_int_equal(ConQueueAdd(&queue, records, 3), 3);
    assert_int_equal(ConQueueTake(&queue, records, 2), 2);
    assert_int_equal(ConQueueAdd(&queue, records + 3, CON_QUEUE_RECORDS), CON_QUEUE_RECORDS - 1);
    assert_int_equal(ConQueueRoom(&queue), 0);
    assert_int_equal(ConQueuePeek(&queue, records, 1), 1);
    assert_int_equal(records[0].Key.State, 2);
    assert_int_equal(ConQueueTake(&queue, records, CON_QUEUE_RECORDS + 1), CON_QUEUE_RECORDS);
    assert_int_equal(records[CON_QUEUE_RECORDS - 1].Key.State, CON_QUEUE_RECORDS + 1);
    assert_int_equal(ConQueueTake(&queue, records, 1), 0);
    TestHost.Free(queue.Records);
}

/* ---- Lines ---- */
/* Types the bytes; what the line is at its end, with \n for CR LF. NULL: it has not ended. */
static const char *Type(const char *Bytes)
{
    static char text[CON_LINE_ROOM + 1];
    CON_RECORD records[CON_KEYS_A_BYTE];
    CON_LINE_STATE state = ConLineEditing;

    for (; *Bytes != '\0'; Bytes++)
        for (uint32_t i = 0, count = ConKeyboardByte(&Keyboard, (uint8_t)*Bytes, records); i < count && state == ConLineEditing; i++)
            state = ConEditKey(&Line, &records[i].Key);
    assert_true(EmulatorShows(&Emulator, &Screen));
    if (state == ConLineEditing)
        return NULL;
    for (uint32_t i = 0; i < Line.Length; i++)
        text[i] = (char)Line.Text[i];
    text[Line.Length] = '\0';
    return text;
}

static void Begin(const char *Prompt)
{
    Write(Prompt);
    ConBeginLine(&Line, &Screen, ConDefaultInputMode, CON_LINE_CHARACTERS);
}

#define UP "\x1B[A"
#define DOWN "\x1B[B"
#define RIGHT "\x1B[C"
#define LEFT "\x1B[D"
#define HOME "\x1B[H"
#define END "\x1B[F"
#define CTRL_LEFT "\x1B[1;5D"
#define CTRL_RIGHT "\x1B[1;5C"
#define DELETE "\x1B[3~"
#define INSERT "\x1B[2~"
#define F1 "\x1BOP"
#define F3 "\x1BOR"

static void Editing(void **State)
{
    static const struct {
        const char *Keys, *Wanted;
    } cases[] = {
        { "dir\r", "dir\r\n" },
        { "dri\x7F\x7Fir\r", "dir\r\n" },
        { "\x7F\x7F" LEFT LEFT RIGHT "a\r", "a\r\n" },
        { "world" HOME "hello " END "!\r", "hello world!\r\n" },
        { "abc" LEFT LEFT "\x7F" DELETE "x\r", "xc\r\n" },
        { "one two three" CTRL_LEFT CTRL_LEFT "2" CTRL_RIGHT "3\r", "one 2two 3three\r\n" },
        { "abcdef" HOME INSERT "XY" INSERT "z\r", "XYzcdef\r\n" },
        { "abcdef" LEFT LEFT "\x1B[1;5F" "\r", "abcd\r\n" },
        { "abcdef" LEFT LEFT "\x1B[1;5H" "\r", "ef\r\n" },
        { "a\x01" "b\r", "a\x01" "b\r\n" },
        { "a\tb\r", "a\tb\r\n" },
    };

    (void)State;
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        Begin("C:\\>");
        assert_string_equal(Type(cases[i].Keys), cases[i].Wanted);
        assert_int_equal(Screen.Cursor.X, 0);
    }
    Begin("");
    assert_null(Type("rubbish"));
    assert_int_equal(ConEditKey(&Line, &(CON_KEY){ 1, 1, ConKeyEscape, 1, 0x1B, 0 }), ConLineEditing);
    assert_string_equal(Type("good\r"), "good\r\n");
}

static void EchoOfLines(void **State)
{
    (void)State;
    Begin("C:\\>");
    Emulator.LogLength = 0;
    Type("dxr");
    Got("dxr");
    Type("\x7F\x7F");
    Got("\b \b\b \b");
    Type("ir\r");
    Got("ir\r\n");
    Row(0, "C:\\>dir");
}

static void LongLines(void **State)
{
    (void)State;
    for (int i = 0; i < 24; i++)
        Write("\r\n");
    Begin("prompt>");
    for (int i = 0; i < 20; i++)
        assert_null(Type("0123456789abcdefghijklmnopqrst"));
    assert_int_equal(Line.Length, 600);
    assert_null(Type(HOME "<" END ">"));
    Row(24 - (int)Screen.Cursor.Y + 17, "prompt><0123456789abcdefghijklmnopqrst0123456789abcdefghijklmnopqrst0123456789ab");
    for (int i = 0; i < 600; i++)
        Type("\x7F");
    assert_string_equal(Type("x\r"), "<0x\r\n");
}

static void LimitedLine(void **State)
{
    (void)State;
    ConBeginLine(&Line, &Screen, ConDefaultInputMode, 3);
    assert_string_equal(Type("abcd\r"), "abc\r\n");
    assert_int_equal(Emulator.Bells, 1);
    ConBeginLine(&Line, &Screen, ConLineInput, 3);       /* no echo, nothing processed */
    Emulator.LogLength = 0;
    Emulator.Log[0] = '\0';
    assert_string_equal(Type("ab\x7F\r"), "ab\b\r");
    Got("");
}

static void Recalling(void **State)
{
    (void)State;
    Begin("");
    Type("first\r");
    Begin("");
    Type("second\r");
    Begin("");
    Type("second\r");                            /* once */
    Begin("");
    assert_string_equal(Type(UP UP UP "!\r"), "first!\r\n");
    Begin("");
    assert_string_equal(Type(UP UP DOWN "\r"), "first!\r\n");
    Begin("");
    assert_string_equal(Type(UP DOWN DOWN "none\r"), "none\r\n");
    Begin("");
    assert_string_equal(Type(F1 F1 "X" F3 "\r"), "noXe\r\n");
    assert_int_equal(History.Count, 5);
    for (unsigned i = 0; i < 2 * CON_HISTORY_LINES; i++) {
        char text[16];
        snprintf(text, sizeof(text), "%u\r", i);
        Begin("");
        Type(text);
    }
    assert_int_equal(History.Count, CON_HISTORY_LINES);
    Begin("");
    assert_string_equal(Type("\x1B[5~\r"), "50\r\n");
    TestAllocationsLeft = 0;
    Begin("");
    assert_string_equal(Type("kept nowhere\r"), "kept nowhere\r\n");
    TestAllocationsLeft = -1;
}

static void WakingAndCancelling(void **State)
{
    static const uint16_t preset[] = { 'c', 'd', ' ', 'w' };

    (void)State;
    Begin(">cd w");
    Line.WakeMask = 1u << '\t';
    ConPresetLine(&Line, preset, 4);
    assert_string_equal(Type("i" LEFT "\t"), "cd w\ti");
    Row(0, ">cd wi");
    Write("\r\n");
    Begin(">");
    Type("copy");
    ConCancelLine(&Line);
    Row(1, ">copy^C");
    assert_int_equal(Line.Length, 2);
    assert_int_equal(Line.Text[0], '\r');
    assert_int_equal(Screen.Cursor.Y, 2);
    assert_true(EmulatorShows(&Emulator, &Screen));
}

/* ---- At random ---- */
static void AtRandom(void **State)
{
    static uint8_t data[4096];
    uint64_t seed = 0x9E3779B97F4A7C15u;

    (void)State;
    for (int i = 0; i < 200; i++) {
        for (size_t j = 0; j < sizeof(data); j++)
            data[j] = (uint8_t)(TestRandom(&seed) >> 24);
        TestBlocks = 0;
        assert_true(TestExercise(data, sizeof(data)));
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(TextPassesThrough, Setup, Teardown),
        cmocka_unit_test_setup_teardown(ControlCharacters, Setup, Teardown),
        cmocka_unit_test_setup_teardown(EndOfRow, Setup, Teardown),
        cmocka_unit_test_setup_teardown(Scrolling, Setup, Teardown),
        cmocka_unit_test_setup_teardown(ClearScreen, Setup, Teardown),
        cmocka_unit_test_setup_teardown(CellArguments, Setup, Teardown),
        cmocka_unit_test_setup_teardown(Resizing, Setup, Teardown),
        cmocka_unit_test_setup_teardown(Sequences, Setup, Teardown),
        cmocka_unit_test(CodePages),
        cmocka_unit_test(MalformedUtf8),
        cmocka_unit_test_setup_teardown(TerminalKeys, Setup, Teardown),
        cmocka_unit_test(Queueing),
        cmocka_unit_test_setup_teardown(Editing, Setup, Teardown),
        cmocka_unit_test_setup_teardown(EchoOfLines, Setup, Teardown),
        cmocka_unit_test_setup_teardown(LongLines, Setup, Teardown),
        cmocka_unit_test_setup_teardown(LimitedLine, Setup, Teardown),
        cmocka_unit_test_setup_teardown(Recalling, Setup, Teardown),
        cmocka_unit_test_setup_teardown(WakingAndCancelling, Setup, Teardown),
        cmocka_unit_test(AtRandom),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT
 * Unit tests of what a machine of its own has: pixels for cells, and keys from scan codes.
 */
#include "display.h"
#include "emulator.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WIDTH 1300u
#define HEIGHT 820u
#define PITCH 1310u
#define GRAY 0xC0C0C0u

static CON_SCREEN Screen;
static CON_DISPLAY Display;
static uint32_t *Pixels;

static int Setup(void **State)
{
    CON_PICTURE picture = { malloc((size_t)PITCH * HEIGHT * 4), WIDTH, HEIGHT, PITCH, false };

    (void)State;
    Pixels = picture.Pixels;
    memset(Pixels, 0x77, (size_t)PITCH * HEIGHT * 4);
    assert_true(ConCreateScreen(&TestHost, &Screen));
    assert_true(ConCreateDisplay(&TestHost, &Display, &picture));
    return 0;
}

static int Teardown(void **State)
{
    (void)State;
    ConDeleteDisplay(&Display);
    ConDeleteScreen(&Screen);
    free(Pixels);
    assert_int_equal(TestBlocks, 0);
    return 0;
}

static void Write(const char *Text)
{
    ConWriteBytes(&Screen, 437, (const uint8_t *)Text, strlen(Text));
    ConShowOnDisplay(&Display, &Screen);
}

static uint32_t PixelAt(int X, int Y) { return Pixels[(size_t)Y * PITCH + (size_t)X]; }

/* The points of a cell, each of which must be Ink or Paper as a whole. */
static void Lines(int X, int Y, uint32_t Ink, uint32_t Paper, uint8_t Found[CON_GLYPH_HEIGHT])
{
    int scale = Display.Scale, left = Display.Left + X * 8 * scale, top = Display.Top + Y * 16 * scale;

    memset(Found, 0, CON_GLYPH_HEIGHT);
    for (int y = 0; y < 16 * scale; y++)
        for (int x = 0; x < 8 * scale; x++) {
            uint32_t pixel = PixelAt(left + x, top + y), first = PixelAt(left + x / scale * scale, top + y / scale * scale);
            assert_true(pixel == Ink || pixel == Paper);
            assert_int_equal(pixel, first);
            if (pixel == Ink)
                Found[y / scale] |= (uint8_t)(0x80 >> x / scale);
        }
}

static const uint8_t *Glyph(uint16_t Character)
{
    for (uint32_t i = 0; i < ConFontGlyphs; i++)
        if (ConFont[i].Character == Character)
            return ConFont[i].Lines;
    fail_msg("the font has no U+%04X", Character);
    return NULL;
}

static void Shows(int X, int Y, uint16_t Character, uint32_t Ink, uint32_t Paper)
{
    uint8_t lines[CON_GLYPH_HEIGHT];

    Lines(X, Y, Ink, Paper, lines);
    assert_memory_equal(lines, Glyph(Character), CON_GLYPH_HEIGHT);
}

/* ---- The font ---- */
static void FontCovers(void **State)
{
    uint16_t units[2];
    CON_DECODER decoder = { 0 };

    (void)State;
    for (uint32_t i = 1; i < ConFontGlyphs; i++)
        assert_true(ConFont[i - 1].Character < ConFont[i].Character);
    for (uint16_t i = 0x20; i < 0x7F; i++)
        Glyph(i);
    for (uint16_t i = 0xA0; i < 0x100; i++)
        Glyph(i);
    for (uint8_t i = 0xB0; i < 0xE0; i++) {      /* of code page 437: lines and blocks */
        assert_int_equal(ConDecodeByte(&decoder, 437, i, units), 1);
        Glyph(units[0]);
    }
}

/* ---- Cells ---- */
static void CellsBecomePixels(void **State)
{
    uint8_t lines[CON_GLYPH_HEIGHT];

    (void)State;
    Write("A\xC4\xDB");
    assert_int_equal(Display.Scale, 2);          /* 1280 by 800 of 1300 by 820 */
    assert_int_equal(Display.Left, 10);
    assert_int_equal(Display.Top, 10);
    Shows(0, 0, 'A', GRAY, 0);
    Shows(1, 0, 0x2500, GRAY, 0);
    Shows(2, 0, 0x2588, GRAY, 0);
    assert_int_equal(PixelAt(0, 0), 0);          /* the border is black, what lies behind each line is nobody's */
    assert_int_equal(PixelAt(WIDTH - 1, HEIGHT - 1), 0);
    assert_int_equal(PixelAt(WIDTH, 0), 0x77777777);
    Screen.Attribute = 0x1E;
    Write("B");
    Shows(3, 0, 'B', 0xFFFF00, 0x000080);        /* yellow on blue */
    Screen.Attribute = 0x401E;
    Write("C");
    Shows(4, 0, 'C', 0x000080, 0xFFFF00);
    Screen.Attribute = 0x8007;
    Write("D");
    Lines(5, 0, GRAY, 0, lines);
    assert_int_equal(lines[15], 0xFF);
    Screen.Attribute = 7;
    ConPut(&Screen, 0x4E00);
    ConShowOnDisplay(&Display, &Screen);
    Lines(6, 0, GRAY, 0, lines);
    assert_int_equal(lines[2], 0x7E);            /* a box: the font does not have it */
    Screen.Colors[7] = 0x112233;
    ConShowOnDisplay(&Display, &Screen);
    Shows(0, 0, 'A', 0x332211, 0);
    Display.Picture.IsRedFirst = true;
    Screen.Colors[7] = 0x112234;
    ConShowOnDisplay(&Display, &Screen);
    Shows(0, 0, 'A', 0x112234, 0);
}

static void CursorIsDrawn(void **State)
{
    uint8_t lines[CON_GLYPH_HEIGHT];

    (void)State;
    Write("ab");
    Lines(2, 0, GRAY, 0, lines);
    assert_int_equal(lines[11], 0);
    for (int i = 12; i < 16; i++)
        assert_int_equal(lines[i], 0xFF);
    ConSetCursor(&Screen, (CON_POINT){ 0, 0 });
    ConShowOnDisplay(&Display, &Screen);
    Shows(2, 0, ' ', GRAY, 0);
    Lines(0, 0, GRAY, 0, lines);
    assert_memory_equal(lines, Glyph('a'), 12);
    assert_int_equal(lines[15], 0xFF);
    Screen.CursorVisible = false;
    ConShowOnDisplay(&Display, &Screen);
    Shows(0, 0, 'a', GRAY, 0);
}

static void OnlyChangesAreDrawn(void **State)
{
    (void)State;
    Write("one\r\ntwo\r\n");
    Pixels[(size_t)Display.Top * PITCH + (size_t)Display.Left] = 0x123456;
    Write("three");
    assert_int_equal(PixelAt(Display.Left, Display.Top), 0x123456);
    Shows(0, 1, 't', GRAY, 0);
    for (int i = 0; i < 24; i++)
        Write("\r\n");
    Shows(0, 0, 't', GRAY, 0);                   /* scrolled: "three" is above */
    Shows(4, 0, 'e', GRAY, 0);
    assert_int_equal(PixelAt(Display.Left, Display.Top), 0);
}

static void OtherSizes(void **State)
{
    (void)State;
    Write("x");
    assert_true(ConResizeScreen(&Screen, 160, 60));
    assert_true(ConSetWindow(&Screen, (CON_RECTANGLE){ 0, 0, 159, 59 }));
    ConSetCursor(&Screen, (CON_POINT){ 0, 59 });
    Write("y");
    assert_int_equal(Display.Scale, 1);
    assert_int_equal(Display.Rows, 51);          /* as many as there is room for, the cursor's among them */
    Shows(0, 50, 'y', GRAY, 0);
    assert_true(ConSetWindow(&Screen, (CON_RECTANGLE){ 0, 40, 39, 59 }));
    ConShowOnDisplay(&Display, &Screen);
    assert_int_equal(Display.Scale, 2);
    Shows(0, 19, 'y', GRAY, 0);
}

static void PicturesThatAreNone(void **State)
{
    uint32_t pixel;
    CON_DISPLAY display;

    (void)State;
    assert_false(ConCreateDisplay(&TestHost, &display, &(CON_PICTURE){ &pixel, 7, 600, 7, false }));
    assert_false(ConCreateDisplay(&TestHost, &display, &(CON_PICTURE){ &pixel, 800, 15, 800, false }));
    assert_false(ConCreateDisplay(&TestHost, &display, &(CON_PICTURE){ &pixel, 800, 600, 799, false }));
    assert_false(ConCreateDisplay(&TestHost, &display, &(CON_PICTURE){ &pixel, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, false }));
    TestAllocationsLeft = 0;
    assert_false(ConCreateDisplay(&TestHost, &display, &(CON_PICTURE){ &pixel, 800, 600, 800, false }));
    TestAllocationsLeft = -1;
    ConDeleteDisplay(&display);
}

/* ---- Scan codes ---- */
/* Codes as a keyboard sends them; the last record. */
static CON_KEY Press(CON_SHIFTS *Shifts, const char *Codes)
{
    CON_RECORD record = { 0 };
    uint16_t flags = 0;

    for (; *Codes != '\0'; Codes++) {
        uint8_t code = (uint8_t)*Codes;
        if (code == 0xE0 || code == 0xE1) {
            flags = code == 0xE0 ? ConScanE0 : ConScanE1;
            continue;
        }
        ConScanCode(Shifts, code & 0x7F, (uint16_t)(flags | (code & 0x80 ? ConScanBreak : 0)), &record);
        flags = 0;
    }
    return record.Key;
}

static void ScanCodes(void **State)
{
    static const struct {
        const char *Codes;
        uint16_t VirtualKey, ScanCode, Character;
        uint32_t IsDown, State;
    } cases[] = {
        { "\x1E", 'A', 0x1E, 'a', 1, 0 },
        { "\x1E\x9E", 'A', 0x1E, 'a', 0, 0 },
        { "\x2A\x1E", 'A', 0x1E, 'A', 1, ConShiftPressed },
        { "\x36\x03", '2', 0x03, '@', 1, ConShiftPressed },
        { "\x2A\x36\xAA\x1E", 'A', 0x1E, 'A', 1, ConShiftPressed },
        { "\x2A\xAA\x1E", 'A', 0x1E, 'a', 1, 0 },
        { "\x3A\xBA\x1E", 'A', 0x1E, 'A', 1, ConCapsLockOn },
        { "\x3A\x3A\x3A\xBA\x02", '1', 0x02, '1', 1, ConCapsLockOn },
        { "\x3A\xBA\x2A\x1E", 'A', 0x1E, 'a', 1, ConCapsLockOn | ConShiftPressed },
        { "\x3A\xBA\x3A\xBA\x1E", 'A', 0x1E, 'a', 1, 0 },
        { "\x1D\x2E", 'C', 0x2E, 3, 1, ConCtrlPressed },
        { "\xE0\x1D\x1A", 0xDB, 0x1A, 0x1B, 1, ConRightCtrlPressed },
        { "\x1D\x1C", ConKeyReturn, 0x1C, 0x0A, 1, ConCtrlPressed },
        { "\x1D\x2A\x07", '6', 0x07, 0x1E, 1, ConCtrlPressed | ConShiftPressed },
        { "\x38\x2D", 'X', 0x2D, 'x', 1, ConAltPressed },
        { "\x1D\x38\x2D", 'X', 0x2D, 0, 1, ConAltPressed | ConCtrlPressed },
        { "\xE0\x38", ConKeyMenu, 0x38, 0, 1, ConRightAltPressed | ConEnhancedKey },
        { "\x2A", ConKeyShift, 0x2A, 0, 1, ConShiftPressed },
        { "\x2A\xAA", ConKeyShift, 0x2A, 0, 0, 0 },
        { "\x1C", ConKeyReturn, 0x1C, '\r', 1, 0 },
        { "\xE0\x1C", ConKeyReturn, 0x1C, '\r', 1, ConEnhancedKey },
        { "\x0E", ConKeyBack, 0x0E, '\b', 1, 0 },
        { "\x01", ConKeyEscape, 0x01, 0x1B, 1, 0 },
        { "\x39", ConKeySpace, 0x39, ' ', 1, 0 },
        { "\xE0\x48", ConKeyUp, 0x48, 0, 1, ConEnhancedKey },
        { "\xE0\x2A\xE0\x4B", ConKeyLeft, 0x4B, 0, 1, ConEnhancedKey },
        { "\xE0\x53\xE0\xD3", ConKeyDelete, 0x53, 0, 0, ConEnhancedKey },
        { "\x48", ConKeyUp, 0x48, 0, 1, 0 },
        { "\x4C", ConKeyClear, 0x4C, 0, 1, 0 },
        { "\x45\xC5\x48", ConKeyNumpad0 + 8, 0x48, '8', 1, ConNumLockOn },
        { "\x45\xC5\x53", ConKeyDecimal, 0x53, '.', 1, ConNumLockOn },
        { "\x45\xC5\x2A\x4B", ConKeyLeft, 0x4B, 0, 1, ConNumLockOn | ConShiftPressed },
        { "\x37", ConKeyMultiply, 0x37, '*', 1, 0 },
        { "\xE0\x35", ConKeyDivide, 0x35, '/', 1, ConEnhancedKey },
        { "\x4A", ConKeySubtract, 0x4A, '-', 1, 0 },
        { "\x4E", ConKeyAdd, 0x4E, '+', 1, 0 },
        { "\x3B", ConKeyF1, 0x3B, 0, 1, 0 },
        { "\x44", ConKeyF1 + 9, 0x44, 0, 1, 0 },
        { "\x58", ConKeyF12, 0x58, 0, 1, 0 },
        { "\x56", ConKeyAngle, 0x56, '\\', 1, 0 },
        { "\xE1\x1D\x45", ConKeyPause, 0x45, 0, 1, 0 },
        { "\xE1\x1D\x45\xE1\x9D\xC5", ConKeyPause, 0x45, 0, 0, 0 },
        { "\x1D\xE0\x46", ConKeyCancel, 0x46, 3, 1, ConCtrlPressed | ConEnhancedKey },
        { "\x1D\x46", ConKeyCancel, 0x46, 3, 1, ConCtrlPressed },
        { "\x46\xC6\x1E", 'A', 0x1E, 'a', 1, ConScrollLockOn },
    };

    (void)State;
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CON_SHIFTS shifts = { 0 };
        CON_KEY key = Press(&shifts, cases[i].Codes);
        assert_int_equal(key.Repeat, 1);
        assert_int_equal(key.VirtualKey, cases[i].VirtualKey);
        assert_int_equal(key.ScanCode, cases[i].ScanCode);
        assert_int_equal(key.Character, cases[i].Character);
        assert_int_equal(key.IsDown, cases[i].IsDown);
        assert_int_equal(key.State, cases[i].State);
    }
}

/* Every code with every flag: a record of a key, or none; and no state but that of keys. */
static void AnyScanCode(void **State)
{
    CON_SHIFTS shifts = { 0 };
    CON_RECORD record;

    (void)State;
    for (unsigned code = 0; code < 0x10000; code++)
        for (uint16_t flags = 0; flags < 16; flags++) {
            if (ConScanCode(&shifts, (uint16_t)code, flags, &record))
                assert_true(record.Key.VirtualKey != 0 && record.Key.ScanCode < 0x80);
            assert_int_equal(shifts.State & ~0xFFu, 0);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(FontCovers, Setup, Teardown),
        cmocka_unit_test_setup_teardown(CellsBecomePixels, Setup, Teardown),
        cmocka_unit_test_setup_teardown(CursorIsDrawn, Setup, Teardown),
        cmocka_unit_test_setup_teardown(OnlyChangesAreDrawn, Setup, Teardown),
        cmocka_unit_test_setup_teardown(OtherSizes, Setup, Teardown),
        cmocka_unit_test_setup_teardown(PicturesThatAreNone, Setup, Teardown),
        cmocka_unit_test(ScanCodes),
        cmocka_unit_test(AnyScanCode),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

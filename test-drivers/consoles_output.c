/* SPDX-License-Identifier: MIT
 * The console's screen buffers: text, cells, what they are like.
 */
#include "consoles.h"

typedef struct SCREEN_INFO {
    SHORT CursorSize, CursorVisible, CursorX, CursorY, Width, Height, Attributes, Popup, Left, Top, Right, Bottom, MaximumWidth,
        MaximumHeight, Font[4];
    ULONG Colors[16];
} SCREEN_INFO;

typedef struct CELLS {
    LONG X, Y;
    ULONG Mode, Width;
    USHORT Data[32];
} CELLS;

static SCREEN_INFO Info(HANDLE Output)
{
    SCREEN_INFO info = { 0 };
    ULONG bytes;

    ConsolesStatus(ConsolesControl(Output, GET(34), NULL, 0, &info, sizeof(info), &bytes), STATUS_SUCCESS, "output information");
    ConsolesCheck(bytes == 100, "all of it");
    return info;
}

static NTSTATUS SetInfo(HANDLE Output, ULONG Mask, const SCREEN_INFO *Info)
{
    struct { ULONG Mask; SCREEN_INFO Info; } set = { Mask, *Info };
    return ConsolesControl(Output, SET(35), &set, sizeof(set), NULL, 0, NULL);
}

/* Whether a row begins with this text. */
static BOOLEAN Row(HANDLE Output, LONG Y, PCWSTR Text)
{
    CELLS cells = { 0, Y, 0, 0, { 0 } };
    WCHAR row[32];
    ULONG bytes, length = (ULONG)(wcslen(Text) * sizeof(WCHAR));

    ConsolesStatus(ConsolesControl(Output, GET(32), &cells, 16, row, length, &bytes), STATUS_SUCCESS, "read cells");
    return bytes == length && RtlEqualMemory(row, Text, length);
}

/* ---- Text ---- */
static VOID TestText(HANDLE Output)
{
    static const CHAR bytes[] = "\x81\x82\r\n";
    IO_STATUS_BLOCK result;
    SCREEN_INFO info;

    ConsolesStatus(ConsolesWrite(Output, L"first\r\nsecond\ttab"), STATUS_SUCCESS, "write");
    info = Info(Output);
    ConsolesCheck(info.CursorX == 11 && info.CursorY == 1, "the cursor");
    ConsolesCheck(Row(Output, 0, L"first   ") && Row(Output, 1, L"second  tab"), "the text");
    ConsolesStatus(ZwWriteFile(Output, NULL, NULL, NULL, &result, (PVOID)bytes, 4, NULL, NULL), STATUS_SUCCESS, "write bytes");
    ConsolesCheck(result.Information == 4 && Row(Output, 1, L"second  tab\u00FC\u00E9"), "in code page 437");
    ConsolesStatus(ConsolesControl(Output, SET(31), "xyz", 3, NULL, 0, NULL), STATUS_SUCCESS, "bytes by control");
    ConsolesCheck(Row(Output, 2, L"xyz"), "are there");
    ConsolesStatus(ZwFlushBuffersFile(Output, &result), STATUS_SUCCESS, "flush");
}

/* ---- Cells ---- */
static VOID TestCells(HANDLE Output)
{
    CELLS cells = { 2, 5, 2, 3, { 'a', 7, 'b', 0x1F, 'c', 7, 'd', 7, 'e', 7, 'f', 7 } };
    struct { SHORT Left, Top, Right, Bottom; USHORT Cells[12]; } back;
    struct { LONG X, Y; ULONG Mode, Count, Wrap; USHORT Character, Attribute; } fill = { 78, 8, 2, 4, 1, '*', 0x4E };
    struct { SHORT Source[4], Target[2], Clip[4]; USHORT Fill[2]; } scroll = { { 0, 5, 79, 6 }, { 0, 10 }, { 0, 0, 79, 24 }, { '.', 7 } };
    ULONG count = 0, bytes;

    ConsolesStatus(ConsolesControl(Output, SET(33), &cells, 16 + 24, &back, 8, &bytes), STATUS_SUCCESS, "write a rectangle");
    ConsolesCheck(bytes == 8 && back.Left == 2 && back.Top == 5 && back.Right == 4 && back.Bottom == 6, "the rectangle");
    ConsolesStatus(ConsolesControl(Output, GET(32), &cells, 16, &back, sizeof(back), &bytes), STATUS_SUCCESS, "read it");
    ConsolesCheck(bytes == 32 && RtlEqualMemory(back.Cells, cells.Data, 24), "the same cells");
    cells = (CELLS){ 0, 7, 0, 0, { 'r', 'u', 'n' } };
    ConsolesStatus(ConsolesControl(Output, SET(33), &cells, 16 + 6, &count, 4, &bytes), STATUS_SUCCESS, "write a run");
    ConsolesCheck(count == 3 && bytes == 4 && Row(Output, 7, L"run "), "three");
    ConsolesStatus(ConsolesControl(Output, SET(37), &fill, 24, &count, 4, NULL), STATUS_SUCCESS, "fill");
    ConsolesCheck(count == 4 && Row(Output, 9, L"** "), "into the next row");
    ConsolesStatus(ConsolesControl(Output, SET(38), &scroll, sizeof(scroll), NULL, 0, NULL), STATUS_SUCCESS, "scroll");
    ConsolesCheck(Row(Output, 10, L"  abc") && Row(Output, 11, L"  def") && Row(Output, 5, L"....."), "moved");
    cells = (CELLS){ 200, -3, 1, 0, { 0 } };
    ConsolesStatus(ConsolesControl(Output, GET(32), &cells, 16, &back, 8, &bytes), STATUS_SUCCESS, "outside");
    ConsolesCheck(bytes == 0, "there is nothing");
    cells.Mode = 3;
    ConsolesStatus(ConsolesControl(Output, GET(32), &cells, 16, &back, 8, NULL), STATUS_INVALID_PARAMETER, "no such mode");
}

/* ---- What it is like ---- */
static VOID TestInfo(HANDLE Output)
{
    SCREEN_INFO info = Info(Output);

    ConsolesCheck(info.Width == 80 && info.Height == 25 && info.Right == 79 && info.Bottom == 24 && info.Colors[15] == 0xFFFFFF, "as made");
    info.CursorX = 3;
    info.CursorY = 4;
    info.Attributes = 0x2E;
    ConsolesStatus(SetInfo(Output, 2 | 8, &info), STATUS_SUCCESS, "cursor and colour");
    ConsolesStatus(ConsolesWrite(Output, L"!"), STATUS_SUCCESS, "write there");
    info = Info(Output);
    ConsolesCheck(info.CursorX == 4 && info.CursorY == 4 && info.Attributes == 0x2E, "there");
    info.Width = 100;
    info.Height = 50;
    info.Bottom = 29;
    ConsolesStatus(SetInfo(Output, 4 | 0x10, &info), STATUS_SUCCESS, "larger");
    info.Bottom = 50;
    ConsolesStatus(SetInfo(Output, 0x10, &info), STATUS_INVALID_PARAMETER, "a window that does not fit");
    ConsolesCheck(Info(Output).Height == 50 && Info(Output).Bottom == 29, "as set");
    info.CursorX = 100;
    ConsolesStatus(SetInfo(Output, 2, &info), STATUS_INVALID_PARAMETER, "outside");
    info.Width = -5;
    ConsolesStatus(SetInfo(Output, 4, &info), STATUS_INVALID_PARAMETER, "no width");
    ConsolesStatus(SetInfo(Output, 0x80, &info), STATUS_NOT_SUPPORTED, "a font");
}

/* A second screen buffer is shown, and the first again when it goes. */
static VOID TestBuffers(VOID)
{
    HANDLE output = ConsolesOpen(NULL, CONSOLE L"Output", FALSE), second = ConsolesOpen(NULL, CONSOLE L"ScreenBuffer", FALSE), current;

    ConsolesStatus(ConsolesWrite(output, L"on the first\r\n"), STATUS_SUCCESS, "write");
    ConsolesStatus(ConsolesControl(second, SET(36), NULL, 0, NULL, 0, NULL), STATUS_SUCCESS, "activate");
    ConsolesStatus(ConsolesWrite(second, L"second"), STATUS_SUCCESS, "write");
    current = ConsolesOpen(NULL, L"\\??\\CONOUT$", FALSE);
    ConsolesCheck(Row(current, 0, L"second"), "the one that is shown");
    ConsolesCheck(!Row(output, 0, L"second"), "the other is another");
    ZwClose(second);
    ConsolesCheck(Row(current, 0, L"second"), "while a handle is left");
    ZwClose(current);
    current = ConsolesOpen(NULL, L"\\??\\CONOUT$", FALSE);
    ConsolesCheck(!Row(current, 0, L"second"), "the first again");
    ZwClose(current);
    ZwClose(output);
}

VOID ConsolesTestOutput(VOID)
{
    HANDLE output = ConsolesOpen(NULL, CONSOLE L"ScreenBuffer", FALSE);

    TestText(output);
    TestCells(output);
    TestInfo(output);
    ZwClose(output);
    TestBuffers();
}

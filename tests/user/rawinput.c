/* SPDX-License-Identifier: MIT
 * Raw input, as choice.exe and editors use it: records are looked at, read and thrown away, characters come one by one without
 * Return, and cells are written where one likes.
 */
#include <conio.h>
#include <stdio.h>
#include <windows.h>

static HANDLE Input, Output;
static int Wrong;

static void Check(int Condition, const char *What)
{
    if (!Condition) {
        printf("WRONG: %s (%lu)\n", What, GetLastError());
        Wrong = 1;
    }
}

static int IsModifier(WORD VirtualKey) { return VirtualKey >= VK_SHIFT && VirtualKey <= VK_CAPITAL && VirtualKey != VK_PAUSE; }

static DWORD Waiting(void)
{
    DWORD count = 12345;

    Check(GetNumberOfConsoleInputEvents(Input, &count), "GetNumberOfConsoleInputEvents");
    return count;
}

/* The next key that goes down, first looked at, then read. */
static KEY_EVENT_RECORD NextKey(void)
{
    INPUT_RECORD peeked, read;
    DWORD count;

    for (;;) {
        Check(WaitForSingleObject(Input, INFINITE) == WAIT_OBJECT_0, "WaitForSingleObject");
        Check(Waiting() >= 1, "events while the handle is signalled");
        Check(PeekConsoleInputW(Input, &peeked, 1, &count) && count == 1, "PeekConsoleInput");
        Check(ReadConsoleInputW(Input, &read, 1, &count) && count == 1, "ReadConsoleInput");
        Check(read.EventType == peeked.EventType && memcmp(&read.Event, &peeked.Event, sizeof(KEY_EVENT_RECORD)) == 0,
              "what is read is what was seen");
        if (read.EventType == KEY_EVENT && read.Event.KeyEvent.bKeyDown && !IsModifier(read.Event.KeyEvent.wVirtualKeyCode))
            return read.Event.KeyEvent;
    }
}

static void Records(void)
{
    KEY_EVENT_RECORD key;

    printf("keys, q ends>");
    do {
        key = NextKey();
        printf("\nvk %02X scan %02X char %04X state %lX>", key.wVirtualKeyCode, key.wVirtualScanCode, key.uChar.UnicodeChar,
               key.dwControlKeyState);
    } while (key.uChar.UnicodeChar != 'q');
    printf("\n");
}

/* With nobody who presses anything now, an empty queue stays so. */
static void Flushing(void)
{
    INPUT_RECORD records[2] = { { .EventType = KEY_EVENT }, { .EventType = KEY_EVENT } }, read;
    DWORD count;

    records[0].Event.KeyEvent = (KEY_EVENT_RECORD){ TRUE, 1, 'Z', 0x2C, { 'z' }, 0 };
    records[1].Event.KeyEvent = (KEY_EVENT_RECORD){ FALSE, 1, 'Z', 0x2C, { 'z' }, 0 };
    Check(WriteConsoleInputW(Input, records, 2, &count) && count == 2, "WriteConsoleInput");
    Check(Waiting() >= 2 && _kbhit(), "keys that were written");
    Check(FlushConsoleInputBuffer(Input), "FlushConsoleInputBuffer");
    Check(Waiting() == 0 && !_kbhit(), "nothing after flushing");
    Check(PeekConsoleInputW(Input, &read, 1, &count) && count == 0, "PeekConsoleInput of nothing");
    Check(WaitForSingleObject(Input, 0) == WAIT_TIMEOUT, "the handle is not signalled");
    printf("flushed\n");
}

static void Characters(void)
{
    int character;

    printf("Continue [Y,N]?");
    do
        character = _getch();
    while (character != 'y' && character != 'Y' && character != 'n' && character != 'N');
    printf("%c\narrow>", character);
    Check(WaitForSingleObject(Input, INFINITE) == WAIT_OBJECT_0, "WaitForSingleObject");
    character = _getch();
    printf("%02X %02X\n", character, _getch());
}

static void Cells(void)
{
    CONSOLE_SCREEN_BUFFER_INFO info;
    COORD place;
    char back[9] = { 0 };
    WORD attributes[4];
    DWORD count;

    printf("............\n");
    Check(GetConsoleScreenBufferInfo(Output, &info), "GetConsoleScreenBufferInfo");
    place = (COORD){ 2, (SHORT)(info.dwCursorPosition.Y - 1) };
    Check(WriteConsoleOutputCharacterA(Output, "[cells]", 7, place, &count) && count == 7, "WriteConsoleOutputCharacter");
    Check(FillConsoleOutputAttribute(Output, 0x1E, 7, place, &count) && count == 7, "FillConsoleOutputAttribute");
    Check(ReadConsoleOutputCharacterA(Output, back, 8, place, &count) && strcmp(back, "[cells].") == 0, "ReadConsoleOutputCharacter");
    Check(ReadConsoleOutputAttribute(Output, attributes, 4, place, &count) && attributes[3] == 0x1E, "ReadConsoleOutputAttribute");
    Check(SetConsoleCursorPosition(Output, (COORD){ 14, place.Y }), "SetConsoleCursorPosition");
    printf("cursor");
    Check(GetConsoleScreenBufferInfo(Output, &info) && info.dwCursorPosition.X == 20 && info.dwCursorPosition.Y == place.Y,
          "the cursor behind it");
    printf("\n");
}

int main(void)
{
    DWORD mode;

    setvbuf(stdout, NULL, _IONBF, 0);
    Input = GetStdHandle(STD_INPUT_HANDLE);
    Output = GetStdHandle(STD_OUTPUT_HANDLE);
    Check(GetConsoleMode(Input, &mode) && (mode & ENABLE_LINE_INPUT), "GetConsoleMode");
    Check(SetConsoleMode(Input, 0), "SetConsoleMode");
    Records();
    FlushConsoleInputBuffer(Input);
    Flushing();
    Characters();
    Cells();
    Check(SetConsoleMode(Input, mode), "SetConsoleMode back");
    printf("%s\n", Wrong ? "WRONG" : "all as it should be");
    return Wrong;
}

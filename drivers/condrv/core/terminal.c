/* SPDX-License-Identifier: MIT
 * From cells to a terminal. The terminal's cursor moves only relatively: upwards by a sequence, downwards by line feeds, which make new
 * rows where there are none. So text that is written line after line leaves as it is, and a pipe gets what the program wrote.
 *
 * A scroll sends nothing: the terminal's cursor is then so many rows higher, in the screen's numbers (above row 0, perhaps), and the
 * line feeds come when the next character goes to a row below.
 */
#include "console.h"

#define CON_TEXT 40
#define CON_NEAR 5                               /* columns that are gone back one by one */

/* ---- Sending ---- */
static void ConSend(CON_TERMINAL *Terminal, const char *Text)
{
    size_t length = 0;
    while (Text[length] != '\0')
        length++;
    Terminal->Send(Terminal->Context, Text, length);
}

static size_t ConPrintNumber(char *Out, unsigned Number)
{
    char digits[12];
    size_t count = 0, i;

    do
        digits[count++] = (char)('0' + Number % 10);
    while ((Number /= 10) != 0);
    for (i = 0; i < count; i++)
        Out[i] = digits[count - 1 - i];
    return count;
}

/* ESC [ Number Final */
static void ConSendSequence(CON_TERMINAL *Terminal, unsigned Number, char Final)
{
    char text[CON_TEXT] = "\x1B[";
    size_t used = 2;

    if (Number != 1 || Final == 'm')
        used += ConPrintNumber(text + used, Number);
    text[used++] = Final;
    Terminal->Send(Terminal->Context, text, used);
}

void ConInitializeTerminal(CON_TERMINAL *Terminal, void (*Send)(void *Context, const char *Bytes, size_t Length), void *Context)
{
    *Terminal = (CON_TERMINAL){ .Send = Send, .Context = Context, .Attribute = CON_DEFAULT_ATTRIBUTE, .WrapsItself = true };
}

/* ---- Colours: blue and red change places ---- */
static unsigned ConColorNumber(unsigned Color) { return (Color & 2) | (Color & 1) << 2 | (Color & 4) >> 2; }

static size_t ConPrintColor(char *Out, unsigned Color, unsigned Normal, unsigned Bright)
{
    Out[0] = ';';
    return 1 + ConPrintNumber(Out + 1, (Color & 8 ? Bright : Normal) + ConColorNumber(Color & 7));
}

static void ConSendAttribute(CON_TERMINAL *Terminal, uint16_t Attribute)
{
    char text[CON_TEXT] = "\x1B[0";
    size_t used = 3;

    if (Terminal->Attribute == Attribute)
        return;
    Terminal->Attribute = Attribute;
    if ((Attribute & 0x0F) != CON_DEFAULT_ATTRIBUTE)
        used += ConPrintColor(text + used, Attribute & 0x0F, 30, 90);
    if ((Attribute & 0xF0) != 0)
        used += ConPrintColor(text + used, Attribute >> 4 & 0x0F, 40, 100);
    if (Attribute & 0x4000)
        used += (size_t)((text[used] = ';', text[used + 1] = '7'), 2);
    if (Attribute & 0x8000)
        used += (size_t)((text[used] = ';', text[used + 1] = '4'), 2);
    text[used++] = 'm';
    Terminal->Send(Terminal->Context, text, used);
}

/* ---- The cursor ---- */
static bool ConIsReachable(const CON_SCREEN *Screen, int Y)
{
    return Y > Screen->Terminal->Last - (Screen->Window.Bottom - Screen->Window.Top + 1);
}

/* A half that waits for its other half, which goes elsewhere. Its column is counted already. */
static void ConSendHalf(CON_TERMINAL *Terminal)
{
    if (Terminal->HighSurrogate != 0)
        ConSend(Terminal, "\xEF\xBF\xBD");
    Terminal->HighSurrogate = 0;
}

/* New rows have the background of the text before them, on most terminals. */
static void ConGoDown(const CON_SCREEN *Screen, int Y)
{
    CON_TERMINAL *terminal = Screen->Terminal;

    while (terminal->Y < Y) {
        int next = terminal->Y + 1;
        uint16_t fill = next >= 0 && next < Screen->Height ? ConCellAt(Screen, 0, next)->Attribute : CON_DEFAULT_ATTRIBUTE;
        if (next > terminal->Last && ((fill ^ terminal->Attribute) & 0xF0) != 0)
            ConSendAttribute(terminal, fill);
        ConSend(terminal, "\r\n");
        terminal->Y = next;
        if (terminal->Last < next)
            terminal->Last = next;
    }
    terminal->X = 0;
}

static void ConGoTo(const CON_SCREEN *Screen, int X, int Y)
{
    CON_TERMINAL *terminal = Screen->Terminal;

    if (X != terminal->X || Y != terminal->Y)
        ConSendHalf(terminal);
    if (Y > terminal->Y)
        ConGoDown(Screen, Y);
    if (Y < terminal->Y) {
        ConSendSequence(terminal, (unsigned)(terminal->Y - Y), 'A');
        terminal->Y = Y;
    }
    if (X > terminal->X) {
        ConSendSequence(terminal, (unsigned)(X - terminal->X), 'C');
    } else if (X > 0 && terminal->X < Screen->Width && terminal->X - X < CON_NEAR) {
        for (int i = X; i < terminal->X; i++)
            ConSend(terminal, "\b");
    } else if (X < terminal->X) {
        ConSend(terminal, "\r");
        if (X > 0)
            ConSendSequence(terminal, (unsigned)X, 'C');
    }
    terminal->X = X;
}

/* ---- Characters ---- */
static void ConSendCharacter(CON_TERMINAL *Terminal, uint16_t Character)
{
    bool isLow = Character >= 0xDC00 && Character < 0xE000, isPair;
    uint16_t text[2] = { Terminal->HighSurrogate, Character };
    unsigned used;
    uint8_t bytes[4];
    size_t length;

    if (!isLow)
        ConSendHalf(Terminal);
    isPair = Terminal->HighSurrogate != 0;
    Terminal->HighSurrogate = 0;
    if (Character >= 0xD800 && Character < 0xDC00) {
        Terminal->HighSurrogate = Character;
        return;
    }
    if (Character >= 0x7F && Character < 0xA0)   /* a control character for the terminal */
        Character = Character == 0x7F ? 0x2302 : '?';
    text[1] = ConGlyph(Character);
    length = ConEncode(65001, text + !isPair, 1u + isPair, &used, bytes);
    Terminal->Send(Terminal->Context, (const char *)bytes, length);
}

static void ConPutAt(const CON_SCREEN *Screen, int X, int Y)
{
    CON_TERMINAL *terminal = Screen->Terminal;
    const CON_CELL *cell = ConCellAt(Screen, X, Y);

    if (terminal->X == Screen->Width && X == 0 && Y == terminal->Y + 1 && terminal->WrapsItself) {
        terminal->X = 0;                         /* by itself */
        terminal->Y = Y;
        if (terminal->Last < Y)
            terminal->Last = Y;
    }
    ConGoTo(Screen, X, Y);
    ConSendAttribute(terminal, cell->Attribute);
    ConSendCharacter(terminal, cell->Character);
    terminal->X++;
}

void ConTerminalPut(const CON_SCREEN *Screen, CON_POINT Where)
{
    if (Screen->Terminal != NULL && ConIsReachable(Screen, Where.Y))
        ConPutAt(Screen, Where.X, Where.Y);
}

/* ---- Areas ---- */
/* The column from which on a row is blank in one colour; Width: none. */
static int ConBlankFrom(const CON_SCREEN *Screen, int Y)
{
    const CON_CELL *row = ConCellAt(Screen, 0, Y);
    int x = Screen->Width;

    while (x > 0 && row[x - 1].Character == ' ' && row[x - 1].Attribute == row[Screen->Width - 1].Attribute)
        x--;
    return x;
}

static void ConPaintRow(const CON_SCREEN *Screen, int Y, int Left, int Right)
{
    CON_TERMINAL *terminal = Screen->Terminal;
    int blank = Right == Screen->Width - 1 ? ConBlankFrom(Screen, Y) : Screen->Width;
    bool isNew = Y > terminal->Last;

    if (blank == 0 && isNew && ConCellAt(Screen, 0, Y)->Attribute == CON_DEFAULT_ATTRIBUTE)
        return;                                  /* it will be so when it comes to be */
    for (int x = Left; x <= Right && x < blank; x++)
        ConPutAt(Screen, x, Y);
    if (blank > Right || (isNew && ((ConCellAt(Screen, 0, Y)->Attribute ^ ConCellAt(Screen, Right, Y)->Attribute) & 0xF0) == 0 &&
                          blank > Left))
        return;                                  /* a new row is blank */
    ConGoTo(Screen, blank > Left ? blank : Left, Y);
    ConSendHalf(terminal);
    ConSendAttribute(terminal, ConCellAt(Screen, Right, Y)->Attribute);
    ConSend(terminal, "\x1B[K");
}

static void ConSendClear(CON_TERMINAL *Terminal, uint16_t Attribute, int Top)
{
    Terminal->HighSurrogate = 0;
    ConSendAttribute(Terminal, Attribute);
    ConSend(Terminal, "\x1B[H\x1B[2J");
    Terminal->X = 0;
    Terminal->Y = Terminal->Last = Top;
}

/* The whole window is blank now: the terminal's may be, too, whatever was there before. */
static bool ConClearWindow(const CON_SCREEN *Screen, CON_RECTANGLE Area)
{
    CON_TERMINAL *terminal = Screen->Terminal;
    CON_RECTANGLE window = Screen->Window;
    uint16_t attribute = ConCellAt(Screen, 0, window.Top)->Attribute;

    if (Area.Left > 0 || Area.Right < Screen->Width - 1 || Area.Top > window.Top || Area.Bottom < window.Bottom)
        return false;
    for (int y = window.Top; y <= window.Bottom; y++)
        if (ConBlankFrom(Screen, y) != 0 || ConCellAt(Screen, 0, y)->Attribute != attribute)
            return false;
    ConSendClear(terminal, attribute, window.Top);
    return true;
}

void ConTerminalPaint(const CON_SCREEN *Screen, CON_RECTANGLE Area)
{
    if (Screen->Terminal == NULL || ConClearWindow(Screen, Area))
        return;
    for (int y = Area.Top; y <= Area.Bottom; y++)
        if (ConIsReachable(Screen, y))
            ConPaintRow(Screen, y, Area.Left, Area.Right);
}

void ConTerminalScrolled(const CON_SCREEN *Screen, int Rows)
{
    if (Screen->Terminal == NULL)
        return;
    Screen->Terminal->Y -= Rows;
    Screen->Terminal->Last -= Rows;
}

void ConTerminalSync(const CON_SCREEN *Screen)
{
    CON_TERMINAL *terminal = Screen->Terminal;
    CON_POINT cursor = Screen->Cursor;

    if (terminal == NULL)
        return;
    if (terminal->HidesCursor == Screen->CursorVisible) {
        terminal->HidesCursor = !Screen->CursorVisible;
        ConSend(terminal, Screen->CursorVisible ? "\x1B[?25h" : "\x1B[?25l");
    }
    if (terminal->X == Screen->Width && terminal->WrapsItself &&
        ((cursor.X == 0 && cursor.Y == terminal->Y + 1) || (Screen->WrapIsDue && cursor.Y == terminal->Y)))
        return;
    if (ConIsReachable(Screen, cursor.Y))
        ConGoTo(Screen, cursor.X, cursor.Y);
}

void ConTerminalRepaint(const CON_SCREEN *Screen)
{
    CON_TERMINAL *terminal = Screen->Terminal;
    CON_RECTANGLE window = Screen->Window;

    if (terminal == NULL)
        return;
    ConSendClear(terminal, CON_DEFAULT_ATTRIBUTE, window.Top);
    for (int y = window.Top; y <= window.Bottom; y++)
        ConPaintRow(Screen, y, 0, Screen->Width - 1);
    ConTerminalSync(Screen);
}

void ConTerminalBell(const CON_SCREEN *Screen)
{
    if (Screen->Terminal != NULL)
        ConSend(Screen->Terminal, "\a");
}

/* SPDX-License-Identifier: MIT
 * Answers to messages: each is one of the control codes in another shape. The bodies are those of conmsgl1.h and conmsgl2.h.
 */
#include "message.h"

#define CD_ANY (CdReference | CdConnection | CdInput | CdOutput)

/* ---- Asking the control codes ---- */
static NTSTATUS CdAsk(CD_MESSAGE *Message, CD_CONTROL *Routine, PVOID Buffer, ULONG In, ULONG Out, PULONG_PTR Information)
{
    CD_REQUEST request = { Message->Irp, Message->File, Buffer, In, Out, 0 };
    NTSTATUS status = Routine(&request);

    if (Information != NULL)
        *Information = request.Information;
    return status;
}

#define CD_BODY(Message, Type) ((Type *)(PVOID)(Message)->Body)

/* ---- Modes and code pages ---- */
typedef struct CD_CODE_PAGE_BODY { ULONG CodePage; BOOLEAN IsOutput; } CD_CODE_PAGE_BODY;

static NTSTATUS CdAnswerGetMode(CD_MESSAGE *Message) { return CdAsk(Message, CdGetMode, Message->Body, 0, 4, NULL); }
static NTSTATUS CdAnswerSetMode(CD_MESSAGE *Message) { return CdAsk(Message, CdSetMode, Message->Body, 4, 0, NULL); }
static NTSTATUS CdAnswerCountInput(CD_MESSAGE *Message) { return CdAsk(Message, CdCountInput, Message->Body, 0, 4, NULL); }
static NTSTATUS CdAnswerFlushInput(CD_MESSAGE *Message) { return CdAsk(Message, CdFlushInput, NULL, 0, 0, NULL); }
static NTSTATUS CdAnswerActivate(CD_MESSAGE *Message) { return CdAsk(Message, CdActivate, NULL, 0, 0, NULL); }
static NTSTATUS CdAnswerControlEvent(CD_MESSAGE *Message) { return CdAsk(Message, CdControlEvent, Message->Body, 8, 0, NULL); }

static NTSTATUS CdAnswerGetCodePage(CD_MESSAGE *Message)
{
    CD_CODE_PAGE_BODY *body = CD_BODY(Message, CD_CODE_PAGE_BODY);
    ULONG info[3] = { 0 };
    NTSTATUS status = CdAsk(Message, CdGetInputInfo, info, 0, sizeof(info), NULL);

    body->CodePage = info[body->IsOutput ? 1 : 0];
    return status;
}

static NTSTATUS CdAnswerSetCodePage(CD_MESSAGE *Message)
{
    const CD_CODE_PAGE_BODY *body = CD_BODY(Message, CD_CODE_PAGE_BODY);
    ULONG set[4] = { body->IsOutput ? 2 : 1, body->CodePage, body->CodePage, 0 };

    return CdAsk(Message, CdSetInputInfo, set, sizeof(set), 0, NULL);
}

/* ---- Input ---- */
typedef struct CD_GET_INPUT_BODY { ULONG Count; USHORT Flags; BOOLEAN IsUnicode; } CD_GET_INPUT_BODY;
typedef struct CD_WRITE_INPUT_BODY { ULONG Count; BOOLEAN IsUnicode, Appends; } CD_WRITE_INPUT_BODY;
typedef struct CD_READ_BODY {
    BOOLEAN IsUnicode, ProcessesControlZ;
    USHORT ProgramBytes;                         /* of data: the program's name, then the text that is there already */
    ULONG InitialBytes, WakeMask, KeyState, Count;
} CD_READ_BODY;
enum { CdLeaveThem = 1, CdDoNotWait = 2 };       /* CONSOLE_READ_NOREMOVE, CONSOLE_READ_NOWAIT */

static NTSTATUS CdWaitWithMessage(CD_MESSAGE *Message)
{
    Message->Irp->Tail.Overlay.DriverContext[1] = Message;
    return CdWaitForInput(Message->Irp);
}

static NTSTATUS CdAnswerGetInput(CD_MESSAGE *Message)
{
    CD_GET_INPUT_BODY *body = CD_BODY(Message, CD_GET_INPUT_BODY);
    ULONG available = 0;
    ULONG_PTR bytes;
    NTSTATUS status;

    if (body->Flags & CdLeaveThem) {
        status = CdAsk(Message, CdPeekInput, Message->Out, 0, Message->OutLength, &bytes);
        Message->Written = (ULONG)bytes;
        body->Count = (ULONG)(bytes / sizeof(CON_RECORD));
        return status;
    }
    CdAsk(Message, CdCountInput, &available, 0, sizeof(available), NULL);
    body->Count = 0;
    if (Message->OutLength < sizeof(CON_RECORD) || ((body->Flags & CdDoNotWait) && available == 0))
        return STATUS_SUCCESS;
    Message->IsRecords = TRUE;
    Message->CountAt = FIELD_OFFSET(CD_GET_INPUT_BODY, Count);
    return CdWaitWithMessage(Message);
}

static NTSTATUS CdAnswerWriteInput(CD_MESSAGE *Message)
{
    CD_BODY(Message, CD_WRITE_INPUT_BODY)->Count = Message->InLength / sizeof(CON_RECORD);
    return CdAsk(Message, CdWriteInput, Message->In, Message->InLength, 0, NULL);
}

static NTSTATUS CdAnswerRead(CD_MESSAGE *Message)
{
    CD_READ_BODY *body = CD_BODY(Message, CD_READ_BODY);

    if (body->ProgramBytes > Message->InLength || body->InitialBytes > Message->InLength - body->ProgramBytes)
        return STATUS_INVALID_PARAMETER;
    body->Count = 0;
    if (Message->OutLength < (body->IsUnicode ? 2 : 1))
        return STATUS_SUCCESS;
    Message->In += body->ProgramBytes;
    Message->PresetLength = body->IsUnicode ? body->InitialBytes / sizeof(USHORT) : 0;
    Message->WakeMask = body->WakeMask;
    Message->IsBytes = !body->IsUnicode;
    Message->EndsAtControlZ = body->ProcessesControlZ;
    Message->KeyStateAt = FIELD_OFFSET(CD_READ_BODY, KeyState);
    Message->CountAt = FIELD_OFFSET(CD_READ_BODY, Count);
    return CdWaitWithMessage(Message);
}

/* ---- Output ---- */
typedef struct CD_WRITE_BODY { ULONG Count; BOOLEAN IsUnicode; } CD_WRITE_BODY;
typedef struct CD_FILL_BODY { CON_POINT Place; ULONG What; USHORT Element; ULONG Count; } CD_FILL_BODY;
typedef struct CD_STRING_BODY { CON_POINT Place; ULONG What; ULONG Count; } CD_STRING_BODY;
typedef struct CD_REGION_BODY { CON_RECTANGLE Region; BOOLEAN IsUnicode; } CD_REGION_BODY;
typedef struct CD_SCROLL_BODY {
    CON_RECTANGLE Source, Clip;
    BOOLEAN Clips, IsUnicode;
    CON_POINT Target;
    CON_CELL Fill;
} CD_SCROLL_BODY;
enum { CdAscii = 1, CdUnicode, CdAttribute, CdFalseUnicode };

static NTSTATUS CdAnswerWrite(CD_MESSAGE *Message)
{
    CD_WRITE_BODY *body = CD_BODY(Message, CD_WRITE_BODY);

    body->Count = Message->InLength;
    return CdAsk(Message, body->IsUnicode ? CdWriteConsole : CdWriteFile, Message->In, Message->InLength, 0, NULL);
}

static NTSTATUS CdAnswerFill(CD_MESSAGE *Message)
{
    CD_FILL_BODY *body = CD_BODY(Message, CD_FILL_BODY);
    struct { LONG X, Y; ULONG Mode, Count, Wrap; CON_CELL Fill; } fill = {
        body->Place.X, body->Place.Y, body->What == CdAttribute ? ConAttributes : ConCharacters, body->Count, 1, { body->Element, body->Element }
    };
    NTSTATUS status = CdAsk(Message, CdFillOutput, &fill, sizeof(fill), sizeof(ULONG), NULL);

    body->Count = *(PULONG)&fill;
    return status;
}

/* Cells of one kind from a place on; ASCII is not told from UTF-16 by the console here. */
static NTSTATUS CdAnswerReadString(CD_MESSAGE *Message)
{
    CD_STRING_BODY *body = CD_BODY(Message, CD_STRING_BODY);
    CON_RECTANGLE done;

    if (body->What == CdAscii)
        return STATUS_NOT_SUPPORTED;
    CdLock();
    body->Count = ConReadCells(&Message->File->Screen->Screen, body->Place.X, body->Place.Y,
                               body->What == CdAttribute ? ConAttributes : ConCharacters, 0, Message->Out,
                               Message->OutLength / sizeof(USHORT), &done);
    CdUnlock();
    Message->Written = body->Count * sizeof(USHORT);
    return STATUS_SUCCESS;
}

static NTSTATUS CdAnswerWriteString(CD_MESSAGE *Message)
{
    CD_STRING_BODY *body = CD_BODY(Message, CD_STRING_BODY);
    CD_SCREEN *screen = Message->File->Screen;
    CON_RECTANGLE done;

    if (body->What == CdAscii)
        return STATUS_NOT_SUPPORTED;
    CdLock();
    body->Count = ConWriteCells(&screen->Screen, body->Place.X, body->Place.Y, body->What == CdAttribute ? ConAttributes : ConCharacters, 0,
                                Message->In, Message->InLength / sizeof(USHORT), &done);
    CdShowLocked(screen);
    CdUnlock();
    return STATUS_SUCCESS;
}

/* How many columns the region has; 0: it is none. */
static ULONG CdColumns(CON_RECTANGLE Region)
{
    return Region.Right < Region.Left || Region.Bottom < Region.Top ? 0 : (ULONG)(Region.Right - Region.Left + 1);
}

static ULONG CdCells(CON_RECTANGLE Region, ULONG Bytes)
{
    ULONG cells = CdColumns(Region) * (ULONG)(Region.Bottom - Region.Top + 1);
    return min(cells, Bytes / (ULONG)sizeof(CON_CELL));
}

static NTSTATUS CdAnswerReadRegion(CD_MESSAGE *Message)
{
    CD_REGION_BODY *body = CD_BODY(Message, CD_REGION_BODY);
    ULONG columns = CdColumns(body->Region);

    if (columns == 0)
        return STATUS_INVALID_PARAMETER;
    CdLock();
    Message->Written = ConReadCells(&Message->File->Screen->Screen, body->Region.Left, body->Region.Top, ConBoth, columns, Message->Out,
                                    CdCells(body->Region, Message->OutLength), &body->Region) * (ULONG)sizeof(CON_CELL);
    CdUnlock();
    return STATUS_SUCCESS;
}

static NTSTATUS CdAnswerWriteRegion(CD_MESSAGE *Message)
{
    CD_REGION_BODY *body = CD_BODY(Message, CD_REGION_BODY);
    CD_SCREEN *screen = Message->File->Screen;
    ULONG columns = CdColumns(body->Region);

    if (columns == 0)
        return STATUS_INVALID_PARAMETER;
    CdLock();
    ConWriteCells(&screen->Screen, body->Region.Left, body->Region.Top, ConBoth, columns, Message->In, CdCells(body->Region, Message->InLength),
                  &body->Region);
    CdShowLocked(screen);
    CdUnlock();
    return STATUS_SUCCESS;
}

static NTSTATUS CdAnswerScroll(CD_MESSAGE *Message)
{
    const CD_SCROLL_BODY *body = CD_BODY(Message, CD_SCROLL_BODY);
    struct { CON_RECTANGLE Source; CON_POINT Target; CON_RECTANGLE Clip; CON_CELL Fill; } scroll = {
        body->Source, body->Target, { 0, 0, MAXSHORT, MAXSHORT }, body->Fill
    };

    if (body->Clips)
        scroll.Clip = body->Clip;
    return CdAsk(Message, CdScrollOutput, &scroll, sizeof(scroll), 0, NULL);
}

/* ---- What a screen buffer is like ---- */
typedef struct CD_CURSOR_BODY { ULONG Size; BOOLEAN IsVisible; } CD_CURSOR_BODY;
typedef struct CD_SCREEN_BODY {
    CON_POINT Size, Cursor, Origin;
    USHORT Attributes;
    CON_POINT Window, MaximumWindow;
    USHORT PopupAttributes;
    BOOLEAN FullScreen;
    ULONG Colors[16];
} CD_SCREEN_BODY;
typedef struct CD_WINDOW_BODY { BOOLEAN IsAbsolute; CON_RECTANGLE Window; } CD_WINDOW_BODY;

static NTSTATUS CdAnswerGetCursor(CD_MESSAGE *Message)
{
    CdLock();
    *CD_BODY(Message, CD_CURSOR_BODY) = (CD_CURSOR_BODY){ Message->File->Screen->Screen.CursorSize, Message->File->Screen->Screen.CursorVisible };
    CdUnlock();
    return STATUS_SUCCESS;
}

static NTSTATUS CdAnswerSetCursor(CD_MESSAGE *Message)
{
    const CD_CURSOR_BODY *body = CD_BODY(Message, CD_CURSOR_BODY);
    CD_SCREEN *screen = Message->File->Screen;

    if (body->Size < 1 || body->Size > 100)
        return STATUS_INVALID_PARAMETER;
    CdLock();
    screen->Screen.CursorSize = body->Size;
    screen->Screen.CursorVisible = body->IsVisible;
    CdShowLocked(screen);
    CdUnlock();
    return STATUS_SUCCESS;
}

static NTSTATUS CdAnswerGetScreen(CD_MESSAGE *Message)
{
    CD_SCREEN_BODY *body = CD_BODY(Message, CD_SCREEN_BODY);
    const CON_SCREEN *screen = &Message->File->Screen->Screen;

    CdLock();
    *body = (CD_SCREEN_BODY){
        { (SHORT)screen->Width, (SHORT)screen->Height }, screen->Cursor, { screen->Window.Left, screen->Window.Top }, screen->Attribute,
        { (SHORT)(screen->Window.Right - screen->Window.Left + 1), (SHORT)(screen->Window.Bottom - screen->Window.Top + 1) },
        screen->MaximumWindow, screen->PopupAttribute, FALSE, { 0 }
    };
    RtlCopyMemory(body->Colors, screen->Colors, sizeof(body->Colors));
    CdUnlock();
    return STATUS_SUCCESS;
}

/* One change of a screen buffer, shown. */
typedef BOOLEAN CD_CHANGE(CON_SCREEN *Screen, const CD_MESSAGE *Message);

static NTSTATUS CdChangeScreen(CD_MESSAGE *Message, CD_CHANGE *Change)
{
    CD_SCREEN *screen = Message->File->Screen;
    BOOLEAN isChanged;

    CdLock();
    isChanged = Change(&screen->Screen, Message);
    CdShowLocked(screen);
    CdUnlock();
    return isChanged ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}

static BOOLEAN CdChangeSize(CON_SCREEN *Screen, const CD_MESSAGE *Message)
{
    CON_POINT size = *CD_BODY(Message, CON_POINT);
    return ConResizeScreen(Screen, size.X, size.Y);
}

static BOOLEAN CdChangePlace(CON_SCREEN *Screen, const CD_MESSAGE *Message) { return ConSetCursor(Screen, *CD_BODY(Message, CON_POINT)); }

static BOOLEAN CdChangeAttribute(CON_SCREEN *Screen, const CD_MESSAGE *Message)
{
    Screen->Attribute = *CD_BODY(Message, USHORT);
    return TRUE;
}

static BOOLEAN CdChangeWindow(CON_SCREEN *Screen, const CD_MESSAGE *Message)
{
    const CD_WINDOW_BODY *body = CD_BODY(Message, CD_WINDOW_BODY);
    CON_RECTANGLE window = body->Window, old = Screen->Window;

    if (!body->IsAbsolute)
        window = (CON_RECTANGLE){ (SHORT)(old.Left + window.Left), (SHORT)(old.Top + window.Top), (SHORT)(old.Right + window.Right),
                                  (SHORT)(old.Bottom + window.Bottom) };
    return ConSetWindow(Screen, window);
}

static BOOLEAN CdChangeAll(CON_SCREEN *Screen, const CD_MESSAGE *Message)
{
    const CD_SCREEN_BODY *body = CD_BODY(Message, CD_SCREEN_BODY);

    Screen->Attribute = body->Attributes;
    Screen->PopupAttribute = body->PopupAttributes;
    RtlCopyMemory(Screen->Colors, body->Colors, sizeof(Screen->Colors));
    return ConResizeScreen(Screen, body->Size.X, body->Size.Y) && ConSetCursor(Screen, body->Cursor);
}

static NTSTATUS CdAnswerSetSize(CD_MESSAGE *Message) { return CdChangeScreen(Message, CdChangeSize); }
static NTSTATUS CdAnswerSetPlace(CD_MESSAGE *Message) { return CdChangeScreen(Message, CdChangePlace); }
static NTSTATUS CdAnswerSetAttribute(CD_MESSAGE *Message) { return CdChangeScreen(Message, CdChangeAttribute); }
static NTSTATUS CdAnswerSetWindow(CD_MESSAGE *Message) { return CdChangeScreen(Message, CdChangeWindow); }
static NTSTATUS CdAnswerSetScreen(CD_MESSAGE *Message) { return CdChangeScreen(Message, CdChangeAll); }

static NTSTATUS CdAnswerLargestWindow(CD_MESSAGE *Message)
{
    CdLock();
    *CD_BODY(Message, CON_POINT) = Message->File->Screen->Screen.MaximumWindow;
    CdUnlock();
    return STATUS_SUCCESS;
}

/* ---- The rest ---- */
typedef struct CD_GET_TITLE_BODY { ULONG Length; BOOLEAN IsUnicode, IsOriginal; } CD_GET_TITLE_BODY;

static NTSTATUS CdAnswerGetTitle(CD_MESSAGE *Message)
{
    CD_GET_TITLE_BODY *body = CD_BODY(Message, CD_GET_TITLE_BODY);

    if (!body->IsUnicode)
        return STATUS_NOT_SUPPORTED;
    CdLock();
    body->Length = CdConsole.TitleBytes / sizeof(WCHAR);
    Message->Written = min(CdConsole.TitleBytes, Message->OutLength);
    RtlCopyMemory(Message->Out, CdConsole.Title, Message->Written);
    CdUnlock();
    return STATUS_SUCCESS;
}

static NTSTATUS CdAnswerSetTitle(CD_MESSAGE *Message)
{
    return *CD_BODY(Message, BOOLEAN) ? CdAsk(Message, CdSetTitle, Message->In, Message->InLength, 0, NULL) : STATUS_NOT_SUPPORTED;
}

static NTSTATUS CdAnswerWindow(CD_MESSAGE *Message)
{
    *CD_BODY(Message, ULONG_PTR) = 0;
    return STATUS_SUCCESS;
}

/* ---- By number: the layer in the upper byte ---- */
typedef struct CD_ROW {
    CD_ANSWER *Answer;
    UCHAR Body, Kinds;
} CD_ROW;

static const CD_ROW FirstLayer[] = {
    { CdAnswerGetCodePage, sizeof(CD_CODE_PAGE_BODY), CD_ANY }, { CdAnswerGetMode, 4, CdInput | CdOutput },
    { CdAnswerSetMode, 4, CdInput | CdOutput }, { CdAnswerCountInput, 4, CdInput }, { CdAnswerGetInput, sizeof(CD_GET_INPUT_BODY), CdInput },
    { CdAnswerRead, sizeof(CD_READ_BODY), CdInput }, { CdAnswerWrite, sizeof(CD_WRITE_BODY), CdOutput },
};

static const CD_ROW SecondLayer[] = {
    { CdAnswerFill, sizeof(CD_FILL_BODY), CdOutput }, { CdAnswerControlEvent, 8, CD_ANY }, { CdAnswerActivate, 0, CdOutput },
    { CdAnswerFlushInput, 0, CdInput }, { CdAnswerSetCodePage, sizeof(CD_CODE_PAGE_BODY), CD_ANY },
    { CdAnswerGetCursor, sizeof(CD_CURSOR_BODY), CdOutput }, { CdAnswerSetCursor, sizeof(CD_CURSOR_BODY), CdOutput },
    { CdAnswerGetScreen, sizeof(CD_SCREEN_BODY), CdOutput }, { CdAnswerSetScreen, sizeof(CD_SCREEN_BODY), CdOutput },
    { CdAnswerSetSize, 4, CdOutput }, { CdAnswerSetPlace, 4, CdOutput }, { CdAnswerLargestWindow, 4, CdOutput },
    { CdAnswerScroll, sizeof(CD_SCROLL_BODY), CdOutput }, { CdAnswerSetAttribute, 2, CdOutput },
    { CdAnswerSetWindow, sizeof(CD_WINDOW_BODY), CdOutput }, { CdAnswerReadString, sizeof(CD_STRING_BODY), CdOutput },
    { CdAnswerWriteInput, sizeof(CD_WRITE_INPUT_BODY), CdInput }, { CdAnswerWriteRegion, sizeof(CD_REGION_BODY), CdOutput },
    { CdAnswerWriteString, sizeof(CD_STRING_BODY), CdOutput }, { CdAnswerReadRegion, sizeof(CD_REGION_BODY), CdOutput },
    { CdAnswerGetTitle, sizeof(CD_GET_TITLE_BODY), CD_ANY }, { CdAnswerSetTitle, 1, CD_ANY },
};

#define CD_GET_WINDOW_NUMBER 0x0300001Fu         /* ConsolepGetConsoleWindow */

CD_ANSWER *CdFindAnswer(ULONG Number, PULONG BodyLength, PULONG Kinds)
{
    static const CD_ROW window = { CdAnswerWindow, sizeof(ULONG_PTR), CD_ANY };
    ULONG index = Number & 0xFFFFFF;
    const CD_ROW *row = NULL;

    if (Number >> 24 == 1 && index < RTL_NUMBER_OF(FirstLayer))
        row = &FirstLayer[index];
    else if (Number >> 24 == 2 && index < RTL_NUMBER_OF(SecondLayer))
        row = &SecondLayer[index];
    else if (Number == CD_GET_WINDOW_NUMBER)
        row = &window;
    if (row == NULL)
        return NULL;
    *BodyLength = row->Body;
    *Kinds = row->Kinds;
    return row->Answer;
}

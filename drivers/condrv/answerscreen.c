/* SPDX-License-Identifier: MIT
 * Answers to messages about screen buffers (conmsgl1.h, conmsgl2.h).
 */
#include "message.h"

/* ---- Text and cells ---- */
enum { CdAscii = 1, CdUnicode, CdAttribute, CdFalseUnicode };

NTSTATUS CdAnswerWrite(CD_MESSAGE *Message)
{
    CD_WRITE_BODY *body = CD_BODY(Message, CD_WRITE_BODY);

    body->Count = Message->InLength;
    return CdAsk(Message, body->IsUnicode ? CdWriteConsole : CdWriteFile, Message->In, Message->InLength, 0, NULL);
}

NTSTATUS CdAnswerFill(CD_MESSAGE *Message)
{
    CD_FILL_BODY *body = CD_BODY(Message, CD_FILL_BODY);
    struct { LONG X, Y; ULONG Mode, Count, Wrap; CON_CELL Fill;
    } fill = { body->Place.X,
               body->Place.Y,
               body->What == CdAttribute ? ConAttributes : ConCharacters,
               body->Count,
               1,
               { body->Element, body->Element } };
    NTSTATUS status = CdAsk(Message, CdFillOutput, &fill, sizeof(fill), sizeof(ULONG), NULL);

    body->Count = *(PULONG)&fill;
    return status;
}

/* Cells of one kind from a place on; ASCII is not told from UTF-16 by the console here. */
NTSTATUS CdAnswerReadString(CD_MESSAGE *Message)
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

NTSTATUS CdAnswerWriteString(CD_MESSAGE *Message)
{
    CD_STRING_BODY *body = CD_BODY(Message, CD_STRING_BODY);
    CD_SCREEN *screen = Message->File->Screen;
    CON_RECTANGLE done;

    if (body->What == CdAscii)
        return STATUS_NOT_SUPPORTED;
    CdLock();
    body->Count =
        ConWriteCells(&screen->Screen, body->Place.X, body->Place.Y, body->What == CdAttribute ? ConAttributes : ConCharacters, 0,
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

NTSTATUS CdAnswerReadRegion(CD_MESSAGE *Message)
{
    CD_REGION_BODY *body = CD_BODY(Message, CD_REGION_BODY);
    ULONG columns = CdColumns(body->Region);

    if (columns == 0)
        return STATUS_INVALID_PARAMETER;
    CdLock();
    Message->Written = ConReadCells(&Message->File->Screen->Screen, body->Region.Left, body->Region.Top, ConBoth, columns,
                                    Message->Out, CdCells(body->Region, Message->OutLength), &body->Region) *
                       (ULONG)sizeof(CON_CELL);
    CdUnlock();
    return STATUS_SUCCESS;
}

NTSTATUS CdAnswerWriteRegion(CD_MESSAGE *Message)
{
    CD_REGION_BODY *body = CD_BODY(Message, CD_REGION_BODY);
    CD_SCREEN *screen = Message->File->Screen;
    ULONG columns = CdColumns(body->Region);

    if (columns == 0)
        return STATUS_INVALID_PARAMETER;
    CdLock();
    ConWriteCells(&screen->Screen, body->Region.Left, body->Region.Top, ConBoth, columns, Message->In,
                  CdCells(body->Region, Message->InLength), &body->Region);
    CdShowLocked(screen);
    CdUnlock();
    return STATUS_SUCCESS;
}

NTSTATUS CdAnswerScroll(CD_MESSAGE *Message)
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

NTSTATUS CdAnswerGetCursor(CD_MESSAGE *Message)
{
    CdLock();
    *CD_BODY(Message, CD_CURSOR_BODY) = (CD_CURSOR_BODY){ Message->File->Screen->Screen.CursorSize, Message->File->Screen->Screen.CursorVisible };
    CdUnlock();
    return STATUS_SUCCESS;
}

NTSTATUS CdAnswerSetCursor(CD_MESSAGE *Message)
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

NTSTATUS CdAnswerGetScreen(CD_MESSAGE *Message)
{
    CD_SCREEN_BODY *body = CD_BODY(Message, CD_SCREEN_BODY);
    const CON_SCREEN *screen = &Message->File->Screen->Screen;

    CdLock();
    *body = (CD_SCREEN_BODY){ { (SHORT)screen->Width, (SHORT)screen->Height },
                              screen->Cursor,
                              { screen->Window.Left, screen->Window.Top },
                              screen->Attribute,
                              { (SHORT)(screen->Window.Right - screen->Window.Left + 1),
                                (SHORT)(screen->Window.Bottom - screen->Window.Top + 1) },
                              screen->MaximumWindow,
                              screen->PopupAttribute,
                              FALSE,
                              { 0 } };
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

static BOOLEAN CdChangePlace(CON_SCREEN *Screen, const CD_MESSAGE *Message)
{
    return ConSetCursor(Screen, *CD_BODY(Message, CON_POINT));
}

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
        window = (CON_RECTANGLE){ (SHORT)(old.Left + window.Left), (SHORT)(old.Top + window.Top),
                                  (SHORT)(old.Right + window.Right), (SHORT)(old.Bottom + window.Bottom) };
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

NTSTATUS CdAnswerSetSize(CD_MESSAGE *Message) { return CdChangeScreen(Message, CdChangeSize); }
NTSTATUS CdAnswerSetPlace(CD_MESSAGE *Message) { return CdChangeScreen(Message, CdChangePlace); }
NTSTATUS CdAnswerSetAttribute(CD_MESSAGE *Message) { return CdChangeScreen(Message, CdChangeAttribute); }
NTSTATUS CdAnswerSetWindow(CD_MESSAGE *Message) { return CdChangeScreen(Message, CdChangeWindow); }
NTSTATUS CdAnswerSetScreen(CD_MESSAGE *Message) { return CdChangeScreen(Message, CdChangeAll); }

NTSTATUS CdAnswerLargestWindow(CD_MESSAGE *Message)
{
    CdLock();
    *CD_BODY(Message, CON_POINT) = Message->File->Screen->Screen.MaximumWindow;
    CdUnlock();
    return STATUS_SUCCESS;
}

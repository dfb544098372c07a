/* SPDX-License-Identifier: MIT
 * What a screen buffer is like.
 */
#include "condrv.h"

typedef struct CD_OUTPUT_INFO {
    SHORT CursorSize, CursorVisible, CursorX, CursorY, Width, Height, Attributes, PopupAttributes;
    SHORT WindowLeft, WindowTop, WindowRight, WindowBottom, MaximumWidth, MaximumHeight;
    SHORT FontWidth, FontHeight, FontWeight, FontFamily;
    ULONG Colors[16];
} CD_OUTPUT_INFO;
C_ASSERT(sizeof(CD_OUTPUT_INFO) == 100);

typedef struct CD_SET_OUTPUT_INFO {
    ULONG Mask;
    CD_OUTPUT_INFO Info;
} CD_SET_OUTPUT_INFO;

enum {
    CdSetCursorShape = 0x1, CdSetCursorPlace = 0x2, CdSetSize = 0x4, CdSetAttributes = 0x8, CdSetWindow = 0x10, CdSetMaximum = 0x20,
    CdSetPopup = 0x40, CdSetKnown = 0x7F             /* 0x80 is the font: a terminal has its own */
};

static CD_OUTPUT_INFO CdDescribeScreen(const CON_SCREEN *Screen)
{
    CD_OUTPUT_INFO info = {
        (SHORT)Screen->CursorSize, Screen->CursorVisible, Screen->Cursor.X, Screen->Cursor.Y, (SHORT)Screen->Width, (SHORT)Screen->Height,
        (SHORT)Screen->Attribute, (SHORT)Screen->PopupAttribute,
        Screen->Window.Left, Screen->Window.Top, Screen->Window.Right, Screen->Window.Bottom,
        Screen->MaximumWindow.X, Screen->MaximumWindow.Y, 8, 16, 400, 0x36, { 0 }
    };
    RtlCopyMemory(info.Colors, Screen->Colors, sizeof(info.Colors));
    return info;
}

NTSTATUS CdGetOutputInfo(CD_REQUEST *Request)
{
    CD_OUTPUT_INFO info;

    CdLock();
    info = CdDescribeScreen(&Request->File->Screen->Screen);
    CdUnlock();
    Request->Information = min(Request->OutputLength, sizeof(info));
    RtlCopyMemory(Request->Buffer, &info, Request->Information);
    return STATUS_SUCCESS;
}

/* ---- Setting: in this order, up to the first that cannot be ---- */
static BOOLEAN CdSetGeometry(CON_SCREEN *Screen, ULONG Mask, const CD_OUTPUT_INFO *Info)
{
    CON_RECTANGLE window = { Info->WindowLeft, Info->WindowTop, Info->WindowRight, Info->WindowBottom };

    if ((Mask & CdSetSize) && !ConResizeScreen(Screen, Info->Width, Info->Height))
        return FALSE;
    if ((Mask & CdSetWindow) && !ConSetWindow(Screen, window))
        return FALSE;
    return !(Mask & CdSetCursorPlace) || ConSetCursor(Screen, (CON_POINT){ Info->CursorX, Info->CursorY });
}

static BOOLEAN CdSetLooks(CON_SCREEN *Screen, ULONG Mask, const CD_OUTPUT_INFO *Info)
{
    if (Mask & CdSetCursorShape) {
        if (Info->CursorSize < 1 || Info->CursorSize > 100)
            return FALSE;
        Screen->CursorSize = (ULONG)Info->CursorSize;
        Screen->CursorVisible = Info->CursorVisible != 0;
    }
    if (Mask & CdSetAttributes)
        Screen->Attribute = (USHORT)Info->Attributes;
    if (Mask & CdSetPopup)
        Screen->PopupAttribute = (USHORT)Info->PopupAttributes;
    if (Mask & CdSetMaximum)
        Screen->MaximumWindow = (CON_POINT){ Info->MaximumWidth, Info->MaximumHeight };
    return TRUE;
}

NTSTATUS CdSetOutputInfo(CD_REQUEST *Request)
{
    const CD_SET_OUTPUT_INFO *set = (const CD_SET_OUTPUT_INFO *)Request->Buffer;
    CD_SCREEN *screen = Request->File->Screen;
    BOOLEAN isSet;

    if (set->Mask & ~(ULONG)CdSetKnown)
        return STATUS_NOT_SUPPORTED;
    CdLock();
    isSet = CdSetLooks(&screen->Screen, set->Mask, &set->Info) && CdSetGeometry(&screen->Screen, set->Mask, &set->Info);
    CdShowLocked(screen);
    CdUnlock();
    return isSet ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}

NTSTATUS CdActivate(CD_REQUEST *Request)
{
    CdLock();
    CdActivateLocked(Request->File->Screen);
    CdUnlock();
    return STATUS_SUCCESS;
}

/* SPDX-License-Identifier: MIT
 * Cells of a screen buffer. A rectangle comes and goes behind its place; a run (Width 0) comes without.
 */
#include "condrv.h"

typedef struct CD_CELLS {
    LONG X, Y;
    ULONG Mode, Width;
} CD_CELLS;

typedef struct CD_FILL {
    LONG X, Y;
    ULONG Mode, Count, Wrap;
    CON_CELL Fill;
} CD_FILL;

typedef struct CD_SCROLL {
    CON_RECTANGLE Source;
    CON_POINT Target;
    CON_RECTANGLE Clip;
    CON_CELL Fill;
} CD_SCROLL;
C_ASSERT(sizeof(CD_CELLS) == 16 && sizeof(CD_FILL) == 24 && sizeof(CD_SCROLL) == 24);

NTSTATUS CdReadOutput(CD_REQUEST *Request)
{
    CD_CELLS cells = *(const CD_CELLS *)Request->Buffer;
    ULONG head = cells.Width == 0 ? 0 : sizeof(CON_RECTANGLE), count;
    CON_RECTANGLE done;

    if (cells.Mode > ConBoth || Request->OutputLength < head)
        return STATUS_INVALID_PARAMETER;
    CdLock();
    count = ConReadCells(&Request->File->Screen->Screen, cells.X, cells.Y, cells.Mode, cells.Width, Request->Buffer + head,
                         (Request->OutputLength - head) / ConCellBytes(cells.Mode), &done);
    CdUnlock();
    if (head != 0)
        *(CON_RECTANGLE *)Request->Buffer = done;
    Request->Information = head + count * ConCellBytes(cells.Mode);
    return STATUS_SUCCESS;
}

/* Tells the rectangle, or how many cells, to who has room for that. */
static VOID CdTellWritten(CD_REQUEST *Request, BOOLEAN IsRectangle, ULONG Count, CON_RECTANGLE Done)
{
    if (IsRectangle && Request->OutputLength >= sizeof(Done)) {
        *(CON_RECTANGLE *)Request->Buffer = Done;
        Request->Information = sizeof(Done);
    } else if (!IsRectangle && Request->OutputLength >= sizeof(Count)) {
        *(PULONG)Request->Buffer = Count;
        Request->Information = sizeof(Count);
    }
}

NTSTATUS CdWriteOutput(CD_REQUEST *Request)
{
    CD_CELLS cells = *(const CD_CELLS *)Request->Buffer;
    CD_SCREEN *screen = Request->File->Screen;
    CON_RECTANGLE done;
    ULONG count;

    if (cells.Mode > ConBoth)
        return STATUS_INVALID_PARAMETER;
    CdLock();
    count = ConWriteCells(&screen->Screen, cells.X, cells.Y, cells.Mode, cells.Width, Request->Buffer + sizeof(cells),
                          (Request->InputLength - (ULONG)sizeof(cells)) / ConCellBytes(cells.Mode), &done);
    CdShowLocked(screen);
    CdUnlock();
    CdTellWritten(Request, cells.Width != 0, count, done);
    return STATUS_SUCCESS;
}

NTSTATUS CdFillOutput(CD_REQUEST *Request)
{
    CD_FILL fill = *(const CD_FILL *)Request->Buffer;
    CD_SCREEN *screen = Request->File->Screen;
    ULONG count;

    if (fill.Mode > ConBoth)
        return STATUS_INVALID_PARAMETER;
    CdLock();
    count = ConFillCells(&screen->Screen, fill.X, fill.Y, fill.Mode, fill.Count, fill.Wrap != 0, fill.Fill);
    CdShowLocked(screen);
    CdUnlock();
    CdTellWritten(Request, FALSE, count, (CON_RECTANGLE){ 0, 0, 0, 0 });
    return STATUS_SUCCESS;
}

NTSTATUS CdScrollOutput(CD_REQUEST *Request)
{
    const CD_SCROLL *scroll = (const CD_SCROLL *)Request->Buffer;
    CD_SCREEN *screen = Request->File->Screen;
    BOOLEAN isMoved;

    CdLock();
    isMoved = ConMoveCells(&screen->Screen, scroll->Source, scroll->Target, scroll->Clip, scroll->Fill);
    CdShowLocked(screen);
    CdUnlock();
    return isMoved ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

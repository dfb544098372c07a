/* SPDX-License-Identifier: MIT
 * Modes, the queue of input, code pages, the title.
 */
#include "condrv.h"

typedef struct CD_INPUT_INFO {
    ULONG InputCodePage, OutputCodePage;
    ULONG Pending;                               /* Wine 8 has it, Wine 10 does not */
} CD_INPUT_INFO;

typedef struct CD_SET_INPUT_INFO {
    ULONG Mask;                                  /* 1 the first, 2 the second */
    CD_INPUT_INFO Info;
} CD_SET_INPUT_INFO;

typedef struct CD_TITLE {                        /* the text lies in the structure's last four bytes and goes on behind */
    ULONG Characters;
    WCHAR Text[2];
} CD_TITLE;

static uint32_t *CdModeOf(CD_FILE *File) { return File->Kind == CdInput ? &CdConsole.InputMode : &File->Screen->Screen.Mode; }

static NTSTATUS CdReturn(CD_REQUEST *Request, ULONG Value)
{
    *(PULONG)Request->Buffer = Value;
    Request->Information = sizeof(ULONG);
    return STATUS_SUCCESS;
}

NTSTATUS CdGetMode(CD_REQUEST *Request)
{
    ULONG mode;

    CdLock();
    mode = *CdModeOf(Request->File);
    CdUnlock();
    return CdReturn(Request, mode);
}

NTSTATUS CdSetMode(CD_REQUEST *Request)
{
    ULONG mode = *(PULONG)Request->Buffer;

    if (mode & ~(ULONG)(Request->File->Kind == CdInput ? ConKnownInputMode : ConKnownOutputMode))
        return STATUS_INVALID_PARAMETER;
    CdLock();
    *CdModeOf(Request->File) = mode;
    CdUnlock();
    return STATUS_SUCCESS;
}

/* A terminal of the host's system is not what we are. */
NTSTATUS CdIsUnix(CD_REQUEST *Request) { return STATUS_NOT_SUPPORTED; }

/* ---- The queue ---- */
/* As if they were typed. What there is no room for is refused as a whole. */
NTSTATUS CdWriteInput(CD_REQUEST *Request)
{
    ULONG count = Request->InputLength / sizeof(CON_RECORD);
    NTSTATUS status = STATUS_INSUFFICIENT_RESOURCES;

    if (Request->InputLength % sizeof(CON_RECORD) != 0)
        return STATUS_INVALID_PARAMETER;
    CdLock();
    if (count <= ConQueueRoom(&CdConsole.Queue)) {
        CdTypeLocked((const CON_RECORD *)Request->Buffer, count);
        status = STATUS_SUCCESS;
    }
    CdServeAndUnlock();
    return status;
}

NTSTATUS CdPeekInput(CD_REQUEST *Request)
{
    CdLock();
    Request->Information =
        ConQueuePeek(&CdConsole.Queue, (CON_RECORD *)Request->Buffer, Request->OutputLength / sizeof(CON_RECORD)) *
        sizeof(CON_RECORD);
    CdUnlock();
    return STATUS_SUCCESS;
}

NTSTATUS CdCountInput(CD_REQUEST *Request)
{
    ULONG count;

    CdLock();
    count = CdConsole.Queue.Count;
    CdUnlock();
    return CdReturn(Request, count);
}

NTSTATUS CdFlushInput(CD_REQUEST *Request)
{
    CdLock();
    ConQueueFlush(&CdConsole.Queue);
    CdConsole.RestAt = CdConsole.RestLength = CdConsole.RestByteCount = 0;
    CdSignalInputLocked();
    CdUnlock();
    CdWakeListener();
    return STATUS_SUCCESS;
}

/* ---- Code pages ---- */
NTSTATUS CdGetInputInfo(CD_REQUEST *Request)
{
    CD_INPUT_INFO info;

    CdLock();
    info = (CD_INPUT_INFO){ CdConsole.InputCodePage, CdConsole.OutputCodePage, CdConsole.Queue.Count };
    CdUnlock();
    Request->Information = min(Request->OutputLength, sizeof(info));
    RtlCopyMemory(Request->Buffer, &info, Request->Information);
    return STATUS_SUCCESS;
}

NTSTATUS CdSetInputInfo(CD_REQUEST *Request)
{
    const CD_SET_INPUT_INFO *set = (const CD_SET_INPUT_INFO *)Request->Buffer;

    if ((set->Mask & ~3u) || ((set->Mask & 1) && !ConHasCodePage(set->Info.InputCodePage)) ||
        ((set->Mask & 2) && !ConHasCodePage(set->Info.OutputCodePage)))
        return STATUS_INVALID_PARAMETER;
    CdLock();
    if (set->Mask & 1)
        CdConsole.InputCodePage = set->Info.InputCodePage;
    if (set->Mask & 2)
        CdConsole.OutputCodePage = set->Info.OutputCodePage;
    CdUnlock();
    return STATUS_SUCCESS;
}

/* ---- The title, which a terminal is not told ---- */
NTSTATUS CdGetTitle(CD_REQUEST *Request)
{
    CD_TITLE *title = (CD_TITLE *)Request->Buffer;
    ULONG bytes;

    CdLock();
    bytes = Request->OutputLength < sizeof(*title) ? 0 : min(CdConsole.TitleBytes, Request->OutputLength - (ULONG)sizeof(*title));
    title->Characters = CdConsole.TitleBytes / sizeof(WCHAR);
    RtlCopyMemory(title->Text, CdConsole.Title, bytes);
    CdUnlock();
    Request->Information = Request->OutputLength < sizeof(*title) ? sizeof(ULONG) : sizeof(*title) + bytes;
    return STATUS_SUCCESS;
}

NTSTATUS CdSetTitle(CD_REQUEST *Request)
{
    if (Request->InputLength > CD_TITLE_BYTES || Request->InputLength % sizeof(WCHAR) != 0)
        return STATUS_INVALID_PARAMETER;
    CdLock();
    RtlCopyMemory(CdConsole.Title, Request->Buffer, Request->InputLength);
    CdConsole.TitleBytes = Request->InputLength;
    CdUnlock();
    return STATUS_SUCCESS;
}

NTSTATUS CdBeep(CD_REQUEST *Request)
{
    CdLock();
    ConTerminalBell(&CdConsole.Active->Screen);
    CdFlushLocked();
    CdUnlock();
    return STATUS_SUCCESS;
}

/* There is none. */
NTSTATUS CdGetWindow(CD_REQUEST *Request) { return CdReturn(Request, 0); }

/* SPDX-License-Identifier: MIT
 * The one console there is, and its screen buffers.
 */
#include "condrv.h"

CD_CONSOLE CdConsole;

static PVOID CdAllocate(SIZE_T Bytes) { return ExAllocatePoolWithTag(PagedPool, Bytes, CD_TAG); }
static VOID CdFree(PVOID Block) { ExFreePoolWithTag(Block, CD_TAG); }
const CON_HOST CdHost = { CdAllocate, CdFree };

VOID CdLock(VOID) { ExAcquireFastMutex(&CdConsole.Lock); }
VOID CdUnlock(VOID) { ExReleaseFastMutex(&CdConsole.Lock); }

/* ---- Coming and going ---- */
static BOOLEAN CdAllocateParts(CD_CONSOLE *Console)
{
    if (!ConCreateScreen(&CdHost, &Console->First.Screen) || !ConCreateQueue(&CdHost, &Console->Queue))
        return FALSE;
    Console->Line.Text = CdAllocate(CON_LINE_ROOM * sizeof(USHORT));
    Console->Rest = CdAllocate(CON_LINE_ROOM * sizeof(USHORT));
    Console->Title = CdAllocate(CD_TITLE_BYTES);
    return Console->Line.Text != NULL && Console->Rest != NULL && Console->Title != NULL;
}

NTSTATUS CdCreateConsole(VOID)
{
    CD_CONSOLE *console = &CdConsole;

    ExInitializeFastMutex(&console->Lock);
    KeInitializeEvent(&console->HasInput, NotificationEvent, FALSE);
    InitializeListHead(&console->Clients);
    CdInitializeReaders();
    CdInitializeSerial();
    console->InputMode = ConDefaultInputMode;
    console->InputCodePage = console->OutputCodePage = 437;
    console->History.Host = &CdHost;
    console->Line.History = &console->History;
    if (!CdAllocateParts(console)) {
        CdDeleteConsole();
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    ConInitializeTerminal(&console->Terminal, CdSendLocked, NULL);
    console->First.References = 2;               /* the console's, and that of what is shown */
    console->First.Screen.Terminal = &console->Terminal;
    console->Active = &console->First;
    return STATUS_SUCCESS;
}

VOID CdDeleteConsole(VOID)
{
    CD_CONSOLE *console = &CdConsole;

    ConClearHistory(&console->History);
    ConDeleteScreen(&console->First.Screen);
    if (console->Queue.Records != NULL)
        CdFree(console->Queue.Records);
    if (console->Line.Text != NULL)
        CdFree(console->Line.Text);
    if (console->Rest != NULL)
        CdFree(console->Rest);
    if (console->Title != NULL)
        CdFree(console->Title);
}

/* ---- Screen buffers ---- */
CD_SCREEN *CdNewScreenLocked(VOID)
{
    CD_SCREEN *screen = CdAllocate(sizeof(*screen));

    if (screen == NULL)
        return NULL;
    if (!ConCreateScreen(&CdHost, &screen->Screen)) {
        CdFree(screen);
        return NULL;
    }
    screen->References = 1;
    return screen;
}

VOID CdReferenceScreenLocked(CD_SCREEN *Screen) { Screen->References++; }

/* What is shown when it goes is the console's own again. */
VOID CdDereferenceScreenLocked(CD_SCREEN *Screen)
{
    if (--Screen->References == 1 && Screen == CdConsole.Active && Screen != &CdConsole.First) {
        CdActivateLocked(&CdConsole.First);      /* which drops the last reference */
        return;
    }
    if (Screen->References != 0)
        return;
    if (CdConsole.Line.Screen == &Screen->Screen)
        CdConsole.Line.Screen = NULL;
    ConDeleteScreen(&Screen->Screen);
    CdFree(Screen);
}

VOID CdActivateLocked(CD_SCREEN *Screen)
{
    CD_SCREEN *old = CdConsole.Active;

    if (Screen == old)
        return;
    old->Screen.Terminal = NULL;
    Screen->Screen.Terminal = &CdConsole.Terminal;
    CdReferenceScreenLocked(Screen);
    CdConsole.Active = Screen;
    CdDrawLocked(Screen);
    ConTerminalRepaint(&Screen->Screen);
    CdFlushLocked();
    if (--old->References == 0) {
        old->References = 1;
        CdDereferenceScreenLocked(old);
    }
}

VOID CdForgetLineLocked(VOID)
{
    CdConsole.Editing = 0;
    CdConsole.Line.Screen = NULL;
}

/* SPDX-License-Identifier: MIT
 * Text of programs.
 */
#include "condrv.h"

VOID CdShowLocked(CD_SCREEN *Screen)
{
    CdDrawLocked(Screen);                        /* first: the wire may make us wait */
    ConTerminalSync(&Screen->Screen);
    CdFlushLocked();
}

NTSTATUS CdWriteConsole(CD_REQUEST *Request)
{
    CD_SCREEN *screen = Request->File->Screen;

    CdLock();
    ConWrite(&screen->Screen, (const USHORT *)Request->Buffer, Request->InputLength / sizeof(USHORT));
    CdShowLocked(screen);
    CdUnlock();
    return STATUS_SUCCESS;
}

static VOID CdWriteText(CD_SCREEN *Screen, const UCHAR *Bytes, ULONG Length)
{
    CdLock();
    ConWriteBytes(&Screen->Screen, CdConsole.OutputCodePage, Bytes, Length);
    CdShowLocked(Screen);
    CdUnlock();
}

NTSTATUS CdWriteFile(CD_REQUEST *Request)
{
    CdWriteText(Request->File->Screen, Request->Buffer, Request->InputLength);
    Request->Information = Request->InputLength;
    return STATUS_SUCCESS;
}

NTSTATUS CdWrite(PIRP Irp, PIO_STACK_LOCATION Location)
{
    CD_FILE *file = Location->FileObject->FsContext;

    if (file->Kind != CdOutput)
        return STATUS_INVALID_DEVICE_REQUEST;
    CdWriteText(file->Screen, Irp->AssociatedIrp.SystemBuffer, Location->Parameters.Write.Length);
    Irp->IoStatus.Information = Location->Parameters.Write.Length;
    return STATUS_SUCCESS;
}

/* What was written has left when its request ended. */
NTSTATUS CdFlush(PIRP Irp, PIO_STACK_LOCATION Location)
{
    return ((CD_FILE *)Location->FileObject->FsContext)->Kind == CdOutput ? STATUS_SUCCESS : STATUS_INVALID_DEVICE_REQUEST;
}

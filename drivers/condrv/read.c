/* SPDX-License-Identifier: MIT
 * Reads: of records, of characters as they come, and of lines. The first read that waits gets the input; a line is edited for
 * it, key by key, and what it does not take of the line is for the next.
 *
 * A read is numbered, so that a line that was begun for one is not given to another.
 */
#include "message.h"

#define CD_END_OF_FILE 0x1A                      /* Ctrl+Z */

/* ---- The queue ---- */
static VOID NTAPI CdInsertRead(PIO_CSQ Csq, PIRP Irp) { InsertTailList(&CdConsole.ReaderList, &Irp->Tail.Overlay.ListEntry); }

/* One that was looked at goes back to where it was. */
static NTSTATUS NTAPI CdInsertReadEx(PIO_CSQ Csq, PIRP Irp, PVOID AtHead)
{
    if (AtHead != NULL)
        InsertHeadList(&CdConsole.ReaderList, &Irp->Tail.Overlay.ListEntry);
    else
        CdInsertRead(Csq, Irp);
    return STATUS_SUCCESS;
}

static VOID NTAPI CdRemoveRead(PIO_CSQ Csq, PIRP Irp) { RemoveEntryList(&Irp->Tail.Overlay.ListEntry); }

static PIRP NTAPI CdPeekRead(PIO_CSQ Csq, PIRP Irp, PVOID File)
{
    PLIST_ENTRY link = Irp == NULL ? CdConsole.ReaderList.Flink : Irp->Tail.Overlay.ListEntry.Flink;

    for (; link != &CdConsole.ReaderList; link = link->Flink) {
        PIRP irp = CONTAINING_RECORD(link, IRP, Tail.Overlay.ListEntry);
        if (File == NULL || IoGetCurrentIrpStackLocation(irp)->FileObject == File)
            return irp;
    }
    return NULL;
}

static VOID NTAPI CdAcquireQueue(PIO_CSQ Csq, PKIRQL Irql) { KeAcquireSpinLock(&CdConsole.QueueLock, Irql); }
static VOID NTAPI CdReleaseQueue(PIO_CSQ Csq, KIRQL Irql) { KeReleaseSpinLock(&CdConsole.QueueLock, Irql); }

static VOID NTAPI CdCompleteCancelled(PIO_CSQ Csq, PIRP Irp)
{
    Irp->IoStatus.Status = STATUS_CANCELLED;
    Irp->IoStatus.Information = 0;
    if (CdMessageOf(Irp) != NULL)
        CdEndMessage(Irp);
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
}

VOID CdInitializeReaders(VOID)
{
    InitializeListHead(&CdConsole.ReaderList);
    KeInitializeSpinLock(&CdConsole.QueueLock);
    IoCsqInitializeEx(&CdConsole.Readers, CdInsertReadEx, CdRemoveRead, CdPeekRead, CdAcquireQueue, CdReleaseQueue,
                      CdCompleteCancelled);
}

/* ---- What a read is ---- */
typedef struct CD_READ {
    PIRP Irp;
    PUCHAR Buffer;
    ULONG Length;
    BOOLEAN IsRecords, IsBytes, HasControl, EndsAtControlZ;
    const UCHAR *Preset;                         /* with control: text that is there already */
    ULONG PresetLength, WakeMask;
} CD_READ;

#define CD_CODE(Function) CTL_CODE(CD_DEVICE_TYPE, Function, METHOD_BUFFERED, FILE_READ_ACCESS)

static CD_READ CdDescribeMessage(CD_MESSAGE *Message)
{
    return (CD_READ){ Message->Irp,
                      Message->Out,
                      Message->OutLength,
                      Message->IsRecords,
                      Message->IsBytes,
                      FALSE,
                      Message->EndsAtControlZ,
                      Message->In,
                      Message->PresetLength,
                      Message->WakeMask };
}

static CD_READ CdDescribeRead(PIRP Irp)
{
    PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(Irp);
    CD_READ read = { .Irp = Irp, .Buffer = Irp->AssociatedIrp.SystemBuffer };
    ULONG code = location->Parameters.DeviceIoControl.IoControlCode,
          input = location->Parameters.DeviceIoControl.InputBufferLength;

    if (CdMessageOf(Irp) != NULL)
        return CdDescribeMessage(CdMessageOf(Irp));
    if (location->MajorFunction == IRP_MJ_READ) {
        read.Length = location->Parameters.Read.Length;
        read.IsBytes = read.EndsAtControlZ = TRUE;
        return read;
    }
    read.Length = location->Parameters.DeviceIoControl.OutputBufferLength;
    read.IsRecords = code == CD_CODE(12);
    read.IsBytes = code == CD_CODE(11);
    read.HasControl = code == CD_CODE(24);
    read.EndsAtControlZ = !read.HasControl;
    if (read.HasControl) {
        read.WakeMask = *(PULONG)read.Buffer;
        read.Preset = read.Buffer + sizeof(ULONG);
        read.PresetLength = (input - sizeof(ULONG)) / sizeof(USHORT);
    }
    return read;
}

static ULONG_PTR CdNumberOf(PIRP Irp) { return (ULONG_PTR)Irp->Tail.Overlay.DriverContext[0]; }

/* ---- Delivering ---- */
static ULONG CdDeliverUnits(PUCHAR Buffer, ULONG Length)
{
    CD_CONSOLE *console = &CdConsole;
    ULONG units = min(Length / (ULONG)sizeof(USHORT), console->RestLength - console->RestAt);

    RtlCopyMemory(Buffer, console->Rest + console->RestAt, units * sizeof(USHORT));
    console->RestAt += units;
    return units * sizeof(USHORT);
}

static ULONG CdDeliverBytes(PUCHAR Buffer, ULONG Length)
{
    CD_CONSOLE *console = &CdConsole;
    ULONG at = 0, i;
    unsigned used;

    for (;;) {
        for (i = 0; at < Length && i < console->RestByteCount; i++)
            Buffer[at++] = console->RestBytes[i];
        console->RestByteCount -= i;
        RtlMoveMemory(console->RestBytes, console->RestBytes + i, console->RestByteCount);
        if (at == Length || console->RestAt == console->RestLength)
            return at;
        console->RestByteCount = ConEncode(console->InputCodePage, console->Rest + console->RestAt,
                                           console->RestLength - console->RestAt, &used, console->RestBytes);
        console->RestAt += used;
    }
}

static ULONG CdDeliver(const CD_READ *Read)
{
    if (Read->IsBytes)
        return CdDeliverBytes(Read->Buffer, Read->Length);
    if (!Read->HasControl)
        return CdDeliverUnits(Read->Buffer, Read->Length);
    *(PULONG)Read->Buffer = CdConsole.Line.KeyState;
    return (ULONG)sizeof(ULONG) + CdDeliverUnits(Read->Buffer + sizeof(ULONG), Read->Length - sizeof(ULONG));
}

static BOOLEAN CdHasRest(VOID) { return CdConsole.RestAt < CdConsole.RestLength || CdConsole.RestByteCount != 0; }

/* ---- Lines ---- */
static VOID CdBeginLine(const CD_READ *Read)
{
    CD_CONSOLE *console = &CdConsole;

    ConBeginLine(&console->Line, &console->Active->Screen, console->InputMode, CON_LINE_CHARACTERS);
    console->Line.WakeMask = Read->WakeMask;
    console->IsCancelled = FALSE;                /* that was another's line */
    if (Read->PresetLength != 0)
        ConPresetLine(&console->Line, (const USHORT *)Read->Preset, Read->PresetLength);
    console->Editing = CdNumberOf(Read->Irp);
}

static VOID CdTakeLine(const CD_READ *Read)
{
    CD_CONSOLE *console = &CdConsole;

    RtlCopyMemory(console->Rest, console->Line.Text, console->Line.Length * sizeof(USHORT));
    console->RestAt = 0;
    console->RestLength = console->Line.Length;
    if (Read->EndsAtControlZ && (console->InputMode & ConProcessedInput) && console->Rest[0] == CD_END_OF_FILE)
        console->RestLength = 0;                 /* the end of the file: nothing is read */
    CdForgetLineLocked();
}

/* TRUE when the line is whole. */
static BOOLEAN CdEditLine(const CD_READ *Read)
{
    CD_CONSOLE *console = &CdConsole;
    CON_RECORD record;
    BOOLEAN isDone = FALSE;

    if (console->Editing != CdNumberOf(Read->Irp))
        CdBeginLine(Read);
    while (!isDone && ConQueueTake(&console->Queue, &record, 1) != 0)
        isDone = record.Type == ConKeyEvent && ConEditKey(&console->Line, &record.Key) == ConLineDone;
    if (!isDone && console->IsCancelled) {
        ConCancelLine(&console->Line);
        isDone = TRUE;
    }
    console->IsCancelled = FALSE;
    if (isDone)
        CdTakeLine(Read);
    CdShowLocked(console->Active);
    return isDone;
}

/* Without lines: what was typed, as it is. */
static BOOLEAN CdTakeCharacters(const CD_READ *Read)
{
    CD_CONSOLE *console = &CdConsole;
    ULONG room = min(Read->Length, CON_LINE_CHARACTERS), count = 0;
    CON_RECORD record;

    while (count < room && ConQueueTake(&console->Queue, &record, 1) != 0)
        if (record.Type == ConKeyEvent && record.Key.IsDown && record.Key.Character != 0)
            console->Rest[count++] = record.Key.Character;
    console->RestAt = 0;
    console->RestLength = count;
    console->IsCancelled = FALSE;
    console->Line.KeyState = 0;
    return count != 0;
}

/* ---- Serving ---- */
static BOOLEAN CdTryText(const CD_READ *Read, PULONG_PTR Information)
{
    if (!CdHasRest() && !(CdConsole.InputMode & ConLineInput ? CdEditLine(Read) : CdTakeCharacters(Read)))
        return FALSE;
    *Information = CdDeliver(Read);
    return TRUE;
}

static BOOLEAN CdTryRecords(const CD_READ *Read, PULONG_PTR Information)
{
    ULONG count = ConQueueTake(&CdConsole.Queue, (CON_RECORD *)Read->Buffer, Read->Length / sizeof(CON_RECORD));

    *Information = count * sizeof(CON_RECORD);
    return count != 0;
}

/* The body says how much was read, and by which key a line has ended. */
static VOID CdTellMessage(CD_MESSAGE *Message, ULONG_PTR Information)
{
    Message->Written = (ULONG)Information;
    *(PULONG)(Message->Body + Message->CountAt) = Message->IsRecords ? (ULONG)(Information / sizeof(CON_RECORD)) : (ULONG)Information;
    if (!Message->IsRecords)
        *(PULONG)(Message->Body + Message->KeyStateAt) = CdConsole.Line.KeyState;
}

/* FALSE: it must wait on. */
static BOOLEAN CdTryRead(PIRP Irp)
{
    CD_READ read = CdDescribeRead(Irp);
    BOOLEAN isDone =
        read.IsRecords ? CdTryRecords(&read, &Irp->IoStatus.Information) : CdTryText(&read, &Irp->IoStatus.Information);

    Irp->IoStatus.Status = STATUS_SUCCESS;
    if (isDone && CdMessageOf(Irp) != NULL)
        CdTellMessage(CdMessageOf(Irp), Irp->IoStatus.Information);
    return isDone;
}

VOID CdServeLocked(PLIST_ENTRY Done)
{
    PIRP irp;

    while ((irp = IoCsqRemoveNextIrp(&CdConsole.Readers, NULL)) != NULL) {
        if (!CdTryRead(irp)) {
            IoCsqInsertIrpEx(&CdConsole.Readers, irp, NULL, &CdConsole);
            break;
        }
        InsertTailList(Done, &irp->Tail.Overlay.ListEntry);
    }
    CdSignalInputLocked();
    if (!IsListEmpty(Done))
        CdWakeListener();
}

VOID CdSignalInputLocked(VOID)
{
    if (CdConsole.Queue.Count != 0)
        KeSetEvent(&CdConsole.HasInput, IO_NO_INCREMENT, FALSE);
    else
        KeClearEvent(&CdConsole.HasInput);
}

VOID CdCompleteAll(PLIST_ENTRY Done)
{
    while (!IsListEmpty(Done)) {
        PIRP irp = CONTAINING_RECORD(RemoveHeadList(Done), IRP, Tail.Overlay.ListEntry);
        if (CdMessageOf(irp) != NULL)
            CdEndMessage(irp);
        IoCompleteRequest(irp, IO_KEYBOARD_INCREMENT);
    }
}

VOID CdTypeLocked(const CON_RECORD *Records, ULONG Count)
{
    CD_CONSOLE *console = &CdConsole;
    ULONG i;

    for (i = 0; i < Count; i++) {
        if (ConIsBreak(&Records[i])) {
            console->Events |= 1u << 1;          /* CTRL_BREAK_EVENT */
        } else if (ConIsControlC(&Records[i]) && (console->InputMode & ConProcessedInput)) {
            console->Events |= 1u << 0;          /* CTRL_C_EVENT */
            console->IsCancelled = console->Editing != 0;
        } else {
            ConQueueAdd(&console->Queue, &Records[i], 1);
        }
    }
}

VOID CdServeAndUnlock(VOID)
{
    LIST_ENTRY done;

    InitializeListHead(&done);
    CdServeLocked(&done);
    CdUnlock();
    CdCompleteAll(&done);
    CdTellEvents();
}

/* ---- Requests ---- */
NTSTATUS CdWaitForInput(PIRP Irp)
{
    LIST_ENTRY done;

    InitializeListHead(&done);
    CdLock();
    Irp->Tail.Overlay.DriverContext[0] = (PVOID)++CdConsole.LastRead;
    IoMarkIrpPending(Irp);
    IoCsqInsertIrpEx(&CdConsole.Readers, Irp, NULL, NULL);
    CdServeLocked(&done);
    CdUnlock();
    CdCompleteAll(&done);
    return STATUS_PENDING;
}

/* Of one file, whose last handle is closed. Under the lock, or one would be missed that is being looked at. */
VOID CdCancelReads(PFILE_OBJECT File)
{
    LIST_ENTRY done;
    PIRP irp;

    InitializeListHead(&done);
    CdLock();
    while ((irp = IoCsqRemoveNextIrp(&CdConsole.Readers, File)) != NULL) {
        irp->IoStatus.Status = STATUS_CANCELLED;
        InsertTailList(&done, &irp->Tail.Overlay.ListEntry);
    }
    CdUnlock();
    CdCompleteAll(&done);
}

NTSTATUS CdReadConsole(CD_REQUEST *Request)
{
    CD_READ read = { 0 };

    Request->Irp->Tail.Overlay.DriverContext[1] = NULL;
    if (Request->Irp->AssociatedIrp.SystemBuffer != NULL)
        read = CdDescribeRead(Request->Irp);
    if (Request->OutputLength < (read.HasControl ? sizeof(ULONG) + sizeof(USHORT) : read.IsBytes ? 1 : sizeof(USHORT)))
        return Request->OutputLength == 0 ? STATUS_SUCCESS : STATUS_BUFFER_TOO_SMALL;
    return CdWaitForInput(Request->Irp);
}

NTSTATUS CdReadInput(CD_REQUEST *Request)
{
    Request->Irp->Tail.Overlay.DriverContext[1] = NULL;
    if (Request->OutputLength < sizeof(CON_RECORD))
        return Request->OutputLength == 0 ? STATUS_SUCCESS : STATUS_BUFFER_TOO_SMALL;
    return CdWaitForInput(Request->Irp);
}

NTSTATUS CdRead(PIRP Irp, PIO_STACK_LOCATION Location)
{
    CD_FILE *file = Location->FileObject->FsContext;

    if (file->Kind != CdInput)
        return STATUS_INVALID_DEVICE_REQUEST;
    Irp->Tail.Overlay.DriverContext[1] = NULL;
    return Location->Parameters.Read.Length == 0 ? STATUS_SUCCESS : CdWaitForInput(Irp);
}

/* SPDX-License-Identifier: MIT
 * Pipes under several threads at once: every message arrives once and whole, whoever waits, cancels, disconnects or goes meanwhile.
 */
#include "pipes.h"

#define NAME PIPES_DEVICE L"\\Threads"
#define WRITERS 3
#define MESSAGES 200

typedef struct MESSAGE {
    ULONG Writer, Number, Length;
    UCHAR Bytes[52];
} MESSAGE;

typedef struct CROWD {
    HANDLE Server, Client;
    volatile LONG NextWriter, Received, Wrong, Failed;
    volatile UCHAR Seen[WRITERS][MESSAGES];
} CROWD;

/* ---- Threads ---- */
static PVOID Start(PKSTART_ROUTINE Routine, PVOID Context)
{
    HANDLE handle;
    PVOID thread = NULL;

    PipesStatus(PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, Routine, Context), STATUS_SUCCESS, "a thread");
    ObReferenceObjectByHandle(handle, SYNCHRONIZE, *PsThreadType, KernelMode, &thread, NULL);
    ZwClose(handle);
    return thread;
}

static VOID Join(PVOID Thread)
{
    KeWaitForSingleObject(Thread, Executive, KernelMode, FALSE, NULL);
    ObDereferenceObject(Thread);
}

/* ---- Messages ---- */
static VOID Fill(MESSAGE *Message, ULONG Writer, ULONG Number)
{
    ULONG i;

    Message->Writer = Writer;
    Message->Number = Number;
    Message->Length = FIELD_OFFSET(MESSAGE, Bytes) + (Writer * 7 + Number) % sizeof(Message->Bytes);
    for (i = 0; i < Message->Length - FIELD_OFFSET(MESSAGE, Bytes); i++)
        Message->Bytes[i] = (UCHAR)(Writer + Number + i);
}

static VOID Receive(CROWD *Crowd, const MESSAGE *Message, ULONG Bytes)
{
    MESSAGE wanted;

    InterlockedIncrement(&Crowd->Received);
    if (Bytes < FIELD_OFFSET(MESSAGE, Bytes) || Message->Writer >= WRITERS || Message->Number >= MESSAGES) {
        InterlockedIncrement(&Crowd->Wrong);
        return;
    }
    Fill(&wanted, Message->Writer, Message->Number);
    if (Bytes != wanted.Length || RtlCompareMemory(&wanted, Message, Bytes) != Bytes ||
        Crowd->Seen[Message->Writer][Message->Number]++ != 0)
        InterlockedIncrement(&Crowd->Wrong);
}

static VOID NTAPI Writer(PVOID Context)
{
    CROWD *crowd = Context;
    ULONG writer = (ULONG)InterlockedIncrement(&crowd->NextWriter) - 1, i;
    MESSAGE message;

    for (i = 0; i < MESSAGES; i++) {
        Fill(&message, writer, i);
        if (PipesWrite(crowd->Client, &message, message.Length, NULL) != STATUS_SUCCESS)
            InterlockedIncrement(&crowd->Failed);
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

/* Until an empty message, which says that there are no more. */
static VOID NTAPI Reader(PVOID Context)
{
    CROWD *crowd = Context;
    MESSAGE message;
    ULONG bytes;

    while (TRUE) {
        if (PipesRead(crowd->Server, &message, sizeof(message), &bytes) != STATUS_SUCCESS) {
            InterlockedIncrement(&crowd->Failed);
            break;
        }
        if (bytes == 0)
            break;
        Receive(crowd, &message, bytes);
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID CheckCrowd(CROWD *Crowd, PCSTR What)
{
    PipesCheck(Crowd->Received == WRITERS * MESSAGES && Crowd->Wrong == 0 && Crowd->Failed == 0, What);
}

static VOID TestCrowd(CROWD *Crowd)
{
    PVOID writers[WRITERS], readers[2];
    PIPES_HOW how = PipesMessages;
    ULONG i;

    how.Inbound = 100;                           /* two messages at most: writers wait */
    if (!PipesPair(NAME, &how, &Crowd->Server, &Crowd->Client))
        return;
    for (i = 0; i < 2; i++)
        readers[i] = Start(Reader, Crowd);
    for (i = 0; i < WRITERS; i++)
        writers[i] = Start(Writer, Crowd);
    for (i = 0; i < WRITERS; i++)
        Join(writers[i]);
    for (i = 0; i < 2; i++)
        PipesStatus(PipesWrite(Crowd->Client, "", 0, NULL), STATUS_SUCCESS, "the end");
    for (i = 0; i < 2; i++)
        Join(readers[i]);
    CheckCrowd(Crowd, "each message once and whole");
    PipesClose(Crowd->Server, Crowd->Client);
}

/* ---- Cancelling ---- */
/* Reads are cancelled while messages come: what a cancelled one did not take, another does. */
static VOID NTAPI CancellingReader(PVOID Context)
{
    CROWD *crowd = Context;
    PIPES_REQUEST requests[4];
    MESSAGE messages[4];
    IO_STATUS_BLOCK result;
    BOOLEAN ended = FALSE;
    ULONG bytes, i;

    while (!ended) {
        for (i = 0; i < 4; i++)
            PipesBeginRead(crowd->Server, &messages[i], sizeof(messages[i]), &requests[i]);
        ZwCancelIoFile(crowd->Server, &result);
        for (i = 0; i < 4; i++) {
            NTSTATUS status = PipesEnd(&requests[i], &bytes);
            if (status == STATUS_CANCELLED)
                continue;
            if (status != STATUS_SUCCESS)
                InterlockedIncrement(&crowd->Failed);
            else if (bytes == 0)
                ended = TRUE;
            else
                Receive(crowd, &messages[i], bytes);
        }
        if (crowd->Failed != 0)
            break;
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID TestCancelledReads(CROWD *Crowd)
{
    PVOID writers[WRITERS], reader;
    PIPES_HOW how = PipesMessages;
    ULONG i;

    how.Inbound = 100;
    if (!PipesPair(NAME, &how, &Crowd->Server, &Crowd->Client))
        return;
    reader = Start(CancellingReader, Crowd);
    for (i = 0; i < WRITERS; i++)
        writers[i] = Start(Writer, Crowd);
    for (i = 0; i < WRITERS; i++)
        Join(writers[i]);
    PipesStatus(PipesWrite(Crowd->Client, "", 0, NULL), STATUS_SUCCESS, "the end");
    Join(reader);
    CheckCrowd(Crowd, "each message once, in spite of cancelled reads");
    PipesClose(Crowd->Server, Crowd->Client);
}

/* Writes that wait are cancelled while they are read: the reader sees what succeeded, and nothing of what was cancelled. */
static VOID NTAPI CancellingWriter(PVOID Context)
{
    CROWD *crowd = Context;
    PIPES_REQUEST requests[4];
    MESSAGE messages[4];
    IO_STATUS_BLOCK result;
    ULONG i, j, bytes;

    for (i = 0; i < MESSAGES; i += 4) {
        for (j = 0; j < 4; j++) {
            Fill(&messages[j], 0, i + j);
            PipesBeginWrite(crowd->Client, &messages[j], messages[j].Length, &requests[j]);
        }
        ZwCancelIoFile(crowd->Client, &result);
        for (j = 0; j < 4; j++) {
            NTSTATUS status = PipesEnd(&requests[j], &bytes);
            if (status == STATUS_SUCCESS)
                crowd->Seen[1][i + j] = 1;       /* the reader must have got it */
            else if (status != STATUS_CANCELLED)
                InterlockedIncrement(&crowd->Failed);
        }
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID TestCancelledWrites(CROWD *Crowd)
{
    PVOID writer, reader;
    PIPES_HOW how = PipesMessages;
    BOOLEAN same = TRUE;
    ULONG i;

    how.Inbound = 60;
    if (!PipesPair(NAME, &how, &Crowd->Server, &Crowd->Client))
        return;
    reader = Start(Reader, Crowd);
    writer = Start(CancellingWriter, Crowd);
    Join(writer);
    PipesStatus(PipesWrite(Crowd->Client, "", 0, NULL), STATUS_SUCCESS, "the end");
    Join(reader);
    for (i = 0; i < MESSAGES; i++)
        same = same && Crowd->Seen[0][i] == Crowd->Seen[1][i];
    PipesCheck(same && Crowd->Wrong == 0 && Crowd->Failed == 0, "what was written arrived, what was cancelled did not");
    PipesClose(Crowd->Server, Crowd->Client);
}

/* ---- Disconnecting ---- */
#define CONNECTIONS 60

/* Serves one instance: some clients are cast off in the middle of what they write. */
static VOID NTAPI Server(PVOID Context)
{
    CROWD *crowd = Context;
    UCHAR buffer[16];
    NTSTATUS status;
    ULONG i;

    for (i = 0; i < CONNECTIONS; i++) {
        status = PipesControl(crowd->Server, FSCTL_PIPE_LISTEN, NULL, 0, NULL, 0, NULL);
        if (status != STATUS_SUCCESS && status != STATUS_PIPE_CONNECTED && status != STATUS_PIPE_CLOSING)
            InterlockedIncrement(&crowd->Failed);
        status = PipesRead(crowd->Server, buffer, sizeof(buffer), NULL);
        if (NT_ERROR(status) && status != STATUS_PIPE_BROKEN)
            InterlockedIncrement(&crowd->Wrong);
        status = PipesControl(crowd->Server, FSCTL_PIPE_DISCONNECT, NULL, 0, NULL, 0, NULL);
        if (status != STATUS_SUCCESS)
            InterlockedIncrement(&crowd->Failed);
        InterlockedIncrement(&crowd->Received);
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static BOOLEAN IsEnd(NTSTATUS Status)
{
    return Status == STATUS_SUCCESS || Status == STATUS_PIPE_DISCONNECTED || Status == STATUS_PIPE_BROKEN || Status == STATUS_PIPE_CLOSING;
}

static NTSTATUS WaitForInstance(HANDLE System)
{
    struct {
        FILE_PIPE_WAIT_FOR_BUFFER Wait;
        WCHAR Room[8];
    } wait = { { { .QuadPart = -1000000 }, 14, TRUE, { 0 } }, { 0 } };

    RtlCopyMemory(wait.Wait.Name, L"Threads", 14);
    return PipesControl(System, FSCTL_PIPE_WAIT, &wait, FIELD_OFFSET(FILE_PIPE_WAIT_FOR_BUFFER, Name) + 14, NULL, 0, NULL);
}

/* Comes again and again until the servers have had enough. */
static VOID NTAPI Client(PVOID Context)
{
    CROWD *crowd = Context;
    HANDLE file, system;
    ULONG i;

    PipesStatus(PipesOpen(NULL, PIPES_DEVICE, GENERIC_READ | SYNCHRONIZE, 0, &system), STATUS_SUCCESS, "the file system");
    while (crowd->Received < 2 * CONNECTIONS) {
        NTSTATUS status = PipesOpen(NULL, NAME, PIPES_BOTH, 0, &file);
        if (status == STATUS_PIPE_NOT_AVAILABLE) {
            status = WaitForInstance(system);
            if (status != STATUS_SUCCESS && status != STATUS_IO_TIMEOUT)
                InterlockedIncrement(&crowd->Failed);
            continue;
        }
        if (status != STATUS_SUCCESS) {
            InterlockedIncrement(&crowd->Failed);
            break;
        }
        for (i = 0; i < 3; i++)
            if (!IsEnd(PipesWrite(file, "0123456789abcdef0123", 20, NULL)))
                InterlockedIncrement(&crowd->Failed);
        ZwClose(file);
    }
    ZwClose(system);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID TestDisconnects(CROWD *Crowd)
{
    CROWD other;
    PIPES_HOW how = PipesMessages;
    PVOID clients[3], servers[2];
    ULONG i;

    RtlZeroMemory(&other, sizeof(other));
    PipesStatus(PipesCreate(NAME, &how, &Crowd->Server), STATUS_SUCCESS, "one instance");
    how.Disposition = FILE_OPEN;
    PipesStatus(PipesCreate(NAME, &how, &Crowd->Client), STATUS_SUCCESS, "another");
    other.Server = Crowd->Client;
    for (i = 0; i < 3; i++)
        clients[i] = Start(Client, Crowd);
    servers[0] = Start(Server, Crowd);
    servers[1] = Start(Server, &other);
    Join(servers[1]);
    InterlockedExchangeAdd(&Crowd->Received, CONNECTIONS);
    Join(servers[0]);
    for (i = 0; i < 3; i++)
        Join(clients[i]);
    PipesCheck(Crowd->Wrong == 0 && Crowd->Failed == 0 && other.Wrong == 0 && other.Failed == 0, "clients and servers agree");
    PipesClose(Crowd->Server, other.Server);
}

VOID PipesTestThreads(VOID)
{
    static VOID (*const tests[])(CROWD *) = { TestCrowd, TestCancelledReads, TestCancelledWrites, TestDisconnects };
    CROWD *crowd = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*crowd), 'tseT');
    ULONG i;

    if (crowd == NULL) {
        PipesCheck(FALSE, "memory");
        return;
    }
    for (i = 0; i < RTL_NUMBER_OF(tests); i++) {
        RtlZeroMemory(crowd, sizeof(*crowd));
        tests[i](crowd);
    }
    ExFreePoolWithTag(crowd, 'tseT');
}

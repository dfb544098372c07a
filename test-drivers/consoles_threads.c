/* SPDX-License-Identifier: MIT
 * Many at once: who types, who reads, who cancels, who writes and opens, on all processors.
 */
#include "consoles.h"

#define ROUNDS 200
#define LINES 300

static volatile LONG Lines, Cancelled, Wrong, Readers;

static PVOID Start(PKSTART_ROUTINE Routine)
{
    HANDLE handle;
    PVOID thread = NULL;

    ConsolesStatus(PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, Routine, NULL), STATUS_SUCCESS, "a thread");
    ObReferenceObjectByHandle(handle, SYNCHRONIZE, *PsThreadType, KernelMode, &thread, NULL);
    ZwClose(handle);
    return thread;
}

static VOID Join(PVOID Thread)
{
    KeWaitForSingleObject(Thread, Executive, KernelMode, FALSE, NULL);
    ObDereferenceObject(Thread);
}

/* Reads lines until LINES were read by all: "ab" and the end, whoever types at the same time. */
static VOID NTAPI Reader(PVOID Context)
{
    HANDLE input = ConsolesOpen(NULL, CONSOLE L"Input", FALSE);
    WCHAR text[16];
    ULONG bytes;

    while (InterlockedIncrement(&Lines) <= LINES) {
        NTSTATUS status = ConsolesControl(input, GET(10), NULL, 0, text, sizeof(text), &bytes);
        if (status != STATUS_SUCCESS || bytes != 8 || text[0] != 'a' || text[1] != 'b')
            InterlockedIncrement(&Wrong);
    }
    ZwClose(input);
    InterlockedDecrement(&Readers);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI Typist(PVOID Context)
{
    HANDLE input = ConsolesOpen(NULL, CONSOLE L"Input", FALSE);
    CONSOLE_RECORD keys[3] = { { 1, 0, TRUE, 1, 'A', 0, 'a', 0 }, { 1, 0, TRUE, 1, 'B', 0, 'b', 0 }, { 1, 0, TRUE, 1, 0x0D, 0, '\r', 0 } };
    ULONG i;

    for (i = 0; i < LINES / 2; i++)
        while (ConsolesControl(input, SET(13), keys, sizeof(keys), NULL, 0, NULL) == STATUS_INSUFFICIENT_RESOURCES)
            ZwYieldExecution();
    ZwClose(input);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID TestTyping(VOID)
{
    PVOID threads[4];
    ULONG i;

    Readers = 2;
    for (i = 0; i < RTL_NUMBER_OF(threads); i++)
        threads[i] = Start(i < 2 ? Reader : Typist);
    for (i = 0; i < RTL_NUMBER_OF(threads); i++)
        Join(threads[i]);
    ConsolesCheck(Wrong == 0, "each line went to one reader, whole");
}

/* A read that waits is cancelled by its handle's end, over and over. */
static VOID NTAPI Canceller(PVOID Context)
{
    WCHAR text[8];
    ULONG i;

    for (i = 0; i < ROUNDS; i++) {
        HANDLE input = ConsolesOpen(NULL, CONSOLE L"Input", TRUE);
        CONSOLE_REQUEST read;
        IO_STATUS_BLOCK result;
        ConsolesBegin(input, GET(10), NULL, 0, text, sizeof(text), &read);
        if (i & 1)
            ZwCancelIoFile(input, &result);
        ZwClose(input);
        if (ConsolesEnd(&read, NULL) == STATUS_CANCELLED)
            InterlockedIncrement(&Cancelled);
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

/* Keys that end no line, so that each read is looked at while it is cancelled. */
static VOID NTAPI Disturber(PVOID Context)
{
    HANDLE input = ConsolesOpen(NULL, CONSOLE L"Input", FALSE);
    ULONG i;

    for (i = 0; i < ROUNDS; i++) {
        ConsolesKey(input, 'Q', 'q', 0);
        ConsolesControl(input, ASK(21), NULL, 0, NULL, 0, NULL);
    }
    ZwClose(input);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI Writer(PVOID Context)
{
    HANDLE reference = ConsolesOpen(NULL, CONSOLE L"Reference", FALSE);
    ULONG i;

    for (i = 0; i < ROUNDS; i++) {
        HANDLE output = ConsolesOpen(reference, L"ScreenBuffer", FALSE), connection = ConsolesOpen(reference, L"Connection", TRUE);
        ConsolesWrite(output, L"words\r\n");
        if (i % 50 == 0)
            ConsolesControl(output, SET(36), NULL, 0, NULL, 0, NULL);
        ZwClose(connection);
        ZwClose(output);
    }
    ZwClose(reference);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID TestCancelling(VOID)
{
    PVOID threads[4] = { Start(Canceller), Start(Canceller), Start(Disturber), Start(Writer) };
    ULONG i;

    for (i = 0; i < RTL_NUMBER_OF(threads); i++)
        Join(threads[i]);
    ConsolesCheck(Cancelled == 2 * ROUNDS, "each read was cancelled once");
}

VOID ConsolesTestThreads(VOID)
{
    TestTyping();
    TestCancelling();
}

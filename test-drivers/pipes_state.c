/* SPDX-License-Identifier: MIT
 * The states of a pipe: listening, connected, closing, disconnected; waiting for it; and what it is asked by control codes.
 */
#include "pipes.h"

#define NAME PIPES_DEVICE L"\\State"

static NTSTATUS Do(HANDLE File, ULONG Code)
{
    return PipesControl(File, Code, NULL, 0, NULL, 0, NULL);
}

/* ---- States ---- */
static VOID TestListening(VOID)
{
    HANDLE server, client, other;
    PIPES_REQUEST listen;
    UCHAR buffer[4];

    PipesStatus(PipesCreate(NAME, &PipesBytes, &server), STATUS_SUCCESS, "a pipe");
    PipesCheck(PipesLocal(server).NamedPipeState == FILE_PIPE_LISTENING_STATE, "it listens at once");
    PipesStatus(PipesRead(server, buffer, 4, NULL), STATUS_PIPE_LISTENING, "read from nobody");
    PipesStatus(PipesWrite(server, "x", 1, NULL), STATUS_PIPE_LISTENING, "write to nobody");
    PipesBeginControl(server, FSCTL_PIPE_LISTEN, NULL, 0, NULL, 0, &listen);
    PipesCheck(PipesIsPending(&listen), "wait for somebody");
    PipesStatus(PipesOpen(NULL, NAME, PIPES_BOTH, 0, &client), STATUS_SUCCESS, "somebody");
    PipesStatus(PipesEnd(&listen, NULL), STATUS_SUCCESS, "connected");
    PipesStatus(PipesOpen(NULL, NAME, PIPES_BOTH, 0, &other), STATUS_PIPE_NOT_AVAILABLE, "nobody listens any more");
    PipesStatus(Do(server, FSCTL_PIPE_LISTEN), STATUS_PIPE_CONNECTED, "listen while connected");
    PipesStatus(Do(client, FSCTL_PIPE_LISTEN), STATUS_ILLEGAL_FUNCTION, "clients do not listen");
    PipesStatus(Do(client, FSCTL_PIPE_DISCONNECT), STATUS_ILLEGAL_FUNCTION, "nor disconnect");
    PipesCheck(PipesLocal(client).NamedPipeEnd == FILE_PIPE_CLIENT_END && PipesLocal(server).NamedPipeEnd == FILE_PIPE_SERVER_END, "ends");
    PipesClose(server, client);
}

/* What was written may be read after the writer has gone. */
static VOID TestClosing(VOID)
{
    HANDLE server, client;
    PIPES_REQUEST read, write;
    UCHAR buffer[32];
    ULONG bytes;

    if (!PipesPair(NAME, &PipesBytes, &server, &client))
        return;
    PipesStatus(PipesWrite(client, "last words", 10, NULL), STATUS_SUCCESS, "write");
    PipesBeginWrite(server, "0123456789abcdefghij", 20, &write);
    PipesCheck(PipesIsPending(&write), "the server writes too much");
    ZwClose(client);
    PipesStatus(PipesEnd(&write, NULL), STATUS_PIPE_BROKEN, "nobody reads it any more");
    PipesCheck(PipesLocal(server).NamedPipeState == FILE_PIPE_CLOSING_STATE, "closing");
    PipesStatus(PipesWrite(server, "x", 1, NULL), STATUS_PIPE_CLOSING, "write to who is gone");
    PipesStatus(Do(server, FSCTL_PIPE_LISTEN), STATUS_PIPE_CLOSING, "listen before disconnecting");
    PipesStatus(PipesRead(server, buffer, 32, &bytes), STATUS_SUCCESS, "the last words");
    PipesCheck(bytes == 10, "all of them");
    PipesStatus(PipesRead(server, buffer, 32, NULL), STATUS_PIPE_BROKEN, "no more");
    PipesStatus(Do(server, FSCTL_PIPE_DISCONNECT), STATUS_SUCCESS, "disconnect");
    ZwClose(server);
    if (!PipesPair(NAME, &PipesBytes, &server, &client))
        return;
    PipesBeginRead(client, buffer, 32, &read);
    PipesCheck(PipesIsPending(&read), "the client reads");
    ZwClose(server);
    PipesStatus(PipesEnd(&read, NULL), STATUS_PIPE_BROKEN, "the server is gone");
    PipesStatus(PipesOpen(NULL, NAME, PIPES_BOTH, 0, &server), STATUS_PIPE_NOT_AVAILABLE, "the instance is there until its client goes");
    ZwClose(client);
    PipesStatus(PipesOpen(NULL, NAME, PIPES_BOTH, 0, &server), STATUS_OBJECT_NAME_NOT_FOUND, "now it is not");
}

static VOID TestDisconnecting(VOID)
{
    HANDLE server, client, next;
    PIPES_REQUEST read, write;
    UCHAR buffer[32];

    if (!PipesPair(NAME, &PipesBytes, &server, &client))
        return;
    PipesBeginRead(client, buffer, 8, &read);
    PipesBeginWrite(client, "0123456789abcdefghij", 20, &write);
    PipesCheck(PipesIsPending(&read) && PipesIsPending(&write), "the client is busy");
    PipesStatus(Do(server, FSCTL_PIPE_DISCONNECT), STATUS_SUCCESS, "disconnect it");
    PipesStatus(PipesEnd(&read, NULL), STATUS_PIPE_DISCONNECTED, "its read");
    PipesStatus(PipesEnd(&write, NULL), STATUS_PIPE_DISCONNECTED, "its write");
    PipesStatus(PipesRead(client, buffer, 8, NULL), STATUS_PIPE_DISCONNECTED, "cast off");
    PipesStatus(PipesRead(server, buffer, 8, NULL), STATUS_PIPE_DISCONNECTED, "the server, too");
    PipesStatus(Do(server, FSCTL_PIPE_DISCONNECT), STATUS_PIPE_DISCONNECTED, "once is enough");
    PipesStatus(PipesOpen(NULL, NAME, PIPES_BOTH, 0, &next), STATUS_PIPE_NOT_AVAILABLE, "it does not listen");
    PipesStatus(PipesSetMode(server, FILE_PIPE_BYTE_STREAM_MODE, FILE_PIPE_COMPLETE_OPERATION), STATUS_SUCCESS, "do not wait");
    PipesStatus(Do(server, FSCTL_PIPE_LISTEN), STATUS_SUCCESS, "listen again");
    PipesStatus(Do(server, FSCTL_PIPE_LISTEN), STATUS_PIPE_LISTENING, "it does");
    PipesStatus(PipesOpen(NULL, NAME, PIPES_BOTH, 0, &next), STATUS_SUCCESS, "the next client");
    PipesStatus(PipesWrite(next, "hello", 5, NULL), STATUS_SUCCESS, "it can write");
    PipesStatus(PipesWrite(client, "x", 1, NULL), STATUS_PIPE_DISCONNECTED, "the old one cannot");
    ZwClose(client);
    PipesCheck(PipesLocal(server).ReadDataAvailable == 5, "and takes nothing along");
    PipesClose(server, next);
}

static VOID TestFlush(VOID)
{
    HANDLE server, client;
    PIPES_REQUEST flush;
    UCHAR buffer[8];

    if (!PipesPair(NAME, &PipesBytes, &server, &client))
        return;
    PipesStatus(Do(client, FSCTL_PIPE_FLUSH), STATUS_SUCCESS, "nothing to flush");
    PipesStatus(PipesWrite(client, "abcd", 4, NULL), STATUS_SUCCESS, "write");
    PipesBeginControl(client, FSCTL_PIPE_FLUSH, NULL, 0, NULL, 0, &flush);
    PipesStatus(PipesWrite(client, "ef", 2, NULL), STATUS_SUCCESS, "write more");
    PipesStatus(PipesRead(server, buffer, 3, NULL), STATUS_SUCCESS, "read a part");
    PipesCheck(PipesIsPending(&flush), "not all was read");
    PipesStatus(PipesRead(server, buffer, 1, NULL), STATUS_SUCCESS, "read the rest");
    PipesStatus(PipesEnd(&flush, NULL), STATUS_SUCCESS, "what was before it was read");
    PipesClose(server, client);
}

VOID PipesTestStates(VOID)
{
    TestListening();
    TestClosing();
    TestDisconnecting();
    TestFlush();
}

/* ---- Waiting for a pipe ---- */
typedef struct WAIT {
    FILE_PIPE_WAIT_FOR_BUFFER Wait;
    WCHAR Room[16];
} WAIT;

static ULONG FillWait(WAIT *Wait, PCWSTR Name, LONGLONG Timeout)
{
    UNICODE_STRING name;

    RtlInitUnicodeString(&name, Name);
    Wait->Wait.TimeoutSpecified = Timeout != 0;
    Wait->Wait.Timeout.QuadPart = Timeout;
    Wait->Wait.NameLength = name.Length;
    RtlCopyMemory(Wait->Wait.Name, name.Buffer, name.Length);
    return FIELD_OFFSET(FILE_PIPE_WAIT_FOR_BUFFER, Name) + name.Length;
}

VOID PipesTestWait(VOID)
{
    HANDLE system, other, server, client;
    PIPES_REQUEST request;
    IO_STATUS_BLOCK result;
    WAIT wait;
    ULONG length = FillWait(&wait, L"State", 0);

    PipesStatus(PipesOpen(NULL, PIPES_DEVICE, GENERIC_READ | SYNCHRONIZE, 0, &system), STATUS_SUCCESS, "the file system");
    PipesStatus(PipesControl(system, FSCTL_PIPE_WAIT, &wait, length, NULL, 0, NULL), STATUS_OBJECT_NAME_NOT_FOUND, "wait for nothing");
    PipesStatus(PipesControl(system, FSCTL_PIPE_WAIT, &wait, 4, NULL, 0, NULL), STATUS_INVALID_PARAMETER, "half a request");
    PipesStatus(PipesCreate(NAME, &PipesBytes, &server), STATUS_SUCCESS, "a pipe");
    PipesStatus(PipesControl(system, FSCTL_PIPE_WAIT, &wait, length, NULL, 0, NULL), STATUS_SUCCESS, "it listens");
    PipesStatus(PipesOpen(NULL, NAME, PIPES_BOTH, 0, &client), STATUS_SUCCESS, "a client");
    length = FillWait(&wait, L"State", -100000);
    PipesStatus(PipesControl(system, FSCTL_PIPE_WAIT, &wait, length, NULL, 0, NULL), STATUS_IO_TIMEOUT, "it does not, for a while");
    length = FillWait(&wait, L"State", MINLONGLONG);
    PipesBeginControl(system, FSCTL_PIPE_WAIT, &wait, length, NULL, 0, &request);
    PipesCheck(PipesIsPending(&request), "wait");
    PipesStatus(PipesCreate(NAME, &(PIPES_HOW){ PIPES_DUPLEX, FILE_OPEN, 0, 0, 0, 4, 16, 16 }, &other), STATUS_SUCCESS, "another");
    PipesStatus(PipesEnd(&request, NULL), STATUS_SUCCESS, "which listens");
    ZwClose(other);
    PipesBeginControl(system, FSCTL_PIPE_WAIT, &wait, length, NULL, 0, &request);
    PipesCheck(PipesIsPending(&request), "wait again");
    PipesStatus(ZwCancelIoFile(system, &result), STATUS_SUCCESS, "cancel");
    PipesStatus(PipesEnd(&request, NULL), STATUS_CANCELLED, "cancelled");
    PipesBeginControl(system, FSCTL_PIPE_WAIT, &wait, length, NULL, 0, &request);
    ZwClose(client);
    ZwClose(server);
    PipesStatus(PipesEnd(&request, NULL), STATUS_OBJECT_NAME_NOT_FOUND, "the pipe is gone");
    ZwClose(system);
}

/* ---- Control codes ---- */
static VOID TestPeek(HANDLE Server, HANDLE Client)
{
    UCHAR space[64];
    PFILE_PIPE_PEEK_BUFFER peek = (PFILE_PIPE_PEEK_BUFFER)space;
    ULONG bytes, head = FIELD_OFFSET(FILE_PIPE_PEEK_BUFFER, Data);

    PipesStatus(PipesControl(Server, FSCTL_PIPE_PEEK, NULL, 0, space, sizeof(space), &bytes), STATUS_SUCCESS, "peek at nothing");
    PipesCheck(bytes == head && peek->ReadDataAvailable == 0 && peek->NumberOfMessages == 0, "nothing");
    PipesStatus(PipesWrite(Client, "one", 3, NULL), STATUS_SUCCESS, "a message");
    PipesStatus(PipesWrite(Client, "three", 5, NULL), STATUS_SUCCESS, "another");
    PipesStatus(PipesControl(Server, FSCTL_PIPE_PEEK, NULL, 0, space, sizeof(space), &bytes), STATUS_SUCCESS, "peek");
    PipesCheck(bytes == head + 3 && peek->ReadDataAvailable == 8 && peek->NumberOfMessages == 2 && peek->MessageLength == 3 &&
                   peek->NamedPipeState == FILE_PIPE_CONNECTED_STATE && RtlCompareMemory(peek->Data, "one", 3) == 3,
               "the first of two");
    PipesStatus(PipesControl(Server, FSCTL_PIPE_PEEK, NULL, 0, space, head + 2, &bytes), STATUS_BUFFER_OVERFLOW, "peek at a part");
    PipesCheck(bytes == head + 2, "two bytes");
    PipesStatus(PipesControl(Server, FSCTL_PIPE_PEEK, NULL, 0, space, head - 1, &bytes), STATUS_BUFFER_TOO_SMALL, "no room");
    PipesStatus(PipesRead(Server, space, sizeof(space), &bytes), STATUS_SUCCESS, "it is still there");
    PipesCheck(bytes == 3, "all of it");
    PipesStatus(PipesRead(Server, space, sizeof(space), &bytes), STATUS_SUCCESS, "the other, too");
}

static VOID TestTransceive(HANDLE Server, HANDLE Client)
{
    PIPES_REQUEST request;
    UCHAR question[64], answer[8];
    ULONG bytes;

    PipesStatus(PipesControl(Client, FSCTL_PIPE_TRANSCEIVE, "2+2", 3, answer, sizeof(answer), NULL), STATUS_INVALID_READ_MODE,
                "a client begins in byte mode");
    PipesStatus(PipesSetMode(Client, FILE_PIPE_MESSAGE_MODE, FILE_PIPE_QUEUE_OPERATION), STATUS_SUCCESS, "message mode");
    PipesBeginControl(Client, FSCTL_PIPE_TRANSCEIVE, "what is two and two, more than fits?", 36, answer, sizeof(answer), &request);
    PipesCheck(PipesIsPending(&request), "a question");
    PipesStatus(PipesRead(Server, question, sizeof(question), &bytes), STATUS_SUCCESS, "it comes whole");
    PipesCheck(bytes == 36, "however long");
    PipesStatus(PipesWrite(Server, "four, I think", 13, NULL), STATUS_SUCCESS, "the answer");
    PipesStatus(PipesEnd(&request, &bytes), STATUS_BUFFER_OVERFLOW, "its beginning");
    PipesCheck(bytes == 8 && RtlCompareMemory(answer, "four, I ", 8) == 8, "as much as fits");
    PipesStatus(PipesControl(Client, FSCTL_PIPE_TRANSCEIVE, "?", 1, answer, sizeof(answer), NULL), STATUS_PIPE_BUSY, "unread data");
    PipesStatus(PipesRead(Client, answer, sizeof(answer), &bytes), STATUS_SUCCESS, "its rest");
    PipesCheck(bytes == 5, "the rest");
}

static VOID TestAttributes(HANDLE Server, HANDLE Client)
{
    FILE_PIPE_CLIENT_PROCESS_BUFFER process = { 0 };
    SECURITY_IMPERSONATION_LEVEL level = SecurityAnonymous;
    BOOLEAN copy, effective;
    PACCESS_TOKEN token;
    ULONG value = 77;

    PipesStatus(PipesControl(Server, FSCTL_PIPE_GET_CONNECTION_ATTRIBUTE, "ClientProcessId", 16, &value, 4, NULL), STATUS_SUCCESS,
                "whose client");
    PipesCheck(value == HandleToULong(PsGetCurrentProcessId()), "ours");
    value = 77;
    PipesStatus(PipesControl(Client, FSCTL_PIPE_GET_PIPE_ATTRIBUTE, "ServerProcessId", 16, &value, 4, NULL), STATUS_SUCCESS,
                "whose server");
    PipesCheck(value == HandleToULong(PsGetCurrentProcessId()), "ours");
    PipesStatus(PipesControl(Client, FSCTL_PIPE_GET_PIPE_ATTRIBUTE, "ServerSessionId", 16, &value, 4, NULL), STATUS_SUCCESS, "session");
    PipesCheck(value == 0, "the first");
    PipesStatus(PipesControl(Client, FSCTL_PIPE_GET_PIPE_ATTRIBUTE, "Colour", 7, &value, 4, NULL), STATUS_NOT_FOUND, "no colour");
    PipesStatus(PipesControl(Server, FSCTL_PIPE_QUERY_CLIENT_PROCESS, NULL, 0, &process, sizeof(process), NULL), STATUS_SUCCESS, "who");
    PipesCheck(process.ClientProcess == PsGetCurrentProcessId(), "this process");
    PipesStatus(Do(Client, FSCTL_PIPE_IMPERSONATE), STATUS_ILLEGAL_FUNCTION, "clients do not impersonate");
    PipesStatus(Do(Server, FSCTL_PIPE_IMPERSONATE), STATUS_SUCCESS, "impersonate");
    token = PsReferenceImpersonationToken(PsGetCurrentThread(), &copy, &effective, &level);
    PipesCheck(token != NULL && level == SecurityImpersonation, "as the client");
    if (token != NULL)
        PsDereferenceImpersonationToken(token);
    PsRevertToSelf();
}

static VOID TestEvents(HANDLE Server, HANDLE Client)
{
    FILE_PIPE_ASSIGN_EVENT_BUFFER assign = { NULL, 42 };
    FILE_PIPE_EVENT_BUFFER told[4];
    OBJECT_ATTRIBUTES attributes;
    LARGE_INTEGER none = { .QuadPart = 0 };
    UCHAR buffer[8];
    ULONG bytes;

    InitializeObjectAttributes(&attributes, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    PipesStatus(ZwCreateEvent(&assign.EventHandle, EVENT_ALL_ACCESS, &attributes, SynchronizationEvent, FALSE), STATUS_SUCCESS, "an event");
    PipesStatus(PipesControl(Server, FSCTL_PIPE_ASSIGN_EVENT, &assign, sizeof(assign), NULL, 0, NULL), STATUS_SUCCESS, "assign it");
    PipesCheck(ZwWaitForSingleObject(assign.EventHandle, FALSE, &none) == STATUS_TIMEOUT, "nothing yet");
    PipesStatus(PipesWrite(Client, "news", 4, NULL), STATUS_SUCCESS, "news");
    PipesCheck(ZwWaitForSingleObject(assign.EventHandle, FALSE, &none) == STATUS_SUCCESS, "it tells");
    PipesStatus(PipesControl(Server, FSCTL_PIPE_QUERY_EVENT, &assign.EventHandle, sizeof(HANDLE), told, sizeof(told), &bytes),
                STATUS_SUCCESS, "what it tells of");
    PipesCheck(bytes == 2 * sizeof(told[0]) && told[0].EntryType == FILE_PIPE_READ_DATA && told[0].ByteCount == 4 &&
                   told[0].KeyValue == 42 && told[1].EntryType == FILE_PIPE_WRITE_SPACE && told[1].ByteCount == 16,
               "data and room");
    PipesStatus(PipesRead(Server, buffer, 8, NULL), STATUS_SUCCESS, "the news");
    ZwClose(assign.EventHandle);
}

VOID PipesTestControls(VOID)
{
    HANDLE server, client;
    UCHAR space[32];
    FILE_STANDARD_INFORMATION standard;
    IO_STATUS_BLOCK result;

    if (!PipesPair(NAME, &PipesMessages, &server, &client))
        return;
    TestPeek(server, client);
    TestTransceive(server, client);
    TestAttributes(server, client);
    TestEvents(server, client);
    PipesStatus(PipesWrite(client, "abc", 3, NULL), STATUS_SUCCESS, "three bytes");
    PipesStatus(ZwQueryInformationFile(server, &result, &standard, sizeof(standard), FileStandardInformation), STATUS_SUCCESS, "sizes");
    PipesCheck(standard.EndOfFile.QuadPart == 3 && !standard.Directory, "what can be read");
    PipesStatus(ZwQueryInformationFile(server, &result, space, sizeof(space), FilePipeRemoteInformation), STATUS_INVALID_INFO_CLASS,
                "it is not remote");
    PipesStatus(Do(server, FSCTL_PIPE_DISCONNECT), STATUS_SUCCESS, "disconnect");
    PipesStatus(PipesControl(server, FSCTL_PIPE_PEEK, NULL, 0, space, sizeof(space), NULL), STATUS_INVALID_PIPE_STATE, "peek at nobody");
    PipesStatus(Do(server, FSCTL_PIPE_IMPERSONATE), STATUS_PIPE_DISCONNECTED, "impersonate nobody");
    PipesStatus(Do(server, FSCTL_PIPE_SET_CLIENT_PROCESS), STATUS_NOT_SUPPORTED, "what it does not know");
    PipesClose(server, client);
}

/* SPDX-License-Identifier: MIT
 * Named pipes, as a driver uses them: created, connected, read and written in both types and modes, waited for, disconnected, closed.
 */
#include "pipes.h"
#include "check.h"

DRIVER_INITIALIZE DriverEntry;

const PIPES_HOW PipesBytes = { PIPES_DUPLEX, FILE_CREATE, FILE_PIPE_BYTE_STREAM_TYPE, FILE_PIPE_BYTE_STREAM_MODE,
                               FILE_PIPE_QUEUE_OPERATION, 4, 16, 16 };
const PIPES_HOW PipesMessages = { PIPES_DUPLEX, FILE_CREATE, FILE_PIPE_MESSAGE_TYPE, FILE_PIPE_MESSAGE_MODE,
                                  FILE_PIPE_QUEUE_OPERATION, 4, 16, 16 };

VOID PipesCheck(BOOLEAN Held, PCSTR What)
{
    Check(Held, What);
}

VOID PipesStatus(NTSTATUS Status, NTSTATUS Wanted, PCSTR What)
{
    CheckStatus(Status, Wanted, What);
}

/* ---- Ends ---- */
NTSTATUS PipesCreate(PCWSTR Name, const PIPES_HOW *How, HANDLE *Server)
{
    NAMED_PIPE_CREATE_PARAMETERS parameters = { How->Type, How->Mode, How->Completion, How->Maximum, How->Inbound, How->Outbound,
                                                { .QuadPart = -10000000 }, TRUE };
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING name;
    IO_STATUS_BLOCK result;

    RtlInitUnicodeString(&name, Name);
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, How->Root, How->Security);
    return IoCreateFile(Server, How->Access != 0 ? How->Access : PIPES_BOTH, &attributes, &result, NULL, 0, How->Share,
                        How->Disposition, How->Options, NULL, 0, CreateFileTypeNamedPipe, &parameters, How->IoOptions);
}

NTSTATUS PipesOpen(HANDLE Root, PCWSTR Name, ACCESS_MASK Access, ULONG Options, HANDLE *File)
{
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING name;
    IO_STATUS_BLOCK result;

    RtlInitUnicodeString(&name, Name);
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, Root, NULL);
    return ZwOpenFile(File, Access, &attributes, &result, FILE_SHARE_READ | FILE_SHARE_WRITE, Options);
}

BOOLEAN PipesPair(PCWSTR Name, const PIPES_HOW *How, HANDLE *Server, HANDLE *Client)
{
    if (!CheckStatus(PipesCreate(Name, How, Server), STATUS_SUCCESS, "a pipe"))
        return FALSE;
    if (CheckStatus(PipesOpen(NULL, Name, PIPES_BOTH, 0, Client), STATUS_SUCCESS, "its client"))
        return TRUE;
    ZwClose(*Server);
    return FALSE;
}

VOID PipesClose(HANDLE Server, HANDLE Client)
{
    ZwClose(Client);
    ZwClose(Server);
}

/* ---- Requests ---- */
static HANDLE MakeEvent(VOID)
{
    OBJECT_ATTRIBUTES attributes;
    HANDLE event = NULL;

    InitializeObjectAttributes(&attributes, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    CheckStatus(ZwCreateEvent(&event, EVENT_ALL_ACCESS, &attributes, NotificationEvent, FALSE), STATUS_SUCCESS, "an event");
    return event;
}

VOID PipesBeginRead(HANDLE File, PVOID Buffer, ULONG Length, PIPES_REQUEST *Request)
{
    Request->Event = MakeEvent();
    Request->Status = ZwReadFile(File, Request->Event, NULL, NULL, &Request->Result, Buffer, Length, NULL, NULL);
}

VOID PipesBeginWrite(HANDLE File, const VOID *Buffer, ULONG Length, PIPES_REQUEST *Request)
{
    Request->Event = MakeEvent();
    Request->Status = ZwWriteFile(File, Request->Event, NULL, NULL, &Request->Result, (PVOID)Buffer, Length, NULL, NULL);
}

VOID PipesBeginControl(HANDLE File, ULONG Code, PVOID Input, ULONG InputLength, PVOID Output, ULONG OutputLength, PIPES_REQUEST *Request)
{
    Request->Event = MakeEvent();
    Request->Status = ZwFsControlFile(File, Request->Event, NULL, NULL, &Request->Result, Code, Input, InputLength, Output, OutputLength);
}

BOOLEAN PipesIsPending(PIPES_REQUEST *Request)
{
    LARGE_INTEGER none = { .QuadPart = 0 };
    return Request->Status == STATUS_PENDING && ZwWaitForSingleObject(Request->Event, FALSE, &none) == STATUS_TIMEOUT;
}

NTSTATUS PipesEnd(PIPES_REQUEST *Request, PULONG Bytes)
{
    NTSTATUS status = Request->Status;

    if (status == STATUS_PENDING) {
        ZwWaitForSingleObject(Request->Event, FALSE, NULL);
        status = Request->Result.Status;
    }
    ZwClose(Request->Event);
    if (Bytes != NULL)
        *Bytes = NT_ERROR(status) ? 0 : (ULONG)Request->Result.Information;
    return status;
}

NTSTATUS PipesRead(HANDLE File, PVOID Buffer, ULONG Length, PULONG Bytes)
{
    PIPES_REQUEST request;
    PipesBeginRead(File, Buffer, Length, &request);
    return PipesEnd(&request, Bytes);
}

NTSTATUS PipesWrite(HANDLE File, const VOID *Buffer, ULONG Length, PULONG Bytes)
{
    PIPES_REQUEST request;
    PipesBeginWrite(File, Buffer, Length, &request);
    return PipesEnd(&request, Bytes);
}

NTSTATUS PipesControl(HANDLE File, ULONG Code, PVOID Input, ULONG InputLength, PVOID Output, ULONG OutputLength, PULONG Bytes)
{
    PIPES_REQUEST request;
    PipesBeginControl(File, Code, Input, InputLength, Output, OutputLength, &request);
    return PipesEnd(&request, Bytes);
}

NTSTATUS PipesSetMode(HANDLE File, ULONG ReadMode, ULONG CompletionMode)
{
    FILE_PIPE_INFORMATION mode = { ReadMode, CompletionMode };
    IO_STATUS_BLOCK result;
    return ZwSetInformationFile(File, &result, &mode, sizeof(mode), FilePipeInformation);
}

FILE_PIPE_LOCAL_INFORMATION PipesLocal(HANDLE File)
{
    FILE_PIPE_LOCAL_INFORMATION local = { 0 };
    IO_STATUS_BLOCK result;

    CheckStatus(ZwQueryInformationFile(File, &result, &local, sizeof(local), FilePipeLocalInformation), STATUS_SUCCESS, "local information");
    return local;
}

/* ---- Data ---- */
static VOID TestBytes(VOID)
{
    HANDLE server, client;
    PIPES_REQUEST write;
    UCHAR buffer[32];
    ULONG bytes;

    if (!PipesPair(PIPES_DEVICE L"\\Bytes", &PipesBytes, &server, &client))
        return;
    CheckStatus(PipesWrite(client, "abcdef", 6, &bytes), STATUS_SUCCESS, "write");
    Check(bytes == 6, "all of it");
    CheckStatus(PipesWrite(client, "ghi", 3, NULL), STATUS_SUCCESS, "write more");
    Check(PipesLocal(server).ReadDataAvailable == 9 && PipesLocal(client).WriteQuotaAvailable == 7, "what there is and fits");
    CheckStatus(PipesRead(server, buffer, 4, &bytes), STATUS_SUCCESS, "read a part");
    Check(bytes == 4 && RtlCompareMemory(buffer, "abcd", 4) == 4, "the first bytes");
    CheckStatus(PipesRead(server, buffer, 32, &bytes), STATUS_SUCCESS, "read the rest");
    Check(bytes == 5 && RtlCompareMemory(buffer, "efghi", 5) == 5, "across writes");
    PipesBeginWrite(server, "0123456789abcdefghij", 20, &write);
    Check(PipesIsPending(&write), "more than fits waits");
    CheckStatus(PipesRead(client, buffer, 3, &bytes), STATUS_SUCCESS, "read three");
    Check(PipesIsPending(&write), "one too many still");
    CheckStatus(PipesRead(client, buffer, 1, &bytes), STATUS_SUCCESS, "read one");
    CheckStatus(PipesEnd(&write, &bytes), STATUS_SUCCESS, "the rest fits");
    Check(bytes == 20 && buffer[0] == '3', "the writer is told of all");
    CheckStatus(PipesRead(client, buffer, 32, &bytes), STATUS_SUCCESS, "the rest");
    Check(bytes == 16 && RtlCompareMemory(buffer, "456789abcdefghij", 16) == 16, "in order");
    PipesClose(server, client);
}

static VOID TestMessages(VOID)
{
    HANDLE server, client;
    PIPES_REQUEST read;
    UCHAR buffer[32];
    ULONG bytes;

    if (!PipesPair(PIPES_DEVICE L"\\Messages", &PipesMessages, &server, &client))
        return;
    CheckStatus(PipesWrite(client, "first", 5, NULL), STATUS_SUCCESS, "a message");
    CheckStatus(PipesWrite(client, "", 0, NULL), STATUS_SUCCESS, "an empty one");
    CheckStatus(PipesWrite(client, "second", 6, NULL), STATUS_SUCCESS, "another");
    CheckStatus(PipesRead(server, buffer, 3, &bytes), STATUS_BUFFER_OVERFLOW, "a part of a message");
    Check(bytes == 3 && RtlCompareMemory(buffer, "fir", 3) == 3, "that part");
    CheckStatus(PipesRead(server, buffer, 32, &bytes), STATUS_SUCCESS, "its rest");
    Check(bytes == 2 && buffer[0] == 's' && buffer[1] == 't', "and no more");
    CheckStatus(PipesRead(server, buffer, 32, &bytes), STATUS_SUCCESS, "the empty one");
    Check(bytes == 0, "empty");
    CheckStatus(PipesRead(server, buffer, 6, &bytes), STATUS_SUCCESS, "exactly");
    Check(bytes == 6 && RtlCompareMemory(buffer, "second", 6) == 6, "the last");
    PipesBeginRead(server, buffer, 2, &read);
    Check(PipesIsPending(&read), "nothing is there");
    CheckStatus(PipesWrite(client, "third", 5, NULL), STATUS_SUCCESS, "for who waits");
    CheckStatus(PipesEnd(&read, &bytes), STATUS_BUFFER_OVERFLOW, "its beginning");
    Check(bytes == 2 && buffer[0] == 't', "two of it");
    CheckStatus(PipesSetMode(server, FILE_PIPE_BYTE_STREAM_MODE, FILE_PIPE_QUEUE_OPERATION), STATUS_SUCCESS, "byte mode");
    CheckStatus(PipesWrite(client, "4th", 3, NULL), STATUS_SUCCESS, "one more");
    CheckStatus(PipesRead(server, buffer, 32, &bytes), STATUS_SUCCESS, "across messages");
    Check(bytes == 6 && RtlCompareMemory(buffer, "ird4th", 6) == 6, "as bytes");
    PipesClose(server, client);
}

/* Who does not wait gets what there is, and writes what fits. */
static VOID TestNonBlocking(VOID)
{
    HANDLE server, client;
    UCHAR buffer[32];
    ULONG bytes;

    if (!PipesPair(PIPES_DEVICE L"\\Quick", &PipesBytes, &server, &client))
        return;
    CheckStatus(PipesSetMode(client, FILE_PIPE_MESSAGE_MODE, FILE_PIPE_QUEUE_OPERATION), STATUS_INVALID_PARAMETER, "bytes are no messages");
    CheckStatus(PipesSetMode(client, FILE_PIPE_BYTE_STREAM_MODE, FILE_PIPE_COMPLETE_OPERATION), STATUS_SUCCESS, "do not wait");
    CheckStatus(PipesRead(client, buffer, 8, NULL), STATUS_PIPE_EMPTY, "nothing to read");
    CheckStatus(PipesWrite(client, "0123456789abcdefghij", 20, &bytes), STATUS_SUCCESS, "write too much");
    Check(bytes == 16, "what fits");
    CheckStatus(PipesWrite(client, "x", 1, &bytes), STATUS_SUCCESS, "write to a full one");
    Check(bytes == 0 && PipesLocal(server).ReadDataAvailable == 16, "nothing fits");
    CheckStatus(PipesRead(server, buffer, 32, &bytes), STATUS_SUCCESS, "read it");
    Check(bytes == 16, "sixteen");
    PipesClose(server, client);
    if (!PipesPair(PIPES_DEVICE L"\\Quick", &PipesMessages, &server, &client))
        return;
    CheckStatus(PipesSetMode(client, FILE_PIPE_MESSAGE_MODE, FILE_PIPE_COMPLETE_OPERATION), STATUS_SUCCESS, "messages, do not wait");
    CheckStatus(PipesWrite(client, "0123456789abcdefghij", 20, &bytes), STATUS_SUCCESS, "a message that does not fit");
    Check(bytes == 0 && PipesLocal(server).ReadDataAvailable == 0, "is not written at all");
    PipesClose(server, client);
}

static VOID NTAPI Unload(PDRIVER_OBJECT DriverObject) {}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    DriverObject->DriverUnload = Unload;
    TestBytes();
    TestMessages();
    TestNonBlocking();
    PipesTestCreation();
    PipesTestSecurity();
    PipesTestDirectory();
    PipesTestStates();
    PipesTestWait();
    PipesTestControls();
    PipesTestThreads();
    return CheckResult();
}

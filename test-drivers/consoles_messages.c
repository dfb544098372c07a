/* SPDX-License-Identifier: MIT
 * The other protocol: messages in buffers, as genuine Windows's client sends them.
 */
#include "consoles.h"

#define ISSUE CTL_CODE(0x50, 5, METHOD_OUT_DIRECT, FILE_ANY_ACCESS)
#define LAYER1(Number) (0x1000000u + (Number))
#define LAYER2(Number) (0x2000000u + (Number))

typedef struct MESSAGE {                         /* a header, a body, and the caller's data */
    ULONG Number, BodyLength;
    UCHAR Body[112];
} MESSAGE;

typedef struct USER_IO {
    HANDLE Client;
    ULONG InCount, OutCount;
    struct { ULONG Length; PVOID Address; } Buffers[4];
} USER_IO;

static HANDLE Connection;

static USER_IO Compose(HANDLE Client, MESSAGE *Message, ULONG Number, ULONG BodyLength, const VOID *In, ULONG InLength, PVOID Out, ULONG OutLength)
{
    USER_IO io = { Client, 2, 2, { { 8 + BodyLength, Message }, { InLength, (PVOID)In }, { BodyLength, Message->Body }, { OutLength, Out } } };

    Message->Number = Number;
    Message->BodyLength = BodyLength;
    return io;
}

static NTSTATUS Send(HANDLE Client, MESSAGE *Message, ULONG Number, ULONG BodyLength, const VOID *In, ULONG InLength, PVOID Out, ULONG OutLength)
{
    USER_IO io = Compose(Client, Message, Number, BodyLength, In, InLength, Out, OutLength);
    return ConsolesControl(Connection, ISSUE, &io, sizeof(io), NULL, 0, NULL);
}

static VOID TestScreen(VOID)
{
    static MESSAGE message;
    HANDLE output = ConsolesOpen(Connection, L"ScreenBuffer", FALSE);
    ULONG *body = (ULONG *)message.Body;
    SHORT *shorts = (SHORT *)message.Body;
    WCHAR text[8];

    message.Body[4] = TRUE;
    ConsolesStatus(Send(output, &message, LAYER1(6), 8, L"by message", 20, NULL, 0), STATUS_SUCCESS, "write");
    ConsolesCheck(body[0] == 20, "all bytes");
    shorts[0] = 3;
    shorts[1] = 0;
    body[1] = 2;
    ConsolesStatus(Send(output, &message, LAYER2(15), 12, NULL, 0, text, sizeof(text)), STATUS_SUCCESS, "read a string");
    ConsolesCheck(body[2] == 8 && RtlEqualMemory(text, L"message ", 16), "from the screen");
    shorts[0] = 5;
    shorts[1] = 6;
    ConsolesStatus(Send(output, &message, LAYER2(10), 4, NULL, 0, NULL, 0), STATUS_SUCCESS, "set the cursor");
    ConsolesStatus(Send(output, &message, LAYER2(7), 96, NULL, 0, NULL, 0), STATUS_SUCCESS, "what it is like");
    ConsolesCheck(shorts[0] == 80 && shorts[1] == 25 && shorts[2] == 5 && shorts[3] == 6, "size and cursor");
    ConsolesStatus(Send(output, &message, LAYER1(1), 4, NULL, 0, NULL, 0), STATUS_SUCCESS, "mode");
    ConsolesCheck(body[0] == 3, "of an output");
    ConsolesStatus(Send(NULL, &message, LAYER1(1), 4, NULL, 0, NULL, 0), STATUS_INVALID_HANDLE, "of no stream");
    ConsolesStatus(Send(output, &message, LAYER1(6), 4, NULL, 0, NULL, 0), STATUS_INVALID_PARAMETER, "a body too short");
    ConsolesStatus(Send(output, &message, 0x3000000, 4, NULL, 0, NULL, 0), STATUS_NOT_SUPPORTED, "an unknown number");
    ConsolesStatus(Send((HANDLE)0x7FFF0, &message, LAYER1(1), 4, NULL, 0, NULL, 0), STATUS_INVALID_HANDLE, "an unknown client");
    ZwClose(output);
}

static VOID TestReading(VOID)
{
    static MESSAGE message;
    HANDLE input = ConsolesOpen(Connection, L"Input", FALSE);
    ULONG *body = (ULONG *)message.Body;
    CONSOLE_REQUEST read;
    IO_STATUS_BLOCK result;
    WCHAR text[16];
    USER_IO io;

    message.Body[0] = TRUE;
    body[1] = 4;
    body[2] = 1u << '\t';
    io = Compose(input, &message, LAYER1(5), 20, L"ab", 4, text, sizeof(text));
    ConsolesBegin(Connection, ISSUE, &io, sizeof(io), NULL, 0, &read);
    ConsolesType(input, "c");
    ConsolesCheck(ConsolesIsPending(&read), "a message waits");
    ConsolesKey(input, 0x09, '\t', 0x20);
    ConsolesStatus(ConsolesEnd(&read, NULL), STATUS_SUCCESS, "until it is woken");
    ConsolesCheck(body[4] == 8 && body[3] == 0x20 && RtlEqualMemory(text, L"abc\t", 8), "text, key and count");
    body[1] = 0;
    io = Compose(input, &message, LAYER1(5), 20, NULL, 0, text, sizeof(text));
    ConsolesBegin(Connection, ISSUE, &io, sizeof(io), NULL, 0, &read);
    ConsolesStatus(ZwCancelIoFile(Connection, &result), STATUS_SUCCESS, "cancel");
    ConsolesStatus(ConsolesEnd(&read, NULL), STATUS_CANCELLED, "a cancelled message");
    ConsolesStatus(ConsolesControl(input, ASK(21), NULL, 0, NULL, 0, NULL), STATUS_SUCCESS, "flush");
    ConsolesType(input, "r");
    body[0] = body[1] = 0;
    ConsolesStatus(Send(input, &message, LAYER1(4), 8, NULL, 0, text, sizeof(text)), STATUS_SUCCESS, "records");
    ConsolesCheck(body[0] == 1 && ((CONSOLE_RECORD *)text)->Character == 'r', "one fits");
    ConsolesStatus(Send(input, &message, LAYER2(3), 0, NULL, 0, NULL, 0), STATUS_SUCCESS, "flush");
    ((USHORT *)message.Body)[2] = 2;
    ConsolesStatus(Send(input, &message, LAYER1(4), 8, NULL, 0, text, sizeof(text)), STATUS_SUCCESS, "without a wait");
    ConsolesCheck(body[0] == 0, "nothing");
    ZwClose(input);
}

static VOID TestShapes(VOID)
{
    static MESSAGE message;
    USER_IO io = Compose(NULL, &message, LAYER1(0), 8, NULL, 0, NULL, 0);

    ConsolesStatus(ConsolesControl(Connection, ISSUE, &io, 15, NULL, 0, NULL), STATUS_BUFFER_TOO_SMALL, "no header");
    ConsolesStatus(ConsolesControl(Connection, ISSUE, &io, 16 + 48, NULL, 0, NULL), STATUS_INVALID_PARAMETER, "fewer buffers than it says");
    io.InCount = 0xFFFFFFFF;
    ConsolesStatus(ConsolesControl(Connection, ISSUE, &io, sizeof(io), NULL, 0, NULL), STATUS_INVALID_PARAMETER, "too many buffers");
    io = Compose(NULL, &message, LAYER1(0), 8, NULL, 0, NULL, 0);
    io.Buffers[1].Length = 0xFFFFFFF0;
    ConsolesStatus(ConsolesControl(Connection, ISSUE, &io, sizeof(io), NULL, 0, NULL), STATUS_INVALID_PARAMETER, "too large");
    io = Compose(NULL, &message, LAYER1(0), 8, NULL, 0, NULL, 0);
    io.Buffers[0].Length = 7;
    ConsolesStatus(ConsolesControl(Connection, ISSUE, &io, sizeof(io), NULL, 0, NULL), STATUS_INVALID_PARAMETER, "half a header");
    io = Compose(NULL, &message, LAYER1(0), 8, NULL, 0, NULL, 0);
    message.BodyLength = 9;
    ConsolesStatus(ConsolesControl(Connection, ISSUE, &io, sizeof(io), NULL, 0, NULL), STATUS_INVALID_PARAMETER, "a body that is not there");
    ConsolesStatus(Send(NULL, &message, LAYER1(0), 8, NULL, 0, NULL, 0), STATUS_SUCCESS, "the code page");
}

VOID ConsolesTestMessages(VOID)
{
    Connection = ConsolesOpen(NULL, CONSOLE L"Connect", TRUE);
    TestScreen();
    TestReading();
    TestShapes();
    ZwClose(Connection);
}

/* SPDX-License-Identifier: MIT
 * The console, as a driver sees it: its names, every control code, lines that are edited, reads that wait and are cancelled.
 */
#include "consoles.h"
#include "check.h"

DRIVER_INITIALIZE DriverEntry;

BOOLEAN ConsolesCheck(BOOLEAN Held, PCSTR What) { return Check(Held, What); }
BOOLEAN ConsolesStatus(NTSTATUS Status, NTSTATUS Wanted, PCSTR What) { return CheckStatus(Status, Wanted, What); }

/* ---- Handles ---- */
static NTSTATUS TryOpen(HANDLE Root, PCWSTR Name, ACCESS_MASK Access, ULONG Options, HANDLE *File)
{
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING name;
    IO_STATUS_BLOCK result;

    RtlInitUnicodeString(&name, Name);
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, Root, NULL);
    return ZwCreateFile(File, Access, &attributes, &result, NULL, FILE_ATTRIBUTE_NORMAL, FILE_SHARE_READ | FILE_SHARE_WRITE, FILE_OPEN,
                        FILE_NON_DIRECTORY_FILE | Options, NULL, 0);
}

HANDLE ConsolesOpen(HANDLE Root, PCWSTR Name, BOOLEAN Overlapped)
{
    HANDLE file = NULL;

    CheckStatus(TryOpen(Root, Name, CONSOLE_BOTH, Overlapped ? 0 : FILE_SYNCHRONOUS_IO_NONALERT, &file), STATUS_SUCCESS, "open");
    return file;
}

/* ---- Requests ---- */
VOID ConsolesBegin(HANDLE File, ULONG Code, const VOID *Input, ULONG InputLength, PVOID Output, ULONG OutputLength, CONSOLE_REQUEST *Request)
{
    OBJECT_ATTRIBUTES attributes;

    InitializeObjectAttributes(&attributes, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    CheckStatus(ZwCreateEvent(&Request->Event, EVENT_ALL_ACCESS, &attributes, NotificationEvent, FALSE), STATUS_SUCCESS, "an event");
    Request->Status = ZwDeviceIoControlFile(File, Request->Event, NULL, NULL, &Request->Result, Code, (PVOID)Input, InputLength, Output,
                                            OutputLength);
}

BOOLEAN ConsolesIsPending(CONSOLE_REQUEST *Request)
{
    LARGE_INTEGER none = { .QuadPart = 0 };
    return Request->Status == STATUS_PENDING && ZwWaitForSingleObject(Request->Event, FALSE, &none) == STATUS_TIMEOUT;
}

NTSTATUS ConsolesEnd(CONSOLE_REQUEST *Request, PULONG Bytes)
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

NTSTATUS ConsolesControl(HANDLE File, ULONG Code, const VOID *Input, ULONG InputLength, PVOID Output, ULONG OutputLength, PULONG Bytes)
{
    CONSOLE_REQUEST request;

    ConsolesBegin(File, Code, Input, InputLength, Output, OutputLength, &request);
    return ConsolesEnd(&request, Bytes);
}

NTSTATUS ConsolesKey(HANDLE Input, USHORT VirtualKey, USHORT Character, ULONG State)
{
    CONSOLE_RECORD keys[2] = { { 1, 0, TRUE, 1, VirtualKey, 0, Character, State }, { 1, 0, FALSE, 1, VirtualKey, 0, Character, State } };
    return ConsolesControl(Input, SET(13), keys, sizeof(keys), NULL, 0, NULL);
}

NTSTATUS ConsolesType(HANDLE Input, PCSTR Text)
{
    NTSTATUS status = STATUS_SUCCESS;

    for (; *Text != '\0' && NT_SUCCESS(status); Text++)
        status = ConsolesKey(Input, *Text == '\r' ? 0x0D : *Text >= 'a' && *Text <= 'z' ? (USHORT)(*Text - 'a' + 'A') : 0, (UCHAR)*Text, 0);
    return status;
}

NTSTATUS ConsolesWrite(HANDLE Output, PCWSTR Text)
{
    return ConsolesControl(Output, SET(30), Text, (ULONG)(wcslen(Text) * sizeof(WCHAR)), NULL, 0, NULL);
}

VOID ConsolesSetMode(HANDLE File, ULONG Mode)
{
    CheckStatus(ConsolesControl(File, SET(1), &Mode, sizeof(Mode), NULL, 0, NULL), STATUS_SUCCESS, "set mode");
}

/* ---- Names ---- */
static VOID CheckDevice(HANDLE File)
{
    FILE_FS_DEVICE_INFORMATION device = { 0 };
    IO_STATUS_BLOCK result;

    CheckStatus(ZwQueryVolumeInformationFile(File, &result, &device, sizeof(device), FileFsDeviceInformation), STATUS_SUCCESS, "the device");
    Check(device.DeviceType == 0x50, "is a console");
}

static VOID TestNames(VOID)
{
    static const PCWSTR names[] = {
        L"\\Device\\ConDrv", CONSOLE L"Reference", CONSOLE L"Connection", CONSOLE L"Connect", CONSOLE L"Input", CONSOLE L"CurrentIn",
        CONSOLE L"output", CONSOLE L"CurrentOut", CONSOLE L"ScreenBuffer", CONSOLE L"Console", L"\\??\\CONIN$", L"\\??\\CONOUT$", L"\\??\\CON",
    };
    static const PCWSTR relative[] = { L"Connection", L"\\Connect", L"Input", L"\\Output", L"CurrentIn", L"ScreenBuffer" };
    HANDLE reference = ConsolesOpen(NULL, CONSOLE L"Reference", FALSE), file;
    ULONG i;

    for (i = 0; i < RTL_NUMBER_OF(names); i++)
        if ((file = ConsolesOpen(NULL, names[i], i & 1)) != NULL) {
            CheckDevice(file);
            ZwClose(file);
        }
    for (i = 0; i < RTL_NUMBER_OF(relative); i++)
        if ((file = ConsolesOpen(reference, relative[i], FALSE)) != NULL)
            ZwClose(file);
    CheckStatus(TryOpen(NULL, CONSOLE L"Nothing", CONSOLE_BOTH, 0, &file), STATUS_OBJECT_NAME_NOT_FOUND, "no such name");
    CheckStatus(TryOpen(NULL, CONSOLE L"Input\\Deeper", CONSOLE_BOTH, 0, &file), STATUS_OBJECT_NAME_NOT_FOUND, "nothing below");
    CheckStatus(TryOpen(NULL, CONSOLE L"Server", CONSOLE_BOTH, 0, &file), STATUS_NOT_SUPPORTED, "a console of one's own");
    ZwClose(reference);
}

/* The same name is input or output, as it is opened. */
static VOID TestConsoleName(VOID)
{
    HANDLE file = NULL;
    ULONG mode = 0;

    CheckStatus(TryOpen(NULL, L"\\??\\CON", FILE_READ_DATA | SYNCHRONIZE, FILE_SYNCHRONOUS_IO_NONALERT, &file), STATUS_SUCCESS, "CON to read");
    CheckStatus(ConsolesControl(file, GET(0), NULL, 0, &mode, sizeof(mode), NULL), STATUS_SUCCESS, "its mode");
    Check(mode == 0x1F7, "is an input's");
    ZwClose(file);
    CheckStatus(TryOpen(NULL, L"\\??\\CON", CONSOLE_BOTH, FILE_SYNCHRONOUS_IO_NONALERT, &file), STATUS_SUCCESS, "CON to write");
    CheckStatus(ConsolesControl(file, GET(0), NULL, 0, &mode, sizeof(mode), NULL), STATUS_SUCCESS, "its mode");
    Check(mode == 3, "is an output's");
    ZwClose(file);
}

/* ---- What is of the whole console ---- */
static VOID TestConsole(HANDLE Reference)
{
    struct { ULONG Characters; WCHAR Text[14]; } title = { 0 };
    ULONG info[3] = { 0 }, set[4] = { 3, 65001, 850, 0 }, current = 1, value = 1, bytes;

    CheckStatus(ConsolesControl(Reference, SET(18), L"A title", 14, NULL, 0, NULL), STATUS_SUCCESS, "set title");
    CheckStatus(ConsolesControl(Reference, GET(17), &current, 4, &title, sizeof(title), &bytes), STATUS_SUCCESS, "get title");
    Check(title.Characters == 7 && bytes == 8 + 14 && RtlEqualMemory(title.Text, L"A title", 14), "the title");
    CheckStatus(ConsolesControl(Reference, GET(17), &current, 4, &title, 12, &bytes), STATUS_SUCCESS, "get a part of it");
    Check(title.Characters == 7 && bytes == 12, "a part");
    CheckStatus(ConsolesControl(Reference, SET(16), set, sizeof(set), NULL, 0, NULL), STATUS_SUCCESS, "set code pages");
    CheckStatus(ConsolesControl(Reference, GET(15), NULL, 0, info, sizeof(info), NULL), STATUS_SUCCESS, "get code pages");
    Check(info[0] == 65001 && info[1] == 850 && info[2] == 0, "code pages");
    CheckStatus(ConsolesControl(Reference, GET(15), NULL, 0, info, 8, &bytes), STATUS_SUCCESS, "get two code pages");
    Check(bytes == 8, "without the count");
    set[1] = 932;
    CheckStatus(ConsolesControl(Reference, SET(16), set, sizeof(set), NULL, 0, NULL), STATUS_INVALID_PARAMETER, "an unknown code page");
    set[1] = set[2] = 437;
    CheckStatus(ConsolesControl(Reference, SET(16), set, 12, NULL, 0, NULL), STATUS_SUCCESS, "the old ones");
    CheckStatus(ConsolesControl(Reference, ASK(20), NULL, 0, NULL, 0, NULL), STATUS_SUCCESS, "beep");
    CheckStatus(ConsolesControl(Reference, ASK(22), NULL, 0, &value, sizeof(value), NULL), STATUS_SUCCESS, "the window");
    Check(value == 0, "there is none");
    CheckStatus(ConsolesControl(Reference, ASK(2), NULL, 0, NULL, 0, NULL), STATUS_NOT_SUPPORTED, "not a Unix terminal");
    CheckStatus(ConsolesControl(Reference, GET(0), NULL, 0, &value, sizeof(value), NULL), STATUS_INVALID_HANDLE, "not a stream");
    CheckStatus(ConsolesControl(Reference, ASK(99), NULL, 0, NULL, 0, NULL), STATUS_INVALID_DEVICE_REQUEST, "an unknown code");
}

static VOID TestProcesses(HANDLE Reference)
{
    ULONG ids[8] = { 0 }, event[2] = { 0, 0 }, bytes, id = HandleToULong(PsGetCurrentProcessId()), none = 0x7FFFFFF0;
    HANDLE first, second;
    CONSOLE_REQUEST request;

    CheckStatus(ConsolesControl(Reference, ASK(19), event, sizeof(event), NULL, 0, NULL), STATUS_INVALID_PARAMETER, "nobody is there");
    first = ConsolesOpen(Reference, L"Connection", TRUE);
    second = ConsolesOpen(Reference, L"Connection", TRUE);
    CheckStatus(ConsolesControl(Reference, ASK(23), NULL, 0, ids, sizeof(ids), &bytes), STATUS_SUCCESS, "processes");
    Check(bytes == 4 && ids[0] == id, "this one, once");
    ConsolesBegin(Reference, ASK(23), NULL, 0, ids, 2, &request);
    CheckStatus(ConsolesEnd(&request, NULL), STATUS_BUFFER_TOO_SMALL, "no room");
    Check(request.Result.Information == 4, "what is needed");
    CheckStatus(ConsolesControl(first, ASK(51), &none, sizeof(none), NULL, 0, NULL), STATUS_INVALID_HANDLE, "no such process");
    CheckStatus(ConsolesControl(Reference, ASK(19), event, sizeof(event), NULL, 0, NULL), STATUS_NOT_IMPLEMENTED, "nobody can be told yet");
    event[0] = 7;
    CheckStatus(ConsolesControl(Reference, ASK(19), event, sizeof(event), NULL, 0, NULL), STATUS_INVALID_PARAMETER, "no such event");
    ZwClose(first);
    ZwClose(second);
    CheckStatus(ConsolesControl(Reference, ASK(23), NULL, 0, ids, sizeof(ids), &bytes), STATUS_SUCCESS, "processes");
    Check(bytes == 0, "none");
}

/* Each code with buffers of every small length, on each kind of handle: an answer, whichever. What could wait is left out. */
static VOID TestShortBuffers(VOID)
{
    static const PCWSTR names[] = { CONSOLE L"Reference", CONSOLE L"Connection", CONSOLE L"Input", CONSOLE L"ScreenBuffer" };
    static UCHAR buffer[128];
    ULONG name, function, access, length;

    for (name = 0; name < RTL_NUMBER_OF(names); name++) {
        HANDLE file = ConsolesOpen(NULL, names[name], FALSE);
        for (function = 0; function < 60; function++) {
            if ((function >= 10 && function <= 13) || function == 24)
                continue;
            for (access = 0; access < 4; access++)
                for (length = 0; length < 120; length += length < 24 ? 1 : 16) {
                    RtlFillMemory(buffer, sizeof(buffer), (UCHAR)length);
                    ConsolesControl(file, CTL_CODE(0x50, function, METHOD_BUFFERED, access), length == 0 ? NULL : buffer, length,
                                    length == 0 ? NULL : buffer, length, NULL);
                }
        }
        ZwClose(file);
    }
    Check(TRUE, "still here");
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    HANDLE reference = ConsolesOpen(NULL, CONSOLE L"Reference", FALSE);

    if (reference == NULL)
        return STATUS_UNSUCCESSFUL;
    TestNames();
    TestConsoleName();
    TestConsole(reference);
    TestProcesses(reference);
    ConsolesTestOutput();
    ConsolesTestInput();
    ConsolesTestMessages();
    ConsolesTestThreads();
    TestShortBuffers();
    ZwClose(reference);
    return CheckResult();
}

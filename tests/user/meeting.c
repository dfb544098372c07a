/* SPDX-License-Identifier: MIT
 * A program and a driver: meeting.sys is opened, asked by every method, overlapped and cancelled, and tells what drivers are told of
 * this program's children.
 */
#include <stdio.h>
#include <string.h>
#include <windows.h>
#include <winioctl.h>
#include "../../test-drivers/meeting.h"

static HANDLE device;

static void check(int good, const char *what)
{
    printf("%s: %s", good ? "ok" : "WRONG", what);
    if (!good)
        printf(" (error %lu)", GetLastError());
    printf("\n");
}

static HANDLE Open(DWORD Flags)
{
    return CreateFileA("\\\\.\\PetrelMeeting", GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, Flags, NULL);
}

/* ---- Methods ---- */
static void Complement(DWORD Code, const char *Method)
{
    unsigned char in[300], out[300] = { 0 };
    DWORD done = 0, i, good = 1;

    for (i = 0; i < sizeof(in); i++)
        in[i] = (unsigned char)i;
    check(DeviceIoControl(device, Code, in, sizeof(in), out, sizeof(out), &done, NULL) && done == sizeof(in), Method);
    for (i = 0; i < sizeof(in); i++)
        good &= out[i] == (unsigned char)~i;
    check(good, "what came back");
}

static void Methods(void)
{
    unsigned char many[10000];
    DWORD word = 0, done;

    Complement(MEETING_BUFFERED, "METHOD_BUFFERED");
    Complement(MEETING_OUT_DIRECT, "METHOD_OUT_DIRECT");
    Complement(MEETING_NEITHER, "METHOD_NEITHER");
    memset(many, 3, sizeof(many));
    check(DeviceIoControl(device, MEETING_IN_DIRECT, &word, sizeof(word), many, sizeof(many), &done, NULL), "METHOD_IN_DIRECT");
    check(!DeviceIoControl(device, 0x22FFF0, NULL, 0, NULL, 0, &done, NULL) && GetLastError() == ERROR_INVALID_FUNCTION, "an unknown code");
}

/* Addresses that are not ours: nobody writes there, and we go on. */
static void Pointers(void)
{
    static const DWORD codes[] = { MEETING_BUFFERED, MEETING_OUT_DIRECT, MEETING_NEITHER };
    void *bad[] = { (void *)0x10, (void *)0xFFFFF78000000000ull, (void *)0x7FFFFFFFFFF0ull };
    unsigned char good[16];
    DWORD done, i, j;

    for (i = 0; i < 3; i++)
        for (j = 0; j < 3; j++) {
            int in = DeviceIoControl(device, codes[i], bad[j], 16, good, 16, &done, NULL);
            int out = DeviceIoControl(device, codes[i], good, 16, bad[j], 16, &done, NULL);
            if (in || out)
                printf("WRONG: method %lu takes %p as %s\n", codes[i] & 3, bad[j], in ? "input" : "output");
        }
    printf("addresses that are not ours\n");
}

/* ---- Overlapped ---- */
static void Overlapped(void)
{
    HANDLE file = Open(FILE_FLAG_OVERLAPPED), port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    OVERLAPPED one = { .hEvent = CreateEvent(NULL, TRUE, FALSE, NULL) }, two = { .hEvent = CreateEvent(NULL, TRUE, FALSE, NULL) }, *which;
    char first[8] = "", second[8] = "";
    ULONG_PTR key;
    DWORD done;

    check(file != INVALID_HANDLE_VALUE && port != NULL, "opened for overlapped requests");
    check(!DeviceIoControl(file, MEETING_WAIT, NULL, 0, first, 8, &done, &one) && GetLastError() == ERROR_IO_PENDING, "a request waits");
    check(!DeviceIoControl(file, MEETING_WAIT, NULL, 0, second, 8, &done, &two) && GetLastError() == ERROR_IO_PENDING, "another one");
    check(!GetOverlappedResult(file, &one, &done, FALSE) && GetLastError() == ERROR_IO_INCOMPLETE, "not complete yet");
    check(DeviceIoControl(device, MEETING_RELEASE, "hello", 6, NULL, 0, &done, NULL), "the first is let go");
    check(GetOverlappedResult(file, &one, &done, TRUE) && done == 6 && strcmp(first, "hello") == 0, "and has what it was given");
    check(CancelIoEx(file, &two), "the second is cancelled");
    check(!GetOverlappedResult(file, &two, &done, TRUE) && GetLastError() == ERROR_OPERATION_ABORTED, "and says so");
    check(!DeviceIoControl(device, MEETING_RELEASE, NULL, 0, NULL, 0, &done, NULL), "nobody waits");

    check(CreateIoCompletionPort(file, port, 77, 0) == port, "a completion port");
    one.hEvent = NULL;
    check(!DeviceIoControl(file, MEETING_WAIT, NULL, 0, first, 8, &done, &one) && GetLastError() == ERROR_IO_PENDING, "a request waits");
    DeviceIoControl(device, MEETING_RELEASE, "port", 5, NULL, 0, &done, NULL);
    check(GetQueuedCompletionStatus(port, &done, &key, &which, INFINITE) && key == 77 && which == &one && done == 5, "told by the port");
    check(!DeviceIoControl(file, MEETING_WAIT, NULL, 0, first, 8, &done, &one) && GetLastError() == ERROR_IO_PENDING, "the last one waits");
    CloseHandle(file);
    check(!GetQueuedCompletionStatus(port, &done, &key, &which, INFINITE) && GetLastError() == ERROR_OPERATION_ABORTED && which == &one,
          "until its file is closed");
}

/* ---- Children ---- */
static void PrintNotes(void)
{
    static char notes[MEETING_SIZE];
    DWORD length = 0;

    DeviceIoControl(device, MEETING_NOTES, NULL, 0, notes, sizeof(notes), &length, NULL);
    printf("%.*s", (int)length, notes);
}

static HANDLE Start(const char *Argument)
{
    STARTUPINFOA startup = { .cb = sizeof(startup) };
    PROCESS_INFORMATION information;
    char line[64];

    snprintf(line, sizeof(line), "meeting %s", Argument);
    if (!CreateProcessA("C:\\meeting.exe", line, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &information))
        return NULL;
    CloseHandle(information.hThread);
    return information.hProcess;
}

static void Children(void)
{
    static const WCHAR refused[] = L"refused";
    HANDLE child;
    DWORD done;

    check(DeviceIoControl(device, MEETING_WATCH, (void *)refused, sizeof(refused) - sizeof(WCHAR), NULL, 0, &done, NULL), "watched");
    child = Start("child");
    check(child != NULL && WaitForSingleObject(child, INFINITE) == WAIT_OBJECT_0, "a child");
    PrintNotes();
    child = Start("refused");
    check(child == NULL && GetLastError() == ERROR_ACCESS_DENIED, "a child that is refused");
    PrintNotes();
}

static DWORD WINAPI Nothing(void *Context) { return 0; }

int main(int argc, char **argv)
{
    if (argc > 1) {
        WaitForSingleObject(CreateThread(NULL, 0, Nothing, NULL, 0, NULL), INFINITE);
        return 0;
    }
    device = Open(0);
    check(device != INVALID_HANDLE_VALUE, "the driver's device");
    Methods();
    PrintNotes();
    Pointers();
    Overlapped();
    Children();
    CloseHandle(device);
    return 0;
}

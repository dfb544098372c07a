/* SPDX-License-Identifier: MIT
 * The console's input: records, lines, bytes, reads that wait.
 */
#include "consoles.h"

static HANDLE Input, Other;                      /* overlapped; the second types */

static BOOLEAN Has(const VOID *Buffer, ULONG Bytes, PCWSTR Wanted)
{
    return Bytes == wcslen(Wanted) * sizeof(WCHAR) && RtlEqualMemory(Buffer, Wanted, Bytes);
}

static ULONG Pending(VOID)
{
    ULONG count = 0;
    ConsolesStatus(ConsolesControl(Other, GET(25), NULL, 0, &count, sizeof(count), NULL), STATUS_SUCCESS, "how many records");
    return count;
}

/* ---- Records ---- */
static VOID TestRecords(VOID)
{
    LARGE_INTEGER none = { .QuadPart = 0 };
    CONSOLE_RECORD records[4] = { 0 };
    CONSOLE_REQUEST read;
    ULONG bytes;

    ConsolesStatus(ConsolesControl(Other, GET(14), NULL, 0, records, sizeof(records), &bytes), STATUS_SUCCESS, "peek");
    ConsolesCheck(bytes == 0 && ZwWaitForSingleObject(Other, FALSE, &none) == STATUS_TIMEOUT, "nothing");
    ConsolesType(Other, "a");
    ConsolesCheck(ZwWaitForSingleObject(Other, FALSE, NULL) == STATUS_SUCCESS, "an input handle is signalled while there is input");
    ConsolesCheck(ZwWaitForSingleObject(Input, FALSE, &none) == STATUS_SUCCESS, "each of them");
    ConsolesStatus(ConsolesControl(Other, GET(14), NULL, 0, records, sizeof(records), &bytes), STATUS_SUCCESS, "peek");
    ConsolesCheck(bytes == 40 && records[0].Character == 'a' && records[1].IsDown == 0 && Pending() == 2, "a key, down and up");
    ConsolesStatus(ConsolesControl(Other, GET(12), NULL, 0, records, 20, &bytes), STATUS_SUCCESS, "read one");
    ConsolesStatus(ConsolesControl(Other, GET(12), NULL, 0, records, sizeof(records), &bytes), STATUS_SUCCESS, "read the rest");
    ConsolesCheck(bytes == 20 && records[0].IsDown == 0, "the other");
    ConsolesCheck(ZwWaitForSingleObject(Other, FALSE, &none) == STATUS_TIMEOUT, "no input, no signal");
    ConsolesBegin(Input, GET(12), NULL, 0, records, sizeof(records), &read);
    ConsolesCheck(ConsolesIsPending(&read), "a read waits");
    ConsolesKey(Other, 0x26, 0, 0x100);
    ConsolesStatus(ConsolesEnd(&read, &bytes), STATUS_SUCCESS, "until a key comes");
    ConsolesCheck(bytes == 40 && records[0].VirtualKey == 0x26, "that key");
    ConsolesType(Other, "xyz");
    ConsolesStatus(ConsolesControl(Other, ASK(21), NULL, 0, NULL, 0, NULL), STATUS_SUCCESS, "flush");
    ConsolesCheck(Pending() == 0, "nothing is left");
    ConsolesStatus(ConsolesControl(Other, SET(13), records, 19, NULL, 0, NULL), STATUS_INVALID_PARAMETER, "no whole record");
}

/* ---- Lines ---- */
static VOID TestLines(VOID)
{
    CONSOLE_REQUEST read;
    WCHAR text[16];
    ULONG bytes;

    ConsolesBegin(Input, GET(10), NULL, 0, text, sizeof(text), &read);
    ConsolesType(Other, "dxr");
    ConsolesCheck(ConsolesIsPending(&read), "a line is not whole");
    ConsolesKey(Other, 0x08, 8, 0);
    ConsolesKey(Other, 0x25, 0, 0x100);
    ConsolesKey(Other, 0x2E, 0, 0x100);
    ConsolesType(Other, "ir\r");
    ConsolesStatus(ConsolesEnd(&read, &bytes), STATUS_SUCCESS, "a line");
    ConsolesCheck(Has(text, bytes, L"dir\r\n"), "as it was edited");
    ConsolesType(Other, "typed before\r");
    ConsolesStatus(ConsolesControl(Other, GET(10), NULL, 0, text, 10, &bytes), STATUS_SUCCESS, "a part of a line");
    ConsolesCheck(Has(text, bytes, L"typed"), "the first part");
    ConsolesStatus(ConsolesControl(Other, GET(10), NULL, 0, text, sizeof(text), &bytes), STATUS_SUCCESS, "the rest");
    ConsolesCheck(Has(text, bytes, L" before\r\n"), "the other");
    ConsolesBegin(Input, GET(10), NULL, 0, text, sizeof(text), &read);
    ConsolesKey(Other, 0x26, 0, 0x100);
    ConsolesKey(Other, 0x26, 0, 0x100);
    ConsolesType(Other, "\r");
    ConsolesStatus(ConsolesEnd(&read, &bytes), STATUS_SUCCESS, "a line of the history");
    ConsolesCheck(Has(text, bytes, L"dir\r\n"), "that one");
}

static VOID TestControlledLine(VOID)
{
    struct { ULONG Mask; WCHAR Text[4]; } initial = { 1u << '\t', L"cd w" };
    struct { ULONG State; WCHAR Text[16]; } result;
    CONSOLE_REQUEST read;
    ULONG bytes;

    ConsolesBegin(Input, GET(24), &initial, sizeof(initial), &result, sizeof(result), &read);
    ConsolesType(Other, "in");
    ConsolesCheck(ConsolesIsPending(&read), "it waits");
    ConsolesKey(Other, 0x09, '\t', 0x10);
    ConsolesStatus(ConsolesEnd(&read, &bytes), STATUS_SUCCESS, "a control character wakes");
    ConsolesCheck(Has(result.Text, bytes - 4, L"cd win\t") && result.State == 0x10, "the text so far");
}

static VOID TestBytes(VOID)
{
    CONSOLE_REQUEST read;
    IO_STATUS_BLOCK result;
    LARGE_INTEGER zero = { .QuadPart = 0 };
    ULONG set[4] = { 1, 65001, 0, 0 }, bytes;
    UCHAR text[16];

    ConsolesStatus(ConsolesControl(Other, SET(16), set, sizeof(set), NULL, 0, NULL), STATUS_SUCCESS, "UTF-8");
    ConsolesKey(Other, 0xE7, 0x20AC, 0);
    ConsolesType(Other, "\r");
    ConsolesStatus(ConsolesControl(Other, GET(11), NULL, 0, text, 2, &bytes), STATUS_SUCCESS, "bytes");
    ConsolesCheck(bytes == 2 && text[0] == 0xE2 && text[1] == 0x82, "two of a character");
    ConsolesStatus(ConsolesControl(Other, GET(11), NULL, 0, text, sizeof(text), &bytes), STATUS_SUCCESS, "more");
    ConsolesCheck(bytes == 3 && RtlEqualMemory(text, "\xAC\r\n", 3), "its third, and the end");
    ConsolesBegin(Input, GET(11), NULL, 0, text, sizeof(text), &read);
    ConsolesKey(Other, 'Z', 0x1A, 8);
    ConsolesType(Other, "\r");
    ConsolesStatus(ConsolesEnd(&read, &bytes), STATUS_SUCCESS, "Ctrl+Z");
    ConsolesCheck(bytes == 0, "is the end of the file");
    ConsolesType(Other, "by read\r");
    ConsolesStatus(ZwReadFile(Other, NULL, NULL, NULL, &result, text, sizeof(text), &zero, NULL), STATUS_SUCCESS, "read");
    ConsolesCheck(result.Information == 9 && RtlEqualMemory(text, "by read\r\n", 9), "the same");
}

static VOID TestCharacters(VOID)
{
    CONSOLE_REQUEST read;
    WCHAR text[8];
    ULONG bytes;

    ConsolesSetMode(Other, 0);
    ConsolesBegin(Input, GET(10), NULL, 0, text, sizeof(text), &read);
    ConsolesKey(Other, 0x25, 0, 0x100);
    ConsolesCheck(ConsolesIsPending(&read), "an arrow is no character");
    ConsolesKey(Other, 'C', 3, 8);
    ConsolesStatus(ConsolesEnd(&read, &bytes), STATUS_SUCCESS, "a character");
    ConsolesCheck(Has(text, bytes, L"\x03"), "even Ctrl+C when nothing is processed");
    ConsolesStatus(ConsolesControl(Other, ASK(21), NULL, 0, NULL, 0, NULL), STATUS_SUCCESS, "flush");
    ConsolesSetMode(Other, 0x1F7);
}

/* ---- The end of a read ---- */
static VOID TestCancel(VOID)
{
    CONSOLE_REQUEST first, second;
    IO_STATUS_BLOCK result;
    HANDLE third = ConsolesOpen(NULL, CONSOLE L"Input", TRUE);
    WCHAR text[8], more[8];
    ULONG bytes;

    ConsolesBegin(Input, GET(10), NULL, 0, text, sizeof(text), &first);
    ConsolesType(Other, "lost");
    ConsolesStatus(ZwCancelIoFile(Input, &result), STATUS_SUCCESS, "cancel");
    ConsolesStatus(ConsolesEnd(&first, NULL), STATUS_CANCELLED, "a cancelled read");
    ConsolesBegin(third, GET(10), NULL, 0, text, sizeof(text), &first);
    ConsolesBegin(Input, GET(10), NULL, 0, more, sizeof(more), &second);
    ZwClose(third);
    ConsolesStatus(ConsolesEnd(&first, NULL), STATUS_CANCELLED, "its handle was closed");
    ConsolesType(Other, "kept\r");
    ConsolesStatus(ConsolesEnd(&second, &bytes), STATUS_SUCCESS, "the next in the queue");
    ConsolesCheck(Has(more, bytes, L"kept\r\n"), "has a line of its own");
}

static VOID TestControlC(VOID)
{
    CONSOLE_REQUEST read;
    WCHAR text[8];
    ULONG bytes;

    ConsolesBegin(Input, GET(10), NULL, 0, text, sizeof(text), &read);
    ConsolesType(Other, "half");
    ConsolesKey(Other, 'C', 3, 8);
    ConsolesStatus(ConsolesEnd(&read, &bytes), STATUS_SUCCESS, "Ctrl+C ends a line");
    ConsolesCheck(Has(text, bytes, L"\r\n"), "that is empty");
    ConsolesStatus(ConsolesControl(Other, ASK(21), NULL, 0, NULL, 0, NULL), STATUS_SUCCESS, "flush");
}

VOID ConsolesTestInput(VOID)
{
    Input = ConsolesOpen(NULL, CONSOLE L"Input", TRUE);
    Other = ConsolesOpen(NULL, CONSOLE L"Input", FALSE);
    TestRecords();
    TestLines();
    TestControlledLine();
    TestBytes();
    TestCharacters();
    TestCancel();
    TestControlC();
    ZwClose(Input);
    ZwClose(Other);
}

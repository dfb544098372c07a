/* SPDX-License-Identifier: MIT
 * What the tool types at COM1: two lines, keys as records, and then more lines than the console holds, which wait on the wire.
 */
#include <ntifs.h>
#include "check.h"

#define READ_LINE CTL_CODE(0x50, 10, METHOD_BUFFERED, FILE_READ_ACCESS)
#define READ_INPUT CTL_CODE(0x50, 12, METHOD_BUFFERED, FILE_READ_ACCESS)
#define COUNT_INPUT CTL_CODE(0x50, 25, METHOD_BUFFERED, FILE_READ_ACCESS)
#define LINES 1000
#define FULL 2000                                /* records of the 2048 that there is room for */

DRIVER_INITIALIZE DriverEntry;

typedef struct RECORD {
    USHORT Type, Reserved;
    ULONG IsDown;
    USHORT Repeat, VirtualKey, ScanCode, Character;
    ULONG State;
} RECORD;

static HANDLE Input;

static ULONG Ask(ULONG Code, PVOID Buffer, ULONG Length)
{
    IO_STATUS_BLOCK result = { 0 };

    CheckStatus(ZwDeviceIoControlFile(Input, NULL, NULL, NULL, &result, Code, NULL, 0, Buffer, Length), STATUS_SUCCESS, "ask");
    return (ULONG)result.Information;
}

static BOOLEAN IsNextLine(PCWSTR Wanted)
{
    WCHAR line[32];
    ULONG bytes = Ask(READ_LINE, line, sizeof(line));

    return bytes == wcslen(Wanted) * sizeof(WCHAR) && RtlEqualMemory(line, Wanted, bytes);
}

/* The next key that goes down; Return's way up is still there after a line. */
static VOID CheckKey(USHORT VirtualKey, USHORT Character, ULONG State, PCSTR What)
{
    RECORD key = { 0 };

    do
        if (!Check(Ask(READ_INPUT, &key, sizeof(key)) == sizeof(key) && key.Type == 1, What))
            return;
    while (!key.IsDown);
    Check(key.VirtualKey == VirtualKey && key.Character == Character && key.State == State, What);
}

static VOID WaitUntilFull(VOID)
{
    ULONG count = 0;

    while (Ask(COUNT_INPUT, &count, sizeof(count)) == sizeof(count) && count < FULL)
        ZwYieldExecution();
}

static VOID CheckLines(VOID)
{
    WCHAR wanted[] = L"line 000\r\n";
    ULONG i, wrong = 0;

    for (i = 1; i < LINES; i++) {
        ULONG digits = i < 10 ? 1 : i < 100 ? 2 : 3, number = i, j;
        wcscpy(wanted + 5 + digits, L"\r\n");
        for (j = digits; j-- > 0; number /= 10)
            wanted[5 + j] = (WCHAR)(L'0' + number % 10);
        wrong += !IsNextLine(wanted);
    }
    Check(wrong == 0, "every line, in order");
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\ConDrv\\Input");
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK result;

    InitializeObjectAttributes(&attributes, &name, OBJ_KERNEL_HANDLE, NULL, NULL);
    if (!CheckStatus(ZwOpenFile(&Input, FILE_READ_DATA | FILE_WRITE_DATA | SYNCHRONIZE, &attributes, &result, 7, FILE_SYNCHRONOUS_IO_NONALERT),
                     STATUS_SUCCESS, "open"))
        return STATUS_UNSUCCESSFUL;
    Check(IsNextLine(L"first line\r\n"), "a line");
    Check(IsNextLine(L"first line!\r\n"), "the line before, and more");
    CheckStatus(ZwWaitForSingleObject(Input, FALSE, NULL), STATUS_SUCCESS, "more is typed");
    CheckKey(0x27, 0, 0x108, "Ctrl and an arrow");
    CheckKey(0xE7, 0xE9, 0, "a letter of no US keyboard");
    CheckKey('L', 'l', 2, "Alt and a letter");
    WaitUntilFull();
    Check(IsNextLine(L"ine 0\r\n"), "the first line's rest");
    CheckLines();
    ZwClose(Input);
    return CheckResult();
}

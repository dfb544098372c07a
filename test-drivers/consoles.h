/* SPDX-License-Identifier: MIT
 * What the parts of the driver `consoles` share: handles of the console and its control codes.
 */
#pragma once
#include <ntifs.h>

#define CONSOLE L"\\Device\\ConDrv\\"
#define CONSOLE_BOTH (FILE_READ_DATA | FILE_WRITE_DATA | SYNCHRONIZE)
#define ASK(Function) CTL_CODE(0x50, Function, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define GET(Function) CTL_CODE(0x50, Function, METHOD_BUFFERED, FILE_READ_ACCESS)
#define SET(Function) CTL_CODE(0x50, Function, METHOD_BUFFERED, FILE_WRITE_ACCESS)

typedef struct CONSOLE_RECORD {                  /* INPUT_RECORD with a key */
    USHORT Type, Reserved;
    ULONG IsDown;
    USHORT Repeat, VirtualKey, ScanCode, Character;
    ULONG State;
} CONSOLE_RECORD;
C_ASSERT(sizeof(CONSOLE_RECORD) == 20);

typedef struct CONSOLE_REQUEST {                 /* on its way */
    HANDLE Event;
    IO_STATUS_BLOCK Result;
    NTSTATUS Status;
} CONSOLE_REQUEST;

/* Shared with the others. They count a check that fails. */
BOOLEAN ConsolesCheck(BOOLEAN Held, PCSTR What);
BOOLEAN ConsolesStatus(NTSTATUS Status, NTSTATUS Wanted, PCSTR What);

/* NULL: it cannot be opened. Root may be NULL. Synchronous, or overlapped. */
HANDLE ConsolesOpen(HANDLE Root, PCWSTR Name, BOOLEAN Overlapped);
NTSTATUS ConsolesControl(HANDLE File, ULONG Code, const VOID *Input, ULONG InputLength, PVOID Output, ULONG OutputLength, PULONG Bytes);
VOID ConsolesBegin(HANDLE File, ULONG Code, const VOID *Input, ULONG InputLength, PVOID Output, ULONG OutputLength, CONSOLE_REQUEST *Request);
BOOLEAN ConsolesIsPending(CONSOLE_REQUEST *Request);
NTSTATUS ConsolesEnd(CONSOLE_REQUEST *Request, PULONG Bytes);
/* Keys as if they were typed: characters of ASCII, \r for Return. */
NTSTATUS ConsolesType(HANDLE Input, PCSTR Text);
NTSTATUS ConsolesKey(HANDLE Input, USHORT VirtualKey, USHORT Character, ULONG State);
NTSTATUS ConsolesWrite(HANDLE Output, PCWSTR Text);
VOID ConsolesSetMode(HANDLE File, ULONG Mode);

VOID ConsolesTestOutput(VOID);
VOID ConsolesTestInput(VOID);
VOID ConsolesTestMessages(VOID);
VOID ConsolesTestThreads(VOID);

/* SPDX-License-Identifier: MIT
 * The programs of the job: found, given an environment, run, and waited for.
 */
#include "program.h"
#include "io.h"
#include "kd.h"
#include "ps.h"
#include "svc.h"

#define INIT_LONGEST_COMMAND 0x2000u             /* characters */
#define INIT_LONGEST_PATH 300u

/* One string behind the other, each ended by a zero, the whole by another. */
static const WCHAR InitEnvironment[] =
    L"ComSpec=C:\\Windows\\System32\\cmd.exe\0"
    L"OS=Windows_NT\0"
    L"Path=C:\\Windows\\System32;C:\\Windows\0"
    L"PATHEXT=.COM;.EXE;.BAT;.CMD\0"
    L"PROCESSOR_ARCHITECTURE=AMD64\0"
    L"SystemDrive=C:\0"
    L"SystemRoot=C:\\Windows\0"
    L"TEMP=C:\\Windows\\Temp\0"
    L"TMP=C:\\Windows\\Temp\0"
    L"USERNAME=SYSTEM\0"
    L"USERPROFILE=C:\\\0"
    L"windir=C:\\Windows\0";

VOID InitStartUserMode(VOID)
{
    PVOID base;
    SIZE_T size;
    NTSTATUS status = PsOpenSystemDll(&base, &size);

    KeTraceUser = InitOptionNumber("trace-user", 0) != 0;
    if (NT_SUCCESS(status))
        status = SvcInstall(base, size);
    if (NT_SUCCESS(status) || status == STATUS_OBJECT_NAME_NOT_FOUND || status == STATUS_OBJECT_PATH_NOT_FOUND)
        return;
    KdBeginEvent("log");
    KdEventText("level", "warning");
    KdEventText("text", "ntdll.dll cannot be used: no programs");
    KdEventCode("status", (ULONG)status);
    KdEndEvent();
}

/* ---- One program ---- */
typedef struct INIT_COMMAND {
    UNICODE_STRING Line, Path, Image;            /* as typed; C:\...\x.exe; \??\C:\...\x.exe */
    WCHAR LineBuffer[INIT_LONGEST_COMMAND], PathBuffer[INIT_LONGEST_PATH], ImageBuffer[INIT_LONGEST_PATH];
} INIT_COMMAND;

static VOID InitAppendText(PUNICODE_STRING String, PCSTR Text, ULONG Length)
{
    ULONG i;
    for (i = 0; i < Length && String->Length + sizeof(WCHAR) <= String->MaximumLength; i++) {
        String->Buffer[String->Length / sizeof(WCHAR)] = (UCHAR)Text[i];
        String->Length += sizeof(WCHAR);
    }
}

static BOOLEAN InitHas(PCSTR Text, ULONG Length, CHAR Wanted)
{
    ULONG i;
    for (i = 0; i < Length; i++)
        if (Text[i] == Wanted)
            return TRUE;
    return FALSE;
}

/* The first word names the program: a path, or a file of System32, .exe left out or not. */
static VOID InitParseCommand(PCSTR Text, INIT_COMMAND *Command)
{
    ULONG length = (ULONG)strlen(Text), first = Text[0] == '"', end = first;

    Command->Line = (UNICODE_STRING){ 0, sizeof(Command->LineBuffer), Command->LineBuffer };
    Command->Path = (UNICODE_STRING){ 0, sizeof(Command->PathBuffer), Command->PathBuffer };
    Command->Image = (UNICODE_STRING){ 0, sizeof(Command->ImageBuffer), Command->ImageBuffer };
    InitAppendText(&Command->Line, Text, length);
    while (end < length && Text[end] != (first ? '"' : ' '))
        end++;
    if (!InitHas(Text + first, end - first, '\\'))
        RtlAppendUnicodeToString(&Command->Path, L"C:\\Windows\\System32\\");
    InitAppendText(&Command->Path, Text + first, end - first);
    if (!InitHas(Text + first, end - first, '.'))
        RtlAppendUnicodeToString(&Command->Path, L".exe");
    RtlAppendUnicodeToString(&Command->Image, L"\\??\\");
    RtlAppendUnicodeStringToString(&Command->Image, &Command->Path);
}

static NTSTATUS InitStartCommand(const INIT_COMMAND *Command, const INIT_STREAM *Output, const INIT_STREAM *Error, PEPROCESS *Process)
{
    UNICODE_STRING null = RTL_CONSTANT_STRING(L"\\Device\\Null"), folder = RTL_CONSTANT_STRING(L"C:\\");
    OBJECT_ATTRIBUTES attributes = { sizeof(attributes), NULL, &null, OBJ_CASE_INSENSITIVE, NULL, NULL };
    PS_PROGRAM program = { Command->Image, Command->Path, Command->Line, folder, (PVOID)InitEnvironment, sizeof(InitEnvironment),
                           NULL, NULL, Output->Theirs, Error->Theirs };
    IO_STATUS_BLOCK result;
    NTSTATUS status = ZwOpenFile(&program.Input, FILE_GENERIC_READ, &attributes, &result, FILE_SHARE_READ | FILE_SHARE_WRITE,
                                 FILE_SYNCHRONOUS_IO_NONALERT);

    if (!NT_SUCCESS(status))
        return status;
    status = PsStartProgram(&program, Process);
    ZwClose(program.Input);
    return status;
}

static NTSTATUS InitAwaitProgram(PEPROCESS Process)
{
    NTSTATUS exit;

    KeWaitForSingleObject(Process, Executive, KernelMode, FALSE, NULL);
    exit = PsGetProcessExitStatus(Process);
    ObfDereferenceObject(Process);
    return exit;
}

static NTSTATUS InitRunCommand(const INIT_COMMAND *Command, NTSTATUS *ExitStatus)
{
    INIT_STREAM output, error;
    PEPROCESS process;
    NTSTATUS status = InitOpenStream(&output, "stdout");

    if (!NT_SUCCESS(status))
        return status;
    status = InitOpenStream(&error, "stderr");
    if (NT_SUCCESS(status)) {
        status = InitStartCommand(Command, &output, &error, &process);
        ZwClose(error.Theirs);
        if (NT_SUCCESS(status))
            *ExitStatus = InitAwaitProgram(process);
    }
    ZwClose(output.Theirs);
    InitFinishStream(&output);
    if (NT_SUCCESS(status))
        InitFinishStream(&error);
    return status;
}

static NTSTATUS InitRunOnConsole(const INIT_COMMAND *Command, NTSTATUS *ExitStatus)
{
    UNICODE_STRING folder = RTL_CONSTANT_STRING(L"C:\\");
    PS_PROGRAM program = { .Image = Command->Image, .ImagePath = Command->Path, .CommandLine = Command->Line, .CurrentDirectory = folder,
                           .Environment = (PVOID)InitEnvironment, .EnvironmentSize = sizeof(InitEnvironment) };
    PEPROCESS process;
    NTSTATUS status = InitOpenConsole(&program);

    if (!NT_SUCCESS(status))
        return status;
    status = PsStartProgram(&program, &process);
    InitCloseConsole(&program);
    if (NT_SUCCESS(status))
        *ExitStatus = InitAwaitProgram(process);
    return status;
}

typedef struct INIT_JOB {
    NTSTATUS (*Run)(const INIT_COMMAND *Command, NTSTATUS *ExitStatus);
    BOOLEAN Started;                             /* all so far */
} INIT_JOB;

static VOID InitVisitCommand(PVOID Context, PCSTR Value)
{
    INIT_COMMAND *command = ExAllocatePoolWithTag(PagedPool, sizeof(*command), 'dmCI');
    INIT_JOB *job = Context;
    NTSTATUS exit = STATUS_SUCCESS, status = STATUS_INSUFFICIENT_RESOURCES;

    KdBeginEvent("program");
    KdEventText("command", Value);
    KdEventText("step", "begin");
    KdEndEvent();
    if (command != NULL) {
        InitParseCommand(Value, command);
        status = job->Run(command, &exit);
        ExFreePoolWithTag(command, 'dmCI');
    }
    KdBeginEvent("program");
    KdEventText("command", Value);
    KdEventText("step", "end");
    KdEventCode("status", (ULONG)status);
    KdEventNumber("exit", exit);
    KdEndEvent();
    job->Started = job->Started && NT_SUCCESS(status);
}

BOOLEAN InitRunPrograms(VOID)
{
    INIT_JOB piped = { InitRunCommand, TRUE }, typed = { InitRunOnConsole, TRUE };

    InitForEachOption("exec", InitVisitCommand, &piped);
    InitForEachOption("shell", InitVisitCommand, &typed);
    SvcReportMissing();
    return piped.Started && typed.Started;
}

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
    L"windir=C:\\Windows\0"
    L"WINEUSERNAME=SYSTEM\0";                    /* where Wine's GetUserName looks */

VOID InitStartUserMode(VOID)
{
    PVOID base;
    SIZE_T size;
    NTSTATUS status = PsOpenSystemDll(&base, &size);

    KeTraceUser = InitOptionNumber("trace-user", 0) != 0;
    KePoison = InitOptionNumber("poison", 0) != 0;
    if (NT_SUCCESS(status))
        status = SvcInstall(base, size);
    if (NT_SUCCESS(status))
        InitCreatePageFiles();
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

/* ---- The console, which the system's own handles lead to ---- */
typedef struct INIT_HANDLES {
    HANDLE Console, Input, Output, Error;
} INIT_HANDLES;

static HANDLE InitOpenDevice(PCWSTR Name, ACCESS_MASK Access)
{
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES attributes = { sizeof(attributes), NULL, &name, OBJ_CASE_INSENSITIVE, NULL, NULL };
    IO_STATUS_BLOCK result;
    HANDLE handle;

    RtlInitUnicodeString(&name, Name);
    return NT_SUCCESS(ZwOpenFile(&handle, Access | SYNCHRONIZE, &attributes, &result, FILE_SHARE_READ | FILE_SHARE_WRITE,
                                 FILE_SYNCHRONOUS_IO_NONALERT)) ? handle : NULL;
}

static VOID InitClose(HANDLE Handle)
{
    if (Handle != NULL)
        ZwClose(Handle);
}

static NTSTATUS InitRunToEnd(const INIT_COMMAND *Command, const INIT_HANDLES *Handles, NTSTATUS *ExitStatus)
{
    UNICODE_STRING folder = RTL_CONSTANT_STRING(L"C:\\");
    PS_PROGRAM program = { Command->Image, Command->Path, Command->Line, folder, (PVOID)InitEnvironment, sizeof(InitEnvironment),
                           Handles->Console, Handles->Input, Handles->Output, Handles->Error };
    PEPROCESS process;
    NTSTATUS status = PsStartProgram(&program, &process);

    if (!NT_SUCCESS(status))
        return status;
    KeWaitForSingleObject(process, Executive, KernelMode, FALSE, NULL);
    *ExitStatus = PsGetProcessExitStatus(process);
    ObfDereferenceObject(process);
    return STATUS_SUCCESS;
}

static NTSTATUS InitRunOnConsole(const INIT_COMMAND *Command, NTSTATUS *ExitStatus)
{
    INIT_HANDLES handles = { InitOpenDevice(L"\\Device\\ConDrv\\Reference", GENERIC_READ | GENERIC_WRITE),
                             InitOpenDevice(L"\\Device\\ConDrv\\Input", GENERIC_READ | GENERIC_WRITE),
                             InitOpenDevice(L"\\Device\\ConDrv\\Output", GENERIC_READ | GENERIC_WRITE), NULL };
    NTSTATUS status = STATUS_NO_SUCH_DEVICE;

    handles.Error = handles.Output;
    if (handles.Console != NULL && handles.Input != NULL && handles.Output != NULL)
        status = InitRunToEnd(Command, &handles, ExitStatus);
    InitClose(handles.Console);
    InitClose(handles.Input);
    InitClose(handles.Output);
    return status;
}

/* What it writes becomes events; there is nothing to read. The console is there for who asks for it by name. */
static NTSTATUS InitRunCaptured(const INIT_COMMAND *Command, NTSTATUS *ExitStatus)
{
    INIT_HANDLES handles = { InitOpenDevice(L"\\Device\\ConDrv\\Reference", GENERIC_READ | GENERIC_WRITE),
                             InitOpenDevice(L"\\Device\\Null", GENERIC_READ), NULL, NULL };
    INIT_STREAM output, error;
    NTSTATUS status = InitOpenStream(&output, "stdout"), second = STATUS_UNSUCCESSFUL;

    if (NT_SUCCESS(status))
        status = second = InitOpenStream(&error, "stderr");
    else
        output.Theirs = NULL;
    if (NT_SUCCESS(status)) {
        handles.Output = output.Theirs;
        handles.Error = error.Theirs;
        status = InitRunToEnd(Command, &handles, ExitStatus);
        ZwClose(error.Theirs);
    }
    if (output.Theirs != NULL) {
        ZwClose(output.Theirs);
        InitFinishStream(&output);
    }
    if (NT_SUCCESS(second))
        InitFinishStream(&error);
    InitClose(handles.Console);
    InitClose(handles.Input);
    return status;
}

typedef struct INIT_VISIT {
    NTSTATUS (*Run)(const INIT_COMMAND *Command, NTSTATUS *ExitStatus);
    BOOLEAN Started;
} INIT_VISIT;

static VOID InitVisitCommand(PVOID Context, PCSTR Value)
{
    INIT_COMMAND *command = ExAllocatePoolWithTag(PagedPool, sizeof(*command), 'dmCI');
    INIT_VISIT *visit = Context;
    NTSTATUS exit = STATUS_SUCCESS, status = STATUS_INSUFFICIENT_RESOURCES;

    KdBeginEvent("program");
    KdEventText("command", Value);
    KdEventText("step", "begin");
    KdEndEvent();
    if (command != NULL) {
        InitParseCommand(Value, command);
        status = visit->Run(command, &exit);
        ExFreePoolWithTag(command, 'dmCI');
    }
    KdBeginEvent("program");
    KdEventText("command", Value);
    KdEventText("step", "end");
    KdEventCode("status", (ULONG)status);
    KdEventNumber("exit", exit);
    KdEndEvent();
    visit->Started = visit->Started && NT_SUCCESS(status);
}

BOOLEAN InitRunPrograms(VOID)
{
    INIT_VISIT captured = { InitRunCaptured, TRUE }, shown = { InitRunOnConsole, TRUE };

    InitForEachOption("exec", InitVisitCommand, &captured);
    InitForEachOption("shell", InitVisitCommand, &shown);
    SvcReportMissing();
    return captured.Started && shown.Started;
}

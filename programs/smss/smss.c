/* SPDX-License-Identifier: MIT
 * The session manager: the first program, which starts the others as the kernel asks (smss.h). It calls services of ntdll.dll only, so
 * that it is at home with every flavour of it.
 */
#include "environment.h"
#include "smss.h"

#define LONGEST_PATH 300u                        /* characters */
#define LONGEST_ENVIRONMENT 0x4000u

static WCHAR Variables[LONGEST_ENVIRONMENT];
static TEXT_BUFFER Environment = { Variables, 0, LONGEST_ENVIRONMENT - 1, FALSE };

typedef struct COMMAND {
    TEXT_BUFFER Path, Image;                     /* C:\...\x.exe; \??\C:\...\x.exe */
    WCHAR PathCharacters[LONGEST_PATH], ImageCharacters[LONGEST_PATH + 4];
} COMMAND;

/* The first word names the program: a path, or a file of System32, .exe left out or not. */
static NTSTATUS ParseCommand(const WCHAR *Line, COMMAND *Command)
{
    ULONG first = Line[0] == L'"', end = first;

    Command->Path = (TEXT_BUFFER){ Command->PathCharacters, 0, ARRAYSIZE(Command->PathCharacters), FALSE };
    Command->Image = (TEXT_BUFFER){ Command->ImageCharacters, 0, ARRAYSIZE(Command->ImageCharacters), FALSE };
    while (Line[end] != L'\0' && Line[end] != (first ? L'"' : L' '))
        end++;
    if (!TextHas(Line + first, end - first, L'\\'))
        TextAppendString(&Command->Path, L"C:\\Windows\\System32\\");
    TextAppend(&Command->Path, Line + first, end - first);
    if (!TextHas(Line + first, end - first, L'.'))
        TextAppendString(&Command->Path, L".exe");
    TextAppendString(&Command->Image, L"\\??\\");
    TextAppend(&Command->Image, Command->Path.Characters, Command->Path.Length);
    return Command->Path.Full || Command->Image.Full ? STATUS_NAME_TOO_LONG : STATUS_SUCCESS;
}

/* ---- What a program is given ---- */
typedef struct STREAMS {
    HANDLE Console, Input, Output, Error;
} STREAMS;

static NTSTATUS OpenStream(const WCHAR *Name, ACCESS_MASK Access, HANDLE *Stream)
{
    UNICODE_STRING name = TextOf(Name, TextLength(Name));
    OBJECT_ATTRIBUTES attributes = { .Length = sizeof(attributes), .ObjectName = &name, .Attributes = OBJ_CASE_INSENSITIVE };
    IO_STATUS_BLOCK result;
    NTSTATUS status = NtOpenFile(Stream, Access | SYNCHRONIZE, &attributes, &result, FILE_SHARE_READ | FILE_SHARE_WRITE,
                                 FILE_SYNCHRONOUS_IO_NONALERT);

    if (!NT_SUCCESS(status))
        *Stream = NULL;
    return status;
}

/* The access that each kind of stream grants: a console's ends both ways, others one. */
static NTSTATUS OpenOutput(const WCHAR *Name, HANDLE *Stream)
{
    NTSTATUS status = OpenStream(Name, GENERIC_READ | GENERIC_WRITE, Stream);
    return status == STATUS_ACCESS_DENIED ? OpenStream(Name, FILE_GENERIC_WRITE | FILE_READ_ATTRIBUTES, Stream) : status;
}

static void CloseStreams(STREAMS *Streams)
{
    HANDLE *each = &Streams->Console;
    ULONG i;
    for (i = 0; i < sizeof(*Streams) / sizeof(HANDLE); i++)
        if (each[i] != NULL)
            NtClose(each[i]);
}

/* Those that could not be opened are NULL. */
static NTSTATUS OpenStreams(const SMSS_PROGRAM *Program, STREAMS *Streams)
{
    NTSTATUS status;

    *Streams = (STREAMS){ NULL, NULL, NULL, NULL };
    OpenStream(L"\\Device\\ConDrv\\Reference", GENERIC_READ | GENERIC_WRITE, &Streams->Console);    /* without one there is no console */
    status = OpenStream(Program->Input, GENERIC_READ, &Streams->Input);
    if (NT_SUCCESS(status))
        status = OpenOutput(Program->Output, &Streams->Output);
    if (NT_SUCCESS(status))
        status = OpenOutput(Program->Error, &Streams->Error);
    return status;
}

/* ---- Running one ---- */
static NTSTATUS Start(const SMSS_PROGRAM *Program, const COMMAND *Command, const STREAMS *Streams, HANDLE *Process)
{
    static const WCHAR folder[] = L"C:\\";
    NATIVE_ATTRIBUTES attributes = {
        sizeof(attributes), { { NATIVE_ATTRIBUTE_IMAGE_NAME, Command->Image.Length * sizeof(WCHAR), Command->Image.Characters, NULL } }
    };
    static NATIVE_PARAMETERS parameters = { .MaximumLength = sizeof(parameters), .Length = sizeof(parameters) };
    HANDLE thread;
    NTSTATUS status;

    parameters.Flags = NATIVE_PARAMETERS_NORMALIZED;
    parameters.ConsoleHandle = Streams->Console;
    parameters.StandardInput = Streams->Input;
    parameters.StandardOutput = Streams->Output;
    parameters.StandardError = Streams->Error;
    parameters.CurrentDirectory = TextOf(folder, ARRAYSIZE(folder) - 1);
    parameters.ImagePathName = parameters.WindowTitle = TextOf(Command->Path.Characters, Command->Path.Length);
    parameters.CommandLine = TextOf(Program->CommandLine, TextLength(Program->CommandLine));
    parameters.Environment = Environment.Characters;
    parameters.EnvironmentSize = Environment.Length * sizeof(WCHAR);
    status = NtCreateUserProcess(Process, &thread, PROCESS_ALL_ACCESS, THREAD_ALL_ACCESS, NULL, NULL, 0, 0, &parameters, NULL, &attributes);
    if (NT_SUCCESS(status))
        NtClose(thread);
    return status;
}

static NTSTATUS Await(HANDLE Process)
{
    PROCESS_BASIC_INFORMATION information;
    NTSTATUS status = NtWaitForSingleObject(Process, FALSE, NULL);

    if (NT_SUCCESS(status))
        status = NtQueryInformationProcess(Process, ProcessBasicInformation, &information, sizeof(information), NULL);
    NtClose(Process);
    return NT_SUCCESS(status) ? information.ExitStatus : status;
}

static void Run(const SMSS_PROGRAM *Program, SMSS_RESULT *Result)
{
    COMMAND command;
    STREAMS streams;
    HANDLE process;

    Result->Status = ParseCommand(Program->CommandLine, &command);
    if (!NT_SUCCESS(Result->Status))
        return;
    Result->Status = OpenStreams(Program, &streams);
    if (NT_SUCCESS(Result->Status))
        Result->Status = Start(Program, &command, &streams, &process);
    CloseStreams(&streams);                      /* before the wait: who reads the other ends sees them end with the program */
    if (NT_SUCCESS(Result->Status))
        Result->ExitStatus = Await(process);
}

static NTSTATUS Serve(HANDLE Kernel)
{
    static SMSS_PROGRAM program;
    IO_STATUS_BLOCK transfer;
    NTSTATUS status;

    for (;;) {
        SMSS_RESULT result = { STATUS_SUCCESS, STATUS_SUCCESS };
        status = NtReadFile(Kernel, NULL, NULL, NULL, &transfer, &program, sizeof(program), NULL, NULL);
        if (!NT_SUCCESS(status))
            return status;
        if (transfer.Information == sizeof(program))
            Run(&program, &result);
        else
            result.Status = STATUS_INVALID_PARAMETER;
        status = NtWriteFile(Kernel, NULL, NULL, NULL, &transfer, &result, sizeof(result), NULL, NULL);
        if (!NT_SUCCESS(status))
            return status;
    }
}

void NtProcessStartup(void);
void NtProcessStartup(void)
{
    NTSTATUS status = ReadEnvironment(&Environment);

    if (NT_SUCCESS(status))
        status = Serve(NATIVE_OWN_PARAMETERS()->StandardInput);
    NtTerminateProcess(NATIVE_PROCESS, status == STATUS_PIPE_BROKEN ? STATUS_SUCCESS : status);
}

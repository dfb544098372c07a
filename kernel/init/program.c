/* SPDX-License-Identifier: MIT
 * The programs of the job: each asked of the session manager, and told as events.
 */
#include "program.h"
#include "kd.h"
#include "ps.h"
#include "svc.h"

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
static VOID InitCopyText(PWCHAR To, ULONG Characters, PCSTR From)
{
    ULONG i;
    for (i = 0; From[i] != '\0' && i + 1 < Characters; i++)
        To[i] = (UCHAR)From[i];
    To[i] = L'\0';
}

static NTSTATUS InitRunOnConsole(SMSS_PROGRAM *Program, NTSTATUS *ExitStatus)
{
    InitCopyText(Program->Input, SMSS_LONGEST_NAME, "\\Device\\ConDrv\\Input");
    InitCopyText(Program->Output, SMSS_LONGEST_NAME, "\\Device\\ConDrv\\Output");
    InitCopyText(Program->Error, SMSS_LONGEST_NAME, "\\Device\\ConDrv\\Output");
    return InitAskSessionManager(Program, ExitStatus);
}

/* What it writes becomes events; what it reads is the job's file, or nothing. The console is there for who asks for it by name. */
static NTSTATUS InitRunCaptured(SMSS_PROGRAM *Program, NTSTATUS *ExitStatus)
{
    PCSTR input = InitOption("stdin");
    INIT_STREAM output, error;
    NTSTATUS status = InitOpenStream(&output, "stdout", Program->Output);

    if (!NT_SUCCESS(status))
        return status;
    status = InitOpenStream(&error, "stderr", Program->Error);
    if (NT_SUCCESS(status)) {
        InitCopyText(Program->Input, SMSS_LONGEST_NAME, input != NULL ? input : "\\Device\\Null");
        status = InitAskSessionManager(Program, ExitStatus);
        InitFinishStream(&error);
    }
    InitFinishStream(&output);
    return status;
}

typedef struct INIT_VISIT {
    NTSTATUS (*Run)(SMSS_PROGRAM *Program, NTSTATUS *ExitStatus);
    BOOLEAN Started;
} INIT_VISIT;

static NTSTATUS InitRunProgram(const INIT_VISIT *Visit, PCSTR CommandLine, NTSTATUS *ExitStatus)
{
    SMSS_PROGRAM *program = ExAllocatePoolWithTag(PagedPool, sizeof(*program), 'gPsI');
    NTSTATUS status = STATUS_INSUFFICIENT_RESOURCES;

    if (program == NULL)
        return status;
    RtlZeroMemory(program, sizeof(*program));
    InitCopyText(program->CommandLine, SMSS_LONGEST_COMMAND, CommandLine);
    status = strlen(CommandLine) < SMSS_LONGEST_COMMAND ? Visit->Run(program, ExitStatus) : STATUS_NAME_TOO_LONG;
    ExFreePoolWithTag(program, 'gPsI');
    return status;
}

static VOID InitVisitCommand(PVOID Context, PCSTR Value)
{
    INIT_VISIT *visit = Context;
    NTSTATUS exit = STATUS_SUCCESS, status;

    KdBeginEvent("program");
    KdEventText("command", Value);
    KdEventText("step", "begin");
    KdEndEvent();
    status = InitRunProgram(visit, Value, &exit);
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
    InitEndSessionManager();
    SvcReportMissing();
    return captured.Started && shown.Started;
}

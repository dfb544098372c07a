/* SPDX-License-Identifier: MIT
 * The session manager (programs/smss), as the kernel sees it: a process, and a pipe of messages to it.
 */
#include "program.h"
#include "io.h"
#include "kd.h"
#include "ps.h"

/* Enough for its loader; what programs get is in the registry. */
static const WCHAR InitEnvironment[] = L"SystemDrive=C:\0SystemRoot=C:\\Windows\0Path=C:\\Windows\\System32\0";

static struct {
    PEPROCESS Process;                           /* NULL: not started */
    HANDLE Pipe;
} InitManager;                                   /* the lab thread's */

static NTSTATUS InitStartProcess(HANDLE Input)
{
    UNICODE_STRING image = RTL_CONSTANT_STRING(L"\\SystemRoot\\System32\\smss.exe"), line = RTL_CONSTANT_STRING(L"smss.exe"),
                   path = RTL_CONSTANT_STRING(L"C:\\Windows\\System32\\smss.exe"), folder = RTL_CONSTANT_STRING(L"C:\\");
    PS_PROGRAM program = { image, path, line, folder, (PVOID)InitEnvironment, sizeof(InitEnvironment), NULL, Input, NULL, NULL };

    return PsStartProgram(&program, &InitManager.Process);
}

static NTSTATUS InitStartSessionManager(VOID)
{
    WCHAR name[SMSS_LONGEST_NAME];
    HANDLE client;
    NTSTATUS status = InitCreatePipe(TRUE, GENERIC_READ | GENERIC_WRITE, name, &InitManager.Pipe);

    if (!NT_SUCCESS(status))
        return status;
    status = InitOpenPipe(name, GENERIC_READ | GENERIC_WRITE, &client);
    if (NT_SUCCESS(status)) {
        status = InitStartProcess(client);
        ZwClose(client);                         /* it has its own: the pipe breaks when it ends */
    }
    if (!NT_SUCCESS(status)) {
        ZwClose(InitManager.Pipe);
        InitManager.Process = NULL;
    }
    return status;
}

NTSTATUS InitAskSessionManager(const SMSS_PROGRAM *Program, NTSTATUS *ExitStatus)
{
    SMSS_RESULT answer = { STATUS_UNSUCCESSFUL, STATUS_UNSUCCESSFUL };
    IO_STATUS_BLOCK result;
    NTSTATUS status = InitManager.Process == NULL ? InitStartSessionManager() : STATUS_SUCCESS;

    if (!NT_SUCCESS(status))
        return status;
    status = ZwWriteFile(InitManager.Pipe, NULL, NULL, NULL, &result, (PVOID)Program, sizeof(*Program), NULL, NULL);
    if (NT_SUCCESS(status))
        status = ZwReadFile(InitManager.Pipe, NULL, NULL, NULL, &result, &answer, sizeof(answer), NULL, NULL);
    if (!NT_SUCCESS(status))
        return STATUS_PROCESS_IS_TERMINATING;
    if (result.Information != sizeof(answer))
        return STATUS_INVALID_MESSAGE;
    *ExitStatus = answer.ExitStatus;
    return answer.Status;
}

VOID InitEndSessionManager(VOID)
{
    if (InitManager.Process == NULL)
        return;
    ZwClose(InitManager.Pipe);
    KeWaitForSingleObject(InitManager.Process, Executive, KernelMode, FALSE, NULL);
    if (PsGetProcessExitStatus(InitManager.Process) != STATUS_SUCCESS) {
        KdBeginEvent("log");
        KdEventText("level", "warning");
        KdEventText("text", "the session manager did not end well");
        KdEventCode("status", (ULONG)PsGetProcessExitStatus(InitManager.Process));
        KdEndEvent();
    }
    ObfDereferenceObject(InitManager.Process);
    InitManager.Process = NULL;
}

/* SPDX-License-Identifier: MIT
 * The end of a process: with its last thread, or, when it has none, when somebody ends it.
 *
 * EPROCESS.Flags has PSP_PROCESS_EXITING from the moment that no thread can be added (PspListLock), PSP_PROCESS_REPORTED once its
 * end was told.
 */
#include "psp.h"

VOID PspExitProcess(PEPROCESS Process)
{
    PspNotifyProcessExit(Process);
    KeQuerySystemTime(&Process->ExitTime);
    ExWaitForRundownProtectionRelease(&Process->RundownProtect);     /* nobody gives it a handle any more */
    ObCloseProcessHandles(Process);
    MmCleanAddressSpace(Process);
    KeSignalProcess(&Process->Pcb);
}

BOOLEAN PspEnterExit(PEPROCESS Process, NTSTATUS Status)
{
    KIRQL irql = KeLockAcquire(&PspListLock);
    BOOLEAN last = Process->ActiveThreads == 0 && !(Process->Flags & PSP_PROCESS_REPORTED);

    if (Process->ExitStatus == STATUS_PENDING)
        Process->ExitStatus = Status;
    Process->Flags |= PSP_PROCESS_EXITING | (last ? PSP_PROCESS_REPORTED : 0);
    KeLockRelease(&PspListLock, irql);
    return last;
}

NTSTATUS PsTerminateProcess(PEPROCESS Process, NTSTATUS Status)
{
    if (Process == PsInitialSystemProcess || Process == PsIdleProcess)
        return STATUS_ACCESS_DENIED;
    if (Process->Flags & PSP_PROCESS_EXITING)
        return STATUS_PROCESS_IS_TERMINATING;
    if (PspEnterExit(Process, Status))
        PspExitProcess(Process);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI NtTerminateProcess(HANDLE ProcessHandle, NTSTATUS ExitStatus)
{
    PVOID process;
    NTSTATUS status = ObReferenceObjectByHandle(ProcessHandle != NULL ? ProcessHandle : NtCurrentProcess(), PROCESS_TERMINATE,
                                                PspProcessType, ObPreviousMode(), &process, NULL);

    if (!NT_SUCCESS(status))
        return status;
    status = PsTerminateProcess(process, ExitStatus);
    ObfDereferenceObject(process);
    return status;
}

NTSTATUS NTAPI ZwTerminateProcess(HANDLE ProcessHandle, NTSTATUS ExitStatus)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtTerminateProcess(ProcessHandle, ExitStatus));
}

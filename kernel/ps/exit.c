/* SPDX-License-Identifier: MIT
 * The end of a process: with its last thread, or, when it has none, when somebody ends it.
 *
 * EPROCESS.Flags has PSP_PROCESS_EXITING from the moment that no thread can be added (PspListLock), PSP_PROCESS_REPORTED once its
 * end was told.
 */
#include "job.h"
#include "kd.h"

VOID PspExitProcess(PEPROCESS Process)
{
    PspNotifyProcessExit(Process);
    Process->Peb = NULL;
    KeQuerySystemTime(&Process->ExitTime);
    PspLeaveJob(Process);
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
    else
        PspRequestExitOfOthers(Process, Status);
    return STATUS_SUCCESS;
}

/* ---- Threads that are to end ---- */
VOID PspRequestExit(PETHREAD Thread, NTSTATUS Status)
{
    if (Thread->Tcb.SystemThread || (InterlockedOr((volatile LONG *)&Thread->CrossThreadFlags, PSP_THREAD_TERMINATED) & PSP_THREAD_TERMINATED))
        return;
    Thread->ExitStatus = Status;
    KeForceResumeThread(&Thread->Tcb);
    KeRequestUserApc(&Thread->Tcb);
}

/* One after the other, each found from the beginning: those that were asked are marked. */
static PETHREAD PspNextToEnd(PEPROCESS Process)
{
    PETHREAD found = NULL;
    PLIST_ENTRY entry;
    KIRQL irql = KeLockAcquire(&PspListLock);

    for (entry = Process->ThreadListHead.Flink; entry != &Process->ThreadListHead && found == NULL; entry = entry->Flink) {
        PETHREAD thread = CONTAINING_RECORD(entry, ETHREAD, ThreadListEntry);
        if (thread != PsCurrentThread() && !thread->Tcb.SystemThread && !(thread->CrossThreadFlags & PSP_THREAD_TERMINATED) &&
            ObReferenceObjectSafe(thread))
            found = thread;
    }
    KeLockRelease(&PspListLock, irql);
    return found;
}

VOID PspRequestExitOfOthers(PEPROCESS Process, NTSTATUS Status)
{
    PETHREAD thread;

    while ((thread = PspNextToEnd(Process)) != NULL) {
        PspRequestExit(thread, Status);
        ObfDereferenceObject(thread);
    }
}

VOID PspTestTermination(VOID)
{
    PETHREAD thread = PsCurrentThread();
    if (thread->CrossThreadFlags & PSP_THREAD_TERMINATED)
        PspExitThread(thread->ExitStatus);
}

VOID PspEndProcessOfException(PEXCEPTION_RECORD Record)
{
    PEPROCESS process = PsCurrentProcess();

    KdBeginEvent("exception");
    KdEventText("process", (PCSTR)process->ImageFileName);
    KdEventCode("code", (ULONG)Record->ExceptionCode);
    KdEventAddress("address", (ULONG64)Record->ExceptionAddress);
    KdEndEvent();
    PsTerminateProcess(process, Record->ExceptionCode);
    PspRequestExit(PsCurrentThread(), Record->ExceptionCode);
}

NTSTATUS NTAPI NtTerminateProcess(HANDLE ProcessHandle, NTSTATUS ExitStatus)
{
    PVOID process;
    BOOLEAN self;
    NTSTATUS status = ObReferenceObjectByHandle(ProcessHandle != NULL ? ProcessHandle : NtCurrentProcess(), PROCESS_TERMINATE,
                                                PspProcessType, ObPreviousMode(), &process, NULL);

    if (!NT_SUCCESS(status))
        return status;
    self = process == PsCurrentProcess() && !PsCurrentThread()->Tcb.SystemThread;
    if (self && ProcessHandle == NULL)           /* the caller goes on: it has things to do first */
        PspRequestExitOfOthers(process, ExitStatus);
    else
        status = PsTerminateProcess(process, ExitStatus);
    ObfDereferenceObject(process);
    if (self && ProcessHandle != NULL)
        PspRequestExit(PsCurrentThread(), ExitStatus);
    return status;
}

NTSTATUS NTAPI NtTerminateThread(HANDLE ThreadHandle, NTSTATUS ExitStatus)
{
    PVOID thread;
    NTSTATUS status = ObReferenceObjectByHandle(ThreadHandle != NULL ? ThreadHandle : NtCurrentThread(), PSP_THREAD_TERMINATE,
                                                PspThreadType, ObPreviousMode(), &thread, NULL);

    if (!NT_SUCCESS(status))
        return status;
    if (((PETHREAD)thread)->Tcb.SystemThread)
        status = STATUS_INVALID_PARAMETER;
    else
        PspRequestExit(thread, ExitStatus);
    ObfDereferenceObject(thread);
    return status;
}

NTSTATUS NTAPI ZwTerminateProcess(HANDLE ProcessHandle, NTSTATUS ExitStatus)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtTerminateProcess(ProcessHandle, ExitStatus));
}

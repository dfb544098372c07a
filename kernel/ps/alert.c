/* SPDX-License-Identifier: MIT
 * Alerts of threads by handle and by id, and giving the processor up for a while or a moment.
 */
#include "psp.h"

NTSTATUS NTAPI NtAlertThread(HANDLE ThreadHandle)
{
    PVOID thread;
    NTSTATUS status = ObReferenceObjectByHandle(ThreadHandle, THREAD_ALERT, PspThreadType, ObPreviousMode(), &thread, NULL);

    if (!NT_SUCCESS(status))
        return status;
    KeAlertThread(thread, ObPreviousMode());
    ObfDereferenceObject(thread);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI NtTestAlert(VOID) { return KeTestAlertThread(ObPreviousMode()) ? STATUS_ALERTED : STATUS_SUCCESS; }

NTSTATUS NTAPI ZwAlertThread(HANDLE ThreadHandle)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtAlertThread(ThreadHandle));
}

NTSTATUS NTAPI NtYieldExecution(VOID) { return KeYieldExecution(); }
NTSTATUS NTAPI ZwYieldExecution(VOID) { return KeYieldExecution(); }

NTSTATUS NTAPI NtDelayExecution(BOOLEAN Alertable, PLARGE_INTEGER DelayInterval)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    LARGE_INTEGER interval = { .QuadPart = MINLONGLONG };
    NTSTATUS status = STATUS_SUCCESS;

    if (DelayInterval != NULL || mode == KernelMode || !PsFlavour->NullDelayIsEndless)
        status = MmReadCaller(mode, &interval, DelayInterval, sizeof(interval));
    return NT_SUCCESS(status) ? KeDelayExecutionThread(mode, Alertable, &interval) : status;
}

/* ---- By id, within a process: what waits for an address in user mode are built of ---- */
NTSTATUS NTAPI NtWaitForAlertByThreadId(PVOID Address, PLARGE_INTEGER Timeout)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    LARGE_INTEGER timeout;
    NTSTATUS status = STATUS_SUCCESS;

    if (Timeout != NULL)
        status = MmReadCaller(mode, &timeout, Timeout, sizeof(timeout));
    return NT_SUCCESS(status) ? KeWaitForAlertById(mode, Timeout != NULL ? &timeout : NULL) : status;
}

NTSTATUS NTAPI NtAlertThreadByThreadId(HANDLE ThreadId)
{
    PETHREAD thread;
    NTSTATUS status = PsLookupThreadByThreadId(ThreadId, &thread);

    if (!NT_SUCCESS(status))
        return STATUS_INVALID_CID;
    if (PsGetThreadProcess(thread) == PsCurrentProcess())
        KeAlertThreadById(&thread->Tcb);
    else
        status = STATUS_ACCESS_DENIED;
    ObfDereferenceObject(thread);
    return status;
}

NTSTATUS NTAPI NtAlertMultipleThreadByThreadId(PHANDLE ThreadIds, ULONG Count, PVOID Boost, ULONG BoostCount)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    NTSTATUS status = STATUS_SUCCESS;
    HANDLE id;
    ULONG i;

    for (i = 0; NT_SUCCESS(status) && i < Count; i++) {
        status = MmReadCaller(mode, &id, &ThreadIds[i], sizeof(id));
        if (NT_SUCCESS(status))
            status = NtAlertThreadByThreadId(id);
    }
    return status;
}

/* ---- Processors ---- */
static VOID PspSerialize(PVOID Context) { (void)Context; }

/* Caches are coherent; what is left is that processors may have fetched ahead, which an interrupt throws away. */
NTSTATUS NTAPI NtFlushInstructionCache(HANDLE ProcessHandle, PVOID BaseAddress, SIZE_T Length)
{
    PVOID process;
    NTSTATUS status = ObReferenceObjectByHandle(ProcessHandle, PROCESS_VM_WRITE, PspProcessType, ObPreviousMode(), &process, NULL);

    if (!NT_SUCCESS(status))
        return status;
    ObfDereferenceObject(process);
    KeIpiGenericCallOthers(PspSerialize, NULL);
    return STATUS_SUCCESS;
}

/* The interrupt orders what each processor wrote before it. */
NTSTATUS NTAPI NtFlushProcessWriteBuffers(VOID)
{
    KeIpiGenericCallOthers(PspSerialize, NULL);
    return STATUS_SUCCESS;
}

/* SPDX-License-Identifier: MIT
 * Looking at all processes, and at the threads of one.
 */
#include "psp.h"

PEPROCESS PsGetNextProcess(PEPROCESS Process)
{
    PEPROCESS next = NULL;
    PLIST_ENTRY entry;
    KIRQL irql = KeLockAcquire(&PspListLock);

    entry = Process != NULL ? Process->ActiveProcessLinks.Flink : PsActiveProcessHead.Flink;
    for (; entry != &PsActiveProcessHead && next == NULL; entry = entry->Flink) {
        PEPROCESS candidate = CONTAINING_RECORD(entry, EPROCESS, ActiveProcessLinks);
        if (ObReferenceObjectSafe(candidate))
            next = candidate;
    }
    KeLockRelease(&PspListLock, irql);
    if (Process != NULL)
        ObfDereferenceObject(Process);
    return next;
}

#define PSP_THREADS_VISITED 4096u                /* lists that something broke have no end */

VOID PspVisitThreads(VOID (*Visit)(PKTHREAD Thread, PCSTR Process))
{
    PLIST_ENTRY process, thread;
    ULONG visited = 0;

    for (process = PsActiveProcessHead.Flink; process != &PsActiveProcessHead && visited < PSP_THREADS_VISITED; process = process->Flink) {
        PEPROCESS owner = CONTAINING_RECORD(process, EPROCESS, ActiveProcessLinks);
        for (thread = owner->ThreadListHead.Flink; thread != &owner->ThreadListHead && visited < PSP_THREADS_VISITED; thread = thread->Flink) {
            Visit(&CONTAINING_RECORD(thread, ETHREAD, ThreadListEntry)->Tcb, (PCSTR)owner->ImageFileName);
            visited++;
        }
        visited++;
    }
}

static VOID PspDescribeThread(PETHREAD Thread, PSYSTEM_THREAD_INFORMATION Facts)
{
    RtlZeroMemory(Facts, sizeof(*Facts));
    Facts->KernelTime.QuadPart = (LONG64)Thread->Tcb.KernelTime * PS_TICK;
    Facts->UserTime.QuadPart = (LONG64)Thread->Tcb.UserTime * PS_TICK;
    Facts->CreateTime = Thread->CreateTime;
    Facts->WaitTime = Thread->Tcb.WaitTime;
    Facts->StartAddress = (PVOID)(ULONG_PTR)Thread->StartAddress;
    Facts->ClientId = Thread->Cid;
    Facts->Priority = Thread->Tcb.Priority;
    Facts->BasePriority = Thread->Tcb.BasePriority;
    Facts->ContextSwitches = Thread->Tcb.ContextSwitches;
    Facts->ThreadState = Thread->Tcb.State;
    Facts->WaitReason = Thread->Tcb.WaitReason;
}

ULONG PsDescribeThreads(PEPROCESS Process, PSYSTEM_THREAD_INFORMATION Facts, ULONG Maximum)
{
    KIRQL irql = KeLockAcquire(&PspListLock);
    PLIST_ENTRY entry;
    ULONG count = 0;

    for (entry = Process->ThreadListHead.Flink; entry != &Process->ThreadListHead && count < Maximum; entry = entry->Flink)
        PspDescribeThread(CONTAINING_RECORD(entry, ETHREAD, ThreadListEntry), &Facts[count++]);
    KeLockRelease(&PspListLock, irql);
    return count;
}

/* ---- By handle ---- */
static PETHREAD PspNextThreadOf(PEPROCESS Process, PETHREAD Thread)
{
    PETHREAD next = NULL;
    PLIST_ENTRY entry;
    KIRQL irql = KeLockAcquire(&PspListLock);
    BOOLEAN past = Thread == NULL;

    for (entry = Process->ThreadListHead.Flink; entry != &Process->ThreadListHead && next == NULL; entry = entry->Flink) {
        PETHREAD candidate = CONTAINING_RECORD(entry, ETHREAD, ThreadListEntry);
        if (past && ObReferenceObjectSafe(candidate))
            next = candidate;
        past = past || candidate == Thread;
    }
    KeLockRelease(&PspListLock, irql);
    return next;
}

static NTSTATUS PspReturnHandle(HANDLE Value, PHANDLE Handle)
{
    NTSTATUS status = MmWriteCaller(ObPreviousMode(), Handle, &Value, sizeof(Value));
    if (!NT_SUCCESS(status))
        ObCloseHandle(Value, ObPreviousMode());
    return status;
}

NTSTATUS NTAPI NtGetNextThread(HANDLE ProcessHandle, HANDLE ThreadHandle, ACCESS_MASK DesiredAccess, ULONG HandleAttributes, ULONG Flags,
                               PHANDLE NewThreadHandle)
{
    PVOID process, thread = NULL;
    PETHREAD next;
    HANDLE handle;
    NTSTATUS status;

    if (Flags != 0)
        return STATUS_INVALID_PARAMETER_5;
    status = ObReferenceObjectByHandle(ProcessHandle, PROCESS_QUERY_INFORMATION, PspProcessType, ObPreviousMode(), &process, NULL);
    if (!NT_SUCCESS(status))
        return status;
    if (ThreadHandle != NULL)
        status = ObReferenceObjectByHandle(ThreadHandle, 0, PspThreadType, ObPreviousMode(), &thread, NULL);
    if (NT_SUCCESS(status)) {
        next = PspNextThreadOf(process, thread);
        status = next != NULL ? ObOpenObjectByPointer(next, HandleAttributes, NULL, DesiredAccess, PspThreadType, ObPreviousMode(), &handle)
                              : STATUS_NO_MORE_ENTRIES;
        if (next != NULL)
            ObfDereferenceObject(next);
    }
    if (thread != NULL)
        ObfDereferenceObject(thread);
    ObfDereferenceObject(process);
    return NT_SUCCESS(status) ? PspReturnHandle(handle, NewThreadHandle) : status;
}

NTSTATUS NTAPI NtGetNextProcess(HANDLE ProcessHandle, ACCESS_MASK DesiredAccess, ULONG HandleAttributes, ULONG Flags,
                                PHANDLE NewProcessHandle)
{
    PVOID process = NULL;
    PEPROCESS next;
    HANDLE handle;
    NTSTATUS status = STATUS_SUCCESS;

    if (Flags != 0)
        return STATUS_INVALID_PARAMETER_4;
    if (ProcessHandle != NULL)
        status = ObReferenceObjectByHandle(ProcessHandle, 0, PspProcessType, ObPreviousMode(), &process, NULL);
    if (!NT_SUCCESS(status))
        return status;
    for (next = PsGetNextProcess(process); next != NULL; next = PsGetNextProcess(next)) {
        status = ObOpenObjectByPointer(next, HandleAttributes, NULL, DesiredAccess, PspProcessType, ObPreviousMode(), &handle);
        if (NT_SUCCESS(status))
            break;                               /* those that the caller may not open are passed over */
    }
    if (next == NULL)
        return STATUS_NO_MORE_ENTRIES;
    ObfDereferenceObject(next);
    return PspReturnHandle(handle, NewProcessHandle);
}

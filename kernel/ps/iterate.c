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

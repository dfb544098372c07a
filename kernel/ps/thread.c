/* SPDX-License-Identifier: MIT
 * System threads: made, started, ended, reaped. A running thread holds a reference on its own object; the reaper gives it back,
 * together with the stack, once the thread has left it.
 */
#include "psp.h"
#include "se.h"
#include "user.h"

/* ---- Deletion ---- */
VOID PspFreeId(HANDLE Id)
{
    KIRQL irql;
    PHANDLE_TABLE_ENTRY entry = Id != NULL ? ObLockHandle(PspCidTable, Id, &irql) : NULL;
    if (entry != NULL)
        ObFreeLockedHandle(PspCidTable, Id, entry, irql);
}

VOID PspDeleteThread(PVOID Object)
{
    static const SE_IMPERSONATION nobody;
    PETHREAD thread = Object;

    SeSetThreadToken(thread, &nobody);
    PspFreeThreadName(thread);
    KeDeleteUserThread(&thread->Tcb);
    PspFreeId(thread->Cid.UniqueThread);
    if (thread->Tcb.StackBase != NULL)           /* never ran */
        MmDeleteKernelStack(thread->Tcb.StackBase);
    if (thread->Tcb.Process != NULL)
        ObfDereferenceObject(thread->Tcb.Process);
    if (thread->ActivityId != NULL)
        ExFreePool(thread->ActivityId);
}

VOID PspReapThread(PKTHREAD Thread)
{
    MmDeleteKernelStack(Thread->StackBase);
    Thread->StackBase = NULL;
    ObfDereferenceObject(Thread);
}

/* ---- Creation ---- */
NTSTATUS PspAllocateThread(const PSP_NEW_THREAD *New, PETHREAD *Thread)
{
    POBJECT_ATTRIBUTES attributes = New->Attributes;
    PETHREAD thread;
    PVOID object, stack;
    NTSTATUS status;

    if (attributes != NULL && (attributes->Attributes & (OBJ_PERMANENT | OBJ_EXCLUSIVE | OBJ_OPENIF)))
        return STATUS_INVALID_PARAMETER;
    status = ObCreateObject(KernelMode, PspThreadType, attributes, KernelMode, NULL, sizeof(ETHREAD), 0, 0, &object);
    if (!NT_SUCCESS(status))
        return status;
    thread = object;
    stack = MmCreateKernelStack();
    if (stack == NULL)
        goto Cleanup;
    KeInitThread(&thread->Tcb, &New->Process->Pcb, stack, New->Startup, thread);
    ObfReferenceObject(New->Process);
    thread->Tcb.FirstArgument = New->Context;
    thread->StartAddress = New->Routine;
    thread->Win32StartAddress = New->Routine;
    thread->ExitStatus = STATUS_PENDING;
    thread->CrossThreadFlags = IoPriorityNormal << PSP_THREAD_IO_PRIORITY | PSP_HIGHEST_PAGE_PRIORITY << PSP_THREAD_PAGE_PRIORITY;
    InitializeListHead(&thread->IrpList);
    InitializeListHead(&thread->ActiveTimerListHead);
    KeQuerySystemTime(&thread->CreateTime);
    thread->Cid.UniqueProcess = New->Process->UniqueProcessId;
    thread->Cid.UniqueThread = ObAllocateHandle(PspCidTable, thread, 0, 0);
    if (thread->Cid.UniqueThread == NULL)
        goto Cleanup;
    *Thread = thread;
    return STATUS_SUCCESS;

Cleanup:
    ObfDereferenceObject(object);
    return STATUS_INSUFFICIENT_RESOURCES;
}

BOOLEAN PspStartThread(PETHREAD Thread)
{
    PEPROCESS process = (PEPROCESS)Thread->Tcb.Process;
    KIRQL irql = KeLockAcquire(&PspListLock);
    BOOLEAN ending = (process->Flags & PSP_PROCESS_EXITING) != 0;

    if (!ending) {
        InsertTailList(&process->ThreadListHead, &Thread->ThreadListEntry);
        process->ActiveThreads++;
        InterlockedOr((volatile LONG *)&Thread->CrossThreadFlags, PSP_THREAD_INSERTED);
    }
    KeLockRelease(&PspListLock, irql);
    if (ending)
        return FALSE;
    ObfReferenceObject(Thread);                  /* the running thread's own */
    PspNotifyThread(Thread, TRUE);
    KeStartThread(&Thread->Tcb);
    return TRUE;
}

NTSTATUS NTAPI PsCreateSystemThread(PHANDLE ThreadHandle, ULONG DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                                    HANDLE ProcessHandle, PCLIENT_ID ClientId, PKSTART_ROUTINE StartRoutine, PVOID StartContext)
{
    PVOID process = PsInitialSystemProcess;
    PSP_NEW_THREAD new = { ObjectAttributes, NULL, PspSystemThreadStartup, StartRoutine, StartContext };
    PETHREAD thread;
    CLIENT_ID id;
    HANDLE handle;
    NTSTATUS status = STATUS_SUCCESS;

    if (ProcessHandle != NULL)
        status = ObReferenceObjectByHandle(ProcessHandle, PROCESS_CREATE_THREAD, PspProcessType, KernelMode, &process, NULL);
    else
        ObfReferenceObject(process);
    if (!NT_SUCCESS(status))
        return status;
    new.Process = process;
    status = PspAllocateThread(&new, &thread);
    ObfDereferenceObject(process);               /* the thread has its own */
    if (!NT_SUCCESS(status))
        return status;
    /* The creator's reference keeps the thread across its whole life, however short. */
    status = ObInsertObject(thread, NULL, 0, 0, NULL, NULL);
    if (!NT_SUCCESS(status))
        return status;
    status = ObOpenObjectByPointer(thread, OBJ_KERNEL_HANDLE, NULL, DesiredAccess, PspThreadType, KernelMode, &handle);
    if (!NT_SUCCESS(status)) {
        ObfDereferenceObject(thread);
        return status;
    }
    id = thread->Cid;
    if (!PspStartThread(thread)) {
        ZwClose(handle);
        ObfDereferenceObject(thread);
        return STATUS_PROCESS_IS_TERMINATING;
    }
    ObfDereferenceObject(thread);
    *ThreadHandle = handle;
    if (ClientId != NULL)
        *ClientId = id;
    return STATUS_SUCCESS;
}

/* ---- The end ---- */
/* A thread that ends inside a critical or guarded region, or above PASSIVE_LEVEL, holds something it will never release. */
static VOID PspCheckExit(PETHREAD Thread)
{
    if (Thread->Tcb.CombinedApcDisable != 0 || KeIrql() != PASSIVE_LEVEL)
        KeBugCheckEx(KERNEL_APC_PENDING_DURING_EXIT, 0, (ULONG_PTR)(LONG_PTR)(LONG)Thread->Tcb.CombinedApcDisable, KeIrql(), 0);
}

VOID PspExitThread(NTSTATUS Status)
{
    PETHREAD thread = PsCurrentThread();
    PEPROCESS process = (PEPROCESS)thread->Tcb.Process;
    BOOLEAN last;
    KIRQL irql;

    PspCheckExit(thread);
    PspNotifyThread(thread, FALSE);
    if (PsUpcalls.RundownTimers != NULL)
        PsUpcalls.RundownTimers(thread);
    if (PsUpcalls.CancelThreadIo != NULL)
        PsUpcalls.CancelThreadIo(thread);
    thread->ExitStatus = Status;
    KeQuerySystemTime(&thread->ExitTime);
    irql = KeLockAcquire(&PspListLock);
    RemoveEntryList(&thread->ThreadListEntry);
    process->ActiveThreads--;
    InterlockedOr((volatile LONG *)&thread->CrossThreadFlags, PSP_THREAD_TERMINATED);
    last = process->ActiveThreads == 0;
    KeLockRelease(&PspListLock, irql);
    if (!last)
        PspFreeUserThread(thread);
    if (last && PspEnterExit(process, Status))
        PspExitProcess(process);
    KeTerminateThread(0);
}

NTSTATUS NTAPI PsTerminateSystemThread(NTSTATUS ExitStatus)
{
    PETHREAD thread = PsCurrentThread();

    if (!thread->Tcb.SystemThread || thread->StartAddress == NULL)      /* an idle thread has no start address */
        return STATUS_INVALID_PARAMETER;
    PspExitThread(ExitStatus);
}

/* SPDX-License-Identifier: MIT
 * Services for threads in user mode: making, suspending, looking into and continuing them.
 */
#include "user.h"
#include "visit.h"

#define PSP_SUSPEND_RESUME 0x0002u               /* THREAD_SUSPEND_RESUME */
#define PSP_GET_CONTEXT 0x0008u
#define PSP_SET_CONTEXT 0x0010u

/* The caller has the handle and all he asked for before the thread runs. On failure the handle is closed; the thread was not started. */
static NTSTATUS PspHandOverThread(PETHREAD Thread, ULONG Attributes, ACCESS_MASK Access, const PSP_ATTRIBUTES *Wishes, PHANDLE To)
{
    HANDLE handle;
    NTSTATUS status = ObOpenObjectByPointer(Thread, Attributes, NULL, Access, PspThreadType, KernelMode, &handle);

    if (!NT_SUCCESS(status))
        return status;
    status = PspTellOfThread(Wishes, Thread);
    if (NT_SUCCESS(status))
        return ObReturnHandle(status, To, handle);
    ObCloseHandle(handle, ObPreviousMode());
    return status;
}

static NTSTATUS PspMakeThread(PSP_USER_THREAD *New, HANDLE ProcessHandle, PETHREAD *Thread)
{
    PVOID process;
    NTSTATUS status = ObReferenceObjectByHandle(ProcessHandle, PROCESS_CREATE_THREAD, PspProcessType, ObPreviousMode(), &process, NULL);

    if (!NT_SUCCESS(status))
        return status;
    New->Process = process;
    status = New->Process->Peb != NULL ? PspCreateUserThread(New, Thread) : STATUS_PROCESS_IS_TERMINATING;
    ObfDereferenceObject(process);
    return status;
}

NTSTATUS NTAPI NtCreateThreadEx(PHANDLE ThreadHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes, HANDLE ProcessHandle,
                                PVOID StartRoutine, PVOID Argument, ULONG CreateFlags, SIZE_T ZeroBits, SIZE_T StackSize,
                                SIZE_T MaximumStackSize, PVOID AttributeList)
{
    PSP_USER_THREAD new = { .Start = StartRoutine, .Argument = Argument, .StackReserve = MaximumStackSize, .StackCommit = StackSize };
    OBJECT_ATTRIBUTES attributes;
    PSP_ATTRIBUTES wishes;
    PETHREAD thread;
    NTSTATUS status = MmProbeCaller(ObPreviousMode(), ThreadHandle, sizeof(*ThreadHandle));

    (void)ZeroBits;
    if (NT_SUCCESS(status))
        status = PspReadObjectAttributes(ObjectAttributes, &attributes);
    if (NT_SUCCESS(status))
        status = PspReadAttributes(AttributeList, &wishes);
    if (NT_SUCCESS(status))
        status = PspMakeThread(&new, ProcessHandle, &thread);
    if (!NT_SUCCESS(status))
        return status;
    status = PspHandOverThread(thread, attributes.Attributes, DesiredAccess, &wishes, ThreadHandle);
    if (!NT_SUCCESS(status)) {
        PspAbandonUserThread(thread);
        return status;
    }
    status = PspStartUserThread(thread, (CreateFlags & PSP_CREATE_SUSPENDED) != 0);
    ObfDereferenceObject(thread);
    return status;
}

/* From kernel mode. */
NTSTATUS NTAPI RtlCreateUserThread(HANDLE ProcessHandle, PSECURITY_DESCRIPTOR SecurityDescriptor, BOOLEAN CreateSuspended, ULONG ZeroBits,
                                   SIZE_T StackReserve, SIZE_T StackCommit, PVOID StartAddress, PVOID Parameter, PHANDLE ThreadHandle,
                                   PCLIENT_ID ClientId)
{
    OBJECT_ATTRIBUTES attributes = { sizeof(attributes), NULL, NULL, OBJ_KERNEL_HANDLE, SecurityDescriptor, NULL };
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    HANDLE handle;
    PVOID thread;
    NTSTATUS status = NtCreateThreadEx(&handle, THREAD_ALL_ACCESS, &attributes, ProcessHandle, StartAddress, Parameter,
                                       CreateSuspended ? PSP_CREATE_SUSPENDED : 0, ZeroBits, StackCommit, StackReserve, NULL);

    if (NT_SUCCESS(status) && ClientId != NULL) {
        status = ObReferenceObjectByHandle(handle, 0, PspThreadType, KernelMode, &thread, NULL);
        if (NT_SUCCESS(status)) {
            *ClientId = ((PETHREAD)thread)->Cid;
            ObfDereferenceObject(thread);
        }
    }
    if (NT_SUCCESS(status) && ThreadHandle != NULL)
        *ThreadHandle = handle;
    else if (NT_SUCCESS(status))
        ObCloseHandle(handle, KernelMode);
    return ObLeaveKernelMode(mode, status);
}

/* ---- Suspending ---- */
static NTSTATUS PspReferenceThread(HANDLE Handle, ACCESS_MASK Access, PETHREAD *Thread)
{
    PVOID object;
    NTSTATUS status = ObReferenceObjectByHandle(Handle, Access, PspThreadType, ObPreviousMode(), &object, NULL);
    *Thread = object;
    return status;
}

NTSTATUS NTAPI NtSuspendThread(HANDLE ThreadHandle, PULONG PreviousSuspendCount)
{
    PETHREAD thread;
    ULONG count = 0;
    NTSTATUS status = MmProbeOptional(ObPreviousMode(), PreviousSuspendCount, sizeof(count));

    if (NT_SUCCESS(status))
        status = PspReferenceThread(ThreadHandle, PSP_SUSPEND_RESUME, &thread);
    if (!NT_SUCCESS(status))
        return status;
    status = thread->CrossThreadFlags & PSP_THREAD_TERMINATED ? STATUS_THREAD_IS_TERMINATING : KeSuspendThread(&thread->Tcb, &count);
    ObfDereferenceObject(thread);
    return NT_SUCCESS(status) ? MmWriteOptional(ObPreviousMode(), PreviousSuspendCount, &count, sizeof(count)) : status;
}

NTSTATUS NTAPI NtResumeThread(HANDLE ThreadHandle, PULONG PreviousSuspendCount)
{
    PETHREAD thread;
    ULONG count;
    NTSTATUS status = MmProbeOptional(ObPreviousMode(), PreviousSuspendCount, sizeof(count));

    if (NT_SUCCESS(status))
        status = PspReferenceThread(ThreadHandle, PSP_SUSPEND_RESUME, &thread);
    if (!NT_SUCCESS(status))
        return status;
    count = KeResumeThread(&thread->Tcb);
    ObfDereferenceObject(thread);
    return MmWriteOptional(ObPreviousMode(), PreviousSuspendCount, &count, sizeof(count));
}

/* ---- Contexts ---- */
NTSTATUS NTAPI NtContinue(PCONTEXT Context, BOOLEAN TestAlert)
{
    CONTEXT context;
    NTSTATUS status = PspReadUser(&context, Context, sizeof(context));

    if (!NT_SUCCESS(status))
        return status;
    KeSetUserContext(&context);
    if (TestAlert)
        KeTestAlertThread(UserMode);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI NtRaiseException(PEXCEPTION_RECORD ExceptionRecord, PCONTEXT Context, BOOLEAN FirstChance)
{
    EXCEPTION_RECORD record;
    CONTEXT context;
    NTSTATUS status = PspReadUser(&record, ExceptionRecord, sizeof(record));

    if (NT_SUCCESS(status))
        status = PspReadUser(&context, Context, sizeof(context));
    if (!NT_SUCCESS(status))
        return status;
    if (record.NumberParameters > EXCEPTION_MAXIMUM_PARAMETERS)
        return STATUS_INVALID_PARAMETER;
    if (FirstChance)
        KeRaiseUserException(&record, &context);
    else
        PspEndProcessOfException(&record);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI NtGetContextThread(HANDLE ThreadHandle, PCONTEXT ThreadContext)
{
    PETHREAD thread;
    CONTEXT context;
    ULONG flags;
    NTSTATUS status = PspReadUser(&flags, &ThreadContext->ContextFlags, sizeof(flags));

    if (NT_SUCCESS(status))
        status = PspReferenceThread(ThreadHandle, PSP_GET_CONTEXT, &thread);
    if (!NT_SUCCESS(status))
        return status;
    status = KeGetThreadContext(&thread->Tcb, &context);
    ObfDereferenceObject(thread);
    if (!NT_SUCCESS(status))
        return status;
    context.ContextFlags = flags;
    return PspWriteUser(ThreadContext, &context, sizeof(context));
}

NTSTATUS NTAPI NtSetContextThread(HANDLE ThreadHandle, PCONTEXT ThreadContext)
{
    PETHREAD thread;
    CONTEXT context;
    NTSTATUS status = PspReadUser(&context, ThreadContext, sizeof(context));

    if (NT_SUCCESS(status))
        status = PspReferenceThread(ThreadHandle, PSP_SET_CONTEXT, &thread);
    if (!NT_SUCCESS(status))
        return status;
    status = KeSetThreadContext(&thread->Tcb, &context);
    ObfDereferenceObject(thread);
    return status;
}

/* ---- Memory of others ---- */
static NTSTATUS PspCopyMemory(HANDLE ProcessHandle, PVOID Theirs, PVOID Ours, SIZE_T Size, PSIZE_T Copied, BOOLEAN Write)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    PVOID process;
    SIZE_T copied = 0;
    NTSTATUS status = MmProbeOptional(mode, Copied, sizeof(*Copied)), told;

    if (NT_SUCCESS(status))
        status = ObReferenceObjectByHandle(ProcessHandle, Write ? PROCESS_VM_WRITE : PROCESS_VM_READ, PspProcessType, mode, &process, NULL);
    if (!NT_SUCCESS(status))
        return status;
    status = Write ? MmCopyVirtualMemory(PsCurrentProcess(), Ours, process, Theirs, Size, mode, &copied)
                   : MmCopyVirtualMemory(process, Theirs, PsCurrentProcess(), Ours, Size, mode, &copied);
    ObfDereferenceObject(process);
    told = MmWriteOptional(mode, Copied, &copied, sizeof(copied));
    return NT_SUCCESS(status) && !NT_SUCCESS(told) ? told : status;
}

NTSTATUS NTAPI NtReadVirtualMemory(HANDLE ProcessHandle, PVOID BaseAddress, PVOID Buffer, SIZE_T Size, PSIZE_T Copied)
{
    return PspCopyMemory(ProcessHandle, BaseAddress, Buffer, Size, Copied, FALSE);
}

NTSTATUS NTAPI NtWriteVirtualMemory(HANDLE ProcessHandle, PVOID BaseAddress, PVOID Buffer, SIZE_T Size, PSIZE_T Copied)
{
    return PspCopyMemory(ProcessHandle, BaseAddress, Buffer, Size, Copied, TRUE);
}

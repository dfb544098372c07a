/* SPDX-License-Identifier: MIT
 * Services for threads in user mode: making, suspending, looking into and continuing them.
 */
#include "user.h"
#include "visit.h"

#define PSP_CREATE_SUSPENDED 0x1u                /* THREAD_CREATE_FLAGS_CREATE_SUSPENDED */
#define PSP_SUSPEND_RESUME 0x0002u               /* THREAD_SUSPEND_RESUME */
#define PSP_GET_CONTEXT 0x0008u
#define PSP_SET_CONTEXT 0x0010u

static VOID PspReturnThreadAttributes(const VOID *List, PETHREAD Thread)
{
    struct { ULONG64 Attribute; SIZE_T Size; PVOID Value; PSIZE_T ReturnLength; } attribute;
    const UCHAR *at = (const UCHAR *)List + sizeof(SIZE_T);
    PVOID teb = Thread->Tcb.Teb;
    SIZE_T size;

    if (List == NULL || !NT_SUCCESS(PspReadUser(&size, List, sizeof(size))))
        return;
    for (; size >= sizeof(size) + sizeof(attribute) && NT_SUCCESS(PspReadUser(&attribute, at, sizeof(attribute))); size -= sizeof(attribute)) {
        if ((attribute.Attribute & 0xFFFF) == 3)                         /* PsAttributeClientId */
            PspWriteUser(attribute.Value, &Thread->Cid, min(attribute.Size, sizeof(Thread->Cid)));
        else if ((attribute.Attribute & 0xFFFF) == 4)                    /* PsAttributeTebAddress */
            PspWriteUser(attribute.Value, &teb, min(attribute.Size, sizeof(teb)));
        at += sizeof(attribute);
    }
}

NTSTATUS NTAPI NtCreateThreadEx(PHANDLE ThreadHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes, HANDLE ProcessHandle,
                                PVOID StartRoutine, PVOID Argument, ULONG CreateFlags, SIZE_T ZeroBits, SIZE_T StackSize,
                                SIZE_T MaximumStackSize, PVOID AttributeList)
{
    PSP_USER_THREAD new = { .Start = StartRoutine, .Argument = Argument, .StackReserve = max(StackSize, MaximumStackSize) };
    ULONG attributes = ObjectAttributes != NULL ? ObjectAttributes->Attributes : 0;
    HANDLE handle;
    PVOID process;
    PETHREAD thread;
    NTSTATUS status;

    (void)ZeroBits;
    status = ObReferenceObjectByHandle(ProcessHandle, PROCESS_CREATE_THREAD, PspProcessType, ObPreviousMode(), &process, NULL);
    if (!NT_SUCCESS(status))
        return status;
    new.Process = process;
    status = new.Process->Peb != NULL ? PspCreateUserThread(&new, &thread) : STATUS_PROCESS_IS_TERMINATING;
    ObfDereferenceObject(process);
    if (!NT_SUCCESS(status))
        return status;
    status = ObOpenObjectByPointer(thread, attributes, NULL, DesiredAccess, PspThreadType, KernelMode, &handle);
    if (!NT_SUCCESS(status)) {
        PspAbandonUserThread(thread);
        return status;
    }
    PspReturnThreadAttributes(AttributeList, thread);
    status = PspStartUserThread(thread, (CreateFlags & PSP_CREATE_SUSPENDED) != 0);
    if (NT_SUCCESS(status))
        *ThreadHandle = handle;
    else
        ObCloseHandle(handle, ObPreviousMode());
    ObfDereferenceObject(thread);
    return status;
}

/* From kernel mode; Commit is the whole stack anyway. */
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
    NTSTATUS status = PspReferenceThread(ThreadHandle, PSP_SUSPEND_RESUME, &thread);

    if (!NT_SUCCESS(status))
        return status;
    status = thread->CrossThreadFlags & PSP_THREAD_TERMINATED ? STATUS_THREAD_IS_TERMINATING : KeSuspendThread(&thread->Tcb, &count);
    ObfDereferenceObject(thread);
    if (NT_SUCCESS(status) && PreviousSuspendCount != NULL)
        *PreviousSuspendCount = count;
    return status;
}

NTSTATUS NTAPI NtResumeThread(HANDLE ThreadHandle, PULONG PreviousSuspendCount)
{
    PETHREAD thread;
    ULONG count;
    NTSTATUS status = PspReferenceThread(ThreadHandle, PSP_SUSPEND_RESUME, &thread);

    if (!NT_SUCCESS(status))
        return status;
    count = KeResumeThread(&thread->Tcb);
    ObfDereferenceObject(thread);
    if (PreviousSuspendCount != NULL)
        *PreviousSuspendCount = count;
    return STATUS_SUCCESS;
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
    PVOID process;
    SIZE_T copied = 0;
    NTSTATUS status = ObReferenceObjectByHandle(ProcessHandle, Write ? PROCESS_VM_WRITE : PROCESS_VM_READ, PspProcessType,
                                                ObPreviousMode(), &process, NULL);

    if (!NT_SUCCESS(status))
        return status;
    status = Write ? MmCopyVirtualMemory(PsCurrentProcess(), Ours, process, Theirs, Size, ObPreviousMode(), &copied)
                   : MmCopyVirtualMemory(process, Theirs, PsCurrentProcess(), Ours, Size, ObPreviousMode(), &copied);
    ObfDereferenceObject(process);
    if (Copied != NULL)
        *Copied = copied;
    return status;
}

NTSTATUS NTAPI NtReadVirtualMemory(HANDLE ProcessHandle, PVOID BaseAddress, PVOID Buffer, SIZE_T Size, PSIZE_T Copied)
{
    return PspCopyMemory(ProcessHandle, BaseAddress, Buffer, Size, Copied, FALSE);
}

NTSTATUS NTAPI NtWriteVirtualMemory(HANDLE ProcessHandle, PVOID BaseAddress, PVOID Buffer, SIZE_T Size, PSIZE_T Copied)
{
    return PspCopyMemory(ProcessHandle, BaseAddress, Buffer, Size, Copied, TRUE);
}

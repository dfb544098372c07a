/* SPDX-License-Identifier: MIT
 * Threads in user mode: a TEB and a stack of their own, and the way into ntdll's loader, which every thread passes first.
 *
 *      stack base ->  28h bytes for RtlUserThreadStart's caller
 *                     CONTEXT in which the thread begins, for the loader to continue with
 *                     room: rsp of LdrInitializeThunk, 8 below the CONTEXT
 */
#include "user.h"
#include "ke.h"
#include "mmstack.h"

#define PSP_STACK_TOP 0x28u
#define PSP_CONTROL_WORD 0x27F
#define PSP_MXCSR 0x1F80

/* ---- Memory; the thread is in the process ---- */
static VOID PspReleaseMemory(PVOID Base)
{
    SIZE_T size = 0;
    if (Base != NULL)
        MmFreeUserMemory(&Base, &size, MEM_RELEASE);
}

/* As large as the caller wants it or the image says, and as ntdll needs it at least. */
static NTSTATUS PspMakeStack(const PSP_USER_THREAD *New, TEB *Teb)
{
    const MM_SECTION_IMAGE *image = MmSectionImage(New->Process->SectionObject);
    SIZE_T reserve = New->StackReserve != 0 ? New->StackReserve : image->MaximumStackSize;
    SIZE_T commit = New->StackCommit != 0 ? New->StackCommit : image->CommittedStackSize;
    MM_USER_STACK stack;
    NTSTATUS status = MmCreateUserStack(max(reserve, PsFlavour->LeastStackReserve), max(commit, PsFlavour->LeastStackCommit), &stack);

    if (!NT_SUCCESS(status))
        return status;
    Teb->DeallocationStack = stack.Bottom;
    Teb->NtTib.StackBase = stack.Base;
    Teb->NtTib.StackLimit = stack.Limit;
    return STATUS_SUCCESS;
}

/* The TEB's value, and where it goes. */
static NTSTATUS PspMakeTeb(PETHREAD Thread, const PSP_USER_THREAD *New, TEB *Value, PVOID *Teb)
{
    SIZE_T size = PSP_TEB_BYTES;
    TEB *teb = NULL;
    NTSTATUS status = MmAllocateUserMemory((PVOID *)&teb, 0, &size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);

    if (!NT_SUCCESS(status))
        return status;
    status = PspMakeStack(New, Value);
    if (NT_SUCCESS(status)) {
        Value->NtTib.ExceptionList = (PVOID)-1;
        Value->NtTib.Self = &teb->NtTib;
        Value->ClientId = Value->RealClientId = Thread->Cid;
        Value->ProcessEnvironmentBlock = (PVOID)((PEPROCESS)Thread->Tcb.Process)->Peb;
        /* An ACTIVATION_CONTEXT_STACK whose list, behind its first field, is empty. */
        *(PVOID *)(Value->_ActivationStack + 8) = *(PVOID *)(Value->_ActivationStack + 16) = teb->_ActivationStack + 8;
        Value->ActivationContextStackPointer = teb->_ActivationStack;
        Value->StaticUnicodeString = (UNICODE_STRING){ 0, sizeof(teb->StaticUnicodeBuffer), teb->StaticUnicodeBuffer };
        status = PspWriteUser(teb, Value, sizeof(*Value));
        if (!NT_SUCCESS(status))
            PspReleaseMemory(Value->DeallocationStack);
    }
    if (!NT_SUCCESS(status))
        PspReleaseMemory(teb);
    *Teb = teb;
    return status;
}

VOID PspFreeUserThread(PETHREAD Thread)
{
    TEB *teb = Thread->Tcb.Teb;
    PVOID stack;

    if (teb == NULL)
        return;
    if (NT_SUCCESS(PspReadUser(&stack, &teb->DeallocationStack, sizeof(stack))))
        PspReleaseMemory(stack);
    if (!PsFlavour->ListsTebs || !(Thread->CrossThreadFlags & PSP_THREAD_TERMINATED))
        PspReleaseMemory(teb);                   /* else it stays: others' TEBs point to it */
}

/* ---- Into user mode ---- */
static VOID PspBeginContext(CONTEXT *Context, ULONG64 Rip, ULONG64 Rsp)
{
    RtlZeroMemory(Context, sizeof(*Context));
    Context->ContextFlags = CONTEXT_FULL;
    Context->Rip = Rip;
    Context->Rsp = Rsp;
    Context->EFlags = 0x200;
    Context->SegCs = 0x33;
    Context->SegSs = 0x2B;
    Context->MxCsr = Context->FltSave.MxCsr = PSP_MXCSR;
    Context->FltSave.ControlWord = PSP_CONTROL_WORD;
}

/* Every user thread's first routine in the kernel. */
static VOID PspUserThreadStartup(PVOID Parameter)
{
    PETHREAD thread = Parameter;
    TEB *teb = thread->Tcb.Teb;
    PVOID base = NULL;
    CONTEXT begin, entry;
    ULONG64 at;

    PspNotifyOwnStart();
    KeUpcalls.TestTermination();
    if (!NT_SUCCESS(PspReadUser(&base, &teb->NtTib.StackBase, sizeof(base))))
        PspExitThread(STATUS_BAD_INITIAL_STACK);
    PspBeginContext(&begin, PspSystemDll.UserThreadStart, (ULONG64)base - PSP_STACK_TOP);
    begin.Rcx = (ULONG64)thread->Win32StartAddress;
    begin.Rdx = (ULONG64)thread->Tcb.FirstArgument;
    at = (begin.Rsp & ~15ull) - sizeof(begin);
    if (!NT_SUCCESS(PspWriteUser((PVOID)at, &begin, sizeof(begin))))
        PspExitThread(STATUS_BAD_INITIAL_STACK);
    PspBeginContext(&entry, PspSystemDll.LoaderInitializeThunk, at - sizeof(ULONG64));
    entry.Rcx = at;
    entry.Rdx = (ULONG64)PspSystemDll.Base;
    KeEnterUserMode(&entry);
}

/* ---- Creation ---- */
NTSTATUS PspCreateUserThread(const PSP_USER_THREAD *New, PETHREAD *Thread)
{
    PSP_NEW_THREAD parts = { New->Attributes, New->Process, PspUserThreadStartup, New->Start, New->Argument };
    TEB value = { 0 };
    PETHREAD thread;
    KAPC_STATE state;
    PVOID teb;
    NTSTATUS status = PspAllocateThread(&parts, &thread);

    if (NT_SUCCESS(status))
        status = ObInsertObject(thread, NULL, 0, 0, NULL, NULL);       /* which takes the thread with it when it fails */
    if (!NT_SUCCESS(status))
        return status;
    KeStackAttachProcess(&New->Process->Pcb, &state);
    status = PspMakeTeb(thread, New, &value, &teb);
    if (NT_SUCCESS(status) && !KeInitUserThread(&thread->Tcb, teb)) {
        PspReleaseMemory(value.DeallocationStack);
        PspReleaseMemory(teb);
        status = STATUS_INSUFFICIENT_RESOURCES;
    }
    KeUnstackDetachProcess(&state);
    if (!NT_SUCCESS(status)) {
        ObfDereferenceObject(thread);
        return status;
    }
    *Thread = thread;
    return STATUS_SUCCESS;
}

VOID PspAbandonUserThread(PETHREAD Thread)
{
    KAPC_STATE state;

    KeStackAttachProcess(Thread->Tcb.Process, &state);
    PspFreeUserThread(Thread);
    KeUnstackDetachProcess(&state);
    ObfDereferenceObject(Thread);
}

NTSTATUS PspStartUserThread(PETHREAD Thread, BOOLEAN Suspended)
{
    ULONG count;

    if (Suspended)
        KeSuspendThread(&Thread->Tcb, &count);
    return PspStartThread(Thread) ? STATUS_SUCCESS : STATUS_PROCESS_IS_TERMINATING;
}

/* SPDX-License-Identifier: MIT
 * To user mode: the first time, with a user APC, or with an exception. For the latter two the thread's registers go onto its user stack
 * and ntdll's dispatcher is what runs next; it comes back with NtContinue. The layouts are those of Windows 10.
 */
#include "ki.h"

#define KI_RED_BYTES 0x20u                       /* left alone between what is pushed and the stack of before */
#define KI_CONTEXT_EX_BYTES 0x20u

/* What KiUserExceptionDispatcher finds at rsp. */
typedef struct KI_EXCEPTION_STACK {
    CONTEXT Context;
    ULONG ContextEx[KI_CONTEXT_EX_BYTES / sizeof(ULONG)];       /* CONTEXT_EX: where the parts are, from its own address on */
    EXCEPTION_RECORD Record;
} KI_EXCEPTION_STACK;
C_ASSERT(FIELD_OFFSET(KI_EXCEPTION_STACK, Record) == 0x4F0);

#define KI_POISONED_STACK 0x2000ull               /* as deep as services go */

BOOLEAN KeTraceUser, KePoison;

static NTSTATUS KiNoSystemService(PKTRAP_FRAME Trap) { return STATUS_INVALID_SYSTEM_SERVICE; }
NTSTATUS (*KeSystemService)(PKTRAP_FRAME Trap) = KiNoSystemService;

VOID KePoisonStack(VOID)
{
    ULONG64 limit = (ULONG64)KeCurrentThread()->StackLimit, at, count;

    __asm__ volatile("movq %%rsp, %0" : "=r"(at));
    count = min(at - limit, KI_POISONED_STACK);
    at -= count;
    __asm__ volatile("rep stosb" : "+D"(at), "+c"(count) : "a"(KE_POISON) : "memory");
}

/* ---- The first time ---- */
BOOLEAN KeInitUserThread(PKTHREAD Thread, PVOID Teb)
{
    PVOID area = KiAllocateUserState();

    if (area == NULL)
        return FALSE;
    Thread->StateSaveArea = area;
    Thread->Teb = Teb;
    Thread->SystemThread = 0;
    Thread->PreviousMode = UserMode;
    Thread->TrapFrame = KiUserTrapFrame(Thread);
    return TRUE;
}

VOID KeDeleteUserThread(PKTHREAD Thread)
{
    if (Thread->StateSaveArea != NULL)
        KiFreeUserState(Thread->StateSaveArea);
    Thread->StateSaveArea = NULL;
}

VOID KeEnterUserMode(const CONTEXT *Context)
{
    PKTHREAD thread = KeCurrentThread();
    PKTRAP_FRAME trap = KiUserTrapFrame(thread);
    PKEXCEPTION_FRAME exception = KiUserExceptionFrame(thread);

    RtlZeroMemory(trap, sizeof(*trap));
    RtlZeroMemory(exception, sizeof(*exception));
    trap->PreviousMode = UserMode;
    KiContextToUser(Context, trap, exception);
    KiEnterUserMode(trap, exception);
}

/* ---- The user stack ---- */
/* Room below the thread's stack pointer for what a dispatcher finds at rsp; 0: not user memory. */
static ULONG64 KiUserStackRoom(const CONTEXT *Context, ULONG Bytes)
{
    ULONG64 top = Context->Rsp;
    return top > MmUserProbeAddress || top < Bytes + KI_RED_BYTES + PAGE_SIZE ? 0 : (top - KI_RED_BYTES - Bytes) & ~15ull;
}

static BOOLEAN KiWriteUserStack(ULONG64 To, const VOID *From, ULONG Bytes)
{
    if (To == 0)
        return FALSE;
    __try {
        RtlCopyMemory((PVOID)To, From, Bytes);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return FALSE;
    }
    return TRUE;
}

static VOID KiCallUser(PKTRAP_FRAME Trap, ULONG64 Address, ULONG64 Stack)
{
    Trap->Rip = Address;
    Trap->Rsp = Stack;
    Trap->SegCs = KGDT_USER_CODE | 3;
    Trap->SegSs = KGDT_USER_DATA | 3;
    Trap->EFlags = 0x202;
    KiMarkFrameChanged(Trap);
}

/* ---- Exceptions ---- */
static VOID KiPushException(const EXCEPTION_RECORD *Record, const CONTEXT *Context, PKTRAP_FRAME Trap)
{
    KI_EXCEPTION_STACK frame = { .Context = *Context, .Record = *Record };
    ULONG64 stack = KiUserStackRoom(Context, sizeof(frame));
    EXCEPTION_RECORD record = *Record;

    /* All, legacy and extended part: offset from CONTEXT_EX, and length. */
    frame.ContextEx[0] = frame.ContextEx[2] = (ULONG)-(LONG)sizeof(CONTEXT);
    frame.ContextEx[1] = sizeof(CONTEXT) + KI_CONTEXT_EX_BYTES;
    frame.ContextEx[3] = sizeof(CONTEXT);
    frame.ContextEx[4] = KI_CONTEXT_EX_BYTES;
    if (KeUpcalls.UserExceptionDispatcher != 0 && KiWriteUserStack(stack, &frame, sizeof(frame)))
        KiCallUser(Trap, KeUpcalls.UserExceptionDispatcher, stack);
    else if (KeUpcalls.UnhandledException != NULL)
        KeUpcalls.UnhandledException(&record);
}

VOID KiDispatchUserException(PEXCEPTION_RECORD Record, PKTRAP_FRAME Trap, PKEXCEPTION_FRAME Exception)
{
    CONTEXT context;

    if (KeTraceUser)
        DbgPrint("user: exception %08lx at %p, address %p, rsp %p\n", Record->ExceptionCode, (PVOID)Trap->Rip,
                 (PVOID)Record->ExceptionInformation[1], (PVOID)Trap->Rsp);
    KiContextFromUser(&context, Trap, Exception);
    KiPushException(Record, &context, Trap);
}

VOID KeRaiseUserException(PEXCEPTION_RECORD Record, const CONTEXT *Context)
{
    PKTRAP_FRAME trap = KiUserTrapFrame(KeCurrentThread());
    CONTEXT context;

    KeSetUserContext(Context);
    KeGetUserContext(&context);
    KiPushException(Record, &context, trap);
}

/* ---- User APCs ---- */
/* What a dispatcher finds that is called as a function with five arguments: its rsp is as after a call. */
typedef struct KI_APC_CALL {
    ULONG64 Align, ReturnAddress, Home[4];
    PVOID Routine;
    ULONG64 AlignContext;
    CONTEXT Context;
} KI_APC_CALL;
C_ASSERT(FIELD_OFFSET(KI_APC_CALL, Routine) == FIELD_OFFSET(KI_APC_CALL, ReturnAddress) + 0x28);

static BOOLEAN KiCallApcDispatcher(PKTRAP_FRAME Trap, const CONTEXT *Context, const PVOID Arguments[4])
{
    KI_APC_CALL call = { .Routine = Arguments[3], .Context = *Context };
    ULONG64 stack = KiUserStackRoom(Context, sizeof(call));

    if (!KiWriteUserStack(stack, &call, sizeof(call)))
        return FALSE;
    KiCallUser(Trap, KeUpcalls.UserApcDispatcher, stack + FIELD_OFFSET(KI_APC_CALL, ReturnAddress));
    Trap->Rcx = stack + FIELD_OFFSET(KI_APC_CALL, Context);
    Trap->Rdx = (ULONG64)Arguments[0];
    Trap->R8 = (ULONG64)Arguments[1];
    Trap->R9 = (ULONG64)Arguments[2];
    return TRUE;
}

static BOOLEAN KiEnterApcDispatcher(PKTRAP_FRAME Trap, PCONTEXT Context, const PVOID Arguments[4])
{
    ULONG64 stack = KiUserStackRoom(Context, sizeof(*Context));

    Context->P1Home = (ULONG64)Arguments[0];
    Context->P2Home = (ULONG64)Arguments[1];
    Context->P3Home = (ULONG64)Arguments[2];
    Context->P4Home = (ULONG64)Arguments[3];
    if (!KiWriteUserStack(stack, Context, sizeof(*Context)))
        return FALSE;
    KiCallUser(Trap, KeUpcalls.UserApcDispatcher, stack);
    return TRUE;
}

static VOID KiPushApc(PKTRAP_FRAME Trap, PKEXCEPTION_FRAME Exception, const PVOID Arguments[4])
{
    CONTEXT context;

    KiContextFromUser(&context, Trap, Exception);
    if (KeUpcalls.UserApcDispatcher == 0 || !(KeUpcalls.UserApcInRegisters ? KiCallApcDispatcher(Trap, &context, Arguments)
                                                                           : KiEnterApcDispatcher(Trap, &context, Arguments))) {
        EXCEPTION_RECORD record = { .ExceptionCode = STATUS_STACK_OVERFLOW, .ExceptionAddress = (PVOID)Trap->Rip };
        KiDispatchUserException(&record, Trap, Exception);
    }
}

static VOID KiClearUserApcPending(PKTHREAD Thread)
{
    KIRQL irql = KiLockDispatcher();

    Thread->ApcState.UserApcPending = FALSE;
    KeLockRelease(&KiDispatcherLock, irql);
}

VOID KiDeliverUserApcs(PKTRAP_FRAME Trap, PKEXCEPTION_FRAME Exception)
{
    PKNORMAL_ROUTINE normal;
    PVOID arguments[4];
    KIRQL irql;
    PKAPC apc;

    KiClearUserApcPending(KeCurrentThread());    /* whatever comes from here on is pending again */
    if (KeUpcalls.TestTermination != NULL)
        KeUpcalls.TestTermination();             /* an APC that is queued still goes with the thread */
    apc = KiTakeUserApc(KeCurrentThread());
    if (apc == NULL)
        return;
    normal = apc->NormalRoutine;
    arguments[0] = apc->NormalContext;
    arguments[1] = apc->SystemArgument1;
    arguments[2] = apc->SystemArgument2;
    irql = KfRaiseIrql(APC_LEVEL);
    apc->KernelRoutine(apc, &normal, &arguments[0], &arguments[1], &arguments[2]);      /* may free the APC */
    KeLowerIrql(irql);
    arguments[3] = normal;
    if (normal != NULL)
        KiPushApc(Trap, Exception, arguments);
    else
        KeTestAlertThread(UserMode);             /* the next one, if there is */
}

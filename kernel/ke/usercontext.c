/* SPDX-License-Identifier: MIT
 * The registers of threads in user mode: what the kernel's entries saved, and what the x87 unit still holds, as the CONTEXT that user
 * mode knows; and back, without anything that user mode must not have.
 *
 * Another thread's registers are read and written by that thread itself, in a special kernel APC: then they all lie in its frames.
 */
#include "ki.h"

#define EFLAGS_USER 0x250DD5u                    /* CF PF AF ZF SF TF DF OF RF AC ID */
#define EFLAGS_ALWAYS 0x202u                     /* IF, and the bit that is one */
#define MXCSR_VALID 0xFFFFu
#define KI_X87_BYTES 160u                        /* of FXSAVE's area: what lies before the XMM registers */

typedef struct DECLSPEC_ALIGN(16) KI_FXSAVE { UCHAR Bytes[512]; } KI_FXSAVE;
C_ASSERT(sizeof(XMM_SAVE_AREA32) == sizeof(KI_FXSAVE) && FIELD_OFFSET(XMM_SAVE_AREA32, XmmRegisters) == KI_X87_BYTES);

/* FXSAVE leaves the reserved bytes behind each register as they were: they must not be what the stack held. */
static VOID KiReadX87(XMM_SAVE_AREA32 *Area)
{
    KI_FXSAVE now = { { 0 } };
    ULONG mxCsr = Area->MxCsr;

    __asm__ volatile("fxsave64 %0" : "+m"(now));
    RtlCopyMemory(Area, now.Bytes, KI_X87_BYTES);
    Area->MxCsr = mxCsr;
}

/* The XMM registers and MXCSR of the moment stay: they are the kernel's. */
static VOID KiWriteX87(const XMM_SAVE_AREA32 *Area)
{
    KI_FXSAVE now;
    XMM_SAVE_AREA32 *next = (XMM_SAVE_AREA32 *)now.Bytes;
    ULONG mxCsr, mask;

    __asm__ volatile("fxsave64 %0" : "=m"(now));
    mxCsr = next->MxCsr;
    mask = next->MxCsr_Mask;
    RtlCopyMemory(next, Area, KI_X87_BYTES);
    next->MxCsr = mxCsr;
    next->MxCsr_Mask = mask;
    __asm__ volatile("fxrstor64 %0" : : "m"(now));
}

VOID KiContextFromUser(PCONTEXT Context, const KTRAP_FRAME *Trap, const KEXCEPTION_FRAME *Exception)
{
    KeContextFromFrames(Context, Trap, Exception);
    KiReadX87(&Context->FltSave);
}

static ULONG64 KiCanonical(ULONG64 Address) { return (ULONG64)((LONG64)(Address << 16) >> 16); }

static VOID KiControlToUser(const CONTEXT *Context, PKTRAP_FRAME Trap, PKEXCEPTION_FRAME Exception)
{
    Trap->Rip = KiCanonical(Context->Rip);       /* the return to another would fault in the kernel */
    Trap->Rsp = Context->Rsp;
    Trap->Rbp = Exception->Rbp = Context->Rbp;
    Trap->EFlags = (Context->EFlags & EFLAGS_USER) | EFLAGS_ALWAYS;
    Trap->SegCs = KGDT_USER_CODE | 3;
    Trap->SegSs = KGDT_USER_DATA | 3;
}

VOID KiContextToUser(const CONTEXT *Context, PKTRAP_FRAME Trap, PKEXCEPTION_FRAME Exception)
{
    ULONG flags = Context->ContextFlags;

    if ((flags & CONTEXT_CONTROL) == CONTEXT_CONTROL)
        KiControlToUser(Context, Trap, Exception);
    if ((flags & CONTEXT_INTEGER) == CONTEXT_INTEGER)
        KiIntegersToFrames(Context, Trap, Exception);
    if ((flags & CONTEXT_FLOATING_POINT) == CONTEXT_FLOATING_POINT) {
        Trap->MxCsr = Context->MxCsr & MXCSR_VALID;
        KiVectorsToFrames(Context, Trap, Exception);
        KiWriteX87(&Context->FltSave);
    }
    KiMarkFrameChanged(Trap);
}

/* ---- The calling thread ---- */
VOID KeGetUserContext(PCONTEXT Context)
{
    PKTHREAD thread = KeCurrentThread();
    KiContextFromUser(Context, KiUserTrapFrame(thread), KiUserExceptionFrame(thread));
}

VOID KeSetUserContext(const CONTEXT *Context)
{
    PKTHREAD thread = KeCurrentThread();
    KiContextToUser(Context, KiUserTrapFrame(thread), KiUserExceptionFrame(thread));
}

/* ---- Another thread ---- */
typedef struct KI_CONTEXT_REQUEST {
    KAPC Apc;
    KEVENT Done;
    PCONTEXT Context;
    BOOLEAN Write;
    NTSTATUS Status;
} KI_CONTEXT_REQUEST;

static VOID NTAPI KiServeContextRequest(PRKAPC Apc, PKNORMAL_ROUTINE *NormalRoutine, PVOID *NormalContext, PVOID *SystemArgument1,
                                        PVOID *SystemArgument2)
{
    KI_CONTEXT_REQUEST *request = CONTAINING_RECORD(Apc, KI_CONTEXT_REQUEST, Apc);

    (void)NormalRoutine, (void)NormalContext, (void)SystemArgument1, (void)SystemArgument2;
    if (request->Write)
        KeSetUserContext(request->Context);
    else
        KeGetUserContext(request->Context);
    request->Status = STATUS_SUCCESS;
    KeSetEvent(&request->Done, 0, FALSE);
}

static VOID NTAPI KiRefuseContextRequest(PRKAPC Apc)
{
    KeSetEvent(&CONTAINING_RECORD(Apc, KI_CONTEXT_REQUEST, Apc)->Done, 0, FALSE);
}

static NTSTATUS KiAskForContext(PKTHREAD Thread, PCONTEXT Context, BOOLEAN Write)
{
    KI_CONTEXT_REQUEST request = { .Context = Context, .Write = Write, .Status = STATUS_UNSUCCESSFUL };

    if (Thread->StateSaveArea == NULL)           /* never in user mode */
        return STATUS_UNSUCCESSFUL;
    KeInitializeEvent(&request.Done, NotificationEvent, FALSE);
    KeInitializeApc(&request.Apc, Thread, OriginalApcEnvironment, KiServeContextRequest, KiRefuseContextRequest, NULL, KernelMode,
                    NULL);
    if (!KeInsertQueueApc(&request.Apc, NULL, NULL, 2))
        return STATUS_UNSUCCESSFUL;
    KeWaitForSingleObject(&request.Done, Executive, KernelMode, FALSE, NULL);
    return request.Status;
}

NTSTATUS KeGetThreadContext(PKTHREAD Thread, PCONTEXT Context)
{
    if (Thread != KeCurrentThread())
        return KiAskForContext(Thread, Context, FALSE);
    KeGetUserContext(Context);
    return STATUS_SUCCESS;
}

NTSTATUS KeSetThreadContext(PKTHREAD Thread, const CONTEXT *Context)
{
    if (Thread != KeCurrentThread())
        return KiAskForContext(Thread, (PCONTEXT)Context, TRUE);
    KeSetUserContext(Context);
    return STATUS_SUCCESS;
}

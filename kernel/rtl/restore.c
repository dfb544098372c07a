/* SPDX-License-Identifier: MIT
 * RtlRestoreContext, with the two exception codes that its documentation gives a meaning of their own.
 *
 * STATUS_LONGJUMP: the registers come from the jump buffer at parameter 0. STATUS_UNWIND_CONSOLIDATE: the routine at parameter 0
 * is called first, as if from the context's frame (all frames below it being gone), and returns where to continue.
 */
#include "unwind.h"

typedef struct RTLP_JUMP_BUFFER {         /* _JUMP_BUFFER of Microsoft's setjmp.h */
    ULONG64 Frame, Rbx, Rsp, Rbp, Rsi, Rdi, R12, R13, R14, R15, Rip;
    ULONG MxCsr;
    USHORT FpCsr, Spare;
    M128A Xmm[10];
} RTLP_JUMP_BUFFER;

typedef ULONG64 RTLP_CONSOLIDATE(PEXCEPTION_RECORD Record);

typedef struct RTLP_CONSOLIDATION {       /* RtlpCallConsolidated's frame (context.S) */
    ULONG64 Home[4];
    PCONTEXT Context;
    ULONG64 Fill;
    ULONG64 Rbx, Rbp, Rsi, Rdi, R12, R13, R14, R15;
    M128A Xmm[10];
    ULONG64 Rip, Cs, EFlags, Rsp, Ss;     /* machine frame */
} RTLP_CONSOLIDATION;
C_ASSERT(FIELD_OFFSET(RTLP_CONSOLIDATION, Rbx) == 0x30 && FIELD_OFFSET(RTLP_CONSOLIDATION, Rip) == 0x110);

DECLSPEC_NORETURN VOID RtlpLoadContext(PCONTEXT Context);
DECLSPEC_NORETURN VOID RtlpCallConsolidated(RTLP_CONSOLIDATION *Frame, RTLP_CONSOLIDATE *Routine, PEXCEPTION_RECORD Record);

static VOID RtlpContextFromJump(PCONTEXT context, const RTLP_JUMP_BUFFER *jump)
{
    context->Rbx = jump->Rbx;
    context->Rsp = jump->Rsp;
    context->Rbp = jump->Rbp;
    context->Rsi = jump->Rsi;
    context->Rdi = jump->Rdi;
    context->R12 = jump->R12;
    context->R13 = jump->R13;
    context->R14 = jump->R14;
    context->R15 = jump->R15;
    context->Rip = jump->Rip;
    context->MxCsr = jump->MxCsr;
    memcpy(&context->Xmm6, jump->Xmm, sizeof(jump->Xmm));
}

static DECLSPEC_NORETURN VOID RtlpConsolidate(PCONTEXT context, PEXCEPTION_RECORD record)
{
    RTLP_CONSOLIDATION frame = { .Context = context, .Rip = context->Rip, .Rsp = context->Rsp };

    frame.Rbx = context->Rbx;
    frame.Rbp = context->Rbp;
    frame.Rsi = context->Rsi;
    frame.Rdi = context->Rdi;
    frame.R12 = context->R12;
    frame.R13 = context->R13;
    frame.R14 = context->R14;
    frame.R15 = context->R15;
    memcpy(frame.Xmm, &context->Xmm6, sizeof(frame.Xmm));
    RtlpCallConsolidated(&frame, (RTLP_CONSOLIDATE *)record->ExceptionInformation[0], record);
}

/* Continues at ContextRecord in kernel mode. */
VOID NTAPI RtlRestoreContext(PCONTEXT ContextRecord, PEXCEPTION_RECORD ExceptionRecord)
{
    if (ExceptionRecord != NULL && ExceptionRecord->NumberParameters >= 1) {
        if (ExceptionRecord->ExceptionCode == STATUS_LONGJUMP)
            RtlpContextFromJump(ContextRecord, (const RTLP_JUMP_BUFFER *)ExceptionRecord->ExceptionInformation[0]);
        else if (ExceptionRecord->ExceptionCode == STATUS_UNWIND_CONSOLIDATE)
            RtlpConsolidate(ContextRecord, ExceptionRecord);
    }
    RtlpLoadContext(ContextRecord);
}

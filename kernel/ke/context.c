/* SPDX-License-Identifier: MIT
 * CONTEXT from the frames that trap.S builds, and back.
 */
#include "ki.h"

VOID KeContextFromFrames(PCONTEXT Context, const KTRAP_FRAME *Trap, const KEXCEPTION_FRAME *Exception)
{
    RtlZeroMemory(Context, sizeof(*Context));
    Context->ContextFlags = CONTEXT_FULL | CONTEXT_SEGMENTS;
    Context->MxCsr = Trap->MxCsr;
    Context->FltSave.MxCsr = Trap->MxCsr;
    Context->FltSave.ControlWord = 0x27F;
    Context->SegCs = Trap->SegCs;
    Context->SegSs = Trap->SegSs;
    Context->SegDs = Context->SegEs = Context->SegGs = 0x2B;
    Context->SegFs = 0x53;
    Context->EFlags = Trap->EFlags;
    Context->Rip = Trap->Rip;
    Context->Rsp = Trap->Rsp;
    Context->Rax = Trap->Rax;
    Context->Rcx = Trap->Rcx;
    Context->Rdx = Trap->Rdx;
    Context->R8 = Trap->R8;
    Context->R9 = Trap->R9;
    Context->R10 = Trap->R10;
    Context->R11 = Trap->R11;
    Context->Rbp = Trap->Rbp;
    RtlCopyMemory(&Context->Xmm0, &Trap->Xmm0, 6 * sizeof(M128A));
    if (Exception == NULL)
        return;
    Context->Rbx = Exception->Rbx;
    Context->Rdi = Exception->Rdi;
    Context->Rsi = Exception->Rsi;
    Context->R12 = Exception->R12;
    Context->R13 = Exception->R13;
    Context->R14 = Exception->R14;
    Context->R15 = Exception->R15;
    RtlCopyMemory(&Context->Xmm6, &Exception->Xmm6, 10 * sizeof(M128A));
}

VOID KiIntegersToFrames(const CONTEXT *Context, PKTRAP_FRAME Trap, PKEXCEPTION_FRAME Exception)
{
    Trap->Rax = Context->Rax;
    Trap->Rcx = Context->Rcx;
    Trap->Rdx = Context->Rdx;
    Trap->R8 = Context->R8;
    Trap->R9 = Context->R9;
    Trap->R10 = Context->R10;
    Trap->R11 = Context->R11;
    Exception->Rbx = Context->Rbx;
    Exception->Rdi = Context->Rdi;
    Exception->Rsi = Context->Rsi;
    Exception->R12 = Context->R12;
    Exception->R13 = Context->R13;
    Exception->R14 = Context->R14;
    Exception->R15 = Context->R15;
}

VOID KiVectorsToFrames(const CONTEXT *Context, PKTRAP_FRAME Trap, PKEXCEPTION_FRAME Exception)
{
    RtlCopyMemory(&Trap->Xmm0, &Context->Xmm0, 6 * sizeof(M128A));
    RtlCopyMemory(&Exception->Xmm6, &Context->Xmm6, 10 * sizeof(M128A));
}

VOID KeContextToFrames(const CONTEXT *Context, PKTRAP_FRAME Trap, PKEXCEPTION_FRAME Exception)
{
    Trap->MxCsr = Context->MxCsr;
    Trap->EFlags = Context->EFlags;
    Trap->Rip = Context->Rip;
    Trap->Rsp = Context->Rsp;
    Trap->Rbp = Exception->Rbp = Context->Rbp;
    KiIntegersToFrames(Context, Trap, Exception);
    KiVectorsToFrames(Context, Trap, Exception);
}

/* SPDX-License-Identifier: MIT
 * Stacks: which one an address belongs to, and walking one without ever faulting. The walker trusts unwind data only for the
 * arithmetic; every memory read is checked against the stack it must be on.
 */
#include "ki.h"
#include "rtl.h"

static BOOLEAN KiIsWithin(ULONG64 Address, ULONG Length, ULONG64 Low, ULONG64 High)
{
    return Address >= Low && Address < High && Length <= High - Address;
}

static PKTHREAD KiForeignThread;                 /* whose stack is walked while all other processors are halted */

BOOLEAN KeIsOnStack(ULONG64 Address, ULONG Length)
{
    PKTHREAD thread = KeCurrentThread();         /* one instruction: below DISPATCH_LEVEL the processor may change at any time */
    KI_PROCESSOR *processor = KeCurrentProcessor();
    ULONG i;

    if (thread != NULL && KiIsWithin(Address, Length, (ULONG64)thread->StackLimit, (ULONG64)thread->StackBase))
        return TRUE;
    if (KiForeignThread != NULL && KiIsWithin(Address, Length, (ULONG64)KiForeignThread->StackLimit, (ULONG64)KiForeignThread->StackBase))
        return TRUE;
    for (i = 0; i < KI_IST_STACKS; i++) {
        ULONG64 base = (ULONG64)processor->IstBases[i];
        if (KiIsWithin(Address, Length, base - KE_KERNEL_STACK_SIZE, base))
            return TRUE;
    }
    return FALSE;
}

ULONG KeWalkStack(const CONTEXT *Context, ULONG64 *Frames, ULONG Maximum)
{
    CONTEXT context = *Context;
    ULONG count = 0;

    while (count < Maximum && context.Rip != 0) {
        ULONG64 stack = context.Rsp;
        Frames[count++] = context.Rip;
        if (!RtlUnwindOneFrame(&context) || context.Rsp == stack)
            break;                               /* not `<=`: an interrupt's stack may lie above the one it left */
    }
    return count;
}

ULONG KiWalkWaitingThread(PKTHREAD Thread, ULONG64 *Frames, ULONG Maximum)
{
    KI_SWITCH_FRAME *frame = Thread->KernelStack;
    CONTEXT context = { 0 };
    ULONG count;

    KiForeignThread = Thread;
    context.Rip = frame->Return;
    context.Rsp = (ULONG64)(frame + 1);
    context.Rbx = frame->Rbx;
    context.Rbp = frame->Rbp;
    context.Rsi = frame->Rsi;
    context.Rdi = frame->Rdi;
    context.R12 = frame->R12;
    context.R13 = frame->R13;
    context.R14 = frame->R14;
    context.R15 = frame->R15;
    count = KeWalkStack(&context, Frames, Maximum);
    KiForeignThread = NULL;
    return count;
}

ULONG KeCaptureStack(ULONG Skip, ULONG64 *Frames, ULONG Maximum)
{
    CONTEXT context;

    RtlCaptureContext(&context);
    for (Skip++; Skip != 0; Skip--)
        if (!RtlUnwindOneFrame(&context))
            return 0;
    return KeWalkStack(&context, Frames, Maximum);
}

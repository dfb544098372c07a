/* SPDX-License-Identifier: MIT
 * Unwinding by callers: RtlVirtualUnwind reads the memory its context names, as its callers may unwind any stack; the kernel's
 * own walks read checked memory only.
 */
#include "unwind.h"

static BOOLEAN RtlpReadAnything(ULONG64 address, PVOID buffer, ULONG length)
{
    memcpy(buffer, (const VOID *)(ULONG_PTR)address, length);
    return TRUE;
}

static BOOLEAN RtlpReadStack(ULONG64 address, PVOID buffer, ULONG length)
{
    if (!RtlUpcalls.IsOnStack(address, length))
        return FALSE;
    memcpy(buffer, (const VOID *)(ULONG_PTR)address, length);
    return TRUE;
}

/* Unwinds one frame of ContextRecord; the handler of HandlerType with its data, or NULL. Data that make no sense give Rip 0. */
PEXCEPTION_ROUTINE NTAPI RtlVirtualUnwind(ULONG HandlerType, ULONG64 ImageBase, ULONG64 ControlPc,
                                          PRUNTIME_FUNCTION FunctionEntry, PCONTEXT ContextRecord, PVOID *HandlerData,
                                          PULONG64 EstablisherFrame, PKNONVOLATILE_CONTEXT_POINTERS ContextPointers)
{
    RTLP_IMAGE image;
    RTLP_UNWIND unwind = { &image, RtlpReadAnything, ContextRecord, ContextPointers };
    RTLP_FRAME frame = { ContextRecord->Rsp };
    BOOLEAN done;

    if (!RtlpFindImage(ControlPc, &image) || image.Base != ImageBase)
        image = (RTLP_IMAGE){ ImageBase, MAXULONG, NULL, 0 };
    done = FunctionEntry != NULL ? RtlpUnwindFunction(&unwind, ControlPc, FunctionEntry, HandlerType, &frame)
                                 : RtlpUnwindLeaf(&unwind);
    if (!done)
        ContextRecord->Rip = 0;
    *EstablisherFrame = frame.EstablisherFrame;
    if (!done || frame.Handler == 0)
        return NULL;
    *HandlerData = (PVOID)(ULONG_PTR)(ImageBase + frame.HandlerData);
    return (PEXCEPTION_ROUTINE)(ULONG_PTR)(ImageBase + frame.Handler);
}

/* Code outside of every image (a call through a bad pointer) is left like a leaf, if that leads back into an image. */
static BOOLEAN RtlpUnwindForeignCode(RTLP_UNWIND *unwind)
{
    RTLP_IMAGE image;
    return RtlpUnwindLeaf(unwind) && RtlpFindImage(unwind->Context->Rip, &image);
}

static VOID RtlpDescribeFrame(PDISPATCHER_CONTEXT dispatcher, ULONG64 base, const RUNTIME_FUNCTION *function,
                              const RTLP_FRAME *frame)
{
    dispatcher->ImageBase = base;
    dispatcher->FunctionEntry = (PRUNTIME_FUNCTION)(ULONG_PTR)function;
    dispatcher->EstablisherFrame = frame->EstablisherFrame;
    dispatcher->LanguageHandler = frame->Handler == 0 ? NULL : (PEXCEPTION_ROUTINE)(ULONG_PTR)(base + frame->Handler);
    dispatcher->HandlerData = (PVOID)(ULONG_PTR)(base + frame->HandlerData);
}

BOOLEAN RtlpUnwindForDispatch(PCONTEXT Context, ULONG HandlerType, PDISPATCHER_CONTEXT Dispatcher)
{
    const RUNTIME_FUNCTION *function = NULL;
    RTLP_IMAGE image;
    RTLP_UNWIND unwind = { &image, RtlpReadStack, Context, NULL };
    RTLP_FRAME frame = { Context->Rsp };
    BOOLEAN done;

    Dispatcher->ControlPc = Context->Rip;
    if (Context->Rip == 0)
        return FALSE;
    if (!RtlpFindImage(Context->Rip, &image)) {
        done = RtlpUnwindForeignCode(&unwind);
    } else {
        function = RtlpFindFunction(&image, (ULONG)(Context->Rip - image.Base));
        done =
            function != NULL ? RtlpUnwindFunction(&unwind, Context->Rip, function, HandlerType, &frame) : RtlpUnwindLeaf(&unwind);
    }
    RtlpDescribeFrame(Dispatcher, image.Base, function, &frame);
    return done;
}

BOOLEAN RtlUnwindOneFrame(PCONTEXT Context)
{
    DISPATCHER_CONTEXT frame;
    CONTEXT context = *Context;

    if (!RtlpUnwindForDispatch(&context, UNW_FLAG_NHANDLER, &frame))
        return FALSE;
    *Context = context;
    return TRUE;
}

/* SPDX-License-Identifier: MIT
 * The unwind phase: runs the termination handlers of every frame from here to a target frame, then continues there.
 *
 * A termination handler may unwind itself; that second unwind then meets the frame of RtlpCallUnwindHandler, whose handler hands
 * it the state of the first, which the second continues and replaces.
 */
#include "unwind.h"

typedef struct RTLP_UNWINDING {
    PEXCEPTION_RECORD Record;
    ULONG64 TargetFrame;                  /* 0: exit unwind, to the end of the stack */
    PVOID TargetIp, ReturnValue;
    PCONTEXT Current, Next;               /* registers in the frame of Dispatcher, and in its caller */
    DISPATCHER_CONTEXT Dispatcher;
    ULONG Flags;
} RTLP_UNWINDING;

EXCEPTION_DISPOSITION RtlpCollidedUnwindHandler(PEXCEPTION_RECORD Record, PVOID EstablisherFrame, PCONTEXT Context,
                                                PDISPATCHER_CONTEXT Dispatcher)
{
    const DISPATCHER_CONTEXT *interrupted = ((PDISPATCHER_CONTEXT *)EstablisherFrame)[4];      /* SAVED_DISPATCHER */
    ULONG64 targetIp = Dispatcher->TargetIp;

    *Dispatcher = *interrupted;
    Dispatcher->TargetIp = targetIp;                          /* each unwind has its own */
    return ExceptionCollidedUnwind;
}

/* Continues the unwind whose dispatcher context Dispatcher is a copy of. */
static BOOLEAN RtlpUnwindFromCollision(RTLP_UNWINDING *unwinding)
{
    DISPATCHER_CONTEXT same;

    *unwinding->Current = *unwinding->Dispatcher.ContextRecord;
    *unwinding->Next = *unwinding->Current;
    unwinding->Flags |= EXCEPTION_COLLIDED_UNWIND;
    return RtlpUnwindForDispatch(unwinding->Next, UNW_FLAG_UHANDLER, &same);
}

static EXCEPTION_DISPOSITION RtlpRunHandler(RTLP_UNWINDING *unwinding)
{
    PDISPATCHER_CONTEXT dispatcher = &unwinding->Dispatcher;
    EXCEPTION_DISPOSITION disposition;

    if (dispatcher->EstablisherFrame == unwinding->TargetFrame)
        unwinding->Flags |= EXCEPTION_TARGET_UNWIND;
    dispatcher->TargetIp = (ULONG64)unwinding->TargetIp;
    dispatcher->ContextRecord = unwinding->Current;
    unwinding->Current->Rax = (ULONG64)unwinding->ReturnValue;
    unwinding->Record->ExceptionFlags = unwinding->Flags;
    disposition = RtlpCallUnwindHandler(unwinding->Record, (PVOID)dispatcher->EstablisherFrame, unwinding->Current, dispatcher);
    unwinding->Flags &= ~(ULONG)(EXCEPTION_COLLIDED_UNWIND | EXCEPTION_TARGET_UNWIND);
    return disposition;
}

/* The termination handlers of one frame. FALSE: the unwind cannot go on. */
static BOOLEAN RtlpRunFrame(RTLP_UNWINDING *unwinding)
{
    ULONG attempts;

    for (attempts = 0; attempts < RTLP_FRAME_LIMIT && unwinding->Dispatcher.LanguageHandler != NULL; attempts++) {
        switch (RtlpRunHandler(unwinding)) {
        case ExceptionContinueSearch:
            return TRUE;
        case ExceptionCollidedUnwind:
            if (!RtlpUnwindFromCollision(unwinding))
                return FALSE;
            break;
        default:
            RtlpRaiseBecauseOf(STATUS_INVALID_DISPOSITION, unwinding->Record);
        }
    }
    return unwinding->Dispatcher.LanguageHandler == NULL;
}

/* Runs the handlers up to the target, whose registers are Current then. FALSE when the stack ends or passes it. */
static BOOLEAN RtlpUnwindToTarget(RTLP_UNWINDING *unwinding)
{
    PDISPATCHER_CONTEXT dispatcher = &unwinding->Dispatcher;
    PCONTEXT left;
    ULONG frames;

    for (frames = 0; frames < RTLP_FRAME_LIMIT; frames++) {
        *unwinding->Next = *unwinding->Current;
        dispatcher->ScopeIndex = 0;
        if (!RtlpUnwindForDispatch(unwinding->Next, UNW_FLAG_UHANDLER, dispatcher) ||
            !RtlpIsFrameValid(dispatcher->EstablisherFrame))
            return FALSE;
        if (unwinding->TargetFrame != 0 && dispatcher->EstablisherFrame > unwinding->TargetFrame)
            return FALSE;
        if (!RtlpRunFrame(unwinding))
            return FALSE;
        if (dispatcher->EstablisherFrame == unwinding->TargetFrame)
            return TRUE;
        left = unwinding->Current;
        unwinding->Current = unwinding->Next;
        unwinding->Next = left;
    }
    return FALSE;
}

/* ContextRecord is room for the registers of the unwind. Does not return when there is a TargetFrame on this stack; raises
 * STATUS_BAD_STACK else. */
VOID NTAPI RtlUnwindEx(PVOID TargetFrame, PVOID TargetIp, PEXCEPTION_RECORD ExceptionRecord, PVOID ReturnValue,
                       PCONTEXT ContextRecord, PUNWIND_HISTORY_TABLE HistoryTable)
{
    CONTEXT other;
    EXCEPTION_RECORD record = { 0 };
    RTLP_UNWINDING unwinding = { .TargetFrame = (ULONG64)TargetFrame, .TargetIp = TargetIp, .ReturnValue = ReturnValue };

    RtlCaptureContext(ContextRecord);
    record.ExceptionCode = STATUS_UNWIND;
    record.ExceptionAddress = (PVOID)ContextRecord->Rip;
    unwinding.Record = ExceptionRecord != NULL ? ExceptionRecord : &record;
    unwinding.Flags = EXCEPTION_UNWINDING | (TargetFrame == NULL ? EXCEPTION_EXIT_UNWIND : 0);
    unwinding.Current = ContextRecord;
    unwinding.Next = &other;
    if (!RtlpUnwindToTarget(&unwinding)) {
        if (TargetFrame != NULL)
            RtlpRaiseBecauseOf(STATUS_BAD_STACK, unwinding.Record);
        return;
    }
    unwinding.Current->Rax = (ULONG64)ReturnValue;
    if (unwinding.Record->ExceptionCode != STATUS_UNWIND_CONSOLIDATE)
        unwinding.Current->Rip = (ULONG64)TargetIp;
    RtlRestoreContext(unwinding.Current, unwinding.Record);
}

VOID NTAPI RtlUnwind(PVOID TargetFrame, PVOID TargetIp, PEXCEPTION_RECORD ExceptionRecord, PVOID ReturnValue)
{
    CONTEXT context;
    RtlUnwindEx(TargetFrame, TargetIp, ExceptionRecord, ReturnValue, &context, NULL);
}

/* What compilers call to leave a __try with termination handlers by a jump. */
VOID NTAPI _local_unwind(PVOID Frame, PVOID TargetIp)
{
    RtlUnwind(Frame, TargetIp, NULL, NULL);
}

/* SPDX-License-Identifier: MIT
 * The search phase: asks the handlers of each frame, innermost first, what to do about an exception.
 *
 * A handler (a filter) may raise an exception of its own; its search then passes the frame of RtlpCallExceptionHandler, whose
 * handler says up to which frame the exceptions are nested, and which scope of that frame was being asked: that one is not asked
 * again, or a filter that faults would be called for its own fault without end. A search may also meet an unwind in progress;
 * then it goes on where that stands.
 */
#include "unwind.h"

typedef struct RTLP_SEARCH {
    PEXCEPTION_RECORD Record;
    PCONTEXT Context;                     /* of the exception; handlers may change it */
    CONTEXT Position;                     /* the caller of the frame in Dispatcher */
    DISPATCHER_CONTEXT Dispatcher;
    ULONG Flags;                          /* of the record, as the next handler shall see them */
    ULONG64 NestedFrame;                  /* exceptions are nested up to here; 0: they are not */
    ULONG NestedScope;                    /* where the search that this one interrupts stands in that frame */
} RTLP_SEARCH;

EXCEPTION_DISPOSITION RtlpNestedExceptionHandler(PEXCEPTION_RECORD Record, PVOID EstablisherFrame, PCONTEXT Context,
                                                 PDISPATCHER_CONTEXT Dispatcher)
{
    const DISPATCHER_CONTEXT *interrupted = ((PDISPATCHER_CONTEXT *)EstablisherFrame)[4];      /* SAVED_DISPATCHER */

    if ((Record->ExceptionFlags & (EXCEPTION_UNWINDING | EXCEPTION_EXIT_UNWIND)) != 0)
        return ExceptionContinueSearch;
    Dispatcher->EstablisherFrame = interrupted->EstablisherFrame;
    Dispatcher->ScopeIndex = interrupted->ScopeIndex;
    return ExceptionNestedException;
}

BOOLEAN RtlpIsFrameValid(ULONG64 EstablisherFrame)
{
    return (EstablisherFrame & (sizeof(ULONG64) - 1)) == 0 && RtlUpcalls.IsOnStack(EstablisherFrame, sizeof(ULONG64));
}

VOID RtlpRaiseBecauseOf(NTSTATUS Status, PEXCEPTION_RECORD Record)
{
    EXCEPTION_RECORD record = { 0 };

    record.ExceptionCode = Status;
    record.ExceptionFlags = EXCEPTION_NONCONTINUABLE;
    record.ExceptionRecord = Record;
    RtlRaiseException(&record);
}

static EXCEPTION_DISPOSITION RtlpAskHandler(RTLP_SEARCH *search)
{
    PEXCEPTION_RECORD record = search->Record;
    PVOID frame = (PVOID)search->Dispatcher.EstablisherFrame;
    EXCEPTION_DISPOSITION disposition;

    record->ExceptionFlags = search->Flags;
    disposition = RtlpCallExceptionHandler(record, frame, search->Context, &search->Dispatcher);
    search->Flags |= record->ExceptionFlags & EXCEPTION_NONCONTINUABLE;
    if (search->NestedFrame == (ULONG64)frame) {
        search->Flags &= ~(ULONG)EXCEPTION_NESTED_CALL;
        search->NestedFrame = 0;
    }
    return disposition;
}

/* Takes the place of an unwind in progress; Dispatcher is a copy of that unwind's. FALSE when its frame cannot be left. */
static BOOLEAN RtlpSearchFromUnwind(RTLP_SEARCH *search)
{
    DISPATCHER_CONTEXT same;

    search->Position = *search->Dispatcher.ContextRecord;
    search->Dispatcher.ContextRecord = &search->Position;
    return RtlpUnwindForDispatch(&search->Position, UNW_FLAG_EHANDLER, &same);
}

/* The handlers of one frame, again from where a collided unwind had stopped. TRUE: execution is to continue. */
static BOOLEAN RtlpAskFrame(RTLP_SEARCH *search)
{
    ULONG attempts;

    for (attempts = 0; attempts < RTLP_FRAME_LIMIT && search->Dispatcher.LanguageHandler != NULL; attempts++) {
        switch (RtlpAskHandler(search)) {
        case ExceptionContinueExecution:
            if ((search->Flags & EXCEPTION_NONCONTINUABLE) != 0)
                RtlpRaiseBecauseOf(STATUS_NONCONTINUABLE_EXCEPTION, search->Record);
            return TRUE;
        case ExceptionContinueSearch:
            return FALSE;
        case ExceptionNestedException:
            search->Flags |= EXCEPTION_NESTED_CALL;
            if (search->Dispatcher.EstablisherFrame > search->NestedFrame) {
                search->NestedFrame = search->Dispatcher.EstablisherFrame;
                search->NestedScope = search->Dispatcher.ScopeIndex;
            }
            return FALSE;
        case ExceptionCollidedUnwind:
            if (!RtlpSearchFromUnwind(search))
                return FALSE;
            break;
        default:
            RtlpRaiseBecauseOf(STATUS_INVALID_DISPOSITION, search->Record);
        }
    }
    return FALSE;
}

BOOLEAN RtlDispatchException(PEXCEPTION_RECORD Record, PCONTEXT Context)
{
    RTLP_SEARCH search = { .Record = Record, .Context = Context, .Position = *Context };
    ULONG frames;

    search.Flags = Record->ExceptionFlags & EXCEPTION_NONCONTINUABLE;
    for (frames = 0; frames < RTLP_FRAME_LIMIT; frames++) {
        search.Dispatcher.ContextRecord = &search.Position;
        if (!RtlpUnwindForDispatch(&search.Position, UNW_FLAG_EHANDLER, &search.Dispatcher))
            break;
        search.Dispatcher.ScopeIndex = search.Dispatcher.EstablisherFrame == search.NestedFrame ? search.NestedScope : 0;
        if (search.Dispatcher.LanguageHandler == NULL)
            continue;
        if (!RtlpIsFrameValid(search.Dispatcher.EstablisherFrame)) {
            search.Flags |= EXCEPTION_STACK_INVALID;
            break;
        }
        if (RtlpAskFrame(&search))
            return TRUE;
    }
    Record->ExceptionFlags = search.Flags;
    return FALSE;
}

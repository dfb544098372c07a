/* SPDX-License-Identifier: MIT
 * __C_specific_handler, the language handler of functions with __try: the scope table as documented ("x64 exception handling").
 *
 * Scopes stand in the order of their ends, inner before outer. One without a jump target is a __finally, its handler the
 * termination handler; else it is an __except, its handler the filter (or 1: always).
 */
#define _CRTIMP
#include "unwind.h"

#define ALWAYS 1u                         /* EXCEPTION_EXECUTE_HANDLER in place of a filter */

typedef struct RTLP_SCOPE {
    ULONG Begin, End, Handler, JumpTarget;
} RTLP_SCOPE;

typedef LONG RTLP_FILTER(PEXCEPTION_POINTERS Pointers, PVOID EstablisherFrame);
typedef VOID RTLP_TERMINATION(BOOLEAN AbnormalTermination, PVOID EstablisherFrame);

typedef struct RTLP_SCOPES {
    const RTLP_SCOPE *Scopes;
    ULONG Count;
    ULONG ControlRva;
    RTLP_IMAGE Image;
} RTLP_SCOPES;

/* The table as far as it lies inside of the image. */
static VOID RtlpFindScopes(const DISPATCHER_CONTEXT *dispatcher, RTLP_SCOPES *scopes)
{
    const ULONG *table = dispatcher->HandlerData;
    ULONG rva, room;

    *scopes = (RTLP_SCOPES){ .ControlRva = (ULONG)(dispatcher->ControlPc - dispatcher->ImageBase) };
    if (!RtlpFindImage(dispatcher->ControlPc, &scopes->Image))
        return;
    rva = (ULONG)((ULONG64)table - scopes->Image.Base);
    if (RtlpImageBytes(&scopes->Image, rva, sizeof(ULONG)) == NULL)
        return;
    room = (scopes->Image.Size - rva - (ULONG)sizeof(ULONG)) / (ULONG)sizeof(RTLP_SCOPE);
    scopes->Count = table[0] < room ? table[0] : room;
    scopes->Scopes = (const RTLP_SCOPE *)(table + 1);
}

static BOOLEAN RtlpIsInScope(const RTLP_SCOPE *scope, ULONG rva)
{
    return rva >= scope->Begin && rva < scope->End;
}

static LONG RtlpRunFilter(const RTLP_SCOPES *scopes, const RTLP_SCOPE *scope, PEXCEPTION_POINTERS pointers, PVOID frame)
{
    if (scope->Handler == ALWAYS)
        return EXCEPTION_EXECUTE_HANDLER;
    if (RtlpImageBytes(&scopes->Image, scope->Handler, 1) == NULL)
        return EXCEPTION_CONTINUE_SEARCH;
    return ((RTLP_FILTER *)(ULONG_PTR)(scopes->Image.Base + scope->Handler))(pointers, frame);
}

static EXCEPTION_DISPOSITION RtlpSearchScopes(const RTLP_SCOPES *scopes, PEXCEPTION_RECORD record, PVOID frame, PCONTEXT context,
                                              PDISPATCHER_CONTEXT dispatcher)
{
    EXCEPTION_POINTERS pointers = { record, context };
    ULONG i;

    for (i = dispatcher->ScopeIndex; i < scopes->Count; i++) {
        const RTLP_SCOPE *scope = &scopes->Scopes[i];
        LONG answer;

        if (scope->JumpTarget == 0 || !RtlpIsInScope(scope, scopes->ControlRva))
            continue;
        dispatcher->ScopeIndex = i + 1;                       /* a filter that faults is not asked about its own fault */
        answer = RtlpRunFilter(scopes, scope, &pointers, frame);
        if (answer < 0)
            return ExceptionContinueExecution;
        if (answer > 0)
            RtlUnwindEx(frame, (PVOID)(scopes->Image.Base + scope->JumpTarget), record,
                        (PVOID)(ULONG_PTR)(ULONG)record->ExceptionCode, dispatcher->ContextRecord, dispatcher->HistoryTable);
    }
    return ExceptionContinueSearch;
}

/* How far the termination handlers of the target frame run: to the __except that the jump goes to. (Its block may begin inside
 * of the scope, whose end clang puts behind the return address, so the place of the target alone would mislead.) */
static ULONG RtlpTargetScope(const RTLP_SCOPES *scopes, ULONG first, ULONG targetRva)
{
    ULONG i;

    for (i = first; i < scopes->Count; i++) {
        if (scopes->Scopes[i].JumpTarget == targetRva && targetRva != 0 && RtlpIsInScope(&scopes->Scopes[i], scopes->ControlRva))
            return i;
    }
    for (i = first; i < scopes->Count; i++) { /* a jump out of some scopes: to the first that holds both ends of it */
        if (RtlpIsInScope(&scopes->Scopes[i], scopes->ControlRva) && RtlpIsInScope(&scopes->Scopes[i], targetRva))
            return i;
    }
    return scopes->Count;
}

static EXCEPTION_DISPOSITION RtlpUnwindScopes(const RTLP_SCOPES *scopes, PEXCEPTION_RECORD record, PVOID frame,
                                              PDISPATCHER_CONTEXT dispatcher)
{
    ULONG i, end = scopes->Count;

    if ((record->ExceptionFlags & EXCEPTION_TARGET_UNWIND) != 0)
        end = RtlpTargetScope(scopes, dispatcher->ScopeIndex, (ULONG)(dispatcher->TargetIp - dispatcher->ImageBase));
    for (i = dispatcher->ScopeIndex; i < end; i++) {
        const RTLP_SCOPE *scope = &scopes->Scopes[i];

        if (scope->JumpTarget != 0 || !RtlpIsInScope(scope, scopes->ControlRva) ||
            RtlpImageBytes(&scopes->Image, scope->Handler, 1) == NULL)
            continue;
        dispatcher->ScopeIndex = i + 1;                       /* a handler that unwinds itself does not run again */
        ((RTLP_TERMINATION *)(ULONG_PTR)(scopes->Image.Base + scope->Handler))(TRUE, frame);
    }
    return ExceptionContinueSearch;
}

EXCEPTION_DISPOSITION __C_specific_handler(PEXCEPTION_RECORD ExceptionRecord, PVOID EstablisherFrame, PCONTEXT ContextRecord,
                                           PDISPATCHER_CONTEXT DispatcherContext)
{
    RTLP_SCOPES scopes;

    RtlpFindScopes(DispatcherContext, &scopes);
    if ((ExceptionRecord->ExceptionFlags & (EXCEPTION_UNWINDING | EXCEPTION_EXIT_UNWIND)) != 0)
        return RtlpUnwindScopes(&scopes, ExceptionRecord, EstablisherFrame, DispatcherContext);
    return RtlpSearchScopes(&scopes, ExceptionRecord, EstablisherFrame, ContextRecord, DispatcherContext);
}

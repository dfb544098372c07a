/* SPDX-License-Identifier: MIT
 * Exceptions: of kernel mode to the handlers on the stack (RtlDispatchException), else the end of the machine; of user mode to it.
 */
#include "ki.h"
#include "rtl.h"

VOID KiDispatchException(PEXCEPTION_RECORD Record, PKTRAP_FRAME Trap, PKEXCEPTION_FRAME Exception)
{
    CONTEXT context;

    if (Trap->PreviousMode == UserMode) {
        KiDispatchUserException(Record, Trap, Exception);
        return;
    }
    KeContextFromFrames(&context, Trap, Exception);
    if (RtlDispatchException(Record, &context)) {
        KeContextToFrames(&context, Trap, Exception);
        return;
    }
    KeBugCheckFromFrame(KMODE_EXCEPTION_NOT_HANDLED, (ULONG64)(LONG64)Record->ExceptionCode, (ULONG64)Record->ExceptionAddress,
                        Record->ExceptionInformation[0], Record->ExceptionInformation[1], &context);
}

/* Raised by software: the context is the raising function's caller's. */
static DECLSPEC_NORETURN VOID KiRaise(PEXCEPTION_RECORD Record, PCONTEXT Context)
{
    if (RtlDispatchException(Record, Context))
        KiContinue(Context);
    KeBugCheckFromFrame(KMODE_EXCEPTION_NOT_HANDLED, (ULONG64)(LONG64)Record->ExceptionCode, (ULONG64)Record->ExceptionAddress,
                        Record->ExceptionInformation[0], Record->ExceptionInformation[1], Context);
}

VOID NTAPI RtlRaiseException(PEXCEPTION_RECORD ExceptionRecord)
{
    CONTEXT context;

    RtlCaptureContext(&context);
    RtlUnwindOneFrame(&context);
    ExceptionRecord->ExceptionAddress = (PVOID)context.Rip;
    KiRaise(ExceptionRecord, &context);
}

VOID NTAPI RtlRaiseStatus(NTSTATUS Status)
{
    CONTEXT context;
    EXCEPTION_RECORD record;

    RtlCaptureContext(&context);
    RtlUnwindOneFrame(&context);
    RtlZeroMemory(&record, sizeof(record));
    record.ExceptionCode = Status;
    record.ExceptionFlags = EXCEPTION_NONCONTINUABLE;
    record.ExceptionAddress = (PVOID)context.Rip;
    KiRaise(&record, &context);
}

VOID NTAPI ExRaiseStatus(NTSTATUS Status) { RtlRaiseStatus(Status); }
VOID NTAPI ExRaiseAccessViolation(VOID) { RtlRaiseStatus(STATUS_ACCESS_VIOLATION); }
VOID NTAPI ExRaiseDatatypeMisalignment(VOID) { RtlRaiseStatus(STATUS_DATATYPE_MISALIGNMENT); }

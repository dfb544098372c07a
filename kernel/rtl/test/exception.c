/* SPDX-License-Identifier: MIT
 * Exceptions as drivers use them: __try, __except and __finally around faults of the processor and raised statuses.
 */
#include "ke.h"
#include "rtl.h"
#include "test.h"

#define NOINLINE __attribute__((noinline, optnone))       /* not specialized for its arguments either */
#define BAD_ADDRESS ((volatile LONG *)0x10)

static volatile LONG Trace;               /* decimal digits in the order of events */
static VOID Step(LONG digit) { Trace = Trace * 10 + digit; }

static NOINLINE LONG ReadLong(volatile LONG *address) { return *address; }
static NOINLINE VOID Divide(volatile LONG *divisor)            /* in assembly: nobody uses the result */
{
    __asm__ volatile("movl $100, %%eax\n cltd\n idivl %0" : : "m"(*divisor) : "eax", "edx", "cc");
}
static NOINLINE VOID Raise(NTSTATUS status) { RtlRaiseStatus(status); }

/* ---- One frame ---- */
static VOID CatchAccessViolation(VOID)
{
    volatile NTSTATUS caught = 0;

    __try {
        ReadLong(BAD_ADDRESS);
        caught = 1;
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        caught = GetExceptionCode();
    }
    CHECK(caught == STATUS_ACCESS_VIOLATION);
}

/* The fault in the very function that has the __try. */
static VOID CatchInline(VOID)
{
    volatile NTSTATUS caught = 0;

    __try {
        *BAD_ADDRESS = 1;
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        caught = GetExceptionCode();
    }
    CHECK(caught == STATUS_ACCESS_VIOLATION);
}

static VOID CatchDivideByZero(VOID)
{
    volatile LONG zero = 0;
    volatile NTSTATUS caught = 0;

    __try {
        Divide(&zero);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        caught = GetExceptionCode();
    }
    CHECK(caught == STATUS_INTEGER_DIVIDE_BY_ZERO);
}

static VOID CatchRaisedStatus(VOID)
{
    volatile NTSTATUS caught = 0;

    __try {
        Raise(STATUS_INSUFFICIENT_RESOURCES);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        caught = GetExceptionCode();
    }
    CHECK(caught == STATUS_INSUFFICIENT_RESOURCES);
}

/* ---- Filters ---- */
static LONG Inspect(PEXCEPTION_POINTERS pointers, PEXCEPTION_RECORD record)
{
    *record = *pointers->ExceptionRecord;
    return pointers->ContextRecord->Rip == (ULONG64)record->ExceptionAddress;
}

static VOID InspectInformation(VOID)
{
    EXCEPTION_RECORD record = { 0 };
    BOOLEAN handled = FALSE;

    __try {
        ReadLong(BAD_ADDRESS);
    } __except (Inspect(GetExceptionInformation(), &record)) {
        handled = TRUE;
    }
    CHECK(handled);
    CHECK(record.ExceptionCode == STATUS_ACCESS_VIOLATION && record.NumberParameters == 2);
    CHECK(record.ExceptionInformation[0] == 0 && record.ExceptionInformation[1] == (ULONG_PTR)BAD_ADDRESS);
    CHECK((ULONG_PTR)record.ExceptionAddress - (ULONG_PTR)ReadLong < 64);
}

static volatile LONG GoodValue = 4711;

static LONG RepairRcx(PEXCEPTION_POINTERS pointers)
{
    pointers->ContextRecord->Rcx = (ULONG64)&GoodValue;
    return EXCEPTION_CONTINUE_EXECUTION;
}

LONG RtlpTestLoad(volatile LONG *address);
__asm__(".globl RtlpTestLoad\nRtlpTestLoad: movl (%rcx), %eax\n ret\n");

static VOID ContinueExecution(VOID)
{
    LONG value = 0;

    __try {
        value = RtlpTestLoad(BAD_ADDRESS);
    } __except (RepairRcx(GetExceptionInformation())) {
        value = -1;
    }
    CHECK(value == 4711);
}

static VOID SearchGoesOn(VOID)
{
    Trace = 0;
    __try {
        __try {
            Raise(STATUS_NOT_FOUND);
        } __except (Step(1), EXCEPTION_CONTINUE_SEARCH) {
            Step(9);
        }
    } __except (Step(2), GetExceptionCode() == STATUS_NOT_FOUND) {
        Step(3);
    }
    CHECK(Trace == 123);
}

/* ---- Termination handlers ---- */
static NOINLINE VOID FinallyInner(VOID)
{
    __try {
        __try {
            Raise(STATUS_UNSUCCESSFUL);
        } __finally {
            Step(AbnormalTermination() ? 2 : 8);
        }
    } __finally {
        Step(AbnormalTermination() ? 3 : 9);
    }
}

static VOID FinallyOrder(VOID)
{
    Trace = 0;
    __try {
        __try {
            FinallyInner();
        } __finally {
            Step(4);
        }
    } __except (Step(1), EXCEPTION_EXECUTE_HANDLER) {         /* filters run before any termination handler */
        Step(5);
    }
    CHECK(Trace == 12345);
}

/* An enclosing __finally is not left by a jump to a handler inside of it. */
static VOID FinallyAround(VOID)
{
    Trace = 0;
    __try {
        __try {
            Raise(STATUS_UNSUCCESSFUL);
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            Step(1);
        }
        Step(2);
    } __finally {
        Step(AbnormalTermination() ? 9 : 3);
    }
    CHECK(Trace == 123);
}

static NOINLINE LONG ReturnFromTry(VOID)
{
    __try {
        Step(1);
        return 7;
    } __finally {
        Step(2);
    }
    return 8;
}

static VOID FinallyOnReturn(VOID)
{
    Trace = 0;
    CHECK(ReturnFromTry() == 7);
    CHECK(Trace == 12);
}

/* ---- Exceptions out of handlers ---- */
static LONG RaiseInFilter(VOID)
{
    volatile NTSTATUS caught = 0;

    __try {
        Raise(STATUS_BUFFER_TOO_SMALL);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        caught = GetExceptionCode();
    }
    CHECK(caught == STATUS_BUFFER_TOO_SMALL);
    return EXCEPTION_EXECUTE_HANDLER;
}

static VOID FilterCatchesItsOwn(VOID)
{
    volatile NTSTATUS caught = 0;

    __try {
        Raise(STATUS_DATA_ERROR);
    } __except (RaiseInFilter()) {
        caught = GetExceptionCode();
    }
    CHECK(caught == STATUS_DATA_ERROR);
}

static LONG FailInFilter(VOID)
{
    ReadLong(BAD_ADDRESS);
    return EXCEPTION_EXECUTE_HANDLER;
}

static LONG IsNested(PEXCEPTION_POINTERS pointers, ULONG *flags)
{
    *flags = pointers->ExceptionRecord->ExceptionFlags;
    return pointers->ExceptionRecord->ExceptionCode == STATUS_ACCESS_VIOLATION;
}

static VOID FilterFails(VOID)
{
    volatile NTSTATUS caught = 0;
    ULONG flags = 0;

    __try {
        __try {
            Raise(STATUS_DATA_ERROR);
        } __except (FailInFilter()) {
            caught = 1;
        }
    } __except (IsNested(GetExceptionInformation(), &flags)) {
        caught = GetExceptionCode();
    }
    CHECK(caught == STATUS_ACCESS_VIOLATION);
    CHECK((flags & 0x10) != 0);           /* EXCEPTION_NESTED_CALL: the first search had come as far as this frame */
}

static VOID RaiseInHandler(VOID)
{
    volatile NTSTATUS caught = 0;

    __try {
        __try {
            Raise(STATUS_DATA_ERROR);
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            Raise(GetExceptionCode() + 1);
        }
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        caught = GetExceptionCode();
    }
    CHECK(caught == STATUS_DATA_ERROR + 1);
}

/* The second exception is raised while the first one's unwind runs a termination handler: the unwinds collide. */
static NOINLINE VOID RaiseInFinally(VOID)
{
    __try {
        Raise(STATUS_DATA_ERROR);
    } __finally {
        Step(2);
        Raise(STATUS_CANCELLED);
    }
}

static VOID CollidedUnwind(VOID)
{
    volatile NTSTATUS caught = 0;

    Trace = 0;
    __try {
        __try {
            RaiseInFinally();
        } __finally {
            Step(4);
        }
    } __except (Step(GetExceptionCode() == STATUS_CANCELLED ? 3 : 1), EXCEPTION_EXECUTE_HANDLER) {
        caught = GetExceptionCode();
    }
    CHECK(caught == STATUS_CANCELLED);
    CHECK(Trace == 1234);
}

/* Exceptions until the stack would be used up if an unwind left anything behind. */
static VOID ManyExceptions(VOID)
{
    volatile LONG caught = 0;
    LONG i;

    for (i = 0; i < 1000; i++) {
        __try {
            ReadLong(BAD_ADDRESS);
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            caught++;
        }
    }
    CHECK(caught == 1000);
}

static const KE_TEST Tests[] = {
    { "rtl.exception.access", CatchAccessViolation },
    { "rtl.exception.inline", CatchInline },
    { "rtl.exception.divide", CatchDivideByZero },
    { "rtl.exception.status", CatchRaisedStatus },
    { "rtl.exception.information", InspectInformation },
    { "rtl.exception.continue", ContinueExecution },
    { "rtl.exception.search", SearchGoesOn },
    { "rtl.exception.finally", FinallyOrder },
    { "rtl.exception.finally-around", FinallyAround },
    { "rtl.exception.finally-return", FinallyOnReturn },
    { "rtl.exception.filter-catches", FilterCatchesItsOwn },
    { "rtl.exception.filter-fails", FilterFails },
    { "rtl.exception.handler-raises", RaiseInHandler },
    { "rtl.exception.collided", CollidedUnwind },
    { "rtl.exception.many", ManyExceptions },
};
const KE_TEST_GROUP RtlExceptionTests = { Tests, RTL_NUMBER_OF(Tests) };

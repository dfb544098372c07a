/* SPDX-License-Identifier: MIT
 * Structured exceptions as drivers use them: faults and raised statuses reach filters with the right record, handlers run in the
 * right order, and registers and stack survive.
 */
#include "check.h"
#include "seh.h"

DRIVER_INITIALIZE DriverEntry;

#define LOG_LENGTH 16
#define UNTOUCHED 0x1234567890ABCDEFull

/* What the filters answer and what they saw. */
static LONG FilterAnswer, OuterAnswer;
static struct {
    NTSTATUS Code;
    ULONG Flags;
    ULONG Parameters;
    ULONG64 Access, Address;            /* of an access violation */
    ULONG64 Instruction, Rip;           /* by the record, by the context */
} Seen;
static CHAR Log[LOG_LENGTH + 1];
static ULONG Logged;

static VOID LogStep(CHAR Step)
{
    if (Logged < LOG_LENGTH) {
        Log[Logged++] = Step;
        Log[Logged] = 0;
    }
}

static VOID Begin(PCSTR Name, LONG Answer, LONG Outer)
{
    DbgPrint("seh: %s\n", Name);
    FilterAnswer = Answer;
    OuterAnswer = Outer;
    Logged = 0;
    Log[0] = 0;
    Seen.Code = 0;
}

static BOOLEAN LogIs(PCSTR Wanted)
{
    ULONG i;
    for (i = 0; Log[i] == Wanted[i]; i++)
        if (Wanted[i] == 0)
            return TRUE;
    DbgPrint("seh: the order was %s, not %s\n", Log, Wanted);
    return FALSE;
}

LONG NTAPI SehFilter(PEXCEPTION_POINTERS Pointers)
{
    PEXCEPTION_RECORD record = Pointers->ExceptionRecord;

    LogStep('f');
    Seen.Code = record->ExceptionCode;
    Seen.Flags = record->ExceptionFlags;
    Seen.Parameters = record->NumberParameters;
    Seen.Access = record->ExceptionInformation[0];
    Seen.Address = record->ExceptionInformation[1];
    Seen.Instruction = (ULONG64)record->ExceptionAddress;
    Seen.Rip = Pointers->ContextRecord->Rip;
    if (FilterAnswer == EXCEPTION_CONTINUE_EXECUTION)
        Pointers->ContextRecord->Rip += 2;
    return FilterAnswer;
}

LONG NTAPI SehOuterFilter(PEXCEPTION_POINTERS Pointers)
{
    LogStep('F');
    return OuterAnswer;
}

VOID NTAPI SehFinally(BOOLEAN Abnormal, PVOID Context)
{
    LogStep(Abnormal ? 'A' : 'N');
}

static DECLSPEC_NOINLINE VOID NTAPI ReadAddress(PVOID Address)
{
    (void)*(volatile ULONG *)Address;
}

static DECLSPEC_NOINLINE VOID NTAPI WriteAddress(PVOID Address)
{
    *(volatile ULONG *)Address = 1;
}

static DECLSPEC_NOINLINE VOID NTAPI DivideByZero(PVOID Context)
{
    volatile ULONG divisor = 0, quotient;
    quotient = 1000 / divisor;
    (void)quotient;
}

static VOID NTAPI RaiseStatus(PVOID Context)
{
    ExRaiseStatus((NTSTATUS)(ULONG_PTR)Context);
}

static VOID NTAPI RaiseAccessViolation(PVOID Context)
{
    ExRaiseAccessViolation();
}

static VOID NTAPI DoNothing(PVOID Context)
{
    LogStep('-');
}

static VOID CheckFaults(VOID)
{
    Begin("read of a user address", EXCEPTION_EXECUTE_HANDLER, 0);
    CheckStatus(SehGuardedCall(ReadAddress, (PVOID)0x10), STATUS_ACCESS_VIOLATION, "read of a user address");
    Check(Seen.Parameters == 2 && Seen.Access == 0 && Seen.Address == 0x10, "the record says read and where");
    Check(Seen.Instruction == Seen.Rip && Seen.Rip - (ULONG64)ReadAddress < 64, "the record names the instruction");

    Begin("write to a user address", EXCEPTION_EXECUTE_HANDLER, 0);
    CheckStatus(SehGuardedCall(WriteAddress, (PVOID)0x7FFF12340008), STATUS_ACCESS_VIOLATION, "write to a user address");
    Check(Seen.Access == 1 && Seen.Address == 0x7FFF12340008, "the record says write and where");

    Begin("read of a non-canonical address", EXCEPTION_EXECUTE_HANDLER, 0);
    CheckStatus(SehGuardedCall(ReadAddress, (PVOID)0x0123456789ABCDEF), STATUS_ACCESS_VIOLATION, "non-canonical address");

    Begin("division by zero", EXCEPTION_EXECUTE_HANDLER, 0);
    CheckStatus(SehGuardedCall(DivideByZero, NULL), STATUS_INTEGER_DIVIDE_BY_ZERO, "division by zero");

    Begin("undefined instruction", EXCEPTION_EXECUTE_HANDLER, 0);
    CheckStatus(SehGuardedCall(SehUndefinedInstruction, NULL), STATUS_ILLEGAL_INSTRUCTION, "undefined instruction");
    Check(Seen.Instruction == Seen.Rip && Seen.Rip - (ULONG64)SehUndefinedInstruction < 16,
          "the record names the undefined instruction");
}

static VOID CheckRaised(VOID)
{
    Begin("ExRaiseStatus", EXCEPTION_EXECUTE_HANDLER, 0);
    CheckStatus(SehGuardedCall(RaiseStatus, (PVOID)(ULONG_PTR)STATUS_DISK_FULL), STATUS_DISK_FULL, "ExRaiseStatus");
    Check((Seen.Flags & EXCEPTION_NONCONTINUABLE) != 0, "a raised status is not continuable");

    Begin("ExRaiseAccessViolation", EXCEPTION_EXECUTE_HANDLER, 0);
    CheckStatus(SehGuardedCall(RaiseAccessViolation, NULL), STATUS_ACCESS_VIOLATION, "ExRaiseAccessViolation");

    Begin("no exception", EXCEPTION_EXECUTE_HANDLER, 0);
    CheckStatus(SehGuardedCall(DoNothing, NULL), STATUS_SUCCESS, "no exception");
    Check(LogIs("-"), "no filter runs without an exception");
}

static VOID CheckContinue(VOID)
{
    Begin("EXCEPTION_CONTINUE_EXECUTION", EXCEPTION_CONTINUE_EXECUTION, 0);
    CheckStatus(SehGuardedCall(SehUndefinedInstruction, NULL), STATUS_SUCCESS, "execution goes on after the instruction");
    Check(LogIs("f") && Seen.Code == STATUS_ILLEGAL_INSTRUCTION, "one filter ran");
}

/* --- frames within frames; the innermost faults ------------------------------------------------------------------------------- */
static VOID NTAPI FaultGuarded(PVOID Context)
{
    SehGuardedCall(ReadAddress, NULL);
    LogStep('g');
}

static VOID NTAPI InnermostFinally(PVOID Context)
{
    SehFinallyCall(RaiseStatus, Context);
    LogStep('!');
}

static VOID NTAPI MiddleFinally(PVOID Context)
{
    SehFinallyCall(InnermostFinally, Context);
    LogStep('!');
}

static VOID NTAPI OutermostFinally(PVOID Context)
{
    SehFinallyCall(MiddleFinally, Context);
    LogStep('!');
}

/* Raises again where the first exception was handled. */
static VOID NTAPI RaiseInHandler(PVOID Context)
{
    if (SehGuardedCall(ReadAddress, NULL) == STATUS_ACCESS_VIOLATION) {
        LogStep('h');
        FilterAnswer = EXCEPTION_CONTINUE_SEARCH;
        SehGuardedCall(RaiseStatus, Context);
        LogStep('!');
    }
}

static VOID CheckNested(VOID)
{
    Begin("the inner frame handles", EXCEPTION_EXECUTE_HANDLER, EXCEPTION_EXECUTE_HANDLER);
    CheckStatus(SehOuterGuardedCall(FaultGuarded, NULL), STATUS_SUCCESS, "the inner frame handles");
    Check(LogIs("fg"), "the outer filter is not asked");

    Begin("the inner frame declines", EXCEPTION_CONTINUE_SEARCH, EXCEPTION_EXECUTE_HANDLER);
    CheckStatus(SehOuterGuardedCall(FaultGuarded, NULL), STATUS_ACCESS_VIOLATION, "the outer frame handles");
    Check(LogIs("fF"), "inner filter, outer filter");

    Begin("an exception after a handled one", EXCEPTION_EXECUTE_HANDLER, EXCEPTION_EXECUTE_HANDLER);
    CheckStatus(SehOuterGuardedCall(RaiseInHandler, (PVOID)(ULONG_PTR)STATUS_DISK_FULL), STATUS_DISK_FULL,
                "the outer frame handles the second");
    Check(LogIs("fhfF"), "order of two exceptions");

    Begin("three frames with __finally", EXCEPTION_EXECUTE_HANDLER, 0);
    CheckStatus(SehGuardedCall(OutermostFinally, (PVOID)(ULONG_PTR)STATUS_DISK_FULL), STATUS_DISK_FULL, "through three frames");
    Check(LogIs("fAAA"), "the filter first, then each __finally, abnormally");

    Begin("__finally without an exception", EXCEPTION_EXECUTE_HANDLER, 0);
    SehFinallyCall(DoNothing, NULL);
    Check(LogIs("-N"), "a normal end runs __finally");
}

static VOID CheckScopes(VOID)
{
    PVOID code = (PVOID)(ULONG_PTR)STATUS_DISK_FULL;

    Begin("scopes of one function: the inner handles", EXCEPTION_EXECUTE_HANDLER, EXCEPTION_EXECUTE_HANDLER);
    CheckStatus(SehNestedScopes(RaiseStatus, code), STATUS_DISK_FULL, "the inner scope handles");
    Check(LogIs("fA"), "inner filter, then __finally");

    Begin("scopes of one function: the outer handles", EXCEPTION_CONTINUE_SEARCH, EXCEPTION_EXECUTE_HANDLER);
    CheckStatus(SehNestedScopes(RaiseStatus, code), STATUS_DISK_FULL | SEH_OUTER, "the outer scope handles");
    Check(LogIs("fFA"), "both filters, then __finally");

    Begin("scopes of one function: no exception", EXCEPTION_EXECUTE_HANDLER, EXCEPTION_EXECUTE_HANDLER);
    CheckStatus(SehNestedScopes(DoNothing, NULL), STATUS_SUCCESS, "no exception in scopes");
    Check(LogIs("-N"), "a normal end of scopes");
}

/* --- what must survive -------------------------------------------------------------------------------------------------------- */
static VOID NTAPI ReadNull(PVOID Context)
{
    ReadAddress(NULL);
}

static VOID NTAPI ClobberAndRead(PVOID Context)
{
    SehClobberAndCall((PVOID)ReadNull);
}

static VOID CheckRegisters(VOID)
{
    ULONG lost;

    Begin("non-volatile registers", EXCEPTION_EXECUTE_HANDLER, 0);
    lost = SehLostRegisters(ClobberAndRead);
    if (lost != 0)
        DbgPrint("seh: lost registers 0x%lx\n", lost);
    Check(lost == 0 && Seen.Code == STATUS_ACCESS_VIOLATION, "non-volatile registers");
}

static VOID CheckManyTimes(VOID)
{
    volatile ULONG64 canary = UNTOUCHED;
    ULONG i, handled = 0;

    Begin("a thousand exceptions", EXCEPTION_EXECUTE_HANDLER, 0);
    for (i = 0; i < 1000; i++)
        handled += SehGuardedCall(ReadAddress, NULL) == STATUS_ACCESS_VIOLATION;
    Check(handled == 1000 && canary == UNTOUCHED, "a thousand exceptions");
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    CheckFaults();
    CheckRaised();
    CheckContinue();
    CheckNested();
    CheckScopes();
    CheckRegisters();
    CheckManyTimes();
    DbgPrint("seh: done, %lu failures\n", CheckFailures);
    return CheckResult();
}

/* SPDX-License-Identifier: MIT
 * Exceptions of the processor: which are faults to resolve, which become NT exceptions, and which end the machine.
 */
#include "ki.h"
#include "kd.h"

#define EFLAGS_IF 0x200u
#define PF_WRITE 2u
#define PF_FETCH 16u
#define EXCEPTION_NONE 0

static VOID KiFillRecord(PEXCEPTION_RECORD Record, NTSTATUS Code, const KTRAP_FRAME *Trap)
{
    RtlZeroMemory(Record, sizeof(*Record));
    Record->ExceptionCode = Code;
    Record->ExceptionAddress = (PVOID)Trap->Rip;
}

DECLSPEC_NORETURN static VOID KiFatalTrap(ULONG Code, ULONG64 P1, ULONG64 P2, ULONG64 P3, ULONG64 P4, const KTRAP_FRAME *Trap,
                                          const KEXCEPTION_FRAME *Exception)
{
    CONTEXT context;
    KeContextFromFrames(&context, Trap, Exception);
    KeBugCheckFromFrame(Code, P1, P2, P3, P4, &context);
}

/* The kernel's image is where this function is. */
static BOOLEAN KiIsInKernelImage(ULONG64 Address)
{
    KD_MODULE kernel;
    return KdFindModule != NULL && KdFindModule((ULONG64)KiIsInKernelImage, &kernel) && Address - kernel.Base < kernel.Size;
}

/* A fault that memory management could not resolve. User addresses raise, as documented for __try; kernel addresses are fatal. */
static VOID KiUnresolvedPageFault(ULONG64 Address, NTSTATUS Status, PKTRAP_FRAME Trap, PKEXCEPTION_FRAME Exception)
{
    ULONG64 access = Trap->ErrorCode & PF_FETCH ? 8 : Trap->ErrorCode & PF_WRITE ? 1 : 0;
    KIRQL irql = Trap->PreviousIrql;
    EXCEPTION_RECORD record;

    if (irql >= DISPATCH_LEVEL && Trap->PreviousMode == KernelMode)
        KiFatalTrap(KiIsInKernelImage(Trap->Rip) ? IRQL_NOT_LESS_OR_EQUAL : DRIVER_IRQL_NOT_LESS_OR_EQUAL, Address, irql,
                    access, Trap->Rip, Trap, Exception);
    if ((LONG64)Address < 0 && Trap->PreviousMode == KernelMode)
        KiFatalTrap(PAGE_FAULT_IN_NONPAGED_AREA, Address, access, Trap->Rip, 2, Trap, Exception);
    if (Status == STATUS_GUARD_PAGE_VIOLATION || Status == STATUS_STACK_OVERFLOW || Status == STATUS_ACCESS_VIOLATION) {
        KiFillRecord(&record, Status, Trap);
        record.NumberParameters = 2;
    } else {                                     /* why the page could not be brought in */
        KiFillRecord(&record, STATUS_IN_PAGE_ERROR, Trap);
        record.NumberParameters = 3;
        record.ExceptionInformation[2] = (ULONG_PTR)(LONG_PTR)Status;
    }
    record.ExceptionInformation[0] = access;
    record.ExceptionInformation[1] = Address;
    KiDispatchException(&record, Trap, Exception);
}

static VOID KiPageFault(PKTRAP_FRAME Trap, PKEXCEPTION_FRAME Exception, ULONG64 Address)
{
    NTSTATUS status = STATUS_ACCESS_VIOLATION;

    Trap->FaultAddress = Address;
    if (Trap->Rip == KeUpcalls.SListFault && Trap->Rip != 0) {
        Trap->Rip = KeUpcalls.SListResume;
        return;
    }
    if (KeUpcalls.MissingImport != NULL && Trap->PreviousMode == KernelMode)
        KeUpcalls.MissingImport(Address, Trap->ErrorCode, Trap);
    if (Trap->PreviousIrql < DISPATCH_LEVEL && KeUpcalls.AccessFault != NULL)
        status = KeUpcalls.AccessFault(Address, Trap->ErrorCode, Trap);
    if (status != STATUS_SUCCESS)
        KiUnresolvedPageFault(Address, status, Trap, Exception);
}

/* A general-protection fault on memory means a non-canonical address; NT reports it as an access to ~0. */
static VOID KiGeneralProtection(PKTRAP_FRAME Trap, PKEXCEPTION_FRAME Exception)
{
    EXCEPTION_RECORD record;
    KiFillRecord(&record, STATUS_ACCESS_VIOLATION, Trap);
    record.NumberParameters = 2;
    record.ExceptionInformation[1] = ~0ull;
    KiDispatchException(&record, Trap, Exception);
}

static VOID KiBreakpoint(PKTRAP_FRAME Trap, PKEXCEPTION_FRAME Exception, ULONG64 Service)
{
    EXCEPTION_RECORD record;
    if (Service == 0)
        Trap->Rip -= 1;
    KiFillRecord(&record, STATUS_BREAKPOINT, Trap);
    record.NumberParameters = 1;
    record.ExceptionInformation[0] = Service;
    KiDispatchException(&record, Trap, Exception);
}

static VOID KiSimpleException(NTSTATUS Code, PKTRAP_FRAME Trap, PKEXCEPTION_FRAME Exception)
{
    EXCEPTION_RECORD record;
    KiFillRecord(&record, Code, Trap);
    KiDispatchException(&record, Trap, Exception);
}

static NTSTATUS KiSimdStatus(const KTRAP_FRAME *Trap)
{
    ULONG raised = Trap->MxCsr & ~(Trap->MxCsr >> 7) & 0x3F;
    if (raised & 0x01)
        return STATUS_FLOAT_INVALID_OPERATION;
    if (raised & 0x04)
        return STATUS_FLOAT_DIVIDE_BY_ZERO;
    return raised & 0x08 ? STATUS_FLOAT_OVERFLOW : STATUS_FLOAT_INEXACT_RESULT;
}

/* Status for vectors that need nothing but a code; EXCEPTION_NONE for those that end the machine. */
static NTSTATUS KiStatusOfVector(ULONG Vector, const KTRAP_FRAME *Trap)
{
    switch (Vector) {
    case 0x00: return STATUS_INTEGER_DIVIDE_BY_ZERO;
    case 0x01: return STATUS_SINGLE_STEP;
    case 0x04: return STATUS_INTEGER_OVERFLOW;
    case 0x05: return STATUS_ARRAY_BOUNDS_EXCEEDED;
    case 0x06: return STATUS_ILLEGAL_INSTRUCTION;
    case 0x10: return STATUS_FLOAT_INVALID_OPERATION;
    case 0x11: return STATUS_DATATYPE_MISALIGNMENT;
    case 0x13: return KiSimdStatus(Trap);
    case 0x2C: return STATUS_ASSERTION_FAILURE;
    default: return EXCEPTION_NONE;
    }
}

/* __fastfail, which no handler sees, and segments that a program played with. */
static VOID KiOtherUserTrap(ULONG Vector, PKTRAP_FRAME Trap, PKEXCEPTION_FRAME Exception)
{
    EXCEPTION_RECORD record;

    if (Vector != 0x29) {
        KiGeneralProtection(Trap, Exception);
        return;
    }
    KiFillRecord(&record, STATUS_STACK_BUFFER_OVERRUN, Trap);
    record.ExceptionFlags = EXCEPTION_NONCONTINUABLE;
    record.NumberParameters = 1;
    record.ExceptionInformation[0] = Trap->Rcx;
    KeUpcalls.UnhandledException(&record);
}

VOID KiDispatchTrap(ULONG Vector, PKTRAP_FRAME Trap, PKEXCEPTION_FRAME Exception)
{
    ULONG64 faultAddress = Vector == 0x0E ? KiReadCr2() : 0;
    NTSTATUS status;

    Trap->PreviousMode = (CHAR)(Trap->SegCs & 1);
    Trap->PreviousIrql = (UCHAR)KeIrql();
    if (Vector == 0x02) {
        KiNmi(Trap, Exception);
        return;
    }
    if (Vector == 0x08 || Vector == 0x12)
        KiFatalTrap(Vector == 0x08 ? UNEXPECTED_KERNEL_MODE_TRAP : MACHINE_CHECK_EXCEPTION, Vector, KiReadCr2(), 0, Trap->Rip,
                    Trap, Exception);
    if (Trap->EFlags & EFLAGS_IF)
        KiEnableInterrupts();
    status = KiStatusOfVector(Vector, Trap);
    if (status != EXCEPTION_NONE)
        KiSimpleException(status, Trap, Exception);
    else if (Vector == 0x0E)
        KiPageFault(Trap, Exception, faultAddress);
    else if (Vector == 0x0D)
        KiGeneralProtection(Trap, Exception);
    else if (Vector == 0x03)
        KiBreakpoint(Trap, Exception, 0);
    else if (Vector == 0x2D)
        KiBreakpoint(Trap, Exception, Trap->Rax + 1);
    else if (Trap->PreviousMode == UserMode)
        KiOtherUserTrap(Vector, Trap, Exception);
    else if (Vector == 0x29)
        KiFatalTrap(KERNEL_SECURITY_CHECK_FAILURE, Trap->Rcx, (ULONG64)Trap, 0, 0, Trap, Exception);
    else
        KiFatalTrap(UNEXPECTED_KERNEL_MODE_TRAP, Vector, Trap->ErrorCode, 0, Trap->Rip, Trap, Exception);
}

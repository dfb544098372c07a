/* SPDX-License-Identifier: MIT
 * Asking for a debugger: a breakpoint exception, which ends the machine when nobody handles it.
 */
#include "nt.h"

VOID NTAPI DbgBreakPoint(VOID) { __asm__ volatile("int3"); }
VOID NTAPI DbgBreakPointWithStatus(ULONG Status) { __asm__ volatile("int3" : : "c"(Status)); }

/* A failed assertion of a driver: said, then a breakpoint. */
VOID NTAPI RtlAssert(PVOID FailedAssertion, PVOID FileName, ULONG LineNumber, PSTR Message)
{
    DbgPrint("\n*** Assertion failed: %s%s\n***   Source file: %s, line %lu\n\n", Message != NULL ? Message : "",
             (PCSTR)FailedAssertion, (PCSTR)FileName, LineNumber);
    DbgBreakPoint();
}

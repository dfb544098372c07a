/* SPDX-License-Identifier: MIT
 * RtlAssert: what ASSERT of a checked driver calls. It says what failed and breaks into the debugger; without one that ends the
 * machine.
 */
#include "rtlp.h"

VOID NTAPI RtlAssert(PVOID FailedAssertion, PVOID FileName, ULONG LineNumber, PSTR Message)
{
    DbgPrintEx(DPFLTR_DEFAULT_ID, DPFLTR_ERROR_LEVEL, "Assertion failed: %s%s%s at %s:%lu\n", Message != NULL ? Message : "",
               Message != NULL ? ": " : "", (PCSTR)FailedAssertion, (PCSTR)FileName, LineNumber);
    __debugbreak();
}

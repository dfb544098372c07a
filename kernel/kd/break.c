/* SPDX-License-Identifier: MIT
 * Asking for a debugger: a breakpoint exception, which ends the machine when nobody handles it.
 */
#include "nt.h"

VOID NTAPI DbgBreakPoint(VOID) { __asm__ volatile("int3"); }
VOID NTAPI DbgBreakPointWithStatus(ULONG Status) { __asm__ volatile("int3" : : "c"(Status)); }

/* SPDX-License-Identifier: MIT
 * Guarded calls: the primitives that seh.c is written in. seh_clang.c makes them with __try, seh_gcc.S with scope tables that are
 * laid out by hand; seh_machine.S holds what C cannot say.
 */
#pragma once
#include <ntddk.h>

typedef VOID NTAPI SEH_ROUTINE(PVOID Context);

/* __try { Routine(Context); } __except (SehFilter(GetExceptionInformation())): STATUS_SUCCESS, or the exception's code. */
NTSTATUS NTAPI SehGuardedCall(SEH_ROUTINE *Routine, PVOID Context);

/* As SehGuardedCall, with SehOuterFilter. */
NTSTATUS NTAPI SehOuterGuardedCall(SEH_ROUTINE *Routine, PVOID Context);

/* __try { Routine(Context); } __finally { SehFinally(AbnormalTermination(), Context); } */
VOID NTAPI SehFinallyCall(SEH_ROUTINE *Routine, PVOID Context);

/* All in one function: a __finally within an __except (SehFilter) within an __except (SehOuterFilter). The code, with bit 28
 * set when it was the outer one that handled it. */
NTSTATUS NTAPI SehNestedScopes(SEH_ROUTINE *Routine, PVOID Context);
#define SEH_OUTER 0x10000000

LONG NTAPI SehFilter(PEXCEPTION_POINTERS Pointers);
LONG NTAPI SehOuterFilter(PEXCEPTION_POINTERS Pointers);
VOID NTAPI SehFinally(BOOLEAN Abnormal, PVOID Context);

/* Calls SehGuardedCall(Routine, NULL) with a pattern in every non-volatile register; the registers that lost it, a bit each:
 * rbx rbp rsi rdi r12-r15, then xmm6-xmm15. */
ULONG NTAPI SehLostRegisters(SEH_ROUTINE *Routine);

/* Saves the non-volatile registers as a compiler would, overwrites them, then calls the routine given as context. */
SEH_ROUTINE SehClobberAndCall;

/* Executes an undefined instruction of two bytes. */
SEH_ROUTINE SehUndefinedInstruction;

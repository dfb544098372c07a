/* SPDX-License-Identifier: MIT
 * Calling a routine with a promised amount of stack: on the current one when that has it, else on one made for the call. While the
 * routine runs there, the thread's stack is that one: stack walks, unwinding and the guards of exceptions see nothing else.
 */
#include "ki.h"

#define KI_MAXIMUM_EXPANSION (KE_LARGE_STACK_SIZE - PAGE_SIZE / 2)      /* the DDK's MAXIMUM_EXPANSION_SIZE */

typedef struct KI_CALLOUT {
    PEXPAND_STACK_CALLOUT Routine;
    PVOID Parameter;
} KI_CALLOUT;

static VOID KiRunCallout(PVOID Context)
{
    KI_CALLOUT *callout = Context;
    callout->Routine(callout->Parameter);
}

static VOID KiRunOnNewStack(KI_CALLOUT *Callout, PVOID Stack)
{
    PKTHREAD thread = KeCurrentThread();
    PVOID base = thread->StackBase, limit = (PVOID)thread->StackLimit;

    thread->StackBase = Stack;
    thread->StackLimit = (PCHAR)Stack - KE_LARGE_STACK_SIZE;
    KiCallOnStack(Stack, KiRunCallout, Callout);
    thread->StackBase = base;
    thread->StackLimit = limit;
}

NTSTATUS NTAPI KeExpandKernelStackAndCalloutEx(PEXPAND_STACK_CALLOUT Callout, PVOID Parameter, SIZE_T Size, BOOLEAN Wait, PVOID Context)
{
    KI_CALLOUT callout = { Callout, Parameter };
    PVOID stack;

    if (Context != NULL)
        return STATUS_INVALID_PARAMETER_5;
    if (Size > KI_MAXIMUM_EXPANSION)
        return STATUS_INVALID_PARAMETER_3;
    if ((ULONG_PTR)_AddressOfReturnAddress() - (ULONG_PTR)KeCurrentThread()->StackLimit >= Size) {
        Callout(Parameter);
        return STATUS_SUCCESS;
    }
    stack = KeUpcalls.CreateLargeStack();
    if (stack == NULL)
        return STATUS_NO_MEMORY;
    KiRunOnNewStack(&callout, stack);
    KeUpcalls.DeleteLargeStack(stack);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI KeExpandKernelStackAndCallout(PEXPAND_STACK_CALLOUT Callout, PVOID Parameter, SIZE_T Size)
{
    return KeExpandKernelStackAndCalloutEx(Callout, Parameter, Size, TRUE, NULL);
}

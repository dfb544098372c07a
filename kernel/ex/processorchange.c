/* SPDX-License-Identifier: MIT
 * Routines told of processors that come. All are there before the first driver, so only those that asked for the existing ones
 * ever hear of any.
 */
#include "exp.h"

#define EXP_PROCESSOR_TAG 'cPxE'

typedef struct EXP_PROCESSOR_CALLBACK {
    PPROCESSOR_CALLBACK_FUNCTION Routine;
    PVOID Context;
} EXP_PROCESSOR_CALLBACK;

/* The routine may refuse a processor when it starts; then it is told that the addition failed. */
static NTSTATUS ExpTellOfProcessor(const EXP_PROCESSOR_CALLBACK *Callback, ULONG Number)
{
    KE_PROCESSOR_CHANGE_NOTIFY_CONTEXT change = { .State = KeProcessorAddStartNotify, .NtNumber = Number };
    NTSTATUS status = STATUS_SUCCESS;

    KeGetProcessorNumberFromIndex(Number, &change.ProcNumber);
    Callback->Routine(Callback->Context, &change, &status);
    change.Status = status;
    change.State = NT_SUCCESS(status) ? KeProcessorAddCompleteNotify : KeProcessorAddFailureNotify;
    Callback->Routine(Callback->Context, &change, NT_SUCCESS(status) ? &change.Status : &status);
    return status;
}

PVOID KeRegisterProcessorChangeCallback(PPROCESSOR_CALLBACK_FUNCTION CallbackFunction, PVOID CallbackContext, ULONG Flags)
{
    EXP_PROCESSOR_CALLBACK *callback = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*callback), EXP_PROCESSOR_TAG);
    ULONG i;

    if (callback == NULL)
        return NULL;
    *callback = (EXP_PROCESSOR_CALLBACK){ CallbackFunction, CallbackContext };
    for (i = 0; (Flags & KE_PROCESSOR_CHANGE_ADD_EXISTING) && i < KeQueryActiveProcessorCount(NULL); i++) {
        if (NT_SUCCESS(ExpTellOfProcessor(callback, i)))
            continue;
        ExFreePoolWithTag(callback, EXP_PROCESSOR_TAG);
        return NULL;
    }
    return callback;
}

VOID KeDeregisterProcessorChangeCallback(PVOID CallbackHandle) { ExFreePoolWithTag(CallbackHandle, EXP_PROCESSOR_TAG); }

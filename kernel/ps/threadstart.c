/* SPDX-License-Identifier: MIT
 * The outermost frame of every system thread. An exception that nothing on the thread handles arrives at the filter here, with the
 * stack still as it was: the machine ends with the context of the fault, not with ours.
 */
#include "psp.h"

static LONG PspSystemThreadFilter(PEXCEPTION_POINTERS Pointers)
{
    PEXCEPTION_RECORD record = Pointers->ExceptionRecord;
    KeBugCheckFromFrame(SYSTEM_THREAD_EXCEPTION_NOT_HANDLED, (ULONG64)(LONG64)record->ExceptionCode,
                        (ULONG64)record->ExceptionAddress, (ULONG64)record, (ULONG64)Pointers->ContextRecord,
                        Pointers->ContextRecord);
}

VOID PspSystemThreadStartup(PVOID Context)
{
    PETHREAD thread = Context;

    __try {
        ((PKSTART_ROUTINE)thread->StartAddress)(thread->Tcb.FirstArgument);
    } __except (PspSystemThreadFilter(GetExceptionInformation())) {
    }
    PspExitThread(STATUS_SUCCESS);
}

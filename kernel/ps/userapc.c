/* SPDX-License-Identifier: MIT
 * APCs that programs queue to threads: their own block, freed when the thread takes it or ends.
 */
#include "psp.h"

#define PSP_SET_CONTEXT 0x0010u                  /* THREAD_SET_CONTEXT */
#define TAG_APC 'cApP'

static VOID NTAPI PspFreeApc(PRKAPC Apc, PKNORMAL_ROUTINE *NormalRoutine, PVOID *NormalContext, PVOID *SystemArgument1,
                             PVOID *SystemArgument2)
{
    (void)NormalRoutine, (void)NormalContext, (void)SystemArgument1, (void)SystemArgument2;
    ExFreePoolWithTag(Apc, TAG_APC);
}

static VOID NTAPI PspRundownApc(PRKAPC Apc) { ExFreePoolWithTag(Apc, TAG_APC); }

NTSTATUS NTAPI NtQueueApcThread(HANDLE ThreadHandle, PVOID ApcRoutine, PVOID Argument1, PVOID Argument2, PVOID Argument3)
{
    PVOID thread;
    PKAPC apc;
    NTSTATUS status = ObReferenceObjectByHandle(ThreadHandle, PSP_SET_CONTEXT, PspThreadType, ObPreviousMode(), &thread, NULL);

    if (!NT_SUCCESS(status))
        return status;
    apc = ((PETHREAD)thread)->Tcb.SystemThread ? NULL : ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*apc), TAG_APC);
    if (apc == NULL) {
        status = ((PETHREAD)thread)->Tcb.SystemThread ? STATUS_INVALID_HANDLE : STATUS_NO_MEMORY;
    } else {
        KeInitializeApc(apc, thread, OriginalApcEnvironment, PspFreeApc, PspRundownApc, (PKNORMAL_ROUTINE)(ULONG_PTR)ApcRoutine, UserMode,
                        Argument1);
        if (!KeInsertQueueApc(apc, Argument2, Argument3, 0)) {
            ExFreePoolWithTag(apc, TAG_APC);
            status = STATUS_UNSUCCESSFUL;        /* the thread is ending */
        }
    }
    ObfDereferenceObject(thread);
    return status;
}

/* SPDX-License-Identifier: MIT
 * Threads that visit another process's address space. While a thread is attached, ApcState is that of the visit, and what it came
 * from waits in SavedApcState, or, for a visit during a visit, in the caller's KAPC_STATE. All of it is under KiDispatcherLock; a
 * switch to the thread loads the address space of ApcState.Process.
 */
#include "ki.h"

#define KI_ALREADY_THERE ((PKPROCESS)1)          /* KAPC_STATE.Process of an attach that changed nothing */

static VOID KiMoveApcList(PLIST_ENTRY From, PLIST_ENTRY To)
{
    while (!IsListEmpty(From)) {
        PLIST_ENTRY entry = RemoveHeadList(From);
        InsertTailList(To, entry);
    }
}

static VOID KiAttachLocked(PKTHREAD Thread, PKPROCESS Process, PKAPC_STATE Saved) REQUIRES_LOCK(KiDispatcherLock)
{
    PKAPC_STATE current = (PKAPC_STATE)&Thread->ApcState;
    ULONG mode;

    for (mode = KernelMode; mode < MaximumMode; mode++) {
        InitializeListHead(&Saved->ApcListHead[mode]);
        KiMoveApcList(&current->ApcListHead[mode], &Saved->ApcListHead[mode]);
    }
    Saved->Process = current->Process;
    Saved->KernelApcInProgress = current->KernelApcInProgress;
    Saved->KernelApcPending = current->KernelApcPending;
    Saved->UserApcPending = current->UserApcPending;
    current->Process = Process;
    current->KernelApcInProgress = current->KernelApcPending = current->UserApcPending = FALSE;
    Thread->ApcStateIndex = AttachedApcEnvironment;
    KiWriteCr3(Process->DirectoryTableBase);
}

/* APCs that came during the visit and were held back go home with the thread. */
static VOID KiDetachLocked(PKTHREAD Thread, PKAPC_STATE Saved) REQUIRES_LOCK(KiDispatcherLock)
{
    PKAPC_STATE current = (PKAPC_STATE)&Thread->ApcState;
    ULONG mode;

    for (mode = KernelMode; mode < MaximumMode; mode++)
        KiMoveApcList(&Saved->ApcListHead[mode], &current->ApcListHead[mode]);
    current->Process = Saved->Process;
    current->KernelApcInProgress = Saved->KernelApcInProgress;
    current->KernelApcPending = current->KernelApcPending || Saved->KernelApcPending;
    current->UserApcPending = Saved->UserApcPending;
    if (Saved == (PKAPC_STATE)&Thread->SavedApcState)
        Thread->ApcStateIndex = OriginalApcEnvironment;
    KiWriteCr3(current->Process->DirectoryTableBase);
}

static VOID KiCheckVisitor(PKPROCESS Process, PKTHREAD Thread)
{
    if (KeGetCurrentPrcb()->DpcRoutineActive)
        KeBugCheckEx(INVALID_PROCESS_ATTACH_ATTEMPT, (ULONG_PTR)Process, (ULONG_PTR)Thread->ApcState.Process,
                     Thread->ApcStateIndex, 1);
}

VOID NTAPI KeStackAttachProcess(PKPROCESS Process, PKAPC_STATE ApcState)
{
    PKTHREAD thread = KeCurrentThread();
    KIRQL irql;

    KiCheckVisitor(Process, thread);
    if (thread->ApcState.Process == Process) {
        ApcState->Process = KI_ALREADY_THERE;
        return;
    }
    irql = KiLockDispatcher();
    if (thread->ApcStateIndex != OriginalApcEnvironment) {
        KiAttachLocked(thread, Process, ApcState);
    } else {
        ApcState->Process = NULL;
        KiAttachLocked(thread, Process, (PKAPC_STATE)&thread->SavedApcState);
    }
    KiExitDispatcher(irql);
}

VOID NTAPI KeUnstackDetachProcess(PKAPC_STATE ApcState)
{
    PKTHREAD thread = KeCurrentThread();
    KIRQL irql;

    if (ApcState->Process == KI_ALREADY_THERE)
        return;
    if (thread->ApcStateIndex == OriginalApcEnvironment || thread->ApcState.KernelApcInProgress)
        KeBugCheckEx(INVALID_PROCESS_DETACH_ATTEMPT, (ULONG_PTR)thread, thread->ApcStateIndex, 0, 0);
    irql = KiLockDispatcher();
    KiDetachLocked(thread, ApcState->Process != NULL ? ApcState : (PKAPC_STATE)&thread->SavedApcState);
    KiExitDispatcher(irql);
}

/* The older pair: no visits during visits. */
VOID NTAPI KeAttachProcess(PKPROCESS Process)
{
    PKTHREAD thread = KeCurrentThread();
    KIRQL irql;

    KiCheckVisitor(Process, thread);
    if (thread->ApcState.Process == Process)
        return;
    if (thread->ApcStateIndex != OriginalApcEnvironment)
        KeBugCheckEx(INVALID_PROCESS_ATTACH_ATTEMPT, (ULONG_PTR)Process, (ULONG_PTR)thread->ApcState.Process,
                     thread->ApcStateIndex, 0);
    irql = KiLockDispatcher();
    KiAttachLocked(thread, Process, (PKAPC_STATE)&thread->SavedApcState);
    KiExitDispatcher(irql);
}

VOID NTAPI KeDetachProcess(VOID)
{
    PKTHREAD thread = KeCurrentThread();
    KIRQL irql = KiLockDispatcher();

    if (thread->ApcStateIndex != OriginalApcEnvironment)
        KiDetachLocked(thread, (PKAPC_STATE)&thread->SavedApcState);
    KiExitDispatcher(irql);
}

BOOLEAN NTAPI KeIsAttachedProcess(VOID) { return KeCurrentThread()->ApcStateIndex != OriginalApcEnvironment; }

/* SPDX-License-Identifier: MIT
 * APCs as drivers queue them: exported by every NT, in no DDK header.
 */
#pragma once

typedef enum _KAPC_ENVIRONMENT { OriginalApcEnvironment, AttachedApcEnvironment, CurrentApcEnvironment } KAPC_ENVIRONMENT;
typedef VOID NTAPI APC_RUNDOWN(PKAPC Apc);

NTKERNELAPI VOID NTAPI KeInitializeApc(PKAPC Apc, PKTHREAD Thread, KAPC_ENVIRONMENT Environment, PKKERNEL_ROUTINE KernelRoutine,
                                       APC_RUNDOWN *RundownRoutine, PKNORMAL_ROUTINE NormalRoutine, KPROCESSOR_MODE Mode,
                                       PVOID NormalContext);
NTKERNELAPI BOOLEAN NTAPI KeInsertQueueApc(PKAPC Apc, PVOID Argument1, PVOID Argument2, KPRIORITY Increment);

/* The documentation starts system threads in a critical region. Returns whether there was one, to be entered again at the end. */
static inline BOOLEAN LeaveInitialRegion(VOID)
{
    if (!KeAreApcsDisabled())
        return FALSE;
    KeLeaveCriticalRegion();
    return TRUE;
}

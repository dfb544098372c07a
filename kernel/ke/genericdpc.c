/* SPDX-License-Identifier: MIT
 * A DPC on every processor at once: each runs the routine at DISPATCH_LEVEL, may meet the others at a barrier, and must say when it
 * is done. One such call is under way at a time; its caller waits for its turn before it raises IRQL.
 */
#include "ki.h"

typedef struct KI_GENERIC_DPC {
    volatile LONG Barrier;                       /* a processors that must still come to the barrier */
    volatile LONG Generation;                    /* a barriers passed */
    volatile LONG Left;                          /* a processors that are not done */
    LONG Processors;                             /* I */
    KDPC Dpcs[KE_MAXIMUM_PROCESSORS];
} KI_GENERIC_DPC;

static KEVENT KiGenericDpcTurn;                  /* a synchronization event: signalled when nobody has the turn */

VOID KiInitializeGenericDpc(VOID) { KeInitializeEvent(&KiGenericDpcTurn, SynchronizationEvent, TRUE); }

/* At DISPATCH_LEVEL: this processor's own DPC must not run, and wait for the others, before theirs are queued. */
static VOID KiQueueGenericDpcs(KI_GENERIC_DPC *Call, PKDEFERRED_ROUTINE Routine, PVOID Context)
{
    ULONG i;
    for (i = 0; i < KE_MAXIMUM_PROCESSORS; i++) {
        if (KiProcessors[i] == NULL || !KiProcessors[i]->ReadyToRun)
            continue;
        KeInitializeDpc(&Call->Dpcs[i], Routine, Context);
        KeSetTargetProcessorDpc(&Call->Dpcs[i], (CCHAR)i);
        KeSetImportanceDpc(&Call->Dpcs[i], HighImportance);
        KeInsertQueueDpc(&Call->Dpcs[i], (PVOID)&Call->Left, Call);
    }
}

/* The processors cannot change in between: they are all started before there are drivers. */
VOID NTAPI KeGenericCallDpc(PKDEFERRED_ROUTINE Routine, PVOID Context)
{
    KI_GENERIC_DPC call;
    KIRQL irql;

    ASSERT(KeIrql() < DISPATCH_LEVEL);
    RtlZeroMemory(&call, sizeof(call));
    call.Processors = call.Left = call.Barrier = KeNumberProcessors;
    KeEnterCriticalRegion();
    KeWaitForSingleObject(&KiGenericDpcTurn, Executive, KernelMode, FALSE, NULL);
    irql = KfRaiseIrql(DISPATCH_LEVEL);
    KiQueueGenericDpcs(&call, Routine, Context);
    KeLowerIrql(irql);
    while (InterlockedOr(&call.Left, 0) != 0)
        KiPause();
    KeSetEvent(&KiGenericDpcTurn, 0, FALSE);
    KeLeaveCriticalRegion();
}

VOID NTAPI KeSignalCallDpcDone(PVOID SystemArgument1) { InterlockedDecrement((volatile LONG *)SystemArgument1); }

/* Returns on every processor once all have come; TRUE on the one that came last. */
LOGICAL NTAPI KeSignalCallDpcSynchronize(PVOID SystemArgument2)
{
    KI_GENERIC_DPC *call = SystemArgument2;
    LONG generation = call->Generation;

    if (InterlockedDecrement(&call->Barrier) == 0) {
        call->Barrier = call->Processors;
        InterlockedIncrement(&call->Generation);
        return TRUE;
    }
    while (InterlockedOr(&call->Generation, 0) == generation)
        KiPause();
    return FALSE;
}

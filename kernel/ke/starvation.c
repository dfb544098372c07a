/* SPDX-License-Identifier: MIT
 * Threads that are ready and never run, because others of higher priority do: once a second those that have waited for four get a boost,
 * which wears off as every boost does. Priorities of real time are left as they are.
 */
#include "ki.h"

#define KI_STARVED_TICKS (40000000u / HAL_CLOCK_INCREMENT)     /* four seconds */
#define KI_STARVATION_BOOST (LOW_REALTIME_PRIORITY_ - 1)
#define KI_MOST_RELIEVED 16u                     /* of a processor's queues at a time: the lock is held */

static KTIMER KiStarvationTimer;
static KDPC KiStarvationDpc;

static PKTHREAD KiFindStarvedLocked(PKPRCB Prcb, ULONG Now)
{
    ULONG priority;

    for (priority = 1; priority < KI_STARVATION_BOOST; priority++) {
        PLIST_ENTRY head = &Prcb->DispatcherReadyListHead[priority];
        if (!IsListEmpty(head)) {                /* the first has waited longest, but for those that were preempted */
            PKTHREAD thread = CONTAINING_RECORD(head->Flink, KTHREAD, WaitListEntry);
            if (Now - thread->WaitTime >= KI_STARVED_TICKS)
                return thread;
        }
    }
    return NULL;
}

static VOID KiRelieveLocked(PKPRCB Prcb, ULONG Now) REQUIRES_LOCK(KiDispatcherLock)
{
    PKTHREAD thread;
    ULONG i;

    for (i = 0; i < KI_MOST_RELIEVED && (thread = KiFindStarvedLocked(Prcb, Now)) != NULL; i++) {
        KiSetPriorityLocked(thread, KI_STARVATION_BOOST);
        thread->QuantumReset = 2 * KI_QUANTUM_TICKS;
    }
}

VOID KiRelieveStarvedThreads(VOID)
{
    KIRQL irql = KiLockDispatcher();
    ULONG i, now = KiTickCount();

    for (i = 0; i < KE_MAXIMUM_PROCESSORS; i++)
        if (KiProcessors[i] != NULL)
            KiRelieveLocked(&KiProcessors[i]->Pcr.Prcb, now);
    KiExitDispatcher(irql);
}

static VOID NTAPI KiOnStarvationTimer(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    (void)Dpc, (void)Context, (void)Argument1, (void)Argument2;
    KiRelieveStarvedThreads();
}

VOID KiWatchForStarvation(VOID)
{
    LARGE_INTEGER second = { .QuadPart = -10000000ll };

    KeInitializeDpc(&KiStarvationDpc, KiOnStarvationTimer, NULL);
    KeInitializeTimer(&KiStarvationTimer);
    KeSetTimerEx(&KiStarvationTimer, second, 1000, &KiStarvationDpc);
}

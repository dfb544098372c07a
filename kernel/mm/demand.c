/* SPDX-License-Identifier: MIT
 * When memory is short: how many pages there should be free, who asks the trimmer for more, and who waits for it.
 *
 * A thread that waits has every right to hold locks of files and of file systems; none that the trimmer needs (docs/irql-and-locking.md).
 * It waits for a round of the trimmer's at a time, and gives up after MI_PATIENCE of them in which nothing was gained.
 */
#include "trim.h"

#define MI_PATIENCE 3u
#define MI_LONGEST_PATIENCE 1000u                /* rounds in which something was gained, and others had it */

typedef struct MI_PAGES_WAIT {                   /* on the waiter's stack */
    LIST_ENTRY Link;                             /* MiWaitersLock */
    ULONG64 Wanted;                              /* I free pages */
    BOOLEAN Gained;                              /* MiWaitersLock the round gained something, or there was enough without it */
    KEVENT Round;
} MI_PAGES_WAIT;

ULONG64 MiReservePages, MiLowPages, MiEnoughPages;
static EX_PUSH_LOCK MiWaitersLock;               /* innermost */
static LIST_ENTRY MiWaiters = { &MiWaiters, &MiWaiters };
static KEVENT MiTrimEvent;
static volatile LONG MiTrimmerIsAsked;           /* a */
static PKTHREAD MiTrimmer;                       /* I NULL: not there yet */

VOID MiInitializeDemand(VOID)
{
    KeInitializeEvent(&MiTrimEvent, SynchronizationEvent, FALSE);
    MiReservePages = min(max(MiTotalPages / 64, 128), 2048);
    MiLowPages = 2 * MiReservePages;
    MiEnoughPages = 4 * MiReservePages;
}

VOID MiAskTrimmer(VOID)
{
    if (MiTrimmer != NULL && InterlockedExchange(&MiTrimmerIsAsked, 1) == 0)
        KeSetEvent(&MiTrimEvent, 0, FALSE);
}

/* ---- The trimmer's side ---- */
VOID MiBecomeTrimmer(VOID) { MiTrimmer = KeCurrentThread(); }

VOID MiAwaitDemand(BOOLEAN Hopeless)
{
    LARGE_INTEGER pause = { .QuadPart = -10000000ll };         /* a second, in which only who waits is heard */

    KeWaitForSingleObject(&MiTrimEvent, WrFreePage, KernelMode, FALSE, Hopeless ? &pause : NULL);
    InterlockedExchange(&MiTrimmerIsAsked, 0);
}

VOID MiTellWaiters(BOOLEAN Gained, BOOLEAN RoundIsOver)
{
    PLIST_ENTRY entry, next;

    ExLockExclusive(&MiWaitersLock);
    for (entry = MiWaiters.Flink; entry != &MiWaiters; entry = next) {
        MI_PAGES_WAIT *wait = CONTAINING_RECORD(entry, MI_PAGES_WAIT, Link);
        BOOLEAN enough = (ULONG64)MiAvailablePages >= wait->Wanted;
        next = entry->Flink;
        if (!RoundIsOver && !enough)
            continue;
        RemoveEntryList(&wait->Link);
        wait->Gained = Gained || enough;         /* who finds that others were faster comes again */
        KeSetEvent(&wait->Round, 0, FALSE);
    }
    ExUnlockExclusive(&MiWaitersLock);
}

/* ---- The other side ---- */
/* TRUE: there were more pages, for the caller or for others. */
static BOOLEAN MiAwaitRound(ULONG64 Wanted)
{
    MI_PAGES_WAIT wait = { .Wanted = Wanted };

    KeInitializeEvent(&wait.Round, NotificationEvent, FALSE);
    ExLockExclusive(&MiWaitersLock);
    InsertTailList(&MiWaiters, &wait.Link);
    ExUnlockExclusive(&MiWaitersLock);
    KeSetEvent(&MiTrimEvent, 0, FALSE);
    KeWaitForSingleObject(&wait.Round, WrFreePage, KernelMode, FALSE, NULL);
    return wait.Gained;
}

BOOLEAN MiAwaitPages(ULONG64 Pages)
{
    ULONG64 wanted = min(Pages + MiReservePages, MiTotalPages / 2);
    ULONG hopeless = 0, rounds = 0;

    if ((ULONG64)MiAvailablePages >= wanted)
        return TRUE;
    if (MiTrimmer == NULL || MiTrimmer == KeCurrentThread() || KeIrql() > APC_LEVEL)
        return FALSE;
    for (; hopeless < MI_PATIENCE && rounds < MI_LONGEST_PATIENCE; rounds++) {
        hopeless = MiAwaitRound(wanted) ? 0 : hopeless + 1;
        if ((ULONG64)MiAvailablePages >= wanted) /* looked at once: a moment later others may have them, and the caller comes again */
            return TRUE;
    }
    return FALSE;
}

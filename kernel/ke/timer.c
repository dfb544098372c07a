/* SPDX-License-Identifier: MIT
 * Timers: 256 lists, one for each millisecond modulo 256, each sorted by due time. The clock interrupt only looks whether the
 * first timer of a list that came up since its last look is due; expiry itself runs at DISPATCH_LEVEL. Under KiDispatcherLock; the
 * earliest due time of each list is also read by the clock without it. Who inserts a timer into a list that the clock has left
 * behind says so: each of the two stores first and then looks at what the other stored, so that one of them notices.
 *
 * Due times are interrupt time. An absolute timer is converted when it is set and again when system time is changed, until its first
 * expiry.
 */
#include "ki.h"

#define TIMER_BUCKETS 256u
#define NEVER (~0ull)

typedef struct KI_TIMER_BUCKET {
    LIST_ENTRY List;                             /* D sorted by DueTime */
    volatile ULONG64 Earliest;                   /* D written, a read */
} KI_TIMER_BUCKET;

static KI_TIMER_BUCKET KiTimerBuckets[TIMER_BUCKETS];
static ULONG64 KiTimerHand;                      /* D the millisecond up to which everything expired */
static volatile ULONG64 KiTimerLook;             /* a written by the clock's processor: the millisecond it looked at last */
static volatile LONG KiTimerIsDue;               /* a set until KiExpireTimers has seen to it */

VOID KiInitializeTimers(VOID)
{
    ULONG i;
    for (i = 0; i < TIMER_BUCKETS; i++) {
        InitializeListHead(&KiTimerBuckets[i].List);
        KiTimerBuckets[i].Earliest = NEVER;
    }
}

static ULONG64 KiMillisecondOf(ULONG64 Time) { return Time / HAL_CLOCK_INCREMENT; }

/* The list a timer goes into: its millisecond's, or the one the hand stands on when that is behind the hand already (a due time is
 * computed before the lock is taken). Header.Hand remembers which. */
static ULONG64 KiHandOf(ULONG64 DueTime) { return max(KiMillisecondOf(DueTime), KiTimerHand); }

static VOID KiUpdateEarliest(KI_TIMER_BUCKET *Bucket)
{
    ULONG64 earliest = NEVER;
    if (!IsListEmpty(&Bucket->List))
        earliest = CONTAINING_RECORD(Bucket->List.Flink, KTIMER, TimerListEntry)->DueTime.QuadPart;
    __atomic_store_n(&Bucket->Earliest, earliest, __ATOMIC_SEQ_CST);
}

VOID KiInsertTimerLocked(PKTIMER Timer, ULONG64 DueTime)
{
    ULONG64 hand = KiHandOf(DueTime);
    KI_TIMER_BUCKET *bucket = &KiTimerBuckets[hand % TIMER_BUCKETS];
    PLIST_ENTRY entry;

    Timer->DueTime.QuadPart = DueTime;
    Timer->Header.Hand = (UCHAR)(hand % TIMER_BUCKETS);
    for (entry = bucket->List.Blink; entry != &bucket->List; entry = entry->Blink)
        if (CONTAINING_RECORD(entry, KTIMER, TimerListEntry)->DueTime.QuadPart <= DueTime)
            break;
    InsertHeadList(entry, &Timer->TimerListEntry);
    Timer->Header.Inserted = TRUE;
    KiUpdateEarliest(bucket);
    if (hand < __atomic_load_n(&KiTimerLook, __ATOMIC_SEQ_CST))
        InterlockedExchange(&KiTimerIsDue, TRUE);
}

BOOLEAN KiRemoveTimerLocked(PKTIMER Timer)
{
    if (!Timer->Header.Inserted)
        return FALSE;
    RemoveEntryList(&Timer->TimerListEntry);
    Timer->Header.Inserted = FALSE;
    KiUpdateEarliest(&KiTimerBuckets[Timer->Header.Hand]);
    return TRUE;
}

#define KI_LONGEST_INTERVAL 0x3FFFFFFFFFFFFFFFull

ULONG64 KiDueTimeFromInterval(LARGE_INTEGER Interval)
{
    ULONG64 now = KiQueryInterruptTime();
    LARGE_INTEGER system;

    if (Interval.QuadPart < 0)                   /* the longest, which programs mean as "for ever", must not wrap */
        return now + min(0 - (ULONG64)Interval.QuadPart, KI_LONGEST_INTERVAL);
    KeQuerySystemTime(&system);
    return Interval.QuadPart <= system.QuadPart ? now : now + (ULONG64)(Interval.QuadPart - system.QuadPart);
}

/* Looks at the lists that came up since the last look, all of them when that is long ago. */
BOOLEAN KiTimersAreDue(ULONG64 Now)
{
    ULONG64 to = KiMillisecondOf(Now), at = max(KiTimerLook, to >= TIMER_BUCKETS ? to - TIMER_BUCKETS + 1 : 0);

    if (KiTimerIsDue)
        return TRUE;
    __atomic_store_n(&KiTimerLook, to, __ATOMIC_SEQ_CST);
    for (; at <= to; at++)
        if (__atomic_load_n(&KiTimerBuckets[at % TIMER_BUCKETS].Earliest, __ATOMIC_SEQ_CST) <= Now)
            InterlockedExchange(&KiTimerIsDue, TRUE);
    return KiTimerIsDue;
}

static VOID KiFireTimerLocked(PKTIMER Timer, ULONG64 Now) REQUIRES_LOCK(KiDispatcherLock)
{
    PKDPC dpc = Timer->Dpc;

    Timer->Header.SignalState = 1;
    Timer->Header.Absolute = FALSE;              /* a period is an interval */
    if (Timer->Period != 0)
        KiInsertTimerLocked(Timer, max(Timer->DueTime.QuadPart + Timer->Period * 10000ull, Now + 1));
    KiWaitTestLocked(Timer, 0);
    if (dpc != NULL) {
        ULONG64 system = KiQueryInterruptTime();
        KeInsertQueueDpc(dpc, (PVOID)(ULONG_PTR)(ULONG)system, (PVOID)(ULONG_PTR)(ULONG)(system >> 32));
    }
}

/* A thread's own timer is its wait timeout. */
static PKTHREAD KiThreadOfTimer(PKTIMER Timer)
{
    return Timer->Header.Type == TimerNotificationObject && Timer->Processor >> 16 == KI_WAIT_TIMER
               ? CONTAINING_RECORD(Timer, KTHREAD, Timer) : NULL;
}

static VOID KiExpireBucketLocked(KI_TIMER_BUCKET *Bucket, ULONG64 Now) REQUIRES_LOCK(KiDispatcherLock)
{
    while (!IsListEmpty(&Bucket->List)) {
        PKTIMER timer = CONTAINING_RECORD(Bucket->List.Flink, KTIMER, TimerListEntry);
        PKTHREAD thread = KiThreadOfTimer(timer);
        if (timer->DueTime.QuadPart > Now)
            break;
        KiRemoveTimerLocked(timer);
        if (thread != NULL)
            KiUnwaitThreadLocked(thread, STATUS_TIMEOUT, 0);
        else
            KiFireTimerLocked(timer, Now);
    }
}

VOID KiExpireTimers(VOID)
{
    KIRQL irql = KiLockDispatcher();
    ULONG64 now, to, at = KiTimerHand;

    InterlockedExchange(&KiTimerIsDue, FALSE);
    now = KiQueryInterruptTime();
    to = KiMillisecondOf(now);
    if (to - at >= TIMER_BUCKETS)
        at = to - TIMER_BUCKETS + 1;
    for (; at <= to; at++)
        KiExpireBucketLocked(&KiTimerBuckets[at % TIMER_BUCKETS], now);
    __atomic_store_n(&KiTimerHand, to, __ATOMIC_RELAXED);
    KiExitDispatcher(irql);
}

VOID KiShiftAbsoluteTimersLocked(LONG64 Change)
{
    LIST_ENTRY moved, *entry, *next;
    ULONG i;

    InitializeListHead(&moved);
    for (i = 0; i < TIMER_BUCKETS; i++)
        for (entry = KiTimerBuckets[i].List.Flink; entry != &KiTimerBuckets[i].List; entry = next) {
            PKTIMER timer = CONTAINING_RECORD(entry, KTIMER, TimerListEntry);
            next = entry->Flink;
            if (!timer->Header.Absolute)
                continue;
            KiRemoveTimerLocked(timer);
            InsertTailList(&moved, &timer->TimerListEntry);
        }
    while (!IsListEmpty(&moved)) {
        PKTIMER timer = CONTAINING_RECORD(RemoveHeadList(&moved), KTIMER, TimerListEntry);
        LONG64 due = (LONG64)timer->DueTime.QuadPart - Change;
        KiInsertTimerLocked(timer, due > 0 ? (ULONG64)due : 0);
    }
}

/* ---- The documented interface ---- */
VOID NTAPI KeInitializeTimerEx(PKTIMER Timer, TIMER_TYPE Type)
{
    RtlZeroMemory(Timer, sizeof(*Timer));
    Timer->Header.Type = Type == NotificationTimer ? TimerNotificationObject : TimerSynchronizationObject;
    InitializeListHead(&Timer->Header.WaitListHead);
}

VOID NTAPI KeInitializeTimer(PKTIMER Timer) { KeInitializeTimerEx(Timer, NotificationTimer); }

BOOLEAN NTAPI KeSetTimerEx(PKTIMER Timer, LARGE_INTEGER DueTime, LONG Period, PKDPC Dpc)
{
    ULONG64 due = KiDueTimeFromInterval(DueTime);
    KIRQL irql = KiLockDispatcher();
    BOOLEAN wasInserted = KiRemoveTimerLocked(Timer);

    Timer->Header.SignalState = 0;
    KiSetAbsolute(Timer, DueTime);
    Timer->Dpc = Dpc;
    Timer->Period = (ULONG)Period;
    if (due <= KiQueryInterruptTime()) {         /* already over: fires here */
        Timer->DueTime.QuadPart = due;
        KiFireTimerLocked(Timer, KiQueryInterruptTime());
    } else {
        KiInsertTimerLocked(Timer, due);
    }
    KiExitDispatcher(irql);
    return wasInserted;
}

BOOLEAN NTAPI KeSetTimer(PKTIMER Timer, LARGE_INTEGER DueTime, PKDPC Dpc) { return KeSetTimerEx(Timer, DueTime, 0, Dpc); }

BOOLEAN NTAPI KeSetCoalescableTimer(PKTIMER Timer, LARGE_INTEGER DueTime, ULONG Period, ULONG TolerableDelay, PKDPC Dpc)
{
    (void)TolerableDelay;                        /* a permission to be late, not a duty */
    return KeSetTimerEx(Timer, DueTime, (LONG)Period, Dpc);
}

BOOLEAN NTAPI KeCancelTimer(PKTIMER Timer)
{
    KIRQL irql = KiLockDispatcher();
    BOOLEAN wasInserted = KiRemoveTimerLocked(Timer);
    KiExitDispatcher(irql);
    return wasInserted;
}

BOOLEAN NTAPI KeReadStateTimer(PKTIMER Timer) { return __atomic_load_n(&Timer->Header.SignalState, __ATOMIC_ACQUIRE) != 0; }

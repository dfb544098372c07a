/* SPDX-License-Identifier: MIT
 * Timers that the system allocates. All DPCs of a timer run on one processor, in the order in which they were queued: whoever queues
 * Delete there after the last expiry knows that it runs after the callback. Nothing else guards the structure.
 */
#include "exp.h"

#define TIMER_OR_DPC_INVALID 0xC7u
#define EXP_TAG_TIMER 'mTxE'
#define EXP_TIMER_ATTRIBUTES (EX_TIMER_HIGH_RESOLUTION | EX_TIMER_NO_WAKE | EX_TIMER_NOTIFICATION)

struct _EX_TIMER {
    KTIMER Timer;                                /* first: what is waited for */
    KDPC Expired;
    KDPC Last;                                   /* the expiry of a timer that is deleted without being cancelled */
    KDPC Delete;
    PEXT_CALLBACK Callback;                      /* I */
    PVOID Context;                               /* I */
    ULONG Attributes;                            /* I */
    PEXT_DELETE_CALLBACK Deleted;                /* ExDeleteTimer */
    PVOID DeletedContext;                        /* ExDeleteTimer */
    PKEVENT Done;                                /* ExDeleteTimer: set once nothing of the timer runs any more */
};

static VOID NTAPI ExpTimerExpired(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    PEX_TIMER timer = Context;
    if (timer->Callback != NULL)
        timer->Callback(timer, timer->Context);
}

static VOID NTAPI ExpDeleteTimer(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    PEX_TIMER timer = Context;
    PKEVENT done = timer->Done;

    if (timer->Deleted != NULL)
        timer->Deleted(timer->DeletedContext);
    ExFreePoolWithTag(timer, EXP_TAG_TIMER);
    if (done != NULL)
        KeSetEvent(done, 0, FALSE);
}

static VOID NTAPI ExpTimerExpiredLast(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    ExpTimerExpired(Dpc, Context, Argument1, Argument2);
    ExpDeleteTimer(Dpc, Context, Argument1, Argument2);
}

static VOID ExpInitializeDpc(PEX_TIMER Timer, PKDPC Dpc, PKDEFERRED_ROUTINE Routine, CCHAR Processor)
{
    KeInitializeDpc(Dpc, Routine, Timer);
    KeSetTargetProcessorDpc(Dpc, Processor);
}

PEX_TIMER NTAPI ExAllocateTimer(PEXT_CALLBACK Callback, PVOID CallbackContext, ULONG Attributes)
{
    ULONG both = EX_TIMER_HIGH_RESOLUTION | EX_TIMER_NO_WAKE;
    CCHAR processor = (CCHAR)KeGetCurrentProcessorNumber();
    PEX_TIMER timer;

    if ((Attributes & ~EXP_TIMER_ATTRIBUTES) || (Attributes & both) == both)
        KeBugCheckEx(TIMER_OR_DPC_INVALID, 0, Attributes, (ULONG_PTR)Callback, 0);
    timer = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*timer), EXP_TAG_TIMER);
    if (timer == NULL)
        return NULL;
    RtlZeroMemory(timer, sizeof(*timer));
    KeInitializeTimerEx(&timer->Timer, Attributes & EX_TIMER_NOTIFICATION ? NotificationTimer : SynchronizationTimer);
    ExpInitializeDpc(timer, &timer->Expired, ExpTimerExpired, processor);
    ExpInitializeDpc(timer, &timer->Last, ExpTimerExpiredLast, processor);
    ExpInitializeDpc(timer, &timer->Delete, ExpDeleteTimer, processor);
    timer->Callback = Callback;
    timer->Context = CallbackContext;
    timer->Attributes = Attributes;
    return timer;
}

BOOLEAN NTAPI ExSetTimer(PEX_TIMER Timer, LONGLONG DueTime, LONGLONG Period, PEXT_SET_PARAMETERS Parameters)
{
    LARGE_INTEGER due = { .QuadPart = DueTime };

    if (((Timer->Attributes & EX_TIMER_HIGH_RESOLUTION) && DueTime >= 0) || Period < 0 || Period > MAXLONG)
        KeBugCheckEx(TIMER_OR_DPC_INVALID, 1, (ULONG_PTR)Timer, (ULONG_PTR)DueTime, (ULONG_PTR)Period);
    return KeSetTimerEx(&Timer->Timer, due, (LONG)((Period + 9999) / 10000), &Timer->Expired);
}

BOOLEAN NTAPI ExCancelTimer(PEX_TIMER Timer, PEXT_CANCEL_PARAMETERS Parameters) { return KeCancelTimer(&Timer->Timer); }

/* Lets a set timer expire once more, and go with that. FALSE: it is not set. */
static BOOLEAN ExpDeleteOnExpiry(PEX_TIMER Timer)
{
    ULONGLONG expiry = Timer->Timer.DueTime.QuadPart, now;
    LARGE_INTEGER due;

    if (!KeCancelTimer(&Timer->Timer))
        return FALSE;
    now = KeQueryInterruptTime();
    due.QuadPart = expiry > now ? -(LONGLONG)(expiry - now) : -1;
    KeSetTimerEx(&Timer->Timer, due, 0, &Timer->Last);
    return TRUE;
}

BOOLEAN NTAPI ExDeleteTimer(PEX_TIMER Timer, BOOLEAN Cancel, BOOLEAN Wait, PEXT_DELETE_PARAMETERS Parameters)
{
    BOOLEAN cancelled = FALSE;
    KEVENT done;

    if (Wait && !Cancel)
        KeBugCheckEx(TIMER_OR_DPC_INVALID, 2, (ULONG_PTR)Timer, Cancel, Wait);
    if (Parameters != NULL) {
        Timer->Deleted = Parameters->DeleteCallback;
        Timer->DeletedContext = Parameters->DeleteContext;
    }
    if (!Cancel && ExpDeleteOnExpiry(Timer))
        return FALSE;
    if (Cancel)
        cancelled = KeCancelTimer(&Timer->Timer);
    if (Wait) {
        KeInitializeEvent(&done, NotificationEvent, FALSE);
        Timer->Done = &done;
    }
    KeInsertQueueDpc(&Timer->Delete, NULL, NULL);
    if (Wait)
        KeWaitForSingleObject(&done, Executive, KernelMode, FALSE, NULL);
    return cancelled;
}

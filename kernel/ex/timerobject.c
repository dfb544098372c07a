/* SPDX-License-Identifier: MIT
 * Timers by handle. A timer that was set with a routine belongs to the thread that set it, by a delivery: each expiry queues the
 * delivery's APC to the thread, until the timer is set again, cancelled, not periodic and delivered, or the thread ends.
 *
 * EXP_TIMER.Changing is held over a change of what a timer is set to. Inside it ExpTimerLock guards which delivery a timer has, and the
 * threads' lists. A delivery holds a reference of its timer while it is the timer's; the timer and the queued APC each hold one of the
 * delivery.
 */
#include "exp.h"
#include "exsync.h"

#define EXP_TIMER_COALESCABLE 0                  /* TimerSetCoalescableTimer */
#define EXP_TAG_DELIVERY 'dTxE'

typedef struct EXP_DELIVERY {
    KAPC Apc;
    LIST_ENTRY Link;                             /* L ETHREAD.ActiveTimerListHead */
    struct EXP_TIMER *Timer;                     /* L whose it is, or NULL */
    LONG Period;                                 /* I */
    volatile LONG References;                    /* a */
} EXP_DELIVERY;

typedef struct EXP_TIMER {
    KTIMER Timer;                                /* first: what is waited for */
    KDPC Dpc;
    EX_PUSH_LOCK Changing;
    EXP_DELIVERY *Delivery;                      /* L or NULL */
} EXP_TIMER;

typedef struct EXP_TIMER_SETTING {
    LARGE_INTEGER DueTime;
    PTIMER_APC_ROUTINE Routine;
    PVOID Context;
    LONG Period;
    ULONG TolerableDelay;
} EXP_TIMER_SETTING;

static KE_LOCK ExpTimerLock = KE_LOCK_OF_RANK(KeRankTimerObject);
static POBJECT_TYPE ExpTimerObjectType;

/* ---- Belonging to a thread ---- */
static VOID ExpReleaseDelivery(EXP_DELIVERY *Delivery)
{
    if (InterlockedDecrement(&Delivery->References) == 0)
        ExFreePoolWithTag(Delivery, EXP_TAG_DELIVERY);
}

/* The timer's delivery, which is its no longer; the references are the caller's to drop. NULL: it has none. */
static EXP_DELIVERY *ExpTakeDeliveryLocked(EXP_TIMER *Timer) REQUIRES_LOCK(ExpTimerLock)
{
    EXP_DELIVERY *delivery = Timer->Delivery;

    if (delivery == NULL)
        return NULL;
    RemoveEntryList(&delivery->Link);
    Timer->Delivery = NULL;
    delivery->Timer = NULL;
    return delivery;
}

/* On the thread, at APC_LEVEL: the routine is called next, in user mode. */
static VOID NTAPI ExpTimerApc(PKAPC Apc, PKNORMAL_ROUTINE *NormalRoutine, PVOID *NormalContext, PVOID *SystemArgument1,
                              PVOID *SystemArgument2)
{
    EXP_DELIVERY *delivery = CONTAINING_RECORD(Apc, EXP_DELIVERY, Apc);
    KIRQL irql = KeLockAcquire(&ExpTimerLock);
    EXP_TIMER *timer = delivery->Timer;
    BOOLEAN last = timer != NULL && delivery->Period == 0;

    if (last)
        ExpTakeDeliveryLocked(timer);
    KeLockRelease(&ExpTimerLock, irql);
    if (timer == NULL)                           /* cancelled while the APC was on its way */
        *NormalRoutine = NULL;
    if (last) {
        ObfDereferenceObject(timer);
        ExpReleaseDelivery(delivery);
    }
    ExpReleaseDelivery(delivery);
}

static VOID NTAPI ExpDropTimerApc(PKAPC Apc) { ExpReleaseDelivery(CONTAINING_RECORD(Apc, EXP_DELIVERY, Apc)); }

static VOID NTAPI ExpTimerObjectExpired(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    EXP_TIMER *timer = Context;
    EXP_DELIVERY *delivery;
    LARGE_INTEGER now;
    KIRQL irql;

    KeQuerySystemTime(&now);
    irql = KeLockAcquire(&ExpTimerLock);
    delivery = timer->Delivery;
    if (delivery != NULL) {
        InterlockedIncrement(&delivery->References);
        if (!KeInsertQueueApc(&delivery->Apc, UlongToPtr(now.LowPart), LongToPtr(now.HighPart), 0))
            ExpReleaseDelivery(delivery);        /* it is queued still */
    }
    KeLockRelease(&ExpTimerLock, irql);
}

/* Stops the timer, and what it set going for a thread. The caller holds Changing, or the timer's last reference. */
static VOID ExpStopTimer(EXP_TIMER *Timer)
{
    EXP_DELIVERY *delivery;
    KIRQL irql;

    KeCancelTimer(&Timer->Timer);
    irql = KeLockAcquire(&ExpTimerLock);
    delivery = ExpTakeDeliveryLocked(Timer);
    KeLockRelease(&ExpTimerLock, irql);
    if (delivery == NULL)
        return;
    if (!KeRemoveQueueDpc(&Timer->Dpc))
        KeFlushQueuedDpcs();                     /* an expiry that is under way must not meet the next delivery */
    if (KeRemoveQueueApc(&delivery->Apc))
        ExpReleaseDelivery(delivery);
    ExpReleaseDelivery(delivery);
    ObfDereferenceObject(Timer);
}

static EXP_DELIVERY *ExpMakeDelivery(const EXP_TIMER_SETTING *Setting)
{
    EXP_DELIVERY *delivery = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*delivery), EXP_TAG_DELIVERY);

    if (delivery == NULL)
        return NULL;
    KeInitializeApc(&delivery->Apc, &PsCurrentThread()->Tcb, OriginalApcEnvironment, ExpTimerApc, ExpDropTimerApc,
                    (PKNORMAL_ROUTINE)(PVOID)Setting->Routine, ObPreviousMode(), Setting->Context);
    delivery->Period = Setting->Period;
    delivery->References = 1;
    return delivery;
}

static VOID ExpGiveDelivery(EXP_TIMER *Timer, EXP_DELIVERY *Delivery)
{
    KIRQL irql;

    ObfReferenceObject(Timer);
    irql = KeLockAcquire(&ExpTimerLock);
    Delivery->Timer = Timer;
    Timer->Delivery = Delivery;
    InsertTailList(&PsCurrentThread()->ActiveTimerListHead, &Delivery->Link);
    KeLockRelease(&ExpTimerLock, irql);
}

/* The thread's first timer, referenced, or NULL. */
static EXP_TIMER *ExpFirstTimer(PETHREAD Thread)
{
    EXP_TIMER *timer = NULL;
    KIRQL irql = KeLockAcquire(&ExpTimerLock);

    if (!IsListEmpty(&Thread->ActiveTimerListHead)) {
        timer = CONTAINING_RECORD(Thread->ActiveTimerListHead.Flink, EXP_DELIVERY, Link)->Timer;
        ObfReferenceObject(timer);
    }
    KeLockRelease(&ExpTimerLock, irql);
    return timer;
}

/* Whether it is the calling thread, which has come to its end, that the timer belongs to. Changing is held. */
static BOOLEAN ExpBelongsTo(EXP_TIMER *Timer, PETHREAD Thread)
{
    KIRQL irql = KeLockAcquire(&ExpTimerLock);
    BOOLEAN yes = Timer->Delivery != NULL && Timer->Delivery->Apc.Thread == &Thread->Tcb;

    KeLockRelease(&ExpTimerLock, irql);
    return yes;
}

static VOID ExpRundownTimers(PETHREAD Thread)
{
    EXP_TIMER *timer;

    while ((timer = ExpFirstTimer(Thread)) != NULL) {
        ExLockExclusive(&timer->Changing);
        if (ExpBelongsTo(timer, Thread))         /* nobody else has set it meanwhile */
            ExpStopTimer(timer);
        ExUnlockExclusive(&timer->Changing);
        ObfDereferenceObject(timer);
    }
}

/* ---- The type ---- */
static VOID ExpDeleteTimerObject(PVOID Object)
{
    EXP_TIMER *timer = Object;

    ExpStopTimer(timer);                         /* a delivery would have held a reference */
    if (!KeRemoveQueueDpc(&timer->Dpc))
        KeFlushQueuedDpcs();
}

VOID ExpInitializeTimers(VOID)
{
    static const OB_TYPE_TEMPLATE timer = {
        .Name = L"Timer", .ValidAccess = TIMER_ALL_ACCESS, .PoolType = NonPagedPoolNx, .DefaultOffset = 0,
        .Mapping = { STANDARD_RIGHTS_READ | TIMER_QUERY_STATE, STANDARD_RIGHTS_WRITE | TIMER_MODIFY_STATE,
                     STANDARD_RIGHTS_EXECUTE | SYNCHRONIZE, TIMER_ALL_ACCESS },
        .Delete = ExpDeleteTimerObject,
    };

    ExpTimerObjectType = ObCreateSystemType(&timer);
    PsUpcalls.RundownTimers = ExpRundownTimers;
}

/* ---- Services ---- */
NTSTATUS NTAPI NtCreateTimer(PHANDLE TimerHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes, TIMER_TYPE TimerType)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    EXP_TIMER *timer;
    PVOID object;
    NTSTATUS status;

    if (TimerType != NotificationTimer && TimerType != SynchronizationTimer)
        return STATUS_INVALID_PARAMETER_4;
    status = ObCreateObject(mode, ExpTimerObjectType, ObjectAttributes, mode, NULL, sizeof(EXP_TIMER), 0, 0, &object);
    if (!NT_SUCCESS(status))
        return status;
    timer = object;
    RtlZeroMemory(timer, sizeof(*timer));
    KeInitializeTimerEx(&timer->Timer, TimerType);
    KeInitializeDpc(&timer->Dpc, ExpTimerObjectExpired, timer);
    return ObInsertAndReturn(timer, DesiredAccess, TimerHandle);
}

NTSTATUS NTAPI NtOpenTimer(PHANDLE TimerHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes)
{
    return ObOpenAndReturn(ObjectAttributes, ExpTimerObjectType, DesiredAccess, TimerHandle);
}

static NTSTATUS ExpReferenceTimer(HANDLE Handle, ACCESS_MASK Access, EXP_TIMER **Timer)
{
    return ObReferenceObjectByHandle(Handle, Access, ExpTimerObjectType, ObPreviousMode(), (PVOID *)Timer, NULL);
}

static VOID ExpArmTimer(EXP_TIMER *Timer, const EXP_TIMER_SETTING *Setting, EXP_DELIVERY *Delivery, PBOOLEAN Old)
{
    ExLockExclusive(&Timer->Changing);
    ExpStopTimer(Timer);
    *Old = KeReadStateTimer(&Timer->Timer);
    if (Delivery != NULL)
        ExpGiveDelivery(Timer, Delivery);
    KeSetCoalescableTimer(&Timer->Timer, Setting->DueTime, (ULONG)Setting->Period, Setting->TolerableDelay,
                          Delivery != NULL ? &Timer->Dpc : NULL);
    ExUnlockExclusive(&Timer->Changing);
}

/* PreviousState: whether the timer was signalled. */
static NTSTATUS ExpSetTimer(HANDLE Handle, const EXP_TIMER_SETTING *Setting, BOOLEAN Wakes, PBOOLEAN PreviousState)
{
    EXP_DELIVERY *delivery = NULL;
    EXP_TIMER *timer;
    BOOLEAN old;
    NTSTATUS status = ExpProbeOptional(PreviousState, sizeof(BOOLEAN));

    if (Setting->Period < 0)
        return STATUS_INVALID_PARAMETER_6;
    if (NT_SUCCESS(status))
        status = ExpReferenceTimer(Handle, TIMER_MODIFY_STATE, &timer);
    if (!NT_SUCCESS(status))
        return status;
    if (Setting->Routine != NULL)
        delivery = ExpMakeDelivery(Setting);
    if (Setting->Routine != NULL && delivery == NULL) {
        ObfDereferenceObject(timer);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    ExpArmTimer(timer, Setting, delivery, &old);
    ObfDereferenceObject(timer);
    status = ExpTell(PreviousState, &old, sizeof(old));
    return NT_SUCCESS(status) && Wakes ? STATUS_TIMER_RESUME_IGNORED : status;       /* this machine never sleeps */
}

NTSTATUS NTAPI NtSetTimer(HANDLE TimerHandle, PLARGE_INTEGER DueTime, PTIMER_APC_ROUTINE TimerApcRoutine, PVOID TimerContext,
                          BOOLEAN ResumeTimer, LONG Period, PBOOLEAN PreviousState)
{
    EXP_TIMER_SETTING setting = { .Routine = TimerApcRoutine, .Context = TimerContext, .Period = Period };
    NTSTATUS status = MmReadCaller(ObPreviousMode(), &setting.DueTime, DueTime, sizeof(*DueTime));

    return NT_SUCCESS(status) ? ExpSetTimer(TimerHandle, &setting, ResumeTimer, PreviousState) : status;
}

NTSTATUS NTAPI NtSetTimerEx(HANDLE TimerHandle, TIMER_SET_INFORMATION_CLASS TimerSetInformationClass, PVOID TimerSetInformation,
                            ULONG TimerSetInformationLength)
{
    TIMER_SET_COALESCABLE_TIMER_INFO info;
    EXP_TIMER_SETTING setting;
    NTSTATUS status;

    if ((ULONG)TimerSetInformationClass != EXP_TIMER_COALESCABLE)
        return STATUS_INVALID_INFO_CLASS;
    if (TimerSetInformationLength != sizeof(info))
        return STATUS_INFO_LENGTH_MISMATCH;
    status = MmReadCaller(ObPreviousMode(), &info, TimerSetInformation, sizeof(info));
    if (!NT_SUCCESS(status))
        return status;
    setting = (EXP_TIMER_SETTING){ info.DueTime, info.TimerApcRoutine, info.TimerContext, (LONG)info.Period, info.TolerableDelay };
    return ExpSetTimer(TimerHandle, &setting, info.WakeContext != NULL, info.PreviousState);
}

/* CurrentState: whether the timer is signalled. */
NTSTATUS NTAPI NtCancelTimer(HANDLE TimerHandle, PBOOLEAN CurrentState)
{
    EXP_TIMER *timer;
    BOOLEAN state;
    NTSTATUS status = ExpProbeOptional(CurrentState, sizeof(BOOLEAN));

    if (NT_SUCCESS(status))
        status = ExpReferenceTimer(TimerHandle, TIMER_MODIFY_STATE, &timer);
    if (!NT_SUCCESS(status))
        return status;
    ExLockExclusive(&timer->Changing);
    ExpStopTimer(timer);
    state = KeReadStateTimer(&timer->Timer);
    ExUnlockExclusive(&timer->Changing);
    ObfDereferenceObject(timer);
    return ExpTell(CurrentState, &state, sizeof(state));
}

NTSTATUS NTAPI NtQueryTimer(HANDLE TimerHandle, ULONG TimerInformationClass, PVOID TimerInformation, ULONG TimerInformationLength,
                            PULONG ReturnLength)
{
    struct { LARGE_INTEGER Remaining; BOOLEAN Signalled; } basic;
    EXP_TIMER *timer;
    ULONG64 counter;
    NTSTATUS status;

    if (TimerInformationClass != 0)
        return STATUS_INVALID_INFO_CLASS;
    if (TimerInformationLength != sizeof(basic))
        return STATUS_INFO_LENGTH_MISMATCH;
    status = ExpReferenceTimer(TimerHandle, TIMER_QUERY_STATE, &timer);
    if (!NT_SUCCESS(status))
        return status;
    RtlZeroMemory(&basic, sizeof(basic));
    basic.Signalled = KeReadStateTimer(&timer->Timer);
    basic.Remaining.QuadPart = (LONG64)(timer->Timer.DueTime.QuadPart - KeQueryInterruptTimePrecise(&counter));
    ObfDereferenceObject(timer);
    return ExpTellInformation(TimerInformation, ReturnLength, &basic, sizeof(basic));
}

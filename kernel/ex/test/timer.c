/* SPDX-License-Identifier: MIT
 * System-allocated timers: expiry by waiting and by callback, periods, and each way to delete one.
 */
#include "../exp.h"
#include "test.h"

typedef struct SUBJECT {
    PEX_TIMER Timer;
    KEVENT Called, Deleted;
    volatile LONG Calls, Deletions;
    LONG DeleteAt;                               /* the callback deletes the timer when it is called for the nth time */
    BOOLEAN AtDispatch;
} SUBJECT;

static VOID NTAPI OnDelete(PVOID Context)
{
    SUBJECT *subject = Context;
    InterlockedIncrement(&subject->Deletions);
    KeSetEvent(&subject->Deleted, 0, FALSE);
}

static EXT_DELETE_PARAMETERS Parameters(SUBJECT *Subject)
{
    return (EXT_DELETE_PARAMETERS){ .DeleteCallback = OnDelete, .DeleteContext = Subject };
}

static VOID NTAPI OnExpiry(PEX_TIMER Timer, PVOID Context)
{
    SUBJECT *subject = Context;
    EXT_DELETE_PARAMETERS parameters = Parameters(subject);

    CHECK(Timer == subject->Timer);
    subject->AtDispatch = KeGetCurrentIrql() == DISPATCH_LEVEL;
    if (InterlockedIncrement(&subject->Calls) == subject->DeleteAt)
        ExDeleteTimer(Timer, TRUE, FALSE, &parameters);
    KeSetEvent(&subject->Called, 0, FALSE);
}

static BOOLEAN Make(SUBJECT *Subject, ULONG Attributes)
{
    RtlZeroMemory(Subject, sizeof(*Subject));
    KeInitializeEvent(&Subject->Called, SynchronizationEvent, FALSE);
    KeInitializeEvent(&Subject->Deleted, NotificationEvent, FALSE);
    Subject->Timer = ExAllocateTimer(OnExpiry, Subject, Attributes);
    return CHECK(Subject->Timer != NULL);
}

static VOID WaitFor(PVOID Object) { CHECK(KeWaitForSingleObject(Object, Executive, KernelMode, FALSE, NULL) == STATUS_SUCCESS); }

static BOOLEAN IsSignalled(PVOID Object)
{
    LARGE_INTEGER now = { 0 };
    return KeWaitForSingleObject(Object, Executive, KernelMode, FALSE, &now) == STATUS_SUCCESS;
}

static VOID Expiry(VOID)
{
    SUBJECT subject;

    if (!Make(&subject, 0))
        return;
    CHECK(!ExSetTimer(subject.Timer, -10000000000ll, 0, NULL));
    CHECK(ExSetTimer(subject.Timer, -10000, 0, NULL));           /* instead of the first */
    WaitFor(subject.Timer);
    WaitFor(&subject.Called);
    CHECK(subject.Calls == 1 && subject.AtDispatch && !IsSignalled(subject.Timer));
    CHECK(!ExCancelTimer(subject.Timer, NULL));
    CHECK(!ExSetTimer(subject.Timer, -10000000000ll, 0, NULL) && ExCancelTimer(subject.Timer, NULL));
    CHECK(!ExDeleteTimer(subject.Timer, TRUE, TRUE, NULL));
    if (!Make(&subject, EX_TIMER_NOTIFICATION | EX_TIMER_HIGH_RESOLUTION))
        return;
    ExSetTimer(subject.Timer, -1, 0, NULL);
    WaitFor(subject.Timer);
    CHECK(IsSignalled(subject.Timer));
    ExDeleteTimer(subject.Timer, TRUE, TRUE, NULL);
}

static VOID Periodic(VOID)
{
    SUBJECT subject;

    if (!Make(&subject, 0))
        return;
    subject.DeleteAt = 3;
    ExSetTimer(subject.Timer, -10000, 10000, NULL);
    WaitFor(&subject.Deleted);                   /* by itself, the third time */
    CHECK(subject.Calls == 3 && subject.Deletions == 1);
}

static VOID Deletion(VOID)
{
    EXT_DELETE_PARAMETERS parameters;
    SUBJECT subject;

    if (!Make(&subject, 0))
        return;
    parameters = Parameters(&subject);
    ExSetTimer(subject.Timer, -10000000000ll, 0, NULL);
    CHECK(ExDeleteTimer(subject.Timer, TRUE, TRUE, &parameters));
    CHECK(subject.Deletions == 1 && subject.Calls == 0);
    if (!Make(&subject, 0))
        return;
    CHECK(!ExDeleteTimer(subject.Timer, FALSE, FALSE, &parameters));     /* never set */
    WaitFor(&subject.Deleted);
    if (!Make(&subject, 0))
        return;
    ExSetTimer(subject.Timer, -50000, 10000, NULL);
    CHECK(!ExDeleteTimer(subject.Timer, FALSE, FALSE, &parameters));     /* expires first */
    WaitFor(&subject.Deleted);
    CHECK(subject.Calls >= 1 && subject.Deletions == 1);
}

/* Deleted while it expires, on whichever processor. */
static VOID DeleteInARace(PVOID Context, ULONG Index)
{
    ULONG round;

    for (round = 0; round < 200; round++) {
        SUBJECT subject;
        EXT_DELETE_PARAMETERS parameters = Parameters(&subject);
        LONG calls;
        if (!Make(&subject, 0))
            return;
        ExSetTimer(subject.Timer, -1, 10000, NULL);
        if (round & 1)
            WaitFor(&subject.Called);
        ExDeleteTimer(subject.Timer, TRUE, TRUE, &parameters);
        calls = subject.Calls;
        CHECK(subject.Deletions == 1 && (!(round & 1) || calls >= 1));
        KeFlushQueuedDpcs();
        CHECK(subject.Calls == calls);           /* nothing comes after it */
    }
}

static VOID Contention(VOID) { TestRunThreads(4, DeleteInARace, NULL); }

static const KE_TEST tests[] = {
    { "ex.timer.expiry", Expiry, 0 },
    { "ex.timer.periodic", Periodic, 0 },
    { "ex.timer.deletion", Deletion, 0 },
    { "ex.timer.contention", Contention, 0 },
};
const KE_TEST_GROUP ExTimerTests = { tests, RTL_NUMBER_OF(tests) };

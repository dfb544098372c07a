/* SPDX-License-Identifier: MIT
 * Events: states, results, waking.
 */
#include "test.h"
#include "ke.h"

static NTSTATUS TestPoll(PVOID Object)
{
    LARGE_INTEGER zero = { .QuadPart = 0 };
    return KeWaitForSingleObject(Object, Executive, KernelMode, FALSE, &zero);
}

static VOID TestEventSet(VOID)
{
    KEVENT event;

    KeInitializeEvent(&event, NotificationEvent, FALSE);
    CHECK(KeReadStateEvent(&event) == 0);
    CHECK(TestPoll(&event) == STATUS_TIMEOUT);
    CHECK(KeSetEvent(&event, 0, FALSE) == 0);
    CHECK(KeSetEvent(&event, 0, FALSE) == 1);
    CHECK(KeReadStateEvent(&event) == 1);
    CHECK(TestPoll(&event) == STATUS_SUCCESS);
    CHECK(TestPoll(&event) == STATUS_SUCCESS);
}

static VOID TestEventReset(VOID)
{
    KEVENT event;

    KeInitializeEvent(&event, SynchronizationEvent, TRUE);
    CHECK(TestPoll(&event) == STATUS_SUCCESS);
    CHECK(TestPoll(&event) == STATUS_TIMEOUT);
    KeSetEvent(&event, 0, FALSE);
    CHECK(KeResetEvent(&event) == 1);
    CHECK(KeResetEvent(&event) == 0);
    KeSetEvent(&event, 0, FALSE);
    KeClearEvent(&event);
    CHECK(TestPoll(&event) == STATUS_TIMEOUT);
}

static VOID TestEventPulse(VOID)
{
    KEVENT event;

    KeInitializeEvent(&event, NotificationEvent, FALSE);
    CHECK(KePulseEvent(&event, 0, FALSE) == 0);
    CHECK(KeReadStateEvent(&event) == 0);
}

/* Two threads hand a token back and forth; a lost wake-up hangs here. */
typedef struct TEST_PING {
    KEVENT Events[2];
    volatile LONG Turns;
} TEST_PING;

static VOID TestPingThread(PVOID Context, ULONG Index)
{
    TEST_PING *ping = Context;
    ULONG i;
    for (i = 0; i < 1000; i++) {
        KeWaitForSingleObject(&ping->Events[Index], Executive, KernelMode, FALSE, NULL);
        InterlockedIncrement(&ping->Turns);
        KeSetEvent(&ping->Events[1 - Index], 0, FALSE);
    }
}

static VOID TestEventPingPong(VOID)
{
    TEST_PING ping = { .Turns = 0 };

    KeInitializeEvent(&ping.Events[0], SynchronizationEvent, TRUE);
    KeInitializeEvent(&ping.Events[1], SynchronizationEvent, FALSE);
    TestRunThreads(2, TestPingThread, &ping);
    CHECK(ping.Turns == 2000);
    CHECK(KeReadStateEvent(&ping.Events[0]) == 1);
}

static const KE_TEST KiEventTable[] = {
    { "ke.event.set", TestEventSet, 0 },
    { "ke.event.reset", TestEventReset, 0 },
    { "ke.event.pulse", TestEventPulse, 0 },
    { "ke.event.pingpong", TestEventPingPong, 0 },
};
const KE_TEST_GROUP KiEventTests = { KiEventTable, RTL_NUMBER_OF(KiEventTable) };

/* SPDX-License-Identifier: MIT
 * Alerts: pending, of a wait in progress, by mode, and under contention.
 */
#include "test.h"
#include "ke.h"

static VOID TestAlertPending(VOID)
{
    PKTHREAD self = KeGetCurrentThread();
    LARGE_INTEGER none = { .QuadPart = 0 };
    KEVENT event;

    KeInitializeEvent(&event, NotificationEvent, FALSE);
    CHECK(!KeTestAlertThread(KernelMode) && !KeAlertThread(self, KernelMode) && KeAlertThread(self, KernelMode));
    CHECK(KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, &none) == STATUS_TIMEOUT);
    CHECK(KeWaitForSingleObject(&event, Executive, UserMode, TRUE, &none) == STATUS_TIMEOUT);
    CHECK(KeWaitForSingleObject(&event, Executive, KernelMode, TRUE, NULL) == STATUS_ALERTED);
    CHECK(!KeTestAlertThread(KernelMode));
    CHECK(!KeAlertThread(self, UserMode) && !KeTestAlertThread(KernelMode) && KeTestAlertThread(UserMode));
    CHECK(!KeTestAlertThread(UserMode));
}

/* Each alert ends one wait or is there for the next: none is lost while the two threads run against each other. */
typedef struct TEST_ALERT {
    KEVENT Never;
    PKTHREAD volatile Sleeper;
    volatile LONG Woken;
} TEST_ALERT;

static VOID TestAlertThread(PVOID Context, ULONG Index)
{
    TEST_ALERT *test = Context;
    LONG i;

    if (Index == 0) {
        test->Sleeper = KeGetCurrentThread();
        for (i = 0; i < 1000; i++) {
            CHECK(KeWaitForSingleObject(&test->Never, Executive, KernelMode, TRUE, NULL) == STATUS_ALERTED);
            InterlockedIncrement(&test->Woken);
        }
        return;
    }
    while (test->Sleeper == NULL)
        KeYieldExecution();
    for (i = 0; i < 1000; i++) {
        CHECK(!KeAlertThread(test->Sleeper, KernelMode));
        while (InterlockedOr(&test->Woken, 0) <= i)
            KeYieldExecution();
    }
}

static VOID TestAlertContention(VOID)
{
    TEST_ALERT test = { .Woken = 0 };

    KeInitializeEvent(&test.Never, NotificationEvent, FALSE);
    TestRunThreads(2, TestAlertThread, &test);
    CHECK(test.Woken == 1000);
}

static const KE_TEST KiAlertTable[] = {
    { "ke.alert.pending", TestAlertPending, 0 },
    { "ke.alert.contention", TestAlertContention, 0 },
};
const KE_TEST_GROUP KiAlertTests = { KiAlertTable, RTL_NUMBER_OF(KiAlertTable) };

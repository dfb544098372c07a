/* SPDX-License-Identifier: MIT
 * A ready thread that has waited too long runs before others of higher priority.
 */
#include "test.h"
#include "../ki.h"

typedef struct TEST_STARVED {
    PKTHREAD volatile Thread;
    volatile LONG Ready, Ran;
} TEST_STARVED;

/* 0 keeps the one processor that 1 may run on, at a higher priority. */
static VOID TestStarve(TEST_STARVED *Starved)
{
    KIRQL irql;

    KeSetAffinityThread(KeGetCurrentThread(), 1);
    while (!Starved->Ready)
        KeYieldExecution();
    KeSetPriorityThread(KeGetCurrentThread(), LOW_REALTIME_PRIORITY_ - 2);
    while (Starved->Thread->State != Ready)
        KiPause();
    KiRelieveStarvedThreads();
    CHECK(!Starved->Ran && Starved->Thread->Priority < LOW_REALTIME_PRIORITY_ - 2);       /* not for so little */
    irql = KiLockDispatcher();
    Starved->Thread->WaitTime -= 60000;
    KiExitDispatcher(irql);
    KiRelieveStarvedThreads();
    CHECK(Starved->Ran);
}

static VOID TestBeStarved(TEST_STARVED *Starved)
{
    KeSetAffinityThread(KeGetCurrentThread(), 1);
    Starved->Thread = KeGetCurrentThread();
    Starved->Ready = TRUE;
    while (KeGetCurrentThread()->Priority < LOW_REALTIME_PRIORITY_ - 2)
        KiPause();
    Starved->Ran = TRUE;
}

static VOID TestStarvedThread(PVOID Context, ULONG Index)
{
    if (Index == 0)
        TestStarve(Context);
    else
        TestBeStarved(Context);
}

static VOID TestStarvation(VOID)
{
    TEST_STARVED starved = { NULL, 0, 0 };

    TestRunThreads(2, TestStarvedThread, &starved);
    CHECK(starved.Ran);
}

static const KE_TEST KiStarvationTable[] = { { "ke.starvation", TestStarvation, 0 } };
const KE_TEST_GROUP KiStarvationTests = { KiStarvationTable, RTL_NUMBER_OF(KiStarvationTable) };

/* SPDX-License-Identifier: MIT
 * KeSetAffinityThread: of threads that run, are ready and wait, and beside a system affinity.
 */
#include "test.h"
#include "ke.h"

/* Each of four threads is driven from processor to processor by another one, running all the while. */
typedef struct TEST_DRIVEN {
    PKTHREAD volatile Thread;
    volatile LONG Seen;                          /* the processors it was on, as bits, since it was last asked */
    volatile LONG Stop;
} TEST_DRIVEN;

static VOID TestDriven(TEST_DRIVEN *Driven)
{
    Driven->Thread = KeGetCurrentThread();
    while (!InterlockedOr(&Driven->Stop, 0))
        InterlockedOr(&Driven->Seen, 1 << KeProcessorNumber());
}

static VOID TestDrive(TEST_DRIVEN *Driven)
{
    ULONG i, count = KeQueryActiveProcessorCount(NULL);
    KAFFINITY all;

    while (Driven->Thread == NULL)
        KeYieldExecution();
    all = KeSetAffinityThread(Driven->Thread, 1);
    for (i = 1; i < 40; i++) {
        LONG target = 1 << i % count;
        CHECK(KeSetAffinityThread(Driven->Thread, (KAFFINITY)target) == 1ull << (i - 1) % count);
        while (!(InterlockedExchange(&Driven->Seen, 0) & target))
            KeYieldExecution();
    }
    KeSetAffinityThread(Driven->Thread, all);
    InterlockedExchange(&Driven->Stop, 1);
}

static VOID TestDriveThread(PVOID Context, ULONG Index)
{
    TEST_DRIVEN *driven = (TEST_DRIVEN *)Context + Index / 2;

    if (Index % 2 == 0)
        TestDriven(driven);
    else
        TestDrive(driven);
}

static VOID TestAffinityDriven(VOID)
{
    TEST_DRIVEN driven[2];

    RtlZeroMemory(driven, sizeof(driven));
    TestRunThreads(4, TestDriveThread, driven);
    CHECK(driven[0].Stop && driven[1].Stop);
}

/* At DISPATCH_LEVEL it is a promise for later. */
static VOID TestAffinityRaised(VOID)
{
    ULONG last = KeQueryActiveProcessorCount(NULL) - 1;
    KIRQL old;

    KeSetSystemAffinityThreadEx(1);
    old = KfRaiseIrql(DISPATCH_LEVEL);
    KeSetSystemAffinityThreadEx(1ull << last);
    CHECK(KeProcessorNumber() == 0 && KeGetCurrentIrql() == DISPATCH_LEVEL);
    KeLowerIrql(old);
    while (KeProcessorNumber() != last)
        KeYieldExecution();
    KeRevertToUserAffinityThreadEx(0);
}

static VOID TestAffinitySelf(VOID)
{
    PKTHREAD self = KeGetCurrentThread();
    ULONG i, count = KeQueryActiveProcessorCount(NULL);
    KAFFINITY all = KeSetAffinityThread(self, 1);

    CHECK(KeProcessorNumber() == 0);
    for (i = 0; i < count; i++) {
        KeSetAffinityThread(self, 1ull << i);
        CHECK(KeProcessorNumber() == i);
    }
    KeSetSystemAffinityThreadEx(1);              /* hides the thread's own while it lasts */
    CHECK(KeSetAffinityThread(self, 1ull << (count - 1)) == 1ull << (count - 1) && KeProcessorNumber() == 0);
    KeRevertToUserAffinityThreadEx(0);
    CHECK(KeProcessorNumber() == count - 1);
    CHECK(KeSetAffinityThread(self, all) == 1ull << (count - 1));
}

static const KE_TEST KiAffinityTable[] = {
    { "ke.affinity.self", TestAffinitySelf, 0 },
    { "ke.affinity.raised", TestAffinityRaised, 0 },
    { "ke.affinity.driven", TestAffinityDriven, 2 },
};
const KE_TEST_GROUP KiAffinityTests = { KiAffinityTable, RTL_NUMBER_OF(KiAffinityTable) };

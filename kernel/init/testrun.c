/* SPDX-License-Identifier: MIT
 * Runs the self-tests and reports each. TestFailures is what CHECK counts for the running test.
 */
#include "initp.h"
#include "kd.h"
#include "ps.h"

static volatile LONG TestFailures;               /* a */
static CHAR TestWhy[160];                        /* the first failure, written by whoever swings TestFailures from 0 */

static VOID InitDescribe(PCSTR Expression, PCSTR File, ULONG Line)
{
    PCSTR base = File;
    ULONG used = 0, divisor = 100000;

    for (; *File != '\0'; File++)
        if (*File == '/' || *File == '\\')
            base = File + 1;
    while (*base != '\0' && used < 60)
        TestWhy[used++] = *base++;
    TestWhy[used++] = ':';
    while (divisor > 1 && Line / divisor == 0)
        divisor /= 10;
    for (; divisor != 0; divisor /= 10)
        TestWhy[used++] = (CHAR)('0' + Line / divisor % 10);
    TestWhy[used++] = ' ';
    while (*Expression != '\0' && used < sizeof(TestWhy) - 1)
        TestWhy[used++] = *Expression++;
    TestWhy[used] = '\0';
}

BOOLEAN TestCheck(BOOLEAN Condition, PCSTR Expression, PCSTR File, ULONG Line)
{
    if (!Condition && InterlockedIncrement(&TestFailures) == 1)
        InitDescribe(Expression, File, Line);
    return Condition;
}

static VOID InitReportTest(PCSTR Name, PCSTR Result, PCSTR Why)
{
    KdBeginEvent("test");
    KdEventText("name", Name);
    KdEventText("result", Result);
    KdEventText("why", Why);
    KdEndEvent();
}

static BOOLEAN InitHasPrefix(PCSTR Text, PCSTR Prefix)
{
    while (Prefix != NULL && *Prefix != '\0')
        if (*Text++ != *Prefix++)
            return FALSE;
    return TRUE;
}

static VOID InitRunTest(const KE_TEST *Test, INIT_RESULTS *Results)
{
    if (Test->Processors > KeQueryActiveProcessorCount(NULL)) {
        Results->Skipped++;
        InitReportTest(Test->Name, "skip", "needs more processors");
        return;
    }
    InterlockedExchange(&TestFailures, 0);
    TestWhy[0] = '\0';
    Test->Routine();
    if (KeIrql() != PASSIVE_LEVEL || KeAreApcsDisabled())
        TestCheck(FALSE, "the test leaves IRQL and APCs as they were", Test->Name, 0);
    if (TestFailures != 0) {
        Results->Failed++;
        KdPrintConsole("FAIL %s: %s\r\n", Test->Name, TestWhy);
        InitReportTest(Test->Name, "fail", TestWhy);
    } else {
        Results->Passed++;
        InitReportTest(Test->Name, "pass", NULL);
    }
}

VOID InitRunTests(PCSTR Prefix, INIT_RESULTS *Results)
{
    ULONG group, i;

    for (group = 0; group < InitTestGroupCount; group++)
        for (i = 0; i < InitTestGroups[group]->Count; i++)
            if (InitHasPrefix(InitTestGroups[group]->Tests[i].Name, Prefix))
                InitRunTest(&InitTestGroups[group]->Tests[i], Results);
    KdBeginEvent("tests");
    KdEventNumber("passed", Results->Passed);
    KdEventNumber("failed", Results->Failed);
    KdEventNumber("skipped", Results->Skipped);
    KdEndEvent();
    KdPrintConsole("self-tests: %lu passed, %lu failed, %lu skipped\r\n", Results->Passed, Results->Failed, Results->Skipped);
}

/* ---- TestRunThreads ---- */
typedef struct TEST_CREW {
    VOID (*Routine)(PVOID Context, ULONG Index);
    PVOID Context;
    volatile LONG NextIndex, Left;
    KEVENT Done;
} TEST_CREW;

static VOID TestCrewThread(PVOID Argument)
{
    TEST_CREW *crew = Argument;
    ULONG index = (ULONG)InterlockedIncrement(&crew->NextIndex) - 1;

    KeSetSystemAffinityThreadEx(1ull << index % KeQueryActiveProcessorCount(NULL));
    KeRevertToUserAffinityThreadEx(0);
    crew->Routine(crew->Context, index);
    if (InterlockedDecrement(&crew->Left) == 0)
        KeSetEvent(&crew->Done, 0, FALSE);
}

VOID TestRunThreads(ULONG Count, VOID (*Routine)(PVOID Context, ULONG Index), PVOID Context)
{
    TEST_CREW crew = { Routine, Context, 0, (LONG)Count, { 0 } };
    ULONG i;

    KeInitializeEvent(&crew.Done, NotificationEvent, FALSE);
    for (i = 0; i < Count; i++)
        if (!CHECK(NT_SUCCESS(InitStartThread(TestCrewThread, &crew))) && InterlockedDecrement(&crew.Left) == 0)
            KeSetEvent(&crew.Done, 0, FALSE);
    KeWaitForSingleObject(&crew.Done, Executive, KernelMode, FALSE, NULL);
}

/* SPDX-License-Identifier: MIT
 * Calls on every processor, processor numbers and groups, larger stacks, extended state, routines for bug checks.
 */
#include "../ki.h"
#include "test.h"

/* ---- Broadcasts ---- */
typedef struct EVERYWHERE {
    volatile LONG Seen;                          /* a bit for each processor */
    volatile LONG Inside, Most, Last, Barrier;
    LONG Processors;
} EVERYWHERE;

static VOID NoteMost(EVERYWHERE *All)
{
    LONG inside = InterlockedIncrement(&All->Inside), most;
    for (most = All->Most; inside > most; most = All->Most)
        InterlockedCompareExchange(&All->Most, inside, most);
}

static ULONG_PTR NTAPI Broadcast(ULONG_PTR Argument)
{
    EVERYWHERE *all = (EVERYWHERE *)Argument;

    CHECK(KeGetCurrentIrql() == IPI_LEVEL);
    InterlockedOr(&all->Seen, 1 << KeProcessorNumber());
    NoteMost(all);
    while (all->Inside < all->Processors)        /* all are inside at the same time, or this never ends */
        KiPause();
    return 77 + KeProcessorNumber();
}

static VOID TestBroadcast(VOID)
{
    EVERYWHERE all = { .Processors = (LONG)KeQueryActiveProcessorCount(NULL) };
    ULONG_PTR result;

    KeSetSystemAffinityThreadEx(1);
    result = KeIpiGenericCall(Broadcast, (ULONG_PTR)&all);
    CHECK(result == 77 && KeGetCurrentIrql() == PASSIVE_LEVEL);
    KeRevertToUserAffinityThreadEx(0);
    CHECK(all.Seen == (LONG)KeQueryActiveProcessors() && all.Most == all.Processors);
    CHECK(KeInvalidateAllCaches());
}

/* ---- One processor alone ---- */
typedef struct ALONE {
    volatile LONG Count, Calls, Stop;
} ALONE;

static VOID LookTwice(PVOID Context)
{
    ALONE *alone = Context;
    LONG count = alone->Count;
    ULONG i;

    CHECK(KeGetCurrentIrql() == IPI_LEVEL);
    for (i = 0; i < 2000; i++)
        KiPause();
    CHECK(alone->Count == count);                /* nobody counts meanwhile */
    alone->Calls++;
}

static VOID CallAlone(PVOID Context, ULONG Index)
{
    ALONE *alone = Context;
    ULONG round;

    if (Index == 0) {
        for (round = 0; round < 50; round++)
            KeCallAlone(LookTwice, alone);
        InterlockedExchange(&alone->Stop, 1);
    }
    while (alone->Stop == 0)
        InterlockedIncrement(&alone->Count);
}

static VOID TestAlone(VOID)
{
    ALONE alone = { 0 };

    TestRunThreads(4, CallAlone, &alone);
    CHECK(alone.Calls == 50 && KeGetCurrentIrql() == PASSIVE_LEVEL);
}

static VOID NTAPI GenericDpc(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    EVERYWHERE *all = Context;
    ULONG round;

    CHECK(KeGetCurrentIrql() == DISPATCH_LEVEL);
    InterlockedOr(&all->Seen, 1 << KeProcessorNumber());
    for (round = 0; round < 20; round++) {
        InterlockedIncrement(&all->Barrier);
        if (KeSignalCallDpcSynchronize(Argument2))
            InterlockedIncrement(&all->Last);
        CHECK(all->Barrier >= (LONG)(round + 1) * all->Processors);      /* everybody came before anybody went on */
        KeSignalCallDpcSynchronize(Argument2);
    }
    KeSignalCallDpcDone(Argument1);
}

static VOID CallGenericDpc(PVOID Context, ULONG Index)
{
    EVERYWHERE all = { .Processors = (LONG)KeQueryActiveProcessorCount(NULL) };

    KeGenericCallDpc(GenericDpc, &all);
    CHECK(all.Seen == (LONG)KeQueryActiveProcessors() && all.Last == 20 && all.Barrier == 20 * all.Processors);
}

static VOID TestGenericDpc(VOID) { CallGenericDpc(NULL, 0); }
static VOID TestGenericDpcContention(VOID) { TestRunThreads(4, CallGenericDpc, NULL); }

/* ---- Numbers and groups ---- */
static VOID TestGroups(VOID)
{
    PROCESSOR_NUMBER number;
    GROUP_AFFINITY affinity, previous;
    ULONG count = KeQueryActiveProcessorCount(NULL), i;
    USHORT inNode;
    KDPC dpc;

    for (i = 0; i < count; i++)
        CHECK(KeGetProcessorNumberFromIndex(i, &number) == STATUS_SUCCESS && number.Group == 0 && number.Number == i
              && KeGetProcessorIndexFromNumber(&number) == i);
    CHECK(KeGetProcessorNumberFromIndex(count, &number) == STATUS_INVALID_PARAMETER);
    number = (PROCESSOR_NUMBER){ .Group = 1 };
    CHECK(KeGetProcessorIndexFromNumber(&number) == INVALID_PROCESSOR_INDEX);
    CHECK(KeQueryActiveGroupCount() == 1 && KeQueryMaximumGroupCount() == 1 && KeQueryHighestNodeNumber() == 0);
    CHECK(KeQueryGroupAffinity(0) == KeQueryActiveProcessors() && KeQueryGroupAffinity(1) == 0);
    CHECK(KeQueryMaximumProcessorCountEx(ALL_PROCESSOR_GROUPS) >= count && KeQueryMaximumProcessorCountEx(3) == 0);
    KeQueryNodeActiveAffinity(0, &affinity, &inNode);
    CHECK(affinity.Mask == KeQueryActiveProcessors() && inNode == count && KeQueryNodeMaximumProcessorCount(0) >= count);
    KeInitializeDpc(&dpc, GenericDpc, NULL);
    CHECK(KeSetTargetProcessorDpcEx(&dpc, &number) == STATUS_INVALID_PARAMETER);
    affinity = (GROUP_AFFINITY){ .Mask = 1ull << (count - 1) };
    KeSetSystemGroupAffinityThread(&affinity, &previous);
    CHECK(KeProcessorNumber() == count - 1 && previous.Mask == 0);
    KeRevertToUserGroupAffinityThread(&previous);
}

/* ---- Larger stacks ---- */
typedef struct CALLOUT {
    ULONG_PTR Stack, Outer;
    ULONG Sum;
} CALLOUT;

static VOID NTAPI UseStack(PVOID Parameter)
{
    volatile UCHAR space[0xC000];
    CALLOUT *callout = Parameter;
    ULONG i;

    callout->Stack = (ULONG_PTR)space;
    for (i = 0; i < sizeof(space); i += 256)
        space[i] = (UCHAR)(i >> 8);
    for (i = 0; i < sizeof(space); i += 256)
        callout->Sum += space[i];
    CHECK(KeIsOnStack((ULONG64)space, sizeof(space)));
    KeYieldExecution();                          /* the thread may be switched away from on that stack */
    __try {
        ExRaiseStatus(STATUS_BREAKPOINT);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        callout->Sum++;
    }
}

static VOID NTAPI NoteStack(PVOID Parameter) { ((CALLOUT *)Parameter)->Stack = (ULONG_PTR)_AddressOfReturnAddress(); }

static VOID TestCallout(VOID)
{
    PKTHREAD thread = KeCurrentThread();
    PVOID base = thread->StackBase;
    CALLOUT callout = { 0 };

    CHECK(KeExpandKernelStackAndCallout(UseStack, &callout, 0x10000) == STATUS_SUCCESS);
    CHECK(callout.Sum == 192 * 191 / 2 + 1);     /* 0 to 191, and the exception */
    CHECK(callout.Stack < (ULONG_PTR)thread->StackLimit || callout.Stack > (ULONG_PTR)base);
    CHECK(thread->StackBase == base && KeIsOnStack((ULONG64)&callout, sizeof(callout)));
    CHECK(KeExpandKernelStackAndCallout(NoteStack, &callout, 0x800) == STATUS_SUCCESS);
    CHECK(callout.Stack < (ULONG_PTR)base && callout.Stack > (ULONG_PTR)thread->StackLimit);
    CHECK(KeExpandKernelStackAndCallout(NoteStack, &callout, 0x100000) == STATUS_INVALID_PARAMETER_3);
}

/* ---- AVX registers, whose upper halves nobody saves unless asked ---- */
static BOOLEAN HaveAvx(VOID) { return (KiCpuid(1, 0).Ecx & (1u << 28)) && (SharedUserData->XState.EnabledFeatures & 4); }

static VOID FillAvx(const ULONG64 *Pattern)
{
    __asm__ volatile(".byte 0xC5,0xFE,0x6F,0x01" : : "c"(Pattern) : "memory", "xmm0");                 /* vmovdqu ymm0, [rcx] */
}

static VOID StoreAvx(ULONG64 *Pattern)
{
    __asm__ volatile(".byte 0xC5,0xFE,0x7F,0x01" : : "c"(Pattern) : "memory");                         /* vmovdqu [rcx], ymm0 */
}

static VOID KeepAvx(PVOID Context, ULONG Index)
{
    ULONG64 mine[4], got[4];
    XSTATE_SAVE save, inner;
    ULONG i;

    KeSetSystemAffinityThreadEx(1);
    for (i = 0; i < 4; i++)
        mine[i] = 0x1111111111111111ull * (Index + 1) + i;
    if (!CHECK(KeSaveExtendedProcessorState(4, &save) == STATUS_SUCCESS))
        return;
    FillAvx(mine);
    for (i = 0; i < 50; i++)
        KeYieldExecution();                      /* to the others, who fill the same register */
    StoreAvx(got);
    CHECK(got[2] == mine[2] && got[3] == mine[3]);
    CHECK(KeSaveExtendedProcessorState(4, &inner) == STATUS_SUCCESS);
    RtlZeroMemory(got, sizeof(got));
    FillAvx(got);
    KeRestoreExtendedProcessorState(&inner);
    StoreAvx(got);
    CHECK(got[2] == mine[2] && got[3] == mine[3]);
    KeRestoreExtendedProcessorState(&save);
    CHECK(KeCurrentThread()->XStateSave == NULL);
    KeRevertToUserAffinityThreadEx(0);
}

static VOID TestExtendedState(VOID)
{
    XSTATE_SAVE save;

    CHECK(KeSaveExtendedProcessorState(1ull << 60, &save) == STATUS_SUCCESS);        /* a feature that there is not */
    KeRestoreExtendedProcessorState(&save);
    if (HaveAvx())
        TestRunThreads(3, KeepAvx, NULL);
}

/* ---- Bug checks: what happens at one is a driver test's business (test-drivers/bugcheckcallback) ---- */
static VOID NTAPI AtBugcheck(PVOID Buffer, ULONG Length) {}
static VOID NTAPI AtReason(KBUGCHECK_CALLBACK_REASON Reason, struct _KBUGCHECK_REASON_CALLBACK_RECORD *Record, PVOID Data, ULONG Length) {}

static VOID TestBugcheckCallbacks(VOID)
{
    KBUGCHECK_CALLBACK_RECORD record;
    KBUGCHECK_REASON_CALLBACK_RECORD reason;

    KeInitializeCallbackRecord((&record));
    CHECK(!KeDeregisterBugCheckCallback(&record));
    CHECK(KeRegisterBugCheckCallback(&record, AtBugcheck, NULL, 0, (PUCHAR)"test"));
    CHECK(!KeRegisterBugCheckCallback(&record, AtBugcheck, NULL, 0, (PUCHAR)"test"));
    CHECK(KeDeregisterBugCheckCallback(&record) && !KeDeregisterBugCheckCallback(&record));
    KeInitializeCallbackRecord((&reason));
    CHECK(KeRegisterBugCheckReasonCallback(&reason, AtReason, KbCallbackSecondaryDumpData, (PUCHAR)"test"));
    CHECK(!KeRegisterBugCheckReasonCallback(&reason, AtReason, KbCallbackSecondaryDumpData, (PUCHAR)"test"));
    CHECK(KeDeregisterBugCheckReasonCallback(&reason) && !KeDeregisterBugCheckReasonCallback(&reason));
}

static const KE_TEST tests[] = {
    { "ke.everywhere.alone", TestAlone, 0 },
    { "ke.everywhere.broadcast", TestBroadcast, 0 },      { "ke.everywhere.genericdpc", TestGenericDpc, 0 },
    { "ke.everywhere.contention", TestGenericDpcContention, 2 },
    { "ke.everywhere.groups", TestGroups, 0 },            { "ke.callout.expand", TestCallout, 0 },
    { "ke.xstate.switch", TestExtendedState, 0 },         { "ke.bugcheck.register", TestBugcheckCallbacks, 0 },
};
const KE_TEST_GROUP KeEverywhereTests = { tests, RTL_NUMBER_OF(tests) };

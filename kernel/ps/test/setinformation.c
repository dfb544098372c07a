/* SPDX-License-Identifier: MIT
 * NtSetInformationThread, what NtQueryInformationThread says after it, and alerts by handle.
 */
#include "../psp.h"
#include "test.h"

#define SELF NtCurrentThread()

static NTSTATUS Set(THREADINFOCLASS Class, ULONG Value) { return ZwSetInformationThread(SELF, Class, &Value, sizeof(Value)); }

static ULONG Ask(THREADINFOCLASS Class)
{
    ULONG value = 99;
    CHECK(NT_SUCCESS(ZwQueryInformationThread(SELF, Class, &value, sizeof(value), NULL)));
    return value;
}

static VOID Priorities(VOID)
{
    PKTHREAD self = KeGetCurrentThread();
    KPRIORITY priority = KeQueryPriorityThread(self);
    ULONG base = Ask(ThreadActualBasePriority);

    CHECK(Set(ThreadPriority, 17) == STATUS_SUCCESS && KeQueryPriorityThread(self) == 17);
    CHECK(Set(ThreadPriority, 0) == STATUS_INVALID_PARAMETER && Set(ThreadPriority, 32) == STATUS_INVALID_PARAMETER);
    CHECK(Set(ThreadBasePriority, 2) == STATUS_SUCCESS && Ask(ThreadActualBasePriority) == base + 2);
    CHECK(Set(ThreadBasePriority, (ULONG)-2) == STATUS_SUCCESS && Ask(ThreadActualBasePriority) == base - 2);
    CHECK(Set(ThreadBasePriority, 3) == STATUS_INVALID_PARAMETER && Set(ThreadBasePriority, (ULONG)-9) == STATUS_INVALID_PARAMETER);
    CHECK(Set(ThreadBasePriority, 15) == STATUS_SUCCESS && Ask(ThreadActualBasePriority) == 15);
    CHECK(Set(ThreadBasePriority, 0) == STATUS_SUCCESS && Ask(ThreadActualBasePriority) == base);
    KeSetPriorityThread(self, priority);
    CHECK(Ask(ThreadPriorityBoost) == 0 && Set(ThreadPriorityBoost, 1) == STATUS_SUCCESS && Ask(ThreadPriorityBoost) == 1);
    CHECK(Set(ThreadPriorityBoost, 0) == STATUS_SUCCESS && Ask(ThreadPriorityBoost) == 0);
    CHECK(Ask(ThreadIoPriority) == IoPriorityNormal && Ask(ThreadPagePriority) == 5);
    CHECK(Set(ThreadIoPriority, IoPriorityLow) == STATUS_SUCCESS && Set(ThreadPagePriority, 1) == STATUS_SUCCESS);
    CHECK(Ask(ThreadIoPriority) == IoPriorityLow && Ask(ThreadPagePriority) == 1);
    CHECK(Set(ThreadIoPriority, 5) == STATUS_INVALID_PARAMETER && Set(ThreadPagePriority, 6) == STATUS_INVALID_PARAMETER);
    CHECK(Set(ThreadIoPriority, IoPriorityNormal) == STATUS_SUCCESS && Set(ThreadPagePriority, 5) == STATUS_SUCCESS);
}

/* A thread whose waits may not raise it wakes with the priority it had. */
typedef struct BOOST {
    KEVENT Go;
    volatile LONG Waits;
    KPRIORITY Seen[2];
} BOOST;

static VOID Boosted(PVOID Context, ULONG Index)
{
    BOOST *boost = Context;
    LONG round;

    for (round = 0; round < 2; round++) {
        if (Index == 0) {
            CHECK(Set(ThreadPriorityBoost, round == 0) == STATUS_SUCCESS);
            InterlockedIncrement(&boost->Waits);
            KeWaitForSingleObject(&boost->Go, Executive, KernelMode, FALSE, NULL);
            boost->Seen[round] = KeQueryPriorityThread(KeGetCurrentThread());
            continue;
        }
        while (InterlockedOr(&boost->Waits, 0) <= round || *(PLIST_ENTRY volatile *)&boost->Go.Header.WaitListHead.Flink ==
                                                               &boost->Go.Header.WaitListHead)
            KeYieldExecution();
        KeSetEvent(&boost->Go, 6, FALSE);
    }
}

static VOID Boosts(VOID)
{
    BOOST boost = { .Waits = 0 };

    KeInitializeEvent(&boost.Go, SynchronizationEvent, FALSE);
    TestRunThreads(2, Boosted, &boost);
    CHECK(boost.Seen[0] == PsInitialSystemProcess->Pcb.BasePriority && boost.Seen[1] > boost.Seen[0]);
}

static VOID Places(VOID)
{
    ULONG count = KeQueryActiveProcessorCount(NULL), last = count - 1;
    KAFFINITY all = KeQueryActiveProcessors(), one = 1ull << last, wrong = 1ull << 40, none = 0;
    GROUP_AFFINITY group = { .Mask = one };
    PROCESSOR_NUMBER number = { .Number = (UCHAR)last };
    PS_THREAD_BASIC basic;

    CHECK(ZwSetInformationThread(SELF, ThreadAffinityMask, &one, sizeof(one)) == STATUS_SUCCESS && KeProcessorNumber() == last);
    CHECK(NT_SUCCESS(ZwQueryInformationThread(SELF, ThreadBasicInformation, &basic, sizeof(basic), NULL)) && basic.AffinityMask == one);
    CHECK(ZwSetInformationThread(SELF, ThreadAffinityMask, &wrong, sizeof(wrong)) == STATUS_INVALID_PARAMETER);
    CHECK(ZwSetInformationThread(SELF, ThreadAffinityMask, &none, sizeof(none)) == STATUS_INVALID_PARAMETER);
    CHECK(ZwSetInformationThread(SELF, ThreadAffinityMask, &all, sizeof(all)) == STATUS_SUCCESS);
    CHECK(ZwSetInformationThread(SELF, ThreadGroupInformation, &group, sizeof(group)) == STATUS_SUCCESS && KeProcessorNumber() == last);
    group.Group = 1;
    CHECK(ZwSetInformationThread(SELF, ThreadGroupInformation, &group, sizeof(group)) == STATUS_INVALID_PARAMETER);
    CHECK(NT_SUCCESS(ZwQueryInformationThread(SELF, ThreadGroupInformation, &group, sizeof(group), NULL)));
    CHECK(group.Mask == one && group.Group == 0);
    CHECK(ZwSetInformationThread(SELF, ThreadAffinityMask, &all, sizeof(all)) == STATUS_SUCCESS);
    CHECK(ZwSetInformationThread(SELF, ThreadIdealProcessorEx, &number, sizeof(number)) == STATUS_SUCCESS);
    CHECK(NT_SUCCESS(ZwQueryInformationThread(SELF, ThreadIdealProcessorEx, &number, sizeof(number), NULL)) && number.Number == last);
    number.Group = 1;
    CHECK(ZwSetInformationThread(SELF, ThreadIdealProcessorEx, &number, sizeof(number)) == STATUS_INVALID_PARAMETER);
    CHECK(Set(ThreadIdealProcessor, 0) == STATUS_SUCCESS && Set(ThreadIdealProcessor, MAXIMUM_PROCESSORS) == STATUS_SUCCESS);
    CHECK(Set(ThreadIdealProcessor, count) == STATUS_INVALID_PARAMETER);
    CHECK(NT_SUCCESS(ZwQueryInformationThread(SELF, ThreadIdealProcessorEx, &number, sizeof(number), NULL)) && number.Number == 0);
}

static VOID Names(VOID)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"a thread"), other = RTL_CONSTANT_STRING(L"b"), empty = { 0, 0, NULL };
    struct { UNICODE_STRING Name; WCHAR Text[8]; } told;
    UNICODE_STRING odd = { 3, 4, L"ab" }, bad = { 8, 8, (PWSTR)8 };
    ULONG bytes = 0;

    CHECK(ZwQueryInformationThread(SELF, ThreadNameInformation, &told, sizeof(told), &bytes) == STATUS_SUCCESS);
    CHECK(bytes == sizeof(UNICODE_STRING) && told.Name.Length == 0);
    CHECK(ZwSetInformationThread(SELF, ThreadNameInformation, &other, sizeof(other)) == STATUS_SUCCESS);
    CHECK(ZwSetInformationThread(SELF, ThreadNameInformation, &name, sizeof(name)) == STATUS_SUCCESS);
    CHECK(ZwSetInformationThread(SELF, ThreadNameInformation, &odd, sizeof(odd)) == STATUS_INVALID_PARAMETER);
    CHECK(ZwSetInformationThread(SELF, ThreadNameInformation, &bad, sizeof(bad)) == STATUS_ACCESS_VIOLATION);
    CHECK(ZwQueryInformationThread(SELF, ThreadNameInformation, &told, sizeof(told) - 1, &bytes) == STATUS_BUFFER_TOO_SMALL);
    CHECK(bytes == sizeof(told));
    CHECK(ZwQueryInformationThread(SELF, ThreadNameInformation, &told, sizeof(told), &bytes) == STATUS_SUCCESS);
    CHECK(RtlEqualUnicodeString(&told.Name, &name, FALSE) && told.Name.Buffer == told.Text);
    CHECK(ZwSetInformationThread(SELF, ThreadNameInformation, &empty, sizeof(empty)) == STATUS_SUCCESS);
    CHECK(PsCurrentThread()->ThreadName == NULL);
}

static VOID Refusals(VOID)
{
    HANDLE handle;
    ULONG word = 5;
    BOOLEAN hidden = TRUE;

    CHECK(ZwSetInformationThread(SELF, (THREADINFOCLASS)999, &word, 4) == STATUS_INVALID_INFO_CLASS);
    CHECK(ZwSetInformationThread(SELF, ThreadPriority, &word, 8) == STATUS_INFO_LENGTH_MISMATCH);
    CHECK(ZwSetInformationThread(SELF, ThreadPriority, (PVOID)8, 4) == STATUS_ACCESS_VIOLATION);
    CHECK(ZwSetInformationThread((HANDLE)0x7000, ThreadPriority, &word, 4) == STATUS_INVALID_HANDLE);
    CHECK(ZwSetInformationThread(NtCurrentProcess(), ThreadPriority, &word, 4) == STATUS_OBJECT_TYPE_MISMATCH);
    CHECK(NT_SUCCESS(ZwQueryInformationThread(SELF, ThreadHideFromDebugger, &hidden, 1, NULL)) && !hidden);
    CHECK(NT_SUCCESS(ObOpenObjectByPointer(PsCurrentThread(), OBJ_KERNEL_HANDLE, NULL, THREAD_ALL_ACCESS, PspThreadType, KernelMode,
                                           &handle)));
    CHECK(ZwSetInformationThread(handle, ThreadHideFromDebugger, NULL, 0) == STATUS_SUCCESS);
    CHECK(NT_SUCCESS(ZwQueryInformationThread(handle, ThreadHideFromDebugger, &hidden, 1, NULL)) && hidden);
    InterlockedAnd((volatile LONG *)&PsCurrentThread()->CrossThreadFlags, ~(LONG)PSP_THREAD_HIDDEN);
    ZwClose(handle);
}

static VOID Alerts(VOID)
{
    LARGE_INTEGER none = { .QuadPart = 0 };
    KEVENT never;

    KeInitializeEvent(&never, NotificationEvent, FALSE);
    CHECK(ZwAlertThread(SELF) == STATUS_SUCCESS);
    CHECK(KeWaitForSingleObject(&never, Executive, KernelMode, TRUE, &none) == STATUS_ALERTED);
    CHECK(KeWaitForSingleObject(&never, Executive, KernelMode, TRUE, &none) == STATUS_TIMEOUT);
    CHECK(ZwAlertThread(SELF) == STATUS_SUCCESS && NtTestAlert() == STATUS_ALERTED && NtTestAlert() == STATUS_SUCCESS);
    CHECK(ZwAlertThread((HANDLE)0x7000) == STATUS_INVALID_HANDLE);
    CHECK(ZwAlertThread(NtCurrentProcess()) == STATUS_OBJECT_TYPE_MISMATCH);
}

static VOID Yields(VOID)
{
    NTSTATUS status = ZwYieldExecution();
    CHECK(status == STATUS_SUCCESS || status == STATUS_NO_YIELD_PERFORMED);
}

/* Two threads of one processor hand a turn to each other by nothing but yielding. */
static VOID TakeTurns(PVOID Context, ULONG Index)
{
    volatile LONG *turn = Context;
    LONG i;

    KeSetSystemAffinityThreadEx(1);
    for (i = 0; i < 200; i++) {
        while (InterlockedOr(turn, 0) % 2 != (LONG)Index)
            ZwYieldExecution();
        InterlockedIncrement(turn);
    }
    KeRevertToUserAffinityThreadEx(0);
}

static VOID Turns(VOID)
{
    volatile LONG turn = 0;

    Yields();
    TestRunThreads(2, TakeTurns, (PVOID)&turn);
    CHECK(turn == 400);
}

static VOID Protection(VOID)
{
    static EPROCESS process;

    CHECK(!PsIsProtectedProcess(PsInitialSystemProcess) && PsGetProcessProtection(PsInitialSystemProcess) == 0);
    process.Protection = 0x61;
    CHECK(PsIsProtectedProcess(&process) && PsIsProtectedProcessLight(&process) && PsGetProcessProtection(&process) == 0x61);
    process.Protection = 0x72;
    CHECK(PsIsProtectedProcess(&process) && !PsIsProtectedProcessLight(&process));
}

static VOID OfProcess(VOID)
{
    ULONG mode = 0x10000, disable = 1, enable = 2;

    CHECK(ZwSetInformationProcess(NtCurrentProcess(), ProcessDefaultHardErrorMode, &mode, sizeof(mode)) == STATUS_INVALID_PARAMETER);
    CHECK(ZwSetInformationProcess(NtCurrentProcess(), ProcessExecuteFlags, &disable, sizeof(USHORT)) == STATUS_INFO_LENGTH_MISMATCH);
    CHECK(ZwSetInformationProcess(NtCurrentProcess(), ProcessExecuteFlags, &disable, sizeof(disable)) == STATUS_SUCCESS);
    CHECK(ZwSetInformationProcess(NtCurrentProcess(), ProcessExecuteFlags, &enable, sizeof(enable)) == STATUS_NOT_SUPPORTED);
}

static const KE_TEST tests[] = {
    { "ps.yield", Turns, 0 }, { "ps.protection", Protection, 0 },
    { "ps.setthread.priorities", Priorities, 0 }, { "ps.setthread.boosts", Boosts, 0 },     { "ps.setthread.places", Places, 0 },
    { "ps.setthread.names", Names, 0 },           { "ps.setthread.refusals", Refusals, 0 }, { "ps.thread.alert", Alerts, 0 },
    { "ps.information.set", OfProcess, 0 },
};
const KE_TEST_GROUP PsSetInformationTests = { tests, RTL_NUMBER_OF(tests) };

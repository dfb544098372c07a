/* SPDX-License-Identifier: MIT
 * Stress on many processors: four threads a processor do actions at random, with invariants checked everywhere.
 * The service's Parameters key may hold Rounds and Seed (REG_DWORD); without a Seed it is the time. It is printed.
 */
#include "stress.h"
#include "check.h"
#include "apc.h"

DRIVER_INITIALIZE DriverEntry;

#define DEFAULT_ROUNDS 1500
#define THREADS_A_PROCESSOR 4

ULONG StressThreadCount;
STRESS_THREAD *StressThreads;
PDEVICE_OBJECT StressDevice;
static ULONG Rounds = DEFAULT_ROUNDS, Seed;
static volatile LONG Failures, Working;
static KEVENT Begin, Rested;

static const struct {
    STRESS_ACTION *Routine;
    ULONG Weight;
} Actions[] = {
    { StressPool, 8 }, { StressLookaside, 3 }, { StressSpinLock, 4 }, { StressFastMutex, 3 }, { StressMutex, 2 },
    { StressResource, 4 }, { StressRemoveLock, 2 }, { StressSemaphore, 2 }, { StressWaitAll, 3 }, { StressWaitAny, 3 },
    { StressTimer, 2 }, { StressWorkItem, 3 }, { StressApc, 3 }, { StressHop, 1 }, { StressIoctlNow, 3 },
    { StressIoctlPended, 3 }, { StressIoctlCancelled, 3 },
};

BOOLEAN StressCheck(BOOLEAN Held, PCSTR What)
{
    if (!Held && InterlockedIncrement(&Failures) <= 20)
        DbgPrint("CHECK FAILED: %s\n", What);
    return Held;
}

/* xorshift64*: the same row of numbers from the same seed everywhere. */
ULONG StressRandom(STRESS_THREAD *Thread, ULONG Limit)
{
    ULONGLONG x = Thread->Random;

    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    Thread->Random = x;
    return (ULONG)((x * 0x2545F4914F6CDD1Dull) >> 33) % Limit;
}

VOID StressPause(STRESS_THREAD *Thread)
{
    LARGE_INTEGER time;
    ULONG kind = StressRandom(Thread, 32);

    if (kind < 8)
        KeStallExecutionProcessor(kind);
    if (kind != 31)
        return;
    time.QuadPart = -1;
    KeDelayExecutionThread(KernelMode, FALSE, &time);
}

static VOID DoOne(STRESS_THREAD *Thread)
{
    ULONG total = 0, chosen, i;

    for (i = 0; i < sizeof(Actions) / sizeof(Actions[0]); i++)
        total += Actions[i].Weight;
    chosen = StressRandom(Thread, total);
    for (i = 0; chosen >= Actions[i].Weight; i++)
        chosen -= Actions[i].Weight;
    Actions[i].Routine(Thread);
    StressCheck(KeGetCurrentIrql() == PASSIVE_LEVEL && !KeAreApcsDisabled(), "an action leaves level and regions as they were");
}

/* Stays until everybody has done its rounds, so that APCs find their thread. */
static VOID NTAPI Worker(PVOID Context)
{
    STRESS_THREAD *self = Context;
    BOOLEAN region = LeaveInitialRegion();
    ULONG i;

    KeWaitForSingleObject(&Begin, Executive, KernelMode, FALSE, NULL);
    for (i = 0; i < Rounds && Failures == 0; i++)
        DoOne(self);
    if (InterlockedDecrement(&Working) == 0)
        KeSetEvent(&Rested, IO_NO_INCREMENT, FALSE);
    KeWaitForSingleObject(&Rested, Executive, KernelMode, FALSE, NULL);
    if (region)
        KeEnterCriticalRegion();
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static BOOLEAN StartThread(STRESS_THREAD *Thread, ULONG Number)
{
    HANDLE handle;

    Thread->Number = Number;
    Thread->Random = 0x9E3779B97F4A7C15ull * (Number + 1) ^ ((ULONGLONG)Seed << 17) ^ Seed ^ 1;
    KeInitializeEvent(&Thread->Event, SynchronizationEvent, FALSE);
    KeInitializeTimerEx(&Thread->Timer, Number % 2 != 0 ? NotificationTimer : SynchronizationTimer);
    if (!NT_SUCCESS(PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, Worker, Thread)))
        return FALSE;
    ObReferenceObjectByHandle(handle, SYNCHRONIZE, *PsThreadType, KernelMode, &Thread->Object, NULL);
    ZwClose(handle);
    return TRUE;
}

static VOID RunThreads(VOID)
{
    ULONG started = 0, i;

    KeInitializeEvent(&Begin, NotificationEvent, FALSE);
    KeInitializeEvent(&Rested, NotificationEvent, FALSE);
    Working = (LONG)StressThreadCount;
    while (started < StressThreadCount && StartThread(&StressThreads[started], started))
        started += 1;
    if (!StressCheck(started == StressThreadCount, "all threads start")) {
        for (i = started; i < StressThreadCount; i++)
            InterlockedDecrement(&Working);
    }
    KeSetEvent(&Begin, IO_NO_INCREMENT, FALSE);
    for (i = 0; i < started; i++) {
        KeWaitForSingleObject(StressThreads[i].Object, Executive, KernelMode, FALSE, NULL);
        ObDereferenceObject(StressThreads[i].Object);
    }
}

/* ---- Parameters ---- */

static VOID ReadParameters(PUNICODE_STRING RegistryPath)
{
    RTL_QUERY_REGISTRY_TABLE table[4];
    WCHAR path[260];
    ULONG i;

    if (RegistryPath->Length >= sizeof(path))
        return;
    RtlCopyMemory(path, RegistryPath->Buffer, RegistryPath->Length);
    path[RegistryPath->Length / sizeof(WCHAR)] = 0;
    RtlZeroMemory(table, sizeof(table));
    table[0].Flags = RTL_QUERY_REGISTRY_SUBKEY;
    table[0].Name = (PWSTR)L"Parameters";
    for (i = 1; i < 3; i++) {
        table[i].Flags = RTL_QUERY_REGISTRY_DIRECT;
        table[i].Name = (PWSTR)(i == 1 ? L"Rounds" : L"Seed");
        table[i].EntryContext = i == 1 ? &Rounds : &Seed;
    }
    RtlQueryRegistryValues(RTL_REGISTRY_ABSOLUTE, path, table, NULL, NULL);
    if (Seed == 0)
        Seed = (ULONG)KeQueryPerformanceCounter(NULL).QuadPart ^ (ULONG)KeQueryInterruptTime();
}

static VOID NTAPI Unload(PDRIVER_OBJECT DriverObject) {}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    NTSTATUS status = StressIrpsStart(DriverObject);

    if (!NT_SUCCESS(status))
        return status;
    DriverObject->DriverUnload = Unload;
    ReadParameters(RegistryPath);
    StressThreadCount = THREADS_A_PROCESSOR * KeQueryActiveProcessorCount(NULL);
    DbgPrint("stress: seed %lu, %lu threads, %lu rounds\n", Seed, StressThreadCount, Rounds);
    StressThreads = ExAllocatePoolWithTag(NonPagedPool, StressThreadCount * sizeof(*StressThreads), STRESS_TAG);
    if (Check(StressThreads != NULL, "memory for the threads")) {
        RtlZeroMemory(StressThreads, StressThreadCount * sizeof(*StressThreads));
        StressMemoryStart();
        StressLocksStart();
        StressWaitsStart();
        RunThreads();
        StressWaitsFinish();
        StressLocksFinish();
        StressMemoryFinish();
        ExFreePoolWithTag(StressThreads, STRESS_TAG);
    }
    StressIrpsFinish();
    Check(Failures == 0, "stress");
    return CheckResult();
}

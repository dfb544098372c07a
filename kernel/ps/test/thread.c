/* SPDX-License-Identifier: MIT
 * Processes and system threads.
 */
#include "../psp.h"
#include "rtl.h"
#include "test.h"

typedef struct START {
    KEVENT Go, Started;
    HANDLE Id;
    ULONG64 Seen;
    NTSTATUS Status;
} START;

static VOID NTAPI WaitAndReturn(PVOID Context)
{
    START *start = Context;
    start->Id = PsGetCurrentThreadId();
    start->Seen = PsGetCurrentProcessId() == (HANDLE)4 && PsIsSystemThread(PsCurrentThread());
    KeSetEvent(&start->Started, 0, FALSE);
    KeWaitForSingleObject(&start->Go, Executive, KernelMode, FALSE, NULL);
}

static VOID NTAPI Terminate(PVOID Context)
{
    START *start = Context;
    KeWaitForSingleObject(&start->Go, Executive, KernelMode, FALSE, NULL);
    PsTerminateSystemThread(start->Status);
    start->Seen = 99;                            /* never */
}

static VOID Prepare(START *Start)
{
    RtlZeroMemory(Start, sizeof(*Start));
    KeInitializeEvent(&Start->Go, NotificationEvent, FALSE);
    KeInitializeEvent(&Start->Started, NotificationEvent, FALSE);
}

static VOID Wait(VOID)
{
    LARGE_INTEGER now = { .QuadPart = 0 };
    CLIENT_ID id = { NULL, NULL };
    HANDLE handle = NULL;
    PETHREAD thread;
    START start;
    PVOID object;

    Prepare(&start);
    if (!CHECK(PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, NULL, NULL, &id, WaitAndReturn, &start) == STATUS_SUCCESS))
        return;
    CHECK(ObIsKernelHandle(handle) && id.UniqueProcess == (HANDLE)4 && ((ULONG64)id.UniqueThread & 3) == 0);
    CHECK(NT_SUCCESS(ObReferenceObjectByHandle(handle, SYNCHRONIZE, PspThreadType, KernelMode, &object, NULL)));
    thread = object;
    CHECK(ZwWaitForSingleObject(handle, FALSE, &now) == STATUS_TIMEOUT && !PsIsThreadTerminating(thread));
    KeWaitForSingleObject(&start.Started, Executive, KernelMode, FALSE, NULL);
    KeSetEvent(&start.Go, 0, FALSE);
    CHECK(ZwWaitForSingleObject(handle, FALSE, NULL) == STATUS_SUCCESS);
    CHECK(KeWaitForSingleObject(thread, Executive, KernelMode, FALSE, NULL) == STATUS_SUCCESS);
    CHECK(start.Seen == 1 && start.Id == id.UniqueThread && PsGetThreadId(thread) == id.UniqueThread);
    CHECK(PsIsThreadTerminating(thread) && thread->ExitStatus == STATUS_SUCCESS);
    CHECK(ZwClose(handle) == STATUS_SUCCESS);
    ObfDereferenceObject(thread);
}

static VOID TerminateTest(VOID)
{
    HANDLE handle = NULL;
    START start;
    PVOID object;

    Prepare(&start);
    start.Status = STATUS_CANCELLED;
    if (!CHECK(NT_SUCCESS(PsCreateSystemThread(&handle, 0, NULL, NULL, NULL, Terminate, &start))))
        return;
    CHECK(NT_SUCCESS(ObReferenceObjectByHandle(handle, 0, PspThreadType, KernelMode, &object, NULL)));
    ZwClose(handle);
    KeSetEvent(&start.Go, 0, FALSE);
    KeWaitForSingleObject(object, Executive, KernelMode, FALSE, NULL);
    CHECK(start.Seen == 0 && ((PETHREAD)object)->ExitStatus == STATUS_CANCELLED && ((PETHREAD)object)->ExitTime.QuadPart != 0);
    ObfDereferenceObject(object);
}

/* Returns when every thread object belongs to a thread that runs: the reaper is done with all others. */
static VOID WaitForReaper(VOID)
{
    LARGE_INTEGER shortly = { .QuadPart = -10000 };
    while (PspThreadType->TotalNumberOfObjects != PsInitialSystemProcess->ActiveThreads)
        KeDelayExecutionThread(KernelMode, FALSE, &shortly);
}

static VOID BadCreate(VOID)
{
    OBJECT_ATTRIBUTES attributes;
    HANDLE handle = NULL;
    ULONG threads, objects;

    WaitForReaper();
    threads = PsInitialSystemProcess->ActiveThreads;
    objects = PspThreadType->TotalNumberOfObjects;
    InitializeObjectAttributes(&attributes, NULL, OBJ_PERMANENT, NULL, NULL);
    CHECK(PsCreateSystemThread(&handle, 0, &attributes, NULL, NULL, WaitAndReturn, NULL) == STATUS_INVALID_PARAMETER);
    InitializeObjectAttributes(&attributes, NULL, OBJ_OPENIF, NULL, NULL);
    CHECK(PsCreateSystemThread(&handle, 0, &attributes, NULL, NULL, WaitAndReturn, NULL) == STATUS_INVALID_PARAMETER);
    CHECK(PsCreateSystemThread(&handle, 0, NULL, (HANDLE)0x7FFF0, NULL, WaitAndReturn, NULL) == STATUS_INVALID_HANDLE);
    CHECK(handle == NULL && PsInitialSystemProcess->ActiveThreads == threads);
    CHECK(PspThreadType->TotalNumberOfObjects == objects);
}

static VOID Current(VOID)
{
    PETHREAD thread = PsCurrentThread();

    CHECK(IoGetCurrentProcess() == PsInitialSystemProcess && PsInitialSystemProcess->UniqueProcessId == (HANDLE)4);
    CHECK(PsGetCurrentProcessId() == (HANDLE)4 && PsGetProcessId(PsInitialSystemProcess) == (HANDLE)4);
    CHECK((PETHREAD)KeGetCurrentThread() == thread && PsGetThreadId(thread) == PsGetCurrentThreadId());
    CHECK(PsGetThreadProcessId(thread) == (HANDLE)4 && PsGetThreadProcess(thread) == PsInitialSystemProcess);
    CHECK(IoThreadToProcess(thread) == PsInitialSystemProcess && PsIsSystemThread(thread) && IoIsSystemThread(thread));
    CHECK(PsActiveProcessHead.Flink == &PsInitialSystemProcess->ActiveProcessLinks);
}

/* Drivers import where the type is kept. */
static VOID JobType(VOID)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"Job");
    POBJECT_TYPE const *type = (POBJECT_TYPE const *)MmFindExport(MmFindImage("ntoskrnl.exe"), "PsJobType", 0);

    CHECK(type != NULL && RtlEqualUnicodeString(&(*type)->Name, &name, FALSE));
}

static VOID Facts(VOID)
{
    PEPROCESS process = PsInitialSystemProcess;

    CHECK(PsGetProcessImageFileName(process)[0] == 'S' && PsGetProcessImageFileName(process)[6] == '\0');
    CHECK(PsGetProcessInheritedFromUniqueProcessId(process) == NULL && PsGetProcessPeb(process) == NULL);
    CHECK(PsGetProcessExitStatus(process) == STATUS_PENDING && PsGetProcessCreateTimeQuadPart(process) != 0);
    CHECK(process->ObjectTable == ObKernelHandleTable() && process->ActiveThreads >= 3);
}

static VOID Version(VOID)
{
    ULONG major = 0, minor = 9, build = 0;
    UNICODE_STRING servicePack = { 2, 2, L"x" };

    CHECK(!PsGetVersion(&major, &minor, &build, &servicePack));
    CHECK(major == RtlVersion.Major && minor == RtlVersion.Minor && build == RtlVersion.Build && servicePack.Length == 0);
    CHECK(!PsGetVersion(NULL, NULL, NULL, NULL));
}

static VOID Lookup(VOID)
{
    CLIENT_ID id = PsCurrentThread()->Cid, wrong = { (HANDLE)8, PsGetCurrentThreadId() };
    PEPROCESS process = NULL;
    PETHREAD thread = NULL;

    CHECK(PsLookupProcessByProcessId((HANDLE)4, &process) == STATUS_SUCCESS && process == PsInitialSystemProcess);
    ObfDereferenceObject(process);
    CHECK(PsLookupThreadByThreadId(PsGetCurrentThreadId(), &thread) == STATUS_SUCCESS && thread == PsCurrentThread());
    ObfDereferenceObject(thread);
    CHECK(PsLookupProcessByProcessId(PsGetCurrentThreadId(), &process) == STATUS_INVALID_CID);
    CHECK(PsLookupThreadByThreadId((HANDLE)4, &thread) == STATUS_INVALID_CID);
    CHECK(PsLookupProcessByProcessId((HANDLE)0, &process) == STATUS_INVALID_CID);
    CHECK(PsLookupProcessByProcessId((HANDLE)0x7FFF0, &process) == STATUS_INVALID_CID);
    CHECK(PsLookupProcessThreadByCid(&id, &process, &thread) == STATUS_SUCCESS && thread == PsCurrentThread());
    ObfDereferenceObject(process);
    ObfDereferenceObject(thread);
    CHECK(PsLookupProcessThreadByCid(&wrong, NULL, &thread) == STATUS_INVALID_CID);
}

/* Threads come and go, are looked up meanwhile, and leave nothing behind. */
static VOID NTAPI ReturnAtOnce(PVOID Context) {}

static VOID MakeAndFind(PVOID Context, ULONG Index)
{
    ULONG i;
    for (i = 0; i < 50; i++) {
        HANDLE handle = NULL;
        CLIENT_ID id;
        PETHREAD thread;
        if (!CHECK(NT_SUCCESS(PsCreateSystemThread(&handle, 0, NULL, NULL, &id, ReturnAtOnce, NULL))))
            return;
        if (NT_SUCCESS(PsLookupThreadByThreadId(id.UniqueThread, &thread))) {
            CHECK(thread->Cid.UniqueThread == id.UniqueThread);
            ObfDereferenceObject(thread);
        }
        CHECK(NT_SUCCESS(ZwWaitForSingleObject(handle, FALSE, NULL)) && NT_SUCCESS(ZwClose(handle)));
    }
}

static VOID Storm(VOID)
{
    MM_STATISTICS before, after;
    ULONG threads;

    WaitForReaper();
    threads = PspThreadType->TotalNumberOfObjects;
    MmQueryStatistics(&before);
    TestRunThreads(4, MakeAndFind, NULL);
    WaitForReaper();
    MmQueryStatistics(&after);
    /* 200 threads left nothing behind. Others make threads and fill caches meanwhile, but not so many. */
    CHECK(PspThreadType->TotalNumberOfObjects <= threads + 8);
    CHECK(after.PoolBlocks[1] <= before.PoolBlocks[1] + 100);
}

static const KE_TEST tests[] = {
    { "ps.thread.wait", Wait, 0 },     { "ps.thread.terminate", TerminateTest, 0 }, { "ps.thread.bad", BadCreate, 0 },
    { "ps.current", Current, 0 },      { "ps.process.facts", Facts, 0 },            { "ps.version", Version, 0 },
    { "ps.jobtype", JobType, 0 },
    { "ps.lookup", Lookup, 0 },        { "ps.thread.storm", Storm, 0 },
};
const KE_TEST_GROUP PsTests = { tests, RTL_NUMBER_OF(tests) };

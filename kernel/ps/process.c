/* SPDX-License-Identifier: MIT
 * Processes: the System process, and what can be asked about any.
 */
#include "psp.h"
#include "se.h"

POBJECT_TYPE PspProcessType, PspThreadType;
PEPROCESS PsInitialSystemProcess;
PEPROCESS PsIdleProcess;
LIST_ENTRY PsActiveProcessHead = { &PsActiveProcessHead, &PsActiveProcessHead };     /* PspListLock */
PHANDLE_TABLE PspCidTable;
KE_LOCK PspListLock = KE_LOCK_OF_RANK(KeRankProcessList);
PS_UPCALLS PsUpcalls;

#define PSP_SYSTEM_PRIORITY 8

static VOID PspCreateTypes(VOID)
{
    static const OB_TYPE_TEMPLATE process = {
        .Name = L"Process", .ValidAccess = PROCESS_ALL_ACCESS, .PoolType = NonPagedPoolNx, .DefaultOffset = 0,
        .Mapping = { STANDARD_RIGHTS_READ | 0x0410, STANDARD_RIGHTS_WRITE | 0x0BEB, STANDARD_RIGHTS_EXECUTE | SYNCHRONIZE | 0x1001,
                     PROCESS_ALL_ACCESS },
        .Flags = OB_TYPE_UNNAMED_ONLY | OB_TYPE_SECURITY_REQUIRED | OB_TYPE_SUPPORTS_CALLBACKS, .Delete = PspDeleteProcess,
        .RetainAccess = SYNCHRONIZE | PROCESS_QUERY_LIMITED_INFORMATION,
    };
    static const OB_TYPE_TEMPLATE thread = {
        .Name = L"Thread", .ValidAccess = THREAD_ALL_ACCESS, .PoolType = NonPagedPoolNx, .DefaultOffset = 0,
        .Mapping = { STANDARD_RIGHTS_READ | 0x0048, STANDARD_RIGHTS_WRITE | 0x0437, STANDARD_RIGHTS_EXECUTE | SYNCHRONIZE | 0x0804,
                     THREAD_ALL_ACCESS },
        .Flags = OB_TYPE_UNNAMED_ONLY | OB_TYPE_SECURITY_REQUIRED | OB_TYPE_SUPPORTS_CALLBACKS, .Delete = PspDeleteThread,
        .RetainAccess = SYNCHRONIZE | THREAD_QUERY_LIMITED_INFORMATION | THREAD_RESUME,
    };

    PspProcessType = ObCreateSystemType(&process);
    PspThreadType = ObCreateSystemType(&thread);
    ObpProcessType = PspProcessType;
    ObpThreadType = PspThreadType;
}

/* The creator's reference is the process's for good. */
static PEPROCESS PspCreateSystemProcess(VOID)
{
    PEPROCESS process;
    PVOID object;
    KIRQL irql;
    NTSTATUS status = ObCreateObject(KernelMode, PspProcessType, NULL, KernelMode, NULL, sizeof(EPROCESS), 0, 0, &object);

    if (!NT_SUCCESS(status) || !NT_SUCCESS(ObInsertObject(object, NULL, 0, 0, NULL, NULL)))
        KeBugCheckEx(PROCESS_INITIALIZATION_FAILED, (ULONG_PTR)status, 0, 0, 0);
    process = object;
    KeInitProcess(&process->Pcb, PSP_SYSTEM_PRIORITY, KiReadCr3());
    status = MmInitializeSystemAddressSpace(process);
    if (!NT_SUCCESS(status))
        KeBugCheckEx(PROCESS_INITIALIZATION_FAILED, (ULONG_PTR)status, 3, 0, 0);
    InitializeListHead(&process->ThreadListHead);
    process->ObjectTable = ObKernelHandleTable();
    SeAssignProcessToken(process, NULL);
    process->ExitStatus = STATUS_PENDING;
    RtlCopyMemory(process->ImageFileName, "System", sizeof("System"));
    KeQuerySystemTime(&process->CreateTime);
    process->UniqueProcessId = ObAllocateHandle(PspCidTable, process, 0, 0);
    ASSERT(process->UniqueProcessId == (HANDLE)4);
    irql = KeLockAcquire(&PspListLock);
    InsertTailList(&PsActiveProcessHead, &process->ActiveProcessLinks);
    KeLockRelease(&PspListLock, irql);
    return process;
}

static VOID PspStart(PKSTART_ROUTINE Routine)
{
    HANDLE handle;
    NTSTATUS status = PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, Routine, NULL);

    if (!NT_SUCCESS(status))
        KeBugCheckEx(PROCESS_INITIALIZATION_FAILED, (ULONG_PTR)status, 1, 0, 0);
    ZwClose(handle);
}

static VOID NTAPI PspReaper(PVOID Context) { KeReapThreads(Context); }
static VOID NTAPI PspObjectDeleter(PVOID Context) { ObDeleteDeferredObjects(Context); }

VOID PsInitialize(VOID)
{
    PspCreateTypes();
    PspCidTable = ObCreateHandleTable(NULL, TRUE);
    if (PspCidTable == NULL)
        KeBugCheckEx(PROCESS_INITIALIZATION_FAILED, 0, 2, 0, 0);
    PsIdleProcess = PsCurrentProcess();
    PsIdleProcess->ObjectTable = ObKernelHandleTable();
    InitializeListHead(&PsIdleProcess->ThreadListHead);
    PsInitialSystemProcess = PspCreateSystemProcess();
    KeUpcalls.ReapThread = PspReapThread;
    KeUpcalls.TestTermination = PspTestTermination;
    KeUpcalls.VisitThreads = PspVisitThreads;
    KeUpcalls.UnhandledException = PspEndProcessOfException;
    PspStart(PspReaper);
    PspStart(PspObjectDeleter);
}

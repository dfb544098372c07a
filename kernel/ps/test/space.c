/* SPDX-License-Identifier: MIT
 * Processes with address spaces of their own: visits, memory, sections, handles, ends, and nothing left behind.
 */
#include "../psp.h"
#include "test.h"

static PEPROCESS MakeProcess(PCWSTR Name)
{
    PEPROCESS process = NULL;
    UNICODE_STRING name;

    RtlInitUnicodeString(&name, Name);
    return CHECK(NT_SUCCESS(PsCreateProcess(PsInitialSystemProcess, &name, &process))) ? process : NULL;
}

static VOID EndProcess(PEPROCESS Process)
{
    CHECK(NT_SUCCESS(PsTerminateProcess(Process, STATUS_SUCCESS)));
    ObfDereferenceObject(Process);
}

static volatile LONG *Allocate(SIZE_T Size, ULONG Type, ULONG Protect)
{
    PVOID base = NULL;
    return CHECK(NT_SUCCESS(ZwAllocateVirtualMemory(NtCurrentProcess(), &base, 0, &Size, Type, Protect))) ? base : NULL;
}

static NTSTATUS Free(volatile VOID *Base, SIZE_T Size, ULONG Type)
{
    PVOID base = (PVOID)Base;
    return ZwFreeVirtualMemory(NtCurrentProcess(), &base, &Size, Type);
}

static NTSTATUS Touch(volatile VOID *Address, BOOLEAN Write)
{
    NTSTATUS status = STATUS_SUCCESS;
    __try {
        UCHAR value = *(volatile UCHAR *)Address;
        if (Write)
            *(volatile UCHAR *)Address = value;
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        status = GetExceptionCode();
    }
    return status;
}

/* ---- Memory ---- */
/* VM_COUNTERS: virtual size, working set and private bytes follow what is done. */
static VOID Counters(VOID)
{
    SIZE_T before[12], after[12], small = 0;
    volatile LONG *block;
    ULONG returned = 0;

    CHECK(NT_SUCCESS(ZwQueryInformationProcess(NtCurrentProcess(), ProcessVmCounters, before, sizeof(before), &returned)) && returned == 0x60);
    block = Allocate(8 * PAGE_SIZE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    block[0] = block[1024] = 1;
    CHECK(NT_SUCCESS(ZwQueryInformationProcess(NtCurrentProcess(), ProcessVmCounters, after, sizeof(after), NULL)));
    CHECK(after[1] == before[1] + 8 * PAGE_SIZE && after[0] >= after[1]);
    CHECK(after[4] == before[4] + 2 * PAGE_SIZE && after[3] >= after[4] && (ULONG)after[2] >= (ULONG)before[2] + 2);
    CHECK(after[9] == before[9] + 8 * PAGE_SIZE && after[10] >= after[9] && after[11] == after[9]);
    CHECK(NT_SUCCESS(Free(block + 1024, PAGE_SIZE, MEM_RELEASE)));
    CHECK(NT_SUCCESS(ZwQueryInformationProcess(NtCurrentProcess(), ProcessVmCounters, after, 0x58, NULL)));
    CHECK(after[1] == before[1] + 7 * PAGE_SIZE && after[4] == before[4] + PAGE_SIZE && after[9] == before[9] + 7 * PAGE_SIZE);
    CHECK(NT_SUCCESS(Free(block, PAGE_SIZE, MEM_RELEASE)) && NT_SUCCESS(Free(block + 2048, 6 * PAGE_SIZE, MEM_RELEASE)));
    CHECK(NT_SUCCESS(ZwQueryInformationProcess(NtCurrentProcess(), ProcessVmCounters, after, 0x58, NULL)) && after[1] == before[1]);
    CHECK(ZwQueryInformationProcess(NtCurrentProcess(), ProcessVmCounters, &small, sizeof(small), NULL) == STATUS_INFO_LENGTH_MISMATCH);
}

static VOID Virtual(VOID)
{
    volatile LONG *block = Allocate(5 * PAGE_SIZE, MEM_RESERVE, PAGE_READWRITE);
    MEMORY_BASIC_INFORMATION facts;
    PVOID base = (PVOID)(block + 1024);
    SIZE_T size = 2 * PAGE_SIZE;
    ULONG64 committed = MmCommittedPages();
    ULONG old = 0;

    CHECK(((ULONG64)block & 0xFFFF) == 0 && Touch(block, FALSE) == STATUS_ACCESS_VIOLATION);
    CHECK(NT_SUCCESS(ZwAllocateVirtualMemory(NtCurrentProcess(), &base, 0, &size, MEM_COMMIT, PAGE_READWRITE)));
    CHECK(base == (PVOID)(block + 1024) && size == 2 * PAGE_SIZE && MmCommittedPages() == committed + 2);
    CHECK(block[1024] == 0 && block[3071] == 0 && Touch(block + 3072, FALSE) == STATUS_ACCESS_VIOLATION);
    block[1024] = 17;
    CHECK(NT_SUCCESS(ZwQueryVirtualMemory(NtCurrentProcess(), base, MemoryBasicInformation, &facts, sizeof(facts), NULL)));
    CHECK(facts.AllocationBase == (PVOID)block && facts.RegionSize == 2 * PAGE_SIZE && facts.State == MEM_COMMIT);
    CHECK(facts.Protect == PAGE_READWRITE && facts.Type == MEM_PRIVATE && facts.AllocationProtect == PAGE_READWRITE);
    CHECK(NT_SUCCESS(ZwProtectVirtualMemory(NtCurrentProcess(), &base, &size, PAGE_READONLY, &old)) && old == PAGE_READWRITE);
    CHECK(Touch(base, FALSE) == STATUS_SUCCESS && Touch(base, TRUE) == STATUS_ACCESS_VIOLATION && block[1024] == 17);
    CHECK(NT_SUCCESS(ZwProtectVirtualMemory(NtCurrentProcess(), &base, &size, PAGE_READWRITE | PAGE_GUARD, &old)));
    CHECK(old == PAGE_READONLY && Touch(base, TRUE) == STATUS_GUARD_PAGE_VIOLATION && Touch(base, TRUE) == STATUS_SUCCESS);
    CHECK(block[1024] == 17);
    CHECK(Free(block, PAGE_SIZE, 77) == STATUS_INVALID_PARAMETER_4 && Free(base, 0, MEM_RELEASE) == STATUS_FREE_VM_NOT_AT_BASE);
    CHECK(NT_SUCCESS(Free(base, PAGE_SIZE, MEM_DECOMMIT)) && MmCommittedPages() == committed + 1);
    CHECK(Touch(base, FALSE) == STATUS_ACCESS_VIOLATION && Touch(block + 2048, FALSE) == STATUS_GUARD_PAGE_VIOLATION);
    CHECK(block[2048] == 0);
    CHECK(NT_SUCCESS(Free(block + 2048, PAGE_SIZE, MEM_RELEASE)));         /* a hole: two allocations are left */
    CHECK(Touch(block + 2048, FALSE) == STATUS_ACCESS_VIOLATION && MmCommittedPages() == committed);
    CHECK(NT_SUCCESS(Free(block, 0, MEM_RELEASE)) && NT_SUCCESS(Free(block + 3072, 0, MEM_RELEASE)));
    CHECK(Free(block, 0, MEM_RELEASE) == STATUS_MEMORY_NOT_ALLOCATED);
}

static VOID VirtualBad(VOID)
{
    PVOID base = (PVOID)0xFFFF800000000000;
    SIZE_T size = PAGE_SIZE, huge = 1ull << 46;
    HANDLE self = NtCurrentProcess();

    CHECK(ZwAllocateVirtualMemory(self, &base, 0, &size, MEM_COMMIT, PAGE_READWRITE) == STATUS_INVALID_PARAMETER_2);
    base = NULL;
    CHECK(ZwAllocateVirtualMemory(self, &base, 0, &size, 0, PAGE_READWRITE) == STATUS_INVALID_PARAMETER_5);
    CHECK(ZwAllocateVirtualMemory(self, &base, 0, &size, MEM_COMMIT, 3) == STATUS_INVALID_PAGE_PROTECTION);
    CHECK(ZwAllocateVirtualMemory(self, &base, 0, &huge, MEM_COMMIT, PAGE_READWRITE) == STATUS_COMMITMENT_LIMIT);
    CHECK(ZwAllocateVirtualMemory((HANDLE)0x7777774, &base, 0, &size, MEM_COMMIT, PAGE_READWRITE) == STATUS_INVALID_HANDLE);
    size = 0;
    CHECK(ZwAllocateVirtualMemory(self, &base, 0, &size, MEM_COMMIT, PAGE_READWRITE) == STATUS_INVALID_PARAMETER_4);
    base = (PVOID)0x7FFE0000;
    size = PAGE_SIZE;
    CHECK(Touch(NULL, FALSE) == STATUS_ACCESS_VIOLATION && Touch((PVOID)0x7FFFFFFEFFFF, TRUE) == STATUS_ACCESS_VIOLATION);
}

/* ---- Visits ---- */
static volatile LONG *Shared;                    /* an address that each process has its own page at */
static PEPROCESS Two[2];

static VOID VisitorCrew(PVOID Context, ULONG Index)
{
    KAPC_STATE state, inner;
    ULONG i;

    (void)Context;
    for (i = 0; i < 300; i++) {
        PEPROCESS here = Two[(Index + i) & 1], there = Two[(Index + i + 1) & 1];
        KeStackAttachProcess((PKPROCESS)here, &state);
        CHECK(PsCurrentProcess() == here && KeIsAttachedProcess());
        InterlockedIncrement(&Shared[0]);
        KeYieldExecution();                      /* away and back, perhaps elsewhere */
        CHECK(Shared[1] == (LONG)(ULONG_PTR)here->UniqueProcessId);
        KeStackAttachProcess((PKPROCESS)there, &inner);
        CHECK(Shared[1] == (LONG)(ULONG_PTR)there->UniqueProcessId);
        KeUnstackDetachProcess(&inner);
        CHECK(PsCurrentProcess() == here && Shared[1] == (LONG)(ULONG_PTR)here->UniqueProcessId);
        KeUnstackDetachProcess(&state);
    }
    CHECK(PsCurrentProcess() == PsInitialSystemProcess && !KeIsAttachedProcess());
}

static VOID Visits(VOID)
{
    PVOID base = (PVOID)0x12340000;
    SIZE_T size = PAGE_SIZE;
    LONG sum = 0;
    ULONG i;

    Shared = base;
    for (i = 0; i < 2; i++) {
        Two[i] = MakeProcess(L"\\Test\\visited.exe");
        if (Two[i] == NULL)
            return;
        KeAttachProcess((PKPROCESS)Two[i]);
        CHECK(NT_SUCCESS(ZwAllocateVirtualMemory(NtCurrentProcess(), &base, 0, &size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE)));
        Shared[1] = (LONG)(ULONG_PTR)Two[i]->UniqueProcessId;
        KeDetachProcess();
    }
    CHECK(Touch(Shared, FALSE) == STATUS_ACCESS_VIOLATION);               /* not in System's */
    TestRunThreads(4, VisitorCrew, NULL);
    for (i = 0; i < 2; i++) {
        KeAttachProcess((PKPROCESS)Two[i]);
        sum += Shared[0];
        KeDetachProcess();
        EndProcess(Two[i]);
    }
    CHECK(sum == 4 * 300);
}

/* ---- Faults of several processors on the same pages ---- */
static VOID FaultCrew(PVOID Context, ULONG Index)
{
    volatile LONG *block = Context;
    ULONG i;

    (void)Index;
    for (i = 0; i < 256; i++)
        InterlockedIncrement(&block[i * 1024]);
}

static VOID Faults(VOID)
{
    volatile LONG *block = Allocate(256 * PAGE_SIZE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    ULONG i, wrong = 0;

    TestRunThreads(4, FaultCrew, (PVOID)block);
    for (i = 0; i < 256; i++)
        wrong += block[i * 1024] != 4;
    CHECK(wrong == 0 && NT_SUCCESS(Free(block, 0, MEM_RELEASE)));
}

/* ---- Life and death ---- */
static volatile LONG Told, ToldEnd;
static HANDLE ToldId;

static VOID NTAPI TellProcess(HANDLE ParentId, HANDLE ProcessId, BOOLEAN Create)
{
    CHECK(ParentId == (HANDLE)4 && KeIrql() == PASSIVE_LEVEL && KeAreApcsDisabled());
    ToldId = ProcessId;
    InterlockedIncrement(Create ? &Told : &ToldEnd);
}

static VOID NTAPI RefuseProcess(PEPROCESS Process, HANDLE ProcessId, PPS_CREATE_NOTIFY_INFO Info)
{
    if (Info == NULL)
        return;
    CHECK(PsGetProcessId(Process) == ProcessId && Info->Size == sizeof(*Info) && Info->ImageFileName->Length == 12);
    Info->CreationStatus = STATUS_ACCESS_DENIED;
}

static VOID Notify(VOID)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"no.exe");
    BOOLEAN allowed = MmAllowUnsignedCallbacks;
    PEPROCESS process, refused = NULL;
    HANDLE id;

    Told = ToldEnd = 0;
    CHECK(NT_SUCCESS(PsSetCreateProcessNotifyRoutine(TellProcess, FALSE)));
    process = MakeProcess(L"\\Test\\child.exe");
    id = process->UniqueProcessId;
    CHECK(Told == 1 && ToldEnd == 0 && ToldId == id);
    EndProcess(process);
    CHECK(Told == 1 && ToldEnd == 1 && ToldId == id);
    CHECK(NT_SUCCESS(PsSetCreateProcessNotifyRoutine(TellProcess, TRUE)));
    MmAllowUnsignedCallbacks = TRUE;
    CHECK(NT_SUCCESS(PsSetCreateProcessNotifyRoutineEx(RefuseProcess, FALSE)));
    CHECK(PsCreateProcess(PsInitialSystemProcess, &name, &refused) == STATUS_ACCESS_DENIED && refused == NULL);
    CHECK(NT_SUCCESS(PsSetCreateProcessNotifyRoutineEx(RefuseProcess, TRUE)));
    MmAllowUnsignedCallbacks = allowed;
}

static volatile LONG Ran;
static VOID NTAPI InProcess(PVOID Context)
{
    PVOID base = NULL;
    SIZE_T size = 3 * PAGE_SIZE;
    HANDLE event;

    CHECK(PsCurrentProcess() == Context && PsGetThreadProcess(PsCurrentThread()) == Context);
    CHECK(NT_SUCCESS(ZwAllocateVirtualMemory(NtCurrentProcess(), &base, 0, &size, MEM_COMMIT, PAGE_READWRITE)));
    *(volatile LONG *)base = 1;
    CHECK(NT_SUCCESS(ZwCreateEvent(&event, EVENT_ALL_ACCESS, NULL, NotificationEvent, FALSE)));     /* both are left behind */
    CHECK(!ObIsKernelHandle(event));
    InterlockedIncrement(&Ran);
}

static VOID Life(VOID)
{
    PEPROCESS process = MakeProcess(L"\\Device\\HarddiskVolume1\\Test\\child.exe");
    OBJECT_ATTRIBUTES attributes = { sizeof(attributes), NULL, NULL, OBJ_KERNEL_HANDLE, NULL, NULL };
    CLIENT_ID id = { process->UniqueProcessId, NULL };
    HANDLE handle, thread;
    PEPROCESS found;

    Ran = 0;
    CHECK(RtlCompareMemory(PsGetProcessImageFileName(process), "child.exe", 10) == 10);
    CHECK(NT_SUCCESS(PsLookupProcessByProcessId(id.UniqueProcess, &found)) && found == process);
    ObfDereferenceObject(found);
    CHECK(NT_SUCCESS(ZwOpenProcess(&handle, PROCESS_ALL_ACCESS, &attributes, &id)));
    CHECK(NT_SUCCESS(PsCreateSystemThread(&thread, THREAD_ALL_ACCESS, NULL, handle, NULL, InProcess, process)));
    CHECK(ZwWaitForSingleObject(handle, FALSE, NULL) == STATUS_SUCCESS);            /* ends with its only thread */
    CHECK(ZwWaitForSingleObject(thread, FALSE, NULL) == STATUS_SUCCESS && Ran == 1);
    CHECK(ZwTerminateProcess(handle, STATUS_SUCCESS) == STATUS_PROCESS_IS_TERMINATING);
    CHECK(PsCreateSystemThread(&thread, THREAD_ALL_ACCESS, NULL, handle, NULL, InProcess, process) ==
          STATUS_PROCESS_IS_TERMINATING);
    CHECK(ZwTerminateProcess(NtCurrentProcess(), STATUS_SUCCESS) == STATUS_ACCESS_DENIED);
    ZwClose(thread);
    ZwClose(handle);
    ObfDereferenceObject(process);
    id.UniqueProcess = (HANDLE)0x7777770;
    CHECK(ZwOpenProcess(&handle, PROCESS_ALL_ACCESS, &attributes, &id) == STATUS_INVALID_CID);
    CHECK(ZwOpenProcess(&handle, PROCESS_ALL_ACCESS, &attributes, NULL) == STATUS_INVALID_PARAMETER_MIX);
    id = (CLIENT_ID){ NULL, PsGetCurrentThreadId() };
    CHECK(NT_SUCCESS(ZwOpenThread(&handle, THREAD_ALL_ACCESS, &attributes, &id)));
    ZwClose(handle);
}

static VOID LeakCrew(PVOID Context, ULONG Index)
{
    ULONG i;
    (void)Context, (void)Index;
    for (i = 0; i < 8; i++) {
        PEPROCESS process = MakeProcess(L"leak.exe");
        HANDLE handle, thread;
        if (process == NULL)
            return;
        CHECK(NT_SUCCESS(ObOpenObjectByPointer(process, OBJ_KERNEL_HANDLE, NULL, PROCESS_ALL_ACCESS, PspProcessType,
                                               KernelMode, &handle)));
        CHECK(NT_SUCCESS(PsCreateSystemThread(&thread, THREAD_ALL_ACCESS, NULL, handle, NULL, InProcess, process)));
        ZwWaitForSingleObject(thread, FALSE, NULL);
        ZwClose(thread);
        ZwClose(handle);
        ObfDereferenceObject(process);
    }
}

/* The reaper has the last references to processes that ended, those of earlier tests, too. */
static VOID AwaitSystemAlone(VOID)
{
    while (PspProcessType->TotalNumberOfObjects != 1)
        KeYieldExecution();
}

static VOID Leaks(VOID)
{
    MM_STATISTICS before, after;
    ULONG64 committed;

    AwaitSystemAlone();
    committed = MmCommittedPages();
    LeakCrew(NULL, 0);                           /* tables and pools reach their size */
    AwaitSystemAlone();
    MmQueryStatistics(&before);
    TestRunThreads(4, LeakCrew, NULL);
    AwaitSystemAlone();
    MmQueryStatistics(&after);
    CHECK(MmCommittedPages() == committed);
    CHECK(after.FreePages + 64 > before.FreePages);
}

/* ---- Sections ---- */
static VOID Sections(VOID)
{
    LARGE_INTEGER size = { .QuadPart = 3 * PAGE_SIZE }, offset = { .QuadPart = 0 };
    PEPROCESS process = MakeProcess(L"viewer.exe");
    PVOID base = NULL, other = NULL, system = NULL, object;
    SECTION_BASIC_INFORMATION facts;
    SIZE_T bytes = 0, more = 0, all = 0;
    HANDLE section, handle;
    KAPC_STATE state;

    CHECK(NT_SUCCESS(ZwCreateSection(&section, SECTION_ALL_ACCESS, NULL, &size, PAGE_READWRITE, SEC_COMMIT, NULL)));
    CHECK(NT_SUCCESS(ZwQuerySection(section, SectionBasicInformation, &facts, sizeof(facts), NULL)));
    CHECK(facts.MaximumSize.QuadPart == 3 * PAGE_SIZE && facts.AllocationAttributes == SEC_COMMIT);
    CHECK(NT_SUCCESS(ZwMapViewOfSection(section, NtCurrentProcess(), &base, 0, 0, &offset, &bytes, ViewUnmap, 0,
                                        PAGE_READWRITE)));
    CHECK(bytes == 3 * PAGE_SIZE && ((volatile LONG *)base)[1500] == 0);
    ((volatile LONG *)base)[1500] = 4711;
    CHECK(NT_SUCCESS(ObOpenObjectByPointer(process, OBJ_KERNEL_HANDLE, NULL, PROCESS_ALL_ACCESS, PspProcessType, KernelMode,
                                           &handle)));
    CHECK(NT_SUCCESS(ZwMapViewOfSection(section, handle, &other, 0, 0, NULL, &more, ViewShare, 0, PAGE_WRITECOPY)));
    KeStackAttachProcess((PKPROCESS)process, &state);
    CHECK(((volatile LONG *)other)[1500] == 4711);
    ((volatile LONG *)other)[1500] = 1;          /* a copy of its own */
    CHECK(((volatile LONG *)other)[1500] == 1);
    KeUnstackDetachProcess(&state);
    CHECK(((volatile LONG *)base)[1500] == 4711);
    CHECK(NT_SUCCESS(ObReferenceObjectByHandle(section, SECTION_MAP_WRITE, MmpSectionObjectType, KernelMode, &object, NULL)));
    CHECK(NT_SUCCESS(MmMapViewInSystemSpace(object, &system, &all)) && all == 3 * PAGE_SIZE && (LONG64)system < 0);
    CHECK(((volatile LONG *)system)[1500] == 4711);
    ((volatile LONG *)system)[1501] = 4712;
    ZwClose(section);
    ObfDereferenceObject(object);                /* the views keep the pages */
    CHECK(((volatile LONG *)base)[1501] == 4712);
    CHECK(NT_SUCCESS(MmUnmapViewInSystemSpace(system)) && MmUnmapViewInSystemSpace(system) == STATUS_NOT_MAPPED_VIEW);
    CHECK(NT_SUCCESS(ZwUnmapViewOfSection(NtCurrentProcess(), (PCHAR)base + 5000)) &&
          Touch(base, FALSE) == STATUS_ACCESS_VIOLATION);
    CHECK(ZwUnmapViewOfSection(NtCurrentProcess(), base) == STATUS_NOT_MAPPED_VIEW);
    ZwClose(handle);
    EndProcess(process);                         /* with its view */
}

static VOID SectionsBad(VOID)
{
    LARGE_INTEGER size = { .QuadPart = PAGE_SIZE }, none = { .QuadPart = 0 }, far = { .QuadPart = 0x10000 };
    PVOID base = NULL;
    SIZE_T bytes = 0;
    HANDLE section;

    CHECK(ZwCreateSection(&section, SECTION_ALL_ACCESS, NULL, &none, PAGE_READWRITE, SEC_COMMIT, NULL) ==
          STATUS_INVALID_PARAMETER_4);
    CHECK(ZwCreateSection(&section, SECTION_ALL_ACCESS, NULL, &size, PAGE_READWRITE, 0, NULL) == STATUS_INVALID_PARAMETER_6);
    CHECK(ZwCreateSection(&section, SECTION_ALL_ACCESS, NULL, &size, PAGE_NOACCESS, SEC_COMMIT, NULL) ==
          STATUS_INVALID_PAGE_PROTECTION);
    CHECK(NT_SUCCESS(ZwCreateSection(&section, SECTION_ALL_ACCESS, NULL, &size, PAGE_READONLY, SEC_COMMIT, NULL)));
    CHECK(ZwMapViewOfSection(section, NtCurrentProcess(), &base, 0, 0, NULL, &bytes, ViewUnmap, 0, PAGE_READWRITE) ==
          STATUS_SECTION_PROTECTION);
    CHECK(ZwMapViewOfSection(section, NtCurrentProcess(), &base, 0, 0, &far, &bytes, ViewUnmap, 0, PAGE_READONLY) ==
          STATUS_INVALID_VIEW_SIZE);
    CHECK(ZwMapViewOfSection(section, NtCurrentProcess(), &base, 0, 0, NULL, &bytes, (SECTION_INHERIT)3, 0, PAGE_READONLY) ==
          STATUS_INVALID_PARAMETER_8);
    ZwClose(section);
}

static VOID Reserved(VOID)
{
    LARGE_INTEGER size = { .QuadPart = 1 << 20 };
    ULONG64 committed = MmCommittedPages();
    PVOID base = NULL, part;
    SIZE_T bytes = 0, page = PAGE_SIZE;
    HANDLE section;

    CHECK(NT_SUCCESS(ZwCreateSection(&section, SECTION_ALL_ACCESS, NULL, &size, PAGE_READWRITE, SEC_RESERVE, NULL)));
    CHECK(NT_SUCCESS(ZwMapViewOfSection(section, NtCurrentProcess(), &base, 0, PAGE_SIZE, NULL, &bytes, ViewUnmap, 0,
                                        PAGE_READWRITE)));
    part = (PCHAR)base + 5 * PAGE_SIZE;
    CHECK(Touch(base, TRUE) == STATUS_SUCCESS && Touch(part, TRUE) == STATUS_ACCESS_VIOLATION &&
          MmCommittedPages() == committed + 1);
    CHECK(NT_SUCCESS(ZwAllocateVirtualMemory(NtCurrentProcess(), &part, 0, &page, MEM_COMMIT, PAGE_READWRITE)));
    CHECK(Touch(part, TRUE) == STATUS_SUCCESS && MmCommittedPages() == committed + 2);
    CHECK(NT_SUCCESS(ZwUnmapViewOfSection(NtCurrentProcess(), base)));
    ZwClose(section);
    CHECK(MmCommittedPages() == committed);
}

static VOID PhysicalMemory(VOID)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Device\\PhysicalMemory");
    OBJECT_ATTRIBUTES attributes = { sizeof(attributes), NULL, &name, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, NULL, NULL };
    volatile LONG *block = ExAllocatePoolWithTag(NonPagedPool, PAGE_SIZE, 'tseT');
    LARGE_INTEGER offset = MmGetPhysicalAddress((PVOID)block), wanted = offset;
    PVOID base = NULL;
    SIZE_T bytes = PAGE_SIZE;
    HANDLE section;

    CHECK(NT_SUCCESS(ZwOpenSection(&section, SECTION_ALL_ACCESS, &attributes)));
    CHECK(NT_SUCCESS(ZwMapViewOfSection(section, NtCurrentProcess(), &base, 0, PAGE_SIZE, &offset, &bytes, ViewShare, 0,
                                        PAGE_READWRITE)));
    CHECK((offset.LowPart & 0xFFFF) == 0 && wanted.QuadPart - offset.QuadPart < 0x10000 &&
          bytes == (SIZE_T)(wanted.QuadPart - offset.QuadPart) + PAGE_SIZE);
    block[9] = 99;
    CHECK(*(volatile LONG *)((PCHAR)base + (wanted.QuadPart - offset.QuadPart) + 36) == 99);
    CHECK(NT_SUCCESS(ZwUnmapViewOfSection(NtCurrentProcess(), base)) && block[9] == 99);
    ZwClose(section);
    ExFreePoolWithTag((PVOID)block, 'tseT');
}

static VOID SectionObjects(VOID)
{
    LARGE_INTEGER size = { .QuadPart = 0x30000 }, offset = { .QuadPart = 0x10000 };
    PEPROCESS process = MakeProcess(L"viewer.exe");
    PVOID section, base = NULL, system;
    SIZE_T bytes = PAGE_SIZE, all = 100;
    KAPC_STATE state;

    CHECK(NT_SUCCESS(MmCreateSection(&section, SECTION_ALL_ACCESS, NULL, &size, PAGE_READWRITE, SEC_COMMIT, NULL, NULL)));
    CHECK(NT_SUCCESS(MmMapViewOfSection(section, process, &base, 0, 0, &offset, &bytes, ViewUnmap, 0, PAGE_READWRITE)));
    CHECK(NT_SUCCESS(MmMapViewInSystemSpaceEx(section, &system, &all, &offset, 0)) && all == PAGE_SIZE);
    *(volatile LONG *)system = 55;
    KeStackAttachProcess((PKPROCESS)process, &state);
    CHECK(*(volatile LONG *)base == 55);
    KeUnstackDetachProcess(&state);
    CHECK(NT_SUCCESS(MmUnmapViewOfSection(process, base)) && MmUnmapViewOfSection(process, base) == STATUS_NOT_MAPPED_VIEW);
    CHECK(NT_SUCCESS(MmUnmapViewInSystemSpace(system)));
    ObfDereferenceObject(section);
    EndProcess(process);
}

/* ---- MDLs of user pages, pages shown to user space, secured memory ---- */
static VOID UserMdl(VOID)
{
    volatile LONG *block = Allocate(3 * PAGE_SIZE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    PMDL mdl = IoAllocateMdl((PVOID)(block + 2), 2 * PAGE_SIZE, FALSE, FALSE, NULL);
    volatile LONG *system, *shown;

    MmProbeAndLockPages(mdl, UserMode, IoWriteAccess);                    /* pages come into being */
    system = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority);
    system[1] = 1234;
    CHECK(block[3] == 1234 && mdl->Process == PsInitialSystemProcess);
    shown = MmMapLockedPagesSpecifyCache(mdl, UserMode, MmCached, NULL, FALSE, NormalPagePriority);
    CHECK(shown != NULL && (PVOID)shown <= MmHighestUserAddress && shown != block + 2 && shown[1] == 1234);
    shown[1023] = 77;
    CHECK(system[1023] == 77 && block[1025] == 77);
    CHECK(NT_SUCCESS(Free(block, 0, MEM_RELEASE)) && Touch(block, FALSE) == STATUS_ACCESS_VIOLATION);
    CHECK(system[1] == 1234 && shown[1023] == 77);                        /* locked pages stay */
    MmUnmapLockedPages((PVOID)shown, mdl);
    CHECK(Touch(shown, FALSE) == STATUS_ACCESS_VIOLATION);
    MmUnlockPages(mdl);
    IoFreeMdl(mdl);
}

static NTSTATUS LockStatus(volatile VOID *Address, LOCK_OPERATION Operation)
{
    PMDL mdl = IoAllocateMdl((PVOID)Address, 2 * PAGE_SIZE, FALSE, FALSE, NULL);
    NTSTATUS status = STATUS_SUCCESS;
    __try {
        MmProbeAndLockPages(mdl, UserMode, Operation);
        MmUnlockPages(mdl);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        status = GetExceptionCode();
    }
    IoFreeMdl(mdl);
    return status;
}

static VOID Secured(VOID)
{
    volatile LONG *block = Allocate(2 * PAGE_SIZE, MEM_RESERVE | MEM_COMMIT, PAGE_READONLY);
    PVOID base = (PVOID)block;
    SIZE_T size = 2 * PAGE_SIZE;
    HANDLE secure;
    ULONG old;

    CHECK(LockStatus(block, IoReadAccess) == STATUS_SUCCESS && LockStatus(block, IoWriteAccess) == STATUS_ACCESS_VIOLATION);
    CHECK(LockStatus(block + 1024, IoReadAccess) == STATUS_ACCESS_VIOLATION);
    CHECK(LockStatus((PVOID)0xFFFF800000000000, IoReadAccess) == STATUS_ACCESS_VIOLATION);
    CHECK(MmSecureVirtualMemory(base, size, PAGE_READWRITE) == NULL &&
          MmSecureVirtualMemory(base, size + 1, PAGE_READONLY) == NULL);
    secure = MmSecureVirtualMemory(base, size, PAGE_READONLY);
    CHECK(secure != NULL && !NT_SUCCESS(Free(block, 0, MEM_RELEASE)));
    CHECK(!NT_SUCCESS(ZwProtectVirtualMemory(NtCurrentProcess(), &base, &size, PAGE_NOACCESS, &old)));
    MmUnsecureVirtualMemory(secure);
    CHECK(NT_SUCCESS(Free(block, 0, MEM_RELEASE)));
}

static const KE_TEST PspSpaceTable[] = {
    { "ps.virtual", Virtual, 0 },          { "ps.virtual.bad", VirtualBad, 0 }, { "ps.virtual.faults", Faults, 0 },
    { "ps.process.visits", Visits, 0 },    { "ps.process.notify", Notify, 0 },  { "ps.process.life", Life, 0 },
    { "ps.vmcounters", Counters, 0 },
    { "ps.process.leaks", Leaks, 0 },      { "ps.section", Sections, 0 },       { "ps.section.bad", SectionsBad, 0 },
    { "ps.virtual.mdl", UserMdl, 0 },      { "ps.virtual.secure", Secured, 0 },
    { "ps.section.objects", SectionObjects, 0 },
    { "ps.section.reserve", Reserved, 0 }, { "ps.section.physical", PhysicalMemory, 0 },
};
const KE_TEST_GROUP PspSpaceTests = { PspSpaceTable, RTL_NUMBER_OF(PspSpaceTable) };

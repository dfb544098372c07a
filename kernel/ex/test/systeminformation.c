/* SPDX-License-Identifier: MIT
 * NtQuerySystemInformation: sizes, and lists that hold what must be in them.
 */
#include "../systeminformation.h"
#include "test.h"

static PVOID Ask(ULONG Class, PULONG Bytes)
{
    ULONG needed = 0;
    PVOID buffer;

    CHECK(ZwQuerySystemInformation(Class, NULL, 0, &needed) == STATUS_INFO_LENGTH_MISMATCH && needed != 0);
    *Bytes = needed + 4096;
    buffer = ExAllocatePoolWithTag(PagedPool, *Bytes, 'tseT');
    return CHECK(buffer != NULL && NT_SUCCESS(ZwQuerySystemInformation(Class, buffer, *Bytes, &needed))) ? buffer : NULL;
}

static VOID Facts(VOID)
{
    EXP_BASIC_INFORMATION basic;
    EXP_TIME_INFORMATION time;
    LARGE_INTEGER now;
    MM_STATISTICS memory;
    UCHAR two[2] = { 9, 9 };
    PVOID pointer = NULL;
    ULONG bytes = 0;

    MmQueryStatistics(&memory);
    CHECK(NT_SUCCESS(ZwQuerySystemInformation(0, &basic, sizeof(basic), &bytes)) && bytes == sizeof(basic));
    CHECK(basic.NumberOfPhysicalPages == memory.TotalPages && basic.PageSize == PAGE_SIZE);
    CHECK((ULONG)basic.NumberOfProcessors == KeQueryActiveProcessorCount(NULL));
    CHECK(basic.MaximumUserModeAddress == (ULONG_PTR)MmHighestUserAddress);
    CHECK(ZwQuerySystemInformation(0, &basic, sizeof(basic) - 1, &bytes) == STATUS_INFO_LENGTH_MISMATCH && bytes == sizeof(basic));
    CHECK(NT_SUCCESS(ZwQuerySystemInformation(3, &time, 32, &bytes)) && bytes == 32);
    KeQuerySystemTime(&now);
    CHECK(time.CurrentTime.QuadPart <= now.QuadPart && time.BootTime.QuadPart < time.CurrentTime.QuadPart);
    CHECK(NT_SUCCESS(ZwQuerySystemInformation(35, two, 2, NULL)) && two[0] == 0 && two[1] == 1);
    CHECK(NT_SUCCESS(ZwQuerySystemInformation(50, &pointer, 8, NULL)) && pointer == MmSystemRangeStart);
    CHECK(ZwQuerySystemInformation(0x4000, two, 2, NULL) == STATUS_INVALID_INFO_CLASS);
    CHECK(ZwQuerySystemInformation(4, two, 2, NULL) == STATUS_NOT_IMPLEMENTED);
}

static VOID Processes(VOID)
{
    UNICODE_STRING name = RTL_CONSTANT_STRING(L"\\Test\\listed.exe"), shown = RTL_CONSTANT_STRING(L"listed.exe");
    PEPROCESS process;
    PUCHAR buffer, at;
    ULONG bytes, i;
    BOOLEAN seen = FALSE, thread = FALSE;

    if (!CHECK(NT_SUCCESS(PsCreateProcess(PsInitialSystemProcess, &name, &process))))
        return;
    buffer = Ask(5, &bytes);
    for (at = buffer; at != NULL;) {
        EXP_PROCESS_INFORMATION *entry = (EXP_PROCESS_INFORMATION *)at;
        PSYSTEM_THREAD_INFORMATION threads = (PSYSTEM_THREAD_INFORMATION)(entry + 1);
        if (entry->UniqueProcessId == process->UniqueProcessId)
            seen = RtlEqualUnicodeString(&entry->ImageName, &shown, FALSE) && entry->InheritedFromUniqueProcessId == (HANDLE)4;
        for (i = 0; entry->UniqueProcessId == (HANDLE)4 && i < entry->NumberOfThreads; i++)
            thread = thread || (threads[i].ClientId.UniqueThread == PsGetCurrentThreadId() && threads[i].ThreadState == Running);
        at = entry->NextEntryOffset != 0 ? at + entry->NextEntryOffset : NULL;
    }
    CHECK(seen && thread);
    ExFreePoolWithTag(buffer, 'tseT');
    PsTerminateProcess(process, STATUS_SUCCESS);
    ObfDereferenceObject(process);
}

static VOID Modules(VOID)
{
    ULONG bytes;
    EXP_MODULES *modules = Ask(11, &bytes);
    MM_IMAGE *kernel = MmFindImage("ntoskrnl.exe");

    if (modules == NULL)
        return;
    CHECK(modules->NumberOfModules >= 2 && modules->NumberOfModules == MmCountModules());
    CHECK(modules->Modules[0].ImageBase == kernel->Entry.DllBase && modules->Modules[0].ImageSize == kernel->Entry.SizeOfImage);
    CHECK(_stricmp((PCHAR)modules->Modules[0].FullPathName + modules->Modules[0].OffsetToFileName, "ntoskrnl.exe") == 0);
    ExFreePoolWithTag(modules, 'tseT');
}

static const KE_TEST ExpSystemTable[] = {
    { "ex.system.facts", Facts, 0 }, { "ex.system.processes", Processes, 0 }, { "ex.system.modules", Modules, 0 },
};
const KE_TEST_GROUP ExSystemTests = { ExpSystemTable, RTL_NUMBER_OF(ExpSystemTable) };

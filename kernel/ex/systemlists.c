/* SPDX-License-Identifier: MIT
 * The lists of processes and modules for NtQuerySystemInformation. Each entry is put together in pool, then copied: a driver's
 * buffer may fault, which no lock would survive.
 */
#include "systeminformation.h"

#define TAG_LIST 'sLxE'

/* ---- Processes ---- */
typedef struct EXP_LIST {
    const MM_ANSWER *Answer;
    ULONG Needed;                    /* by all entries */
    ULONG Last;                      /* offset of the last entry written */
    BOOLEAN Any;
} EXP_LIST;

/* "System" has only the short name; others are shown by the last part of their image's. */
static UNICODE_STRING ExpProcessName(PEPROCESS Process, WCHAR Short[sizeof(Process->ImageFileName)])
{
    UNICODE_STRING name = { 0, 0, Short };
    ULONG i;

    if (Process->SeAuditProcessCreationInfo != NULL) {
        name = Process->SeAuditProcessCreationInfo->Name;
        for (i = name.Length / sizeof(WCHAR); i > 0 && name.Buffer[i - 1] != L'\\';)
            i--;
        name.Buffer += i;
        name.Length -= (USHORT)(i * sizeof(WCHAR));
        return name;
    }
    for (i = 0; i < sizeof(Process->ImageFileName) && Process->ImageFileName[i] != '\0'; i++)
        Short[i] = Process->ImageFileName[i];
    name.Length = (USHORT)(i * sizeof(WCHAR));
    return name;
}

static VOID ExpDescribeMemory(PEPROCESS Process, EXP_PROCESS_INFORMATION *Entry)
{
    MM_PROCESS memory;

    MmQueryProcess(Process, &memory);
    Entry->PageFaultCount = (ULONG)memory.Faults;
    Entry->VirtualSize = memory.Virtual << PAGE_SHIFT;
    Entry->PeakVirtualSize = memory.PeakVirtual << PAGE_SHIFT;
    Entry->PeakWorkingSetSize = memory.PeakWorkingSet << PAGE_SHIFT;
    Entry->WorkingSetSize = memory.WorkingSet << PAGE_SHIFT;
    Entry->PagefileUsage = Entry->PrivatePageCount = memory.Private << PAGE_SHIFT;
    Entry->PeakPagefileUsage = memory.PeakPrivate << PAGE_SHIFT;
}

static VOID ExpDescribeProcess(PEPROCESS Process, EXP_PROCESS_INFORMATION *Entry)
{
    Entry->CreateTime = Process->CreateTime;
    Entry->UserTime.QuadPart = (LONG64)Process->Pcb.UserTime * PS_TICK;
    Entry->KernelTime.QuadPart = (LONG64)Process->Pcb.KernelTime * PS_TICK;
    Entry->BasePriority = Process->Pcb.BasePriority;
    Entry->UniqueProcessId = Process->UniqueProcessId;
    Entry->InheritedFromUniqueProcessId = (HANDLE)Process->InheritedFromUniqueProcessId;
    ExpDescribeMemory(Process, Entry);
    Entry->HandleCount = Process->ObjectTable != NULL ? ObHandleCount(Process->ObjectTable) : 0;
}

static VOID ExpAppend(EXP_LIST *List, EXP_PROCESS_INFORMATION *Entry, ULONG NameOffset, ULONG Size)
{
    ULONG at = List->Needed;
    PUCHAR buffer = List->Answer->Buffer;

    List->Needed += Size;
    if (List->Needed > List->Answer->Length)
        return;
    Entry->ImageName.Buffer = MmAnswerAddress(List->Answer, buffer + at + NameOffset);
    if (List->Any)
        ((EXP_PROCESS_INFORMATION *)(buffer + List->Last))->NextEntryOffset = at - List->Last;
    RtlCopyMemory(buffer + at, Entry, Size);
    List->Last = at;
    List->Any = TRUE;
}

static NTSTATUS ExpAddProcess(EXP_LIST *List, PEPROCESS Process)
{
    WCHAR shortName[sizeof(Process->ImageFileName)];
    UNICODE_STRING name = ExpProcessName(Process, shortName);
    ULONG threads = Process->ActiveThreads + 4, most = sizeof(EXP_PROCESS_INFORMATION) + threads * sizeof(SYSTEM_THREAD_INFORMATION);
    ULONG bytes = most + name.Length + 2 * sizeof(ULONG64), nameOffset;
    EXP_PROCESS_INFORMATION *entry = ExAllocatePoolWithTag(NonPagedPoolNx, bytes, TAG_LIST);

    if (entry == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(entry, bytes);                 /* behind the name there is nothing to be seen */
    ExpDescribeProcess(Process, entry);
    entry->NumberOfThreads = PsDescribeThreads(Process, (PSYSTEM_THREAD_INFORMATION)(entry + 1), threads);
    entry->NumberOfThreadsHighWatermark = entry->NumberOfThreads;
    nameOffset = (ULONG)sizeof(*entry) + entry->NumberOfThreads * (ULONG)sizeof(SYSTEM_THREAD_INFORMATION);
    RtlCopyMemory((PUCHAR)entry + nameOffset, name.Buffer, name.Length);
    entry->ImageName.Length = name.Length;
    entry->ImageName.MaximumLength = (USHORT)(name.Length + sizeof(WCHAR));
    ExpAppend(List, entry, nameOffset, (nameOffset + name.Length + (ULONG)sizeof(WCHAR) + 7) & ~7u);
    ExFreePoolWithTag(entry, TAG_LIST);
    return STATUS_SUCCESS;
}

NTSTATUS ExpQueryProcesses(const MM_ANSWER *Answer, PULONG Needed)
{
    EXP_LIST list = { .Answer = Answer };
    NTSTATUS status = ExpAddProcess(&list, PsIdleProcess);
    PEPROCESS process;

    for (process = PsGetNextProcess(NULL); process != NULL; process = PsGetNextProcess(process))
        if (NT_SUCCESS(status))
            status = ExpAddProcess(&list, process);
    *Needed = list.Needed;
    if (NT_SUCCESS(status) && list.Needed > Answer->Length)
        status = STATUS_INFO_LENGTH_MISMATCH;
    return status;
}

/* ---- Modules ---- */
static VOID ExpDescribeModule(const MM_MODULE *Module, ULONG Index, EXP_MODULE_INFORMATION *Entry)
{
    ULONG i;

    RtlZeroMemory(Entry, sizeof(*Entry));
    Entry->ImageBase = Module->Base;
    Entry->ImageSize = Module->Size;
    Entry->Flags = Module->Flags;
    Entry->LoadCount = Module->LoadCount;
    Entry->LoadOrderIndex = (USHORT)Index;
    for (i = 0; i < sizeof(Entry->FullPathName) - 1 && Module->Path[i] != L'\0'; i++) {
        Entry->FullPathName[i] = Module->Path[i] < 0x7F ? (UCHAR)Module->Path[i] : '?';
        if (Module->Path[i] == L'\\')
            Entry->OffsetToFileName = (USHORT)(i + 1);
    }
}

NTSTATUS ExpQueryModules(PVOID Buffer, ULONG Length, PULONG Needed)
{
    ULONG count, room = MmCountModules() + 8, i;
    MM_MODULE *modules = ExAllocatePoolWithTag(NonPagedPoolNx, room * sizeof(*modules), TAG_LIST);
    EXP_MODULES *answer = Buffer;

    if (modules == NULL)
        return STATUS_INSUFFICIENT_RESOURCES;
    count = MmDescribeModules(modules, room);
    *Needed = (ULONG)FIELD_OFFSET(EXP_MODULES, Modules) + count * (ULONG)sizeof(EXP_MODULE_INFORMATION);
    for (i = 0; *Needed <= Length && i < count; i++)
        ExpDescribeModule(&modules[i], i, &answer->Modules[i]);
    if (*Needed <= Length)
        answer->NumberOfModules = count;
    ExFreePoolWithTag(modules, TAG_LIST);
    return *Needed <= Length ? STATUS_SUCCESS : STATUS_INFO_LENGTH_MISMATCH;
}

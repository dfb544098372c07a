/* SPDX-License-Identifier: MIT
 * NtQueryInformationProcess: the classes that drivers and programs ask for. A class that is not here is STATUS_INVALID_INFO_CLASS.
 */
#include "user.h"

/* What a class answers: at most this many bytes of a fixed size; the image's name is apart. */
typedef struct PSP_VM_COUNTERS {                 /* VM_COUNTERS_EX; pool is charged to nobody */
    SIZE_T PeakVirtualSize, VirtualSize;
    ULONG PageFaultCount;
    SIZE_T PeakWorkingSetSize, WorkingSetSize, Quotas[4], PagefileUsage, PeakPagefileUsage, PrivateUsage;
} PSP_VM_COUNTERS;
C_ASSERT(sizeof(PSP_VM_COUNTERS) == 0x60);

typedef union PSP_ANSWER {
    PSP_VM_COUNTERS Memory;
    PROCESS_BASIC_INFORMATION Basic;
    PS_TIMES Times;
    MM_SECTION_IMAGE Image;
    ULONG64 Long;
    ULONG Word;
} PSP_ANSWER;

static VOID PspBasic(PEPROCESS Process, PROCESS_BASIC_INFORMATION *Basic)
{
    Basic->ExitStatus = Process->ExitStatus;
    Basic->PebBaseAddress = (PPEB)Process->Peb;
    Basic->AffinityMask = Process->Pcb.Affinity.Bitmap[0] & KeQueryActiveProcessors();
    Basic->BasePriority = Process->Pcb.BasePriority;
    Basic->UniqueProcessId = (ULONG_PTR)Process->UniqueProcessId;
    Basic->InheritedFromUniqueProcessId = (ULONG_PTR)Process->InheritedFromUniqueProcessId;
}

static VOID PspTimes(PEPROCESS Process, PS_TIMES *Times)
{
    Times->CreateTime = Process->CreateTime;
    Times->ExitTime = Process->ExitTime;
    Times->KernelTime.QuadPart = (LONG64)Process->Pcb.KernelTime * PS_TICK;
    Times->UserTime.QuadPart = (LONG64)Process->Pcb.UserTime * PS_TICK;
}

static VOID PspMemory(PEPROCESS Process, PSP_VM_COUNTERS *Counters)
{
    MM_PROCESS memory;

    MmQueryProcess(Process, &memory);
    Counters->PeakVirtualSize = memory.PeakVirtual << PAGE_SHIFT;
    Counters->VirtualSize = memory.Virtual << PAGE_SHIFT;
    Counters->PageFaultCount = (ULONG)memory.Faults;
    Counters->PeakWorkingSetSize = memory.PeakWorkingSet << PAGE_SHIFT;
    Counters->WorkingSetSize = memory.WorkingSet << PAGE_SHIFT;
    Counters->PagefileUsage = Counters->PrivateUsage = memory.Private << PAGE_SHIFT;
    Counters->PeakPagefileUsage = memory.PeakPrivate << PAGE_SHIFT;
}

/* The answer's size, or 0 for a class that has none. Length: how much the caller wants, of a class with two sizes. */
static ULONG PspAnswerProcess(PEPROCESS Process, ULONG Class, ULONG Length, PSP_ANSWER *Answer)
{
    RtlZeroMemory(Answer, sizeof(*Answer));
    switch (Class) {
    case ProcessBasicInformation:
        PspBasic(Process, &Answer->Basic);
        return sizeof(Answer->Basic);
    case ProcessVmCounters:
        PspMemory(Process, &Answer->Memory);
        return Length == sizeof(Answer->Memory) ? Length : FIELD_OFFSET(PSP_VM_COUNTERS, PrivateUsage);
    case ProcessTimes:
        PspTimes(Process, &Answer->Times);
        return sizeof(Answer->Times);
    case ProcessDebugPort:                       /* -1: there is a debugger */
        Answer->Long = Process->DebugPort != NULL ? ~0ull : 0;
        return sizeof(ULONG64);
    case ProcessWow64Information:                /* the 32-bit PEB: no process is a 32-bit one */
        return sizeof(ULONG64);
    case ProcessImageInformation:
        if (Process->SectionObject == NULL)
            return 0;
        Answer->Image = *MmSectionImage(Process->SectionObject);
        return sizeof(Answer->Image);
    case ProcessDefaultHardErrorMode:            /* nobody asks a user: errors are returned */
        Answer->Word = 1;
        return sizeof(ULONG);
    case ProcessCookie:
        Answer->Word = (ULONG)((ULONG64)Process >> 4 ^ (ULONG64)Process->CreateTime.QuadPart ^ ObHeaderCookie);
        return sizeof(ULONG);
    case ProcessHandleCount:
        Answer->Word = ObHandleCount(Process->ObjectTable);
        return sizeof(ULONG);
    case ProcessSessionInformation:              /* there is one session */
        return sizeof(ULONG);
    case ProcessBreakOnTermination:
        Answer->Word = Process == PsInitialSystemProcess;
        return sizeof(ULONG);
    default:
        return 0;
    }
}

NTSTATUS PspReturn(PVOID To, ULONG Length, PULONG ReturnLength, const VOID *From, ULONG Size)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    NTSTATUS status, told;

    if (Size == 0)
        return STATUS_INVALID_INFO_CLASS;
    status = Length == Size ? MmWriteCaller(mode, To, From, Size) : STATUS_INFO_LENGTH_MISMATCH;
    told = MmWriteOptional(mode, ReturnLength, &Size, sizeof(Size));
    return NT_SUCCESS(told) ? status : told;
}

NTSTATUS PspReturnText(PUNICODE_STRING To, PCUNICODE_STRING Text, USHORT Zeros)
{
    static const WCHAR zero = L'\0';
    KPROCESSOR_MODE mode = ObPreviousMode();
    PWCHAR at = (PWCHAR)(To + 1);
    UNICODE_STRING string;
    NTSTATUS status = MmWriteCaller(mode, at, Text->Buffer, Text->Length);

    ASSERT(Zeros <= sizeof(zero));
    RtlZeroMemory(&string, sizeof(string));      /* what lies between its parts too */
    string.Length = Text->Length;
    string.MaximumLength = (USHORT)(Text->Length + Zeros);
    string.Buffer = string.MaximumLength != 0 ? at : NULL;
    if (NT_SUCCESS(status))
        status = MmWriteCaller(mode, at + Text->Length / sizeof(WCHAR), &zero, Zeros);
    return NT_SUCCESS(status) ? MmWriteCaller(mode, To, &string, sizeof(string)) : status;
}

/* A UNICODE_STRING and behind it its characters; without an image an empty one. */
static NTSTATUS PspReturnImageName(PEPROCESS Process, PUNICODE_STRING Name, ULONG Length, PULONG ReturnLength)
{
    UNICODE_STRING none = { 0, 0, NULL };
    PCUNICODE_STRING name = Process->SeAuditProcessCreationInfo != NULL ? &Process->SeAuditProcessCreationInfo->Name : &none;
    ULONG size = sizeof(*Name) + name->Length + sizeof(WCHAR);
    NTSTATUS status = Length >= size ? PspReturnText(Name, name, sizeof(WCHAR)) : STATUS_INFO_LENGTH_MISMATCH;
    NTSTATUS told = MmWriteOptional(ObPreviousMode(), ReturnLength, &size, sizeof(size));

    return NT_SUCCESS(told) ? status : told;
}

NTSTATUS NTAPI NtQueryInformationProcess(HANDLE ProcessHandle, PROCESSINFOCLASS ProcessInformationClass, PVOID ProcessInformation,
                                         ULONG ProcessInformationLength, PULONG ReturnLength)
{
    PSP_ANSWER answer;
    PVOID object;
    ULONG size;
    NTSTATUS status = ObReferenceObjectByHandle(ProcessHandle, PROCESS_QUERY_LIMITED_INFORMATION, PspProcessType, ObPreviousMode(),
                                                &object, NULL);

    if (!NT_SUCCESS(status))
        return status;
    if (ProcessInformationClass == ProcessImageFileName) {
        status = PspReturnImageName(object, ProcessInformation, ProcessInformationLength, ReturnLength);
    } else {
        size = PspAnswerProcess(object, ProcessInformationClass, ProcessInformationLength, &answer);
        status = PspReturn(ProcessInformation, ProcessInformationLength, ReturnLength, &answer, size);
    }
    ObfDereferenceObject(object);
    return status;
}

NTSTATUS NTAPI ZwQueryInformationProcess(HANDLE ProcessHandle, PROCESSINFOCLASS ProcessInformationClass, PVOID ProcessInformation,
                                         ULONG ProcessInformationLength, PULONG ReturnLength)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtQueryInformationProcess(ProcessHandle, ProcessInformationClass, ProcessInformation,
                                                             ProcessInformationLength, ReturnLength));
}

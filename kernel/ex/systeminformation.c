/* SPDX-License-Identifier: MIT
 * NtQuerySystemInformation. A class of NT's that is not answered is STATUS_NOT_IMPLEMENTED, anything else
 * STATUS_INVALID_INFO_CLASS.
 */
#include "systeminformation.h"

#define EXP_LAST_CLASS 0xD4u
#define EXP_GRANULARITY 0x10000u

typedef enum EXP_CLASS {
    ExpClassBasic = 0, ExpClassProcessor = 1, ExpClassTimeOfDay = 3, ExpClassProcesses = 5, ExpClassModules = 11,
    ExpClassHandles = 16, ExpClassPageFiles = 18, ExpClassHandlesExtended = 64,
    ExpClassKernelDebugger = 35, ExpClassRangeStart = 50, ExpClassEmulationBasic = 62, ExpClassEmulationProcessor = 63,
    ExpClassCodeIntegrity = 103, ExpClassSecureBoot = 145
} EXP_CLASS;

typedef union EXP_ANSWER {
    EXP_BASIC_INFORMATION Basic;
    EXP_TIME_INFORMATION Time;
    struct { USHORT Architecture, Level, Revision, MaximumProcessors; ULONG FeatureBits; } Processor;
    struct { BOOLEAN Enabled, NotPresent; } Debugger;
    struct { ULONG Length, Options; } CodeIntegrity;
    struct { BOOLEAN Enabled, Capable; } SecureBoot;
    PVOID Pointer;
} EXP_ANSWER;

static ULONG ExpBasic(EXP_BASIC_INFORMATION *Basic)
{
    MM_STATISTICS memory;

    MmQueryStatistics(&memory);
    Basic->TimerResolution = KeQueryTimeIncrement();
    Basic->PageSize = PAGE_SIZE;
    Basic->NumberOfPhysicalPages = (ULONG)memory.TotalPages;
    Basic->LowestPhysicalPageNumber = 1;
    Basic->HighestPhysicalPageNumber = (ULONG)MmQueryHighestPage();
    Basic->AllocationGranularity = EXP_GRANULARITY;
    Basic->MinimumUserModeAddress = EXP_GRANULARITY;
    Basic->MaximumUserModeAddress = (ULONG_PTR)MmHighestUserAddress;
    Basic->ActiveProcessorsAffinityMask = KeQueryActiveProcessors();
    Basic->NumberOfProcessors = (CCHAR)KeQueryActiveProcessorCount(NULL);
    return sizeof(*Basic);
}

static ULONG ExpTimeOfDay(EXP_TIME_INFORMATION *Time)
{
    KeQuerySystemTime(&Time->CurrentTime);
    Time->BootTime.QuadPart = Time->CurrentTime.QuadPart - (LONG64)KeQueryInterruptTime();
    return sizeof(*Time);
}

static ULONG ExpProcessor(EXP_ANSWER *Answer)
{
    PKPRCB prcb = KeGetCurrentPrcb();

    Answer->Processor.Architecture = 9;          /* PROCESSOR_ARCHITECTURE_AMD64 */
    Answer->Processor.Level = (UCHAR)prcb->CpuType;
    Answer->Processor.Revision = prcb->CpuStep;
    Answer->Processor.MaximumProcessors = KE_MAXIMUM_PROCESSORS;
    return 12;
}

/* The size of a class's answer; 0: not answered here. */
static ULONG ExpAnswer(ULONG Class, EXP_ANSWER *Answer)
{
    RtlZeroMemory(Answer, sizeof(*Answer));
    switch (Class) {
    case ExpClassBasic:
    case ExpClassEmulationBasic:
        return ExpBasic(&Answer->Basic);
    case ExpClassProcessor:
    case ExpClassEmulationProcessor:
        return ExpProcessor(Answer);
    case ExpClassTimeOfDay:
        return ExpTimeOfDay(&Answer->Time);
    case ExpClassKernelDebugger:                 /* none, and none can come */
        Answer->Debugger.NotPresent = TRUE;
        return sizeof(Answer->Debugger);
    case ExpClassRangeStart:
        Answer->Pointer = MmSystemRangeStart;
        return sizeof(Answer->Pointer);
    case ExpClassCodeIntegrity:                  /* nothing is enforced */
        Answer->CodeIntegrity.Length = sizeof(Answer->CodeIntegrity);
        return sizeof(Answer->CodeIntegrity);
    case ExpClassSecureBoot:
        return sizeof(Answer->SecureBoot);
    default:
        return 0;
    }
}

static NTSTATUS ExpReturn(ULONG Class, const EXP_ANSWER *Answer, ULONG Size, PVOID Buffer, ULONG Length, PULONG ReturnLength)
{
    NTSTATUS status, told;
    ULONG bytes = Size;

    if (Class == ExpClassTimeOfDay && Length <= Size)
        bytes = Length;                          /* older callers ask for its beginning */
    if (Length < bytes || (Class == ExpClassBasic && Length != Size))
        status = STATUS_INFO_LENGTH_MISMATCH;
    else
        status = MmWriteCaller(ObPreviousMode(), Buffer, Answer, bytes);
    told = ExpTell(ReturnLength, &bytes, sizeof(bytes));
    return NT_SUCCESS(told) ? status : told;
}

/* Answers whose length depends on the machine. */
static NTSTATUS ExpMakeVariable(ULONG Class, const MM_ANSWER *Answer, PULONG Needed)
{
    ULONG length = (ULONG)Answer->Length;

    switch (Class) {
    case ExpClassProcesses: return ExpQueryProcesses(Answer, Needed);
    case ExpClassModules: return ExpQueryModules(Answer->Buffer, length, Needed);
    case ExpClassHandles: return ExpQueryHandles(FALSE, Answer->Buffer, length, Needed);
    case ExpClassPageFiles: return ExpQueryPageFiles(Answer, Needed);
    case ExpClassHandlesExtended: return ExpQueryHandles(TRUE, Answer->Buffer, length, Needed);
    default: return ExpQueryArray(Class, Answer->Buffer, length, Needed);
    }
}

static NTSTATUS ExpQueryVariable(ULONG Class, PVOID Buffer, ULONG Length, PULONG ReturnLength)
{
    MM_ANSWER answer;
    ULONG needed = 0;
    NTSTATUS status = MmBeginAnswer(&answer, ObPreviousMode(), Buffer, Length), told;

    if (!NT_SUCCESS(status))
        return status;
    status = ExpMakeVariable(Class, &answer, &needed);
    told = MmEndAnswer(&answer, NT_SUCCESS(status) ? min(needed, answer.Length) : 0);
    if (NT_SUCCESS(told) && status != STATUS_INVALID_INFO_CLASS)
        told = ExpTell(ReturnLength, &needed, sizeof(needed));
    return NT_SUCCESS(told) ? status : told;
}

NTSTATUS NTAPI NtQuerySystemInformation(ULONG SystemInformationClass, PVOID SystemInformation, ULONG SystemInformationLength,
                                        PULONG ReturnLength)
{
    EXP_ANSWER answer;
    ULONG size = ExpAnswer(SystemInformationClass, &answer);
    NTSTATUS status;

    if (size != 0)
        return ExpReturn(SystemInformationClass, &answer, size, SystemInformation, SystemInformationLength, ReturnLength);
    status = ExpQueryVariable(SystemInformationClass, SystemInformation, SystemInformationLength, ReturnLength);
    return status == STATUS_INVALID_INFO_CLASS && SystemInformationClass <= EXP_LAST_CLASS ? STATUS_NOT_IMPLEMENTED : status;
}

NTSTATUS NTAPI ZwQuerySystemInformation(ULONG SystemInformationClass, PVOID SystemInformation, ULONG SystemInformationLength,
                                        PULONG ReturnLength)
{
    KPROCESSOR_MODE mode = ObEnterKernelMode();
    return ObLeaveKernelMode(mode, NtQuerySystemInformation(SystemInformationClass, SystemInformation, SystemInformationLength,
                                                            ReturnLength));
}

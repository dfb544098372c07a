/* SPDX-License-Identifier: MIT
 * Services for jobs: made, opened, asked, limited and ended. Limits of time, memory, priority and processors are refused
 * (STATUS_NOT_IMPLEMENTED): nobody would keep them.
 */
#include "job.h"

#define PSP_KNOWN_LIMITS                                                                                                       \
    (JOB_OBJECT_LIMIT_ACTIVE_PROCESS | JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION | JOB_OBJECT_LIMIT_BREAKAWAY_OK |           \
     JOB_OBJECT_LIMIT_SILENT_BREAKAWAY_OK | JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE)
#define PSP_BASIC_LIMITS 0x00FFu                 /* JOB_OBJECT_BASIC_LIMIT_VALID_FLAGS */
#define PSP_EXTENDED_LIMITS 0x7FFFu
#define PSP_UI_LIMITS 0x00FFu
#define PSP_PORT_MODIFY_STATE 0x0002u            /* IO_COMPLETION_MODIFY_STATE */

/* JOBOBJECTINFOCLASS */
enum {
    PspJobBasicAccounting = 1, PspJobBasicLimit = 2, PspJobProcessIds = 3, PspJobUiRestrictions = 4, PspJobEndOfJobTime = 6,
    PspJobCompletionPort = 7, PspJobAccountingAndIo = 8, PspJobExtendedLimit = 9
};

/* JOBOBJECT_BASIC_ACCOUNTING_INFORMATION and JOBOBJECT_BASIC_AND_IO_ACCOUNTING_INFORMATION */
typedef struct PSP_JOB_ACCOUNTING {
    LARGE_INTEGER TotalUserTime, TotalKernelTime, ThisPeriodTotalUserTime, ThisPeriodTotalKernelTime;
    ULONG TotalPageFaultCount, TotalProcesses, ActiveProcesses, TotalTerminatedProcesses;
    ULONG64 IoCounters[6];
} PSP_JOB_ACCOUNTING;

/* JOBOBJECT_BASIC_LIMIT_INFORMATION and JOBOBJECT_EXTENDED_LIMIT_INFORMATION */
typedef struct PSP_JOB_LIMITS {
    LARGE_INTEGER PerProcessUserTimeLimit, PerJobUserTimeLimit;
    ULONG LimitFlags;
    SIZE_T MinimumWorkingSetSize, MaximumWorkingSetSize;
    ULONG ActiveProcessLimit;
    ULONG_PTR Affinity;
    ULONG PriorityClass, SchedulingClass;
    ULONG64 IoCounters[6];
    SIZE_T ProcessMemoryLimit, JobMemoryLimit, PeakProcessMemoryUsed, PeakJobMemoryUsed;
} PSP_JOB_LIMITS;

typedef struct PSP_JOB_PORT { PVOID Key; HANDLE Port; } PSP_JOB_PORT;      /* JOBOBJECT_ASSOCIATE_COMPLETION_PORT */

/* ---- Making and joining ---- */
NTSTATUS NTAPI NtCreateJobObject(PHANDLE JobHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes)
{
    KPROCESSOR_MODE mode = ObPreviousMode();
    PVOID job;
    NTSTATUS status = ObCreateObject(mode, PspJobType, ObjectAttributes, mode, NULL, sizeof(PSP_JOB), 0, 0, &job);

    if (!NT_SUCCESS(status))
        return status;
    RtlZeroMemory(job, sizeof(PSP_JOB));
    KeInitializeEvent(&((PSP_JOB *)job)->Signal, NotificationEvent, FALSE);
    return ObInsertAndReturn(job, DesiredAccess, JobHandle);
}

NTSTATUS NTAPI NtOpenJobObject(PHANDLE JobHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes)
{
    return ObOpenAndReturn(ObjectAttributes, PspJobType, DesiredAccess, JobHandle);
}

static NTSTATUS PspReferenceJob(HANDLE Handle, ACCESS_MASK Access, PSP_JOB **Job)
{
    PVOID object;
    NTSTATUS status = ObReferenceObjectByHandle(Handle, Access, PspJobType, ObPreviousMode(), &object, NULL);
    *Job = object;
    return status;
}

NTSTATUS NTAPI NtAssignProcessToJobObject(HANDLE JobHandle, HANDLE ProcessHandle)
{
    PSP_JOB *job;
    PVOID process;
    NTSTATUS status = PspReferenceJob(JobHandle, PSP_JOB_ASSIGN, &job);

    if (!NT_SUCCESS(status))
        return status;
    status = ObReferenceObjectByHandle(ProcessHandle, PROCESS_SET_QUOTA | PROCESS_TERMINATE, PspProcessType, ObPreviousMode(), &process, NULL);
    if (NT_SUCCESS(status)) {
        status = process == PsInitialSystemProcess ? STATUS_ACCESS_DENIED : PspJoinJob(process, job);
        ObfDereferenceObject(process);
    }
    ObfDereferenceObject(job);
    return status;
}

NTSTATUS NTAPI NtTerminateJobObject(HANDLE JobHandle, NTSTATUS ExitStatus)
{
    PSP_JOB *job;
    NTSTATUS status = PspReferenceJob(JobHandle, PSP_JOB_TERMINATE, &job);

    if (!NT_SUCCESS(status))
        return status;
    PspTerminateJob(job, ExitStatus);
    ObfDereferenceObject(job);
    return STATUS_SUCCESS;
}

/* STATUS_PROCESS_IN_JOB, STATUS_PROCESS_NOT_IN_JOB, both successes. Without a job: in any. */
NTSTATUS NTAPI NtIsProcessInJob(HANDLE ProcessHandle, HANDLE JobHandle)
{
    PSP_JOB *job = NULL;
    PVOID process;
    BOOLEAN inside;
    NTSTATUS status = ObReferenceObjectByHandle(ProcessHandle, PROCESS_QUERY_LIMITED_INFORMATION, PspProcessType, ObPreviousMode(), &process,
                                                NULL);

    if (!NT_SUCCESS(status))
        return status;
    if (JobHandle != NULL)
        status = PspReferenceJob(JobHandle, PSP_JOB_QUERY, &job);
    if (NT_SUCCESS(status)) {
        ExLockShared(&PspJobLock);
        inside = job != NULL ? PspIsInJobLocked(process, job) : ((PEPROCESS)process)->Job != NULL;
        ExUnlockShared(&PspJobLock);
        status = inside ? STATUS_PROCESS_IN_JOB : STATUS_PROCESS_NOT_IN_JOB;
        if (job != NULL)
            ObfDereferenceObject(job);
    }
    ObfDereferenceObject(process);
    return status;
}

/* ---- Questions ---- */
static BOOLEAN PspAddTimes(PEPROCESS Process, PVOID Context)
{
    PSP_JOB_ACCOUNTING *accounting = Context;

    accounting->TotalKernelTime.QuadPart += (LONG64)Process->Pcb.KernelTime;
    accounting->TotalUserTime.QuadPart += (LONG64)Process->Pcb.UserTime;
    return TRUE;
}

static VOID PspAccountLocked(const PSP_JOB *Job, PSP_JOB_ACCOUNTING *Accounting)
{
    Accounting->TotalProcesses = Job->Total;
    Accounting->ActiveProcesses = Job->Active;
    Accounting->TotalTerminatedProcesses = Job->Terminated;
    Accounting->TotalKernelTime.QuadPart = (LONG64)Job->KernelTime;
    Accounting->TotalUserTime.QuadPart = (LONG64)Job->UserTime;
    PspVisitJobLocked(Job, PspAddTimes, Accounting);
    Accounting->TotalKernelTime.QuadPart *= PS_TICK;
    Accounting->TotalUserTime.QuadPart *= PS_TICK;
    Accounting->ThisPeriodTotalKernelTime = Accounting->TotalKernelTime;
    Accounting->ThisPeriodTotalUserTime = Accounting->TotalUserTime;
}

/* JOBOBJECT_BASIC_PROCESS_ID_LIST */
typedef struct PSP_ID_LIST { ULONG Assigned, Count; ULONG_PTR Ids[1]; } PSP_ID_LIST;
typedef struct PSP_ID_VISIT { PSP_ID_LIST *List; ULONG Room; } PSP_ID_VISIT;

static BOOLEAN PspAddId(PEPROCESS Process, PVOID Context)
{
    PSP_ID_VISIT *visit = Context;

    visit->List->Assigned++;
    if (visit->List->Count < visit->Room)
        visit->List->Ids[visit->List->Count++] = (ULONG_PTR)Process->UniqueProcessId;
    return TRUE;
}

static NTSTATUS PspListIds(PSP_JOB *Job, PVOID Information, ULONG Length, PULONG Returned)
{
    MM_ANSWER answer;
    PSP_ID_VISIT visit;
    PSP_ID_LIST *list;
    NTSTATUS status, result;
    ULONG bytes;

    if (Length < sizeof(PSP_ID_LIST))
        return STATUS_INFO_LENGTH_MISMATCH;
    status = MmBeginAnswer(&answer, ObPreviousMode(), Information, Length);
    if (!NT_SUCCESS(status))
        return status;
    list = visit.List = answer.Buffer;
    visit.Room = (ULONG)((answer.Length - FIELD_OFFSET(PSP_ID_LIST, Ids)) / sizeof(list->Ids[0]));      /* not Length: an answer has a limit */
    list->Assigned = list->Count = 0;
    ExLockShared(&PspJobLock);
    PspVisitJobLocked(Job, PspAddId, &visit);
    ExUnlockShared(&PspJobLock);
    bytes = (ULONG)(FIELD_OFFSET(PSP_ID_LIST, Ids) + list->Count * sizeof(list->Ids[0]));
    status = list->Count < list->Assigned ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
    result = MmEndAnswer(&answer, bytes);
    *Returned = bytes;
    return NT_SUCCESS(result) ? status : result;
}

/* The answer's size in *Size. STATUS_INVALID_INFO_CLASS. */
static NTSTATUS PspDescribeJob(PSP_JOB *Job, ULONG Class, PVOID Answer, PULONG Size)
{
    PSP_JOB_LIMITS *limits = Answer;

    switch (Class) {
    case PspJobBasicAccounting:
    case PspJobAccountingAndIo:
        ExLockShared(&PspJobLock);
        PspAccountLocked(Job, Answer);
        ExUnlockShared(&PspJobLock);
        *Size = Class == PspJobBasicAccounting ? FIELD_OFFSET(PSP_JOB_ACCOUNTING, IoCounters) : sizeof(PSP_JOB_ACCOUNTING);
        return STATUS_SUCCESS;
    case PspJobBasicLimit:
    case PspJobExtendedLimit:
        limits->LimitFlags = Job->Limits;
        limits->ActiveProcessLimit = Job->ActiveLimit;
        *Size = Class == PspJobBasicLimit ? FIELD_OFFSET(PSP_JOB_LIMITS, IoCounters) : sizeof(PSP_JOB_LIMITS);
        return STATUS_SUCCESS;
    case PspJobUiRestrictions:
        *(PULONG)Answer = Job->UiRestrictions;
        *Size = sizeof(ULONG);
        return STATUS_SUCCESS;
    case PspJobEndOfJobTime:                     /* JOB_OBJECT_TERMINATE_AT_END_OF_JOB */
        *Size = sizeof(ULONG);
        return STATUS_SUCCESS;
    default:
        return STATUS_INVALID_INFO_CLASS;
    }
}

static NTSTATUS PspAskJob(PSP_JOB *Job, ULONG Class, PVOID Information, ULONG Length, PULONG Returned)
{
    union { PSP_JOB_ACCOUNTING Accounting; PSP_JOB_LIMITS Limits; } answer;
    NTSTATUS status;

    if (Class == PspJobProcessIds)
        return PspListIds(Job, Information, Length, Returned);
    RtlZeroMemory(&answer, sizeof(answer));      /* = { 0 } would do so for the first member only */
    status = PspDescribeJob(Job, Class, &answer, Returned);
    if (!NT_SUCCESS(status))
        return status;
    return Length == *Returned ? MmWriteCaller(ObPreviousMode(), Information, &answer, Length) : STATUS_INFO_LENGTH_MISMATCH;
}

/* Without a handle: of the job that the caller is in, or STATUS_ACCESS_DENIED. */
NTSTATUS NTAPI NtQueryInformationJobObject(HANDLE JobHandle, ULONG JobObjectInformationClass, PVOID JobObjectInformation,
                                           ULONG JobObjectInformationLength, PULONG ReturnLength)
{
    PSP_JOB *job = PsCurrentProcess()->Job;
    ULONG returned = 0;
    NTSTATUS status = STATUS_SUCCESS;

    if (JobHandle != NULL)
        status = PspReferenceJob(JobHandle, PSP_JOB_QUERY, &job);
    else if (job != NULL)
        ObfReferenceObject(job);
    else
        status = STATUS_ACCESS_DENIED;
    if (!NT_SUCCESS(status))
        return status;
    status = PspAskJob(job, JobObjectInformationClass, JobObjectInformation, JobObjectInformationLength, &returned);
    ObfDereferenceObject(job);
    if ((NT_SUCCESS(status) || status == STATUS_BUFFER_OVERFLOW) && ReturnLength != NULL) {
        NTSTATUS told = MmWriteCaller(ObPreviousMode(), ReturnLength, &returned, sizeof(returned));
        return NT_SUCCESS(told) ? status : told;
    }
    return status;
}

/* ---- Limits ---- */
static NTSTATUS PspSetLimits(PSP_JOB *Job, const PSP_JOB_LIMITS *Limits, ULONG Valid)
{
    if (Limits->LimitFlags & ~Valid)
        return STATUS_INVALID_PARAMETER;
    if (Limits->LimitFlags & ~PSP_KNOWN_LIMITS)
        return STATUS_NOT_IMPLEMENTED;
    if ((Limits->LimitFlags & JOB_OBJECT_LIMIT_ACTIVE_PROCESS) && Limits->ActiveProcessLimit == 0)
        return STATUS_INVALID_PARAMETER;
    ExLockExclusive(&PspJobLock);
    Job->Limits = Limits->LimitFlags;
    Job->ActiveLimit = Limits->LimitFlags & JOB_OBJECT_LIMIT_ACTIVE_PROCESS ? Limits->ActiveProcessLimit : 0;
    ExUnlockExclusive(&PspJobLock);
    return STATUS_SUCCESS;
}

/* Once; who is in the job already is told now. */
static BOOLEAN PspTellOfMember(PEPROCESS Process, PVOID Context)
{
    PspTellPortLocked(Context, JOB_OBJECT_MSG_NEW_PROCESS, Process->UniqueProcessId);
    return TRUE;
}

static NTSTATUS PspSetJobPort(PSP_JOB *Job, const PSP_JOB_PORT *Given)
{
    PVOID port;
    NTSTATUS status = ObReferenceObjectByHandle(Given->Port, PSP_PORT_MODIFY_STATE, *PsUpcalls.PortType, ObPreviousMode(), &port, NULL);

    if (!NT_SUCCESS(status))
        return status;
    ExLockExclusive(&PspJobLock);
    if (Job->Port == NULL) {
        Job->Port = port;
        Job->PortKey = Given->Key;
        PspVisitJobLocked(Job, PspTellOfMember, Job);
    } else {
        status = STATUS_INVALID_PARAMETER;
    }
    ExUnlockExclusive(&PspJobLock);
    if (!NT_SUCCESS(status))
        ObfDereferenceObject(port);
    return status;
}

/* How long a class's information is; 0: there is no such that can be set. */
static ULONG PspJobInformationSize(ULONG Class)
{
    switch (Class) {
    case PspJobBasicLimit: return FIELD_OFFSET(PSP_JOB_LIMITS, IoCounters);
    case PspJobExtendedLimit: return sizeof(PSP_JOB_LIMITS);
    case PspJobUiRestrictions: return sizeof(ULONG);
    case PspJobCompletionPort: return sizeof(PSP_JOB_PORT);
    default: return 0;
    }
}

static NTSTATUS PspChangeJob(PSP_JOB *Job, ULONG Class, PVOID Given)
{
    switch (Class) {
    case PspJobBasicLimit: return PspSetLimits(Job, Given, PSP_BASIC_LIMITS);
    case PspJobExtendedLimit: return PspSetLimits(Job, Given, PSP_EXTENDED_LIMITS);
    case PspJobCompletionPort: return PspSetJobPort(Job, Given);
    default:                                     /* there is no user interface to keep anybody from */
        if (*(PULONG)Given & ~PSP_UI_LIMITS)
            return STATUS_INVALID_PARAMETER;
        Job->UiRestrictions = *(PULONG)Given;
        return STATUS_SUCCESS;
    }
}

NTSTATUS NTAPI NtSetInformationJobObject(HANDLE JobHandle, ULONG JobObjectInformationClass, PVOID JobObjectInformation,
                                         ULONG JobObjectInformationLength)
{
    union { PSP_JOB_LIMITS Limits; PSP_JOB_PORT Port; ULONG Word; } given = { 0 };
    ULONG size = PspJobInformationSize(JobObjectInformationClass);
    PSP_JOB *job;
    NTSTATUS status;

    if (size == 0)
        return STATUS_INVALID_INFO_CLASS;
    if (JobObjectInformationLength != size)
        return STATUS_INFO_LENGTH_MISMATCH;
    status = MmReadCaller(ObPreviousMode(), &given, JobObjectInformation, size);
    if (NT_SUCCESS(status))
        status = PspReferenceJob(JobHandle, PSP_JOB_SET, &job);
    if (!NT_SUCCESS(status))
        return status;
    status = PspChangeJob(job, JobObjectInformationClass, &given);
    ObfDereferenceObject(job);
    return status;
}

/* SPDX-License-Identifier: MIT
 * Who is in which job, and the end of jobs (job.h).
 */
#include "job.h"

#define PSP_EXIT_MASK 0xC0000000u                /* a status that is an error */

POBJECT_TYPE PspJobType;
EX_PUSH_LOCK PspJobLock;

VOID PspTellPortLocked(const PSP_JOB *Job, ULONG Message, HANDLE ProcessId)
{
    if (Job->Port != NULL)
        PsUpcalls.PostToPort(Job->Port, Job->PortKey, ProcessId, STATUS_SUCCESS, Message, FALSE);
}

/* ---- Joining ---- */
static BOOLEAN PspIsInsideLocked(const PSP_JOB *Job, const PSP_JOB *Outer)
{
    while (Job != NULL && Job != Outer)
        Job = Job->Outer;
    return Job == Outer;
}

/* Whether the job is around nothing and in nothing: only such a one goes into another. */
static BOOLEAN PspCanNestLocked(const PSP_JOB *Job)
{
    return Job->Outer == NULL && Job->Total == 0;
}

static BOOLEAN PspHasRoomLocked(PSP_JOB *Job, const PSP_JOB *End)
{
    for (; Job != End; Job = Job->Outer)
        if ((Job->Limits & JOB_OBJECT_LIMIT_ACTIVE_PROCESS) && Job->Active >= Job->ActiveLimit) {
            PspTellPortLocked(Job, JOB_OBJECT_MSG_ACTIVE_PROCESS_LIMIT, NULL);
            return FALSE;
        }
    return TRUE;
}

/* From now on it counts in the job and in those around it, up to End, where it counts already. */
static VOID PspEnterJobLocked(PEPROCESS Process, PSP_JOB *Job, const PSP_JOB *End)
{
    PSP_JOB *at;

    if (Process->Job != NULL)
        ObfDereferenceObject(Process->Job);
    ObfReferenceObject(Job);
    Process->Job = Job;
    for (at = Job; at != End; at = at->Outer) {
        at->Total++;
        at->Active++;
        PspTellPortLocked(at, JOB_OBJECT_MSG_NEW_PROCESS, Process->UniqueProcessId);
    }
}

static NTSTATUS PspJoinJobLocked(PEPROCESS Process, PSP_JOB *Job)
{
    PSP_JOB *now = Process->Job;

    if (now == Job)
        return STATUS_ACCESS_DENIED;
    if (Process->Flags & PSP_PROCESS_EXITING)
        return STATUS_PROCESS_IS_TERMINATING;
    if (now != NULL && !PspIsInsideLocked(Job, now)) {
        if (!PspCanNestLocked(Job))
            return STATUS_ACCESS_DENIED;
        ObfReferenceObject(now);
        Job->Outer = now;
    }
    if (!PspHasRoomLocked(Job, now))
        return STATUS_QUOTA_EXCEEDED;
    PspEnterJobLocked(Process, Job, now);
    return STATUS_SUCCESS;
}

NTSTATUS PspJoinJob(PEPROCESS Process, PSP_JOB *Job)
{
    NTSTATUS status;

    ExLockExclusive(&PspJobLock);
    status = PspJoinJobLocked(Process, Job);
    ExUnlockExclusive(&PspJobLock);
    return status;
}

/* The innermost job of the parent's that holds its children. */
static NTSTATUS PspFindHoldingJobLocked(PEPROCESS Parent, BOOLEAN Breakaway, PSP_JOB **Job)
{
    PSP_JOB *job = Parent->Job;

    while (job != NULL && ((job->Limits & JOB_OBJECT_LIMIT_SILENT_BREAKAWAY_OK) || (Breakaway && (job->Limits & JOB_OBJECT_LIMIT_BREAKAWAY_OK))))
        job = job->Outer;
    *Job = job;
    return Breakaway && job != NULL ? STATUS_ACCESS_DENIED : STATUS_SUCCESS;
}

NTSTATUS PspJoinParentsJob(PEPROCESS Parent, PEPROCESS Process, BOOLEAN Breakaway)
{
    PSP_JOB *job;
    NTSTATUS status;

    if (Parent->Job == NULL)
        return STATUS_SUCCESS;
    ExLockExclusive(&PspJobLock);
    status = PspFindHoldingJobLocked(Parent, Breakaway, &job);
    if (NT_SUCCESS(status) && job != NULL)
        status = PspJoinJobLocked(Process, job);
    ExUnlockExclusive(&PspJobLock);
    return status;
}

/* ---- Leaving ---- */
VOID PspLeaveJob(PEPROCESS Process)
{
    BOOLEAN abnormal = ((ULONG)Process->ExitStatus & PSP_EXIT_MASK) == PSP_EXIT_MASK;
    PSP_JOB *job;

    ExLockExclusive(&PspJobLock);
    for (job = Process->Job; job != NULL; job = job->Outer) {
        job->KernelTime += Process->Pcb.KernelTime;
        job->UserTime += Process->Pcb.UserTime;
        job->Active--;
        PspTellPortLocked(job, abnormal ? JOB_OBJECT_MSG_ABNORMAL_EXIT_PROCESS : JOB_OBJECT_MSG_EXIT_PROCESS, Process->UniqueProcessId);
        if (job->Active == 0)
            PspTellPortLocked(job, JOB_OBJECT_MSG_ACTIVE_PROCESS_ZERO, NULL);
    }
    ExUnlockExclusive(&PspJobLock);
}

/* ---- All processes ---- */
BOOLEAN PspIsInJobLocked(PEPROCESS Process, const PSP_JOB *Job)
{
    return Process->Job != NULL && PspIsInsideLocked(Process->Job, Job);
}

BOOLEAN PspVisitJobLocked(const PSP_JOB *Job, BOOLEAN (*Visit)(PEPROCESS Process, PVOID Context), PVOID Context)
{
    PEPROCESS process;

    for (process = PsGetNextProcess(NULL); process != NULL; process = PsGetNextProcess(process)) {
        if (!PspIsInJobLocked(process, Job) || (process->Flags & PSP_PROCESS_REPORTED) || Visit(process, Context))
            continue;
        ObfDereferenceObject(process);
        return FALSE;
    }
    return TRUE;
}

/* ---- The end ---- */
static BOOLEAN PspFindLiving(PEPROCESS Process, PVOID Found)
{
    if ((Process->Flags & PSP_PROCESS_EXITING) || Process == PsCurrentProcess())
        return TRUE;
    ObfReferenceObject(Process);
    *(PEPROCESS *)Found = Process;
    return FALSE;
}

static PEPROCESS PspNextOfJob(PSP_JOB *Job)
{
    PEPROCESS found = NULL;

    ExLockShared(&PspJobLock);
    PspVisitJobLocked(Job, PspFindLiving, &found);
    ExUnlockShared(&PspJobLock);
    return found;
}

VOID PspTerminateJob(PSP_JOB *Job, NTSTATUS Status)
{
    PEPROCESS process;
    BOOLEAN own;

    while ((process = PspNextOfJob(Job)) != NULL) {
        if (NT_SUCCESS(PsTerminateProcess(process, Status)))
            InterlockedIncrement((volatile LONG *)&Job->Terminated);
        ObfDereferenceObject(process);
    }
    ExLockShared(&PspJobLock);
    own = PspIsInJobLocked(PsCurrentProcess(), Job);
    ExUnlockShared(&PspJobLock);
    if (own && NT_SUCCESS(PsTerminateProcess(PsCurrentProcess(), Status)))
        PspRequestExit(PsCurrentThread(), Status);
}

/* ---- Objects ---- */
static VOID PspCloseJob(PEPROCESS Process, PVOID Object, ULONG_PTR ProcessHandleCount, ULONG_PTR SystemHandleCount)
{
    PSP_JOB *job = Object;

    if (SystemHandleCount == 1 && (job->Limits & JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE))
        PspTerminateJob(job, STATUS_SUCCESS);
}

static VOID PspDeleteJob(PVOID Object)
{
    PSP_JOB *job = Object;

    if (job->Port != NULL)
        ObfDereferenceObject(job->Port);
    if (job->Outer != NULL)
        ObfDereferenceObject(job->Outer);
}

VOID PsInitializeJobs(VOID)
{
    static const OB_TYPE_TEMPLATE job = {
        .Name = L"Job", .ValidAccess = PSP_JOB_ALL_ACCESS, .PoolType = NonPagedPoolNx, .DefaultOffset = 0,
        .Mapping = { STANDARD_RIGHTS_READ | PSP_JOB_QUERY, STANDARD_RIGHTS_WRITE | PSP_JOB_ASSIGN | PSP_JOB_SET | PSP_JOB_TERMINATE,
                     STANDARD_RIGHTS_EXECUTE | SYNCHRONIZE, PSP_JOB_ALL_ACCESS },
        .Flags = OB_TYPE_MAINTAIN_HANDLE_COUNT, .Close = PspCloseJob, .Delete = PspDeleteJob,
    };

    PspJobType = ObCreateSystemType(&job);
}

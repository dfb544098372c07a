/* SPDX-License-Identifier: MIT
 * Jobs: groups of processes with limits, which end together. A job may be nested in another: its processes are the outer one's, too.
 *
 * PspJobLock (push lock) guards who is in which job, jobs' nesting, limits and ports. A process is in its job from joining it until PSP_PROCESS_REPORTED is
 * set; PspListLock and a port's queue are inside it.
 */
#pragma once
#include "psp.h"

#define PSP_JOB_ASSIGN 0x0001u                   /* JOB_OBJECT_ASSIGN_PROCESS, ... */
#define PSP_JOB_SET 0x0002u
#define PSP_JOB_QUERY 0x0004u
#define PSP_JOB_TERMINATE 0x0008u
#define PSP_JOB_ALL_ACCESS (STANDARD_RIGHTS_REQUIRED | SYNCHRONIZE | 0x3Fu)

#define JOB_OBJECT_LIMIT_ACTIVE_PROCESS 0x0008u
#define JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION 0x0400u
#define JOB_OBJECT_LIMIT_BREAKAWAY_OK 0x0800u
#define JOB_OBJECT_LIMIT_SILENT_BREAKAWAY_OK 0x1000u
#define JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE 0x2000u
#define JOB_OBJECT_MSG_ACTIVE_PROCESS_LIMIT 3
#define JOB_OBJECT_MSG_ACTIVE_PROCESS_ZERO 4
#define JOB_OBJECT_MSG_NEW_PROCESS 6
#define JOB_OBJECT_MSG_EXIT_PROCESS 7
#define JOB_OBJECT_MSG_ABNORMAL_EXIT_PROCESS 8

typedef struct PSP_JOB {                         /* an object of type Job; all PspJobLock's but Signal */
    KEVENT Signal;                               /* set when time limits end it, which there are none of */
    struct PSP_JOB *Outer;                       /* referenced; NULL: in no other */
    ULONG Total, Active, Terminated;             /* with inner jobs' */
    ULONG64 KernelTime, UserTime;                /* a ticks of those that ended */
    ULONG Limits;                                /* JOB_OBJECT_LIMIT_... */
    ULONG ActiveLimit;
    ULONG UiRestrictions;
    PVOID Port, PortKey;                         /* referenced; NULL: nobody is told */
} PSP_JOB;
extern POBJECT_TYPE PspJobType;
extern EX_PUSH_LOCK PspJobLock;

/* A process joins, and with it what it starts. STATUS_ACCESS_DENIED: it is in a job that this one cannot be nested in;
 * STATUS_QUOTA_EXCEEDED; STATUS_PROCESS_IS_TERMINATING. */
NTSTATUS PspJoinJob(PEPROCESS Process, PSP_JOB *Job);
/* A new process follows its parent. Breakaway: its maker wants it outside; STATUS_ACCESS_DENIED where the jobs forbid that. */
NTSTATUS PspJoinParentsJob(PEPROCESS Parent, PEPROCESS Process, BOOLEAN Breakaway);
/* Whether a process is in the job, or was at its end. Job locked. */
BOOLEAN PspIsInJobLocked(PEPROCESS Process, const PSP_JOB *Job);
/* Once, at its end; EPROCESS.Job stays as a record until the object goes. */
VOID PspLeaveJob(PEPROCESS Process);
/* Every process of it and of inner jobs; the caller's own last, on its way out. */
VOID PspTerminateJob(PSP_JOB *Job, NTSTATUS Status);
/* The job's own port gets a message (JOB_OBJECT_MSG_...). */
VOID PspTellPortLocked(const PSP_JOB *Job, ULONG Message, HANDLE ProcessId);
/* Calls for every process in it and in inner jobs, in no order, until one is refused. Job locked. */
BOOLEAN PspVisitJobLocked(const PSP_JOB *Job, BOOLEAN (*Visit)(PEPROCESS Process, PVOID Context), PVOID Context);

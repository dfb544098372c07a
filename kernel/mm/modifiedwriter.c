/* SPDX-License-Identifier: MIT
 * The modified page writer: as long as some file is mapped for writing, all such files are flushed once a minute, so that what programs
 * write to views without ever flushing them is not in memory only.
 */
#include "file.h"

#define MI_MODIFIED_INTERVAL (-600000000ll)      /* a minute */

static KTIMER MiModifiedTimer;
static KDPC MiModifiedDpc;
static WORK_QUEUE_ITEM MiModifiedWork;
static volatile LONG MiModifiedIsDue;            /* a the timer is set, or its work not begun */

static WORK_QUEUE_ITEM MiFlushWork;
static volatile LONG MiFlushIsDue;               /* a its work is not begun */

static VOID NTAPI MiFlushAll(PVOID Context)
{
    (void)Context;
    InterlockedExchange(&MiFlushIsDue, 0);
    MmFlushMappedFiles();
}

static VOID NTAPI MiWriteModified(PVOID Context)
{
    (void)Context;
    InterlockedExchange(&MiModifiedIsDue, 0);    /* who maps a file from now on sets the timer again */
    if (MmFlushMappedFiles() != 0)
        MiWakeModifiedWriter();
}

static VOID NTAPI MiModifiedTimerFired(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    (void)Dpc, (void)Context, (void)Argument1, (void)Argument2;
    MmUpcalls.QueueWork(&MiModifiedWork);
}

/* Now, in a thread that may wait for file systems. */
VOID MiFlushSoon(VOID)
{
    if (InterlockedExchange(&MiFlushIsDue, 1) != 0)
        return;
    ExInitializeWorkItem(&MiFlushWork, MiFlushAll, NULL);
    MmUpcalls.QueueWork(&MiFlushWork);
}

VOID MiWakeModifiedWriter(VOID)
{
    LARGE_INTEGER interval = { .QuadPart = MI_MODIFIED_INTERVAL };

    if (InterlockedExchange(&MiModifiedIsDue, 1) != 0)
        return;
    KeInitializeTimer(&MiModifiedTimer);         /* neither is in use: it has fired and the work has begun */
    KeInitializeDpc(&MiModifiedDpc, MiModifiedTimerFired, NULL);
    ExInitializeWorkItem(&MiModifiedWork, MiWriteModified, NULL);
    KeSetTimer(&MiModifiedTimer, interval, &MiModifiedDpc);
}

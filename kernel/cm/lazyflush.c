/* SPDX-License-Identifier: MIT
 * Hives that changed are written some seconds later by a worker, and at the end. One timer for all; a hive that cannot be written
 * waits for its next change, a flush or the end.
 */
#include "cmp.h"
#include "ex.h"
#include "kd.h"
#include "ke.h"

LONG64 CmpLazyInterval = -5 * 10000000ll;
static LONG CmpLazyArmed;                        /* a: the timer runs or the worker is on its way */
static KTIMER CmpLazyTimer;
static KDPC CmpLazyDpc;
static WORK_QUEUE_ITEM CmpLazyWork;

static VOID CmpFlushAll(VOID)
{
    CMP_HIVE *hive = NULL;
    NTSTATUS status;

    while ((hive = CmpNextFileHive(hive)) != NULL) {
        ExLockExclusive(&CmpFlushLock);
        status = hive->Files[RegfPrimary] != NULL ? CmpFlushHive(hive) : STATUS_SUCCESS;
        ExUnlockExclusive(&CmpFlushLock);
        if (!NT_SUCCESS(status)) {
            KdBeginEvent("log");
            KdEventText("level", "error");
            KdEventText("text", "a hive of the registry could not be written");
            KdEventCode("status", (ULONG)status);
            KdEndEvent();
        }
    }
}

static VOID NTAPI CmpLazyFlush(PVOID Context)
{
    (void)Context;
    InterlockedExchange(&CmpLazyArmed, 0);       /* who changes something from now on arms it again */
    CmpFlushAll();
}

static VOID NTAPI CmpLazyExpired(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    ExQueueWorkItem(&CmpLazyWork, DelayedWorkQueue);
}

VOID CmpNoteChangeLocked(CMP_HIVE *Hive)
{
    LARGE_INTEGER interval = { .QuadPart = CmpLazyInterval };

    if (!Hive->Regf.IsDirty || Hive->Files[RegfPrimary] == NULL || InterlockedExchange(&CmpLazyArmed, 1) != 0)
        return;
    KeInitializeTimer(&CmpLazyTimer);
    KeInitializeDpc(&CmpLazyDpc, CmpLazyExpired, NULL);
    ExInitializeWorkItem(&CmpLazyWork, CmpLazyFlush, NULL);
    KeSetTimer(&CmpLazyTimer, interval, &CmpLazyDpc);
}

VOID CmShutdown(VOID) { CmpFlushAll(); }

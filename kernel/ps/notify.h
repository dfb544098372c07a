/* SPDX-License-Identifier: MIT
 * Lists of drivers' routines that are told of processes, threads and images.
 *
 * PspNotifyLock (push lock) guards the slots. A call takes rundown protection of the slot and holds no lock; removal makes the slot
 * Leaving, waits for the calls under way, and only then is the slot free.
 */
#pragma once
#include "psp.h"
#include "exsync.h"

#define PSP_NOTIFY_SLOTS 64u

typedef enum PSP_NOTIFY_KIND {
    PspNotifyPlain,                  /* PsSetCreateProcessNotifyRoutine, PsSetCreateThreadNotifyRoutine, images */
    PspNotifyEx,                     /* PsSetCreateProcessNotifyRoutineEx */
    PspNotifySubsystems,             /* ...Ex2 of processes, ...Ex of threads */
    PspNotifyNonSystem,              /* ...Ex of threads: in the new thread, no system threads */
    PspNotifyAny                     /* removal: whichever */
} PSP_NOTIFY_KIND;

typedef struct PSP_NOTIFY {
    EX_RUNDOWN_REF Rundown;
    PVOID Routine;                   /* PspNotifyLock; NULL: free */
    PSP_NOTIFY_KIND Kind;            /* PspNotifyLock */
    BOOLEAN Leaving;                 /* PspNotifyLock */
} PSP_NOTIFY;

typedef struct PSP_NOTIFY_LIST {
    volatile LONG Count;             /* a routines in it */
    PSP_NOTIFY Slots[PSP_NOTIFY_SLOTS];
} PSP_NOTIFY_LIST;

/* Unique: STATUS_INVALID_PARAMETER when the routine is there already as the same kind, or when the list is full; else a full list
 * is STATUS_INSUFFICIENT_RESOURCES. */
NTSTATUS PspAddNotify(PSP_NOTIFY_LIST *List, PVOID Routine, PSP_NOTIFY_KIND Kind, BOOLEAN Unique);
/* STATUS_PROCEDURE_NOT_FOUND: not there. Returns when no call of it is under way. Not from the routine itself. */
NTSTATUS PspRemoveNotify(PSP_NOTIFY_LIST *List, PVOID Routine, PSP_NOTIFY_KIND Kind);
/* Calls Call(Context, Routine, Kind) for each routine, in the order of the slots, in a critical region. */
typedef VOID PSP_NOTIFY_CALL(PVOID Context, PVOID Routine, PSP_NOTIFY_KIND Kind);
VOID PspCallNotify(PSP_NOTIFY_LIST *List, PSP_NOTIFY_CALL *Call, PVOID Context);

/* SPDX-License-Identifier: MIT
 * The stress driver: threads that each do actions at random. An action leaves nothing behind but what its own file counts, and
 * checks its invariants; Finish routines check what must balance once every thread has ended.
 */
#pragma once
#include <ntddk.h>

#define STRESS_TAG 'rtsP'
#define POOL_SLOTS 16
#define MILLISECOND 10000ll

typedef struct POOL_SLOT {
    PUCHAR Memory;
    ULONG Size;
    UCHAR Pattern;
} POOL_SLOT;

typedef struct STRESS_THREAD {
    ULONG Number;
    ULONGLONG Random;                       /* its own generator's state */
    PVOID Object;
    POOL_SLOT Slots[POOL_SLOTS];
    KEVENT Event;                           /* synchronization: set by what the thread waits for */
    KTIMER Timer;
    KDPC TimerDpc;
    volatile LONG TimerRuns;
    KDPC IrpDpc;
    volatile LONG Critical, Guarded;        /* the regions it is in: which APCs must not arrive */
} STRESS_THREAD;

typedef VOID STRESS_ACTION(STRESS_THREAD *Thread);

extern ULONG StressThreadCount;
extern STRESS_THREAD *StressThreads;
extern PDEVICE_OBJECT StressDevice;

/* Counts and prints what does not hold; any IRQL up to DISPATCH_LEVEL. */
BOOLEAN StressCheck(BOOLEAN Held, PCSTR What);
/* A number from 0 to Limit - 1. */
ULONG StressRandom(STRESS_THREAD *Thread, ULONG Limit);
/* Gives other threads an occasion: nothing, a short spin or a short sleep; PASSIVE_LEVEL or APC_LEVEL. */
VOID StressPause(STRESS_THREAD *Thread);

STRESS_ACTION StressPool, StressLookaside;
STRESS_ACTION StressSpinLock, StressFastMutex, StressMutex, StressResource, StressRemoveLock, StressSemaphore;
STRESS_ACTION StressWaitAll, StressWaitAny, StressTimer, StressWorkItem, StressApc, StressHop;
STRESS_ACTION StressIoctlNow, StressIoctlPended, StressIoctlCancelled;

VOID StressMemoryStart(VOID);
VOID StressMemoryFinish(VOID);
VOID StressLocksStart(VOID);
VOID StressLocksFinish(VOID);
VOID StressWaitsStart(VOID);
VOID StressWaitsFinish(VOID);
NTSTATUS StressIrpsStart(PDRIVER_OBJECT DriverObject);
VOID StressIrpsFinish(VOID);

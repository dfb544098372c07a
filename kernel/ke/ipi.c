/* SPDX-License-Identifier: MIT
 * Asking other processors to do something now. One request is under way at a time (KiIpiLock, rank Shootdown): the requester
 * publishes a routine, interrupts the others, and waits until each has run it. It waits at DISPATCH_LEVEL with interrupts on, and
 * every lock of lower rank is held at DISPATCH_LEVEL at most, so that two requesters cannot wait for each other.
 */
#include "ki.h"

#define KI_IPI_CALL 1

static KE_LOCK KiIpiLock = KE_LOCK_OF_RANK(KeRankShootdown);
static VOID (*KiIpiRoutine)(PVOID);              /* KiIpiLock */
static PVOID KiIpiContext;                       /* KiIpiLock */
static volatile LONG KiIpiPending;               /* a processors that have not finished */

VOID KiIpiInterrupt(VOID)
{
    KI_PROCESSOR *self = KeCurrentProcessor();
    if (InterlockedExchange(&self->IpiRequest, 0) == 0)
        return;
    KiIpiRoutine(KiIpiContext);
    InterlockedDecrement(&KiIpiPending);
}

static LONG KiCountOthers(ULONG Self)
{
    LONG count = 0;
    ULONG i;
    for (i = 0; i < KE_MAXIMUM_PROCESSORS; i++)
        if (i != Self && KiProcessors[i] != NULL && KiProcessors[i]->ReadyToRun)
            count++;
    return count;
}

/* Publishes the routine and interrupts the others, which run it; KiAwaitOthers returns when all have. */
static VOID KiAskOthers(VOID (*Routine)(PVOID), PVOID Context) REQUIRES_LOCK(KiIpiLock)
{
    ULONG self = KeProcessorNumber(), i;

    KiIpiRoutine = Routine;
    KiIpiContext = Context;
    InterlockedExchange(&KiIpiPending, KiCountOthers(self));
    for (i = 0; i < KE_MAXIMUM_PROCESSORS; i++) {
        if (i == self || KiProcessors[i] == NULL || !KiProcessors[i]->ReadyToRun)
            continue;
        InterlockedExchange(&KiProcessors[i]->IpiRequest, KI_IPI_CALL);
        HalSendInterrupt(HalProcessorApicId(i), HAL_VECTOR_IPI);
    }
}

static VOID KiAwaitOthers(VOID) REQUIRES_LOCK(KiIpiLock)
{
    while (InterlockedOr(&KiIpiPending, 0) != 0)
        KiPause();
}

VOID KeIpiGenericCallOthers(VOID (*Routine)(PVOID), PVOID Context)
{
    KIRQL irql = KeLockAcquire(&KiIpiLock);

    KiAskOthers(Routine, Context);
    KiAwaitOthers();
    KeLockRelease(&KiIpiLock, irql);
}

/* ---- One routine on all processors at the same time ---- */
typedef struct KI_BROADCAST {
    PKIPI_BROADCAST_WORKER Worker;
    ULONG_PTR Argument;
    volatile LONG Absent;                        /* a processors that have not arrived: nobody starts before all are there */
} KI_BROADCAST;

static ULONG_PTR KiRunBroadcast(KI_BROADCAST *Broadcast)
{
    InterlockedDecrement(&Broadcast->Absent);
    while (InterlockedOr(&Broadcast->Absent, 0) != 0)
        KiPause();
    return Broadcast->Worker(Broadcast->Argument);
}

static VOID KiBroadcastElsewhere(PVOID Context) { KiRunBroadcast(Context); }

ULONG_PTR NTAPI KeIpiGenericCall(PKIPI_BROADCAST_WORKER BroadcastFunction, ULONG_PTR Context)
{
    KIRQL irql = KeLockAcquire(&KiIpiLock);
    KI_BROADCAST broadcast = { BroadcastFunction, Context, KiCountOthers(KeProcessorNumber()) + 1 };
    ULONG_PTR result;

    KiAskOthers(KiBroadcastElsewhere, &broadcast);
    KiWriteCr8(IPI_LEVEL);
    result = KiRunBroadcast(&broadcast);
    KiWriteCr8(DISPATCH_LEVEL);
    KiAwaitOthers();
    KeLockRelease(&KiIpiLock, irql);
    return result;
}

/* ---- One processor alone ---- */
typedef struct KI_ALONE {
    VOID (*Routine)(PVOID);
    PVOID Context;
    ULONG Processor;
    volatile LONG Done;
} KI_ALONE;

static ULONG_PTR NTAPI KiRunAlone(ULONG_PTR Argument)
{
    KI_ALONE *alone = (KI_ALONE *)Argument;

    if (KeProcessorNumber() == alone->Processor) {
        alone->Routine(alone->Context);
        InterlockedExchange(&alone->Done, 1);
    }
    while (InterlockedOr(&alone->Done, 0) == 0)
        KiPause();
    return 0;
}

VOID KeCallAlone(VOID (*Routine)(PVOID), PVOID Context)
{
    KIRQL irql = KfRaiseIrql(DISPATCH_LEVEL);
    KI_ALONE alone = { Routine, Context, KeProcessorNumber(), 0 };

    KeIpiGenericCall(KiRunAlone, (ULONG_PTR)&alone);
    KeLowerIrql(irql);
}

/* ---- Caches ---- */
static VOID KiInvalidateCaches(PVOID Context) { __asm__ volatile("wbinvd" : : : "memory"); }

BOOLEAN NTAPI KeInvalidateAllCaches(VOID)
{
    KeIpiGenericCallOthers(KiInvalidateCaches, NULL);
    KiInvalidateCaches(NULL);
    return TRUE;
}

/* ---- Translation buffers ---- */
typedef struct KI_FLUSH {
    ULONG64 Address;
    ULONG Count;
} KI_FLUSH;

#define FLUSH_ALL_ABOVE 32u

static VOID KiFlushHere(PVOID Context)
{
    KI_FLUSH *flush = Context;
    ULONG i;

    if (flush->Count > FLUSH_ALL_ABOVE) {        /* toggling PGE drops global entries too */
        ULONG64 cr4 = KiReadCr4();
        KiWriteCr4(cr4 & ~0x80ull);
        KiWriteCr4(cr4);
        return;
    }
    for (i = 0; i < flush->Count; i++)
        KiInvalidatePage(flush->Address + ((ULONG64)i << PAGE_SHIFT));
}

/* "Here" and "others" must speak of the same processor: no moving to another one in between. */
VOID KeFlushTb(ULONG64 Address, ULONG Count)
{
    KI_FLUSH flush = { Address, Count };
    KIRQL old = KeIrql();

    if (old < DISPATCH_LEVEL)
        KiWriteCr8(DISPATCH_LEVEL);
    KiFlushHere(&flush);
    if (KiCountOthers(KeProcessorNumber()) != 0)
        KeIpiGenericCallOthers(KiFlushHere, &flush);
    if (old < DISPATCH_LEVEL)
        KiWriteCr8(old);
}

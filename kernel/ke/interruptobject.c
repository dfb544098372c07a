/* SPDX-License-Identifier: MIT
 * Interrupt objects: which service routines a device vector calls, and keeping others out of them.
 *
 * A vector's chain changes under KiInterruptLock. The dispatcher walks it without: its processor's number of walks is odd meanwhile, and
 * who unlinks an object waits until each walk that was under way has ended, so an object can be freed once it is disconnected. The chain
 * ends with NULL, and an unlinked object still leads to the rest: a walk that stands on one comes to the end all the same.
 */
#include "ki.h"

#define KI_INTERRUPT_OBJECT 22                   /* KINTERRUPT.Type */
#define KI_DEVICE_VECTORS (HAL_VECTOR_DEVICE_LAST - HAL_VECTOR_DEVICE_FIRST + 1)

typedef struct KI_CHAIN {
    PLIST_ENTRY volatile First;                  /* KiInterruptLock; linked by Flink up to NULL */
    volatile LONG Walks[KE_MAXIMUM_PROCESSORS];  /* each processor's own: odd while it walks */
} KI_CHAIN;

static KE_LOCK KiInterruptLock = KE_LOCK_OF_RANK(KeRankInterrupt);
static KI_CHAIN KiChains[KI_DEVICE_VECTORS];

static KI_CHAIN *KiChainOf(ULONG Vector) { return &KiChains[Vector - HAL_VECTOR_DEVICE_FIRST]; }
static PKINTERRUPT KiInterruptOf(PLIST_ENTRY Entry) { return CONTAINING_RECORD(Entry, KINTERRUPT, InterruptListEntry); }

VOID KeInitializeInterrupt(PKINTERRUPT Interrupt, const KE_INTERRUPT_PARAMETERS *Parameters)
{
    RtlZeroMemory(Interrupt, sizeof(*Interrupt));
    Interrupt->Type = KI_INTERRUPT_OBJECT;
    Interrupt->Size = sizeof(*Interrupt);
    Interrupt->ServiceRoutine = (PVOID)Parameters->Routine;
    Interrupt->MessageServiceRoutine = (PVOID)Parameters->MessageRoutine;
    Interrupt->MessageIndex = Parameters->MessageIndex;
    Interrupt->ServiceContext = Parameters->Context;
    Interrupt->ActualLock = Parameters->Lock != NULL ? Parameters->Lock : &Interrupt->SpinLock;
    Interrupt->Vector = Parameters->Vector;
    Interrupt->Irql = (KIRQL)(Parameters->Vector >> 4);
    Interrupt->SynchronizeIrql = Parameters->SynchronizeIrql;
    Interrupt->ShareVector = Parameters->Share;
    Interrupt->Mode = Parameters->Mode;
    Interrupt->Number = Parameters->Processor;
}

BOOLEAN KeIsInterruptConnected(const KINTERRUPT *Interrupt)
{
    return Interrupt->Type == KI_INTERRUPT_OBJECT && Interrupt->Size == sizeof(*Interrupt) && Interrupt->Connected;
}

BOOLEAN KeIsVectorConnected(ULONG Vector) { return KiChainOf(Vector)->First != NULL; }

/* ---- Connecting ---- */
static BOOLEAN KiMayJoin(const KINTERRUPT *Interrupt, const KINTERRUPT *First)
{
    return Interrupt->ShareVector && First->ShareVector && Interrupt->Mode == First->Mode;
}

static VOID KiLinkInterruptLocked(PKINTERRUPT Interrupt, KI_CHAIN *Chain)
{
    PLIST_ENTRY entry = &Interrupt->InterruptListEntry, last;

    entry->Flink = NULL;                         /* complete before a walker can see it */
    if (Chain->First == NULL) {
        __atomic_store_n(&Chain->First, entry, __ATOMIC_SEQ_CST);
    } else {
        for (last = Chain->First; last->Flink != NULL;)
            last = last->Flink;
        __atomic_store_n(&last->Flink, entry, __ATOMIC_SEQ_CST);
    }
    Interrupt->Connected = TRUE;
}

BOOLEAN KeConnectInterrupt(PKINTERRUPT Interrupt)
{
    KI_CHAIN *chain = KiChainOf(Interrupt->Vector);
    KIRQL irql = KeLockAcquire(&KiInterruptLock);
    BOOLEAN first = chain->First == NULL, joined = first || KiMayJoin(Interrupt, KiInterruptOf(chain->First));

    if (joined)
        KiLinkInterruptLocked(Interrupt, chain);
    if (first)
        HalEnableVector(Interrupt->Vector, HalProcessorApicId(Interrupt->Number), Interrupt->Mode == LevelSensitive);
    KeLockRelease(&KiInterruptLock, irql);
    return joined;
}

/* The object's own link stays: a walker may stand on it. */
static VOID KiUnlinkInterruptLocked(PKINTERRUPT Interrupt, KI_CHAIN *Chain)
{
    PLIST_ENTRY entry = &Interrupt->InterruptListEntry, before;

    if (Chain->First == entry) {
        __atomic_store_n(&Chain->First, entry->Flink, __ATOMIC_SEQ_CST);
    } else {
        for (before = Chain->First; before->Flink != entry;)
            before = before->Flink;
        __atomic_store_n(&before->Flink, entry->Flink, __ATOMIC_SEQ_CST);
    }
    Interrupt->Connected = FALSE;
}

/* New walks may begin all the time on a busy vector; only those that are under way can stand on what was unlinked. */
static VOID KiAwaitWalks(KI_CHAIN *Chain)
{
    ULONG i;

    for (i = 0; i < KE_MAXIMUM_PROCESSORS; i++) {
        LONG walks = __atomic_load_n(&Chain->Walks[i], __ATOMIC_SEQ_CST);
        while ((walks & 1) && __atomic_load_n(&Chain->Walks[i], __ATOMIC_SEQ_CST) == walks)
            KiPause();
    }
}

VOID KeDisconnectInterrupt(PKINTERRUPT Interrupt)
{
    KI_CHAIN *chain = KiChainOf(Interrupt->Vector);
    KIRQL irql = KeLockAcquire(&KiInterruptLock);

    KiUnlinkInterruptLocked(Interrupt, chain);
    if (chain->First == NULL)
        HalDisableVector(Interrupt->Vector);
    KeLockRelease(&KiInterruptLock, irql);
    KiAwaitWalks(chain);
}

/* ---- An interrupt ---- */
static KIRQL KiLockInterrupt(PKINTERRUPT Interrupt) UNCHECKED_LOCKS
{
    KIRQL old = KeIrql();
    KiWriteCr8(Interrupt->SynchronizeIrql);
    KeAcquireSpinLockAtDpcLevel(Interrupt->ActualLock);
    return old;
}

static VOID KiUnlockInterrupt(PKINTERRUPT Interrupt, KIRQL OldIrql) UNCHECKED_LOCKS
{
    KeReleaseSpinLockFromDpcLevel(Interrupt->ActualLock);
    KiWriteCr8(OldIrql);
}

static BOOLEAN KiCallRoutine(PKINTERRUPT Interrupt)
{
    PKMESSAGE_SERVICE_ROUTINE message = (PKMESSAGE_SERVICE_ROUTINE)(PVOID)Interrupt->MessageServiceRoutine;
    PKSERVICE_ROUTINE routine = (PKSERVICE_ROUTINE)(PVOID)Interrupt->ServiceRoutine;

    return message != NULL ? message((struct _KINTERRUPT *)Interrupt, Interrupt->ServiceContext, Interrupt->MessageIndex)
                           : routine((struct _KINTERRUPT *)Interrupt, Interrupt->ServiceContext);
}

static BOOLEAN KiCallService(PKINTERRUPT Interrupt)
{
    KIRQL old = KiLockInterrupt(Interrupt);
    BOOLEAN claimed = KiCallRoutine(Interrupt);

    KiUnlockInterrupt(Interrupt, old);
    Interrupt->DispatchCount++;
    Interrupt->ServiceCount += claimed;
    return claimed;
}

/* A level-triggered line is lowered by the first routine that claims the interrupt; an edge may have been meant for several. */
VOID KiServiceVector(ULONG Vector)
{
    KI_CHAIN *chain = KiChainOf(Vector);
    volatile LONG *walks = &chain->Walks[KeProcessorNumber()];
    PLIST_ENTRY entry;

    __atomic_store_n(walks, *walks + 1, __ATOMIC_SEQ_CST);
    entry = __atomic_load_n(&chain->First, __ATOMIC_SEQ_CST);
    while (entry != NULL) {
        PKINTERRUPT interrupt = KiInterruptOf(entry);
        if (KiCallService(interrupt) && interrupt->Mode == LevelSensitive)
            break;
        entry = __atomic_load_n(&entry->Flink, __ATOMIC_SEQ_CST);
    }
    __atomic_store_n(walks, *walks + 1, __ATOMIC_SEQ_CST);
}

/* ---- The documented interface ---- */
BOOLEAN NTAPI KeSynchronizeExecution(PKINTERRUPT Interrupt, PKSYNCHRONIZE_ROUTINE SynchronizeRoutine, PVOID SynchronizeContext)
{
    KIRQL old = KiLockInterrupt(Interrupt);
    BOOLEAN result = SynchronizeRoutine(SynchronizeContext);
    KiUnlockInterrupt(Interrupt, old);
    return result;
}

KIRQL NTAPI KeAcquireInterruptSpinLock(PKINTERRUPT Interrupt) { return KiLockInterrupt(Interrupt); }
VOID NTAPI KeReleaseInterruptSpinLock(PKINTERRUPT Interrupt, KIRQL OldIrql) { KiUnlockInterrupt(Interrupt, OldIrql); }

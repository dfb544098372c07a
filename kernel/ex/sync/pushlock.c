/* SPDX-License-Identifier: MIT
 * Push locks. The word:
 *
 *   63                      4  3   2    1     0
 *   | readers                | 0 | 0  | 0   | held |     nobody waits; no readers and held: a writer
 *   | first waiter's address | 0 | L  | 1   | 1    |     somebody waits; the readers are counted in the first waiter
 *
 * Waiters stand on their own stacks in a queue, oldest first. L is a spin lock on the queue and on the whole word: while it is
 * set only its holder, at DISPATCH_LEVEL, changes the word. A release hands the lock over to the oldest waiter (to all leading
 * readers at once), so nobody starves and a waiter that was woken owns the lock.
 */
#include "exsync.h"
#include "ke.h"

#define EXP_HELD 1ull
#define EXP_WAITING 2ull
#define EXP_QUEUE_LOCK 4ull
#define EXP_READER 0x10ull
#define EXP_FLAGS 0xFull

typedef struct DECLSPEC_ALIGN(16) EXP_PUSH_WAITER {
    struct EXP_PUSH_WAITER *Next;        /* L */
    struct EXP_PUSH_WAITER *Last;        /* L of the first waiter only: the end of the queue */
    ULONG64 Readers;                     /* L of the first waiter only: how many hold the lock shared, 0 for a writer */
    BOOLEAN Exclusive;                   /* I */
    KGATE Granted;
} EXP_PUSH_WAITER;

static inline ULONG64 ExpRead(PEX_PUSH_LOCK Lock) { return __atomic_load_n((ULONG64 *)&Lock->Value, __ATOMIC_RELAXED); }

static inline BOOLEAN ExpSwap(PEX_PUSH_LOCK Lock, ULONG64 Old, ULONG64 New)
{
    return __atomic_compare_exchange_n((ULONG64 *)&Lock->Value, &Old, New, FALSE, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

static inline EXP_PUSH_WAITER *ExpFirstWaiter(ULONG64 Word) { return (EXP_PUSH_WAITER *)(Word & ~EXP_FLAGS); }

/* The word after an acquisition, or 0 when the lock cannot be had without waiting. A reader queues behind waiters. */
static inline ULONG64 ExpWordIfAcquired(ULONG64 Word, BOOLEAN Exclusive)
{
    if (Word == 0)
        return Exclusive ? EXP_HELD : EXP_HELD | EXP_READER;
    return !Exclusive && !(Word & EXP_WAITING) && Word >= EXP_READER ? Word + EXP_READER : 0;
}

/* Becomes the first waiter, or takes the queue lock and becomes the last. FALSE: the word changed, look again. */
static BOOLEAN ExpTryEnqueue(PEX_PUSH_LOCK Lock, ULONG64 Word, EXP_PUSH_WAITER *Self)
{
    EXP_PUSH_WAITER *first;

    if (!(Word & EXP_WAITING)) {
        Self->Last = Self;
        Self->Readers = Word / EXP_READER;
        return ExpSwap(Lock, Word, (ULONG64)Self | EXP_WAITING | EXP_HELD);
    }
    if ((Word & EXP_QUEUE_LOCK) || !ExpSwap(Lock, Word, Word | EXP_QUEUE_LOCK))
        return FALSE;
    first = ExpFirstWaiter(Word);
    first->Last->Next = Self;
    first->Last = Self;
    __atomic_store_n((ULONG64 *)&Lock->Value, Word, __ATOMIC_RELEASE);
    return TRUE;
}

static VOID ExpAcquireSlow(PEX_PUSH_LOCK Lock, BOOLEAN Exclusive)
{
    EXP_PUSH_WAITER self = { .Exclusive = Exclusive };
    KIRQL irql;

    ASSERT(KeIrql() <= APC_LEVEL);
    KeInitializeGate(&self.Granted);
    irql = KfRaiseIrql(DISPATCH_LEVEL);
    for (;;) {
        ULONG64 word = ExpRead(Lock), taken = ExpWordIfAcquired(word, Exclusive);
        if (taken != 0) {
            if (ExpSwap(Lock, word, taken)) {
                KeLowerIrql(irql);
                return;
            }
        } else if (ExpTryEnqueue(Lock, word, &self)) {
            break;
        }
        KiPause();
    }
    KeLowerIrql(irql);
    KeWaitForGate(&self.Granted, WrPushLock, KernelMode);
}

/* Unlinks who gets the lock next and returns it as a chain; *Word is the word that gives it to them. Under the queue lock. */
static EXP_PUSH_WAITER *ExpTakeNextOwners(EXP_PUSH_WAITER *First, ULONG64 *Word)
{
    EXP_PUSH_WAITER *end = First, *rest;
    ULONG64 readers = First->Exclusive ? 0 : 1;

    while (readers != 0 && end->Next != NULL && !end->Next->Exclusive) {
        end = end->Next;
        readers++;
    }
    rest = end->Next;
    end->Next = NULL;
    if (rest == NULL) {
        *Word = readers * EXP_READER | EXP_HELD;
    } else {
        rest->Last = First->Last;
        rest->Readers = readers;
        *Word = (ULONG64)rest | EXP_WAITING | EXP_HELD;
    }
    return First;
}

static VOID ExpWake(EXP_PUSH_WAITER *Chain)
{
    while (Chain != NULL) {
        EXP_PUSH_WAITER *next = Chain->Next;       /* gone once its gate is open */
        KeSignalGateBoostPriority(&Chain->Granted);
        Chain = next;
    }
}

/* Gives up the lock while somebody waits, or finds that nobody does any more and uses the word. */
static VOID ExpReleaseSlow(PEX_PUSH_LOCK Lock, BOOLEAN Exclusive)
{
    EXP_PUSH_WAITER *chain = NULL, *first;
    ULONG64 word, next;
    KIRQL irql;

    irql = KfRaiseIrql(DISPATCH_LEVEL);
    for (;;) {
        word = ExpRead(Lock);
        ASSERT(word & EXP_HELD);
        if (!(word & EXP_WAITING)) {
            next = Exclusive || word / EXP_READER == 1 ? 0 : word - EXP_READER;
            if (ExpSwap(Lock, word, next))
                break;
        } else if (!(word & EXP_QUEUE_LOCK) && ExpSwap(Lock, word, word | EXP_QUEUE_LOCK)) {
            first = ExpFirstWaiter(word);
            if (Exclusive || --first->Readers == 0)
                chain = ExpTakeNextOwners(first, &word);
            __atomic_store_n((ULONG64 *)&Lock->Value, word, __ATOMIC_RELEASE);
            break;
        }
        KiPause();
    }
    KeLowerIrql(irql);
    ExpWake(chain);
}

VOID NTAPI ExfAcquirePushLockExclusive(PEX_PUSH_LOCK Lock)
{
    if (!ExpSwap(Lock, 0, EXP_HELD))
        ExpAcquireSlow(Lock, TRUE);
}

BOOLEAN NTAPI ExfTryAcquirePushLockExclusive(PEX_PUSH_LOCK Lock) { return ExpSwap(Lock, 0, EXP_HELD); }

VOID NTAPI ExfAcquirePushLockShared(PEX_PUSH_LOCK Lock)
{
    ULONG64 word = ExpRead(Lock), taken = ExpWordIfAcquired(word, FALSE);
    if (taken == 0 || !ExpSwap(Lock, word, taken))
        ExpAcquireSlow(Lock, FALSE);
}

VOID NTAPI ExfReleasePushLockExclusive(PEX_PUSH_LOCK Lock)
{
    if (!ExpSwap(Lock, EXP_HELD, 0))
        ExpReleaseSlow(Lock, TRUE);
}

VOID NTAPI ExfReleasePushLockShared(PEX_PUSH_LOCK Lock)
{
    if (!ExpSwap(Lock, EXP_HELD | EXP_READER, 0))
        ExpReleaseSlow(Lock, FALSE);
}

/* How the caller holds it: while the caller does, the number of readers cannot go from none to some or back. */
static BOOLEAN ExpIsHeldExclusive(PEX_PUSH_LOCK Lock)
{
    BOOLEAN exclusive;
    KIRQL irql;

    irql = KfRaiseIrql(DISPATCH_LEVEL);
    for (;;) {
        ULONG64 word = ExpRead(Lock);
        if (!(word & EXP_WAITING)) {
            exclusive = word < EXP_READER;
            break;
        }
        if (!(word & EXP_QUEUE_LOCK) && ExpSwap(Lock, word, word | EXP_QUEUE_LOCK)) {
            exclusive = ExpFirstWaiter(word)->Readers == 0;
            __atomic_store_n((ULONG64 *)&Lock->Value, word, __ATOMIC_RELEASE);
            break;
        }
        KiPause();
    }
    KeLowerIrql(irql);
    return exclusive;
}

VOID NTAPI ExfReleasePushLock(PEX_PUSH_LOCK Lock)
{
    if (ExpIsHeldExclusive(Lock))
        ExfReleasePushLockExclusive(Lock);
    else
        ExfReleasePushLockShared(Lock);
}

/* ---- The documented names; flags ask for debugging aids that Petrel does not have and do not change what the lock does ---- */
VOID NTAPI ExInitializePushLock(PULONG_PTR PushLock) { *PushLock = 0; }
VOID NTAPI ExAcquirePushLockExclusiveEx(PEX_PUSH_LOCK Lock, ULONG Flags) { ExfAcquirePushLockExclusive(Lock); }
VOID NTAPI ExAcquirePushLockSharedEx(PEX_PUSH_LOCK Lock, ULONG Flags) { ExfAcquirePushLockShared(Lock); }
VOID NTAPI ExReleasePushLockExclusiveEx(PEX_PUSH_LOCK Lock, ULONG Flags) { ExfReleasePushLockExclusive(Lock); }
VOID NTAPI ExReleasePushLockSharedEx(PEX_PUSH_LOCK Lock, ULONG Flags) { ExfReleasePushLockShared(Lock); }
VOID NTAPI ExReleasePushLockEx(PEX_PUSH_LOCK Lock, ULONG Flags) { ExfReleasePushLock(Lock); }

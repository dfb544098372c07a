/* SPDX-License-Identifier: MIT
 * Reader-writer spin locks (EX_SPIN_LOCK, one LONG): bit 31 is the writer, bit 30 says that a writer waits, the rest counts readers.
 * A waiting writer holds off new readers.
 */
#include "ki.h"

#define WRITER 0x80000000u
#define WRITER_WAITS 0x40000000u
#define READERS 0x3FFFFFFFu

static ULONG KiLoad(const volatile LONG *Lock) { return (ULONG)__atomic_load_n(Lock, __ATOMIC_RELAXED); }

static BOOLEAN KiSwing(volatile LONG *Lock, ULONG From, ULONG To)
{
    LONG expected = (LONG)From;
    return __atomic_compare_exchange_n(Lock, &expected, (LONG)To, FALSE, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

VOID NTAPI ExAcquireSpinLockSharedAtDpcLevel(PEX_SPIN_LOCK SpinLock)
{
    for (;;) {
        ULONG value = KiLoad(SpinLock);
        if (!(value & (WRITER | WRITER_WAITS)) && KiSwing(SpinLock, value, value + 1))
            return;
        KiPause();
    }
}

VOID NTAPI ExReleaseSpinLockSharedFromDpcLevel(PEX_SPIN_LOCK SpinLock)
{
    __atomic_fetch_sub(SpinLock, 1, __ATOMIC_RELEASE);
}

VOID NTAPI ExAcquireSpinLockExclusiveAtDpcLevel(PEX_SPIN_LOCK SpinLock)
{
    for (;;) {
        ULONG value = KiLoad(SpinLock);
        if (!(value & (WRITER | READERS))) {
            if (KiSwing(SpinLock, value, WRITER))
                return;
        } else if (!(value & WRITER_WAITS)) {
            KiSwing(SpinLock, value, value | WRITER_WAITS);
        }
        KiPause();
    }
}

VOID NTAPI ExReleaseSpinLockExclusiveFromDpcLevel(PEX_SPIN_LOCK SpinLock)
{
    __atomic_fetch_and(SpinLock, (LONG)~WRITER, __ATOMIC_RELEASE);
}

/* The one reader there is becomes the writer. FALSE, and still a reader, when there are others. */
BOOLEAN NTAPI ExTryConvertSharedSpinLockExclusive(PEX_SPIN_LOCK SpinLock)
{
    ULONG value = KiLoad(SpinLock);
    return (value & READERS) == 1 && KiSwing(SpinLock, value, WRITER | (value & WRITER_WAITS));
}

KIRQL NTAPI ExAcquireSpinLockShared(PEX_SPIN_LOCK SpinLock)
{
    KIRQL old = KeIrql();
    KiWriteCr8(DISPATCH_LEVEL);
    ExAcquireSpinLockSharedAtDpcLevel(SpinLock);
    return old;
}

VOID NTAPI ExReleaseSpinLockShared(PEX_SPIN_LOCK SpinLock, KIRQL OldIrql)
{
    ExReleaseSpinLockSharedFromDpcLevel(SpinLock);
    KiWriteCr8(OldIrql);
}

KIRQL NTAPI ExAcquireSpinLockExclusive(PEX_SPIN_LOCK SpinLock)
{
    KIRQL old = KeIrql();
    KiWriteCr8(DISPATCH_LEVEL);
    ExAcquireSpinLockExclusiveAtDpcLevel(SpinLock);
    return old;
}

VOID NTAPI ExReleaseSpinLockExclusive(PEX_SPIN_LOCK SpinLock, KIRQL OldIrql)
{
    ExReleaseSpinLockExclusiveFromDpcLevel(SpinLock);
    KiWriteCr8(OldIrql);
}
